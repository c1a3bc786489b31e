use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_told_nothing_has_no_profile() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.browser().get("/v1/professional").await.is_problem(404, "not_found");
}
