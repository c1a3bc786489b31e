//! Invoices as PDF.

mod fonts;
mod labels;
mod packed;
mod paper;
mod rupees;
#[cfg(test)]
mod samples;
mod text;
mod wrap;

pub use fonts::Fonts;
pub use paper::{Paper, Unprintable, pdf};
pub use rupees::rupees;
