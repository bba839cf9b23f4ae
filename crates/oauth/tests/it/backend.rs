//! SMART Backend Services: systems without a user.

use crate::world::{World, client};
use base64::Engine as _;
use http::{Request, StatusCode};
use oauth::{ClientAuth, ClientChange};
use serde_json::json;

#[tokio::test]
async fn a_system_gets_a_token_and_reaches_what_its_scopes_say() {
    let world = World::new().await;
    let (status, answer) = world.system_token("system/Observation.rs system/Patient.rs", "1").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["scope"], "system/Observation.rs system/Patient.r");
    assert_eq!(answer["expires_in"], 600);
    let token = answer["access_token"].as_str();
    let (status, who, _) = world.get("/fhir/Observation/1", token).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(who["subject"], "client/sistema-a");
    assert_eq!(who["roles"], json!(["sistema"]));
    assert_eq!(
        who["client"]["scopes"],
        json!(["system/Observation.rs", "system/Patient.r"])
    );
    let (status, _, headers) = world.get("/fhir/Task/1", token).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        headers["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("insufficient_scope")
    );
}

#[tokio::test]
async fn without_a_scope_a_client_gets_all_it_was_registered_with() {
    let world = World::new().await;
    let (_, answer) = world.system_token("", "1").await;
    assert_eq!(answer["scope"], "system/Observation.rs system/Patient.r orchestrator");
}

#[tokio::test]
async fn a_disabled_client_is_out_at_once() {
    let world = World::new().await;
    let (_, answer) = world.system_token("system/Observation.rs", "1").await;
    let token = answer["access_token"].as_str();
    world
        .oauth
        .change_client("sistema-a", ClientChange::Disabled(true))
        .await
        .unwrap();
    assert_eq!(
        world.get("/fhir/Observation/1", token).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(world.system_token("", "2").await.0, StatusCode::UNAUTHORIZED);
    world.pass(1);
    world
        .oauth
        .change_client("sistema-a", ClientChange::Disabled(false))
        .await
        .unwrap();
    let (status, answer) = world.system_token("system/Observation.rs", "3").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        world
            .get("/fhir/Observation/1", answer["access_token"].as_str())
            .await
            .0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_as_a_hash() {
    let world = World::new().await;
    let (secret, kept) = world.oauth.new_secret();
    let mut confidential = client("con-segreto", kept, &["system/Patient.r", "introspect"]);
    confidential.roles = vec!["sistema".into()];
    world.oauth.add_client(&confidential).await.unwrap();
    let basic = |secret: &str| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("con-segreto:{secret}"));
        Request::post("/oauth/token")
            .header("authorization", format!("Basic {encoded}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials".into())
            .unwrap()
    };
    let (status, answer, _) = world.send(basic(&secret)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(world.send(basic("indovinato")).await.0, StatusCode::UNAUTHORIZED);
    let listed = json!(world.oauth.clients().await.unwrap()).to_string();
    assert!(!listed.contains(&secret));
    // A resource server asks about tokens of others; a client without the scope is told of its own only.
    let (_, other) = world.system_token("system/Patient.r", "1").await;
    let token = other["access_token"].as_str().unwrap();
    let ask = [
        ("client_id", "con-segreto"),
        ("client_secret", &secret),
        ("token", token),
    ];
    let (_, told) = world.post("/oauth/introspect", &ask).await;
    assert_eq!(
        (&told["active"], &told["client_id"]),
        (&json!(true), &json!("sistema-a"))
    );
    let assertion = world.sign(&world.assertion_claims("2"));
    let own = answer["access_token"].as_str().unwrap();
    let ask = [
        ("client_assertion_type", crate::world::ASSERTION),
        ("client_assertion", &assertion),
        ("token", own),
    ];
    let (_, told) = world.post("/oauth/introspect", &ask).await;
    assert_eq!(told, json!({ "active": false }));
}

#[tokio::test]
async fn tokens_are_bound_to_the_certificate() {
    let world = World::new().await;
    let certificate = access::ClientCertificate::new(b"a certificate");
    let auth = ClientAuth::Certificate(certificate.thumbprint.clone());
    let mut bound = client("con-certificato", auth, &["system/Patient.r"]);
    bound.roles = vec!["sistema".into()];
    world.oauth.add_client(&bound).await.unwrap();
    let ask = |shown: Option<&access::ClientCertificate>| {
        let mut request = Request::post("/oauth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials&client_id=con-certificato".into())
            .unwrap();
        request.extensions_mut().extend(
            shown
                .map(|shown| {
                    let mut all = http::Extensions::new();
                    all.insert(shown.clone());
                    all
                })
                .unwrap_or_default(),
        );
        request
    };
    assert_eq!(world.send(ask(None)).await.0, StatusCode::UNAUTHORIZED);
    let other = access::ClientCertificate::new(b"another");
    assert_eq!(world.send(ask(Some(&other))).await.0, StatusCode::UNAUTHORIZED);
    let (status, answer, _) = world.send(ask(Some(&certificate))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let token = answer["access_token"].as_str().unwrap();
    // Stolen, it is of no use on another connection.
    assert_eq!(
        world.get("/fhir/Patient/1", Some(token)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let mut request = Request::get("/fhir/Patient/1")
        .header("authorization", format!("Bearer {token}"))
        .body("".into())
        .unwrap();
    let request: &mut Request<axum::body::Body> = &mut request;
    request.extensions_mut().insert(certificate);
    let request = std::mem::take(request);
    assert_eq!(world.send(request).await.0, StatusCode::OK);
}

#[tokio::test]
async fn key_sets_at_inner_addresses_are_not_fetched() {
    let world = World::new().await;
    for url in [
        "http://169.254.169.254/jwks",
        "https://127.0.0.1/jwks",
        "https://localhost/jwks",
        "file:///etc/passwd",
    ] {
        let mut inner = client("dentro", ClientAuth::KeysAt(url.into()), &["system/Patient.r"]);
        inner.roles = vec!["sistema".into()];
        let error = world.oauth.add_client(&inner).await.unwrap_err();
        assert!(error.why.starts_with("keys:"), "{error}");
    }
}
