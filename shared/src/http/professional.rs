//! Professionals as those who may see them get them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Addresses, CategoryName, PictureAnswer, RatingAnswer, VideoAnswer, Wording};
use crate::{
    app::App,
    domain::{
        id::{MediaId, ProfessionalId},
        place::{Point, ServiceArea},
        professional::{
            DecisionReason, IdentityPaper, Professional, ProfessionalProfile, SpokenLanguage, Standing, Year,
        },
        prose::{Line, Prose},
        review::{Reputation, Work},
        upload::{Content, Upload},
        user::Avatar,
    },
    fault::Fault,
    mail::decision_text,
    store::uploads,
};

/// A professional as they themselves, and staff, see them.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct OwnProfessional {
    professional_id: ProfessionalId,
    state: ProfessionalState,
    /// Since when; null for a draft.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    state_since: Option<Timestamp>,
    /// Why they were rejected or suspended; null where they were not.
    decision: Option<Decision>,
    /// The fields without which they cannot apply.
    missing: Vec<&'static str>,
    /// Counts up with each change; a decision names the one that it is about.
    version: u64,
    name: Option<Line<80>>,
    headline: Option<Line<120>>,
    about: Option<Prose<4000>>,
    categories: Vec<CategoryName>,
    languages: Vec<SpokenLanguage>,
    working_since: Option<Year>,
    portfolio: Vec<Shown>,
    papers: Vec<IdentityPaper>,
    base: Option<Point>,
    area: Option<ServiceArea>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

/// How far a professional has come.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfessionalState {
    /// They are still writing.
    Draft,
    /// They have applied, and wait.
    Submitted,
    /// Customers find them.
    Approved,
    /// Something is to be put right.
    Rejected,
    /// Customers do not find them any more.
    Suspended,
}

/// Why a professional is not, or not any more, found.
#[derive(Serialize, JsonSchema)]
pub struct Decision {
    reason: DecisionReason,
    /// The reason in words, in the caller's language.
    detail: String,
    /// What else who decided has to say; null where that is nothing.
    note: Option<Prose<500>>,
}

/// A picture or a video that a professional shows.
#[derive(Serialize, JsonSchema)]
pub struct Shown {
    media_id: MediaId,
    /// Null where it is a video.
    picture: Option<PictureAnswer>,
    /// Null where it is a picture.
    video: Option<VideoAnswer>,
}

impl OwnProfessional {
    /// A professional in whole. One read for each upload in the portfolio.
    pub async fn of(app: &App, wording: &Wording, professional: Professional) -> Result<Self, Fault> {
        let missing = professional.profile.missing();
        let portfolio = portfolio(app, &professional).await?;
        let Professional { professional_id, profile, standing, version, created_at } = professional;
        let ProfessionalProfile { name, headline, about, categories, languages, working_since, .. } = profile;
        Ok(Self {
            professional_id,
            state: (&standing).into(),
            state_since: standing.since(),
            decision: standing.because().map(|because| Decision {
                reason: because.reason,
                detail: decision_text(wording.language, because.reason).to_owned(),
                note: because.note.clone(),
            }),
            missing,
            version,
            name,
            headline,
            about,
            categories: CategoryName::all(wording, categories.as_deref()),
            languages: languages.map(Into::into).unwrap_or_default(),
            working_since,
            portfolio,
            papers: profile.papers.map(Into::into).unwrap_or_default(),
            base: profile.base,
            area: profile.area,
            created_at,
        })
    }
}

impl From<&Standing> for ProfessionalState {
    fn from(standing: &Standing) -> Self {
        match standing {
            Standing::Draft => Self::Draft,
            Standing::Submitted { .. } => Self::Submitted,
            Standing::Approved { .. } => Self::Approved,
            Standing::Rejected { .. } => Self::Rejected,
            Standing::Suspended { .. } => Self::Suspended,
        }
    }
}

/// What they show of their work, as far as it is there.
async fn portfolio(app: &App, professional: &Professional) -> Result<Vec<Shown>, Fault> {
    let ids = professional.profile.portfolio.as_deref().unwrap_or_default();
    let addresses = Addresses::of_public(app);
    let uploads = uploads::ready(app, professional.user_id(), ids).await?;
    uploads.iter().map(|upload| Shown::of(&addresses, upload)).collect()
}

impl Shown {
    fn of(addresses: &Addresses<'_>, upload: &Upload) -> Result<Self, Fault> {
        let mut shown = Self { media_id: upload.media_id, picture: None, video: None };
        match upload.stage.content() {
            Some(Content::Picture(picture)) => {
                shown.picture = Some(PictureAnswer::of(addresses, &upload.folder(), picture)?);
            }
            Some(Content::Video(video)) => {
                shown.video = Some(VideoAnswer::of(addresses, &upload.video_key(), video)?);
            }
            Some(Content::Paper { .. }) | None => {}
        }
        Ok(shown)
    }
}

/// A professional as everybody sees them.
#[derive(Serialize, JsonSchema)]
pub struct PublicProfessional {
    professional_id: ProfessionalId,
    name: Option<Line<80>>,
    headline: Option<Line<120>>,
    /// Null where they say no more.
    about: Option<Prose<4000>>,
    /// Their picture; null where they have none.
    picture: Option<PictureAnswer>,
    categories: Vec<CategoryName>,
    languages: Vec<SpokenLanguage>,
    /// How many years they do this work; null where they do not say.
    years_of_experience: Option<u32>,
    portfolio: Vec<Shown>,
    /// Where they are, to one or two kilometres; nobody is told exactly.
    near: Option<Point>,
    area: Option<ServiceArea>,
    rating: RatingAnswer,
    /// How often they were given one star, two, and so on.
    stars: [u64; 5],
    /// How often work of theirs was done.
    jobs_done: u64,
    /// How many minutes they take on the average to say whether they come; null where nobody ever asked.
    response_time: Option<u64>,
    /// Since when customers find them.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    approved_at: Option<Timestamp>,
}

impl PublicProfessional {
    /// What everybody may know of a professional. One read for each upload in the portfolio.
    pub async fn of(
        app: &App,
        wording: &Wording,
        professional: Professional,
        avatar: Option<Avatar>,
        (reputation, work): (Reputation, Work),
    ) -> Result<Self, Fault> {
        let portfolio = portfolio(app, &professional).await?;
        let addresses = Addresses::of_public(app);
        let picture = avatar
            .map(|avatar| PictureAnswer::of(&addresses, &avatar.folder, &avatar.picture))
            .transpose()?;
        let Professional { professional_id, profile, standing, .. } = professional;
        let ProfessionalProfile { name, headline, about, categories, languages, working_since, .. } = profile;
        Ok(Self {
            professional_id,
            name,
            headline,
            about,
            picture,
            categories: CategoryName::offered(wording, categories.as_deref()),
            languages: languages.map(Into::into).unwrap_or_default(),
            years_of_experience: working_since.map(|year| year.years_until(app.now())),
            portfolio,
            near: profile.base.map(Point::coarse),
            area: profile.area,
            rating: reputation.rating().into(),
            stars: reputation.stars(),
            jobs_done: work.jobs_done,
            response_time: work.response_time(),
            approved_at: standing.since(),
        })
    }
}
