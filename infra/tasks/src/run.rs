//! Running other programs.

use std::{
    io::{ErrorKind, Write},
    process::{Command, Stdio},
};

/// Why a task stopped.
#[derive(Debug)]
pub enum Failure {
    /// The program that failed has said what is wrong, and its word should be the last.
    Told,
    /// It is to be said.
    Untold(String),
}

impl Failure {
    /// A failure with its reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self::Untold(why.into())
    }
}

/// Tells the person at the terminal; nothing is lost where nobody reads it.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs a program to its end; what it writes goes where ours goes, and it can ask for nothing.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).status().map_err(|error| unstartable(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{} ended with {status}.", program(command))))
}

/// Whether a program can be started with these arguments and succeeds; what it writes is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn unstartable(command: &Command, error: &std::io::Error) -> Failure {
    let program = program(command);
    Failure::new(match error.kind() {
        ErrorKind::NotFound => format!("{program} is not installed, or not on the PATH."),
        _ => format!("{program} cannot be started: {error}."),
    })
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
