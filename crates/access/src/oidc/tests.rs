//! Against a certified provider (npm `oidc-provider`) that runs for real beside the test; its faults are real tokens,
//! signed with its keys.

use super::*;
use crate::local::{IdentityOptions, LocalIdentity};
use crate::{Ask, AskError, Identity as _, Need, PasswordCost, Reply, Session, SignedIn, Step, Visit};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use store::{ManualClock, Method, SeededRandom, Store, SystemClock, Transaction, prepare_write};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const BASE: &str = "http://127.0.0.1:9";
const CODE: &str = "RSSMRA80A01H501U";

struct World {
    _folder: tempfile::TempDir,
    _stand: test_store::Stand,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    identity: LocalIdentity,
    issuer: String,
    http: reqwest::Client,
    _provider: tokio::process::Child,
}

/// `None`, said aloud, where node or the package are missing; under CI that fails.
async fn world(more: Value) -> Option<World> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/browser/support/provider.mjs");
    let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../node_modules/oidc-provider");
    if !std::path::Path::new(installed).is_dir() {
        assert!(
            std::env::var_os("CI").is_none(),
            "npm ci first: oidc-provider is missing"
        );
        eprintln!("SKIPPED: npm package oidc-provider is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    // The keys come first: the provider must know them.
    let key = PrivateKey::generate(jose::Algorithm::RS256).unwrap();
    let jwks = Jwks {
        keys: vec![key.public().clone()],
    };
    let mut options = json!({"client": "sinfonia", "base": BASE, "jwks": jwks.to_json()});
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    let mut provider = tokio::process::Command::new("node")
        .args([script, &options.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut line = String::new();
    BufReader::new(provider.stdout.take().unwrap())
        .read_line(&mut line)
        .await
        .unwrap();
    let issuer = serde_json::from_str::<Value>(&line).unwrap()["issuer"]
        .as_str()
        .unwrap()
        .to_owned();
    let (store, stand) = test_store::stand();
    // The provider's clock is the machine's.
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let random = Arc::new(SeededRandom::new(21));
    let manners = IdentityOptions {
        password: PasswordCost::weak(),
        ..IdentityOptions::default()
    };
    let config = OidcConfig {
        keys: vec![key],
        providers: providers(&issuer, &more),
    };
    let identity = LocalIdentity::new(store.clone(), clock.clone(), random, manners);
    let identity = identity.with_providers(config, BASE).unwrap();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let world = World {
        _folder: folder,
        _stand: stand,
        store,
        clock,
        identity,
        issuer,
        http,
        _provider: provider,
    };
    world.put(person("Patient", "mario", CODE)).await;
    Some(world)
}

fn providers(issuer: &str, more: &Value) -> Vec<Provider> {
    let levels = ["https://www.spid.gov.it/SpidL1", "https://www.spid.gov.it/SpidL2"];
    let provider = json!({
        "name": "spid", "label": {"it": "SPID", "en": "SPID"}, "issuer": issuer, "clientId": "sinfonia",
        "scopes": ["openid", "profile"], "acrValues": [levels[1]],
        "requestObject": more["requestObject"].as_bool().unwrap_or(false),
        "claims": {"id_token": {"acr": {"values": levels}}},
    });
    vec![serde_json::from_value(provider).unwrap()]
}

fn person(rtype: &str, id: &str, code: &str) -> Value {
    json!({
        "resourceType": rtype, "id": id, "name": [{"family": "Rossi", "given": ["Mario"]}],
        "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}],
    })
}

impl World {
    async fn put(&self, resource: Value) {
        let id = resource["id"].as_str().unwrap().to_owned();
        let now = self.clock.now();
        let prepared = prepare_write(self.store.definitions(), resource, &id, 0, now, Method::Put).unwrap();
        let transaction = Transaction {
            resources: vec![prepared.write],
            ..Transaction::default()
        };
        self.store.commit(transaction).await.unwrap();
    }

    /// Changes what the provider does.
    async fn control(&self, wanted: Value) -> Value {
        let sent = self
            .http
            .post(format!("{}/control", self.issuer))
            .body(wanted.to_string());
        sent.send().await.unwrap().json().await.unwrap()
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, Refused> {
        match self.identity.ask(ask).await {
            Ok(reply) => Ok(reply),
            Err(AskError::Refused(refused)) => Err(refused),
            Err(AskError::Access(error)) => panic!("{error}"),
        }
    }

    /// Goes out and follows the provider's redirects as a browser does; ticket and query of the way back.
    async fn through(&self) -> (String, BTreeMap<String, String>) {
        let ask = Ask::Provider {
            provider: "spid".into(),
            visit: Visit::default(),
        };
        let Ok(Reply::Away { url, ticket }) = self.ask(ask).await else {
            panic!("an address");
        };
        let (mut url, mut cookies) = (url, BTreeMap::<String, String>::new());
        for _ in 0..10 {
            if url.starts_with(&format!("{BASE}/accedi/ritorno/spid")) {
                let parsed = url::Url::parse(&url).unwrap();
                return (ticket, parsed.query_pairs().into_owned().collect());
            }
            let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = self
                .http
                .get(&url)
                .header("cookie", sent.join("; "))
                .send()
                .await
                .unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
                let (name, value) = pair.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned());
            let status = answer.status();
            let Some(location) = location else {
                panic!("{status} at {url}: {}", answer.text().await.unwrap());
            };
            url = url::Url::parse(&url).unwrap().join(&location).unwrap().into();
        }
        panic!("too many redirects");
    }

    async fn back(&self, ticket: String, query: BTreeMap<String, String>) -> Result<Step, Refused> {
        match self.ask(Ask::ProviderBack { ticket, query }).await? {
            Reply::Step(step) => Ok(*step),
            other => panic!("{other:?}"),
        }
    }

    async fn sign_in(&self) -> Result<Step, Refused> {
        let (ticket, query) = self.through().await;
        self.back(ticket, query).await
    }

    async fn signed_in(&self) -> SignedIn {
        match self.sign_in().await.unwrap() {
            Step::Open(signed_in) => *signed_in,
            Step::Need { need, .. } => panic!("{need:?}"),
        }
    }

    async fn session(&self, token: &str) -> Option<Session> {
        self.identity.session(token).await.unwrap()
    }
}

#[tokio::test]
async fn a_citizen_comes_in_by_codice_fiscale_and_only_once_with_one_answer() {
    let Some(world) = world(json!({})).await else { return };
    let (ticket, query) = world.through().await;
    let mut other = query.clone();
    other.insert("state".into(), "altro".into());
    let stray = Err(Refused::Provider(ProviderFault::Stray));
    assert_eq!(world.back(ticket.clone(), other).await.map(|_| ()), stray);
    let mut other = query.clone();
    other.insert("iss".into(), "https://altro.example.it".into());
    assert_eq!(world.back(ticket.clone(), other).await.map(|_| ()), stray);
    let Step::Open(signed_in) = world.back(ticket.clone(), query.clone()).await.unwrap() else {
        panic!("a session");
    };
    let actor = &signed_in.session.actor;
    assert_eq!(
        (actor.subject.as_str(), actor.name.as_str()),
        ("Patient/mario", "Mario Rossi")
    );
    assert_eq!(
        (actor.roles.as_slice(), actor.assurance),
        (["assistito".to_owned()].as_slice(), 2)
    );
    assert!(world.back(ticket, query).await.is_err(), "the same answer again");
    // The same person again: the same account.
    world.signed_in().await;
    assert_eq!(world.identity.accounts().list().await.unwrap().len(), 1);
    // The provider's session goes on: it says where it ends.
    let token = signed_in.token.clone();
    let Ok(Reply::SignedOut(Some((name, url)))) = world.ask(Ask::SignOut { token }).await else {
        panic!("an address");
    };
    assert!(
        name == "spid" && url.contains("id_token_hint=") && url.starts_with(&world.issuer),
        "{url}"
    );
    assert!(world.session(&signed_in.token).await.is_none());
}

#[tokio::test]
async fn who_has_two_capacities_chooses_and_a_stranger_stays_out() {
    let Some(world) = world(json!({"requestObject": true, "signedUserinfo": true})).await else {
        return;
    };
    world.put(person("Practitioner", "dottore", CODE)).await;
    world
        .put(json!({
            "resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/dottore"},
            "organization": {"reference": "Organization/asl1", "display": "ASL 1"},
            "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": "mmg"}]}],
        }))
        .await;
    let Step::Need { ticket, need } = world.sign_in().await.unwrap() else {
        panic!("a choice");
    };
    let Need::Choose(capacities) = need else {
        panic!("{need:?}");
    };
    let keys: Vec<&str> = capacities.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["Practitioner/dottore@asl1", "Patient/mario"]);
    let choose = Ask::Choose {
        ticket,
        capacity: keys[0].to_owned(),
    };
    let Ok(Reply::Step(step)) = world.ask(choose).await else {
        panic!("a step");
    };
    let Step::Open(signed_in) = *step else {
        panic!("a session");
    };
    assert_eq!(signed_in.session.actor.roles, ["mmg"]);
    assert_eq!(signed_in.session.actor.organization.as_deref(), Some("asl1"));
    world.control(json!({"account": "VRDLGI70A01H501X"})).await;
    let stranger = world.sign_in().await.unwrap_err();
    assert_eq!(stranger, Refused::Provider(ProviderFault::NotRegistered));
}

#[tokio::test]
async fn a_token_with_a_fault_opens_nothing() {
    let Some(world) = world(json!({})).await else { return };
    for fault in [
        "nonce", "audience", "issuer", "expired", "future", "hash", "party", "none", "foreign", "subject",
    ] {
        world.control(json!({"fault": fault})).await;
        let refused = world.sign_in().await.map(|_| ()).unwrap_err();
        assert_eq!(refused, Refused::Provider(ProviderFault::Token), "{fault}");
    }
    world.control(json!({"fault": "cancelled"})).await;
    assert_eq!(
        world.sign_in().await.map(|_| ()).unwrap_err(),
        Refused::Provider(ProviderFault::Cancelled)
    );
    world
        .control(json!({"fault": "", "acr": "https://www.spid.gov.it/SpidL1"}))
        .await;
    assert_eq!(
        world.sign_in().await.map(|_| ()).unwrap_err(),
        Refused::Provider(ProviderFault::Level)
    );
    world.control(json!({"acr": "https://www.spid.gov.it/SpidL2"})).await;
    assert!(world.sign_in().await.is_ok());
    assert_eq!(world.identity.accounts().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_that_changed_are_read_again() {
    let Some(world) = world(json!({})).await else { return };
    world.signed_in().await;
    world.control(json!({"keys": "rotate"})).await;
    // Not more often than every half minute: nobody makes us ask without end.
    assert_eq!(
        world.sign_in().await.map(|_| ()).unwrap_err(),
        Refused::Provider(ProviderFault::Token)
    );
    world.clock.advance(SignedDuration::from_secs(31));
    world.signed_in().await;
}

#[tokio::test]
async fn the_provider_ends_sessions_once_for_each_token() {
    let Some(world) = world(json!({})).await else { return };
    let (one, two) = (world.signed_in().await, world.signed_in().await);
    let subject = CODE;
    let send = |token: &Value| Ask::BackChannel {
        provider: "spid".into(),
        token: token.as_str().unwrap().to_owned(),
    };
    let denied = Refused::Provider(ProviderFault::Token);
    for wrong in [
        json!({"sub": subject, "nonce": "x"}),
        json!({"sub": subject, "events": {}}),
        json!({"sub": subject, "aud": "altri"}),
        json!({"sub": subject, "exp": 1_000_000_000}),
        json!({}),
    ] {
        let made = world.control(json!({"logout": wrong.clone()})).await;
        assert_eq!(
            world.ask(send(&made["token"])).await.map(|_| ()).unwrap_err(),
            denied,
            "{wrong}"
        );
    }
    assert!(world.session(&one.token).await.is_some());
    let made = world.control(json!({"logout": {"sub": subject}})).await;
    world.ask(send(&made["token"])).await.unwrap();
    assert!(world.session(&one.token).await.is_none() && world.session(&two.token).await.is_none());
    let three = world.signed_in().await;
    let replayed = world.ask(send(&made["token"])).await.map(|_| ()).unwrap_err();
    assert_eq!(replayed, Refused::Provider(ProviderFault::Stray));
    assert!(world.session(&three.token).await.is_some());
    // The front channel: issuer and session both named.
    let front = |issuer: &str, sid: &str| Ask::FrontChannel {
        provider: "spid".into(),
        issuer: issuer.into(),
        sid: sid.into(),
    };
    assert!(world.ask(front("https://altro.example.it", "x")).await.is_err());
    assert!(world.ask(front(&world.issuer, "")).await.is_err());
    world.ask(front(&world.issuer, "nessuna")).await.unwrap();
    assert!(world.session(&three.token).await.is_some());
}
