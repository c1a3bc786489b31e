//! SES: hands a composed mail over, and says what is known of it.

use aws_sdk_ses::{error::SdkError, primitives::Blob, types::RawMessage};

use crate::{app::App, domain::email::Email, fault::Fault, store::outbox::Attempt};

/// Sends one mail, once. That the provider refused it, or never answered, is an [`Attempt`], not a fault.
pub async fn send(app: &App, from: &str, to: &Email, mime: Vec<u8>) -> Result<Attempt, Fault> {
    let answer = app
        .ses()
        .send_raw_email()
        .source(from)
        .destinations(to.as_str())
        .raw_message(RawMessage::builder().data(Blob::new(mime)).build()?)
        .send()
        .await;
    Ok(match answer {
        Ok(accepted) => Attempt::Accepted(accepted.message_id),
        // An answer was read, and it says that the request was at fault: nothing was sent.
        Err(SdkError::ServiceError(error)) if error.raw().status().is_client_error() => {
            Attempt::Refused(error.err().to_string())
        }
        // Nothing left this machine.
        Err(SdkError::ConstructionFailure(error)) => Attempt::Refused(format!("{error:?}")),
        Err(error) => Attempt::Unknown(Fault::from(error).to_string()),
    })
}
