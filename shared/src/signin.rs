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
    http::{RefreshIn, Tokens, TokensAnswer},
    vendor::secrets,
};

/// The tokens of a session: an access token made now, and the refresh token of the session's generation.
pub async fn tokens(
    app: &App,
    user: &User,
    session: &Session,
    refresh_keys: &KeySet<ProofKey>,
    refresh_in: RefreshIn,
) -> Result<TokensAnswer, Fault> {
    let now = app.now();
    let claims = Claims {
        iss: app.setting("ISSUER")?.to_owned(),
        sub: user.user_id,
        sid: session.session_id,
        roles: user.roles.clone(),
        iat: now.as_second(),
        exp: (now + access_token::LIFETIME).as_second(),
    };
    let signing_keys: KeySet<SigningKey> = secrets::read(app, secrets::SIGNING_KEYS).await?;
    let refresh_token = RefreshToken::derive(
        refresh_keys,
        &session.kid,
        user.user_id,
        session.session_id,
        session.generation,
    )?;
    let (in_body, cookie) = match refresh_in {
        RefreshIn::Body => (Some(refresh_token.to_string()), None),
        RefreshIn::Cookie => (None, Some(refresh_token)),
    };
    Ok(TokensAnswer {
        body: Tokens {
            access_token: claims.sign(&signing_keys, now)?,
            token_type: "Bearer",
            expires_in: access_token::LIFETIME.as_secs(),
            refresh_token: in_body,
            user_id: user.user_id,
            session_id: session.session_id,
        },
        cookie,
    })
}
