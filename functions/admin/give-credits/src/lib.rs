//! Gives somebody credits, or what they paid back to where they paid it from. What is more than one of staff gives away alone in a
//! day another has to agree to.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        credit::{self, Credit, CreditKind, CreditState},
        id::{PaymentId, UserId},
        money::{Money, Price},
        prose::Line,
    },
    http::{
        CreatedOnce, CreditAnswer, Error, Idempotent, Problem, Staff,
        problem::{CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW},
        replay,
    },
    store::{accounts, pause, payments, replies::Home, wallets},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND, NOT_POSSIBLE_NOW, CONFLICT];

/// So often it is tried while something else happens to the wallet, or the payment.
const ATTEMPTS: u32 = 8;

/// What to give, and to whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveCredits {
    user_id: UserId,
    /// A lakh of rupees at most.
    amount: Price,
    kind: CreditKind,
    /// What for: whoever gets credits reads it in their wallet, and staff in any case.
    note: Line<200>,
    /// From when on they cannot be spent, in two years at most; null where they can be for ever.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// Of which payment of theirs, that each has had their share of, so much goes back to where it was paid from; null where it
    /// goes into the wallet.
    payment_id: Option<PaymentId>,
}

/// Gives it, once for each key, or has another of staff asked; what cannot go where it is to go is not proposed either. Nobody
/// gives themselves anything.
#[tracing::instrument(name = "admin.give_credits", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    request: Idempotent<GiveCredits>,
) -> Result<CreatedOnce<CreditAnswer>, Error> {
    let (body, ticket) = request.of(staff.user_id, Home::Ledger);
    if let Some(answer) = replay(&app, &ticket).await? {
        return Ok(answer);
    }
    let (amount, now) = (body.amount.money(), app.now());
    if amount > credit::MOST {
        return Err(INVALID_INPUT.at("/amount/amount", "out_of_range").into());
    }
    let is_good = |at| now < at && at <= now + credit::LONGEST && body.payment_id.is_none();
    if !body.expires_at.is_none_or(is_good) {
        return Err(INVALID_INPUT.at("/expires_at", "out_of_range").into());
    }
    if body.user_id == staff.user_id {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    accounts::user(&app, Some(body.user_id)).await?.ok_or(NOT_FOUND)?;
    if let Some(id) = body.payment_id {
        payments::find_of(&app, id, body.user_id).await?.ok_or(NOT_FOUND)?;
    }
    let proposed = Credit {
        credit_id: app.new_id()?,
        user_id: body.user_id,
        amount,
        kind: body.kind,
        note: body.note,
        expires_at: body.expires_at,
        payment_id: body.payment_id,
        state: CreditState::Proposed,
        proposed_by: staff.user_id,
        decided_by: None,
        version: 1,
        created_at: now,
    };
    let alone = Money::rupees(app.setting("CREDITS_PER_DAY")?.parse()?);
    for attempt in 0..ATTEMPTS {
        let gave = wallets::gave_today(&app, staff.user_id).await?;
        let Some(place) = wallets::place_of(&app, &proposed).await? else {
            // This request may be what is in the way, when it was made before.
            return replay(&app, &ticket).await?.ok_or(NOT_POSSIBLE_NOW.into());
        };
        let given = Credit { state: CreditState::Given, ..proposed.clone() };
        let credit = if gave + amount <= alone { given } else { proposed.clone() };
        let answer = serde_json::to_string(&CreditAnswer::from(credit.clone()))?;
        let reply = (&ticket, answer.clone());
        let written = if credit.state == CreditState::Given {
            wallets::give(&app, (&credit, &place), gave, reply).await?
        } else {
            wallets::propose(&app, &credit, reply).await?
        };
        if written.is_ok() {
            return Ok(CreatedOnce::of(answer));
        }
        if let Some(answer) = replay(&app, &ticket).await? {
            return Ok(answer);
        }
        pause(&app, attempt.min(4)).await?;
    }
    Err(CONFLICT.into())
}
