//! The tests of the whole: over the wire, on the running gateway with the real engines.
//!
//! Each test starts a system of its own, in memory and on free ports, and uses it as people do.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on panics")]

pub mod city;
pub mod oidc_provider;
#[cfg(test)]
mod passkey;
pub mod receiver;
pub mod redis;

#[cfg(test)]
mod account;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod api;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod local;
#[cfg(test)]
mod market;
#[cfg(test)]
mod media;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod ops;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod razorpay;
#[cfg(test)]
mod tour;
