//! The mails that ConnectO sends, and the texts of its problems, in every language it speaks.
//!
//! A caller says what a mail is about; this module makes the whole message of it. It sends nothing itself.

mod display_name;
mod message;
#[cfg(test)]
mod tests;
mod texts;

use serde::{Deserialize, Serialize};

pub(crate) use self::texts::sms_text;
pub use self::{
    message::{RenderError, render},
    texts::{decision_text, field_text, problem_text, rejection_text},
};
use crate::domain::locale::Locale;

/// What a mail is about. How long its link works stands in its texts: keep both in step with the challenge's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Proves a new account's address: on registration, and whenever the link is asked for again (24 hours).
    VerifyEmail,
    /// Somebody tried to register with an address that has an account.
    AlreadyRegistered,
    /// Lets the owner choose a new password (1 hour).
    ResetPassword,
    /// The password is another one now.
    PasswordChanged,
    /// A used refresh token came back, so its device was signed out.
    SessionFamilyRevoked,
    /// Proves the new address of an existing account (24 hours).
    ConfirmNewEmail,
    /// Somebody asked to move their account to an address that has one already.
    EmailTaken,
    /// To the former address: the account has moved, and the link takes that back (7 days).
    EmailChanged,
    /// To the restored address: the change was taken back, and the link leads to a new password (1 hour).
    EmailChangeReverted,
    /// The account has another phone, or none.
    PhoneChanged,
    /// The account has its first second factor, and the link takes that back (7 days).
    AccountProtected,
    /// The account has other second factors.
    FactorsChanged,
    /// Somebody signed in with a recovery code.
    RecoveryCodeUsed,
    /// The account has other identities at providers.
    IdentitiesChanged,
    /// Customers find the professional from now on.
    ProfessionalApproved,
    /// Something is to be put right before customers find the professional.
    ProfessionalRejected,
    /// Customers do not find the professional any more.
    ProfessionalSuspended,
    /// Customers find the professional again.
    ProfessionalReinstated,
    /// To a professional: somebody would like to book them.
    BookingRequested,
    /// To a customer: the professional can come; they are to confirm it.
    BookingAccepted,
    /// To a customer: the professional cannot come.
    BookingDeclined,
    /// To both: a booking is confirmed.
    BookingConfirmed,
    /// To a professional: a job is offered to them.
    JobOffered,
    /// To a customer: a professional would do their job.
    QuoteReceived,
    /// To a professional: the customer accepts what they said.
    QuoteAccepted,
    /// To a professional: the customer does not accept what they said.
    QuoteDeclined,
    /// To a customer: the time for their job is over.
    JobExpired,
    /// To who wrote it: a review was removed.
    ReviewRemoved,
    /// To a professional: a booking was moved to another time.
    BookingRescheduled,
    /// To a customer: the professional has set off.
    BookingOnTheWay,
    /// To a customer: the work is done.
    BookingDone,
    /// To who was not there, says the other side.
    BookingNoShow,
    /// To the other side of who objects.
    BookingDisputed,
    /// To both: staff has decided of a dispute.
    BookingResolved,
    /// To the other side of who cancelled.
    BookingCancelled,
    /// To both: a booking lapsed.
    BookingExpired,
    /// To a customer: what they are to get back is on its way.
    RefundBegun,
    /// To who was given credits.
    CreditsGiven,
    /// To who put money into their wallet.
    WalletLoaded,
    /// To who put money into their wallet, and gets it back.
    WalletNotLoaded,
    /// To a professional: what they earn goes to another bank account.
    PayoutAccountChanged,
}

/// Where a link in a mail leads. The caller builds its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Carries the token that verifies a new account's address.
    VerifyEmail,
    /// Carries the token that lets its bearer choose a new password.
    ResetPassword,
    /// Carries the token that moves the account to this address.
    ConfirmNewEmail,
    /// Carries the token that moves the account back to this address.
    RevertEmail,
    /// Carries the token that takes the account's second factors away again.
    RevertFactors,
    /// The front end's page to sign in; the same for everybody.
    SignIn,
    /// The front end's page to ask for a new password; the same for everybody.
    ForgotPassword,
    /// The front end's page where professionals see their own profile; the same for everybody.
    Professional,
    /// What somebody may spend.
    Wallet,
    /// Somebody's bookings.
    Bookings,
    /// What somebody posted.
    Jobs,
    /// What is offered to a professional.
    OfferedJobs,
}

impl Link {
    /// The front end's page that it leads to.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "/verify-email",
            Self::ResetPassword => "/reset-password",
            Self::ConfirmNewEmail => "/confirm-email",
            Self::RevertEmail => "/revert-email",
            Self::RevertFactors => "/revert-factors",
            Self::SignIn => "/sign-in",
            Self::ForgotPassword => "/forgot-password",
            Self::Professional => "/professional",
            Self::Wallet => "/account/wallet",
            Self::Bookings => "/bookings",
            Self::Jobs => "/jobs",
            Self::OfferedJobs => "/professional/jobs",
        }
    }

    /// Whether the link carries a secret, so that the mail must ask not to pass it on.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        match self {
            Self::VerifyEmail
            | Self::ResetPassword
            | Self::ConfirmNewEmail
            | Self::RevertEmail
            | Self::RevertFactors => true,
            Self::SignIn
            | Self::ForgotPassword
            | Self::Professional
            | Self::Wallet
            | Self::Bookings
            | Self::Jobs
            | Self::OfferedJobs => false,
        }
    }
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 41] = [
        Self::VerifyEmail,
        Self::AlreadyRegistered,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::SessionFamilyRevoked,
        Self::ConfirmNewEmail,
        Self::EmailTaken,
        Self::EmailChanged,
        Self::EmailChangeReverted,
        Self::PhoneChanged,
        Self::AccountProtected,
        Self::FactorsChanged,
        Self::RecoveryCodeUsed,
        Self::IdentitiesChanged,
        Self::ProfessionalApproved,
        Self::ProfessionalRejected,
        Self::ProfessionalSuspended,
        Self::ProfessionalReinstated,
        Self::BookingRequested,
        Self::BookingAccepted,
        Self::BookingDeclined,
        Self::BookingConfirmed,
        Self::BookingRescheduled,
        Self::BookingOnTheWay,
        Self::BookingDone,
        Self::BookingNoShow,
        Self::BookingDisputed,
        Self::BookingResolved,
        Self::BookingCancelled,
        Self::BookingExpired,
        Self::RefundBegun,
        Self::CreditsGiven,
        Self::WalletLoaded,
        Self::WalletNotLoaded,
        Self::PayoutAccountChanged,
        Self::JobOffered,
        Self::QuoteReceived,
        Self::QuoteAccepted,
        Self::QuoteDeclined,
        Self::JobExpired,
        Self::ReviewRemoved,
    ];

    /// What is told instead where the address has an account, if a mail of this kind proves that an address is free.
    #[must_use]
    pub const fn if_taken(self) -> Option<Self> {
        match self {
            Self::VerifyEmail => Some(Self::AlreadyRegistered),
            Self::ConfirmNewEmail => Some(Self::EmailTaken),
            _ => None,
        }
    }

    /// The links that a mail of this kind shows, in their order.
    #[must_use]
    pub const fn links(self) -> &'static [Link] {
        match self {
            Self::VerifyEmail => &[Link::VerifyEmail],
            Self::AlreadyRegistered => &[Link::SignIn, Link::ForgotPassword],
            Self::ResetPassword | Self::EmailChangeReverted => &[Link::ResetPassword],
            Self::PasswordChanged
            | Self::SessionFamilyRevoked
            | Self::PhoneChanged
            | Self::FactorsChanged
            | Self::RecoveryCodeUsed
            | Self::IdentitiesChanged => &[Link::ForgotPassword],
            Self::ConfirmNewEmail => &[Link::ConfirmNewEmail],
            Self::EmailTaken => &[],
            Self::EmailChanged => &[Link::RevertEmail],
            Self::AccountProtected => &[Link::RevertFactors],
            Self::ProfessionalApproved
            | Self::ProfessionalRejected
            | Self::ProfessionalSuspended
            | Self::ProfessionalReinstated
            | Self::PayoutAccountChanged => &[Link::Professional],
            Self::BookingRequested
            | Self::BookingAccepted
            | Self::BookingDeclined
            | Self::BookingConfirmed
            | Self::BookingRescheduled
            | Self::BookingOnTheWay
            | Self::BookingDone
            | Self::BookingNoShow
            | Self::BookingDisputed
            | Self::BookingResolved
            | Self::BookingCancelled
            | Self::BookingExpired
            | Self::RefundBegun
            | Self::QuoteAccepted
            | Self::ReviewRemoved => &[Link::Bookings],
            Self::CreditsGiven | Self::WalletLoaded | Self::WalletNotLoaded => &[Link::Wallet],
            Self::JobOffered | Self::QuoteDeclined => &[Link::OfferedJobs],
            Self::QuoteReceived | Self::JobExpired => &[Link::Jobs],
        }
    }
}

/// One mail to one person, before it is written.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// What it is about.
    pub kind: MailKind,
    /// The language it is written in.
    pub locale: Locale,
    /// The recipient's bare address.
    pub to: &'a str,
    /// The sender's bare address; its domain is also the `Message-ID`'s.
    pub from: &'a str,
    /// The recipient's name as they once typed it, whatever it contains.
    pub name: Option<&'a str>,
    /// The URLs of the kind's [links](MailKind::links), in their order.
    pub links: &'a [String],
    /// What identifies this mail: a second try with the same id is the same `Message-ID`, so that mail programs can
    /// show the two as one.
    pub id: &'a str,
    /// When it was asked for.
    pub sent_at: jiff::Timestamp,
}
