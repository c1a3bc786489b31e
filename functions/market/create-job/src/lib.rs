//! Posts what a customer wants done: it is offered to the professionals around it (`market/offer-job`).

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        job::{Ask, Job, JobState},
        limits::JOB_PER_ACCOUNT,
        media::Purpose,
        prose::{Prose, has_contact_details},
        user::User,
    },
    http::{
        CreatedOnce, Error, FieldError, Idempotent, JobSummary, Problem, SignedIn, Wording,
        problem::{CONFLICT, INVALID_INPUT, RATE_LIMITED, UPLOAD_NOT_READY},
        replay,
    },
    store::{jobs, limits, replies::Home, uploads},
};
use jiff::Timestamp;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[UPLOAD_NOT_READY, CONFLICT, RATE_LIMITED];

/// Posts it, once for each key.
#[tracing::instrument(name = "market.create_job", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    request: Idempotent<Ask>,
) -> Result<CreatedOnce<JobSummary>, Error> {
    let (asks, ticket) = request.of(user.user_id, Home::Market);
    if let Some(answer) = replay(&app, &ticket).await? {
        return Ok(answer);
    }
    let open_until = check(&app, &wording, &asks)?;
    check_photos(&app, &user, &asks).await?;
    limits::take(&app, JOB_PER_ACCOUNT, &user.user_id.to_string()).await??;
    let job = Job {
        job_id: app.new_id()?,
        customer_id: user.user_id,
        customer_name: user.name,
        asks,
        state: JobState::Open,
        booking_id: None,
        open_until,
        version: 1,
        created_at: app.now(),
    };
    let answer = JobSummary::of(&app, &wording, &job);
    let answer = serde_json::to_string(&answer)?;
    match jobs::post(&app, &job, (&ticket, answer.clone())).await? {
        Ok(()) => Ok(CreatedOnce::of(answer)),
        Err(_) => replay(&app, &ticket).await?.ok_or_else(|| CONFLICT.into()),
    }
}

/// What can be checked without asking anybody; returns until when it is offered.
fn check(app: &App, wording: &Wording, asks: &Ask) -> Result<Timestamp, Error> {
    if !wording.catalogue.offers(&asks.category) {
        return Err(INVALID_INPUT.at("/category", "unknown_category").into());
    }
    let texts = [("/title", Some(asks.title.as_str())), ("/text", asks.text.as_ref().map(Prose::as_str))];
    if let Some((field, _)) = texts.iter().find(|(_, text)| text.is_some_and(has_contact_details)) {
        return Err(INVALID_INPUT.at(field, "contact_details").into());
    }
    let window = asks.when.window(app.now()).ok_or_else(|| INVALID_INPUT.at("/when/date", "out_of_range"))?;
    Ok(window.to)
}

/// Each photo is an upload of their own, for this, and ready.
async fn check_photos(app: &App, user: &User, asks: &Ask) -> Result<(), Error> {
    let ready = uploads::ready(app, user.user_id, &asks.photos).await?;
    let is_there =
        |id| ready.iter().any(|upload| upload.media_id == id && upload.purpose == Purpose::JobPhoto);
    let missing = asks.photos.iter().enumerate().filter(|(_, id)| !is_there(**id));
    let error = |(at, _)| FieldError { field: format!("/photos/{at}"), code: "upload_not_ready".to_owned() };
    let errors: Vec<_> = missing.map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(UPLOAD_NOT_READY.with_errors(errors).into()) }
}
