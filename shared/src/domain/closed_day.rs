//! A day of the ledger that is over, as it is kept: what lay in each account, and the Merkle tree over its transfers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    ledger::Changes,
    merkle::{self, Hash},
};

/// So many transfers of a day are a part of its tree, whose hashes are kept together: a power of two, so that the roots of parts
/// are what is above them in the tree.
pub const PART: usize = 1 << 16;

/// A day of the ledger.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Which day, in India.
    pub day: Date,
    /// How many transfers there were.
    pub transfers: u64,
    /// The root of the Merkle tree (RFC 9162) over them, in hexadecimal: of the hashes of a line for each part of a transfer, the
    /// least first.
    pub root: String,
    /// Whether the hashes are in their own order, so that what is beside one tells nothing of who moved what with it. Before, they
    /// were shard by shard, by causes and names.
    #[serde(default)]
    pub by_hash: bool,
    /// What lay in each account when it was over, in paise; where nothing lay is left out.
    pub accounts: Changes,
}

/// The tree over the transfers of a day: by it can be shown that one is among them.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClosedTree {
    /// Its root, in hexadecimal.
    pub root: String,
    /// How many transfers there are.
    pub size: usize,
    /// How many of them are a part, but for the last.
    part_size: usize,
    parts: Vec<Part>,
}

/// A part of a tree, whose hashes are kept elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    /// Its least hash, in hexadecimal.
    first: String,
    /// Its root, in hexadecimal.
    root: String,
    /// In which version its hashes are kept.
    pub version: String,
}

impl ClosedTree {
    /// The tree over hashes, the least first, whose parts are kept in these versions.
    #[must_use]
    pub fn new(hashes: &[Hash], part_size: usize, versions: Vec<String>) -> Self {
        let part = |(hashes, version): (&[Hash], String)| Part {
            first: hashes.first().map(merkle::hex).unwrap_or_default(),
            root: merkle::hex(&merkle::root_of(hashes)),
            version,
        };
        Self {
            root: merkle::hex(&merkle::root_of(hashes)),
            size: hashes.len(),
            part_size,
            parts: hashes.chunks(part_size).zip(versions).map(part).collect(),
        }
    }

    /// The part in which a hash is, if it is in the tree: its number, and the part.
    #[must_use]
    pub fn part_of(&self, hash: &Hash) -> Option<(usize, &Part)> {
        let hash = merkle::hex(hash);
        let number = self.parts.partition_point(|part| part.first <= hash).checked_sub(1)?;
        Some((number, self.parts.get(number)?))
    }

    /// Which one of the tree a hash is, from 0, and what shows that: the hashes beside its way to the root, from below to above.
    /// None where it is not among those of a part, or where those are not the part's.
    #[must_use]
    pub fn path(&self, (number, hashes): (usize, &[Hash]), hash: &Hash) -> Option<(usize, Vec<Hash>)> {
        let roots: Vec<_> =
            self.parts.iter().map(|part| merkle::from_hex(&part.root)).collect::<Option<_>>()?;
        let is_the_part = merkle::root_of(hashes) == *roots.get(number)?;
        let is_the_tree = merkle::hex(&merkle::root_of(&roots)) == self.root;
        let index = hashes.binary_search(hash).ok().filter(|_| is_the_part && is_the_tree)?;
        let mut path = merkle::inclusion_path(hashes, index);
        path.extend(merkle::inclusion_path(&roots, number));
        Some((number * self.part_size + index, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_a_tree_is_found_and_nothing_else_is() {
        for (size, part_size) in (0..40).flat_map(|size| [1, 2, 8, 64].map(|part_size| (size, part_size))) {
            let of = |number: usize| merkle::leaf(&number.to_be_bytes());
            let mut hashes: Vec<_> = (0..size).map(of).collect();
            hashes.sort_unstable();
            let parts: Vec<_> = hashes.chunks(part_size).collect();
            let versions = (0..parts.len()).map(|number| number.to_string()).collect();
            let tree = ClosedTree::new(&hashes, part_size, versions);
            assert_eq!((tree.size, &tree.root), (size, &merkle::hex(&merkle::root_of(&hashes))));
            for (index, hash) in hashes.iter().enumerate() {
                let (number, part) = tree.part_of(hash).unwrap();
                assert_eq!((number, &part.version), (index / part_size, &number.to_string()));
                let path = merkle::inclusion_path(&hashes, index);
                assert_eq!(tree.path((number, parts[number]), hash), Some((index, path)));
                // The hashes of another part, or one of them changed, show nothing.
                let mut other = parts[number].to_vec();
                other.push(of(size));
                assert_eq!(tree.path((number, &other), hash), None);
                assert_eq!(tree.path((parts.len(), parts[number]), hash), None);
            }
            let found = tree.part_of(&of(size)).map(|(number, _)| number);
            let path = found.and_then(|number| tree.path((number, parts[number]), &of(size)));
            assert_eq!(path, None);
        }
    }
}
