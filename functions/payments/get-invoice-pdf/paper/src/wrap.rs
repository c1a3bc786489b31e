//! Text on lines of a width: they end at spaces, and, where a word alone is too wide, between its syllables.

use crate::{
    Unprintable,
    text::{Run, Setter, set, width},
};

/// A line of text.
#[derive(Debug)]
pub(crate) struct Line {
    /// Set, with the space that it ends with if a word follows.
    pub(crate) runs: Vec<Run>,
    /// How wide it is without that space, for a size of 1.
    pub(crate) width: f32,
}

/// Sets a text on lines that are no wider than `limit`, for a size of 1. A syllable that is wider has a line of its own.
pub(crate) fn wrap(text: &str, limit: f32, setter: &Setter) -> Result<Vec<Line>, Unprintable> {
    // As it is set: from here on each of its bytes is where its glyphs say.
    let text: String = set(text, setter)?.into_iter().map(|run| run.text).collect();
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer, limit, setter)? {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(ended(&line, " ", setter)?);
        }
        let mut rest = word;
        while let Some((piece, after)) = cut(rest, limit, setter)? {
            lines.push(ended(piece, "", setter)?);
            rest = after;
        }
        rest.clone_into(&mut line);
    }
    if !line.is_empty() {
        lines.push(ended(&line, "", setter)?);
    }
    Ok(lines)
}

/// A text on one line, however wide.
pub(crate) fn one_line(text: &str, setter: &Setter) -> Result<Line, Unprintable> {
    ended(text, "", setter)
}

fn ended(text: &str, end: &str, setter: &Setter) -> Result<Line, Unprintable> {
    let runs = set(text, setter)?;
    let width = width(&runs);
    if end.is_empty() {
        return Ok(Line { runs, width });
    }
    Ok(Line { runs: set(&format!("{text}{end}"), setter)?, width })
}

fn fits(text: &str, limit: f32, setter: &Setter) -> Result<bool, Unprintable> {
    Ok(width(&set(text, setter)?) <= limit)
}

/// What of a word stands on a line of its own, and what is left; none of what fits whole, or cannot be cut.
fn cut<'a>(word: &'a str, limit: f32, setter: &Setter) -> Result<Option<(&'a str, &'a str)>, Unprintable> {
    let runs = set(word, setter)?;
    if width(&runs) <= limit {
        return Ok(None);
    }
    let mut cuts = Vec::new();
    let mut start = 0;
    for run in &runs {
        let within = run.cuts.iter().map(|cut| start + cut);
        cuts.extend((start > 0).then_some(start).into_iter().chain(within));
        start += run.text.len();
    }
    let parts = |at: &usize| word.split_at_checked(*at);
    for (piece, rest) in cuts.iter().rev().filter_map(parts) {
        if fits(piece, limit, setter)? {
            return Ok(Some((piece, rest)));
        }
    }
    Ok(cuts.first().and_then(parts))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::Config};

    use super::*;
    use connecto_shared::domain::locale::Locale;

    use crate::fonts::Fonts;

    fn wrapped(text: &str, limit: f32) -> Vec<String> {
        let text_of = |line: &Line| line.runs.iter().map(|run| run.text.as_str()).collect::<String>();
        wrap(text, limit, &Setter::new(&Fonts::shipped(), Locale::En)).unwrap().iter().map(text_of).collect()
    }

    #[test]
    fn lines_end_at_spaces() {
        assert_eq!(
            wrapped("Flat 12, Shanti Niwas, Karve Road", 8.0),
            ["Flat 12, Shanti ", "Niwas, Karve ", "Road"]
        );
        assert_eq!(wrapped("नल की मरम्मत और बदलना", 6.0), ["नल की मरम्मत ", "और बदलना"]);
        assert_eq!(wrapped("  two \n spaces ", 100.0), ["two spaces"]);
        assert!(wrapped("", 8.0).is_empty() && wrapped("  ", 8.0).is_empty());
    }

    #[test]
    fn a_word_that_is_too_wide_is_cut_between_syllables() {
        assert_eq!(wrapped("a Donaudampfschifffahrt", 5.0), ["a ", "Donauda", "mpfschifff", "ahrt"]);
        let tamil = wrapped("வாடிக்கையாளர்களுக்கான", 4.0);
        assert!(tamil.len() > 2, "{tamil:?}");
        // None begins with a vowel sign or a virama.
        assert!(
            !tamil.iter().any(|line| line.starts_with(|c| ('\u{BBE}'..='\u{BCD}').contains(&c))),
            "{tamil:?}"
        );
    }

    #[test]
    fn a_syllable_that_is_too_wide_has_a_line_of_its_own() {
        assert_eq!(wrapped("கை ab", 0.1), ["கை ", "a", "b"]);
    }

    proptest! {
        #![proptest_config(Config::with_cases(300))]

        /// Whatever it is: no line is too wide, and nothing is lost.
        #[test]
        fn lines_are_as_wide_as_they_may_be_at_most(
            text in "[a-zA-Z0-9 ,./\u{905}-\u{94D}\u{985}-\u{9B9}\u{BBE}-\u{BCD}\u{B95}-\u{BB9}\u{C15}-\u{C4D}₹।\u{200D}]{0,120}",
            limit in 6.0_f32..30.0,
        ) {
            let fonts = Fonts::shipped();
            let setter = Setter::new(&fonts, Locale::En);
            let lines = wrap(&text, limit, &setter).unwrap();
            for line in &lines {
                prop_assert!(line.width <= limit, "{} > {limit}: {:?}", line.width, line.runs);
            }
            let on_lines: String = lines.iter().flat_map(|line| &line.runs).map(|run| run.text.as_str()).collect();
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().concat();
            let as_set: String = set(&text, &setter).unwrap().into_iter().map(|run| run.text).collect();
            prop_assert_eq!(words(&on_lines), words(&as_set));
        }
    }
}
