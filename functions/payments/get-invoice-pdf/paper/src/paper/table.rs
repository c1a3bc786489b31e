//! The table of an invoice: what is supplied, what it costs, and what of that is a tax.

use super::{
    Paper,
    content::{CELL, LABEL, Layout, PAD, rule},
    sheet::{Cell, Entry, Flow, Ink, MARGIN, Part, Sheet, Side, Slot, Style, WIDTH},
};
use connecto_shared::domain::{
    invoice::{InvoiceLine, Kind},
    money::Money,
};

use crate::{Unprintable, rupees::rupees, wrap::one_line};

const HEADING: Style = Style::new(7.5, Ink::Text);

/// The table's descriptions have at least so much room.
const DESCRIPTION: f32 = 120.0;
/// A heading of a column of amounts is parted where it would be wider.
const HEADING_WIDTH: f32 = 66.0;
/// So much more between columns of amounts.
const APART: f32 = 6.0;

/// The Union Territories without a legislature, by their codes: they have a tax of their own in place of a State's (UTGST Act,
/// section 1(2)).
const WITHOUT_LEGISLATURE: [u8; 5] = [4, 26, 31, 35, 38];

/// A tax: what it is called, and its part of the whole, in halves.
#[derive(Clone, Copy)]
pub(super) struct Tax {
    pub(super) name: &'static str,
    halves: i64,
}

impl Tax {
    pub(super) fn of(self, tax: Money) -> Money {
        Money::paise(tax.amount() * self.halves / 2)
    }

    /// Its rate of a line, such as `2.5%`.
    fn rate(self, line: &InvoiceLine) -> String {
        percent(line.rate * 5 * self.halves)
    }
}

/// A rate in thousandths of a per cent, such as `2.5%`.
fn percent(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

impl Layout<'_> {
    /// Which taxes there are, by where it is supplied: none where nothing is taxed.
    pub(super) fn taxes(&self) -> Vec<Tax> {
        let invoice = &self.paper.invoice;
        if invoice.kind == Kind::BillOfSupply {
            return Vec::new();
        }
        if !invoice.is_within_state() {
            return vec![Tax { name: "IGST", halves: 2 }];
        }
        let is_union = WITHOUT_LEGISLATURE.contains(&invoice.place_of_supply.code());
        let of_state = if is_union { "UTGST" } else { "SGST" };
        vec![Tax { name: "CGST", halves: 1 }, Tax { name: of_state, halves: 1 }]
    }

    /// All that is supplied.
    pub(super) fn table(&self, sheet: &mut Sheet) -> Result<(), Unprintable> {
        let lines = &self.paper.invoice.lines;
        let columns = self.columns()?;
        let from = sheet.bands.len();
        let mut rows = vec![self.heading(sheet, &columns)?];
        sheet.ground(from, Ink::Ground);
        sheet.head = from..sheet.bands.len();
        for (number, line) in (1..).zip(lines) {
            rows.push(self.row(sheet, &columns, number, line)?);
        }
        sheet.keep();
        sheet.space(10.0, Flow::Free, rule(0.75, Ink::Rule));
        sheet.parts.push(Part::Table(rows));
        Ok(())
    }

    /// What its columns are called.
    fn heading(&self, sheet: &mut Sheet, columns: &[Column]) -> Result<Vec<Entry>, Unprintable> {
        let (mut cells, mut entries) = (Vec::new(), Vec::new());
        for column in columns {
            let slot = sheet.slot();
            entries.push(Entry { slot, is_head: true });
            cells.push(column.cell(slot).write(&column.heading, HEADING, self.setter)?);
        }
        sheet.space(PAD, Flow::Kept, Vec::new());
        sheet.beside(cells, true, Flow::Kept);
        sheet.space(PAD, Flow::Kept, Vec::new());
        Ok(entries)
    }

    /// A line of the invoice.
    fn row(
        &self,
        sheet: &mut Sheet,
        columns: &[Column],
        number: usize,
        line: &InvoiceLine,
    ) -> Result<Vec<Entry>, Unprintable> {
        let (mut cells, mut entries) = (Vec::new(), Vec::new());
        for column in columns {
            let slot = sheet.slot();
            entries.push(Entry { slot, is_head: false });
            cells.push(self.cell(column, slot, number, line)?);
        }
        sheet.space(PAD, Flow::Row, if number > 1 { rule(0.5, Ink::Rule) } else { Vec::new() });
        sheet.beside(cells, false, Flow::Row);
        sheet.space(PAD, Flow::RowEnd, Vec::new());
        Ok(entries)
    }

    /// What of a line stands in a column.
    fn cell(
        &self,
        column: &Column,
        slot: Slot,
        number: usize,
        line: &InvoiceLine,
    ) -> Result<Cell, Unprintable> {
        let Paper { labels, invoice, .. } = self.paper;
        let (cell, amount) = (column.cell(slot), CELL.sized(column.size));
        let whole = |cell: Cell, money: Money| cell.write_whole(&rupees(money.amount()), amount, self.setter);
        match column.what {
            What::Number => cell.write_whole(&number.to_string(), CELL, self.setter),
            What::Sac => cell.write_whole(&line.sac, CELL, self.setter),
            What::Value => whole(cell, line.value()),
            What::Total => whole(cell, line.total),
            What::Tax(tax) => {
                whole(cell, tax.of(line.tax()))?.write_whole(&tax.rate(line), LABEL, self.setter)
            }
            What::Description => {
                let title = invoice.title.as_str();
                if let Some(fee) = labels.fee(line.item) {
                    return cell.write(fee, CELL, self.setter)?.write(title, LABEL, self.setter);
                }
                let cell = cell.write(title, CELL, self.setter)?;
                if invoice.is_section_9_5 {
                    return cell.write(&labels.notes.section_9_5_line, LABEL, self.setter);
                }
                Ok(cell)
            }
        }
    }

    /// The table's columns: those of amounts are as wide as what stands in them, and descriptions have the rest. Where that would
    /// be too little, amounts are smaller.
    fn columns(&self) -> Result<Vec<Column>, Unprintable> {
        let Paper { labels, invoice, .. } = self.paper;
        let taxes = self.taxes();
        let mut amounts = Vec::new();
        if !taxes.is_empty() {
            amounts.push((What::Value, labels.taxable_value.clone()));
        }
        amounts.extend(taxes.iter().map(|tax| (What::Tax(*tax), tax.name.to_owned())));
        amounts.push((What::Total, labels.total.clone()));
        let number = Column::new(What::Number, "#", Side::Left, 20.0 + PAD);
        let sac = Column::new(What::Sac, "SAC", Side::Left, 44.0);
        let mut needs = Vec::new();
        for (what, heading) in &amounts {
            let mut need: f32 = 0.0;
            for line in &invoice.lines {
                need = need.max(self.width(&rupees(what.amount(line).amount()), CELL)?);
            }
            needs.push(need.max(self.width(heading, HEADING)?.min(HEADING_WIDTH)) + 2.0 * PAD + APART);
        }
        let room = WIDTH - number.width - sac.width - DESCRIPTION;
        let scale = (room / needs.iter().sum::<f32>()).min(1.0);
        let mut columns = vec![number];
        let mut all = vec![sac];
        for ((what, heading), need) in amounts.into_iter().zip(needs) {
            let column = Column::new(what, &heading, Side::Right, need * scale);
            all.push(Column { size: CELL.size * scale, ..column });
        }
        let used: f32 = columns.iter().chain(&all).map(|column| column.width).sum();
        columns.push(Column::new(What::Description, &labels.description, Side::Left, WIDTH - used));
        columns.extend(all);
        let mut x = MARGIN;
        for column in &mut columns {
            column.x = x;
            x += column.width;
        }
        Ok(columns)
    }

    fn width(&self, text: &str, style: Style) -> Result<f32, Unprintable> {
        Ok(one_line(text, self.setter)?.width * style.size)
    }
}

/// A column of the table.
struct Column {
    what: What,
    heading: String,
    side: Side,
    x: f32,
    width: f32,
    /// Of what stands in it.
    size: f32,
}

/// What stands in a column.
#[derive(Clone, Copy)]
enum What {
    Number,
    Description,
    Sac,
    Value,
    Tax(Tax),
    Total,
}

impl What {
    /// The amount of a line that stands there.
    fn amount(self, line: &InvoiceLine) -> Money {
        match self {
            Self::Value => line.value(),
            Self::Tax(tax) => tax.of(line.tax()),
            Self::Total => line.total,
            Self::Number | Self::Description | Self::Sac => Money::NOTHING,
        }
    }
}

impl Column {
    fn new(what: What, heading: &str, side: Side, width: f32) -> Self {
        Self { what, heading: heading.to_owned(), side, x: 0.0, width, size: CELL.size }
    }

    fn cell(&self, slot: Slot) -> Cell {
        Cell::new(self.x + PAD, self.width - 2.0 * PAD, self.side, slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_with_as_many_digits_as_it_has() {
        for (thousandths, text) in [
            (0, "0%"),
            (2_500, "2.5%"),
            (9_000, "9%"),
            (18_000, "18%"),
            (125, "0.125%"),
            (6_250, "6.25%"),
            (100_000, "100%"),
        ] {
            assert_eq!(percent(thousandths), text);
        }
    }
}
