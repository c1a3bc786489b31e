//! `cargo verify`: everything that must hold, the cheap things first.

use std::{path::Path, process::Command, time::Instant};

use crate::{
    run::{Failure, run, say, succeeds},
    tools::Tools,
};

/// What the steps work on.
struct House<'a> {
    root: &'a Path,
    tools: Tools,
    full: bool,
}

struct Step {
    title: &'static str,
    run: fn(&House) -> Result<(), Failure>,
}

const FORMAT: Step = Step { title: "formatting: cargo fmt --all --check", run: format };
const TEMPLATE: Step = Step { title: "template.yaml: sam validate", run: template };
const TEMPLATE_LINT: Step = Step { title: "template.yaml: sam validate --lint", run: template_lint };
const DOCUMENT: Step = Step { title: "infra/openapi.json: redocly lint", run: document };
const LINTS: Step =
    Step { title: "lints: cargo clippy --workspace --all-targets -- -D warnings", run: lints };
const LICENCES: Step = Step { title: "licences, sources, advisories: cargo deny check", run: licences };
const TESTS: Step = Step { title: "tests: cargo nextest run", run: tests };

/// Verifies the repository at `root`, the long variants as well if `full`.
pub fn verify(root: &Path, full: bool) -> Result<(), Failure> {
    let house = House { root, tools: Tools::new(root), full };
    let mut steps = vec![FORMAT, TEMPLATE, TEMPLATE_LINT, DOCUMENT, LINTS];
    if full {
        steps.push(LICENCES);
    }
    // Last, so that the runner's summary ends the output.
    steps.push(TESTS);

    let count = steps.len();
    for (number, step) in (1..).zip(&steps) {
        say(&format!("[{number}/{count}] {}", step.title));
        let begun = Instant::now();
        (step.run)(&house).map_err(|failure| at(failure, number, count, step))?;
        if number < count {
            say(&format!("      done in {:.1} s", begun.elapsed().as_secs_f32()));
        }
    }
    Ok(())
}

fn at(failure: Failure, number: usize, count: usize, step: &Step) -> Failure {
    match failure {
        Failure::Told => Failure::Told,
        Failure::Untold(why) => {
            Failure::new(format!("cargo verify failed at step {number} of {count}, {}: {why}", step.title))
        }
    }
}

impl House<'_> {
    fn cargo(&self) -> Command {
        self.here(Command::new("cargo"))
    }

    fn here(&self, mut command: Command) -> Command {
        command.current_dir(self.root);
        command
    }
}

fn format(house: &House) -> Result<(), Failure> {
    run(house.cargo().args(["fmt", "--all", "--check"]))
        .map_err(|_| Failure::new("the code above is not formatted. cargo fmt --all mends it."))
}

fn template(house: &House) -> Result<(), Failure> {
    run(house.here(house.tools.sam()?).args(["validate", "--template", "template.yaml"]))
}

fn template_lint(house: &House) -> Result<(), Failure> {
    run(house.here(house.tools.sam()?).args(["validate", "--lint", "--template", "template.yaml"]))
}

fn document(house: &House) -> Result<(), Failure> {
    let mut redocly = house.here(house.tools.redocly()?);
    run(redocly.args(["lint", "infra/openapi.json", "--config", "infra/redocly.yaml", "--format", "stylish"]))
}

fn lints(house: &House) -> Result<(), Failure> {
    run(house.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn licences(house: &House) -> Result<(), Failure> {
    let deny = || house.tools.deny().map(|deny| house.here(deny));
    run(deny()?.args(["check", "bans", "licenses", "sources"]))?;
    if !succeeds(deny()?.arg("fetch")) {
        say("      the advisory database cannot be fetched, so advisories were NOT checked");
        return Ok(());
    }
    run(deny()?.args(["check", "--disable-fetch", "advisories"]))
}

fn tests(house: &House) -> Result<(), Failure> {
    let mut nextest = house.here(house.tools.nextest()?);
    nextest.args(["nextest", "run"]);
    if house.full {
        nextest.env("CONNECTO_FULL", "1");
    }
    run(&mut nextest).map_err(|_| Failure::Told)
}
