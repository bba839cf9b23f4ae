//! The ModI patterns over HTTP: known-good requests, and each way of spoiling them.

use crate::world::{FHIR, ISSUER, World};
use axum::middleware::from_fn;
use http::{Request, StatusCode};
use jose::{Algorithm, Certificate, PrivateKey, SignHeader};
use oauth::modi::{ModiSigner, Partner, layer};
use serde_json::{Value, json};
use std::sync::Arc;
use store::SequentialIds;
use tower::ServiceExt as _;

const CERTIFICATE: &str = include_str!("../../../jose/src/certificate/ec.pem");
const KEY: &str = include_str!("../../../jose/src/certificate/ec.key");
const URL: &str = "https://sinfonia.example.it/fhir/Patient";
const BODY: &str = r#"{"resourceType":"Patient"}"#;
const KIND: (&str, &str) = ("content-type", "application/fhir+json");

struct Scene {
    world: World,
    router: axum::Router,
    signer: ModiSigner,
}

async fn scene(change: impl FnOnce(&mut Partner)) -> Scene {
    let mut partner: Partner = serde_json::from_value(json!({
        "id": "asl-1", "name": "ASL 1", "certificates": [CERTIFICATE], "scopes": ["system/Patient.cruds"]
    }))
    .unwrap();
    change(&mut partner);
    let world = World::with(|config| config.partners = vec![partner]).await;
    // The test certificate begins a little before this moment.
    world.clock.set("2026-12-01T08:00:00Z".parse().unwrap());
    let oauth = world.oauth.clone();
    let router = world
        .router
        .clone()
        .layer(from_fn(move |request, next| layer(oauth.clone(), request, next)));
    let signer = ModiSigner {
        key: PrivateKey::from_pem(KEY).unwrap(),
        chain: vec![Certificate::from_text(CERTIFICATE).unwrap().der],
        issuer: "https://asl1.example.it".into(),
        clock: world.clock.clone(),
        ids: Arc::new(SequentialIds::new("jti")),
    };
    Scene { world, router, signer }
}

impl Scene {
    fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![("authorization".to_owned(), self.signer.authorization(URL).unwrap())];
        let signed = self.signer.integrity(URL, &[KIND], BODY.as_bytes()).unwrap();
        headers.extend(signed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        headers.push((KIND.0.into(), KIND.1.into()));
        headers
    }

    async fn post(&self, headers: &[(String, String)], body: &str) -> (StatusCode, String) {
        let mut request = Request::post("/fhir/Patient");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = self
            .router
            .clone()
            .oneshot(request.body(axum::body::Body::from(body.to_owned())).unwrap())
            .await
            .unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A token with other claims than the good ones.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = self.world.now();
        let mut claims = json!({ "iss": "x", "sub": "x", "aud": URL, "iat": now, "exp": now + 60, "jti": "own" });
        change(&mut claims);
        let header = SignHeader {
            typ: "JWT",
            x5c: &self.signer.chain,
            ..SignHeader::default()
        };
        self.signer.key.sign(&header, &claims).unwrap()
    }
}

fn set(headers: &[(String, String)], name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = headers.iter().filter(|(own, _)| own != name).cloned().collect();
    headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    headers
}

#[tokio::test]
async fn id_auth_01_knows_the_sender_by_certificate() {
    let scene = scene(|_| {}).await;
    let bearer = |token: String| vec![("authorization".to_owned(), format!("Bearer {token}"))];
    let (status, who) = scene.post(&bearer(scene.token(|_| {})), "").await;
    assert_eq!(status, StatusCode::OK, "{who}");
    assert!(who.contains("client/modi:asl-1"), "{who}");
    // Without `unique` the same token may come again, and the whole interface is an audience too.
    assert_eq!(
        scene.post(&bearer(scene.token(|c| c["aud"] = json!(FHIR))), "").await.0,
        StatusCode::OK
    );
    let now = scene.world.now();
    let changes: [(&str, Value); 8] = [
        ("aud", json!("https://altro.example.it/fhir/Patient")),
        ("aud", json!(format!("{ISSUER}/fhir/Observation"))),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 4_000)),
        ("exp", Value::Null),
        ("iat", json!(now - 4_000)),
        ("iat", Value::Null),
        ("nbf", json!(now + 600)),
    ];
    for (name, value) in changes {
        let token = scene.token(|claims| claims[name] = value.clone());
        assert_eq!(
            scene.post(&bearer(token), "").await.0,
            StatusCode::UNAUTHORIZED,
            "{name} {value}"
        );
    }
}

#[tokio::test]
async fn strangers_and_borrowed_certificates_are_refused() {
    let scene = scene(|_| {}).await;
    let now = scene.world.now();
    let claims = json!({ "aud": URL, "iat": now, "exp": now + 60 });
    let other = PrivateKey::generate(Algorithm::ES256).unwrap();
    let stranger = Certificate::from_text(include_str!("../../../jose/src/certificate/rsa.pem")).unwrap();
    for chain in [vec![], vec![stranger.der.clone()], scene.signer.chain.clone()] {
        let header = SignHeader {
            typ: "JWT",
            x5c: &chain,
            ..SignHeader::default()
        };
        let token = other.sign(&header, &claims).unwrap();
        let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        assert_eq!(scene.post(&headers, "").await.0, StatusCode::UNAUTHORIZED);
    }
    // A certificate that has ended.
    scene.world.clock.set("2047-01-01T00:00:00Z".parse().unwrap());
    let headers = vec![("authorization".to_owned(), scene.signer.authorization(URL).unwrap())];
    let (status, why) = scene.post(&headers, "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(why.contains("certificate has ended"), "{why}");
}

#[tokio::test]
async fn id_auth_02_takes_each_token_once() {
    let scene = scene(|partner| partner.unique = true).await;
    let headers = vec![("authorization".to_owned(), scene.signer.authorization(URL).unwrap())];
    assert_eq!(scene.post(&headers, "").await.0, StatusCode::OK);
    let (status, why) = scene.post(&headers, "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(why.contains("jti"), "{why}");
    let without = scene.token(|claims| drop(claims.as_object_mut().unwrap().remove("jti")));
    let headers = vec![("authorization".to_owned(), format!("Bearer {without}"))];
    assert_eq!(scene.post(&headers, "").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn integrity_notices_every_change() {
    let scene = scene(|partner| partner.integrity = true).await;
    let (status, who) = scene.post(&scene.headers(), BODY).await;
    assert_eq!(status, StatusCode::OK, "{who}");
    let other_digest = scene.signer.integrity(URL, &[KIND], b"{}").unwrap()[0].1.clone();
    let unsigned_kind = scene.signer.integrity(URL, &[], BODY.as_bytes()).unwrap()[1].1.clone();
    let elsewhere = scene
        .signer
        .integrity("https://altro.example.it/x", &[KIND], BODY.as_bytes())
        .unwrap()[1]
        .1
        .clone();
    let spoilt: [(&str, Option<&str>, &str, StatusCode); 9] = [
        ("", None, "{}", StatusCode::BAD_REQUEST),
        ("", None, "", StatusCode::BAD_REQUEST),
        ("digest", Some(&other_digest), BODY, StatusCode::BAD_REQUEST),
        ("digest", None, BODY, StatusCode::BAD_REQUEST),
        ("digest", Some("MD5=abc"), BODY, StatusCode::BAD_REQUEST),
        ("content-type", Some("text/plain"), BODY, StatusCode::BAD_REQUEST),
        ("content-encoding", Some("identity"), BODY, StatusCode::BAD_REQUEST),
        (
            "agid-jwt-signature",
            Some(&unsigned_kind),
            BODY,
            StatusCode::BAD_REQUEST,
        ),
        ("agid-jwt-signature", Some(&elsewhere), BODY, StatusCode::UNAUTHORIZED),
    ];
    for (name, value, body, expected) in spoilt {
        let headers = scene.headers();
        let headers = if name.is_empty() {
            headers
        } else {
            set(&headers, name, value)
        };
        let (status, why) = scene.post(&headers, body).await;
        assert_eq!(status, expected, "{name} {value:?}: {why}");
    }
    // Left out, it is missed.
    let (status, why) = scene
        .post(&set(&scene.headers(), "agid-jwt-signature", None), BODY)
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(why.contains("Agid-JWT-Signature"), "{why}");
    // Late, and twice.
    let headers = scene.headers();
    assert_eq!(scene.post(&headers, BODY).await.0, StatusCode::OK);
    assert_eq!(scene.post(&headers, BODY).await.0, StatusCode::UNAUTHORIZED);
    let headers = scene.headers();
    scene.world.pass(120);
    assert_eq!(scene.post(&headers, BODY).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn integrity_02_knows_keys_by_name() {
    let key = PrivateKey::generate(Algorithm::RS256).unwrap().named("pdnd-kid-1");
    let keys = json!({ "keys": [key.public().to_json()] });
    let mut scene = scene(|partner| {
        partner.certificates = vec![];
        partner.keys = Some(keys);
        partner.integrity = true;
    })
    .await;
    scene.signer.key = key;
    scene.signer.chain = vec![];
    let (status, who) = scene.post(&scene.headers(), BODY).await;
    assert_eq!(status, StatusCode::OK, "{who}");
    assert_eq!(scene.post(&scene.headers(), "{}").await.0, StatusCode::BAD_REQUEST);
    scene.signer.key = PrivateKey::generate(Algorithm::RS256).unwrap().named("pdnd-kid-1");
    assert_eq!(scene.post(&scene.headers(), BODY).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn audit_01_says_who_asked() {
    let scene = scene(|partner| partner.evidence = true).await;
    let authorization = || ("authorization".to_owned(), scene.signer.authorization(URL).unwrap());
    let evidence = |user: &str| scene.signer.evidence(URL, user, "sportello-3", "LoA3").unwrap();
    let with = |token: String| vec![authorization(), ("agid-jwt-trackingevidence".to_owned(), token)];
    assert_eq!(scene.post(&with(evidence("op-7")), "").await.0, StatusCode::OK);
    assert_eq!(scene.post(&[authorization()], "").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.post(&with(evidence("")), "").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        scene.post(&with(scene.token(|_| {})), "").await.0,
        StatusCode::UNAUTHORIZED
    );
    let elsewhere = scene
        .signer
        .evidence("https://altro.example.it", "op-7", "x", "LoA3")
        .unwrap();
    assert_eq!(scene.post(&with(elsewhere), "").await.0, StatusCode::UNAUTHORIZED);
}
