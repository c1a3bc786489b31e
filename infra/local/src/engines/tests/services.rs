use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use jiff::SignedDuration;

use super::*;
use crate::engines::chaos::Rule;
use crate::invoke::InvokeError;

const MAIL: &str =
    "From: ConnectO <no-reply@connecto.example>\r\nTo: asha@example.com\r\nSubject: Hello\r\n\r\nHi.\r\n";

fn put(key: &str) -> Put {
    Put::builder().table_name("Accounts").item("pk", AttributeValue::S(key.into())).build().expect("a put")
}

async fn get(client: &aws_sdk_dynamodb::Client, key: &str) -> bool {
    let get = client.get_item().table_name("Accounts").key("pk", AttributeValue::S(key.into()));
    get.send().await.expect("an answer").item.is_some()
}

fn rules(city: &City, rules: Value) {
    let rules: Vec<Rule> = serde_json::from_value(rules).expect("rules");
    city.world.chaos.set(rules).expect("possible rules");
}

async fn send(city: &City, raw: &str) -> Result<(), (String, String)> {
    send_by(&city.ses(), raw).await
}

async fn send_by(client: &aws_sdk_ses::Client, raw: &str) -> Result<(), (String, String)> {
    let message = RawMessage::builder().data(Blob::new(raw.as_bytes())).build().expect("a message");
    match client.send_raw_email().raw_message(message).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            Err((error.code().unwrap_or("(none)").to_owned(), error.message().unwrap_or_default().to_owned()))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_may_do_what_its_policy_allows_and_nothing_else() {
    let city = City::start(&Data::Memory, idle()).await;
    let client = city.dynamo();
    client
        .put_item()
        .table_name("Accounts")
        .item("pk", AttributeValue::S("a".into()))
        .send()
        .await
        .expect("allowed");

    let denied =
        client.delete_item().table_name("Accounts").key("pk", AttributeValue::S("a".into())).send().await;
    let denied = denied.expect_err("no permission");
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    assert_eq!(
        denied.message(),
        Some(
            "User: arn:aws:sts::000000000000:assumed-role/connecto-local-Deliver/connecto-local-Deliver is not \
             authorized to perform: dynamodb:DeleteItem on resource: \
             arn:aws:dynamodb:ap-south-1:000000000000:table/Accounts because no identity-based policy allows the \
             dynamodb:DeleteItem action"
        )
    );
    let calls: Vec<_> =
        city.world.calls.list().into_iter().map(|call| (call.action, call.outcome, call.status)).collect();
    assert_eq!(
        calls,
        [("PutItem".to_owned(), "allowed", Some(200)), ("DeleteItem".to_owned(), "denied", Some(400))]
    );
    let unused = city.world.calls.unused_grants(&city.world.template);
    assert_eq!(unused[0].actions, ["dynamodb:GetItem", "dynamodb:Scan"]);
    assert_eq!(unused.len(), 4);

    let stranger = Credentials::new("AKIASTRANGER", "secret", None, None, "test");
    let config = client.config().to_builder().credentials_provider(stranger).build();
    let unknown =
        aws_sdk_dynamodb::Client::from_conf(config).list_tables().send().await.expect_err("a stranger");
    assert_eq!(unknown.code(), Some("UnrecognizedClientException"));
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_misbehaves_as_the_service_would() {
    let city = City::start(&Data::Memory, idle()).await;
    let client = city.dynamo();
    let transact = |key: &str| {
        let items = [key, "other"].map(|key| TransactWriteItem::builder().put(put(key)).build());
        client.transact_write_items().set_transact_items(Some(items.to_vec())).send()
    };
    rules(
        &city,
        json!([{ "service": "dynamodb", "action": "TransactWriteItems", "every": 2, "do": "conflict" }]),
    );
    transact("a").await.expect("the first is spared");
    let conflict = transact("b").await.expect_err("the second is struck").into_service_error();
    let reasons = match conflict {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            canceled,
        ) => canceled.cancellation_reasons.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert!(!get(&client, "b").await);

    rules(&city, json!([{ "service": "dynamodb", "action": "PutItem", "every": 1, "do": "drop_reply" }]));
    let put = client.put_item().table_name("Accounts").item("pk", AttributeValue::S("c".into())).send().await;
    assert!(matches!(put, Err(SdkError::DispatchFailure(_))), "{put:?}");
    assert!(get(&client, "c").await, "a dropped reply has taken effect");

    for (kind, code) in [("throttle", "ThrottlingException"), ("fail", "InternalServerError")] {
        rules(&city, json!([{ "service": "dynamodb", "every": 1, "do": kind }]));
        let get =
            client.get_item().table_name("Accounts").key("pk", AttributeValue::S("c".into())).send().await;
        assert_eq!(get.expect_err(kind).code(), Some(code));
    }
    rules(&city, json!([{ "service": "ses", "every": 1, "do": "fail" }]));
    assert_eq!(send(&city, MAIL).await.expect_err("struck").0, "InternalFailure");
    assert!(city.world.outbox.list(None).is_empty());
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_kills_the_function_after_its_call_took_effect() {
    let came_back = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&came_back);
    let sender: Invoke = Arc::new(move |event: lambda_runtime::LambdaEvent<Value>| {
        let counted = Arc::clone(&counted);
        Box::pin(async move {
            let key = event.payload["key"].as_str().unwrap_or_default();
            let client = super::ses(
                event.payload["ses"].as_str().unwrap_or_default(),
                Credentials::new(key, "secret", None, None, "test"),
            );
            let sent = send_by(&client, MAIL).await;
            counted.fetch_add(1, Ordering::SeqCst);
            sent.map(|()| Value::Null).map_err(|(code, _)| Fault::new(code))
        })
    });
    let city = City::start_with(&Data::Memory, sender, template()).await;
    let event = json!({ "key": city.key.id, "ses": city.world.urls.ses });
    rules(&city, json!([{ "service": "ses", "every": 2, "do": "crash" }]));

    city.world.functions.invoke("Deliver", event.clone()).await.expect("the first is spared");
    let killed = city.world.functions.invoke("Deliver", event.clone()).await.expect_err("the second is not");
    assert!(matches!(killed, InvokeError::Exited), "{killed}");
    city.world.functions.invoke("Deliver", event).await.expect("nor does it harm the third");

    assert_eq!(came_back.load(Ordering::SeqCst), 2, "the killed one never learnt what became of its call");
    assert_eq!(city.world.outbox.list(None).len(), 3, "its mail was accepted");
    let outcomes: Vec<_> = city.world.calls.list().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["allowed", "chaos:crash", "allowed"]);
    assert_eq!(city.world.faults.list()[0].kind, "exit");
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_arrive_in_the_outbox_and_stay_there() {
    let folder = Folder::new();
    let city = City::start(&folder.data(), idle()).await;
    send(&city, MAIL).await.expect("a good mail");
    let (code, message) =
        send(&city, &MAIL.replace("connecto.example", "other.example")).await.expect_err("no grant");
    assert_eq!(code, "AccessDenied");
    assert!(message.contains(
        "ses:SendRawEmail on resource: arn:aws:ses:ap-south-1:000000000000:identity/other.example"
    ));
    let (code, message) = send(&city, &MAIL.replace("asha@", "asha ")).await.expect_err("a bad address");
    assert_eq!((code.as_str(), message.as_str()), ("InvalidParameterValue", "Missing final '@domain'"));
    city.engines.stop().await;

    let city = City::start(&folder.data(), idle()).await;
    let mails = city.world.outbox.list(Some("ASHA@example.com"));
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].from.as_deref(), Some("ConnectO <no-reply@connecto.example>"));
    assert_eq!(mails[0].subject.as_deref(), Some("Hello"));
    assert_eq!(mails[0].text.as_deref().map(str::trim), Some("Hi."));
    assert!(city.world.outbox.list(Some("ravi@example.com")).is_empty());
    city.world.outbox.clear().expect("clearing");
    assert!(city.world.outbox.list(None).is_empty());
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_made_once_and_replaced_for_good() {
    let folder = Folder::new();
    let city = City::start(&folder.data(), idle()).await;
    let client = city.secrets();
    let read = |stage: &'static str| {
        let client = client.clone();
        async move {
            let get = client.get_secret_value().secret_id("connecto/links").version_stage(stage).send();
            get.await.map(|secret| secret.secret_string.unwrap_or_default())
        }
    };
    let first = read("AWSCURRENT").await.expect("a generated secret");
    assert_eq!(first.len(), 43);
    let missing = read("AWSPREVIOUS").await.expect_err("nothing before it");
    assert_eq!(missing.code(), Some("ResourceNotFoundException"));
    client.put_secret_value().secret_id(SECRET).secret_string("second").send().await.expect("a new version");
    assert_eq!(read("AWSCURRENT").await.expect("current"), "second");
    assert_eq!(read("AWSPREVIOUS").await.expect("previous"), first);
    let denied = client.describe_secret().secret_id(SECRET).send().await.expect_err("no permission");
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    city.engines.stop().await;

    let city = City::start(&folder.data(), idle()).await;
    let current = city.secrets().get_secret_value().secret_id(SECRET).send().await.expect("after a restart");
    assert_eq!(current.secret_string(), Some("second"));
    city.world.clock.advance(SignedDuration::from_hours(24)).expect("a day");
    city.secrets()
        .put_secret_value()
        .secret_id(SECRET)
        .secret_string("third")
        .send()
        .await
        .expect("a day later");
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_messages_keep_their_attributes() {
    let city = City::start(&Data::Memory, idle()).await;
    let publish = |key: &str, to: &str| {
        let form = format!(
            "Action=Publish&Version=2010-03-31&PhoneNumber={to}&Message=Code%20123456\
             &MessageAttributes.entry.1.Name=AWS.SNS.SMS.SenderID&MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=CNCTO\
             &MessageAttributes.entry.2.Name=AWS.MM.SMS.TemplateId&MessageAttributes.entry.2.Value.DataType=String\
             &MessageAttributes.entry.2.Value.StringValue=1007"
        );
        let headers = format!(
            "authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/ap-south-1/sns/aws4_request, \
             SignedHeaders=host, Signature=00\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        );
        request("POST", &city.world.urls.sns, &headers, &form)
    };
    let sent = publish("local", "%2B919876543210");
    assert!(sent.starts_with("HTTP/1.1 200") && sent.contains("<PublishResult><MessageId>"), "{sent}");
    let messages = city.world.outbox.list(Some("+919876543210"));
    assert_eq!(messages[0].text.as_deref(), Some("Code 123456"));
    assert_eq!(messages[0].from.as_deref(), Some("CNCTO"));
    assert_eq!(messages[0].attributes["AWS.MM.SMS.TemplateId"], "1007");
    let refused = publish("local", "9876543210");
    assert!(
        refused.starts_with("HTTP/1.1 400") && refused.contains("<Code>InvalidParameter</Code>"),
        "{refused}"
    );
    let denied = publish(&city.key.id, "%2B919876543210");
    assert!(
        denied.starts_with("HTTP/1.1 403") && denied.contains("<Code>AuthorizationError</Code>"),
        "{denied}"
    );
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_sites_cannot_call_the_engines() {
    let city = City::start(&Data::Memory, idle()).await;
    let urls = &city.world.urls;
    for url in [&urls.dynamodb, &urls.secretsmanager, &urls.ses, &urls.sns] {
        let reply = request("POST", url, "origin: https://evil.example\r\n", "");
        assert!(reply.starts_with("HTTP/1.1 403") && reply.contains("on this machine alone"), "{reply}");
        let reply = request("POST", &url.replace("127.0.0.1", "localhost"), "", "");
        assert!(!reply.contains("on this machine alone"), "{reply}");
    }
    city.engines.stop().await;
}
