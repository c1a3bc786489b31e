//! One-time codes, as a person types them in.

use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::SignedDuration;
use schemars::json_schema;

use super::text::{plain_text, text_type};

/// How long a code sent by text message is good for (OWASP ASVS 5, 6.5.5: at most ten minutes).
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How long until the same code may be sent again.
pub const RESENT_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// How often one code is sent at most, the first time included.
pub const MAX_SENDS: u32 = 3;
/// How often a code may be guessed at; then it is dead.
pub const MAX_ATTEMPTS: u32 = 5;

/// Six digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The code of a message authentication code: its first 64 bits, modulo a million. Of a million codes none is
    /// likelier than another by more than one part in ten to the thirteenth.
    pub(super) fn from_tag(tag: &[u8]) -> Self {
        let number = tag.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self(format!("{:06}", number % 1_000_000))
    }

    /// Whether the two are the same, in a time that does not tell where they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl FromStr for Code {
    type Err = &'static str;

    /// Spaces between the digits are left out, as some telephones show them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).take(7).collect();
        let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_code && text.len() <= 20 { Ok(Self(digits)) } else { Err("invalid_code") }
    }
}

plain_text!(Code);
text_type!(Code, json_schema!({ "type": "string", "pattern": "^[0-9]{6}$", "examples": ["493817"] }));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits() {
        assert_eq!("493 817".parse::<Code>().unwrap().as_str(), "493817");
        for broken in ["", "49381", "4938171", "49381a", "४९३८१७", "4 9 3 8 1 7                 "]
        {
            assert!(broken.parse::<Code>().is_err(), "{broken:?}");
        }
        assert_eq!(Code::from_tag(&[0; 32]).as_str(), "000000");
        assert_eq!(Code::from_tag(&[0, 0, 0, 0, 0, 0x0F, 0x42, 0x41, 9]).as_str(), "000001");
    }
}
