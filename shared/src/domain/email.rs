//! Mail addresses.

use std::str::FromStr;

use email_address::{EmailAddress, Options};
use schemars::json_schema;

use super::text::{plain_text, text_type};

/// An address that mail can be sent to: one `@`, a domain with a dot, the domain in its ASCII form, all in lower case.
///
/// Lower case also left of the `@`: no provider in use tells `Asha@` from `asha@`, and two accounts for one mailbox
/// would be a way to take one over. At most 254 bytes (RFC 5321, section 4.5.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The part left of the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "invalid_email";
        let text = text.trim();
        if text.len() > 254 {
            return Err(INVALID);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(INVALID)?;
        // Quoted local parts and addresses of networks are legal, unused by people, and a way around filters.
        if !local.is_ascii() || local.contains(['"', '\\']) {
            return Err(INVALID);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| INVALID)?;
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&address, options).map_err(|_| INVALID)?;
        if address.len() > 254 {
            return Err(INVALID);
        }
        Ok(Self(address))
    }
}

plain_text!(Email);
text_type!(
    Email,
    json_schema!({ "type": "string", "format": "email", "maxLength": 254, "examples": ["asha@example.com"] })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        for spelling in ["asha@example.com", " Asha@EXAMPLE.com ", "ASHA@example.COM"] {
            assert_eq!(spelling.parse::<Email>().unwrap().as_str(), "asha@example.com");
        }
        assert_eq!("a@bücher.example".parse::<Email>().unwrap().as_str(), "a@xn--bcher-kva.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for broken in [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@localhost",
            "a b@example.com",
            "a@exam ple.com",
            "a@[127.0.0.1]",
            "\"a b\"@example.com",
            "A <a@example.com>",
            "a@example.com\r\nBcc: b@example.com",
            "a\0@example.com",
            "a@@example.com",
            "a@example..com",
            &long,
        ] {
            assert!(broken.parse::<Email>().is_err(), "{broken:?}");
        }
    }
}
