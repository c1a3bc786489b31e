//! What stands where on an invoice.

use super::{
    Paper,
    sheet::{Cell, Flow, Ink, Kind, MARGIN, Mark, Sheet, Side, Style, WIDTH},
};
use connecto_shared::domain::{
    credit_note::Corrected,
    india::day_of,
    invoice::{InvoiceLine, Item, Party},
    money::Money,
    tax::{Gstin, State},
};

use crate::{
    Unprintable,
    labels::{Notes, filled},
    rupees::rupees,
    text::Setter,
};

const BRAND: &str = "ConnectO";

const TITLE: Style = Style::new(19.0, Ink::Text).bold();
const MARK: Style = Style::new(13.0, Ink::Brand).bold();
pub(super) const LABEL: Style = Style::new(7.5, Ink::Faint);
const NAME: Style = Style::new(11.0, Ink::Text);
const BODY: Style = Style::new(9.5, Ink::Text);
pub(super) const CELL: Style = Style::new(9.0, Ink::Text);
const SUM: Style = Style::new(13.0, Ink::Text).bold();

/// Between columns.
const GUTTER: f32 = 14.0;
/// On either side of what stands in a column of the table.
pub(super) const PAD: f32 = 4.0;
/// So wide are the sums below the table, and what they are called before them.
const SUMS: f32 = 260.0;
const SUM_NAME: f32 = 110.0;

/// Lays out an invoice.
pub(super) fn sheet(paper: &Paper, setter: &Setter) -> Result<Sheet, Unprintable> {
    let mut sheet = Sheet::default();
    let layout = Layout { paper, setter };
    layout.head(&mut sheet)?;
    layout.facts(&mut sheet)?;
    layout.parties(&mut sheet)?;
    layout.table(&mut sheet)?;
    layout.sums(&mut sheet)?;
    layout.notes(&mut sheet)?;
    Ok(sheet)
}

/// What is laid out, and what sets its text.
pub(super) struct Layout<'a> {
    pub(super) paper: &'a Paper,
    pub(super) setter: &'a Setter<'a>,
}

/// A State's name and its code.
fn state(state: State) -> String {
    format!("{} ({:02})", state.name(), state.code())
}

/// A line across the page.
pub(super) fn rule(thickness: f32, ink: Ink) -> Vec<Mark> {
    vec![Mark::Rule { x: MARGIN, width: WIDTH, thickness, ink }]
}

impl Layout<'_> {
    fn head(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let (title, brand) = (sheet.text(Kind::Title), sheet.text(Kind::Paragraph));
        let of_brand = (WIDTH - GUTTER) / 4.0;
        let of_title = WIDTH - GUTTER - of_brand;
        let Paper { labels, invoice, .. } = self.paper;
        let title = Cell::new(MARGIN, of_title, Side::Left, title);
        let brand = Cell::new(MARGIN + of_title + GUTTER, of_brand, Side::Right, brand);
        let cells = [(title, labels.title(invoice.kind), TITLE), (brand, BRAND, MARK)];
        let cells = cells.into_iter().map(|(cell, text, style)| cell.write(text, style, self.setter));
        sheet.beside(cells.collect::<Result<_, _>>()?, false, Flow::Kept);
        sheet.space(6.0, Flow::Kept, Vec::new());
        sheet.space(12.0, Flow::Kept, rule(1.5, Ink::Brand));
        Ok(())
    }

    /// Its number, its date, and what else can be said in a word.
    fn facts(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let Paper { labels, invoice, serial, issued_at, .. } = self.paper;
        let last = match &invoice.corrects {
            Some(Corrected { serial, at, .. }) => {
                (&labels.corrects, vec![serial.clone(), labels.date_of(day_of(*at))])
            }
            // Nobody who has what is supplied here is liable for its tax.
            None => (&labels.reverse_charge, vec![labels.no.clone()]),
        };
        let facts = [
            (&labels.serial, vec![serial.clone()]),
            (&labels.date, vec![labels.date_of(day_of(*issued_at))]),
            (&labels.place_of_supply, vec![state(invoice.place_of_supply)]),
            last,
        ];
        let width = (WIDTH - 3.0 * GUTTER) / 4.0;
        let (mut names, mut values) = (Vec::new(), Vec::new());
        let mut x = MARGIN;
        for (name, lines) in facts {
            let slot = sheet.text(Kind::Paragraph);
            names.push(Cell::new(x, width, Side::Left, slot).write(name, LABEL, self.setter)?);
            let mut value = Cell::new(x, width, Side::Left, slot);
            for line in lines {
                value = value.write(&line, NAME, self.setter)?;
            }
            values.push(value);
            x += width + GUTTER;
        }
        sheet.beside(names, true, Flow::Kept);
        sheet.beside(values, false, Flow::Free);
        sheet.gap(14.0);
        Ok(())
    }

    fn parties(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let Paper { labels, invoice, .. } = self.paper;
        let width = (WIDTH - GUTTER) / 2.0;
        let supplier = (MARGIN, &labels.supplier, &invoice.supplier, Some(&invoice.gstin));
        let recipient = (
            MARGIN + width + GUTTER,
            &labels.recipient,
            &invoice.recipient,
            invoice.recipient_gstin.as_ref(),
        );
        let (mut headings, mut texts) = (Vec::new(), Vec::new());
        for (x, heading, party, gstin) in [supplier, recipient] {
            let (of_heading, of_text) = (sheet.text(Kind::Heading), sheet.text(Kind::Paragraph));
            headings.push(Cell::new(x, width, Side::Left, of_heading).write(heading, LABEL, self.setter)?);
            texts.push(self.party(Cell::new(x, width, Side::Left, of_text), party, gstin)?);
        }
        sheet.beside(headings, true, Flow::Kept);
        sheet.beside(texts, false, Flow::Free);
        sheet.gap(16.0);
        Ok(())
    }

    fn party(&self, mut cell: Cell, party: &Party, gstin: Option<&Gstin>) -> Result<Cell, Unprintable> {
        let labels = &self.paper.labels;
        if let Some(name) = &party.name {
            cell = cell.write(name, NAME, self.setter)?;
        }
        let pin_code = party.pin_code.as_ref().map(ToString::to_string);
        let lines = [
            party.address.clone(),
            pin_code.map(|pin_code| filled(&labels.pin_code, &[("{pin_code}", &pin_code)])),
            Some(filled(&labels.state, &[("{state}", &state(party.state))])),
            gstin.map(|gstin| format!("GSTIN: {gstin}")),
        ];
        for line in lines.into_iter().flatten() {
            cell = cell.write(&line, BODY, self.setter)?;
        }
        Ok(cell)
    }

    /// What it comes to.
    fn sums(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let Paper { labels, invoice, .. } = self.paper;
        let tax: Money = invoice.lines.iter().map(InvoiceLine::tax).sum();
        let mut sums = Vec::new();
        let taxes = self.taxes();
        if !taxes.is_empty() {
            let value = invoice.lines.iter().map(InvoiceLine::value).sum();
            sums.push((labels.taxable_value.as_str(), value));
            sums.extend(taxes.iter().map(|sum| (sum.name, sum.of(tax))));
        }
        for (name, money) in sums {
            self.sum(sheet, (name, money), BODY)?;
        }
        let across = Mark::Rule { x: MARGIN + WIDTH - SUMS, width: SUMS, thickness: 0.75, ink: Ink::Text };
        sheet.space(3.0, Flow::Kept, Vec::new());
        sheet.space(4.0, Flow::Kept, vec![across]);
        self.sum(sheet, (&labels.total, invoice.total()), SUM)?;
        sheet.space(0.0, Flow::Free, Vec::new());
        sheet.gap(18.0);
        Ok(())
    }

    fn sum(&self, sheet: &mut Sheet, (name, money): (&str, Money), style: Style) -> Result<(), Unprintable> {
        let (x, slot) = (MARGIN + WIDTH - SUMS + PAD, sheet.text(Kind::Paragraph));
        let amount = rupees(money.amount());
        let name = Cell::new(x, SUM_NAME, Side::Left, slot).write(name, style, self.setter)?;
        let money = Cell::new(x + SUM_NAME, SUMS - SUM_NAME - 2.0 * PAD, Side::Right, slot);
        sheet.beside(vec![name, money.write_whole(&amount, style, self.setter)?], true, Flow::Kept);
        Ok(())
    }

    fn notes(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let Paper { labels, invoice, .. } = self.paper;
        let Notes { section_9_5, on_behalf, signature, booking, payment, .. } = &labels.notes;
        let is_ours = invoice.is_section_9_5 && invoice.lines.iter().any(|line| line.item == Item::Work);
        let notes = [
            is_ours.then(|| section_9_5.clone()),
            invoice.is_by_professional().then(|| on_behalf.clone()),
            Some(signature.clone()),
        ];
        for note in notes.into_iter().flatten() {
            self.note(sheet, &note, CELL)?;
        }
        sheet.gap(4.0);
        let ids = [
            filled(booking, &[("{booking_id}", &invoice.booking_id.to_string())]),
            filled(payment, &[("{payment_id}", &invoice.payment_id.to_string())]),
        ];
        ids.iter().try_for_each(|id| self.note(sheet, id, LABEL))
    }

    fn note(&self, sheet: &mut Sheet, note: &str, style: Style) -> Result<(), Unprintable> {
        let slot = sheet.text(Kind::Paragraph);
        let cell = Cell::new(MARGIN, WIDTH, Side::Left, slot).write(note, style, self.setter)?;
        sheet.beside(vec![cell], false, Flow::Free);
        sheet.gap(3.0);
        Ok(())
    }
}
