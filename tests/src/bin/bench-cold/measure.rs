//! The measurements: many cold starts of each program in turn, then one process of each kept warm.

use std::{collections::BTreeMap, path::Path, time::Duration};

use connecto_local::Running;

use crate::{
    Failure,
    process::Process,
    programs::{Function, Program},
    requests::Requests,
};

/// So many requests go before those that are measured warm.
pub const WARM_UP: usize = 10;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Processes of each program that are started cold.
    pub starts: usize,
    /// Requests that one process of each program then answers.
    pub requests: usize,
}

impl Plan {
    /// How many requests each program answers: each cold start's first (and one uncounted round before), and one warm
    /// process's.
    pub fn requests_each(self) -> usize {
        self.starts + 1 + WARM_UP + self.requests
    }
}

/// What was measured of one program.
pub struct Measured {
    /// From the start of the process until it asked for an event, the median.
    pub init: Duration,
    /// From the first event to its answer, the median.
    pub first: Duration,
    /// From an event to its answer in a warm process, the median.
    pub warm: Duration,
    /// The processor time of a request in a warm process, the mean.
    pub cpu: Duration,
    /// The memory in use before the first event, the median.
    pub rss_init: u64,
    /// The memory in use when warm.
    pub rss_warm: u64,
    /// The memory in use after the measured requests.
    pub rss_end: u64,
}

#[derive(Default)]
struct Cold {
    init: Vec<Duration>,
    first: Vec<Duration>,
    rss: Vec<u64>,
}

/// Runs the programs in the running system, where the requests come from.
pub struct Bench<'a> {
    /// What is measured.
    pub programs: &'a [Program],
    /// The system around it.
    pub running: &'a Running,
    /// What they are asked.
    pub requests: Requests<'a>,
    /// Where they write.
    pub logs: &'a Path,
}

impl Bench<'_> {
    /// Measures every program; the results are in their order.
    pub async fn run(&mut self, plan: Plan) -> Result<Vec<Measured>, Failure> {
        let mut cold: Vec<Cold> = self.programs.iter().map(|_| Cold::default()).collect();
        // The first round brings the files into memory, for all alike, and is not counted.
        for round in 0..=plan.starts {
            eprintln!("cold start {round} of {}", plan.starts);
            for (program, cold) in self.programs.iter().zip(&mut cold) {
                let (init, rss, first) =
                    self.start_cold(program).await.map_err(|error| named(program, &error))?;
                if round > 0 {
                    cold.init.push(init);
                    cold.rss.push(rss);
                    cold.first.push(first);
                }
            }
        }
        let mut measured = Vec::new();
        for (program, cold) in self.programs.iter().zip(cold) {
            eprintln!("{} requests to {} on {:?}", plan.requests, program.function.name(), program.runtime);
            measured.push(self.keep_warm(program, cold, plan).await.map_err(|error| named(program, &error))?);
        }
        Ok(measured)
    }

    async fn start(&self, program: &Program) -> Result<(Process, Duration), Failure> {
        let environment = self.environment(program.function)?;
        let log = self.logs.join(format!("{}-{:?}.log", program.function.name(), program.runtime));
        Process::start(&program.executable, &program.arguments, &environment, &log).await
    }

    fn environment(&self, function: Function) -> Result<BTreeMap<String, String>, Failure> {
        let id = function.logical_id();
        Ok(self.running.environment(id).ok_or_else(|| format!("the template has no function {id}"))?)
    }

    async fn start_cold(&mut self, program: &Program) -> Result<(Duration, u64, Duration), Failure> {
        let (mut process, init) = self.start(program).await?;
        let rss = process.rss()?;
        let request = self.requests.next(program.function)?;
        let exchange = process.invoke(&request.event).await?;
        let body = Requests::body(program.function, &exchange.answer)
            .map_err(|error| process.failure(&error.to_string()))?;
        process.stop().await?;
        // Also lets a registration's mail go out before the next process starts.
        self.requests.prove(program.function, &request, &body).await?;
        Ok((init, rss, exchange.took))
    }

    async fn keep_warm(&mut self, program: &Program, cold: Cold, plan: Plan) -> Result<Measured, Failure> {
        let (mut process, _) = self.start(program).await?;
        for _ in 0..WARM_UP {
            self.ask(&mut process, program.function).await?;
        }
        let (rss_warm, before) = (process.rss()?, process.cpu()?);
        let mut took = Vec::new();
        for _ in 0..plan.requests {
            took.push(self.ask(&mut process, program.function).await?);
        }
        let cpu = process.cpu()?.since(before) / u32::try_from(plan.requests)?;
        let rss_end = process.rss()?;
        process.stop().await?;
        let Cold { init, first, rss } = cold;
        let (init, first, rss_init) = (median(init)?, median(first)?, median(rss)?);
        Ok(Measured { init, first, warm: median(took)?, cpu, rss_init, rss_warm, rss_end })
    }

    async fn ask(&mut self, process: &mut Process, function: Function) -> Result<Duration, Failure> {
        let request = self.requests.next(function)?;
        let exchange = process.invoke(&request.event).await?;
        Requests::body(function, &exchange.answer).map_err(|error| process.failure(&error.to_string()))?;
        Ok(exchange.took)
    }
}

fn named(program: &Program, error: &Failure) -> Failure {
    format!("{} on {:?}: {error}", program.function.name(), program.runtime).into()
}

/// The upper one of the two in the middle, where there are two.
pub fn median<T: Ord>(mut values: Vec<T>) -> Result<T, Failure> {
    values.sort_unstable();
    let middle = values.len() / 2;
    Ok(values.into_iter().nth(middle).ok_or("nothing was measured")?)
}
