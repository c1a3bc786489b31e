//! A start that cannot be ends with one clear sentence.

use std::{path::Path, process::Output};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
};

use super::persistence::{program, spawn};
use crate::city::{City, root};

async fn run(arguments: &[&str]) -> Output {
    let output = Command::new(program()).args(arguments).current_dir(root()).output();
    tokio::time::timeout(std::time::Duration::from_mins(1), output).await.expect("it ends").expect("it runs")
}

async fn fails_saying(arguments: &[&str], what: &str) {
    let output = run(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(what), "{arguments:?} should say {what:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_the_way_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fails_saying(&["--memory", "--port", &port], &format!("Port {port}")).await;
    fails_saying(&["--data", "/proc/connecto"], "/proc/connecto").await;
    fails_saying(&["--memory", "--port", "many"], "--help").await;
    let folder = TempDir::new().unwrap();
    let broken = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let no_yaml = broken("a.yaml", "Resources: [unclosed");
    fails_saying(&["--memory", "--port", "0", "--template", &no_yaml], "a.yaml").await;
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    for (name, from, to, what) in [
        ("b.yaml", "rate(1 minute)", "every minute", "MarketLapseBookings"),
        ("c.yaml", "!Ref Limits", "!Ref Nothing", "Nothing"),
        ("d.yaml", "Binary: auth-login", "Binary: auth-nothing", "auth-nothing"),
        ("e.yaml", "!GetAtt Outbox.StreamArn", "!GetAtt Limits.StreamArn", "Limits"),
    ] {
        let changed = template.replacen(from, to, 1);
        assert_ne!(changed, template, "{from} is not in the template");
        fails_saying(&["--memory", "--port", "0", "--template", &broken(name, &changed)], what).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_do_not_share_a_folder() {
    let data = TempDir::new().unwrap();
    let (mut child, _city) = spawn(&program(), data.path()).await;
    let folder = data.path().to_str().unwrap();
    fails_saying(&["--port", "0", "--data", folder], folder).await;
    child.kill().await.unwrap();
}

/// Ctrl-C ends it cleanly, with status 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_stops_it() {
    let data = TempDir::new().unwrap();
    let (mut child, _city) = spawn(&program(), data.path()).await;
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let status = tokio::time::timeout(std::time::Duration::from_secs(15), child.wait())
        .await
        .expect("it ends")
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(Path::new(data.path()).join("urls.json").exists());
}

/// The gateway's own limits look as API Gateway's do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateways_own_answers_are_api_gateways() {
    let city = City::new().await;
    let url = format!("{}/v1/auth/login", city.url);
    // Told before the body is sent: a client that sends it all may find the line closed.
    let mut line = TcpStream::connect(city.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 11000000\r\n\r\n";
    line.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with('}') {
        let mut part = [0; 4_096];
        let length = line.read(&mut part).await.unwrap();
        assert_ne!(length, 0, "the answer breaks off: {answer}");
        answer += &String::from_utf8_lossy(&part[..length]);
    }
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Request Entity Too Large"}"#), "{answer}");
    let headers = city.http.post(&url).header("x-long", "a".repeat(12_000)).send().await.unwrap();
    assert_eq!(headers.status(), 431);
    city.stop().await;
}
