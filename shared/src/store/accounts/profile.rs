//! What people tell of themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::user_key;
use crate::{
    app::App,
    cache::{PROFILE, Stale},
    domain::{
        id::{MediaId, UserId},
        locale::Locale,
        person::{PersonName, TimeZoneName},
        upload::Upload,
        user::{Avatar, Profile, Role, User},
    },
    fault::Fault,
    store::{Change, Expression, Table, Transaction, get_all, members, s, uploads},
};

/// What to change; the rest stays as it is.
#[derive(Default)]
pub struct ProfileChange {
    /// What they are called.
    pub name: Option<PersonName>,
    /// The language of their mails.
    pub locale: Option<Locale>,
    /// Where their clock is.
    pub time_zone: Option<TimeZoneName>,
    /// What they are here as.
    pub roles: Option<Vec<Role>>,
}

/// Why somebody's picture stayed as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvatarRefused {
    /// The upload is not ready, or is nothing to show oneself by.
    NotReady,
    /// The account, or a picture of it, was changed at the same moment.
    Busy,
}

/// A user's picture, and nothing else of them, for who may see that alone. One read.
pub async fn avatar(app: &App, id: UserId) -> Result<Option<Avatar>, Fault> {
    Ok(avatars(app, &[id]).await?.remove(&id))
}

/// The pictures of users who have one, and nothing else of them. One read for each user.
pub async fn avatars(app: &App, ids: &[UserId]) -> Result<BTreeMap<UserId, Avatar>, Fault> {
    #[derive(Deserialize)]
    struct Shown {
        user_id: UserId,
        avatar: Option<Avatar>,
    }
    let keys = ids.iter().copied().map(user_key).collect();
    let found = get_all(app, Table::Accounts, keys, Some("user_id, avatar")).await?;
    let shown = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Shown>, _>>()?;
    Ok(shown.into_iter().filter_map(|shown| Some((shown.user_id, shown.avatar?))).collect())
}

/// Makes an upload of a user's own their picture, or takes theirs away. The picture they had is deleted.
pub async fn change_avatar(
    app: &App,
    user: &User,
    upload: Option<&Upload>,
) -> Result<Result<(), AvatarRefused>, Fault> {
    let avatar = upload.map(|upload| Avatar::of(upload).ok_or(AvatarRefused::NotReady)).transpose();
    let avatar = match avatar {
        Ok(avatar) => avatar,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut tx = put_avatar(Transaction::new(app), user, avatar.as_ref())?;
    if let Some(upload) = upload {
        tx = uploads::is_ready(tx, upload)?;
    }
    if let Some(former) = &user.avatar {
        tx = uploads::take_away(app, tx, former.media_id, uploads::READY)?;
    }
    Ok(tx.commit().await?.map_err(|refused| match (refused.at, upload) {
        (1, Some(_)) => AvatarRefused::NotReady,
        _ => AvatarRefused::Busy,
    }))
}

/// Demands that a user's picture is another, or that there is none.
pub(in crate::store) fn does_not_show(
    tx: Transaction<'_>,
    id: UserId,
    media_id: MediaId,
) -> Result<Transaction<'_>, Fault> {
    let other = Expression::new(
        "attribute_not_exists(avatar) OR avatar.media_id <> :this",
        [(":this", s(media_id.to_string()))],
    );
    tx.check(Table::Accounts, user_key(id), other)
}

/// Writes a user's picture, where it is still the one that was read.
pub(in crate::store) fn put_avatar<'a>(
    tx: Transaction<'a>,
    user: &User,
    avatar: Option<&Avatar>,
) -> Result<Transaction<'a>, Fault> {
    let change = Change::default().set_or_remove("avatar", avatar)?;
    let unchanged = match &user.avatar {
        Some(before) => {
            Expression::new("avatar.media_id = :before", [(":before", s(before.media_id.to_string()))])
        }
        None => Expression::new("attribute_exists(pk) AND attribute_not_exists(avatar)", []),
    };
    let tx = tx.update_if(Table::Accounts, user_key(user.user_id), change, unchanged)?;
    Ok(tx.outdates(user.user_id, Stale::Field(PROFILE.to_owned())))
}

/// Changes some fields of a user, and returns what they tell of themselves now. Two writers of different fields keep both; safe to repeat.
pub async fn update_profile(app: &App, id: UserId, new: &ProfileChange) -> Result<Option<Profile>, Fault> {
    let mut change = Change::default();
    if let Some(name) = &new.name {
        change = change.set("name", s(name.as_str()));
    }
    if let Some(locale) = new.locale {
        change = change.set("locale", s(locale.as_str()));
    }
    if let Some(time_zone) = &new.time_zone {
        change = change.set("time_zone", s(time_zone.as_str()));
    }
    if let Some(roles) = &new.roles {
        change = change.set("roles", serde_dynamo::to_attribute_value(roles)?);
    }
    if !change.is_empty() {
        let there = Expression::new("attribute_exists(pk)", []);
        let tx = Transaction::new(app).update_if(Table::Accounts, user_key(id), change, there)?;
        let tx = tx.outdates(id, Stale::Field(PROFILE.to_owned()));
        if tx.commit().await?.is_err() {
            return Ok(None);
        }
    }
    members::profile(app, id).await
}
