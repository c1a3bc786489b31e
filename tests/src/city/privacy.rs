//! What an answer may tell whoever asked: held against every answer that any test of the suite gets.

use connecto_shared::domain::{booking::State, place::Point};
use serde_json::Value;

/// Where in an answer stands what whoever asked may not know: exact places, addresses, telephone numbers, mail addresses.
///
/// What a person is told of their own account is theirs, and what a problem says of the input came from whoever is told it; a
/// professional's own profile has the base, and applications that staff looks at have that and how to reach the applicant; a
/// booking tells its two sides what its state says.
#[must_use]
pub fn leaks(path: &str, body: &Value) -> Vec<String> {
    let mut leaks = Vec::new();
    walk(path, ("", body), body, &mut leaks);
    leaks
}

fn walk(path: &str, (pointer, value): (&str, &Value), root: &Value, leaks: &mut Vec<String>) {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let is_own = path.starts_with("/v1/account") || path.starts_with("/v1/auth");
    let is_application = path.starts_with("/v1/admin/applications/");
    let is_input = root["request_id"].is_string() && pointer.starts_with("/errors/");
    let may_be_told = match value {
        _ if is_input => true,
        Value::String(text) if is_mail_address(text) => is_own || is_application,
        Value::String(text) if is_phone_number(text) => {
            is_own
                || is_application
                || (path.starts_with("/v1/payments") && pointer == "/checkout/prefill/contact")
                || (pointer == "/phone" && booking(root).is_some_and(|(_, state)| state.reveals()))
        }
        // The State has an invoice bear the addresses of its two sides, who alone read it.
        Value::String(_) if ["/recipient/address", "/supplier/address"].contains(&pointer) => {
            path.starts_with("/v1/invoices/")
        }
        Value::String(_) if key == "address" => knows_place(path, root),
        Value::String(_) if ["start_code", "end_code"].contains(&key) => {
            booking(root).is_some_and(|(is_customer, state)| is_customer && state.reveals())
        }
        Value::Object(fields) if fields.contains_key("latitude") => match key {
            "near" => serde_json::from_value::<Point>(value.clone()).is_ok_and(|near| near == near.coarse()),
            "base" => is_application || path == "/v1/professional" || path.starts_with("/v1/professional/"),
            "point" => knows_place(path, root),
            // Where a post office is, is nobody's secret.
            "middle" => path == "/v1/localities",
            _ => false,
        },
        _ => true,
    };
    if !may_be_told {
        leaks.push(format!("{pointer}: {value}"));
    }
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(path, (&format!("{pointer}/{at}"), item), root, leaks);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(path, (&format!("{pointer}/{name}"), field), root, leaks);
            }
        }
        _ => {}
    }
}

/// Whether a booking is told to its customer, and its state.
fn booking(root: &Value) -> Option<(bool, State)> {
    root["booking_id"].as_str()?;
    let state = serde_json::from_value(root["state"].clone()).ok()?;
    Some((root["role"].as_str()? == "customer", state))
}

fn knows_place(path: &str, root: &Value) -> bool {
    // A job is told to who posted it.
    path.starts_with("/v1/jobs") && root["job_id"].is_string()
        || booking(root).is_some_and(|(is_customer, state)| is_customer || state.reveals())
}

fn is_mail_address(text: &str) -> bool {
    let is_domain = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && rest.contains('.');
    text.split_once('@').is_some_and(|(local, rest)| !local.is_empty() && is_domain(rest))
}

fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
