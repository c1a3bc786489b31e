//! The sandbox of Razorpay: what its own clients make of it, and what it does when it misbehaves.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, response::Html, routing};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::city::{City, razorpay_signature, root, tool, wait_until};

/// What a shop was told.
#[derive(Clone, Debug)]
struct Heard {
    body: String,
    signature: String,
    event_id: String,
}

impl Heard {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn is_signed_by(&self, secret: &str) -> bool {
        razorpay_signature(secret, &self.body) == self.signature
    }
}

/// What a shop answers, and what it was told.
#[derive(Clone)]
struct Ear {
    answer: Arc<Mutex<StatusCode>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    page: Arc<Mutex<String>>,
}

/// Somebody who takes payments: a client of the sandbox, and who it tells.
struct Shop {
    city: City,
    http: reqwest::Client,
    url: String,
    key: String,
    secret: String,
    ear: Ear,
    address: String,
}

const WEBHOOK_SECRET: &str = "a secret of the webhook";
const EVENTS: [&str; 10] = [
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "order.paid",
    "refund.created",
    "refund.processed",
    "refund.failed",
    "transfer.processed",
    "transfer.failed",
    "settlement.processed",
];

impl Shop {
    async fn open(city: City) -> Self {
        let ear =
            Ear { answer: Arc::new(Mutex::new(StatusCode::OK)), heard: Arc::default(), page: Arc::default() };
        let hear = async |State(ear): State<Ear>, headers: HeaderMap, body: String| {
            let header = |name: &str| headers[name].to_str().expect("text").to_owned();
            let (signature, event_id) = (header("x-razorpay-signature"), header("x-razorpay-event-id"));
            // Who sees that it was heard may have the next one answered in another way.
            let answer = *ear.answer.lock().expect("an answer");
            ear.heard.lock().expect("a list").push(Heard { body, signature, event_id });
            answer
        };
        let page = async |State(ear): State<Ear>| Html(ear.page.lock().expect("a page").clone());
        let router = Router::new()
            .route("/webhook", routing::post(hear))
            .route("/shop", routing::get(page))
            .with_state(ear.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let shown = city.look("razorpay").await;
        let text = |name: &str| shown[name].as_str().expect("text").to_owned();
        let (url, key, secret) = (text("url"), text("key_id"), text("key_secret"));
        let shop = Self { city, http: reqwest::Client::new(), url, key, secret, ear, address };
        // The marketplace is told of nothing.
        let theirs = id(&shop.webhook_at("/v1/webhooks/razorpay").await);
        shop.call("PUT", &format!("/v1/webhooks/{theirs}"), json!({ "active": false })).await.ok();
        shop
    }

    async fn webhook_at(&self, path: &str) -> Value {
        let webhooks = self.get("/v1/webhooks").await;
        let is_it = |webhook: &&Value| webhook["url"].as_str().is_some_and(|url| url.ends_with(path));
        webhooks["items"].as_array().expect("a list").iter().find(is_it).expect("it is there").clone()
    }

    /// Its webhook, as it is.
    async fn webhook(&self) -> Value {
        self.webhook_at("/webhook").await
    }

    /// With a webhook.
    async fn new() -> Self {
        let shop = Self::open(City::new().await).await;
        let webhook =
            json!({ "url": format!("{}/webhook", shop.address), "secret": WEBHOOK_SECRET, "events": EVENTS });
        shop.call("POST", "/v1/webhooks", webhook).await.ok();
        shop
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Told {
        self.try_call(method, path, body, None).await.expect("an answer")
    }

    async fn try_call(&self, method: &str, path: &str, body: Value, key: Option<&str>) -> Option<Told> {
        let request = self.http.request(method.parse().expect("a method"), format!("{}{path}", self.url));
        let request = request.basic_auth(&self.key, Some(&self.secret));
        let request = if body.is_null() { request } else { request.json(&body) };
        let request = match key {
            Some(key) => request.header("x-refund-idempotency", key),
            None => request,
        };
        let answer = request.send().await.ok()?;
        Some(Told { status: answer.status().as_u16(), body: answer.json().await.expect("JSON") })
    }

    async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.ok()
    }

    async fn order(&self, amount: i64, captures: bool) -> String {
        let order = json!({ "amount": amount, "currency": "INR", "payment_capture": captures });
        id(&self.call("POST", "/v1/orders", order).await.ok())
    }

    async fn pay(&self, order: &str, vpa: &str) -> Told {
        let payment = json!({ "order_id": order, "method": "upi", "upi": { "vpa": vpa } });
        self.call("POST", "/v1/payments/create/upi", payment).await
    }

    /// A linked account that can get money.
    async fn account(&self, told: &Value, number: &str) -> String {
        let account = id(&self.call("POST", "/v2/accounts", told.clone()).await.ok());
        let products = format!("/v2/accounts/{account}/products");
        let route = json!({ "product_name": "route", "tnc_accepted": true });
        let product = id(&self.call("POST", &products, route).await.ok());
        let settlements = json!({ "settlements": {
            "account_number": number, "ifsc_code": "HDFC0000317", "beneficiary_name": "Ravi Patil",
        } });
        self.call("PATCH", &format!("{products}/{product}"), settlements).await.ok();
        self.city.advance("PT1S").await;
        account
    }

    /// An order that is paid and captured; the payment's id.
    async fn paid(&self, amount: i64) -> String {
        let order = self.order(amount, true).await;
        let paid = self.pay(&order, "success@razorpay").await.ok();
        paid["razorpay_payment_id"].as_str().expect("an id").to_owned()
    }

    fn heard(&self) -> Vec<Heard> {
        self.ear.heard.lock().expect("a list").clone()
    }

    /// What was told of an event.
    fn heard_of(&self, event: &str) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.event()["event"] == event).collect()
    }

    /// Waits until nothing is left to be told.
    async fn all_is_told(&self) {
        wait_until(async || self.city.look("razorpay").await["waiting"] == 0).await;
    }

    fn answers(&self, status: u16) {
        *self.ear.answer.lock().expect("an answer") = StatusCode::from_u16(status).expect("a status");
    }
}

/// An answer of the sandbox.
#[derive(Debug)]
struct Told {
    status: u16,
    body: Value,
}

impl Told {
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    fn is_refused(&self, words: &str) {
        let error = &self.body["error"];
        assert_eq!((self.status, &error["code"]), (400, &json!("BAD_REQUEST_ERROR")), "{self:?}");
        assert!(error["description"].as_str().expect("text").contains(words), "{self:?}");
    }
}

fn id(entity: &Value) -> String {
    entity["id"].as_str().expect("an id").to_owned()
}

/// Runs an official client; the payment that it made.
async fn run_client(shop: &Shop, mut client: Command) -> String {
    let paid = shop.paid(10_000).await;
    wait_until(async || shop.heard_of("payment.captured").len() == 1).await;
    let heard = shop.heard_of("payment.captured").remove(0);
    assert_eq!(heard.event()["payload"]["payment"]["entity"]["id"], *paid);
    let client = client.args([&shop.url, &shop.key, &shop.secret]);
    let mut child = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let told = format!("{}\n{WEBHOOK_SECRET}\n{}", heard.signature, heard.body);
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = tokio::task::spawn_blocking(move || {
        std::io::Write::write_all(&mut stdin, told.as_bytes()).expect("it reads");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    });
    let output = output.await.expect("a thread");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn script(name: &str) -> std::path::PathBuf {
    root().join("tests/src/razorpay").join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn razorpays_own_client_for_python_works() {
    let shop = Shop::new().await;
    let mut python = Command::new(tool("CONNECTO_RAZORPAY_PYTHON", "razorpay-2").join("bin/python"));
    python.arg(script("client.py"));
    let paid = run_client(&shop, python).await;
    wait_until(async || shop.heard_of("refund.processed").len() == 2).await;
    let refunded = shop.heard_of("refund.processed").into_iter().map(|heard| heard.event());
    let of = refunded.map(|event| event["payload"]["refund"]["entity"]["payment_id"].clone());
    assert!(of.into_iter().all(|id| id == *paid));
    wait_until(async || shop.heard_of("transfer.processed").len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn razorpays_own_client_for_node_works() {
    let shop = Shop::new().await;
    let mut node = Command::new("node");
    node.arg(script("client.mjs")).arg(tool("CONNECTO_RAZORPAY_NODE", "razorpay-node-"));
    let paid = run_client(&shop, node).await;
    wait_until(async || shop.heard_of("order.paid").len() == 2).await;
    let of_order = shop.heard_of("order.paid").into_iter().map(|heard| heard.event());
    let of_order = of_order.map(|event| event["payload"]["payment"]["entity"]["id"].clone());
    assert!(of_order.into_iter().any(|id| id == *paid));
    wait_until(async || shop.heard_of("payment.failed").len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_key_gets_nothing() {
    let shop = Shop::new().await;
    let order = shop.order(10_000, true).await;
    let url = format!("{}/v1/orders/{order}", shop.url);
    for request in [
        shop.http.get(&url),
        shop.http.get(&url).basic_auth(&shop.key, Some("guessed")),
        shop.http.get(&url).basic_auth("rzp_test_0", Some(&shop.secret)),
        shop.http.get(&url).bearer_auth(&shop.secret),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    assert_eq!(shop.call("GET", "/v1/nothing", Value::Null).await.status, 404);
    let pay =
        [("key_id", "rzp_test_0"), ("order_id", &order), ("method", "upi"), ("vpa", "success@razorpay")];
    let pay = form(&pay);
    let request = shop.http.post(format!("{}/v1/payments/create/checkout", shop.url)).body(pay);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(shop.get(&format!("/v1/orders/{order}")).await["attempts"], 0);
}

fn form(pairs: &[(&str, &str)]) -> String {
    reqwest::Url::parse_with_params("http://form", pairs).expect("a form").query().expect("pairs").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_told_again_by_the_secret_of_its_time() {
    let shop = Shop::new().await;
    let webhook = id(&shop.webhook().await);
    shop.answers(500);
    shop.paid(10_000).await;
    wait_until(async || shop.heard().len() == 3).await;
    let edit = json!({ "secret": "another", "events": EVENTS });
    shop.call("PUT", &format!("/v1/webhooks/{webhook}"), edit).await.ok();
    shop.city.advance("PT1M").await;
    wait_until(async || shop.heard().len() == 6).await;
    let heard = shop.heard();
    for again in &heard[3..] {
        let first = heard[..3].iter().find(|one| one.event_id == again.event_id).expect("told before");
        assert_eq!((&first.body, &first.signature), (&again.body, &again.signature));
        assert!(again.is_signed_by(WEBHOOK_SECRET));
    }
    // Who takes it is told no more of it, and of what comes next by the new secret.
    shop.answers(200);
    shop.city.advance("PT2M").await;
    shop.all_is_told().await;
    assert_eq!(shop.heard().len(), 9);
    shop.city.advance("PT24H").await;
    shop.paid(10_000).await;
    shop.all_is_told().await;
    assert_eq!(shop.heard().len(), 12);
    assert!(shop.heard()[9..].iter().all(|one| one.is_signed_by("another")));
    // What one does not take for a day is told no more; who takes other things meanwhile is not switched off for that.
    shop.answers(500);
    shop.paid(10_000).await;
    wait_until(async || shop.heard().len() == 15).await;
    shop.answers(200);
    shop.paid(10_000).await;
    wait_until(async || shop.heard().len() == 18).await;
    shop.answers(500);
    shop.city.advance("PT25H").await;
    shop.all_is_told().await;
    assert_eq!(shop.webhook().await["active"], true);
    // Who takes nothing at all is told nothing any more.
    let before = shop.heard().len();
    shop.paid(10_000).await;
    wait_until(async || shop.heard().len() == before + 3).await;
    shop.city.advance("PT25H").await;
    wait_until(async || shop.webhook().await["active"] == false).await;
    shop.all_is_told().await;
    let before = shop.heard().len();
    shop.paid(10_000).await;
    assert_eq!(shop.city.look("razorpay").await["waiting"], 0);
    assert_eq!(shop.heard().len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_come_twice_late_or_never_where_that_is_asked_for() {
    let shop = Shop::new().await;
    let rule = |event: &str, what: &str| json!({ "service": "razorpay_webhooks", "action": event, "every": 1, "do": what, "ms": 60_000 });
    shop.city
        .misbehave(json!([
            rule("payment.authorized", "lose"),
            rule("payment.captured", "duplicate"),
            rule("order.paid", "delay"),
        ]))
        .await;
    shop.paid(10_000).await;
    wait_until(async || shop.heard_of("payment.captured").len() == 2).await;
    let twice = shop.heard_of("payment.captured");
    assert_eq!(twice[0].event_id, twice[1].event_id);
    assert_eq!(shop.heard().len(), 2);
    shop.city.advance("PT1M1S").await;
    wait_until(async || shop.heard_of("order.paid").len() == 1).await;
    assert_eq!(shop.heard_of("payment.authorized").len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_fail_before_or_after_they_did_something() {
    let shop = Shop::new().await;
    let paid = shop.paid(10_000).await;
    let rules = |action: &str, what: &str| json!([{ "service": "razorpay", "action": action, "every": 1, "do": what }]);
    let order = |receipt: &str| json!({ "amount": 10_000, "currency": "INR", "receipt": receipt });
    let by_receipt = async |receipt: &str| {
        shop.get(&format!("/v1/orders?receipt={receipt}")).await["count"].as_u64().unwrap()
    };
    for (what, status, there) in [
        ("throttle", Some(429), 0),
        ("fail", Some(502), 0),
        ("fail_after", Some(502), 1),
        ("drop_reply", None, 1),
    ] {
        shop.city.misbehave(rules("orders.create", what)).await;
        let told = shop.try_call("POST", "/v1/orders", order(what), None).await;
        assert_eq!(told.map(|told| told.status), status, "{what}");
        assert_eq!(by_receipt(what).await, there, "{what}");
    }
    // Who does not wait for the answer has it done all the same.
    let slow =
        json!([{ "service": "razorpay", "action": "orders.create", "every": 1, "do": "delay", "ms": 5_000 }]);
    shop.city.misbehave(slow).await;
    let impatient = shop.http.post(format!("{}/v1/orders", shop.url)).json(&order("slow"));
    let impatient = impatient.basic_auth(&shop.key, Some(&shop.secret));
    let waited = std::time::Duration::from_millis(300);
    assert!(impatient.timeout(waited).send().await.unwrap_err().is_timeout());
    assert_eq!(by_receipt("slow").await, 1);
    // A refund with a key is made once, however often it is asked for.
    shop.city.misbehave(rules("payments.refund", "conflict")).await;
    let path = format!("/v1/payments/{paid}/refund");
    assert_eq!(shop.call("POST", &path, json!({ "amount": 4_000 })).await.status, 409);
    shop.city.misbehave(rules("payments.refund", "fail_after")).await;
    let refund = async |body: Value, key: &str| {
        let path = format!("/v1/payments/{paid}/refund");
        shop.try_call("POST", &path, body, Some(key)).await.unwrap()
    };
    let part = json!({ "amount": 4_000 });
    assert_eq!(refund(part.clone(), "refund-of-booking").await.status, 502);
    shop.city.behave().await;
    let made = refund(part.clone(), "refund-of-booking").await.ok();
    assert_eq!(made["amount"], 4_000);
    refund(json!({ "amount": 4_001 }), "refund-of-booking").await.is_refused("same idempotency key");
    refund(part, "short").await.is_refused("not valid");
    assert_eq!(shop.get(&format!("/v1/payments/{paid}")).await["amount_refunded"], 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_is_not_final_and_what_nobody_captures_goes_back() {
    let shop = Shop::new().await;
    let order = shop.order(10_000, false).await;
    let late = shop.pay(&order, "late@razorpay").await.ok();
    let late = format!("/v1/payments/{}", late["razorpay_payment_id"].as_str().unwrap());
    assert_eq!(shop.get(&late).await["status"], "failed");
    shop.city.advance("PT10M").await;
    wait_until(async || shop.get(&late).await["status"] == "authorized").await;
    wait_until(async || shop.heard().len() == 2).await;
    // Another one is paid meanwhile: the late one cannot be had any more.
    let other = shop.pay(&order, "success@razorpay").await.ok();
    let other = format!("/v1/payments/{}", other["razorpay_payment_id"].as_str().unwrap());
    let capture = json!({ "amount": 10_000, "currency": "INR" });
    shop.call("POST", &format!("{other}/capture"), capture.clone()).await.ok();
    shop.call("POST", &format!("{late}/capture"), capture).await.is_refused("already done");
    shop.city.advance("PT72H").await;
    wait_until(async || shop.get(&late).await["status"] == "refunded").await;
    assert_eq!(shop.get(&late).await["captured"], false);
    assert_eq!(shop.get(&other).await["status"], "captured");
    shop.city.advance("PT1S").await;
    wait_until(async || shop.heard_of("refund.processed").len() == 1).await;
    // A bank may refuse what it is given back.
    let order = shop.order(10_000, true).await;
    let paid = shop.pay(&order, "norefund@razorpay").await.ok();
    let paid = format!("/v1/payments/{}", paid["razorpay_payment_id"].as_str().unwrap());
    shop.call("POST", &format!("{paid}/refund"), json!({})).await.ok();
    shop.city.advance("PT1S").await;
    wait_until(async || shop.heard_of("refund.failed").len() == 1).await;
    let found = shop.get(&paid).await;
    assert_eq!((&found["status"], &found["amount_refunded"]), (&json!("captured"), &json!(0)));
    // Nor is what nobody captured captured by that.
    let order = shop.order(10_000, false).await;
    let paid = shop.pay(&order, "norefund@razorpay").await.ok();
    let paid = format!("/v1/payments/{}", paid["razorpay_payment_id"].as_str().unwrap());
    shop.city.advance("PT72H").await;
    shop.city.advance("PT1S").await;
    wait_until(async || shop.heard_of("refund.failed").len() == 2).await;
    let found = shop.get(&paid).await;
    assert_eq!((&found["status"], &found["captured"]), (&json!("authorized"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_held_until_its_time_and_no_more_is_shared_than_was_paid() {
    let shop = Shop::new().await;
    let told = json!({
        "email": "ravi@example.com", "phone": "9999900002", "type": "route",
        "legal_business_name": "Ravi Patil", "business_type": "individual",
    });
    let account = shop.account(&told, "123456789012").await;
    shop.call("POST", "/v2/accounts", told.clone()).await.is_refused("already exists");
    let mut nameless = told.clone();
    nameless.as_object_mut().unwrap().remove("legal_business_name");
    shop.call("POST", "/v2/accounts", nameless).await.is_refused("legal business name");
    for (field, value, why) in [
        ("legal_business_name", json!("Om"), "legal business name"),
        ("reference_id", json!("1"), "Route code"),
        ("legal_info", json!({ "pan": "ABCPE1234F" }), "pan"),
    ] {
        let mut wrong = told.clone();
        (wrong["email"], wrong[field]) = (json!("meera@example.com"), value);
        shop.call("POST", "/v2/accounts", wrong).await.is_refused(why);
    }
    let path = format!("/v2/accounts/{account}");
    shop.call("PATCH", &path, json!({ "business_type": "llp" })).await.is_refused("business_type");
    let paid = shop.paid(10_000).await;
    let until = shop.city.now().await.as_second() + 3_600;
    let share = |amount: i64, account: &str| {
        json!({ "transfers": [{
            "account": account, "amount": amount, "currency": "INR", "on_hold": true, "on_hold_until": until,
        }] })
    };
    let path = format!("/v1/payments/{paid}/transfers");
    shop.call("POST", &path, share(10_001, &account)).await.is_refused("greater");
    shop.call("POST", &path, share(1_000, "acc_00000000000000")).await.is_refused("does not exist");
    let made = shop.call("POST", &path, share(9_000, &account)).await.ok();
    let transfer = format!("/v1/transfers/{}", id(&made["items"][0]));
    shop.call("POST", &path, share(1_001, &account)).await.is_refused("greater");
    assert_eq!(shop.get(&transfer).await["settlement_status"], "on_hold");
    shop.city.advance("PT1H").await;
    wait_until(async || shop.get(&transfer).await["settlement_status"] == "pending").await;
    let reversal = format!("{transfer}/reversals");
    // Who cannot have it leaves it to others.
    let mut failing = told.clone();
    failing["email"] = json!("lata@example.com");
    let failing = shop.account(&failing, "123456789999").await;
    let nothing = json!({ "transfers": [{ "account": failing, "amount": 1_000, "currency": "INR" }] });
    let nothing = shop.call("POST", &path, nothing).await.ok();
    assert_eq!(nothing["items"][0]["status"], "pending");
    shop.city.advance("PT1S").await;
    wait_until(async || shop.heard_of("transfer.failed").len() == 1).await;
    assert_eq!(shop.get(&format!("/v1/payments/{paid}")).await["amount_transferred"], 9_000);
    shop.call("POST", &reversal, json!({ "amount": 9_001 })).await.is_refused("greater");
    shop.call("POST", &reversal, json!({ "amount": 99 })).await.is_refused("atleast");
    shop.call("POST", &reversal, json!({})).await.ok();
    shop.call("POST", &reversal, json!({})).await.is_refused("greater");
    assert_eq!(shop.get(&transfer).await["status"], "reversed");

    // Once the account's bank has it, it cannot be taken back; nor is more taken back than is given back.
    let paid = shop.paid(10_000).await;
    let path = format!("/v1/payments/{paid}/transfers");
    let now = json!({ "transfers": [
        { "account": account, "amount": 6_000, "currency": "INR", "on_hold": true },
        { "account": account, "amount": 3_000, "currency": "INR" },
    ] });
    let made = shop.call("POST", &path, now).await.ok();
    let [held, free] = [0, 1].map(|n| format!("/v1/transfers/{}", id(&made["items"][n])));
    shop.city.advance("PT1S").await;
    let refund = format!("/v1/payments/{paid}/refund");
    let part = json!({ "amount": 1_000, "reverse_all": true });
    shop.call("POST", &refund, part.clone()).await.is_refused("several");
    shop.city.advance("PT48H").await;
    assert_eq!(shop.get(&free).await["settlement_status"], "settled");
    shop.call("POST", &format!("{free}/reversals"), json!({})).await.is_refused("balance");
    assert_eq!(shop.get(&held).await["settlement_status"], "on_hold");
    shop.call("POST", &format!("{held}/reversals"), json!({ "amount": 1_000 })).await.ok();

    let paid = shop.paid(10_000).await;
    let path = format!("/v1/payments/{paid}/transfers");
    let one = json!({ "transfers": [{ "account": account, "amount": 6_000, "currency": "INR" }] });
    let one = id(&shop.call("POST", &path, one).await.ok()["items"][0]);
    shop.city.advance("PT1S").await;
    shop.call("POST", &format!("/v1/payments/{paid}/refund"), part).await.ok();
    assert_eq!(shop.get(&format!("/v1/transfers/{one}")).await["amount_reversed"], 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_known_yet_gets_nothing_and_one_key_is_one_transfer() {
    let shop = Shop::new().await;
    let told = json!({
        "email": "ravi@example.com", "phone": "9999900002", "type": "route",
        "legal_business_name": "Ravi Patil", "business_type": "individual",
    });
    let account = id(&shop.call("POST", "/v2/accounts", told).await.ok());
    let transfer = json!({ "account": account, "amount": 1_000, "currency": "INR" });
    shop.call("POST", "/v1/transfers", transfer.clone()).await.is_refused("not activated");
    let products = format!("/v2/accounts/{account}/products");
    let route = json!({ "product_name": "route", "tnc_accepted": true });
    let product = shop.call("POST", &products, route.clone()).await.ok();
    assert_eq!(shop.call("POST", &products, route).await.ok(), product);
    assert_eq!(product["requirements"].as_array().unwrap().len(), 3);
    let product = format!("{products}/{}", id(&product));
    let settlements = |number: &str, ifsc: &str| {
        json!({ "settlements": {
            "account_number": number, "ifsc_code": ifsc, "beneficiary_name": "Ravi Patil",
        } })
    };
    shop.call("PATCH", &product, settlements("123456789012", "HDFC317")).await.is_refused("ifsc");
    shop.call("PATCH", &product, settlements("123456780000", "HDFC0000317")).await.ok();
    shop.city.advance("PT1S").await;
    let unclear = shop.get(&product).await;
    assert_eq!(unclear["activation_status"], "needs_clarification");
    assert_eq!(unclear["requirements"][0]["field_reference"], "settlements.account_number");
    shop.call("PATCH", &product, settlements("123456789012", "HDFC0000317")).await.ok();
    shop.city.advance("PT1S").await;
    assert_eq!(shop.get(&product).await["activation_status"], "activated");

    let keyed = async |key: &str, amount: i64| {
        let mut body = transfer.clone();
        body["amount"] = json!(amount);
        let request = shop.http.post(format!("{}/v1/transfers", shop.url));
        let request = request.basic_auth(&shop.key, Some(&shop.secret)).header("x-transfer-idempotency", key);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let all = futures_util::future::join_all((0..20).map(|_| keyed("one-key", 1_000))).await;
    assert!(all.iter().all(|answer| *answer == all[0] && answer.0 == 200), "{all:?}");
    assert_eq!(keyed("one-key", 1_001).await.0, 400);
    assert_eq!(keyed("other-key", 1_000).await.0, 200);
    assert_eq!(keyed("k", 1_000).await.0, 400);
    shop.city.advance("PT1S").await;
    let one = shop.get(&format!("/v1/transfers/{}", id(&all[0].1))).await;
    assert_eq!((&one["status"], &one["fees"], &one["tax"]), (&json!("processed"), &json!(2), &json!(0)));
    assert_eq!(shop.get("/v1/transfers").await["count"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_refunds_at_once_no_more_is_given_back_than_was_paid() {
    let shop = Shop::new().await;
    let paid = shop.paid(10_000).await;
    let refund = async || {
        let told = shop.call("POST", &format!("/v1/payments/{paid}/refund"), json!({ "amount": 700 })).await;
        told.status
    };
    let answers = futures_util::future::join_all((0..100).map(|_| refund())).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 14);
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 86);
    let payment = shop.get(&format!("/v1/payments/{paid}")).await;
    assert_eq!((&payment["amount_refunded"], &payment["refund_status"]), (&json!(9_800), &json!("partial")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_is_there_after_a_restart_and_what_was_not_told_is_told() {
    let folder = tempfile::TempDir::new().unwrap();
    let options = |path: &Path| connecto_local::Options {
        data: connecto_local::Data::Dir(path.to_owned()),
        ..crate::city::options()
    };
    let shop = Shop::open(City::with(options(folder.path())).await).await;
    let webhook = json!({ "url": "http://127.0.0.1:9/webhook", "secret": "s", "events": EVENTS });
    let webhook = id(&shop.call("POST", "/v1/webhooks", webhook).await.ok());
    let paid = shop.paid(10_000).await;
    assert_eq!(shop.city.look("razorpay").await["waiting"], 3);
    let (key, secret) = (shop.key.clone(), shop.secret.clone());
    shop.city.stop().await;

    let shop = Shop::open(City::with(options(folder.path())).await).await;
    assert_eq!((&shop.key, &shop.secret), (&key, &secret));
    assert_eq!(shop.get(&format!("/v1/payments/{paid}")).await["status"], "captured");
    let edit = json!({ "url": format!("{}/webhook", shop.address) });
    shop.call("PUT", &format!("/v1/webhooks/{webhook}"), edit).await.ok();
    shop.city.advance("PT1M").await;
    wait_until(async || shop.heard().len() == 3).await;
    shop.city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_without_a_script_is_told_at_its_address() {
    let shop = Shop::new().await;
    let send = async |path: &str, pairs: &[(&str, &str)]| {
        let request = shop.http.post(format!("{}{path}", shop.url)).body(form(pairs));
        request.send().await.unwrap().text().await.unwrap()
    };
    let order = shop.order(49_900, true).await;
    let (key, callback) =
        (("key_id", shop.key.as_str()), "http://127.0.0.1:3000/paid?\"><script>alert(1)</script>");
    let shown = [key, ("order_id", &order), ("name", "<b>ConnectO</b>"), ("callback_url", callback)];
    let page = send("/v1/checkout/embedded", &shown).await;
    assert!(page.contains("&lt;b&gt;ConnectO&lt;/b&gt;") && page.contains("₹499.00"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    let by = |number, callback| {
        [key, ("order_id", &*order), ("method", "card"), ("card[number]", number), ("callback_url", callback)]
    };
    let failed = send("/v1/payments/create/checkout", &by("4111 1111 1111 1111", callback)).await;
    assert!(failed.contains("error[metadata]") && !failed.contains("razorpay_signature"), "{failed}");
    assert!(!failed.contains("<script>alert"), "{failed}");
    let paid = send("/v1/payments/create/checkout", &by("4111 1111 1111 1112", "javascript:alert(1)")).await;
    assert!(paid.contains("razorpay_signature") && paid.contains(r#"action="""#), "{paid}");
    let payment = &shop.get(&format!("/v1/orders/{order}/payments")).await["items"][0];
    assert_eq!((&payment["status"], &payment["card"]["last4"]), (&json!("captured"), &json!("1112")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_pays_in_a_browser() {
    let shop = Shop::new().await;
    let pay = async |vpa: &str| {
        let order = shop.order(49_900, true).await;
        let (url, key) = (&shop.url, &shop.key);
        *shop.ear.page.lock().unwrap() = format!(
            r#"<!doctype html><script src="{url}/v1/checkout.js"></script><body><script>
const checkout = new Razorpay({{ key: "{key}", order_id: "{order}", name: "<b>ConnectO</b>",
  prefill: {{ email: "asha@example.com" }}, handler: (told) => {{ window.told = told; }} }});
checkout.on("payment.failed", (told) => {{ window.told = told; }});
checkout.open();
</script>"#
        );
        let mut node = Command::new("node");
        node.arg(script("checkout.mjs")).arg(tool("CONNECTO_PUPPETEER", "puppeteer-core-"));
        node.arg(format!("{}/shop", shop.address)).arg(vpa);
        let output = tokio::task::spawn_blocking(move || node.output().expect("Node.js starts"));
        let output = output.await.expect("a thread");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (order, told)
    };
    let (order, told) = pay("success@razorpay").await;
    let payment = shop.get(&format!("/v1/payments/{}", told["razorpay_payment_id"].as_str().unwrap())).await;
    assert_eq!(
        (&payment["status"], &payment["order_id"], &payment["email"]),
        (&json!("captured"), &json!(order), &json!("asha@example.com"))
    );
    let body = format!("{order}|{}", id(&payment));
    let signature = told["razorpay_signature"].as_str().unwrap().to_owned();
    assert!(Heard { body, signature, event_id: String::new() }.is_signed_by(&shop.secret));
    let (order, told) = pay("failure@razorpay").await;
    assert_eq!(told["error"]["code"], "BAD_REQUEST_ERROR", "{told}");
    assert_eq!(told["error"]["metadata"]["order_id"], *order);
    assert_eq!(shop.get(&format!("/v1/orders/{order}")).await["status"], "attempted");
}
