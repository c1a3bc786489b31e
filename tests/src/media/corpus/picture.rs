//! Pictures byte by byte: what no encoder would write.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// Zeros, so many mebibytes, as a stream of zlib: made of the same compressed block over and over.
pub fn zeros(mebibytes: usize, more: usize) -> Vec<u8> {
    const MEBIBYTE: usize = 1 << 20;
    let raw = |length: usize| {
        let mut packed = Vec::with_capacity(4096);
        let mut compress = Compress::new(Compression::best(), false);
        let packs = compress.compress_vec(&vec![0; length], &mut packed, FlushCompress::Full);
        packs.expect("there is room for it");
        packed
    };
    let length = mebibytes * MEBIBYTE + more;
    // Adler-32 of zeros: the sum of them and 1, and the sum of those sums.
    let sum = u32::try_from(length % 65_521).expect("less than that") << 16 | 1;
    let end = [0x01, 0, 0, 0xff, 0xff];
    [&[0x78, 0xda], &raw(MEBIBYTE).repeat(mebibytes)[..], &raw(more), &end, &sum.to_be_bytes()].concat()
}

/// A chunk of a PNG.
pub fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    let length = u32::try_from(data.len()).expect("a chunk's length");
    [&length.to_be_bytes()[..], &kind, data, &sum.sum().to_be_bytes()].concat()
}

/// A PNG of these chunks: the header's depth and kind of colour, and all that follows.
pub fn png(width: u32, height: u32, [depth, colour]: [u8; 2], chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    let begins = [b"\x89PNG\r\n\x1a\n".to_vec(), png_chunk(*b"IHDR", &header)].concat();
    [begins, chunks.concat(), png_chunk(*b"IEND", b"")].concat()
}

/// A grey PNG, all black: it packs well.
pub fn black_png(width: u32, height: u32) -> Vec<u8> {
    let length = (width as usize + 1) * height as usize;
    let data = zeros(length >> 20, length & ((1 << 20) - 1));
    png(width, height, [8, 0], &[png_chunk(*b"IDAT", &data)])
}

/// The kinds of the chunks of a PNG.
pub fn png_chunks(bytes: &[u8]) -> Vec<[u8; 4]> {
    let (mut rest, mut kinds) = (&bytes[8..], Vec::new());
    while let Some((&[a, b, c, d, ref kind @ ..], body)) = rest.split_first_chunk::<8>() {
        kinds.push(*kind);
        rest = &body[u32::from_be_bytes([a, b, c, d]) as usize + 4..];
    }
    kinds
}

/// A chunk of a WebP.
pub fn webp_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a chunk's length");
    [&kind[..], &length.to_le_bytes(), data, &[0][..data.len() % 2]].concat()
}

/// A WebP of these chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let chunks = chunks.concat();
    webp_chunk(*b"RIFF", &[b"WEBP", &chunks[..]].concat())
}

/// The kinds of the chunks of a WebP.
pub fn webp_chunks(bytes: &[u8]) -> Vec<[u8; 4]> {
    let (mut rest, mut kinds) = (&bytes[12..], Vec::new());
    while let Some((&[ref kind @ .., a, b, c, d], body)) = rest.split_first_chunk::<8>() {
        kinds.push(*kind);
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        rest = &body[length + length % 2..];
    }
    kinds
}

/// The header of a WebP that has more than a picture: what, and of which sides.
pub fn webp_header(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let [width, height] = [width, height].map(|side| (side - 1).to_le_bytes());
    webp_chunk(*b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat())
}

/// A WebP of one red pixel, again and again.
pub fn animated_webp(frames: usize) -> Vec<u8> {
    let still = webp::Encoder::from_rgb(&[200, 0, 0], 1, 1).encode_lossless();
    let place = [0; 16];
    let frame = webp_chunk(*b"ANMF", &[&place, &still[12..]].concat());
    let animation = webp_chunk(*b"ANIM", &[0; 6]);
    self::webp(&[webp_header(0x02, 1, 1), animation, frame.repeat(frames)])
}
