//! Changes what somebody tells of themselves as a professional; what is left out stays as it is.
//!
//! The first change makes the draft. Who was approved and changes who they are, or what proves it, waits again until
//! staff has looked at it.

use std::collections::BTreeSet;

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        catalogue::CategoryId,
        id::{MediaId, UserId},
        media::Purpose,
        place::{Point, ServiceArea},
        professional::{
            IdentityPaper, Professional, ProfessionalProfile, SpokenLanguage, Standing, StandingEvent, Year,
        },
        prose::{Line, Prose, has_contact_details},
        several::Several,
        upload::Upload,
    },
    http::{
        Error, FieldError, Json, OwnProfessional, Problem, SignedIn, Wording, given,
        problem::{CONFLICT, INVALID_INPUT, UPLOAD_NOT_READY},
    },
    store::{professionals, uploads},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT, UPLOAD_NOT_READY];

/// What to change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::option_option, reason = "null is not nothing")]
pub struct UpdateProfessional {
    /// What customers see them called: their own name, or their firm's.
    name: Option<Line<80>>,
    /// What they do, in a line.
    headline: Option<Line<120>>,
    /// What else there is to say; null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Prose<4000>>")]
    about: Option<Option<Prose<4000>>>,
    /// What they can do, the most important first, by the ids of `GET /v1/categories`.
    categories: Option<Several<CategoryId, 1, 20>>,
    /// What they speak, the best first.
    languages: Option<Several<SpokenLanguage, 1, 10>>,
    /// Since which year they do this work; null empties it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Year>")]
    working_since: Option<Option<Year>>,
    /// Uploads of their own of purpose `portfolio`, in the order in which they are shown.
    portfolio: Option<Several<MediaId, 0, 30>>,
    /// Uploads of their own of purpose `document`, which only they and staff see.
    papers: Option<Several<IdentityPaper, 0, 10>>,
    /// Where they set out from. Nobody else is told exactly.
    base: Option<Point>,
    /// Where they go.
    area: Option<ServiceArea>,
}

/// Changes the profile and tells it.
#[tracing::instrument(name = "market.update_professional", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Json(body): Json<UpdateProfessional>,
) -> Result<Json<OwnProfessional>, Error> {
    check(&app, &body)?;
    let papers = check_uploads(&app, user.user_id, &body).await?;
    let professional_id = Professional::id_of(user.user_id);
    let before = professionals::find(&app, professional_id).await?;
    check_categories(&wording, before.as_ref(), &body)?;
    let mut after = before.clone().unwrap_or_else(|| Professional {
        professional_id,
        profile: ProfessionalProfile::default(),
        standing: Standing::Draft,
        version: 0,
        created_at: app.now(),
    });
    change(&mut after.profile, body);
    if let Some(before) = &before
        && after.profile.proves_other_than(&before.profile)
        && let Some(standing) = before.standing.after(StandingEvent::ProveAnew, app.now())
    {
        after.standing = standing;
    }
    if before.as_ref() != Some(&after) {
        after = professionals::put(&app, before.as_ref(), after, &papers).await?.map_err(|_| CONFLICT)?;
    }
    Ok(Json(OwnProfessional::of(&app, &wording, after).await?))
}

/// What can be checked without asking anybody.
fn check(app: &App, body: &UpdateProfessional) -> Result<(), Error> {
    let texts = [
        ("/name", body.name.as_ref().map(Line::as_str)),
        ("/headline", body.headline.as_ref().map(Line::as_str)),
        ("/about", body.about.as_ref().and_then(|about| about.as_ref().map(Prose::as_str))),
    ];
    if let Some((field, _)) = texts.iter().find(|(_, text)| text.is_some_and(has_contact_details)) {
        return Err(INVALID_INPUT.at(field, "contact_details").into());
    }
    if body.working_since.flatten().is_some_and(|year| year.is_after(app.now())) {
        return Err(INVALID_INPUT.at("/working_since", "out_of_range").into());
    }
    Ok(())
}

/// Each category can be had, or they have it already.
fn check_categories(
    wording: &Wording,
    before: Option<&Professional>,
    body: &UpdateProfessional,
) -> Result<(), Error> {
    let had = before.and_then(|before| before.profile.categories.as_deref()).unwrap_or_default();
    let is_unknown = |id: &CategoryId| !wording.catalogue.offers(id) && !had.contains(id);
    match body.categories.as_deref().unwrap_or_default().iter().position(is_unknown) {
        Some(at) => Err(INVALID_INPUT.at(&format!("/categories/{at}"), "unknown_category").into()),
        None => Ok(()),
    }
}

/// Each upload is their own, for this, and ready; returns the papers.
async fn check_uploads(app: &App, user_id: UserId, body: &UpdateProfessional) -> Result<Vec<Upload>, Error> {
    let shown = body.portfolio.as_deref().unwrap_or_default();
    let papers = body.papers.as_deref().unwrap_or_default();
    let shown =
        shown.iter().enumerate().map(|(at, id)| (format!("/portfolio/{at}"), *id, Purpose::Portfolio));
    let papers = papers.iter().enumerate();
    let papers = papers.map(|(at, paper)| (format!("/papers/{at}"), paper.media_id, Purpose::Document));
    let named: Vec<_> = shown.chain(papers).collect();
    let ids: BTreeSet<_> = named.iter().map(|(_, id, _)| *id).collect();
    let mut ready = uploads::ready(app, user_id, &Vec::from_iter(ids)).await?;
    let is_there =
        |id, purpose| ready.iter().any(|upload| upload.media_id == id && upload.purpose == purpose);
    let errors = named.into_iter().filter(|(_, id, purpose)| !is_there(*id, *purpose));
    let errors: Vec<_> =
        errors.map(|(field, ..)| FieldError { field, code: "upload_not_ready".to_owned() }).collect();
    if !errors.is_empty() {
        return Err(UPLOAD_NOT_READY.with_errors(errors).into());
    }
    ready.retain(|upload| upload.purpose == Purpose::Document);
    Ok(ready)
}

fn change(profile: &mut ProfessionalProfile, body: UpdateProfessional) {
    let UpdateProfessional { name, headline, about, categories, languages, working_since, .. } = body;
    let before = std::mem::take(profile);
    *profile = ProfessionalProfile {
        name: name.or(before.name),
        headline: headline.or(before.headline),
        about: about.unwrap_or(before.about),
        categories: categories.or(before.categories),
        languages: languages.or(before.languages),
        working_since: working_since.unwrap_or(before.working_since),
        portfolio: body.portfolio.or(before.portfolio),
        papers: body.papers.or(before.papers),
        base: body.base.or(before.base),
        area: body.area.or(before.area),
    };
}
