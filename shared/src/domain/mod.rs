//! Pure rules and the types that can only be built valid: no async, no AWS, no HTTP.

pub mod access_token;
pub mod catalogue;
pub mod code;
pub mod email;
pub mod factor;
pub mod id;
pub mod keys;
pub mod limits;
pub mod locale;
pub mod media;
pub mod oidc;
pub mod password;
pub mod password_list;
pub mod person;
pub mod phone;
pub mod place;
pub mod professional;
pub mod proof;
pub mod prose;
pub mod puzzle;
pub mod several;
pub mod sms_traffic;
mod text;
pub mod upload;
pub mod user;
