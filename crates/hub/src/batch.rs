//! Batch and transaction: `POST [base]` with a Bundle, and the bundle that answers.

use crate::bundle::{BundleWriter, EntryResponse};
use crate::http::{Answer, Ask, Format, Payload, Prefer, Return, View, blocking, parse};
use crate::routes;
use crate::scope::Scope;
use crate::subscriptions;
use crate::transaction::{Entry, Mode, Source, entries};
use crate::{Hub, HubError};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use std::sync::Arc;

/// Entries of a batch under way at the same time: enough to share commits, few enough to stay small.
const IN_FLIGHT: usize = 32;

/// On whose behalf a bundle is done.
#[derive(Debug, Clone)]
struct Caller {
    scope: Scope,
    roles: Arc<[String]>,
}

impl Hub {
    /// Does a batch or transaction bundle; gives the response bundle. A transaction that cannot be done whole is an
    /// error, and nothing of it is stored.
    pub async fn bundle(self: &Arc<Self>, bytes: Bytes) -> Result<Bytes, HubError> {
        let caller = Caller {
            scope: Scope::All,
            roles: vec!["system".to_owned()].into(),
        };
        self.bundle_for(bytes, caller, Prefer::default()).await
    }

    async fn bundle_for(self: &Arc<Self>, bytes: Bytes, caller: Caller, prefer: Prefer) -> Result<Bytes, HubError> {
        let text = bytes.clone();
        let bundle: Value = blocking(move || parse(&text)).await?;
        if fhir::resource_type(&bundle)? != "Bundle" {
            return Err(HubError::bad("only a Bundle can be posted to the base address"));
        }
        match bundle.get("type").and_then(Value::as_str) {
            Some("transaction") => self.transaction(bytes, bundle, caller, prefer).await,
            Some("batch") => self.batch(bundle, caller, prefer).await,
            other => {
                let found = other.unwrap_or("missing");
                Err(HubError::bad(format!(
                    "Bundle.type must be batch or transaction, it is {found}"
                )))
            }
        }
    }

    async fn transaction(
        self: &Arc<Self>,
        bytes: Bytes,
        bundle: Value,
        caller: Caller,
        prefer: Prefer,
    ) -> Result<Bytes, HubError> {
        subscriptions::may_write_bundle(self, &caller.roles, &bundle)?;
        let reads = reads(self, &bundle)?;
        let outcomes = self
            .transact(
                Source::Bundle(bytes, Some(bundle)),
                Mode {
                    by: caller.scope.clone(),
                    ..Mode::default()
                },
            )
            .await?;
        let mut answers: Vec<Answer> = Vec::with_capacity(outcomes.len());
        let mut reads = reads.into_iter();
        for outcome in outcomes {
            answers.push(match outcome? {
                Some(answer) => answer,
                None => match reads.next() {
                    Some(entry) => self.one(entry, &caller).await,
                    None => Answer::error(&HubError::bad("the entry asks for nothing")),
                },
            });
        }
        Ok(self.response_bundle("transaction-response", &answers, prefer))
    }

    async fn batch(self: &Arc<Self>, bundle: Value, caller: Caller, prefer: Prefer) -> Result<Bytes, HubError> {
        let list = entries(self, bundle)?;
        let caller = &caller;
        let work = list.into_iter().map(|entry| async move {
            match entry {
                Ok(entry) => self.one(entry, caller).await,
                Err((_, error)) => Answer::error(&error),
            }
        });
        let answers: Vec<Answer> = futures::stream::iter(work).buffered(IN_FLIGHT).collect().await;
        Ok(self.response_bundle("batch-response", &answers, prefer))
    }

    /// Does one entry as if it were a request of its own.
    async fn one(self: &Arc<Self>, entry: Entry, caller: &Caller) -> Answer {
        let Some((handler, params)) = routes::find(&entry.method, &entry.target.path) else {
            return Answer::error(&HubError::NoRoute(format!("{} {}", entry.method, entry.target.path)));
        };
        if entry.method == Method::POST && entry.target.path.is_empty() {
            return Answer::error(&HubError::bad("a bundle inside a bundle is not done"));
        }
        let head = entry.method == Method::HEAD;
        let mut ask = ask(entry, caller.clone(), params);
        let done = match ask.negotiate(self) {
            Ok(()) => {
                let view = ask.view.clone();
                handler(self.clone(), ask).await.map(|answer| answer.viewed(&view))
            }
            Err(error) => Err(error),
        };
        let mut answer = done.unwrap_or_else(|error| Answer::error(&error));
        if head {
            answer.body = None;
        }
        answer
    }

    fn response_bundle(&self, kind: &str, answers: &[Answer], prefer: Prefer) -> Bytes {
        let prefer = Prefer {
            returns: Some(prefer.returns.unwrap_or(Return::Minimal)),
            ..prefer
        };
        let mut writer = BundleWriter::new(kind, self.clock.now(), None, &[]);
        for answer in answers {
            let failed = answer.status.is_client_error() || answer.status.is_server_error();
            let body = answer.body_for(prefer, &View::default());
            let outcome = failed || (answer.located && prefer.returns == Some(Return::Outcome));
            let (resource, outcome) = if outcome { (None, body) } else { (body, None) };
            writer.begin(None, resource.as_ref());
            writer.response(&EntryResponse {
                status: &status_line(answer.status),
                location: answer.location(self),
                about: answer.about.as_ref(),
                outcome: outcome.as_ref(),
            });
            writer.end();
        }
        writer.finish()
    }
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let bytes = ask.json_bytes(&hub).await?;
    let caller = Caller {
        scope: ask.scope,
        roles: ask.roles,
    };
    let body = hub.bundle_for(bytes, caller, ask.prefer).await?;
    Ok(Answer::made(body))
}

/// The `GET` and `HEAD` entries, in order.
fn reads(hub: &Hub, bundle: &Value) -> Result<Vec<Entry>, HubError> {
    let verb = |entry: &Value| {
        entry
            .pointer("/request/method")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let is_get = |entry: &&Value| matches!(verb(entry).as_deref(), Some("GET" | "HEAD"));
    let list = bundle
        .get("entry")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(is_get);
    let only = serde_json::json!({"entry": list.cloned().collect::<Vec<_>>()});
    Ok(entries(hub, only)?.into_iter().flatten().collect())
}

/// A FHIR instant as HTTP headers write it.
fn http_moment(text: &str) -> Option<String> {
    text.parse().ok().map(crate::http::http_date)
}

fn ask(entry: Entry, caller: Caller, params: Vec<(String, String)>) -> Ask {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("if-match", entry.if_match.map(|version| format!("W/\"{version}\"")));
    set("if-none-match", entry.if_none_match);
    set("if-none-exist", entry.if_none_exist);
    set(
        "if-modified-since",
        entry.if_modified_since.as_deref().and_then(http_moment),
    );
    Ask {
        method: entry.method,
        path: entry.target.path,
        query: entry.target.query,
        headers,
        scope: caller.scope,
        roles: caller.roles,
        prefer: Prefer::default(),
        pretty: false,
        format: Format::Json,
        view: View::default(),
        params,
        condition: None,
        payload: if entry.resource.is_null() {
            Payload::Empty
        } else {
            Payload::Value(entry.resource)
        },
    }
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
