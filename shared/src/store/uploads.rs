//! What people upload, in the Media table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | media id | `upload` | | | the [`Upload`] |
//! | media id | `upload` | `processing` | until when at most | one that is looked at |
//! | media id | `upload` | `deleted` | until when somebody may still look at it | one that was taken away, until nothing is left of it |
//!
//! Each step is one conditional write, so that of events that come twice, late or together one has its way. What never
//! arrives, and what was refused, is forgotten by its `expires_at`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Change, Expression, Item, Key, Refused, Table, Transaction, accounts, get, get_all, n, s};
use crate::{
    app::App,
    domain::{
        id::{MediaId, UserId},
        media::Rejection,
        upload::{Content, FORGOTTEN_AFTER, LINGERS_AFTER, Stage, Upload},
        user::User,
    },
    fault::Fault,
};

/// The stage of what can be shown.
pub(super) const READY: &str = "ready";

/// What should not stay as it is. Each is a partition of the index, and a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lingering {
    /// Being looked at.
    Processing,
    /// Taken away.
    Deleted,
}

impl Lingering {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Deleted => "deleted",
        }
    }

    fn enter(self, until: Timestamp) -> Change {
        Change::default()
            .set("stage", s(self.as_str()))
            .set("gsi1pk", s(self.as_str()))
            .set("gsi1sk", s(format!("{until:.3}")))
    }

    /// It is in this partition of the index.
    fn holds(self) -> Expression {
        Expression::new("gsi1pk = :here", [(":here", s(self.as_str()))])
    }
}

/// Writes down that somebody is about to upload something. One write.
pub async fn expect(app: &App, upload: &Upload) -> Result<(), Fault> {
    let mut item = key(upload.media_id).with(upload)?;
    item.insert("expires_at".to_owned(), n((app.now() + FORGOTTEN_AFTER).as_second()));
    app.dynamo().put_item().table_name(Table::Media.name(app)?).set_item(Some(item)).send().await?;
    Ok(())
}

/// An upload; also one that was taken away, while its files still go. One read.
pub async fn load(app: &App, id: MediaId) -> Result<Option<Upload>, Fault> {
    get(app, Table::Media, key(id)).await
}

/// An upload of somebody's own, unless they took it away. One read.
pub async fn own(app: &App, user_id: UserId, id: MediaId) -> Result<Option<Upload>, Fault> {
    let upload = load(app, id).await?;
    Ok(upload.filter(|upload| upload.user_id == user_id && !matches!(upload.stage, Stage::Deleted { .. })))
}

/// Marks that an upload is being looked at; says whether it is still to be judged.
pub async fn begin(app: &App, id: MediaId) -> Result<bool, Fault> {
    judge(app, id, Lingering::Processing.enter(app.now() + LINGERS_AFTER)).await
}

/// Makes an upload ready; says whether it was still to be judged.
pub async fn publish(app: &App, id: MediaId, content: &Content) -> Result<bool, Fault> {
    let change = Change::default()
        .set("stage", s(READY))
        .set("content", serde_dynamo::to_attribute_value(content)?)
        .remove("expires_at");
    judge(app, id, settled(change)).await
}

/// Refuses an upload; says whether it was still to be judged.
pub async fn reject(app: &App, id: MediaId, reason: Rejection) -> Result<bool, Fault> {
    judge(app, id, settled(refused(reason)?)).await
}

/// Refuses an upload that nobody came to judge; says whether it still was to be, or was given up before. Once nothing
/// is left of it, it is to be [settled](settle).
pub async fn give_up(app: &App, id: MediaId) -> Result<bool, Fault> {
    let change = refused(Rejection::Failed)?;
    let tx = Transaction::new(app).update_if(Table::Media, key(id), change, Lingering::Processing.holds())?;
    Ok(tx.commit().await?.is_ok())
}

/// Marks that nothing is left of an upload that was given up.
pub async fn settle(app: &App, id: MediaId) -> Result<(), Fault> {
    let change = settled(Change::default());
    let tx = Transaction::new(app).update_if(Table::Media, key(id), change, Lingering::Processing.holds())?;
    // Refused where another has done so.
    tx.commit().await?.ok();
    Ok(())
}

fn refused(reason: Rejection) -> Result<Change, Fault> {
    let reason = serde_dynamo::to_attribute_value(reason)?;
    Ok(Change::default().set("stage", s("rejected")).set("reason", reason))
}

fn settled(change: Change) -> Change {
    change.remove("gsi1pk").remove("gsi1sk")
}

/// Changes an upload that nobody has judged yet, nor taken away.
async fn judge(app: &App, id: MediaId, change: Change) -> Result<bool, Fault> {
    let open = Expression::new(
        "stage IN (:waiting, :processing)",
        [(":waiting", s("waiting")), (":processing", s("processing"))],
    );
    let tx = Transaction::new(app).update_if(Table::Media, key(id), change, open)?;
    Ok(tx.commit().await?.is_ok())
}

/// Takes somebody's upload away, and from the account where it is their picture. `Err`: it is not as it was read any
/// more, or the account is not. Its files are still there.
pub async fn delete(app: &App, user: &User, upload: &Upload) -> Result<Result<(), Refused>, Fault> {
    let tx = take_away(app, Transaction::new(app), upload.media_id, upload.stage.name())?;
    show_no_more(tx, Some(user), upload)?.commit().await
}

/// Refuses an upload for what it would do, and takes it from the account where it is a picture. `Err`: it is not as it
/// was read any more, or the account is not. Its files are still there.
///
/// Here as in [`delete`], a cache may tell of the picture for the minute that it remembers profiles: who calls these is
/// not in the cache's network.
pub async fn condemn(app: &App, user: Option<&User>, upload: &Upload) -> Result<Result<(), Refused>, Fault> {
    let change = settled(refused(Rejection::Infected)?)
        .set("expires_at", n((app.now() + FORGOTTEN_AFTER).as_second()));
    let tx = Transaction::new(app).update_if(
        Table::Media,
        key(upload.media_id),
        change,
        is_at(upload.stage.name()),
    )?;
    show_no_more(tx, user, upload)?.commit().await
}

fn show_no_more<'a>(
    tx: Transaction<'a>,
    user: Option<&User>,
    upload: &Upload,
) -> Result<Transaction<'a>, Fault> {
    let shows = |user: &&User| user.avatar.as_ref().is_some_and(|avatar| avatar.media_id == upload.media_id);
    match user.filter(shows) {
        Some(user) => accounts::put_avatar(tx, user, None),
        None => accounts::does_not_show(tx, upload.user_id, upload.media_id),
    }
}

/// Takes an upload away, if it is still at a stage: what was made of it is known by that, and whether somebody may be
/// making more.
pub(super) fn take_away<'a>(
    app: &App,
    tx: Transaction<'a>,
    id: MediaId,
    stage: &str,
) -> Result<Transaction<'a>, Fault> {
    let until = if stage == READY { app.now() } else { app.now() + LINGERS_AFTER };
    tx.update_if(Table::Media, key(id), Lingering::Deleted.enter(until).remove("expires_at"), is_at(stage))
}

/// It is at a stage.
fn is_at(stage: &str) -> Expression {
    Expression::new("stage = :at", [(":at", s(stage))])
}

/// Demands that an upload is still ready.
pub(super) fn is_ready<'a>(tx: Transaction<'a>, upload: &Upload) -> Result<Transaction<'a>, Fault> {
    tx.check(Table::Media, key(upload.media_id), is_at(READY))
}

/// Uploads that are as they should not stay any longer, the longest first. One query of a page.
pub async fn lingering(app: &App, what: Lingering, limit: i32) -> Result<Vec<MediaId>, Fault> {
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Media.name(app)?)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :what AND gsi1sk <= :now")
        .expression_attribute_values(":what", s(what.as_str()))
        .expression_attribute_values(":now", s(format!("{:.3}", app.now())))
        .limit(limit)
        .send()
        .await?;
    let id = |item: Item| item.get("pk")?.as_s().ok()?.parse().ok();
    Ok(answer.items.unwrap_or_default().into_iter().filter_map(id).collect())
}

/// Which of these ids are those of no upload. One read for each.
pub async fn unknown(app: &App, ids: Vec<String>) -> Result<BTreeSet<String>, Fault> {
    let mut unknown: BTreeSet<_> = ids.iter().cloned().collect();
    for item in get_all(app, Table::Media, ids.into_iter().map(key_of).collect(), Some("pk")).await? {
        if let Some(Ok(id)) = item.get("pk").map(|pk| pk.as_s()) {
            unknown.remove(id);
        }
    }
    Ok(unknown)
}

/// Those of somebody's uploads that can be shown, in the order of these ids. One read for each.
pub async fn ready(app: &App, user_id: UserId, ids: &[MediaId]) -> Result<Vec<Upload>, Fault> {
    let found = get_all(app, Table::Media, ids.iter().map(|id| key(*id)).collect(), None).await?;
    let found = found.into_iter().map(serde_dynamo::from_item);
    let mut found = found.collect::<Result<Vec<Upload>, _>>()?;
    found.retain(|upload| upload.user_id == user_id && matches!(upload.stage, Stage::Ready { .. }));
    found.sort_unstable_by_key(|upload| ids.iter().position(|id| *id == upload.media_id));
    Ok(found)
}

/// Forgets an upload that was taken away, once nothing is left of it. One write.
pub async fn forget(app: &App, id: MediaId) -> Result<(), Fault> {
    let tx = Transaction::new(app).delete_if(Table::Media, key(id), is_at(Lingering::Deleted.as_str()))?;
    // Refused where another has done so.
    tx.commit().await?.ok();
    Ok(())
}

fn key(id: MediaId) -> Key {
    key_of(id.to_string())
}

fn key_of(id: String) -> Key {
    Key::new(id, "upload")
}
