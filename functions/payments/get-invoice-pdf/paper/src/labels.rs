//! What stands on invoices in each language: `locales/papers/`.

use serde::Deserialize;

use connecto_shared::domain::{
    invoice::{Item, Kind},
    locale::Locale,
};

use crate::{
    Unprintable,
    packed::{packed, unpack},
};

/// The texts of one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    titles: Titles,
    pub(crate) serial: String,
    pub(crate) date: String,
    pub(crate) place_of_supply: String,
    pub(crate) reverse_charge: String,
    /// Which invoice a credit note corrects.
    pub(crate) corrects: String,
    pub(crate) no: String,
    pub(crate) supplier: String,
    pub(crate) recipient: String,
    /// With `{pin_code}`.
    pub(crate) pin_code: String,
    /// With `{state}`.
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) taxable_value: String,
    pub(crate) total: String,
    items: Items,
    pub(crate) notes: Notes,
    /// With `{page}` and `{pages}`.
    pub(crate) page: String,
    /// With `{day}`, `{month}` and `{year}`.
    pub(crate) day: String,
    months: [String; 12],
}

/// What each kind of invoice is called: in the reader's language, and as the State has it in English.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Titles {
    tax_invoice: String,
    bill_of_supply: String,
    credit_note: String,
}

/// What our fees are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Items {
    customer_fee: String,
    professional_fee: String,
}

/// What stands below.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notes {
    /// At the line that it is about.
    pub(crate) section_9_5_line: String,
    pub(crate) section_9_5: String,
    pub(crate) on_behalf: String,
    pub(crate) signature: String,
    /// With `{booking_id}`.
    pub(crate) booking: String,
    /// With `{payment_id}`.
    pub(crate) payment: String,
}

impl Labels {
    /// The texts of a language.
    pub(crate) fn of(locale: Locale) -> Result<Self, Unprintable> {
        let packed: &[u8] = match locale {
            Locale::En => packed!("locales/papers/en.json"),
            Locale::Hi => packed!("locales/papers/hi.json"),
            Locale::Ta => packed!("locales/papers/ta.json"),
            Locale::Te => packed!("locales/papers/te.json"),
            Locale::Bn => packed!("locales/papers/bn.json"),
            Locale::Mr => packed!("locales/papers/mr.json"),
        };
        Ok(serde_json::from_slice(&unpack(packed)?)?)
    }

    /// What an invoice of a kind is called.
    pub(crate) fn title(&self, kind: Kind) -> &str {
        match kind {
            Kind::ToCustomer | Kind::ToProfessional => &self.titles.tax_invoice,
            Kind::BillOfSupply => &self.titles.bill_of_supply,
            Kind::CreditNote => &self.titles.credit_note,
        }
    }

    /// What a fee is called; none of work, which is called as it was booked.
    pub(crate) fn fee(&self, item: Item) -> Option<&str> {
        match item {
            Item::Work => None,
            Item::CustomerFee => Some(&self.items.customer_fee),
            Item::ProfessionalFee => Some(&self.items.professional_fee),
        }
    }

    /// A day, with its month in words.
    pub(crate) fn date_of(&self, day: jiff::civil::Date) -> String {
        let month = usize::try_from(day.month() - 1).ok().and_then(|month| self.months.get(month));
        filled(
            &self.day,
            &[
                ("{day}", &day.day().to_string()),
                ("{month}", month.map_or("", String::as_str)),
                ("{year}", &day.year().to_string()),
            ],
        )
    }
}

/// A text with what stands in braces replaced.
pub(crate) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn texts(of: &serde_json::Value, path: &str, all: &mut BTreeMap<String, String>) {
        match of {
            serde_json::Value::String(text) => _ = all.insert(path.to_owned(), text.clone()),
            serde_json::Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| texts(value, &format!("{path}/{name}"), all));
            }
            serde_json::Value::Array(values) => {
                values.iter().enumerate().for_each(|(at, value)| texts(value, &format!("{path}/{at}"), all));
            }
            other => panic!("{path}: {other}"),
        }
    }

    fn placeholders(text: &str) -> Vec<String> {
        let mut all: Vec<_> =
            text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect();
        all.sort();
        all
    }

    #[test]
    fn each_language_says_the_same_with_the_same_placeholders() {
        let read = |locale: Locale| {
            let file = format!("{}/locales/papers/{}.json", env!("CARGO_MANIFEST_DIR"), locale.as_str());
            let mut all = BTreeMap::new();
            texts(&serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap(), "", &mut all);
            all
        };
        let english = read(Locale::En);
        for locale in Locale::ALL {
            Labels::of(locale).unwrap();
            let all = read(locale);
            assert!(all.keys().eq(english.keys()), "{locale:?}");
            for (path, text) in &all {
                assert_eq!(placeholders(text), placeholders(&english[path]), "{locale:?} {path}");
                assert_eq!(text.trim(), text);
                // Digits are Western in all of them.
                let other = |c: char| c.is_numeric() && !c.is_ascii_digit();
                assert!(!text.contains(other), "{locale:?} {path}");
            }
        }
    }

    #[test]
    fn a_day_is_written_as_people_do() {
        let day = jiff::civil::date(2026, 8, 5);
        let of = |locale| Labels::of(locale).unwrap().date_of(day);
        assert_eq!(of(Locale::En), "5 August 2026");
        assert_eq!(of(Locale::Ta), "5 ஆகஸ்ட் 2026");
    }
}
