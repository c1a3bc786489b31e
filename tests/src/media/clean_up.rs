mod on_one_machine {
    use serde_json::json;

    use crate::{city::City, media::corpus};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_failed_to_go_goes_later() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let media = asha.upload(&city, "portfolio", "image/jpeg", &corpus::small_photo()).await;
        let id = media["media_id"].as_str().unwrap();
        let url = &media["picture"]["variants"][0]["url"];
        assert_eq!(city.fetch(url).await.0, 200);
        city.misbehave(json!([{ "service": "s3", "action": "DeleteObject", "every": 1, "do": "fail" }]))
            .await;
        asha.browser().delete(&format!("/v1/media/{id}")).await.is(204);
        assert!(!city.files("public/").await.is_empty());
        city.behave().await;

        assert_eq!(city.run("MediaCleanUp", json!({})).await["gone"], 1);
        assert_eq!(city.files("public/").await, [""; 0]);
        assert_eq!(city.fetch(url).await.0, 403);
        assert!(city.scan("Media").await.is_empty());
        assert_eq!(city.run("MediaCleanUp", json!({})).await["gone"], 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_nobody_judged_is_given_up_and_its_owner_told() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let form = asha.announce("portfolio", "image/jpeg", &photo).await;
        let id = form["media_id"].as_str().unwrap();
        // Some of it is written, but never all.
        let rule = json!([{
            "service": "s3", "action": "PutObject", "function": "MediaProcessUpload", "every": 2, "do": "crash",
        }]);
        city.misbehave(rule).await;
        city.post_form(&form, photo).await;
        city.until(async || (!city.files("public/").await.is_empty()).then_some(())).await;
        city.advance("PT2H1M").await;
        asha.sign_in().await;
        let media = asha.judged(&city, id).await;
        assert_eq!((&media["state"], &media["rejection"]["reason"]), (&json!("rejected"), &json!("failed")));
        for area in ["public/", "quarantine/"] {
            assert_eq!(city.files(area).await, [""; 0]);
        }
    }

    /// Killed between its steps, it goes on where it was the next time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_clean_up_that_was_cut_short_is_ended_by_the_next() {
        let photo = corpus::small_photo();
        for (service, action, every) in [
            ("dynamodb", "TransactWriteItems", 1),
            ("s3", "DeleteObject", 1),
            ("s3", "DeleteObject", 2),
            ("dynamodb", "TransactWriteItems", 2),
        ] {
            let city = City::new().await;
            let asha = city.customer("asha").await;
            let form = asha.announce("portfolio", "image/jpeg", &photo).await;
            let crash = |function: &str, service: &str, action: &str, every: u32| json!({ "service": service, "action": action, "function": function, "every": every, "do": "crash" });
            let rules = [
                crash("MediaProcessUpload", "s3", "PutObject", 2),
                crash("MediaCleanUp", service, action, every),
            ];
            city.misbehave(json!(rules)).await;
            city.post_form(&form, photo.clone()).await;
            city.until(async || (!city.files("public/").await.is_empty()).then_some(())).await;
            city.advance("PT2H1M").await;
            city.run_anyhow("MediaCleanUp", json!({})).await;
            let struck = async || (city.look("chaos").await["rules"][1]["struck"] != 0).then_some(());
            city.until(struck).await;
            city.behave().await;
            city.until(async || {
                city.run_anyhow("MediaCleanUp", json!({})).await;
                let rows = city.scan("Media").await;
                let is_settled = rows[0]["stage"]["S"] == "rejected" && rows[0]["gsi1pk"].is_null();
                is_settled.then_some(())
            })
            .await;
            for area in ["public/", "quarantine/"] {
                assert_eq!(city.files(area).await, [""; 0], "{service} {action} {every}");
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_belongs_to_no_upload_is_found() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        asha.upload(&city, "portfolio", "image/jpeg", &corpus::small_photo()).await;
        asha.upload(&city, "document", "image/jpeg", &corpus::small_photo()).await;
        let owned = (city.files("public/").await, city.files("private/").await);
        for key in ["public/med_01h455vb4pex5vsknk084sn02q/x/96x96.jpg", "private/nobody/x/paper.pdf"] {
            city.put_file(key, b"of nobody").await;
        }
        assert_eq!(city.run("MediaFindOrphans", json!({})).await["orphans"], 2);
        assert_eq!((city.files("public/").await, city.files("private/").await), owned);
        assert_eq!(city.run("MediaFindOrphans", json!({})).await["orphans"], 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_never_came_is_forgotten() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let form = asha.announce("avatar", "image/jpeg", &corpus::small_photo()).await;
        let id = form["media_id"].as_str().unwrap();
        assert_eq!(asha.media(id).await.body["state"], "waiting");
        city.advance("P7DT1M").await;
        city.until(async || city.scan("Media").await.is_empty().then_some(())).await;
        asha.sign_in().await;
        asha.media(id).await.is_problem(404, "not_found");
    }
}
