//! An authenticator app: written by RFC 6238 and RFC 4648, without the library that the functions use.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use jiff::Timestamp;

/// An app that has scanned a secret.
pub struct Authenticator {
    secret: Vec<u8>,
}

impl Authenticator {
    /// The app, from the secret in base 32.
    #[must_use]
    pub fn new(base32: &str) -> Self {
        let (mut secret, mut bits, mut count) = (Vec::new(), 0_u32, 0);
        for digit in base32.bytes().filter(|byte| *byte != b'=') {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == digit);
            bits = bits << 5 | u32::try_from(value.expect("base 32")).expect("five bits");
            count += 5;
            if count >= 8 {
                count -= 8;
                secret.push(u8::try_from(bits >> count & 0xFF).expect("eight bits"));
            }
        }
        Self { secret }
    }

    /// What it shows at a time.
    #[must_use]
    pub fn shows(&self, at: Timestamp) -> String {
        let step = u64::try_from(at.as_second() / 30).expect("after 1970");
        let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret), &step.to_be_bytes());
        let offset = usize::from(tag.as_ref()[19] & 0xF);
        let number: [u8; 4] = tag.as_ref()[offset..offset + 4].try_into().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(number) & 0x7FFF_FFFF) % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, and RFC 4648, section 10.
    #[test]
    fn it_shows_what_the_rfcs_say() {
        let app = Authenticator::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(app.secret, b"12345678901234567890");
        assert_eq!(app.shows(Timestamp::from_second(1_111_111_109).unwrap()), "081804");
        assert_eq!(Authenticator::new("MZXW6YQ=").secret, b"foob");
    }
}
