//! What a paper is made of: bands across it, one below the other, each as high as a line of text. Lengths are in points.

use krilla::color::rgb;

use super::pages::Extent;
use crate::{
    Unprintable,
    text::{Run, Setter},
    wrap::{Line, one_line, wrap},
};

/// A4.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// What is left free at each side.
pub(super) const MARGIN: f32 = 42.0;
/// How wide the text is.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// So high is a line, and so far below its top the letters stand, for a size of 1: Telugu reaches 0.9 up and 0.5 down.
const LINE: f32 = 1.5;
const BASE: f32 = 1.05;

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Faint,
    Brand,
    Rule,
    Ground,
}

impl Ink {
    /// In sRGB.
    pub(super) fn colour(self) -> rgb::Color {
        let [red, green, blue] = match self {
            Self::Text => [0x1B, 0x24, 0x30],
            Self::Faint => [0x5B, 0x67, 0x76],
            Self::Brand => [0x0B, 0x5C, 0x6B],
            Self::Rule => [0xC9, 0xD1, 0xD9],
            Self::Ground => [0xEE, 0xF2, 0xF5],
        };
        rgb::Color::new(red, green, blue)
    }
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) is_bold: bool,
    pub(super) ink: Ink,
}

impl Style {
    pub(super) const fn new(size: f32, ink: Ink) -> Self {
        Self { size, is_bold: false, ink }
    }

    pub(super) const fn bold(self) -> Self {
        Self { is_bold: true, ..self }
    }

    pub(super) const fn sized(self, size: f32) -> Self {
        Self { size, ..self }
    }
}

/// At which end of its cell a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Where in the order of reading a text belongs.
pub(super) type Slot = usize;

/// What is printed.
#[derive(Debug)]
pub(super) enum Mark {
    Text {
        x: f32,
        /// From the top of its band.
        base: f32,
        style: Style,
        runs: Vec<Run>,
        slot: Slot,
    },
    /// A line across the top of its band.
    Rule { x: f32, width: f32, thickness: f32, ink: Ink },
    /// What is behind its band.
    Ground { x: f32, width: f32, ink: Ink },
}

/// A band.
#[derive(Debug)]
pub(super) struct Band {
    pub(super) extent: Extent,
    pub(super) marks: Vec<Mark>,
}

/// What a text is, for who has it read aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Title,
    Heading,
    Paragraph,
}

/// A part of what is read, in the order of reading.
#[derive(Debug)]
pub(super) enum Part {
    Text(Kind, Slot),
    Table(Vec<Vec<Entry>>),
}

/// An entry of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) slot: Slot,
    pub(super) is_head: bool,
}

/// All that is printed.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) bands: Vec<Band>,
    /// What is repeated of the table on each of its pages.
    pub(super) head: std::ops::Range<usize>,
    pub(super) parts: Vec<Part>,
    pub(super) slots: usize,
}

/// Text of a place that is so wide: what is written into it stands on lines below one another.
#[derive(Debug)]
pub(super) struct Cell {
    x: f32,
    width: f32,
    side: Side,
    slot: Slot,
    lines: Vec<(Line, Style)>,
}

impl Cell {
    pub(super) fn new(x: f32, width: f32, side: Side, slot: Slot) -> Self {
        Self { x, width, side, slot, lines: Vec::new() }
    }

    /// Writes a text, on as many lines as it needs.
    pub(super) fn write(mut self, text: &str, style: Style, setter: &Setter) -> Result<Self, Unprintable> {
        let lines = wrap(text, self.width / style.size, setter)?;
        self.lines.extend(lines.into_iter().map(|line| (line, style)));
        Ok(self)
    }

    /// Writes a text that cannot be parted, such as an amount: smaller, where it would be too wide.
    pub(super) fn write_whole(
        mut self,
        text: &str,
        style: Style,
        setter: &Setter,
    ) -> Result<Self, Unprintable> {
        let line = one_line(text, setter)?;
        let style = style.sized(style.size.min(self.width / line.width.max(f32::MIN_POSITIVE)));
        self.lines.push((line, style));
        Ok(self)
    }
}

/// How bands behave that are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Each for itself.
    Free,
    /// On the page of the next.
    Kept,
    /// In a row of the table, on the page of the next.
    Row,
    /// At the end of a row.
    RowEnd,
}

impl Flow {
    fn extent(self, height: f32) -> Extent {
        let keeps = matches!(self, Self::Kept | Self::Row);
        Extent { height, keeps, is_row: matches!(self, Self::Row | Self::RowEnd), is_gap: false }
    }
}

impl Sheet {
    /// A place in the order of reading for a text.
    pub(super) fn text(&mut self, kind: Kind) -> Slot {
        let slot = self.slot();
        self.parts.push(Part::Text(kind, slot));
        slot
    }

    /// One that is put into a table later.
    pub(super) fn slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    /// Space, and what is printed there.
    pub(super) fn space(&mut self, height: f32, flow: Flow, marks: Vec<Mark>) {
        self.bands.push(Band { extent: flow.extent(height), marks });
    }

    /// Has what was added last stand on the page of what follows.
    pub(super) fn keep(&mut self) {
        if let Some(last) = self.bands.last_mut() {
            last.extent.keeps = true;
        }
    }

    /// Space that no page begins with.
    pub(super) fn gap(&mut self, height: f32) {
        let extent = Extent { is_gap: true, ..Flow::Free.extent(height) };
        self.bands.push(Band { extent, marks: Vec::new() });
    }

    /// Cells beside one another, line by line; where `is_low`, with their last lines beside one another.
    pub(super) fn beside(&mut self, cells: Vec<Cell>, is_low: bool, flow: Flow) {
        let count = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or_default();
        let mut bands: Vec<Beside> = (0..count).map(|_| Beside::default()).collect();
        for cell in cells {
            let skipped = if is_low { count - cell.lines.len() } else { 0 };
            for ((line, style), band) in cell.lines.into_iter().zip(bands.iter_mut().skip(skipped)) {
                let x = match cell.side {
                    Side::Left => cell.x,
                    Side::Right => cell.x + cell.width - line.width * style.size,
                };
                band.size = band.size.max(style.size);
                band.texts.push((x, style, line.runs, cell.slot));
            }
        }
        for Beside { size, texts } in bands {
            // Letters of all sizes stand on the same line.
            let base = BASE * size;
            let mark = |(x, style, runs, slot)| Mark::Text { x, base, style, runs, slot };
            let marks = texts.into_iter().map(mark).collect();
            self.bands.push(Band { extent: flow.extent(LINE * size), marks });
        }
    }

    /// Has the bands from one on stand on a ground.
    pub(super) fn ground(&mut self, from: usize, ink: Ink) {
        for band in self.bands.iter_mut().skip(from) {
            band.marks.insert(0, Mark::Ground { x: MARGIN, width: WIDTH, ink });
        }
    }
}

/// Lines beside one another.
#[derive(Default)]
struct Beside {
    /// Of the largest letters.
    size: f32,
    texts: Vec<(f32, Style, Vec<Run>, Slot)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use connecto_shared::domain::locale::Locale;

    use crate::{fonts::Fonts, text::width};

    #[test]
    fn what_cannot_be_parted_is_smaller_where_it_would_be_too_wide() {
        let fonts = Fonts::shipped();
        let setter = Setter::new(&fonts, Locale::En);
        let style = Style::new(10.0, Ink::Text);
        for (room, size) in [(30.0, 4.0..6.0), (200.0, 10.0..10.1)] {
            let mut sheet = Sheet::default();
            let cell = Cell::new(MARGIN, room, Side::Right, 0);
            sheet.beside(vec![cell.write_whole("₹1,49,900.00", style, &setter).unwrap()], false, Flow::Free);
            let [Mark::Text { x, style, runs, .. }] = sheet.bands[0].marks.as_slice() else { panic!() };
            assert!(size.contains(&style.size), "{}", style.size);
            assert!((x + width(runs) * style.size - MARGIN - room).abs() < 0.01);
        }
    }
}
