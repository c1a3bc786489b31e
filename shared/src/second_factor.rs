//! Proving a second factor: in the middle of signing in, and before what could take an account away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    app::App,
    domain::{
        code::Code,
        factor::{Factor, FactorKind, MAX_FACTORS, Means, RECOVERY_CODES, RecoveryCode, RecoveryCodes},
        id::{ChallengeId, UserId},
        keys::KeySet,
        limits::{FACTOR_PER_ACCOUNT, FACTOR_PER_ACCOUNT_AND_DAY},
        proof::ProofKey,
        user::{Amr, Session, User},
    },
    fault::Fault,
    http::{
        Error,
        problem::{CHALLENGE_EXPIRED, CONFLICT, TOO_MANY_FACTORS},
    },
    passkeys,
    store::{
        factors::{self, Proof},
        limits::{self, Exceeded},
    },
    vendor::secrets,
};

/// What somebody gives as the proof.
#[derive(Clone)]
pub enum Given {
    /// What their authenticator app shows.
    Totp(Code),
    /// A recovery code.
    Recovery(RecoveryCode),
    /// What their passkey says.
    Passkey(PasskeyAnswer),
}

/// What a passkey says to a challenge.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAnswer {
    /// What `passkey/begin` answered.
    challenge_id: ChallengeId,
    /// What `navigator.credentials.get()` gave, by its `toJSON()`.
    credential: Value,
}

impl Given {
    /// The one proof that was given; none where there were more, or none.
    #[must_use]
    pub fn one_of(
        totp: Option<Code>,
        recovery: Option<RecoveryCode>,
        passkey: Option<PasskeyAnswer>,
    ) -> Option<Self> {
        match (totp, recovery, passkey) {
            (Some(totp), None, None) => Some(Self::Totp(totp)),
            (None, Some(code), None) => Some(Self::Recovery(code)),
            (None, None, Some(answer)) => Some(Self::Passkey(answer)),
            _ => None,
        }
    }

    /// The way of proving.
    #[must_use]
    pub const fn amr(&self) -> Amr {
        match self {
            Self::Totp(_) | Self::Recovery(_) => Amr::Otp,
            Self::Passkey(_) => Amr::Pop,
        }
    }
}

/// When a factor is proved. Guesses are counted apart: a thief of the password must not keep the owner, who is in, from
/// confirming what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the middle of signing in.
    SigningIn,
    /// In a session.
    SignedIn,
}

impl Stage {
    /// Counts a guess. A new password begins the counting anew.
    pub async fn take(self, app: &App, user: &User) -> Result<Result<(), Exceeded>, Fault> {
        let stage = if self == Self::SigningIn { "in" } else { "on" };
        let subject = format!("{}#{}#{stage}", user.user_id, user.session_epoch);
        if let Err(exceeded) = limits::take(app, FACTOR_PER_ACCOUNT, &subject).await? {
            return Ok(Err(exceeded));
        }
        limits::take(app, FACTOR_PER_ACCOUNT_AND_DAY, &subject).await
    }
}

/// What the user can prove it by.
pub async fn kinds(app: &App, user: &User) -> Result<Vec<FactorKind>, Fault> {
    let mut kinds: Vec<_> =
        factors::list(app, user.user_id).await?.iter().map(|factor| factor.means.kind()).collect();
    if factors::recovery_codes(app, user.user_id).await?.is_some_and(|left| !left.codes.is_empty()) {
        kinds.push(FactorKind::RecoveryCode);
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

/// A factor that protects the account.
#[derive(Serialize, JsonSchema)]
pub struct FactorConfirmed {
    /// With the first factor: codes for when it is lost. Each works once; they are shown here and never again.
    recovery_codes: Option<Vec<String>>,
}

/// Gives a user the factor that they have just proved, with recovery codes if it is the first one.
pub async fn confirm(
    app: &App,
    user: &User,
    proved: &Session,
    factor: &Factor,
) -> Result<FactorConfirmed, Error> {
    if user.factors >= MAX_FACTORS {
        return Err(TOO_MANY_FACTORS.into());
    }
    let (shown, kept) = if user.factors == 0 {
        let (shown, kept) = new_recovery_codes(app, user.user_id).await?;
        (Some(shown), Some(kept))
    } else {
        (None, None)
    };
    let confirmed = factors::confirm(app, user, proved, factor, kept.as_ref()).await?;
    confirmed.map_err(|refused| if refused.at == 0 { CHALLENGE_EXPIRED } else { CONFLICT })?;
    Ok(FactorConfirmed { recovery_codes: shown })
}

/// New recovery codes: as they are shown, once, and what is kept of them.
pub async fn new_recovery_codes(app: &App, user_id: UserId) -> Result<(Vec<String>, RecoveryCodes), Fault> {
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::FACTOR_KEYS).await?;
    let codes = (0..RECOVERY_CODES).map(|_| Ok(RecoveryCode::from_random(app.random()?)));
    let codes = codes.collect::<Result<Vec<_>, Fault>>()?;
    let kept = RecoveryCodes::new(&keys, app.now(), user_id, &codes)?;
    Ok((codes.iter().map(RecoveryCode::shown).collect(), kept))
}

/// The proof in what was given, if it is one of this user's. It is not used up: that is for what it is given for.
pub async fn check(app: &App, user: &User, stage: Stage, given: Given) -> Result<Option<Proof>, Error> {
    stage.take(app, user).await??;
    match given {
        Given::Totp(code) => Ok(totp(app, user, &code).await?),
        Given::Recovery(code) => {
            let keys: KeySet<ProofKey> = secrets::read(app, secrets::FACTOR_KEYS).await?;
            let left = factors::recovery_codes(app, user.user_id).await?;
            let digest = left.map(|left| left.find(&keys, user.user_id, &code)).transpose()?.flatten();
            Ok(digest.map(Proof::Recovery))
        }
        Given::Passkey(PasskeyAnswer { challenge_id, credential }) => {
            let (owner, proof) = passkeys::identify(app, challenge_id, credential).await?;
            Ok((owner == user.user_id).then_some(proof))
        }
    }
}

async fn totp(app: &App, user: &User, code: &Code) -> Result<Option<Proof>, Fault> {
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::FACTOR_KEYS).await?;
    for factor in factors::list(app, user.user_id).await? {
        let Means::Totp(totp) = &factor.means else { continue };
        let owner = (user.user_id, factor.factor_id);
        if let Some(step) = totp.step_of(&keys, owner, code, app.now())? {
            return Ok(Some(Proof::Totp { factor_id: factor.factor_id, step }));
        }
    }
    Ok(None)
}
