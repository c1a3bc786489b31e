//! `ops-audit-gateway` as a Lambda function.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    connecto_shared::lambda::run_event(ops_audit_gateway::handler).await
}
