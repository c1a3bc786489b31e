//! What waits, the longest first: in the index `gsi1` of a table, by partition and by since when, or from when on.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{Item, Key, Table, s};
use crate::{
    app::App,
    domain::id::{Id, Kind},
    fault::Fault,
};

/// A place among what waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<K: Kind> {
    /// Since when, or from when on.
    pub since: Timestamp,
    /// What.
    pub id: Id<K>,
}

impl<K: Kind> Waiting<K> {
    /// The attributes that put an item there.
    pub(super) fn attributes(&self, partition: &str) -> Item {
        let (since, partition) = (s(sortable(self.since)), s(partition));
        Item::from([("gsi1pk".to_owned(), partition), ("gsi1sk".to_owned(), since)])
    }

    fn of(item: &Item) -> Option<Self> {
        let text = |name| item.get(name)?.as_s().ok();
        Some(Self { since: text("gsi1sk")?.parse().ok()?, id: text("pk")?.parse().ok()? })
    }
}

impl<K: Kind> fmt::Display for Waiting<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", sortable(self.since), self.id)
    }
}

impl<K: Kind> FromStr for Waiting<K> {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (since, id) = text.split_once(' ').ok_or_else(|| Fault::new("no place in the list"))?;
        Ok(Self { since: since.parse()?, id: id.parse().map_err(Fault::new)? })
    }
}

/// What waits by now in a partition, by items whose `sk` is this one, and where the list goes on. One query of a page.
pub(super) async fn waiting<K: Kind>(
    app: &App,
    (table, sk): (Table, &str),
    partition: &str,
    after: Option<Waiting<K>>,
    limit: i32,
) -> Result<(Vec<Waiting<K>>, Option<Waiting<K>>), Fault> {
    let start = after.map(|after| {
        let mut item = Key::new(after.id.to_string(), sk).into_item();
        item.extend(after.attributes(partition));
        item
    });
    let answer = app
        .dynamo()
        .query()
        .table_name(table.name(app)?)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :partition AND gsi1sk <= :now")
        .expression_attribute_values(":partition", s(partition))
        .expression_attribute_values(":now", s(sortable(app.now())))
        .set_exclusive_start_key(start)
        .limit(limit)
        .send()
        .await?;
    let next = answer.last_evaluated_key.as_ref().and_then(Waiting::of);
    Ok((answer.items.unwrap_or_default().iter().filter_map(Waiting::of).collect(), next))
}

/// A time as text that sorts as the times do.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}
