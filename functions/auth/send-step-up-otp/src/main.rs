//! `auth-send-step-up-otp` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run(auth_send_step_up_otp::handler).await
}
