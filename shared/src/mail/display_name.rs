//! A person's name, made fit to stand in a mail.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Long enough for a greeting, too short for a message of somebody else's.
const MAX_CHARS: usize = 40;
/// More of the input than this is not read: normalising makes some characters eighteen.
const MAX_CHARS_READ: usize = 400;
/// An Indic syllable stacks up to four marks on its letter; more only smear over the lines around.
const MAX_MARKS_IN_A_ROW: usize = 4;

/// Zero width, but part of how Indic scripts spell: they choose between the forms of a conjunct.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// The name as mails show it; none where nothing of it is left.
///
/// Anybody can register somebody else's address under a name of their choice, and the mail then carries that name with
/// our signature. So only what names are made of comes through, rather than all that is not known to be harmful:
/// - letters with their marks, apostrophes, hyphens, full stops, and the joiners that Indic scripts spell with.
///   Everything else is a space: markup, line ends, `://`, `@`, and the invisible characters that turn the direction
///   of the text around.
/// - A space follows every full stop, because mail programs make a link of `evil.example` though nobody marked it up.
///   That is how initials are written anyway (`A. P. J.`), and unlike an invisible character it survives being copied.
/// - No digits: telephones make a link to call of them.
/// - Few enough characters that no message fits.
pub(super) fn display_name(name: &str) -> Option<String> {
    let mut shown = String::new();
    let mut marks = 0;
    // Compatibility forms first: U+FF0E and U+2024 are full stops to a mail program, too.
    for character in name.chars().take(MAX_CHARS_READ).nfkc().take(MAX_CHARS_READ) {
        let is_mark = is_combining_mark(character) || is_joiner(character);
        marks = if is_mark { marks + 1 } else { 0 };
        let in_a_word =
            shown.ends_with(|last: char| last.is_alphabetic() || is_combining_mark(last) || is_joiner(last));
        if is_mark || matches!(character, '\'' | '\u{2019}' | '-') {
            if in_a_word && marks <= MAX_MARKS_IN_A_ROW {
                shown.push(character);
            }
        } else if character == '.' {
            if in_a_word {
                shown.push_str(". ");
            }
        } else if character.is_alphabetic() {
            shown.push(character);
        } else if !shown.ends_with(' ') {
            shown.push(' ');
        }
    }
    let shown = shorten(shown.trim());
    shown.chars().any(char::is_alphabetic).then(|| shown.to_owned())
}

/// The first [`MAX_CHARS`] characters, but neither half a word where there is a whole one nor half a syllable.
fn shorten(name: &str) -> &str {
    let Some((end, _)) = name.char_indices().nth(MAX_CHARS) else { return name };
    let head = &name[..end];
    let last_space = head.rfind(' ').filter(|_| !name[end..].starts_with(' '));
    head[..last_space.unwrap_or(end)].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        display_name(name).unwrap_or_default()
    }

    #[test]
    fn leaves_names_as_they_are() {
        for name in [
            "Asha",
            "Asha Devi Sharma",
            "Jean-Luc O'Brien",
            "D\u{2019}Souza",
            "श्रीमती आशा शर्मा",
            "கவிதா ராமச்சந்திரன்",
            "వెంకట లక్ష్మి",
            "মৌসুমী চট্টোপাধ্যায়",
            "क्\u{200d}षमा",
            "José Ñáñez",
        ] {
            assert_eq!(shown(name), name.nfkc().collect::<String>(), "{name}");
        }
        assert_eq!(shown("A.P.J. Abdul Kalam"), "A. P. J. Abdul Kalam");
        assert_eq!(shown("  Asha \t  Devi  "), "Asha Devi");
    }

    #[test]
    fn defuses_what_is_no_name() {
        assert_eq!(shown("<b>Asha</b>"), "b Asha b");
        assert_eq!(shown("Asha\r\nBcc: all@evil.example"), "Asha Bcc all evil. example");
        assert_eq!(shown("http://evil.example/login?a=1"), "http evil. example login a");
        assert_eq!(
            shown("evil\u{ff0e}example, evil\u{2024}example, evil\u{3002}example"),
            "evil. example evil. example evil example"
        );
        assert_eq!(shown("\u{202e}ahsA\u{2066}\u{200b}\u{feff}"), "ahsA");
        assert_eq!(shown("Call 98765 43210 now"), "Call now");
        assert_eq!(shown("९८७६५ \u{ff19}\u{ff18}"), "");
        assert_eq!(shown("A\u{0}sha \u{1f389}"), "A sha");
        assert_eq!(shown("{{ 7 * 7 }}{name}"), "name");
        assert_eq!(display_name("\u{200d}\u{93c} ... --- \u{7}"), None);
        assert_eq!(display_name(""), None);
    }

    #[test]
    fn shortens_at_a_word() {
        let long = shown(&"Asha ".repeat(2_000));
        assert_eq!(long, "Asha Asha Asha Asha Asha Asha Asha Asha");
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), MAX_CHARS);
        assert!(shown(&format!("A{}", "\u{301}".repeat(10_000))).chars().count() <= 1 + MAX_MARKS_IN_A_ROW);
        assert!(shown(&"\u{fdfa}".repeat(10_000)).chars().count() <= MAX_CHARS);
    }
}
