//! `cargo local`: the whole system on one machine.

use std::io::Write;
use std::process::ExitCode;

use connecto_local::cli::{self, Command};
use connecto_local::{LogFormat, Options, StartError};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StartError> {
    let here = std::env::current_dir()
        .map_err(|error| StartError::new(format!("There is no current folder: {error}")))?;
    match cli::parse(std::env::args_os().skip(1), &here)? {
        Command::Help => {
            print(cli::help());
            Ok(())
        }
        Command::Start(options) => serve(*options).await,
    }
}

async fn serve(options: Options) -> Result<(), StartError> {
    let (log, data) = (options.log, options.data.clone());
    // Listened for from the start, so that a signal during it is not lost.
    let unheard = |error: std::io::Error| StartError::new(format!("Signals cannot be listened for: {error}"));
    let mut interrupted = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(unheard)?;
    let running = tokio::select! {
        started = connecto_local::start(options) => started?,
        _ = interrupted.recv() => return Ok(()),
        _ = terminated.recv() => return Ok(()),
    };
    match log {
        LogFormat::Json => print(&format!("{}\n", serde_json::json!({ "urls": running.urls }))),
        LogFormat::Text | LogFormat::Quiet => print(&cli::table(&running, &data)),
    }
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    running.stop().await;
    Ok(())
}

/// Writes to stdout; a reader who has gone away is no reason to panic.
fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
