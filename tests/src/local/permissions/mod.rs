//! Each function is allowed what it needs, and nothing else: everything there is is used once.

mod accounts;
mod mails;
mod market;
mod media;
mod payments;

use std::fs::File;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::persistence::{program, spawn_with};
use crate::{
    city::root,
    oidc_provider::{Provider, STRICT, city_with},
};

/// Takes an action out of a function's policy.
pub fn take_out(template: &mut Value, function: &str, action: &str) {
    let policies =
        template["Resources"][function]["Properties"]["Policies"].as_array_mut().expect("policies");
    for statements in
        policies.iter_mut().map(|policy| policy["Statement"].as_array_mut().expect("statements"))
    {
        // What stands behind a condition has its own test.
        for statement in statements.iter_mut().filter(|statement| statement["Fn::If"].is_null()) {
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
    let provider = Provider::start(STRICT).await;
    let city = city_with(&[("home", &provider)]).await;
    let asha = accounts::use_account(&city).await;
    city.stranger().get("/v1/health").await.is(200);
    city.stranger().get("/.well-known/jwks.json").await.is(200);
    city.run("OpsRotateKeys", json!({ "force": true })).await;
    city.run("OpsGrantStaff", json!({ "email": asha.email, "role": null })).await;
    // First: the provider's clock is the real one, and the city's goes up to an hour ahead with the phones.
    accounts::use_provider(&city, &provider).await;
    accounts::use_phones(&city).await;
    accounts::use_factors(&city).await;
    media::use_media(&city).await;
    market::use_marketplace(&city).await;
    mails::use_mails(&city, &asha).await;

    let unused = city.look("permissions").await;
    let granted = unused["unused"].as_array().unwrap_or_else(|| panic!("{unused:#}"));
    // Queues have no engine here (the deploy test sees a dead letter arrive), and a Redis on one machine knows no IAM.
    let unseen = [json!(["sqs:SendMessage"]), json!(["elasticache:Connect"])];
    let in_vain: Vec<_> = granted.iter().filter(|grant| !unseen.contains(&grant["actions"])).collect();
    assert!(in_vain.is_empty(), "{in_vain:#?}");
}
