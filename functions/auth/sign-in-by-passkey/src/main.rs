//! `auth-sign-in-by-passkey` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(auth_sign_in_by_passkey::handler).await
}
