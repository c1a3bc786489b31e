use serde_json::{Value, json};

use crate::city::City;

async fn lines(city: &City) -> Vec<Value> {
    city.look("metrics").await["items"].as_array().cloned().unwrap_or_default()
}

async fn line(city: &City, wanted: impl Fn(&Value) -> bool) -> Value {
    let lines = lines(city).await;
    lines.iter().find(|line| wanted(line)).unwrap_or_else(|| panic!("no such line: {lines:#?}")).clone()
}

/// What `CloudWatch`'s specification of the Embedded Metric Format demands of a line.
fn is_embedded_metric_format(line: &Value) {
    assert!(line["_aws"]["Timestamp"].is_i64(), "{line:#}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
    assert!(!directives.is_empty());
    for directive in directives {
        assert_eq!(directive["Namespace"], "ConnectO");
        for set in directive["Dimensions"].as_array().expect("dimension sets") {
            for name in set.as_array().expect("a dimension set") {
                let value = line[name.as_str().unwrap()].as_str();
                assert!(value.is_some_and(|value| (1..=1_024).contains(&value.len())), "{name} in {line:#}");
            }
        }
        for metric in directive["Metrics"].as_array().expect("metrics") {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {line:#}");
            assert!(
                ["Count", "Milliseconds", "Seconds"].contains(&metric["Unit"].as_str().unwrap()),
                "{metric}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_invocation_writes_one_line_that_cloudwatch_reads() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let answer = asha.browser().get("/v1/account").await.is(200);
    let user_id = answer.text("user_id");
    asha.try_sign_in("not the password").await.is_problem(401, "wrong_credentials");
    city.run("NotifySweep", json!({})).await;

    for line in lines(&city).await {
        is_embedded_metric_format(&line);
    }
    let of = |function: &'static str| {
        move |line: &Value| line["function"] == function && line["duration"].is_number()
    };
    let account = line(&city, of("account-get-account")).await;
    assert_eq!(account["route"], "GET /v1/account");
    assert_eq!(
        (&account["status"], &account["invocations"], &account["faults"]),
        (&json!(200), &json!(1), &json!(0))
    );
    assert_eq!(account["request_id"], answer.header("x-request-id"));
    assert_eq!(account["cold"], true);
    let user = account["user"].as_str().expect("a user");
    assert_eq!(user.len(), 12);
    assert!(!user_id.contains(user));
    asha.browser().get("/v1/account").await.is(200);
    let again = line(&city, of("account-get-account")).await;
    assert_eq!((&again["cold"], again["user"].as_str()), (&json!(false), Some(user)));

    let refused = line(&city, |line| line["code"] == "wrong_credentials").await;
    assert_eq!((&refused["function"], &refused["problems"]), (&json!("auth-login"), &json!(1)));
    let sent = line(&city, |line| line["outcome"] == "sent").await;
    assert_eq!((&sent["function"], &sent["deliveries"]), (&json!("notify-deliver"), &json!(1.0)));
    let age = line(&city, |line| line["outbox_age"].is_number()).await;
    assert_eq!(age["function"], "notify-sweep");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_waits_shows_in_the_age_of_the_outbox() {
    let city = City::new().await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    city.registered("asha").await;
    crate::city::wait_until(async || lines(&city).await.iter().any(|line| line["deliveries"] == 1.0)).await;
    city.advance("PT10M").await;
    city.run("NotifySweep", json!({})).await;
    // The schedule comes by as well: whichever of the two finds it tells of it when it is done.
    let ages = async || lines(&city).await.into_iter().filter_map(|line| line["outbox_age"].as_f64());
    let oldest = async || ages().await.fold(0.0, f64::max);
    crate::city::wait_until(async || oldest().await > 0.0).await;
    // Due half a minute after the first try.
    let oldest = oldest().await;
    assert!((550.0..=620.0).contains(&oldest), "{oldest} s");
}
