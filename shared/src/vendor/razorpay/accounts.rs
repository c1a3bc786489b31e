//! Linked accounts of Razorpay's Route: whose they are, where their money goes, and how far Razorpay is with looking at that.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Named, call, get};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::ProfessionalId,
        payout::{AccountState, Details, PayoutAccount},
    },
};

/// How Razorpay says that there is an account with a mail address, before its id without the prefix.
const ALREADY_THERE: &str = "already exists for account - ";

#[derive(Deserialize)]
struct TheirAccount {
    id: String,
    /// A list where there are none.
    notes: Value,
}

#[derive(Deserialize)]
struct TheirProduct {
    activation_status: AccountState,
    #[serde(default)]
    requirements: Vec<Requirement>,
    active_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Configuration {
    settlements: Option<Settlements>,
}

#[derive(Deserialize)]
struct Settlements {
    account_number: Option<String>,
}

#[derive(Deserialize)]
struct Requirement {
    field_reference: String,
}

/// The linked account of a professional, made where there is none. Razorpay has no key for it, but no two with one mail address:
/// one that was made and not written down is found by that.
async fn linked_account(
    app: &App,
    of: ProfessionalId,
    (email, details): (&Email, &Details),
) -> Result<String, Failure> {
    let address = &details.address;
    let account = json!({
        "type": "route",
        "email": email,
        "phone": details.phone.as_str().trim_start_matches('+'),
        "legal_business_name": details.name,
        "contact_name": details.name,
        "business_type": "individual",
        "profile": {
            "category": "services",
            "subcategory": "repair_and_cleaning",
            "addresses": { "registered": {
                "street1": address.street,
                "street2": address.locality,
                "city": address.city,
                "state": address.state.as_str().to_uppercase(),
                "postal_code": address.pin_code,
                "country": "IN",
            } },
        },
        "notes": { "professional_id": of },
    });
    match call::<Named>(app, "POST", "/v2/accounts", Some(&account), None).await {
        Err(Failure::Refused(why)) => {
            let Some((_, id)) = why.split_once(ALREADY_THERE) else { return Err(Failure::Refused(why)) };
            let id: String = id.trim().chars().take_while(char::is_ascii_alphanumeric).collect();
            let found: TheirAccount = get(app, &format!("/v2/accounts/acc_{id}")).await?;
            if found.notes["professional_id"].as_str() == Some(&of.to_string()) {
                Ok(found.id)
            } else {
                Err(Failure::Refused("the account of this address is another's".to_owned()))
            }
        }
        made => Ok(made?.id),
    }
}

/// Tells Razorpay whose a linked account is, that they take its terms, and where their money goes. What it made of that is in
/// the account, also where it did not do the rest.
pub async fn enrol(
    app: &App,
    account: &mut PayoutAccount,
    (email, details): (&Email, &Details),
) -> Result<(), Failure> {
    let account_id = match account.account_id.clone() {
        Some(id) => id,
        None => linked_account(app, account.professional_id, (email, details)).await?,
    };
    account.account_id = Some(account_id.clone());
    let path = format!("/v2/accounts/{account_id}");
    let person = json!({ "name": details.name, "email": email, "kyc": { "pan": details.pan } });
    let stakeholders = format!("{path}/stakeholders");
    match &account.stakeholder_id {
        None => {
            let made: Named = call(app, "POST", &stakeholders, Some(&person), None).await?;
            account.stakeholder_id = Some(made.id);
        }
        Some(id) if !account.is_person_told => {
            let _: Named = call(app, "PATCH", &format!("{stakeholders}/{id}"), Some(&person), None).await?;
        }
        Some(_) => {}
    }
    let products = format!("{path}/products");
    let product_id = if let Some(id) = account.product_id.clone() {
        id
    } else {
        let route = json!({ "product_name": "route", "tnc_accepted": true });
        call::<Named>(app, "POST", &products, Some(&route), None).await?.id
    };
    account.product_id = Some(product_id.clone());
    let edit = json!({
        "settlements": {
            "account_number": details.account_number,
            "ifsc_code": details.ifsc,
            "beneficiary_name": details.name,
        },
        "tnc_accepted": true,
    });
    let told: TheirProduct =
        call(app, "PATCH", &format!("{products}/{product_id}"), Some(&edit), None).await?;
    told.note(account);
    Ok(())
}

/// Asks how far Razorpay is with a linked account.
pub async fn activation(app: &App, account: &mut PayoutAccount) -> Result<(), Failure> {
    let (Some(account_id), Some(product_id)) = (&account.account_id, &account.product_id) else {
        return Ok(());
    };
    let told: TheirProduct = get(app, &format!("/v2/accounts/{account_id}/products/{product_id}")).await?;
    told.note(account);
    Ok(())
}

impl TheirProduct {
    fn note(self, account: &mut PayoutAccount) {
        account.requirements = self.requirements.into_iter().map(|one| one.field_reference).collect();
        let goes_to = self.active_configuration.and_then(|active| active.settlements?.account_number);
        // What Razorpay was not told of yet is not what it activated.
        let is_another = goes_to.is_some_and(|number| !number.ends_with(&account.ends_in));
        let is_active = self.activation_status == AccountState::Activated;
        match self.activation_status {
            AccountState::UnderReview | AccountState::Activated => account.is_person_told = true,
            AccountState::NeedsClarification => account.is_person_told = false,
            AccountState::Requested | AccountState::Suspended | AccountState::Unknown => {}
        }
        account.state =
            if is_active && is_another { AccountState::Requested } else { self.activation_status };
    }
}
