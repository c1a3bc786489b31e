//! What a handler takes and returns.
//!
//! A handler is an axum handler: its arguments are extractors, its answer turns into a response. Those here replace
//! axum's own where ours must answer problems ([`Json`], [`Path`], [`Query`]), and each describes itself to the API's
//! document, so that nothing about an endpoint is written twice.

mod answer;
mod body;
mod booking;
mod caller;
mod catalogue;
mod client;
mod describe;
pub mod edge;
mod finding;
mod idempotent;
mod invoice;
mod job;
mod media;
mod params;
mod payment;
mod payout;
pub mod problem;
mod professional;
mod review;
mod service;
mod statement;
mod tokens;
mod wallet;
mod webhook;

pub use answer::{Accepted, Cached, CachedIn, Created, NoContent, Pdf, WillBeSent};
pub use body::{Json, MAX_BODY};
pub use booking::{BookingAnswer, BookingSummary, DisputeAnswer};
pub use caller::{Caller, Member, OwnProfile, Recent, SignedIn, Staff};
pub use catalogue::{CategoryName, EditableCategory, Wording};
pub use client::{Client, Language};
pub use describe::describe_problems;
pub use finding::{FindQuery, FoundProfessional, FoundService};
pub use idempotent::{CreatedOnce, Idempotent, replay};
pub use invoice::InvoiceAnswer;
pub use job::{JobAnswer, JobSummary, OfferedJob, QuoteAnswer};
pub use media::{Account, Addresses, PartsAnswer, PictureAnswer, VideoAnswer};
pub use params::{Page, PageLimit, PageQuery, Path, Query, given};
pub use payment::{Paying, PaymentAnswer};
pub use payout::PayoutAccountAnswer;
pub use problem::{Error, FieldError, Problem};
pub use professional::{OwnProfessional, ProfessionalState, PublicProfessional};
pub use review::{BookingReviews, PublicReview, RatingAnswer, ReportAnswer};
pub use service::{ServiceAnswer, check as check_offer, select};
pub use statement::{ProofsAnswer, StatementAnswer};
pub use tokens::{
    FirstStep, NextStep, RefreshCookie, RefreshIn, SecondFactor, SignedInOrUp, SignedOut, Tokens,
    TokensAnswer,
};
pub use wallet::{CreditAnswer, WalletAnswer, WalletEntry};
pub use webhook::RazorpayEvent;
