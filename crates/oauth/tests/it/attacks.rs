//! What an attacker tries at the token and authorisation endpoints, one test each; every try must fail and name why.

use crate::world::{APP, ISSUER, TOKEN, VERIFIER, World, backend, by_code, by_refresh, citizen, doctor};
use http::StatusCode;
use jose::{Algorithm, PrivateKey, SignHeader, base64url};
use serde_json::{Value, json};

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn assertions_without_signature_or_with_a_confused_one() {
    let world = World::new().await;
    let claims = world.assertion_claims("a1");
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "None", "kid": world.key.kid() }),
        json!({ "alg": "HS256", "kid": world.key.kid() }),
        json!({ "alg": "HS384" }),
        json!({ "alg": "ES384", "kid": world.key.kid(), "crit": ["x"], "x": 1 }),
        json!({ "alg": "ES384", "kid": world.key.kid(), "jwk": PrivateKey::generate(Algorithm::ES384).unwrap().public().to_json() }),
    ] {
        for signature in ["", "AAAA"] {
            let token = unsigned(&header, &claims, signature);
            assert_eq!(
                world.refused(&backend(&token, "system/Observation.rs")).await,
                "invalid_client",
                "{header}"
            );
        }
    }
    // Signed with a key of one's own, under the name of the registered one.
    let own = PrivateKey::generate(Algorithm::ES384).unwrap().named(world.key.kid());
    let token = own.sign(&SignHeader::default(), &claims).unwrap();
    assert_eq!(
        world.refused(&backend(&token, "system/Observation.rs")).await,
        "invalid_client"
    );
}

#[tokio::test]
async fn assertions_that_are_late_early_long_or_for_others() {
    let world = World::new().await;
    let now = world.now();
    let changes: [(&str, Value); 10] = [
        ("exp", json!(now - 60)),
        ("exp", json!(now + 900)),
        ("exp", Value::Null),
        ("nbf", json!(now + 600)),
        ("iat", json!(now + 600)),
        ("aud", json!("https://altro.example.it/oauth/token")),
        ("aud", Value::Null),
        ("sub", json!("app")),
        ("iss", json!("app")),
        ("jti", Value::Null),
    ];
    for (name, value) in changes {
        let mut claims = world.assertion_claims("b1");
        claims[name] = value.clone();
        let token = world.sign(&claims);
        assert_eq!(
            world.refused(&backend(&token, "system/Observation.rs")).await,
            "invalid_client",
            "{name} {value}"
        );
    }
    // The issuer itself is an audience too.
    let mut claims = world.assertion_claims("b2");
    claims["aud"] = json!([ISSUER]);
    let (status, _) = world
        .token(&backend(&world.sign(&claims), "system/Observation.rs"))
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn an_assertion_is_good_once_also_when_two_come_together() {
    let world = World::new().await;
    let token = world.sign(&world.assertion_claims("c1"));
    let form = backend(&token, "system/Observation.rs");
    let (first, second) = tokio::join!(world.token(&form), world.token(&form));
    let mut statuses = [first.0, second.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
    assert_eq!(world.refused(&form).await, "invalid_client");
    // After its end it is refused for being old, and its memory may be cleared.
    world.pass(600);
    assert_eq!(world.refused(&form).await, "invalid_client");
}

#[tokio::test]
async fn credentials_of_another_kind_or_of_two_clients() {
    let world = World::new().await;
    let token = world.sign(&world.assertion_claims("d1"));
    let mut form = backend(&token, "system/Observation.rs");
    form.push(("client_id", "app"));
    assert_eq!(world.refused(&form).await, "invalid_client");
    let mut form = backend(&token, "system/Observation.rs");
    form.push(("client_secret", "x"));
    assert_eq!(world.refused(&form).await, "invalid_request");
    let mut form = backend(&token, "system/Observation.rs");
    form.retain(|(name, _)| *name != "client_assertion_type");
    assert_eq!(world.refused(&form).await, "invalid_request");
    for form in [
        vec![("grant_type", "client_credentials"), ("client_id", "sistema-a")],
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", "sistema-a"),
            ("client_secret", "x"),
        ],
        vec![("grant_type", "client_credentials"), ("client_id", "nessuno")],
        vec![("grant_type", "client_credentials")],
    ] {
        assert_eq!(world.refused(&form).await, "invalid_client", "{form:?}");
    }
    let alone = [("grant_type", "client_credentials"), ("client_id", "app")];
    assert_eq!(world.refused(&alone).await, "unauthorized_client");
    assert_eq!(
        world.refused(&[("grant_type", "password"), ("client_id", "app")]).await,
        "unsupported_grant_type"
    );
    let twice = [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("client_id", "sistema-a"),
    ];
    assert_eq!(world.refused(&twice).await, "invalid_request");
}

#[tokio::test]
async fn a_code_used_twice_ends_what_it_gave() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (status, answer) = world.token(&by_code(&code)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (access, refresh) = (
        answer["access_token"].as_str().unwrap(),
        answer["refresh_token"].as_str().unwrap(),
    );
    assert_eq!(world.get("/fhir/Observation/1", Some(access)).await.0, StatusCode::OK);
    assert_eq!(world.refused(&by_code(&code)).await, "invalid_grant");
    assert_eq!(
        world.get("/fhir/Observation/1", Some(access)).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(world.refused(&by_refresh(refresh)).await, "invalid_grant");
    assert!(world.oauth.grants_of("Patient/anna").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_address_and_its_client() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let with = |name: &'static str, value: &'static str| {
        let mut form = by_code(&code);
        form.retain(|(own, _)| *own != name);
        if !value.is_empty() {
            form.push((name, value));
        }
        form
    };
    let wrong = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (form, error) in [
        (with("code_verifier", wrong), "invalid_grant"),
        (with("code_verifier", "x"), "invalid_grant"),
        (with("code_verifier", ""), "invalid_request"),
        (with("redirect_uri", "https://app.example.it/cb/"), "invalid_grant"),
        (with("redirect_uri", "https://app.example.it/cb?x=1"), "invalid_grant"),
        (with("redirect_uri", ""), "invalid_request"),
        (with("client_id", "altra"), "invalid_grant"),
        (with("code", "AAAA"), "invalid_grant"),
    ] {
        assert_eq!(world.refused(&form).await, error, "{form:?}");
    }
    // The tries have not burnt it; a minute does.
    world.pass(61);
    assert_eq!(world.refused(&by_code(&code)).await, "invalid_grant");
    let code = world.code(&citizen(), None, &[]).await;
    assert_eq!(world.token(&by_code(&code)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn unknown_addresses_are_never_redirected_to() {
    let world = World::new().await;
    for redirect in [
        "https://evil.example/cb",
        "https://app.example.it/cb/../evil",
        "https://app.example.it/cb2",
        "https://app.example.it/cb?next=https://evil.example",
        "https://app.example.it.evil.example/cb",
        "https://app.example.it@evil.example/cb",
        "HTTPS://APP.EXAMPLE.IT/cb",
        "",
    ] {
        let (status, body) = world.authorize(&[("redirect_uri", redirect)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{redirect} {body}");
    }
    assert_eq!(
        world.authorize(&[("client_id", "nessuno")]).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn requests_that_weaken_the_flow_go_back_with_an_error() {
    let world = World::new().await;
    for (name, value, error) in [
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "kurz", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("aud", "https://evil.example/fhir", "invalid_target"),
        ("aud", "", "invalid_target"),
        ("state", "", "invalid_request"),
        ("request", "eyJ", "request_not_supported"),
        ("scope", "system/*.cruds", "invalid_scope"),
        ("scope", "patient/*.xyz", "invalid_scope"),
        ("launch", "indovinato", "invalid_request"),
    ] {
        let (status, to) = world.authorize(&[(name, value)]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(
            to.starts_with(APP) && to.contains(&format!("error={error}")),
            "{name}={value}: {to}"
        );
        assert!(to.contains("iss=https%3A%2F%2Fsinfonia.example.it"), "{to}");
    }
}

#[tokio::test]
async fn scopes_cannot_grow() {
    let world = World::new().await;
    // Beyond the registration.
    let (_, answer) = world
        .system_token("system/*.cruds system/Observation.cruds user/*.rs orchestrator", "e1")
        .await;
    assert_eq!(
        answer["scope"],
        "system/Observation.rs system/Patient.r system/Observation.rs orchestrator".replacen(
            " system/Observation.rs orc",
            " orc",
            1
        )
    );
    let assertion = world.sign(&world.assertion_claims("e2"));
    assert_eq!(
        world.refused(&backend(&assertion, "system/Task.cruds")).await,
        "invalid_scope"
    );
    // Beyond what the person permitted, at approval and at refresh.
    let (_, to) = world.authorize(&[("scope", "patient/*.rs offline_access")]).await;
    let id = to.strip_prefix("/oauth/consenti/").unwrap();
    let more = ["patient/*.rs", "user/*.cruds", "offline_access"].map(str::to_owned);
    let back = world.oauth.approve(id, &citizen(), &more, None).await.unwrap();
    let (_, answer) = world.token(&by_code(&crate::world::query_of(&back, "code"))).await;
    assert_eq!(answer["scope"], "patient/*.rs offline_access");
    let refresh = answer["refresh_token"].as_str().unwrap();
    let mut form = by_refresh(refresh);
    form.push(("scope", "patient/*.cruds"));
    assert_eq!(world.refused(&form).await, "invalid_scope");
    let token = answer["access_token"].as_str().unwrap();
    for (uri, expected) in [
        ("/fhir/Observation/1", StatusCode::OK),
        ("/oauth/clients", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(world.get(uri, Some(token)).await.0, expected, "{uri}");
    }
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_whole_family() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (_, first) = world.token(&by_code(&code)).await;
    let stolen = first["refresh_token"].as_str().unwrap();
    let (status, second) = world.token(&by_refresh(stolen)).await;
    assert_eq!(status, StatusCode::OK);
    let (newer, access) = (
        second["refresh_token"].as_str().unwrap(),
        second["access_token"].as_str().unwrap(),
    );
    assert_ne!(newer, stolen);
    let mut others = by_refresh(newer);
    others[1] = ("client_id", "altra");
    assert_eq!(world.refused(&others).await, "invalid_grant");
    assert_eq!(world.get("/fhir/Observation/1", Some(access)).await.0, StatusCode::OK);
    assert_eq!(world.refused(&by_refresh(stolen)).await, "invalid_grant");
    assert_eq!(world.refused(&by_refresh(newer)).await, "invalid_grant");
    assert_eq!(
        world.get("/fhir/Observation/1", Some(access)).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn access_tokens_cannot_be_changed_forged_or_kept() {
    let world = World::new().await;
    let (_, answer) = world.system_token("system/Observation.rs", "f1").await;
    let token = answer["access_token"].as_str().unwrap();
    let ask = |token: String| {
        let world = &world;
        async move { world.get("/fhir/Observation/1", Some(&token)).await.0 }
    };
    assert_eq!(ask(token.to_owned()).await, StatusCode::OK);
    let parts: Vec<_> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&jose::from_base64url(parts[1]).unwrap()).unwrap();
    claims["scope"] = json!("system/*.cruds");
    claims["roles"] = json!(["admin"]);
    let changed = base64url(claims.to_string().as_bytes());
    assert_eq!(
        ask(format!("{}.{changed}.{}", parts[0], parts[2])).await,
        StatusCode::UNAUTHORIZED
    );
    for header in [
        json!({ "alg": "none", "typ": "at+jwt" }),
        json!({ "alg": "HS256", "typ": "at+jwt" }),
    ] {
        assert_eq!(ask(unsigned(&header, &claims, "")).await, StatusCode::UNAUTHORIZED);
    }
    let own = world
        .key
        .sign(
            &SignHeader {
                typ: "at+jwt",
                ..SignHeader::default()
            },
            &claims,
        )
        .unwrap();
    assert_eq!(ask(own).await, StatusCode::UNAUTHORIZED);
    // Another kind of token of ours is no access token: an ID token, for one.
    let code = world.code(&doctor(), Some("anna"), &[]).await;
    let (_, answer) = world.token(&by_code(&code)).await;
    assert_eq!(
        ask(answer["id_token"].as_str().unwrap().to_owned()).await,
        StatusCode::UNAUTHORIZED
    );
    world.pass(601);
    assert_eq!(ask(token.to_owned()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_person_cannot_give_what_is_not_theirs_to_give() {
    let world = World::new().await;
    let begin = || async {
        world
            .authorize(&[])
            .await
            .1
            .strip_prefix("/oauth/consenti/")
            .unwrap()
            .to_owned()
    };
    let scopes = ["patient/*.rs".to_owned()];
    let id = begin().await;
    let error = world
        .oauth
        .approve(&id, &citizen(), &scopes, Some("mario"))
        .await
        .unwrap_err();
    assert_eq!(error.code, oauth::Code::AccessDenied);
    let error = world.oauth.approve(&id, &doctor(), &scopes, None).await.unwrap_err();
    assert!(error.why.contains("patient"), "{error}");
    // Neither twice, nor late, nor by guessing.
    world.oauth.approve(&id, &citizen(), &scopes, None).await.unwrap();
    assert!(world.oauth.approve(&id, &citizen(), &scopes, None).await.is_err());
    let id = begin().await;
    world.pass(901);
    assert!(world.oauth.approve(&id, &citizen(), &scopes, None).await.is_err());
    assert!(
        world
            .oauth
            .approve(&"A".repeat(43), &citizen(), &scopes, None)
            .await
            .is_err()
    );
    let id = begin().await;
    let to = world.oauth.deny(&id).await.unwrap();
    assert!(to.contains("error=access_denied") && to.contains("state=stato"), "{to}");
    assert!(world.oauth.approve(&id, &citizen(), &scopes, None).await.is_err());
}

#[tokio::test]
async fn bodies_are_limited_and_typed() {
    let world = World::new().await;
    let big = "x".repeat(70_000);
    let (status, _) = world.token(&[("grant_type", &big)]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let json = http::Request::post("/oauth/token").header("content-type", "application/json");
    let (status, answer, _) = world.send(json.body("{}".into()).unwrap()).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_request"))
    );
    let _ = (TOKEN, VERIFIER);
}
