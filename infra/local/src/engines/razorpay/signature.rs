//! How Razorpay signs: HMAC-SHA256, in small hexadecimal digits.

use std::fmt::Write as _;

use aws_lc_rs::hmac;

/// The signature of a text by a secret.
pub(super) fn of(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, text.as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn signatures_are_those_of_razorpays_own_examples() {
        for (secret, text, signature) in [
            (
                "EnLs21M47BllR3X8PSFtjtbd",
                "order_IEIaMR65cu6nz3|pay_IH4NVgf4Dreq1l",
                "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f",
            ),
            (
                "key_secret",
                "fake_order_id|fake_payment_id",
                "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",
            ),
            (
                "123456",
                r#"{"a":1,"b":2,"c":{"d":3}}"#,
                "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc",
            ),
        ] {
            assert_eq!(of(secret, text), signature);
        }
    }
}
