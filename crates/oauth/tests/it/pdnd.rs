//! PDND vouchers, with an issuer that runs here for real: its keys and its token endpoint are served over HTTP.

use crate::world::World;
use access::EndpointPolicy;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use jose::{Algorithm, Claims, Expect, Jwks, PrivateKey, SignHeader, Unverified};
use oauth::pdnd::{Evidence, Issuer, Purpose, VoucherClient, VoucherError};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Clock as _, ManualClock, SequentialIds};

const AUDIENCE: &str = "https://eservice.example.it/fhir";
const PURPOSE: &str = "1b361d49-33f4-4f1e-a88b-4e12661f2300";

struct Pdnd {
    key: PrivateKey,
    clients: Jwks,
    clock: Arc<ManualClock>,
}

impl Pdnd {
    fn voucher(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": "interop.example.it", "aud": AUDIENCE, "sub": "cliente-1", "client_id": "cliente-1", "iat": now,
            "nbf": now, "exp": now + 300, "jti": "v1", "purposeId": PURPOSE,
        });
        change(&mut claims);
        self.key
            .sign(
                &SignHeader {
                    typ: "at+jwt",
                    ..SignHeader::default()
                },
                &claims,
            )
            .unwrap()
    }
}

/// What PDND does with an assertion: checks it, and gives a voucher with the purpose and the digest it was told.
async fn token(State(pdnd): State<Arc<Pdnd>>, body: String) -> (StatusCode, axum::Json<Value>) {
    let form: HashMap<String, String> = serde_urlencoded::from_str(&body).unwrap();
    let check = || -> Result<Claims, jose::JoseError> {
        let claims = Unverified::parse(&form["client_assertion"], &[Algorithm::RS256])?.verify_with(&pdnd.clients)?;
        claims.expect(&Expect {
            now: pdnd.clock.now().as_second(),
            issuer: Some("cliente-1"),
            subject: Some("cliente-1"),
            audience: &["auth.interop.example.it/client-assertion"],
            require: &["jti", "purposeId"],
            ..Expect::default()
        })?;
        Ok(claims)
    };
    match check() {
        Ok(claims) => {
            let voucher = pdnd.voucher(|voucher| {
                voucher["purposeId"] = claims.get("purposeId").cloned().unwrap();
                if let Some(digest) = claims.get("digest") {
                    voucher["digest"] = digest.clone();
                }
            });
            (
                StatusCode::OK,
                axum::Json(json!({ "access_token": voucher, "expires_in": 300, "token_type": "Bearer" })),
            )
        }
        Err(error) => {
            let body = json!({ "error": "invalid_client", "error_description": error.to_string() });
            (StatusCode::BAD_REQUEST, axum::Json(body))
        }
    }
}

struct Scene {
    world: World,
    pdnd: Arc<Pdnd>,
    consumer: VoucherClient,
}

async fn scene(evidence: bool) -> Scene {
    let clock = Arc::new(ManualClock::new("2026-11-22T08:00:00Z".parse().unwrap()));
    let rsa = PrivateKey::generate(Algorithm::RS256).unwrap();
    let deposited = PrivateKey::from_pkcs8(&rsa.pkcs8().unwrap(), Algorithm::RS256)
        .unwrap()
        .named("kid-at-pdnd");
    let clients = Jwks {
        keys: vec![deposited.public().clone()],
    };
    let pdnd = Arc::new(Pdnd {
        key: rsa,
        clients: clients.clone(),
        clock: clock.clone(),
    });
    let keys = Jwks {
        keys: vec![pdnd.key.public().clone()],
    }
    .to_json();
    let router = Router::new()
        .route("/jwks", get(|| async move { axum::Json(keys) }))
        .route("/keys", get(|| async move { axum::Json(clients.to_json()) }))
        .route("/token.oauth2", post(token).with_state(pdnd.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let endpoints = EndpointPolicy::default().with_loopback(true);
    let purpose = Purpose {
        name: "Comune di Ferrara".into(),
        scopes: vec!["system/Patient.rs".into()],
        roles: vec!["sistema".into()],
        organization: Some("comune".into()),
        evidence,
        integrity: false,
    };
    let issuer = Issuer {
        issuer: "interop.example.it".into(),
        keys_at: format!("{base}/jwks"),
        audience: AUDIENCE.into(),
        consumer_keys_at: Some(format!("{base}/keys")),
        purposes: HashMap::from([(PURPOSE.to_owned(), purpose)]),
    };
    let world = World::with(|config| {
        config.endpoints = endpoints.clone();
        config.pdnd = vec![issuer];
    })
    .await;
    let consumer = VoucherClient {
        token_url: format!("{base}/token.oauth2"),
        audience: "auth.interop.example.it/client-assertion".into(),
        client_id: "cliente-1".into(),
        key: deposited,
        clock,
        ids: Arc::new(SequentialIds::new("jti")),
        http: endpoints.client(Duration::from_secs(5)).unwrap(),
    };
    Scene { world, pdnd, consumer }
}

impl Scene {
    async fn ask(&self, voucher: &str, evidence: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::get("/fhir/Patient/1").header("authorization", format!("Bearer {voucher}"));
        if let Some(evidence) = evidence {
            request = request.header("Agid-JWT-TrackingEvidence", evidence);
        }
        let (status, body, _) = self.world.send(request.body("".into()).unwrap()).await;
        (status, body)
    }
}

fn someone() -> Evidence {
    Evidence {
        user: "op-7".into(),
        location: "sportello-3".into(),
        assurance: "LoA3".into(),
        audience: AUDIENCE.into(),
    }
}

#[tokio::test]
async fn a_voucher_obtained_here_is_accepted_here_for_its_purpose() {
    let scene = scene(false).await;
    let voucher = scene.consumer.voucher(PURPOSE, None).await.unwrap();
    let (status, who) = scene.ask(&voucher.token, None).await;
    assert_eq!(status, StatusCode::OK, "{who}");
    assert_eq!(who["subject"], "client/pdnd:cliente-1");
    assert_eq!(who["client"]["purpose"], PURPOSE);
    assert_eq!(who["organization"], "comune");
    let request = Request::post("/fhir/Patient").header("authorization", format!("Bearer {}", voucher.token));
    assert_eq!(
        scene.world.send(request.body("".into()).unwrap()).await.0,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_evidence_must_be_the_one_that_was_announced() {
    let scene = scene(true).await;
    let voucher = scene.consumer.voucher(PURPOSE, Some(&someone())).await.unwrap();
    let evidence = voucher.evidence.as_deref().unwrap();
    assert_eq!(scene.ask(&voucher.token, Some(evidence)).await.0, StatusCode::OK);
    let (status, why) = scene.ask(&voucher.token, None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(why.to_string().contains("TrackingEvidence"), "{why}");
    let other = scene.consumer.voucher(PURPOSE, Some(&someone())).await.unwrap();
    let swapped = other.evidence.as_deref();
    assert_eq!(scene.ask(&voucher.token, swapped).await.0, StatusCode::UNAUTHORIZED);
    // Without an announced digest it must still be signed by the consumer, for us and for this purpose.
    let plain = scene.pdnd.voucher(|_| {});
    assert_eq!(scene.ask(&plain, Some(evidence)).await.0, StatusCode::OK);
    assert_eq!(
        scene.ask(&plain, Some("eyJhbGciOiJub25lIn0.e30.")).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(scene.ask(&plain, None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn vouchers_for_others_late_or_without_agreement_are_refused() {
    let scene = scene(false).await;
    let now = scene.pdnd.clock.now().as_second();
    let changes: [(&str, Value); 6] = [
        ("aud", json!("https://altro.example.it")),
        ("exp", json!(now - 60)),
        ("nbf", json!(now + 600)),
        ("purposeId", json!("another")),
        ("purposeId", Value::Null),
        ("jti", Value::Null),
    ];
    for (name, value) in changes {
        let voucher = scene.pdnd.voucher(|claims| claims[name] = value.clone());
        assert_eq!(
            scene.ask(&voucher, None).await.0,
            StatusCode::UNAUTHORIZED,
            "{name} {value}"
        );
    }
    let unknown = scene
        .pdnd
        .voucher(|claims| claims["iss"] = json!("https://evil.example"));
    assert_eq!(scene.ask(&unknown, None).await.0, StatusCode::UNAUTHORIZED);
    let error = scene.consumer.voucher("x", None).await.map(|voucher| voucher.token);
    assert_eq!(scene.ask(&error.unwrap(), None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_assertion_with_another_key_is_refused_by_the_issuer() {
    let mut scene = scene(false).await;
    scene.consumer.key = PrivateKey::generate(Algorithm::RS256).unwrap().named("kid-at-pdnd");
    let error = scene.consumer.voucher(PURPOSE, None).await.unwrap_err();
    assert!(matches!(error, VoucherError::Refused { status: 400, .. }), "{error}");
}
