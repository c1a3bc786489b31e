//! The text messages that ConnectO sends.
//!
//! In India an operator lets through only what was registered with it word for word, sender, template and language (TRAI's
//! TCCCPR; "DLT"). What is to be registered stands in `shared/locales/dlt.json`; a test holds it against the texts.

#[cfg(test)]
mod segments;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    domain::{locale::Locale, phone::Phone},
    fault::Fault,
    mail::sms_text,
};

/// What a text message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsKind {
    /// A code to type in (5 minutes).
    Code,
    /// To a former number: the account has another one now, or none.
    PhoneRemoved,
    /// To who has no mail address: a used refresh token came back, so its device was signed out.
    DeviceSignedOut,
    /// To who had no mail address: the account has one now.
    EmailAdded,
    /// To who has no mail address: the account has other second factors.
    FactorsChanged,
    /// To who has no mail address: somebody signed in with a recovery code.
    RecoveryCodeUsed,
    /// To who has no mail address: the account has other identities at providers.
    IdentitiesChanged,
    /// To who has no mail address: staff has decided something of them as a professional.
    ApplicationDecided,
    /// To who has no mail address: something happened to one of their bookings.
    BookingNews,
    /// To who has no mail address: what they earn goes to another bank account.
    PayoutAccountChanged,
    /// To who has no mail address: something happened to a job that they posted, or that is offered to them.
    JobNews,
}

impl SmsKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Code,
        Self::PhoneRemoved,
        Self::DeviceSignedOut,
        Self::EmailAdded,
        Self::FactorsChanged,
        Self::RecoveryCodeUsed,
        Self::IdentitiesChanged,
        Self::ApplicationDecided,
        Self::BookingNews,
        Self::PayoutAccountChanged,
        Self::JobNews,
    ];

    /// Its name in settings and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::PhoneRemoved => "phone_removed",
            Self::DeviceSignedOut => "device_signed_out",
            Self::EmailAdded => "email_added",
            Self::FactorsChanged => "factors_changed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::IdentitiesChanged => "identities_changed",
            Self::ApplicationDecided => "application_decided",
            Self::BookingNews => "booking_news",
            Self::PayoutAccountChanged => "payout_account_changed",
            Self::JobNews => "job_news",
        }
    }
}

/// A message as it is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Composed {
    /// Its text.
    pub text: String,
    /// What India's operators want to know of it; nothing for other countries, and where nothing is registered.
    pub registration: Option<Registration>,
}

/// Under what a message was registered.
#[derive(Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who registered it.
    pub entity_id: String,
    /// The text.
    pub template_id: String,
}

/// Writes a message. Where India's operators want a registration and there is none in this language, it is English.
pub fn compose(
    app: &App,
    kind: SmsKind,
    to: &Phone,
    locale: Locale,
    code: Option<&str>,
) -> Result<Composed, Fault> {
    let entity_id = app.optional("SMS_ENTITY_ID").filter(|_| to.is_indian());
    let (locale, registration) = match entity_id {
        None => (locale, None),
        Some(entity_id) => {
            let templates = app.setting("SMS_TEMPLATES")?;
            let found = [locale, Locale::En]
                .into_iter()
                .find_map(|locale| Some((locale, template_id(templates, kind, locale)?)));
            let (locale, template_id) = found.ok_or_else(|| {
                Fault::new(format!("SmsTemplates has no {}.en: it was not registered", kind.as_str()))
            })?;
            let (entity_id, template_id) = (entity_id.to_owned(), template_id.to_owned());
            (locale, Some(Registration { entity_id, template_id }))
        }
    };
    let host = host(app.setting("FRONTEND_URL")?);
    Ok(Composed { text: fill(kind, locale, host, code.unwrap_or_default()), registration })
}

/// The text of a message. Its last line, `@<host> #<code>`, lets a browser on that host type the code in by itself
/// (WICG, "Origin-bound one-time codes delivered via SMS").
fn fill(kind: SmsKind, locale: Locale, host: &str, code: &str) -> String {
    sms_text(locale, kind).replace("{host}", host).replace("{code}", code)
}

/// The id of a registered text in `code.en=1107…,code.hi=1107…`.
fn template_id(templates: &str, kind: SmsKind, locale: Locale) -> Option<&str> {
    let name = format!("{}.{locale}", kind.as_str());
    let mut pairs = templates.split(',').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, id)| id)
}

/// The host of an origin, without its port.
pub(crate) fn host(origin: &str) -> &str {
    let (_, rest) = origin.split_once("://").unwrap_or(("", origin));
    rest.split([':', '/']).next().unwrap_or_default()
}
