mod on_one_machine {
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person},
        media::corpus,
    };

    async fn own(person: &Person) -> Value {
        person.browser().get("/v1/professional").await.is(200).body
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_decision_is_told_with_its_reason() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let profile = ravi.applies(&city, &corpus::small_photo()).await;
        for body in [json!({ "decision": "suspend", "reason": "other" }), json!({ "decision": "reinstate" })]
        {
            meera.decides(&profile, body).await.is_problem(409, "not_decidable");
        }
        let yes_but = json!({ "decision": "approve", "reason": "other" });
        meera.decides(&profile, yes_but).await.is_problem(422, "invalid_input");
        let answer = meera.decides(&profile, json!({ "decision": "reject" })).await;
        answer.is_problem(422, "invalid_input");
        assert_eq!(answer.body["errors"][0]["code"], "reason_required");

        let note = "The back of the card is missing.";
        let body = json!({ "decision": "reject", "reason": "papers_missing", "note": note });
        let decided = meera.decides(&profile, body).await.is(200).body;
        assert_eq!((&decided["state"], &decided["version"]), (&json!("rejected"), &json!(3)));
        let told = own(&ravi).await;
        assert_eq!(
            told["decision"],
            json!({ "reason": "papers_missing", "detail": "A paper that we need is missing.", "note": note })
        );
        let mail = city.mail(&ravi.email, 2).await;
        assert_eq!(mail["subject"], "Something is missing in your application");
        assert!(mail["text"].as_str().unwrap().contains("/professional"), "{mail}");

        let again = ravi.browser().post("/v1/professional/submit", json!({})).await.is(200).body;
        assert_eq!(again["decision"], json!(null));
        meera.decides(&profile, json!({ "decision": "approve" })).await.is_problem(409, "conflict");
        meera.decides(&again, json!({ "decision": "approve" })).await.is(200);
        assert_eq!(own(&ravi).await["state"], "approved");
        let mail = city.mail(&ravi.email, 3).await;
        assert_eq!(mail["subject"], "You are a professional on ConnectO now");

        let subject = format!("audit#{}", profile["professional_id"].as_str().unwrap());
        let entries = city.scan("Ops").await;
        let mut acts: Vec<_> = entries.iter().filter(|entry| entry["pk"]["S"] == subject.as_str()).collect();
        acts.sort_by_key(|entry| entry["sk"]["S"].to_string());
        let acts: Vec<_> = acts.iter().map(|entry| &entry["act"]["S"]).collect();
        assert_eq!(acts, ["reject_professional", "approve_professional"]);
        let no = entries.iter().find(|entry| entry["act"]["S"] == "reject_professional").unwrap();
        assert_eq!(
            (&no["version"]["N"], &no["reason"]["S"], &no["note"]["S"]),
            (&json!("2"), &json!("papers_missing"), &json!(note))
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_decides_of_themselves() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let profile = meera.applies(&city, &corpus::small_photo()).await;
        meera.decides(&profile, json!({ "decision": "approve" })).await.is_problem(409, "not_decidable");
        ravi.decides(&profile, json!({ "decision": "approve" })).await.is_problem(403, "staff_only");
        assert_eq!(own(&meera).await["state"], "submitted");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_mail_gets_a_text_message() {
        let city = City::new().await;
        let ((ravi, phone), meera) = (city.phone_customer().await, city.staff("meera").await);
        let profile = ravi.applies(&city, &corpus::small_photo()).await;
        meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        let message = city.mail(&phone, 2).await;
        assert!(message["text"].as_str().unwrap().contains("news about your profile"), "{message}");
    }

    /// Of twenty decisions at once one is taken, written down once, and told once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_twenty_decisions_at_once_one_is_taken() {
        let city = City::without_limits().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let profile = ravi.applies(&city, &corpus::small_photo()).await;
        let decide = |n: usize| {
            let no = json!({ "decision": "reject", "reason": "other" });
            meera.decides(&profile, if n.is_multiple_of(2) { json!({ "decision": "approve" }) } else { no })
        };
        let answers = futures_util::future::join_all((0..20).map(decide)).await;
        let taken: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(taken.len(), 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.is_problem(409, "conflict");
        }
        assert_eq!(own(&ravi).await["state"], taken[0].body["state"]);
        city.mail(&ravi.email, 2).await;
        let subject = format!("audit#{}", profile["professional_id"].as_str().unwrap());
        let entries = city.scan("Ops").await;
        assert_eq!(entries.iter().filter(|entry| entry["pk"]["S"] == subject.as_str()).count(), 1);
        city.advance("PT5M").await;
        assert_eq!(city.mails(&ravi.email).await.len(), 2);
    }
}
