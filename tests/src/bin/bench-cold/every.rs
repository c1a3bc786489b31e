//! Every function of the template, started cold: what each costs before it has done anything.

use std::{path::Path, time::Duration};

use connecto_local::{
    Running,
    template::{
        self,
        model::{Function, Trigger},
    },
};
use serde_json::{Value, json};

use crate::{
    Failure,
    measure::median,
    process::Process,
    programs::{Places, size},
    report::{Bar, MAX_INIT, mb, ms},
    requests::event,
};

/// The functions of the template.
pub struct Functions(Vec<std::sync::Arc<Function>>);

impl Functions {
    /// As the repository's template has them.
    pub fn of(root: &Path) -> Result<Self, Failure> {
        Ok(Self(template::read(&root.join("template.yaml"), None, "http://127.0.0.1")?.functions))
    }

    /// The names of their packages.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|function| function.folder.as_str())
    }

    /// Starts each so many times in turn, and prints what that took; says which bars were met.
    pub async fn measure(
        &self,
        places: &Places,
        running: &Running,
        starts: usize,
    ) -> Result<Vec<Bar>, Failure> {
        let mut measured: Vec<Cold> = self.0.iter().map(|_| Cold::default()).collect();
        // The first round brings the files into memory, and is not counted.
        for round in 0..=starts {
            eprintln!("cold start {round} of {starts} of every function");
            for (function, cold) in self.0.iter().zip(&mut measured) {
                let once = start(function, places, running).await;
                let (init, first, rss) = once.map_err(|error| format!("{}: {error}", function.folder))?;
                if round > 0 {
                    cold.init.push(init);
                    cold.first.push(first);
                    cold.rss.push(rss);
                }
            }
        }
        println!("| function | init | first answer | RSS after init | size |\n|---|--:|--:|--:|--:|");
        let mut bars = Vec::new();
        for (function, Cold { init, first, rss }) in self.0.iter().zip(measured) {
            let name = &function.folder;
            let (init, size) = (median(init)?, size(&places.release.join(name))?);
            let cells = [name.clone(), ms(init), ms(median(first)?), mb(median(rss)?), mb(size)];
            println!("| {} |", cells.join(" | "));
            bars.push(Bar {
                text: format!("{name}: init {} ≤ {}", ms(init), ms(MAX_INIT)),
                met: init <= MAX_INIT,
            });
        }
        println!();
        Ok(bars)
    }
}

#[derive(Default)]
struct Cold {
    init: Vec<Duration>,
    first: Vec<Duration>,
    rss: Vec<u64>,
}

async fn start(
    function: &Function,
    places: &Places,
    running: &Running,
) -> Result<(Duration, Duration, u64), Failure> {
    let id = &function.logical_id;
    let environment = running.environment(id).ok_or("it does not run here")?;
    let log = places.logs.join(format!("{}.log", function.folder));
    let (mut process, init) =
        Process::start(&places.release.join(&function.folder), &[], &environment, &log).await?;
    let rss = process.rss()?;
    let exchange = process.invoke(&cheapest(function)).await?;
    process.stop().await?;
    Ok((init, exchange.took, rss))
}

/// What a function can be called with whatever state things are in: a request that says nothing, an empty batch.
fn cheapest(function: &Function) -> Value {
    match function.triggers.first() {
        Some(Trigger::Route { method, path }) => {
            event(method, &path.replace("{id}", "ses_01h455vb4pex5vsknk084sn02q"), &json!({}), 1)
        }
        Some(Trigger::DefaultRoute) => event("GET", "/v1/nothing", &json!({}), 1),
        Some(Trigger::Stream(_) | Trigger::Notification(_)) => json!({ "Records": [] }),
        // A verdict that says nothing.
        Some(Trigger::Rule(_)) => json!({
            "source": "aws.guardduty",
            "detail": { "s3ObjectDetails": { "objectKey": "" }, "scanResultDetails": { "scanResultStatus": "FAILED" } },
        }),
        // What is called by hand may want to know of whom.
        None if function.folder == "ops-grant-staff" => {
            json!({ "email": "nobody@example.com", "role": null })
        }
        Some(Trigger::Schedule(_)) | None => json!({}),
    }
}
