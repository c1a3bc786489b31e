//! Pictures and accounts as those who may see them get them: with addresses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        email::Email,
        id::{MediaId, UserId},
        locale::Locale,
        media::MediaType,
        person::{PersonName, TimeZoneName},
        phone::Phone,
        upload::{PART_URL_LIFETIME, Picture, URL_LIFETIME, Upload, Video, is_public},
        user::{Profile, Role},
    },
    fault::Fault,
    vendor::{
        cloudfront::{self, Signer},
        s3::{self, parts::PartUrl},
    },
};

/// Where files can be read.
pub struct Addresses<'a> {
    app: &'a App,
    signer: Option<Signer>,
}

impl<'a> Addresses<'a> {
    /// Of what everybody may see.
    #[must_use]
    pub const fn of_public(app: &'a App) -> Self {
        Self { app, signer: None }
    }

    /// Of what only some may see, too.
    pub async fn of_all(app: &'a App) -> Result<Self, Fault> {
        Ok(Self { app, signer: cloudfront::signer(app).await? })
    }

    /// Where a file can be read: a public one by everybody and for good, where there is a network to deliver it; else by
    /// who has this address, for a while.
    pub fn url(&self, key: &str) -> Result<String, Fault> {
        match (self.edge(key), &self.signer) {
            (Some(edge), _) => Ok(format!("{edge}/{key}")),
            (None, Some(signer)) => signer.signed_url(key, self.app.now() + URL_LIFETIME),
            (None, None) => s3::signed_url(self.app, key, URL_LIFETIME),
        }
    }

    /// When the address of a file is good no longer, if ever.
    #[must_use]
    pub fn expire_at(&self, key: &str) -> Option<Timestamp> {
        self.edge(key).is_none().then(|| self.app.now() + URL_LIFETIME)
    }

    /// What delivers a file to everybody, if a network does.
    fn edge(&self, key: &str) -> Option<&str> {
        cloudfront::base(self.app).filter(|_| is_public(key))
    }
}

/// A picture in several sizes.
#[derive(Clone, Serialize, JsonSchema)]
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
#[derive(Clone, Serialize, JsonSchema)]
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
    pub fn of(addresses: &Addresses<'_>, folder: &str, picture: &Picture) -> Result<Self, Fault> {
        let Picture { width, height, placeholder, colour, variants } = picture;
        let variants = variants.iter().map(|variant| {
            Ok(VariantAnswer {
                width: variant.width,
                height: variant.height,
                content_type: variant.media_type,
                size: variant.size,
                url: addresses.url(&variant.key(folder))?,
            })
        });
        Ok(Self {
            width: *width,
            height: *height,
            placeholder: placeholder.clone(),
            colour: colour.clone(),
            variants: variants.collect::<Result<_, Fault>>()?,
            urls_expire_at: addresses.expire_at(folder),
        })
    }
}

/// A video, as MP4.
#[derive(Serialize, JsonSchema)]
pub struct VideoAnswer {
    /// How wide it is shown, in pixels.
    width: u32,
    /// How high.
    height: u32,
    /// How long it takes, in milliseconds.
    duration_ms: u64,
    content_type: MediaType,
    /// In bytes.
    size: u64,
    /// Where it is. Some bytes of it can be asked for, as browsers do to begin in the middle.
    #[schemars(url)]
    url: String,
    /// When that is good no longer; null where it always is.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    urls_expire_at: Option<Timestamp>,
}

impl VideoAnswer {
    /// A video that lies under a key.
    pub fn of(addresses: &Addresses<'_>, key: &str, video: &Video) -> Result<Self, Fault> {
        let Video { width, height, duration_ms, size } = *video;
        let (url, urls_expire_at) = (addresses.url(key)?, addresses.expire_at(key));
        Ok(Self { width, height, duration_ms, content_type: MediaType::Mp4, size, url, urls_expire_at })
    }
}

/// A file that comes in parts: what of it has come, and how to send the rest.
#[derive(Serialize, JsonSchema)]
pub struct PartsAnswer {
    /// What to ask about later.
    media_id: MediaId,
    /// The parts, in the order of the file. They can be sent in any order, several at once, and again.
    parts: Vec<PartAnswer>,
    /// When their addresses are good no longer; others are to be had as long as the upload may take, which is a day.
    #[schemars(with = "String", extend("format" = "date-time"))]
    urls_expire_at: Timestamp,
}

/// A part of a file.
#[derive(Serialize, JsonSchema)]
pub struct PartAnswer {
    /// Where in the file it begins, in bytes.
    offset: u64,
    /// How many bytes it has.
    size: u64,
    /// Whether it has come.
    is_received: bool,
    /// Where to send its bytes by `PUT`; null where it has come.
    #[schemars(url)]
    url: Option<String>,
    /// The headers to send with it.
    headers: BTreeMap<String, String>,
}

impl PartsAnswer {
    /// The parts of an upload; `is_received` says which have come, by their numbers.
    pub fn of(app: &App, upload: &Upload, is_received: impl Fn(i32) -> bool) -> Result<Self, Fault> {
        let upload_id = upload.parts.as_ref().map_or("", |parts| &parts.upload_id);
        let key = Upload::arrival(upload.media_id);
        let parts = upload.parts().map(|part| {
            let is_received = is_received(part.number);
            let address = if is_received {
                None
            } else {
                Some(s3::parts::part_url(app, &key, upload_id, part, PART_URL_LIFETIME)?)
            };
            let (url, headers) = match address {
                Some(PartUrl { url, headers }) => (Some(url), headers),
                None => (None, BTreeMap::new()),
            };
            Ok(PartAnswer { offset: part.offset, size: part.size, is_received, url, headers })
        });
        Ok(Self {
            media_id: upload.media_id,
            parts: parts.collect::<Result<_, Fault>>()?,
            urls_expire_at: app.now() + PART_URL_LIFETIME,
        })
    }
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
        let addresses = Addresses::of_public(app);
        let avatar = avatar
            .map(|avatar| PictureAnswer::of(&addresses, &avatar.folder, &avatar.picture))
            .transpose()?;
        Ok(Self { user_id, email, phone, name, avatar, locale, time_zone, roles, created_at })
    }
}
