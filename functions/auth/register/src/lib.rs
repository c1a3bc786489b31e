//! Registers a person and mails their address a link to verify it.
//!
//! Always answers 202 with the same body after the same work, so that nobody learns which addresses have accounts
//! (OWASP ASVS 5, 6.3.8); an address that has one is told so by mail. The account begins when the link is used.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        id::RegistrationId,
        limits::{MAIL_PER_NETWORK, REGISTER_PER_ADDRESS},
        locale::Locale,
        password::Password,
        person::PersonName,
    },
    hashing,
    http::{
        Accepted, Client, Error, Json, Language, Problem,
        problem::{RATE_LIMITED, WEAK_PASSWORD},
    },
    store::{
        accounts::{self, NewRegistration},
        limits,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[WEAK_PASSWORD, RATE_LIMITED];

/// A person who wants an account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    email: Email,
    password: Password,
    name: PersonName,
    /// The language of mails; without it, the request's.
    locale: Option<Locale>,
}

/// A registration under way.
#[derive(Serialize, JsonSchema)]
pub struct Registered {
    /// Keep it in the browser that registered: with it, using the mailed link signs this browser in.
    registration_id: RegistrationId,
}

/// Registers a person; the address counts as theirs only once verified.
#[tracing::instrument(name = "auth.register", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Language(language): Language,
    Json(body): Json<Register>,
) -> Result<Accepted<Registered>, Error> {
    if !body.password.is_strong(&[body.name.as_str(), body.email.as_str()]) {
        return Err(WEAK_PASSWORD.at("/password", "weak_password").into());
    }
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await??;
    limits::take(&app, REGISTER_PER_ADDRESS, body.email.as_str()).await??;
    let registration_id = app.new_id()?;
    let password_hash = hashing::hash(&app, body.password).await?;
    let locale = body.locale.unwrap_or(language);
    let registration =
        NewRegistration { email: body.email, password_hash, name: body.name, locale, registration_id };
    accounts::register(&app, registration).await?;
    Ok(Accepted(Registered { registration_id }))
}
