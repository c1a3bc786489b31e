//! The whole of ConnectO in one process: a gateway that reads `template.yaml`, the engines behind the AWS SDK's
//! endpoints, the triggers, and a page to look at all of it.
//!
//! `cargo local` runs it; the tests call [`start`], one system per test process.

pub mod cli;
mod cors;
mod data_dir;
pub mod demo;
pub mod engines;
mod error;
mod fault_layer;
pub mod faults;
pub mod functions;
mod gateway;
mod guard;
mod ids;
pub mod invoke;
mod log;
pub mod metrics;
pub mod openapi;
mod options;
mod page;
mod start;
pub mod template;
pub mod triggers;
pub mod world;

pub use data_dir::Data;
pub use error::StartError;
pub use options::{LogFormat, Options};
pub use start::{Running, find_template, start};
pub use world::Urls;
