//! Authority, as a type in a handler's signature.

use aide::{OperationInput, generate::GenContext, openapi::Operation};
use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::{
    describe::describe_problems,
    problem::{Error, INVALID_TOKEN, Problem, SESSION_ENDED, UNAUTHENTICATED},
};
use crate::{
    app::App,
    domain::{
        access_token::{Claims, Rejection},
        id::{SessionId, UserId},
        keys::JwkSet,
        user::{Session, User},
    },
    fault::Fault,
    observe,
    store::sessions,
    vendor::secrets,
};

/// Somebody with a good access token. Their session may have ended up to 15 minutes ago.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// By which session.
    pub session_id: SessionId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or(UNAUTHENTICATED)?;
        let (scheme, token) =
            header.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(INVALID_TOKEN)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(UNAUTHENTICATED.into());
        }
        let claims = verify(app, token.trim()).await?.map_err(|_| INVALID_TOKEN)?;
        observe::user(claims.sub);
        Ok(Self { user_id: claims.sub, session_id: claims.sid })
    }
}

/// Checks a token; one whose key is unknown is checked once more with keys fetched anew.
async fn verify(app: &App, token: &str) -> Result<Result<Claims, Rejection>, Fault> {
    let issuer = app.setting("ISSUER")?;
    let keys: JwkSet = secrets::read(app, secrets::VERIFYING_KEYS).await?;
    match Claims::verify(token, issuer, &keys, app.now()) {
        Err(Rejection::UnknownKey) => {
            let keys: JwkSet = secrets::read_again(app, secrets::VERIFYING_KEYS).await?;
            Ok(Claims::verify(token, issuer, &keys, app.now()))
        }
        known => Ok(known),
    }
}

/// Somebody whose session stands at this moment: for acts that must not happen after it was ended.
///
/// Two reads: the session and its user.
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// By which session.
    pub session: Session,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let live = sessions::live(app, caller.user_id, caller.session_id).await?;
        live.map(|(user, session)| Self { user, session }).ok_or_else(|| SESSION_ENDED.into())
    }
}

impl OperationInput for Caller {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_bearer(ctx, operation, &[UNAUTHENTICATED, INVALID_TOKEN]);
    }
}

impl OperationInput for SignedIn {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_bearer(ctx, operation, &[UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED]);
    }
}

fn describe_bearer(ctx: &mut GenContext, operation: &mut Operation, problems: &[Problem]) {
    operation.security = vec![[("access_token".to_owned(), Vec::new())].into_iter().collect()];
    describe_problems(ctx, operation, problems);
}
