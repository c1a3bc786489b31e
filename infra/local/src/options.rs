//! What a start can be told.

use std::path::PathBuf;

use serde_json::Value;

use crate::data_dir::Data;
use crate::functions::Endpoint;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a terminal.
    Text,
    /// One JSON object a line.
    Json,
    /// None: the caller has its own subscriber, or wants silence.
    Quiet,
}

/// A change to the template's JSON form before it is read.
pub type TemplateEdit = Box<dyn FnOnce(&mut Value) + Send>;

/// What a start can be told.
pub struct Options {
    /// `template.yaml`.
    pub template: PathBuf,
    /// The gateway's port; the engines take the ports after it. 0 picks free ones.
    pub port: u16,
    /// Where state lives.
    pub data: Data,
    /// Whether an empty system is filled with a city.
    pub demo: bool,
    /// How log lines look.
    pub log: LogFormat,
    /// The Redis that the cache lives in; without one, there is no cache.
    pub redis: Option<String>,
    /// The mount table; tests replace entries.
    pub endpoints: Vec<Endpoint>,
    /// Tests change the template before it is read, such as taking a permission out.
    pub template_edit: Option<TemplateEdit>,
}
