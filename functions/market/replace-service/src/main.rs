//! `market-replace-service` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(market_replace_service::handler).await
}
