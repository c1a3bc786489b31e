//! Signing in: what a session and its user are worth in tokens.

use crate::{
    app::App,
    domain::{
        access_token::{self, Claims},
        keys::{KeySet, SigningKey},
        proof::{ProofKey, RefreshToken},
        user::{Session, User},
    },
    fault::Fault,
    http::{NextStep, RefreshIn, SecondFactor, SignedInOrUp, Tokens, TokensAnswer},
    second_factor,
    store::sign_ins::{self, SignIn},
    vendor::secrets,
};

/// What a sign-in that waits for a second factor is told.
pub async fn half(app: &App, user: &User, sign_in: &SignIn) -> Result<SecondFactor, Fault> {
    Ok(SecondFactor {
        sign_in_id: sign_in.sign_in_id,
        factors: second_factor::kinds(app, user).await?,
        expires_in: sign_ins::LIFETIME.as_secs(),
    })
}

/// An access token of a session, made now.
pub async fn access(app: &App, user: &User, session: &Session) -> Result<Tokens, Fault> {
    let now = app.now();
    let claims = Claims {
        iss: app.setting("ISSUER")?.to_owned(),
        sub: user.user_id,
        sid: session.session_id,
        roles: user.roles.clone(),
        staff: user.staff,
        auth_time: session.authenticated_at.as_second(),
        amr: session.amr.clone(),
        iat: now.as_second(),
        exp: (now + access_token::LIFETIME).as_second(),
    };
    let signing_keys: KeySet<SigningKey> = secrets::read(app, secrets::SIGNING_KEYS).await?;
    Ok(Tokens {
        access_token: claims.sign(&signing_keys, now)?,
        token_type: "Bearer",
        expires_in: access_token::LIFETIME.as_secs(),
        refresh_token: None,
        user_id: user.user_id,
        session_id: session.session_id,
    })
}

/// The tokens of a session: an access token made now, and the refresh token of the session's generation.
pub async fn tokens(
    app: &App,
    user: &User,
    session: &Session,
    refresh_keys: &KeySet<ProofKey>,
    refresh_in: RefreshIn,
) -> Result<TokensAnswer, Fault> {
    let refresh_token = RefreshToken::derive(
        refresh_keys,
        &session.kid,
        user.user_id,
        session.session_id,
        session.generation,
    )?;
    let tokens = access(app, user, session).await?;
    Ok(match refresh_in {
        RefreshIn::Body => TokensAnswer {
            body: Tokens { refresh_token: Some(refresh_token.to_string()), ..tokens },
            cookie: None,
        },
        RefreshIn::Cookie => TokensAnswer { body: tokens, cookie: Some(refresh_token) },
    })
}

/// The same for somebody who may be new, and what they do next.
pub async fn welcome(
    app: &App,
    user: &User,
    session: &Session,
    refresh_keys: &KeySet<ProofKey>,
    refresh_in: RefreshIn,
) -> Result<TokensAnswer<SignedInOrUp>, Fault> {
    let TokensAnswer { body, cookie } = tokens(app, user, session, refresh_keys, refresh_in).await?;
    let next = if user.name.is_some() { NextStep::Welcome } else { NextStep::TellName };
    Ok(TokensAnswer { body: SignedInOrUp { next, tokens: body }, cookie })
}
