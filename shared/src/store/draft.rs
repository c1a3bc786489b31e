//! What many writes come to before any of them is made: for filling an empty database.
//!
//! The writes are those of the endpoints, item by item, replayed one after the other; conditions are not looked at, since whoever
//! drafts knows what was there. Nobody is told of anything.

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;

use super::{
    Item, Key, Table, Transaction, accounts, availability,
    bookings::{self, Diary, Head, OfQuote},
    jobs, listings, professionals, reviews, services,
    transaction::{What, Write},
};
use crate::{
    app::App,
    domain::{
        availability::Plan,
        booking::{Booking, Transition},
        finding::Listing,
        id::{ProfessionalId, UserId},
        job::{Job, Quote},
        professional::Professional,
        review::{Reputation, Reviews},
        service::Service,
        user::User,
    },
    fault::Fault,
};

/// Items by their tables and keys.
pub struct Draft<'a> {
    app: &'a App,
    items: HashMap<(&'a str, String, String), Item>,
}

impl<'a> Draft<'a> {
    /// Nothing yet, for the tables that the settings name.
    #[must_use]
    pub fn new(app: &'a App) -> Self {
        Self { app, items: HashMap::new() }
    }

    /// A person who signs up.
    pub fn sign_up(&mut self, user: &User) -> Result<(), Fault> {
        self.write(accounts::begin(self.app, Transaction::new(self.app), user)?)
    }

    /// A professional with their plan and their services: as they are then.
    pub fn offer(
        &mut self,
        professional: Professional,
        plan: &Plan,
        of_theirs: &[Service],
    ) -> Result<Professional, Fault> {
        let id = professional.professional_id;
        let (mut tx, professional) = professionals::write(Transaction::new(self.app), None, professional)?;
        tx = availability::put_in(tx, id, plan)?;
        for service in of_theirs {
            tx = services::add_in(tx, id, service)?;
        }
        self.write(tx)?;
        Ok(professional)
    }

    /// Lists a professional as they are by now.
    pub fn list(&mut self, professional: &Professional, of_theirs: &[Service]) -> Result<(), Fault> {
        let reputation: Option<Reputation> =
            self.find(Table::Market, &reviews::reputation_key(professional.professional_id))?;
        let rating = reputation.unwrap_or_default().rating();
        let mut tx = Transaction::new(self.app);
        for listing in Listing::all_of(professional, of_theirs, rating).values() {
            tx = listings::list_in(tx, listing)?;
        }
        self.write(tx)
    }

    /// A new booking; of a quote, where it is of one.
    pub fn book(&mut self, booking: &Booking, of: Option<OfQuote<'_>>) -> Result<(), Fault> {
        let id = booking.agreed.professional_id;
        let head: Option<Head> = self.find(Table::Market, &bookings::head_key(id))?;
        let diary = Diary { version: head.map_or(0, |head| head.version), occupied: Vec::new() };
        let mut tx = bookings::take(Transaction::new(self.app), id, &diary)?;
        tx = bookings::begin(self.app, tx, booking)?;
        if let Some(of) = of {
            tx = jobs::accept_in(tx, of)?;
        }
        self.write(tx)
    }

    /// What happens to a booking.
    pub fn advance(
        &mut self,
        bookings: (&Booking, &Booking),
        row: &Transition,
        by: Option<UserId>,
    ) -> Result<(), Fault> {
        self.write(bookings::advance_in(self.app, Transaction::new(self.app), bookings, row, by)?)
    }

    /// A job that is posted.
    pub fn post(&mut self, job: &Job) -> Result<(), Fault> {
        self.write(jobs::post_in(Transaction::new(self.app), job)?)
    }

    /// That a job is offered to somebody.
    pub fn offer_job(&mut self, job: &Job, to: ProfessionalId) -> Result<(), Fault> {
        self.write(jobs::offer_in(Transaction::new(self.app), job, to)?)
    }

    /// What happens to a job and its quotes, but for accepting one.
    pub fn change_job(&mut self, jobs: (&Job, &Job), quotes: &[Quote]) -> Result<(), Fault> {
        self.write(jobs::put_in(Transaction::new(self.app), jobs, quotes)?)
    }

    /// What happens to the reviews of a booking.
    pub fn review(&mut self, before: Option<&Reviews>, after: &Reviews) -> Result<(), Fault> {
        self.write(reviews::write(Transaction::new(self.app), before, after)?)
    }

    /// The items, by their tables' names.
    #[must_use]
    pub fn into_items(self) -> BTreeMap<&'a str, Vec<Item>> {
        let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((table, ..), item) in self.items {
            tables.entry(table).or_default().push(item);
        }
        tables
    }

    fn find<T: DeserializeOwned>(&self, table: Table, key: &Key) -> Result<Option<T>, Fault> {
        let item = self.items.get(&(table.name(self.app)?, key.pk.clone(), key.sk.clone()));
        Ok(item.cloned().map(serde_dynamo::from_item).transpose()?)
    }

    fn write(&mut self, tx: Transaction<'a>) -> Result<(), Fault> {
        for Write { table, what, .. } in tx.into_writes() {
            match what {
                What::Put(item) => {
                    let (pk, sk) = (text(&item, "pk")?, text(&item, "sk")?);
                    self.items.insert((table, pk, sk), item);
                }
                What::Update(key, change) => {
                    let place = (table, key.pk.clone(), key.sk.clone());
                    change.apply(self.items.entry(place).or_insert_with(|| key.into_item()))?;
                }
                What::Delete(Key { pk, sk }) => {
                    self.items.remove(&(table, pk, sk));
                }
                What::Check(_) => {}
            }
        }
        Ok(())
    }
}

fn text(item: &Item, name: &str) -> Result<String, Fault> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or_else(|| Fault::new("an item without its key"))
}
