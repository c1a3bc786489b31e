//! A Merkle tree over a list, as [RFC 9162, section 2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1) has it: who knows
//! its root can be shown that something is in the list, and cannot be shown another list.

use aws_lc_rs::digest::{Context, SHA256, digest};

type Hash = [u8; 32];

/// The tree of what was added so far, in as many hashes as its size has bits.
#[derive(Debug, Default)]
pub struct Tree {
    /// The roots of its full parts, the largest first.
    parts: Vec<Hash>,
    size: u64,
}

impl Tree {
    /// Adds one at the end.
    pub fn push(&mut self, entry: &[u8]) {
        let mut hash = sum(0, &[entry]);
        // Two parts of one size are one of twice that.
        let mut size = self.size;
        while size % 2 == 1
            && let Some(left) = self.parts.pop()
        {
            hash = sum(1, &[&left, &hash]);
            size /= 2;
        }
        self.parts.push(hash);
        self.size += 1;
    }

    /// How many there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root, in hexadecimal.
    #[must_use]
    pub fn root(&self) -> String {
        let mut parts = self.parts.iter().rev().copied();
        let root = match parts.next() {
            Some(last) => parts.fold(last, |right, left| sum(1, &[&left, &right])),
            None => to_hash(digest(&SHA256, b"").as_ref()),
        };
        root.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
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
        let mut tree = Tree::default();
        assert_eq!(tree.root(), roots[0]);
        for (entry, root) in entries.iter().zip(&roots[1..]) {
            tree.push(entry);
            assert_eq!(tree.root(), *root, "{} entries", tree.size());
        }
    }
}
