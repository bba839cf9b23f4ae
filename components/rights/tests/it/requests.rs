use crate::system::{Reply, System, actor, anna, berta, doctor, office, specialist};
use access::Actor;
use flate2::read::DeflateDecoder;
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Read as _;

async fn make(system: &System, who: &Actor, form: &[(&str, &str)]) -> String {
    let reply = system.post(who, "/diritti/richieste", form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    system.settle().await;
    reply.location.rsplit('/').next().unwrap().to_owned()
}

async fn decide(system: &System, id: &str, outcome: &str, text: &str) -> Reply {
    let reply = system
        .post(
            &office(),
            &format!("/richieste-dati/{id}"),
            &[("esito", outcome), ("risposta", text)],
        )
        .await;
    system.settle().await;
    reply
}

/// Files of a ZIP archive, by name.
fn unzip(bytes: &[u8]) -> BTreeMap<String, String> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let half = |at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()));
    let mut files = BTreeMap::new();
    let mut at = 0;
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (packed, name) = (word(at + 18), half(at + 26));
        let start = at + 30 + name;
        let mut text = String::new();
        DeflateDecoder::new(&bytes[start..start + packed])
            .read_to_string(&mut text)
            .unwrap();
        files.insert(String::from_utf8(bytes[at + 30..start].to_vec()).unwrap(), text);
        at = start + packed;
    }
    assert!(
        bytes[at..].starts_with(b"PK\x01\x02"),
        "the directory follows the files"
    );
    files
}

#[tokio::test]
async fn a_citizen_downloads_a_copy_of_everything_until_it_expires() {
    let system = System::open().await;
    system
        .post(&anna(), "/diritti/nascondi", &[("dato", "Observation/peso")])
        .await;
    let id = make(&system, &anna(), &[("tipo", "accesso")]).await;
    let page = system.get(&anna(), &format!("/diritti/richieste/{id}")).await.text;
    assert!(
        page.contains("La copia è pronta") && page.contains("fino al 06/12/2026"),
        "{page}"
    );
    let path = format!("/diritti/richieste/{id}/copia/1");
    let copy = system.get(&anna(), &path).await;
    assert_eq!(copy.status, StatusCode::OK);
    let files = unzip(&copy.bytes);
    let observations = &files["fhir/Observation.ndjson"];
    assert!(
        observations.contains("\"hba1c\"") && observations.contains("\"peso\""),
        "what one hid is one's own"
    );
    assert!(
        !files
            .values()
            .any(|text| text.contains("berta") || text.contains("altro")),
        "nothing of others"
    );
    assert!(files["leggimi.html"].contains("Esami e misure (2)") && files.contains_key("fhir/AuditEvent.ndjson"));
    for line in observations.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    for (who, expected) in [
        (berta(), StatusCode::NOT_FOUND),
        (doctor(), StatusCode::FORBIDDEN),
        (office(), StatusCode::FORBIDDEN),
    ] {
        assert_eq!(system.get(&who, &path).await.status, expected);
    }
    let manager = actor("Practitioner/dm", "data-manager", None);
    assert!(
        !system.reads(&manager, "Binary", &format!("copia-{id}-1")).await,
        "nobody takes it by another way"
    );
    system.clock.advance(SignedDuration::from_hours(24 * 14 + 1));
    system.settle().await;
    assert_eq!(system.get(&anna(), &path).await.status, StatusCode::NOT_FOUND);
    let page = system.get(&anna(), &format!("/diritti/richieste/{id}")).await.text;
    assert!(page.contains("La copia è scaduta"), "{page}");
}

#[tokio::test]
async fn a_correction_is_a_new_version_and_the_citizen_is_answered_by_letter() {
    let system = System::open().await;
    let form = [
        ("tipo", "rettifica"),
        ("campo", "telefono"),
        ("valore", "081 7770000"),
        ("parole", "Ho cambiato casa"),
    ];
    let id = make(&system, &anna(), &form).await;
    let seen = system.get(&office(), &format!("/richieste-dati/{id}")).await.text;
    assert!(
        seen.contains("081 5551234") && seen.contains("081 7770000") && seen.contains("Ho cambiato casa"),
        "{seen}"
    );
    assert!(
        system
            .get(&office(), "/richieste-dati")
            .await
            .text
            .contains("anna Rossi")
    );
    assert_eq!(
        decide(&system, &id, "forse", "x").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        decide(&system, &id, "accolta", "Abbiamo controllato.").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        decide(&system, &id, "respinta", "Di nuovo").await.status,
        StatusCode::CONFLICT
    );
    let patient = system
        .context
        .peers
        .fhir(&Actor::system())
        .read("Patient", "anna")
        .await
        .unwrap();
    assert_eq!(
        (
            patient["telecom"][0]["value"].as_str(),
            patient["meta"]["versionId"].as_str()
        ),
        (Some("081 7770000"), Some("2"))
    );
    let letter = system
        .get(&anna(), &format!("/diritti/richieste/{id}/lettera"))
        .await
        .text;
    assert!(
        letter.contains("Abbiamo controllato.")
            && letter.contains("Telefono: abbiamo scritto «081 7770000»")
            && letter.contains("Garante"),
        "{letter}"
    );
    assert_eq!(
        system
            .get(&berta(), &format!("/diritti/richieste/{id}/lettera"))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn restriction_keeps_everybody_out_until_it_ends() {
    let system = System::open().await;
    let id = make(&system, &anna(), &[("tipo", "limitazione")]).await;
    assert!(
        system.reads(&doctor(), "Observation", "hba1c").await,
        "not before it is granted"
    );
    decide(&system, &id, "accolta", "Va bene.").await;
    for who in [doctor(), specialist()] {
        assert!(!system.reads(&who, "Observation", "hba1c").await && !system.reads(&who, "Patient", "anna").await);
    }
    assert!(system.reads(&anna(), "Observation", "hba1c").await);
    assert!(
        system.reads(&doctor(), "Observation", "altro").await,
        "others are not concerned"
    );
    let end = make(&system, &anna(), &[("tipo", "fine-limitazione")]).await;
    decide(&system, &end, "accolta", "Va bene.").await;
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
}

#[tokio::test]
async fn erasure_removes_what_the_law_permits_unless_it_is_held() {
    let system = System::open().await;
    let secret = "appunto-da-dimenticare";
    let own = json!({"resourceType": "Observation", "id": "diario", "status": "final", "code": {"text": secret},
        "effectiveDateTime": "2026-06-01", "subject": {"reference": "Patient/anna"}, "performer": [{"reference": "Patient/anna"}]});
    system.put(&own).await;
    let mut second = own.clone();
    second["note"] = json!([{"text": format!("{secret}-due")}]);
    system.put(&second).await;
    assert!(system.stand.holds(secret));

    let held = make(&system, &anna(), &[("tipo", "cancellazione")]).await;
    let seen = system.get(&office(), &format!("/richieste-dati/{held}")).await.text;
    assert!(
        seen.contains("misure fatte e scritte da te (nessun obbligo") && seen.contains("Circolare"),
        "{seen}"
    );
    let hold = format!("/richieste-dati/{held}/blocco");
    system.post(&office(), &hold, &[("motivo", "causa in corso")]).await;
    decide(&system, &held, "accolta", "Procediamo.").await;
    assert!(system.reads(&anna(), "Observation", "diario").await, "held");
    let told = system.get(&anna(), &format!("/diritti/richieste/{held}")).await.text;
    assert!(told.contains("non abbiamo cancellato nulla: causa in corso"), "{told}");

    let id = make(&system, &anna(), &[("tipo", "cancellazione")]).await;
    let hold = format!("/richieste-dati/{id}/blocco");
    assert_eq!(
        system.post(&office(), &hold, &[("motivo", "")]).await.status,
        StatusCode::SEE_OTHER
    );
    decide(&system, &id, "accolta", "Procediamo.").await;
    assert!(!system.reads(&anna(), "Observation", "diario").await);
    assert!(
        system.reads(&anna(), "Observation", "hba1c").await,
        "clinical records stay"
    );
    let found = system.sees(&anna(), "Observation", &[("_content", secret)]).await;
    assert_eq!(found, Vec::<String>::new());
    assert!(!system.stand.holds(secret), "the bytes are gone from the file");
    system.guard.audit().flush().await;
    let dpo = actor("Practitioner/dpo", "dpo", None);
    let log = system
        .context
        .peers
        .fhir(&dpo)
        .search("AuditEvent", &[("patient", "anna"), ("_count", "200")])
        .await
        .unwrap();
    let erased = log.iter().find(|event| {
        event.to_string().contains("Observation/diario")
            && event["agent"][0]["who"]["reference"] == "Practitioner/ufficio"
    });
    assert!(erased.is_some(), "the log keeps who erased what");
}

#[tokio::test]
async fn the_office_keeps_the_deadline_or_says_why_it_cannot() {
    let system = System::open().await;
    let id = make(&system, &anna(), &[("tipo", "opposizione")]).await;
    let list = system.get(&anna(), "/diritti/richieste").await.text;
    assert!(list.contains("risposta entro il 22/12/2026"), "{list}");
    let again = system
        .post(&anna(), "/diritti/richieste", &[("tipo", "opposizione")])
        .await;
    assert_eq!(
        again.location,
        format!("/diritti/richieste/{id}"),
        "a second click asks once"
    );
    system.clock.advance(SignedDuration::from_hours(24 * 24));
    system.settle().await;
    let tasks = system.context.peers.orchestrator(&office());
    let query = component::TaskQuery {
        role: Some("ufficio-privacy".into()),
        ..Default::default()
    };
    let task = tasks.tasks(&query).await.unwrap().items.remove(0);
    assert_eq!(
        (task.priority, task.patient),
        (90, None),
        "urgent, and the task names nobody"
    );
    let proroga = format!("/richieste-dati/{id}/proroga");
    let reply = system
        .post(&office(), &proroga, &[("motivo", "Molte richieste insieme")])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(
        system.post(&office(), &proroga, &[("motivo", "Ancora")]).await.status,
        StatusCode::CONFLICT
    );
    let told = system.get(&anna(), &format!("/diritti/richieste/{id}")).await.text;
    assert!(
        told.contains("Molte richieste insieme") && told.contains("22/02/2027"),
        "{told}"
    );
}

#[tokio::test]
async fn nobody_else_sees_or_decides_requests() {
    let system = System::open().await;
    let id = make(
        &system,
        &anna(),
        &[("tipo", "limitazione"), ("parole", "parole-private")],
    )
    .await;
    assert_eq!(
        system.get(&berta(), &format!("/diritti/richieste/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    let admin = actor("Practitioner/admin", "admin", None);
    for who in [doctor(), admin, anna()] {
        for path in ["/richieste-dati".to_owned(), format!("/richieste-dati/{id}")] {
            assert_eq!(
                system.get(&who, &path).await.status,
                StatusCode::FORBIDDEN,
                "{} {path}",
                who.subject
            );
        }
        if who.subject != "Patient/anna" {
            assert!(!system.reads(&who, "Basic", &id).await, "{}", who.subject);
        }
    }
    let form = [("tipo", "rettifica"), ("campo", "gender"), ("valore", "x")];
    assert_eq!(
        system.post(&anna(), "/diritti/richieste", &form).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let erase = http::Request::post("/fhir/$erase")
        .body(bytes::Bytes::from_static(b"{\"resourceType\":\"Parameters\"}"))
        .unwrap();
    let reply = system.context.peers.call("hub", &office(), erase).await.unwrap();
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
}
