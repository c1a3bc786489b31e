//! From "my tap leaks" to a booking: jobs, to whom they are offered, and quotes.

use serde_json::{Value, json};

use crate::city::{City, place};

/// A job as a customer posts it.
#[must_use]
pub fn ask() -> Value {
    json!({
        "category": "tap-repair",
        "title": "Kitchen tap leaks",
        "text": "It drips day and night.",
        "photos": [],
        "place": place(1.0),
        "when": { "kind": "flexible" },
        "budget": { "amount": 80_000, "currency": "INR" },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_for_is_refused_by_name() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let post = async |job: Value| asha.browser().with("idempotency-key", "k").post("/v1/jobs", job).await;
    asha.browser().post("/v1/jobs", ask()).await.is_problem(400, "idempotency_key_required");
    for (field, value, at) in [
        ("category", json!("tap-dance"), "/category"),
        ("title", json!("Call 98765 43210"), "/title"),
        ("text", json!("mail me: asha@example.com"), "/text"),
        ("photos", json!(["med_01h455vb4pex5vsknk084sn02q"]), "/photos/0"),
        ("when", json!({ "kind": "on", "date": "2020-01-01" }), "/when/date"),
        ("when", json!({ "kind": "on", "date": "2030-01-01" }), "/when/date"),
        ("budget", json!({ "amount": 1, "currency": "INR" }), "/budget"),
    ] {
        let mut job = ask();
        job[field] = value;
        let refused = post(job).await;
        assert!([422, 409].contains(&refused.status), "{refused:?}");
        assert_eq!(refused.body["errors"][0]["field"], at, "{refused:?}");
    }
    assert_eq!(
        asha.browser().get("/v1/jobs").await.is(200).body,
        json!({ "items": [], "next_cursor": null })
    );
    let path = "/v1/jobs/job_01h455vb4pex5vsknk084sn02q";
    asha.browser().get(path).await.is_problem(404, "not_found");
    asha.browser().get("/v1/professional/jobs").await.is_problem(403, "not_a_professional");
}

mod on_one_machine {
    use connecto_local::demo::audit::audit;
    use futures_util::future::join_all;
    use jiff::{SignedDuration, Timestamp};
    use serde_dynamo::AttributeValue;

    use super::*;
    use crate::{
        city::{Answer, Person, Plumber, offer, open_plan, wait_until},
        media::corpus,
    };

    async fn posts(asha: &Person, key: &str, job: Value) -> Value {
        asha.browser().with("idempotency-key", key).post("/v1/jobs", job).await.is(201).body
    }

    fn path(job: &Value) -> String {
        format!("/v1/jobs/{}", job["job_id"].as_str().unwrap())
    }

    fn offered(job: &Value) -> String {
        format!("/v1/professional{}", &path(job)[3..])
    }

    /// What somebody would do a job for: at a time so many hours from now, for so many rupees.
    async fn terms(city: &City, hours: i64, rupees: i64) -> Value {
        let now = city.now().await;
        let at = |hours| (now + SignedDuration::from_hours(hours)).to_string();
        json!({
            "lines": [{ "name": "New washer", "price": { "amount": rupees * 100, "currency": "INR" } }],
            "starts_at": at(hours), "duration": 60, "message": "I bring what is needed.", "valid_until": at(hours - 1),
        })
    }

    async fn quotes(person: &Person, job: &Value, terms: Value) -> Answer {
        person.browser().put(&format!("{}/quote", offered(job)), terms).await
    }

    async fn accepts(asha: &Person, key: &str, job: &Value, quote: &Value) -> Answer {
        let body = json!({ "quote_id": quote["quote_id"] });
        asha.browser().with("idempotency-key", key).post(&format!("{}/acceptance", path(job)), body).await
    }

    /// Another plumber near by.
    async fn another(city: &City, name: &str, meera: &Person) -> Person {
        let person = city.customer(name).await;
        let profile = person.applies(city, &corpus::small_photo()).await;
        meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        person.browser().put("/v1/professional/availability", open_plan()).await.is(200);
        person
    }

    /// A job is offered once who does such work is in the index.
    async fn is_found(city: &City, count: usize) {
        let near = "/v1/professionals?category=tap-repair&pin_code=411038";
        wait_until(async || {
            city.stranger().get(near).await.is(200).body["items"].as_array().unwrap().len() == count
        })
        .await;
    }

    async fn is_told(city: &City, person: &Person, subject: &str) {
        wait_until(async || city.mails(&person.email).await.iter().any(|mail| mail["subject"] == subject))
            .await;
    }

    async fn is_offered(person: &Person, job: &Value) {
        wait_until(async || person.browser().get(&offered(job)).await.status == 200).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_leaking_tap_becomes_a_booking() {
        let city = City::without_limits().await;
        let ravi: Plumber = city.plumber(offer(), open_plan()).await;
        let meera = city.staff("meera2").await;
        let sunil = another(&city, "sunil", &meera).await;
        let far = another(&city, "far", &meera).await;
        far.tells(json!({ "base": { "latitude": 19.9, "longitude": 73.8 } })).await;
        is_found(&city, 2).await;
        let asha = city.customer("asha").await;
        let photo = asha.upload(&city, "job_photo", "image/jpeg", &corpus::small_photo()).await;
        let mut wanted = ask();
        wanted["photos"] = json!([photo["media_id"]]);
        let job = posts(&asha, "k", wanted.clone()).await;
        assert_eq!(posts(&asha, "k", wanted).await["job_id"], job["job_id"], "once for each key");
        is_offered(&ravi.person, &job).await;
        is_offered(&sunil, &job).await;
        far.browser().get(&offered(&job)).await.is_problem(404, "not_found");
        is_told(&city, &sunil, "Somebody near you needs you").await;

        // They see what is to be done, and neither where exactly nor for whom.
        let seen = sunil.browser().get(&offered(&job)).await.is(200).body;
        assert_eq!((&seen["title"], &seen["customer"]), (&json!("Kitchen tap leaks"), &json!("asha")));
        assert!(!seen.to_string().contains("Karve Road"), "{seen}");
        let url = &seen["photos"][0]["variants"][0]["url"];
        assert_eq!(city.fetch(url).await.0, 200, "{seen}");
        let feed = sunil.browser().get("/v1/professional/jobs").await.is(200).body;
        assert_eq!(feed["items"][0]["job_id"], job["job_id"]);

        let dear = quotes(&ravi.person, &job, terms(&city, 50, 900).await).await.is(200).body;
        let cheap = terms(&city, 60, 700).await;
        let quoted = quotes(&sunil, &job, cheap.clone()).await.is(200).body;
        // Said again it is said once.
        let again = quotes(&sunil, &job, cheap).await.is(200).body;
        assert_eq!(again["quote_id"], quoted["quote_id"]);
        is_told(&city, &asha, "A quote for your job").await;
        let mine = asha.browser().get(&path(&job)).await.is(200).body;
        let amounts: Vec<_> = mine["quotes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|quote| quote["lines"][0]["price"]["amount"].clone())
            .collect();
        assert_eq!(amounts, [70_000, 90_000], "the cheapest first");
        city.customer("kiran").await.browser().get(&path(&job)).await.is_problem(404, "not_found");

        // Sent several times at once it is done once, and answered alike: also to who looks for room when it is taken.
        let rule = json!({
            "service": "dynamodb", "function": "MarketAcceptQuote", "action": "Query", "every": 2,
            "do": "delay", "ms": 500,
        });
        city.misbehave(json!([rule])).await;
        let answers = join_all((0..6).map(|_| accepts(&asha, "a", &job, &mine["quotes"][0]))).await;
        city.behave().await;
        let mut all: Vec<_> = answers.into_iter().map(|answer| answer.is(201).body).collect();
        let made = all.remove(0);
        assert!(all.iter().all(|answer| answer["booking_id"] == made["booking_id"]), "{all:?}");
        assert_eq!((&made["state"], &made["service_id"]), (&json!("accepted"), &json!(null)));
        assert_eq!(made["job_id"], job["job_id"]);
        let other = accepts(&asha, "b", &job, &mine["quotes"][1]).await;
        other.is_problem(409, "not_possible_now");
        let after = asha.browser().get(&path(&job)).await.is(200).body;
        assert_eq!((&after["state"], &after["booking_id"]), (&json!("booked"), &made["booking_id"]));
        let states: Vec<_> =
            after["quotes"].as_array().unwrap().iter().map(|quote| quote["state"].clone()).collect();
        assert_eq!(states, ["accepted", "declined"]);
        is_told(&city, &sunil, "Your quote was accepted").await;
        is_told(&city, &ravi.person, "Your quote was not accepted").await;
        quotes(&ravi.person, &job, terms(&city, 70, 100).await).await.is_problem(409, "not_possible_now");
        assert_eq!(dear["state"], "open");
        // From now on only who was booked sees what it looks like there.
        let told = async |person: &Person| {
            let seen = person.browser().get(&offered(&job)).await.is(200).body;
            (seen["text"].clone(), seen["photos"].as_array().unwrap().len(), seen["quote"]["state"].clone())
        };
        assert_eq!(told(&sunil).await, (json!("It drips day and night."), 1, json!("accepted")));
        assert_eq!(told(&ravi.person).await, (json!(null), 0, json!("declined")));
        let feed = ravi.person.browser().get("/v1/professional/jobs").await.is(200).body;
        assert_eq!(feed["items"], json!([]), "what is over is no offer");

        asha.does(&made, json!({ "event": "confirm" })).await.is(200);
        let seen = sunil.sees(&made).await;
        assert!(seen.to_string().contains("Karve Road"), "{seen}");
        sunil.finishes(&city, &asha, &made).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_withdraws_and_who_is_late_is_told_so() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        is_found(&city, 1).await;
        let asha = city.customer("asha").await;
        let job = posts(&asha, "k", ask()).await;
        is_offered(&ravi.person, &job).await;
        let quote = quotes(&ravi.person, &job, terms(&city, 50, 900).await).await.is(200).body;
        let withdraw = format!("{}/quote", offered(&job));
        for _ in 0..2 {
            ravi.person.browser().delete(&withdraw).await.is(204);
        }
        accepts(&asha, "a", &job, &quote).await.is_problem(409, "not_possible_now");
        let quote = quotes(&ravi.person, &job, terms(&city, 2, 800).await).await.is(200).body;
        city.advance("PT61M").await;
        for person in [&asha, &ravi.person] {
            person.comes_back().await;
        }
        accepts(&asha, "b", &job, &quote).await.is_problem(409, "too_late");
        let late = asha.browser().get(&path(&job)).await.is(200).body;
        assert_eq!(late["quotes"][0]["state"], "expired");
        quotes(&ravi.person, &job, terms(&city, 40, 700).await).await.is(200);
        for _ in 0..2 {
            let gone =
                asha.browser().post(&format!("{}/withdrawal", path(&job)), json!({})).await.is(200).body;
            assert_eq!(
                (&gone["state"], &gone["quotes"][0]["state"]),
                (&json!("withdrawn"), &json!("declined"))
            );
        }
        quotes(&ravi.person, &job, terms(&city, 40, 700).await).await.is_problem(409, "not_possible_now");

        // A job whose time is over, whether the schedule has come by or not.
        let mut now = ask();
        now["when"] = json!({ "kind": "now" });
        let job = posts(&asha, "n", now).await;
        is_offered(&ravi.person, &job).await;
        quotes(&ravi.person, &job, terms(&city, 40, 700).await).await.is(200);
        city.misbehave(
            json!([{ "service": "dynamodb", "function": "MarketLapseJobs", "every": 1, "do": "fail" }]),
        )
        .await;
        city.advance("PT25H").await;
        for person in [&asha, &ravi.person] {
            person.comes_back().await;
        }
        let states = async || {
            let seen = asha.browser().get(&path(&job)).await.is(200).body;
            (seen["state"].clone(), seen["quotes"][0]["state"].clone())
        };
        assert_eq!(states().await, (json!("expired"), json!("expired")));
        city.behave().await;
        city.run("MarketLapseJobs", json!({})).await;
        assert_eq!(states().await, (json!("expired"), json!("expired")));
        for (person, subject) in
            [(&asha, "Nobody was booked for your job in time"), (&ravi.person, "Your quote was not accepted")]
        {
            is_told(&city, person, subject).await;
        }
        quotes(&ravi.person, &job, terms(&city, 40, 700).await).await.is_problem(409, "not_possible_now");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_quoted_is_refused_by_name() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        is_found(&city, 1).await;
        let asha = city.customer("asha").await;
        let job = posts(&asha, "k", ask()).await;
        is_offered(&ravi.person, &job).await;
        let good = terms(&city, 50, 900).await;
        for (field, value, at) in [
            ("starts_at", json!("9999-12-29T09:00:00Z"), "/starts_at"),
            ("starts_at", json!("2020-01-01T09:00:00Z"), "/starts_at"),
            ("valid_until", json!("2020-01-01T09:00:00Z"), "/valid_until"),
            ("valid_until", json!("9999-12-29T09:00:00Z"), "/valid_until"),
            ("message", json!("Call 98765 43210"), "/message"),
            (
                "lines",
                json!([{ "name": "ravi@example.com", "price": { "amount": 10_000, "currency": "INR" } }]),
                "/lines/0/name",
            ),
        ] {
            let mut terms = good.clone();
            terms[field] = value;
            let refused = quotes(&ravi.person, &job, terms).await.is(422);
            assert_eq!(refused.body["errors"][0]["field"], at, "{refused:?}");
        }
        // Nor is what somebody cannot keep.
        let slots = ravi.slots(&city).await;
        let made = asha.books("a", ravi.order(&slots[4])).await.is(201).body;
        let mut taken = terms(&city, 50, 900).await;
        taken["starts_at"] = json!(slots[4]);
        taken["valid_until"] = json!(slots[4]);
        quotes(&ravi.person, &job, taken.clone()).await.is_problem(409, "slot_unavailable");
        asha.does(&made, json!({ "event": "cancel" })).await.is(200);
        quotes(&ravi.person, &job, taken).await.is(200);
        // And who was suspended is offered nothing.
        let meera = city.staff("meera2").await;
        let profile = ravi.person.browser().get("/v1/professional").await.is(200).body;
        meera.decides(&profile, json!({ "decision": "suspend", "reason": "conduct" })).await.is(200);
        for list in ["/v1/professional/jobs".to_owned(), offered(&job)] {
            ravi.person.browser().get(&list).await.is_problem(409, "not_possible_now");
        }
        quotes(&ravi.person, &job, good).await.is_problem(409, "not_possible_now");
    }

    /// Neither what is over by then nor one professional whose plan nobody can read keeps others from being offered a job.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_job_is_offered_to_whom_it_can_be() {
        let city = City::without_limits().await;
        let meera = city.staff("meera").await;
        let (ravi, sunil) = (another(&city, "ravi", &meera).await, another(&city, "sunil", &meera).await);
        is_found(&city, 2).await;
        let asha = city.customer("asha").await;
        city.misbehave(
            json!([{ "service": "dynamodb", "function": "MarketOfferJob", "every": 1, "do": "fail" }]),
        )
        .await;
        let gone = posts(&asha, "gone", ask()).await;
        asha.browser().post(&format!("{}/withdrawal", path(&gone)), json!({})).await.is(200);
        city.behave().await;
        let id = ravi.browser().get("/v1/professional").await.is(200).body["professional_id"].clone();
        let key = json!({ "pk": { "S": id }, "sk": { "S": "availability" } });
        let spoil = json!({
            "TableName": city.table("Market").await, "Key": key,
            "UpdateExpression": "SET #plan = :no", "ExpressionAttributeNames": { "#plan": "plan" }, "ExpressionAttributeValues": { ":no": { "S": "soon" } },
        });
        city.database("UpdateItem", spoil).await;
        let job = posts(&asha, "k", ask()).await;
        is_offered(&sunil, &job).await;
        sunil.browser().get(&offered(&gone)).await.is_problem(404, "not_found");
        ravi.browser().get(&offered(&job)).await.is_problem(404, "not_found");
        // And once it can be read, also to who was missed.
        let plan = open_plan();
        ravi.browser().put("/v1/professional/availability", plan).await.is(200);
        is_offered(&ravi, &job).await;
        for plumber in [&ravi, &sunil] {
            let told = async || {
                let offers = city.mails(&plumber.email).await;
                offers.iter().filter(|mail| mail["subject"] == "Somebody near you needs you").count()
            };
            wait_until(async || told().await > 0).await;
            assert_eq!(told().await, 1);
        }
    }

    /// A customer who has five quotes that they do not like makes room for another.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_quote_that_is_declined_makes_room_for_another() {
        let city = City::without_limits().await;
        let (asha, meera) = (city.customer("asha").await, city.staff("meera2").await);
        let mut plumbers = Vec::new();
        for n in 0..6 {
            plumbers.push(another(&city, &format!("plumber{n}"), &meera).await);
        }
        is_found(&city, 6).await;
        let job = posts(&asha, "k", ask()).await;
        let decline = async |quote: &Value| {
            let body = json!({ "quote_id": quote["quote_id"] });
            asha.browser().post(&format!("{}/decline", path(&job)), body).await
        };
        let mut made = Vec::new();
        for (plumber, rupees) in plumbers[..5].iter().zip(900..) {
            is_offered(plumber, &job).await;
            made.push(quotes(plumber, &job, terms(&city, 40, rupees).await).await.is(200).body);
        }
        is_offered(&plumbers[5], &job).await;
        let sixth = terms(&city, 40, 500).await;
        quotes(&plumbers[5], &job, sixth.clone()).await.is_problem(409, "too_many_quotes");
        // Both at once, and both again: it is declined once, and who made it is told once.
        let (one, other) = tokio::join!(decline(&made[0]), decline(&made[0]));
        for answer in [one, other, decline(&made[0]).await] {
            assert_eq!(answer.is(200).body["state"], "declined");
        }
        let told = async || {
            let mails = city.mails(&plumbers[0].email).await;
            mails.iter().filter(|mail| mail["subject"] == "Your quote was not accepted").count()
        };
        wait_until(async || told().await > 0).await;
        let last = quotes(&plumbers[5], &job, sixth).await.is(200).body;
        let seen = asha.browser().get(&path(&job)).await.is(200).body;
        assert_eq!((&seen["state"], &seen["quotes"][0]["quote_id"]), (&json!("open"), &last["quote_id"]));
        accepts(&asha, "declined", &job, &made[0]).await.is_problem(409, "not_possible_now");
        decline(&json!({ "quote_id": "quo_01h455vb4pex5vsknk084sn02q" })).await.is_problem(404, "not_found");
        let stranger = plumbers[0].browser();
        let body = json!({ "quote_id": made[1]["quote_id"] });
        stranger.post(&format!("{}/decline", path(&job)), body).await.is_problem(404, "not_found");
        // Who was declined may say something else; and what was not declined can be accepted, and not be declined then.
        quotes(&plumbers[0], &job, terms(&city, 40, 400).await).await.is_problem(409, "too_many_quotes");
        decline(&made[1]).await.is(200);
        let better = quotes(&plumbers[0], &job, terms(&city, 40, 400).await).await.is(200).body;
        decline(&made[0]).await.is_problem(404, "not_found");
        accepts(&asha, "better", &job, &better).await.is(201);
        decline(&better).await.is_problem(409, "not_possible_now");
        assert_eq!(told().await, 1);
        city.keeps_its_rules().await;
    }

    /// However many quote at once, five stand; however often a customer accepts at once, it is one booking.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_who_quote_and_accept_at_once_five_stand_and_one_is_booked() {
        let city = City::without_limits().await;
        let meera = city.staff("meera").await;
        let mut plumbers = Vec::new();
        for n in 0..8 {
            plumbers.push(another(&city, &format!("plumber{n}"), &meera).await);
        }
        is_found(&city, 8).await;
        let asha = city.customer("asha").await;
        let job = posts(&asha, "k", ask()).await;
        for plumber in &plumbers {
            is_offered(plumber, &job).await;
        }
        let mut quoting = Vec::new();
        for (n, plumber) in plumbers.iter().enumerate() {
            let terms = terms(&city, 50, 500 + i64::try_from(n).unwrap()).await;
            quoting.push(quotes(plumber, &job, terms));
        }
        let mut answers = join_all(quoting).await;
        for (answer, plumber) in answers.iter_mut().zip(&plumbers) {
            // Who came too often at the same moment as others tries it again.
            if answer.code() == "conflict" {
                *answer = quotes(plumber, &job, terms(&city, 50, 500).await).await;
            }
        }
        let stand = answers.iter().filter(|answer| answer.status == 200).count();
        let enough = answers.iter().filter(|answer| answer.code() == "too_many_quotes").count();
        assert_eq!((stand, enough), (5, 3), "{answers:?}");
        let seen = asha.browser().get(&path(&job)).await.is(200).body;
        let seen = seen["quotes"].as_array().unwrap();
        assert_eq!(seen.len(), 5, "{seen:?}");

        let accepting = (0..12).map(|n| {
            let (asha, job, quote) = (&asha, &job, &seen[n % seen.len()]);
            async move { accepts(asha, &format!("key-{n}"), job, quote).await }
        });
        let answers = join_all(accepting).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        let bookings = asha.browser().get("/v1/bookings").await.is(200).body;
        assert_eq!(bookings["items"].as_array().unwrap().len(), 1);
        // Nobody else's time is taken.
        let busy = city.scan("Market").await;
        let busy =
            busy.iter().filter(|row| row["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("busy#")));
        assert_eq!(busy.count(), 1);
        city.keeps_its_rules().await;
        // Which would not hold if it were still to be had.
        let mut rows = city.rows("Market").await;
        let state = |text: &str| AttributeValue::S(text.to_owned());
        let accepted = rows
            .iter_mut()
            .find(|row| row.get("state") == Some(&state("accepted")) && row.contains_key("quote_id"));
        accepted.expect("a quote was accepted").insert("state".to_owned(), state("open"));
        let faults = audit(rows, city.travel(), city.now().await).faults;
        assert!(faults.iter().any(|found| found.contains("is Booked")), "{faults:?}");
    }

    /// Of two customers who accept quotes of one plumber for one time one gets it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_plumber_comes_to_one_of_two_at_a_time() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        is_found(&city, 1).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let at: Timestamp = city.now().await + SignedDuration::from_hours(50);
        let mut waiting = Vec::new();
        for customer in [&asha, &kiran] {
            let job = posts(customer, "k", ask()).await;
            is_offered(&ravi.person, &job).await;
            let mut terms = terms(&city, 50, 900).await;
            terms["starts_at"] = json!(at);
            let quote = quotes(&ravi.person, &job, terms).await.is(200).body;
            waiting.push((customer, job, quote));
        }
        let accepting = waiting.iter().map(|(customer, job, quote)| accepts(customer, "a", job, quote));
        let answers = join_all(accepting).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{answers:?}");
        let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert_eq!(refused.body["code"], "slot_unavailable");
        city.keeps_its_rules().await;
    }

    /// A write whose reply was lost, or before or after which the process died, is found done by who repeats it: there is one job, one
    /// offer, one quote and one booking, and each is told of once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_done_before_the_fault_is_not_done_again() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await.person;
        is_found(&city, 1).await;
        let asha = city.customer("asha").await;
        let post =
            async |key: &str| asha.browser().with("idempotency-key", key).post("/v1/jobs", ask()).await;
        let faults = ["drop_reply", "crash", "conflict", "fail", "throttle"];
        for (n, what) in faults.into_iter().enumerate() {
            let functions = ["MarketCreateJob", "MarketOfferJob", "MarketQuoteJob", "MarketAcceptQuote"];
            let rules = functions.map(|function| {
                json!({
                    "service": "dynamodb", "function": function, "action": "TransactWriteItems",
                    "every": 1, "do": what,
                })
            });
            let terms = terms(&city, 50 + 10 * i64::try_from(n).unwrap(), 900).await;
            city.misbehave(json!(rules)).await;
            post(what).await;
            city.behave().await;
            let job = post(what).await.is(201).body;
            is_offered(&ravi, &job).await;
            city.misbehave(json!(rules)).await;
            quotes(&ravi, &job, terms.clone()).await;
            city.behave().await;
            let quote = quotes(&ravi, &job, terms).await.is(200).body;
            city.misbehave(json!(rules)).await;
            accepts(&asha, what, &job, &quote).await;
            city.behave().await;
            let made = accepts(&asha, what, &job, &quote).await.is(201).body;
            let job = asha.browser().get(&path(&job)).await.is(200).body;
            assert_eq!(
                (&job["booking_id"], job["quotes"].as_array().unwrap().len()),
                (&made["booking_id"], 1)
            );
        }
        let count =
            async |list: &str| asha.browser().get(list).await.is(200).body["items"].as_array().unwrap().len();
        assert_eq!((count("/v1/jobs").await, count("/v1/bookings").await), (faults.len(), faults.len()));
        for (person, subject) in [
            (&ravi, "Somebody near you needs you"),
            (&asha, "A quote for your job"),
            (&ravi, "Your quote was accepted"),
        ] {
            let told = async || {
                city.mails(&person.email).await.iter().filter(|mail| mail["subject"] == subject).count()
            };
            wait_until(async || told().await >= faults.len()).await;
            assert_eq!(told().await, faults.len(), "{subject}");
        }
        city.keeps_its_rules().await;
    }

    /// The same of what is withdrawn, and of what time ends: nobody is told twice of it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_ended_before_the_fault_does_not_end_again() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await.person;
        is_found(&city, 1).await;
        let asha = city.customer("asha").await;
        let faults = ["drop_reply", "crash", "conflict", "fail", "throttle"];
        let rule = |function: &str, what: &str| {
            json!([{
                "service": "dynamodb", "function": function, "action": "TransactWriteItems", "every": 1, "do": what,
            }])
        };
        let mut late = Vec::new();
        for (n, what) in faults.into_iter().enumerate() {
            let hours = 50 + 10 * i64::try_from(n).unwrap();
            let job = posts(&asha, what, ask()).await;
            is_offered(&ravi, &job).await;
            let unsaid = format!("{}/quote", offered(&job));
            let withdrawal = format!("{}/withdrawal", path(&job));
            quotes(&ravi, &job, terms(&city, hours, 900).await).await.is(200);
            city.misbehave(rule("MarketWithdrawQuote", what)).await;
            ravi.browser().delete(&unsaid).await;
            city.behave().await;
            ravi.browser().delete(&unsaid).await.is(204);
            let quote = quotes(&ravi, &job, terms(&city, hours, 850).await).await.is(200).body;
            let decline = async || {
                let body = json!({ "quote_id": quote["quote_id"] });
                asha.browser().post(&format!("{}/decline", path(&job)), body).await
            };
            city.misbehave(rule("MarketDeclineQuote", what)).await;
            decline().await;
            city.behave().await;
            assert_eq!(decline().await.is(200).body["state"], "declined");
            quotes(&ravi, &job, terms(&city, hours, 800).await).await.is(200);
            city.misbehave(rule("MarketWithdrawJob", what)).await;
            asha.browser().post(&withdrawal, json!({})).await;
            city.behave().await;
            let gone = asha.browser().post(&withdrawal, json!({})).await.is(200).body;
            assert_eq!(
                (&gone["state"], &gone["quotes"][0]["state"]),
                (&json!("withdrawn"), &json!("declined"))
            );
            let mut now = ask();
            now["when"] = json!({ "kind": "now" });
            let job = posts(&asha, &format!("{what}-now"), now).await;
            is_offered(&ravi, &job).await;
            quotes(&ravi, &job, terms(&city, hours + 100, 900).await).await.is(200);
            late.push(job);
        }
        city.misbehave(rule("MarketLapseJobs", "fail")).await;
        city.advance("PT25H").await;
        for what in faults {
            city.misbehave(rule("MarketLapseJobs", what)).await;
            city.run_anyhow("MarketLapseJobs", json!({})).await;
        }
        city.behave().await;
        city.run("MarketLapseJobs", json!({})).await;
        asha.comes_back().await;
        for job in late {
            let seen = asha.browser().get(&path(&job)).await.is(200).body;
            assert_eq!((&seen["state"], &seen["quotes"][0]["state"]), (&json!("expired"), &json!("expired")));
        }
        for (person, subject, times) in [
            (&ravi, "Your quote was not accepted", 3 * faults.len()),
            (&asha, "Nobody was booked for your job in time", faults.len()),
        ] {
            let told = async || {
                city.mails(&person.email).await.iter().filter(|mail| mail["subject"] == subject).count()
            };
            wait_until(async || told().await >= times).await;
            assert_eq!(told().await, times, "{subject}");
        }
        city.keeps_its_rules().await;
    }

    /// Of a customer who accepts a quote and withdraws the job, and a professional who withdraws the quote, all at once, one is first.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_accepts_and_withdraws_at_once_does_one_of_these() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await.person;
        is_found(&city, 1).await;
        let asha = city.customer("asha").await;
        for n in 0..8 {
            let job = posts(&asha, &format!("job-{n}"), ask()).await;
            is_offered(&ravi, &job).await;
            let terms = terms(&city, 50 + 10 * n, 900).await;
            let quote = quotes(&ravi, &job, terms).await.is(200).body;
            let (withdrawal, quoted) =
                (format!("{}/withdrawal", path(&job)), format!("{}/quote", offered(&job)));
            let key = format!("accept-{n}");
            let accepting = accepts(&asha, &key, &job, &quote);
            let (browser, own) = (asha.browser(), ravi.browser());
            let (accepted, withdrawn, unsaid) =
                tokio::join!(accepting, browser.post(&withdrawal, json!({})), own.delete(&quoted));
            let after = asha.browser().get(&path(&job)).await.is(200).body;
            let state = (&after["state"], &after["quotes"][0]["state"]);
            if accepted.status == 201 {
                assert_eq!(state, (&json!("booked"), &json!("accepted")));
                assert_eq!(after["booking_id"], accepted.body["booking_id"]);
                for late in [withdrawn, unsaid] {
                    late.is_problem(409, "not_possible_now");
                }
            } else {
                accepted.is_problem(409, "not_possible_now");
                assert_eq!((&after["booking_id"], withdrawn.status), (&json!(null), 200));
                assert_ne!(after["quotes"][0]["state"], "accepted");
            }
        }
        city.keeps_its_rules().await;
    }
}
