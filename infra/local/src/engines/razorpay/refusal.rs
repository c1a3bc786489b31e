//! What Razorpay says when it does not do something.

use http::StatusCode;
use serde_json::{Value, json};

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Refused {
    pub status: StatusCode,
    code: &'static str,
    description: String,
    field: Option<&'static str>,
}

impl Refused {
    pub(super) fn bad_request(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "BAD_REQUEST_ERROR",
            description: description.into(),
            field: None,
        }
    }

    /// The same of a field.
    pub(super) fn field(field: &'static str, description: &str) -> Self {
        Self { field: Some(field), ..Self::bad_request(description) }
    }

    pub(super) fn with(status: StatusCode, description: &str) -> Self {
        let code = if status.is_server_error() { "SERVER_ERROR" } else { "BAD_REQUEST_ERROR" };
        Self { status, code, description: description.to_owned(), field: None }
    }

    /// Razorpay cannot do it now; whether it did is not said.
    pub(super) fn unavailable() -> Self {
        Self::with(StatusCode::BAD_GATEWAY, "The server encountered an error.")
    }

    /// The sandbox is broken.
    pub(super) fn broken(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(%why, "the Razorpay sandbox cannot go on");
        Self::with(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error.")
    }

    pub(super) fn wire(&self) -> Value {
        json!({ "error": {
            "code": self.code, "description": self.description, "field": self.field, "source": "business",
            "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {},
        }})
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::broken(&error)
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self::broken(&error)
    }
}
