//! How tokens travel: in the body, or the refresh token as a cookie that no script can read.

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as Described, StatusCode as DescribedStatus},
};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Accepted, Json, NoContent,
    describe::{describe_problems, json_response},
    problem::{Error, FORBIDDEN_ORIGIN},
};
use crate::{
    app::App,
    domain::{
        factor::FactorKind,
        id::{ChallengeId, SessionId, UserId},
        proof::{OpaqueToken, RefreshToken},
        user::SESSION_IDLE,
    },
};

/// `__Host-`: only over TLS, only for this very host, for all paths (RFC 6265bis, section 4.1.3.2).
const COOKIE: &str = "__Host-refresh_token";

/// Where the client wants its refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshIn {
    /// In the body, for apps.
    #[default]
    Body,
    /// As an `HttpOnly` cookie, for browsers.
    Cookie,
}

/// What a signed-in client holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds the access token is good.
    pub expires_in: i64,
    /// Good for one exchange; absent where it travels as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    #[schemars(default)]
    pub refresh_token: Option<String>,
    /// Who is signed in.
    pub user_id: UserId,
    /// By which session.
    pub session_id: SessionId,
}

/// Somebody who is signed in, and who may be new.
#[derive(Serialize, JsonSchema)]
pub struct SignedInOrUp {
    /// What the person does next.
    pub next: NextStep,
    /// What they hold.
    pub tokens: Tokens,
}

/// What comes after signing in or up.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Nothing.
    Welcome,
    /// Telling their name: nobody has told it yet.
    TellName,
}

/// 200 with tokens, and the cookie where one was asked for.
pub struct TokensAnswer<T = Tokens> {
    /// The body.
    pub body: T,
    /// The refresh token, where it travels as a cookie.
    pub cookie: Option<RefreshToken>,
}

impl<T: Serialize> IntoResponse for TokensAnswer<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Some(token) = self.cookie {
            set_cookie(response.headers_mut(), &token.to_string(), SESSION_IDLE.as_secs());
        }
        response
    }
}

impl<T: JsonSchema> OperationOutput for TokensAnswer<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        vec![(Some(DescribedStatus::Code(200)), json_response::<T>(ctx, "Signed in."))]
    }
}

/// What somebody gets who has proved one thing: 200 with tokens, or 202 where their account has a second factor.
pub enum FirstStep<T = Tokens> {
    /// They are in.
    SignedIn(TokensAnswer<T>),
    /// They have to prove another thing.
    SecondFactor(SecondFactor),
}

/// A sign-in that waits for a second factor.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SecondFactor {
    /// Keep it in the browser that signs in, for `verify-factor`.
    pub sign_in_id: ChallengeId,
    /// What can be proved.
    pub factors: Vec<FactorKind>,
    /// For how many seconds it waits.
    pub expires_in: i64,
}

impl<T: Serialize> IntoResponse for FirstStep<T> {
    fn into_response(self) -> Response {
        match self {
            Self::SignedIn(tokens) => tokens.into_response(),
            Self::SecondFactor(wanted) => Accepted(wanted).into_response(),
        }
    }
}

impl<T: JsonSchema> OperationOutput for FirstStep<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        let half = json_response::<SecondFactor>(ctx, "A second factor is needed.");
        let mut responses = TokensAnswer::<T>::inferred_responses(ctx, operation);
        responses.push((Some(DescribedStatus::Code(202)), half));
        responses
    }
}

fn set_cookie(headers: &mut HeaderMap, value: &str, max_age: i64) {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={max_age}; HttpOnly; Secure; SameSite=Lax");
    headers.extend(HeaderValue::try_from(cookie).map(|value| (header::SET_COOKIE, value)));
}

/// 204, and the browser's cookie is taken away.
pub struct SignedOut;

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        let mut response = NoContent.into_response();
        set_cookie(response.headers_mut(), "", 0);
        response
    }
}

impl OperationOutput for SignedOut {
    type Inner = ();

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        NoContent::inferred_responses(ctx, operation)
    }
}

/// The refresh token that a browser sent as its cookie, from a page of ours.
pub struct RefreshCookie(pub Option<OpaqueToken>);

impl FromRequestParts<App> for RefreshCookie {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let Some((_, value)) = pairs.find(|(name, _)| *name == COOKIE) else { return Ok(Self(None)) };
        let origin = parts.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
        let ours = app.setting("ALLOWED_ORIGINS")?;
        if !origin.is_some_and(|origin| ours.split(',').any(|our| our.trim() == origin)) {
            return Err(FORBIDDEN_ORIGIN.into());
        }
        Ok(Self(value.parse().ok()))
    }
}

impl OperationInput for RefreshCookie {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_problems(ctx, operation, &[FORBIDDEN_ORIGIN]);
    }
}
