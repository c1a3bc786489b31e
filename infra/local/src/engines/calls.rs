//! Every call of an engine: what the tests compare sequences of, and which permissions were ever used.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::template::model::Template;
use crate::template::policy::{Effect, wildcard};

/// How many calls are kept.
const KEPT: usize = 20_000;
/// How many different actions and resources are remembered for each statement.
const USES_KEPT: usize = 1_000;

/// One call of an engine.
#[derive(Debug, Clone, Serialize)]
pub struct CallEntry {
    /// When it was answered.
    pub at: Timestamp,
    /// The calling function's logical id, or `local`.
    pub function: String,
    /// `dynamodb`, `ses`, ….
    pub service: &'static str,
    /// The API's action.
    pub action: String,
    /// The ARNs it touched.
    pub resources: Vec<String>,
    /// `allowed`, `denied` or `chaos:…`.
    pub outcome: &'static str,
    /// The HTTP status of the answer; none where the reply was dropped.
    pub status: Option<u16>,
    /// What it used up of the database's capacity: units of reading or writing.
    pub units: Option<f64>,
}

/// What a function's policy grants and nobody used since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedGrant {
    /// The function's logical id.
    pub function: String,
    /// The statement's place in its policy.
    pub statement: usize,
    /// Its action patterns that no call matched.
    pub actions: Vec<String>,
    /// Its resource patterns that no call matched.
    pub resources: Vec<String>,
}

/// The last calls, and the grants that were used.
#[derive(Debug, Clone, Default)]
pub struct CallLog(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: VecDeque<CallEntry>,
    used: BTreeMap<(String, usize), Used>,
}

#[derive(Debug, Default)]
struct Used {
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
}

impl CallLog {
    /// The calls kept, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<CallEntry> {
        self.state().calls.iter().cloned().collect()
    }

    /// Forgets all calls; the grants used stay known.
    pub fn clear(&self) {
        self.state().calls.clear();
    }

    /// What the functions' policies grant and no call has used since the start.
    #[must_use]
    pub fn unused_grants(&self, template: &Template) -> Vec<UnusedGrant> {
        let state = self.state();
        let mut unused = Vec::new();
        for function in &template.functions {
            for (index, statement) in function.policy.statements.iter().enumerate() {
                if statement.effect == Effect::Deny {
                    continue;
                }
                let used = state.used.get(&(function.logical_id.clone(), index));
                let never = |patterns: &[String], texts: fn(&Used) -> &BTreeSet<String>| -> Vec<String> {
                    let hit = |pattern: &String| {
                        used.is_some_and(|used| texts(used).iter().any(|text| same(pattern, text)))
                    };
                    patterns.iter().filter(|pattern| !hit(pattern)).cloned().collect()
                };
                let actions = never(&statement.actions, |used| &used.actions);
                let resources = never(&statement.resources, |used| &used.resources);
                if !actions.is_empty() || !resources.is_empty() {
                    let function = function.logical_id.clone();
                    unused.push(UnusedGrant { function, statement: index, actions, resources });
                }
            }
        }
        unused
    }

    pub(super) fn record(&self, entry: CallEntry) {
        let mut state = self.state();
        if state.calls.len() == KEPT {
            state.calls.pop_front();
        }
        state.calls.push_back(entry);
    }

    /// Notes the statements that allowed a call, each with the action and the resource it was asked for.
    pub(crate) fn note_used(&self, function: &str, grants: &[(usize, &str, &str)]) {
        let mut state = self.state();
        for (statement, action, resource) in grants {
            let used = state.used.entry((function.to_owned(), *statement)).or_default();
            for (set, text) in [(&mut used.actions, action), (&mut used.resources, resource)] {
                if set.len() < USES_KEPT && !set.contains(*text) {
                    set.insert((*text).to_owned());
                }
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a used action or resource is what a pattern grants; IAM ignores case in actions, and no two of our resources
/// differ in case alone.
fn same(pattern: &str, text: &str) -> bool {
    wildcard(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}
