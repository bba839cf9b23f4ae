//! The server under test.

use access::Guard;
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hub::{Hub, HubConfig};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::{SystemClock, UuidIds};
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The address a hub in process thinks it has.
const BASE: &str = "http://localhost/fhir";

/// A server.
pub enum Target {
    /// A hub over a temporary store.
    Here {
        /// Its routes.
        router: Router,
        /// Its store.
        dir: TempDir,
    },
    /// One at an address.
    There {
        /// FHIR address, without slash at the end.
        base: String,
        /// HTTP.
        client: reqwest::Client,
    },
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

impl Target {
    /// The server at `base`, or a fresh hub.
    pub fn open(base: Option<&str>) -> Result<Self, String> {
        if let Some(base) = base {
            return Ok(Self::There {
                base: base.trim_end_matches('/').to_owned(),
                client: reqwest::Client::new(),
            });
        }
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let store = SqliteStore::open(dir.path().join("hub.db"), Options::default()).map_err(|e| e.to_string())?;
        let clock = Arc::new(SystemClock);
        let hub = Hub::new(store.clone(), clock.clone(), Arc::new(UuidIds), HubConfig::new(BASE));
        let router = hub::routes(hub).guard(&Guard::open(store, clock));
        Ok(Self::Here { router, dir })
    }

    /// The FHIR address.
    pub fn base(&self) -> &str {
        match self {
            Self::Here { .. } => BASE,
            Self::There { base, .. } => base,
        }
    }

    /// One request; `url` is absolute or relative to the base.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, String> {
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|error| error.to_string())?;
        let url = if url.starts_with("http://") || url.starts_with("https://") {
            url.to_owned()
        } else {
            format!("{}/{}", self.base(), url.trim_start_matches('/'))
        };
        match self {
            Self::Here { router, .. } => {
                let path = url.strip_prefix("http://localhost").unwrap_or(&url);
                let mut request = Request::builder().method(method).uri(path);
                for (name, value) in headers {
                    request = request.header(name.as_str(), value.as_str());
                }
                let request = request
                    .body(Body::from(body.unwrap_or_default()))
                    .map_err(|e| format!("{url}: {e}"))?;
                let response = router
                    .clone()
                    .oneshot(request)
                    .await
                    .map_err(|error| error.to_string())?;
                let (parts, body) = response.into_parts();
                let body = body
                    .collect()
                    .await
                    .map_err(|error| error.to_string())?
                    .to_bytes()
                    .to_vec();
                Ok(answer(parts.status.as_u16(), &parts.headers, body))
            }
            Self::There { client, .. } => {
                let mut request = client.request(method, &url);
                for (name, value) in headers {
                    request = request.header(name.as_str(), value.as_str());
                }
                if let Some(body) = body {
                    request = request.body(body);
                }
                let response = request.send().await.map_err(|error| format!("{url}: {error}"))?;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let body = response.bytes().await.map_err(|error| error.to_string())?.to_vec();
                Ok(answer(status, &headers, body))
            }
        }
    }

    /// A request in JSON.
    pub(super) async fn simple(&self, method: &str, path: &str, resource: Option<&Value>) -> Result<Answer, String> {
        let json = "application/fhir+json".to_owned();
        let headers = [("content-type".to_owned(), json.clone()), ("accept".to_owned(), json)];
        let headers = if resource.is_some() {
            &headers[..]
        } else {
            &headers[1..]
        };
        self.send(
            method,
            path,
            headers,
            resource.map(|value| value.to_string().into_bytes()),
        )
        .await
    }
}

fn answer(status: u16, headers: &http::HeaderMap, body: Vec<u8>) -> Answer {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Answer {
        status,
        headers: headers.collect(),
        body,
    }
}
