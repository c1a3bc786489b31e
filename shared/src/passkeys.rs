//! Passkeys (`WebAuthn`, level 3): discoverable credentials that demand a finger, a face or a PIN, so that each is two
//! factors in one. The ceremonies are `webauthn-rs`'s; what is asked for, kept and used up is ours.

use serde_json::Value;
use url::Url;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::{
    app::App,
    domain::{
        factor::{Factor, Means},
        id::{ChallengeId, UserId},
    },
    fault::Fault,
    http::{
        Error,
        problem::{CHALLENGE_EXPIRED, INVALID_INPUT, INVALID_PASSKEY},
    },
    sms::host,
    store::{
        factors::{self, Proof},
        passkey_challenges,
    },
};

/// What a person's browser shows them to whom they prove themselves.
const NAME: &str = "ConnectO";

/// A passkey that is being made.
pub struct Begun {
    /// For `navigator.credentials.create()`.
    pub options: Value,
    /// What its end is checked against.
    pub registration: String,
}

/// Begins to make a passkey for somebody who has these already.
pub fn begin_registration(
    app: &App,
    user_id: UserId,
    account: &str,
    name: &str,
    has: &[Factor],
) -> Result<Begun, Fault> {
    let known = has.iter().filter_map(|factor| match &factor.means {
        Means::Passkey { credential } => Some(serde_json::from_str::<Passkey>(credential)),
        Means::Totp(_) => None,
    });
    let known = known.map(|passkey| passkey.map(|passkey| passkey.cred_id().clone()));
    let exclude = known.collect::<Result<Vec<_>, _>>()?;
    let webauthn = webauthn(app)?;
    let (mut options, registration) =
        webauthn.start_passkey_registration(user_id.uuid(), account, name, Some(exclude))?;
    make_discoverable(&mut options);
    Ok(Begun { options: serde_json::to_value(options)?, registration: serde_json::to_string(&registration)? })
}

/// Without a name typed in, the authenticator itself must know whose the credential is.
fn make_discoverable(options: &mut CreationChallengeResponse) {
    if let Some(wanted) = &mut options.public_key.authenticator_selection {
        wanted.resident_key = Some(ResidentKeyRequirement::Required);
        wanted.require_resident_key = true;
    }
}

/// The passkey that a browser has made, as it is kept.
pub fn finish_registration(app: &App, registration: &str, made: Value) -> Result<String, Error> {
    let made: RegisterPublicKeyCredential = read(made)?;
    let registration: PasskeyRegistration = serde_json::from_str(registration)?;
    let passkey = webauthn(app)?.finish_passkey_registration(&made, &registration);
    let passkey = passkey.map_err(|error| refused(&error))?;
    Ok(serde_json::to_string(&passkey)?)
}

/// Begins a proof by whatever passkey the person chooses; its challenge and the options for
/// `navigator.credentials.get()`.
pub async fn begin_authentication(app: &App) -> Result<(ChallengeId, Value), Fault> {
    let (mut options, state) = webauthn(app)?.start_discoverable_authentication()?;
    // Whether passkeys show up beside a form or in a window of their own is for the front end to say.
    options.mediation = None;
    let id = app.new_id()?;
    passkey_challenges::put(app, id, &serde_json::to_string(&state)?).await?;
    Ok((id, serde_json::to_value(options)?))
}

/// Whom a passkey proves, and the proof, not yet used up. The challenge is used up in any case.
pub async fn identify(app: &App, id: ChallengeId, shown: Value) -> Result<(UserId, Proof), Error> {
    let shown: PublicKeyCredential = read(shown)?;
    let state = passkey_challenges::take(app, id).await?.ok_or(CHALLENGE_EXPIRED)?;
    let state: DiscoverableAuthentication = serde_json::from_str(&state)?;
    let webauthn = webauthn(app)?;
    let (owner, credential_id) =
        webauthn.identify_discoverable_authentication(&shown).map_err(|error| refused(&error))?;
    let user_id = UserId::from_uuid(owner);
    for factor in factors::list(app, user_id).await? {
        let Means::Passkey { credential } = &factor.means else { continue };
        let mut passkey: Passkey = serde_json::from_str(credential)?;
        if passkey.cred_id().as_slice() != credential_id {
            continue;
        }
        let result = webauthn.finish_discoverable_authentication_v2(&shown, state, &passkey);
        passkey.update_credential(&result.map_err(|error| refused(&error))?);
        let credential = serde_json::to_string(&passkey)?;
        return Ok((user_id, Proof::Passkey { factor_id: factor.factor_id, credential }));
    }
    Err(INVALID_PASSKEY.into())
}

/// The party that browsers prove themselves to: the front end's host, for all of its origins.
fn webauthn(app: &App) -> Result<Webauthn, Fault> {
    let front_end = app.setting("FRONTEND_URL")?;
    let origin: Url = front_end.parse()?;
    let mut builder = WebauthnBuilder::new(host(front_end), &origin)?.rp_name(NAME);
    for allowed in app.setting("ALLOWED_ORIGINS")?.split(',') {
        builder = builder.append_allowed_origin(&allowed.trim().parse()?);
    }
    Ok(builder.build()?)
}

fn read<T: serde::de::DeserializeOwned>(credential: Value) -> Result<T, Error> {
    serde_json::from_value(credential)
        .map_err(|_| INVALID_INPUT.at("/credential", "invalid_credential").into())
}

/// Why a ceremony failed says a word to us, and nothing to who tries.
fn refused(error: &webauthn_rs::prelude::WebauthnError) -> Error {
    tracing::info!(%error, "a passkey was refused");
    INVALID_PASSKEY.into()
}
