use proptest::{prelude::*, test_runner::Config};

use super::*;
use crate::domain::{booking::tests::booking, catalogue::CancellationPolicy};

const TAP: &str = "tap-repair";

fn terms(category: &str, supplier: Supplier, price: i64, now: &str) -> Terms {
    let mut booking = booking(CancellationPolicy::Standard, &[price], true, 2_000);
    booking.agreed.tax_class = Class::of(Catalogue::shipped(), &category.parse().unwrap());
    let terms = Terms::new(&booking, supplier, now.parse().unwrap());
    assert_eq!(terms.place.name(), "Maharashtra");
    terms
}

fn nobody() -> Supplier {
    Supplier { gstin: None, has_told_pan: false, sold_before: Money::NOTHING }
}

fn registered() -> Supplier {
    Supplier {
        gstin: Some("27ABCPE1234F1ZB".parse().unwrap()),
        has_told_pan: true,
        sold_before: Money::NOTHING,
    }
}

fn told_pan(sold_before: i64) -> Supplier {
    Supplier { gstin: None, has_told_pan: true, sold_before: Money::paise(sold_before) }
}

#[test]
fn rules_are_dated_and_each_group_has_a_heading() {
    let all = &taxes().rules;
    assert!(all.windows(2).all(|two| two[0].since < two[1].since));
    for rules in all {
        let of_groups = rules.gst_on_work_of.values().copied();
        let gst =
            [rules.gst_on_section_9_5, rules.gst_on_work, rules.gst_on_fees].into_iter().chain(of_groups);
        for rate in gst {
            assert!((0..=4_000).contains(&rate) && rate % 2 == 0, "{rate}");
        }
        assert!([rules.tcs, rules.tds, rules.tds_without_pan].iter().all(|rate| (0..=2_000).contains(rate)));
    }
    let groups: Vec<_> = Catalogue::shipped().groups.iter().map(|group| group.id.as_str()).collect();
    let named = all.iter().flat_map(|rules| rules.gst_on_work_of.keys()).chain(taxes().sac.keys());
    for group in named {
        assert!(groups.contains(&group.as_str()), "{group}");
    }
    for group in groups {
        let sac = &taxes().sac[group];
        assert!(sac.len() == 4 && sac.starts_with("99"), "{group}: {sac}");
    }
}

/// FACTS of each rule: what section 9(5) covers, what beauty is taxed by since 22 September 2025, TCS since 10 July 2024, TDS since
/// 1 October 2024.
#[test]
fn who_owes_what_depends_on_the_work_on_who_does_it_and_on_the_day() {
    let now = "2026-08-15T06:00:00Z";
    let of = |terms: &Terms| (terms.liable, terms.gst_on_work, terms.tcs, terms.tds);
    assert_eq!(of(&terms(TAP, told_pan(0), 100, now)), (Liable::Marketplace, 500, 0, 0));
    assert_eq!(of(&terms(TAP, nobody(), 100, now)), (Liable::Marketplace, 500, 0, 500));
    assert_eq!(of(&terms(TAP, registered(), 100, now)), (Liable::Professional, 1_800, 50, 0));
    assert_eq!(of(&terms("maths-tuition", told_pan(0), 100, now)), (Liable::Nobody, 0, 0, 0));
    assert_eq!(of(&terms("maths-tuition", registered(), 100, now)), (Liable::Professional, 1_800, 50, 0));
    assert_eq!(of(&terms("vet-at-home", registered(), 100, now)), (Liable::Nobody, 0, 0, 0));
    assert_eq!(of(&terms("no-such-work", told_pan(0), 100, now)), (Liable::Nobody, 0, 0, 0));
    // Half past six in the evening at Greenwich is midnight in India.
    for (now, rate) in [("2025-09-21T18:29:59Z", 1_800), ("2025-09-21T18:30:00Z", 500)] {
        assert_eq!(terms("waxing", registered(), 100, now).gst_on_work, rate, "{now}");
    }
}

#[test]
fn who_told_their_pan_is_deducted_nothing_until_they_sold_more_than_five_lakh_in_a_year() {
    let now = "2027-03-31T18:29:59Z";
    let lakh = 10_000_000;
    for (before, sold, rate) in
        [(0, 5 * lakh, 0), (0, 5 * lakh + 1, 10), (5 * lakh - 100, 100, 0), (5 * lakh - 100, 101, 10)]
    {
        let terms = terms(TAP, told_pan(before), sold, now);
        assert_eq!((terms.tds, terms.year.to_string().as_str()), (rate, "2026-27"), "{before} {sold}");
    }
    assert_eq!(terms(TAP, told_pan(0), 1, "2027-03-31T18:30:00Z").year.to_string(), "2027-28");
}

#[test]
fn a_price_has_its_taxes_in_it() {
    for (amount, rate, tax) in [
        (10_500, 500, 500),
        (11_800, 1_800, 1_800),
        (100_000, 1_800, 15_254),
        (1, 1_800, 0),
        (0, 1_800, 0),
        (99_900, 0, 0),
    ] {
        assert_eq!(tax_in(Money::paise(amount), rate).amount(), tax, "{amount} {rate}");
    }
}

/// A paisa less of work is less of a tax by two: what is set aside is enough all the same.
#[test]
fn nobody_gets_more_of_less_work() {
    for price in 13_300..13_500 {
        let terms = terms(TAP, told_pan(0), price, "2026-08-15T06:00:00Z");
        let booking = booking(CancellationPolicy::Standard, &[price], true, 2_000);
        let split = |settlement| Split::new(&terms, settlement, Money::paise(price));
        let in_full = split(booking.bill().in_full());
        assert_eq!(in_full.professional_gets, terms.most);
        for less in 1..20 {
            let pays = Money::paise(price - less);
            let fee =
                booking.agreed.commissions.iter().find(|one| one.name == "service_fee").unwrap().of(pays);
            let gets = pays.less(fee);
            let settled =
                split(Settlement { customer_pays: pays, professional_gets: gets, marketplace_keeps: fee });
            assert!(settled.professional_gets <= in_full.professional_gets, "{price} less {less}");
            assert!(settled.marketplace_keeps >= Money::NOTHING);
        }
    }
}

/// A tap for a thousand rupees: worked out by hand.
#[test]
fn what_is_paid_for_a_tap_is_split_to_the_paisa() {
    let settlement = Settlement {
        customer_pays: Money::paise(102_000),
        professional_gets: Money::paise(85_000),
        marketplace_keeps: Money::paise(17_000),
    };
    let now = "2026-08-15T06:00:00Z";
    let of = |supplier| Split::new(&terms(TAP, supplier, 100_000, now), settlement, Money::paise(100_000));
    let paise = |split: Split| {
        let Split { gst, tcs, tds, professional_gets, marketplace_keeps, .. } = split;
        [gst, tcs, tds, professional_gets, marketplace_keeps].map(Money::amount)
    };
    // 1000 / 21 = 47.62 on the work, 20 × 18 / 118 = 3.05 → 3.06 (twice 1.53) and 150 × 18 / 118 = 22.88 on the fees.
    assert_eq!(paise(of(told_pan(0))), [4_762 + 306 + 2_288, 0, 0, 85_000 - 4_762, 17_000 - 2_594]);
    assert_eq!(paise(of(nobody())), [4_762 + 306 + 2_288, 0, 5_000, 85_000 - 4_762 - 5_000, 17_000 - 2_594]);
    // 1000 × 18 / 118 = 152.54 is theirs to pay; of 847.46 we collect a half per cent.
    assert_eq!(paise(of(registered())), [306 + 2_288, 424, 0, 85_000 - 424, 17_000 - 2_594]);
}

proptest! {
    #![proptest_config(Config::with_cases(20_000))]

    /// Fees, taxes and shares are the price, for all amounts and all rates there may be; nobody gets less than nothing.
    #[test]
    fn fees_and_taxes_and_shares_are_the_price(
        (price, fee, share) in (100_i64..1_000_000_000, 0_i64..2_000_000, 0_i64..=10_000),
        (paid, rate) in (0_i64..=10_000, prop_oneof![Just(0_i64), Just(500), Just(1_200), Just(1_800), Just(2_800)]),
        (fees, tcs, tds) in (0_i64..=2_800, 0_i64..=100, 0_i64..=500),
        liable in prop_oneof![Just(Liable::Marketplace), Just(Liable::Professional), Just(Liable::Nobody)],
    ) {
        let rate = if liable == Liable::Nobody { 0 } else { rate };
        let (price, whole) = (Money::paise(price), Money::paise(price + fee));
        let customer_pays = whole.part(paid);
        let professional_gets = customer_pays.min(price).part(share);
        let settlement = Settlement {
            customer_pays,
            professional_gets,
            marketplace_keeps: customer_pays.less(professional_gets),
        };
        let terms = Terms {
            liable,
            gst_on_work: rate,
            gst_on_fees: fees,
            tcs,
            tds,
            most: Money::paise(i64::MAX),
            ..terms(TAP, told_pan(0), 100, "2026-08-15T06:00:00Z")
        };
        let split = Split::new(&terms, settlement, price);
        let all = [split.professional_gets, split.marketplace_keeps, split.gst, split.tcs, split.tds];
        prop_assert_eq!(all.into_iter().sum::<Money>(), customer_pays);
        prop_assert!(all.iter().all(|one| *one >= Money::NOTHING), "{:?}", split);
        prop_assert_eq!(split.work + split.customer_fee, customer_pays);
        prop_assert!(split.professional_gets <= professional_gets);
        // What we keep is less than our fees by their tax, and by nothing else where the professional can bear their own.
        let withheld = split.gst_withheld + split.tcs + split.tds;
        prop_assert_eq!(split.professional_gets + withheld, professional_gets);
        if split.professional_gets > Money::NOTHING {
            let taxes = tax_in(split.customer_fee, fees) + tax_in(split.professional_fee, fees);
            prop_assert_eq!(split.marketplace_keeps + taxes, split.customer_fee + split.professional_fee);
        }
        // A tax is what the rate says of what is left without it, within a paisa, and can be halved.
        let tax = split.gst_on_work.amount();
        let value = split.work.amount() - tax;
        prop_assert!(tax % 2 == 0 && (value * rate - tax * 10_000).abs() <= 10_000 + rate, "{:?}", split);
    }
}
