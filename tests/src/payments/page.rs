//! The page for paying, in a real browser.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    city::{City, root, tool},
    payments::held,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_is_paid_on_the_page_as_a_person_does() {
    let city = City::new().await;
    let (_, asha, booking) = held(&city).await;
    let (id, token) = (booking["booking_id"].as_str().unwrap(), asha.access_token());
    let mut node = Command::new("node");
    node.arg(root().join("tests/src/payments/page.mjs")).arg(tool("CONNECTO_PUPPETEER", "puppeteer-core-"));
    node.arg(format!("{}/_local/pay#booking={id}&token={token}", city.url));
    let output = tokio::task::spawn_blocking(move || node.output().expect("Node.js starts"));
    let output = output.await.expect("a thread");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(seen["button"], "Pay ₹508.98");
    assert!(seen["refused"].as_str().unwrap().contains("can be tried again"), "{seen}");
    assert!(seen["bill"].as_str().unwrap().contains("confirmed"), "{seen}");
    assert!(!seen["address"].as_str().unwrap().contains("token"), "{seen}");
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(asha.sees(&booking).await["state"], "confirmed");
}
