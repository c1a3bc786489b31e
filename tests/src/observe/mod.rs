//! What is told of an invocation: to Sentry, in metrics, on the page.

mod metrics;
mod personal_data;
mod sentry;
