//! `payments-follow-webhook` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run_batch(payments_follow_webhook::handler).await
}
