//! Photos, papers and films.

use serde_json::json;

use crate::{
    city::City,
    media::{arrival, corpus, verdict},
};

/// Uploads what everybody and what nobody else may see, and has it shown, replaced, taken away, found harmful, given up
/// and left without an owner.
pub async fn use_media(city: &City) {
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
