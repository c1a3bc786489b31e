//! SNS: hands a text message over, and says what is known of it.

use aws_sdk_sns::types::MessageAttributeValue;

use super::ses::failed;
use crate::{app::App, domain::phone::Phone, fault::Fault, sms::Composed, store::outbox::Attempt};

/// Sends one text message, once. That the provider refused it, or never answered, is an [`Attempt`], not a fault.
pub async fn send(app: &App, to: &Phone, message: &Composed) -> Result<Attempt, Fault> {
    let mut request = app
        .sns()
        .publish()
        .phone_number(to.as_str())
        .message(&message.text)
        .message_attributes("AWS.SNS.SMS.SMSType", text("Transactional")?);
    if let Some(sender) = app.optional("SMS_SENDER_ID") {
        request = request.message_attributes("AWS.SNS.SMS.SenderID", text(sender)?);
    }
    if let Some(registration) = &message.registration {
        request = request
            .message_attributes("AWS.MM.SMS.EntityId", text(&registration.entity_id)?)
            .message_attributes("AWS.MM.SMS.TemplateId", text(&registration.template_id)?);
    }
    let answer = request.send().await;
    Ok(answer.map_or_else(failed, |accepted| Attempt::Accepted(accepted.message_id.unwrap_or_default())))
}

fn text(value: &str) -> Result<MessageAttributeValue, Fault> {
    Ok(MessageAttributeValue::builder().data_type("String").string_value(value).build()?)
}
