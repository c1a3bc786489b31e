//! Linked accounts: whose they are, where their money goes, and how far Razorpay is with looking at that.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Flag;
use crate::engines::razorpay::books::{Entries, Listing, new_id};
use crate::engines::razorpay::entities::Entity;
use crate::engines::razorpay::linked::{Account, Activation, Product, Stakeholder};
use crate::engines::razorpay::refusal::Refused;

/// An account is looked at after a second.
const REVIEW_TAKES_S: i64 = 1;
/// What nobody can clear up: bank accounts whose numbers end so.
const UNCLEAR: &str = "0000";
/// What takes no transfer.
const TAKES_NOTHING: &str = "9999";

fn required(told: &Map<String, Value>, fields: &[&str]) -> Result<(), Refused> {
    match fields.iter().find(|field| !told.contains_key(**field)) {
        Some(field) => {
            Err(Refused::bad_request(format!("The {} field is required.", field.replace('_', " "))))
        }
        None => Ok(()),
    }
}

/// What of an account Razorpay does not take, where it is told.
fn check_account(told: &Map<String, Value>) -> Result<(), Refused> {
    if told.contains_key("reference_id") {
        return Err(Refused::bad_request("Route code Support feature not enabled to add account code"));
    }
    for field in ["legal_business_name", "contact_name"] {
        let Some(name) = told.get(field).and_then(Value::as_str) else { continue };
        if name.len() < 4 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
            return Err(Refused::bad_request(format!("The {} format is invalid.", field.replace('_', " "))));
        }
    }
    // A person's stands with the person.
    let pan = told.get("legal_info").and_then(|info| info.get("pan")?.as_str());
    if pan.is_some_and(|pan| pan.as_bytes().get(3) == Some(&b'P')) {
        return Err(Refused::field("pan", "The pan field is invalid."));
    }
    Ok(())
}

pub(in crate::engines::razorpay) fn create_account(
    entries: &Entries<'_>,
    told: Map<String, Value>,
) -> Result<Value, Refused> {
    required(&told, &["email", "phone", "legal_business_name", "business_type"])?;
    if told.get("type").and_then(Value::as_str) != Some("route") {
        return Err(Refused::field("type", "The type is route."));
    }
    check_account(&told)?;
    let all: Vec<Account> = entries.list(&Listing::all())?;
    if let Some(account) = all.iter().find(|account| account.told.get("email") == told.get("email")) {
        let id = &account.id[Account::PREFIX.len()..];
        let why = format!("Merchant email already exists for account - {id}");
        return Err(Refused::bad_request(why));
    }
    let account = Account { id: new_id(Account::PREFIX), told, created_at: entries.now() };
    entries.put(&account)?;
    Ok(account.wire())
}

pub(in crate::engines::razorpay) fn edit_account(
    entries: &Entries<'_>,
    id: &str,
    edit: Map<String, Value>,
) -> Result<Value, Refused> {
    let mut account: Account = entries.get(id)?;
    if let Some(field) = ["email", "business_type"].iter().find(|field| edit.contains_key(**field)) {
        return Err(Refused::bad_request(format!("{field} is not required and should not be sent")));
    }
    check_account(&edit)?;
    account.told.extend(edit);
    entries.put(&account)?;
    Ok(account.wire())
}

pub(in crate::engines::razorpay) fn create_stakeholder(
    entries: &Entries<'_>,
    account: &str,
    told: Map<String, Value>,
) -> Result<Value, Refused> {
    required(&told, &["name", "email"])?;
    let account = entries.get::<Account>(account)?.id;
    let stakeholder = Stakeholder { id: new_id(Stakeholder::PREFIX), account, told };
    entries.put(&stakeholder)?;
    Ok(stakeholder.wire())
}

pub(in crate::engines::razorpay) fn edit_stakeholder(
    entries: &Entries<'_>,
    (account, id): (&str, &str),
    edit: Map<String, Value>,
) -> Result<Value, Refused> {
    let mut stakeholder: Stakeholder = entries.get(id)?;
    if stakeholder.account != account {
        return Err(Refused::bad_request("The id provided does not exist"));
    }
    stakeholder.told.extend(edit);
    entries.put(&stakeholder)?;
    Ok(stakeholder.wire())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewProduct {
    product_name: String,
    tnc_accepted: Flag,
}

/// An account wants to use Route. There is one of each for each account, however often it is asked for.
pub(in crate::engines::razorpay) fn request_product(
    entries: &Entries<'_>,
    account: &str,
    new: &NewProduct,
) -> Result<Value, Refused> {
    if new.product_name != "route" {
        return Err(Refused::field("product_name", "The product name is invalid."));
    }
    if new.tnc_accepted != Flag(true) {
        return Err(Refused::field("tnc_accepted", "The terms and conditions are to be accepted."));
    }
    let account = entries.get::<Account>(account)?.id;
    if let Some(product) = entries.all_of::<Product>(&account)?.first() {
        return Ok(product.wire());
    }
    let product = Product {
        id: new_id(Product::PREFIX),
        account,
        settlements: BTreeMap::new(),
        activation: Activation::NeedsClarification,
        due: None,
        created_at: entries.now(),
    };
    entries.put(&product)?;
    Ok(product.wire())
}

pub(in crate::engines::razorpay) fn product_of(
    entries: &Entries<'_>,
    (account, id): (&str, &str),
) -> Result<Product, Refused> {
    let product: Product = entries.get(id)?;
    if product.account != account {
        return Err(Refused::bad_request("The id provided does not exist"));
    }
    Ok(product)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct EditProduct {
    settlements: BTreeMap<String, String>,
    tnc_accepted: Option<Flag>,
}

/// Says where an account's money goes; once all of that is said, it is looked at.
pub(in crate::engines::razorpay) fn edit_product(
    entries: &Entries<'_>,
    of: (&str, &str),
    edit: EditProduct,
) -> Result<Value, Refused> {
    let mut product = product_of(entries, of)?;
    if edit.tnc_accepted == Some(Flag(false)) {
        return Err(Refused::field("tnc_accepted", "The terms and conditions are to be accepted."));
    }
    if let Some(field) = edit.settlements.keys().find(|field| !Product::SETTLEMENTS.contains(&field.as_str()))
    {
        return Err(Refused::bad_request(format!("{field} is not required and should not be sent")));
    }
    let ifsc = edit.settlements.get("ifsc_code");
    let is_ifsc = |code: &String| code.len() == 11 && code.as_bytes()[4] == b'0';
    if !ifsc.is_none_or(is_ifsc) {
        return Err(Refused::field("ifsc_code", "The ifsc code format is invalid."));
    }
    product.settlements.extend(edit.settlements);
    if Product::SETTLEMENTS.iter().all(|field| product.settlements.contains_key(*field)) {
        product.activation = Activation::UnderReview;
        product.due = Some(entries.now() + REVIEW_TAKES_S);
    }
    entries.put(&product)?;
    Ok(product.wire())
}

/// It was looked at.
pub(in crate::engines::razorpay) fn product_passes(
    entries: &Entries<'_>,
    product: Product,
) -> Result<(), Refused> {
    let is_unclear =
        product.settlements.get("account_number").is_some_and(|number| number.ends_with(UNCLEAR));
    let activation = if is_unclear { Activation::NeedsClarification } else { Activation::Activated };
    entries.put(&Product { activation, due: None, ..product })
}

/// Whether the bank of an account takes no transfer.
pub(in crate::engines::razorpay) fn takes_nothing(entries: &Entries<'_>, id: &str) -> Result<bool, Refused> {
    let products: Vec<Product> = entries.all_of(id)?;
    let mut numbers = products.iter().filter_map(|product| product.settlements.get("account_number"));
    Ok(numbers.any(|number| number.ends_with(TAKES_NOTHING)))
}

/// The account of this id, if it can get money.
pub(in crate::engines::razorpay) fn activated(entries: &Entries<'_>, id: &str) -> Result<String, Refused> {
    let account = entries.find::<Account>(id)?;
    let account = account.ok_or_else(|| Refused::field("account", "The id provided does not exist"))?;
    let products: Vec<Product> = entries.all_of(id)?;
    if products.iter().any(|product| product.activation == Activation::Activated) {
        Ok(account.id)
    } else {
        Err(Refused::field("account", "The linked account is not activated"))
    }
}
