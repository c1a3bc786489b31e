//! `cargo bench-cold`: how long functions take to start and to answer, and what they use, beside the same functions on
//! Node.js in the same run.
//!
//! The release binaries and their twins (`tests/bench/node`) run as processes of their own behind a runtime API on
//! this machine, each with the environment and the access key that `cargo local` gives the function; all else (tables,
//! secrets, gateway) is the local system. The table goes to stdout; the exit code is 1 when a bar is missed.

mod every;
mod measure;
mod process;
mod programs;
mod report;
mod requests;
mod runtime_api;

use std::process::ExitCode;

use connecto_local::{Options, start};
use connecto_tests::city::{City, options, root};
use serde_json::json;

use crate::{
    every::Functions,
    measure::{Bench, Plan},
    programs::{Function, Places, Program},
    report::Bar,
    requests::Requests,
};

/// Why there is no result, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
Measures every function cold; register, login and verify-email also warm, and beside the same on Node.js.

Usage: cargo bench-cold [options]

  --starts N    processes of each that are started cold (15)
  --requests N  requests that one warm process of each answers (100)
  --no-build    take the release binaries and the twins as they are
  --help        this text
";

struct Arguments {
    plan: Plan,
    build: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let met = match arguments() {
        Ok(Some(arguments)) => run(&arguments).await,
        Ok(None) => {
            print!("{HELP}");
            Ok(true)
        }
        Err(error) => Err(format!("{error}. Try cargo bench-cold --help.").into()),
    };
    match met {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for; nothing where it asks for help.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::*;
    let (mut plan, mut build) = (Plan { starts: 15, requests: 100 }, true);
    let mut parser = lexopt::Parser::from_env();
    let number = |parser: &mut lexopt::Parser| {
        let within = |number: &usize| (1..=1_000).contains(number);
        let parsed = |text: &str| text.parse().ok().filter(within).ok_or("a number from 1 to 1000 is wanted");
        parser.value()?.parse_with(parsed)
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("starts") => plan.starts = number(&mut parser)?,
            Long("requests") => plan.requests = number(&mut parser)?,
            Long("no-build") => build = false,
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(Arguments { plan, build }))
}

/// Measures and prints; says whether all bars were met.
async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let places = Places::new(&root())?;
    let functions = Functions::of(&root())?;
    if arguments.build {
        places.build(functions.packages())?;
    }
    let programs = places.programs()?;
    // As in a load test: one network and one account are asked more than a person would.
    let wider = |template: &mut serde_json::Value| {
        template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
    };
    let running = start(Options { template_edit: Some(Box::new(wider)), ..options() }).await?;
    let city = City::at(running.urls.api.clone()).await;
    let links = links(&programs, arguments.plan);
    eprintln!("registering {links} people whose links will be used");
    let requests = Requests::prepare(&city, links).await?;
    let mut bench = Bench { programs: &programs, running: &running, requests, logs: &places.logs };
    let measured = bench.run(arguments.plan).await?;
    let mut bars = functions.measure(&places, &running, arguments.plan.starts).await?;
    running.stop().await;

    let rows: Vec<_> = programs.iter().zip(&measured).collect();
    println!("{}", report::table(&rows, arguments.plan));
    bars.extend(report::bars(&rows));
    for Bar { text, met } in &bars {
        println!("- {} {text}", if *met { "met" } else { "**missed**" });
    }
    println!(
        "\nNode.js {}; medians of {} cold starts.",
        programs::node("process.version")?,
        arguments.plan.starts
    );
    Ok(bars.iter().all(|bar| bar.met))
}

/// How many links the programs will use up.
fn links(programs: &[Program], plan: Plan) -> usize {
    let users = programs.iter().filter(|program| program.function == Function::VerifyEmail).count();
    users * plan.requests_each()
}
