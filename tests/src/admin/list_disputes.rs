use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_do_not_see_what_others_object_to() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/admin/disputes").await.is_problem(403, "staff_only");
}
