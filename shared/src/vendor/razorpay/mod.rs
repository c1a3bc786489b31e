//! Razorpay: orders, attempts to pay them, captures, refunds and what linked accounts get, as its API has them; and what signs
//! what it says.
//!
//! What may be repeated is, a little later, where Razorpay does not answer or is busy. An order has no key by which it would
//! be made once: its receipt is ours, and is looked up before it is made again. A refund has one, and so has a transfer from our
//! balance; one from a payment has none, and carries in its notes which one it is.

pub mod accounts;
pub mod listed;

use std::time::Duration;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{outside, secrets};
use crate::{
    app::App,
    domain::{
        id::PaymentId,
        money::Money,
        payment::{
            Attempt, AttemptStatus, Capture, Payment, Refund, RefundState, RefundTold, Share, Source,
            TransferStatus, TransferTold,
        },
    },
    fault::Fault,
    store::pause,
};

/// A call ends within, each time it is tried.
const TIMEOUT: Duration = Duration::from_secs(4);
/// What may be repeated is tried so often.
const TRIES: u32 = 2;
const REFUND_KEY: &str = "x-refund-idempotency";
const TRANSFER_KEY: &str = "x-transfer-idempotency";

/// What proves to Razorpay that it is us, and to us that it is Razorpay.
#[derive(Clone, Deserialize)]
pub struct Keys {
    /// Which key; no secret.
    pub key_id: String,
    key_secret: String,
    /// What webhooks are signed with. There are two while one takes the place of the other: what is told again is signed
    /// with the one of its time.
    webhook_secrets: Vec<String>,
}

impl Keys {
    /// The keys, as ops wrote them.
    pub async fn read(app: &App) -> Result<Self, Fault> {
        secrets::read(app, secrets::RAZORPAY_KEYS).await
    }

    /// The same; none where ops wrote none.
    pub async fn read_if_any(app: &App) -> Result<Option<Self>, Fault> {
        secrets::read_if_any(app, secrets::RAZORPAY_KEYS).await
    }

    /// The same, fetched again: for a signature that those do not explain.
    pub async fn read_again(app: &App) -> Result<Self, Fault> {
        secrets::read_again(app, secrets::RAZORPAY_KEYS).await
    }

    /// Whether Checkout says truly that this attempt paid this order: HMAC-SHA256 over `order|payment`, in hexadecimal.
    #[must_use]
    pub fn signed_payment(&self, order_id: &str, attempt_id: &str, signature: &str) -> bool {
        is_signed(&self.key_secret, format!("{order_id}|{attempt_id}").as_bytes(), signature)
    }

    /// Whether a webhook is Razorpay's: HMAC-SHA256 over the body as it came.
    #[must_use]
    pub fn signed_webhook(&self, body: &[u8], signature: &str) -> bool {
        self.webhook_secrets.iter().any(|secret| is_signed(secret, body, signature))
    }
}

fn is_signed(secret: &str, message: &[u8], signature: &str) -> bool {
    let expected = signature_of(secret, message);
    !secret.is_empty() && verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}

fn signature_of(secret: &str, message: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message);
    tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// Razorpay does not answer, or not now. What was asked for may have been done.
    Unavailable,
    /// Razorpay refuses it; why, in its own words.
    Refused(String),
    /// Something that nobody expected.
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Fault {
    #[track_caller]
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => Self::new("Razorpay does not answer"),
            Failure::Refused(why) => Self::new(format!("Razorpay refuses: {why}")),
            Failure::Fault(fault) => fault,
        }
    }
}

#[derive(Deserialize)]
struct Order {
    id: String,
    receipt: Option<String>,
    amount: i64,
}

#[derive(Deserialize)]
struct TheirPayment {
    id: String,
    status: AttemptStatus,
    amount: i64,
    amount_refunded: i64,
    fee: Option<i64>,
    created_at: i64,
    #[serde(default)]
    acquirer_data: Value,
}

#[derive(Deserialize)]
struct TheirRefund {
    id: String,
    status: RefundState,
    #[serde(default)]
    acquirer_data: Value,
}

/// By what banks know a payment or a refund: which of these there is depends on how it was paid, and on how far it is. Whatever
/// else Razorpay says there stands in the way of nothing.
fn bank_reference(acquirer_data: &Value) -> Option<String> {
    let names = ["rrn", "arn", "bank_transaction_id", "upi_transaction_id"];
    names.iter().find_map(|name| acquirer_data[name].as_str()).map(str::to_owned)
}

impl From<TheirRefund> for RefundTold {
    fn from(theirs: TheirRefund) -> Self {
        let TheirRefund { id, status, acquirer_data } = theirs;
        Self { id, state: status, bank_reference: bank_reference(&acquirer_data) }
    }
}

#[derive(Deserialize)]
struct TheirTransfer {
    id: String,
    #[serde(alias = "transfer_status")]
    status: TransferStatus,
    amount: i64,
    amount_reversed: i64,
    on_hold: bool,
    fees: Option<i64>,
    /// A list where there are none.
    notes: Value,
}

/// A transfer, of which the settlement alone is asked for.
#[derive(Deserialize)]
struct SettledTransfer {
    recipient_settlement_id: Option<String>,
    /// Where the list was asked for with it.
    recipient_settlement: Option<TheirSettlement>,
}

#[derive(Deserialize)]
struct TheirSettlement {
    status: String,
    utr: Option<String>,
}

impl From<TheirTransfer> for TransferTold {
    fn from(theirs: TheirTransfer) -> Self {
        let TheirTransfer { id, status, amount, amount_reversed, on_hold, fees, .. } = theirs;
        let [amount, taken_back, fees] =
            [amount, amount_reversed, fees.unwrap_or_default()].map(Money::paise);
        Self { id, status, amount, taken_back, on_hold, fees }
    }
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Collection<T> {
    items: Vec<T>,
}

/// Makes the order for so much of a payment, whose attempts we capture ourselves, with notes for whoever looks at Razorpay.
/// `again`: it may have been made before.
pub async fn order(
    app: &App,
    (receipt, amount): (PaymentId, Money),
    notes: Value,
    again: bool,
) -> Result<String, Failure> {
    let amount = amount.amount();
    if again {
        let found: Collection<Order> = get(app, &format!("/v1/orders?receipt={receipt}")).await?;
        // By all that makes it ours: nobody else's order may become this payment's.
        let is_ours = |order: &Order| order.receipt == Some(receipt.to_string()) && order.amount == amount;
        let ours = found.items.into_iter().find(is_ours);
        if let Some(order) = ours {
            return Ok(order.id);
        }
    }
    let order = json!({
        "amount": amount,
        "currency": "INR",
        "receipt": receipt,
        "payment_capture": false,
        "notes": notes,
    });
    let made: Order = call(app, "POST", "/v1/orders", Some(&order), None).await?;
    Ok(made.id)
}

/// All attempts to pay an order.
pub async fn attempts(app: &App, order_id: &str) -> Result<Vec<Attempt>, Failure> {
    let found: Collection<TheirPayment> = get(app, &format!("/v1/orders/{order_id}/payments")).await?;
    Ok(found.items.into_iter().map(Attempt::from).collect())
}

impl From<TheirPayment> for Attempt {
    fn from(theirs: TheirPayment) -> Self {
        let TheirPayment { id, status, amount, amount_refunded, fee, created_at, acquirer_data } = theirs;
        let bank_reference = bank_reference(&acquirer_data);
        let [amount, refunded, fee] = [amount, amount_refunded, fee.unwrap_or_default()].map(Money::paise);
        Self { id, status, amount, refunded, fee, bank_reference, created_at }
    }
}

/// Takes the money that an attempt has set aside. What is captured already is refused.
pub async fn capture(app: &App, attempt: &Attempt) -> Result<(), Failure> {
    let body = json!({ "amount": attempt.amount.amount(), "currency": "INR" });
    let path = format!("/v1/payments/{}/capture", attempt.id);
    let _: TheirPayment = call(app, "POST", &path, Some(&body), None).await?;
    Ok(())
}

/// Has a part of a capture go back, or asks how far that is. Safe to repeat, as long as the body stays the same from one release
/// to the next: the key is of one body.
pub async fn refund(
    app: &App,
    payment_id: PaymentId,
    (capture, refund): (&Capture, &Refund),
) -> Result<RefundTold, Failure> {
    if let Some(id) = &refund.id {
        let found: TheirRefund = get(app, &format!("/v1/refunds/{id}")).await?;
        return Ok(found.into());
    }
    let body = json!({
        "amount": refund.amount.amount(),
        "speed": "normal",
        "notes": { "payment_id": payment_id },
    });
    let path = format!("/v1/payments/{}/refund", capture.id);
    let key = refund.key(payment_id, &capture.id);
    let key = Some((REFUND_KEY, key.as_str()));
    let made: TheirRefund = call(app, "POST", &path, Some(&body), key).await?;
    Ok(made.into())
}

/// The transfers there are for a payment's share, the first first: all from the payment, whichever try they are of, but for those
/// of others that failed; and the one from our balance, once it is known.
pub async fn transfers(app: &App, payment: &Payment, share: &Share) -> Result<Vec<TransferTold>, Failure> {
    let (Source::Payment, Some(capture)) = (share.source, payment.captures.first()) else {
        let Some(id) = &share.id else { return Ok(Vec::new()) };
        let found: TheirTransfer = get(app, &format!("/v1/transfers/{id}")).await?;
        return Ok(vec![found.into()]);
    };
    let path = format!("/v1/payments/{}/transfers?count=100", capture.id);
    let found: Collection<TheirTransfer> = get(app, &path).await?;
    let notes = notes_of(payment, share);
    let is_ours = |one: &TheirTransfer| {
        let is_failed = one.status == TransferStatus::Failed;
        one.notes["payment_id"] == notes["payment_id"] && (!is_failed || one.notes == notes)
    };
    // They come the newest first.
    Ok(found.items.into_iter().filter(is_ours).map(TransferTold::from).rev().collect())
}

/// By what a bank knows what it got of a transfer (UTR), once it has got it: that of the settlement with which it did, which
/// Razorpay tells with the list of its transfers.
pub async fn bank_reference_of(app: &App, transfer_id: &str) -> Result<Option<String>, Failure> {
    let transfer: SettledTransfer = get(app, &format!("/v1/transfers/{transfer_id}")).await?;
    let Some(id) = transfer.recipient_settlement_id else { return Ok(None) };
    let path = format!("/v1/transfers?recipient_settlement_id={id}&expand[]=recipient_settlement&count=1");
    let found: Collection<SettledTransfer> = get(app, &path).await?;
    let mut settlements = found.items.into_iter().filter_map(|transfer| transfer.recipient_settlement);
    Ok(settlements.find(|settlement| settlement.status == "processed").and_then(|settlement| settlement.utr))
}

/// By what a transfer is known to be the one that was asked for.
fn notes_of(payment: &Payment, share: &Share) -> Value {
    json!({ "payment_id": payment.payment_id, "try": share.tries.to_string() })
}

/// Has a share set aside, or paid out. From a payment this must not be repeated before it was looked for; from our balance it may
/// be, as long as the body stays the same from one release to the next: the key is of one body.
pub async fn transfer(app: &App, payment: &Payment, share: &Share) -> Result<TransferTold, Failure> {
    let mut transfer = json!({
        "account": share.account_id,
        "amount": share.amount.amount(),
        "currency": "INR",
        "notes": notes_of(payment, share),
    });
    if let (Source::Payment, Some(capture)) = (share.source, payment.captures.first()) {
        transfer["on_hold"] = json!(true);
        let body = json!({ "transfers": [transfer] });
        let path = format!("/v1/payments/{}/transfers", capture.id);
        let made: Collection<TheirTransfer> = call(app, "POST", &path, Some(&body), None).await?;
        let made = made.items.into_iter().next();
        return Ok(made.ok_or_else(|| Fault::new("a transfer that is not told"))?.into());
    }
    let key = format!("{}-{}", payment.payment_id, share.tries);
    let key = Some((TRANSFER_KEY, key.as_str()));
    let made: TheirTransfer = call(app, "POST", "/v1/transfers", Some(&transfer), key).await?;
    Ok(made.into())
}

/// Has some of a transfer come back. It must not be repeated before the transfer was looked at.
pub async fn take_back(app: &App, id: &str, amount: Money) -> Result<(), Failure> {
    let body = json!({ "amount": amount.amount() });
    let _: Named = call(app, "POST", &format!("/v1/transfers/{id}/reversals"), Some(&body), None).await?;
    Ok(())
}

/// Has the account's bank get a transfer. Safe to repeat.
pub async fn release(app: &App, id: &str) -> Result<(), Failure> {
    let body = json!({ "on_hold": false });
    let _: Named = call(app, "PATCH", &format!("/v1/transfers/{id}"), Some(&body), None).await?;
    Ok(())
}

/// Which order an event is about; none where it is about no payment.
#[must_use]
pub fn order_of(event: &Value) -> Option<&str> {
    event.pointer("/payload/payment/entity/order_id")?.as_str()
}

async fn get<T: DeserializeOwned>(app: &App, path: &str) -> Result<T, Failure> {
    for attempt in 1.. {
        match call(app, "GET", path, None, None).await {
            Err(Failure::Unavailable) if attempt < TRIES => pause(app, 4).await?,
            answer => return answer,
        }
    }
    unreachable!("the loop above has no end of its own")
}

/// One call. Who is not known by the keys that were kept tries those that are there now.
async fn call<T: DeserializeOwned>(
    app: &App,
    method: &str,
    path: &str,
    body: Option<&Value>,
    key: Option<(&str, &str)>,
) -> Result<T, Failure> {
    let call = Call { method, path, body, key };
    let answer = match call.send(app, Keys::read(app).await?).await? {
        refused if refused.status() == StatusCode::UNAUTHORIZED => {
            call.send(app, Keys::read_again(app).await?).await?
        }
        answer => answer,
    };
    match answer.status().as_u16() {
        200..300 => Ok(serde_json::from_slice(answer.body()).map_err(Fault::from)?),
        401 | 403 => Err(Fault::new("Razorpay does not know our key").into()),
        // Too often, or the same is under way.
        409 | 429 | 500.. => Err(Failure::Unavailable),
        status => {
            let error: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            let why = error.pointer("/error/description").and_then(Value::as_str).unwrap_or_default();
            Err(Failure::Refused(format!("{status} {why}")))
        }
    }
}

/// What is sent.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    body: Option<&'a Value>,
    /// By which it is done once: in which header, and which.
    key: Option<(&'a str, &'a str)>,
}

impl Call<'_> {
    async fn send(&self, app: &App, keys: Keys) -> Result<http::Response<Vec<u8>>, Failure> {
        let shown = STANDARD.encode(format!("{}:{}", keys.key_id, keys.key_secret));
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(format!("{}{}", app.setting("RAZORPAY_URL")?, self.path))
            .header("authorization", format!("Basic {shown}"))
            .header("content-type", "application/json");
        if let Some((name, key)) = self.key {
            request = request.header(name, key);
        }
        let body = self.body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = request.body(body).map_err(Fault::from)?;
        match tokio::time::timeout(TIMEOUT, outside::call(app, request)).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(Failure::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(key_secret: &str, webhook_secrets: &[&str]) -> Keys {
        let webhook_secrets = webhook_secrets.iter().map(|secret| (*secret).to_owned()).collect();
        Keys { key_id: "rzp_test_1".to_owned(), key_secret: key_secret.to_owned(), webhook_secrets }
    }

    /// As Razorpay's own documentation and clients have them.
    #[test]
    fn what_checkout_says_is_signed_as_razorpay_signs() {
        for (secret, order, attempt, signature) in [
            (
                "EnLs21M47BllR3X8PSFtjtbd",
                "order_IEIaMR65cu6nz3",
                "pay_IH4NVgf4Dreq1l",
                "0d4e745a1838664ad6c9c9902212a32d627d68e917290b0ad5f08ff4561bc50f",
            ),
            (
                "key_secret",
                "fake_order_id",
                "fake_payment_id",
                "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",
            ),
        ] {
            assert!(keys(secret, &[]).signed_payment(order, attempt, signature));
            assert!(!keys(secret, &[]).signed_payment(attempt, order, signature));
            assert!(!keys("another", &[]).signed_payment(order, attempt, signature));
            assert!(!keys(secret, &[]).signed_payment(order, attempt, &signature.to_uppercase()));
        }
    }

    #[test]
    fn whatever_banks_say_a_payment_is_read() {
        for (said, reference) in [
            (json!({ "rrn": "033814379298", "upi_transaction_id": "UPI1" }), Some("033814379298")),
            (json!({ "auth_code": "299196", "rrn": null, "arn": "10000000000000" }), Some("10000000000000")),
            (json!({ "bank_transaction_id": 5 }), None),
            (json!([]), None),
            (Value::Null, None),
        ] {
            let theirs = json!({
                "id": "pay_1", "status": "captured", "amount": 100, "amount_refunded": 0, "fee": null, "created_at": 1,
                "acquirer_data": said,
            });
            let attempt: Attempt = serde_json::from_value::<TheirPayment>(theirs).unwrap().into();
            assert_eq!(attempt.bank_reference.as_deref(), reference);
        }
    }

    #[test]
    fn webhooks_are_signed_with_one_of_two_secrets() {
        let body = br#"{"a":1,"b":2,"c":{"d":3}}"#;
        let signature = "2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc";
        assert!(keys("", &["123456"]).signed_webhook(body, signature));
        assert!(keys("", &["new", "123456"]).signed_webhook(body, signature));
        assert!(!keys("123456", &["new"]).signed_webhook(body, signature));
        assert!(!keys("", &[]).signed_webhook(body, signature));
        // A secret that is not set signs nothing.
        assert!(!keys("", &[""]).signed_webhook(body, &signature_of("", body)));
    }
}
