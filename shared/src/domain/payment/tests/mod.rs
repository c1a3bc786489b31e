mod world;

use super::*;
use crate::domain::{
    booking::tests::{at, booking},
    catalogue::CancellationPolicy,
    india::FinancialYear,
    ledger,
    tax::{self, Liable},
};

/// No taxes at all.
fn untaxed() -> Terms {
    Terms {
        year: FinancialYear::of(at(0)),
        sold_before: Money::NOTHING,
        sold: Money::NOTHING,
        liable: Liable::Nobody,
        gst_on_work: 0,
        sac: "9987".to_owned(),
        gst_on_fees: 1_800,
        tcs: 0,
        tds: 0,
        place: tax::State::of_name("Maharashtra").unwrap(),
        gstin: None,
        most: Money::paise(i64::MAX),
    }
}

fn account() -> (String, Terms) {
    ("acc".to_owned(), untaxed())
}

#[test]
fn what_nobody_tells_of_is_looked_at_less_and_less_often_and_then_never() {
    let booking = booking(CancellationPolicy::Standard, &[50_000], true, 2_000);
    let payment = Payment::new(&booking, at(0));
    let mut now = at(1);
    let mut looks = 0;
    while let (_, Some(due)) = payment.waits(&booking, now) {
        let wait = due.duration_since(now);
        assert!((FIRST_LOOK..=LAST_LOOK).contains(&wait), "{wait}");
        (now, looks) = (due, looks + 1);
    }
    assert_eq!(payment.waits(&booking, now).0.state, State::Expired);
    assert!(now.duration_since(at(0)) >= MAY_BE_PAID_FOR && looks < 50, "{looks}");
    // What is paid is looked at twice more.
    let share =
        Payment { state: State::Paid, ..payment.clone() }.sets_aside(account(), &booking, at(1)).share;
    let share = share.map(|share| Share { state: ShareState::Held, ..share });
    let paid = Payment { state: State::Paid, share, ..payment };
    let first = paid.waits(&booking, at(1)).1.unwrap();
    let second = paid.waits(&booking, first).1.unwrap();
    assert_eq!([first, second].map(|at| at.duration_since(paid.asked_at)), [SECOND_LOOK, MAY_BE_PAID_FOR]);
    assert_eq!(paid.waits(&booking, second).1, None);
}

#[test]
fn a_share_that_goes_nowhere_is_looked_at_once_a_day() {
    let booking = booking(CancellationPolicy::Standard, &[50_000], true, 2_000);
    let paid = Payment { state: State::Paid, ..Payment::new(&booking, at(0)) };
    let failed = paid.sets_aside(account(), &booking, at(1)).share_refused(at(2));
    for payment in [paid, failed] {
        let mut now = at(20_000);
        for _ in 0..3 {
            let due = payment.waits(&booking, now).1.unwrap();
            assert_eq!(due.duration_since(now), SignedDuration::from_hours(24));
            now = due;
        }
    }
}

#[test]
fn what_is_too_little_to_be_taken_back_is_released_at_our_cost() {
    let mut booking = booking(CancellationPolicy::Standard, &[50_000], true, 2_000);
    let share = booking.bill().professional_gets();
    let transfer = |on_hold| TransferTold {
        id: "trf".to_owned(),
        status: TransferStatus::Processed,
        amount: share,
        taken_back: Money::NOTHING,
        on_hold,
        fees: Money::NOTHING,
    };
    let paid = Payment { state: State::Paid, ..Payment::new(&booking, at(0)) };
    let asked = paid.sets_aside(account(), &booking, at(1));
    let (held, _) = asked.share_told(&transfer(true), &booking, at(2));
    for less in [1, 99, 100] {
        let gets = share.less(Money::paise(less));
        booking.settlement = Some(Settlement {
            customer_pays: gets,
            professional_gets: gets,
            marketplace_keeps: Money::NOTHING,
        });
        let settled = Payment { state: State::Settled, ..held.clone() };
        let next = |on_hold| {
            let told = Told { transfer: Some(transfer(on_hold)), ..Told::default() };
            settled.next(&told, &[], &booking, at(3))
        };
        if less == 100 {
            assert_eq!(next(true), Step::TakeBack(transfer(true)));
            continue;
        }
        assert_eq!(next(true), Step::Release("trf".to_owned()));
        assert_eq!(next(false), Step::NoteShare(transfer(false)));
        let (_, moved) = settled.share_told(&transfer(false), &booking, at(4));
        let moved = ledger::changes(&moved);
        assert_eq!(moved[&Account::Payable(settled.professional_id)].balance, -gets.amount());
        assert_eq!((moved[&Account::Costs].balance, moved[&Account::Held].balance), (-less, share.amount()));
    }
}

#[test]
fn it_is_asked_by_what_banks_know_what_was_released_but_not_for_ever() {
    let mut booking = booking(CancellationPolicy::Standard, &[50_000], true, 2_000);
    booking.settlement = Some(booking.bill().in_full());
    let paid = Payment { state: State::Settled, ..Payment::new(&booking, at(0)) };
    let amount = booking.bill().professional_gets();
    let told = |status, taken_back| TransferTold {
        id: "trf".to_owned(),
        status,
        amount,
        taken_back,
        on_hold: false,
        fees: Money::NOTHING,
    };
    let asked = paid.sets_aside(account(), &booking, at(1));
    let (released, _) = asked.share_told(&told(TransferStatus::Processed, Money::NOTHING), &booking, at(2));
    let looks = |payment: &Payment| {
        let (mut now, mut days) = (at(3), Vec::new());
        while let Some(next) = payment.share_look(&booking, now) {
            let (id, is_last) = payment.unknown_to_banks(next).unwrap();
            days.push((next.duration_since(at(2)).as_hours() / 24, is_last));
            assert_eq!(id, "trf");
            now = next;
        }
        days
    };
    assert_eq!(looks(&released), (3..=21).map(|day| (day, day == 21)).collect::<Vec<_>>());
    assert_eq!(released.unknown_to_banks(at(3)), None);

    let known = released.clone().known_as(None).known_as(Some("UTR".to_owned())).known_as(None);
    let reference = known.share.as_ref().and_then(|share| share.bank_reference.as_deref());
    assert_eq!((reference, looks(&known)), (Some("UTR"), Vec::new()));
    // No bank gets what came back whole.
    let mut back = released;
    back.share.as_mut().unwrap().taken_back = amount;
    assert_eq!(looks(&back), Vec::new());
}

#[test]
fn what_is_less_than_a_rupee_goes_into_the_wallet() {
    let booking = booking(CancellationPolicy::Standard, &[50_000], true, 2_000);
    let attempt = Attempt {
        id: "pay_1".to_owned(),
        status: AttemptStatus::Captured,
        amount: booking.bill().customer_pays(),
        refunded: Money::NOTHING,
        fee: Money::NOTHING,
        bank_reference: None,
        created_at: 0,
    };
    for (less, is_refunded) in [(99, false), (100, true)] {
        let (paid, _) = Payment::new(&booking, at(0)).paid_by(Some(attempt.clone()), at(1));
        let pays = attempt.amount.less(Money::paise(less));
        let settlement =
            Settlement { customer_pays: pays, professional_gets: Money::NOTHING, marketplace_keeps: pays };
        let ((settled, transfers), _) = paid.settled((settlement, untaxed()), pays, at(2));
        assert_eq!(!settled.captures[0].refunds.is_empty(), is_refunded);
        let lies = ledger::changes(&transfers);
        let of = |account| lies.get(&account).map_or(0, |change| change.balance);
        let found = [Account::Owed(paid.customer_id), Account::Wallet(paid.customer_id)].map(of);
        assert_eq!(found, if is_refunded { [less, 0] } else { [0, less] });
        assert_eq!(wallet::sum(&settled.credited).amount(), found[1]);
    }
}

#[test]
fn what_ends_after_half_a_year_is_not_paid_yet() {
    let minutes = |days: i64| days * 24 * 60;
    let booking = booking(CancellationPolicy::Standard, &[50_000], true, minutes(160));
    assert!(Payment::is_too_early(&booking, at(0)));
    assert!(!Payment::is_too_early(&booking, at(minutes(11))));
}

#[test]
fn one_refund_that_was_written_down_before_there_could_be_several_is_read() {
    let refund = r#"{"amount":{"amount":500,"currency":"INR"},"since":"2026-11-01T00:00:00Z","tries":1,"id":"rfnd_1",
        "bank_reference":null,"state":"processed"}"#;
    let amount = r#""id":"pay_1","amount":{"amount":500,"currency":"INR"},"bank_reference":null"#;
    for (written, refunds) in [
        (format!(r#"{{{amount},"refund":{refund}}}"#), vec![(1, 500)]),
        (format!(r#"{{{amount},"refund":null}}"#), vec![]),
        (format!(r#"{{{amount},"refunds":[{refund},{refund}]}}"#), vec![(1, 500), (1, 500)]),
        (format!("{{{amount}}}"), vec![]),
    ] {
        let capture: Capture = serde_json::from_str(&written).unwrap();
        let found: Vec<_> = capture.refunds.iter().map(|one| (one.number, one.amount.amount())).collect();
        assert_eq!(found, refunds, "{written}");
    }
}
