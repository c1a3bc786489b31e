//! What was moved each day is added up, held against what is kept, and kept where nobody changes it.

mod on_one_machine {
    use std::collections::BTreeMap;

    use aws_lc_rs::digest::{SHA256, digest};
    use connecto_shared::{
        domain::{id::PaymentId, india},
        vendor::s3::ledger,
    };
    use serde_json::{Value, json};

    use crate::{city::City, payments::held};

    /// The root of a Merkle tree over leaves, as RFC 9162 defines it.
    fn root(leaves: &[Vec<u8>]) -> Vec<u8> {
        let sum = |bytes: Vec<u8>| digest(&SHA256, &bytes).as_ref().to_vec();
        match leaves {
            [] => sum(Vec::new()),
            [one] => one.clone(),
            all => {
                let (left, right) = all.split_at(all.len().next_power_of_two() / 2);
                sum([vec![1], root(left), root(right)].concat())
            }
        }
    }

    fn leaf(line: &str) -> Vec<u8> {
        digest(&SHA256, &[&[0], line.as_bytes()].concat()).as_ref().to_vec()
    }

    fn hex(hash: &[u8]) -> String {
        hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    fn text<'a>(item: &'a Value, pointer: &str) -> &'a str {
        item.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// What was moved, shard by shard, by payments and names: on which day, and what is said of it.
    async fn moved(city: &City) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for item in city.scan("Ledger").await {
            let Some(name) = text(&item, "/sk/S").strip_prefix("transfer#") else { continue };
            let (payment, at) = (text(&item, "/pk/S"), text(&item, "/at/S"));
            let payment_id: PaymentId = payment.parse().expect("an id");
            let day = india::day_of(at.parse().expect("a time")).to_string();
            let fields = ["/debit/S", "/credit/S", "/amount/M/amount/N", "/phase/S", "/at/S"];
            let fields = fields.map(|field| text(&item, field)).join("\n");
            let line = format!("{payment}\n{name}\n{fields}");
            all.push(((payment_id.shard(16), payment_id, name.to_owned()), (day, line)));
        }
        all.sort();
        all.into_iter().map(|(_, told)| told).collect()
    }

    async fn kept(city: &City, day: &str) -> Value {
        let app = city.app_of("OpsAuditLedger");
        serde_json::from_slice(&ledger::kept(&app, &format!("ledger/{day}.json"), None).await.unwrap())
            .unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_day_is_added_up_once_and_kept_with_its_root() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        asha.pays(&city, &booking).await;
        let first = moved(&city).await[0].0.clone();
        let audits = async || city.run("OpsAuditLedger", json!({})).await;
        // Nothing is over.
        assert_eq!(audits().await["days"], json!([]));
        city.advance("PT25H").await;
        let done = audits().await;
        // Around midnight it may be two days.
        assert!(done["days"].as_array().unwrap().contains(&json!(first)), "{done}");
        assert_eq!(done["disagreements"], 0);
        for person in [&ravi.person, &asha] {
            person.comes_back().await;
        }
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for _ in 0..4 {
            city.reconciles().await;
            city.advance("PT2M1S").await;
        }
        city.advance("PT25H").await;
        let done = audits().await;
        assert_eq!(done["disagreements"], 0);
        assert_eq!(audits().await["days"], json!([]));

        let (moved, books) = (moved(&city).await, city.books_balance().await);
        let days = moved.iter().map(|(day, _)| day).collect::<std::collections::BTreeSet<_>>();
        assert!(days.len() >= 2, "{days:?}");
        let leaves_of = |day: &str| -> Vec<_> {
            moved.iter().filter(|(on, _)| on == day).map(|(_, line)| leaf(line)).collect()
        };
        for day in &days {
            let leaves = leaves_of(day);
            let mut by_hash = leaves.clone();
            by_hash.sort();
            let (kept, found) = (kept(&city, day).await, json!(hex(&root(&by_hash))));
            assert_eq!((&kept["transfers"], &kept["root"]), (&json!(leaves.len()), &found), "{kept:#}");
        }
        let last = kept(&city, days.last().unwrap()).await;
        let balances = last["accounts"].as_object().unwrap().iter();
        let balances: BTreeMap<_, _> =
            balances.map(|(name, account)| (name.clone(), account["balance"].as_i64().unwrap())).collect();
        let mut accounts = books.accounts;
        accounts.retain(|_, balance| *balance != 0);
        assert_eq!(balances, accounts);
        assert_eq!(balances.values().sum::<i64>(), 0);

        // A day that was closed before its hashes were in their own order is added up as it was then.
        for day in &days {
            let mut old = kept(&city, day).await;
            old.as_object_mut().unwrap().remove("by_hash");
            old["root"] = json!(hex(&root(&leaves_of(day))));
            let (app, key) = (city.app_of("OpsAuditLedger"), ledger::day_key(day.parse().unwrap()));
            ledger::keep(&app, (&key, "application/json"), old.to_string().into()).await.unwrap();
        }
        for _ in 0..31 {
            city.advance("PT1H").await;
            assert_eq!(audits().await["disagreements"], 0);
        }
    }

    /// The root that a path leads to, as RFC 9162 has it checked (section 2.1.3.2).
    fn root_by(proof: &Value) -> Vec<u8> {
        let number = |name: &str| proof[name].as_u64().unwrap();
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
        };
        let sum =
            |left: &[u8], right: &[u8]| digest(&SHA256, &[&[1], left, right].concat()).as_ref().to_vec();
        let (mut index, mut last) = (number("index"), number("size") - 1);
        let mut root = leaf(proof["entry"].as_str().unwrap());
        for hash in proof["path"].as_array().unwrap() {
            let hash = bytes(hash.as_str().unwrap());
            assert!(last > 0, "the path is too long");
            if index % 2 == 1 || index == last {
                root = sum(&hash, &root);
                while index % 2 == 0 && index > 0 {
                    (index, last) = (index / 2, last / 2);
                }
            } else {
                root = sum(&root, &hash);
            }
            (index, last) = (index / 2, last / 2);
        }
        assert_eq!(last, 0, "the path is too short");
        root
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_side_is_shown_that_what_concerns_it_is_in_the_ledger() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        asha.pays(&city, &booking).await;
        for _ in 0..3 {
            city.advance("PT2M1S").await;
            city.reconciles().await;
        }
        let path = format!("/v1/bookings/{}/proofs", booking["booking_id"].as_str().unwrap());
        assert!(asha.proofs(&booking).await.is_empty());
        city.advance("PT25H").await;
        city.run("OpsAuditLedger", json!({})).await;
        for (person, kind) in [(&asha, "paid"), (&ravi.person, "set_aside")] {
            person.comes_back().await;
            let proofs = person.proofs(&booking).await;
            let [proof] = proofs.as_slice() else { panic!("{kind}: {proofs:#?}") };
            assert_eq!(proof["movement"]["kind"], kind);
            let kept = kept(&city, proof["day"].as_str().unwrap()).await;
            assert_eq!((&json!(hex(&root_by(proof))), &proof["root"]), (&kept["root"], &kept["root"]));
        }
        let usha = city.customer("usha").await;
        usha.browser().get(&path).await.is_problem(404, "not_found");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_paisa_too_much_is_called_until_it_is_mended_and_what_is_moved_meanwhile_is_not() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        asha.pays(&city, &booking).await;
        let slots = ravi.slots(&city).await;
        let other = asha.books("other", ravi.order(slots.last().unwrap())).await.is(201).body;
        asha.pays(&city, &other).await;
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        city.reconciles().await;
        city.advance("PT25H").await;
        for person in [&ravi.person, &asha] {
            person.comes_back().await;
        }
        // What lay in an account when the day was over is moved on the next.
        ravi.person.does(&other, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        let audits = async || city.run("OpsAuditLedger", json!({})).await;
        let done = audits().await;
        assert_eq!(done["disagreements"], 0, "{done}");
        assert!(!done["days"].as_array().unwrap().is_empty(), "{done}");

        let account = format!("payable#{}", ravi.professional_id);
        let by = |paisa: &str| json!({ ":paisa": { "N": paisa } });
        city.change("Ledger", (&account, "balance"), "ADD balance :paisa", by("1")).await;
        city.advance("PT25H").await;
        for _ in 0..2 {
            assert_eq!(audits().await, json!({ "days": [], "disagreements": 1 }));
        }
        let metrics = city.look("metrics").await.to_string();
        assert!(metrics.contains("ledger_disagreements"), "{metrics}");
        city.change("Ledger", (&account, "balance"), "ADD balance :paisa", by("-1")).await;
        let done = audits().await;
        assert!(!done["days"].as_array().unwrap().is_empty() && done["disagreements"] == 0, "{done}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_day_that_was_closed_is_seen_to_be_another() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        city.advance("PT25H").await;
        assert_eq!(city.run("OpsAuditLedger", json!({})).await["disagreements"], 0);
        let id = payment["payment_id"].as_str().unwrap();
        let items = city.scan("Ledger").await;
        let capture =
            items.iter().map(|item| text(item, "/sk/S")).find(|sk| sk.starts_with("transfer#capture"));
        city.change("Ledger", (id, capture.unwrap()), "SET phase = :at", json!({ ":at": { "S": "posted" } }))
            .await;
        let mut seen = 0;
        for _ in 0..31 {
            city.advance("PT1H").await;
            seen += city.run("OpsAuditLedger", json!({})).await["disagreements"].as_u64().unwrap();
        }
        assert!(seen > 0, "nobody saw it");
    }
}
