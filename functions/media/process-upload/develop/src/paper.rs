//! Papers (PDF): looked through whole, and kept as they are.
//!
//! What a reader of PDF makes of a damaged or contrived file is its own affair, so the file's tables are not asked:
//! every object that its bytes hold is looked at, wherever it lies, packed or not, in use or replaced.

mod stream;
mod syntax;

use std::collections::{HashMap, HashSet};

use connecto_shared::domain::media::{MAX_PAGES, Rejection};
use memchr::memmem;

use super::sniff::{holds_archive, is_padding};
use stream::{Filter, Unpacker};
use syntax::{Object, number, number_before, reference, references};

/// More objects than fifty pages need.
const MAX_OBJECTS: usize = 200_000;
/// More than the pages and the branches that bear them.
const MAX_NODES: usize = 1_000;

/// The number of pages of a paper that does nothing but be read.
pub fn pages(bytes: &[u8]) -> Result<usize, Rejection> {
    let end = memmem::rfind(bytes, b"%%EOF").ok_or(Rejection::Damaged)?;
    if holds_archive(bytes) || !is_padding(&bytes[end + 5..]) {
        return Err(Rejection::Disguised);
    }
    let mut paper = Paper {
        objects: HashMap::new(),
        streams: Vec::new(),
        root: None,
        budget: 4 * bytes.len() + stream::MAX_KEPT,
    };
    paper.look_at_file(bytes)?;
    let packed = paper.unpack(bytes)?;
    let mut sources = vec![bytes];
    for (index, Packed { bytes, first, count }) in packed.iter().enumerate() {
        paper.look_at_packed(bytes, index + 1, *first, *count)?;
        sources.push(bytes);
    }
    paper.count_pages(&sources)
}

/// Objects that lay packed in a stream.
struct Packed {
    bytes: Vec<u8>,
    /// Where the first is.
    first: usize,
    count: usize,
}

struct Paper {
    /// Of each number the last: its source (the file, or what was packed in it), and its place there.
    objects: HashMap<u32, (usize, usize)>,
    /// The places in the file of the objects that are streams.
    streams: Vec<usize>,
    /// The number of the object that all begins at.
    root: Option<u32>,
    /// How many bytes may yet be looked at. Some are more than once, but a file can be made so that all would be.
    budget: usize,
}

impl Paper {
    /// Looks at every object that lies open in the file, and at its trailers.
    fn look_at_file(&mut self, file: &[u8]) -> Result<(), Rejection> {
        for at in memmem::find_iter(file, b"trailer") {
            let trailer = Object::read(file, at + 7, &mut self.budget)?;
            self.heed_trailer(&trailer)?;
        }
        for at in memmem::find_iter(file, b"obj") {
            let before = &file[..at];
            if let Some(number) = number_before(before) {
                self.look_at_object(file, at + 3, Some(number))?;
            } else if !before.ends_with(b"end") {
                // Three letters of something else, most likely; or its number is hidden behind a comment.
                match self.look_at_object(file, at + 3, None) {
                    Err(Rejection::Damaged) | Ok(()) => {}
                    Err(harmful) => return Err(harmful),
                }
            }
        }
        Ok(())
    }

    fn look_at_object(&mut self, file: &[u8], at: usize, number: Option<u32>) -> Result<(), Rejection> {
        let object = Object::read(file, at, &mut self.budget)?;
        if object.stream.is_some() {
            // A file elsewhere, whatever is in it by then.
            if object.get(b"F").is_some() {
                return Err(Rejection::ActiveContent);
            }
            // Newer files have no trailer but this.
            if object.get(b"Root").is_some() {
                self.heed_trailer(&object)?;
            }
            self.streams.push(at);
        }
        self.remember(number, (0, at))
    }

    fn remember(&mut self, number: Option<u32>, place: (usize, usize)) -> Result<(), Rejection> {
        if let Some(number) = number {
            self.objects.insert(number, place);
        }
        let is_too_much = self.objects.len().max(self.streams.len()) > MAX_OBJECTS;
        if is_too_much { Err(Rejection::TooMuchInside) } else { Ok(()) }
    }

    fn heed_trailer(&mut self, trailer: &Object<'_>) -> Result<(), Rejection> {
        if trailer.get(b"Encrypt").is_some() {
            return Err(Rejection::Encrypted);
        }
        self.root = trailer.get(b"Root").and_then(reference).or(self.root);
        Ok(())
    }

    /// Unpacks every stream, and keeps what is objects.
    fn unpack(&mut self, file: &[u8]) -> Result<Vec<Packed>, Rejection> {
        let mut unpacker = Unpacker::new();
        let (mut packed, mut seen) = (Vec::new(), HashSet::new());
        for at in std::mem::take(&mut self.streams) {
            let object = Object::read(file, at, &mut self.budget)?;
            // Many may claim to begin the one stream.
            let Some(begin) = object.stream.filter(|begin| seen.insert(*begin)) else { continue };
            let Some(data) = file.get(begin..) else { continue };
            let filters = self.resolved(file, object.get(b"Filter"));
            let filters: Vec<_> = syntax::names(filters).map(|name| Filter::of(&name)).collect();
            if object.get(b"First").is_none() {
                unpacker.pass_over(data, &filters)?;
                continue;
            }
            let [first, count] =
                [b"First".as_slice(), b"N"].map(|key| number(self.resolved(file, object.get(key))));
            let (Some(first), Some(count)) = (first, count) else { return Err(Rejection::Damaged) };
            // Nobody writes objects so; what cannot be unpacked cannot be looked at.
            if object.get(b"DecodeParms").is_some() {
                return Err(Rejection::TooMuchInside);
            }
            let bytes = unpacker.keep(data, &filters)?;
            packed.push(Packed { bytes, first: first as usize, count: count as usize });
        }
        Ok(packed)
    }

    /// A value, or the one in the file that it refers to.
    fn resolved<'a>(&mut self, file: &'a [u8], value: Option<&'a [u8]>) -> &'a [u8] {
        let value = value.unwrap_or_default();
        let place = reference(value).and_then(|number| self.objects.get(&number));
        match place {
            Some((0, at)) => Object::read(file, *at, &mut self.budget).map_or(value, |object| object.value),
            _ => value,
        }
    }

    /// Looks at the objects of a stream: it begins with the number and the place of each.
    fn look_at_packed(
        &mut self,
        bytes: &[u8],
        source: usize,
        first: usize,
        count: usize,
    ) -> Result<(), Rejection> {
        let (mut numbers, bodies) = (syntax::numbers(bytes), bytes.get(first..).ok_or(Rejection::Damaged)?);
        for _ in 0..count {
            let (Some(number), Some(at)) = (numbers.next(), numbers.next()) else {
                return Err(Rejection::Damaged);
            };
            if at as usize > bodies.len() {
                return Err(Rejection::Damaged);
            }
            let at = first + at as usize;
            Object::read(bytes, at, &mut self.budget)?;
            self.remember(Some(number), (source, at))?;
        }
        Ok(())
    }

    fn count_pages(&mut self, sources: &[&[u8]]) -> Result<usize, Rejection> {
        let root = self.object(sources, self.root.ok_or(Rejection::Damaged)?)?;
        let mut nodes = vec![root.get(b"Pages").and_then(reference).ok_or(Rejection::Damaged)?];
        let (mut seen, mut pages) = (0, 0);
        while let Some(number) = nodes.pop() {
            seen += 1;
            let node = self.object(sources, number)?;
            if let Some(mut kids) = node.get(b"Kids") {
                if let Some(number) = reference(kids) {
                    kids = self.object(sources, number)?.value;
                }
                nodes.extend(references(kids).take(MAX_NODES));
            } else {
                pages += 1;
            }
            if pages > MAX_PAGES || seen + nodes.len() > MAX_NODES {
                return Err(Rejection::TooManyPages);
            }
        }
        if pages == 0 { Err(Rejection::Damaged) } else { Ok(pages) }
    }

    fn object<'a>(&mut self, sources: &[&'a [u8]], number: u32) -> Result<Object<'a>, Rejection> {
        let (source, at) = self.objects.get(&number).ok_or(Rejection::Damaged)?;
        Object::read(sources[*source], *at, &mut self.budget)
    }
}
