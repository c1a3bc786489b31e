//! The command line of `cargo local`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::data_dir::Data;
use crate::demo::Demo;
use crate::error::StartError;
use crate::options::{LogFormat, Options};
use crate::start::find_template;
use crate::{Running, functions};

/// The port when none is named.
const DEFAULT_PORT: u16 = 8787;

/// The width of the names in the table of URLs.
const NAME_WIDTH: usize = 13;

const HELP: &str = "\
Runs the whole of ConnectO on this machine.

Usage: cargo local [options]

  --port N         the API's port (8787); the engines take the five after it, 0 picks free ones
  --data DIR       where state lives (.connecto beside template.yaml)
  --memory         keep nothing
  --demo           fill it with a city: professionals, jobs and bookings
  --template FILE  the template (template.yaml, here or in a folder above)
  --json           log lines and the list of URLs as JSON
  --help           this text

With the variable REDIS_URL (redis://127.0.0.1:6379, say) there is a cache, and it lives in that Redis.
The URLs go to stdout and to urls.json in the data folder, log lines to stderr. RUST_LOG chooses what is logged.
";

/// What the command line asks for.
pub enum Command {
    /// To start.
    Start(Box<Options>),
    /// The help.
    Help,
}

/// Reads the command line (without the program's name), as seen from the folder `here`.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, here: &Path) -> Result<Command, StartError> {
    use lexopt::prelude::*;
    let wrong = |error: lexopt::Error| StartError::new(format!("{error}. Try cargo local --help."));
    let (mut port, mut dir, mut memory, mut demo) = (DEFAULT_PORT, None, false, false);
    let (mut template, mut log) = (None, LogFormat::Text);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Long("port") => port = parser.value().and_then(|value| value.parse()).map_err(wrong)?,
            Long("data") => dir = Some(PathBuf::from(parser.value().map_err(wrong)?)),
            Long("memory") => memory = true,
            Long("demo") => demo = true,
            Long("template") => template = Some(PathBuf::from(parser.value().map_err(wrong)?)),
            Long("json") => log = LogFormat::Json,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(wrong(other.unexpected())),
        }
    }
    let template = template.or_else(|| find_template(here)).ok_or_else(|| {
        StartError::new("There is no template.yaml here or in a folder above. Run this in the repository, or name it with --template FILE.")
    })?;
    let data = match (memory, dir) {
        (true, Some(_)) => {
            return Err(StartError::new("--memory keeps nothing, so it cannot go with --data DIR."));
        }
        (true, None) => Data::Memory,
        (false, Some(dir)) => Data::Dir(dir),
        (false, None) => Data::Dir(template.with_file_name(".connecto")),
    };
    let endpoints = functions::all();
    #[expect(
        clippy::disallowed_methods,
        reason = "from the person at the terminal; functions get it by the template"
    )]
    let redis = std::env::var("REDIS_URL").ok().filter(|url| !url.is_empty());
    let options = Options { template, port, data, demo, log, redis, endpoints, template_edit: None };
    Ok(Command::Start(Box::new(options)))
}

/// The help.
#[must_use]
pub fn help() -> &'static str {
    HELP
}

/// What a person at the terminal reads when all is up.
#[must_use]
pub fn table(running: &Running, data: &Data) -> String {
    let urls = &running.urls;
    let data = match data {
        Data::Dir(dir) => format!("{} (delete it to start afresh)", dir.display()),
        Data::Memory => "in memory".to_owned(),
    };
    let offset = running.clock_offset();
    let clock =
        if offset.is_zero() { "real time".to_owned() } else { format!("{offset:#} ahead of the real time") };
    let rows = [
        ("API", urls.api.as_str()),
        ("Page", &urls.local),
        ("DynamoDB", &urls.dynamodb),
        ("Secrets", &urls.secretsmanager),
        ("SES", &urls.ses),
        ("SNS", &urls.sns),
        ("ElastiCache", &urls.elasticache),
        ("S3", &urls.s3),
        ("CloudFront", &urls.cloudfront),
        ("CDN", &urls.cdn),
        ("Razorpay", &urls.razorpay),
        ("Redis", urls.redis.as_deref().unwrap_or("none: REDIS_URL is not set, so there is no cache")),
        ("Data", &data),
        ("Clock", &clock),
    ];
    let mut text = "\nConnectO is running.\n\n".to_owned();
    for (name, value) in rows {
        text.extend(["  ", name, &" ".repeat(NAME_WIDTH - name.len()), value, "\n"]);
    }
    if let Some(demo) = &running.demo {
        text.push_str(&city(demo));
    }
    text.extend(["\nTry next\n  curl ", &urls.api, "/v1/health\n  open ", &urls.local]);
    text.push_str(" for mails, functions, schedules and the API's documentation\n\nCtrl-C stops it.\n");
    text
}

/// What a person at the terminal reads of the city.
fn city(demo: &Demo) -> String {
    let count = |what: &str| demo.counts.get(what).copied().unwrap_or_default();
    let (customer, professional) = &demo.phones;
    format!(
        "\nThe city has {} professionals, {} jobs and {} bookings, made and audited in {:.1} s.\n\
         Sign in by telephone as a customer of it with {customer}, as a professional with {professional}.\n",
        count("profile"),
        count("job"),
        count("booking"),
        demo.took_s,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        match parse(arguments, Path::new("/")) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_command_line_is_checked() {
        assert!(refusal(&["--port", "70000"]).contains("--help"));
        assert!(refusal(&["--frobnicate"]).contains("--frobnicate"));
        assert!(
            refusal(&["--memory", "--data", "x", "--template", "t.yaml"]).contains("--memory keeps nothing")
        );
        assert!(refusal(&[]).contains("no template.yaml"));
        assert_eq!(refusal(&["--template", "t.yaml", "--port=0", "--json", "--demo"]), "accepted");
    }
}
