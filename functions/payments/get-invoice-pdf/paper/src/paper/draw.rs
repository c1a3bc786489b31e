//! Writes what was laid out as PDF.

use std::num::NonZeroU16;

use krilla::{
    Document, SerializeSettings,
    configure::{Archival, ConfigurationBuilder},
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata, TextDirection},
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree,
    },
};

use super::{
    Paper,
    pages::{Page, Room, pages},
    sheet::{Band, Entry, Ink, Kind, MARGIN, Mark, PAGE, Part, Sheet, Slot, Style, WIDTH},
};
use connecto_shared::domain::india::day_of;

use crate::{
    Unprintable,
    labels::filled,
    text::{Run, Setter, width},
    wrap::{one_line, wrap},
};

/// What each page but the first begins with, and what each ends with.
const HEADER: f32 = 26.0;
const FOOTER: f32 = 26.0;
const SMALL: Style = Style::new(7.5, Ink::Faint);
/// How thick the outline of bold letters is, for a size of 1: there is one weight of each font.
const BOLD: f32 = 0.032;

/// What was drawn of each text, for the order of reading.
type Drawn = Vec<Vec<Identifier>>;

/// Writes a sheet.
pub(super) fn draw(sheet: &Sheet, paper: &Paper, setter: &Setter) -> Result<Vec<u8>, Unprintable> {
    let pages = on_pages(sheet);
    let mut document = Document::new_with(settings());
    document.set_metadata(metadata(paper));
    let mut drawn: Drawn = vec![Vec::new(); sheet.slots];
    for (number, page) in (1..).zip(&pages) {
        let Some(settings) = PageSettings::from_wh(PAGE.0, PAGE.1) else { continue };
        let mut on = document.start_page_with(settings);
        {
            let mut pen = Pen { surface: on.surface(), setter };
            pen.bands(sheet, page, number > 1, &mut drawn);
            pen.frame(paper, number, pages.len())?;
            pen.surface.finish();
        }
        on.finish();
    }
    document.set_tag_tree(tree(&sheet.parts, &drawn));
    Ok(document.finish()?)
}

/// Which of its bands stand on which page.
pub(super) fn on_pages(sheet: &Sheet) -> Vec<Page> {
    let extents: Vec<_> = sheet.bands.iter().map(|band| band.extent).collect();
    let head = sheet.bands.get(sheet.head.clone()).unwrap_or_default();
    let head = head.iter().map(|band| band.extent.height).sum();
    let first = PAGE.1 - 2.0 * MARGIN - FOOTER;
    pages(&extents, Room { first, later: first - HEADER, head })
}

/// PDF/A-2b: it can be read in years to come, with all that it needs in it. 2u and 2a would have each glyph stand for a letter
/// of its own, so that of syllables of several glyphs more would be copied than stands there.
fn settings() -> SerializeSettings {
    let configuration =
        ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish().unwrap_or_default();
    SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() }
}

fn metadata(paper: &Paper) -> Metadata {
    let metadata = Metadata::new()
        .title(paper.title())
        .language(paper.locale.as_str().to_owned())
        .text_direction(TextDirection::LeftToRight)
        .creator("ConnectO".to_owned())
        .document_id(paper.invoice.invoice_id.to_string())
        .creation_date(date_time(paper));
    match &paper.invoice.supplier.name {
        Some(name) => metadata.authors(vec![name.clone()]),
        None => metadata,
    }
}

/// When it got its number, in India.
fn date_time(paper: &Paper) -> DateTime {
    let day = day_of(paper.issued_at);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    DateTime::new(u16::try_from(day.year()).unwrap_or_default())
        .month(part(day.month()))
        .day(part(day.day()))
        .utc_offset_hour(5)
        .utc_offset_minute(30)
}

/// What draws on a page.
struct Pen<'a> {
    surface: Surface<'a>,
    setter: &'a Setter<'a>,
}

impl Pen<'_> {
    /// The bands of a page, each below the other.
    fn bands(&mut self, sheet: &Sheet, page: &Page, is_later: bool, drawn: &mut Drawn) {
        let mut y = if is_later { MARGIN + HEADER } else { MARGIN };
        let mut texts = Vec::new();
        let head = sheet.bands.get(sheet.head.clone()).unwrap_or_default();
        if page.repeats_head {
            for band in head {
                self.behind(band, y);
                for (_, x, base, style, runs) in texts_of(band) {
                    self.aside(ArtifactType::Other, |pen| pen.runs((x, y + base), style, runs));
                }
                y += band.extent.height;
            }
        }
        for band in sheet.bands.get(page.bands.clone()).unwrap_or_default() {
            self.behind(band, y);
            texts.extend(
                texts_of(band).map(|(slot, x, base, style, runs)| (slot, (x, y + base), style, runs)),
            );
            y += band.extent.height;
        }
        // In the order of reading, for who copies text without asking what belongs together.
        texts.sort_by_key(|(slot, ..)| *slot);
        for (slot, at, style, runs) in texts {
            let id = self.surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            self.runs(at, style, runs);
            self.surface.end_tagged();
            if let Some(ids) = drawn.get_mut(slot) {
                ids.push(id);
            }
        }
    }

    /// What each page has around what is on it.
    fn frame(&mut self, paper: &Paper, number: usize, of: usize) -> Result<(), Unprintable> {
        let of_all =
            filled(&paper.labels.page, &[("{page}", &number.to_string()), ("{pages}", &of.to_string())]);
        let bottom = PAGE.1 - MARGIN;
        let title = wrap(&paper.title(), WIDTH * 0.7 / SMALL.size, self.setter)?;
        self.aside(ArtifactType::Layout, |pen| pen.rule((MARGIN, bottom - 14.0), WIDTH, 0.5, Ink::Rule));
        let page = one_line(&of_all, self.setter)?;
        let x = MARGIN + WIDTH - page.width * SMALL.size;
        self.aside(ArtifactType::Footer, |pen| pen.runs((x, bottom), SMALL, &page.runs));
        let Some(title) = title.first() else { return Ok(()) };
        self.aside(ArtifactType::Footer, |pen| pen.runs((MARGIN, bottom), SMALL, &title.runs));
        if number > 1 {
            self.aside(ArtifactType::Header, |pen| pen.runs((MARGIN, MARGIN + 8.0), SMALL, &title.runs));
            self.aside(ArtifactType::Layout, |pen| pen.rule((MARGIN, MARGIN + 14.0), WIDTH, 0.5, Ink::Rule));
        }
        Ok(())
    }

    /// What is drawn here is not read aloud.
    fn aside(&mut self, kind: ArtifactType, draw: impl FnOnce(&mut Self)) {
        self.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
        draw(self);
        self.surface.end_tagged();
    }

    /// What is behind a band's texts.
    fn behind(&mut self, band: &Band, y: f32) {
        for mark in &band.marks {
            match *mark {
                Mark::Rule { x, width, thickness, ink } => {
                    self.aside(ArtifactType::Layout, |pen| pen.rule((x, y), width, thickness, ink));
                }
                // A little more, so that no line shows between two.
                Mark::Ground { x, width, ink } => {
                    let height = band.extent.height + 0.2;
                    self.aside(ArtifactType::Layout, |pen| pen.rectangle((x, y), (width, height), ink));
                }
                Mark::Text { .. } => {}
            }
        }
    }

    fn rule(&mut self, at: (f32, f32), width: f32, thickness: f32, ink: Ink) {
        self.rectangle(at, (width, thickness), ink);
    }

    fn rectangle(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), ink: Ink) {
        let Some(rectangle) = Rect::from_xywh(x, y, width, height) else { return };
        let mut path = PathBuilder::new();
        path.push_rect(rectangle);
        let Some(path) = path.finish() else { return };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(fill(ink)));
        self.surface.draw_path(&path);
    }

    fn runs(&mut self, (mut x, y): (f32, f32), style: Style, runs: &[Run]) {
        self.surface.set_fill(Some(fill(style.ink)));
        self.surface.set_stroke(style.is_bold.then(|| Stroke {
            paint: style.ink.colour().into(),
            width: BOLD * style.size,
            ..Stroke::default()
        }));
        for run in runs {
            // What was set in a font is drawn in it.
            let Ok(face) = self.setter.fonts.face(run.script) else { continue };
            let (at, font) = (Point::from_xy(x, y), face.font.clone());
            self.surface.draw_glyphs(at, &run.glyphs, font, &run.text, style.size, false);
            x += width(std::slice::from_ref(run)) * style.size;
        }
    }
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: ink.colour().into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn texts_of(band: &Band) -> impl Iterator<Item = (Slot, f32, f32, Style, &[Run])> {
    band.marks.iter().filter_map(|mark| match mark {
        Mark::Text { x, base, style, runs, slot } => Some((*slot, *x, *base, *style, runs.as_slice())),
        Mark::Rule { .. } | Mark::Ground { .. } => None,
    })
}

/// What is read, in its order.
fn tree(parts: &[Part], drawn: &Drawn) -> TagTree {
    let mut tree = TagTree::new();
    for part in parts {
        tree.push(match part {
            Part::Text(kind, slot) => {
                let group = match kind {
                    Kind::Title => TagGroup::new(Tag::Hn(NonZeroU16::MIN, None)),
                    Kind::Heading => TagGroup::new(Tag::Hn(NonZeroU16::MIN.saturating_add(1), None)),
                    Kind::Paragraph => TagGroup::new(Tag::P),
                };
                filled_with(group, *slot, drawn)
            }
            Part::Table(rows) => table(rows, drawn),
        });
    }
    tree
}

fn table(rows: &[Vec<Entry>], drawn: &Drawn) -> TagGroup {
    let mut table = TagGroup::new(Tag::Table);
    for row in rows {
        let mut group = TagGroup::new(Tag::TR);
        for Entry { slot, is_head } in row {
            let entry = if *is_head {
                TagGroup::new(Tag::TH(TableHeaderScope::Column))
            } else {
                TagGroup::new(Tag::TD)
            };
            group.push(filled_with(entry, *slot, drawn));
        }
        table.push(group);
    }
    table
}

/// A group of what was drawn of a text.
fn filled_with(mut group: TagGroup, slot: Slot, drawn: &Drawn) -> TagGroup {
    for id in drawn.get(slot).into_iter().flatten() {
        group.push(*id);
    }
    group
}
