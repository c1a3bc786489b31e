//! CloudFront: taking back what it keeps near to those who look.

use aws_sdk_cloudfront::{
    Client,
    config::Builder,
    types::{InvalidationBatch, Paths},
};

use crate::{app::App, fault::Fault};

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
