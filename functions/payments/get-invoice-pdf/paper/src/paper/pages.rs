//! Which band stands on which page.

use std::ops::Range;

/// What a band needs to have its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// In points.
    pub(super) height: f32,
    /// Whether the next stands on the same page, if a page can hold all that belongs together.
    pub(super) keeps: bool,
    /// Whether it is of a table: on a page that it begins, the table's head is repeated.
    pub(super) is_row: bool,
    /// Whether it is nothing but space, which no page begins with.
    pub(super) is_gap: bool,
}

/// How much room there is, in points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// On the first page.
    pub(super) first: f32,
    /// On each other.
    pub(super) later: f32,
    /// What the table's head takes of it where it is repeated.
    pub(super) head: f32,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Its bands.
    pub(super) bands: Range<usize>,
    /// Whether it begins with the table's head.
    pub(super) repeats_head: bool,
}

/// Lays bands out on pages: at least one, and as few as can be.
pub(super) fn pages(bands: &[Extent], room: Room) -> Vec<Page> {
    let mut pages = Vec::new();
    let (mut page, mut left) = (Page { bands: 0..0, repeats_head: false }, room.first);
    while let Some(band) = bands.get(page.bands.end) {
        let group = group(bands, page.bands.end);
        let height: f32 = group.iter().map(|band| band.height).sum();
        let fresh = if band.is_row { room.later - room.head } else { room.later };
        let is_empty = page.bands.is_empty();
        let placed = if height <= left {
            group.len()
        } else if !is_empty && height <= fresh {
            0
        } else {
            // No page can hold it: it is parted.
            fitting(group, left).max(usize::from(is_empty))
        };
        page.bands.end += placed;
        if placed == group.len() {
            left -= height;
            continue;
        }
        let next = page.bands.end + bands.iter().skip(page.bands.end).take_while(|band| band.is_gap).count();
        pages.push(page);
        let repeats_head = bands.get(next).is_some_and(|band| band.is_row);
        left = if repeats_head { room.later - room.head } else { room.later };
        page = Page { bands: next..next, repeats_head };
    }
    if pages.is_empty() || !page.bands.is_empty() {
        pages.push(page);
    }
    pages
}

/// What stands on one page with a band: those after it up to the first that keeps nothing.
fn group(bands: &[Extent], from: usize) -> &[Extent] {
    let rest = bands.get(from..).unwrap_or_default();
    let kept = rest.iter().take_while(|band| band.keeps).count();
    rest.get(..=kept).unwrap_or(rest)
}

/// How many of a group fit.
fn fitting(group: &[Extent], mut left: f32) -> usize {
    let fits = |band: &&Extent| {
        left -= band.height;
        left >= 0.0
    };
    group.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { first: 100.0, later: 80.0, head: 20.0 };

    fn band(height: f32) -> Extent {
        Extent { height, keeps: false, is_row: false, is_gap: false }
    }

    fn kept(height: f32) -> Extent {
        Extent { keeps: true, ..band(height) }
    }

    fn row(height: f32) -> Extent {
        Extent { is_row: true, ..band(height) }
    }

    fn on_pages(bands: &[Extent]) -> Vec<(Range<usize>, bool)> {
        pages(bands, ROOM).into_iter().map(|page| (page.bands, page.repeats_head)).collect()
    }

    #[test]
    fn what_fits_is_on_one_page_and_nothing_is_on_one_too() {
        assert_eq!(on_pages(&[]), [(0..0, false)]);
        assert_eq!(on_pages(&[band(50.0), band(50.0)]), [(0..2, false)]);
        assert_eq!(on_pages(&[band(50.0), band(50.1)]), [(0..1, false), (1..2, false)]);
    }

    #[test]
    fn a_page_that_begins_within_the_table_repeats_its_head() {
        // Eight of thirty: three, and then two a page beside a head of twenty.
        assert_eq!(on_pages(&[row(30.0); 8]), [(0..3, false), (3..5, true), (5..7, true), (7..8, true)]);
        assert_eq!(on_pages(&[row(60.0), row(30.0), band(60.0)]), [(0..2, false), (2..3, false)]);
    }

    #[test]
    fn what_belongs_together_is_not_parted() {
        assert_eq!(on_pages(&[band(70.0), kept(20.0), band(20.0)]), [(0..1, false), (1..3, false)]);
        // A head moves with the first row, and is not repeated above itself.
        assert_eq!(on_pages(&[band(70.0), kept(20.0), row(20.0)]), [(0..1, false), (1..3, false)]);
        // The last of them may say that it keeps the next where there is none.
        assert_eq!(on_pages(&[band(70.0), kept(40.0)]), [(0..1, false), (1..2, false)]);
    }

    #[test]
    fn what_no_page_can_hold_is_parted() {
        let long = [Extent { keeps: true, ..row(30.0) }; 6];
        assert_eq!(on_pages(&long), [(0..3, false), (3..5, true), (5..6, true)]);
        assert_eq!(on_pages(&[band(500.0), band(1.0)]), [(0..1, false), (1..2, false)]);
    }

    #[test]
    fn no_page_begins_with_space() {
        let gap = Extent { is_gap: true, ..band(10.0) };
        assert_eq!(on_pages(&[band(95.0), gap, band(10.0)]), [(0..1, false), (2..3, false)]);
        assert_eq!(on_pages(&[band(95.0), gap]), [(0..1, false)]);
    }
}
