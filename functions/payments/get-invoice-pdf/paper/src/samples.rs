//! Invoices to try paper with.

use connecto_shared::domain::{
    credit_note as note,
    id::{BookingId, InvoiceId, PaymentId, ProfessionalId, UserId},
    india::FinancialYear,
    invoice::{Invoice, InvoiceLine, Item, Kind, Numbered, Party},
    locale::Locale,
    money::Money,
    tax::State,
};
use jiff::Timestamp;

/// What people are called, where they live, and what they book, in each language.
#[must_use]
pub fn words(locale: Locale) -> [&'static str; 3] {
    match locale {
        Locale::En => [
            "Asha Kulkarni",
            "Flat 12, Shanti Niwas, 4th Lane, Karve Road, Kothrud, Pune",
            "Repair a leaking kitchen tap",
        ],
        Locale::Hi => {
            ["आशा कुलकर्णी", "फ़्लैट 12, शांति निवास, चौथी गली, कर्वे रोड, कोथरूड, पुणे", "रसोई के टपकते नल की मरम्मत"]
        }
        Locale::Mr => [
            "आशा कुलकर्णी",
            "फ्लॅट 12, शांती निवास, चौथी गल्ली, कर्वे रस्ता, कोथरूड, पुणे",
            "स्वयंपाकघरातील गळक्या नळाची दुरुस्ती",
        ],
        Locale::Bn => {
            ["আশা চট্টোপাধ্যায়", "ফ্ল্যাট 12, শান্তি নিবাস, চতুর্থ গলি, কার্ভে রোড, কোথরুদ, পুনে", "রান্নাঘরের ফুটো কল সারাই"]
        }
        Locale::Ta => [
            "ஆஷா குல்கர்னி",
            "பிளாட் 12, சாந்தி நிவாஸ், நான்காவது சந்து, கார்வே சாலை, கோத்ருட், புனே",
            "சமையலறையில் கசியும் குழாயைச் சரிசெய்தல்",
        ],
        Locale::Te => {
            ["ఆశా కులకర్ణి", "ఫ్లాట్ 12, శాంతి నివాస్, నాల్గవ వీధి, కార్వే రోడ్, కోత్రుడ్, పుణె", "వంటగదిలో కారుతున్న కుళాయి మరమ్మతు"]
        }
    }
}

fn state(code: u8) -> State {
    State::of_code(code).unwrap()
}

/// One invoice: work that the marketplace is liable for, and its fee.
#[must_use]
pub fn invoice(locale: Locale) -> Invoice {
    let [name, address, title] = words(locale);
    let at: Timestamp = "2026-08-14T19:30:00Z".parse().unwrap();
    Invoice {
        invoice_id: InvoiceId::new(1_786_735_800_000, &[1; 10]),
        kind: Kind::ToCustomer,
        corrects: None,
        payment_id: PaymentId::new(1_786_735_800_000, &[2; 10]),
        booking_id: BookingId::new(1_786_735_800_000, &[2; 10]),
        customer_id: UserId::nobody(),
        professional_id: ProfessionalId::nobody(),
        title: title.parse().unwrap(),
        supplier: Party {
            name: Some("ConnectO Services Private Limited".into()),
            address: Some(
                "5th Floor, Deccan Heights, Fergusson College Road, Shivajinagar, Pune 411004".into(),
            ),
            pin_code: None,
            state: state(27),
        },
        gstin: "27AAACC1234D1ZC".parse().unwrap(),
        recipient: Party {
            name: Some(name.into()),
            address: Some(address.into()),
            pin_code: Some("411038".parse().unwrap()),
            state: state(27),
        },
        recipient_gstin: None,
        place_of_supply: state(27),
        is_section_9_5: true,
        lines: vec![line(Item::Work, "9987", 14_990_000, 500), line(Item::CustomerFee, "9985", 9_900, 1_800)],
        created_at: at,
        numbered: Some(Numbered { year: FinancialYear::of(at), number: 1, at }),
    }
}

/// A line.
#[must_use]
pub fn line(item: Item, sac: &str, total: i64, rate: i64) -> InvoiceLine {
    InvoiceLine { item, sac: sac.into(), total: Money::paise(total), before: Money::NOTHING, rate }
}

/// To a professional who is registered in another State: the fee of the marketplace.
#[must_use]
pub fn to_professional(locale: Locale) -> Invoice {
    let mut invoice = invoice(locale);
    invoice.kind = Kind::ToProfessional;
    invoice.is_section_9_5 = false;
    invoice.recipient_gstin = Some("29ABCPE1234F1Z7".parse().unwrap());
    invoice.recipient.state = state(29);
    invoice.place_of_supply = state(29);
    invoice.lines = vec![line(Item::ProfessionalFee, "9985", 748_500, 1_800)];
    invoice
}

/// By a professional, of what no tax is on.
#[must_use]
pub fn bill_of_supply(locale: Locale) -> Invoice {
    let mut invoice = invoice(locale);
    invoice.kind = Kind::BillOfSupply;
    invoice.is_section_9_5 = false;
    std::mem::swap(&mut invoice.supplier, &mut invoice.recipient);
    (invoice.recipient.address, invoice.recipient.pin_code) = (None, None);
    invoice.lines = vec![line(Item::Work, "9992", 60_000, 0)];
    invoice
}

/// Of what went back of one.
#[must_use]
pub fn credit_note(locale: Locale) -> Invoice {
    let invoice = invoice(locale);
    let note = note::credit_note(
        std::slice::from_ref(&invoice),
        Money::paise(1_009_900),
        invoice.invoice_id,
        invoice.created_at,
    );
    Invoice { numbered: invoice.numbered, ..note.unwrap().unwrap() }
}

/// With so many lines that they need several pages.
#[must_use]
pub fn long(locale: Locale, lines: usize) -> Invoice {
    let mut invoice = invoice(locale);
    let all = [line(Item::Work, "9987", 14_990_000, 500), line(Item::CustomerFee, "9985", 9_900, 1_800)];
    invoice.lines = all.iter().cycle().take(lines).cloned().collect();
    invoice
}

/// With all that is hard to set: names of all scripts that are as long as they may be and longer, a word that no line holds, the
/// greatest amounts, and a Union Territory.
#[must_use]
pub fn hard(locale: Locale) -> Invoice {
    let mut invoice = invoice(locale);
    let all: Vec<&str> = Locale::ALL.into_iter().map(|one| words(one)[0]).collect();
    invoice.recipient.name = Some(all.join(" · "));
    let addresses: Vec<&str> = Locale::ALL.into_iter().map(|one| words(one)[1]).collect();
    invoice.recipient.address =
        Some(format!("{} ગુજરાત ਪੰਜਾਬ ಕನ್ನಡ മലയാളം ଓଡ଼ିଶା 👍🏽 Ελλάς Москва", addresses.join("; ")));
    invoice.supplier.name =
        Some("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".into());
    invoice.supplier.address = Some("வாடிக்கையாளர்களுக்கானசேவைமையங்களின்ஒருங்கிணைப்புக்குழுஅலுவலகம்".repeat(2));
    invoice.title = "क्षत्रियस्त्रीश्रृंगारमहाविद्यालयप्रांगणनवीनीकरणकार्य ఎలక్ట్రీషియన్‌తో".parse().unwrap();
    invoice.supplier.state = state(26);
    invoice.place_of_supply = state(26);
    invoice.recipient.state = state(26);
    invoice.lines = vec![
        line(Item::Work, "9987", 100_000_000_000, 500),
        line(Item::CustomerFee, "9985991234", 9_900, 1_800),
        line(Item::Work, "9987", 400_000_000_000_000, 1_250),
    ];
    invoice
}
