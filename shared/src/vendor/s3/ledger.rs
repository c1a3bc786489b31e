//! The ledger's bucket: what is written there nobody changes or takes away for years (S3 Object Lock).

use aws_sdk_s3::{primitives::ByteStream, types::ChecksumAlgorithm};
use jiff::civil::Date;

use crate::{app::App, fault::Fault};

/// Where a day of the ledger is kept.
#[must_use]
pub fn day_key(day: Date) -> String {
    format!("ledger/{day}.json")
}

/// Where the tree over its transfers is kept.
#[must_use]
pub fn tree_key(day: Date) -> String {
    format!("trees/{day}.json")
}

/// Where the hashes of a part of that are kept.
#[must_use]
pub fn part_key(day: Date, part: usize) -> String {
    format!("trees/{day}/{part}")
}

/// Writes something: which version of it that is. Written again it is another one, and the first stays.
pub async fn keep(app: &App, (key, media_type): (&str, &str), content: Vec<u8>) -> Result<String, Fault> {
    let put = app.s3().put_object().bucket(app.setting("LEDGER_BUCKET")?).key(key);
    let put = put.content_type(media_type).checksum_algorithm(ChecksumAlgorithm::Sha256);
    let kept = put.body(ByteStream::from(content)).send().await?;
    kept.version_id.ok_or_else(|| Fault::new("a bucket that keeps no versions"))
}

/// What was written: one version of it, or the last.
pub async fn kept(app: &App, key: &str, version: Option<&str>) -> Result<Vec<u8>, Fault> {
    let get = app.s3().get_object().bucket(app.setting("LEDGER_BUCKET")?).key(key);
    let object = get.set_version_id(version.map(str::to_owned)).send().await?;
    Ok(object.body.collect().await?.to_vec())
}
