//! The identity of a node without a store: accounts, sessions and audit live at the hub's node.

use crate::{PeerError, Peers};
use access::{
    AccessError, Actor, Ask, AskError, DemoAccount, Explain, Explained, Identity, PasswordBody, Refused, Reply,
    Session, SignInError, SignedIn, TokenBody,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::AuditEntry;

/// [`Identity`] over the peer `hub` (see [`access::identity_routes`]).
pub struct RemoteIdentity {
    peers: Peers,
    system: Actor,
}

impl RemoteIdentity {
    /// Over `peers`, which must know `hub`.
    pub fn new(peers: Peers) -> Self {
        Self {
            peers,
            system: Actor::system(),
        }
    }

    async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Response<Bytes>, AccessError> {
        let remote = |e: String| AccessError::Remote(e);
        let bytes = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|e| remote(e.to_string()))?
            .unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Bytes::from(bytes)).map_err(|e| remote(e.to_string()))?;
        self.peers
            .call("hub", &self.system, request)
            .await
            .map_err(|e| remote(e.to_string()))
    }

    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, AccessError> {
        decode(&self.send(Method::POST, path, Some(body)).await?)
    }

    /// Why somebody may or may not see a kind of data of a patient.
    ///
    /// # Errors
    /// The hub's node cannot be reached, or knows no such action or label.
    pub async fn explain(&self, asked: &Explain) -> Result<Explained, AccessError> {
        self.post("/access/explain", asked).await
    }

    async fn password<T: DeserializeOwned>(&self, path: &str, body: &PasswordBody) -> Result<T, SignInError> {
        let response = self.send(Method::POST, path, Some(body)).await?;
        match response.status() {
            StatusCode::UNAUTHORIZED => Err(SignInError::Wrong),
            StatusCode::PRECONDITION_REQUIRED => Err(SignInError::MoreNeeded),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = response
                    .headers()
                    .get(header::RETRY_AFTER)
                    .and_then(|v| v.to_str().ok());
                Err(SignInError::Locked {
                    retry_after_s: wait.and_then(|w| w.parse().ok()).unwrap_or(30),
                })
            }
            _ => Ok(decode(&response)?),
        }
    }
}

fn decode<T: DeserializeOwned>(response: &Response<Bytes>) -> Result<T, AccessError> {
    if !response.status().is_success() {
        return Err(AccessError::Remote(PeerError::of(response).to_string()));
    }
    serde_json::from_slice(response.body()).map_err(|e| AccessError::Remote(e.to_string()))
}

#[async_trait]
impl Identity for RemoteIdentity {
    async fn session(&self, token: &str) -> Result<Option<Session>, AccessError> {
        self.post(
            "/access/session",
            &TokenBody {
                token: token.to_owned(),
            },
        )
        .await
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, AskError> {
        let answer: Result<Reply, Refused> = self.post("/access/ask", &ask).await?;
        Ok(answer?)
    }

    async fn sign_in(&self, username: &str, password: &str, previous: Option<&str>) -> Result<SignedIn, SignInError> {
        let previous = previous.map(str::to_owned);
        let body = PasswordBody {
            username: username.to_owned(),
            password: password.to_owned(),
            previous,
        };
        self.password("/access/sign-in", &body).await
    }

    async fn sign_out(&self, token: &str) -> Result<(), AccessError> {
        self.post(
            "/access/sign-out",
            &TokenBody {
                token: token.to_owned(),
            },
        )
        .await
    }

    async fn verify(&self, username: &str, password: &str) -> Result<Actor, SignInError> {
        let body = PasswordBody {
            username: username.to_owned(),
            password: password.to_owned(),
            previous: None,
        };
        self.password("/access/verify", &body).await
    }

    async fn record(&self, entries: Vec<AuditEntry>) -> Result<(), AccessError> {
        self.post("/access/audit", &entries).await
    }

    async fn demo_accounts(&self) -> Result<Vec<DemoAccount>, AccessError> {
        decode(&self.send::<()>(Method::GET, "/access/demo-accounts", None).await?)
    }
}
