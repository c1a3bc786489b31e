//! Going back to before an intruder: what came into an account since then goes, and so does all that they may know.

use jiff::Timestamp;

use super::{LinkRefused, identities, leave, notice, phone_key, pointer, secure};
use crate::{
    app::App,
    domain::{email::Email, id::FactorId, oidc::Identity, user::User},
    fault::Fault,
    mail::MailKind,
    store::{
        Refused, Table, Transaction,
        challenges::{self, Challenge, Payload},
        factors,
        outbox::{self, Message},
    },
};

/// What an account goes back to, and what goes.
pub(super) struct Retreat {
    /// Without a password, without sessions, without the phone, the identities and the factors that came since.
    pub(super) changed: User,
    factors: Vec<FactorId>,
    forget_codes: bool,
    identities: Vec<Identity>,
}

impl Retreat {
    /// To before `since`.
    pub(super) async fn plan(app: &App, user: &User, since: Timestamp) -> Result<Self, Fault> {
        let codes = factors::recovery_codes(app, user.user_id).await?;
        let newer = factors::list(app, user.user_id).await?.into_iter().filter(|one| one.created_at >= since);
        let factors: Vec<_> = newer.map(|factor| factor.factor_id).collect();
        let kept = user.factors.saturating_sub(u32::try_from(factors.len())?);
        let changed = User {
            factors: kept,
            // Who works here has a factor.
            staff: user.staff.filter(|_| kept > 0),
            phone: user.phone.clone().filter(|own| own.since < since),
            password_hash: None,
            session_epoch: user.session_epoch + 1,
            ..user.clone()
        };
        // With the last factor the codes go anyway.
        let forget_codes = kept > 0 && codes.is_some_and(|codes| codes.created_at >= since);
        let mut identities = identities::identities(app, user.user_id).await?;
        identities.retain(|identity| identity.linked_at >= since);
        Ok(Self { changed, factors, forget_codes, identities })
    }

    /// Writes it, and mails the owner a link to choose a new password.
    pub(super) fn write<'a>(
        &self,
        app: &App,
        tx: Transaction<'a>,
        user: &User,
        told: (MailKind, &Email),
    ) -> Result<Transaction<'a>, Fault> {
        let (mail, to) = told;
        let reset = Challenge::new(app, to.clone(), Payload::PasswordReset { user_id: user.user_id })?;
        let mut tx = secure(tx, user, &self.changed)?;
        tx = challenges::put(tx, &reset)?.put(Table::Accounts, pointer("reset", &reset)?)?;
        if let Some(left) = user.phone.as_ref().filter(|_| self.changed.phone.is_none()) {
            tx = leave(tx, phone_key(&left.number), user.user_id)?;
        }
        tx = factors::remove_from(tx, user.user_id, &self.factors, self.changed.factors)?;
        if self.forget_codes {
            tx = factors::forget_codes(tx, user.user_id)?;
        }
        tx = identities::remove_from(tx, user.user_id, &self.identities)?;
        outbox::post(app, tx, Message { link: Some(reset.link()), ..notice(mail, &self.changed, to) })
    }
}

/// Takes the factors back that an account has got since a time, and all else that came with them.
pub async fn revert_factors(
    app: &App,
    challenge: &Challenge,
    user: &User,
    since: Timestamp,
) -> Result<Result<(), LinkRefused>, Fault> {
    let retreat = Retreat::plan(app, user, since).await?;
    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = retreat.write(app, tx, user, (MailKind::ResetPassword, &challenge.recipient))?;
    Ok(tx.commit().await?.map_err(|refused| match refused {
        Refused { at: 0 } => LinkRefused::Spent,
        Refused { .. } => LinkRefused::Busy,
    }))
}
