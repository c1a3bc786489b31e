//! The ledger's bucket: what is written there nobody changes or takes away for years (S3 Object Lock).

use aws_sdk_s3::{primitives::ByteStream, types::ChecksumAlgorithm};

use crate::{app::App, fault::Fault};

/// Writes a document. Written again it is another version of it, and the first one stays.
pub async fn keep(app: &App, key: &str, document: Vec<u8>) -> Result<(), Fault> {
    app.s3()
        .put_object()
        .bucket(app.setting("LEDGER_BUCKET")?)
        .key(key)
        .content_type("application/json")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .body(ByteStream::from(document))
        .send()
        .await?;
    Ok(())
}

/// A document that was written.
pub async fn kept(app: &App, key: &str) -> Result<Vec<u8>, Fault> {
    let object = app.s3().get_object().bucket(app.setting("LEDGER_BUCKET")?).key(key).send().await?;
    Ok(object.body.collect().await?.to_vec())
}
