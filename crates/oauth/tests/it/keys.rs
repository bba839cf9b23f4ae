//! Signing keys across rotation and restart.

use crate::world::{ISSUER, World};
use http::StatusCode;
use oauth::{Config, Oauth};
use std::sync::Arc;
use store::{SequentialIds, SystemRandom};

#[tokio::test]
async fn a_rotation_leaves_no_gap() {
    let world = World::new().await;
    let (_, answer) = world.system_token("system/Observation.rs", "1").await;
    let old = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.oauth.rotate_keys().await.unwrap().len(), 4);
    assert_eq!(world.get("/fhir/Observation/1", Some(&old)).await.0, StatusCode::OK);
    let (_, answer) = world.system_token("system/Observation.rs", "2").await;
    let new = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/fhir/Observation/1", Some(&new)).await.0, StatusCode::OK);
    let (_, keys, _) = world.get("/oauth/jwks", None).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 4);
    // Once the last token of the old keys has ended, they are neither published nor kept.
    world.pass(2 * 3_600);
    let (_, keys, _) = world.get("/oauth/jwks", None).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(world.oauth.rotate_keys().await.unwrap().len(), 4);
}

#[tokio::test]
async fn keys_and_revocations_survive_a_restart_and_nothing_is_stored_in_clear() {
    let world = World::new().await;
    let (_, answer) = world.system_token("system/Observation.rs", "1").await;
    let token = answer["access_token"].as_str().unwrap();
    let own = world.sign(&world.assertion_claims("2"));
    let form = [
        ("client_assertion_type", crate::world::ASSERTION),
        ("client_assertion", own.as_str()),
        ("token", token),
    ];
    assert_eq!(world.post("/oauth/revoke", &form).await.0, StatusCode::OK);
    let open = |key: u8| {
        let (store, clock) = (world.store.clone(), world.clock.clone());
        let config = Config::new(ISSUER, [key; 32]);
        Oauth::open(
            store,
            clock,
            Arc::new(SequentialIds::new("n")),
            Arc::new(SystemRandom),
            config,
        )
    };
    let again = open(7).await.unwrap();
    assert_eq!(again.keys().await.unwrap(), world.oauth.keys().await.unwrap());
    let parts = http::Request::new(()).into_parts().0;
    let refused = access::BearerVerifier::verify(again.as_ref(), token, &parts)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("revoked"), "{refused}");
    // Under another key of the installation they do not open.
    assert!(open(8).await.is_err());
    let rows = world
        .store
        .snapshot()
        .await
        .unwrap()
        .records("oauth-key", "", 10)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("PRIVATE"))
    );
}
