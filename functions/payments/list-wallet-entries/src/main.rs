//! `payments-list-wallet-entries` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(payments_list_wallet_entries::handler).await
}
