//! `media-withdraw-threat` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run_event(media_withdraw_threat::handler).await
}
