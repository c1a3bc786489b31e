//! The ledger, added up anew and held against what Razorpay says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use crate::city::{City, PATIENCE};

/// What is in the Ledger table.
#[derive(Default)]
pub struct Books {
    /// By how much more each account was credited than debited, by its transfers.
    pub accounts: BTreeMap<String, i64>,
    /// What is wrong.
    pub faults: Vec<String>,
    /// How many transfers there are.
    pub transfers: usize,
    /// How much professionals got.
    pub paid_out: i64,
}

impl Books {
    /// What lies in accounts of a kind.
    pub fn sum(&self, kind: &str) -> i64 {
        self.accounts.iter().filter(|(name, _)| name.starts_with(kind)).map(|(_, balance)| balance).sum()
    }
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn number(item: &Value, pointer: &str) -> i64 {
    item.pointer(pointer).and_then(Value::as_str).and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// An invoice as it is in the table.
pub struct Written {
    /// Its series, with the financial year.
    pub series: String,
    /// Who wrote it.
    pub gstin: String,
    /// Its number in it.
    pub number: i64,
    /// The tax on it, calculated anew; less than nothing on a credit note.
    pub tax: i64,
}

impl City {
    /// All invoices there are, each of which must have a number, and in each series all numbers from 1 on.
    pub async fn invoices(&self) -> Vec<Written> {
        let items = self.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "invoice" } })).await;
        let invoice = |item: &Value| {
            let lines = item["lines"]["L"].as_array().expect("lines");
            let tax = |line: &Value| {
                let [total, before] =
                    ["total", "before"].map(|name| number(line, &format!("/M/{name}/M/amount/N")));
                let rate = number(line, "/M/rate/N");
                // Half of it is rounded.
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    reason = "lakhs of rupees"
                )]
                let tax = |amount: i64| {
                    let half = (amount as f64 * rate as f64 / (10_000 + rate) as f64 / 2.0).round() as i64;
                    2 * half
                };
                tax(before + total) - tax(before)
            };
            let gstin = text(item, "gstin");
            let (kind, year) = (text(item, "kind"), number(item, "/numbered/M/year/N"));
            Written {
                series: format!("{gstin} {kind} {year}"),
                gstin: gstin.to_owned(),
                number: number(item, "/numbered/M/number/N"),
                tax: lines.iter().map(tax).sum::<i64>() * if kind == "credit_note" { -1 } else { 1 },
            }
        };
        let invoices: Vec<_> = items.iter().map(invoice).collect();
        let mut series = BTreeMap::<&str, BTreeSet<i64>>::new();
        for invoice in &invoices {
            let is_new = series.entry(&invoice.series).or_default().insert(invoice.number);
            assert!(is_new, "{} of {} is there twice", invoice.number, invoice.series);
        }
        for (series, numbers) in series {
            let last = i64::try_from(numbers.len()).expect("some");
            assert!(numbers.into_iter().eq(1..=last), "{series} has a gap");
        }
        invoices
    }

    /// Adds the ledger up, and holds it against its own balances and against Razorpay.
    pub async fn books(&self) -> Books {
        let items = self.scan("Ledger").await;
        let mut books = Books::default();
        let mut available = BTreeMap::<String, i64>::new();
        for item in items.iter().filter(|item| text(item, "sk").starts_with("transfer#")) {
            books.transfers += 1;
            let amount = number(item, "/amount/M/amount/N");
            let (debit, credit) = (text(item, "debit"), text(item, "credit"));
            if text(item, "sk").starts_with("transfer#payout#") {
                books.paid_out += amount;
            }
            let (moved, reserved) = match text(item, "phase") {
                "whole" => (amount, amount),
                "pending" => (0, amount),
                "posted" => (amount, 0),
                "voided" => (0, -amount),
                other => panic!("a transfer that is {other}"),
            };
            *books.accounts.entry(debit.to_owned()).or_default() -= moved;
            *books.accounts.entry(credit.to_owned()).or_default() += moved;
            *available.entry(debit.to_owned()).or_default() -= reserved;
            *available.entry(credit.to_owned()).or_default() += moved;
        }
        let mut kept = BTreeSet::new();
        for item in items.iter().filter(|item| text(item, "sk") == "balance") {
            let account = text(item, "pk");
            kept.insert(account);
            let is = (number(item, "/balance/N"), number(item, "/available/N"));
            let should =
                [&books.accounts, &available].map(|all| all.get(account).copied().unwrap_or_default());
            if is != should.into() || is.0 < 0 || is.1 < 0 {
                books.faults.push(format!("{account} says {is:?}, and its transfers say {should:?}"));
            }
        }
        for (account, balance) in &books.accounts {
            let was_there = *balance != 0 || available.get(account).is_some_and(|available| *available != 0);
            if was_there
                && !["gateway", "held", "revenue", "costs", "gst", "tcs", "tds", "credits"]
                    .contains(&account.as_str())
                && !kept.contains(account.as_str())
            {
                books.faults.push(format!("{account} has no balance, and its transfers say {balance}"));
            }
        }
        for item in items.iter().filter(|item| text(item, "sk") == "wallet") {
            let account = format!("wallet#{}", text(item, "pk"));
            let lots = item["lots"]["L"].as_array().expect("lots");
            let lots: i64 = lots.iter().map(|lot| number(lot, "/M/amount/M/amount/N")).sum();
            let should = available.get(&account).copied().unwrap_or_default();
            if lots != should {
                books
                    .faults
                    .push(format!("the lots of {account} come to {lots}, and its transfers to {should}"));
            }
        }
        if books.accounts.values().sum::<i64>() != 0 {
            books.faults.push(format!("the accounts do not add up: {:?}", books.accounts));
        }
        let razorpay = self.razorpay().await;
        let amount = |entity: &Value, name: &str| entity[name].as_i64().unwrap_or_default();
        let captured: BTreeMap<_, _> = razorpay
            .all("/v1/payments")
            .await
            .into_iter()
            .filter(|one| one["captured"] == true)
            .map(|one| (one["id"].to_string(), amount(&one, "amount") - amount(&one, "fee")))
            .collect();
        let taken: i64 = captured.values().sum();
        let refunds = razorpay.all("/v1/refunds").await.into_iter();
        let is_ours = |one: &Value| {
            one["status"] == "processed" && captured.contains_key(&one["payment_id"].to_string())
        };
        let refunds = refunds.filter(is_ours);
        let given_back: i64 = refunds.map(|one| amount(&one, "amount")).sum();
        let lies = |name: &str| -books.accounts.get(name).copied().unwrap_or_default();
        let (gateway, held) = (lies("gateway"), lies("held"));
        let (mut held_there, mut shared, mut paid_out) = (0, 0, 0);
        for transfer in razorpay.all("/v1/transfers").await {
            let left = amount(&transfer, "amount") - amount(&transfer, "amount_reversed");
            if transfer["processed_at"].is_null() || transfer["status"] == "failed" {
                continue;
            }
            *(if transfer["on_hold"] == true { &mut held_there } else { &mut paid_out }) += left;
            shared += left + amount(&transfer, "fees");
        }
        let there = taken - given_back - shared;
        if (gateway, held) != (there, held_there) {
            let why = format!(
                "({gateway}, {held} on hold) lie with Razorpay by the ledger, and by Razorpay ({there}, {held_there}): \
                 {taken} without fees, less {given_back} and {shared}"
            );
            books.faults.push(why);
        }
        if books.paid_out != paid_out {
            books
                .faults
                .push(format!("{} was paid out by the ledger, {paid_out} by Razorpay", books.paid_out));
        }
        books
    }

    /// Demands that nothing is wrong with the ledger, once what is under way is done.
    pub async fn books_balance(&self) -> Books {
        let mut books = self.books().await;
        let since = std::time::Instant::now();
        while !books.faults.is_empty() {
            assert!(since.elapsed() < PATIENCE, "{:#?}", books.faults);
            tokio::time::sleep(Duration::from_millis(100)).await;
            books = self.books().await;
        }
        books
    }
}
