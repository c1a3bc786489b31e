//! `payments-set-refund-destination` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(payments_set_refund_destination::handler).await
}
