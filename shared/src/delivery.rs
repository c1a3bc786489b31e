//! Getting done what the outbox holds.

use crate::{
    app::App,
    domain::{
        code::Code,
        id::MessageId,
        keys::KeySet,
        limits::NOTICE_PER_NUMBER,
        person::PersonName,
        proof::{Claim, ProofKey},
    },
    fault::Fault,
    mail::{self, Mail, MailKind},
    observe::{self, Unit},
    sms::{self, Composed},
    store::{
        accounts, challenges, limits,
        outbox::{self, Attempt, Fate, Leased, Message, Sms, Work},
    },
    vendor::{secrets, ses, sns},
};

/// Tries once to get a message done; none where it was not due or somebody else is at it.
///
/// Dies the process before the lease, nothing happened; after it, the lease runs out and the sweeper tries again,
/// counting the attempt as uncertain. The provider has no idempotency token, so that is where a mail can go out twice.
pub async fn deliver(app: &App, id: MessageId) -> Result<Option<Fate>, Fault> {
    let Some(leased) = outbox::lease(app, id).await? else { return Ok(None) };
    let attempt = match &leased.work {
        Work::Mail(message) => match compose(app, &leased, message).await {
            Ok(Some((from, mime))) => ses::send(app, &from, &message.to, mime).await?,
            Ok(None) => Attempt::Dropped("its link was used before it was sent".to_owned()),
            Err(fault) => Attempt::Refused(fault.to_string()),
        },
        Work::Sms(sms) if sms.code.as_ref().is_some_and(|code| code.ends_at <= app.now()) => {
            Attempt::Dropped("the code ended before it was sent".to_owned())
        }
        Work::Sms(sms) if is_one_too_many(app, sms, leased.attempts).await? => {
            Attempt::Dropped("the number has been told enough today".to_owned())
        }
        Work::Sms(sms) => match write(app, sms).await {
            Ok(message) => sns::send(app, &sms.to, &message).await?,
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
        (_, Fate::Dropped) => "dropped",
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

/// Who sends a mail, and its bytes; none where its link was used before it was sent again.
async fn compose(app: &App, leased: &Leased, message: &Message) -> Result<Option<(String, Vec<u8>)>, Fault> {
    let Some(kind) = kind(app, message).await? else { return Ok(None) };
    let token = token(app, message).await?;
    let frontend = app.setting("FRONTEND_URL")?.trim_end_matches('/');
    let links: Vec<_> = kind
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
        kind,
        locale: message.locale,
        to: message.to.as_str(),
        from: &from,
        name: message.name.as_ref().map(PersonName::as_str),
        links: &links,
        id: &leased.message_id.to_string(),
        sent_at: leased.created_at,
    })?;
    Ok(Some((from, mime)))
}

/// Which mail is due: where its link would prove an address that has an account by now, the owner is told of that. None
/// where the link itself is how the address got its account.
///
/// Looked up here, where nobody waits: whoever asks about an address cannot tell by the time what it has.
async fn kind(app: &App, message: &Message) -> Result<Option<MailKind>, Fault> {
    let (Some(if_taken), Some(link)) = (message.mail.if_taken(), &message.link) else {
        return Ok(Some(message.mail));
    };
    if accounts::address(app, &message.to).await?.owner.is_none() {
        return Ok(Some(message.mail));
    }
    let waits = challenges::load(app, Some(link.challenge_id)).await?.is_some();
    Ok(waits.then_some(if_taken))
}

/// Whether a message that tells of an account is more than its number may get; it is counted when it is first tried.
async fn is_one_too_many(app: &App, sms: &Sms, attempts: u32) -> Result<bool, Fault> {
    let counts = sms.code.is_none() && attempts == 1;
    Ok(counts && limits::take(app, NOTICE_PER_NUMBER, sms.to.as_str()).await?.is_err())
}

async fn write(app: &App, sms: &Sms) -> Result<Composed, Fault> {
    let code = match &sms.code {
        Some(source) => Some(source.code(&sms.to, &secrets::read(app, secrets::CODE_KEYS).await?)?),
        None => None,
    };
    sms::compose(app, sms.sms, &sms.to, sms.locale, code.as_ref().map(Code::as_str))
}

async fn token(app: &App, message: &Message) -> Result<Option<String>, Fault> {
    let Some(link) = &message.link else { return Ok(None) };
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::LINK_KEYS).await?;
    let claim = Claim {
        purpose: &link.purpose,
        challenge_id: link.challenge_id,
        recipient: message.to.as_str(),
        nonce: &link.nonce,
    };
    Ok(Some(claim.prove(&keys, app.now())?.to_string()))
}
