//! Credit notes: what a supplier writes who asks for less than their invoice did
//! ([CGST Act 2017, section 34, and CGST Rules 2017, rule 53](https://cbic-gst.gov.in/gst-acts.html)).
//!
//! Where staff gives back what was paid, our own invoice to the customer is corrected: first our fee, then work that we are liable
//! for. What is more than that, work that the professional supplied, is a gift of ours, and changes no invoice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    id::InvoiceId,
    invoice::{Invoice, InvoiceLine, Item, Kind},
    money::Money,
};

/// The invoice that a credit note corrects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Which.
    pub invoice_id: InvoiceId,
    /// Its number as it is written.
    pub serial: String,
    /// Its date.
    pub at: Timestamp,
}

/// What is to be corrected has no number yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooEarly;

/// The credit note of what is given back to a customer, by all that was written of their payment; none where no invoice of ours
/// says what goes back.
pub fn credit_note(
    written: &[Invoice],
    amount: Money,
    invoice_id: InvoiceId,
    now: Timestamp,
) -> Result<Option<Invoice>, TooEarly> {
    let is_ours = |one: &&Invoice| one.kind == Kind::ToCustomer && !one.is_by_professional();
    let Some(invoice) = written.iter().find(is_ours) else { return Ok(None) };
    let (Some(serial), Some(numbered)) = (invoice.serial(), invoice.numbered) else { return Err(TooEarly) };
    let corrects = Corrected { invoice_id: invoice.invoice_id, serial, at: numbered.at };
    let of_it = |one: &&Invoice| one.corrects.as_ref() == Some(&corrects);
    let taken: Vec<&InvoiceLine> = written.iter().filter(of_it).flat_map(|note| &note.lines).collect();
    let mut asked: Vec<_> = invoice.lines.iter().collect();
    asked.sort_by_key(|line| line.item == Item::Work);
    let (mut left, mut lines) = (amount, Vec::new());
    for line in asked {
        let of_line = taken.iter().filter(|one| one.item == line.item);
        let before: Money = of_line.map(|one| one.total).sum();
        let total = line.total.less(before).min(left);
        left = left.less(total);
        if total > Money::NOTHING {
            lines.push(InvoiceLine { total, before, ..line.clone() });
        }
    }
    let note = Invoice {
        invoice_id,
        kind: Kind::CreditNote,
        corrects: Some(corrects),
        lines,
        created_at: now,
        numbered: None,
        ..invoice.clone()
    };
    Ok(Some(note).filter(|note| !note.lines.is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        id::{BookingId, PaymentId, ProfessionalId, UserId},
        india::FinancialYear,
        invoice::{Numbered, Party},
        tax::State,
    };

    fn id(number: u8) -> InvoiceId {
        InvoiceId::new(1_786_735_800_000, &[number; 10])
    }

    fn invoice(work: i64, fee: i64, is_numbered: bool) -> Invoice {
        let at = Timestamp::UNIX_EPOCH;
        let state = State::of_code(27).unwrap();
        let party = Party { name: None, address: None, pin_code: None, state };
        let line = |item, total, rate| InvoiceLine {
            item,
            sac: "9987".to_owned(),
            total: Money::paise(total),
            before: Money::NOTHING,
            rate,
        };
        Invoice {
            invoice_id: id(0),
            kind: Kind::ToCustomer,
            corrects: None,
            payment_id: PaymentId::new(0, &[0; 10]),
            booking_id: BookingId::new(0, &[0; 10]),
            customer_id: UserId::nobody(),
            professional_id: ProfessionalId::nobody(),
            title: "A tap".parse().unwrap(),
            supplier: party.clone(),
            gstin: "27AAACC1234D1ZC".parse().unwrap(),
            recipient: party,
            recipient_gstin: None,
            place_of_supply: state,
            is_section_9_5: true,
            lines: vec![line(Item::Work, work, 500), line(Item::CustomerFee, fee, 1_800)],
            created_at: at,
            numbered: is_numbered.then(|| Numbered { year: FinancialYear::of(at), number: 1, at }),
        }
    }

    #[test]
    fn nothing_is_corrected_that_has_no_number_or_is_not_ours() {
        let note = |invoice| credit_note(&[invoice], Money::paise(100), id(1), Timestamp::UNIX_EPOCH);
        assert_eq!(note(invoice(100, 100, false)), Err(TooEarly));
        // The professional supplied the work.
        let theirs = Invoice { is_section_9_5: false, ..invoice(100, 0, true) };
        assert_eq!(note(theirs), Ok(None));
        assert!(note(invoice(100, 100, true)).unwrap().is_some());
    }

    proptest! {
        /// However it goes back: as much as the invoice says, and as much tax, and no more.
        #[test]
        fn all_notes_together_take_what_the_invoice_says(
            (work, fee) in (0_i64..1_000_000, 0_i64..100_000),
            parts in proptest::collection::vec(1_i64..300_000, 1..12),
        ) {
            let invoice = invoice(work, fee, true);
            let tax = |invoice: &Invoice| invoice.lines.iter().map(InvoiceLine::tax).sum::<Money>();
            let mut written = vec![invoice.clone()];
            for (number, part) in (1..).zip(parts.iter().copied().chain([work + fee])) {
                let before: Money = written[1..].iter().map(Invoice::total).sum();
                let note = credit_note(&written, Money::paise(part), id(number), invoice.created_at).unwrap();
                let total = note.as_ref().map_or(Money::NOTHING, Invoice::total);
                prop_assert_eq!(total, Money::paise(part).min(invoice.total().less(before)));
                prop_assert!(note.iter().all(|note| tax(note) <= note.total()));
                written.extend(note);
            }
            prop_assert_eq!(written[1..].iter().map(Invoice::total).sum::<Money>(), invoice.total());
            prop_assert_eq!(written[1..].iter().map(tax).sum::<Money>(), tax(&invoice));
        }
    }
}
