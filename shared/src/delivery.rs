//! Getting done what the outbox holds.

use crate::{
    app::App,
    domain::{
        id::MessageId,
        keys::KeySet,
        person::PersonName,
        proof::{LinkClaim, ProofKey},
    },
    fault::Fault,
    mail::{self, Mail},
    observe::{self, Unit},
    store::{
        accounts,
        outbox::{self, Attempt, Fate, Leased, Message, Work},
    },
    vendor::{secrets, ses},
};

/// Tries once to get a message done; none where it was not due or somebody else is at it.
///
/// Dies the process before the lease, nothing happened; after it, the lease runs out and the sweeper tries again,
/// counting the attempt as uncertain. The provider has no idempotency token, so that is where a mail can go out twice.
pub async fn deliver(app: &App, id: MessageId) -> Result<Option<Fate>, Fault> {
    let Some(leased) = outbox::lease(app, id).await? else { return Ok(None) };
    let attempt = match &leased.work {
        Work::Mail(message) => match compose(app, &leased, message).await {
            Ok((from, mime)) => ses::send(app, &from, &message.to, mime).await?,
            Err(fault) => Attempt::Refused(fault.to_string()),
        },
        Work::ForgotPassword { email } => done(accounts::forgot_password(app, email).await),
        Work::SendVerification { email, registration_id } => {
            done(accounts::send_verification(app, email, *registration_id).await)
        }
    };
    let fate = outbox::settle(app, &leased, &attempt).await?;
    let outcome = match (&attempt, fate) {
        (_, Fate::Sent) => "sent",
        (_, Fate::Dead) => "dead",
        (Attempt::Unknown(_), Fate::Waits) => "uncertain",
        (_, Fate::Waits) => "retried",
    };
    observe::measure("deliveries", Unit::Count, 1.0, Some(("outcome", outcome)));
    match (&attempt, fate) {
        (Attempt::Accepted(_), _) => {
            tracing::info!(message_id = %id, attempts = leased.attempts, "sent");
        }
        (_, Fate::Dead) => {
            observe::dead_letter(id, &format!("{attempt:?}"));
        }
        _ => {
            tracing::warn!(message_id = %id, attempts = leased.attempts, ?attempt, "not sent, will be tried again");
        }
    }
    Ok(Some(fate))
}

/// What was asked for is done, or posted as a mail of its own.
fn done(outcome: Result<(), Fault>) -> Attempt {
    match outcome {
        Ok(()) => Attempt::Accepted("done".to_owned()),
        Err(fault) => Attempt::Refused(fault.to_string()),
    }
}

async fn compose(app: &App, leased: &Leased, message: &Message) -> Result<(String, Vec<u8>), Fault> {
    let token = token(app, message).await?;
    let frontend = app.setting("FRONTEND_URL")?.trim_end_matches('/');
    let links: Vec<_> = message
        .mail
        .links()
        .iter()
        .map(|link| match (link.path(), token.as_deref().filter(|_| link.is_secret())) {
            // In the fragment, which browsers send to nobody.
            (path, Some(token)) => format!("{frontend}{path}#token={token}"),
            (path, None) => format!("{frontend}{path}"),
        })
        .collect();
    let from = format!("no-reply@{}", app.setting("MAIL_DOMAIN")?);
    let mime = mail::render(&Mail {
        kind: message.mail,
        locale: message.locale,
        to: message.to.as_str(),
        from: &from,
        name: message.name.as_ref().map(PersonName::as_str),
        links: &links,
        id: &leased.message_id.to_string(),
        sent_at: leased.created_at,
    })?;
    Ok((from, mime))
}

async fn token(app: &App, message: &Message) -> Result<Option<String>, Fault> {
    let Some(link) = &message.link else { return Ok(None) };
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::LINK_KEYS).await?;
    let claim = LinkClaim {
        purpose: &link.purpose,
        challenge_id: link.challenge_id,
        recipient: message.to.as_str(),
        nonce: &link.nonce,
    };
    Ok(Some(claim.prove(&keys, app.now())?.to_string()))
}
