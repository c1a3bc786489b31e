use serde_json::{Value, json};

use crate::{city::City, media::corpus};

/// A picture without what makes its addresses good for a while.
fn lasting(picture: &Value) -> Value {
    let mut picture = picture.clone();
    picture["urls_expire_at"].take();
    for variant in picture["variants"].as_array_mut().expect("variants") {
        let url = variant["url"].as_str().expect("an address");
        variant["url"] = url.split('?').next().into();
    }
    picture
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_shown_until_another_is() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let photo = corpus::small_photo();
    let first = asha.upload(&city, "avatar", "image/jpeg", &photo).await;
    let id = &first["media_id"];
    for _ in 0..2 {
        let account = asha.browser().patch("/v1/account", json!({ "avatar": id })).await.is(200);
        assert_eq!(lasting(&account.body["avatar"]), lasting(&first["picture"]));
    }
    let account = asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    assert_eq!(lasting(&account.body["avatar"]), lasting(&first["picture"]), "what is left out stays");

    let second = asha.upload(&city, "avatar", "image/jpeg", &photo).await;
    let account = asha.browser().patch("/v1/account", json!({ "avatar": second["media_id"] })).await.is(200);
    assert_eq!(lasting(&account.body["avatar"]), lasting(&second["picture"]));
    asha.media(id.as_str().unwrap()).await.is_problem(404, "not_found");

    let account = asha.browser().patch("/v1/account", json!({ "avatar": null })).await.is(200);
    assert!(account.body["avatar"].is_null());
    asha.media(second["media_id"].as_str().unwrap()).await.is_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_picture_for_that_is_one_to_be_shown_by() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let work = asha.upload(&city, "portfolio", "image/jpeg", &corpus::small_photo()).await;
    let waiting = asha.announce("avatar", "image/jpeg", b"not yet").await;
    let refused = asha.upload(&city, "avatar", "image/jpeg", b"<html>").await;
    for media in [&work, &waiting, &refused] {
        let answer = asha.browser().patch("/v1/account", json!({ "avatar": media["media_id"] })).await;
        answer.is_problem(409, "picture_not_ready");
    }
}
