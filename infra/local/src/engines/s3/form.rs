//! Forms by which browsers upload: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>

use std::time::SystemTime;

use aws_sigv4::sign::v4;
use http::{Method, Request, header};
use hyper::body::Bytes;
use jiff::Timestamp;
use memchr::memmem;
use s3s::post_policy::{PostPolicy, PostPolicyCondition};
use s3s::{S3Error, S3Result, s3_error};

use super::operations::New;
use super::time;

/// How much may stand before the file.
const MAX_FIELDS: usize = 20 * 1024;
/// What a policy need not tell of.
const EXEMPT: [&str; 2] = ["policy", "x-amz-signature"];

/// A form, read up to its file.
pub(super) struct Form {
    /// Their names are in small letters.
    fields: Vec<(String, String)>,
    /// Where the file begins.
    file: usize,
    /// What stands behind each part.
    delimiter: Vec<u8>,
}

impl Form {
    /// The form of a request, if it is one.
    pub(super) fn read(request: &Request<Bytes>) -> Option<S3Result<Self>> {
        let content_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        let parameters = content_type.strip_prefix("multipart/form-data")?;
        if request.method() != Method::POST {
            return None;
        }
        let mut parameters = parameters.split(';').map(str::trim);
        let boundary = parameters.find_map(|parameter| parameter.strip_prefix("boundary="))?;
        let delimiter = format!("\r\n--{}", boundary.trim_matches('"')).into_bytes();
        Some(Self::parse(request.body(), delimiter))
    }

    fn parse(body: &[u8], delimiter: Vec<u8>) -> S3Result<Self> {
        let malformed = || {
            s3_error!(
                MalformedPOSTRequest,
                "The body of your POST request is not well-formed multipart/form-data."
            )
        };
        let head = &body[..body.len().min(MAX_FIELDS)];
        // Where what is looked for begins, and where it ends.
        let find = |from: usize, what: &[u8]| -> S3Result<(usize, usize)> {
            let found = head.get(from..).and_then(|rest| memmem::find(rest, what)).map(|at| from + at);
            match found {
                Some(at) => Ok((at, at + what.len())),
                None if head.len() < body.len() => Err(s3_error!(
                    MaxPostPreDataLengthExceededError,
                    "Your POST request fields preceding the upload file were too large."
                )),
                None => Err(malformed()),
            }
        };
        let mut fields = Vec::new();
        // The first delimiter has no line before it.
        if !head.starts_with(&delimiter[2..]) {
            return Err(malformed());
        }
        let mut at = delimiter.len() - 2;
        loop {
            if !head[at..].starts_with(b"\r\n") {
                return Err(s3_error!(InvalidArgument, "POST requires exactly one file upload per request."));
            }
            // From the end of the line before on, so that a part without headers is seen as well.
            let (end, content) = find(at, b"\r\n\r\n")?;
            let headers = std::str::from_utf8(&head[at..end]).map_err(|_| malformed())?;
            let name = name(headers).ok_or_else(malformed)?;
            if name == "file" {
                return Ok(Self { fields, file: content, delimiter });
            }
            let (end, next) = find(content, &delimiter)?;
            let value = std::str::from_utf8(&head[content..end]).map_err(|_| malformed())?;
            fields.push((name, value.to_owned()));
            at = next;
        }
    }

    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str) -> S3Result<&str> {
        self.get(name).ok_or_else(|| {
            s3_error!(InvalidArgument, "Bucket POST must contain a field named '{name}'. If it is specified, please check the order of the fields.")
        })
    }

    /// The file of the form whose body this is.
    pub(super) fn file(&self, body: &Bytes) -> S3Result<Bytes> {
        let end = memmem::find(&body[self.file..], &self.delimiter);
        let end = end.ok_or_else(|| s3_error!(IncompleteBody, "The file does not end."))?;
        Ok(body.slice(self.file..self.file + end))
    }

    /// What it says of the object.
    pub(super) fn object(&self) -> S3Result<New> {
        let known = |name: &str| {
            // What would change the answer, or say more of the content than is looked at.
            !name.starts_with("success_action_")
                && (!name.starts_with("x-amz-checksum-")
                    || ["x-amz-checksum-algorithm", "x-amz-checksum-sha256"].contains(&name))
        };
        if let Some((name, _)) = self.fields.iter().find(|(name, _)| !known(name)) {
            return Err(s3_error!(NotImplemented, "The field {name} is not known here."));
        }
        let meta = |(name, value): &(String, String)| {
            Some((name.strip_prefix("x-amz-meta-")?.to_owned(), value.clone()))
        };
        let text = |name| self.get(name).map(str::to_owned);
        Ok(New {
            content_type: text("content-type"),
            cache_control: text("cache-control"),
            content_disposition: text("content-disposition"),
            metadata: self.fields.iter().filter_map(meta).collect(),
            checksum: text("x-amz-checksum-sha256"),
        })
    }

    /// Whether it is signed by a secret, and its policy allows a file of this size, now.
    pub(super) fn check(&self, bucket: &str, secret: &str, size: usize, now: Timestamp) -> S3Result<()> {
        let policy = self.required("policy")?;
        self.verify(policy, secret)?;
        let PostPolicy { expiration, conditions } = PostPolicy::from_base64(policy)
            .map_err(|error| s3_error!(InvalidPolicyDocument, "Invalid Policy: {error}."))?;
        if expiration <= s3s::dto::Timestamp::from(SystemTime::from(now)) {
            return Err(against("Policy expired."));
        }
        for condition in &conditions {
            self.hold(condition, bucket, size)?;
        }
        let told = |name: &String| {
            EXEMPT.contains(&name.as_str())
                || name.starts_with("x-ignore-")
                || conditions.iter().any(|condition| match condition {
                    PostPolicyCondition::Eq { field, .. } | PostPolicyCondition::StartsWith { field, .. } => {
                        field == name
                    }
                    PostPolicyCondition::ContentLengthRange { .. } => false,
                })
        };
        match self.fields.iter().find(|(name, _)| !told(name)) {
            Some((name, _)) => Err(against(&format!("Extra input fields: {name}"))),
            None => Ok(()),
        }
    }

    fn verify(&self, policy: &str, secret: &str) -> S3Result<()> {
        if self.required("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
            return Err(s3_error!(InvalidArgument, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
        let (credential, date) = (self.required("x-amz-credential")?, self.required("x-amz-date")?);
        let wrong =
            || s3_error!(InvalidArgument, "The credential is malformed, or of another day than X-Amz-Date.");
        let [_, day, region, "s3", _] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(wrong());
        };
        let at = time(date).filter(|_| date.starts_with(day)).ok_or_else(wrong)?;
        let key = v4::generate_signing_key(secret, SystemTime::from(at), region, "s3");
        if self.required("x-amz-signature")? != v4::calculate_signature(key, policy.as_bytes()) {
            return Err(s3_error!(
                SignatureDoesNotMatch,
                "The request signature we calculated does not match the signature you provided."
            ));
        }
        Ok(())
    }

    fn hold(&self, condition: &PostPolicyCondition, bucket: &str, size: usize) -> S3Result<()> {
        let value = |field: &str| {
            let value = if field == "bucket" { Some(bucket) } else { self.get(field) };
            value.unwrap_or_default().to_owned()
        };
        let (holds, shown) = match condition {
            PostPolicyCondition::Eq { field, value: wanted } => {
                (value(field) == *wanted, format!(r#"["eq", "${field}", "{wanted}"]"#))
            }
            PostPolicyCondition::StartsWith { field, prefix } => {
                (value(field).starts_with(prefix), format!(r#"["starts-with", "${field}", "{prefix}"]"#))
            }
            PostPolicyCondition::ContentLengthRange { min, .. } if (size as u64) < *min => {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size"
                ));
            }
            PostPolicyCondition::ContentLengthRange { max, .. } if (size as u64) > *max => {
                return Err(s3_error!(
                    EntityTooLarge,
                    "Your proposed upload exceeds the maximum allowed size"
                ));
            }
            PostPolicyCondition::ContentLengthRange { .. } => return Ok(()),
        };
        if holds { Ok(()) } else { Err(against(&format!("Policy Condition failed: {shown}"))) }
    }
}

fn against(what: &str) -> S3Error {
    s3_error!(AccessDenied, "Invalid according to Policy: {what}")
}

/// The name of the field whose part has these headers, in small letters.
fn name(headers: &str) -> Option<String> {
    let disposition = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = disposition.split(';').find_map(|parameter| parameter.trim().strip_prefix("name="))?;
    Some(name.trim_matches('"').to_ascii_lowercase())
}
