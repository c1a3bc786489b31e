//! CloudFront: addresses at which it delivers what is private, and taking back what it keeps near to those who look.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use aws_sdk_cloudfront::{
    Client,
    config::Builder,
    types::{InvalidationBatch, Paths},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    app::App,
    fault::Fault,
    vendor::secrets::{self, MEDIA_KEYS},
};

/// Where it delivers, if it does.
#[must_use]
pub fn base(app: &App) -> Option<&str> {
    app.optional("MEDIA_URL").map(|url| url.trim_end_matches('/'))
}

/// What signs addresses of private files (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>).
pub struct Signer {
    base: String,
    key_pair_id: String,
    key: EcdsaKeyPair,
}

/// The secret as ops writes it: while keys change, the next one stands beside the one before.
#[derive(Deserialize)]
struct MediaKeys {
    /// PKCS #8, in base64.
    private_keys: Vec<String>,
}

/// What signs addresses of private files, where CloudFront delivers those.
pub async fn signer(app: &App) -> Result<Option<Signer>, Fault> {
    let (Some(base), Some(public)) = (base(app), app.optional("MEDIA_PUBLIC_KEY")) else { return Ok(None) };
    let MediaKeys { private_keys } = secrets::read(app, MEDIA_KEYS).await?;
    for private in private_keys {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &STANDARD.decode(private)?)?;
        if STANDARD.encode(key.public_key().as_der()?.as_ref()) == public {
            let key_pair_id = app.setting("MEDIA_KEY_PAIR_ID")?.to_owned();
            return Ok(Some(Signer { base: base.to_owned(), key_pair_id, key }));
        }
    }
    Err(Fault::new("the secret of the media keys holds none for the public key"))
}

impl Signer {
    /// An address at which a file can be read until then.
    pub fn signed_url(&self, key: &str, until: Timestamp) -> Result<String, Fault> {
        let (url, until) = (format!("{}/{key}", self.base), until.as_second());
        let signature = self.key.sign(&SystemRandom::new(), canned_policy(&url, until).as_bytes())?;
        let signature = STANDARD.encode(signature).replace('+', "-").replace('=', "_").replace('/', "~");
        let pair = &self.key_pair_id;
        Ok(format!("{url}?Expires={until}&Signature={signature}&Key-Pair-Id={pair}&Hash-Algorithm=SHA256"))
    }
}

/// What is signed: that one address may be read until then. CloudFront puts it together again from the address.
#[must_use]
pub fn canned_policy(url: &str, until: i64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}"#
    )
}

/// Has the network forget what lies under some keys, if there is a network. It takes about a minute. A key may end in `*`,
/// but of such orders no more than fifteen may be under way at once.
///
/// The same `reference` once more is the same order, and costs nothing.
pub async fn invalidate(app: &App, keys: Vec<String>, reference: &str) -> Result<(), Fault> {
    let Some(distribution) = app.optional("DISTRIBUTION_ID") else { return Ok(()) };
    let mut config = Builder::from(app.sdk());
    config.set_endpoint_url(app.endpoint("CLOUDFRONT"));
    let keys: Vec<_> = keys.into_iter().map(|key| format!("/{key}")).collect();
    let paths = Paths::builder().quantity(i32::try_from(keys.len())?).set_items(Some(keys)).build()?;
    let batch = InvalidationBatch::builder().paths(paths).caller_reference(reference).build()?;
    let order = Client::from_conf(config.build()).create_invalidation();
    order.distribution_id(distribution).invalidation_batch(batch).send().await?;
    Ok(())
}
