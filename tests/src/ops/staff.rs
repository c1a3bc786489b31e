mod on_one_machine {
    use serde_json::{Value, json};

    use crate::{
        account::factors::{half_way, verify},
        auth::step_up::claims,
        city::{City, Person},
    };

    async fn grant(city: &City, person: &Person, role: Value) -> Value {
        city.run("OpsGrantStaff", json!({ "email": person.email, "role": role })).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn staff_is_made_by_hand_and_has_a_second_factor() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let nobody = Person::new(city.stranger(), "nobody");
        assert_eq!(grant(&city, &nobody, json!("admin")).await["outcome"], "no_account");
        assert_eq!(grant(&city, &asha, json!("admin")).await["outcome"], "no_second_factor");
        let (_, codes) = asha.protect(&city).await;
        assert_eq!(claims(&asha.access_token())["staff"], json!(null));
        let granted = grant(&city, &asha, json!("admin")).await;
        assert_eq!((&granted["outcome"], &granted["role"]), (&json!("done"), &json!("admin")));

        // What was signed in before is over; what is now says what she is, and that she proved two things.
        asha.exchange(&asha.refresh_token()).await.is_problem(401, "invalid_refresh_token");
        let proof = json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[0] });
        asha.keep(&verify(&asha, proof).await.is(200).body);
        let said = claims(&asha.access_token());
        assert_eq!((&said["staff"], &said["amr"]), (&json!("admin"), &json!(["pwd", "otp", "mfa"])));
        let factors = asha.browser().get("/v1/account/factors").await.is(200);
        let id = factors.body["items"][0]["factor_id"].as_str().unwrap();
        asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is_problem(409, "last_factor");

        assert_eq!(grant(&city, &asha, json!(null)).await["outcome"], "done");
        let proof = json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[1] });
        asha.keep(&verify(&asha, proof).await.is(200).body);
        assert_eq!(claims(&asha.access_token())["staff"], json!(null));
        asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is(204);
    }

    /// Nobody makes themselves staff.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_is_staff_by_saying_so() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        for said in [json!({ "staff": "admin" }), json!({ "roles": ["admin"] })] {
            asha.browser().patch("/v1/account", said).await.is_problem(422, "invalid_input");
        }
    }
}
