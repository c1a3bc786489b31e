//! One run of ours, in a process of its own.

use std::{fs, path::Path, time::Instant};

use connecto_shared::domain::media::{MediaType, Purpose};
use media_develop::{Developed, develop};

use crate::Failure;

/// Brings a photo to its sizes, and writes a line: milliseconds, of which of processor time, KiB at most, bytes of all
/// files.
pub fn work(photo: &Path) -> Result<(), Failure> {
    let rules = Purpose::JobPhoto.rules();
    let (began, spent) = (Instant::now(), processor()?);
    let bytes = fs::read(photo)?;
    let developed = develop(&bytes, MediaType::Jpeg, rules.fit, rules.sizes);
    let (wall, spent) = (began.elapsed(), processor()? - spent);
    let Ok(Developed::Picture(picture)) = developed else { return Err("the photo was refused".into()) };
    let bytes: usize = picture.variants.iter().map(|variant| variant.bytes.len()).sum();
    println!("{} {spent} {} {bytes}", wall.as_secs_f64() * 1e3, peak_kib()?);
    Ok(())
}

/// The processor time of this process, which has one thread, in milliseconds.
fn processor() -> Result<f64, Failure> {
    let nanoseconds: f64 = first_number(&fs::read_to_string("/proc/self/schedstat")?)?;
    Ok(nanoseconds / 1e6)
}

fn peak_kib() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc")?;
    first_number(line)
}

fn first_number(text: &str) -> Result<f64, Failure> {
    Ok(text.split_whitespace().next().ok_or("nothing in /proc")?.parse()?)
}
