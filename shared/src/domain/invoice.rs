//! Invoices: what the State has somebody written down who supplies something
//! ([CGST Rules 2017, rules 46 and 49](https://cbic-gst.gov.in/gst-acts.html)).
//!
//! When what was paid for a booking has been shared out, each who supplied something for it, and is registered, writes to each
//! who had it: we to the customer, of the work where we are liable for it, and of our fee; we to the professional, of our fee;
//! the professional, whom we write for, to the customer, of the work. Each has its number a moment later: in each series they
//! follow one another without a gap ([`Series`]).

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    booking::Booking,
    credit_note::Corrected,
    id::{BookingId, InvoiceId, PaymentId, ProfessionalId, UserId},
    india::FinancialYear,
    money::Money,
    payout::PayoutAccount,
    place::PinCode,
    prose::Line,
    tax::{Gstin, Liable, Split, State, Terms, tax_in},
};

/// Whom an invoice is for, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A tax invoice to a customer.
    ToCustomer,
    /// A tax invoice to a professional.
    ToProfessional,
    /// A bill of supply to a customer: of what no tax is on.
    BillOfSupply,
    /// A credit note to a customer: of what went back to them later.
    CreditNote,
}

impl Kind {
    /// What numbers of it begin with.
    const fn letter(self) -> char {
        match self {
            Self::ToCustomer => 'C',
            Self::ToProfessional => 'P',
            Self::BillOfSupply => 'B',
            Self::CreditNote => 'N',
        }
    }
}

/// What is numbered together: of one supplier, and of one kind, in each financial year from 1 on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Whose.
    pub gstin: Gstin,
    /// Of what kind.
    pub kind: Kind,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.gstin, self.kind.letter())
    }
}

/// A number, and when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// In which financial year's series.
    pub year: FinancialYear,
    /// Which one in it, from 1.
    pub number: u64,
    /// When: the invoice's date.
    pub at: Timestamp,
}

/// Who supplies something, or has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Party {
    /// What they are called; none where they told nobody.
    pub name: Option<String>,
    /// Where they are; none where they told nobody.
    pub address: Option<String>,
    /// Where letters to them go.
    pub pin_code: Option<PinCode>,
    /// In which State, by its code under GST.
    pub state: State,
}

/// What is supplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The work that was booked, or what cancelling it costs.
    Work,
    /// What the customer pays the marketplace beside it.
    CustomerFee,
    /// What the professional pays the marketplace for it.
    ProfessionalFee,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What is supplied.
    pub item: Item,
    /// What the State calls it: a heading of the scheme of classification of services.
    pub sac: String,
    /// What it costs, its tax in it.
    pub total: Money,
    /// What credit notes of before took of it: so all together take as much tax as there is, and no more.
    #[serde(default)]
    pub before: Money,
    /// The rate of the tax, in hundredths of a per cent.
    pub rate: i64,
}

/// An invoice, or a credit note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// Of what kind.
    pub kind: Kind,
    /// Which one a credit note corrects.
    #[serde(default)]
    pub corrects: Option<Corrected>,
    /// For which payment.
    pub payment_id: PaymentId,
    /// For which booking.
    pub booking_id: BookingId,
    /// Who booked.
    pub customer_id: UserId,
    /// Who was booked.
    pub professional_id: ProfessionalId,
    /// What was booked.
    pub title: Line<80>,
    /// Who supplies.
    pub supplier: Party,
    /// How they are registered.
    pub gstin: Gstin,
    /// Who has it.
    pub recipient: Party,
    /// How they are registered, if they are.
    pub recipient_gstin: Option<Gstin>,
    /// Where it counts as supplied.
    pub place_of_supply: State,
    /// Whether we are liable for work that another does (CGST Act, section 9(5)).
    pub is_section_9_5: bool,
    /// What is supplied.
    pub lines: Vec<InvoiceLine>,
    /// When it was to be written.
    pub created_at: Timestamp,
    /// Its number, once it has one.
    pub numbered: Option<Numbered>,
}

impl InvoiceLine {
    /// The tax in it.
    #[must_use]
    pub fn tax(&self) -> Money {
        tax_in(self.before + self.total, self.rate).less(tax_in(self.before, self.rate))
    }

    /// What it costs without its tax.
    #[must_use]
    pub fn value(&self) -> Money {
        self.total.less(self.tax())
    }
}

impl Invoice {
    /// What it is numbered with.
    #[must_use]
    pub fn series(&self) -> Series {
        Series { gstin: self.gstin.clone(), kind: self.kind }
    }

    /// Its number as it is written: at most sixteen letters, digits and strokes (rule 46(b)), such as `C/2627/000000001`.
    #[must_use]
    pub fn serial(&self) -> Option<String> {
        let Numbered { year, number, .. } = self.numbered?;
        Some(format!("{}/{}/{number:09}", self.kind.letter(), year.short()))
    }

    /// Whether it stays within a State: then half of the tax is the State's.
    #[must_use]
    pub fn is_within_state(&self) -> bool {
        self.supplier.state == self.place_of_supply
    }

    /// What it comes to.
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(|line| line.total).sum()
    }

    /// Whether somebody may read it: who has it, and who supplied it.
    #[must_use]
    pub fn is_for(&self, user_id: UserId) -> bool {
        let is_professional = user_id.uuid() == self.professional_id.uuid();
        match self.kind {
            Kind::ToProfessional => is_professional,
            Kind::ToCustomer | Kind::BillOfSupply | Kind::CreditNote => {
                user_id == self.customer_id || is_professional && self.is_by_professional()
            }
        }
    }

    /// Whether the professional supplies what it is for, and we write it for them.
    #[must_use]
    pub fn is_by_professional(&self) -> bool {
        let is_work = self.lines.iter().any(|line| line.item == Item::Work);
        is_work && !self.is_section_9_5
    }
}

/// What invoices are made of.
pub struct Papers<'a> {
    /// Who we are, and how we are registered.
    pub ourselves: (Party, Gstin),
    /// The booking that has ended.
    pub booking: &'a Booking,
    /// For which payment.
    pub payment_id: PaymentId,
    /// How it was taxed.
    pub taxes: &'a Terms,
    /// Whose each paisa was.
    pub split: &'a Split,
    /// Who the professional is, as they told to be paid; none who told nobody yet.
    pub account: Option<&'a PayoutAccount>,
}

impl Papers<'_> {
    /// All that is to be written when it has been shared out; as many of the new ids are used.
    #[must_use]
    pub fn write(&self, ids: [InvoiceId; 3], now: Timestamp) -> Vec<Invoice> {
        let Self { taxes, split, .. } = self;
        let line = |item, total, rate| {
            let sac = if item == Item::Work { taxes.sac.clone() } else { Terms::sac_of_fees().to_owned() };
            InvoiceLine { item, sac, total, before: Money::NOTHING, rate }
        };
        let work = line(Item::Work, split.work, taxes.gst_on_work);
        let fee = line(Item::CustomerFee, split.customer_fee, taxes.gst_on_fees);
        let commission = line(Item::ProfessionalFee, split.professional_fee, taxes.gst_on_fees);
        let is_ours = taxes.liable == Liable::Marketplace;
        let (ours, theirs) = if is_ours { (vec![work, fee], None) } else { (vec![fee], Some(work)) };
        let mut all = vec![
            (Kind::ToCustomer, self.ourselves.clone(), self.customer(), ours),
            (Kind::ToProfessional, self.ourselves.clone(), self.professional(), vec![commission]),
        ];
        if let (Some(gstin), Some(work)) = (&taxes.gstin, theirs) {
            let kind = if work.rate == 0 { Kind::BillOfSupply } else { Kind::ToCustomer };
            let mut recipient = self.customer();
            if kind == Kind::BillOfSupply {
                // Where no tax is, nobody asks where the customer lives.
                (recipient.address, recipient.pin_code) = (None, None);
            }
            all.push((kind, (self.professional(), gstin.clone()), recipient, vec![work]));
        }
        for (.., lines) in &mut all {
            lines.retain(|line| line.total > Money::NOTHING);
        }
        let agreed = &self.booking.agreed;
        let wanted = all.into_iter().filter(|(.., lines)| !lines.is_empty());
        let write = |((kind, (supplier, gstin), recipient, lines), invoice_id): (
            (_, _, Party, Vec<InvoiceLine>),
            _,
        )| Invoice {
            invoice_id,
            kind,
            corrects: None,
            payment_id: self.payment_id,
            booking_id: self.booking.booking_id,
            customer_id: agreed.customer_id,
            professional_id: agreed.professional_id,
            title: agreed.title.clone(),
            is_section_9_5: is_ours && lines.iter().any(|line| line.item == Item::Work),
            place_of_supply: recipient.state,
            supplier,
            gstin,
            recipient,
            recipient_gstin: taxes.gstin.clone().filter(|_| kind == Kind::ToProfessional),
            lines,
            created_at: now,
            numbered: None,
        };
        wanted.zip(ids).map(write).collect()
    }

    fn customer(&self) -> Party {
        let agreed = &self.booking.agreed;
        Party {
            name: agreed.customer_name.as_ref().map(ToString::to_string),
            address: Some(agreed.place.address.as_str().to_owned()),
            pin_code: Some(agreed.place.pin_code.clone()),
            state: self.taxes.place,
        }
    }

    /// Of whom no address is on record, the place is ours (IGST Act, section 12(2)(b)).
    fn professional(&self) -> Party {
        let agreed = &self.booking.agreed;
        let name = agreed.professional_name.as_ref().map(|name| name.as_str().to_owned());
        let registered = self.taxes.gstin.as_ref().map(Gstin::state);
        let lives = self.account.map(|account| State::of_pin_code(&account.pin_code));
        Party {
            name: self.account.map(|account| account.name.to_string()).or(name),
            address: self.account.map(|account| account.address.clone()),
            pin_code: self.account.map(|account| account.pin_code.clone()),
            state: registered.or(lives).unwrap_or(self.ourselves.0.state),
        }
    }
}
