//! What Razorpay keeps, and how it looks on the wire.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What Razorpay charges for a payment, and for a transfer, in hundredths of a per cent, and the tax on that.
const FEE: i64 = 200;
const TRANSFER_FEE: i64 = 25;
const TAX_ON_FEE: i64 = 1_800;

/// Something that Razorpay keeps under an id.
pub(super) trait Entity: Serialize + DeserializeOwned {
    /// What begins its ids.
    const PREFIX: &'static str;

    fn id(&self) -> &str;

    /// What it belongs to: the order of a payment, the payment of a refund.
    fn parent(&self) -> Option<&str> {
        None
    }

    /// When something happens to it by itself, in seconds of Unix time.
    fn due(&self) -> Option<i64> {
        None
    }

    /// As a client sees it.
    fn wire(&self) -> Value;
}

/// Up to fifteen names with values, which come as a list where there are none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Notes(BTreeMap<String, Value>);

impl Notes {
    /// What a client sends: an object, or an empty list.
    pub(super) fn read(value: Option<Value>) -> Option<Self> {
        let notes = match value {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Array(list)) if list.is_empty() => BTreeMap::new(),
            Some(object) => serde_json::from_value(object).ok()?,
        };
        let is_short = |value: &Value| match value {
            Value::String(text) => text.chars().count() <= 256,
            Value::Number(_) | Value::Bool(_) | Value::Null => true,
            Value::Array(_) | Value::Object(_) => false,
        };
        (notes.len() <= 15 && notes.values().all(is_short)).then_some(Self(notes))
    }

    fn wire(&self) -> Value {
        if self.0.is_empty() { json!([]) } else { json!(self.0) }
    }
}

/// What is to be paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub id: String,
    pub amount: i64,
    pub amount_paid: i64,
    pub attempts: u32,
    pub receipt: Option<String>,
    /// Whether what is authorized is captured at once.
    pub captures: bool,
    pub notes: Notes,
    pub created_at: i64,
}

impl Order {
    pub(super) const fn is_paid(&self) -> bool {
        self.amount_paid >= self.amount
    }
}

impl Entity for Order {
    const PREFIX: &'static str = "order_";

    fn id(&self) -> &str {
        &self.id
    }

    fn wire(&self) -> Value {
        let status = match self {
            order if order.is_paid() => "paid",
            Self { attempts: 0, .. } => "created",
            _ => "attempted",
        };
        json!({
            "id": self.id, "entity": "order", "amount": self.amount, "amount_paid": self.amount_paid,
            "amount_due": self.amount - self.amount_paid, "currency": "INR", "receipt": self.receipt,
            "offer_id": null, "status": status, "attempts": self.attempts, "notes": self.notes.wire(),
            "created_at": self.created_at,
        })
    }
}

/// How somebody pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub(super) enum Method {
    Upi { vpa: String },
    Card { last4: String },
}

/// What a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PaymentStatus {
    Authorized,
    Captured,
    Refunded,
    /// Not for ever: it may be authorized yet.
    Failed,
}

/// An attempt to pay an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Payment {
    pub id: String,
    pub order_id: String,
    pub amount: i64,
    pub status: PaymentStatus,
    pub method: Method,
    /// Whether it was captured ever.
    pub captured: bool,
    pub amount_refunded: i64,
    pub amount_transferred: i64,
    pub email: Option<String>,
    pub contact: Option<String>,
    pub notes: Notes,
    pub created_at: i64,
    /// When it is authorized though it failed, or given back because nobody captured it.
    pub due: Option<i64>,
}

impl Entity for Payment {
    const PREFIX: &'static str = "pay_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.order_id)
    }

    fn due(&self) -> Option<i64> {
        self.due
    }

    fn wire(&self) -> Value {
        let (method, vpa, last4) = match &self.method {
            Method::Upi { vpa } => ("upi", Some(vpa), None),
            Method::Card { last4 } => ("card", None, Some(last4)),
        };
        let (fee, tax) = if self.captured { fee(self.amount) } else { (None, None) };
        let refund_status = match self.amount_refunded {
            0 => None,
            refunded if refunded < self.amount => Some("partial"),
            _ => Some("full"),
        };
        let failed = self.status == PaymentStatus::Failed;
        let error = |text: &'static str| failed.then_some(text);
        json!({
            "id": self.id, "entity": "payment", "amount": self.amount, "currency": "INR",
            "status": self.status, "order_id": self.order_id, "invoice_id": null, "international": false,
            "method": method, "amount_refunded": self.amount_refunded,
            "amount_transferred": self.amount_transferred, "refund_status": refund_status,
            "captured": self.captured, "description": null, "card_id": null,
            "card": last4.map(|last4| json!({ "entity": "card", "last4": last4, "network": "Visa" })),
            "bank": null, "wallet": null, "vpa": vpa, "email": self.email, "contact": self.contact,
            "notes": self.notes.wire(), "fee": fee, "tax": tax,
            "error_code": error("BAD_REQUEST_ERROR"),
            "error_description": error("Payment was unsuccessful as the customer's bank declined it."),
            "error_source": error("bank"), "error_step": error("payment_authorization"),
            "error_reason": error("payment_failed"),
            "acquirer_data": self.reference(), "created_at": self.created_at,
        })
    }
}

impl Payment {
    /// By what its bank knows a payment, once it has set it aside.
    fn reference(&self) -> Value {
        let number = || bank_reference(&self.id);
        match &self.method {
            _ if self.status == PaymentStatus::Failed => json!({}),
            Method::Upi { .. } => {
                json!({ "rrn": number(), "upi_transaction_id": format!("UPI{}", number()) })
            }
            Method::Card { .. } => json!({ "auth_code": &number()[..6], "rrn": number() }),
        }
    }
}

/// Twelve digits, always the same for one id.
fn bank_reference(id: &str) -> String {
    let number = id.bytes().fold(7_u64, |sum, byte| (sum * 131 + u64::from(byte)) % 1_000_000_000_000);
    format!("{number:012}")
}

/// What is charged for a payment, with the tax on it, and that tax.
fn fee(amount: i64) -> (Option<i64>, Option<i64>) {
    let share = |of: i64, hundredths: i64| (of * hundredths + 5_000) / 10_000;
    let tax = share(share(amount, FEE), TAX_ON_FEE);
    (Some(share(amount, FEE) + tax), Some(tax))
}

/// What a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RefundStatus {
    Pending,
    Processed,
    Failed,
}

/// Money that goes back to who paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refund {
    pub id: String,
    pub payment_id: String,
    pub amount: i64,
    pub status: RefundStatus,
    /// Whether it was asked for as fast as can be.
    pub is_fast: bool,
    pub receipt: Option<String>,
    pub notes: Notes,
    pub created_at: i64,
    /// When the bank has it.
    pub due: Option<i64>,
    /// Whether the bank will not take it.
    pub fails: bool,
}

impl Entity for Refund {
    const PREFIX: &'static str = "rfnd_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.payment_id)
    }

    fn due(&self) -> Option<i64> {
        self.due
    }

    fn wire(&self) -> Value {
        json!({
            "id": self.id, "entity": "refund", "amount": self.amount, "currency": "INR",
            "payment_id": self.payment_id, "notes": self.notes.wire(), "receipt": self.receipt,
            "acquirer_data": match self.status {
                RefundStatus::Processed => json!({ "arn": bank_reference(&self.id) }),
                RefundStatus::Pending | RefundStatus::Failed => json!({ "arn": null }),
            },
            "created_at": self.created_at, "batch_id": null, "status": self.status,
            "speed_requested": if self.is_fast { "optimum" } else { "normal" },
            "speed_processed": if self.is_fast { "instant" } else { "normal" },
        })
    }
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TransferStatus {
    /// Its order is not paid.
    Created,
    Pending,
    Processed,
    Failed,
}

/// A share of a payment for a linked account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Transfer {
    pub id: String,
    /// The payment, or the order that it came with, or our own balance.
    pub source: String,
    /// The payment that it is a share of, if there is one.
    pub payment_id: Option<String>,
    pub recipient: String,
    pub amount: i64,
    pub amount_reversed: i64,
    pub status: TransferStatus,
    pub on_hold: bool,
    pub on_hold_until: Option<i64>,
    /// With what the account's bank has it: it cannot be taken back then.
    pub settlement_id: Option<String>,
    /// When it is processed, let go or settled.
    pub due: Option<i64>,
    pub notes: Notes,
    pub created_at: i64,
    pub processed_at: Option<i64>,
}

impl Entity for Transfer {
    const PREFIX: &'static str = "trf_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        self.payment_id.as_deref().or(Some(&self.source))
    }

    fn due(&self) -> Option<i64> {
        self.due
    }

    fn wire(&self) -> Value {
        let status = match self.status {
            TransferStatus::Created => "created",
            TransferStatus::Pending => "pending",
            TransferStatus::Failed => "failed",
            TransferStatus::Processed if self.amount_reversed == 0 => "processed",
            TransferStatus::Processed if self.amount_reversed < self.amount => "partially_reversed",
            TransferStatus::Processed => "reversed",
        };
        let settlement = match self {
            Self { status: TransferStatus::Created | TransferStatus::Failed, .. } => None,
            Self { settlement_id: Some(_), .. } => Some("settled"),
            Self { on_hold: true, .. } => Some("on_hold"),
            _ => Some("pending"),
        };
        let (fees, tax) = if self.status == TransferStatus::Processed { self.fees() } else { (0, 0) };
        let failed = self.status == TransferStatus::Failed;
        let error = |text: &'static str| failed.then_some(text);
        json!({
            "id": self.id, "entity": "transfer", "status": status, "source": self.source,
            "recipient": self.recipient, "amount": self.amount, "currency": "INR",
            "amount_reversed": self.amount_reversed, "fees": fees, "tax": tax, "notes": self.notes.wire(),
            "linked_account_notes": [], "on_hold": self.on_hold, "on_hold_until": self.on_hold_until,
            "settlement_status": settlement, "recipient_settlement_id": self.settlement_id, "created_at": self.created_at,
            "processed_at": self.processed_at,
            "error": { "code": error("BAD_REQUEST_ERROR"), "reason": error("account_not_activated"),
                "description": error("The linked account cannot receive transfers."), "field": null,
                "step": error("transfer_processing"), "id": self.id, "source": null, "metadata": null },
        })
    }
}

impl Transfer {
    /// What is charged for it, with the tax on that, and the tax.
    fn fees(&self) -> (i64, i64) {
        let fee = self.amount * TRANSFER_FEE / 10_000;
        let tax = fee * TAX_ON_FEE / 10_000;
        (fee + tax, tax)
    }
}

/// What a linked account's bank got: here of one transfer, at Razorpay of all that were due.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Settlement {
    pub id: String,
    pub transfer_id: String,
    pub amount: i64,
    pub created_at: i64,
}

impl Entity for Settlement {
    const PREFIX: &'static str = "setl_";

    fn id(&self) -> &str {
        &self.id
    }

    fn wire(&self) -> Value {
        let reference = self.id.trim_start_matches(Self::PREFIX).to_lowercase();
        json!({
            "id": self.id, "entity": "settlement", "amount": self.amount, "status": "processed", "fees": 0, "tax": 0,
            "utr": format!("{}{}", self.created_at, &reference[..6]), "created_at": self.created_at,
        })
    }
}

/// A share that came back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reversal {
    pub id: String,
    pub transfer_id: String,
    pub amount: i64,
    pub refund_id: Option<String>,
    pub notes: Notes,
    pub created_at: i64,
}

impl Entity for Reversal {
    const PREFIX: &'static str = "rvrsl_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.transfer_id)
    }

    fn wire(&self) -> Value {
        json!({
            "id": self.id, "entity": "reversal", "transfer_id": self.transfer_id, "amount": self.amount,
            "fee": 0, "tax": 0, "currency": "INR", "notes": self.notes.wire(), "initiator_id": null,
            "customer_refund_id": self.refund_id, "utr": null, "created_at": self.created_at,
        })
    }
}

/// Whom to tell of what happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Webhook {
    pub id: String,
    pub url: String,
    pub secret: String,
    pub events: Vec<String>,
    pub active: bool,
    /// When it last took something, in milliseconds of Unix time.
    pub took_at: Option<i64>,
    pub created_at: i64,
}

impl Entity for Webhook {
    const PREFIX: &'static str = "";

    fn id(&self) -> &str {
        &self.id
    }

    fn wire(&self) -> Value {
        let events: BTreeMap<&String, bool> = self.events.iter().map(|event| (event, true)).collect();
        json!({
            "id": self.id, "entity": "webhook", "url": self.url, "alert_email": null, "secret_exists": true,
            "active": self.active, "events": events, "created_at": self.created_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_two_per_cent_and_the_tax_on_it() {
        assert_eq!(fee(49_900), (Some(1_178), Some(180)));
        assert_eq!(fee(100), (Some(2), Some(0)));
    }

    #[test]
    fn notes_are_few_and_short() {
        let many: Value =
            (0..16).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(Notes::read(None).unwrap().wire(), json!([]));
        assert_eq!(Notes::read(Some(json!([]))).unwrap().wire(), json!([]));
        assert_eq!(Notes::read(Some(json!({ "a": "b" }))).unwrap().wire(), json!({ "a": "b" }));
        for bad in [json!(["a"]), json!("a"), json!({ "a": {} }), json!({ "a": "x".repeat(257) }), many] {
            assert!(Notes::read(Some(bad.clone())).is_none(), "{bad}");
        }
    }
}
