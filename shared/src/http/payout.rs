//! Where what a professional earns goes, as they see it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    payout::{AccountState, Ifsc, LegalName, PayoutAccount},
    tax::Gstin,
};

/// Where what a professional earns goes.
#[derive(Serialize, JsonSchema)]
pub struct PayoutAccountAnswer {
    /// How far Razorpay is with it: who is `activated` gets their money.
    state: AccountState,
    /// What is to be put right, under Razorpay's names of it, such as `settlements.account_number`.
    requirements: Vec<String>,
    /// Whose bank account it is.
    name: LegalName,
    /// The last digits of its number.
    ends_in: String,
    ifsc: Ifsc,
    /// How they are registered for GST; null for who is not.
    gstin: Option<Gstin>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    changed_at: Timestamp,
}

impl From<PayoutAccount> for PayoutAccountAnswer {
    fn from(account: PayoutAccount) -> Self {
        let PayoutAccount { state, requirements, name, ends_in, ifsc, gstin, changed_at, .. } = account;
        Self { state, requirements, name, ends_in, ifsc, gstin, changed_at }
    }
}
