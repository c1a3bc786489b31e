use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_has_no_slots() {
    let city = City::new().await;
    let path = "/v1/professionals/pro_01h455vb4pex5vsknk084sn02q/slots?service=svc_01h455vb4pex5vsknk084sn02q\
                &from=2027-01-04T00:00:00Z&to=2027-01-05T00:00:00Z&latitude=18.5&longitude=73.8&pin_code=411038";
    city.stranger().get(path).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use jiff::{Span, tz::TimeZone};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        city::{Person, offer, plan},
        media::corpus,
    };

    /// A plumber who was approved, and where their slots are told.
    async fn plumber(city: &City) -> (Person, String) {
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let profile = ravi.applies(city, &corpus::small_photo()).await;
        meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        (ravi, format!("/v1/professionals/{}/slots", profile["professional_id"].as_str().unwrap()))
    }

    /// Where the plumber goes.
    const PLACE: &str = "&latitude=18.5&longitude=73.8&pin_code=411038";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_lives_too_far_away_is_told_so() {
        let city = City::new().await;
        let (ravi, path) = plumber(&city).await;
        let service = ravi.offers(offer()).await;
        let day = "from=2027-01-04T00:00:00Z&to=2027-01-05T00:00:00Z&pin_code=110001";
        let far = format!(
            "{path}?service={}&{day}&latitude=28.6&longitude=77.2",
            service["service_id"].as_str().unwrap()
        );
        city.stranger().get(&far).await.is_problem(409, "outside_area");
    }

    fn beginnings(answer: &Value) -> Vec<&str> {
        answer["items"].as_array().unwrap().iter().map(|slot| slot["starts_at"].as_str().unwrap()).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn slots_are_when_the_plan_says() {
        let city = City::new().await;
        let (ravi, path) = plumber(&city).await;
        let service = ravi.offers(offer()).await;
        let service = service["service_id"].as_str().unwrap();
        // A day that is three days ahead, by the plumber's clock.
        let india = TimeZone::get("Asia/Kolkata").unwrap();
        let day = city.now().await.to_zoned(india.clone()).date().checked_add(Span::new().days(3)).unwrap();
        let time = |hour: i8, minute: i8| {
            day.at(hour, minute, 0, 0).to_zoned(india.clone()).unwrap().timestamp().to_string()
        };
        let (from, to) = (time(0, 0), time(23, 55));
        let ask = async |more: &str| {
            city.stranger().get(&format!("{path}?service={service}&from={from}&to={to}{PLACE}{more}")).await
        };
        let plans = async |change: &Value| {
            let mut written = plan();
            written["exceptions"] = json!([{ "date": day, "hours": [{ "from": "09:00", "to": "11:00" }] }]);
            written.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            ravi.browser().put("/v1/professional/availability", written).await.is(200);
        };
        assert_eq!(ask("").await.is(200).body, json!({ "time_zone": null, "items": [] }));

        plans(&json!({})).await;
        let found = ask("").await.is(200).body;
        assert_eq!(beginnings(&found), [time(9, 0), time(9, 30), time(10, 0)]);
        assert_eq!(
            (&found["items"][2]["ends_at"], &found["time_zone"]),
            (&json!(time(11, 0)), &json!("Asia/Kolkata"))
        );
        // What takes longer begins earlier.
        assert_eq!(beginnings(&ask("&add_on=Another%20tap").await.is(200).body), [time(9, 0), time(9, 30)]);
        // Not as long as somebody is away, nor sooner than they want to know of it, nor later than they plan.
        plans(&json!({ "time_off": [{ "from": time(9, 30), "to": time(9, 35) }] })).await;
        assert_eq!(beginnings(&ask("").await.is(200).body), [time(10, 0)]);
        plans(&json!({ "days_ahead": 1 })).await;
        assert!(beginnings(&ask("").await.is(200).body).is_empty());
        plans(&json!({ "lead_time": 6 * 24 * 60 })).await;
        assert!(beginnings(&ask("").await.is(200).body).is_empty());
        // The service may say that it can be had sooner; and once it rests, not at all.
        let mut soon = offer();
        soon["lead_time"] = json!(0);
        ravi.browser().put(&format!("/v1/professional/services/{service}"), soon.clone()).await.is(200);
        assert_eq!(beginnings(&ask("").await.is(200).body).len(), 3);
        soon["is_active"] = json!(false);
        ravi.browser().put(&format!("/v1/professional/services/{service}"), soon).await.is(200);
        ask("").await.is_problem(404, "not_found");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_asked_is_refused_by_name() {
        let city = City::new().await;
        let (ravi, path) = plumber(&city).await;
        let service = ravi.offers(offer()).await;
        let service = service["service_id"].as_str().unwrap();
        let refused = async |query: &str, field: &str, code: &str| {
            let answer = city.stranger().get(&format!("{path}?service={service}{query}")).await;
            answer.is_problem(422, "invalid_input");
            let error = &answer.body["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{query}");
        };
        for (place, field, code) in [
            ("&longitude=73.8&pin_code=411038", "latitude", "missing"),
            ("&latitude=1&longitude=73.8&pin_code=411038", "latitude", "outside_india"),
            ("&latitude=18.5&longitude=north&pin_code=411038", "longitude", "invalid_value"),
            ("&latitude=18.5&longitude=73.8", "pin_code", "missing"),
            ("&latitude=18.5&longitude=73.8&pin_code=41103", "pin_code", "invalid_pin_code"),
        ] {
            let day = "&from=2027-01-04T00:00:00Z&to=2027-01-05T00:00:00Z";
            refused(&format!("{day}{place}"), field, code).await;
        }
        for (query, field, code) in [
            ("&from=2027-01-04T00:00:00Z", "to", "missing"),
            ("&from=2027-01-04T00:00:00Z&to=2027-01-04T00:00:00Z", "to", "invalid_period"),
            ("&from=2027-01-04T00:00:00Z&to=2027-02-04T00:00:01Z", "to", "invalid_period"),
            ("&from=monday&to=2027-02-04T00:00:01Z", "from", "invalid_value"),
            ("&from=2027-01-04T00:00:00Z&to=2027-01-05T00:00:00Z&price=gold", "price", "invalid_value"),
            ("&from=2027-01-04T00:00:00Z&to=2027-01-05T00:00:00Z&add_on=gold", "add_on", "invalid_value"),
        ] {
            refused(&format!("{query}{PLACE}"), field, code).await;
        }
    }
}
