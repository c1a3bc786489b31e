//! The outside world.

pub mod clock;
pub mod cloudfront;
pub mod guardduty;
pub mod oidc;
pub(crate) mod outside;
pub mod razorpay;
pub(crate) mod redis;
pub mod s3;
pub mod secrets;
pub mod ses;
pub mod sns;
