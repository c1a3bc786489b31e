//! Pictures and accounts as those who may see them get them: with addresses.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        email::Email,
        id::UserId,
        locale::Locale,
        media::MediaType,
        person::{PersonName, TimeZoneName},
        phone::Phone,
        upload::{Picture, URL_LIFETIME, is_public},
        user::{Profile, Role},
    },
    fault::Fault,
    vendor::s3,
};

/// A picture in several sizes.
#[derive(Serialize, JsonSchema)]
pub struct PictureAnswer {
    /// How wide the original is, in pixels.
    width: u32,
    /// How high.
    height: u32,
    /// What to show until the picture is there: a ThumbHash in base64.
    placeholder: String,
    /// Its main colour.
    #[schemars(regex(pattern = "^#[0-9a-f]{6}$"))]
    colour: String,
    /// Its sizes, smallest first, each in each type: of those that the browser knows, the first is the best.
    variants: Vec<VariantAnswer>,
    /// When their addresses are good no longer; null where they always are.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    urls_expire_at: Option<Timestamp>,
}

/// A picture in one size and type.
#[derive(Serialize, JsonSchema)]
pub struct VariantAnswer {
    width: u32,
    height: u32,
    content_type: MediaType,
    /// In bytes.
    size: u64,
    /// Where it is.
    #[schemars(url)]
    url: String,
}

impl PictureAnswer {
    /// A picture whose files lie below a folder.
    pub fn of(app: &App, folder: &str, picture: &Picture) -> Result<Self, Fault> {
        let Picture { width, height, placeholder, colour, variants } = picture;
        let variants = variants.iter().map(|variant| {
            Ok(VariantAnswer {
                width: variant.width,
                height: variant.height,
                content_type: variant.media_type,
                size: variant.size,
                url: file_url(app, &variant.key(folder))?,
            })
        });
        Ok(Self {
            width: *width,
            height: *height,
            placeholder: placeholder.clone(),
            colour: colour.clone(),
            variants: variants.collect::<Result<_, Fault>>()?,
            urls_expire_at: urls_expire_at(app, folder),
        })
    }
}

/// Where a file can be read: a public one by everybody and for good, where there is a network to deliver it; else by who
/// has this address, for a while.
pub fn file_url(app: &App, key: &str) -> Result<String, Fault> {
    match edge(app, key) {
        Some(edge) => Ok(format!("{}/{key}", edge.trim_end_matches('/'))),
        None => s3::signed_url(app, key, URL_LIFETIME),
    }
}

/// When the address of a file is good no longer, if ever.
#[must_use]
pub fn urls_expire_at(app: &App, key: &str) -> Option<Timestamp> {
    edge(app, key).is_none().then(|| app.now() + URL_LIFETIME)
}

/// What delivers a file, if a network does.
fn edge<'a>(app: &'a App, key: &str) -> Option<&'a str> {
    app.optional("MEDIA_URL").filter(|_| is_public(key))
}

/// An account as its owner sees it.
#[derive(Serialize, JsonSchema)]
pub struct Account {
    user_id: UserId,
    /// Null for somebody who has signed up by phone and not added one.
    email: Option<Email>,
    /// Null for somebody who has not added one.
    phone: Option<Phone>,
    /// Null for somebody who has signed up by phone and not said.
    name: Option<PersonName>,
    /// Null for somebody who has no picture.
    avatar: Option<PictureAnswer>,
    /// The language of mails and text messages.
    locale: Locale,
    time_zone: TimeZoneName,
    roles: Vec<Role>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl Account {
    /// The account of what somebody tells of themselves.
    pub fn of(app: &App, profile: Profile) -> Result<Self, Fault> {
        let Profile { user_id, email, phone, name, avatar, locale, time_zone, roles, created_at } = profile;
        let avatar =
            avatar.map(|avatar| PictureAnswer::of(app, &avatar.folder, &avatar.picture)).transpose()?;
        Ok(Self { user_id, email, phone, name, avatar, locale, time_zone, roles, created_at })
    }
}
