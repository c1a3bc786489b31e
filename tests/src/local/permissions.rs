use std::fs::File;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::persistence::{program, spawn_with};
use crate::city::{City, PASSWORD, root};

/// Takes an action out of a function's policy.
pub fn take_out(template: &mut Value, function: &str, action: &str) {
    let policies =
        template["Resources"][function]["Properties"]["Policies"].as_array_mut().expect("policies");
    for statements in
        policies.iter_mut().map(|policy| policy["Statement"].as_array_mut().expect("statements"))
    {
        for statement in statements.iter_mut() {
            statement["Action"].as_array_mut().expect("actions").retain(|known| known != action);
        }
        statements.retain(|statement| statement["Action"] != json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_taken_out_fails_with_its_name_in_the_log() {
    let data = TempDir::new().unwrap();
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (before, function) = template.split_once("\n  AuthForgotPassword:\n").unwrap();
    let less = function.replacen("Action: [dynamodb:PutItem]", "Action: [dynamodb:DescribeTable]", 1);
    assert_ne!(less, function);
    let path = data.path().join("less.yaml");
    std::fs::write(&path, format!("{before}\n  AuthForgotPassword:\n{less}")).unwrap();
    let log = data.path().join("log");
    let arguments = ["--template", path.to_str().unwrap()];
    let stderr = File::create(&log).unwrap().into();
    let (mut child, city) = spawn_with(&program(), data.path(), &arguments, stderr).await;

    let ask = json!({ "email": "asha@example.com" });
    let answer = city.stranger().post("/v1/auth/forgot-password", ask).await;
    answer.is_problem(500, "internal_fault");
    let said = answer.body.to_string();
    assert!(!said.contains("dynamodb") && !said.contains("arn:"), "the client learns too much: {said}");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("dynamodb:PutItem") && log.contains(":table/connecto-local-Outbox"), "{log}");
    let faults = city.look("faults").await.to_string();
    assert!(faults.contains("dynamodb:PutItem") && faults.contains(":table/"), "{faults}");
    // The other endpoints keep theirs.
    city.customer("asha").await;
    child.kill().await.unwrap();
}

/// Plays everything there is once, and then asks which permissions nobody needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_permission_is_granted_in_vain() {
    let city = City::without_limits().await;
    let asha = city.registered("asha").await;
    let again = json!({ "email": asha.email, "registration_id": asha.registration_id() });
    city.stranger().post("/v1/auth/send-verification", again).await.is(202);
    city.mail(&asha.email, 2).await;
    asha.verify(&city.link(&asha.email, "verify-email").await).await;
    city.outdate_password(&asha).await;
    asha.sign_in().await;
    let first = asha.refresh_token();
    asha.keep(&asha.exchange(&first).await.is(200).body);
    city.advance("PT11S").await;
    asha.exchange(&first).await.is_problem(401, "invalid_refresh_token");
    asha.sign_in().await;
    asha.browser().get("/v1/account").await.is(200);
    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    asha.browser().get("/v1/account/sessions").await.is(200);
    let other = asha.on_another_device(&city).await;
    let sessions = asha.browser().get("/v1/account/sessions").await.is(200);
    let items = sessions.body["items"].as_array().unwrap();
    let id = items.iter().find(|item| item["current"] == false).unwrap()["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    asha.browser().delete(&format!("/v1/account/sessions/{id}")).await.is(204);
    other
        .signed_out()
        .post("/v1/auth/logout", json!({ "refresh_token": other.refresh_token() }))
        .await
        .is(204);
    let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
    asha.browser().post("/v1/auth/change-password", change).await.is(204);
    asha.sign_in().await;
    let move_on = json!({ "email": "new@example.com", "password": PASSWORD });
    asha.browser().post("/v1/account/email", move_on).await.is(202);
    let token = city.link("new@example.com", "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    asha.browser().delete("/v1/account/sessions").await.is(204);
    let token = city.link(&asha.email, "revert-email").await;
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 7).await;
    let reset = json!({ "token": city.link(&asha.email, "reset-password").await, "new_password": PASSWORD });
    city.stranger().post("/v1/auth/reset-password", reset).await.is(204);
    city.stranger().get("/v1/health").await.is(200);
    city.stranger().get("/.well-known/jwks.json").await.is(200);
    city.run("OpsRotateKeys", json!({ "force": true })).await;
    // The sweeper does what the stream could not.
    city.misbehave(json!([{ "service": "dynamodb", "function": "NotifyDeliver", "every": 1, "do": "fail" }]))
        .await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.mail(&asha.email, 9).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    let ravi = city.registered("ravi").await;
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.advance("PT1H").await;
    city.run("NotifySweep", json!({})).await;
    city.mail(&ravi.email, 1).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    city.registered("meera").await;
    for _ in 0..12 {
        city.advance("PT1H").await;
        city.run("NotifySweep", json!({})).await;
    }
    city.behave().await;
    assert_eq!(city.run("NotifyResend", json!({})).await["revived"], 1);

    let unused = city.look("permissions").await;
    let granted = unused["unused"].as_array().unwrap_or_else(|| panic!("{unused:#}"));
    // Queues have no engine here; the deploy test sees a dead letter arrive.
    let in_vain = granted.iter().filter(|grant| grant["actions"] != json!(["sqs:SendMessage"]));
    let in_vain: Vec<_> = in_vain.collect();
    assert!(in_vain.is_empty(), "{in_vain:#?}");
}
