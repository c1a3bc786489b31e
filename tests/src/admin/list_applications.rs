use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_do_not_see_who_applied() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/admin/applications").await.is_problem(403, "staff_only");
}

mod on_one_machine {
    use serde_json::{Value, json};

    use super::*;
    use crate::{city::PASSWORD, media::corpus};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_longest_comes_first() {
        let city = City::without_limits().await;
        let meera = city.staff("meera").await;
        let mut waiting = Vec::new();
        for name in ["ravi", "sunil", "leela"] {
            let person = city.customer(name).await;
            waiting.push(person.applies(&city, &corpus::small_photo()).await);
            city.advance("PT1S").await;
        }
        let page = async |query: &str| {
            meera.browser().get(&format!("/v1/admin/applications{query}")).await.is(200).body
        };
        let ids = |list: &Value| -> Vec<Value> {
            list["items"].as_array().unwrap().iter().map(|item| item["professional_id"].clone()).collect()
        };
        let all: Vec<_> = waiting.iter().map(|profile| profile["professional_id"].clone()).collect();
        let list = page("").await;
        assert_eq!((ids(&list), &list["next_cursor"]), (all.clone(), &json!(null)));
        assert_eq!(list["items"][0]["name"], "Ravi Patil");
        assert_eq!(list["items"][0]["submitted_at"], waiting[0]["state_since"]);

        // A page at a time, and nobody twice.
        let (mut found, mut query) = (Vec::new(), "?limit=1".to_owned());
        for _ in 0..4 {
            let list = page(&query).await;
            found.extend(ids(&list));
            let Some(cursor) = list["next_cursor"].as_str() else { break };
            query = format!("?limit=1&cursor={cursor}");
        }
        assert_eq!(found, all);
        let foreign = "/v1/admin/applications?cursor=made-up";
        meera.browser().get(foreign).await.is_problem(422, "invalid_input");

        meera.decides(&waiting[1], json!({ "decision": "approve" })).await.is(200);
        assert_eq!(ids(&page("").await), [all[0].clone(), all[2].clone()]);
    }

    /// Whoever took the second factor away is not staff by the password alone.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn staff_is_who_has_shown_a_second_factor() {
        let city = City::without_limits().await;
        let meera = city.staff("meera").await;
        meera.browser().get("/v1/admin/applications").await.is(200);
        let token = city.link(&meera.email, "revert-factors").await;
        city.stranger().post("/v1/account/factors/revert", json!({ "token": token })).await.is(204);
        let token = city.link(&meera.email, "reset-password").await;
        let reset = json!({ "token": token, "new_password": PASSWORD });
        meera.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
        meera.sign_in().await;
        meera.browser().get("/v1/admin/applications").await.is_problem(403, "staff_only");
    }
}
