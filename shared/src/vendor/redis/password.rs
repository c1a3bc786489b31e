//! The password by which IAM lets a function into a cache of ElastiCache: a request to connect, signed.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{app::App, fault::Fault};

/// ElastiCache takes none that are good for longer.
const GOOD_FOR: Duration = Duration::from_mins(15);
/// What a query holds as it is (RFC 3986).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The password of `user` for the serverless cache `cache`, by the function's own credentials.
pub(super) fn signed(app: &App, cache: &str, user: &str) -> Result<String, Fault> {
    presigned(cache, user, app.setting("AWS_REGION")?, app.credentials(), app.now().into())
}

fn presigned(
    cache: &str,
    user: &str,
    region: &str,
    credentials: Credentials,
    at: SystemTime,
) -> Result<String, Fault> {
    let user = utf8_percent_encode(user, QUERY);
    let request = format!("http://{cache}/?Action=connect&ResourceType=ServerlessCache&User={user}");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(GOOD_FOR);
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("elasticache")
        .time(at)
        .settings(settings)
        .build()?
        .into();
    let signable = SignableRequest::new("GET", &request, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (signature, _) = sign(signable, &params)?.into_parts();
    let mut password = request;
    for (name, value) in signature.params() {
        password.extend(["&", name, "="]);
        password.extend(utf8_percent_encode(value, QUERY));
    }
    // What was signed names a scheme; the password does not.
    Ok(password.split_off("http://".len()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Against botocore 1.43's `SigV4QueryAuth` over the same request.
    #[test]
    fn it_is_signed_as_by_awss_own_client() {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG",
            Some("a/token+=".to_owned()),
            None,
            "test",
        );
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(490_692);
        let password = presigned("connecto-dev", "connecto-dev", "ap-south-1", credentials, at).unwrap();
        let theirs = "connecto-dev/?Action=connect&ResourceType=ServerlessCache&User=connecto-dev\
            &X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIDEXAMPLE%2F20251223%2Fap-south-1%2Felasticache%2Faws4_request\
            &X-Amz-Date=20251223T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
            &X-Amz-Security-Token=a%2Ftoken%2B%3D\
            &X-Amz-Signature=d237af5d85c0f3a01c8b966dc53ba4f84e5149c63debafc3668106db6527953b";
        let parts = |text: &str| text.split('&').map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(parts(&password), parts(theirs));
    }
}
