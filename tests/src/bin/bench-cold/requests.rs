//! Genuine requests: API Gateway's events of people who register, use their links and sign in; and what must come back.

use std::collections::VecDeque;

use connecto_shared::vendor::clock::Clock;
use connecto_tests::city::{City, PASSWORD};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::{Failure, programs::Function};

/// So many people register at once while links are collected.
const AT_ONCE: usize = 4;

/// Requests that can each be made once.
pub struct Requests<'a> {
    city: &'a City,
    account: String,
    links: VecDeque<Link>,
    made: u32,
}

/// A registration that waits for its link to be used.
struct Link {
    token: String,
    registration_id: String,
}

/// A request, and whom it is about.
pub struct Request {
    /// API Gateway's event.
    pub event: Value,
    /// The address that is registered.
    pub address: String,
}

impl<'a> Requests<'a> {
    /// Prepares an account to sign in to and so many links to use.
    pub async fn prepare(city: &'a City, links: usize) -> Result<Self, Failure> {
        let account = city.customer("bench").await.email;
        let links = stream::iter(0..links).map(|number| registered(city, number)).buffer_unordered(AT_ONCE);
        let links = links.try_collect().await?;
        Ok(Self { city, account, links, made: 0 })
    }

    /// A request that was not made before.
    pub fn next(&mut self, function: Function) -> Result<Request, Failure> {
        self.made += 1;
        let address = format!("cold.{}@example.com", self.made);
        let body = match function {
            Function::Register => json!({ "email": address, "password": PASSWORD, "name": "Asha Kulkarni" }),
            Function::Login => json!({ "email": self.account, "password": PASSWORD }),
            Function::VerifyEmail => {
                let link = self.links.pop_front().ok_or("the links are used up")?;
                json!({ "token": link.token, "registration_id": link.registration_id })
            }
        };
        let path = format!("/v1/auth/{}", function.name());
        Ok(Request { event: event("POST", &path, &body, self.made), address })
    }

    /// The body of a right answer.
    pub fn body(function: Function, answer: &Value) -> Result<Value, Failure> {
        let expected = if function == Function::Register { 202 } else { 200 };
        if answer["statusCode"] != expected {
            return Err(format!("{} answered {answer}", function.name()).into());
        }
        Ok(serde_json::from_str(answer["body"].as_str().unwrap_or_default())?)
    }

    /// Demands that the answer did what it says: a link was mailed, or both tokens are good.
    pub async fn prove(&self, function: Function, request: &Request, body: &Value) -> Result<(), Failure> {
        let tokens = match function {
            Function::Register => {
                self.city.link(&request.address, "verify-email").await;
                return Ok(());
            }
            Function::Login => body,
            Function::VerifyEmail => &body["tokens"],
        };
        let access = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
        let account = self.city.stranger().with("authorization", &access).get("/v1/account").await;
        if account.status != 200 || account.body["user_id"] != tokens["user_id"] {
            return Err(format!("its access token was answered {account:?}").into());
        }
        let refresh = json!({ "refresh_token": tokens["refresh_token"] });
        let refreshed = self.city.stranger().post("/v1/auth/refresh", refresh).await;
        if refreshed.status == 200 {
            Ok(())
        } else {
            Err(format!("its refresh token was answered {refreshed:?}").into())
        }
    }
}

/// Version 2.0 of API Gateway's payload format, as for a browser behind a mobile network, the `number`th of them.
pub fn event(method: &str, path: &str, body: &Value, number: u32) -> Value {
    let route = format!("{method} {path}");
    let now = Clock::system().now();
    let [_, a, b, c] = number.to_be_bytes();
    let source_ip = format!("100.{}.{b}.{c}", 64 + a % 64);
    let agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36";
    let body = body.to_string();
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate, br",
            "accept-language": "en-IN,en;q=0.9",
            "content-length": body.len().to_string(),
            "content-type": "application/json",
            "host": "a1b2c3d4e5.execute-api.ap-south-1.amazonaws.com",
            "user-agent": agent,
            "x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793",
            "x-forwarded-for": source_ip,
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.ap-south-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": source_ip, "userAgent": agent },
            "requestId": format!("bench-{number}"),
            "routeKey": route,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

async fn registered(city: &City, number: usize) -> Result<Link, Failure> {
    let address = format!("link.{number}@example.com");
    let body = json!({ "email": address, "password": PASSWORD, "name": "Asha Kulkarni" });
    let answer = city.stranger().post("/v1/auth/register", body).await;
    if answer.status != 202 {
        return Err(format!("registering through the gateway was answered {answer:?}").into());
    }
    Ok(Link {
        registration_id: answer.text("registration_id"),
        token: city.link(&address, "verify-email").await,
    })
}
