//! Expected failures have names: problems, written as RFC 9457 has them.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    domain::{locale::Locale, puzzle::Puzzle},
    fault::Fault,
    mail::{field_text, problem_text},
    observe,
    store::limits::Exceeded,
};

/// A way for a request to fail that clients can tell by its `code`. Its texts, in every language, stand in
/// `shared/locales` under that code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The response's status.
    pub status: StatusCode,
    /// Its stable name.
    pub code: &'static str,
}

impl Problem {
    /// A problem.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code }
    }

    /// This problem, with what is wrong with each field.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Refusal {
        Refusal { problem: self, errors, headers: HeaderMap::new(), attempts_left: None, puzzle: None }
    }

    /// This problem, and how many more tries there are.
    #[must_use]
    pub fn with_attempts_left(self, attempts_left: u32) -> Refusal {
        Refusal { attempts_left: Some(attempts_left), ..self.with_errors(Vec::new()) }
    }

    /// This problem, and the puzzle whose solution makes it go away.
    #[must_use]
    pub fn with_puzzle(self, puzzle: Puzzle) -> Refusal {
        Refusal { puzzle: Some(puzzle), ..self.with_errors(Vec::new()) }
    }

    /// This problem, which waiting makes go away.
    #[must_use]
    pub fn retry_after(self, wait: SignedDuration) -> Refusal {
        let mut refusal = self.with_errors(Vec::new());
        refusal.headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        refusal
    }

    /// This problem because of one field of the body, by its JSON pointer (RFC 6901).
    #[must_use]
    pub fn at(self, field: &str, code: &str) -> Refusal {
        self.with_errors(vec![FieldError { field: field.to_owned(), code: code.to_owned() }])
    }

    /// This problem, with the methods that would do (RFC 9110, section 10.2.1).
    #[must_use]
    pub fn allowing(self, methods: &[&str]) -> Refusal {
        let mut refusal = self.with_errors(Vec::new());
        refusal.headers.extend(HeaderValue::try_from(methods.join(", ")).map(|value| (header::ALLOW, value)));
        refusal
    }
}

/// The body is no JSON.
pub const MALFORMED_JSON: Problem = Problem::new(StatusCode::BAD_REQUEST, "malformed_json");
/// The body, the query or a path parameter says something that cannot be.
pub const INVALID_INPUT: Problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input");
/// The body is not declared as JSON.
pub const UNSUPPORTED_MEDIA_TYPE: Problem =
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
/// The body is larger than the endpoint takes.
pub const BODY_TOO_LARGE: Problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large");
/// There is no such thing, or it is somebody else's.
pub const NOT_FOUND: Problem = Problem::new(StatusCode::NOT_FOUND, "not_found");
/// The path exists, with other methods.
pub const METHOD_NOT_ALLOWED: Problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
/// Nobody is signed in.
pub const UNAUTHENTICATED: Problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated");
/// The access token is not one, or no longer.
pub const INVALID_TOKEN: Problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_token");
/// The access token is good, but its session is over.
pub const SESSION_ENDED: Problem = Problem::new(StatusCode::UNAUTHORIZED, "session_ended");
/// A browser sent its cookie from a page that is not ours.
pub const FORBIDDEN_ORIGIN: Problem = Problem::new(StatusCode::FORBIDDEN, "forbidden_origin");
/// Too often.
pub const RATE_LIMITED: Problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited");
/// It is not signed by who it would be from.
pub const INVALID_SIGNATURE: Problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_signature");
/// It is done by paying for it.
pub const PAYMENT_REQUIRED: Problem = Problem::new(StatusCode::PAYMENT_REQUIRED, "payment_required");
/// Razorpay does not take this payment.
pub const PAYMENT_REFUSED: Problem = Problem::new(StatusCode::CONFLICT, "payment_refused");
/// Razorpay does not take who somebody says to be, or where their money is to go.
pub const PAYOUT_ACCOUNT_REFUSED: Problem = Problem::new(StatusCode::CONFLICT, "payout_account_refused");
/// Razorpay does not answer now.
pub const PAYMENTS_UNAVAILABLE: Problem =
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "payments_unavailable");
/// A mailed link's token is wrong, used or late.
pub const LINK_INVALID: Problem = Problem::new(StatusCode::GONE, "link_invalid");
/// The password is a common one or made of the person's own words.
pub const WEAK_PASSWORD: Problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password");
/// The password asked again is not the account's.
pub const WRONG_PASSWORD: Problem = Problem::new(StatusCode::FORBIDDEN, "wrong_password");
/// Somebody else changed the same thing meanwhile.
pub const CONFLICT: Problem = Problem::new(StatusCode::CONFLICT, "conflict");
/// A file that comes in parts cannot be put together yet.
pub const NOT_ALL_PARTS: Problem = Problem::new(StatusCode::CONFLICT, "not_all_parts");
/// A file that comes in parts was given up before all had come.
pub const UPLOAD_EXPIRED: Problem = Problem::new(StatusCode::GONE, "upload_expired");
/// What was asked to be proved was proved already, has ended, or was tried too often.
pub const CHALLENGE_EXPIRED: Problem = Problem::new(StatusCode::GONE, "challenge_expired");
/// A code that is not the one.
pub const WRONG_CODE: Problem = Problem::new(StatusCode::FORBIDDEN, "wrong_code");
/// A message with the code has just been sent.
pub const RESEND_TOO_EARLY: Problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "resend_too_early");
/// The problem carries a puzzle to be solved first.
pub const PROOF_OF_WORK_REQUIRED: Problem =
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "proof_of_work_required");
/// The act could take the account away, and the last proof of who acts is more than ten minutes old.
pub const STEP_UP_REQUIRED: Problem = Problem::new(StatusCode::FORBIDDEN, "step_up_required");
/// The account has a second factor, and this is to be proved by that.
pub const SECOND_FACTOR_REQUIRED: Problem = Problem::new(StatusCode::FORBIDDEN, "second_factor_required");
/// A passkey that is not the account's, or not shown as it was asked for.
pub const INVALID_PASSKEY: Problem = Problem::new(StatusCode::FORBIDDEN, "invalid_passkey");
/// The account has as many second factors as there is room for.
pub const TOO_MANY_FACTORS: Problem = Problem::new(StatusCode::CONFLICT, "too_many_factors");
/// What a provider sent back is not its answer to what this browser began.
pub const AUTHORIZATION_INVALID: Problem = Problem::new(StatusCode::FORBIDDEN, "authorization_invalid");
/// A provider does not answer, or answers nonsense.
pub const PROVIDER_UNAVAILABLE: Problem =
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "provider_unavailable");
/// What only people who work here may do.
pub const STAFF_ONLY: Problem = Problem::new(StatusCode::FORBIDDEN, "staff_only");
/// Somebody who has no profile as a professional.
pub const NOT_A_PROFESSIONAL: Problem = Problem::new(StatusCode::FORBIDDEN, "not_a_professional");
/// An upload is not ready, or not meant for what it is named for.
pub const UPLOAD_NOT_READY: Problem = Problem::new(StatusCode::CONFLICT, "upload_not_ready");
/// A request that must not be done twice came without a key.
pub const IDEMPOTENCY_KEY_REQUIRED: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_required");
/// The key came with another request before.
pub const IDEMPOTENCY_KEY_REUSED: Problem =
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused");
/// A professional cannot be booked for a time, or not any more.
pub const SLOT_UNAVAILABLE: Problem = Problem::new(StatusCode::CONFLICT, "slot_unavailable");
/// A customer takes as much of a professional's time as they may.
pub const TOO_MANY_BOOKINGS: Problem = Problem::new(StatusCode::CONFLICT, "too_many_bookings");
/// A place to which a professional does not go.
pub const OUTSIDE_AREA: Problem = Problem::new(StatusCode::CONFLICT, "outside_area");
/// As a booking stands, something cannot be done, or not by whoever asks.
pub const NOT_POSSIBLE_NOW: Problem = Problem::new(StatusCode::CONFLICT, "not_possible_now");
/// It is too early for something.
pub const TOO_EARLY: Problem = Problem::new(StatusCode::CONFLICT, "too_early");
/// It is too late for something.
pub const TOO_LATE: Problem = Problem::new(StatusCode::CONFLICT, "too_late");
/// A job has as many quotes as it may have.
pub const TOO_MANY_QUOTES: Problem = Problem::new(StatusCode::CONFLICT, "too_many_quotes");
/// Something that is nobody's expected answer.
pub const INTERNAL_FAULT: Problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_fault");

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where it stands, as a JSON pointer into the body, or the name of a parameter.
    pub field: String,
    /// What is wrong, by a stable name.
    pub code: String,
}

/// A problem as it happened.
#[derive(Clone, Debug)]
pub struct Refusal {
    problem: Problem,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    attempts_left: Option<u32>,
    puzzle: Option<Puzzle>,
}

/// Why a handler did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// An expected failure, which the client learns by name.
    Problem(Box<Refusal>),
    /// Anything else, which is logged and answered with a constant.
    Fault(Fault),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        problem.with_errors(Vec::new()).into()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Problem(Box::new(refusal))
    }
}

/// By `Retry-After` and by the fields of draft-ietf-httpapi-ratelimit-headers-10.
impl From<Exceeded> for Error {
    fn from(Exceeded { limit, allowed, resets_in }: Exceeded) -> Self {
        let (name, seconds) = (limit.name, resets_in.as_secs());
        let mut refusal = RATE_LIMITED.with_errors(Vec::new());
        for (header, value) in [
            (header::RETRY_AFTER, seconds.to_string()),
            (
                HeaderName::from_static("ratelimit-policy"),
                format!("\"{name}\";q={allowed};w={}", limit.window_s),
            ),
            (HeaderName::from_static("ratelimit"), format!("\"{name}\";r=0;t={seconds}")),
        ] {
            refusal.headers.extend(HeaderValue::try_from(value).map(|value| (header, value)));
        }
        refusal.into()
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: std::error::Error> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// A response carries its problem to the edge, which knows the request's language and id and writes the body.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Problem(refusal) => *refusal,
            Self::Fault(fault) => {
                observe::fault(&fault, "the request ended in a fault", None);
                INTERNAL_FAULT.with_errors(Vec::new())
            }
        };
        let mut response = refusal.problem.status.into_response();
        response.extensions_mut().insert(refusal);
        response
    }
}

/// A problem's document.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Document {
    /// What kind of problem this is, as a URI reference; the same for every problem with this code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: String,
    /// The response's status.
    status: u16,
    /// What happened.
    detail: String,
    /// The kind's stable name, for programs.
    code: String,
    /// Name this when you ask for help.
    request_id: String,
    /// What is wrong with each field of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    errors: Vec<FieldDocument>,
    /// How many more tries there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", default)]
    attempts_left: Option<u32>,
    /// Solve it, and send the same request with its solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Puzzle", default)]
    puzzle: Option<Puzzle>,
}

#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "FieldProblem")]
struct FieldDocument {
    /// Where it stands, as a JSON pointer into the body, or the name of a parameter.
    field: String,
    /// What is wrong, by a stable name.
    code: String,
    /// What is wrong, for people.
    detail: String,
}

impl Document {
    pub(super) fn new(refusal: &Refusal, locale: Locale, request_id: &str) -> Self {
        let Problem { status, code } = refusal.problem;
        let (title, detail) = problem_text(locale, code).unwrap_or((code, code));
        let field = |error: &FieldError| FieldDocument {
            field: error.field.clone(),
            code: error.code.clone(),
            detail: field_text(locale, &error.code).unwrap_or(&error.code).to_owned(),
        };
        Self {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code: code.to_owned(),
            request_id: request_id.to_owned(),
            errors: refusal.errors.iter().map(field).collect(),
            attempts_left: refusal.attempts_left,
            puzzle: refusal.puzzle.clone(),
        }
    }

    /// An example for the API's document.
    pub(super) fn example(problem: Problem) -> Self {
        Self::new(&problem.with_errors(Vec::new()), Locale::default(), "JKJaXmPLvHcESHA=")
    }
}

impl Refusal {
    /// The problem's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.problem.code
    }

    /// The whole response, in a language.
    pub(super) fn respond(&self, locale: Locale, request_id: &str) -> Response {
        let document = Document::new(self, locale, request_id);
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.problem.status, body).into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
        if self.problem.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
