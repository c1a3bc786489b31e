//! Takes out of a font what paper has no use for: letters of other scripts, what nobody turns on, what fits glyphs to the dots of
//! a screen, and what glyphs are called.

use std::{error::Error, ops::RangeInclusive};

use skera::{DEFAULT_DROP_TABLES, DEFAULT_LAYOUT_FEATURES, Plan, SubsetFlags, subset_font};
use write_fonts::read::{
    FontRef,
    collections::IntSet,
    types::{NameId, Tag},
};

/// Digits, marks, spaces, dandas, joiners, the sign of the rupee, and what a vowel sign stands on that stands alone: each font
/// has them.
const COMMON: [RangeInclusive<u32>; 9] = [
    0x20..=0x40,
    0x5B..=0x60,
    0x7B..=0x7E,
    0xA0..=0xA0,
    0x964..=0x965,
    0x200C..=0x200D,
    0x2010..=0x2026,
    0x20B9..=0x20B9,
    0x25CC..=0x25CC,
];
/// Whose a font is, by what it is known in a PDF, and its licence, which asks to be told wherever the font goes.
const NAMES: [NameId; 4] = [NameId::new(0), NameId::new(6), NameId::new(13), NameId::new(14)];
/// English of the United States, in names.
const ENGLISH: u16 = 0x409;
/// What fits glyphs to dots, and what tells of a family of fonts.
const LEFT_OUT: [&[u8; 4]; 4] = [b"STAT", b"gasp", b"meta", b"prep"];

/// A font of these characters alone and those that all have, with all that they may become beside one another.
pub fn subset(font: &[u8], characters: &[RangeInclusive<u32>]) -> Result<Vec<u8>, Box<dyn Error>> {
    let font = FontRef::new(font)?;
    let mut unicodes = IntSet::empty();
    COMMON.iter().chain(characters).for_each(|range| unicodes.insert_range(range.clone()));
    let tags = |tags: &[Tag]| {
        let mut set = IntSet::empty();
        set.extend(tags.iter().copied());
        set
    };
    let mut left_out = tags(DEFAULT_DROP_TABLES);
    left_out.extend(LEFT_OUT.iter().map(|tag| Tag::new(tag)));
    let (mut names, mut languages) = (IntSet::empty(), IntSet::empty());
    names.extend(NAMES);
    languages.insert(ENGLISH);
    let plan = Plan::new(
        &IntSet::empty(),
        &unicodes,
        &font,
        SubsetFlags::SUBSET_FLAGS_NO_HINTING | SubsetFlags::SUBSET_FLAGS_NOTDEF_OUTLINE,
        &left_out,
        &IntSet::all(),
        &tags(DEFAULT_LAYOUT_FEATURES),
        &names,
        &languages,
    );
    subset_font(&font, &plan).map_err(|error| format!("a font cannot be made smaller: {error:?}").into())
}
