//! The fonts that ship with the program: one for each script of the six languages, and of names and addresses in others of India.

use std::sync::{Arc, OnceLock};

use krilla::text::Font;

use crate::{
    Unprintable,
    packed::{packed, unpack},
};

/// A font, by the script that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Script {
    /// And what belongs to no script.
    Latin,
    Devanagari,
    Bengali,
    Tamil,
    Telugu,
    Gujarati,
    Gurmukhi,
    Kannada,
    Malayalam,
    Odia,
}

impl Script {
    pub(crate) const ALL: [Self; 10] = [
        Self::Latin,
        Self::Devanagari,
        Self::Bengali,
        Self::Tamil,
        Self::Telugu,
        Self::Gujarati,
        Self::Gurmukhi,
        Self::Kannada,
        Self::Malayalam,
        Self::Odia,
    ];

    /// To which script a letter belongs (Unicode, Blocks and Scripts); none of what several have: digits, spaces, dandas, and
    /// marks and joiners, which go with what is before them.
    pub(crate) fn of(letter: char) -> Option<Self> {
        match letter {
            '\u{964}' | '\u{965}' | '\u{1CD0}'..='\u{1CFF}' => None,
            '\u{900}'..='\u{97F}' | '\u{A8E0}'..='\u{A8FF}' => Some(Self::Devanagari),
            '\u{980}'..='\u{9FF}' => Some(Self::Bengali),
            '\u{B80}'..='\u{BFF}' => Some(Self::Tamil),
            '\u{C00}'..='\u{C7F}' => Some(Self::Telugu),
            '\u{A80}'..='\u{AFF}' => Some(Self::Gujarati),
            '\u{A00}'..='\u{A7F}' => Some(Self::Gurmukhi),
            '\u{C80}'..='\u{CFF}' => Some(Self::Kannada),
            '\u{D00}'..='\u{D7F}' => Some(Self::Malayalam),
            '\u{B00}'..='\u{B7F}' => Some(Self::Odia),
            _ => letter.is_alphabetic().then_some(Self::Latin),
        }
    }

    /// What Unicode calls it; none of what may be of several, which the letters say.
    pub(crate) fn in_unicode(self) -> Option<harfrust::Script> {
        match self {
            Self::Latin => None,
            Self::Devanagari => Some(harfrust::Script::DEVANAGARI),
            Self::Bengali => Some(harfrust::Script::BENGALI),
            Self::Tamil => Some(harfrust::Script::TAMIL),
            Self::Telugu => Some(harfrust::Script::TELUGU),
            Self::Gujarati => Some(harfrust::Script::GUJARATI),
            Self::Gurmukhi => Some(harfrust::Script::GURMUKHI),
            Self::Kannada => Some(harfrust::Script::KANNADA),
            Self::Malayalam => Some(harfrust::Script::MALAYALAM),
            Self::Odia => Some(harfrust::Script::ORIYA),
        }
    }
}

/// All of them. Each is unpacked when something is first set in it: in a millisecond or two, to 40 to 180 kB.
#[derive(Default)]
pub struct Fonts {
    faces: [OnceLock<Face>; Script::ALL.len()],
}

/// A font, ready to set text in.
pub(crate) struct Face {
    /// As what shapes text knows it.
    pub(crate) shaping: harfrust::Font,
    /// As what writes it knows it.
    pub(crate) font: Font,
}

impl Fonts {
    /// The fonts of the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self::default()
    }

    /// That of a script.
    pub(crate) fn face(&self, script: Script) -> Result<&Face, Unprintable> {
        let packed: &[u8] = match script {
            Script::Latin => packed!("fonts/NotoSans_400Regular.ttf"),
            Script::Devanagari => packed!("fonts/NotoSansDevanagari_400Regular.ttf"),
            Script::Bengali => packed!("fonts/NotoSansBengali_400Regular.ttf"),
            Script::Tamil => packed!("fonts/NotoSansTamil_400Regular.ttf"),
            Script::Telugu => packed!("fonts/NotoSansTelugu_400Regular.ttf"),
            Script::Gujarati => packed!("fonts/NotoSansGujarati_400Regular.ttf"),
            Script::Gurmukhi => packed!("fonts/NotoSansGurmukhi_400Regular.ttf"),
            Script::Kannada => packed!("fonts/NotoSansKannada_400Regular.ttf"),
            Script::Malayalam => packed!("fonts/NotoSansMalayalam_400Regular.ttf"),
            Script::Odia => packed!("fonts/NotoSansOriya_400Regular.ttf"),
        };
        let place = self.faces.get(script as usize).ok_or(Unprintable::Font)?;
        if let Some(face) = place.get() {
            return Ok(face);
        }
        // Who is at it at the same time makes the same.
        let face = Face::new(unpack(packed)?)?;
        Ok(place.get_or_init(|| face))
    }
}

impl Face {
    fn new(bytes: Vec<u8>) -> Result<Self, Unprintable> {
        let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes);
        let shaping = harfrust::Font::new(Arc::clone(&bytes), 0).ok_or(Unprintable::Font)?;
        let font = Font::new(bytes.into(), 0).ok_or(Unprintable::Font)?;
        Ok(Self { shaping, font })
    }

    /// Whether it has a glyph for a character.
    pub(crate) fn has(&self, character: char) -> bool {
        self.shaping.charmap().map_unicode(character).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_font_has_the_letters_of_its_script_and_what_all_have() {
        let fonts = Fonts::shipped();
        for (script, letters) in [
            (Script::Latin, "Aéāṭ₹€\u{FFFD}"),
            (Script::Devanagari, "कॐ\u{A8E0}"),
            (Script::Bengali, "কৎ"),
            (Script::Tamil, "கௐ"),
            (Script::Telugu, "కౘ"),
            (Script::Gujarati, "કૐ"),
            (Script::Gurmukhi, "ਕੴ"),
            (Script::Kannada, "ಕೞ"),
            (Script::Malayalam, "കൿ"),
            (Script::Odia, "କୱ"),
        ] {
            let face = fonts.face(script).unwrap();
            for letter in letters.chars() {
                assert!(face.has(letter), "{script:?} {letter}");
            }
            for common in " 0123456789.,:;()/-₹।\u{200C}\u{200D}\u{25CC}".chars() {
                assert!(face.has(common), "{script:?} {common:?}");
            }
        }
    }

    #[test]
    fn each_letter_belongs_to_one_script() {
        for (letter, script) in [
            ('A', Some(Script::Latin)),
            ('क', Some(Script::Devanagari)),
            ('ি', Some(Script::Bengali)),
            ('்', Some(Script::Tamil)),
            ('౹', Some(Script::Telugu)),
            ('1', None),
            ('₹', None),
            ('।', None),
            ('\u{301}', None),
            ('\u{200D}', None),
        ] {
            assert_eq!(Script::of(letter), script, "{letter:?}");
        }
    }
}
