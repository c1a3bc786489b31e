//! Passwords that are tried first by whoever guesses: the most used ones, their simple variations, and runs of keys.

/// One entry a line, lower-cased, sorted by bytes; `README.md` beside it says where it comes from.
const LIST: &str = include_str!("common_passwords.txt");

/// Below this a password is refused for its length, so the list has none that is shorter.
const MIN_CHARS: usize = 8;
/// Longer passwords are not looked at: none on the list comes near, and a limit keeps the work bounded.
const MAX_CHARS: usize = 128;
/// How much before and after a listed password counts as decoration: a date such as `01011990` still does.
const MAX_DECORATION: usize = 8;
/// The longest unit that only repeats: `abcdabcd`.
const MAX_REPEATED: usize = 4;
/// Rows in which each key follows its neighbour and the first follows the last.
const ROWS: [&str; 4] =
    ["1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertyuiop"];

/// Whether a password (in NFKC) is one of the most used, a listed one with digits or punctuation around it, or a run
/// of keys. Case makes no difference.
#[must_use]
pub fn is_common(password: &str) -> bool {
    let folded: Vec<char> = password.chars().take(MAX_CHARS + 1).flat_map(char::to_lowercase).collect();
    if folded.len() > MAX_CHARS {
        return false;
    }
    let before = decoration(folded.iter());
    let after = decoration(folded.iter().rev());
    (0..=before).any(|start| {
        (0..=after).any(|end| {
            let core = folded.get(start..folded.len().saturating_sub(end)).unwrap_or_default();
            core.len() >= MIN_CHARS && (is_run(core) || is_listed(&core.iter().collect::<String>()))
        })
    })
}

/// How many characters could be decoration, counted from one end.
fn decoration<'a>(characters: impl Iterator<Item = &'a char>) -> usize {
    characters.take(MAX_DECORATION).take_while(|character| !character.is_alphabetic()).count()
}

/// Halves the list as it lies, from line to line: an index of it would cost every cold start.
fn is_listed(password: &str) -> bool {
    let mut rest = LIST;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let bytes = rest.as_bytes();
        let start = bytes[..middle].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let end =
            bytes[middle..].iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| middle + end);
        // Cuts are beside line ends, which no character spans.
        match password.cmp(&rest[start..end]) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = &rest[..start],
            std::cmp::Ordering::Greater => rest = rest.get(end + 1..).unwrap_or_default(),
        }
    }
    false
}

/// `aaaaaaaa`, `abcabcabc`, `12345678`, `hgfedcba`, `qwertyui`.
fn is_run(characters: &[char]) -> bool {
    let repeats = |unit: usize| characters.iter().zip(&characters[unit..]).all(|(one, next)| one == next);
    (1..=MAX_REPEATED).any(repeats) || ROWS.iter().any(|row| follows(row, characters))
}

/// Whether each character is beside the one before it in the row, always in the same direction.
fn follows(row: &str, characters: &[char]) -> bool {
    let place = |character: char| row.find(character);
    let steps = |forward: bool| {
        characters.iter().zip(&characters[1..]).all(|(&one, &next)| {
            let (low, high) = if forward { (one, next) } else { (next, one) };
            place(low).is_some_and(|low| place(high) == Some((low + 1) % row.len()))
        })
    };
    steps(true) || steps(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_entry() {
        let mut count = 0;
        for entry in LIST.lines() {
            assert!(is_listed(entry), "{entry}");
            assert!(entry.chars().count() >= MIN_CHARS, "{entry}");
            assert_eq!(entry, entry.to_lowercase());
            count += 1;
        }
        assert!(count >= 5_000, "{count}");
        assert!(LIST.len() <= 300_000);
        assert!(LIST.lines().is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn finds_nothing_else() {
        for word in ["", "\n", "!", "~~~~~~~~", "password\n", "passwor", "zzzzzzzzzzzzzzzz!", "हिन्दी पासवर्ड"]
        {
            assert!(!is_listed(word), "{word:?}");
        }
        for entry in LIST.lines() {
            assert!(!is_listed(&format!("{entry}\u{7f}")));
        }
    }

    #[test]
    fn refuses_common_ones_however_decorated() {
        for password in [
            "password",
            "PassWord",
            "password1",
            "Password@123",
            "!!password!!",
            "2024password",
            "password01011990",
            "passw0rd!",
            "Baseball#7",
            "sunshine2025!",
            "iloveyou",
            "qwertyuiop1!",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn refuses_runs() {
        for password in [
            "aaaaaaaa",
            "........",
            "12345678",
            "98765432",
            "90123456",
            "12345678901234567890",
            "abcdefgh",
            "ZYXWVUTS",
            "xyzabcde",
            "qwertyui",
            "poiuytrewq",
            "asdfghjklzxcvbnm",
            "abababab",
            "xyzwxyzwxyzw",
            "abcdefgh123!",
            "अअअअअअअअ",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn lets_good_ones_through() {
        for password in [
            "correct horse battery staple",
            "monsoon-Kettle-47-verandah",
            "tr0ub4dor&zebra",
            "मेरी साइकिल नीली है",
            "kJ8#xQ2!mZ",
            "abcdefzh",
            "",
            "short",
        ] {
            assert!(!is_common(password), "{password}");
        }
        assert!(!is_common(&"password".repeat(1_000)));
    }
}
