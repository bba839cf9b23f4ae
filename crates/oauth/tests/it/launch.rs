//! SMART App Launch: applications of persons.

use crate::world::{FHIR, ISSUER, World, by_code, by_refresh, citizen, doctor, query_of};
use http::StatusCode;
use jose::{Algorithm, Expect, Jwks, Unverified};
use oauth::Launch;
use serde_json::json;

#[tokio::test]
async fn standalone_a_citizen_sees_the_own_data() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (status, answer) = world.token(&by_code(&code)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["patient"], "anna");
    assert_eq!(
        answer["scope"],
        "openid fhirUser launch/patient patient/*.rs offline_access"
    );
    let (_, who, _) = world.get("/fhir/Observation/1", answer["access_token"].as_str()).await;
    assert_eq!(who["subject"], "Patient/anna");
    assert_eq!(who["client"]["patient"], "anna");
    // The ID token is checked as a client would.
    let (_, keys, _) = world.get("/oauth/jwks", None).await;
    let keys = Jwks::from_json(&keys).unwrap();
    let read = Unverified::parse(answer["id_token"].as_str().unwrap(), &[Algorithm::RS256]).unwrap();
    let claims = read.verify_with(&keys).unwrap();
    let expect = Expect {
        now: world.now(),
        issuer: Some(ISSUER),
        audience: &["app"],
        ..Expect::default()
    };
    claims.expect(&expect).unwrap();
    assert_eq!(claims.text("nonce"), Some("n1"));
    assert_eq!(claims.text("fhirUser"), Some(format!("{FHIR}/Patient/anna").as_str()));
    let half = jose::half_hash(answer["access_token"].as_str().unwrap());
    assert_eq!(claims.text("at_hash"), Some(half.as_str()));
    assert!(!claims.text("sub").unwrap().contains("anna"));
    let (_, told, _) = world.get("/oauth/userinfo", answer["access_token"].as_str()).await;
    assert_eq!(told["sub"], claims.text("sub").unwrap());
}

#[tokio::test]
async fn standalone_a_professional_chooses_the_patient() {
    let world = World::new().await;
    let code = world.code(&doctor(), Some("anna"), &[]).await;
    let (_, answer) = world.token(&by_code(&code)).await;
    assert_eq!(answer["patient"], "anna");
    let (_, who, _) = world.get("/fhir/Observation/1", answer["access_token"].as_str()).await;
    assert_eq!(
        (&who["subject"], &who["assurance"]),
        (&json!("Practitioner/rossi"), &json!(2))
    );
}

#[tokio::test]
async fn ehr_launch_brings_patient_and_encounter() {
    let world = World::new().await;
    let in_front = Launch {
        client: "app".into(),
        subject: String::new(),
        patient: Some("anna".into()),
        encounter: Some("visita".into()),
    };
    let of_other = Launch {
        patient: Some("mario".into()),
        ..in_front.clone()
    };
    assert!(world.oauth.launch(&citizen(), of_other).await.is_err());
    let url = world.oauth.launch(&doctor(), in_front).await.unwrap();
    assert!(url.starts_with("https://app.example.it/launch?iss="), "{url}");
    assert_eq!(query_of(&url, "iss"), FHIR);
    let launch = query_of(&url, "launch");
    let asked = [("launch", launch.as_str()), ("scope", "launch patient/*.rs")];
    // The launch of one person is not another's, nor does it let choose another patient.
    let (_, to) = world.authorize(&asked).await;
    let id = to.strip_prefix("/oauth/consenti/").unwrap();
    let scopes = ["patient/*.rs".to_owned()];
    assert!(world.oauth.approve(id, &citizen(), &scopes, None).await.is_err());
    assert!(
        world
            .oauth
            .approve(id, &doctor(), &scopes, Some("mario"))
            .await
            .is_err()
    );
    let code = world.code(&doctor(), None, &asked).await;
    let (_, answer) = world.token(&by_code(&code)).await;
    assert_eq!(
        (&answer["patient"], &answer["encounter"]),
        (&json!("anna"), &json!("visita"))
    );
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    world.pass(301);
    let (_, to) = world.authorize(&asked).await;
    assert!(to.contains("error=invalid_request"), "{to}");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_end() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (_, mut answer) = world.token(&by_code(&code)).await;
    for _ in 0..5 {
        world.pass(20 * 86_400);
        let refresh = answer["refresh_token"].as_str().unwrap().to_owned();
        let mut form = by_refresh(&refresh);
        form.retain(|(name, _)| *name != "client_id" || world.now() % 2 == 0);
        let (status, next) = world.token(&form).await;
        assert_eq!(status, StatusCode::OK, "{next}");
        answer = next;
    }
    let refresh = answer["refresh_token"].as_str().unwrap().to_owned();
    let mut narrow = by_refresh(&refresh);
    narrow.push(("scope", "patient/Observation.r"));
    let (_, narrowed) = world.token(&narrow).await;
    assert_eq!(narrowed["scope"], "patient/Observation.r");
    let token = narrowed["access_token"].as_str();
    assert_eq!(world.get("/fhir/Observation/1", token).await.0, StatusCode::OK);
    assert_eq!(world.get("/fhir/Patient/anna", token).await.0, StatusCode::FORBIDDEN);
    world.pass(31 * 86_400);
    let refresh = narrowed["refresh_token"].as_str().unwrap();
    // A public application need not name itself: its token does.
    let unnamed = [("grant_type", "refresh_token"), ("refresh_token", "unknown")];
    assert_eq!(world.refused(&unnamed).await, "invalid_client");
    assert_eq!(world.refused(&by_refresh(refresh)).await, "invalid_grant");
}

#[tokio::test]
async fn the_person_takes_the_permission_back() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (_, answer) = world.token(&by_code(&code)).await;
    let grants = world.oauth.grants_of("Patient/anna").await.unwrap();
    assert_eq!((grants.len(), grants[0].client.as_str()), (1, "app"));
    // Another person cannot.
    world
        .oauth
        .revoke_grant("Patient/mario", &grants[0].id, "x")
        .await
        .unwrap();
    assert_eq!(world.oauth.grants_of("Patient/anna").await.unwrap().len(), 1);
    world
        .oauth
        .revoke_grant("Patient/anna", &grants[0].id, "revocato")
        .await
        .unwrap();
    assert_eq!(
        world
            .get("/fhir/Observation/1", answer["access_token"].as_str())
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        world
            .refused(&by_refresh(answer["refresh_token"].as_str().unwrap()))
            .await,
        "invalid_grant"
    );
    let trail = world
        .store
        .snapshot()
        .await
        .unwrap()
        .audit(&store::AuditFilter::newest(Some("anna"), 50))
        .await
        .unwrap()
        .entries();
    let acts: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert!(
        acts.contains(&"oauth grant") && acts.contains(&"oauth revoke"),
        "{acts:?}"
    );
}

#[tokio::test]
async fn an_application_gives_its_tokens_back() {
    let world = World::new().await;
    let code = world.code(&citizen(), None, &[]).await;
    let (_, answer) = world.token(&by_code(&code)).await;
    let access = answer["access_token"].as_str().unwrap();
    let of_other = [("client_id", "altra"), ("token", access)];
    assert_eq!(world.post("/oauth/revoke", &of_other).await.0, StatusCode::OK);
    assert_eq!(world.get("/fhir/Observation/1", Some(access)).await.0, StatusCode::OK);
    let own = [("client_id", "app"), ("token", access)];
    assert_eq!(world.post("/oauth/revoke", &own).await.0, StatusCode::OK);
    assert_eq!(
        world.get("/fhir/Observation/1", Some(access)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let refresh = answer["refresh_token"].as_str().unwrap();
    let (status, _) = world
        .post("/oauth/revoke", &[("client_id", "app"), ("token", refresh)])
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.refused(&by_refresh(refresh)).await, "invalid_grant");
}

#[tokio::test]
async fn clients_read_where_everything_is() {
    let world = World::new().await;
    let (_, smart, _) = world.get("/fhir/.well-known/smart-configuration", None).await;
    assert_eq!(smart["token_endpoint"], format!("{ISSUER}/oauth/token"));
    assert_eq!(smart["code_challenge_methods_supported"], json!(["S256"]));
    assert!(
        smart["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("permission-v2"))
    );
    let (_, openid, _) = world.get("/.well-known/openid-configuration", None).await;
    assert_eq!(
        (&openid["issuer"], &openid["jwks_uri"]),
        (&json!(ISSUER), &json!(format!("{ISSUER}/oauth/jwks")))
    );
}

#[tokio::test]
async fn an_application_ends_with_the_account_of_its_person() {
    let world = World::new().await;
    let account = access::NewAccount {
        username: "rossi".into(),
        password: "una frase lunga e mia".into(),
        actor: doctor(),
        demo: false,
    };
    world.identity.accounts().create(account).await.unwrap();
    let signed_in = access::Identity::sign_in(&world.identity, "rossi", "una frase lunga e mia", None)
        .await
        .unwrap();
    let (_, to) = world.authorize(&[("scope", "user/*.rs offline_access")]).await;
    let id = to.strip_prefix("/oauth/consenti/").unwrap();
    let scopes = ["user/*.rs", "offline_access"].map(str::to_owned);
    let back = world
        .oauth
        .approve(id, &signed_in.session, &scopes, None)
        .await
        .unwrap();
    let (_, answer) = world.token(&by_code(&query_of(&back, "code"))).await;
    let (status, answer) = world
        .token(&by_refresh(answer["refresh_token"].as_str().unwrap()))
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.identity.accounts().set_disabled("rossi", true).await.unwrap();
    let refresh = answer["refresh_token"].as_str().unwrap();
    assert_eq!(world.refused(&by_refresh(refresh)).await, "invalid_grant");
    // What it had ends with it.
    let access = answer["access_token"].as_str();
    assert_eq!(
        world.get("/fhir/Patient/anna", access).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert!(world.oauth.grants_of("Practitioner/rossi").await.unwrap().is_empty());
}
