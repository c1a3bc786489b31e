//! The program that `cargo local` runs, killed and started again.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::city::{City, Person, full, root};

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
    spawn_with(program, data, &[], Stdio::null()).await
}

/// The same with more arguments and its log kept.
pub async fn spawn_with(program: &Path, data: &Path, arguments: &[&str], log: Stdio) -> (Child, City) {
    let urls = data.join("urls.json");
    let _ = std::fs::remove_file(&urls);
    let mut child = Command::new(program)
        .args(["--port", "0", "--data"])
        .arg(data)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
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
    // A mail that was being sent when the process died is due again when its lease has run out.
    city.advance("PT5M").await;
    city.run("NotifySweep", json!({})).await;
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

/// What one client did, each entry acknowledged; used to ask for all of it again after the kill.
#[derive(Default)]
struct Acknowledged {
    registered: Vec<String>,
    verified: Vec<Person>,
}

/// Registers, verifies and refreshes until the process dies under it.
async fn live(city: &City, client: usize, done: &Mutex<Acknowledged>) {
    for number in 0.. {
        let person = Person::claiming(
            city.stranger(),
            &format!("client{client}.{number}@example.com"),
            "a fine long password",
        );
        let body = json!({ "email": person.email, "password": person.password, "name": "Asha" });
        let Some(answer) = person.signed_out().try_post("/v1/auth/register", body).await else { return };
        assert_eq!(answer.status, 202, "{answer:?}");
        done.lock().unwrap().registered.push(person.email.clone());
        let Some(token) = city.try_link(&person.email, "verify-email").await else { return };
        let body = json!({ "token": token, "registration_id": answer.text("registration_id") });
        let Some(answer) = person.signed_out().try_post("/v1/auth/verify-email", body).await else { return };
        person.keep(&answer.is(200).body["tokens"]);
        let token = json!({ "refresh_token": person.refresh_token() });
        done.lock().unwrap().verified.push(person);
        let refreshed = city.stranger().try_post("/v1/auth/refresh", token).await;
        let Some(answer) = refreshed else { return };
        done.lock().unwrap().verified.last().expect("the person").keep(&answer.is(200).body);
    }
}

/// Killed at any moment under load: whatever was acknowledged is there afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_work_it_loses_nothing_that_was_acknowledged() {
    let (program, data) = (program(), TempDir::new().unwrap());
    let wide = wider_limits(data.path());
    let arguments = ["--template", wide.to_str().unwrap()];
    for round in 0..if full() { 12 } else { 3 } {
        let (child, city) = spawn_with(&program, data.path(), &arguments, Stdio::null()).await;
        let done = (0..8).map(|_| Mutex::default()).collect::<Vec<Mutex<Acknowledged>>>();
        let clients =
            join_all(done.iter().enumerate().map(|(client, done)| live(&city, round * 100 + client, done)));
        let killed = async {
            tokio::time::sleep(Duration::from_millis(2_500 + 370 * round as u64)).await;
            kill(child).await;
        };
        tokio::join!(clients, killed);

        let (child, city) = spawn_with(&program, data.path(), &arguments, Stdio::null()).await;
        // What an attempt had leased when the process died is due again when the lease has run out.
        city.advance("PT5M").await;
        city.run("NotifySweep", json!({})).await;
        let (mut registered, mut verified) = (0, 0);
        for done in done {
            let done = done.into_inner().unwrap();
            for email in &done.registered {
                city.link(email, "verify-email").await;
                registered += 1;
            }
            for (at, person) in done.verified.iter().enumerate() {
                let again = Person::claiming(city.stranger(), &person.email, &person.password);
                again.sign_in().await;
                let answer = again.exchange(&person.refresh_token()).await;
                // Only the last one's token may have been exchanged by a request that the kill cut off.
                let cut_off = at + 1 == done.verified.len() && answer.status == 401;
                assert!(answer.status == 200 || cut_off, "{answer:?}");
                verified += usize::from(answer.status == 200);
            }
        }
        println!(
            "round {round}: {registered} registrations and {verified} sessions were acknowledged and are there"
        );
        assert!(registered >= 8 && verified >= 3, "too little was at work: {registered}, {verified}");
        kill(child).await;
    }
}

/// The template with limits a thousand times wider, in a file.
fn wider_limits(folder: &Path) -> PathBuf {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let wide = template.replacen("Default: \"1\"", "Default: \"1000\"", 1);
    assert_ne!(wide, template);
    let path = folder.join("wide.yaml");
    std::fs::write(&path, wide).unwrap();
    path
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
