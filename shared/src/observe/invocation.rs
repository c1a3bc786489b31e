//! One invocation, from its event to its answer.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    breadcrumbs::Breadcrumb,
    metrics::{Line, Measure},
};
use crate::{
    app::App,
    fault::{Fault, Kind, Place},
};

/// How many breadcrumbs are kept: the last ones.
const BREADCRUMBS: usize = 50;
/// How many faults of one invocation are reported: the first ones.
const REPORTS: usize = 5;

tokio::task_local! {
    static CURRENT: Mutex<Told>;
}

/// An invocation that is about to run.
pub(crate) struct Invocation {
    /// The function's name.
    pub function: String,
    /// The request's id: API Gateway's, and where there is none, Lambda's.
    pub request_id: String,
    /// The route's key, `POST /v1/auth/login`; never the path that was asked for, which holds ids.
    pub route: Option<String>,
}

/// How it ended.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The response's status, where there is one.
    pub status: Option<u16>,
    /// The problem's code, where it was one.
    pub code: Option<&'static str>,
}

/// A fault as it may be told to Sentry.
#[derive(Clone)]
pub(crate) struct Report {
    /// What kind of fault.
    pub kind: Kind,
    /// Its name: an error's type, or a text that stands in the code.
    pub name: String,
    /// Where it happened.
    pub place: Place,
}

impl Report {
    pub(super) fn of(fault: &Fault) -> Self {
        Self { kind: fault.kind(), name: fault.name().to_owned(), place: fault.place().clone() }
    }
}

/// What an invocation has told so far.
#[derive(Default)]
pub(super) struct Told {
    pub user: Option<String>,
    breadcrumbs: VecDeque<Breadcrumb>,
    reports: Vec<Report>,
    measures: Vec<Measure>,
}

impl Told {
    pub fn report(&mut self, report: Report) {
        if self.reports.len() < REPORTS {
            self.reports.push(report);
        }
    }

    pub fn measure(&mut self, measure: Measure) {
        match self.measures.iter_mut().find(|known| known.is_like(&measure)) {
            Some(known) => known.value += measure.value,
            None => self.measures.push(measure),
        }
    }

    pub fn drop_crumb(&mut self, breadcrumb: Breadcrumb) {
        if self.breadcrumbs.len() == BREADCRUMBS {
            self.breadcrumbs.pop_front();
        }
        self.breadcrumbs.push_back(breadcrumb);
    }
}

/// Lets the running invocation take note; nothing where none runs.
pub(super) fn current(note: impl FnOnce(&mut Told)) {
    // What is being noted already, by this very thread, is the note's own logging.
    let _ = CURRENT.try_with(|told| {
        if let Ok(mut told) = told.try_lock() {
            note(&mut told);
        }
    });
}

/// Whether an invocation runs on this thread.
pub(super) fn runs() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

impl Invocation {
    /// Runs it. When it has ended, its metrics are written; where it had faults, they are reported before its answer
    /// is handed over: after that, Lambda may freeze the process.
    pub async fn run<T>(
        self,
        app: &App,
        work: impl Future<Output = T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> T {
        let span = tracing::info_span!(
            "invocation",
            function = self.function,
            request_id = self.request_id,
            user = tracing::field::Empty
        );
        let (begun, cold) = (Instant::now(), app.first_invocation());
        let (answer, told) = CURRENT
            .scope(Mutex::default(), async {
                let answer = work.instrument(span).await;
                (answer, CURRENT.with(|told| std::mem::take(&mut *lock(told))))
            })
            .await;
        let Outcome { status, code } = outcome(&answer);
        let line = Line {
            at: app.now(),
            environment: app.optional("ENVIRONMENT").unwrap_or("none"),
            invocation: &self,
            cold,
            user: told.user.as_deref(),
            status,
            code,
            duration: begun.elapsed(),
            faults: !told.reports.is_empty(),
        };
        line.write(&told.measures, &**app.sink());
        if !told.reports.is_empty()
            && let Some(reporter) = app.reporter()
        {
            reporter.send(&self, told.reports, &told.breadcrumbs).await;
        }
        answer
    }
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}
