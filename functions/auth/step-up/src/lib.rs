//! Proves in a session once more that it is its owner who acts; good for ten minutes.
//!
//! By the password, or by a code that was sent to the account's phone; where the account has a second factor, by that.
//! What could take the account away asks for it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        code::Code,
        factor::RecoveryCode,
        id::ChallengeId,
        limits::PASSWORD_PER_ACCOUNT,
        password::Password,
        user::{Amr, Session, User},
    },
    hashing,
    http::{
        Client, Error, Json, Problem, SignedIn, Tokens,
        problem::{
            CHALLENGE_EXPIRED, INVALID_INPUT, INVALID_PASSKEY, RATE_LIMITED, SECOND_FACTOR_REQUIRED,
            SESSION_ENDED, WRONG_CODE, WRONG_PASSWORD,
        },
    },
    otp,
    second_factor::{self, Given, PasskeyAnswer, Stage},
    signin,
    store::{accounts, codes::Purpose, factors, limits, sessions},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[
    WRONG_PASSWORD,
    WRONG_CODE,
    INVALID_PASSKEY,
    CHALLENGE_EXPIRED,
    SECOND_FACTOR_REQUIRED,
    SESSION_ENDED,
    RATE_LIMITED,
];

/// One proof: the password, a challenge and its code, or a second factor.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    password: Option<Password>,
    /// What `step-up/send-otp` answered.
    challenge_id: Option<ChallengeId>,
    /// The code that came.
    code: Option<Code>,
    /// What the authenticator app shows.
    totp: Option<Code>,
    recovery_code: Option<RecoveryCode>,
    passkey: Option<PasskeyAnswer>,
}

/// Notes the proof in the session, and in a new access token.
#[tracing::instrument(name = "auth.step_up", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, session }: SignedIn,
    client: Client,
    Json(body): Json<StepUp>,
) -> Result<Json<Tokens>, Error> {
    let StepUp { password, challenge_id, code, totp, recovery_code, passkey } = body;
    let by_factors = totp.is_some() || recovery_code.is_some() || passkey.is_some();
    let session = match (password, challenge_id.zip(code)) {
        (None, None) => {
            let given = Given::one_of(totp, recovery_code, passkey);
            let given = given.ok_or_else(|| INVALID_INPUT.at("", "one_proof"))?;
            by_factor(&app, &user, &session, given).await?
        }
        (Some(_), Some(_)) => return Err(INVALID_INPUT.at("", "one_proof").into()),
        _ if by_factors => return Err(INVALID_INPUT.at("", "one_proof").into()),
        _ if user.factors > 0 => return Err(SECOND_FACTOR_REQUIRED.into()),
        (Some(password), None) => by_password(&app, &user, &session, password).await?,
        (None, Some((id, code))) => by_code(&app, &client, &session, id, &code).await?,
    };
    Ok(Json(signin::access(&app, &user, &session).await?))
}

async fn by_password(
    app: &App,
    user: &User,
    session: &Session,
    password: Password,
) -> Result<Session, Error> {
    limits::take(app, PASSWORD_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if !hashing::is_password_of(user, password).await? {
        return Err(WRONG_PASSWORD.into());
    }
    let proved = session.proved_again(&[Amr::Pwd], app.now());
    sessions::step_up(app, &proved).await?.map_err(|_| SESSION_ENDED)?;
    Ok(proved)
}

async fn by_factor(app: &App, user: &User, session: &Session, given: Given) -> Result<Session, Error> {
    let amr = given.amr();
    let proof = second_factor::check(app, user, Stage::SignedIn, given).await?.ok_or(WRONG_CODE)?;
    let proved = session.proved_again(&[amr, Amr::Mfa], app.now());
    let stepped_up = factors::step_up(app, user, &proved, &proof).await?;
    // At first: somebody has just used the same one.
    stepped_up.map_err(|refused| if refused.at == 0 { WRONG_CODE } else { SESSION_ENDED })?;
    Ok(proved)
}

async fn by_code(
    app: &App,
    client: &Client,
    session: &Session,
    id: ChallengeId,
    code: &Code,
) -> Result<Session, Error> {
    let this = Purpose::StepUp { user_id: session.user_id, session_id: session.session_id };
    let challenge = otp::prove(app, client, id, code, |purpose| *purpose == this).await?;
    let proved = session.proved_again(&[Amr::Sms], app.now());
    let stepped_up = accounts::step_up_by_phone(app, &challenge, &proved).await?;
    stepped_up.map_err(|refused| if refused.at < 2 { CHALLENGE_EXPIRED } else { SESSION_ENDED })?;
    otp::proved(app, &challenge).await;
    Ok(proved)
}
