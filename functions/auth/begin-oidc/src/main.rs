//! `auth-begin-oidc` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(auth_begin_oidc::handler).await
}
