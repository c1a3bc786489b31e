//! Objects: who may do what with them, by the SDK, by signed addresses and by forms.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use connecto_shared::app::App;
use connecto_shared::domain::upload::Checksum;
use connecto_shared::vendor::s3::{Expected, Form, form, signed_url};
use http::StatusCode;
use jiff::SignedDuration;
use reqwest::multipart;

use super::*;
use crate::engines::OWNER_KEY;
use crate::template::model::{Bucket, Cors, NotificationTrigger};

const PAGE: &str = "http://localhost:3000";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// The SHA-256 of `hello`.
const HELLO: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

/// A system with a bucket, whose function may do this with its objects, and is told of those below `in/`.
pub(super) async fn city(data: &Data, code: Code, actions: &[&str]) -> City {
    let mut template = template();
    let mut function = deliver(None);
    function.asynchronous = Asynchronous { retries: 1, on_failure: Some(QUEUE.into()) };
    function.triggers = vec![Trigger::Notification(NotificationTrigger {
        bucket: "media".into(),
        events: vec!["s3:ObjectCreated:*".into()],
        prefix: "in/".into(),
        suffix: String::new(),
    })];
    function.policy.statements = vec![
        allow(actions, "arn:aws:s3:::media/*"),
        allow(actions, "arn:aws:s3:::locked/*"),
        allow(
            &["s3:ListBucket"],
            if actions.contains(&"s3:ListBucket") { "arn:aws:s3:::media" } else { "-" },
        ),
        allow(&["cloudfront:CreateInvalidation"], "arn:aws:cloudfront::000000000000:distribution/near"),
    ];
    template.functions = vec![Arc::new(function)];
    template.custom_resources.clear();
    template.buckets = vec![Bucket {
        name: "media".into(),
        arn: "arn:aws:s3:::media".into(),
        cors: vec![Cors {
            allow_origins: vec![PAGE.into()],
            allow_methods: vec!["GET".into(), "POST".into()],
            allow_headers: vec!["*".into()],
            expose_headers: vec!["ETag".into()],
            max_age: Some(600),
            allow_credentials: false,
        }],
        delivered: vec!["arn:aws:s3:::media/public/*".into()],
        signed_by: None,
        locked_days: None,
    }];
    template.buckets.push(Bucket {
        name: "locked".into(),
        arn: "arn:aws:s3:::locked".into(),
        cors: Vec::new(),
        delivered: Vec::new(),
        signed_by: None,
        locked_days: Some(1),
    });
    City::start_with(data, invoke(code), template).await
}

/// What the function works with.
pub(super) fn app(city: &City) -> App {
    app_of(city, &city.key.id)
}

fn app_of(city: &City, key: &str) -> App {
    let urls = &city.world.urls;
    let variables = [
        ("MEDIA_BUCKET", "media"),
        ("DISTRIBUTION_ID", "near"),
        ("AWS_REGION", "ap-south-1"),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", &city.key.secret),
        ("AWS_ENDPOINT_URL_S3", &urls.s3),
        ("AWS_ENDPOINT_URL_CLOUDFRONT", &urls.cloudfront),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    App::new(variables, city.world.clock.shared(), Arc::new(|_| ()))
}

/// Writes an object, and gives its version.
pub(super) async fn put(app: &App, key: &str, content: &'static str) -> String {
    let put = app.s3().put_object().bucket("media").key(key).content_type("text/plain");
    let put = put.cache_control("no-cache").body(content.as_bytes().to_vec().into());
    put.send().await.expect("an object").version_id.expect("a version")
}

async fn get(app: &App, key: &str, version: Option<&str>) -> Result<String, String> {
    let get = app.s3().get_object().bucket("media").key(key).set_version_id(version.map(str::to_owned));
    let answer: Result<GetObjectOutput, SdkError<GetObjectError>> = get.send().await;
    match answer {
        Ok(object) => {
            let bytes = object.body.collect().await.expect("a body").to_vec();
            Ok(String::from_utf8(bytes).expect("a text"))
        }
        Err(error) => Err(error.code().unwrap_or("(none)").to_owned()),
    }
}

/// What is refused so.
fn refused<T>(code: &str) -> Result<T, String> {
    Err(code.to_owned())
}

/// A part of so many bytes, and what it adds up to.
fn part(size: usize, byte: u8) -> (Vec<u8>, String) {
    let bytes = vec![byte; size];
    let sum = Checksum::of(&bytes).to_string();
    (bytes, sum)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_locked_nobody_removes_before_its_time() {
    let city =
        city(&Data::Memory, idle(), &["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]).await;
    let app = app(&city);
    let put = app.s3().put_object().bucket("locked").key("a").body(b"a".to_vec().into());
    let version = put.send().await.expect("an object").version_id.expect("a version");
    let remove = async |version: Option<&str>| {
        let delete = app.s3().delete_object().bucket("locked").key("a");
        let answer = delete.set_version_id(version.map(str::to_owned)).send().await;
        answer.map(drop).map_err(|error| error.code().unwrap_or("(none)").to_owned())
    };
    assert_eq!(remove(Some(&version)).await, refused("AccessDenied"));
    // It can be hidden, by a marker, which can be removed.
    assert_eq!(remove(None).await, Ok(()));
    city.world.clock.advance(SignedDuration::from_hours(24)).expect("a day later");
    assert_eq!(remove(Some(&version)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_comes_in_parts() {
    const LARGE: usize = 5 * 1024 * 1024;
    let all = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"];
    let folder = Folder::new();
    let city = city(&folder.data(), idle(), &all).await;
    let app = app(&city);
    let begin = async |app: &App| {
        let begun =
            app.s3().create_multipart_upload().bucket("media").key("in/film").content_type("video/mp4");
        begun.send().await.expect("an upload").upload_id.expect("its id")
    };
    let send = async |app: &App, id: &str, number: i32, (bytes, sum): (Vec<u8>, String)| {
        let sent = app.s3().upload_part().bucket("media").key("in/film").upload_id(id).part_number(number);
        let sent = sent.checksum_sha256(sum).body(bytes.into()).send().await;
        sent.map(|part| part.e_tag.unwrap_or_default()).map_err(|error| error.code().map(str::to_owned))
    };
    let listed = async |app: &App, id: &str| {
        let list = app.s3().list_parts().bucket("media").key("in/film").upload_id(id).send().await;
        let number = |part: aws_sdk_s3::types::Part| {
            (part.part_number.unwrap_or_default(), part.size.unwrap_or_default())
        };
        let list =
            list.map(|list| list.parts.unwrap_or_default().into_iter().map(number).collect::<Vec<_>>());
        list.map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    let end = async |app: &App, id: &str, parts: &[(i32, &str)]| {
        let part =
            |(number, tag): &(i32, &str)| CompletedPart::builder().part_number(*number).e_tag(*tag).build();
        let parts =
            CompletedMultipartUpload::builder().set_parts(Some(parts.iter().map(part).collect())).build();
        let end = app.s3().complete_multipart_upload().bucket("media").key("in/film").upload_id(id);
        let end = end.multipart_upload(parts).send().await;
        end.map(|_| ()).map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    let id = begin(&app).await;
    let second = send(&app, &id, 2, part(3, b'b')).await.expect("a part");
    send(&app, &id, 1, part(LARGE, b'x')).await.expect("a part");
    let first = send(&app, &id, 1, part(LARGE, b'a')).await.expect("the same part, again");
    let small = send(&app, &id, 7, part(1, b'c')).await.expect("a small part");
    let wrong = send(&app, &id, 3, (b"other".to_vec(), part(5, b'c').1)).await;
    assert_eq!(wrong, Err(Some("BadDigest".to_owned())));
    assert_eq!(send(&app, &id, 10_001, part(1, b'c')).await, Err(Some("InvalidArgument".to_owned())));
    assert_eq!(send(&app, "other", 1, part(1, b'c')).await, Err(Some("NoSuchUpload".to_owned())));
    let large = i64::try_from(LARGE).expect("a size");
    // What came is there after a restart.
    city.engines.stop().await;
    let city = super::s3::city(&folder.data(), idle(), &all).await;
    let app = super::s3::app(&city);
    assert_eq!(listed(&app, &id).await, Ok(vec![(1, large), (2, 3), (7, 1)]));
    assert_eq!(end(&app, &id, &[]).await, refused("MalformedXML"));
    assert_eq!(end(&app, &id, &[(1, &first), (3, &second)]).await, refused("InvalidPart"));
    assert_eq!(end(&app, &id, &[(1, &second)]).await, refused("InvalidPart"));
    assert_eq!(end(&app, &id, &[(2, &second), (1, &first)]).await, refused("EntityTooSmall"));
    assert_eq!(end(&app, &id, &[(1, &first), (1, &first)]).await, refused("InvalidPartOrder"));
    assert_eq!(end(&app, &id, &[(1, &first), (2, &second), (7, &small)]).await, refused("EntityTooSmall"));
    assert_eq!(get(&app, "in/film", None).await, refused("AccessDenied"), "it is there before it is whole");
    end(&app, &id, &[(1, &first), (2, &second)]).await.expect("an object");
    assert_eq!(end(&app, &id, &[(1, &first), (2, &second)]).await, refused("NoSuchUpload"));
    assert_eq!(listed(&app, &id).await, refused("NoSuchUpload"));
    let call = city.objects.calls(0, 9).await.expect("calls").pop().expect("one").event;
    let record = &call["Records"][0];
    assert_eq!(record["eventName"], "ObjectCreated:CompleteMultipartUpload");
    assert_eq!(record["s3"]["object"]["size"], LARGE + 3);
    // And some of it can be read.
    let some = async |range: String| {
        let some = app.s3().get_object().bucket("media").key("in/film").range(range).send().await;
        let some = some.map_err(|error| error.code().unwrap_or_default().to_owned())?;
        let range = some.content_range().unwrap_or_default().to_owned();
        Ok::<_, String>((range, some.body.collect().await.expect("bytes").to_vec()))
    };
    let size = LARGE + 3;
    for (range, from, bytes) in [
        (format!("bytes={}-{}", LARGE - 2, LARGE), LARGE - 2, "aab"),
        ("bytes=-2".to_owned(), LARGE + 1, "bb"),
        (format!("bytes={}-{}", LARGE + 2, LARGE + 99), LARGE + 2, "b"),
    ] {
        let told = format!("bytes {from}-{}/{size}", from + bytes.len() - 1);
        assert_eq!(some(range).await, Ok((told, bytes.as_bytes().to_vec())));
    }
    assert_eq!(some(format!("bytes={size}-")).await, refused("InvalidRange"));

    let id = begin(&app).await;
    send(&app, &id, 1, part(1, b'z')).await.expect("a part");
    let abort =
        async || app.s3().abort_multipart_upload().bucket("media").key("in/film").upload_id(&id).send().await;
    abort().await.expect("its end");
    assert_eq!(listed(&app, &id).await, refused("NoSuchUpload"));
    assert!(abort().await.is_err_and(|error| error.code() == Some("NoSuchUpload")));
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_kept_until_each_is_removed() {
    let all = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"];
    let folder = Folder::new();
    let city = city(&folder.data(), idle(), &[&all[..], &["s3:DeleteObjectVersion"]].concat()).await;
    let app = app(&city);
    let s3 = app.s3();
    let first = put(&app, "a/b c.txt", "one").await;
    put(&app, "a/b c.txt", "two").await;
    assert_eq!(get(&app, "a/b c.txt", None).await.expect("the newest"), "two");
    assert_eq!(get(&app, "a/b c.txt", Some(&first)).await.expect("the first"), "one");

    let deleted = s3.delete_object().bucket("media").key("a/b c.txt").send().await.expect("a marker");
    let marker = deleted.version_id.expect("its version");
    assert_eq!(get(&app, "a/b c.txt", None).await, refused("NoSuchKey"));
    assert_eq!(get(&app, "a/b c.txt", Some(&marker)).await, refused("MethodNotAllowed"));
    assert_eq!(get(&app, "a/b c.txt", Some("other")).await, refused("NoSuchVersion"));
    for version in [&marker, &first] {
        let delete = s3.delete_object().bucket("media").key("a/b c.txt").version_id(version);
        delete.send().await.expect("a removal");
    }
    assert_eq!(get(&app, "a/b c.txt", Some(&first)).await, refused("NoSuchVersion"));
    assert_eq!(get(&app, "a/b c.txt", None).await.expect("the second, again"), "two");

    for key in ["a/0", "a/1", "a/1", "a/2", "b/1"] {
        put(&app, key, "x").await;
    }
    s3.delete_object().bucket("media").key("a/0").send().await.expect("a marker");
    let mut keys = Vec::new();
    let list = s3.list_objects_v2().bucket("media").prefix("a/").max_keys(2);
    let mut pages = list.into_paginator().send();
    while let Some(page) = pages.next().await {
        keys.push(
            page.expect("a page")
                .contents()
                .iter()
                .map(|object| object.key().unwrap_or_default().to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(keys, [vec!["a/1", "a/2"], vec!["a/b c.txt"]]);
    for key in ["b/2/3", "b/2/4", "b/5/6", "b/7"] {
        put(&app, key, "x").await;
    }
    let mut folders = Vec::new();
    let mut pages =
        s3.list_objects_v2().bucket("media").prefix("b/").delimiter("/").max_keys(1).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        folders.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        folders.extend(page.common_prefixes().iter().filter_map(|folder| folder.prefix().map(str::to_owned)));
    }
    assert_eq!(folders, ["b/1", "b/2/", "b/5/", "b/7"]);
    let owners = app_of(&city, OWNER_KEY);
    let buckets = owners.s3().list_buckets().send().await.expect("the buckets");
    assert_eq!(buckets.buckets()[0].name(), Some("media"));
    let head = s3.head_object().bucket("media").key("a/1").send().await.expect("a head");
    assert_eq!((head.content_type(), head.cache_control()), (Some("text/plain"), Some("no-cache")));
    assert_eq!(head.content_length(), Some(1));
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_told_to_those_who_may_list() {
    let city = city(&Data::Memory, idle(), &["s3:GetObject"]).await;
    let app = app(&city);
    assert_eq!(get(&app, "gone", None).await, Err("AccessDenied".to_owned()));
    // This it may not do at all, and the log says so.
    assert_eq!(get(&app, "gone", Some("other")).await, Err("AccessDenied".to_owned()));
    let calls = city.world.calls.list();
    let calls: Vec<_> = calls.iter().map(|call| (call.action.as_str(), call.outcome, call.status)).collect();
    assert_eq!(calls, [("GetObject", "allowed", Some(403)), ("GetObject", "denied", Some(403))]);

    let owner = "authorization: AWS4-HMAC-SHA256 Credential=local/20260101/ap-south-1/s3/aws4_request, \
                 SignedHeaders=host, Signature=x\r\n";
    let url = format!("{}/media/gone", city.world.urls.s3);
    let reply = request("GET", &url, owner, "");
    assert!(reply.starts_with("HTTP/1.1 404") && reply.contains("<Code>NoSuchKey</Code>"), "{reply}");
    // Neither is the owner asked for a good signature by the SDK.
    put(&app_of(&city, OWNER_KEY), "gone", "there").await;
    assert_eq!(get(&app, "gone", None).await.expect("it is there"), "there");
    for (method, path) in [
        ("GET", "/media/gone"),
        ("GET", "/media/gone?X-Amz-Credential=local/a/b/c/aws4_request&X-Amz-Signature=x"),
    ] {
        let reply = request(method, &format!("{}{path}", city.world.urls.s3), "", "");
        assert!(reply.starts_with("HTTP/1.1 403"), "{path}: {reply}");
    }
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_address_is_good_for_one_object_and_for_its_time() {
    let city = city(&Data::Memory, idle(), &["s3:GetObject", "s3:PutObject"]).await;
    let app = app(&city);
    put(&app, "private/paper", "one").await;
    put(&app, "private/other", "two").await;
    // The system's time may be far ahead of the real one.
    city.world.clock.advance(SignedDuration::from_hours(24 * 365)).expect("a year");
    let url = signed_url(&app, "private/paper", MINUTE * 5).expect("an address");
    let fetch = async |url: &str| reqwest::get(url).await.expect("an answer");
    let answer = fetch(&url).await;
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.text().await.expect("a text"), "one");
    for wrong in [url.replace("paper", "other"), url.replace("Expires=300", "Expires=3000")] {
        assert_eq!(fetch(&wrong).await.status(), StatusCode::FORBIDDEN, "{wrong}");
    }
    city.world.clock.advance(MINUTE * 6).expect("six minutes");
    let expired = fetch(&url).await.text().await.expect("a text");
    assert!(expired.contains("Request has expired"), "{expired}");
    city.engines.stop().await;
}

fn hello(city: &City) -> Form {
    let expected = Expected {
        key: "in/hello",
        content_type: "text/plain",
        size: 5,
        checksum: HELLO,
        lifetime: MINUTE * 15,
    };
    form(&app(city), &expected).expect("a form")
}

/// Posts a form with other fields, and gives the status and the code of a refusal.
async fn post(form: &Form, changes: &[(&str, &str)], file: &'static str) -> (u16, String) {
    let mut fields = form.fields.clone();
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let parts =
        fields.into_iter().fold(multipart::Form::new(), |parts, (name, value)| parts.text(name, value));
    let parts = parts.part("file", multipart::Part::text(file).file_name("hello.txt"));
    let answer = reqwest::Client::new().post(&form.url).multipart(parts).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a text");
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (status, code.map_or(String::new(), |(code, _)| code.to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_takes_what_its_policy_says_and_nothing_else() {
    let city = city(&Data::Memory, idle(), &["s3:PutObject", "s3:GetObject"]).await;
    let form = hello(&city);
    for (changes, file, status, code) in [
        (&[("key", "in/other")][..], "hello", 403, "AccessDenied"),
        (&[("Content-Type", "text/html")], "hello", 403, "AccessDenied"),
        (&[("x-amz-meta-more", "more")], "hello", 403, "AccessDenied"),
        (&[("success_action_redirect", "https://evil.example")], "hello", 403, "AccessDenied"),
        (&[("x-amz-checksum-sha256", "AAAA")], "hello", 403, "AccessDenied"),
        (&[("policy", "e30=")], "hello", 403, "SignatureDoesNotMatch"),
        (&[("x-amz-signature", "00")], "hello", 403, "SignatureDoesNotMatch"),
        (
            &[("x-amz-credential", "local/20260101/ap-south-1/s3/aws4_request")],
            "hello",
            403,
            "InvalidAccessKeyId",
        ),
        (&[], "hell", 400, "EntityTooSmall"),
        (&[], "hello!", 400, "EntityTooLarge"),
        (&[], "jello", 400, "BadDigest"),
    ] {
        assert_eq!(post(&form, changes, file).await, (status, code.to_owned()), "{changes:?} {file}");
    }
    assert_eq!(get(&app(&city), "in/hello", None).await, Err("AccessDenied".to_owned()), "nothing was taken");
    assert_eq!(post(&form, &[("x-ignore-this", "more")], "hello").await, (204, String::new()));
    assert_eq!(get(&app(&city), "in/hello", None).await.expect("it came"), "hello");

    city.world.clock.advance(MINUTE * 16).expect("sixteen minutes");
    assert_eq!(post(&form, &[], "hello").await, (403, "AccessDenied".to_owned()), "it has expired");
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_worth_what_its_signer_may_do() {
    let city = city(&Data::Memory, idle(), &["s3:GetObject"]).await;
    assert_eq!(post(&hello(&city), &[], "hello").await, (403, "AccessDenied".to_owned()));
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_let_in_as_the_bucket_says() {
    let city = city(&Data::Memory, idle(), &["s3:PutObject"]).await;
    let url = format!("{}/media", city.world.urls.s3);
    let ask = |origin: &str, method: &str| {
        let headers = format!("origin: {origin}\r\naccess-control-request-method: {method}\r\n");
        request("OPTIONS", &url, &headers, "")
    };
    let allowed = ask(PAGE, "POST");
    assert!(allowed.starts_with("HTTP/1.1 200"), "{allowed}");
    assert!(allowed.contains(&format!("access-control-allow-origin: {PAGE}")), "{allowed}");
    assert!(allowed.contains("access-control-max-age: 600"), "{allowed}");
    for (origin, method) in [("https://evil.example", "POST"), (PAGE, "DELETE")] {
        let refused = ask(origin, method);
        assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("allow-origin"), "{refused}");
    }
    // A page is to learn why it was refused, if it is one of ours.
    for (origin, may) in [(PAGE, true), ("https://evil.example", false)] {
        let refused = request("GET", &format!("{url}/gone"), &format!("origin: {origin}\r\n"), "");
        assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("AccessDenied"), "{refused}");
        assert_eq!(refused.contains("access-control-allow-origin"), may, "{refused}");
    }
    city.engines.stop().await;
}
