use serde_json::{Value, json};

use crate::{
    city::{BASE, City},
    media::corpus,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_written_bit_by_bit() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    let draft = ravi.tells(json!({ "headline": "  Plumber   in Kothrud " })).await;
    assert_eq!((&draft["state"], &draft["version"]), (&json!("draft"), &json!(1)));
    assert_eq!(draft["headline"], "Plumber in Kothrud");
    assert_eq!(draft["missing"], json!(["name", "categories", "languages", "papers", "base", "area"]));

    let work = ravi.upload(&city, "portfolio", "image/jpeg", &corpus::small_photo()).await;
    let paper = ravi.upload(&city, "document", "application/pdf", &corpus::paper()).await;
    let told = ravi
        .tells(json!({
            "name": "Ravi Patil",
            "about": "Taps.\r\n\r\nTanks.",
            "categories": ["tap-repair", "water-tank-cleaning"],
            "languages": ["mr", "brx"],
            "working_since": 2009,
            "portfolio": [work["media_id"]],
            "papers": [{ "kind": "identity", "media_id": paper["media_id"] }],
            "base": { "latitude": BASE.0, "longitude": BASE.1 },
            "area": { "kind": "pin_codes", "pin_codes": ["411038", "411052"] },
        }))
        .await;
    assert_eq!((&told["missing"], &told["version"]), (&json!([]), &json!(2)));
    assert_eq!(
        (&told["headline"], &told["about"]),
        (&json!("Plumber in Kothrud"), &json!("Taps.\n\nTanks."))
    );
    assert_eq!(told["categories"][0], json!({ "id": "tap-repair", "name": "Tap repair" }));
    assert_eq!(told["portfolio"][0]["media_id"], work["media_id"]);
    assert_eq!(told["portfolio"][0]["picture"]["width"], work["picture"]["width"]);
    assert_eq!(told["area"], json!({ "kind": "pin_codes", "pin_codes": ["411038", "411052"] }));

    // The same again changes nothing; null empties what may be empty.
    assert_eq!(ravi.tells(json!({ "working_since": 2009, "name": "Ravi Patil" })).await["version"], 2);
    let told = ravi.tells(json!({ "about": null, "working_since": null, "portfolio": [] })).await;
    assert_eq!(
        (&told["about"], &told["working_since"], &told["portfolio"]),
        (&json!(null), &json!(null), &json!([]))
    );
    let hindi = ravi.browser().with("accept-language", "hi").get("/v1/professional").await.is(200).body;
    assert_eq!(hindi["categories"][0], json!({ "id": "tap-repair", "name": "नल की मरम्मत" }));
    assert_eq!((&hindi["version"], &hindi["base"]), (&json!(3), &told["base"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_by_name() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    let many = |of: &str, count: usize| json!(vec![of; count]);
    for (change, field, code) in [
        (json!({ "headline": "" }), "/headline", "invalid_text"),
        (json!({ "headline": "x".repeat(121) }), "/headline", "invalid_text"),
        (json!({ "headline": "Call 98765 43210" }), "/headline", "contact_details"),
        (json!({ "name": "ravi@example.com" }), "/name", "contact_details"),
        (json!({ "about": "see https://example.com" }), "/about", "contact_details"),
        (json!({ "name": null, "about": 7 }), "/about", "wrong_type"),
        (json!({ "categories": [] }), "/categories", "wrong_count"),
        (json!({ "categories": ["tap-repair", "tap-repair"] }), "/categories", "named_twice"),
        (json!({ "categories": ["tap-repair", "tap-dance"] }), "/categories/1", "unknown_category"),
        (json!({ "categories": ["Tap Repair"] }), "/categories/0", "unknown_category"),
        (json!({ "languages": ["mr", "xx"] }), "/languages/1", "invalid_value"),
        (json!({ "working_since": 1949 }), "/working_since", "out_of_range"),
        (json!({ "working_since": 2100 }), "/working_since", "out_of_range"),
        (json!({ "base": { "latitude": 51.5, "longitude": -0.1 } }), "/base", "outside_india"),
        (json!({ "base": { "latitude": 18.5 } }), "/base/longitude", "missing"),
        (json!({ "area": { "kind": "radius", "km": 0 } }), "/area", "out_of_range"),
        (json!({ "area": { "kind": "radius", "km": 101 } }), "/area", "out_of_range"),
        (json!({ "area": { "kind": "pin_codes", "pin_codes": ["011001"] } }), "/area", "invalid_pin_code"),
        (json!({ "area": { "kind": "pin_codes", "pin_codes": many("411038", 2) } }), "/area", "named_twice"),
        (json!({ "area": { "kind": "moon" } }), "/area/kind", "invalid_value"),
        (json!({ "portfolio": many("med_01h455vb4pex5vsknk084sn02q", 31) }), "/portfolio", "wrong_count"),
        (json!({ "rating": 5 }), "/rating", "unknown_field"),
        (json!({ "state": "approved" }), "/state", "unknown_field"),
    ] {
        let answer = ravi.browser().patch("/v1/professional", change.clone()).await;
        answer.is_problem(422, "invalid_input");
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{change}");
    }
    ravi.browser().get("/v1/professional").await.is_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_ones_own_uploads_for_that_are_taken() {
    let city = City::new().await;
    let (ravi, mallory) = (city.customer("ravi").await, city.customer("mallory").await);
    let photo = corpus::small_photo();
    let work = ravi.upload(&city, "portfolio", "image/jpeg", &photo).await;
    let paper = ravi.upload(&city, "document", "image/jpeg", &photo).await;
    let theirs = mallory.upload(&city, "portfolio", "image/jpeg", &photo).await;
    let coming = ravi.announce("portfolio", "image/jpeg", &photo).await;
    let shown = [&work, &paper, &theirs, &coming].map(|media| media["media_id"].clone());
    let papers = [&paper, &work].map(|media| json!({ "kind": "identity", "media_id": media["media_id"] }));
    let change = json!({ "portfolio": shown, "papers": papers });
    let answer = ravi.browser().patch("/v1/professional", change).await;
    answer.is_problem(409, "upload_not_ready");
    let fields: Vec<_> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["/portfolio/1", "/portfolio/2", "/portfolio/3", "/papers/1"]);

    // What is shown and then taken away is shown no more.
    ravi.tells(json!({ "portfolio": [work["media_id"]] })).await;
    ravi.browser().delete(&format!("/v1/media/{}", work["media_id"].as_str().unwrap())).await.is(204);
    assert_eq!(ravi.tells(json!({ "headline": "Plumber" })).await["portfolio"], json!([]));
}

/// Of many who write at once, each is either told that it is written, and it is, or that it is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_write_at_once_nobody_overwrites_another() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let fields = ["name", "headline", "about"];
    let writes = (0..20).map(|n| {
        let browser = ravi.browser();
        async move {
            let (field, text) = (fields[n % 3], format!("text {n}"));
            let answer = browser.patch("/v1/professional", json!({ field: text })).await;
            assert!([200, 409].contains(&answer.status), "{answer:?}");
            (answer.status == 200).then(|| (answer.body["version"].as_u64().unwrap(), field, text))
        }
    });
    let mut written: Vec<_> = futures_util::future::join_all(writes).await.into_iter().flatten().collect();
    written.sort();
    let versions: Vec<_> = written.iter().map(|(version, ..)| *version).collect();
    assert_eq!(versions, (2..2 + written.len() as u64).collect::<Vec<_>>(), "each has a version of its own");
    let now: Value = ravi.browser().get("/v1/professional").await.is(200).body;
    assert_eq!(now["version"], *versions.last().unwrap());
    for field in fields {
        let last = written.iter().rfind(|(_, of, _)| *of == field);
        let expected = last.map(|(_, _, text)| json!(text));
        let expected = expected.unwrap_or(if field == "headline" { json!("Plumber") } else { json!(null) });
        assert_eq!(now[field], expected, "{field}");
    }
}
