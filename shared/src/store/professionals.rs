//! Those who offer services, in the Market table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | professional id | `profile` | | | the [`Professional`] |
//! | professional id | `profile` | `submitted` | since when | one that waits for staff |
//!
//! Each write says which version it follows, so that nobody decides of what they have not seen.

use std::collections::BTreeSet;

use super::{
    Expression, Key, Refused, Table, Transaction, accounts, audit, get, get_all, n, outbox,
    waiting::{self, Waiting},
};
use crate::{
    app::App,
    domain::{
        id::{self, ProfessionalId, UserId},
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
const PROFILE: &str = "profile";

/// A professional, whether customers find them or not. One read.
pub async fn find(app: &App, id: ProfessionalId) -> Result<Option<Professional>, Fault> {
    get(app, Table::Market, key(id)).await
}

/// A professional whom customers find. One read.
pub async fn find_public(app: &App, id: ProfessionalId) -> Result<Option<Professional>, Fault> {
    Ok(find(app, id).await?.filter(Professional::is_public))
}

/// Those of some whom customers find, in no order. One read for each.
pub async fn all_public(app: &App, ids: BTreeSet<ProfessionalId>) -> Result<Vec<Professional>, Fault> {
    let found = get_all(app, Table::Market, ids.into_iter().map(key).collect(), None).await?;
    let all = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Professional>, _>>()?;
    Ok(all.into_iter().filter(Professional::is_public).collect())
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
    let decided =
        Decided { version: before.version, because: after.standing.because().cloned(), edited: None };
    let (tx, next) = write(Transaction::new(app), Some(before), after)?;
    let mut tx = audit::record_in(app, tx, &next.professional_id.to_string(), (staff, act), decided)?;
    if let Some(owner) = &owner {
        tx = outbox::post(app, tx, accounts::tell(mail, SmsKind::ApplicationDecided, owner)?)?;
    }
    Ok(tx.commit().await?.map(|()| next))
}

pub(super) fn write<'a>(
    tx: Transaction<'a>,
    before: Option<&Professional>,
    after: Professional,
) -> Result<(Transaction<'a>, Professional), Fault> {
    let next = Professional { version: before.map_or(0, |before| before.version) + 1, ..after };
    let mut item = key(next.professional_id).with(&next)?;
    if let Standing::Submitted { since } = next.standing {
        item.extend(Waiting { since, id: next.professional_id }.attributes(SUBMITTED));
    }
    let follows = match before {
        Some(before) => Expression::new("version = :before", [(":before", n(before.version))]),
        None => Expression::new("attribute_not_exists(pk)", []),
    };
    Ok((tx.put_if(Table::Market, item, follows)?, next))
}

/// Those who wait for staff, the longest first, and where the list goes on. One query of a page, and a read for each.
pub async fn waiting(
    app: &App,
    after: Option<Waiting<id::Professional>>,
    limit: i32,
) -> Result<(Vec<Professional>, Option<Waiting<id::Professional>>), Fault> {
    let (places, next) = waiting::waiting(app, (Table::Market, PROFILE), SUBMITTED, after, limit).await?;
    let keys = places.iter().map(|place| key(place.id)).collect();
    let found = get_all(app, Table::Market, keys, None).await?;
    let mut found =
        found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Professional>, _>>()?;
    // The index is a moment behind.
    found.retain(|one| matches!(one.standing, Standing::Submitted { .. }));
    found.sort_unstable_by_key(|one| (one.standing.since(), one.professional_id));
    Ok((found, next))
}

fn key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), PROFILE)
}
