//! Random ids for what only one machine knows: requests, access keys.

use uuid::Uuid;

/// A new random id.
#[expect(
    clippy::disallowed_methods,
    reason = "the Lambda service draws its request ids behind the functions' backs, too"
)]
pub(crate) fn random() -> Uuid {
    Uuid::new_v4()
}
