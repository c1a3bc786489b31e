//! The mount table: every function of the workspace, by its folder.

use aide::{
    OperationInput, OperationOutput, axum::AxumOperationHandler, generate::GenContext, openapi::Operation,
};
use connecto_shared::{
    App,
    http::{Problem, describe_problems},
    lambda::{self, Invoke},
};

/// A function: where its crate lies, and how it is started.
pub struct Endpoint {
    /// Its folder under `functions/`.
    pub folder: &'static str,
    /// What calls it.
    pub kind: Kind,
}

/// What calls a function.
pub enum Kind {
    /// A request.
    Http(HttpEndpoint),
    /// Any other event.
    Event(EventEndpoint),
}

/// A function behind a route.
pub struct HttpEndpoint {
    start: Box<dyn Fn(App) -> Invoke + Send + Sync>,
    describe: fn(&mut GenContext, &mut Operation),
    /// What it can refuse beside what its arguments refuse.
    pub problems: &'static [Problem],
}

/// A function behind a trigger.
pub struct EventEndpoint {
    start: Box<dyn Fn(App) -> Invoke + Send + Sync>,
}

impl Endpoint {
    /// A function behind a route.
    pub fn http<H, I, O, T>(folder: &'static str, handler: H, problems: &'static [Problem]) -> Self
    where
        H: AxumOperationHandler<I, O, T, App> + Clone + Sync,
        I: OperationInput,
        O: OperationOutput,
        T: 'static,
    {
        let start = Box::new(move |app| lambda::http(handler.clone(), app));
        Self { folder, kind: Kind::Http(HttpEndpoint { start, describe: describe::<I, O>, problems }) }
    }

    /// A function behind a trigger.
    pub fn event(folder: &'static str, start: impl Fn(App) -> Invoke + Send + Sync + 'static) -> Self {
        Self { folder, kind: Kind::Event(EventEndpoint { start: Box::new(start) }) }
    }

    /// Starts the function with its app.
    #[must_use]
    pub fn start(&self, app: App) -> Invoke {
        match &self.kind {
            Kind::Http(endpoint) => (endpoint.start)(app),
            Kind::Event(endpoint) => (endpoint.start)(app),
        }
    }
}

impl HttpEndpoint {
    /// Writes the endpoint's request, answers and problems into an operation of the API's document.
    pub fn describe(&self, ctx: &mut GenContext, operation: &mut Operation) {
        (self.describe)(ctx, operation);
        describe_problems(ctx, operation, self.problems);
    }
}

fn describe<I: OperationInput, O: OperationOutput>(ctx: &mut GenContext, operation: &mut Operation) {
    I::operation_input(ctx, operation);
    for (status, response) in O::inferred_responses(ctx, operation) {
        let Some(status) = status else { continue };
        let responses = operation.responses.get_or_insert_default();
        responses.responses.insert(status, aide::openapi::ReferenceOr::Item(response));
    }
}

macro_rules! http {
    ($folder:literal, $function:ident) => {
        Endpoint::http($folder, $function::handler, $function::PROBLEMS)
    };
}

macro_rules! event {
    ($folder:literal, $function:ident) => {
        Endpoint::event($folder, |app| lambda::event($function::handler, app))
    };
}

macro_rules! batch {
    ($folder:literal, $function:ident) => {
        Endpoint::event($folder, |app| lambda::batch($function::handler, app))
    };
}

/// Every function.
#[must_use]
#[allow(clippy::too_many_lines, reason = "a line for each function")]
pub fn all() -> Vec<Endpoint> {
    vec![
        http!("account/begin-passkey", account_begin_passkey),
        http!("account/begin-totp", account_begin_totp),
        http!("account/change-email", account_change_email),
        http!("account/change-phone", account_change_phone),
        http!("account/confirm-email", account_confirm_email),
        http!("account/confirm-passkey", account_confirm_passkey),
        http!("account/confirm-identity", account_confirm_identity),
        http!("account/confirm-phone", account_confirm_phone),
        http!("account/confirm-totp", account_confirm_totp),
        http!("account/end-all-sessions", account_end_all_sessions),
        http!("account/end-session", account_end_session),
        http!("account/get-account", account_get_account),
        http!("account/link-identity", account_link_identity),
        http!("account/list-factors", account_list_factors),
        http!("account/list-identities", account_list_identities),
        http!("account/list-sessions", account_list_sessions),
        http!("account/remove-factor", account_remove_factor),
        http!("account/remove-identity", account_remove_identity),
        http!("account/remove-phone", account_remove_phone),
        http!("account/renew-recovery-codes", account_renew_recovery_codes),
        http!("account/revert-email", account_revert_email),
        http!("account/revert-factors", account_revert_factors),
        http!("account/update-account", account_update_account),
        http!("admin/decide-application", admin_decide_application),
        http!("admin/decide-credits", admin_decide_credits),
        http!("admin/decide-report", admin_decide_report),
        http!("admin/edit-category", admin_edit_category),
        http!("admin/get-application", admin_get_application),
        http!("admin/give-credits", admin_give_credits),
        http!("admin/list-applications", admin_list_applications),
        http!("admin/list-categories", admin_list_categories),
        http!("admin/list-credits", admin_list_credits),
        http!("admin/list-disputes", admin_list_disputes),
        http!("admin/list-reports", admin_list_reports),
        http!("admin/resolve-dispute", admin_resolve_dispute),
        http!("auth/begin-passkey", auth_begin_passkey),
        http!("auth/begin-oidc", auth_begin_oidc),
        http!("auth/change-password", auth_change_password),
        http!("auth/finish-oidc", auth_finish_oidc),
        http!("auth/forgot-password", auth_forgot_password),
        http!("auth/login", auth_login),
        http!("auth/logout", auth_logout),
        http!("auth/refresh", auth_refresh),
        http!("auth/register", auth_register),
        http!("auth/reset-password", auth_reset_password),
        http!("auth/send-otp", auth_send_otp),
        http!("auth/send-step-up-otp", auth_send_step_up_otp),
        http!("auth/send-verification", auth_send_verification),
        http!("auth/sign-in-by-passkey", auth_sign_in_by_passkey),
        http!("auth/step-up", auth_step_up),
        http!("auth/verify-email", auth_verify_email),
        http!("auth/verify-factor", auth_verify_factor),
        http!("auth/verify-otp", auth_verify_otp),
        http!("market/accept-quote", market_accept_quote),
        http!("market/advance-booking", market_advance_booking),
        http!("market/create-booking", market_create_booking),
        http!("market/create-job", market_create_job),
        http!("market/create-service", market_create_service),
        http!("market/decline-quote", market_decline_quote),
        http!("market/delete-service", market_delete_service),
        http!("market/find-services", market_find_services),
        http!("market/get-availability", market_get_availability),
        http!("market/get-booking", market_get_booking),
        http!("market/get-job", market_get_job),
        http!("market/get-locality", market_get_locality),
        http!("market/get-offered-job", market_get_offered_job),
        http!("market/get-own-professional", market_get_own_professional),
        http!("market/get-professional", market_get_professional),
        http!("market/find-professionals", market_find_professionals),
        http!("market/get-reviews", market_get_reviews),
        batch!("market/index-professional", market_index_professional),
        event!("market/lapse-bookings", market_lapse_bookings),
        event!("market/lapse-jobs", market_lapse_jobs),
        http!("market/list-bookings", market_list_bookings),
        http!("market/list-categories", market_list_categories),
        http!("market/list-jobs", market_list_jobs),
        http!("market/list-offered-jobs", market_list_offered_jobs),
        http!("market/list-own-services", market_list_own_services),
        http!("market/list-professional-bookings", market_list_professional_bookings),
        http!("market/list-reviews", market_list_reviews),
        http!("market/list-services", market_list_services),
        http!("market/list-slots", market_list_slots),
        batch!("market/offer-job", market_offer_job),
        http!("market/quote-job", market_quote_job),
        http!("market/replace-service", market_replace_service),
        http!("market/reply-to-review", market_reply_to_review),
        http!("market/report-review", market_report_review),
        http!("market/reschedule-booking", market_reschedule_booking),
        http!("market/set-availability", market_set_availability),
        event!("market/show-reviews", market_show_reviews),
        http!("market/submit-professional", market_submit_professional),
        http!("market/update-professional", market_update_professional),
        http!("market/withdraw-job", market_withdraw_job),
        http!("market/withdraw-quote", market_withdraw_quote),
        http!("market/write-review", market_write_review),
        event!("media/clean-up", media_clean_up),
        http!("media/complete-upload", media_complete_upload),
        http!("media/create-multipart-upload", media_create_multipart_upload),
        http!("media/delete-media", media_delete_media),
        event!("media/find-orphans", media_find_orphans),
        http!("media/get-media", media_get_media),
        http!("media/list-parts", media_list_parts),
        event!("media/process-upload", media_process_upload),
        http!("media/upload-url", media_upload_url),
        event!("media/withdraw-threat", media_withdraw_threat),
        batch!("notify/deliver", notify_deliver),
        event!("notify/resend", notify_resend),
        event!("notify/sweep", notify_sweep),
        event!("ops/audit-gateway", ops_audit_gateway),
        event!("ops/audit-ledger", ops_audit_ledger),
        event!("ops/cache-status", ops_cache_status),
        event!("ops/grant-staff", ops_grant_staff),
        http!("ops/health", ops_health),
        http!("ops/jwks", ops_jwks),
        http!("ops/not-found", ops_not_found),
        event!("ops/reconcile-payments", ops_reconcile_payments),
        event!("ops/rotate-keys", ops_rotate_keys),
        batch!("payments/follow-webhook", payments_follow_webhook),
        http!("payments/get-invoice", payments_get_invoice),
        http!("payments/get-invoice-pdf", payments_get_invoice_pdf),
        http!("payments/get-payment", payments_get_payment),
        http!("payments/get-payout-account", payments_get_payout_account),
        event!("payments/expire-credits", payments_expire_credits),
        http!("payments/get-proofs", payments_get_proofs),
        http!("payments/get-statement", payments_get_statement),
        http!("payments/get-wallet", payments_get_wallet),
        http!("payments/list-wallet-entries", payments_list_wallet_entries),
        event!("payments/number-invoices", payments_number_invoices),
        http!("payments/pay", payments_pay),
        http!("payments/receive-webhook", payments_receive_webhook),
        http!("payments/set-payout-account", payments_set_payout_account),
        http!("payments/set-refund-destination", payments_set_refund_destination),
        http!("payments/verify-payment", payments_verify_payment),
    ]
}
