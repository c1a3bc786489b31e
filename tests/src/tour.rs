//! The README's tour, word for word.

use tokio::process::Command;

use connecto_local::Options;

use crate::city::{City, deployed, options, root};

/// The commands of a part of the README, without the first block, which starts the system.
fn commands(title: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let part = readme.split_once(&format!("## {title}\n")).unwrap().1.split("\n## ").next().unwrap();
    part.split("```sh\n").skip(2).map(|block| block.split("```").next().unwrap()).collect()
}

/// What a shell says to them.
async fn said(script: &str) -> String {
    let output = Command::new("sh").args(["-e", "-c", script]).output().await.unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(complained.is_empty(), "{said}\n{complained}");
    said.into_owned()
}

fn has(said: &str, expected: &[&str]) {
    for expected in expected {
        assert!(said.contains(expected), "{expected} is missing: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_tour_works() {
    let city = City::new().await;
    let script = commands("A tour in two minutes");
    assert!(script.contains("/v1/auth/reset-password"));
    let mut script =
        script.replace("$api/_local/outbox", &city.outbox).replace("http://127.0.0.1:8787", &city.url);
    if deployed().is_some() {
        // A stream may be polled every few seconds.
        script = script.replace("sleep 2", "sleep 15");
    }
    let said = said(&script).await;
    has(&said, &["access_token", "\"email\": \"asha.", "\"current\": true", "wrong_credentials"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_of_the_marketplace_works_on_one_machine() {
    let city = City::with(Options { demo: true, ..options() }).await;
    let script = commands("A tour of the marketplace").replace("http://127.0.0.1:8787", &city.url);
    let said = said(&script).await;
    has(
        &said,
        &[
            "\"jobs_done\"",
            "\"state\": \"closed\"",
            "Quick and clean.",
            "\"customer\":",
            "\"state\": \"accepted\"",
        ],
    );
}
