//! The ledger's bucket: what is written there nobody changes or takes away for years (S3 Object Lock).

use aws_sdk_s3::{primitives::ByteStream, types::ChecksumAlgorithm};

use crate::{app::App, fault::Fault};

/// Writes a document: which version of it that is. Written again it is another one, and the first stays.
pub async fn keep(app: &App, key: &str, document: Vec<u8>) -> Result<String, Fault> {
    let put = app.s3().put_object().bucket(app.setting("LEDGER_BUCKET")?).key(key);
    let put = put.content_type("application/json").checksum_algorithm(ChecksumAlgorithm::Sha256);
    let kept = put.body(ByteStream::from(document)).send().await?;
    kept.version_id.ok_or_else(|| Fault::new("a bucket that keeps no versions"))
}

/// A document that was written: one version of it, or the last.
pub async fn kept(app: &App, key: &str, version: Option<&str>) -> Result<Vec<u8>, Fault> {
    let get = app.s3().get_object().bucket(app.setting("LEDGER_BUCKET")?).key(key);
    let object = get.set_version_id(version.map(str::to_owned)).send().await?;
    Ok(object.body.collect().await?.to_vec())
}
