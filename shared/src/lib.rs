//! What `ConnectO`'s functions share.
//!
//! - [`domain`]: pure rules and the types that can only be built valid; no async, no AWS, no HTTP.
//! - [`store`]: one file per aggregate: its items, keys, condition expressions and transactions.
//! - [`vendor`]: the outside world: mail, text messages, secrets, Redis, the clock.
//! - [`http`]: what a handler takes and returns.
//! - `cache`: what is read often, kept in Redis for a while.
//! - [`mail`], [`sms`] and [`delivery`]: composing what the outbox holds, and getting it out.
//! - [`otp`], [`oidc`], [`passkeys`], [`second_factor`] and [`signin`]: what proves who somebody is, and what that is
//!   worth in tokens.
//! - [`payments`] and [`taxes`]: what becomes of a payment by what Razorpay says of it, and how it is taxed.
//! - [`slots`] and [`due`]: whether a professional can be booked, and what is done when its time has come.
//! - [`media`]: what becomes of uploads across their table and their bucket.
//! - [`observe`]: what is told of each invocation: the log, metrics, and faults to Sentry.
//! - [`app`] and [`lambda`]: configuration, clients, and the way a handler becomes a Lambda function.

pub mod app;
mod cache;
pub mod delivery;
pub mod domain;
pub mod due;
pub mod fault;
pub mod hashing;
pub mod http;
pub mod lambda;
pub mod loads;
pub mod mail;
pub mod media;
pub mod observe;
pub mod oidc;
pub mod otp;
mod packed;
pub mod passkeys;
pub mod payments;
pub mod payouts;
pub mod proofs;
pub mod second_factor;
pub mod signin;
pub mod slots;
pub mod sms;
pub mod store;
pub mod taxes;
pub mod vendor;

pub use app::App;
pub use fault::Fault;
