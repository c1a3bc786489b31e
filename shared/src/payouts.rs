//! Professionals' accounts with Razorpay's Route: made, changed, and looked at until Razorpay is done with them.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    app::App,
    domain::{
        email::Email,
        id::ProfessionalId,
        payout::{Details, PayoutAccount},
        professional::Professional,
        user::User,
    },
    store::payout_accounts as store,
    vendor::razorpay::{Failure, accounts},
};

/// Razorpay is told within, however many calls that takes.
const AT_MOST: Duration = Duration::from_secs(20);

/// Why an account is not changed.
#[derive(Debug)]
pub enum NotChanged {
    /// Somebody changes it just now.
    Conflict,
    /// Its GSTIN is of another permanent account number.
    OtherPan,
    /// Razorpay does not do it, or does not answer.
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for NotChanged {
    fn from(failure: T) -> Self {
        Self::Failed(failure.into())
    }
}

/// Has what somebody earns go to a bank account from now on.
///
/// It is written, and the owner is told, before Razorpay is; what Razorpay has of it is written afterwards. Dies the process in
/// between, it stands as `requested` until its owner says it again, or Razorpay shows the new bank account.
pub async fn enrol(
    app: &App,
    owner: &User,
    email: &Email,
    details: &Details,
) -> Result<PayoutAccount, NotChanged> {
    let (id, now) = (Professional::id_of(owner.user_id), app.now());
    let before = store::find(app, id).await?;
    if before.as_ref().is_some_and(|before| before.is_being_told(now)) {
        return Err(NotChanged::Conflict);
    }
    let changed = PayoutAccount::changed(before.as_ref(), id, details, now);
    let mut account = changed.map_err(|_| NotChanged::OtherPan)?;
    if store::change(app, owner, &account).await?.is_err() {
        return Err(NotChanged::Conflict);
    }
    let telling = accounts::enrol(app, &mut account, (email, details));
    let told = timeout(AT_MOST, telling).await.unwrap_or(Err(Failure::Unavailable));
    // What was made is written down, also where the rest was not done.
    (account.telling_since, account.version) = (None, account.version + 1);
    let written = store::advance(app, &account).await?;
    told?;
    if written.is_ok() { Ok(account) } else { Err(NotChanged::Conflict) }
}

/// Asks Razorpay how far it is with an account, and writes that. Whether there was something to ask.
pub async fn look(app: &App, id: ProfessionalId) -> Result<bool, Failure> {
    let Some(mut account) = store::find(app, id).await? else { return Ok(false) };
    if account.is_being_told(app.now()) {
        return Ok(false);
    }
    accounts::activation(app, &mut account).await?;
    (account.telling_since, account.version) = (None, account.version + 1);
    // Refused: its owner changes it just now, and has it looked at again.
    Ok(store::advance(app, &account).await?.is_ok())
}
