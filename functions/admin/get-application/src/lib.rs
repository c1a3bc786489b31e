//! A professional in whole, for staff: with where to reach them, and with their papers.
//!
//! The papers' addresses are good for minutes, and that they were given is written down first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        id::{MediaId, ProfessionalId},
        media::MediaType,
        person::PersonName,
        phone::Phone,
        professional::{PaperKind, Professional},
        upload::{Content, Upload},
    },
    fault::Fault,
    http::{
        Addresses, Error, Json, OwnProfessional, Path, PictureAnswer, Problem, Staff, Wording,
        problem::NOT_FOUND,
    },
    store::{
        accounts,
        audit::{self, Act},
        professionals, uploads,
    },
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneApplication {
    id: ProfessionalId,
}

/// A professional as staff sees them.
#[derive(Serialize, JsonSchema)]
pub struct Application {
    professional: OwnProfessional,
    /// What the account says that they are called; null where it says nothing.
    account_name: Option<PersonName>,
    email: Option<Email>,
    phone: Option<Phone>,
    /// The papers that are there.
    papers: Vec<Paper>,
}

/// A paper: either a picture, or a PDF.
#[derive(Serialize, JsonSchema)]
pub struct Paper {
    kind: PaperKind,
    media_id: MediaId,
    content_type: MediaType,
    picture: Option<PictureAnswer>,
    #[schemars(url)]
    url: Option<String>,
    /// When the addresses are good no longer.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    urls_expire_at: Option<Timestamp>,
}

/// Tells of the professional, however far they have come.
#[tracing::instrument(name = "admin.get_application", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    wording: Wording,
    Path(OneApplication { id }): Path<OneApplication>,
) -> Result<Json<Application>, Error> {
    let professional = professionals::find(&app, id).await?.ok_or(NOT_FOUND)?;
    let account = accounts::user(&app, Some(professional.user_id())).await?.ok_or(NOT_FOUND)?;
    audit::record(&app, &id.to_string(), staff.user_id, Act::ReadPapers).await?;
    let papers = papers(&app, &professional).await?;
    Ok(Json(Application {
        professional: OwnProfessional::of(&app, &wording, professional).await?,
        account_name: account.name,
        email: account.email,
        phone: account.phone.map(|own| own.number),
        papers,
    }))
}

async fn papers(app: &App, professional: &Professional) -> Result<Vec<Paper>, Fault> {
    let named = professional.profile.papers.as_deref().unwrap_or_default();
    let mut ids: Vec<_> = named.iter().map(|paper| paper.media_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let uploads = uploads::ready(app, professional.user_id(), &ids).await?;
    let addresses = Addresses::of_all(app).await?;
    let there = named.iter().filter_map(|paper| {
        let upload = uploads.iter().find(|upload| upload.media_id == paper.media_id)?;
        Some(Paper::of(&addresses, paper.kind, upload))
    });
    there.collect()
}

impl Paper {
    fn of(addresses: &Addresses<'_>, kind: PaperKind, upload: &Upload) -> Result<Self, Fault> {
        let key = upload.paper_key();
        let mut paper = Self {
            kind,
            media_id: upload.media_id,
            content_type: upload.media_type,
            picture: None,
            url: None,
            urls_expire_at: addresses.expire_at(&key),
        };
        match upload.stage.content() {
            Some(Content::Picture(picture)) => {
                paper.picture = Some(PictureAnswer::of(addresses, &upload.folder(), picture)?);
            }
            Some(Content::Paper { .. }) => paper.url = Some(addresses.url(&key)?),
            Some(Content::Video(_)) | None => {}
        }
        Ok(paper)
    }
}
