//! What is owed to the State of what a customer pays, by dated rules that `shared/taxes.json` has.
//!
//! All prices and fees have their taxes in them: what was agreed does not change by them. How a payment is taxed
//! ([`Terms`]) is settled once, when what the professional gets of it is set aside for them, or, where it is not, when it is
//! shared out: that is when it is credited to them (Income-tax Act 1961, section 194-O).
//!
//! - **GST on the work.** Who is registered pays it themselves. For who is not we do, of what is house-keeping (CGST Act, section
//!   9(5)); of anything else nobody does.
//! - **GST on our fees**, which we pay.
//! - **TCS** (CGST Act, section 52): of taxable work of who is registered we collect a part of its value, and pay that for them.
//! - **TDS** (section 194-O): of all that is sold through us we deduct a part, more of who has told no permanent account
//!   number; of who has told it nothing, until what they sold in a financial year comes to more than a threshold.
//!
//! Rounding: half of a tax is rounded to whole paise, half a paisa up, and the tax is twice that. So the central and the State's
//! tax are equal, and the integrated tax is what the two are.

mod gstin;

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

pub use gstin::{Gstin, State};

use super::{
    booking::{Booking, Settlement},
    catalogue::{Catalogue, CategoryId, GroupId, GstTreatment},
    india::{self, FinancialYear},
    money::Money,
};

/// The rules, and what services are called by the State.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Taxes {
    rules: Vec<Rules>,
    /// Headings of the scheme of classification of services (Notification No. 11/2017-Central Tax (Rate), annexure) by groups of
    /// categories.
    sac: BTreeMap<String, String>,
    sac_of_other_work: String,
    sac_of_fees: String,
}

/// What holds from a day on: all rates in hundredths of a per cent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// In India.
    since: Date,
    gst_on_section_9_5: i64,
    gst_on_work: i64,
    gst_on_work_of: BTreeMap<String, i64>,
    gst_on_fees: i64,
    tcs: i64,
    tds: i64,
    tds_without_pan: i64,
    /// In paise.
    tds_free_up_to: i64,
}

fn taxes() -> &'static Taxes {
    #[allow(clippy::expect_used, reason = "the file ships with the program, and a test reads it")]
    static TAXES: LazyLock<Taxes> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../taxes.json")).expect("the taxes are well-formed")
    });
    &TAXES
}

/// The rules of a day; of one before there were any, the first.
fn rules(day: Date) -> &'static Rules {
    let (first, rest) = taxes().rules.split_first().unwrap_or_else(|| unreachable!("there are rules"));
    rest.iter().rfind(|rules| rules.since <= day).unwrap_or(first)
}

/// Who pays GST on the work itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liable {
    /// The marketplace (CGST Act, section 9(5)).
    Marketplace,
    /// The professional, who is registered.
    Professional,
    /// Nobody.
    Nobody,
}

/// What work is to the State, as the catalogue had it when it was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Who pays tax on it.
    pub treatment: GstTreatment,
    /// To which group it belonged; none where it was in no catalogue.
    pub group: Option<GroupId>,
}

impl Class {
    /// What work of a category is.
    #[must_use]
    pub fn of(catalogue: &Catalogue, category: &CategoryId) -> Self {
        let found = catalogue.categories().find(|(_, one)| one.id == *category);
        Self {
            treatment: found.map_or(GstTreatment::Standard, |(_, category)| category.gst_treatment),
            group: found.map(|(group, _)| group.id.clone()),
        }
    }
}

/// How a payment is taxed: rates in hundredths of a per cent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// In which financial year the professional sells it.
    pub year: FinancialYear,
    /// What they had sold in it before, through us.
    pub sold_before: Money,
    /// What this counts for as sold, beside.
    pub sold: Money,
    /// Who pays GST on the work.
    pub liable: Liable,
    /// At which rate.
    pub gst_on_work: i64,
    /// What the State calls such work.
    pub sac: String,
    /// The rate of GST on our fees.
    pub gst_on_fees: i64,
    /// Of the value of the work.
    pub tcs: i64,
    /// Of what the customer pays for the work.
    pub tds: i64,
    /// The State in which the work is done: its place of supply (IGST Act, section 12).
    pub place: State,
    /// How the professional is registered.
    pub gstin: Option<Gstin>,
    /// They get no more than this, which is what they get if it is done as agreed: so much is set aside. By rounding a paisa less
    /// of work may come to two more for them.
    pub most: Money,
}

/// Who does the work, as far as taxes depend on it.
#[derive(Clone, Debug)]
pub struct Supplier {
    /// How they are registered.
    pub gstin: Option<Gstin>,
    /// Whether they have told their permanent account number.
    pub has_told_pan: bool,
    /// What they have sold in this financial year so far.
    pub sold_before: Money,
}

impl Terms {
    /// How a booking is taxed that is credited to the professional now.
    #[must_use]
    pub fn new(booking: &Booking, supplier: Supplier, now: Timestamp) -> Self {
        let (price, in_full) = (booking.bill().price, booking.bill().in_full());
        let sold = booking.settlement.map_or(price, |settlement| settlement.customer_pays.min(price));
        let rules = rules(india::day_of(now));
        let Class { treatment, group } = &booking.agreed.tax_class;
        let group = group.as_ref();
        let of_group = group.and_then(|group| rules.gst_on_work_of.get(group.as_str()));
        let Supplier { gstin, has_told_pan, sold_before } = supplier;
        let (liable, gst_on_work) = match (treatment, &gstin) {
            (GstTreatment::Exempt, _) | (GstTreatment::Standard, None) => (Liable::Nobody, 0),
            (GstTreatment::Section95, None) => (Liable::Marketplace, rules.gst_on_section_9_5),
            (_, Some(_)) => (Liable::Professional, *of_group.unwrap_or(&rules.gst_on_work)),
        };
        let tds = match has_told_pan {
            false => rules.tds_without_pan,
            true if (sold_before + sold).amount() > rules.tds_free_up_to => rules.tds,
            true => 0,
        };
        let sac =
            group.and_then(|group| taxes().sac.get(group.as_str())).unwrap_or(&taxes().sac_of_other_work);
        let terms = Self {
            year: FinancialYear::of(now),
            sold_before,
            sold,
            liable,
            gst_on_work,
            sac: sac.clone(),
            gst_on_fees: rules.gst_on_fees,
            tcs: if liable == Liable::Professional { rules.tcs } else { 0 },
            tds,
            place: State::of_pin_code(&booking.agreed.place.pin_code),
            gstin,
            most: in_full.professional_gets,
        };
        Self { most: Split::new(&terms, in_full, price).professional_gets, ..terms }
    }

    /// What the State calls that which we do for our fees.
    #[must_use]
    pub fn sac_of_fees() -> &'static str {
        &taxes().sac_of_fees
    }
}

/// The tax that is in an amount, at a rate in hundredths of a per cent.
#[must_use]
pub const fn tax_in(amount: Money, rate: i64) -> Money {
    let whole = 10_000 + rate;
    Money::paise(2 * ((amount.amount() * rate + whole) / (2 * whole)))
}

/// Whose each paisa is that a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// What they pay for the work, GST in it.
    pub work: Money,
    /// What they pay us beside, GST in it.
    pub customer_fee: Money,
    /// The GST in that.
    pub gst_on_customer_fee: Money,
    /// What the professional pays us out of the price, GST in it.
    pub professional_fee: Money,
    /// The GST in that.
    pub gst_on_professional_fee: Money,
    /// The GST in the work, whoever pays it.
    pub gst_on_work: Money,
    /// What of that we pay out of what would be the professional's.
    pub gst_withheld: Money,
    /// What we pay as GST, on work and on fees.
    pub gst: Money,
    /// What we collect for the professional's GST.
    pub tcs: Money,
    /// What we deduct for the professional's income tax.
    pub tds: Money,
    /// What the professional gets.
    pub professional_gets: Money,
    /// What is ours.
    pub marketplace_keeps: Money,
}

impl Split {
    /// What becomes of what a customer pays by a settlement, of a booking of some price. Of taxes the professional bears no more
    /// than there is for them.
    #[must_use]
    pub fn new(terms: &Terms, settlement: Settlement, price: Money) -> Self {
        let Settlement { customer_pays: pays, professional_gets: gets, .. } = settlement;
        let work = pays.min(price);
        let (customer_fee, professional_fee) = (pays.less(work), work.less(gets));
        let [gst_on_customer_fee, gst_on_professional_fee] =
            [customer_fee, professional_fee].map(|fee| tax_in(fee, terms.gst_on_fees));
        let gst_on_work = tax_in(work, terms.gst_on_work);
        let is_ours = terms.liable == Liable::Marketplace;
        let ours = if is_ours { gst_on_work } else { Money::NOTHING };
        let gst_withheld = ours.min(gets);
        let tcs = work.less(gst_on_work).part(terms.tcs).min(gets.less(gst_withheld));
        let tds = work.part(terms.tds).min(gets.less(gst_withheld + tcs));
        let gst = ours + gst_on_customer_fee + gst_on_professional_fee;
        let professional_gets = gets.less(gst_withheld + tcs + tds).min(terms.most);
        Self {
            work,
            customer_fee,
            gst_on_customer_fee,
            professional_fee,
            gst_on_professional_fee,
            gst_on_work,
            gst_withheld,
            gst,
            tcs,
            tds,
            professional_gets,
            marketplace_keeps: pays.less(professional_gets + gst + tcs + tds),
        }
    }
}

#[cfg(test)]
mod tests;
