//! `cargo verify --deploy`: the whole template, built and deployed as ops would, to an emulator of AWS that runs the
//! very binaries that Lambda would run, and used there.
//!
//! The emulator is ministack; where it lacks something of AWS, [`gateway`] and [`stack`] say what, and put it there.
//! Each part's time is printed. What went wrong stays readable in `target/deploy`.

mod checks;
mod emulator;
mod faults;
mod gateway;
mod outbox;
mod stack;

use std::{
    future::Future,
    process::ExitCode,
    time::{Duration, Instant},
};

use connecto_tests::{
    city::{City, root},
    receiver::Receiver,
};

use crate::{emulator::Emulator, outbox::Outbox, stack::Stack};

/// Why it failed, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
Builds, deploys and uses the template on an emulator of AWS. `cargo verify --deploy` installs what this needs.

Usage: deploy [options]

  --no-build take what the last run has built
  --keep     deploys, says where, and stays until Ctrl-C
  --help     this text
";

struct Arguments {
    build: bool,
    keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match arguments() {
        // Whichever way it ends, the emulator and its functions end with it.
        Ok(Some(arguments)) => tokio::select! {
            done = run(&arguments) => done,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        },
        Ok(None) => {
            print!("{HELP}");
            Ok(())
        }
        Err(error) => Err(format!("{error}. Try --help.").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndeploy: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for; nothing where it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut arguments = Arguments { build: true, keep: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("no-build") => arguments.build = false,
            Long("keep") => arguments.keep = true,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

/// The parts of the whole and how long each took.
struct Parts {
    begun: Instant,
    took: Vec<(&'static str, Duration)>,
}

impl Parts {
    async fn run<T>(
        &mut self,
        title: &'static str,
        part: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        println!("deploy: {title}");
        let begun = Instant::now();
        let done = part.await.map_err(|error| format!("{title}: {error}"))?;
        self.took.push((title, begun.elapsed()));
        println!("        done in {:.1} s", begun.elapsed().as_secs_f32());
        Ok(done)
    }

    fn print(&self) {
        println!("\nThe deployment, part by part:");
        for (title, took) in &self.took {
            println!("{:>8.1} s  {title}", took.as_secs_f32());
        }
        println!("{:>8.1} s  in all", self.begun.elapsed().as_secs_f32());
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = root();
    let work = root.join("target/deploy");

    let mut parts = Parts { begun: Instant::now(), took: Vec::new() };
    let receiver = Receiver::start().await;
    let stack = Stack::new(&root, &work, &receiver.dsn)?;
    if arguments.build {
        parts.run("release binaries: cargo lambda build --release", async { stack.compile() }).await?;
        parts.run("sam build", async { stack.build() }).await?;
    }
    let emulator = parts.run("the emulator starts", Emulator::start(&work)).await?;
    let outbox = Outbox::serve(&emulator).await?;
    stack.prepare(&emulator).await?;
    parts.run("sam deploy: a new stack", stack.deploy(&emulator, "first")).await?;
    let url = parts
        .run("routes and CORS from the transformed template", gateway::create(&emulator, &stack))
        .await?;
    println!("        the API answers at {url}, mails are at {}", outbox.url);
    let city = City::deployed_at(url, outbox.url.clone());
    parts.run("it runs: health, first keys, unknown routes", checks::it_runs(&city)).await?;
    if arguments.keep {
        println!("It stays until Ctrl-C.");
        return std::future::pending().await;
    }
    let suite = checks::suite(&root, &stack, &city, &outbox);
    parts.run("the README's tour and the endpoint suite", suite).await?;
    parts.run("every kind of trigger", checks::triggers(&emulator, &stack)).await?;
    let before = checks::Before::note(&city).await?;
    let planted = faults::are_seen(&emulator, &stack, &city, &before.person, &receiver);
    parts.run("planted faults: at Sentry's receiver, in the log, in the metric", planted).await?;
    parts.run("sam deploy: an update over it", stack.deploy(&emulator, "second")).await?;
    parts.run("the update serves who was there", checks::survived(&before, &city, "second")).await?;
    parts.run("the stack is deleted", stack.delete(&emulator)).await?;
    emulator.stop();
    parts.print();
    Ok(())
}
