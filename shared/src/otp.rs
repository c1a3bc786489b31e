//! Codes by text message: when one is sent, and what it proves.
//!
//! Whether a number has an account plays no part in whether and how a code is sent, so that nobody learns it by asking.
//! What plays one is what a message costs: "SMS pumping" sends thousands to numbers whose operator shares the fee.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        code::{self, Code},
        id::ChallengeId,
        keys::KeySet,
        limits::{
            CODE_PER_DAY, CODE_PER_NETWORK, CODE_PER_NUMBER, CODE_PER_NUMBER_AND_DAY,
            CODE_PER_NUMBER_AND_NETWORK, GUESS_PER_NETWORK, Limit,
        },
        locale::Locale,
        phone::{MobileNumber, Phone},
        proof::ProofKey,
        puzzle::{ProofOfWork, Puzzle},
        sms_traffic::{self as traffic, Toll},
    },
    fault::Fault,
    http::{
        Client, Error, Problem,
        problem::{
            CHALLENGE_EXPIRED, INVALID_INPUT, PROOF_OF_WORK_REQUIRED, RATE_LIMITED, RESEND_TOO_EARLY,
            WRONG_CODE,
        },
    },
    observe::{self, Unit},
    store::{
        codes::{self, CodeChallenge, Purpose},
        limits::{self, Exceeded},
        sms_traffic,
    },
    vendor::secrets,
};

/// What asking for a code can be refused for.
pub const SEND_PROBLEMS: &[Problem] =
    &[INVALID_INPUT, RATE_LIMITED, RESEND_TOO_EARLY, PROOF_OF_WORK_REQUIRED];

/// A code asked for.
pub struct Ask<'a> {
    /// For which number.
    pub number: &'a MobileNumber,
    /// What it is to do.
    pub purpose: Purpose,
    /// In which language.
    pub locale: Locale,
    /// From where.
    pub client: &'a Client,
    /// What was answered before, where the same code is to be sent once more.
    pub challenge_id: Option<ChallengeId>,
    /// A puzzle that was solved.
    pub proof_of_work: Option<ProofOfWork>,
}

/// A code that is on its way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CodeSent {
    /// Keep it in the browser that asked: the code is good together with it alone.
    challenge_id: ChallengeId,
    /// For how many seconds the code is good.
    expires_in: i64,
    /// After how many seconds it may be sent once more.
    resend_in: i64,
}

/// Sends a code, or the same one once more.
pub async fn send(app: &App, ask: Ask<'_>) -> Result<CodeSent, Error> {
    // What is an account's already stays its own, whatever countries are taken out.
    let is_new = !matches!(ask.purpose, Purpose::StepUp { .. });
    let countries = app.setting("PHONE_COUNTRIES")?;
    if is_new && !countries.split(',').any(|country| country.trim() == ask.number.country()) {
        return Err(INVALID_INPUT.at("/phone", "country_not_served").into());
    }
    limits::take(app, CODE_PER_NETWORK, &ask.client.network).await??;
    let waiting = waiting(app, &ask).await?;
    let now = app.now();
    if let Some(challenge) = waiting.as_ref().filter(|challenge| codes::resent_from(challenge) > now) {
        return Err(RESEND_TOO_EARLY.retry_after(codes::resent_from(challenge).duration_since(now)).into());
    }
    let message = if test_code(app, ask.number.phone()).is_some() {
        None
    } else {
        pay(app, &ask).await?;
        Some(ask.locale)
    };
    let challenge = if let Some(challenge) = waiting {
        let again = codes::resend(app, &challenge, message).await?;
        again.map_err(|_| RESEND_TOO_EARLY.retry_after(code::RESENT_AFTER))?;
        challenge
    } else {
        let challenge = CodeChallenge::new(app, ask.number, ask.purpose)?;
        codes::begin(app, &challenge, message).await?;
        challenge
    };
    Ok(CodeSent {
        challenge_id: challenge.challenge_id,
        expires_in: challenge.ends_at().duration_since(now).as_secs(),
        resend_in: code::RESENT_AFTER.as_secs(),
    })
}

/// The challenge whose code is to be sent once more; none where a new one has to be made.
async fn waiting(app: &App, ask: &Ask<'_>) -> Result<Option<CodeChallenge>, Fault> {
    let Some(id) = ask.challenge_id else { return Ok(None) };
    let challenge = codes::load(app, id).await?;
    Ok(challenge.filter(|challenge| {
        challenge.phone == *ask.number.phone()
            && challenge.purpose == ask.purpose
            && challenge.may_be_resent(app.now())
    }))
}

/// Sees to it that one more message is within what may be spent: on the number, on the day, on its prefix.
async fn pay(app: &App, ask: &Ask<'_>) -> Result<(), Error> {
    let (number, prefix) = (ask.number.phone().as_str(), ask.number.prefix());
    let factor = limits::factor(app)?;
    let (own, all) = sms_traffic::read(app, prefix).await?;
    let toll = traffic::toll(own, all, prefix.is_home(), factor);
    if toll != Toll::Free {
        // A prefix is nobody's number.
        tracing::warn!(prefix = prefix.as_str(), ?own, ?all, ?toll, "few of the codes sent here come back");
        let country = if prefix.is_home() { "home" } else { "abroad" };
        observe::measure("suspect_codes", Unit::Count, 1.0, Some(("country", country)));
    }
    match toll {
        Toll::Free => {}
        Toll::Work(bits) => work(app, ask, bits).await?,
        Toll::Closed => return Err(closed(app, factor).into()),
    }
    let pair = format!("{number}#{}", ask.client.network);
    limits::take(app, CODE_PER_NUMBER_AND_NETWORK, &pair).await??;
    // What strangers cause must not use up the owner's codes.
    let subject = match ask.purpose.owner() {
        Some(owner) => format!("{number}#{owner}"),
        None => number.to_owned(),
    };
    limits::take(app, CODE_PER_NUMBER, &subject).await??;
    limits::take(app, CODE_PER_NUMBER_AND_DAY, &subject).await??;
    let per_day = limits::take_of(app, CODE_PER_DAY, app.setting("SMS_PER_DAY")?.parse()?, "all").await?;
    if per_day.is_err() {
        observe::measure("suspect_codes", Unit::Count, 1.0, Some(("country", "all")));
    }
    per_day?;
    if sms_traffic::count_sent(app, prefix).await? { Ok(()) } else { Err(closed(app, factor).into()) }
}

/// A prefix abroad that gets no more this hour.
fn closed(app: &App, factor: u64) -> Exceeded {
    let limit = Limit { name: "code-prefix", tries: 0, window_s: traffic::WINDOW_S };
    let allowed = traffic::CAP_FOREIGN * factor;
    Exceeded { limit, allowed, resets_in: limit.resets_in(app.now()) }
}

/// Demands that a puzzle was solved for this number.
async fn work(app: &App, ask: &Ask<'_>, bits: u32) -> Result<(), Error> {
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::CURSOR_KEYS).await?;
    let (now, number) = (app.now(), ask.number.phone().as_str());
    if let Some(work) = &ask.proof_of_work
        // A puzzle that was asked for a moment ago may be a little easier than today's.
        && let Some(name) = work.spent(&keys, now, number, bits.saturating_sub(1))?
        && sms_traffic::spend_puzzle(app, &name).await?
    {
        return Ok(());
    }
    Err(PROOF_OF_WORK_REQUIRED.with_puzzle(Puzzle::new(&keys, now, number, bits)?).into())
}

/// The challenge that a code proves, if it is one for this; the attempt counts whatever comes of it.
///
/// It is not used up: that is for the change that the proof causes, in its own transaction.
pub async fn prove(
    app: &App,
    client: &Client,
    id: ChallengeId,
    code: &Code,
    is_for: impl FnOnce(&Purpose) -> bool,
) -> Result<CodeChallenge, Error> {
    limits::take(app, GUESS_PER_NETWORK, &client.network).await??;
    let challenge = codes::attempt(app, id).await?.ok_or(CHALLENGE_EXPIRED)?;
    if !is_for(&challenge.purpose) {
        return Err(CHALLENGE_EXPIRED.into());
    }
    let right = match test_code(app, &challenge.phone) {
        Some(right) => right,
        None => challenge.code(&secrets::read(app, secrets::CODE_KEYS).await?)?,
    };
    if right.is(code) {
        Ok(challenge)
    } else {
        Err(WRONG_CODE.with_attempts_left(challenge.attempts_left()).into())
    }
}

/// Notes that a code did what it was for. Nobody's sign-in fails because that cannot be counted.
pub async fn proved(app: &App, challenge: &CodeChallenge) {
    if test_code(app, &challenge.phone).is_some() {
        return;
    }
    if let Err(fault) = sms_traffic::count_verified(app, &challenge.prefix, challenge.sent_at).await {
        observe::fault(&fault, "a right code could not be counted", None);
    }
}

/// The fixed code of a number for tests, which gets no messages. There are none in prod: see the template.
fn test_code(app: &App, phone: &Phone) -> Option<Code> {
    let numbers = app.optional("TEST_NUMBERS")?;
    let mut pairs = numbers.split(',').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(number, _)| *number == phone.as_str()).and_then(|(_, code)| code.parse().ok())
}
