use serde_json::json;

use super::corpus;
use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_away_is_shown_nowhere() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let photo = corpus::small_photo();
    let media = asha.upload(&city, "avatar", "image/jpeg", &photo).await;
    let other = asha.upload(&city, "avatar", "image/jpeg", &photo).await;
    let id = media["media_id"].as_str().unwrap();
    asha.browser().patch("/v1/account", json!({ "avatar": id })).await.is(200);
    let url = &media["picture"]["variants"][0]["url"];
    assert_eq!(city.fetch(url).await.0, 200);

    asha.browser().delete(&format!("/v1/media/{id}")).await.is(204);
    city.until(async || (city.fetch(url).await.0 == 403).then_some(())).await;
    asha.media(id).await.is_problem(404, "not_found");
    asha.browser().delete(&format!("/v1/media/{id}")).await.is_problem(404, "not_found");
    // A cache may tell of it for a minute, but the account itself does not.
    let account = asha.browser().patch("/v1/account", json!({ "name": "Asha" })).await.is(200);
    assert!(account.body["avatar"].is_null());
    // The same picture, uploaded by itself, stays.
    assert_eq!(city.fetch(&other["picture"]["variants"][0]["url"]).await.0, 200);
}
