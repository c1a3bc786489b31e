//! Text as it is set: split into runs of a font each, and shaped, so that letters become the glyphs that they have beside
//! one another.

use harfrust::{Buffer, Direction, Language, ShapeOptions, ShaperFont};
use krilla::text::{GlyphId, KrillaGlyph};

use connecto_shared::domain::locale::Locale;

use crate::{
    Unprintable,
    fonts::{Fonts, Script},
};

/// What sets text: in which fonts, and for readers of which language. Marathi has some letters of its own shape.
pub(crate) struct Setter<'a> {
    pub(crate) fonts: &'a Fonts,
    language: Option<Language>,
}

impl<'a> Setter<'a> {
    pub(crate) fn new(fonts: &'a Fonts, locale: Locale) -> Self {
        Self { fonts, language: Language::new(locale.as_str()) }
    }
}

/// What stands for a character that no font has.
const REPLACEMENT: char = '\u{FFFD}';

/// A part of a text that one font sets.
#[derive(Debug)]
pub(crate) struct Run {
    /// In which.
    pub(crate) script: Script,
    pub(crate) text: String,
    /// Their measures are for a size of 1.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// Where in it a line may end, in bytes from its beginning: never within a syllable.
    pub(crate) cuts: Vec<usize>,
}

/// Whether nobody sees a character, and no letter looks other for it.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'
            | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Splits a text into runs of one font each. What belongs to no script goes with what is before it, if that font has it; what
/// no font has is replaced, or left out where nobody would see it.
fn split(text: &str, setter: &Setter) -> Result<Vec<(Script, String)>, Unprintable> {
    let mut runs: Vec<(Script, String)> = Vec::new();
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        let c = if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c };
        let (script, c) = font_of(c, runs.last().map(|(script, _)| *script), setter)?;
        match runs.last_mut() {
            Some((last, run)) if *last == script => run.push(c),
            _ => runs.push((script, c.into())),
        }
    }
    Ok(runs)
}

/// Which font sets a character after one that is set in `before`, and what it sets.
fn font_of(c: char, before: Option<Script>, setter: &Setter) -> Result<(Script, char), Unprintable> {
    let first = Script::of(c).or(before);
    for script in first.into_iter().chain(Script::ALL) {
        if setter.fonts.face(script)?.has(c) {
            return Ok((script, c));
        }
    }
    Ok((Script::Latin, REPLACEMENT))
}

/// Sets a text.
pub(crate) fn set(text: &str, setter: &Setter) -> Result<Vec<Run>, Unprintable> {
    split(text, setter)?.into_iter().map(|(script, run)| shape(script, run, setter)).collect()
}

fn shape(script: Script, text: String, setter: &Setter) -> Result<Run, Unprintable> {
    let face = setter.fonts.face(script)?;
    let mut buffer = Buffer::new();
    buffer.push_str(&text);
    buffer.guess_segment_properties();
    buffer.set_direction(Direction::LeftToRight);
    buffer.set_language(setter.language.clone());
    if let Some(script) = script.in_unicode() {
        buffer.set_script(Some(script));
    }
    harfrust::shape(&ShaperFont::new(&face.shaping), &mut buffer, ShapeOptions::new())
        .map_err(|_| Unprintable::Font)?;
    let em = |units: i32| f32::from(i16::try_from(units).unwrap_or_default()) / face.font.units_per_em();
    let infos = buffer.glyph_infos();
    let mut glyphs = Vec::with_capacity(infos.len());
    let mut cuts = Vec::new();
    let mut rest = infos;
    for position in buffer.glyph_positions() {
        let Some((info, after)) = rest.split_first() else { break };
        let start = info.cluster as usize;
        // Glyphs of one cluster stand side by side, and are all of its text.
        let next = after.iter().find(|next| next.cluster != info.cluster);
        let end = next.map_or(text.len(), |next| next.cluster as usize);
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            em(position.x_advance),
            em(position.x_offset),
            em(position.y_offset),
            em(position.y_advance),
            start..end,
            None,
        ));
        // Between Latin letters a cut does no harm: they are only set closer or wider by what is beside them.
        if start > 0 && cuts.last() != Some(&start) && (script == Script::Latin || !info.unsafe_to_break()) {
            cuts.push(start);
        }
        rest = after;
    }
    Ok(Run { script, text, glyphs, cuts })
}

/// How wide a text is that is set, for a size of 1.
pub(crate) fn width(runs: &[Run]) -> f32 {
    runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.x_advance).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<(Script, String)> {
        split(text, &Setter::new(&Fonts::shipped(), Locale::En)).unwrap()
    }

    #[test]
    fn a_run_is_what_one_font_sets() {
        use Script::{Bengali, Devanagari, Latin, Tamil, Telugu};
        for (text, expected) in [
            ("Tap repair ₹499", vec![(Latin, "Tap repair ₹499")]),
            ("नल की मरम्मत ₹499।", vec![(Devanagari, "नल की मरम्मत ₹499।")]),
            ("ConnectO-র কল", vec![(Latin, "ConnectO-"), (Bengali, "র কল")]),
            ("24 घंटे Plumber", vec![(Latin, "24 "), (Devanagari, "घंटे "), (Latin, "Plumber")]),
            (
                "தமிழ் తెలుగు বাংলা हिन्दी",
                vec![(Tamil, "தமிழ் "), (Telugu, "తెలుగు "), (Bengali, "বাংলা "), (Devanagari, "हिन्दी")],
            ),
            // Joiners stay where they are: the letters around them look other for them.
            ("క్‌ష", vec![(Telugu, "క్‌ష")]),
            ("Rāma e\u{301}", vec![(Latin, "Rāma e\u{301}")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(script, text)| (script, text.to_owned())).collect();
            assert_eq!(runs(text), expected);
        }
    }

    #[test]
    fn what_no_font_has_is_replaced_and_what_nobody_sees_is_left_out() {
        assert_eq!(runs("γδ 👍\u{FE0F}"), [(Script::Latin, "\u{FFFD}\u{FFFD} \u{FFFD}".to_owned())]);
        assert_eq!(runs("a\u{202E}b\u{FEFF}\tc\n"), [(Script::Latin, "ab c ".to_owned())]);
        assert_eq!(runs(""), []);
    }

    /// So many glyphs as `HarfBuzz` 15 makes of them with the same fonts. Shapers that do not know a script have one for each
    /// letter.
    #[test]
    fn letters_become_the_glyphs_that_they_have_beside_one_another() {
        const WORDS: [(&str, usize); 31] = [
            ("क्ष", 1),
            ("स्त्री", 3),
            ("र्क", 2),
            ("ट्टू", 2),
            ("श्रृं", 3),
            ("विद्यार्थी", 6),
            ("ক্ষ", 1),
            ("প্র", 2),
            ("স্বা", 4),
            ("র্ক", 2),
            ("ন্ত্রী", 3),
            ("ট্টো", 4),
            ("কি", 2),
            ("க்ஷ", 1),
            ("ஸ்ரீ", 1),
            ("கொ", 3),
            ("மி", 2),
            ("ழ்", 1),
            ("டு", 1),
            ("స్త్రీ", 2),
            ("క్ష", 1),
            ("ర్క", 2),
            ("ట్టు", 3),
            ("కై", 1),
            ("સ્ત્રી", 2),
            ("ਪ੍ਰ", 2),
            ("ಸ್ತ್ರೀ", 3),
            ("സ്ത്രീ", 5),
            ("ସ୍ତ୍ରୀ", 2),
            ("office", 4),
            ("e\u{301}", 1),
        ];
        let fonts = Fonts::shipped();
        let setter = Setter::new(&fonts, Locale::En);
        for (word, glyphs) in WORDS {
            let all = glyphs_of(word, &setter);
            assert!(all.len() == glyphs && !all.contains(&0), "{word} {all:?}");
        }
    }

    /// Two letters have another shape in Marathi than in Hindi.
    #[test]
    fn letters_are_those_of_the_reader_s_language() {
        let fonts = Fonts::shipped();
        let in_language = |locale| glyphs_of("शाल", &Setter::new(&fonts, locale));
        assert_eq!(in_language(Locale::Hi), in_language(Locale::En));
        assert_ne!(in_language(Locale::Hi), in_language(Locale::Mr));
    }

    fn glyphs_of(text: &str, setter: &Setter) -> Vec<u32> {
        let set = set(text, setter).unwrap();
        set.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.glyph_id.to_u32()).collect()
    }

    #[test]
    fn no_cut_goes_through_a_syllable() {
        let fonts = Fonts::shipped();
        let setter = Setter::new(&fonts, Locale::En);
        for (text, parts) in [
            ("क्षमता", vec!["क्ष", "म", "ता"]),
            ("हिन्दी", vec!["हि", "न्दी"]),
            ("স্ত্রী", vec!["স্ত্রী"]),
            ("தமிழ்", vec!["த", "மி", "ழ்"]),
            ("స్త్రీలు", vec!["స్త్రీ", "లు"]),
            ("Ave\u{301}", vec!["A", "v", "e\u{301}"]),
        ] {
            let set = set(text, &setter).unwrap();
            let [run] = set.as_slice() else { panic!("{text}") };
            let ends = run.cuts.iter().copied().chain([text.len()]);
            let starts = std::iter::once(0).chain(run.cuts.iter().copied());
            let found: Vec<_> = starts.zip(ends).map(|(from, to)| &text[from..to]).collect();
            assert_eq!(found, parts, "{text}");
        }
    }

    #[test]
    fn each_glyph_knows_its_text() {
        let fonts = Fonts::shipped();
        let setter = Setter::new(&fonts, Locale::En);
        for text in ["नल की मरम्मत", "குழாய் ரிப்பேர்", "కుళాయి రిపేర్", "কল সারাই", "Tap repair"]
        {
            for run in set(text, &setter).unwrap() {
                let mut at = 0;
                for glyph in &run.glyphs {
                    assert!(glyph.text_range.start == at || glyph.text_range.end == at, "{text}");
                    at = glyph.text_range.end;
                }
                assert_eq!(at, run.text.len());
            }
        }
    }
}
