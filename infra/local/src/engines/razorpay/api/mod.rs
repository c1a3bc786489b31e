//! Orders, payments, refunds, transfers, linked accounts and webhooks, as Razorpay's API has them.

mod accounts;
pub(super) mod hooks;
mod orders;
pub(super) mod payments;
mod refunds;
mod transfers;

use http::{Method as Verb, StatusCode};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use self::accounts::{
    create_account, create_stakeholder, edit_account, edit_product, edit_stakeholder, product_of,
    product_passes, request_product,
};
use self::hooks::{create_webhook, edit_webhook};
use self::orders::{create_order, edit_order, order, orders, payments_of};
use self::payments::{capture_of, edit_payment, pay, payment_passes};
use self::refunds::{refund, refund_of, refund_passes};
use self::transfers::{edit_transfer, reverse, transfer, transfer_from_balance, transfer_passes, transfers};
use super::books::{Entries, Listing};
use super::entities::{Entity, Notes, Payment, Refund, Reversal, Transfer, Webhook};
use super::linked::{Account, Product, Stakeholder};
use super::refusal::Refused;

/// The least that can be paid, in paise.
const LEAST: i64 = 100;

/// And the most.
const MOST: i64 = 1_000_000_000_000;

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
    /// `X-Refund-Idempotency` and `X-Transfer-Idempotency`.
    pub keys: [Option<&'r str>; 2],
}

impl<'r> Request<'r> {
    /// What it wants; nothing where there is no such call.
    pub(super) fn call(self) -> Option<Call<'r>> {
        let parts: Vec<&'r str> = self.path.trim_matches('/').split('/').collect();
        let (query, body, [refund_key, transfer_key]) = (self.query, self.body, self.keys);
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
            ("POST", &["v1", "transfers"]) => {
                ("transfers.create", Box::new(move |it| transfer_from_balance(it, body, transfer_key)))
            }
            ("GET", &["v1", "transfers"]) => ("transfers.all", Box::new(|it| transfers(it, query))),
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
            ("POST", &["v2", "accounts", id, "stakeholders"]) => {
                ("stakeholders.create", Box::new(|it| create_stakeholder(it, id, read(body)?)))
            }
            ("GET", &["v2", "accounts", id, "stakeholders"]) => {
                ("stakeholders.all", Box::new(|it| Ok(collection(&it.all_of::<Stakeholder>(id)?))))
            }
            ("PATCH", &["v2", "accounts", of, "stakeholders", id]) => {
                ("stakeholders.edit", Box::new(|it| edit_stakeholder(it, (of, id), read(body)?)))
            }
            ("POST", &["v2", "accounts", id, "products"]) => {
                ("products.create", Box::new(|it| request_product(it, id, &read(body)?)))
            }
            ("GET", &["v2", "accounts", of, "products", id]) => {
                ("products.fetch", Box::new(|it| Ok(product_of(it, (of, id))?.wire())))
            }
            ("PATCH", &["v2", "accounts", of, "products", id]) => {
                ("products.edit", Box::new(|it| edit_product(it, (of, id), read(body)?)))
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

/// Does something once for a key, if there is one: the same request gets what was made before.
fn once<E: Entity>(
    entries: &Entries<'_>,
    key: Option<&str>,
    request: &str,
    work: impl FnOnce() -> Result<E, Refused>,
) -> Result<Value, Refused> {
    let Some(key) = key else { return Ok(work()?.wire()) };
    if let Some((before, made)) = entries.made_by(key)? {
        if before != request {
            return Err(Refused::bad_request("Different request with the same idempotency key"));
        }
        return fetch::<E>(entries, &made);
    }
    let made = work()?;
    entries.keep_made(key, request, made.id())?;
    Ok(made.wire())
}

/// Whether a key is as long as it has to be, and of letters, digits, `-` and `_`.
fn check_key(key: Option<&str>, lengths: std::ops::RangeInclusive<usize>) -> Result<(), Refused> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let is_good = |key: &str| lengths.contains(&key.len()) && key.bytes().all(is_letter);
    if key.is_none_or(is_good) {
        Ok(())
    } else {
        Err(Refused::bad_request("The idempotency key is not valid."))
    }
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
pub(super) struct Flag(bool);

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
pub(super) struct NotesAlone {
    notes: Option<Value>,
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
    } else if let Some(product) = entries.find::<Product>(id)? {
        product_passes(entries, product)?;
    }
    Ok(())
}

/// What Razorpay says where there is no such call.
pub(super) fn not_found() -> Refused {
    Refused::with(StatusCode::NOT_FOUND, "The requested URL was not found on the server.")
}
