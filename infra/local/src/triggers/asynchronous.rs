//! Asynchronous calls of functions, as schedules and CloudFormation make them: nobody waits for the answer, so the service
//! itself tries again, and puts what failed for the last time into the function's on-failure destination.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ids;
use crate::invoke::InvokeError;
use crate::triggers::streams::DeadLetter;
use crate::world::World;

/// The pause before the first retry, twice as long before the second: on AWS they are a minute and two.
const PAUSE: Duration = Duration::from_secs(1);

/// Calls a function until it succeeds or its retries are used up; the error is that of the last try.
pub(super) async fn invoke(world: &World, function: &str, event: &Value) -> Result<Value, InvokeError> {
    let config = world.template.functions.iter().find(|known| known.logical_id == function);
    let config = &config.ok_or(InvokeError::Unknown)?;
    let mut pause = PAUSE;
    for _ in 0..config.asynchronous.retries {
        match world.functions.invoke(function, event.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
    let answer = world.functions.invoke(function, event.clone()).await;
    if let (Err(error), Some(queue)) = (&answer, &config.asynchronous.on_failure) {
        let now = world.clock.now();
        // As Lambda describes it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        let body = json!({
            "version": "1.0",
            "timestamp": format!("{now:.3}"),
            "requestContext": {
                "requestId": ids::random().to_string(),
                "functionArn": format!("{}:$LATEST", config.arn),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": config.asynchronous.retries + 1,
            },
            "requestPayload": event,
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorMessage": error.to_string() },
        });
        if let Err(error) = world.dead_letters.push(DeadLetter { queue: queue.clone(), at: now, body }).await
        {
            tracing::error!(function, %error, "a dead letter could not be kept");
        }
    }
    answer
}
