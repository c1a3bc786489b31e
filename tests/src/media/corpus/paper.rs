//! Papers: of as many pages as are wanted, and with more in them.

use std::{fmt::Write as _, io::Write as _};

use flate2::{Compression, write::ZlibEncoder};

/// A letter of two pages.
pub fn paper() -> Vec<u8> {
    Draft::of_pages(2).finish("")
}

/// A paper of three pages as newer programs write it: objects packed, and a stream for a trailer.
pub fn packed_paper() -> Vec<u8> {
    let bodies = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Kids 4 0 R/Count 3>>",
        "<</Type/Page/Parent 2 0 R>>",
        "[3 0 R 3 0 R 3 0 R]",
    ];
    let (mut head, mut at) = (String::new(), 0);
    for (number, body) in (1..).zip(bodies) {
        let _ = write!(head, "{number} {at} ");
        at += body.len() + 1;
    }
    let mut draft = Draft { bytes: b"%PDF-1.7\n".to_vec(), places: vec![0; bodies.len()] };
    let objects = format!("/Type /ObjStm /N 4 /First {} /Filter [/FlateDecode]", head.len());
    draft.stream(&objects, &packed(format!("{head}{}", bodies.join(" ")).as_bytes()));
    draft.stream("/Type /XRef /Size 7 /W [1 1 1] /Root 1 0 R", &[0; 21]);
    [draft.bytes, b"startxref\n0\n%%EOF".to_vec()].concat()
}

/// A paper that leads to a page of the web and begins at its top: neither does any harm.
pub fn linked_paper() -> Vec<u8> {
    let mut draft = Draft::of_pages_and(1, "/OpenAction [5 0 R /XYZ null null 0] /Names << /Dests 7 0 R >>");
    draft.object("<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://example.org/\\(a\\)) >> >>");
    draft.object("<< /Names [ (Top (of it)) 5 0 R ] /Differences [ 1 /AA /JS /#41 ] >>");
    draft.stream("/Filter [ /ASCII85Decode /FlateDecode ]", b"GhQGtJKd!ILX~>");
    draft.finish("/Info << /Title (A% letter) >>")
}

/// A paper while it is written. Its first object is the catalogue.
pub struct Draft {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Draft {
    /// A paper of so many pages, each with a line of text.
    pub fn of_pages(pages: usize) -> Self {
        Self::of_pages_and(pages, "")
    }

    /// The same with more in its catalogue.
    pub fn of_pages_and(pages: usize, more: &str) -> Self {
        let mut draft = Self { bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), places: Vec::new() };
        draft.object(&format!("<< /Type /Catalog /Pages 2 0 R {more} >>"));
        let mut kids = String::new();
        for page in 0..pages {
            let _ = write!(kids, "{} 0 R ", page + 5);
        }
        draft.object(&format!("<< /Type /Pages /Count {pages} /Kids [ {kids}] >>"));
        draft.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        let text = packed(b"BT /F1 24 Tf 72 720 Td (Electricity bill) Tj ET");
        draft.stream("/Filter /FlateDecode", &text);
        for _ in 0..pages {
            draft.object(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
                 /Resources << /Font << /F1 3 0 R >> >> >>",
            );
        }
        draft
    }

    /// Adds an object; its number is one more than that of the last.
    pub fn object(&mut self, body: &str) -> usize {
        self.raw(body.as_bytes())
    }

    /// Adds a stream.
    pub fn stream(&mut self, dictionary: &str, data: &[u8]) -> usize {
        let head = format!("<< {dictionary} /Length {} >>\nstream\n", data.len());
        self.raw(&[head.as_bytes(), data, b"\nendstream"].concat())
    }

    fn raw(&mut self, body: &[u8]) -> usize {
        self.places.push(self.bytes.len());
        let number = self.places.len();
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend_from_slice(body);
        self.bytes.extend_from_slice(b"\nendobj\n");
        number
    }

    /// The file, with more in its trailer.
    pub fn finish(self, trailer: &str) -> Vec<u8> {
        let Self { mut bytes, places } = self;
        let (table, size) = (bytes.len(), places.len() + 1);
        let _ = write!(bytes, "xref\n0 {size}\n0000000000 65535 f \n");
        for place in places {
            let _ = writeln!(bytes, "{place:010} 00000 n ");
        }
        let _ =
            write!(bytes, "trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n");
        bytes
    }
}

/// As a stream of zlib.
pub fn packed(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("memory to write to")
}
