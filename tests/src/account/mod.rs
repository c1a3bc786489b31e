mod avatar;
mod email;
pub mod factors;
mod identities;
mod phone;
mod profile;
mod sessions;
