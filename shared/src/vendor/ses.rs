//! SES: hands a composed mail over, and says what is known of it.

use aws_sdk_ses::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::RawMessage,
};

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
    Ok(answer.map_or_else(failed, |accepted| Attempt::Accepted(accepted.message_id)))
}

/// What is known of a message whose provider did not say that it took it.
pub(super) fn failed<E>(error: SdkError<E>) -> Attempt
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(error) => {
            // Its code alone: the provider's text names the recipient.
            let code = error.err().code().unwrap_or("unknown").to_owned();
            // An answer was read; one that puts it down to the request says that nothing was sent.
            let refused = error.raw().status().is_client_error();
            if refused { Attempt::Refused(code) } else { Attempt::Unknown(code) }
        }
        // Nothing left this machine.
        SdkError::ConstructionFailure(error) => Attempt::Refused(format!("{error:?}")),
        error => Attempt::Unknown(Fault::from(error).to_string()),
    }
}
