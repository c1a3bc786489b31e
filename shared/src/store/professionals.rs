//! Those who offer services, in the Market table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | professional id | `profile` | | | the [`Professional`] |
//! | professional id | `profile` | `submitted` | since when | one that waits for staff |
//!
//! Each write says which version it follows, so that nobody decides of what they have not seen.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{
    Expression, Item, Key, Refused, Table, Transaction, accounts, audit, get, get_all, n, outbox, s,
};
use crate::{
    app::App,
    domain::{
        id::{ProfessionalId, UserId},
        professional::{Professional, Standing},
        upload::Upload,
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
    store::{
        audit::{Act, Decided},
        uploads,
    },
};

const SUBMITTED: &str = "submitted";

/// A professional, whether customers find them or not. One read.
pub async fn find(app: &App, id: ProfessionalId) -> Result<Option<Professional>, Fault> {
    get(app, Table::Market, key(id)).await
}

/// A professional whom customers find. One read.
pub async fn find_public(app: &App, id: ProfessionalId) -> Result<Option<Professional>, Fault> {
    Ok(find(app, id).await?.filter(Professional::is_public))
}

/// Writes what a professional has changed, as the next version, and returns that. `Err`: it is another version by now, or
/// one of the `papers` is not there any more. A transaction of one write, and a check for each paper.
pub async fn put(
    app: &App,
    before: Option<&Professional>,
    after: Professional,
    papers: &[Upload],
) -> Result<Result<Professional, Refused>, Fault> {
    let (mut tx, next) = write(Transaction::new(app), before, after)?;
    for paper in papers {
        tx = uploads::is_ready(tx, paper)?;
    }
    Ok(tx.commit().await?.map(|()| next))
}

/// Writes what staff has decided, and who did, and tells the professional. `Err`: it is another version by now. One
/// read, and a transaction of three writes.
pub async fn decide(
    app: &App,
    staff: UserId,
    before: &Professional,
    after: Professional,
    told: (Act, MailKind),
) -> Result<Result<Professional, Refused>, Fault> {
    let (act, mail) = told;
    let owner = accounts::user(app, Some(after.user_id())).await?;
    let decided = Decided { version: before.version, because: after.standing.because().cloned() };
    let (tx, next) = write(Transaction::new(app), Some(before), after)?;
    let mut tx = audit::record_in(app, tx, &next.professional_id.to_string(), (staff, act), decided)?;
    if let Some(owner) = &owner {
        tx = outbox::post(app, tx, accounts::tell(mail, SmsKind::ApplicationDecided, owner)?)?;
    }
    Ok(tx.commit().await?.map(|()| next))
}

fn write<'a>(
    tx: Transaction<'a>,
    before: Option<&Professional>,
    after: Professional,
) -> Result<(Transaction<'a>, Professional), Fault> {
    let next = Professional { version: before.map_or(0, |before| before.version) + 1, ..after };
    let mut item = key(next.professional_id).with(&next)?;
    if let Standing::Submitted { since } = next.standing {
        item.extend([("gsi1pk".to_owned(), s(SUBMITTED)), ("gsi1sk".to_owned(), s(sortable(since)))]);
    }
    let follows = match before {
        Some(before) => Expression::new("version = :before", [(":before", n(before.version))]),
        None => Expression::new("attribute_not_exists(pk)", []),
    };
    Ok((tx.put_if(Table::Market, item, follows)?, next))
}

/// A place in the list of those who wait.
pub struct Waiting {
    /// Since when.
    pub since: Timestamp,
    /// Who.
    pub professional_id: ProfessionalId,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", sortable(self.since), self.professional_id)
    }
}

impl FromStr for Waiting {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (since, id) = text.split_once(' ').ok_or_else(|| Fault::new("no place in the list"))?;
        Ok(Self { since: since.parse()?, professional_id: id.parse().map_err(Fault::new)? })
    }
}

/// Those who wait for staff, the longest first, and where the list goes on. One query of a page, and a read for each.
pub async fn waiting(
    app: &App,
    after: Option<Waiting>,
    limit: i32,
) -> Result<(Vec<Professional>, Option<Waiting>), Fault> {
    let start = after.map(|after| {
        let mut item = key(after.professional_id).into_item();
        item.extend([("gsi1pk".to_owned(), s(SUBMITTED)), ("gsi1sk".to_owned(), s(sortable(after.since)))]);
        item
    });
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Market.name(app)?)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :submitted")
        .expression_attribute_values(":submitted", s(SUBMITTED))
        .set_exclusive_start_key(start)
        .limit(limit)
        .send()
        .await?;
    let next = answer.last_evaluated_key.as_ref().and_then(place);
    let places: Vec<_> = answer.items.unwrap_or_default().iter().filter_map(place).collect();
    let keys = places.iter().map(|place| key(place.professional_id)).collect();
    let found = get_all(app, Table::Market, keys, None).await?;
    let mut found =
        found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Professional>, _>>()?;
    // The index is a moment behind.
    found.retain(|one| matches!(one.standing, Standing::Submitted { .. }));
    found.sort_unstable_by_key(|one| (one.standing.since(), one.professional_id));
    Ok((found, next))
}

fn place(item: &Item) -> Option<Waiting> {
    let text = |name| item.get(name)?.as_s().ok();
    Some(Waiting { since: text("gsi1sk")?.parse().ok()?, professional_id: text("pk")?.parse().ok()? })
}

fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "profile")
}
