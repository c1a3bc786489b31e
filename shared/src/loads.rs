//! What customers put into their own wallets, where whoever runs this may have that.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    app::App,
    domain::{
        id::{PaymentId, UserId},
        india,
        ledger::Account,
        money::Money,
        payment::{Load, LoadStep, Take},
        user::User,
        wallet::Wallet,
    },
    fault::Fault,
    http::{
        Error, Paying,
        problem::{CONFLICT, IDEMPOTENCY_KEY_REUSED},
    },
    payments::{NO_LATER, ROUNDS, attempts_of, capture, refund_failed, refund_told},
    store::{accounts, ledger, loads, pause, replies::Ticket, wallets},
    vendor::razorpay::{self, Failure},
};

/// Until how much is in a wallet its owner may load it: nothing where nobody may (the parameter `WalletLoads`).
pub fn up_to(app: &App) -> Result<Money, Fault> {
    let up_to = Money::rupees(app.setting("WALLET_LOADS")?.parse()?);
    Ok(if Paying::here(app) == Paying::Off { Money::NOTHING } else { up_to })
}

/// How much more somebody may put into their wallet now: what is reserved for a booking may come back, and counts. At most one
/// read.
pub async fn room(app: &App, user_id: UserId) -> Result<Money, Fault> {
    let up_to = up_to(app)?;
    if up_to == Money::NOTHING {
        return Ok(up_to);
    }
    let lies = ledger::balance(app, Account::Wallet(user_id)).await?;
    Ok(up_to.less(Money::paise(lies.balance)))
}

/// The load that a request asks for, with its order. Of one key there is one load on a day, however often it is asked for.
pub async fn begun(app: &App, ticket: &Ticket, amount: Money) -> Result<Load, Error> {
    let now = app.now();
    let mut load = Load::new(id_of(ticket, now)?, ticket.user_id, amount, now);
    let is_new = loads::begin(app, &load).await?.is_ok();
    for round in 0..ROUNDS {
        if round > 0 || !is_new {
            load = loads::find(app, load.payment_id).await?.ok_or(CONFLICT)?;
        }
        if load.amount != amount {
            return Err(IDEMPOTENCY_KEY_REUSED.into());
        }
        if load.order_id.is_some() {
            return Ok(load);
        }
        let (due, notes) = ((load.payment_id, amount), json!({ "wallet_of": load.user_id }));
        let order_id = razorpay::order(app, due, notes, round > 0 || !is_new).await?;
        // Of two orders that are made at once one is the load's; nobody gets to know the other.
        let _ = loads::ordered(app, &load, &order_id).await?;
    }
    Err(CONFLICT.into())
}

/// An id by who asks with which key, and on which day (RFC 9562, version 8). On the next day a key may make another: what it made
/// before is told for a day by what was answered then, and what was not answered nobody can pay.
fn id_of(Ticket { user_id, route, key, .. }: &Ticket, now: Timestamp) -> Result<PaymentId, Fault> {
    let day = india::day_of(now);
    let hash = digest(&SHA256, format!("{user_id} {route} {key} {day}").as_bytes());
    let (first, _) = hash.as_ref().split_first_chunk().ok_or_else(|| Fault::new("a short hash"))?;
    Ok(PaymentId::from_uuid(uuid::Builder::from_custom_bytes(*first).into_uuid()))
}

/// Does what there is to do with a load now. It as it is then.
pub async fn look(app: &App, mut load: Load) -> Result<Load, Failure> {
    let (since, id, mut refused) = (Instant::now(), load.payment_id, Vec::new());
    for round in 0..ROUNDS {
        if since.elapsed() > NO_LATER {
            return Err(Failure::Unavailable);
        }
        let attempts = match &load.order_id {
            Some(order_id) => attempts_of(app, (id, order_id), load.state).await?,
            None => Vec::new(),
        };
        let (place, now) = (place_of(app, &load).await?, app.now());
        let written = match (load.next(&attempts, &refused, place.is_some()), place) {
            (LoadStep::Take(Take::Capture(attempt)), _) => {
                capture(app, id, attempt, &mut refused).await?;
                Ok(())
            }
            (LoadStep::Take(Take::Pay(attempt)), Some((wallet, payer))) => {
                let (next, transfers) = load.paid_by(attempt, now);
                loads::pay(app, (&next, &transfers), &wallet, &payer).await?
            }
            (LoadStep::Take(Take::Pay(attempt) | Take::GiveBack(attempt)), _) => {
                let (next, transfers) = load.gives_back(attempt, now);
                loads::advance(app, &next, &transfers, Some(now)).await?
            }
            (LoadStep::CreditRefunds, _) => loads::credit(app, &load, &load.credits_refunds(now)).await?,
            (LoadStep::Disagree(capture), _) => {
                tracing::error!(payment_id = %id, capture, "more went back than we asked for");
                return Err(Fault::new("a refund that we did not ask for").into());
            }
            (LoadStep::Wait, _) => return wait(app, load).await,
        };
        if written.is_err() {
            pause(app, round.min(4)).await?;
        }
        load = loads::find(app, id).await?.ok_or_else(|| Fault::new("a load is gone"))?;
    }
    Err(Fault::new("a load that is always another").into())
}

/// The wallet of whose a load is, with that in it, and them; none where it is not wanted, or there is no more room. At most three
/// reads.
pub async fn place_of(app: &App, load: &Load) -> Result<Option<(Wallet, User)>, Fault> {
    if !load.is_wanted(app.now()) {
        return Ok(None);
    }
    let Some(payer) = accounts::user(app, Some(load.user_id)).await? else { return Ok(None) };
    // Where more is in it by the time that it is written, the wallet is another, too.
    let wallet = wallets::find(app, load.user_id).await?;
    let has_room = room(app, load.user_id).await? >= load.amount;
    Ok(has_room.then(|| (wallet.with(&[load.lot(load.amount)]), payer)))
}

/// Asks after refunds, and writes when the load is looked at again.
async fn wait(app: &App, mut load: Load) -> Result<Load, Failure> {
    let now = app.now();
    for (capture, refund) in load.clone().captures.refunding() {
        let Some(told) = refund_told(app, load.payment_id, (capture, refund)).await? else { continue };
        let (next, transfers) = load.refunded((&capture.id, refund.number), told, now);
        if loads::advance(app, &next, &transfers, Some(now)).await?.is_err() {
            // Somebody else looks at it, or is to: it stays due.
            return Ok(load);
        }
        refund_failed(load.payment_id, [&load.captures, &next.captures]);
        load = next;
    }
    let (next, due) = load.waits(now);
    let written = loads::advance(app, &next, &[], due).await?;
    Ok(if written.is_ok() { next } else { load })
}
