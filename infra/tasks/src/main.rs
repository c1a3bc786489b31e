//! The tools of the house: `cargo verify` and `cargo new-endpoint`.
//!
//! They stand on the standard library alone, so that they run within seconds of a clone.

mod new_endpoint;
mod run;
mod tools;
mod verify;

use std::{env, path::Path, process::ExitCode};

use run::{Failure, say};
use verify::{Scope, smoke, verify};

const HELP: &str = "\
The tools of the house.

  cargo verify                      everything that must hold: formatting, templates, the API's document, lints, a
                                    deployment to an emulator of AWS, tests
      --full                        also what takes long: the whole collection deployed, the tests' long variants,
                                    licences and advisories
      --deploy                      the deployment alone, of the whole collection
      --smoke <url>                 what a deployed system must answer, asked of the one at <url>; leaves nothing behind
  cargo new-endpoint <area>/<name>  makes an endpoint, wired up, with a test that fails until it is written
";

fn main() -> ExitCode {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::FAILURE,
        Err(Failure::Untold(why)) => {
            say(&format!("\n{why}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<(), Failure> {
    // This crate lies at infra/tasks.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    match arguments {
        [_, "-h" | "--help"] | ["-h" | "--help"] => {
            say(HELP);
            Ok(())
        }
        ["verify"] => verify(root, Scope::Usual),
        ["verify", "--full"] => verify(root, Scope::Full),
        ["verify", "--deploy"] => verify(root, Scope::Deployment),
        ["verify", "--smoke", url] => smoke(root, url),
        ["new-endpoint", name] => new_endpoint::new_endpoint(root, name),
        _ => Err(Failure::Untold(format!("That is no way to call it.\n\n{HELP}"))),
    }
}
