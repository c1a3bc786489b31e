use super::corpus;
use crate::city::City;

/// Another's upload can neither be read nor deleted, nor be shown as one's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_upload_is_not_there() {
    let city = City::new().await;
    let (asha, mallory) = (city.customer("asha").await, city.customer("mallory").await);
    for purpose in ["avatar", "document"] {
        let media = asha.upload(&city, purpose, "image/jpeg", &corpus::small_photo()).await;
        let id = media["media_id"].as_str().unwrap();
        mallory.media(id).await.is_problem(404, "not_found");
        mallory.browser().delete(&format!("/v1/media/{id}")).await.is_problem(404, "not_found");
        let attach = serde_json::json!({ "avatar": id });
        mallory.browser().patch("/v1/account", attach).await.is_problem(409, "picture_not_ready");
        city.stranger().get(&format!("/v1/media/{id}")).await.is_problem(401, "unauthenticated");
        assert_eq!(asha.media(id).await.is(200).body["state"], "ready");
    }
}

mod on_one_machine {
    use aws_lc_rs::{
        encoding::AsDer as _,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::json;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_private_is_read_by_an_address_of_minutes_and_written_down() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let media = asha.upload(&city, "document", "image/jpeg", &corpus::small_photo()).await;
        let id = media["media_id"].as_str().unwrap();
        let url = &asha.media(id).await.body["picture"]["variants"][0]["url"];
        let (status, bytes) = city.fetch(url).await;
        assert_eq!(status, 200);
        corpus::bears_no_metadata(&bytes);

        // Neither without its signature, nor through what delivers to everybody, nor for long.
        let bare = url.as_str().unwrap().split('?').next().unwrap();
        assert_eq!(city.fetch(&json!(bare)).await.0, 403);
        let path = bare.split_once("/private/").unwrap().1;
        let urls = city.look("urls").await;
        let delivered = format!("{}/private/{path}", urls["cdn"].as_str().unwrap());
        assert_eq!(city.fetch(&json!(delivered)).await.0, 403);
        let entries = city.scan("Ops").await;
        assert!(entries.len() >= 2, "{entries:?}");
        assert!(entries.iter().all(|entry| entry["pk"]["S"] == format!("audit#{id}").as_str()));
        city.advance("PT6M").await;
        assert_eq!(city.fetch(url).await.0, 403);
    }

    /// A pair of keys as ops makes it: the private one, and the public one.
    fn key_pair() -> (String, String) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let private = key.to_pkcs8v1().expect("PKCS #8");
        let public = key.public_key().as_der().expect("a public key");
        (STANDARD.encode(private.as_ref()), STANDARD.encode(public.as_ref()))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_the_network_delivers_what_is_private_addresses_are_signed() {
        let ((before, _), (private, public)) = (key_pair(), key_pair());
        let city =
            City::edited(move |template| template["Parameters"]["MediaPublicKey"]["Default"] = json!(public))
                .await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let media = asha.announce("document", "image/jpeg", &photo).await;
        city.post_form(&media, photo).await;
        let id = media["media_id"].as_str().unwrap();
        city.until(async || (asha.media(id).await.status != 200).then_some(())).await;
        // Ops has not written the key that this one belongs to.
        asha.media(id).await.is_problem(500, "internal_fault");
        city.write_secret("MediaKeys", json!({ "private_keys": [before, private] })).await;
        city.advance("PT6M").await;

        let media = asha.media(id).await.is(200).body;
        let url = &media["picture"]["variants"][0]["url"];
        let urls = city.look("urls").await;
        assert!(url.as_str().unwrap().starts_with(urls["cdn"].as_str().unwrap()), "{url}");
        let (status, bytes) = city.fetch(url).await;
        assert_eq!(status, 200);
        corpus::bears_no_metadata(&bytes);
        // Neither without its signature, nor for another file, another key, or longer.
        let url = url.as_str().unwrap();
        let other = media["picture"]["variants"][1]["url"].as_str().unwrap();
        let bare = |url: &str| url.split('?').next().unwrap().to_owned();
        let until = url.split("Expires=").nth(1).unwrap().split('&').next().unwrap();
        for forged in [
            bare(url),
            format!("{}?{}", bare(other), url.split_once('?').unwrap().1),
            url.replace(until, &format!("{}", until.parse::<i64>().unwrap() + 1)),
            url.replace("Key-Pair-Id=", "Key-Pair-Id=x"),
            url.replace("&Hash-Algorithm=SHA256", ""),
        ] {
            assert_eq!(city.fetch(&json!(forged)).await.0, 403, "{forged}");
        }
        city.advance("PT6M").await;
        assert_eq!(city.fetch(&json!(url)).await.0, 403, "an address that has expired");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_paper_is_kept_as_it_is() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let paper = corpus::paper();
        let media = asha.upload(&city, "document", "application/pdf", &paper).await;
        assert_eq!(media["state"], "ready", "{media}");
        let (status, bytes) = city.fetch(&media["paper"]["url"]).await;
        assert_eq!((status, bytes), (200, paper));
        assert!(media["paper"]["pages"].as_u64().unwrap() >= 1);
        // Asked for without an access that delivers to everybody.
        assert!(media["paper"]["url"].as_str().unwrap().contains("X-Amz-Signature"));
    }
}
