//! Linked accounts, whose they are, and how far Razorpay is with looking at them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entities::Entity;

/// A linked account: what was sent of it, and what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub id: String,
    pub told: serde_json::Map<String, Value>,
    pub created_at: i64,
}

impl Entity for Account {
    const PREFIX: &'static str = "acc_";

    fn id(&self) -> &str {
        &self.id
    }

    fn wire(&self) -> Value {
        let mut wire = self.told.clone();
        wire.insert("id".to_owned(), json!(self.id));
        wire.insert("entity".to_owned(), json!("account"));
        wire.insert("status".to_owned(), json!("created"));
        wire.insert("created_at".to_owned(), json!(self.created_at));
        Value::Object(wire)
    }
}

/// Somebody whose business a linked account is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stakeholder {
    pub id: String,
    pub account: String,
    pub told: serde_json::Map<String, Value>,
}

impl Entity for Stakeholder {
    const PREFIX: &'static str = "sth_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn wire(&self) -> Value {
        let mut wire = self.told.clone();
        wire.insert("id".to_owned(), json!(self.id));
        wire.insert("entity".to_owned(), json!("stakeholder"));
        Value::Object(wire)
    }
}

/// How far Razorpay is with looking at a linked account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Activation {
    NeedsClarification,
    UnderReview,
    Activated,
}

/// What a linked account uses: Route.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Product {
    pub id: String,
    pub account: String,
    /// Where the account's money goes: a bank account's number, its bank's code and whose it is.
    pub settlements: BTreeMap<String, String>,
    pub activation: Activation,
    /// When it is looked at.
    pub due: Option<i64>,
    pub created_at: i64,
}

impl Product {
    /// What is told of where the money goes.
    pub(super) const SETTLEMENTS: [&'static str; 3] = ["account_number", "ifsc_code", "beneficiary_name"];
}

impl Entity for Product {
    const PREFIX: &'static str = "acc_prd_";

    fn id(&self) -> &str {
        &self.id
    }

    fn parent(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn due(&self) -> Option<i64> {
        self.due
    }

    fn wire(&self) -> Value {
        let requirement = |field: &str, reason: &str| {
            json!({
                "field_reference": format!("settlements.{field}"), "reason_code": reason, "status": "required",
                "resolution_url": format!("/accounts/{}/products/{}", self.account, self.id),
            })
        };
        let missing = Self::SETTLEMENTS.iter().filter(|field| !self.settlements.contains_key(**field));
        let mut requirements: Vec<_> = missing.map(|field| requirement(field, "field_missing")).collect();
        if requirements.is_empty() && self.activation == Activation::NeedsClarification {
            requirements.push(requirement("account_number", "invalid_details"));
        }
        let active = match self.activation {
            Activation::Activated => json!(self.settlements),
            _ => json!({ "account_number": null, "ifsc_code": null, "beneficiary_name": null }),
        };
        json!({
            "id": self.id, "account_id": self.account, "product_name": "route",
            "activation_status": self.activation, "requirements": requirements,
            "requested_configuration": { "settlements": self.settlements },
            "active_configuration": { "settlements": active },
            "tnc": { "id": format!("tnc_{}", &self.id[Self::PREFIX.len()..]), "accepted": true, "accepted_at": self.created_at },
            "requested_at": self.created_at,
        })
    }
}
