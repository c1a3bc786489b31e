//! Who did what that others may ask about one day, in the Ops table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `audit#<what it was done to>` | an id that sorts by time | an [`Entry`] |
//!
//! Written before what it tells of is handed out, and by nobody changed. An entry is kept for a little over a year, as
//! the rules under India's DPDP Act want of logs.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, Key, Table, Transaction, n};
use crate::{
    app::App,
    domain::{
        catalogue::Edited,
        id::{AuditId, UserId},
        professional::Because,
    },
    fault::Fault,
};

const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Was given the address of a private file.
    ReadMedia,
    /// Was given the addresses of a professional's papers.
    ReadPapers,
    /// Let customers find a professional.
    ApproveProfessional,
    /// Wanted something put right by a professional who had applied.
    RejectProfessional,
    /// Took a professional from customers' eyes.
    SuspendProfessional,
    /// Took that back.
    ReinstateProfessional,
    /// Decided of a booking that somebody objected to.
    ResolveDispute,
    /// Left a review where it is that somebody wanted removed.
    KeepReview,
    /// Removed a review.
    RemoveReview,
    /// Wants credits to be given to somebody.
    ProposeCredits,
    /// Gave somebody credits, alone.
    GiveCredits,
    /// Agreed that they are given.
    ApproveCredits,
    /// Did not agree.
    RejectCredits,
    /// Edited a category, or added it.
    EditCategory,
}

/// That somebody did something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub actor: UserId,
    /// What.
    pub act: Act,
    /// When.
    pub at: Timestamp,
    /// Of what exactly, where somebody decided.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub decided: Option<Decided>,
}

/// What somebody decided of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decided {
    /// What they had seen.
    pub version: u64,
    /// Why, where they said no.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub because: Option<Because>,
    /// What they made of a category.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub edited: Option<Edited>,
}

/// Writes down that `actor` did something to what has the id `subject`. One write.
pub async fn record(app: &App, subject: &str, actor: UserId, act: Act) -> Result<(), Fault> {
    let item = entry(app, subject, (actor, act), None)?;
    app.dynamo().put_item().table_name(Table::Ops.name(app)?).set_item(Some(item)).send().await?;
    Ok(())
}

/// The same of a decision, in its transaction.
pub(crate) fn record_in<'a>(
    app: &App,
    tx: Transaction<'a>,
    subject: &str,
    done: (UserId, Act),
    decided: Decided,
) -> Result<Transaction<'a>, Fault> {
    tx.put(Table::Ops, entry(app, subject, done, Some(decided))?)
}

fn entry(
    app: &App,
    subject: &str,
    (actor, act): (UserId, Act),
    decided: Option<Decided>,
) -> Result<Item, Fault> {
    let at = app.now();
    let id: AuditId = app.new_id()?;
    let mut item =
        Key::new(format!("audit#{subject}"), id.to_string()).with(&Entry { actor, act, at, decided })?;
    item.insert("expires_at".to_owned(), n((at + KEPT).as_second()));
    Ok(item)
}
