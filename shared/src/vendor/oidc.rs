//! Providers of OpenID Connect: where they send people, and what they say of them.
//!
//! What a provider says of itself is kept for an hour. Nothing here logs what it says of people.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use jiff::{SignedDuration, Timestamp};
use openidconnect::{
    AdditionalProviderMetadata, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndUserEmail, EndUserName, IssuerUrl, LocalizedClaim, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
        CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};

use super::outside::{self, NoAnswer};
use crate::{
    app::{App, CALL_TIMEOUT},
    domain::{
        email::Email,
        oidc::{Provider, Secrets, Told},
    },
};

/// So long what a provider says of itself is believed: the keys it signs with, above all.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(1);
/// A key that is not known makes us ask again, at most so often.
const REFETCH_GAP: SignedDuration = SignedDuration::from_secs(10);

/// What providers may sign with: nothing that a client secret, or nobody, could have signed.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the providers have said of themselves, by issuer.
#[derive(Default)]
pub(crate) struct Providers(Mutex<HashMap<String, Known>>);

struct Known {
    asked_at: Timestamp,
    metadata: Arc<Metadata>,
}

type Metadata = ProviderMetadata<
    AnswersByIssuer,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// RFC 9207: whether each of a provider's answers says whose it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct AnswersByIssuer {
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    says_so: bool,
}

impl AdditionalProviderMetadata for AnswersByIssuer {}

/// Why a provider was of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It does not answer, or answers nonsense; why, in the code's own words.
    Unavailable(&'static str),
    /// What came in is not its answer to this sign-in.
    Invalid(&'static str),
}

/// What a browser came back with.
pub struct Answer<'a> {
    /// To be exchanged at the provider.
    pub code: &'a str,
    /// Whose answer it says to be.
    pub issuer: Option<&'a str>,
}

/// One of us at one of them.
pub struct Relation<'a> {
    /// They.
    pub provider: &'a Provider,
    /// What proves to them that it is us; none where a client id and PKCE are enough.
    pub client_secret: Option<String>,
    /// Where they send browsers back to.
    pub redirect: String,
}

/// Where a browser goes to sign in there.
pub async fn authorization_url(
    app: &App,
    relation: &Relation<'_>,
    secrets: Secrets,
) -> Result<String, Failure> {
    let metadata = in_time(metadata(app, relation.provider, KNOWN_FOR)).await?;
    let redirect = relation.redirect()?;
    let client = CoreClient::from_provider_metadata((*metadata).clone(), relation.client_id(), None)
        .set_redirect_uri(redirect);
    let Secrets { state, nonce, verifier } = secrets;
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier));
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let request = client.authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce));
    let scopes = ["email", "profile"].map(|scope| Scope::new(scope.to_owned()));
    let (url, _, _) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
    Ok(url.into())
}

/// Who somebody is, by the provider's answer.
pub async fn exchange(
    app: &App,
    relation: &Relation<'_>,
    answer: &Answer<'_>,
    secrets: Secrets,
) -> Result<Told, Failure> {
    in_time(exchanged(app, relation, answer, secrets)).await
}

async fn exchanged(
    app: &App,
    relation: &Relation<'_>,
    answer: &Answer<'_>,
    secrets: Secrets,
) -> Result<Told, Failure> {
    let metadata = metadata(app, relation.provider, KNOWN_FOR).await?;
    // Before the code goes anywhere: the one that it is meant for may be another provider (RFC 9207, section 2.4).
    match answer.issuer {
        Some(issuer) if issuer != relation.provider.issuer => return Err(Failure::Invalid("another issuer")),
        None if metadata.additional_metadata().says_so => return Err(Failure::Invalid("no issuer")),
        _ => {}
    }
    let redirect = relation.redirect()?;
    let client = CoreClient::from_provider_metadata(
        (*metadata).clone(),
        relation.client_id(),
        relation.client_secret(),
    )
    .set_redirect_uri(redirect);
    let caller = caller(app);
    let request = client
        .exchange_code(AuthorizationCode::new(answer.code.to_owned()))
        .map_err(|_| Failure::Unavailable("it has no token endpoint"))?
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier));
    let response: CoreTokenResponse = request.request_async(&caller).await.map_err(|error| match error {
        RequestTokenError::ServerResponse(told) if *told.error() == CoreErrorResponseType::InvalidGrant => {
            Failure::Invalid("the code is not good")
        }
        RequestTokenError::ServerResponse(_) => Failure::Unavailable("it refuses our request"),
        _ => Failure::Unavailable("its token endpoint does not answer as it should"),
    })?;
    let token = response.id_token().ok_or(Failure::Unavailable("it gives no ID token"))?;
    let claims = verified(app, relation, &metadata, token, &Nonce::new(secrets.nonce)).await?;
    // OpenID Connect Core, section 2. A longer one would not fit into a key.
    if claims.subject().len() > 255 {
        return Err(Failure::Unavailable("its subject is too long"));
    }
    let told = told(&claims);
    if told.email.is_some() {
        return Ok(told);
    }
    // Many say more of somebody only at their userinfo endpoint (OpenID Connect Core, section 5.4).
    let Ok(request) = client.user_info(response.access_token().clone(), Some(claims.subject().clone()))
    else {
        return Ok(told);
    };
    let more: CoreUserInfoClaims = request
        .request_async(&caller)
        .await
        .map_err(|_| Failure::Unavailable("its userinfo endpoint does not answer as it should"))?;
    Ok(Told {
        email: more.email().and_then(address),
        email_verified: more.email_verified().unwrap_or_default(),
        name: told.name.or_else(|| more.name().and_then(name)),
        ..told
    })
}

/// The claims of an ID token that was made by this provider, for us, for this sign-in, and is still good.
async fn verified(
    app: &App,
    relation: &Relation<'_>,
    metadata: &Metadata,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, Failure> {
    let claims = |metadata: &Metadata| {
        token.claims(&relation.verifier(app, metadata), nonce).cloned().map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => None,
            ClaimsVerificationError::Expired(_) => Some("its ID token has expired"),
            ClaimsVerificationError::InvalidAudience(_) => Some("its ID token is for somebody else"),
            ClaimsVerificationError::InvalidIssuer(_) => Some("its ID token is another's"),
            ClaimsVerificationError::InvalidNonce(_) => Some("its ID token is of another sign-in"),
            _ => Some("its ID token is not in order"),
        })
    };
    let unknown_key = match claims(metadata) {
        Err(None) => metadata_again(app, relation.provider).await?,
        checked => return checked.map_err(|why| Failure::Invalid(why.unwrap_or_default())),
    };
    claims(&unknown_key).map_err(|why| Failure::Invalid(why.unwrap_or("its ID token has an unknown key")))
}

fn told(claims: &CoreIdTokenClaims) -> Told {
    Told {
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().and_then(address),
        email_verified: claims.email_verified().unwrap_or_default(),
        name: claims.name().and_then(name),
    }
}

/// What is no address that we could write to is none.
fn address(claim: &EndUserEmail) -> Option<Email> {
    claim.parse().ok()
}

fn name(claim: &LocalizedClaim<EndUserName>) -> Option<String> {
    Some(claim.get(None)?.as_str().to_owned())
}

impl Relation<'_> {
    fn client_id(&self) -> ClientId {
        ClientId::new(self.provider.client_id.clone())
    }

    fn client_secret(&self) -> Option<ClientSecret> {
        self.client_secret.clone().map(ClientSecret::new)
    }

    fn redirect(&self) -> Result<RedirectUrl, Failure> {
        RedirectUrl::new(self.redirect.clone()).map_err(|_| Failure::Unavailable("we have no page for it"))
    }

    /// By the app's time. The crate holds issuer, audience, nonce, signature and end against what is expected.
    fn verifier(&self, app: &App, metadata: &Metadata) -> CoreIdTokenVerifier<'static> {
        let now = SystemTime::from(app.now());
        CoreIdTokenVerifier::new_public_client(
            self.client_id(),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now.into())
    }
}

/// Whatever comes of it, it ends in time for our own answer.
async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let ended = tokio::time::timeout(CALL_TIMEOUT, work).await;
    ended.unwrap_or(Err(Failure::Unavailable("it takes too long")))
}

async fn metadata_again(app: &App, provider: &Provider) -> Result<Arc<Metadata>, Failure> {
    metadata(app, provider, REFETCH_GAP).await
}

/// What a provider says of itself, no older than `age`; that its issuer is the one we know is seen to by the crate.
async fn metadata(app: &App, provider: &Provider, age: SignedDuration) -> Result<Arc<Metadata>, Failure> {
    let (now, providers) = (app.now(), app.providers());
    let known = || providers.0.lock().unwrap_or_else(PoisonError::into_inner);
    let young = known()
        .get(&provider.issuer)
        .filter(|known| now.duration_since(known.asked_at) < age)
        .map(|known| Arc::clone(&known.metadata));
    if let Some(metadata) = young {
        return Ok(metadata);
    }
    let issuer =
        IssuerUrl::new(provider.issuer.clone()).map_err(|_| Failure::Unavailable("its issuer is no URL"))?;
    let metadata = Metadata::discover_async(issuer, &caller(app)).await;
    let metadata = Arc::new(metadata.map_err(|_| Failure::Unavailable("it cannot be discovered"))?);
    known().insert(provider.issuer.clone(), Known { asked_at: now, metadata: Arc::clone(&metadata) });
    Ok(metadata)
}

/// A call on its way.
type Call = Pin<Box<dyn Future<Output = Result<http::Response<Vec<u8>>, NoAnswer>> + Send>>;

/// The way to the providers, as the crate wants it.
fn caller(app: &App) -> impl Fn(http::Request<Vec<u8>>) -> Call + Send + Sync + 'static {
    let app = app.clone();
    move |request| {
        let app = app.clone();
        Box::pin(async move { outside::call(&app, request).await })
    }
}
