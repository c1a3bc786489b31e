//! Hashing passwords off the thread that serves requests: each takes tens of milliseconds of a core.

use tokio::task::spawn_blocking;

use crate::{
    app::App,
    domain::{
        password::{Password, PasswordHash, Verdict},
        user::User,
    },
    fault::Fault,
};

/// Hashes a password with a new salt.
pub async fn hash(app: &App, password: Password) -> Result<PasswordHash, Fault> {
    let salt = app.random()?;
    spawn_blocking(move || password.hash(salt)).await?
}

/// Checks a password against a hash.
pub async fn verify(hash: PasswordHash, password: Password) -> Result<Verdict, Fault> {
    spawn_blocking(move || hash.verify(&password)).await?
}

/// Whether this is the user's password.
pub async fn is_password_of(user: &User, password: Password) -> Result<bool, Fault> {
    let hash = user.password_hash.clone();
    let verdict = verify(hash.clone().unwrap_or_else(PasswordHash::nobody), password).await?;
    Ok(hash.is_some() && verdict != Verdict::Wrong)
}
