//! Orders, payments, refunds, transfers, linked accounts and webhooks, as Razorpay's API has them.

use http::{Method as Verb, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::books::{Entries, Listing, new_id};
use super::entities::{
    Account, Entity, Method, Notes, Order, Payment, PaymentStatus, Refund, RefundStatus, Reversal, Transfer,
    TransferStatus, Webhook,
};
use super::refusal::Refused;

/// The least that can be paid, in paise.
const LEAST: i64 = 100;
/// What is authorized and not captured goes back after three days.
const CAPTURE_WITHIN_S: i64 = 3 * 24 * 3_600;
/// What is authorized late is so after ten minutes.
const LATE_BY_S: i64 = 600;
/// And the most.
const MOST: i64 = 1_000_000_000_000;
/// A bank has a refund after a second.
const REFUND_TAKES_S: i64 = 1;
/// A linked account has a transfer after a second.
const TRANSFER_TAKES_S: i64 = 1;
/// And its bank two days after it is let go.
const SETTLED_AFTER_S: i64 = 2 * 24 * 3_600;

/// What a call wants.
pub(super) struct Call<'r> {
    /// What chaos rules name it by.
    pub action: &'static str,
    pub work: Work<'r>,
}

type Work<'r> = Box<dyn FnOnce(&Entries<'_>) -> Result<Value, Refused> + Send + 'r>;

/// What a request carries.
pub(super) struct Request<'r> {
    pub verb: &'r Verb,
    pub path: &'r str,
    pub query: &'r str,
    pub body: &'r [u8],
    /// `X-Refund-Idempotency`.
    pub refund_key: Option<&'r str>,
}

impl<'r> Request<'r> {
    /// What it wants; nothing where there is no such call.
    pub(super) fn call(self) -> Option<Call<'r>> {
        let parts: Vec<&'r str> = self.path.trim_matches('/').split('/').collect();
        let (query, body, refund_key) = (self.query, self.body, self.refund_key);
        let (action, work): (&'static str, Work<'r>) = match (self.verb.as_str(), parts.as_slice()) {
            ("POST", &["v1", "orders"]) => ("orders.create", Box::new(|it| create_order(it, read(body)?))),
            ("GET", &["v1", "orders"]) => ("orders.all", Box::new(|it| orders(it, query))),
            ("GET", &["v1", "orders", id]) => ("orders.fetch", Box::new(|it| order(it, id, query))),
            ("PATCH", &["v1", "orders", id]) => {
                ("orders.edit", Box::new(|it| edit_order(it, id, read(body)?)))
            }
            ("GET", &["v1", "orders", id, "payments"]) => {
                ("orders.payments", Box::new(|it| payments_of(it, id)))
            }
            ("POST", &["v1", "payments", "create", "json" | "upi"]) => (
                "payments.create",
                Box::new(|it| Ok(json!({ "razorpay_payment_id": pay(it, read(body)?)?.id }))),
            ),
            ("GET", &["v1", "payments"]) => ("payments.all", Box::new(|it| list::<Payment>(it, None, query))),
            ("GET", &["v1", "payments", id]) => ("payments.fetch", Box::new(|it| fetch::<Payment>(it, id))),
            ("PATCH", &["v1", "payments", id]) => {
                ("payments.edit", Box::new(|it| edit_payment(it, id, read(body)?)))
            }
            ("POST", &["v1", "payments", id, "capture"]) => {
                ("payments.capture", Box::new(|it| capture_of(it, id, &read(body)?)))
            }
            ("POST", &["v1", "payments", id, "refund"]) => {
                ("payments.refund", Box::new(move |it| refund(it, id, body, refund_key)))
            }
            ("GET", &["v1", "payments", id, "refunds"]) => {
                ("payments.refunds", Box::new(|it| list::<Refund>(it, Some(id), query)))
            }
            ("GET", &["v1", "payments", of, "refunds", id]) => {
                ("refunds.fetch", Box::new(|it| refund_of(it, of, id)))
            }
            ("POST", &["v1", "payments", id, "transfers"]) => {
                ("payments.transfer", Box::new(|it| transfer(it, id, read(body)?)))
            }
            ("GET", &["v1", "payments", id, "transfers"]) => {
                ("payments.transfers", Box::new(|it| list::<Transfer>(it, Some(id), query)))
            }
            ("GET", &["v1", "refunds"]) => ("refunds.all", Box::new(|it| list::<Refund>(it, None, query))),
            ("GET", &["v1", "refunds", id]) => ("refunds.fetch", Box::new(|it| fetch::<Refund>(it, id))),
            ("GET", &["v1", "transfers"]) => {
                ("transfers.all", Box::new(|it| list::<Transfer>(it, None, query)))
            }
            ("GET", &["v1", "transfers", id]) => {
                ("transfers.fetch", Box::new(|it| fetch::<Transfer>(it, id)))
            }
            ("PATCH", &["v1", "transfers", id]) => {
                ("transfers.edit", Box::new(|it| edit_transfer(it, id, read(body)?)))
            }
            ("POST", &["v1", "transfers", id, "reversals"]) => {
                ("transfers.reverse", Box::new(|it| reverse(it, id, read(body)?)))
            }
            ("GET", &["v1", "transfers", id, "reversals"]) => {
                ("transfers.reversals", Box::new(|it| list::<Reversal>(it, Some(id), query)))
            }
            ("GET", &["v1", "reversals", id]) => {
                ("reversals.fetch", Box::new(|it| fetch::<Reversal>(it, id)))
            }
            ("POST", &["v2", "accounts"]) => {
                ("accounts.create", Box::new(|it| create_account(it, read(body)?)))
            }
            ("GET", &["v2", "accounts", id]) => ("accounts.fetch", Box::new(|it| fetch::<Account>(it, id))),
            ("PATCH", &["v2", "accounts", id]) => {
                ("accounts.edit", Box::new(|it| edit_account(it, id, read(body)?)))
            }
            ("POST", &["v1", "webhooks"]) => {
                ("webhooks.create", Box::new(|it| create_webhook(it, read(body)?)))
            }
            ("GET", &["v1", "webhooks"]) => ("webhooks.all", Box::new(|it| list::<Webhook>(it, None, query))),
            ("PUT", &["v1", "webhooks", id]) => {
                ("webhooks.edit", Box::new(|it| edit_webhook(it, id, read(body)?)))
            }
            _ => return None,
        };
        Some(Call { action, work })
    }
}

/// What a body says, or what Razorpay says of one that it does not understand.
fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refused> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refused::bad_request(error.to_string()))
}

fn fetch<E: Entity>(entries: &Entries<'_>, id: &str) -> Result<Value, Refused> {
    Ok(entries.get::<E>(id)?.wire())
}

fn collection<E: Entity>(items: &[E]) -> Value {
    let wire: Vec<_> = items.iter().map(Entity::wire).collect();
    json!({ "entity": "collection", "count": wire.len(), "items": wire })
}

/// `from`, `to`, `count` and `skip`, and what else a query says.
fn listing(parent: Option<&str>, query: &str) -> Result<Listing, Refused> {
    let number = |name: &str| match parameter(query, name) {
        None => Ok(None),
        Some(text) => match text.parse::<f64>() {
            // JavaScript's dates have fractions of seconds.
            #[allow(clippy::cast_possible_truncation, reason = "seconds of Unix time")]
            Ok(number) => Ok(Some(number as i64)),
            Err(_) => Err(Refused::bad_request(format!("The {name} must be an integer."))),
        },
    };
    let count = number("count")?.unwrap_or(10);
    if !(1..=100).contains(&count) {
        return Err(Refused::field("count", "The count must be between 1 and 100."));
    }
    Ok(Listing {
        parent: parent.map(str::to_owned),
        from: number("from")?,
        to: number("to")?,
        count,
        skip: number("skip")?.unwrap_or(0),
    })
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

fn list<E: Entity>(entries: &Entries<'_>, parent: Option<&str>, query: &str) -> Result<Value, Refused> {
    Ok(collection(&entries.list::<E>(&listing(parent, query)?)?))
}

/// An amount in paise: a number, or one in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paise(i64);

impl<'de> Deserialize<'de> for Paise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let amount = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        amount.map(Self).ok_or_else(|| serde::de::Error::custom("The amount must be an integer."))
    }
}

/// Yes or no, in any of the ways in which clients write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(flag) => Ok(Self(flag)),
            Value::Number(number) if number.as_i64() == Some(1) => Ok(Self(true)),
            Value::Number(number) if number.as_i64() == Some(0) => Ok(Self(false)),
            Value::String(text) if text == "1" || text == "true" => Ok(Self(true)),
            Value::String(text) if text == "0" || text == "false" => Ok(Self(false)),
            _ => Err(serde::de::Error::custom("The value must be true or false.")),
        }
    }
}

fn amount(amount: Paise) -> Result<i64, Refused> {
    match amount.0 {
        paise if (LEAST..=MOST).contains(&paise) => Ok(paise),
        paise if paise > MOST => Err(Refused::field("amount", "Amount exceeds maximum amount allowed.")),
        _ => Err(Refused::field("amount", "Order amount less than minimum amount allowed")),
    }
}

fn rupees(currency: &str) -> Result<(), Refused> {
    if currency == "INR" { Ok(()) } else { Err(Refused::field("currency", "Currency is not supported")) }
}

fn notes(notes: Option<Value>) -> Result<Notes, Refused> {
    Notes::read(notes).ok_or_else(|| {
        Refused::field("notes", "Notes are at most 15 names with texts of at most 256 characters.")
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrder {
    amount: Paise,
    currency: String,
    receipt: Option<String>,
    notes: Option<Value>,
    partial_payment: Option<Flag>,
    payment_capture: Option<Flag>,
    payment: Option<PaymentOptions>,
    #[serde(default)]
    transfers: Vec<NewTransfer>,
}

#[derive(Deserialize)]
struct PaymentOptions {
    capture: Option<String>,
}

fn create_order(entries: &Entries<'_>, new: NewOrder) -> Result<Value, Refused> {
    rupees(&new.currency)?;
    if new.receipt.as_ref().is_some_and(|receipt| receipt.chars().count() > 40) {
        return Err(Refused::field("receipt", "The receipt may not be greater than 40 characters."));
    }
    if new.partial_payment == Some(Flag(true)) {
        return Err(Refused::field("partial_payment", "Partial payments are not enabled."));
    }
    let by_option = new.payment.and_then(|options| options.capture).is_some_and(|how| how == "automatic");
    let order = Order {
        id: new_id(Order::PREFIX),
        amount: amount(new.amount)?,
        amount_paid: 0,
        attempts: 0,
        receipt: new.receipt,
        captures: by_option || new.payment_capture == Some(Flag(true)),
        notes: notes(new.notes)?,
        created_at: entries.now(),
    };
    entries.put(&order)?;
    let transfers = add_transfers(entries, (&order.id, order.amount), new.transfers)?;
    let mut wire = order.wire();
    if !transfers.is_empty() {
        wire["transfers"] = transfers.iter().map(Entity::wire).collect();
    }
    Ok(wire)
}

fn orders(entries: &Entries<'_>, query: &str) -> Result<Value, Refused> {
    let Some(receipt) = parameter(query, "receipt") else { return list::<Order>(entries, None, query) };
    let listing = listing(None, query)?;
    let place = |number: i64| usize::try_from(number).unwrap_or_default();
    let (skip, count) = (place(listing.skip), place(listing.count));
    // Few enough on one machine.
    let all = entries.list::<Order>(&Listing { count: -1, skip: 0, ..listing })?;
    let all = all.into_iter().filter(|order| order.receipt.as_ref() == Some(&receipt));
    Ok(collection(&all.skip(skip).take(count).collect::<Vec<_>>()))
}

/// An order, with its shares where that is asked for.
fn order(entries: &Entries<'_>, id: &str, query: &str) -> Result<Value, Refused> {
    let order: Order = entries.get(id)?;
    let mut wire = order.wire();
    if parameter(query, "expand[]").is_some_and(|what| what == "transfers") {
        let mut shares = entries.all_of::<Transfer>(id)?;
        for payment in entries.all_of::<Payment>(id)? {
            shares
                .extend(entries.all_of::<Transfer>(&payment.id)?.into_iter().filter(|one| one.source == id));
        }
        wire["transfers"] = collection(&shares);
    }
    Ok(wire)
}

fn payments_of(entries: &Entries<'_>, id: &str) -> Result<Value, Refused> {
    let order: Order = entries.get(id)?;
    Ok(collection(&entries.all_of::<Payment>(&order.id)?))
}

fn refund_of(entries: &Entries<'_>, payment: &str, id: &str) -> Result<Value, Refused> {
    let refund: Refund = entries.get(id)?;
    if refund.payment_id != payment {
        return Err(Refused::bad_request("The id provided does not exist"));
    }
    Ok(refund.wire())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotesAlone {
    notes: Option<Value>,
}

fn edit_order(entries: &Entries<'_>, id: &str, edit: NotesAlone) -> Result<Value, Refused> {
    let order = Order { notes: notes(edit.notes)?, ..entries.get(id)? };
    entries.put(&order)?;
    Ok(order.wire())
}

fn edit_payment(entries: &Entries<'_>, id: &str, edit: NotesAlone) -> Result<Value, Refused> {
    let payment = Payment { notes: notes(edit.notes)?, ..entries.get(id)? };
    entries.put(&payment)?;
    Ok(payment.wire())
}

/// A payment as Checkout, or a server with the right to it, makes it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct NewPayment {
    pub order_id: String,
    pub amount: Option<Paise>,
    pub method: String,
    pub vpa: Option<String>,
    pub upi: Option<NewUpi>,
    pub card: Option<NewCard>,
    pub email: Option<String>,
    pub contact: Option<String>,
    pub notes: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct NewUpi {
    pub vpa: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct NewCard {
    pub number: String,
}

/// What comes of a payment, by the address or the number that it is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Authorized,
    Failed,
    /// It fails, and is authorized some time later.
    Late,
}

/// Pays an order. `success@razorpay` and `failure@razorpay` do what they say, as in Razorpay's own test mode, and so do
/// cards that end in an even and in an odd digit; here alone, `late@razorpay` fails and is authorized ten minutes later.
pub(super) fn pay(entries: &Entries<'_>, new: NewPayment) -> Result<Payment, Refused> {
    let mut order: Order = entries.get(&new.order_id)?;
    if order.is_paid() {
        return Err(Refused::bad_request("Payment already done for this order."));
    }
    if new.amount.is_some_and(|Paise(amount)| amount != order.amount) {
        let why = "Your payment amount is different from your order amount.";
        return Err(Refused::field("amount", why));
    }
    let (method, outcome) = match new.method.as_str() {
        "upi" => {
            let vpa = new.upi.and_then(|upi| upi.vpa).or(new.vpa).unwrap_or_default();
            let outcome = match vpa.split_once('@') {
                None => {
                    return Err(Refused::field(
                        "vpa",
                        "Invalid VPA. Please enter a valid Virtual Payment Address",
                    ));
                }
                Some(("failure", _)) => Outcome::Failed,
                Some(("late", _)) => Outcome::Late,
                Some(_) => Outcome::Authorized,
            };
            (Method::Upi { vpa }, outcome)
        }
        "card" => {
            let number = new.card.map(|card| card.number).unwrap_or_default();
            let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
            let (true, Some(last)) = ((13..=19).contains(&digits.len()), digits.last()) else {
                return Err(Refused::field("number", "The card number is not valid."));
            };
            let outcome = if last % 2 == 0 { Outcome::Authorized } else { Outcome::Failed };
            let last4 = digits[digits.len() - 4..].iter().map(|digit| char::from(*digit)).collect();
            (Method::Card { last4 }, outcome)
        }
        _ => return Err(Refused::field("method", "The selected method is not supported.")),
    };
    let now = entries.now();
    let authorized = outcome == Outcome::Authorized;
    let payment = Payment {
        id: new_id(Payment::PREFIX),
        order_id: order.id.clone(),
        amount: order.amount,
        status: if authorized { PaymentStatus::Authorized } else { PaymentStatus::Failed },
        method,
        captured: false,
        amount_refunded: 0,
        amount_transferred: 0,
        email: new.email,
        contact: new.contact,
        notes: notes(new.notes)?,
        created_at: now,
        due: match outcome {
            Outcome::Authorized => Some(now + CAPTURE_WITHIN_S),
            Outcome::Failed => None,
            Outcome::Late => Some(now + LATE_BY_S),
        },
    };
    order.attempts += 1;
    entries.put(&order)?;
    entries.put(&payment)?;
    if authorized {
        return authorized_now(entries, payment, order.captures);
    }
    entries.tell("payment.failed", &[("payment", payment.wire())])?;
    Ok(payment)
}

/// Tells that a payment is authorized, and captures it where its order says so.
fn authorized_now(entries: &Entries<'_>, payment: Payment, captures: bool) -> Result<Payment, Refused> {
    entries.tell("payment.authorized", &[("payment", payment.wire())])?;
    if captures && !entries.get::<Order>(&payment.order_id)?.is_paid() {
        return capture(entries, payment);
    }
    Ok(payment)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capture {
    amount: Paise,
    currency: Option<String>,
}

fn capture_of(entries: &Entries<'_>, id: &str, how: &Capture) -> Result<Value, Refused> {
    rupees(how.currency.as_deref().unwrap_or("INR"))?;
    let payment: Payment = entries.get(id)?;
    if payment.captured {
        return Err(Refused::bad_request("This payment has already been captured"));
    }
    if payment.status != PaymentStatus::Authorized {
        let why = "Only payments which have been authorized and not yet captured can be captured";
        return Err(Refused::bad_request(why));
    }
    if how.amount.0 != payment.amount {
        return Err(Refused::field("amount", "Capture amount must be equal to the amount authorized"));
    }
    if entries.get::<Order>(&payment.order_id)?.is_paid() {
        return Err(Refused::bad_request("Payment already done for this order."));
    }
    Ok(capture(entries, payment)?.wire())
}

/// Captures what is authorized: the order is paid, and who shares in it gets their share.
fn capture(entries: &Entries<'_>, payment: Payment) -> Result<Payment, Refused> {
    let mut payment = Payment { status: PaymentStatus::Captured, captured: true, due: None, ..payment };
    let order: Order = entries.get(&payment.order_id)?;
    let order = Order { amount_paid: payment.amount, ..order };
    entries.put(&order)?;
    let shares = entries.all_of::<Transfer>(&order.id)?;
    for share in shares {
        payment.amount_transferred += share.amount;
        let due = Some(entries.now() + TRANSFER_TAKES_S);
        let payment_id = Some(payment.id.clone());
        entries.put(&Transfer { payment_id, status: TransferStatus::Pending, due, ..share })?;
    }
    entries.put(&payment)?;
    entries.tell("payment.captured", &[("payment", payment.wire())])?;
    entries.tell("order.paid", &[("payment", payment.wire()), ("order", order.wire())])?;
    Ok(payment)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    amount: Option<Paise>,
    speed: Option<String>,
    notes: Option<Value>,
    receipt: Option<String>,
    reverse_all: Option<Flag>,
}

/// Gives back all or a part of a payment. With a key, the same request gets the same refund however often it comes.
fn refund(entries: &Entries<'_>, id: &str, body: &[u8], key: Option<&str>) -> Result<Value, Refused> {
    let request = format!("{id} {}", serde_json::from_slice::<Value>(body).unwrap_or_default());
    if let Some(key) = key {
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if key.len() < 10 || !key.bytes().all(is_key) {
            return Err(Refused::bad_request("The idempotency key is not valid."));
        }
        if let Some((before, refund)) = entries.refund_by(key)? {
            if before != request {
                let why = "Different request with the same idempotency key";
                return Err(Refused::bad_request(why));
            }
            return fetch::<Refund>(entries, &refund);
        }
    }
    let new: NewRefund = read(body)?;
    let is_fast = match new.speed.as_deref() {
        None | Some("normal") => false,
        Some("optimum") => true,
        Some(_) => return Err(Refused::field("speed", "The selected speed is invalid.")),
    };
    let payment: Payment = entries.get(id)?;
    if !payment.captured {
        return Err(Refused::bad_request("The payment status should be captured for action to be taken"));
    }
    let left = payment.amount - payment.amount_refunded;
    if left == 0 {
        return Err(Refused::bad_request("The payment has been fully refunded already"));
    }
    let amount = new.amount.map_or(left, |Paise(amount)| amount);
    if amount < LEAST.min(left) {
        return Err(Refused::field("amount", "The amount must be atleast INR 1.00"));
    }
    if amount > left {
        let why = "The refund amount provided is greater than amount captured";
        return Err(Refused::field("amount", why));
    }
    let mut shares = Vec::new();
    if new.reverse_all == Some(Flag(true)) {
        shares = entries.all_of::<Transfer>(id)?;
        shares.retain(|share| share.status == TransferStatus::Processed && share.left() > 0);
        if amount < left && shares.len() > 1 {
            let why = "reverse_all is of a whole refund where there are several transfers";
            return Err(Refused::field("reverse_all", why));
        }
    }
    let made = give_back(entries, payment, amount, (is_fast, new.receipt, notes(new.notes)?))?;
    for share in shares {
        let back = if amount < left { amount.min(share.left()) } else { share.left() };
        take_back(entries, share, back, (Some(made.id.clone()), Notes::default()))?;
    }
    if let Some(key) = key {
        entries.keep_refund(key, &request, &made.id)?;
    }
    Ok(made.wire())
}

/// Makes a refund of what can be refunded.
fn give_back(
    entries: &Entries<'_>,
    payment: Payment,
    amount: i64,
    (is_fast, receipt, notes): (bool, Option<String>, Notes),
) -> Result<Refund, Refused> {
    let fails = matches!(&payment.method, Method::Upi { vpa } if vpa.starts_with("norefund@"));
    let amount_refunded = payment.amount_refunded + amount;
    let is_whole = amount_refunded == payment.amount;
    let status = if is_whole { PaymentStatus::Refunded } else { payment.status };
    let payment = Payment { amount_refunded, status, due: None, ..payment };
    let refund = Refund {
        id: new_id(Refund::PREFIX),
        payment_id: payment.id.clone(),
        amount,
        status: RefundStatus::Pending,
        is_fast,
        receipt,
        notes,
        created_at: entries.now(),
        due: Some(entries.now() + REFUND_TAKES_S),
        fails,
    };
    entries.put(&payment)?;
    entries.put(&refund)?;
    entries.tell("refund.created", &[("refund", refund.wire()), ("payment", payment.wire())])?;
    Ok(refund)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTransfer {
    account: String,
    amount: Paise,
    currency: String,
    notes: Option<Value>,
    on_hold: Option<Flag>,
    on_hold_until: Option<i64>,
    linked_account_notes: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTransfers {
    transfers: Vec<NewTransfer>,
}

/// Adds shares of a payment, or of an order that is to be paid.
fn add_transfers(
    entries: &Entries<'_>,
    (source, room): (&str, i64),
    new: Vec<NewTransfer>,
) -> Result<Vec<Transfer>, Refused> {
    let (mut made, mut left) = (Vec::new(), room);
    for one in new {
        rupees(&one.currency)?;
        // What it says to the account is the account's.
        drop(one.linked_account_notes);
        let on_hold = one.on_hold == Some(Flag(true));
        check_hold(entries, on_hold, one.on_hold_until)?;
        let amount = amount(one.amount)?;
        left -= amount;
        if left < 0 {
            let why = "The sum of amount requested for transfer is greater than the captured amount";
            return Err(Refused::field("amount", why));
        }
        let account = entries.find::<Account>(&one.account)?;
        let account = account.ok_or_else(|| Refused::field("account", "The id provided does not exist"))?;
        made.push(Transfer {
            id: new_id(Transfer::PREFIX),
            source: source.to_owned(),
            payment_id: None,
            recipient: account.id,
            amount,
            amount_reversed: 0,
            status: TransferStatus::Created,
            on_hold,
            on_hold_until: one.on_hold_until,
            is_settled: false,
            due: None,
            notes: notes(one.notes)?,
            created_at: entries.now(),
            processed_at: None,
        });
    }
    for transfer in &made {
        entries.put(transfer)?;
    }
    Ok(made)
}

fn transfer(entries: &Entries<'_>, id: &str, new: NewTransfers) -> Result<Value, Refused> {
    let payment: Payment = entries.get(id)?;
    if !payment.captured {
        return Err(Refused::bad_request("Only captured payments can be transferred"));
    }
    if payment.amount_refunded > 0 {
        return Err(Refused::bad_request("Transfers cannot be made on a payment that has been refunded"));
    }
    let made = add_transfers(entries, (id, payment.amount - payment.amount_transferred), new.transfers)?;
    let sum: i64 = made.iter().map(|transfer| transfer.amount).sum();
    entries.put(&Payment { amount_transferred: payment.amount_transferred + sum, ..payment })?;
    let due = Some(entries.now() + TRANSFER_TAKES_S);
    let pending = |transfer| Transfer { status: TransferStatus::Pending, due, ..transfer };
    let made: Vec<_> = made.into_iter().map(pending).collect();
    for transfer in &made {
        entries.put(transfer)?;
    }
    Ok(collection(&made))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct EditTransfer {
    on_hold: Flag,
    on_hold_until: Option<i64>,
}

fn edit_transfer(entries: &Entries<'_>, id: &str, edit: EditTransfer) -> Result<Value, Refused> {
    let Flag(on_hold) = edit.on_hold;
    check_hold(entries, on_hold, edit.on_hold_until)?;
    let before: Transfer = entries.get(id)?;
    if before.is_settled {
        return Err(Refused::bad_request("The transfer has been settled already"));
    }
    let mut transfer = Transfer { on_hold, on_hold_until: edit.on_hold_until, ..before };
    if transfer.status == TransferStatus::Processed {
        transfer.due = transfer.goes_on(entries.now());
    }
    entries.put(&transfer)?;
    Ok(transfer.wire())
}

fn check_hold(entries: &Entries<'_>, on_hold: bool, until: Option<i64>) -> Result<(), Refused> {
    if until.is_some_and(|until| !on_hold || until <= entries.now()) {
        return Err(Refused::field("on_hold_until", "on_hold_until is a later time, of a transfer on hold"));
    }
    Ok(())
}

impl Transfer {
    /// What of it was not taken back.
    const fn left(&self) -> i64 {
        self.amount - self.amount_reversed
    }

    /// When something happens to it next, once it is processed: it is let go, or the account's bank has it.
    fn goes_on(&self, now: i64) -> Option<i64> {
        if self.on_hold { self.on_hold_until } else { Some(now + SETTLED_AFTER_S) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReversal {
    amount: Option<Paise>,
    notes: Option<Value>,
}

fn reverse(entries: &Entries<'_>, id: &str, new: NewReversal) -> Result<Value, Refused> {
    let transfer: Transfer = entries.get(id)?;
    let left = transfer.left();
    let amount = new.amount.map_or(left, |Paise(amount)| amount);
    if transfer.is_settled {
        return Err(Refused::bad_request("The linked account does not have sufficient balance"));
    }
    if transfer.status != TransferStatus::Processed || amount <= 0 || amount > left {
        let why = "The reversal amount is greater than the amount that can be reversed";
        return Err(Refused::field("amount", why));
    }
    Ok(take_back(entries, transfer, amount, (None, notes(new.notes)?))?.wire())
}

/// Takes back a share, or a part of it.
fn take_back(
    entries: &Entries<'_>,
    transfer: Transfer,
    amount: i64,
    (refund_id, notes): (Option<String>, Notes),
) -> Result<Reversal, Refused> {
    let reversal = Reversal {
        id: new_id(Reversal::PREFIX),
        transfer_id: transfer.id.clone(),
        amount,
        refund_id,
        notes,
        created_at: entries.now(),
    };
    entries.put(&Transfer { amount_reversed: transfer.amount_reversed + amount, ..transfer })?;
    entries.put(&reversal)?;
    Ok(reversal)
}

fn create_account(entries: &Entries<'_>, told: Map<String, Value>) -> Result<Value, Refused> {
    for field in ["email", "phone", "legal_business_name", "business_type"] {
        if !told.contains_key(field) {
            return Err(Refused::bad_request(format!("The {} field is required.", field.replace('_', " "))));
        }
    }
    if told.get("type").and_then(Value::as_str) != Some("route") {
        return Err(Refused::field("type", "The type is route."));
    }
    let account = Account { id: new_id(Account::PREFIX), told, created_at: entries.now() };
    entries.put(&account)?;
    Ok(account.wire())
}

fn edit_account(entries: &Entries<'_>, id: &str, edit: Map<String, Value>) -> Result<Value, Refused> {
    let mut account: Account = entries.get(id)?;
    account.told.extend(edit);
    entries.put(&account)?;
    Ok(account.wire())
}

#[derive(Deserialize)]
struct NewWebhook {
    url: String,
    secret: Option<String>,
    events: Events,
    active: Option<Flag>,
}

/// The events that somebody wants to be told: a list, or a map of yes and no.
#[derive(Deserialize)]
#[serde(untagged)]
enum Events {
    Listed(Vec<String>),
    Chosen(std::collections::BTreeMap<String, Flag>),
}

impl From<Events> for Vec<String> {
    fn from(events: Events) -> Self {
        match events {
            Events::Listed(names) => names,
            Events::Chosen(names) => {
                names.into_iter().filter(|(_, chosen)| chosen.0).map(|(name, _)| name).collect()
            }
        }
    }
}

pub(super) fn is_url(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn create_webhook(entries: &Entries<'_>, new: NewWebhook) -> Result<Value, Refused> {
    if !is_url(&new.url) {
        return Err(Refused::field("url", "The url format is invalid."));
    }
    let webhook = Webhook {
        id: new_id(Webhook::PREFIX),
        url: new.url,
        secret: new.secret.unwrap_or_default(),
        events: new.events.into(),
        active: new.active != Some(Flag(false)),
        took_at: None,
        created_at: entries.now(),
    };
    entries.put(&webhook)?;
    Ok(webhook.wire())
}

#[derive(Deserialize)]
struct EditWebhook {
    url: Option<String>,
    secret: Option<String>,
    events: Option<Events>,
    active: Option<Flag>,
}

/// What is still to be told goes on to be signed by the secret of its time.
fn edit_webhook(entries: &Entries<'_>, id: &str, edit: EditWebhook) -> Result<Value, Refused> {
    if edit.url.as_deref().is_some_and(|url| !is_url(url)) {
        return Err(Refused::field("url", "The url format is invalid."));
    }
    let before: Webhook = entries.get(id)?;
    let webhook = Webhook {
        url: edit.url.unwrap_or(before.url),
        secret: edit.secret.unwrap_or(before.secret),
        events: edit.events.map_or(before.events, Into::into),
        active: edit.active.map_or(before.active, |Flag(active)| active),
        ..before
    };
    entries.put(&webhook)?;
    Ok(webhook.wire())
}

/// Has happen what happens by itself by now. What cannot be read is left as it is, and keeps nothing else from it.
pub(super) fn passes(entries: &Entries<'_>) -> Result<(), Refused> {
    for id in entries.due()? {
        if pass(entries, &id).is_err() {
            entries.forget_due(&id)?;
        }
    }
    Ok(())
}

fn pass(entries: &Entries<'_>, id: &str) -> Result<(), Refused> {
    if let Some(payment) = entries.find::<Payment>(id)? {
        payment_passes(entries, payment)?;
    } else if let Some(refund) = entries.find::<Refund>(id)? {
        refund_passes(entries, refund)?;
    } else if let Some(transfer) = entries.find::<Transfer>(id)? {
        transfer_passes(entries, transfer)?;
    }
    Ok(())
}

/// The bank has it, or does not take it: then the payment is what it was.
fn refund_passes(entries: &Entries<'_>, refund: Refund) -> Result<(), Refused> {
    let mut payment: Payment = entries.get(&refund.payment_id)?;
    let (status, event) = if refund.fails {
        payment.amount_refunded -= refund.amount;
        if payment.captured {
            payment.status = PaymentStatus::Captured;
        } else {
            payment.status = PaymentStatus::Authorized;
            payment.due = Some(entries.now() + CAPTURE_WITHIN_S);
        }
        entries.put(&payment)?;
        (RefundStatus::Failed, "refund.failed")
    } else {
        (RefundStatus::Processed, "refund.processed")
    };
    let refund = Refund { status, due: None, ..refund };
    entries.put(&refund)?;
    entries.tell(event, &[("refund", refund.wire()), ("payment", payment.wire())])
}

/// A linked account gets its share, unless its mail address begins with `fails@`; later it is let go, and its bank has it.
fn transfer_passes(entries: &Entries<'_>, transfer: Transfer) -> Result<(), Refused> {
    let now = entries.now();
    match transfer.status {
        TransferStatus::Pending => {
            let account: Account = entries.get(&transfer.recipient)?;
            let mail = account.told.get("email").and_then(Value::as_str).unwrap_or_default();
            if mail.starts_with("fails@") {
                let transfer = Transfer { status: TransferStatus::Failed, due: None, ..transfer };
                let id = transfer.payment_id.as_deref().unwrap_or(&transfer.source);
                let payment: Payment = entries.get(id)?;
                let amount_transferred = payment.amount_transferred - transfer.amount;
                entries.put(&Payment { amount_transferred, ..payment })?;
                entries.put(&transfer)?;
                return entries.tell("transfer.failed", &[("transfer", transfer.wire())]);
            }
            let due = transfer.goes_on(now);
            let status = TransferStatus::Processed;
            let transfer = Transfer { status, processed_at: Some(now), due, ..transfer };
            entries.put(&transfer)?;
            entries.tell("transfer.processed", &[("transfer", transfer.wire())])
        }
        TransferStatus::Processed if transfer.on_hold => {
            let transfer = Transfer { on_hold: false, on_hold_until: None, ..transfer };
            entries.put(&Transfer { due: transfer.goes_on(now), ..transfer })
        }
        TransferStatus::Processed => entries.put(&Transfer { is_settled: true, due: None, ..transfer }),
        TransferStatus::Created | TransferStatus::Failed => entries.put(&Transfer { due: None, ..transfer }),
    }
}

fn payment_passes(entries: &Entries<'_>, payment: Payment) -> Result<(), Refused> {
    let now = entries.now();
    match payment.status {
        PaymentStatus::Failed => {
            let captures = entries.get::<Order>(&payment.order_id)?.captures;
            let due = Some(now + CAPTURE_WITHIN_S);
            let payment = Payment { status: PaymentStatus::Authorized, due, ..payment };
            entries.put(&payment)?;
            authorized_now(entries, payment, captures)?;
        }
        PaymentStatus::Authorized => {
            let amount = payment.amount;
            give_back(entries, payment, amount, (false, None, Notes::default()))?;
        }
        PaymentStatus::Captured | PaymentStatus::Refunded => {
            entries.put(&Payment { due: None, ..payment })?;
        }
    }
    Ok(())
}

/// What Razorpay says where there is no such call.
pub(super) fn not_found() -> Refused {
    Refused::with(StatusCode::NOT_FOUND, "The requested URL was not found on the server.")
}
