//! `cargo verify`: everything that must hold, the cheap things first.

use std::{env, path::Path, process::Command, time::Instant};

use crate::{
    run::{Failure, run, say, succeeds},
    tools::Tools,
};

/// What the steps work on.
struct House<'a> {
    root: &'a Path,
    tools: Tools,
    scope: Scope,
}

/// How much is verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What each change must pass.
    Usual,
    /// The long variants as well.
    Full,
    /// The deployment alone.
    Deployment,
}

struct Step {
    title: &'static str,
    run: fn(&House) -> Result<(), Failure>,
}

const FORMAT: Step = Step { title: "formatting: cargo fmt --all --check", run: format };
const TEMPLATE: Step = Step { title: "template.yaml: sam validate", run: template };
const TEMPLATE_LINTS: Step = Step { title: "templates: cfn-lint, checkov", run: template_lints };
const DOCUMENT: Step = Step { title: "infra/openapi.json: redocly lint", run: document };
const LINTS: Step =
    Step { title: "lints: cargo clippy --workspace --all-targets -- -D warnings", run: lints };
const LICENCES: Step = Step { title: "licences, sources, advisories: cargo deny check", run: licences };
const DEPLOYMENT: Step = Step { title: "deployment: the template, on an emulator of AWS", run: deployment };
const TESTS: Step = Step { title: "tests: cargo nextest run", run: tests };

/// Verifies the repository at `root`.
pub fn verify(root: &Path, scope: Scope) -> Result<(), Failure> {
    let house = House { root, tools: Tools::new(root), scope };
    let steps = match scope {
        // Last the tests, so that the runner's summary ends the output.
        Scope::Usual => vec![FORMAT, TEMPLATE, TEMPLATE_LINTS, DOCUMENT, LINTS, DEPLOYMENT, TESTS],
        Scope::Full => vec![FORMAT, TEMPLATE, TEMPLATE_LINTS, DOCUMENT, LINTS, LICENCES, DEPLOYMENT, TESTS],
        Scope::Deployment => vec![DEPLOYMENT],
    };
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

/// Asks the system deployed at `url` what it must answer after each deployment.
pub fn smoke(root: &Path, url: &str) -> Result<(), Failure> {
    let mut nextest = Tools::new(root).nextest()?;
    nextest.args(["nextest", "run", "--profile", "smoke"]).env("CONNECTO_URL", url).current_dir(root);
    run(&mut nextest).map_err(|_| Failure::Told)
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

fn template_lints(house: &House) -> Result<(), Failure> {
    let [cfn_lint, checkov] = house.tools.template_linters()?;
    run(house.here(cfn_lint).args(["--config-file", ".config/cfn-lint.yaml"]))?;
    run(house.here(checkov).args(["--config-file", ".config/checkov.yaml"]))
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

fn deployment(house: &House) -> Result<(), Failure> {
    let mut folders = house.tools.deployment()?;
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(folders).map_err(|error| Failure::new(error.to_string()))?;
    let mut deploy = house.cargo();
    deploy
        .args(["run", "--quiet", "--bin", "deploy", "--"])
        .env("PATH", path)
        .env("CONNECTO_SPOTLIGHT", house.tools.spotlight()?);
    run(&mut deploy)
}

fn tests(house: &House) -> Result<(), Failure> {
    let mut nextest = house.here(house.tools.nextest()?);
    nextest
        .args(["nextest", "run"])
        .env("CONNECTO_SPOTLIGHT", house.tools.spotlight()?)
        .env("CONNECTO_FIDO2", house.tools.fido2()?)
        .env("CONNECTO_DATEUTIL", house.tools.dateutil()?)
        .env("CONNECTO_OIDC_PROVIDER", house.tools.oidc_provider()?)
        .env("CONNECTO_RAZORPAY_PYTHON", house.tools.razorpay_python()?)
        .env("CONNECTO_RAZORPAY_NODE", house.tools.razorpay_node()?)
        .env("CONNECTO_PUPPETEER", house.tools.puppeteer()?)
        .env("CONNECTO_REDIS", house.tools.redis()?);
    if house.scope == Scope::Full {
        nextest.env("CONNECTO_FULL", "1");
    }
    match Tools::system_packages() {
        Ok(()) => {}
        // Who may install nothing can try all the rest.
        Err(Failure::Untold(why)) if house.scope != Scope::Full => {
            say(&format!("      left out: what people do in a browser. {why}"));
            nextest.args(["-E", "not (test(/^local::upload_page/) + test(in_a_browser))"]);
        }
        Err(failure) => return Err(failure),
    }
    run(&mut nextest).map_err(|_| Failure::Told)
}
