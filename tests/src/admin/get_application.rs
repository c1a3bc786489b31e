mod on_one_machine {
    use serde_json::json;

    use crate::{city::City, media::corpus};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn staff_sees_the_papers_and_that_is_written_down() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let photo = ravi.upload(&city, "document", "image/jpeg", &corpus::small_photo()).await;
        let paper = ravi.upload(&city, "document", "application/pdf", &corpus::paper()).await;
        let papers = json!([
            { "kind": "identity", "media_id": photo["media_id"] },
            { "kind": "qualification", "media_id": paper["media_id"] },
        ]);
        // Also of who has not applied yet.
        let profile = ravi.tells(json!({ "papers": papers })).await;
        let id = profile["professional_id"].as_str().unwrap();
        let path = format!("/v1/admin/applications/{id}");
        ravi.browser().get(&path).await.is_problem(403, "staff_only");
        let seen = meera.browser().get(&path).await.is(200).body;
        assert_eq!((&seen["email"], &seen["account_name"]), (&json!(ravi.email), &json!(ravi.name)));
        assert_eq!(seen["professional"]["version"], profile["version"]);
        assert_eq!(
            (&seen["papers"][0]["kind"], &seen["papers"][1]["kind"]),
            (&json!("identity"), &json!("qualification"))
        );
        let (status, bytes) = city.fetch(&seen["papers"][0]["picture"]["variants"][0]["url"]).await;
        assert_eq!(status, 200);
        corpus::bears_no_metadata(&bytes);
        let (status, bytes) = city.fetch(&seen["papers"][1]["url"]).await;
        assert_eq!((status, &bytes[..5]), (200, &b"%PDF-"[..]));

        let entries = city.scan("Ops").await;
        let entry = entries.iter().find(|entry| entry["pk"]["S"] == format!("audit#{id}").as_str()).unwrap();
        assert_eq!(entry["act"]["S"], "read_papers");
        meera
            .browser()
            .get("/v1/admin/applications/pro_01h455vb4pex5vsknk084sn02q")
            .await
            .is_problem(404, "not_found");
    }
}
