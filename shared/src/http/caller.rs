//! Authority, as a type in a handler's signature.

use aide::{OperationInput, generate::GenContext, openapi::Operation};
use axum::extract::FromRequestParts;
use futures_util::future::BoxFuture;
use http::{header, request::Parts};

use super::{
    describe::describe_problems,
    problem::{
        Error, INVALID_TOKEN, NOT_A_PROFESSIONAL, Problem, SESSION_ENDED, STAFF_ONLY, STEP_UP_REQUIRED,
        UNAUTHENTICATED,
    },
};
use crate::{
    app::App,
    domain::{
        access_token::{Claims, Rejection},
        id::{SessionId, UserId},
        keys::JwkSet,
        professional::Professional,
        user::{Amr, Profile, Session, User},
    },
    fault::Fault,
    observe,
    store::{members, professionals, sessions},
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

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let header = parts.headers.get(header::AUTHORIZATION).ok_or(UNAUTHENTICATED)?;
            let (scheme, token) =
                header.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(INVALID_TOKEN)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(UNAUTHENTICATED.into());
            }
            let claims = verify(&app, token.trim()).await?.map_err(|_| INVALID_TOKEN)?;
            observe::user(claims.sub);
            Ok(Self { user_id: claims.sub, session_id: claims.sid })
        })
    }
}

/// What asks for somebody is compiled once, behind a trait object, and not again in each function.
fn boxed<'a, T>(
    found: impl Future<Output = Result<T, Error>> + Send + 'a,
) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(found)
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

/// Somebody whose session stands, and what they tell of themselves: for what a person does all day.
///
/// From the cache, where there is one: it forgets a session before whoever ended it is told so, and can be late by a
/// minute where Redis cannot be told. Two reads without it, the session and its user.
#[derive(Clone)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// By which session.
    pub session_id: SessionId,
    /// What they tell of themselves.
    pub profile: Profile,
}

impl FromRequestParts<App> for Member {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let Caller { user_id, session_id } = Caller::from_request_parts(parts, &app).await?;
            let profile = members::find(&app, user_id, session_id).await?.ok_or(SESSION_ENDED)?;
            Ok(Self { user_id, session_id, profile })
        })
    }
}

/// Somebody whose session stands at this moment: for acts that must not happen after it was ended.
///
/// Two reads, past the cache: the session and its user, with what secures the account.
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// By which session.
    pub session: Session,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let caller = Caller::from_request_parts(parts, &app).await?;
            let live = sessions::live(&app, caller.user_id, caller.session_id).await?;
            live.map(|(user, session)| Self { user, session }).ok_or_else(|| SESSION_ENDED.into())
        })
    }
}

/// Somebody signed in who proved at most ten minutes ago to be who they are: for acts that could take the account away.
#[derive(Clone)]
pub struct Recent {
    /// Who.
    pub user: User,
    /// By which session.
    pub session: Session,
}

impl FromRequestParts<App> for Recent {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let SignedIn { user, session } = SignedIn::from_request_parts(parts, &app).await?;
            if session.is_recent(&user, app.now()) {
                Ok(Self { user, session })
            } else {
                Err(STEP_UP_REQUIRED.into())
            }
        })
    }
}

/// Somebody signed in who has told of themselves as a professional, whether customers find them or not.
#[derive(Clone)]
pub struct OwnProfile {
    /// Their profile.
    pub professional: Professional,
}

impl FromRequestParts<App> for OwnProfile {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let SignedIn { user, .. } = SignedIn::from_request_parts(parts, &app).await?;
            let found = professionals::find(&app, Professional::id_of(user.user_id)).await?;
            found.map(|professional| Self { professional }).ok_or_else(|| NOT_A_PROFESSIONAL.into())
        })
    }
}

impl OperationInput for OwnProfile {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let problems = [UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED, NOT_A_PROFESSIONAL];
        describe_bearer(ctx, operation, &problems);
    }
}

/// Somebody signed in, by a second factor as well, who works here.
#[derive(Clone)]
pub struct Staff {
    /// Who.
    pub user: User,
}

impl FromRequestParts<App> for Staff {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let app = app.clone();
        boxed(async move {
            let SignedIn { user, session } = SignedIn::from_request_parts(parts, &app).await?;
            if user.staff.is_some() && session.amr.contains(&Amr::Mfa) {
                Ok(Self { user })
            } else {
                Err(STAFF_ONLY.into())
            }
        })
    }
}

impl OperationInput for Staff {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let problems = [UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED, STAFF_ONLY];
        describe_bearer(ctx, operation, &problems);
    }
}

impl OperationInput for Caller {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_bearer(ctx, operation, &[UNAUTHENTICATED, INVALID_TOKEN]);
    }
}

impl OperationInput for Member {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_bearer(ctx, operation, &[UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED]);
    }
}

impl OperationInput for SignedIn {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_bearer(ctx, operation, &[UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED]);
    }
}

impl OperationInput for Recent {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let problems = [UNAUTHENTICATED, INVALID_TOKEN, SESSION_ENDED, STEP_UP_REQUIRED];
        describe_bearer(ctx, operation, &problems);
    }
}

fn describe_bearer(ctx: &mut GenContext, operation: &mut Operation, problems: &[Problem]) {
    operation.security = vec![[("access_token".to_owned(), Vec::new())].into_iter().collect()];
    describe_problems(ctx, operation, problems);
}
