//! Asynchronous calls of functions, as schedules and CloudFormation make them: nobody waits for the answer, so the service
//! itself tries again.

use std::time::Duration;

use serde_json::Value;

use crate::invoke::InvokeError;
use crate::world::World;

/// A call that fails is tried twice more, after these pauses: on AWS they are a minute and two.
const RETRIES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Calls a function until it succeeds or its retries are used up; the error is that of the last try.
pub(super) async fn invoke(world: &World, function: &str, event: &Value) -> Result<Value, InvokeError> {
    let mut pauses = RETRIES.iter();
    loop {
        let result = world.functions.invoke(function, event.clone()).await;
        match (&result, pauses.next()) {
            (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
            _ => return result,
        }
    }
}
