//! `cargo bench-media`: what a photo of 12 megapixels costs to bring to its sizes, beside sharp (libvips on Node.js)
//! in the same run.
//!
//! Every run is a process of its own, on one core first, which is what the function has in Lambda, and then on two. A
//! process measures its work without its start, and tells its peak of memory.

mod child;
#[path = "../../media/corpus/photo.rs"]
#[allow(dead_code, reason = "the tests' corpus has more than this photo")]
mod photo;
mod sharp;

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use connecto_shared::domain::media::Purpose;
use connecto_tests::city::root;
use tempfile::TempDir;

/// Why there is no result, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
Brings a photo of 12 megapixels to the sizes of a job's photo, as WebP and JPEG; and the same with sharp.

Usage: cargo bench-media [options]

  --runs N  runs of each (9)
  --help    this text
";

/// Ours is of this quality too, for both types; JPEG has half the colour each way (4:2:0) on both sides.
const QUALITY: &str = "80";
/// The bar: as long as sharp takes, and half as long again.
const SLOWEST: f64 = 1.5;

fn main() -> ExitCode {
    let met = match arguments() {
        Ok(Asked::Help) => {
            print!("{HELP}");
            Ok(true)
        }
        Ok(Asked::Work(photo)) => child::work(Path::new(&photo)).map(|()| true),
        Ok(Asked::Runs(runs)) => compare(runs),
        Err(error) => Err(format!("{error}. Try cargo bench-media --help.").into()),
    };
    match met {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

enum Asked {
    Help,
    Runs(usize),
    /// In a process of its own, with the photo in this file.
    Work(String),
}

fn arguments() -> Result<Asked, lexopt::Error> {
    use lexopt::prelude::*;
    let mut runs = 9;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("runs") => {
                let parsed = |text: &str| text.parse().ok().filter(|runs| (1..=100).contains(runs));
                runs = parser
                    .value()?
                    .parse_with(|text| parsed(text).ok_or("a number from 1 to 100 is wanted"))?;
            }
            Long("work") => return parser.value()?.string().map(Asked::Work),
            Short('h') | Long("help") => return Ok(Asked::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Runs(runs))
}

/// What one process used.
#[derive(Clone, Copy)]
struct Used {
    milliseconds: f64,
    processor: f64,
    kib: f64,
    bytes: f64,
}

/// Runs, prints, and says whether the bars were met.
fn compare(runs: usize) -> Result<bool, Failure> {
    let sharp_folder = sharp::folder(&root())?;
    let folder = TempDir::new()?;
    let photo = folder.path().join("photo.jpg");
    std::fs::write(&photo, photo::photo())?;
    let mut is_met = true;
    println!("{runs} runs of each, medians; quality {QUALITY} of 100 for WebP and JPEG, 4:2:0.\n");
    println!("| cores | | ms | of the processor | peak MiB | KiB of files |\n|---|---|---|---|---|---|");
    for cores in ["0", "0,1"] {
        let mut used = [const { Vec::new() }; 3];
        // In turn, so that what else the machine does strikes all alike.
        for _ in 0..runs {
            used[0].push(run(cores, &ours(&photo)?)?);
            used[1].push(run(cores, &sharp(&sharp_folder, "once", cores, &photo))?);
            used[2].push(run(cores, &sharp(&sharp_folder, "each", cores, &photo))?);
        }
        let [ours, once, each] = used.each_ref().map(|used| median(used));
        let names = ["ours", "sharp, decoding once", "sharp, decoding for each file"];
        for (name, Used { milliseconds, processor, kib, bytes }) in names.into_iter().zip([ours, once, each])
        {
            let (mib, files) = (kib / 1024.0, bytes / 1024.0);
            println!("| {cores} | {name} | {milliseconds:.0} | {processor:.0} | {mib:.0} | {files:.0} |");
        }
        for (name, sharp) in names.into_iter().zip([ours, once, each]).skip(1) {
            let times = |of: fn(&Used) -> f64| of(&ours) / of(&sharp);
            let (wall, kib) = (times(|used| used.milliseconds), times(|used| used.kib));
            let processor = times(|used| used.processor);
            let is_within = wall <= SLOWEST && kib < 1.0;
            is_met &= is_within;
            let met = if is_within { "met" } else { "**missed**" };
            println!("| {cores} | times that of {name} | {wall:.2} | {processor:.2} | {kib:.2} | {met} |");
        }
    }
    Ok(is_met)
}

fn ours(photo: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--work").arg(photo);
    Ok(command)
}

fn sharp(folder: &Path, way: &str, cores: &str, photo: &Path) -> Command {
    let threads = cores.split(',').count().to_string();
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/bench-media/sharp.mjs"));
    command.arg(folder).args([way, &threads]).arg(photo).arg(QUALITY);
    command.args(Purpose::JobPhoto.rules().sizes.iter().map(ToString::to_string));
    command
}

/// Runs one on these cores alone.
fn run(cores: &str, command: &Command) -> Result<Used, Failure> {
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", cores]).arg(command.get_program()).args(command.get_args());
    let output = pinned.output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = told.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    match figures[..] {
        [milliseconds, processor, kib, bytes] => Ok(Used { milliseconds, processor, kib, bytes }),
        _ => Err(format!("{pinned:?}: {told}{}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

fn median(used: &[Used]) -> Used {
    let of = |figure: fn(&Used) -> f64| {
        let mut figures: Vec<_> = used.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Used {
        milliseconds: of(|used| used.milliseconds),
        processor: of(|used| used.processor),
        kib: of(|used| used.kib),
        bytes: of(|used| used.bytes),
    }
}
