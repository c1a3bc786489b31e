//! `market-offer-job` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run_batch(market_offer_job::handler).await
}
