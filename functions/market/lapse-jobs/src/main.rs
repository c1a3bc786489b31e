//! `market-lapse-jobs` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run_event(market_lapse_jobs::handler).await
}
