//! `admin-resolve-dispute` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(admin_resolve_dispute::handler).await
}
