mod email;
mod profile;
mod sessions;
