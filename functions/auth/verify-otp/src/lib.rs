//! Signs in by a code that came by text message, in the browser that asked for it.
//!
//! A number that nobody has makes an account, whose name is still to be told. The code works once, for five minutes;
//! after five wrong guesses it is dead.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{code::Code, id::ChallengeId, keys::KeySet, proof::ProofKey, user::Amr},
    http::{
        Client, Error, FirstStep, Json, Language, Problem, RefreshIn, SignedInOrUp,
        problem::{CHALLENGE_EXPIRED, CONFLICT, RATE_LIMITED, WRONG_CODE},
    },
    otp, signin,
    store::{
        accounts::{self, CodeRefused},
        codes::Purpose,
        sessions::Begun,
        sign_ins::SignIn,
    },
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, WRONG_CODE, CONFLICT, RATE_LIMITED];

/// A code, and what its browser keeps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyOtp {
    /// What `send-otp` answered.
    challenge_id: ChallengeId,
    code: Code,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// Signs in or up.
#[tracing::instrument(name = "auth.verify_otp", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Language(language): Language,
    Json(body): Json<VerifyOtp>,
) -> Result<FirstStep<SignedInOrUp>, Error> {
    let is_for = |purpose: &Purpose| *purpose == Purpose::SignIn;
    let challenge = otp::prove(&app, &client, body.challenge_id, &body.code, is_for).await?;
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    // Of two who sign up at once by one number, the second signs in to what the first has made.
    for _ in 0..2 {
        let owner = accounts::by_phone(&app, &challenge.phone).await?;
        if let Some(owner) = owner.as_ref().filter(|owner| owner.factors > 0) {
            let sign_in = SignIn::new(&app, owner, Amr::Sms, client.device.clone())?;
            match accounts::half_sign_in_by_phone(&app, &challenge, &sign_in).await? {
                Ok(()) => {
                    otp::proved(&app, &challenge).await;
                    return Ok(FirstStep::SecondFactor(signin::half(&app, owner, &sign_in).await?));
                }
                Err(CodeRefused::Spent) => return Err(CHALLENGE_EXPIRED.into()),
                Err(CodeRefused::OwnerChanged | CodeRefused::Busy) => continue,
            }
        }
        let (user_id, epoch) = match &owner {
            Some(owner) => (owner.user_id, owner.session_epoch),
            None => (app.new_id()?, 0),
        };
        let device = client.device.clone();
        let session = Begun { user_id, epoch, device, amr: Amr::Sms, keys: &keys }.session(&app)?;
        let signed_in = match owner {
            Some(owner) => accounts::sign_in_by_phone(&app, &challenge, &session).await?.map(|()| owner),
            None => accounts::sign_up_by_phone(&app, &challenge, language, &session).await?,
        };
        match signed_in {
            Ok(user) => {
                otp::proved(&app, &challenge).await;
                let welcome = signin::welcome(&app, &user, &session, &keys, body.refresh_token_in);
                return Ok(FirstStep::SignedIn(welcome.await?));
            }
            Err(CodeRefused::Spent) => return Err(CHALLENGE_EXPIRED.into()),
            Err(CodeRefused::OwnerChanged | CodeRefused::Busy) => {}
        }
    }
    Err(CONFLICT.into())
}
