use proptest::{prelude::*, test_runner::Config};

use super::{
    sheet::{MARGIN, Mark, Part, Sheet, Slot, WIDTH},
    *,
};
use connecto_shared::domain::{
    invoice::{Item, Kind},
    tax::State,
};

use crate::{
    samples,
    text::{Run, width},
};

/// What is laid out of an invoice.
fn laid_out(invoice: Invoice, locale: Locale) -> (Paper, Sheet) {
    let (paper, fonts) = (Paper::new(invoice, locale).unwrap(), Fonts::shipped());
    let sheet = content::sheet(&paper, &Setter::new(&fonts, locale)).unwrap();
    (paper, sheet)
}

fn text_of(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}

/// What stands in each place of the order of reading.
fn read(sheet: &Sheet) -> Vec<String> {
    let of = |slot: &Slot| {
        let marks = sheet.bands.iter().flat_map(|band| &band.marks);
        let texts = marks.filter_map(|mark| match mark {
            Mark::Text { slot: one, runs, .. } if one == slot => Some(text_of(runs)),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("|")
    };
    let read_part = |part: &Part| match part {
        Part::Text(_, slot) => vec![of(slot)],
        Part::Table(rows) => rows
            .iter()
            .map(|row| row.iter().map(|one| of(&one.slot)).collect::<Vec<_>>().join(" ; "))
            .collect(),
    };
    sheet.parts.iter().flat_map(read_part).collect()
}

/// Everything is within the margins, and nothing on anything else.
fn is_tidy(sheet: &Sheet) -> Result<(), TestCaseError> {
    let slack = 0.05;
    for band in &sheet.bands {
        let texts = band.marks.iter().filter_map(|mark| match mark {
            Mark::Text { x, style, runs, .. } => {
                // A space at the end takes no room.
                let all = width(runs) * style.size;
                let space = if text_of(runs).ends_with(' ') { 0.27 * style.size } else { 0.0 };
                Some((*x, x + all - space, text_of(runs)))
            }
            _ => None,
        });
        let mut texts: Vec<_> = texts.collect();
        texts.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (from, to, text) in &texts {
            prop_assert!(*from >= MARGIN - slack && *to <= MARGIN + WIDTH + slack, "{from} {to} {text}");
        }
        for two in texts.windows(2) {
            prop_assert!(two[0].1 <= two[1].0 + slack, "{two:?}");
        }
    }
    Ok(())
}

#[test]
fn what_is_no_invoice_yet_is_not_printed() {
    let unnumbered = Invoice { numbered: None, ..samples::invoice(Locale::En) };
    assert!(matches!(Paper::new(unnumbered, Locale::En), Err(Unprintable::Unnumbered)));
}

#[test]
fn an_invoice_says_what_the_rules_ask_for() {
    let (_, sheet) = laid_out(samples::invoice(Locale::En), Locale::En);
    let expected = [
        "Tax invoice",
        "ConnectO",
        "Serial number|C/2627/000000001",
        // Half past seven in the evening at Greenwich is the next day in India.
        "Date|15 August 2026",
        "Place of supply|Maharashtra (27)",
        "Tax on reverse charge|No",
        "Supplier",
        "ConnectO Services Private Limited|5th Floor, Deccan Heights, Fergusson College Road, |\
         Shivajinagar, Pune 411004|State: Maharashtra (27)|GSTIN: 27AAACC1234D1ZC",
        "Recipient",
        "Asha Kulkarni|Flat 12, Shanti Niwas, 4th Lane, Karve Road, Kothrud, |Pune|PIN code: 411038|\
         State: Maharashtra (27)",
        "# ; Description ; SAC ; Taxable value ; CGST ; SGST ; Total",
        "1 ; Repair a leaking kitchen tap|Section 9(5) of the CGST Act, 2017 ; 9987 ; ₹1,42,761.90 ; \
         ₹3,569.05|2.5% ; ₹3,569.05|2.5% ; ₹1,49,900.00",
        "2 ; Booking fee|Repair a leaking kitchen tap ; 9985 ; ₹83.90 ; ₹7.55|9% ; ₹7.55|9% ; ₹99.00",
        "Taxable value|₹1,42,845.80",
        "CGST|₹3,576.60",
        "SGST|₹3,576.60",
        "Total|₹1,49,999.00",
        "ConnectO, as the electronic commerce operator, is liable to pay the tax on the work under section 9(5) \
         of the CGST Act, |2017.",
        "This document was issued electronically under the Information Technology Act, 2000. It needs no signature.",
        "Booking: bkg_01m00w1bp0e81840g2081040g2",
        "Payment: pay_01m00w1bp0e81840g2081040g2",
    ];
    assert_eq!(read(&sheet), expected);
}

#[test]
fn what_goes_to_another_state_has_one_tax() {
    let (paper, sheet) = laid_out(samples::to_professional(Locale::En), Locale::En);
    let all = read(&sheet);
    for text in [
        "Place of supply|Karnataka (29)",
        "# ; Description ; SAC ; Taxable value ; IGST ; Total",
        "1 ; Service fee|Repair a leaking kitchen tap ; 9985 ; ₹6,343.22 ; ₹1,141.78|18% ; ₹7,485.00",
        "IGST|₹1,141.78",
    ] {
        assert!(all.iter().any(|one| one == text), "{text}: {all:#?}");
    }
    assert!(all.iter().any(|one| one.ends_with("State: Karnataka (29)|GSTIN: 29ABCPE1234F1Z7")));
    assert!(!all.iter().any(|one| one.contains("9(5)") || one.contains("behalf")));
    assert_eq!(paper.title(), "Tax invoice P/2627/000000001");
}

#[test]
fn a_bill_of_supply_has_no_tax_and_is_written_for_who_supplies() {
    let (_, sheet) = laid_out(samples::bill_of_supply(Locale::En), Locale::En);
    let all = read(&sheet);
    let expected = [
        "# ; Description ; SAC ; Total",
        "1 ; Repair a leaking kitchen tap ; 9992 ; ₹600.00",
        "Total|₹600.00",
        "ConnectO has issued this document on behalf of the supplier.",
    ];
    assert_eq!((all[0].as_str(), &all[10..14]), ("Bill of supply", expected.map(str::to_owned).as_slice()));
}

#[test]
fn a_credit_note_says_which_invoice_it_corrects() {
    let (paper, sheet) = laid_out(samples::credit_note(Locale::En), Locale::En);
    let all = read(&sheet);
    assert_eq!(paper.title(), "Credit note N/2627/000000001");
    for text in [
        "Corrects invoice|C/2627/000000001|15 August 2026",
        "1 ; Booking fee|Repair a leaking kitchen tap ; 9985 ; ₹83.90 ; ₹7.55|9% ; ₹7.55|9% ; ₹99.00",
        "Total|₹10,099.00",
    ] {
        assert!(all.iter().any(|one| one == text), "{text}: {all:#?}");
    }
    assert!(!all.iter().any(|one| one.contains("reverse")));
}

#[test]
fn what_has_no_legislature_has_a_tax_of_its_own() {
    for (code, name) in [(26, "UTGST"), (4, "UTGST"), (27, "SGST")] {
        let mut invoice = samples::invoice(Locale::En);
        invoice.place_of_supply = State::of_code(code).unwrap();
        invoice.supplier.state = invoice.place_of_supply;
        let all = read(&laid_out(invoice, Locale::En).1);
        assert!(all.iter().any(|one| one.starts_with(&format!("{name}|"))), "{all:#?}");
    }
}

#[test]
fn a_long_list_goes_on_on_the_next_page_below_the_same_head() {
    for locale in Locale::ALL {
        let (_, sheet) = laid_out(samples::long(locale, 45), locale);
        let pages = draw::on_pages(&sheet);
        assert!(pages.len() >= 3, "{locale:?}");
        for (page, next) in pages.iter().zip(&pages[1..]) {
            assert!(page.bands.end <= next.bands.start && !next.bands.is_empty());
            // Each page but the first begins within the table, and with a whole row.
            let first = &sheet.bands[next.bands.start];
            assert_eq!((next.repeats_head, first.marks.len()), (true, 1), "{locale:?}");
            assert!(matches!(first.marks[0], Mark::Rule { .. }));
        }
    }
    // One that is not long has one page.
    assert_eq!(draw::on_pages(&laid_out(samples::hard(Locale::Ta), Locale::Ta).1).len(), 1);
}

#[test]
fn of_the_same_invoice_the_bytes_are_the_same() {
    for locale in Locale::ALL {
        for invoice in [samples::invoice(locale), samples::hard(locale), samples::long(locale, 40)] {
            let print = || pdf(&Paper::new(invoice.clone(), locale).unwrap(), &Fonts::shipped()).unwrap();
            let bytes = print();
            assert!(bytes.starts_with(b"%PDF-1.7") && bytes == print());
            let language = format!("/Lang({})", locale.as_str());
            assert!(bytes.windows(language.len()).any(|part| part == language.as_bytes()));
        }
    }
}

#[test]
fn nothing_is_on_anything_else_or_off_the_page() {
    for locale in Locale::ALL {
        for invoice in [
            samples::invoice(locale),
            samples::hard(locale),
            samples::bill_of_supply(locale),
            samples::credit_note(locale),
        ] {
            is_tidy(&laid_out(invoice, locale).1).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    /// Whatever people are called, wherever they live, and whatever it costs.
    #[test]
    fn anything_can_be_printed(
        (name, address, title) in (proptest::option::of("\\PC{0,90}"), "[\\PC\n]{0,300}", "\\PC{1,80}".prop_filter_map("a line", |title| title.parse().ok())),
        lines in proptest::collection::vec((0_i64..=100_000_000_000, 0_i64..=2_000, 0..3_u8), 0..30),
        (locale, kind) in (0_usize..6, 0..4_usize),
    ) {
        let locale = Locale::ALL[locale];
        let mut invoice = samples::invoice(locale);
        invoice.kind = [Kind::ToCustomer, Kind::ToProfessional, Kind::BillOfSupply, Kind::CreditNote][kind];
        (invoice.recipient.name, invoice.recipient.address) = (name.clone(), Some(address));
        (invoice.supplier.name, invoice.title) = (name, title);
        let items = [Item::Work, Item::CustomerFee, Item::ProfessionalFee];
        let line = |(total, rate, item): (_, i64, u8)| {
            samples::line(items[usize::from(item)], "9987", total, 2 * (rate / 2))
        };
        invoice.lines = lines.into_iter().map(line).collect();
        let (paper, sheet) = laid_out(invoice, locale);
        is_tidy(&sheet)?;
        prop_assert!(pdf(&paper, &Fonts::shipped()).is_ok());
    }
}
