//! What people do who work here.

mod decide_application;
mod decide_report;
mod edit_category;
mod get_application;
mod list_applications;
mod list_disputes;
mod resolve_dispute;
