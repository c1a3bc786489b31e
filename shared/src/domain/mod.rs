//! Pure rules and the types that can only be built valid: no async, no AWS, no HTTP.

pub mod access_token;
pub mod email;
pub mod id;
pub mod keys;
pub mod limits;
pub mod locale;
pub mod password;
pub mod password_list;
pub mod person;
pub mod proof;
mod text;
pub mod user;
