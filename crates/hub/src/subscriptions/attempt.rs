//! One attempt to deliver one notification over HTTP.
//!
//! Without a payload: `POST` to the endpoint, empty. With one: the endpoint is taken as a service base, and the version
//! is `PUT` to `endpoint/Type/id` (<https://hl7.org/fhir/R4/valueset-subscription-channel-type.html>); a deletion is a
//! `DELETE` there.

use super::definition::{Definition, Hook, Payload};
use super::owner;
use super::settings::Settings;
use crate::{Hub, HubError};
use access::{Actor, SpanKind, TRACEPARENT, TraceContext, spans};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::{Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Response};
use sha2::Sha256;
use store::DeliveryRecord;

/// Bytes of an answer that are read: the beginning of an error text.
const MAX_ANSWER: usize = 2_048;
/// Bytes of an error that are kept.
const MAX_ERROR: usize = 500;

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered(StatusCode),
    /// It may work later.
    Failed {
        error: String,
        status: Option<StatusCode>,
        /// The receiver's own wish.
        retry_after: Option<SignedDuration>,
        /// The target does not work, rather than this notification.
        target: bool,
    },
    /// It will never work.
    Never(String),
    /// The owner of the subscription may not see it (any more): it is not sent.
    Withheld,
}

/// What is sent.
struct Message {
    method: Method,
    path: Option<String>,
    media: Option<&'static str>,
    body: Bytes,
    patient: Option<String>,
}

/// Sends; gives the patient the notification was about, too.
pub(super) async fn send(
    hub: &Hub,
    settings: &Settings,
    client: &Client,
    definition: &Definition,
    hook: &Hook,
    record: &DeliveryRecord,
) -> (Outcome, Option<String>) {
    let owner = definition.owner.as_deref();
    let message = match message(hub, settings, hook, record, owner).await {
        Ok(message) => message,
        Err(outcome) => return (outcome, None),
    };
    let patient = message.patient.clone();
    let now = hub.clock.now();
    match request(settings, client, definition, hook, record, message, now) {
        Ok(request) => {
            let trace = trace(hub, record, now);
            let request = request.header(TRACEPARENT, trace.header());
            let answer = spans::whole("subscription.notify", SpanKind::Client, trace, request.send());
            (answered(answer.await, now).await, patient)
        }
        Err(error) => (Outcome::Never(error), patient),
    }
}

/// The trace of this attempt: the receiver may go on with it.
fn trace(hub: &Hub, record: &DeliveryRecord, now: Timestamp) -> TraceContext {
    let (here, id, n) = (&hub.config.base_url, &record.subscription, record.n);
    TraceContext::begun(&format!("{here} {id} {n} {} {now}", record.attempts))
}

async fn message(
    hub: &Hub,
    settings: &Settings,
    hook: &Hook,
    record: &DeliveryRecord,
    owner: Option<&Actor>,
) -> Result<Message, Outcome> {
    let later = |error: HubError| Outcome::Failed {
        error: format!("the version could not be read: {error}"),
        status: None,
        retry_after: None,
        target: false,
    };
    let gone = || {
        Outcome::Never(format!(
            "{} version {} is not kept any more",
            record.lane, record.version
        ))
    };
    let (rtype, id) = record.lane.split_once('/').ok_or_else(gone)?;
    let mut snapshot = hub.snapshot().await.map_err(later)?;
    let version = snapshot.vread(rtype, id, record.version).await;
    let version = version.map_err(|error| later(error.into()))?.ok_or_else(gone)?;
    let deleted = owner::told(snapshot.as_mut(), &version).await;
    let deleted = deleted.map_err(|error| later(error.into()))?;
    drop(snapshot);
    let told = deleted.as_ref().unwrap_or(&version);
    let Some(scope) = owner::scope(hub, owner, told).await.map_err(later)? else {
        return Err(Outcome::Withheld);
    };
    let body = version.body.as_ref().map(|body| scope.without_withheld(&version, body));
    let patient = version.patient;
    let path = Some(record.lane.clone());
    Ok(match (hook.payload, body) {
        (None, _) => Message {
            method: Method::POST,
            path: None,
            media: None,
            body: Bytes::new(),
            patient,
        },
        (Some(_), None) => Message {
            method: Method::DELETE,
            path,
            media: None,
            body: Bytes::new(),
            patient,
        },
        (Some(payload), Some(body)) => {
            if body.len() > settings.payload_bytes {
                let (found, max) = (body.len(), settings.payload_bytes);
                return Err(Outcome::Never(format!(
                    "{} has {found} bytes, a payload may have {max}: subscribe without payload",
                    record.lane
                )));
            }
            let (media, body) = match payload {
                Payload::Json => ("application/fhir+json", body),
                Payload::Xml => {
                    let xml = crate::http::to_xml(&body).map_err(|error| Outcome::Never(error.to_string()))?;
                    ("application/fhir+xml", xml)
                }
            };
            Message {
                method: Method::PUT,
                path,
                media: Some(media),
                body,
                patient,
            }
        }
    })
}

fn request(
    settings: &Settings,
    client: &Client,
    definition: &Definition,
    hook: &Hook,
    record: &DeliveryRecord,
    message: Message,
    now: Timestamp,
) -> Result<reqwest::RequestBuilder, String> {
    // Again, since the installation's list may have changed.
    settings.endpoints.check(hook.endpoint.as_str())?;
    let mut url = hook.endpoint.clone();
    if let Some(path) = &message.path {
        url.set_path(&format!("{}/{path}", hook.endpoint.path().trim_end_matches('/')));
    }
    let mut request = client.request(message.method, url);
    for (name, value) in hook.headers(settings, &definition.id)? {
        request = request.header(name, value);
    }
    if let Some(media) = message.media {
        request = request.header(header::CONTENT_TYPE, media);
    }
    let timestamp = now.as_second().to_string();
    request = request
        .header("sinfonia-subscription", &definition.id)
        .header("sinfonia-delivery", record.n.to_string())
        .header("sinfonia-attempt", (record.attempts + 1).to_string())
        .header("sinfonia-timestamp", &timestamp);
    if let Some(secret) = hook.secret(settings, &definition.id)? {
        request = request.header("sinfonia-signature", signature(&secret, &timestamp, &message.body));
    }
    Ok(request.body(message.body))
}

/// `sha256=` and the hexadecimal HMAC-SHA256, under the subscription's secret, of the timestamp header, a full stop and
/// the body. A receiver that compares it, and refuses old timestamps, knows who sent it and that it is no repetition.
fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes
        .iter()
        .fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

async fn answered(answer: reqwest::Result<Response>, now: Timestamp) -> Outcome {
    let mut response = match answer {
        Ok(response) => response,
        Err(error) => {
            return Outcome::Failed {
                error: cut(&reasons(&error)),
                status: None,
                retry_after: None,
                target: true,
            };
        }
    };
    let status = response.status();
    if status.is_success() {
        return Outcome::Delivered(status);
    }
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| wished(text, now));
    let mut text = Vec::new();
    while text.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER)]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&text);
    Outcome::Failed {
        error: cut(format!("{status}: {}", text.trim()).trim_end_matches([':', ' '])),
        status: Some(status),
        retry_after,
        target: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
    }
}

/// `Retry-After`, as seconds or as a date.
fn wished(text: &str, now: Timestamp) -> Option<SignedDuration> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    (at > now).then(|| now.duration_until(at))
}

/// An error with its causes, without the URL (which may be long).
pub(super) fn reasons(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        String::new()
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = if text.is_empty() {
                said
            } else {
                format!("{text}: {said}")
            };
        }
        source = cause.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_ERROR);
    text[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_hmac_of_timestamp_and_body() {
        // From an independent implementation:
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let found = signature("0123456789abcdef", "1700000000", br#"{"a":1}"#);
        assert_eq!(
            found,
            "sha256=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23"
        );
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(wished("120", now), Some(SignedDuration::from_secs(120)));
        assert_eq!(
            wished("Fri, 02 Jan 2026 03:05:05 GMT", now),
            Some(SignedDuration::from_secs(60))
        );
        assert_eq!(wished("Fri, 02 Jan 2026 03:00:00 GMT", now), None);
        assert_eq!(wished("soon", now), None);
    }
}
