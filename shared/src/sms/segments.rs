//! How many messages a text is billed as (3GPP TS 23.038 and 23.040).

/// The alphabet that a text is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Seven bits a character; of the extension table, fourteen.
    Gsm7,
    /// Sixteen bits a character.
    Ucs2,
}

/// The default alphabet without the escape (TS 23.038, section 6.2.1).
const GSM7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension table (section 6.2.1.1).
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// A text's alphabet and the number of segments it takes: one of 160 or 70 characters, or several of 153 or 67.
#[must_use]
pub fn segments(text: &str) -> (Alphabet, usize) {
    let septets = text.chars().map(|c| match (GSM7.contains(c), EXTENSION.contains(c)) {
        (true, _) => Some(1),
        (_, true) => Some(2),
        _ => None,
    });
    match septets.sum::<Option<usize>>() {
        Some(septets) => (Alphabet::Gsm7, count(septets, 160, 153)),
        None => (Alphabet::Ucs2, count(text.encode_utf16().count(), 70, 67)),
    }
}

fn count(units: usize, alone: usize, joined: usize) -> usize {
    if units <= alone { 1 } else { units.div_ceil(joined) }
}
