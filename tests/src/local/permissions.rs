use std::fs::File;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::persistence::{program, spawn_with};
use crate::{
    city::{
        Answer, Browser, City, PASSWORD, Person, Plumber, number, offer, open_plan, plan, root, wait_until,
    },
    market::jobs::ask,
    media::{arrival, corpus, verdict},
    oidc_provider::{Provider, STRICT, city_with, link, sign_in},
    passkey::Authenticator,
};

/// Takes an action out of a function's policy.
pub fn take_out(template: &mut Value, function: &str, action: &str) {
    let policies =
        template["Resources"][function]["Properties"]["Policies"].as_array_mut().expect("policies");
    for statements in
        policies.iter_mut().map(|policy| policy["Statement"].as_array_mut().expect("statements"))
    {
        // What stands behind a condition has its own test.
        for statement in statements.iter_mut().filter(|statement| statement["Fn::If"].is_null()) {
            statement["Action"].as_array_mut().expect("actions").retain(|known| known != action);
        }
        statements.retain(|statement| statement["Action"] != json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_taken_out_fails_with_its_name_in_the_log() {
    let data = TempDir::new().unwrap();
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (before, function) = template.split_once("\n  AuthForgotPassword:\n").unwrap();
    let less = function.replacen("Action: [dynamodb:PutItem]", "Action: [dynamodb:DescribeTable]", 1);
    assert_ne!(less, function);
    let path = data.path().join("less.yaml");
    std::fs::write(&path, format!("{before}\n  AuthForgotPassword:\n{less}")).unwrap();
    let log = data.path().join("log");
    let arguments = ["--template", path.to_str().unwrap()];
    let stderr = File::create(&log).unwrap().into();
    let (mut child, city) = spawn_with(&program(), data.path(), &arguments, stderr).await;

    let ask = json!({ "email": "asha@example.com" });
    let answer = city.stranger().post("/v1/auth/forgot-password", ask).await;
    answer.is_problem(500, "internal_fault");
    let said = answer.body.to_string();
    assert!(!said.contains("dynamodb") && !said.contains("arn:"), "the client learns too much: {said}");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("dynamodb:PutItem") && log.contains(":table/connecto-local-Outbox"), "{log}");
    let faults = city.look("faults").await.to_string();
    assert!(faults.contains("dynamodb:PutItem") && faults.contains(":table/"), "{faults}");
    // The other endpoints keep theirs.
    city.customer("asha").await;
    child.kill().await.unwrap();
}

/// Signs up by phone, confirms an act by it, changes and removes it; each code is sent twice, and costs work.
async fn use_phones(city: &City) {
    // The traffic that is set here is of this hour.
    city.begin_an_hour().await;
    let (phone, new) = (number(), number());
    let asha = Person::new(city.stranger(), "asha");
    // The first one to the range, by somebody who never types it in.
    city.stranger().post("/v1/auth/send-otp", json!({ "phone": number() })).await.is(202);
    let ask = async |browser: Browser, path: &str, mut body: Value| {
        city.set_traffic(&phone[..7], 20_000, 0).await;
        for _ in 0..2 {
            let problem = browser.post(path, body.clone()).await;
            problem.is_problem(428, "proof_of_work_required");
            body["proof_of_work"] = problem.solved();
            let sent = browser.post(path, body.clone()).await.is(202);
            body["challenge_id"] = sent.body["challenge_id"].clone();
            body.as_object_mut().expect("fields").remove("proof_of_work");
            city.advance("PT31S").await;
        }
        body["challenge_id"].clone()
    };
    let id = ask(asha.signed_out(), "/v1/auth/send-otp", json!({ "phone": phone })).await;
    let code = json!({ "challenge_id": id, "code": city.code(&phone, 2).await });
    asha.keep(&asha.signed_out().post("/v1/auth/verify-otp", code).await.is(200).body["tokens"]);
    let id = ask(asha.browser(), "/v1/auth/step-up/send-otp", json!({})).await;
    let code = json!({ "challenge_id": id, "code": city.code(&phone, 4).await });
    asha.browser().post("/v1/auth/step-up", code).await.is(200);
    let id = ask(asha.browser(), "/v1/account/phone", json!({ "phone": new })).await;
    let code = json!({ "challenge_id": id, "code": city.code(&new, 2).await });
    asha.browser().post("/v1/account/phone/confirm", code).await.is(204);
    asha.browser().post("/v1/account/email", json!({ "email": asha.email })).await.is(202);
    let token = city.link(&asha.email, "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    asha.browser().delete("/v1/account/phone").await.is(204);
    // Who set a factor up was somebody else.
    asha.protect(city).await;
    let token = city.link(&asha.email, "revert-factors").await;
    city.stranger().post("/v1/account/factors/revert", json!({ "token": token })).await.is(204);
    // Somebody who has an account signs in by their phone.
    city.set_traffic(&phone[..7], 1, 1).await;
    let (_, known) = city.phone_customer().await;
    let sent = city.stranger().post("/v1/auth/send-otp", json!({ "phone": known })).await.is(202);
    let code = json!({ "challenge_id": sent.body["challenge_id"], "code": city.code(&known, 2).await });
    city.stranger().post("/v1/auth/verify-otp", code).await.is(200);
}

/// Makes a passkey, as the account's first factor, and signs in by it.
async fn use_passkey(city: &City) {
    let (asha, _) = city.phone_customer().await;
    let (device, browser) = (Authenticator::start(), asha.browser());
    let begun = browser.post("/v1/account/factors/passkey", json!({ "name": "Laptop" })).await.is(201);
    let made = device.create(&begun.body["options"], json!({})).await;
    let made = json!({ "factor_id": begun.body["factor_id"], "credential": made });
    browser.post("/v1/account/factors/passkey/confirm", made).await.is(200);
    let begun = browser.post("/v1/auth/passkey/begin", json!({})).await.is(201);
    let said = device.get(&begun.body["options"], 0, json!({})).await;
    let said = json!({ "challenge_id": begun.body["challenge_id"], "credential": said });
    browser.post("/v1/auth/passkey/sign-in", said).await.is(200);
}

/// Protects an account, and proves its factors in each way.
async fn use_factors(city: &City) {
    let (asha, phone) = city.phone_customer().await;
    let (app, codes) = asha.protect(city).await;
    city.advance("PT1M").await;
    let step_up = json!({ "totp": app.shows(city.now().await) });
    asha.browser().post("/v1/auth/step-up", step_up).await.is(200);
    asha.browser().post("/v1/auth/step-up", json!({ "recovery_code": codes[0] })).await.is(200);
    for proof in [json!({ "recovery_code": codes[1] }), json!({})] {
        city.advance("PT1M").await;
        // What is told of the recovery code may come after the next code.
        let codes = async || {
            let mut messages = city.mails(&phone).await;
            messages.retain(|message| message["text"].as_str().is_some_and(|text| text.contains('#')));
            messages
        };
        let before = codes().await.len();
        let browser = asha.signed_out();
        let sent = browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
        let message = city.until(async || Some(codes().await).filter(|codes| codes.len() > before)).await;
        let (_, code) = message[0]["text"].as_str().and_then(|text| text.rsplit_once('#')).expect("a code");
        let code = json!({ "challenge_id": sent.body["challenge_id"], "code": code });
        let half = browser.post("/v1/auth/verify-otp", code).await.is(202);
        let mut proof = proof;
        if proof == json!({}) {
            proof["totp"] = json!(app.shows(city.now().await));
        }
        proof["sign_in_id"] = half.body["sign_in_id"].clone();
        browser.post("/v1/auth/verify-factor", proof).await.is(200);
    }
    use_passkey(city).await;
    let factors = asha.browser().get("/v1/account/factors").await.is(200);
    asha.browser().post("/v1/account/recovery-codes", json!({})).await.is(201);
    let id = factors.body["items"][0]["factor_id"].as_str().expect("an id").to_owned();
    asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is(204);
}

/// Signs up and in at a provider, with and without a second factor, links it to another account, and takes it away.
async fn use_provider(city: &City, provider: &Provider) {
    for subject in ["asha", "ravi"] {
        let email = format!("{subject}@home.example");
        provider.knows(subject, json!({ "email": email, "email_verified": true })).await;
    }
    let asha = Person::new(city.stranger(), "asha");
    asha.keep(&sign_in(&asha.signed_out(), "home", provider, "asha").await.is(200).body["tokens"]);
    sign_in(&asha.signed_out(), "home", provider, "asha").await.is(200);
    asha.protect(city).await;
    sign_in(&asha.signed_out(), "home", provider, "asha").await.is(202);
    let ravi = city.customer("ravi").await;
    link(&ravi.browser(), "home", provider, "ravi").await.is(204);
    let identities = ravi.browser().get("/v1/account/identities").await.is(200);
    let id = identities.body["items"][0]["identity_id"].as_str().expect("an id").to_owned();
    ravi.browser().delete(&format!("/v1/account/identities/{id}")).await.is(204);
}

/// Uploads what everybody and what nobody else may see, and has it shown, replaced, taken away, found harmful, given up
/// and left without an owner.
async fn use_media(city: &City) {
    let photo = corpus::small_photo();
    let asha = city.customer("asha").await;
    let upload = async |purpose: &str| {
        let media = asha.upload(city, purpose, "image/jpeg", &photo).await;
        (media["media_id"].as_str().expect("an id").to_owned(), media)
    };
    let delete = async |id: &str| asha.browser().delete(&format!("/v1/media/{id}")).await.is(204);
    let show = async |id: &str| asha.browser().patch("/v1/account", json!({ "avatar": id })).await.is(200);
    let (first, _) = upload("avatar").await;
    show(&first).await;
    let (second, _) = upload("avatar").await;
    show(&second).await;
    delete(&second).await;
    let (paper, media) = upload("document").await;
    assert_eq!(city.fetch(&media["picture"]["variants"][0]["url"]).await.0, 200);
    delete(&paper).await;
    for purpose in ["avatar", "document"] {
        let (harmful, _) = upload(purpose).await;
        if purpose == "avatar" {
            show(&harmful).await;
        }
        city.run("MediaWithdrawThreat", verdict(&harmful, "1", "THREATS_FOUND")).await;
    }
    for purpose in ["portfolio", "document"] {
        // Taken away while it is looked at, and when the bucket does not answer.
        let form = asha.announce(purpose, "image/jpeg", &photo).await;
        let id = form["media_id"].as_str().expect("an id");
        city.misbehave(
            json!([{ "service": "s3", "action": "PutObject", "every": 1, "do": "delay", "ms": 800 }]),
        )
        .await;
        city.post_form(&form, photo.clone()).await;
        city.until(async || (asha.media(id).await.body["state"] == "processing").then_some(())).await;
        delete(id).await;
        city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        let (stays, _) = upload(purpose).await;
        city.misbehave(json!([{ "service": "s3", "action": "DeleteObject", "every": 1, "do": "fail" }]))
            .await;
        delete(&stays).await;
        city.behave().await;
    }
    // In parts, and given up halfway.
    let film = corpus::video::Film::default().file();
    let video = asha.upload_in_parts(city, "portfolio", "video/mp4", &film).await;
    delete(video["media_id"].as_str().expect("an id")).await;
    let begun = asha.begin("portfolio", "video/mp4", &film).await;
    let id = begun["media_id"].as_str().expect("an id");
    let parts = asha.parts(id).await.is(200).body;
    assert_eq!(city.put_part(&parts["parts"][0], &film).await.0, 200);
    delete(id).await;
    // It arrives, and is gone before it is looked at; and another is never judged.
    let gone = asha.announce("chat", "image/jpeg", &photo).await;
    city.run("MediaProcessUpload", arrival(gone["media_id"].as_str().expect("an id"), "gone")).await;
    let form = asha.announce("chat", "image/jpeg", &photo).await;
    let rule = json!([{
        "service": "s3", "action": "PutObject", "function": "MediaProcessUpload", "every": 1, "do": "crash",
    }]);
    city.misbehave(rule).await;
    city.post_form(&form, photo.clone()).await;
    city.until(async || (city.look("chaos").await["rules"][0]["struck"] != 0).then_some(())).await;
    city.advance("PT2H1M").await;
    city.run("MediaCleanUp", json!({})).await;
    city.behave().await;
    for key in ["public/nobody/x.jpg", "private/nobody/x.jpg"] {
        city.put_file(key, b"of nobody").await;
    }
    city.run("MediaFindOrphans", json!({})).await;
}

/// A professional applies, is looked at, and is found; each reads the pictures that they are told of.
async fn use_marketplace(city: &City) {
    let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
    let photo = corpus::small_photo();
    let see = async |shown: &Value| {
        assert_eq!(city.fetch(&shown["picture"]["variants"][0]["url"]).await.0, 200, "{shown}");
    };
    let work = ravi.upload(city, "portfolio", "image/jpeg", &photo).await;
    let told = ravi.tells(json!({ "portfolio": [work["media_id"]] })).await;
    see(&told["portfolio"][0]).await;
    let submitted = ravi.applies(city, &photo).await;
    see(&submitted["portfolio"][0]).await;
    see(&ravi.browser().get("/v1/professional").await.is(200).body["portfolio"][0]).await;
    let list = meera.browser().get("/v1/admin/applications").await.is(200);
    let id = list.body["items"][0]["professional_id"].as_str().expect("an id");
    let seen = meera.browser().get(&format!("/v1/admin/applications/{id}")).await.is(200);
    see(&seen.body["professional"]["portfolio"][0]).await;
    see(&seen.body["papers"][0]).await;
    meera.decides(&submitted, json!({ "decision": "approve" })).await.is(200);
    let all = meera.browser().get("/v1/admin/categories").await.is(200).body;
    let mut edit = all["items"][0].clone();
    let path = format!("/v1/admin/categories/{}", edit["id"].as_str().expect("an id"));
    edit.as_object_mut().expect("fields").remove("id");
    edit["cancellation_policy"] = json!("strict");
    meera.browser().put(&path, edit).await.is(200);
    city.stranger().get("/v1/categories").await.is(200);
    let service = ravi.offers(offer()).await;
    let path = format!("/v1/professional/services/{}", service["service_id"].as_str().expect("an id"));
    ravi.browser().put(&path, offer()).await.is(200);
    ravi.browser().get("/v1/professional/services").await.is(200);
    city.stranger().get(&format!("/v1/professionals/{id}/services")).await.is(200);
    ravi.browser().put("/v1/professional/availability", plan()).await.is(200);
    ravi.browser().get("/v1/professional/availability").await.is(200);
    let from = city.now().await;
    let free = format!("free_from={from}&free_to={}", from + jiff::SignedDuration::from_hours(14 * 24));
    let query = "/v1/professionals?category=tap-repair&pin_code=411038";
    let free = format!("{query}&{free}");
    wait_until(async || !city.stranger().get(&free).await.is(200).body["items"][0].is_null()).await;
    city.stranger().get(&free.replace("professionals", "services")).await.is(200);
    ravi.browser().put("/v1/professional/availability", open_plan()).await.is(200);
    use_jobs(city, &ravi, &meera).await;
    use_bookings(city, &ravi, &meera, (id, service["service_id"].as_str().expect("an id"))).await;
    ravi.browser().delete(&path).await.is(204);
    ravi.tells(json!({ "categories": ["drain-blockage"] })).await;
    wait_until(async || city.stranger().get(query).await.is(200).body["items"][0].is_null()).await;
    let found = city.stranger().get(&format!("/v1/professionals/{id}")).await.is(200);
    see(&found.body["portfolio"][0]).await;
}

/// Somebody books a professional: a time that another let go, and then another; they are absent, and staff decides.
async fn use_bookings(city: &City, ravi: &Person, meera: &Person, (id, service): (&str, &str)) {
    ravi.browser().put("/v1/professional/availability", open_plan()).await.is(200);
    let [asha, kiran] = [city.customer("asha").await, city.customer("kiran").await];
    let (id, service) = (id.to_owned(), service.to_owned());
    let person = city.customer("nobody").await;
    let plumber = Plumber { person, professional_id: id, service_id: service };
    let slots = plumber.slots(city).await;
    asha.books("a", plumber.order(&slots[10])).await.is(201);
    // He says where his earnings go: what he is paid for from now on is set aside for him.
    ravi.sign_in().await;
    ravi.can_be_paid(city).await;
    // Before the schedule comes by: whoever books takes the hold away.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketLapseBookings", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT10M1S").await;
    let made = kiran.books("a", plumber.order(&slots[10])).await.is(201).body;
    city.behave().await;
    kiran.pays(city, &made).await;
    let path = format!("/v1/bookings/{}", made["booking_id"].as_str().expect("an id"));
    let moved = kiran.browser().post(&format!("{path}/reschedule"), json!({ "starts_at": slots[30] })).await;
    let begins: jiff::Timestamp = moved.is(200).text("starts_at").parse().expect("a time");
    kiran.browser().get("/v1/bookings").await.is(200);
    ravi.browser().get("/v1/professional/bookings").await.is(200);
    city.advance(&format!("PT{}S", begins.duration_since(city.now().await).as_secs() + 1_000)).await;
    for person in [&kiran, ravi, meera] {
        person.comes_back().await;
    }
    ravi.does(&made, json!({ "event": "set_off" })).await.is(200);
    let right = kiran.sees(&made).await["start_code"].clone();
    let wrong = if right == "0000" { "1111" } else { "0000" };
    ravi.does(&made, json!({ "event": "start", "code": wrong })).await.is_problem(403, "wrong_code");
    ravi.does(&made, json!({ "event": "report_no_show" })).await.is(200);
    kiran.does(&made, json!({ "event": "dispute", "reason": "I was there." })).await.is(200);
    meera.browser().get("/v1/admin/disputes").await.is(200);
    let decision = json!({ "customer_pays": { "amount": 0, "currency": "INR" }, "reason": "We looked." });
    let path = path.replace("/v1/bookings", "/v1/admin/disputes");
    meera.browser().post(&format!("{path}/resolution"), decision).await.is(200);
    // To the next one he is asked, and then nobody comes.
    let mut asked = offer();
    asked["is_instant"] = json!(false);
    ravi.browser().put(&format!("/v1/professional/services/{}", plumber.service_id), asked).await.is(200);
    let slots = plumber.slots(city).await;
    let made = kiran.books("b", plumber.order(&slots[10])).await.is(201).body;
    ravi.does(&made, json!({ "event": "accept" })).await.is(200);
    // Razorpay tells of what was paid for it.
    let payment = kiran.asks_to_pay("b", &made).await.is(201).body;
    let razorpay = city.razorpay().await;
    razorpay.pays(&payment, "success@razorpay").await;
    wait_until(async || kiran.sees(&made).await["state"] == "confirmed").await;
    // And not of what is paid for the next one.
    asha.comes_back().await;
    let other = asha.books("c", plumber.order(&slots[20])).await.is(201).body;
    ravi.does(&other, json!({ "event": "accept" })).await.is(200);
    let payment = asha.asks_to_pay("c", &other).await.is(201).body;
    for to in ["wallet", "source"] {
        asha.wants_back(&payment, to).await.is(200);
    }
    city.misbehave(json!([{ "service": "razorpay_webhooks", "every": 1, "do": "lose" }])).await;
    razorpay.pays(&payment, "success@razorpay").await;
    city.advance("PT1M").await;
    city.reconciles().await;
    asha.sees_payment(&payment).await;
    asha.does(&other, json!({ "event": "cancel" })).await.is(200);
    city.reconciles().await;
    city.behave().await;
    // What is done has something to write about.
    let done = asha.books("d", plumber.order(&slots[24])).await.is(201).body;
    ravi.does(&done, json!({ "event": "accept" })).await.is(200);
    let paid = asha.pays(city, &done).await;
    // All that Razorpay did is accounted for, but for a paisa; and then that, too.
    city.captures_more(&paid, 1).await;
    city.advance("PT20M").await;
    city.run("OpsAuditGateway", json!({})).await;
    city.captures_more(&paid, -1).await;
    city.run("OpsAuditGateway", json!({})).await;
    ravi.finishes(city, &asha, &done).await;
    asha.does(&done, json!({ "event": "close" })).await.is(200);
    city.reconciles().await;
    city.numbers_invoices().await;
    let statement = asha.statement(&done).await;
    let invoice = statement["invoices"][0]["invoice_id"].as_str().expect("an invoice");
    asha.browser().get(&format!("/v1/invoices/{invoice}")).await.is(200);
    asha.browser().get(&format!("/v1/invoices/{invoice}/pdf")).await.is(200);
    for person in [ravi, &kiran, meera, &asha] {
        person.comes_back().await;
    }
    use_credits(city, meera, (&asha, ravi), (&plumber, &paid)).await;
    for person in [ravi, &kiran, meera] {
        person.comes_back().await;
    }
    use_reviews(city, (ravi, &kiran, meera), &plumber).await;
    city.run("MarketLapseBookings", json!({})).await;
    // The ledger of a day, and of the next one.
    for _ in 0..2 {
        city.advance("PT25H").await;
        city.run("OpsAuditLedger", json!({})).await;
    }
    ravi.comes_back().await;
}

/// Staff gives somebody credits, which pay for a booking; the rest of them expires.
async fn use_credits(
    city: &City,
    meera: &Person,
    (asha, ravi): (&Person, &Person),
    (plumber, paid): (&Plumber, &Value),
) {
    let usha = city.staff("usha").await;
    let expires_at = city.now().await + jiff::SignedDuration::from_hours(1);
    meera.gives("alone", asha, 60_000, Some(expires_at.to_string())).await.is(201);
    let proposed = meera.gives("together", asha, 200_000, None).await.is(201).body;
    usha.browser().get("/v1/admin/credits").await.is(200);
    usha.decides_credit(&proposed, "approve").await.is(200);
    // Some of what was paid before goes back: alone, and, where that is more than one gives in a day, together.
    meera.gives_back("back", (asha, paid), 100).await.is(201);
    meera.gives("much", asha, 120_000, None).await.is(201);
    let proposed = meera.gives_back("back-together", (asha, paid), 40_000).await.is(201).body;
    usha.decides_credit(&proposed, "approve").await.is(200);
    let slots = plumber.slots(city).await;
    let made = asha.books("credits", plumber.order(&slots[10])).await.is(201).body;
    ravi.does(&made, json!({ "event": "accept" })).await.is(200);
    assert_eq!(asha.asks_to_pay_by_credits("credits", &made).await.is(201).body["state"], "paid");
    asha.browser().get("/v1/account/wallet/entries").await.is(200);
    asha.does(&made, json!({ "event": "cancel" })).await.is(200);
    city.reconciles().await;
    assert!(asha.credits().await > 200_000);
    city.advance("PT200H").await;
    city.run("PaymentsExpireCredits", json!({})).await;
}

/// Somebody posts jobs: one is withdrawn, one finds nobody, one is booked and let go, and one is booked for the time that this held.
async fn use_jobs(city: &City, ravi: &Person, meera: &Person) {
    let lata = city.customer("lata").await;
    let photo = lata.upload(city, "job_photo", "image/jpeg", &corpus::small_photo()).await;
    let see = async |answer: &Answer| {
        let url = &answer.body["photos"][0]["variants"][0]["url"];
        assert_eq!(city.fetch(url).await.0, 200, "{answer:?}");
    };
    let mut ask = ask();
    ask["photos"] = json!([photo["media_id"]]);
    let begins = city.now().await + jiff::SignedDuration::from_hours(100);
    let terms = json!({
        "lines": [{ "name": "Washer", "price": { "amount": 10_000, "currency": "INR" } }],
        "starts_at": begins.to_string(), "duration": 60, "valid_until": begins.to_string(),
    });
    let mut jobs = Vec::new();
    for key in ["withdrawn", "lapses", "let-go", "booked"] {
        let job = lata.browser().with("idempotency-key", key).post("/v1/jobs", ask.clone()).await.is(201);
        let id = job.text("job_id");
        let offered = format!("/v1/professional/jobs/{id}");
        wait_until(async || ravi.browser().get(&offered).await.status == 200).await;
        see(&ravi.browser().get(&offered).await.is(200)).await;
        ravi.browser().put(&format!("{offered}/quote"), terms.clone()).await.is(200);
        jobs.push(id);
    }
    lata.browser().get("/v1/jobs").await.is(200);
    ravi.browser().get("/v1/professional/jobs").await.is(200);
    see(&lata.browser().post(&format!("/v1/jobs/{}/withdrawal", jobs[0]), json!({})).await.is(200)).await;
    let quote = lata.browser().get(&format!("/v1/jobs/{}", jobs[1])).await.is(200).body["quotes"][0].clone();
    let decline = json!({ "quote_id": quote["quote_id"] });
    lata.browser().post(&format!("/v1/jobs/{}/decline", jobs[1]), decline).await.is(200);
    ravi.browser().put(&format!("/v1/professional/jobs/{}/quote", jobs[1]), terms.clone()).await.is(200);
    ravi.browser().delete(&format!("/v1/professional/jobs/{}/quote", jobs[1])).await.is(204);
    let accept = async |job: &str| {
        let seen = lata.browser().get(&format!("/v1/jobs/{job}")).await.is(200);
        see(&seen).await;
        let body = json!({ "quote_id": seen.body["quotes"][0]["quote_id"] });
        let accept = format!("/v1/jobs/{job}/acceptance");
        lata.browser().with("idempotency-key", job).post(&accept, body).await.is(201).body
    };
    accept(&jobs[2]).await;
    // Before the schedule comes by: who accepts another takes the hold away.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketLapseBookings", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT12H1S").await;
    lata.comes_back().await;
    let made = accept(&jobs[3]).await;
    city.behave().await;
    lata.does(&made, json!({ "event": "cancel" })).await.is(200);
    city.advance("PT336H").await;
    city.run("MarketLapseJobs", json!({})).await;
    for person in [ravi, meera] {
        person.comes_back().await;
    }
}

/// Work is done, and talked about: of the first both speak, of the others one does, and the time for the other passes.
async fn use_reviews(city: &City, (ravi, kiran, meera): (&Person, &Person, &Person), plumber: &Plumber) {
    let slots = plumber.slots(city).await;
    let mut paths = Vec::new();
    for (key, slot) in [("c", &slots[20]), ("d", &slots[30]), ("e", &slots[40]), ("f", &slots[50])] {
        let made = kiran.books(key, plumber.order(slot)).await.is(201).body;
        ravi.does(&made, json!({ "event": "accept" })).await.is(200);
        kiran.does(&made, json!({ "event": "confirm" })).await.is(200);
        ravi.finishes(city, kiran, &made).await;
        let path = format!("/v1/bookings/{}/reviews", made["booking_id"].as_str().expect("an id"));
        kiran.browser().post(&path, json!({ "stars": 5 })).await.is(200);
        if key == "c" {
            ravi.browser().post(&path, json!({ "stars": 4 })).await.is(200);
        }
        kiran.browser().get(&path).await.is(200);
        paths.push(path);
    }
    // Before the schedule comes by: whoever answers shows it.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketShowReviews", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT168H").await;
    for person in [ravi, meera] {
        person.comes_back().await;
    }
    ravi.browser().post(&format!("{}/reply", paths[1]), json!({ "text": "Thank you." })).await.is(200);
    ravi.browser().post(&format!("{}/report", paths[2]), json!({ "reason": "Not me." })).await.is(200);
    city.behave().await;
    city.run("MarketShowReviews", json!({})).await;
    wait_until(async || !meera.browser().get("/v1/admin/reports").await.is(200).body["items"][0].is_null())
        .await;
    let path = paths[2].replace("/v1/bookings", "/v1/admin/reports").replace("/reviews", "/decision");
    meera.browser().post(&path, json!({ "by": "customer", "decision": "remove" })).await.is(200);
    let list = city.stranger().get(&format!("/v1/professionals/{}/reviews", plumber.professional_id)).await;
    assert_eq!(list.is(200).body["items"].as_array().map(Vec::len), Some(3));
}

/// Plays everything there is once, and then asks which permissions nobody needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_permission_is_granted_in_vain() {
    let provider = Provider::start(STRICT).await;
    let city = city_with(&[("home", &provider)]).await;
    let asha = city.registered("asha").await;
    let again = json!({ "email": asha.email, "registration_id": asha.registration_id() });
    city.stranger().post("/v1/auth/send-verification", again).await.is(202);
    city.mail(&asha.email, 2).await;
    asha.verify(&city.link(&asha.email, "verify-email").await).await;
    city.outdate_password(&asha).await;
    asha.sign_in().await;
    let first = asha.refresh_token();
    asha.keep(&asha.exchange(&first).await.is(200).body);
    city.advance("PT11S").await;
    asha.exchange(&first).await.is_problem(401, "invalid_refresh_token");
    asha.sign_in().await;
    asha.browser().get("/v1/account").await.is(200);
    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    asha.browser().get("/v1/account/sessions").await.is(200);
    let other = asha.on_another_device(&city).await;
    let sessions = asha.browser().get("/v1/account/sessions").await.is(200);
    let items = sessions.body["items"].as_array().unwrap();
    let id = items.iter().find(|item| item["current"] == false).unwrap()["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    asha.browser().delete(&format!("/v1/account/sessions/{id}")).await.is(204);
    other
        .signed_out()
        .post("/v1/auth/logout", json!({ "refresh_token": other.refresh_token() }))
        .await
        .is(204);
    let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
    asha.browser().post("/v1/auth/change-password", change).await.is(204);
    asha.sign_in().await;
    let move_on = json!({ "email": "new@example.com", "password": PASSWORD });
    asha.browser().post("/v1/account/email", move_on).await.is(202);
    let token = city.link("new@example.com", "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    asha.browser().delete("/v1/account/sessions").await.is(204);
    let token = city.link(&asha.email, "revert-email").await;
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 7).await;
    let reset = json!({ "token": city.link(&asha.email, "reset-password").await, "new_password": PASSWORD });
    city.stranger().post("/v1/auth/reset-password", reset).await.is(204);
    city.stranger().get("/v1/health").await.is(200);
    city.stranger().get("/.well-known/jwks.json").await.is(200);
    city.run("OpsRotateKeys", json!({ "force": true })).await;
    city.run("OpsGrantStaff", json!({ "email": asha.email, "role": null })).await;
    // First: the provider's clock is the real one, and the city's goes up to an hour ahead with the phones.
    use_provider(&city, &provider).await;
    use_phones(&city).await;
    use_factors(&city).await;
    use_media(&city).await;
    use_marketplace(&city).await;
    // The sweeper does what the stream could not.
    let (kiran, _) = city.phone_customer().await;
    city.misbehave(json!([{ "service": "dynamodb", "function": "NotifyDeliver", "every": 1, "do": "fail" }]))
        .await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    kiran.protect(&city).await;
    city.stranger().post("/v1/auth/send-otp", json!({ "phone": number() })).await.is(202);
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.mail(&asha.email, 9).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    let ravi = city.registered("ravi").await;
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.advance("PT1H").await;
    city.run("NotifySweep", json!({})).await;
    city.mail(&ravi.email, 1).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    city.registered("meera").await;
    for _ in 0..12 {
        city.advance("PT1H").await;
        city.run("NotifySweep", json!({})).await;
    }
    city.behave().await;
    assert_eq!(city.run("NotifyResend", json!({})).await["revived"], 1);

    let unused = city.look("permissions").await;
    let granted = unused["unused"].as_array().unwrap_or_else(|| panic!("{unused:#}"));
    // Queues have no engine here (the deploy test sees a dead letter arrive), and a Redis on one machine knows no IAM.
    let unseen = [json!(["sqs:SendMessage"]), json!(["elasticache:Connect"])];
    let in_vain: Vec<_> = granted.iter().filter(|grant| !unseen.contains(&grant["actions"])).collect();
    assert!(in_vain.is_empty(), "{in_vain:#?}");
}
