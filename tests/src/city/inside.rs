//! What moves a city's time, breaks it or looks inside: on one machine alone.

use std::{collections::BTreeMap, sync::Arc};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use connecto_local::{
    Running,
    demo::{
        Demo,
        audit::{Row, audit},
    },
    engines::OWNER_KEY,
};
use connecto_shared::{App, domain::diary::Travel, vendor::clock::Clock};
use serde_json::{Value, json};

use super::{City, ONE_MACHINE, Person, deployed};

impl City {
    /// Moves the time of the whole city.
    pub async fn advance(&self, by: &str) {
        let request = self.http.post(self.inside("clock")).json(&json!({ "advance": by }));
        self.local(request).await;
    }

    /// Runs a function now, by its logical id, and returns what it answered.
    pub async fn run(&self, function: &str, event: Value) -> Value {
        self.local(self.http.post(self.inside(&format!("run/{function}"))).json(&event)).await
    }

    /// Runs a function now, whatever comes of it.
    pub async fn run_anyhow(&self, function: &str, event: Value) {
        let request = self.http.post(self.inside(&format!("run/{function}"))).json(&event);
        request.send().await.expect("an answer");
    }

    /// Changes an item, past all permissions.
    pub async fn change(&self, table: &str, (pk, sk): (&str, &str), expression: &str, values: Value) {
        let change = json!({
            "TableName": self.table(table).await,
            "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
            "UpdateExpression": expression,
            "ExpressionAttributeValues": values,
        });
        self.database("UpdateItem", change).await;
    }

    /// Adds to what was captured first of a payment, past all permissions.
    pub async fn captures_more(&self, payment: &Value, paise: i64) {
        let key = (payment["payment_id"].as_str().expect("an id"), "payment");
        // Whoever is at it looks again.
        let more = "SET captures[0].amount.amount = captures[0].amount.amount + :paise ADD version :one";
        let values = json!({ ":paise": { "N": paise.to_string() }, ":one": { "N": "1" } });
        self.change("Ledger", key, more, values).await;
    }

    /// Lets the city misbehave.
    pub async fn misbehave(&self, rules: Value) {
        self.local(self.http.put(self.inside("chaos")).json(&json!({ "rules": rules }))).await;
    }

    /// Lets the city behave again.
    pub async fn behave(&self) {
        self.http.delete(self.inside("chaos")).send().await.expect("an answer");
    }

    /// What `GET /_local/<path>` says.
    pub async fn look(&self, path: &str) -> Value {
        self.local(self.http.get(self.inside(path))).await
    }

    /// The calls of `DynamoDB` since the log was emptied, as `function action table…`.
    pub async fn database_calls(&self) -> Vec<String> {
        let calls = self.look("calls").await;
        let call = |call: &Value| {
            let resources: Vec<_> =
                call["resources"].as_array().into_iter().flatten().map(Value::to_string).collect();
            format!("{} {} {}", call["function"], call["action"], resources.join(" "))
        };
        let items = calls["items"].as_array().expect("a list");
        items.iter().filter(|call| call["service"] == "dynamodb").map(call).collect()
    }

    /// What a function used up of the database's capacity since the log was emptied.
    pub async fn units(&self, function: &str) -> f64 {
        let calls = self.look("calls").await;
        let items = calls["items"].as_array().expect("a list");
        items
            .iter()
            .filter(|call| call["function"] == function)
            .filter_map(|call| call["units"].as_f64())
            .sum()
    }

    /// Empties the log of calls.
    pub async fn forget_calls(&self) {
        self.http.delete(self.inside("calls")).send().await.expect("an answer");
    }

    /// Every item of a table, by its logical id, as `DynamoDB` writes them.
    pub async fn scan(&self, table: &str) -> Vec<Value> {
        self.scan_by(json!({ "TableName": self.table(table).await })).await
    }

    /// Every item of a table that meets a condition.
    pub async fn scan_for(&self, table: &str, condition: &str, values: Value) -> Vec<Value> {
        let table = self.table(table).await;
        let request = json!({
            "TableName": table, "FilterExpression": condition, "ExpressionAttributeValues": values,
        });
        self.scan_by(request).await
    }

    async fn scan_by(&self, mut request: Value) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            let mut answer = self.database("Scan", request.clone()).await;
            items.extend(serde_json::from_value::<Vec<_>>(answer["Items"].take()).expect("items"));
            match answer["LastEvaluatedKey"].take() {
                Value::Null => return items,
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    /// Every item of a table, as it is audited.
    pub async fn rows(&self, table: &str) -> Vec<Row> {
        let rows = self.scan(table).await.into_iter();
        rows.map(|row| serde_json::from_value(row).expect("an item")).collect()
    }

    /// Demands that all that is in the marketplace's table is what the endpoints keep true, once the stream has been read.
    pub async fn keeps_its_rules(&self) {
        let mut found = Vec::new();
        for _ in 0..40 {
            found = audit(self.rows("Market").await, self.travel(), self.now().await).faults;
            if found.is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        panic!("{found:#?}");
    }

    /// How fast people get about.
    #[must_use]
    pub fn travel(&self) -> Travel {
        let settings = self.running().environment("MarketCreateBooking").expect("the function");
        let number = |name: &str| settings[name].parse().expect("a number");
        Travel { city_factor: number("TRAVEL_CITY_FACTOR"), speed_kmh: number("TRAVEL_SPEED_KMH") }
    }

    /// What a function works with, as the function does.
    #[must_use]
    pub fn app_of(&self, function: &str) -> App {
        let settings = self.running().environment(function).expect("the function");
        App::new(settings, Clock::movable(self.running().clock_offset()), Arc::new(|_| {}))
    }

    /// What each function used up of the database's capacity by writing, since the log was emptied.
    pub async fn write_units(&self) -> BTreeMap<String, f64> {
        let calls = self.look("calls").await;
        let mut units = BTreeMap::new();
        for call in calls["items"].as_array().expect("a list") {
            let action = call["action"].as_str().unwrap_or_default();
            if ["TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"].contains(&action) {
                let function = call["function"].as_str().unwrap_or_default().to_owned();
                *units.entry(function).or_default() += call["units"].as_f64().unwrap_or_default();
            }
        }
        units
    }

    /// The city that it was filled with.
    #[must_use]
    pub fn demo(&self) -> Demo {
        self.running().demo.clone().expect("it was asked for")
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs on this machine")
    }

    /// A table's name, by its logical id.
    pub async fn table(&self, logical_id: &str) -> String {
        let tables = self.database("ListTables", json!({})).await;
        let names = tables["TableNames"].as_array().expect("tables").iter().filter_map(Value::as_str);
        names.filter(|name| name.ends_with(logical_id)).map(str::to_owned).next().expect("such a table")
    }

    /// Calls `DynamoDB` past all permissions.
    pub async fn database(&self, action: &str, body: Value) -> Value {
        let urls = self.look("urls").await;
        let credential =
            format!("AWS4-HMAC-SHA256 Credential={OWNER_KEY}/20260101/ap-south-1/dynamodb/aws4_request");
        let request = self
            .http
            .post(urls["dynamodb"].as_str().expect("a URL"))
            .header("x-amz-target", format!("DynamoDB_20120810.{action}"))
            .header("authorization", format!("{credential}, SignedHeaders=host, Signature=x"))
            .header("x-amz-date", "20260101T000000Z")
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        self.local(request).await
    }

    /// The keys of all files that people uploaded, or that were made of these, below a folder.
    pub async fn files(&self, folder: &str) -> Vec<String> {
        let (s3, bucket) = self.bucket().await;
        let answer = s3.list_objects_v2().bucket(bucket).prefix(folder).send().await.expect("a list");
        answer.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    }

    /// The newest version of a file.
    pub async fn file_version(&self, key: &str) -> String {
        let (s3, bucket) = self.bucket().await;
        let head = s3.head_object().bucket(bucket).key(key).send().await.expect("it is there");
        head.version_id.expect("a version")
    }

    /// Puts a file into the bucket past all permissions and forms.
    pub async fn put_file(&self, key: &str, bytes: &[u8]) {
        let (s3, bucket) = self.bucket().await;
        let put = s3.put_object().bucket(bucket).key(key).body(bytes.to_vec().into());
        put.send().await.expect("it is put");
    }

    /// Writes a secret, by its logical id, as ops does.
    pub async fn write_secret(&self, logical_id: &str, value: Value) {
        let id = format!("connecto-local-{logical_id}");
        let put = json!({ "SecretId": id, "SecretString": value.to_string(), "ClientRequestToken": "a".repeat(32) });
        self.secrets("PutSecretValue", put).await;
    }

    /// Reads a secret, by its logical id, as ops does.
    pub async fn secret(&self, logical_id: &str) -> Value {
        let id = format!("connecto-local-{logical_id}");
        let answer = self.secrets("GetSecretValue", json!({ "SecretId": id })).await;
        serde_json::from_str(answer["SecretString"].as_str().expect("a value")).expect("JSON")
    }

    /// Calls Secrets Manager past all permissions.
    async fn secrets(&self, action: &str, body: Value) -> Value {
        let urls = self.look("urls").await;
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={OWNER_KEY}/20260101/ap-south-1/secretsmanager/aws4_request"
        );
        let request = self
            .http
            .post(urls["secretsmanager"].as_str().expect("a URL"))
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header("authorization", format!("{credential}, SignedHeaders=host, Signature=x"))
            .header("x-amz-date", "20260101T000000Z")
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string());
        self.local(request).await
    }

    /// The upload that comes in parts: where it arrives, and what S3 calls it.
    pub async fn coming(&self) -> (String, String) {
        let rows = self.scan("Media").await;
        let upload_id = rows[0]["parts"]["M"]["upload_id"]["S"].as_str().expect("it comes in parts");
        (format!("quarantine/{}", rows[0]["pk"]["S"].as_str().expect("an id")), upload_id.to_owned())
    }

    /// Whether S3 still knows an upload that comes in parts.
    pub async fn is_coming(&self, (key, upload_id): &(String, String)) -> bool {
        let (s3, bucket) = self.bucket().await;
        s3.list_parts().bucket(bucket).key(key).upload_id(upload_id).send().await.is_ok()
    }

    async fn bucket(&self) -> (aws_sdk_s3::Client, String) {
        let urls = self.look("urls").await;
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::from_keys(OWNER_KEY, OWNER_KEY, None))
            .endpoint_url(urls["s3"].as_str().expect("a URL"))
            .force_path_style(true)
            .region(Region::from_static("ap-south-1"))
            .build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        let buckets = s3.list_buckets().send().await.expect("the buckets").buckets.expect("some");
        let mut names = buckets.into_iter().filter_map(|bucket| bucket.name);
        let name = names.find(|name| name.contains("-media-")).expect("that of uploads");
        (s3, name)
    }

    /// Replaces the hash of a person's [`PASSWORD`] by one that was made at a lower cost.
    pub async fn outdate_password(&self, person: &Person) {
        const OUTDATED: &str =
            "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$bystX/xXzrwl/0FAwkdVqqDtUBkgGyl3bNngmmtSBwg";
        let account = person.browser().get("/v1/account").await.is(200);
        let key =
            json!({ "pk": { "S": format!("user#{}", account.text("user_id")) }, "sk": { "S": "user" } });
        let update = json!({
            "TableName": self.table("Accounts").await,
            "Key": key,
            "UpdateExpression": "SET password_hash = :hash",
            "ExpressionAttributeValues": { ":hash": { "S": OUTDATED } },
        });
        self.database("UpdateItem", update).await;
    }

    /// Has so many codes sent to a range of numbers in this hour, and so many come back; there was one at least.
    pub async fn set_traffic(&self, prefix: &str, sent: u64, verified: u64) {
        let counters = self.scan("Limits").await;
        let pk = format!("sms-prefix#{prefix}");
        let counters = counters.iter().filter(|item| item["pk"]["S"] == pk.as_str());
        let newest =
            counters.max_by_key(|item| item["sk"]["S"].as_str().map(str::to_owned)).expect("a counter");
        let update = json!({
            "TableName": self.table("Limits").await,
            "Key": { "pk": newest["pk"], "sk": newest["sk"] },
            "UpdateExpression": "SET sent = :sent, verified = :verified",
            "ExpressionAttributeValues": {
                ":sent": { "N": sent.to_string() }, ":verified": { "N": verified.to_string() },
            },
        });
        self.database("UpdateItem", update).await;
    }

    /// Moves the time to the beginning of an hour, so that a race does not run into the next window of a limit.
    pub async fn begin_an_hour(&self) {
        self.advance(&format!("PT{}S", 3_601 - self.now().await.as_second().rem_euclid(3_600))).await;
    }

    /// The URL of what can be seen and moved on one machine alone.
    fn inside(&self, path: &str) -> String {
        assert!(deployed().is_none(), "{ONE_MACHINE}");
        format!("{}/_local/{path}", self.url)
    }
}
