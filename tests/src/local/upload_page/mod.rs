//! The page for uploads, in a real browser.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    city::{City, root, tool},
    media::corpus,
};

/// What the page says of files that are dropped on it.
fn dropped(city: &City, folder: &Path, purpose: &str, files: &[&str]) -> Vec<Value> {
    let paths = files.iter().map(|file| folder.join(file));
    let output = Command::new("node")
        .arg(root().join("tests/src/local/upload_page/drive.mjs"))
        .arg(tool("CONNECTO_PUPPETEER", "puppeteer-core-"))
        .arg(format!("{}/_local/upload", city.url))
        .arg(purpose)
        .arg(folder.join("page.png"))
        .args(paths)
        .output()
        .expect("Node.js starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What an independent reader finds in a picture, by group.
fn metadata(file: &Path) -> Value {
    let output = Command::new("exiftool").args(["-json", "-G0", "-a", "-u"]).arg(file).output();
    let output = output.expect("exiftool is installed: cargo verify does that");
    let mut found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    found[0].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_is_dropped_on_the_page_comes_back_upright_and_bare() {
    let city = City::new().await;
    let folder = TempDir::new().unwrap();
    // As a telephone takes it: lying on its side, with the place it was taken at.
    std::fs::write(folder.path().join("tap.jpg"), corpus::photo()).unwrap();
    std::fs::write(folder.path().join("page.jpg"), "<!DOCTYPE html><script>alert(1)</script>").unwrap();
    let taken = metadata(&folder.path().join("tap.jpg"));
    assert!(taken["Composite:GPSPosition"].is_string() || taken["EXIF:GPSLatitude"].is_string(), "{taken}");
    assert!(taken["EXIF:Orientation"].is_string(), "{taken}");
    let (width, height) = (&taken["File:ImageWidth"], &taken["File:ImageHeight"]);

    let cards = dropped(&city, folder.path(), "portfolio", &["tap.jpg", "page.jpg"]);
    let card = |name: &str| cards.iter().find(|card| card["name"] == name).unwrap();
    let (tap, page) = (card("tap.jpg"), card("page.jpg"));
    assert_eq!(tap["errors"], json!([]));
    assert_eq!(tap["states"], json!(["sending", "processing", "ready"]), "{tap}");
    assert!(tap["progress"].as_f64().unwrap() > 0.5, "{tap}");
    assert_eq!(page["states"].as_array().unwrap().last().unwrap(), "rejected");
    assert_eq!(page["said"], "This is a web page, not a photo.");

    let shown = &tap["shown"][0];
    assert!(shown[0].as_str().unwrap().contains(".webp"), "{shown}");
    let links = tap["links"].as_array().unwrap();
    assert_eq!(links.len(), 6, "{links:?}");
    for link in links {
        let (status, bytes) = city.fetch(link).await;
        assert_eq!(status, 200);
        let file = folder.path().join(link.as_str().unwrap().rsplit('/').next().unwrap());
        std::fs::write(&file, bytes).unwrap();
        let found = metadata(&file);
        let groups: Vec<_> =
            found.as_object().unwrap().keys().filter_map(|name| name.split(':').next()).collect();
        for group in &groups {
            let known = ["SourceFile", "ExifTool", "File", "RIFF", "Composite", "JFIF"];
            assert!(known.contains(group), "{group}: {found}");
        }
        // Upright: what was its width is its height.
        let of =
            |name: &str| found[format!("File:{name}")].as_f64().or(found[format!("RIFF:{name}")].as_f64());
        let (now, then) = (
            of("ImageWidth").unwrap() / of("ImageHeight").unwrap(),
            height.as_f64().unwrap() / width.as_f64().unwrap(),
        );
        assert!((now - then).abs() < 0.01, "{now} was {then}");
    }
}

/// Runs ffmpeg, and gives what it wrote out.
fn ffmpeg(arguments: &[&str], file: &Path) -> String {
    let output = Command::new("ffmpeg").args(["-v", "error"]).args(arguments).arg(file).output();
    let output = output.expect("ffmpeg is installed: cargo verify does that");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A video as a telephone takes it: lying down, with the place and the time, of four parts.
fn film(file: &Path, format: &[&str]) {
    let said = [
        &["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=5"][..],
        &["-f", "lavfi", "-i", "sine=frequency=440:duration=5"],
        &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"],
        &[
            "-b:v",
            "40M",
            "-minrate",
            "40M",
            "-maxrate",
            "40M",
            "-bufsize",
            "40M",
            "-x264-params",
            "nal-hrd=cbr",
        ],
        &["-metadata", "location=+18.5204+073.8567/", "-metadata", "creation_time=2026-05-01T10:00:00Z"],
        &["-metadata", "make=Pixelphone"],
        format,
    ];
    ffmpeg(&said.concat(), file);
    // How to say so differs from ffmpeg to ffmpeg; where it stands in the track of pictures, which is the first, does not.
    let mut bytes = std::fs::read(file).expect("a video");
    let matrix = memchr::memmem::find(&bytes, b"tkhd").expect("a track") + 44;
    let turned = corpus::video::turned();
    bytes[matrix..matrix + turned.len()].copy_from_slice(&turned);
    std::fs::write(file, bytes).expect("a video");
}

/// What is seen in a file, picture by picture, and heard, added up.
fn streams(file: &Path) -> String {
    let name = file.to_str().expect("a name");
    let seen = ffmpeg(&["-i", name, "-map", "0:v", "-f", "framemd5"], Path::new("-"));
    seen + &ffmpeg(&["-i", name, "-map", "0:a", "-c", "copy", "-f", "streamhash"], Path::new("-"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_that_is_dropped_on_the_page_plays_upright_and_tells_nothing() {
    let city = City::new().await;
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    film(&file("tap.mp4"), &["-movflags", "use_metadata_tags"]);
    film(&file("tap.mov"), &["-f", "mov"]);
    assert!(std::fs::metadata(file("tap.mp4")).unwrap().len() > 20_000_000);
    for name in ["tap.mp4", "tap.mov"] {
        let told = metadata(&file(name)).to_string();
        assert!(told.contains("18.52") || told.contains("18 deg 31"), "{told}");
        assert!(told.contains("2026:05:01"), "{told}");
    }
    // The connection breaks now and then.
    city.misbehave(json!([{ "service": "s3", "action": "UploadPart", "every": 3, "do": "fail" }])).await;
    let cards = dropped(&city, folder.path(), "portfolio", &["tap.mp4", "tap.mov"]);
    for card in cards {
        let name = card["name"].as_str().unwrap();
        assert_eq!(card["states"], json!(["sending", "processing", "ready"]), "{card}");
        assert!(card["progress"].as_f64().unwrap() > 0.5, "{card}");
        // Upright: what was its width is its height.
        assert_eq!(card["played"][0][0], 360, "{card}");
        assert_eq!(card["played"][0][1], 640, "{card}");
        assert!((card["played"][0][2].as_f64().unwrap() - 5.0).abs() < 0.2, "{card}");
        let (status, bytes) = city.fetch(&card["links"][0]).await;
        assert_eq!(status, 200);
        let made = file(&format!("made-of-{name}"));
        std::fs::write(&made, bytes).unwrap();
        assert_eq!(streams(&made), streams(&file(name)), "something else is shown");
        let found = metadata(&made);
        for (tag, value) in found.as_object().unwrap() {
            let (group, name) = tag.split_once(':').unwrap_or((tag, ""));
            let known = ["SourceFile", "ExifTool", "File", "QuickTime", "Composite"];
            assert!(known.contains(&group), "{tag}: {found}");
            let is_no_time = !name.ends_with("Date") || group == "File" || value == "0000:00:00 00:00:00";
            assert!(is_no_time && !name.contains("GPS") && !name.contains("Location"), "{tag}: {found}");
        }
        let told = found.to_string();
        assert!(
            !told.contains("Pixelphone") && !told.contains("18.52") && !told.contains("2026:05"),
            "{told}"
        );
    }
}
