//! A server with three clients, a clock and keys.

use access::{Actor, Guard, GuardOptions, IdentityOptions, LocalIdentity, Policy, Routes, SigningKey};
use axum::body::Body;
use axum::routing::get;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use jose::{Algorithm, Jwks, PrivateKey, SignHeader};
use oauth::{Client, ClientAuth, Config, Oauth};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Clock as _, ManualClock, SequentialIds, Store, SystemRandom};
use tower::ServiceExt as _;

pub const ISSUER: &str = "https://sinfonia.example.it";
pub const FHIR: &str = "https://sinfonia.example.it/fhir";
pub const TOKEN: &str = "https://sinfonia.example.it/oauth/token";
pub const APP: &str = "https://app.example.it/cb";
pub const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub struct World {
    pub oauth: Arc<Oauth>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    pub router: axum::Router,
    pub identity: LocalIdentity,
    pub key: PrivateKey,
    _folder: test_store::Stand,
}

pub fn client(id: &str, auth: ClientAuth, scopes: &[&str]) -> Client {
    Client {
        id: id.into(),
        name: format!("Applicazione {id}"),
        auth,
        redirects: vec![APP.into()],
        launch: Some("https://app.example.it/launch".into()),
        scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
        roles: vec![],
        organization: None,
        bound: false,
        disabled: false,
        created: "2026-11-22T00:00:00Z".parse().unwrap(),
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (store, folder) = test_store::stand();
        let clock = Arc::new(ManualClock::new("2026-11-22T08:00:00Z".parse().unwrap()));
        let random = Arc::new(SystemRandom);
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), IdentityOptions::default());
        let mut config = Config::new(ISSUER, [7; 32]);
        config.persons = Some(Arc::new(identity.clone()));
        change(&mut config);
        let ids = Arc::new(SequentialIds::new("id"));
        let oauth = Oauth::open(store.clone(), clock.clone(), ids, random.clone(), config)
            .await
            .unwrap();
        let key = SigningKey::from_bytes([1; 32]);
        let guard = Guard::new(
            Arc::new(identity.clone()),
            access::Authorizer::standard(store.clone(), clock.clone()),
            &key,
            clock.clone(),
            &SystemRandom,
            GuardOptions::default(),
        );
        guard.accept_bearers(vec![oauth.clone()]);
        let router = oauth::routes(&oauth).merge(who()).guard(&guard);
        let key = PrivateKey::generate(Algorithm::ES384).unwrap();
        let world = Self {
            oauth,
            store,
            clock,
            router,
            identity,
            key,
            _folder: folder,
        };
        world.register().await;
        world
    }

    async fn register(&self) {
        let person = [
            "openid",
            "fhirUser",
            "launch",
            "launch/patient",
            "offline_access",
            "patient/*.rs",
            "user/*.cruds",
        ];
        let keys = ClientAuth::Keys(
            Jwks {
                keys: vec![self.key.public().clone()],
            }
            .to_json(),
        );
        let mut system = client(
            "sistema-a",
            keys,
            &["system/Observation.rs", "system/Patient.r", "orchestrator"],
        );
        system.roles = vec!["sistema".into()];
        for client in [
            client("app", ClientAuth::Public, &person),
            client("altra", ClientAuth::Public, &person),
            system,
        ] {
            self.oauth.add_client(&client).await.unwrap();
        }
    }

    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub async fn send(&self, request: Request<Body>) -> (StatusCode, Value, http::HeaderMap) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        (parts.status, value, parts.headers)
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let body = serde_urlencoded::to_string(form).unwrap();
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let (status, value, _) = self.send(request.body(Body::from(body)).unwrap()).await;
        (status, value)
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> (StatusCode, Value) {
        self.post("/oauth/token", form).await
    }

    /// The error code of a refused token request.
    pub async fn refused(&self, form: &[(&str, &str)]) -> String {
        let (status, value) = self.token(form).await;
        assert!(status.is_client_error(), "{status} {value}");
        assert!(value.get("access_token").is_none());
        value["error"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, uri: &str, bearer: Option<&str>) -> (StatusCode, Value, http::HeaderMap) {
        let mut request = Request::get(uri);
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Claims of a good assertion of `sistema-a`.
    pub fn assertion_claims(&self, jti: &str) -> Value {
        let now = self.now();
        json!({ "iss": "sistema-a", "sub": "sistema-a", "aud": TOKEN, "iat": now, "exp": now + 240, "jti": jti })
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.key
            .sign(
                &SignHeader {
                    typ: "JWT",
                    ..SignHeader::default()
                },
                claims,
            )
            .unwrap()
    }

    pub async fn system_token(&self, scope: &str, jti: &str) -> (StatusCode, Value) {
        let assertion = self.sign(&self.assertion_claims(jti));
        self.token(&backend(&assertion, scope)).await
    }

    /// Asks for permission; gives where the browser is sent.
    pub async fn authorize(&self, change: &[(&str, &str)]) -> (StatusCode, String) {
        let challenge = jose::s256(VERIFIER);
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", "app"),
            ("redirect_uri", APP),
            ("scope", "openid fhirUser launch/patient patient/*.rs offline_access"),
            ("state", "stato"),
            ("aud", FHIR),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in change {
            query.retain(|(own, _)| own != name);
            if !value.is_empty() {
                query.push((name, value));
            }
        }
        let uri = format!("/oauth/authorize?{}", serde_urlencoded::to_string(&query).unwrap());
        let (status, body, headers) = self.get(&uri, None).await;
        let to = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        (status, to.unwrap_or_else(|| body.to_string()))
    }

    /// A code for `actor`, by way of the person's word.
    pub async fn code(&self, actor: &Actor, patient: Option<&str>, change: &[(&str, &str)]) -> String {
        let (status, to) = self.authorize(change).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{to}");
        let id = to.strip_prefix("/oauth/consenti/").unwrap_or_else(|| panic!("{to}"));
        let question = self.oauth.question(id, actor).await.unwrap().unwrap();
        let back = self.oauth.approve(id, actor, &question.scopes, patient).await.unwrap();
        query_of(&back, "code")
    }
}

pub fn query_of(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap_or_else(|| panic!("{url}")).1;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    pairs
        .into_iter()
        .find(|(own, _)| own == name)
        .unwrap_or_else(|| panic!("{name} in {url}"))
        .1
}

pub fn backend<'a>(assertion: &'a str, scope: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
        ("scope", scope),
    ]
}

pub fn by_code(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ]
}

pub fn by_refresh(token: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", token),
    ]
}

pub fn doctor() -> Actor {
    Actor {
        subject: "Practitioner/rossi".into(),
        name: "Mario Rossi".into(),
        roles: vec!["mmg".into()],
        assurance: 2,
        ..Actor::default()
    }
}

pub fn citizen() -> Actor {
    Actor {
        subject: "Patient/anna".into(),
        name: "Anna Bianchi".into(),
        roles: vec!["assistito".into()],
        ..Actor::default()
    }
}

/// A FHIR route that says who asks.
fn who() -> Routes {
    let say = |actor: Actor| async move { axum::Json(json!(actor)) };
    Routes::new()
        .route(Method::GET, "/fhir/{type}/{id}", Policy::SignedIn, get(say))
        .route(Method::POST, "/fhir/{type}", Policy::SignedIn, axum::routing::post(say))
}
