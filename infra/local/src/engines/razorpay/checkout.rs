//! What a person sees who pays: a page like Razorpay's Checkout, and the script by which a shop opens it.

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::api;
use super::api::hooks::is_url;
use super::api::payments::{NewCard, NewPayment, NewUpi, pay as pay_order};
use super::entities::{Entity as _, Order, Payment, PaymentStatus};
use super::refusal::Refused;
use super::{Sandbox, signature};
use crate::engines::Reply;
use crate::engines::query;

const STYLE: &str = include_str!("checkout.css");
/// The script that a shop's page loads.
pub(super) const SCRIPT: &str = include_str!("checkout.js");
/// The script of the last page, which sends the person back.
pub(super) const BACK: &str = include_str!("back.js");

/// What a shop's page, or Checkout's own, sends: a form, or the same in the address.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn given(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

/// The page where a person chooses how to pay.
pub(super) async fn page(sandbox: &Arc<Sandbox>, sent: &[u8]) -> Reply {
    let form = Form::read(sent);
    if form.get("key_id") != sandbox.key_id() {
        return html(StatusCode::UNAUTHORIZED, "<p>The api key provided is invalid.</p>");
    }
    let id = form.get("order_id").to_owned();
    let order = match sandbox.change(move |entries| entries.get::<Order>(&id)).await {
        Ok(order) => order,
        Err(refused) => return html(refused.status, "<p>There is no such order.</p>"),
    };
    if order.is_paid() {
        return html(StatusCode::BAD_REQUEST, "<p>This order is paid.</p>");
    }
    let hidden = |name: &str| {
        let value = escape(form.get(name));
        format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
    };
    let kept: String = ["key_id", "order_id", "callback_url", "prefill[email]", "prefill[contact]"]
        .into_iter()
        .map(hidden)
        .collect();
    let shop = form.given("name").unwrap_or_else(|| "A shop".to_owned());
    let ways = [
        (
            "upi",
            "UPI",
            r#"<label>UPI ID <input name="vpa" value="success@razorpay" required></label>
<p>failure@razorpay fails; late@razorpay fails and is paid ten minutes later; norefund@razorpay takes no refund.</p>"#,
        ),
        (
            "card",
            "Card",
            r#"<label>Card number <input name="card[number]" value="4111 1111 1111 1112" inputmode="numeric" required></label>
<p>Cards that end in an odd digit fail.</p>"#,
        ),
    ];
    let forms: Vec<_> = ways
        .into_iter()
        .map(|(method, name, fields)| {
            format!(
                r#"<form method="post" action="/v1/payments/create/checkout">{kept}
<input type="hidden" name="method" value="{method}"><h2>{name}</h2>{fields}
<button>Pay ₹{}</button></form>"#,
                rupees(order.amount)
            )
        })
        .collect();
    html(
        StatusCode::OK,
        &format!(
            r"<h1>{} <strong>₹{}</strong></h1><p>A sandbox on this machine: no money moves.</p>{}",
            escape(&shop),
            rupees(order.amount),
            forms.concat()
        ),
    )
}

/// Pays, and sends the person back to the shop with what came of it.
pub(super) async fn pay(sandbox: &Arc<Sandbox>, sent: &[u8]) -> Reply {
    let form = Form::read(sent);
    if form.get("key_id") != sandbox.key_id() {
        return html(StatusCode::UNAUTHORIZED, "<p>The api key provided is invalid.</p>");
    }
    let new = NewPayment {
        order_id: form.get("order_id").to_owned(),
        method: form.get("method").to_owned(),
        upi: Some(NewUpi { vpa: form.given("vpa") }),
        card: Some(NewCard { number: form.get("card[number]").to_owned() }),
        email: form.given("prefill[email]"),
        contact: form.given("prefill[contact]"),
        ..NewPayment::default()
    };
    // A script is no address.
    let callback = form.given("callback_url").filter(|url| is_url(url));
    let paid =
        sandbox.change(move |entries| api::passes(entries).and_then(|()| pay_order(entries, new))).await;
    sandbox.changed.notify_one();
    back(callback.as_deref(), &outcome(sandbox, paid))
}

/// What the shop is told, as names and values of a form.
fn outcome(sandbox: &Sandbox, paid: Result<Payment, Refused>) -> Vec<(String, String)> {
    let error = |error: &Value| {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let names = ["code", "description", "source", "step", "reason"];
        names.into_iter().map(|name| (format!("error[{name}]"), text(name))).collect::<Vec<_>>()
    };
    match paid {
        Err(refused) => error(&refused.wire()["error"]),
        Ok(payment) if payment.status == PaymentStatus::Failed => {
            let wire = payment.wire();
            let mut told = error(&json!({
                "code": wire["error_code"], "description": wire["error_description"],
                "source": wire["error_source"], "step": wire["error_step"], "reason": wire["error_reason"],
            }));
            let metadata = json!({ "payment_id": payment.id, "order_id": payment.order_id });
            told.push(("error[metadata]".to_owned(), metadata.to_string()));
            told
        }
        Ok(payment) => {
            let signed = format!("{}|{}", payment.order_id, payment.id);
            let signature = signature::of(sandbox.key_secret(), &signed);
            [
                ("razorpay_payment_id", payment.id),
                ("razorpay_order_id", payment.order_id),
                ("razorpay_signature", signature),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
        }
    }
}

fn back(callback: Option<&str>, told: &[(String, String)]) -> Reply {
    let fields: Vec<_> = told
        .iter()
        .map(|(name, value)| {
            format!(r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value))
        })
        .collect();
    let is_paid = told.iter().any(|(name, _)| name == "razorpay_signature");
    let what = if is_paid { "Paid" } else { "The payment failed" };
    let again = if is_paid { "" } else { r#"<button type="button" id="again">Try again</button>"# };
    let action = escape(callback.unwrap_or_default());
    html(
        StatusCode::OK,
        &format!(
            r#"<h1>{what}</h1><form method="post" action="{action}" id="back">{}<button>Back to the shop</button>{again}</form>
<script src="/v1/checkout/back.js"></script>"#,
            fields.concat()
        ),
    )
}

/// A text as it may stand in an attribute as well.
fn escape(text: &str) -> String {
    query::escape(text).replace('"', "&quot;")
}

/// An amount in rupees, with its paise.
fn rupees(paise: i64) -> String {
    format!("{}.{:02}", paise / 100, paise % 100)
}

fn html(status: StatusCode, content: &str) -> Reply {
    let text = format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Checkout (sandbox)</title><style>{STYLE}</style><main>{content}</main></html>"#
    );
    respond(status, "text/html; charset=utf-8", text)
}

pub(super) fn respond(status: StatusCode, content_type: &'static str, text: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
