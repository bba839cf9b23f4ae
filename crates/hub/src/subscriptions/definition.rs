//! A Subscription resource as this server understands it, and what is made of one that is written.

use super::criteria::Criteria;
use super::owner;
use super::seal::{self, Seal};
use super::settings::Settings;
use crate::outcome::Issue;
use crate::parse::Context;
use crate::{Hub, HubError};
use access::Actor;
use http::HeaderName;
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use std::sync::Arc;
use store::StoredResource;

/// Extension of `Subscription.channel` that sets the key of the HMAC signature (`valueString`, 16 to 256 characters).
pub const SECRET: &str = "https://sinfonia.it/fhir/StructureDefinition/subscription-secret";
/// Extension of `Subscription` (`valueBoolean`): deletions of resources that matched are notified too.
pub const DELETIONS: &str = "https://sinfonia.it/fhir/StructureDefinition/subscription-deletions";
/// Headers of one channel.
const MAX_HEADERS: usize = 20;
/// Bytes of one header.
const MAX_HEADER: usize = 4_000;
/// Headers that are ours to set.
const OURS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "te",
    "upgrade",
    "expect",
    "trailer",
];

/// `Subscription.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Requested,
    Active,
    Error,
    Off,
}

impl Status {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Error => "error",
            Self::Off => "off",
        }
    }
}

/// How the body of a notification looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    Json,
    Xml,
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Channel {
    RestHook(Box<Hook>),
    Websocket,
}

/// A REST hook.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hook {
    pub endpoint: Url,
    pub payload: Option<Payload>,
    /// Name and value, sealed where it is a secret.
    headers: Vec<(HeaderName, String)>,
    secret: Option<String>,
}

/// A Subscription.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub id: String,
    pub version: u64,
    pub status: Status,
    /// Set by the server only.
    pub error: Option<String>,
    pub criteria: Criteria,
    pub channel: Channel,
    pub end: Option<Timestamp>,
    pub deletions: bool,
    /// Whose rights decide what is notified.
    pub owner: Option<Arc<Actor>>,
}

impl Definition {
    /// Of a stored version; an error when it is none this server can serve (stored before the rules were applied).
    pub(crate) fn of(context: &Context<'_>, settings: &Settings, stored: &StoredResource) -> Result<Self, HubError> {
        let body = stored.body.as_deref().unwrap_or_default();
        let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        let definition = Self::parse(context, settings, &value, &stored.id)?;
        Ok(Self {
            version: stored.version,
            ..definition
        })
    }

    fn parse(context: &Context<'_>, settings: &Settings, value: &Value, id: &str) -> Result<Self, HubError> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let status = match text("status") {
            Some("active") => Status::Active,
            Some("error") => Status::Error,
            Some("off") => Status::Off,
            _ => Status::Requested,
        };
        let criteria = Criteria::parse(context, text("criteria").unwrap_or_default())
            .map_err(|error| invalid("criteria", error.to_string()))?;
        let end = match text("end") {
            Some(end) => Some(
                end.parse()
                    .map_err(|_| invalid("end", format!("'{end}' is no instant")))?,
            ),
            None => None,
        };
        Ok(Self {
            id: id.to_owned(),
            version: 0,
            status,
            error: text("error").map(str::to_owned),
            criteria,
            channel: channel(settings, value)?,
            end,
            deletions: extension(value, DELETIONS).and_then(|e| e["valueBoolean"].as_bool()) == Some(true),
            owner: owner::of(value),
        })
    }

    /// The target that is rested when it fails.
    pub(crate) fn target(&self) -> Option<String> {
        match &self.channel {
            Channel::RestHook(hook) => Some(hook.endpoint.origin().ascii_serialization()),
            Channel::Websocket => None,
        }
    }
}

impl Hook {
    /// The headers in the clear.
    pub(crate) fn headers(&self, settings: &Settings, id: &str) -> Result<Vec<(HeaderName, String)>, String> {
        let open = |(name, value): &(HeaderName, String)| {
            let clear = clear(settings.seal.as_ref(), value, &place(id, &self.endpoint, name.as_str()));
            clear.map(|value| (name.clone(), value))
        };
        self.headers.iter().map(open).collect()
    }

    /// The signature's key in the clear.
    pub(crate) fn secret(&self, settings: &Settings, id: &str) -> Result<Option<String>, String> {
        let open = |value: &String| clear(settings.seal.as_ref(), value, &place(id, &self.endpoint, SECRET));
        self.secret.as_ref().map(open).transpose()
    }
}

fn clear(seal: Option<&Seal>, value: &str, place: &str) -> Result<String, String> {
    if !value.starts_with(seal::PREFIX) {
        return Ok(value.to_owned());
    }
    seal.and_then(|seal| seal.open(value, place)).ok_or_else(|| {
        "a secret of the subscription does not open: the key of the installation, the subscription's id or its endpoint \
         is another than when it was given; write the subscription again with its secrets"
            .to_owned()
    })
}

/// What a seal covers.
fn place(id: &str, endpoint: &Url, name: &str) -> String {
    format!("{id}\n{}\n{name}", endpoint.origin().ascii_serialization())
}

fn invalid(element: &str, why: impl Into<String>) -> HubError {
    HubError::Invalid(vec![Issue::error("invalid", why).at(format!("Subscription.{element}"))])
}

fn extension<'a>(value: &'a Value, url: &str) -> Option<&'a Value> {
    let all = value.get("extension")?.as_array()?;
    all.iter().find(|extension| extension["url"] == url)
}

fn channel(settings: &Settings, value: &Value) -> Result<Channel, HubError> {
    let channel = &value["channel"];
    match channel["type"].as_str() {
        Some("websocket") => return Ok(Channel::Websocket),
        Some("rest-hook") => {}
        other => {
            let other = other.unwrap_or("missing");
            let why = format!("the channel type '{other}' is not supported: rest-hook and websocket are");
            return Err(invalid("channel.type", why));
        }
    }
    let Some(endpoint) = channel["endpoint"].as_str() else {
        return Err(invalid("channel.endpoint", "a rest-hook needs an endpoint"));
    };
    let endpoint = settings
        .endpoints
        .check(endpoint)
        .map_err(|why| invalid("channel.endpoint", why))?;
    let payload = match channel["payload"]
        .as_str()
        .map(|media| media.split(';').next().unwrap_or(media).trim())
    {
        None | Some("") => None,
        Some("application/fhir+json" | "application/json") => Some(Payload::Json),
        Some("application/fhir+xml" | "application/xml") => Some(Payload::Xml),
        Some(other) => {
            let why = format!("'{other}' cannot be sent: application/fhir+json, application/fhir+xml, or no payload");
            return Err(invalid("channel.payload", why));
        }
    };
    let headers: Vec<&str> = channel["header"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if headers.len() > MAX_HEADERS {
        let why = format!("at most {MAX_HEADERS} headers are sent, {} are given", headers.len());
        return Err(invalid("channel.header", why));
    }
    let headers = headers.into_iter().map(header).collect::<Result<_, _>>()?;
    let secret = extension(channel, SECRET).and_then(|e| e["valueString"].as_str());
    if secret.is_some_and(|secret| !(16..=1_000).contains(&secret.len())) {
        return Err(invalid("channel.extension", "a secret has 16 to 1000 characters"));
    }
    Ok(Channel::RestHook(Box::new(Hook {
        endpoint,
        payload,
        headers,
        secret: secret.map(str::to_owned),
    })))
}

fn header(text: &str) -> Result<(HeaderName, String), HubError> {
    let refuse = |why: &str| {
        let name: String = text.split(':').next().unwrap_or_default().chars().take(60).collect();
        invalid("channel.header", format!("the header '{name}' {why}"))
    };
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| refuse("is not written 'Name: value'"))?;
    let name: HeaderName = name.trim().parse().map_err(|_| refuse("has no valid name"))?;
    if OURS.contains(&name.as_str()) || name.as_str().starts_with("sinfonia-") {
        return Err(refuse("is set by this server"));
    }
    let value = value.trim();
    if value.len() > MAX_HEADER || http::HeaderValue::from_str(value).is_err() {
        return Err(refuse("has no valid value, or one that is too long"));
    }
    Ok((name, value.to_owned()))
}

/// Headers whose value is nobody's business. What is not plainly harmless is a secret.
fn is_secret(name: &str) -> bool {
    !matches!(
        name,
        "accept" | "accept-language" | "user-agent" | "prefer" | "x-request-id" | "x-correlation-id" | "x-tenant"
    )
}

/// Checks a Subscription about to be written, seals its secrets, and sets what is the server's to say: whatever status
/// is asked for but `off` becomes `requested`, and `error` goes.
pub(crate) fn on_write(hub: &Hub, settings: &Settings, value: &mut Value, id: &str) -> Result<(), HubError> {
    owner::stamp(value);
    let context = hub.parse_context();
    let definition = Definition::parse(&context, settings, value, id)?;
    if definition.status != Status::Off && definition.end.is_some_and(|end| end <= hub.clock.now()) {
        return Err(invalid("end", "the end has passed already"));
    }
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("error");
        object.shift_remove("_error");
        if definition.status != Status::Off {
            object.insert("status".into(), json!("requested"));
        }
    }
    let Channel::RestHook(hook) = &definition.channel else {
        return Ok(());
    };
    // Opening what comes sealed proves that it belongs here.
    hook.headers(settings, id)
        .map_err(|why| invalid("channel.header", why))?;
    hook.secret(settings, id)
        .map_err(|why| invalid("channel.extension", why))?;
    let seal = |text: &str, name: &str| match &settings.seal {
        _ if text.starts_with(seal::PREFIX) => Ok(text.to_owned()),
        Some(seal) => Ok(seal.close(text, &place(id, &hook.endpoint, name))),
        None => Err(invalid("channel", "this server has no key to protect secrets with")),
    };
    for (given, (name, text)) in hook
        .headers
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| is_secret(name.as_str()))
    {
        let sealed = seal(text, name.as_str())?;
        value["channel"]["header"][given] = json!(format!("{}: {sealed}", title(name.as_str())));
    }
    if let (Some(secret), Some(list)) = (
        &hook.secret,
        value.pointer_mut("/channel/extension").and_then(Value::as_array_mut),
    ) {
        let sealed = seal(secret, SECRET)?;
        for extension in list.iter_mut().filter(|extension| extension["url"] == SECRET) {
            extension["valueString"] = json!(sealed);
        }
    }
    Ok(())
}

/// `authorization` as people write it.
fn title(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + chars.as_str()
        })
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
