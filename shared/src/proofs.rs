//! Shows that what was moved is in the ledger as it was when its day was closed: whoever was given the root of that day then need
//! not believe us.

use std::collections::{BTreeMap, btree_map};

use jiff::civil::Date;

use crate::{
    app::App,
    domain::{
        closed_day::ClosedTree,
        india,
        merkle::{self, Hash},
    },
    fault::Fault,
    observe,
    store::ledger::{self, Entry},
    vendor::s3::ledger as bucket,
};

/// That something is in a closed day of the ledger (RFC 9162, section 2.1.3).
pub struct Proof {
    /// What.
    pub entry: Entry,
    /// On which day, in India.
    pub day: Date,
    /// Which one of the day's it is, from 0.
    pub index: usize,
    /// Of how many.
    pub size: usize,
    /// The hashes beside its way to the root, from below to above.
    pub path: Vec<Hash>,
    /// The root of the day, in hexadecimal.
    pub root: String,
}

/// Proofs of all that was moved on days that are closed, and whose tree is kept. A read; for each day one of the bucket, and one for
/// each part of its tree that is needed. What cannot be proved is a fault, and left out.
pub async fn of(app: &App, entries: Vec<Entry>) -> Result<Vec<Proof>, Fault> {
    let audited = ledger::last_audited(app).await?;
    let Some((from, until)) = audited.and_then(|audited| Some((audited.trees_since?, audited.last_day)))
    else {
        return Ok(Vec::new());
    };
    let mut days = BTreeMap::<Date, Vec<Entry>>::new();
    for entry in entries {
        let day = india::day_of(entry.transfer.at);
        if (from..=until).contains(&day) {
            days.entry(day).or_default().push(entry);
        }
    }
    let mut proofs = Vec::new();
    for (day, entries) in days {
        let tree = bucket::kept(app, &bucket::tree_key(day), None).await?;
        let tree: ClosedTree = serde_json::from_slice(&tree)?;
        let mut parts = BTreeMap::<usize, Vec<Hash>>::new();
        for entry in entries {
            let leaf = merkle::leaf(entry.line().as_bytes());
            let mut proof = None;
            if let Some((number, part)) = tree.part_of(&leaf) {
                let hashes = match parts.entry(number) {
                    btree_map::Entry::Occupied(read) => read.into_mut(),
                    btree_map::Entry::Vacant(new) => {
                        let key = bucket::part_key(day, number);
                        let bytes = bucket::kept(app, &key, Some(&part.version)).await?;
                        new.insert(bytes.as_chunks().0.to_vec())
                    }
                };
                proof = tree.path((number, hashes), &leaf);
            }
            let Some((index, path)) = proof else {
                let fault = Fault::new("something is not in the ledger as it was closed");
                observe::fault(&fault, "what was moved is not proved", Some(&entry.cause));
                continue;
            };
            proofs.push(Proof { entry, day, index, size: tree.size, path, root: tree.root.clone() });
        }
    }
    Ok(proofs)
}
