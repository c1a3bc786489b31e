//! Invoices as PDF, on paper of A4: what stands on them is what stands in JSON (CGST Rules, rules 46 and 49).
//!
//! The file is PDF/A-2b, and tagged, so that it can be kept for years and read aloud. Of the same invoice in the same language
//! its bytes are the same: nothing in it is random, and no time but that at which the invoice got its number.

mod content;
mod draw;
mod pages;
mod sheet;
mod table;

use jiff::Timestamp;
use krilla::error::KrillaError;

use connecto_shared::domain::{invoice::Invoice, locale::Locale};

use crate::{fonts::Fonts, labels::Labels, text::Setter};

/// An invoice that has a number, for somebody who reads a language.
#[derive(Clone, Debug)]
pub struct Paper {
    invoice: Invoice,
    locale: Locale,
    labels: Labels,
    /// Its number, such as `C/2627/000000001`.
    serial: String,
    /// Its date.
    issued_at: Timestamp,
}

/// Why an invoice is not printed.
#[derive(Debug, thiserror::Error)]
pub enum Unprintable {
    /// It has no number yet: it is no invoice before it has one.
    #[error("the invoice has no number yet")]
    Unnumbered,
    /// What the program ships with is damaged.
    #[error("what ships with the program cannot be unpacked: {0}")]
    Packed(#[from] std::io::Error),
    /// The texts of a language are not as they should be.
    #[error("the texts on invoices cannot be read: {0}")]
    Labels(#[from] serde_json::Error),
    /// A font is not as it should be.
    #[error("a font cannot be read")]
    Font,
    /// The file would not be PDF/A.
    #[error("the PDF cannot be written: {0}: {0:?}")]
    Pdf(#[from] KrillaError),
}

impl Paper {
    /// What is printed of an invoice; an error of one that has no number yet.
    pub fn new(invoice: Invoice, locale: Locale) -> Result<Self, Unprintable> {
        let (Some(serial), Some(numbered)) = (invoice.serial(), invoice.numbered) else {
            return Err(Unprintable::Unnumbered);
        };
        Ok(Self { labels: Labels::of(locale)?, invoice, locale, serial, issued_at: numbered.at })
    }

    /// Its number, such as `C/2627/000000001`.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// What it is called, such as `Tax invoice C/2627/000000001`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.labels.title(self.invoice.kind), self.serial)
    }
}

/// Prints an invoice: a PDF of 15 to 80 kB, in some 20 milliseconds.
pub fn pdf(paper: &Paper, fonts: &Fonts) -> Result<Vec<u8>, Unprintable> {
    let setter = Setter::new(fonts, paper.locale);
    draw::draw(&content::sheet(paper, &setter)?, paper, &setter)
}

#[cfg(test)]
mod tests;
