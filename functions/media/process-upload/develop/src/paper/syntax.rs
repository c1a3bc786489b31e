//! How a paper is written: names, numbers, dictionaries.

use std::borrow::Cow;

use connecto_shared::domain::media::Rejection;

/// Nobody nests deeper.
const MAX_DEPTH: usize = 100;
/// Nobody's dictionary has more.
const MAX_ENTRIES: usize = 10_000;

/// The keys of what a paper does besides being read: scripts, forms that run them, files.
const ACTIVE_KEYS: [&[u8]; 8] =
    [b"JS", b"JavaScript", b"AA", b"XFA", b"EF", b"EmbeddedFiles", b"RichMediaContent", b"RichMediaSettings"];

/// The names of the same, as kinds of actions and of things.
const ACTIVE_KINDS: [&[u8]; 14] = [
    b"JavaScript",
    b"Launch",
    b"GoToR",
    b"GoToE",
    b"SubmitForm",
    b"ImportData",
    b"Rendition",
    b"Movie",
    b"RichMedia",
    b"RichMediaExecute",
    b"EmbeddedFile",
    b"FileAttachment",
    b"3D",
    b"GoTo3DView",
];

enum Token<'a> {
    Name(Cow<'a, [u8]>),
    Number(&'a [u8]),
    Text,
    Opens(Kind),
    Closes(Kind),
    Word(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Dictionary,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn skip_space(&mut self) {
        while let [first, ..] = self.rest() {
            let is_comment = *first == b'%';
            let skipped =
                |byte: &u8| if is_comment { !matches!(byte, b'\n' | b'\r') } else { is_space(*byte) };
            match self.rest().iter().take_while(|byte| skipped(byte)).count() {
                0 => return,
                count => self.at += count,
            }
        }
    }

    fn regular(&mut self) -> &'a [u8] {
        let count = self.rest().iter().take_while(|byte| is_regular(**byte)).count();
        let word = &self.rest()[..count];
        self.at += count;
        word
    }

    /// Where a text ends. That it does not is known at the end of all, so that is how far was read.
    fn found(&mut self, end: Option<usize>) -> Result<usize, Rejection> {
        if end.is_none() {
            self.at = self.bytes.len();
        }
        end.ok_or(Rejection::Damaged)
    }

    /// The next, behind space; nothing at the end.
    fn next(&mut self) -> Result<Option<Token<'a>>, Rejection> {
        self.skip_space();
        let (length, token) = match self.rest() {
            [] => return Ok(None),
            [b'<', b'<', ..] => (2, Token::Opens(Kind::Dictionary)),
            [b'>', b'>', ..] => (2, Token::Closes(Kind::Dictionary)),
            [b'[', ..] => (1, Token::Opens(Kind::Array)),
            [b']', ..] => (1, Token::Closes(Kind::Array)),
            [b'(', text @ ..] => (1 + self.found(text_length(text))?, Token::Text),
            [b'<', text @ ..] => {
                let length = self.found(text.iter().position(|byte| *byte == b'>'))?;
                (length + 2, Token::Text)
            }
            [b'/', ..] => {
                self.at += 1;
                (0, Token::Name(plain(self.regular())))
            }
            [b'0'..=b'9' | b'+' | b'-' | b'.', ..] => (0, Token::Number(self.regular())),
            [first, ..] if is_regular(*first) => (0, Token::Word(self.regular())),
            [_, ..] => return Err(Rejection::Damaged),
        };
        self.at += length;
        Ok(Some(token))
    }
}

/// The length of a text in parentheses, which may hold more of them, up to and with the one that closes it.
fn text_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut is_escaped) = (1, false);
    let ends = |byte: &u8| {
        match byte {
            _ if is_escaped => {}
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        is_escaped = *byte == b'\\' && !is_escaped;
        depth == 0
    };
    text.iter().position(ends).map(|at| at + 1)
}

/// A name without its disguise: any letter of it may be written as `#` and two digits.
fn plain(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'#') {
        return Cow::Borrowed(name);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut plain, mut rest) = (Vec::with_capacity(name.len()), name);
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'#', high, low, ..] => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        plain.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    Cow::Owned(plain)
}

/// An object, of which nothing runs.
pub struct Object<'a> {
    entries: Vec<(Cow<'a, [u8]>, &'a [u8])>,
    /// All of it, but for the data of a stream.
    pub value: &'a [u8],
    /// Where the data of a stream begins. Where it ends is for what it is packed with to say.
    pub stream: Option<usize>,
}

impl<'a> Object<'a> {
    /// Reads the object at a place, up to the word that ends it.
    pub fn read(bytes: &'a [u8], at: usize, budget: &mut usize) -> Result<Self, Rejection> {
        let mut reading =
            Reading { lexer: Lexer { bytes, at }, open: Vec::new(), entries: Vec::new(), value_at: 0 };
        let read = reading.object();
        let cost = reading.lexer.at - at;
        *budget = budget.checked_sub(cost).ok_or(Rejection::TooMuchInside)?;
        let (end, stream) = read?;
        Ok(Self { entries: reading.entries, value: &bytes[at..end], stream })
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.entries.iter().find(|(name, _)| **name == *key).map(|(_, value)| *value)
    }
}

struct Reading<'a> {
    lexer: Lexer<'a>,
    /// What has been opened and not closed; of dictionaries, whether a key comes next.
    open: Vec<(Kind, bool)>,
    /// Of the outermost dictionary.
    entries: Vec<(Cow<'a, [u8]>, &'a [u8])>,
    /// Where the value of its last key began.
    value_at: usize,
}

impl<'a> Reading<'a> {
    /// Where it ends, and where the data of its stream begins.
    fn object(&mut self) -> Result<(usize, Option<usize>), Rejection> {
        loop {
            self.lexer.skip_space();
            let at = self.lexer.at;
            match self.lexer.next()? {
                Some(Token::Name(name)) => self.name(name, at)?,
                Some(Token::Number(_) | Token::Text | Token::Word(b"R" | b"true" | b"false" | b"null")) => {
                    self.has_value();
                }
                Some(Token::Opens(kind)) => {
                    self.has_value();
                    self.open.push((kind, true));
                    if self.open.len() > MAX_DEPTH {
                        return Err(Rejection::TooMuchInside);
                    }
                }
                Some(Token::Closes(kind)) => {
                    if self.open.pop().is_none_or(|(open, _)| open != kind) {
                        return Err(Rejection::Damaged);
                    }
                    if self.open.is_empty() {
                        self.end_entry(at);
                    }
                }
                Some(Token::Word(_)) | None if !self.open.is_empty() => return Err(Rejection::Damaged),
                Some(Token::Word(b"stream")) => return Ok((at, Some(self.data()))),
                Some(Token::Word(_)) | None => return Ok((at, None)),
            }
        }
    }

    fn name(&mut self, name: Cow<'a, [u8]>, at: usize) -> Result<(), Rejection> {
        let depth = self.open.len();
        match self.open.last_mut() {
            Some((Kind::Dictionary, is_key @ true)) => {
                *is_key = false;
                if ACTIVE_KEYS.contains(&&*name) {
                    return Err(Rejection::ActiveContent);
                }
                if depth == 1 {
                    self.end_entry(at);
                    self.entries.push((name, &[]));
                    self.value_at = self.lexer.at;
                }
                if self.entries.len() > MAX_ENTRIES {
                    return Err(Rejection::TooMuchInside);
                }
            }
            _ if ACTIVE_KINDS.contains(&&*name) => return Err(Rejection::ActiveContent),
            _ => self.has_value(),
        }
        Ok(())
    }

    fn has_value(&mut self) {
        if let Some((_, is_key)) = self.open.last_mut() {
            *is_key = true;
        }
    }

    fn end_entry(&mut self, at: usize) {
        if let Some((_, value)) = self.entries.last_mut() {
            *value = &self.lexer.bytes[self.value_at..at];
        }
    }

    /// Behind the word `stream` stands the end of its line.
    fn data(&self) -> usize {
        let line_end = match self.lexer.rest() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        self.lexer.at + line_end
    }
}

/// The number of the object whose mark comes next, as in `12 0 obj`.
pub fn number_before<'a>(bytes: &'a [u8]) -> Option<u32> {
    let split = |bytes: &'a [u8], belongs: fn(u8) -> bool| {
        let count = bytes.iter().rev().take_while(|byte| belongs(**byte)).take(64).count();
        bytes.split_at(bytes.len() - count)
    };
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let (rest, _) = split(bytes, is_space);
    let (rest, generation) = split(rest, is_digit);
    let (rest, space) = split(rest, is_space);
    let (_, number) = split(rest, is_digit);
    if generation.is_empty() || space.is_empty() { None } else { whole(number) }
}

fn whole(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn tokens(bytes: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut lexer = Lexer { bytes, at: 0 };
    std::iter::from_fn(move || lexer.next().ok().flatten())
}

/// The whole numbers that something begins with.
pub fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    tokens(bytes).map_while(|token| match token {
        Token::Number(digits) => whole(digits),
        _ => None,
    })
}

/// A whole number.
pub fn number(value: &[u8]) -> Option<u32> {
    numbers(value).next()
}

/// A name, or those of an array.
pub fn names(value: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    tokens(value).filter_map(|token| match token {
        Token::Name(name) => Some(name),
        _ => None,
    })
}

/// The number of the object that is referred to.
pub fn reference(value: &[u8]) -> Option<u32> {
    let mut tokens = tokens(value);
    match (tokens.next()?, tokens.next()?, tokens.next()?) {
        (Token::Number(digits), Token::Number(_), Token::Word(b"R")) => whole(digits),
        _ => None,
    }
}

/// The numbers of the objects that an array refers to.
pub fn references(array: &[u8]) -> impl Iterator<Item = u32> {
    let mut tokens = tokens(array).skip(1);
    std::iter::from_fn(move || match (tokens.next()?, tokens.next()?, tokens.next()?) {
        (Token::Number(digits), Token::Number(_), Token::Word(b"R")) => whole(digits),
        _ => None,
    })
}
