//! What a file is by its first bytes, and what it may be besides.

use connecto_shared::domain::media::{MediaType, Rejection};
use memchr::{memchr_iter, memmem};

/// As far as a page or a drawing is looked for.
const HEAD: usize = 4096;

/// As many comments may stand before the first tag.
const MAX_COMMENTS: usize = 16;

/// What archives, papers and programs are known by, long enough not to turn up in a picture by chance.
const FILES: [&[u8]; 7] = [
    b"PK\x05\x06\0\0\0\0",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"%PDF-",
    b"This program cannot be run in DOS mode",
    b"#!/bin/",
    b"#!/usr/bin/",
];

/// What pages and scripts are known by, in any case of letters, where the word ends there. Four letters, such as those of
/// a drawing, are in one of a hundred photos by chance.
const PAGES: [&[u8]; 7] = [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<?php"];

/// Whether a file is what was announced, by how it begins.
pub fn check(bytes: &[u8], announced: MediaType) -> Result<(), Rejection> {
    if bytes.is_empty() {
        return Err(Rejection::Empty);
    }
    if is_script(bytes) {
        return Err(Rejection::Disguised);
    }
    match media_type(bytes) {
        Some(found) if found == announced => Ok(()),
        Some(_) => Err(Rejection::WrongType),
        None => Err(text(bytes).unwrap_or(Rejection::WrongType)),
    }
}

/// What a file begins as.
pub fn media_type(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand {
            [b'q', b't', b' ', b' ', ..] => Some(MediaType::QuickTime),
            // Pictures in the same boxes.
            [b'h', b'e', ..] | [b'm', b'i' | b's', b'f', ..] | [b'a', b'v', b'i', ..] => None,
            _ => Some(MediaType::Mp4),
        },
        _ => None,
    }
}

/// Whether it is a script that begins as pictures do: the length that comes next opens a comment or assigns.
fn is_script(bytes: &[u8]) -> bool {
    let begins: [&[u8]; 4] = [b"GIF87a", b"GIF89a", b"RIFF", b"\xff\xd8\xff\xe0"];
    let next = begins.iter().find_map(|begin| bytes.strip_prefix(*begin));
    next.is_some_and(|next| next.starts_with(b"/*") || next.starts_with(b"="))
}

/// What a file is that begins as text of angle brackets does.
fn text(bytes: &[u8]) -> Option<Rejection> {
    let head = &bytes[..bytes.len().min(HEAD)];
    // UTF-16 is read as if it were ASCII: every tag that is looked for is.
    let head: Vec<u8> = head.iter().filter(|byte| **byte != 0).map(u8::to_ascii_lowercase).collect();
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
    let mut text = marks.iter().find_map(|mark| head.strip_prefix(*mark)).unwrap_or(&head).trim_ascii_start();
    let is_xml = text.starts_with(b"<?xml");
    for (opens, closes) in [(b"<?".as_slice(), b"?>".as_slice()), (b"<!--", b"-->")].repeat(MAX_COMMENTS) {
        if text.starts_with(opens) {
            let end = memmem::find(text, closes)? + closes.len();
            text = text[end..].trim_ascii_start();
        }
    }
    let tag = text.strip_prefix(b"<")?;
    let tag = tag.strip_prefix(b"!doctype").unwrap_or(tag).trim_ascii_start();
    let length = tag.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b':').count();
    match &tag[..length] {
        name if name.ends_with(b"svg") => Some(Rejection::VectorDrawing),
        b"html" => Some(Rejection::WebPage),
        _ => (!is_xml).then_some(Rejection::WebPage),
    }
}

/// Whether a picture holds the beginning of an archive, a paper, a page or a script, wherever.
pub fn is_disguised(picture: &[u8]) -> bool {
    let pages = || {
        memchr_iter(b'<', picture).any(|at| {
            let begins = |page: &&[u8]| match picture[at..].split_at_checked(page.len()) {
                Some((it, [b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/', ..])) => it.eq_ignore_ascii_case(page),
                _ => false,
            };
            PAGES.iter().any(begins)
        })
    };
    holds_archive(picture) || FILES.iter().any(|file| memmem::find(picture, file).is_some()) || pages()
}

/// Whether a file holds a member of a ZIP archive, or the end of one.
pub fn holds_archive(bytes: &[u8]) -> bool {
    // Behind its mark stands the version that is needed to unpack it: at most 6.3.
    let member = |at: usize| matches!(bytes[at + 4..], [10..=63, 0, ..]);
    memmem::find_iter(bytes, b"PK\x03\x04").any(member) || memmem::find(bytes, FILES[0]).is_some()
}

/// Whether what follows a file's end is nothing but padding.
pub fn is_padding(rest: &[u8]) -> bool {
    rest.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n' | b' '))
}
