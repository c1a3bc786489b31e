//! The program that `cargo local` runs, killed and started again.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::city::{City, Person, root};

/// The program, built if it is not.
pub fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the build tool that runs this test")]
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = std::process::Command::new(cargo)
        .args(["build", "--quiet", "--bin", "connecto-local"])
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(built.success());
    // target/debug/deps/<this test> → target/debug
    let here = std::env::current_exe().expect("a path");
    here.ancestors().nth(2).expect("a folder").join("connecto-local")
}

/// Starts the program on a data folder and waits until it answers.
pub async fn spawn(program: &Path, data: &Path) -> (Child, City) {
    let urls = data.join("urls.json");
    let _ = std::fs::remove_file(&urls);
    let mut child = Command::new(program)
        .args(["--port", "0", "--data"])
        .arg(data)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts");
    for _ in 0..1_000 {
        if let Ok(text) = std::fs::read_to_string(&urls)
            && let Ok(urls) = serde_json::from_str::<Value>(&text)
        {
            return (child, City::at(urls["api"].as_str().expect("a URL").to_owned()).await);
        }
        assert!(child.try_wait().expect("a status").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not answer");
}

async fn kill(mut child: Child) {
    // SIGKILL: nothing is written on the way out.
    child.kill().await.expect("it dies");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_nine() {
    let (program, data) = (program(), TempDir::new().unwrap());
    let (child, city) = spawn(&program, data.path()).await;
    let asha = city.customer("asha").await;
    let ravi = city.registered("ravi").await;
    let meeras = city.link(&ravi.email, "verify-email").await;
    let refresh = asha.refresh_token();
    let access = asha.access_token();
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    kill(child).await;

    let (child, city) = spawn(&program, data.path()).await;
    let reborn = |person: &Person| Person::claiming(city.stranger(), &person.email, &person.password);
    // The access token, the refresh token, the password, the link mailed before and the mail asked for last.
    let browser = city.stranger().with("authorization", &format!("Bearer {access}"));
    browser.get("/v1/account").await.is(200);
    let again = reborn(&asha);
    again.keep(&again.exchange(&refresh).await.is(200).body);
    again.sign_in().await;
    city.stranger().post("/v1/auth/verify-email", json!({ "token": meeras })).await.is(200);
    reborn(&ravi).sign_in().await;
    let reset = city.link(&asha.email, "reset-password").await;
    let body = json!({ "token": reset, "new_password": "a brand new password" });
    city.stranger().post("/v1/auth/reset-password", body).await.is(204);
    kill(child).await;

    let (child, city) = spawn(&program, data.path()).await;
    let last = Person::claiming(city.stranger(), &asha.email, "a brand new password");
    last.sign_in().await;
    kill(child).await;
}

/// Killed while mails go out: each arrives, and one whose acceptance was not written down may come twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_acceptance_and_mark_every_mail_arrives() {
    let (program, data) = (program(), TempDir::new().unwrap());
    let (child, city) = spawn(&program, data.path()).await;
    // The mark is the second write of a delivery: it comes after the process has died.
    let late = json!([{ "service": "dynamodb", "function": "NotifyDeliver", "action": "UpdateItem", "every": 2, "do": "delay", "ms": 30_000 }]);
    city.misbehave(late).await;
    let first = city.registered("first").await;
    let second = city.registered("second").await;
    city.mail(&first.email, 1).await;
    kill(child).await;

    let (child, city) = spawn(&program, data.path()).await;
    city.advance("PT5M").await;
    city.run("NotifySweep", json!({})).await;
    city.mail(&second.email, 1).await;
    let (one, two) = (city.mails(&first.email).await.len(), city.mails(&second.email).await.len());
    let uncertain: usize = city
        .scan("Outbox")
        .await
        .iter()
        .map(|item| item["uncertain"]["N"].as_str().unwrap().parse::<usize>().unwrap())
        .sum();
    println!("{one} and {two} mails, {uncertain} attempts of unknown end");
    assert_eq!((one, two), (2, 1), "the killed attempt is repeated, the other is made once");
    assert_eq!(uncertain, 1);
    kill(child).await;
}
