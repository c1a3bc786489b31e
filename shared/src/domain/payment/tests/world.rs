//! A payment through which anything may happen: it keeps to its rules.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::RngExt as _,
    test_runner::{RngAlgorithm, TestRng},
};

use super::*;
use crate::domain::{
    booking::Event,
    credit::{Credit, CreditKind, CreditState},
    id::{CreditId, UserId},
    ledger::Change,
    money::LEAST,
    wallet::Wallet,
};

const PAYMENTS: usize = 3_000;

/// A payment, what Razorpay has of it, and what was moved.
struct World {
    dice: TestRng,
    now: i64,
    booking: Booking,
    payment: Payment,
    attempts: Vec<Attempt>,
    transfers: Vec<Transfer>,
    /// The professional's account, once they have one.
    account: Option<String>,
    /// What was set aside or paid out at Razorpay, and by what tries.
    shares: Vec<(u32, Source, TransferTold)>,
    /// Whose each paisa is, once it is shared out.
    split: Option<Split>,
    /// What is left of what the customer was given.
    wallet: Wallet,
    given: Money,
    /// What staff gave back: one thing after the other.
    given_back: Vec<Money>,
}

impl World {
    fn new(mut dice: TestRng, price: i64) -> Self {
        let booking = booking(CancellationPolicy::Standard, &[price], true, 2_000);
        let payment = Payment { order_id: Some("order_1".to_owned()), ..Payment::new(&booking, at(0)) };
        // Some have no credits, some have not enough, some have more than it costs.
        let given = Money::paise([0, dice.random_range(1..=price), 2 * price][dice.random_range(0..3)]);
        let account = Account::Wallet(payment.customer_id);
        let credit = |n: u8, amount: Money| Lot {
            credit_id: CreditId::new(1, &[n; 10]),
            amount,
            expires_at: (n == 0).then(|| at(20)),
        };
        let lots = [credit(0, given.part(3_000)), credit(1, given.less(given.part(3_000)))];
        let lots = lots.into_iter().filter(|lot| lot.amount > Money::NOTHING).collect::<Vec<_>>();
        let wallet = Wallet::empty(payment.customer_id).with(&lots);
        let (payment, wallet) = payment.with_credits(&wallet, at(0));
        let transfers = [Transfer {
            name: "credit".to_owned(),
            debit: Account::Credits,
            credit: account,
            amount: given,
            phase: Phase::Whole,
            at: at(0),
        }]
        .into_iter()
        .chain(payment.reserves(at(0)))
        .collect();
        Self {
            dice,
            now: 0,
            booking,
            payment,
            attempts: Vec::new(),
            transfers,
            account: None,
            shares: Vec::new(),
            split: None,
            wallet,
            given,
            given_back: Vec::new(),
        }
    }

    /// How it would be taxed now: each time by another rule.
    fn terms(&mut self) -> Terms {
        let liable = [Liable::Marketplace, Liable::Professional, Liable::Nobody];
        let liable = liable[self.dice.random_range(0..3)];
        let gst_on_work = match liable {
            Liable::Marketplace => 500,
            Liable::Professional => 1_800,
            Liable::Nobody => 0,
        };
        let tds = [0, 10, 500][self.dice.random_range(0..3)];
        Terms { liable, gst_on_work, tds, tcs: gst_on_work / 36, ..untaxed() }
    }

    fn chance(&mut self, of: u32) -> bool {
        self.dice.random_range(0..of) == 0
    }

    fn goes_on(&mut self, (payment, transfers): Moved) {
        assert_eq!(payment.version, self.payment.version + 1);
        self.payment = payment;
        self.transfers.extend(transfers);
    }

    fn acts(&mut self, act: &Act, actor: Actor) {
        if let Ok((after, _)) = self.booking.after(act, actor, at(self.now)) {
            self.booking = after;
        }
    }

    /// Somebody at Razorpay does something.
    fn happens(&mut self) {
        let n = self.attempts.len();
        match self.dice.random_range(0..4) {
            0 if n < 4 && self.payment.by_money() > Money::NOTHING => {
                let status = if self.chance(3) { AttemptStatus::Failed } else { AttemptStatus::Authorized };
                let (amount, created_at) = (self.payment.by_money(), self.now);
                let id = format!("pay_{n}");
                let (refunded, fee) = (Money::NOTHING, Money::NOTHING);
                self.attempts.push(Attempt {
                    id,
                    status,
                    amount,
                    refunded,
                    fee,
                    bank_reference: None,
                    created_at,
                });
            }
            // What failed is authorised late; what is authorised somebody captures by hand, or goes back by itself.
            1 if n > 0 => {
                let attempt = self.dice.random_range(0..n);
                let by_hand = self.chance(4);
                let status = &mut self.attempts[attempt].status;
                *status = match *status {
                    AttemptStatus::Failed => AttemptStatus::Authorized,
                    AttemptStatus::Authorized if by_hand => AttemptStatus::Captured,
                    AttemptStatus::Authorized => AttemptStatus::Refunded,
                    other => other,
                };
            }
            2 if self.chance(4) => self.account = Some("acc_1".to_owned()),
            3 if self.payment.state == State::Settled && self.chance(2) => self.is_given_back(),
            // The customer thinks again of what they pay with, and of where they want it back.
            3 if self.chance(3) => {
                let replanned =
                    self.payment.replanned(self.payment.credits.is_empty(), &self.wallet, at(self.now));
                if let Some((moved, wallet)) = replanned {
                    self.goes_on(moved);
                    self.wallet = wallet;
                    self.payment.order_id = Some("order_2".to_owned());
                }
            }
            3 if self.chance(12) => {
                let other = match self.payment.refund_to {
                    RefundTo::Source => RefundTo::Wallet,
                    RefundTo::Wallet => RefundTo::Source,
                };
                self.payment = self.payment.refunding_to(other).unwrap_or_else(|| self.payment.clone());
            }
            _ => {}
        }
        // A share is there after a while, or not.
        let fails = self.chance(8);
        for (_, _, share) in &mut self.shares {
            if share.status == TransferStatus::Pending {
                share.status = if fails { TransferStatus::Failed } else { TransferStatus::Processed };
                share.fees = if fails { Money::NOTHING } else { share.amount.part(29) };
            }
        }
    }

    /// Staff gives some of it back, or wants to.
    fn is_given_back(&mut self) {
        let number = u8::try_from(self.given_back.len()).unwrap();
        let amount = Money::paise(self.dice.random_range(100..10_000));
        let credit = Credit {
            credit_id: CreditId::new(2, &[number; 10]),
            user_id: self.payment.customer_id,
            amount,
            kind: CreditKind::Goodwill,
            note: "It drips".parse().unwrap(),
            expires_at: None,
            payment_id: Some(self.payment.payment_id),
            state: CreditState::Given,
            proposed_by: UserId::nobody(),
            decided_by: None,
            version: 1,
            created_at: at(self.now),
        };
        if let Some(moved) = self.payment.given_back(&credit, None, at(self.now)) {
            self.goes_on(moved);
            self.given_back.push(amount);
        }
    }

    /// The transfer that a share was asked for by, as Razorpay shows it.
    fn shown(&self) -> Option<TransferTold> {
        let share = self.payment.open_share(&self.booking, at(self.now))?;
        assert!(share.amount >= LEAST);
        let of = |(tries, source, told): &&(u32, Source, TransferTold)| match share.source {
            Source::Payment => {
                let is_ours = *tries == share.tries || told.status != TransferStatus::Failed;
                *source == Source::Payment && is_ours
            }
            Source::Balance => share.id.as_ref() == Some(&told.id),
        };
        self.shares.iter().find(of).map(|(_, _, told)| told.clone())
    }

    /// Razorpay sets a share aside, and its answer may be lost.
    fn is_set_aside(&mut self) {
        let share = self.payment.share.clone().unwrap();
        if share.source == Source::Payment {
            assert!(self.payment.captures[0].refunds.is_empty(), "no share once a refund has begun");
        }
        // From the balance it is made once, by its key.
        let before = self.shares.iter().position(|(tries, source, _)| {
            (*source, *tries) == (Source::Balance, share.tries) && share.source == Source::Balance
        });
        let place = before.unwrap_or_else(|| {
            let told = TransferTold {
                id: format!("trf_{}", self.shares.len()),
                status: TransferStatus::Pending,
                amount: share.amount,
                taken_back: Money::NOTHING,
                on_hold: share.source == Source::Payment,
                fees: Money::NOTHING,
            };
            self.shares.push((share.tries, share.source, told));
            self.shares.len() - 1
        });
        if !self.chance(3) {
            let told = self.shares[place].2.clone();
            self.goes_on(self.payment.share_told(&told, &self.booking, at(self.now)));
        }
    }

    fn share_at_razorpay(&mut self, id: &str) -> &mut TransferTold {
        &mut self.shares.iter_mut().find(|(_, _, told)| told.id == id).unwrap().2
    }

    fn pays(&mut self, attempt: Option<Attempt>) {
        let act = self.payment.act();
        let moved = self.payment.paid_by(attempt, at(self.now));
        self.acts(&act, Actor::Customer);
        assert_eq!(self.booking.payment_id, Some(self.payment.payment_id));
        self.goes_on(moved);
    }

    /// What `payments::look` does, of what is pure.
    fn look(&mut self) {
        let mut refused = Vec::new();
        for _ in 0..20 {
            let now = at(self.now);
            let asks = self.payment.asks_for_account(&self.booking, now);
            let told = Told {
                attempts: self.attempts.clone(),
                transfer: self.shown(),
                is_share_unknown: self.chance(10),
                payout_account: self.account.clone().filter(|_| asks),
                taxes: None,
            };
            let is_credited = told.payout_account.is_some() || self.booking.settlement.is_some();
            let is_taxed = self.payment.may_be_taxed() && is_credited;
            let told = Told { taxes: is_taxed.then(|| self.terms()), ..told };
            match self.payment.next(&told, &refused, &self.booking, now) {
                Step::SetAside(account, taxes) => {
                    self.payment = self.payment.sets_aside((account, taxes), &self.booking, now);
                    match self.dice.random_range(0..6) {
                        // It is refused, and may be made all the same.
                        0 => {
                            if self.chance(2) {
                                self.is_set_aside();
                            }
                            // What was noted meanwhile is another version.
                            if self
                                .payment
                                .share
                                .as_ref()
                                .is_some_and(|share| share.state == ShareState::Asked)
                            {
                                self.payment = self.payment.share_refused(now);
                            }
                        }
                        // The process dies before it asks.
                        1 => return,
                        _ => self.is_set_aside(),
                    }
                }
                Step::NoteShare(transfer) => {
                    self.goes_on(self.payment.share_told(&transfer, &self.booking, now));
                }
                Step::DropShare => self.payment = self.payment.share_refused(now),
                Step::ShareDisagrees(transfer) => panic!("{transfer} disagrees: {:?}", self.shares),
                Step::TakeBack(transfer) => {
                    let due = self.payment.share_due(&self.booking).unwrap();
                    self.payment = self.payment.takes_back(now);
                    match self.dice.random_range(0..6) {
                        0 => refused.push(transfer.id),
                        1 => return,
                        _ => {
                            let share = self.share_at_razorpay(&transfer.id);
                            share.taken_back = share.amount.less(due);
                            share.status = TransferStatus::PartiallyReversed;
                        }
                    }
                }
                Step::Release(id) if self.chance(6) => refused.push(id),
                Step::Release(id) => self.share_at_razorpay(&id).on_hold = false,
                Step::Take(Take::Capture(attempt)) if self.chance(8) => refused.push(attempt.id),
                Step::Take(Take::Capture(attempt)) => {
                    let there = self.attempts.iter_mut().find(|one| one.id == attempt.id).unwrap();
                    there.status = AttemptStatus::Captured;
                    there.fee = there.amount.part(236);
                }
                Step::Take(Take::Pay(attempt)) => self.pays(Some(attempt)),
                Step::PayByCredits => self.pays(None),
                Step::FreeCredits => {
                    self.wallet = self.wallet.with(&self.payment.credits);
                    self.goes_on(self.payment.frees_credits(now));
                }
                Step::CreditRefunds => {
                    let moved = self.payment.credits_refunds(now);
                    self.wallet = self.wallet.with(&moved.0.credited[self.payment.credited.len()..]);
                    self.goes_on(moved);
                }
                Step::Take(Take::GiveBack(attempt)) => self.goes_on(self.payment.gives_back(attempt, now)),
                Step::Settle(settlement, taxes) => {
                    let price = self.booking.bill().price;
                    let (moved, split) = self.payment.settled((settlement, taxes), price, now);
                    self.split = Some(split);
                    self.wallet = self.wallet.with(&moved.0.credited);
                    self.goes_on(moved);
                }
                Step::Disagree(capture) => panic!("more of {capture} went back: {:?}", self.attempts),
                Step::Wait => return self.refunds(),
            }
        }
        panic!("there is always something to do: {:?}", self.payment);
    }

    fn refunds(&mut self) {
        for (capture, refund) in self.payment.clone().captures.refunding() {
            if self.chance(4) {
                continue;
            }
            let id = refund.id.clone().unwrap_or_else(|| refund.key(self.payment.payment_id, &capture.id));
            let there = self.attempts.iter().position(|one| one.id == capture.id).unwrap();
            let asked = refund.id.is_some();
            let state = match self.dice.random_range(0..3) {
                0 => RefundState::Pending,
                1 => RefundState::Processed,
                _ => RefundState::Failed,
            };
            // Razorpay counts what is on its way, and takes it back where it fails.
            let attempt = &mut self.attempts[there];
            if !asked {
                attempt.refunded = attempt.refunded + refund.amount;
                assert!(attempt.refunded <= attempt.amount, "more goes back than was paid");
            }
            if state == RefundState::Failed {
                attempt.refunded = attempt.refunded.less(refund.amount);
            }
            if attempt.refunded == attempt.amount {
                attempt.status = AttemptStatus::Refunded;
            } else if state == RefundState::Failed {
                attempt.status = AttemptStatus::Captured;
            }
            let told = RefundTold { id, state, bank_reference: None };
            self.goes_on(self.payment.refunded((&capture.id, refund.number), told, at(self.now)));
        }
    }

    /// What lies in each account is what Razorpay says, and none that is guarded is overdrawn.
    fn check(&self) {
        let names: BTreeSet<_> = self.transfers.iter().map(|transfer| &transfer.name).collect();
        assert_eq!(names.len(), self.transfers.len(), "{:?}", self.transfers);
        for n in 0..=self.transfers.len() {
            for (account, Change { balance, available }) in ledger::changes(&self.transfers[..n]) {
                // All but what belongs together is checked after each transfer; a settlement and its refund are one.
                let is_over = account.is_guarded() && (balance < 0 || available < 0);
                assert!(!is_over, "{account} after {n} of {:?}", self.transfers);
            }
        }
        let lies = ledger::changes(&self.transfers);
        let of = |account: Account| lies.get(&account).copied().unwrap_or_default();
        let known: BTreeMap<_, _> = self.payment.captures.iter().map(|one| (&one.id, one)).collect();
        assert_eq!(known.len(), self.payment.captures.len());
        let taken: i64 = self.payment.captures.iter().map(|one| one.amount.amount()).sum();
        let back = self.payment.captures.sum_of_refunds(RefundState::Processed).amount();
        let fee = |id: &str| self.attempts.iter().find(|one| one.id == id).map_or(0, |one| one.fee.amount());
        let fees: i64 = self.payment.captures.iter().map(|one| fee(&one.id)).sum();
        // What Razorpay shows of shares is noted a moment later.
        let noted: Vec<_> = self
            .shares
            .iter()
            .filter(|(_, _, told)| {
                let names = [format!("hold#{}", told.id), format!("payout#{}", told.id)];
                self.transfers.iter().any(|transfer| names.contains(&transfer.name))
            })
            .collect();
        let share_fees: i64 = noted.iter().map(|(_, _, told)| told.fees.amount()).sum();
        let shared: i64 = noted.iter().map(|(_, _, told)| told.amount.amount()).sum();
        let taken_back = self.payment.share.as_ref().map_or(0, |share| share.taken_back.amount());
        assert!(noted.len() <= 1, "shared twice: {:?}", self.shares);
        assert_eq!(-of(Account::Costs).balance, fees + share_fees);
        assert_eq!(-of(Account::Gateway).balance, taken - back - fees - share_fees - shared + taken_back);
        // What the lots say and what the ledger says is the same; and what is given is in the wallet, or pays for the booking.
        let wallet = of(Account::Wallet(self.payment.customer_id));
        assert_eq!(wallet.available, wallet::sum(&self.wallet.lots).amount());
        let given = self.given + self.given_back.iter().copied().sum::<Money>();
        assert_eq!(-of(Account::Credits).balance, given.amount());
        let escrow = of(Account::Escrow(self.booking.booking_id)).balance;
        let is_held = self.payment.state == State::Paid;
        assert_eq!(escrow, if is_held { self.payment.amount.amount() } else { 0 });
        assert_eq!(
            self.booking.payment_id.is_some(),
            matches!(self.payment.state, State::Paid | State::Settled)
        );
    }
}

/// Whatever customers, banks, professionals and people at Razorpay do: a booking is paid once, nothing is made or lost, no more
/// goes back than was paid, and each has what the settlement says.
#[test]
fn a_payment_keeps_to_its_rules_whatever_happens() {
    let (mut states, mut refunds) = (BTreeMap::<String, usize>::new(), 0);
    let mut shares = BTreeMap::<Option<String>, usize>::new();
    let (mut by_credits, mut credited, mut given_back) = (0, 0, 0);
    for n in 0..PAYMENTS {
        let mut seed = [11; 32];
        seed[..8].copy_from_slice(&n.to_le_bytes());
        let mut dice = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let price = dice.random_range(100..200_000);
        let mut world = World::new(dice, price);
        for _ in 0..40 {
            world.happens();
            if world.chance(2) {
                world.look();
            }
            match world.dice.random_range(0..30) {
                0 => world.acts(&Act::Plain(Event::Cancel), Actor::Customer),
                1 => world.acts(&Act::Plain(Event::Cancel), Actor::Professional),
                2 => world.acts(&Act::Plain(Event::Confirm), Actor::Customer),
                _ => {}
            }
            world.now += world.dice.random_range(0..4);
            if world.chance(12) {
                world.now += 1_200;
            }
            world.acts(&Act::Plain(Event::Lapse), Actor::Time);
            world.check();
        }
        world.look();
        world.check();
        if let (State::Settled, Some(settlement)) = (world.payment.state, world.booking.settlement) {
            let lies = ledger::changes(&world.transfers);
            let of = |account| lies.get(&account).map_or(0, |change| change.balance);
            let paid_out = world.transfers.iter().filter(|transfer| transfer.name.starts_with("payout#"));
            let paid_out: i64 = paid_out.map(|transfer| transfer.amount.amount()).sum();
            let payable = of(Account::Payable(world.payment.professional_id));
            let split = world.split.unwrap();
            assert_eq!(payable + paid_out, split.professional_gets.amount());
            let owed = [(Account::Gst, split.gst), (Account::Tcs, split.tcs), (Account::Tds, split.tds)];
            for (account, amount) in owed {
                assert_eq!(of(account), amount.amount(), "{account}");
            }
            if let Some(share) =
                world.payment.share.as_ref().filter(|share| share.state == ShareState::Released)
            {
                assert_eq!((payable, -of(Account::Held)), (0, 0), "{share:?}");
            }
            *shares
                .entry(world.payment.share.as_ref().map(|share| format!("{:?}", share.state)))
                .or_default() += 1;
            assert_eq!(of(Account::Revenue), split.marketplace_keeps.amount());
            let all = [split.professional_gets, split.marketplace_keeps, split.gst, split.tcs, split.tds];
            assert_eq!(all.into_iter().sum::<Money>(), settlement.customer_pays);
            // Money goes back before credits.
            let back = world.payment.amount.less(settlement.customer_pays);
            let of_money = back.min(world.payment.by_money());
            let own = world.payment.own_lot(of_money).map(|lot| lot.credit_id);
            let (were_money, were_credits): (Vec<_>, Vec<_>) =
                world.payment.credited.iter().cloned().partition(|lot| Some(lot.credit_id) == own);
            assert_eq!(wallet::sum(&were_credits), back.less(of_money));
            assert!(were_money.iter().all(|lot| lot.expires_at.is_none()));
            credited += usize::from(!were_money.is_empty());
            by_credits += usize::from(world.payment.by_credits() > Money::NOTHING);
        } else if world.payment.state == State::Expired {
            assert_eq!(
                (wallet::sum(&world.wallet.lots), world.payment.by_credits()),
                (world.given, Money::NOTHING)
            );
        }
        given_back += usize::from(world.given_back.len() > 1);
        refunds +=
            usize::from(world.payment.captures.sum_of_refunds(RefundState::Processed) > Money::NOTHING);
        *states.entry(format!("{:?}", world.payment.state)).or_default() += 1;
    }
    println!(
        "{PAYMENTS} payments, {refunds} with refunds, {by_credits} by credits, {credited} credited, {given_back} given back by staff, {states:?}, shares {shares:?}"
    );
    assert!(states.len() >= 3 && shares.len() >= 4 && refunds > PAYMENTS / 20, "too little happened");
    assert!(by_credits > PAYMENTS / 20 && credited > PAYMENTS / 100, "too few credits");
    assert!(given_back > PAYMENTS / 100, "too little is given back");
}
