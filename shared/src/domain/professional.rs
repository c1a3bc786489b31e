//! Those who offer services, and how they come to be found.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    catalogue::CategoryId,
    id::{MediaId, ProfessionalId, UserId},
    india,
    number::number,
    place::{PinCode, Point, ServiceArea},
    prose::{Line, Prose},
    several::Several,
};

/// What somebody tells of themselves as a professional. Anything may be missing until they apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfessionalProfile {
    /// What customers see them called: their own name, or their firm's.
    pub name: Option<Line<80>>,
    /// What they do, in a line.
    pub headline: Option<Line<120>>,
    /// What else there is to say.
    pub about: Option<Prose<4000>>,
    /// What they can do, the most important first.
    pub categories: Option<Several<CategoryId, 1, 20>>,
    /// What they speak, the best first.
    pub languages: Option<Several<SpokenLanguage, 1, 10>>,
    /// Since which year they do this work.
    pub working_since: Option<Year>,
    /// Pictures and videos of their work, in their order: uploads of their own.
    pub portfolio: Option<Several<MediaId, 0, 30>>,
    /// What proves who they are and what they may do.
    pub papers: Option<Several<IdentityPaper, 0, 10>>,
    /// Where they set out from. Nobody else is told exactly.
    pub base: Option<Point>,
    /// Where they go.
    pub area: Option<ServiceArea>,
}

impl ProfessionalProfile {
    /// The fields that are still to be filled in before somebody can apply.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let has_identity_paper = !self.identity_papers().is_empty();
        let filled = [
            ("name", self.name.is_some()),
            ("headline", self.headline.is_some()),
            ("categories", self.categories.is_some()),
            ("languages", self.languages.is_some()),
            ("papers", has_identity_paper),
            ("base", self.base.is_some()),
            ("area", self.area.is_some()),
        ];
        filled.into_iter().filter(|(_, is_filled)| !is_filled).map(|(field, _)| field).collect()
    }

    /// Whether somebody has to look at it again who approved another: who this is, or what proves it, is different.
    #[must_use]
    pub fn proves_other_than(&self, before: &Self) -> bool {
        self.name != before.name || self.identity_papers() != before.identity_papers()
    }

    /// Whether they go to a place. It is measured from about where their base is: where exactly this ends to be true tells
    /// nobody more of the base than everybody is told.
    #[must_use]
    pub fn serves(&self, point: Point, pin_code: &PinCode) -> bool {
        let (Some(base), Some(area)) = (self.base, &self.area) else { return false };
        area.covers(base.coarse(), point, pin_code)
    }

    /// The papers that prove who this is.
    #[must_use]
    pub fn identity_papers(&self) -> BTreeSet<MediaId> {
        let papers = self.papers.iter().flat_map(|papers| papers.iter());
        papers.filter(|paper| paper.kind == PaperKind::Identity).map(|paper| paper.media_id).collect()
    }
}

/// A paper that proves something: an upload of the professional's own, which only they and staff see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityPaper {
    /// What it proves.
    pub kind: PaperKind,
    /// Which upload.
    pub media_id: MediaId,
}

/// What a paper proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// Who somebody is: a PAN card, a driving licence, a passport, an Aadhaar card with its number masked.
    Identity,
    /// Where they live.
    Address,
    /// That they know their trade.
    Qualification,
    /// That the police knows nothing against them.
    PoliceClearance,
}

number!(
    /// A year in which somebody who works today may have begun.
    Year, 1_950, 2_100, 1
);

impl Year {
    /// Whether it is still to come, in India.
    #[must_use]
    pub fn is_after(self, now: Timestamp) -> bool {
        self.get() > year_of(now)
    }

    /// How many years lie between it and a moment, in India.
    #[must_use]
    pub fn years_until(self, now: Timestamp) -> u32 {
        year_of(now).saturating_sub(self.get())
    }
}

fn year_of(now: Timestamp) -> u32 {
    india::day_of(now).year().try_into().unwrap_or_default()
}

/// A language that people speak with each other, as its ISO 639 code: those of the Eighth Schedule of India's
/// constitution, and English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the codes are the standard's")]
pub enum SpokenLanguage {
    As,
    Bn,
    Brx,
    Doi,
    En,
    Gu,
    Hi,
    Kn,
    Kok,
    Ks,
    Mai,
    Ml,
    Mni,
    Mr,
    Ne,
    Or,
    Pa,
    Sa,
    Sat,
    Sd,
    Ta,
    Te,
    Ur,
}

/// Somebody who offers services, or wants to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Professional {
    /// Which: the same `UUIDv7` as the user's.
    pub professional_id: ProfessionalId,
    /// What they tell.
    #[serde(flatten)]
    pub profile: ProfessionalProfile,
    /// How far they have come.
    pub standing: Standing,
    /// Counts up with each write: who decides says of which version.
    pub version: u64,
    /// Since when they are here as a professional.
    pub created_at: Timestamp,
}

impl Professional {
    /// Whose profile it is.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        UserId::from_uuid(self.professional_id.uuid())
    }

    /// The professional that a user is.
    #[must_use]
    pub fn id_of(user_id: UserId) -> ProfessionalId {
        ProfessionalId::from_uuid(user_id.uuid())
    }

    /// Whether customers can find them.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.standing, Standing::Approved { .. })
    }
}

/// How far somebody has come on their way to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// They are still writing.
    Draft,
    /// They wait for us to look at it.
    Submitted {
        /// Since when.
        since: Timestamp,
    },
    /// Customers find them.
    Approved {
        /// Since when.
        since: Timestamp,
    },
    /// Something is to be put right.
    Rejected {
        /// Since when.
        since: Timestamp,
        /// What.
        #[serde(flatten)]
        because: Because,
    },
    /// Customers do not find them any more.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why.
        #[serde(flatten)]
        because: Because,
    },
}

/// Why somebody is not, or not any more, found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// In a word.
    pub reason: DecisionReason,
    /// In whose own words who decided.
    pub note: Option<Prose<500>>,
}

/// Why somebody is not, or not any more, found, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionReason {
    /// A paper is missing that is needed.
    PapersMissing,
    /// A paper cannot be read.
    PapersUnreadable,
    /// A paper is not good any longer.
    PapersExpired,
    /// The papers are of somebody who is called otherwise.
    NameDiffers,
    /// A picture cannot be shown.
    PicturesUnsuitable,
    /// A text cannot be shown.
    TextUnsuitable,
    /// They work where we are not.
    AreaNotServed,
    /// They have another profile.
    SecondProfile,
    /// Customers have complained.
    Conduct,
    /// Something else.
    Other,
}

impl DecisionReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::PapersMissing,
        Self::PapersUnreadable,
        Self::PapersExpired,
        Self::NameDiffers,
        Self::PicturesUnsuitable,
        Self::TextUnsuitable,
        Self::AreaNotServed,
        Self::SecondProfile,
        Self::Conduct,
        Self::Other,
    ];
}

/// What can happen to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandingEvent {
    /// The professional applies.
    Submit,
    /// The professional changes who they are, or what proves it.
    ProveAnew,
    /// Staff finds it right.
    Approve,
    /// Staff wants something put right.
    Reject(Because),
    /// Staff takes it away from customers' eyes.
    Suspend(Because),
    /// Staff takes that back.
    Reinstate,
}

impl Standing {
    /// Since when it is so; a draft is one from the start.
    #[must_use]
    pub const fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Draft => None,
            Self::Submitted { since }
            | Self::Approved { since }
            | Self::Rejected { since, .. }
            | Self::Suspended { since, .. } => Some(*since),
        }
    }

    /// Why they are not found, where somebody decided that.
    #[must_use]
    pub const fn because(&self) -> Option<&Because> {
        match self {
            Self::Rejected { because, .. } | Self::Suspended { because, .. } => Some(because),
            Self::Draft | Self::Submitted { .. } | Self::Approved { .. } => None,
        }
    }

    /// Where an event leads, if it can happen here.
    #[must_use]
    pub fn after(&self, event: StandingEvent, now: Timestamp) -> Option<Self> {
        use StandingEvent::{Approve, ProveAnew, Reinstate, Reject, Submit, Suspend};
        match (self, event) {
            (Self::Draft | Self::Rejected { .. }, Submit) | (Self::Approved { .. }, ProveAnew) => {
                Some(Self::Submitted { since: now })
            }
            (Self::Submitted { .. }, Approve) | (Self::Suspended { .. }, Reinstate) => {
                Some(Self::Approved { since: now })
            }
            (Self::Submitted { .. }, Reject(because)) => Some(Self::Rejected { since: now, because }),
            (Self::Approved { .. }, Suspend(because)) => Some(Self::Suspended { since: now, because }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because() -> Because {
        Because { reason: DecisionReason::Conduct, note: None }
    }

    #[test]
    fn nobody_is_found_whom_nobody_looked_at() {
        let (now, because) = (Timestamp::UNIX_EPOCH, because());
        let states = [
            Standing::Draft,
            Standing::Submitted { since: now },
            Standing::Approved { since: now },
            Standing::Rejected { since: now, because: because.clone() },
            Standing::Suspended { since: now, because: because.clone() },
        ];
        let events = [
            StandingEvent::Submit,
            StandingEvent::ProveAnew,
            StandingEvent::Approve,
            StandingEvent::Reject(because.clone()),
            StandingEvent::Suspend(because.clone()),
            StandingEvent::Reinstate,
        ];
        // From each state, by each event, to the state of this number.
        let table = [
            [Some(1), None, None, None, None, None],
            [None, None, Some(2), Some(3), None, None],
            [None, Some(1), None, None, Some(4), None],
            [Some(1), None, None, None, None, None],
            [None, None, None, None, None, Some(2)],
        ];
        for (state, row) in states.iter().zip(table) {
            for (event, to) in events.iter().zip(row) {
                let expected = to.map(|at: usize| states[at].clone());
                assert_eq!(state.after(event.clone(), now), expected, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn what_is_kept_can_be_read_again() {
        let suspended = Standing::Suspended { since: Timestamp::UNIX_EPOCH, because: because() };
        let kept = serde_json::to_value(&suspended).unwrap();
        assert_eq!((&kept["state"], &kept["reason"]), (&"suspended".into(), &"conduct".into()));
        assert_eq!(serde_json::from_value::<Standing>(kept).unwrap(), suspended);
    }

    #[test]
    fn they_go_as_far_as_they_say() {
        let pin_code = |text: &str| text.parse::<PinCode>().unwrap();
        let point = |latitude| Point::new(latitude, 73.8).unwrap();
        let of = |area: serde_json::Value| ProfessionalProfile {
            base: Some(point(18.5)),
            area: Some(serde_json::from_value(area).unwrap()),
            ..ProfessionalProfile::default()
        };
        // A tenth of a degree of latitude is 11.1 km; about where they are is up to 1.5 km from there.
        let around = of(serde_json::json!({ "kind": "radius", "km": 11 }));
        assert!(around.serves(point(18.58), &pin_code("411001")));
        assert!(!around.serves(point(18.62), &pin_code("411001")));
        let by_post = of(serde_json::json!({ "kind": "pin_codes", "pin_codes": ["411038"] }));
        assert!(by_post.serves(point(18.9), &pin_code("411038")));
        assert!(!by_post.serves(point(28.0), &pin_code("411038")));
        assert!(!by_post.serves(point(18.5), &pin_code("411001")));
        assert!(!ProfessionalProfile::default().serves(point(18.5), &pin_code("411001")));
    }

    #[test]
    fn an_application_says_who_where_and_what() {
        let profile = ProfessionalProfile::default();
        let all = ["name", "headline", "categories", "languages", "papers", "base", "area"];
        assert_eq!(profile.missing(), all);
    }
}
