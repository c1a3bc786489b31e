//! The page for uploads, in a real browser.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    city::{City, root, tool},
    media::corpus,
};

/// What the page says of files that are dropped on it.
fn dropped(city: &City, folder: &Path, files: &[&str]) -> Vec<Value> {
    let paths = files.iter().map(|file| folder.join(file));
    let output = Command::new("node")
        .arg(root().join("tests/src/local/upload_page/drive.mjs"))
        .arg(tool("CONNECTO_PUPPETEER", "puppeteer-core-"))
        .arg(format!("{}/_local/upload", city.url))
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

    let cards = dropped(&city, folder.path(), &["tap.jpg", "page.jpg"]);
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
