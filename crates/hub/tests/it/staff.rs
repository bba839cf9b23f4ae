//! The registry of the staff through FHIR: nobody gives themself a role, and a codice fiscale is for who needs it.

use crate::server::{Reply, Server};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
const NUMBER: &str = "https://sinfonia.it/fhir/sid/matricola";
const MINE: &str = "DLCRTI70A41F839X";
const THEIRS: &str = "RSSMRA80A01F839X";
const OFFICE: (&str, &str) = ("Practitioner/io", "ufficio-personale");
const DOCTOR: (&str, &str) = ("Practitioner/altro", "mmg");

fn person(id: &str, code: &str, number: &str) -> Value {
    json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"family": "De Luca"}],
        "identifier": [{"system": FISCAL, "value": code}, {"system": NUMBER, "value": number}]})
}

fn role(id: Option<&str>, who: &str) -> Value {
    let mut role = json!({"resourceType": "PractitionerRole", "active": true, "practitioner": {"reference": who},
        "organization": {"reference": "Organization/asl"},
        "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": "mmg"}]}]});
    if let Some(id) = id {
        role["id"] = json!(id);
    }
    role
}

async fn registry() -> Server {
    let server = Server::new();
    for value in [
        json!({"resourceType": "Organization", "id": "asl", "active": true, "name": "ASL"}),
        person("io", MINE, "1"),
        person("altro", THEIRS, "2"),
        // The same person, recorded twice.
        person("io-di-nuovo", MINE, "3"),
        role(Some("mio"), "Practitioner/io"),
        role(Some("suo"), "Practitioner/altro"),
    ] {
        let put = server.put(&value).await;
        assert!(put.status.is_success(), "{}", put.text);
    }
    server
}

async fn ask(
    server: &Server,
    who: (&str, &str),
    method: Method,
    path: &str,
    body: &Value,
    more: &[(&str, &str)],
) -> Reply {
    let bearer = server.bearer(who.0, who.1);
    let mut headers = vec![("authorization", bearer.as_str())];
    if more.iter().all(|(name, _)| *name != "content-type") {
        headers.push(("content-type", "application/fhir+json"));
    }
    headers.extend_from_slice(more);
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    server.call(method, path, &headers, body).await
}

async fn get(server: &Server, who: (&str, &str), path: &str) -> Reply {
    ask(server, who, Method::GET, path, &Value::Null, &[]).await
}

fn bundle(kind: &str, entries: &[(Value, &str, &str)]) -> Value {
    let entry = |(resource, method, url): &(Value, &str, &str)| {
        let mut entry = json!({"request": {"method": method, "url": url}});
        if !resource.is_null() {
            entry["resource"] = resource.clone();
        }
        entry
    };
    json!({"resourceType": "Bundle", "type": kind, "entry": entries.iter().map(entry).collect::<Vec<_>>()})
}

fn refused(reply: &Reply, what: &str) {
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{what}: {}", reply.text);
    assert!(reply.text.contains("not-oneself"), "{what}: {}", reply.text);
}

/// Verb, path, whose assignment it would become.
const TRIES: &str = "
POST /PractitionerRole Practitioner/io
POST /PractitionerRole http://hub.test/fhir/Practitioner/io/_history/1
POST /PractitionerRole Practitioner/io-di-nuovo
PUT /PractitionerRole/nuovo Practitioner/io
PUT /PractitionerRole/mio Practitioner/io
PUT /PractitionerRole/mio Practitioner/altro
PUT /PractitionerRole/suo Practitioner/io
PUT /PractitionerRole?practitioner=Practitioner/altro Practitioner/io
PATCH /PractitionerRole/suo Practitioner/io
PATCH /PractitionerRole/mio Practitioner/altro
PATCH /PractitionerRole?practitioner=Practitioner/altro Practitioner/io
";

#[tokio::test]
async fn nobody_gives_themself_an_assignment_by_any_verb() {
    let server = registry().await;
    let once = [("if-none-exist", "organization=Organization/asl&role=none")];
    for who in [OFFICE, ("Practitioner/io", "admin")] {
        for line in TRIES.trim().lines() {
            let [verb, path, whose] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let id = path.strip_prefix("/PractitionerRole/").filter(|_| verb == "PUT");
            let (body, more) = match verb {
                "PATCH" => (
                    json!([{"op": "replace", "path": "/practitioner/reference", "value": whose}]),
                    &[("content-type", "application/json-patch+json")][..],
                ),
                _ => (role(id, whose), &[][..]),
            };
            refused(&ask(&server, who, verb.parse().unwrap(), path, &body, more).await, line);
        }
        let own = role(None, "Practitioner/io");
        let conditional = ask(&server, who, Method::POST, "/PractitionerRole", &own, &once).await;
        refused(&conditional, "conditional create");
    }
    for path in [
        "/PractitionerRole/mio",
        "/PractitionerRole?practitioner=Practitioner/io",
    ] {
        let admin = ("Practitioner/io", "admin");
        refused(
            &ask(&server, admin, Method::DELETE, path, &Value::Null, &[]).await,
            path,
        );
    }
    let all = get(&server, OFFICE, "/PractitionerRole").await.json();
    assert_eq!(all["total"], 2, "nothing came of it");
    let theirs = role(None, "Practitioner/altro");
    let given = ask(&server, OFFICE, Method::POST, "/PractitionerRole", &theirs, &[]).await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.text);
}

/// A role for somebody in a bundle.
fn given(who: &str) -> (Value, &'static str, &'static str) {
    (role(None, who), "POST", "PractitionerRole")
}

#[tokio::test]
async fn nor_by_a_transaction() {
    let server = registry().await;
    let by_number = format!("Practitioner?identifier={NUMBER}|1");
    let urn = "urn:uuid:5fa1c1a1-0000-4000-8000-000000000001";
    let mut me = person("io", MINE, "1");
    me["gender"] = json!("female");
    let mut named = bundle("transaction", &[(me, "PUT", "Practitioner/io"), given(urn)]);
    named["entry"][0]["fullUrl"] = json!(urn);
    let moved = (role(Some("suo"), "Practitioner/io"), "PUT", "PractitionerRole/suo");
    let create = [given("Practitioner/altro"), given("Practitioner/io")];
    for (what, sent) in [
        ("create", bundle("transaction", &create)),
        ("found by number", bundle("transaction", &[given(&by_number)])),
        ("named by urn", named),
        ("moved", bundle("transaction", &[moved])),
    ] {
        refused(&ask(&server, OFFICE, Method::POST, "", &sent, &[]).await, what);
    }
    let all = get(&server, OFFICE, "/PractitionerRole").await.json();
    assert_eq!(all["total"], 2, "nothing of them stands");
}

#[tokio::test]
async fn nor_by_a_batch_and_it_is_recorded() {
    let server = registry().await;
    let alone = bundle("transaction", &[given("Practitioner/io")]);
    refused(&ask(&server, OFFICE, Method::POST, "", &alone, &[]).await, "alone");
    let both = bundle("batch", &[given("Practitioner/io"), given("Practitioner/altro")]);
    let done = ask(&server, OFFICE, Method::POST, "", &both, &[]).await;
    let entries = done.json()["entry"].clone();
    let told = |n: usize| entries[n]["response"]["status"].as_str().unwrap().to_owned();
    assert!(
        told(0).starts_with("403") && told(1).starts_with("201"),
        "{}",
        done.text
    );
    let filter = store::AuditFilter {
        actor: Some("Practitioner/io".into()),
        ..store::AuditFilter::newest(None, 20)
    };
    let records = server.store.snapshot().await.unwrap().audit(&filter).await.unwrap();
    let records = records.entries();
    for status in [403, 200] {
        let says = |one: &store::AuditEntry| one.status == status && one.policies.iter().any(|id| id == "not-oneself");
        assert!(
            records.iter().any(says),
            "{status}, refused whole or in part: {records:?}"
        );
    }
}

#[tokio::test]
async fn nobody_brings_their_own_code_to_a_record_that_has_more() {
    let server = registry().await;
    let put = async |who, value: &Value| {
        let path = format!("/Practitioner/{}", value["id"].as_str().unwrap());
        ask(&server, who, Method::PUT, &path, value, &[]).await
    };
    let theirs = person("altro", MINE, "2");
    let lower = person("altro", &MINE.to_lowercase(), "2");
    let own = person("io", THEIRS, "1");
    for who in [OFFICE, ("Practitioner/io", "operatore-anagrafe")] {
        for value in [&theirs, &lower, &own] {
            refused(&put(who, value).await, "another code");
        }
        let new = ask(
            &server,
            who,
            Method::POST,
            "/Practitioner",
            &person("x", MINE, "9"),
            &[],
        )
        .await;
        refused(&new, "a new record");
    }
    let mut telephone = person("io", MINE, "1");
    telephone["telecom"] = json!([{"system": "phone", "value": "081"}]);
    assert_eq!(
        put(OFFICE, &telephone).await.status,
        StatusCode::OK,
        "the rest of one's own record"
    );
    let corrected = person("altro", "RSSMRA80A01F839Y", "2");
    assert_eq!(put(OFFICE, &corrected).await.status, StatusCode::OK);
    // From the next request on it is the new code that counts.
    let taken = put(
        ("Practitioner/altro", "ufficio-personale"),
        &person("io", "RSSMRA80A01F839Y", "1"),
    )
    .await;
    refused(&taken, "the code of this minute");
}

#[tokio::test]
async fn a_codice_fiscale_is_shown_to_the_office_and_to_its_owner() {
    let server = registry().await;
    let admin = ("Practitioner/admin", "admin");
    let paths = [
        "/Practitioner/altro",
        "/Practitioner/altro/_history/1",
        "/Practitioner/altro/_history",
        "/Practitioner?name=De",
        "/PractitionerRole?_include=PractitionerRole:practitioner",
        "/?_type=Practitioner",
    ];
    for who in [("Practitioner/terzo", "mmg"), ("Patient/p", "assistito"), admin] {
        for path in paths {
            let seen = get(&server, who, path).await;
            if path.ends_with("_history") && seen.status == StatusCode::FORBIDDEN {
                continue;
            }
            assert_eq!(seen.status, StatusCode::OK, "{who:?} {path} {}", seen.text);
            assert!(
                !seen.text.contains(THEIRS) && seen.text.contains("matricola") | path.contains("Role"),
                "{who:?} {path}: {}",
                seen.text
            );
        }
    }
    for who in [OFFICE, DOCTOR, ("Practitioner/a", "operatore-anagrafe")] {
        assert!(
            get(&server, who, "/Practitioner/altro").await.text.contains(THEIRS),
            "{who:?}"
        );
    }
    assert!(!get(&server, DOCTOR, "/Practitioner/io").await.text.contains(MINE));
}

#[tokio::test]
async fn what_is_not_shown_is_not_found_by() {
    let server = registry().await;
    let stranger = ("Practitioner/terzo", "mmg");
    for query in [
        format!("/Practitioner?identifier={FISCAL}|{THEIRS}"),
        format!("/Practitioner?identifier={THEIRS}"),
        format!("/Practitioner?identifier:not={THEIRS}"),
        format!("/Practitioner?identifier={NUMBER}|2,{THEIRS}"),
        format!("/Practitioner?_filter=identifier eq {THEIRS} or name co x").replace(' ', "%20"),
        format!("/Practitioner?_content={THEIRS}"),
        "/Practitioner?_sort=identifier".to_owned(),
        format!("/PractitionerRole?practitioner.identifier={THEIRS}"),
        format!("/PractitionerRole?practitioner:Practitioner.identifier={FISCAL}|{THEIRS}"),
        format!("/Organization?_has:PractitionerRole:organization:practitioner.identifier={THEIRS}"),
    ] {
        let found = get(&server, stranger, &query).await;
        assert_ne!(found.status, StatusCode::OK, "{query}: {}", found.text);
        let office = get(&server, OFFICE, &query).await;
        // What the office may ask is refused for no reason of rights.
        assert_ne!(office.status, StatusCode::FORBIDDEN, "{query}: {}", office.text);
    }
    let by_number = get(&server, stranger, &format!("/Practitioner?identifier={NUMBER}|2")).await;
    assert_eq!(by_number.ids("match"), ["altro"]);
}

#[tokio::test]
async fn who_does_not_see_the_code_leaves_it_as_it_is() {
    let server = registry().await;
    let admin = ("Practitioner/admin", "admin");
    let mut read = get(&server, admin, "/Practitioner/altro").await.json();
    read["gender"] = json!("male");
    let written = ask(&server, admin, Method::PUT, "/Practitioner/altro", &read, &[]).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text);
    assert!(
        !written.text.contains(THEIRS),
        "not in the answer either: {}",
        written.text
    );
    let kept = get(&server, OFFICE, "/Practitioner/altro").await.json();
    assert_eq!(kept["gender"], "male");
    assert!(kept["identifier"].to_string().contains(THEIRS) && kept["identifier"].to_string().contains("matricola"));
    let guess = ask(
        &server,
        admin,
        Method::PUT,
        "/Practitioner/altro",
        &person("altro", THEIRS, "2"),
        &[],
    )
    .await;
    assert_eq!(
        guess.status,
        StatusCode::FORBIDDEN,
        "a right guess is told as a wrong one: {}",
        guess.text
    );
    let copy = json!([{"op": "copy", "from": "/identifier/0/value", "path": "/name/0/text"}]);
    let json_patch = [("content-type", "application/json-patch+json")];
    let copied = ask(&server, admin, Method::PATCH, "/Practitioner/altro", &copy, &json_patch).await;
    assert_eq!(copied.status, StatusCode::FORBIDDEN, "{}", copied.text);
}

/// `altro`, with what is private and what is for work.
fn private() -> Value {
    let mut whole = person("altro", THEIRS, "2");
    whole["birthDate"] = json!("1980-01-01");
    whole["_birthDate"] = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
        "valueDateTime": "1980-01-01T10:00:00Z"}]});
    whole["telecom"] = json!([{"system": "phone", "value": "0815550000", "use": "work"},
        {"system": "phone", "value": "3335550000", "use": "home"}, {"system": "email", "value": "senza@uso.it"}]);
    whole["address"] = json!([{"use": "home", "line": ["Via Segreta 1"], "city": "Procida"},
        {"use": "work", "line": ["Via Aperta 2"], "city": "Napoli"}]);
    whole
}

async fn with_private() -> Server {
    let server = registry().await;
    let put = ask(&server, OFFICE, Method::PUT, "/Practitioner/altro", &private(), &[]).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    server
}

#[tokio::test]
async fn birth_and_private_contacts_are_shown_to_the_office_and_to_their_owner() {
    let server = with_private().await;
    let hidden = ["1980-01-01", "3335550000", "senza@uso.it", "Via Segreta 1"];
    let open = ["0815550000", "Via Aperta 2"];
    let paths = [
        "/Practitioner/altro",
        "/Practitioner/altro/_history/2",
        "/Practitioner?name=De",
        "/Practitioner?_elements=birthDate,telecom,address",
        "/PractitionerRole?_include=PractitionerRole:practitioner",
    ];
    for who in [
        ("Practitioner/terzo", "mmg"),
        ("Patient/p", "assistito"),
        ("Practitioner/admin", "admin"),
    ] {
        for path in paths {
            let seen = get(&server, who, path).await;
            assert_eq!(seen.status, StatusCode::OK, "{who:?} {path} {}", seen.text);
            for value in hidden {
                assert!(!seen.text.contains(value), "{who:?} {path} {value}: {}", seen.text);
            }
            for value in open {
                assert!(seen.text.contains(value), "{who:?} {path} {value}: {}", seen.text);
            }
        }
    }
    for who in [OFFICE, DOCTOR, ("Practitioner/a", "operatore-anagrafe")] {
        let seen = get(&server, who, "/Practitioner/altro").await.text;
        assert!(
            hidden.iter().chain(&open).all(|value| seen.contains(value)),
            "{who:?} {seen}"
        );
    }
}

#[tokio::test]
async fn nobody_is_found_by_what_is_private() {
    let server = with_private().await;
    let stranger = ("Practitioner/terzo", "mmg");
    for query in [
        "/Practitioner?phone=3335550000",
        "/Practitioner?telecom=3335550000",
        "/Practitioner?telecom:missing=false",
        "/Practitioner?email:not=senza@uso.it",
        "/Practitioner?address=Segreta",
        "/Practitioner?address-city=Procida",
        "/Practitioner?address-use=home",
        "/Practitioner?_sort=address-city",
        "/Practitioner?_content=Segreta",
        "/PractitionerRole?practitioner.address-city=Procida",
        "/PractitionerRole?practitioner:Practitioner.phone=3335550000",
        "/Organization?_has:PractitionerRole:organization:practitioner.address-city=Procida",
    ] {
        let found = get(&server, stranger, query).await;
        assert_eq!(found.status, StatusCode::FORBIDDEN, "{query}: {}", found.text);
        let office = get(&server, OFFICE, query).await;
        assert_ne!(office.status, StatusCode::FORBIDDEN, "{query}: {}", office.text);
    }
    let by_name = get(&server, stranger, "/Practitioner?name=De").await;
    assert_eq!(by_name.ids("match").len(), 3, "{}", by_name.text);
}

#[tokio::test]
async fn who_does_not_see_what_is_private_leaves_it_as_it_is() {
    let server = with_private().await;
    let admin = ("Practitioner/admin", "admin");
    let mut read = get(&server, admin, "/Practitioner/altro").await.json();
    read["gender"] = json!("male");
    read["telecom"][0]["value"] = json!("0815551111");
    let written = ask(&server, admin, Method::PUT, "/Practitioner/altro", &read, &[]).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text);
    assert!(!written.text.contains("1980-01-01"), "{}", written.text);
    let kept = get(&server, OFFICE, "/Practitioner/altro").await.json();
    let whole = private();
    for element in ["birthDate", "_birthDate"] {
        assert_eq!(kept[element], whole[element]);
    }
    let has = |element: &str, value: &Value| kept[element].as_array().unwrap().contains(value);
    assert!(
        has("telecom", &whole["telecom"][1]) && has("telecom", &whole["telecom"][2]),
        "{kept}"
    );
    assert!(
        has("address", &whole["address"][0]) && kept["telecom"].to_string().contains("0815551111"),
        "{kept}"
    );
    for (element, value) in [
        ("birthDate", json!("1980-01-01")),
        (
            "telecom",
            json!([{"system": "phone", "value": "3335550000", "use": "home"}]),
        ),
        ("address", json!([{"city": "Procida"}])),
    ] {
        let mut guess = person("altro", THEIRS, "2");
        guess["identifier"].as_array_mut().unwrap().remove(0);
        guess[element] = value;
        let refused = ask(&server, admin, Method::PUT, "/Practitioner/altro", &guess, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{element}: {}", refused.text);
        assert!(refused.text.contains(element), "{}", refused.text);
    }
    let copy = json!([{"op": "copy", "from": "/birthDate", "path": "/name/0/text"}]);
    let json_patch = [("content-type", "application/json-patch+json")];
    let copied = ask(&server, admin, Method::PATCH, "/Practitioner/altro", &copy, &json_patch).await;
    assert_eq!(copied.status, StatusCode::FORBIDDEN, "{}", copied.text);
}

/// A role that nobody gives alone.
fn sensitive(id: &str, end: Option<&str>) -> Value {
    let mut role = role(Some(id), "Practitioner/altro");
    role["code"][0]["coding"][0]["code"] = json!("operatore-anagrafe");
    role["period"] = json!({"start": "2026-01-01"});
    if let Some(end) = end {
        role["period"]["end"] = json!(end);
    }
    role
}

fn waits(role: &Value) -> Vec<(String, String)> {
    let tags = role["meta"]["tag"].as_array().into_iter().flatten();
    let own = tags.filter(|tag| tag["system"] == access::registry::WAITING);
    own.map(|tag| {
        let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("version"))
    })
    .collect()
}

#[tokio::test]
async fn a_sensitive_role_waits_whoever_writes_it_and_the_mark_stays() {
    let server = registry().await;
    let put = async |who, value: &Value| {
        let path = format!("/PractitionerRole/{}", value["id"].as_str().unwrap());
        let done = ask(&server, who, Method::PUT, &path, value, &[]).await;
        assert!(done.status.is_success(), "{}", done.text);
        waits(&done.json())
    };
    let mine = |version: &str| vec![("Practitioner/io".to_owned(), version.to_owned())];
    assert_eq!(put(OFFICE, &sensitive("r", None)).await, mine(""));
    // Written again without it, or the tag taken away: it stays, and a second writer is named beside the first.
    assert_eq!(put(OFFICE, &sensitive("r", None)).await, mine(""));
    let gone = json!({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [
        {"system": access::registry::WAITING, "code": "Practitioner/io"}]}}]});
    ask(
        &server,
        OFFICE,
        Method::POST,
        "/PractitionerRole/r/$meta-delete",
        &gone,
        &[],
    )
    .await;
    let read = get(&server, OFFICE, "/PractitionerRole/r").await.json();
    assert_eq!(waits(&read), mine(""), "{read}");
    let admin = ("Practitioner/admin", "admin");
    assert_eq!(put(admin, &sensitive("r", None)).await.len(), 2, "{read}");
    // In a transaction too.
    let sent = bundle("transaction", &[(sensitive("t", None), "PUT", "PractitionerRole/t")]);
    assert!(
        ask(&server, OFFICE, Method::POST, "", &sent, &[])
            .await
            .status
            .is_success()
    );
    assert_eq!(
        waits(&get(&server, OFFICE, "/PractitionerRole/t").await.json()),
        mine("")
    );
    // What the program wrote counts; what goes beyond it waits, what goes less far does not.
    let stands = server.put(&sensitive("s", Some("2026-12-31"))).await;
    assert_eq!(waits(&stands.json()), []);
    assert_eq!(put(OFFICE, &sensitive("s", Some("2026-06-30"))).await, []);
    assert_eq!(put(OFFICE, &sensitive("s", None)).await, mine("2"));
    assert_eq!(
        put(OFFICE, &sensitive("s", Some("2027-06-30"))).await,
        mine("2"),
        "what counts stays"
    );
    let found = get(
        &server,
        OFFICE,
        &format!("/PractitionerRole?_tag={}|", access::registry::WAITING),
    )
    .await;
    assert_eq!(found.ids("match").len(), 3, "{}", found.text);
    assert_eq!(
        put(OFFICE, &role(Some("m"), "Practitioner/altro")).await,
        [],
        "takes nobody else"
    );
}
