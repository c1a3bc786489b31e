//! A function's process: started with an empty environment but for Lambda's, driven through its runtime API, and
//! measured through `/proc`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{
    Failure,
    runtime_api::{Report, RuntimeApi, Said},
};

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// The unit of times in `/proc/<pid>/stat`: the kernel's `USER_HZ`, which is 100 on every machine with Linux.
const TICK: Duration = Duration::from_millis(10);

/// A running function.
pub struct Process {
    child: Child,
    folder: PathBuf,
    api: RuntimeApi,
    log: PathBuf,
    events: u64,
}

/// How an event was answered.
pub struct Exchange {
    /// From the event's delivery to the posted answer.
    pub took: Duration,
    /// The answer.
    pub answer: Value,
}

impl Process {
    /// Starts a program and waits until it asks for its first event; says how long that took.
    pub async fn start(
        executable: &Path,
        arguments: &[PathBuf],
        environment: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<(Self, Duration), Failure> {
        let api = RuntimeApi::start().await?;
        let output = File::create(log)?;
        let mut command = Command::new(executable);
        command
            .args(arguments)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn()?;
        let pid = child.id().ok_or("the process ended at once")?;
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let mut process = Self { child, folder, api, log: log.to_owned(), events: 0 };
        let asked = process.asked().await?;
        Ok((process, asked.duration_since(began)))
    }

    /// Hands it an event, and waits for the answer and until it asks for the next.
    pub async fn invoke(&mut self, event: &Value) -> Result<Exchange, Failure> {
        self.events += 1;
        let delivered = self.api.deliver(self.events, event.to_string()).await?;
        let Report { at, said } = self.report().await?;
        let answer = match said {
            Said::Answered(answer) => serde_json::from_str(&answer)?,
            Said::Failed(error) => return Err(self.failure(&format!("it reported {error}"))),
            Said::Asked => return Err(self.failure("it asked for an event before it answered one")),
        };
        self.asked().await?;
        Ok(Exchange { took: at.duration_since(delivered), answer })
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }

    /// The memory it has in use, in bytes.
    pub fn rss(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1_024)
    }

    /// The processor time it has used so far, user and system.
    pub fn cpu(&self) -> Result<Cpu, Failure> {
        let stat = fs::read_to_string(self.folder.join("stat"))?;
        // Counted from behind the program's name, which may contain anything.
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/<pid>/stat")?;
        let ticks: Vec<u32> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        let mut threads = Duration::ZERO;
        for thread in fs::read_dir(self.folder.join("task"))? {
            // A thread that ends now is what the ticks are for.
            let Ok(schedstat) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            let ran = schedstat.split_whitespace().next().ok_or("an empty schedstat")?;
            threads += Duration::from_nanos(ran.parse()?);
        }
        Ok(Cpu { threads, ticks: TICK * ticks.iter().sum() })
    }

    async fn asked(&mut self) -> Result<Instant, Failure> {
        match self.report().await? {
            Report { at, said: Said::Asked } => Ok(at),
            Report { said: Said::Failed(error), .. } => Err(self.failure(&format!("it reported {error}"))),
            Report { said: Said::Answered(_), .. } => Err(self.failure("it answered without an event")),
        }
    }

    async fn report(&mut self) -> Result<Report, Failure> {
        let report = tokio::select! {
            report = self.api.report() => return report,
            status = self.child.wait() => format!("it ended: {}", status?),
            () = tokio::time::sleep(PATIENCE) => "it hangs".to_owned(),
        };
        Err(self.failure(&report))
    }

    /// What happened, with the end of what the process wrote.
    pub fn failure(&self, what: &str) -> Failure {
        let written = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = written.lines().rev().take(20).collect();
        let lines: Vec<_> = lines.into_iter().rev().collect();
        format!("{what}\n{}:\n{}", self.log.display(), lines.join("\n")).into()
    }
}

/// Processor time, counted in two ways.
#[derive(Clone, Copy)]
pub struct Cpu {
    /// To the nanosecond, of the threads that live.
    threads: Duration,
    /// In ticks, of all threads that there ever were.
    ticks: Duration,
}

impl Cpu {
    /// What was used since an earlier count: exactly where no thread has ended since, and to a tick otherwise.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        self.threads.saturating_sub(earlier.threads).max(ticks.saturating_sub(TICK))
    }
}
