//! Professionals' accounts with Razorpay's Route: made, changed, and looked at until Razorpay is done with them.

use crate::{
    app::App,
    domain::{
        id::ProfessionalId,
        payout::{Details, PayoutAccount},
        professional::Professional,
        user::User,
    },
    fault::Fault,
    store::payout_accounts as store,
    vendor::razorpay::{self, Failure},
};

/// Has what somebody earns go to a bank account from now on. `None`: somebody else changed it meanwhile.
///
/// Each step may be repeated: dies the process on the way, whoever asks again goes on with the same linked account.
pub async fn enrol(app: &App, owner: &User, details: &Details) -> Result<Option<PayoutAccount>, Failure> {
    let id = Professional::id_of(owner.user_id);
    let known = match store::find(app, id).await? {
        Some(known) => known,
        None => begun(app, id, details).await?,
    };
    let next = razorpay::enrol(app, known.changed(details, app.now()), details).await?;
    let written = store::change(app, owner, next.clone()).await?;
    Ok(written.is_ok().then_some(next))
}

async fn begun(app: &App, id: ProfessionalId, details: &Details) -> Result<PayoutAccount, Failure> {
    let account_id = razorpay::linked_account(app, &PayoutAccount::reference(id), details).await?;
    let new = PayoutAccount::new(id, account_id, details, app.now());
    if store::begin(app, &new).await?.is_ok() {
        return Ok(new);
    }
    let found = store::find(app, id).await?;
    Ok(found.ok_or_else(|| Fault::new("an account that is there and is not"))?)
}

/// Asks Razorpay how far it is with an account, and writes that. Whether there was something to ask.
pub async fn look(app: &App, id: ProfessionalId) -> Result<bool, Failure> {
    let Some(account) = store::find(app, id).await? else { return Ok(false) };
    let next = razorpay::activation(app, account).await?;
    // Refused: its owner changes it just now, and has it looked at again.
    Ok(store::advance(app, next).await?.is_ok())
}
