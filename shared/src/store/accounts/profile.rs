//! What people tell of themselves.

use super::{user, user_key};
use crate::{
    app::App,
    domain::{
        id::UserId,
        locale::Locale,
        person::{PersonName, TimeZoneName},
        user::{Role, User},
    },
    fault::Fault,
    store::{Change, Expression, Table, Transaction, s},
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

/// Changes some fields of a user, and returns them all. Two writers of different fields keep both; safe to repeat.
pub async fn update_profile(app: &App, id: UserId, new: &ProfileChange) -> Result<Option<User>, Fault> {
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
        if tx.commit().await?.is_err() {
            return Ok(None);
        }
    }
    user(app, Some(id)).await
}
