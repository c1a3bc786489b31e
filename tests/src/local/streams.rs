//! A function that fails where nobody waits for its answer: what AWS does with its records and events.

use serde_json::{Value, json};

use super::permissions::take_out;
use crate::city::{City, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_cannot_be_worked_off_end_as_metadata_alone() {
    // Without its permission the function fails at every record.
    let city = City::edited(|template| {
        take_out(template, "NotifyDeliver", "dynamodb:UpdateItem");
        let stream =
            &mut template["Resources"]["NotifyDeliver"]["Properties"]["Events"]["Stream"]["Properties"];
        stream["MaximumRetryAttempts"] = json!(1);
    })
    .await;
    let asha = city.registered("asha").await;
    for _ in 0..1_000 {
        let letters = city.look("faults").await["dead_letters"].take();
        if let Some(letter) = letters.as_array().and_then(|letters| letters.first()) {
            let text = letter.to_string();
            assert!(
                text.contains("DDBStreamBatchInfo") && text.contains("RetryAttemptsExhausted"),
                "{letter:#}"
            );
            assert!(
                !text.contains(&asha.email) && !text.contains("NewImage"),
                "a dead letter carries data: {letter:#}"
            );
            // The message itself is not lost: the sweeper has its own permission.
            city.run("NotifySweep", json!({})).await;
            city.mail(&asha.email, 1).await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let faults: Value = city.look("faults").await;
    panic!("no dead letter came: {faults:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_worked_off_ends_as_a_dead_letter() {
    let city = City::edited(|template| take_out(template, "NotifySweep", "dynamodb:Query")).await;
    city.advance("PT2M").await;
    wait_until(async || {
        let letters = city.look("faults").await["dead_letters"].take();
        letters.as_array().is_some_and(|letters| {
            letters.iter().any(|letter| {
                let context = &letter["body"]["requestContext"];
                let function = context["functionArn"].as_str().unwrap_or_default();
                function.contains("NotifySweep")
                    && context["condition"] == "RetriesExhausted"
                    && context["approximateInvokeCount"] == 3
                    && letter["body"]["requestPayload"].is_object()
            })
        })
    })
    .await;
}
