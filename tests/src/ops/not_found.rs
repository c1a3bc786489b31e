use reqwest::Method;
use serde_json::json;

use crate::city::{City, front_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_route_takes_is_a_problem() {
    let city = City::new().await;
    for path in
        ["/", "/v1", "/v1/nothing", "/v1/auth/login/", "/v1/account/sessions/a/b", "/..%2f..%2f", "/%00"]
    {
        city.stranger().get(path).await.is_problem(404, "not_found");
    }
    let answer = city.stranger().get("/v1/auth/login").await;
    answer.is_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
    let answer =
        city.stranger().send(Method::PUT, "/v1/account/sessions/x", Some(json!({}).to_string().into())).await;
    answer.is_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "DELETE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_our_front_end_may_ask() {
    let city = City::new().await;
    let preflight = |origin: &str| {
        let browser = city
            .stranger()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "content-type");
        async move { browser.send(Method::OPTIONS, "/v1/auth/login", None).await }
    };
    let ours = preflight(&front_end()).await.is(204);
    assert_eq!(ours.header("access-control-allow-origin"), front_end());
    assert_eq!(ours.header("access-control-allow-credentials"), "true");
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
}
