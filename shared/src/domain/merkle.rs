//! A Merkle tree over a list, as [RFC 9162, section 2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1) has it: who knows
//! its root can be shown that something is in the list, and cannot be shown another list.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// Of an entry, or of a part of a tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    sum(0, &[entry])
}

/// In hexadecimal.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A hash that was written in hexadecimal; none of what is no hash.
#[must_use]
pub fn from_hex(text: &str) -> Option<Hash> {
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..text.len().div_ceil(2)).map(byte).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// What shows that the one of this index is among some, by whose root that is known: hashes from below to above (section
/// 2.1.3.1). They are of entries, or of parts of equal size of which the last may be smaller.
#[must_use]
pub fn inclusion_path(all: &[Hash], index: usize) -> Vec<Hash> {
    if all.len() < 2 {
        return Vec::new();
    }
    let (left, right) = halves(all);
    let (mut path, other) = match index.checked_sub(left.len()) {
        None => (inclusion_path(left, index), right),
        Some(index) => (inclusion_path(right, index), left),
    };
    path.push(root_of(other));
    path
}

/// The root of the tree over those.
#[must_use]
pub fn root_of(all: &[Hash]) -> Hash {
    match all {
        [] => to_hash(digest(&SHA256, b"").as_ref()),
        [one] => *one,
        _ => {
            let (left, right) = halves(all);
            sum(1, &[&root_of(left), &root_of(right)])
        }
    }
}

/// What is left and right of the root of several: left as many as there can be of a power of two.
fn halves(all: &[Hash]) -> (&[Hash], &[Hash]) {
    all.split_at(all.len().next_power_of_two() / 2)
}

fn sum(kind: u8, parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[kind]);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

fn to_hash(digest: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The roots that implementations of Certificate Transparency are tested by.
    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let entries: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves = entries.map(leaf);
        for (size, root) in roots.into_iter().enumerate() {
            assert_eq!(hex(&root_of(&leaves[..size])), root, "{size} entries");
            assert_eq!(from_hex(root), Some(root_of(&leaves[..size])));
        }
        assert!(["", "6e34", "zz"].into_iter().all(|text| from_hex(text).is_none()));
    }

    /// The root that a path leads to (RFC 9162, section 2.1.3.2).
    fn root_by(path: &[Hash], entry: Hash, index: usize, size: usize) -> Option<Hash> {
        let (mut index, mut last, mut root) = (index, size.checked_sub(1)?, entry);
        for hash in path {
            if last == 0 {
                return None;
            }
            if index % 2 == 1 || index == last {
                root = sum(1, &[hash, &root]);
                while index % 2 == 0 && index > 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                root = sum(1, &[&root, hash]);
            }
            (index, last) = (index / 2, last / 2);
        }
        (last == 0).then_some(root)
    }

    #[test]
    fn a_path_leads_from_each_entry_to_the_root_also_by_parts() {
        for size in 1..70_usize {
            let all: Vec<_> = (0..size).map(|number| leaf(&number.to_be_bytes())).collect();
            let parts: Vec<_> = all.chunks(8).map(root_of).collect();
            assert_eq!(root_of(&parts), root_of(&all));
            for index in 0..size {
                let whole = inclusion_path(&all, index);
                let part = &all[index / 8 * 8..size.min(index / 8 * 8 + 8)];
                let mut by_parts = inclusion_path(part, index % 8);
                by_parts.extend(inclusion_path(&parts, index / 8));
                assert_eq!(whole, by_parts, "{index} of {size}");
                assert_eq!(root_by(&whole, all[index], index, size), Some(root_of(&all)));
            }
        }
    }
}
