//! The README's tour, word for word.

use tokio::process::Command;

use crate::city::{City, deployed, root};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_tour_works() {
    let city = City::new().await;
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let tour = readme.split_once("## A tour in two minutes").unwrap().1.split("\n## ").next().unwrap();
    let blocks = tour.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    // The first one starts the system, which the test has done.
    let script: String = blocks.skip(1).collect();
    assert!(script.contains("/v1/auth/reset-password"));
    let mut script =
        script.replace("$api/_local/outbox", &city.outbox).replace("http://127.0.0.1:8787", &city.url);
    if deployed().is_some() {
        // A stream may be polled every few seconds.
        script = script.replace("sleep 2", "sleep 15");
    }
    let output = Command::new("sh").args(["-e", "-c", &script]).output().await.unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    for expected in ["access_token", "\"email\": \"asha.", "\"current\": true", "wrong_credentials"] {
        assert!(said.contains(expected), "{expected} is missing: {said}\n{complained}");
    }
    assert!(complained.is_empty(), "{complained}");
}
