//! The city of `cargo local --demo`.

mod on_one_machine {
    use std::collections::{BTreeMap, HashMap};

    use connecto_local::{
        Options,
        demo::audit::{Audit, Row, audit},
    };
    use connecto_shared::domain::{
        id::{ProfessionalId, ServiceId},
        place::{Point, ServiceArea},
        professional::Professional,
        review::Reputation,
        service::Service,
    };
    use proptest::{
        strategy::{Strategy as _, ValueTree as _},
        test_runner::{Config, RngSeed, TestRunner},
    };
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::super::find_professionals::metres;
    use crate::city::{Browser, City, Person, offer, open_plan, options};

    /// So many searches are made.
    const SEARCHES: usize = 1_000;
    /// Where the city is.
    const MIDDLE: (f64, f64) = (18.5204, 73.8567);

    /// Somebody who can be found.
    struct One {
        professional: Professional,
        near: Point,
        services: Vec<Service>,
        /// How often they were given stars, and how many in all.
        rating: (u64, u64),
    }

    fn read<T: DeserializeOwned>(row: &Value) -> T {
        let row: Row = serde_json::from_value(row.clone()).expect("an item");
        serde_dynamo::from_item(row).expect("what the item is of")
    }

    /// Everybody who can be found, item by item.
    async fn everybody(city: &City) -> BTreeMap<ProfessionalId, One> {
        let rows = city
            .scan_for(
                "Market",
                "sk = :profile OR sk = :reputation OR begins_with(sk, :service)",
                json!({
                    ":profile": { "S": "profile" }, ":reputation": { "S": "reputation" },
                    ":service": { "S": "service#" },
                }),
            )
            .await;
        let (mut ratings, mut services) = (HashMap::new(), HashMap::<_, Vec<Service>>::new());
        for row in &rows {
            let id = row["pk"]["S"].as_str().unwrap().to_owned();
            match row["sk"]["S"].as_str().unwrap() {
                "profile" => {}
                "reputation" => {
                    let stars = read::<Reputation>(row).stars();
                    let sum = (1..).zip(stars).map(|(stars, times)| stars * times).sum::<u64>();
                    ratings.insert(id, (stars.iter().sum::<u64>(), sum));
                }
                _ => services.entry(id).or_default().push(read(row)),
            }
        }
        let profiles = rows.iter().filter(|row| row["sk"]["S"] == "profile");
        let found = profiles.map(read::<Professional>).filter(Professional::is_public);
        let one = |professional: Professional| {
            let id = professional.professional_id.to_string();
            let near = professional.profile.base.expect("a base").coarse();
            let (services, rating) = (
                services.get(&id).cloned().unwrap_or_default(),
                ratings.get(&id).copied().unwrap_or_default(),
            );
            (professional.professional_id, One { professional, near, services, rating })
        };
        found.map(one).collect()
    }

    /// A search: by numbers left to chance.
    #[derive(Debug)]
    struct Search {
        wants_services: bool,
        category: String,
        place: (f64, f64),
        pin_code: String,
        radius: u32,
        most: Option<i64>,
        stars: Option<u64>,
        language: Option<&'static str>,
        sort: &'static str,
        limit: u32,
    }

    impl Search {
        fn query(&self) -> String {
            let mut query = format!(
                "category={}&latitude={}&longitude={}&pin_code={}&radius={}&sort={}&limit={}",
                self.category, self.place.0, self.place.1, self.pin_code, self.radius, self.sort, self.limit
            );
            query.extend(self.most.map(|most| format!("&max_price={most}")));
            query.extend(self.stars.map(|stars| format!("&min_rating={stars}")));
            query.extend(self.language.map(|language| format!("&language={language}")));
            query
        }

        /// What a look at everybody finds, in its order.
        #[allow(clippy::cast_possible_truncation, reason = "of less than the earth's circumference")]
        fn expected(&self, everybody: &BTreeMap<ProfessionalId, One>) -> Vec<(String, Option<String>)> {
            let mut found: Vec<(i64, i64, ProfessionalId, Option<ServiceId>)> = Vec::new();
            for (id, one) in everybody {
                let profile = &one.professional.profile;
                let away = metres((one.near.latitude(), one.near.longitude()), self.place);
                let comes = match profile.area.as_ref().unwrap() {
                    ServiceArea::Radius { km } => away <= f64::from(km.get()) * 1_000.0,
                    ServiceArea::PinCodes { pin_codes } => {
                        pin_codes.iter().any(|code| code.to_string() == self.pin_code) && away <= 100_000.0
                    }
                };
                let speaks = self.language.is_none_or(|language| {
                    let all = profile.languages.as_deref().unwrap();
                    all.iter().any(|one| json!(one) == language)
                });
                let (count, sum) = one.rating;
                let is_good = self.stars.is_none_or(|stars| count > 0 && sum >= stars * count);
                if away > f64::from(self.radius) * 1_000.0 || !comes || !speaks || !is_good {
                    continue;
                }
                let of = |service: &&Service| {
                    service.offer.is_active && service.offer.category.to_string() == self.category
                };
                let price = |service: &Service| {
                    service.offer.prices.iter().map(|item| item.price.money().amount()).min().unwrap()
                };
                let is_cheap = |service: &&Service| self.most.is_none_or(|most| price(service) <= most);
                let does = profile.categories.as_deref().unwrap().iter();
                let does = does.map(ToString::to_string).any(|category| category == self.category);
                let services: Vec<_> = one.services.iter().filter(of).collect();
                let cheap: Vec<_> = services.iter().copied().filter(is_cheap).collect();
                let rank = (40 + sum) * 1_000_000 / (10 + count);
                let first = |price: Option<i64>| match self.sort {
                    "price" => price.unwrap_or(i64::MAX),
                    "rating" => -i64::try_from(rank).unwrap(),
                    _ => 0,
                };
                let away = away.round() as i64;
                if self.wants_services {
                    let one = |service: &&Service| {
                        (first(Some(price(service))), away, *id, Some(service.service_id))
                    };
                    found.extend(cheap.iter().map(one));
                } else if (does || !services.is_empty()) && (self.most.is_none() || !cheap.is_empty()) {
                    found.push((first(cheap.iter().map(|one| price(one)).min()), away, *id, None));
                }
            }
            found.sort_unstable();
            found
                .into_iter()
                .map(|(.., id, service)| (id.to_string(), service.map(|id| id.to_string())))
                .collect()
        }

        /// Who is found, page by page.
        async fn found(&self, browser: &Browser) -> Vec<(String, Option<String>)> {
            let path = if self.wants_services { "services" } else { "professionals" };
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = browser.get(&format!("/v1/{path}?{}{cursor}", self.query())).await.is(200).body;
                found.extend(page["items"].as_array().unwrap().iter().map(|one| {
                    let id = one["professional"]["professional_id"].as_str().unwrap().to_owned();
                    (id, one["service"]["service_id"].as_str().map(str::to_owned))
                }));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return found,
                }
            }
        }
    }

    /// It is what the endpoints would have made of it, and whoever looks for something in it finds what a look at everybody finds.
    /// How long it took to make is printed.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_city_is_made_in_which_everybody_is_found_and_can_sign_in() {
        let edit = |template: &mut Value| template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
        let city = City::with(Options { demo: true, template_edit: Some(Box::new(edit)), ..options() }).await;
        let demo = city.demo();
        println!("{:?}, made and audited in {:.1} s", demo.counts, demo.took_s);
        let count = |what: &str| demo.counts[what];
        assert_eq!((count("profile"), count("job"), count("booking")), (2_000, 5_000, 10_000));

        let (customer, professional) = &demo.phones;
        for (phone, list) in [(customer, "/v1/bookings"), (professional, "/v1/professional/bookings")] {
            let person = Person::new(city.stranger(), "phone");
            let sent = person.signed_out().post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
            let code = city.code(phone, 1).await;
            let body = json!({ "challenge_id": sent.text("challenge_id"), "code": code });
            let mut signed_in = person.signed_out().post("/v1/auth/verify-otp", body).await.is(200).body;
            let tokens = signed_in["tokens"].take();
            let token = tokens["access_token"].as_str().unwrap();
            let browser = city.stranger().with("authorization", &format!("Bearer {token}"));
            let bookings = browser.get(list).await.is(200).body;
            assert!(!bookings["items"].as_array().unwrap().is_empty(), "{bookings}");
        }

        let everybody = everybody(&city).await;
        let mut all: Vec<_> = everybody
            .values()
            .flat_map(|one| one.professional.profile.categories.as_deref().unwrap())
            .map(ToString::to_string)
            .collect();
        all.sort_unstable();
        let mut codes: Vec<_> = everybody
            .values()
            .filter_map(|one| match one.professional.profile.area.as_ref()? {
                ServiceArea::PinCodes { pin_codes } => pin_codes.first().map(ToString::to_string),
                ServiceArea::Radius { .. } => None,
            })
            .collect();
        codes.push("110001".to_owned());
        let any = (
            (proptest::bool::weighted(0.3), 0..all.len(), 0..codes.len(), -0.2..0.2_f64, -0.2..0.2_f64),
            (
                1..60_u32,
                proptest::option::weighted(0.3, 200..3_000_i64),
                proptest::option::weighted(0.2, 3..6_u64),
            ),
            (proptest::option::weighted(0.3, 0..4_usize), 0..3_usize, 10..101_u32),
        );
        let mut runner =
            TestRunner::new(Config { rng_seed: RngSeed::Fixed(20_261_129), ..Config::default() });
        let stranger = city.stranger();
        let mut hits = 0;
        for _ in 0..SEARCHES {
            let (
                (wants_services, category, code, north, east),
                (radius, most, stars),
                (language, sort, limit),
            ) = any.new_tree(&mut runner).unwrap().current();
            let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
            let search = Search {
                wants_services,
                category: all[category].clone(),
                place: (round(MIDDLE.0 + north), round(MIDDLE.1 + east)),
                pin_code: codes[code].clone(),
                radius,
                most: most.map(|rupees| rupees * 100),
                stars,
                language: language.map(|at| ["mr", "hi", "en", "ta"][at]),
                sort: ["distance", "price", "rating"][sort],
                limit,
            };
            let found = search.found(&stranger).await;
            hits += found.len();
            assert_eq!(found, search.expected(&everybody), "{search:?}");
        }
        println!("{SEARCHES} searches found {hits} as a look at each of {} does", everybody.len());
        assert!(hits > SEARCHES, "most find something");
    }

    /// Whatever is not as the endpoints keep it is found.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_no_endpoint_would_leave_behind_is_found() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let made = asha.books("done", ravi.order(&slots[4])).await.is(201).body;
        asha.does(&made, json!({ "event": "confirm" })).await.is(200);
        ravi.person.finishes(&city, &asha, &made).await;
        let path = format!("/v1/bookings/{}/reviews", made["booking_id"].as_str().unwrap());
        for person in [&asha, &ravi.person] {
            person.browser().post(&path, json!({ "stars": 5 })).await.is(200);
        }
        let slots = ravi.slots(&city).await;
        for (key, slot) in [("held", 40), ("another", 60)] {
            asha.books(key, ravi.order(&slots[slot])).await.is(201);
        }
        let near = "/v1/professionals?category=tap-repair&pin_code=411038&min_rating=5";
        crate::city::wait_until(async || !city.stranger().get(near).await.is(200).body["items"][0].is_null())
            .await;
        city.keeps_its_rules().await;
        let rows = city.rows("Market").await;
        let number = |text: &str| serde_dynamo::AttributeValue::N(text.to_owned());
        let text = |row: &Row, name: &str| match row.get(name) {
            Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
            _ => String::new(),
        };
        for (sk, change, fault) in [
            ("busy#", None, "takes no time"),
            ("event#000002", None, "does not follow"),
            ("booking", Some(("version", "7")), "came to"),
            ("open#", Some(("open_bookings", "3")), "are counted"),
            ("reputation", Some(("stars_5", "2")), "stars"),
            ("work", Some(("jobs_done", "2")), "is counted"),
            ("services", Some(("services", "2")), "services, not"),
            ("listed#", None, "is not listed"),
            ("review#", None, "are listed"),
            ("availability", None, "without a plan"),
        ] {
            let mut changed = rows.clone();
            let at = changed.iter().position(|row| text(row, "sk").starts_with(sk)).expect(sk);
            match change {
                Some((attribute, value)) => changed[at].insert(attribute.to_owned(), number(value)),
                None => changed.swap_remove(at).remove("pk"),
            };
            let Audit { faults, .. } = audit(changed, city.travel(), city.now().await);
            assert!(faults.iter().any(|found| found.contains(fault)), "{sk} {change:?}: {faults:?}");
        }
        // Two at one time, wherever that is written.
        let mut changed = rows.clone();
        let busy = rows.iter().filter(|row| text(row, "sk").starts_with("busy#")).collect::<Vec<_>>();
        let of_second = |row: &&mut Row| {
            let sk = text(row, "sk");
            let is_its = text(row, "booking_id") == text(busy[1], "booking_id");
            is_its && (sk == "booking" || sk.starts_with("busy#"))
        };
        for row in changed.iter_mut().filter(of_second) {
            for name in ["starts_at", "ends_at"] {
                row.insert(name.to_owned(), busy[0][name].clone());
            }
        }
        let Audit { faults, .. } = audit(changed, city.travel(), city.now().await);
        assert!(faults.iter().any(|found| found.contains("cannot come to")), "{faults:?}");
    }
}
