//! Entering, correcting, looking back, opening and closing assistance.

use crate::system::{System, desk};
use access::Actor;
use http::StatusCode;
use serde_json::{Value, json};

const NEW: [(&str, &str); 11] = [
    ("cognome", "De Luca"),
    ("nome", "Carmela"),
    ("sesso", "female"),
    ("nascita", "12/03/1946"),
    ("luogo", "Napoli"),
    ("tipo_codice", "cf"),
    ("codice", "DLCCML46C52F839C"),
    ("via", "Via Roma 3"),
    ("cap", "84121"),
    ("comune", "Salerno"),
    ("cellulare", "333 1234567"),
];

fn with<'a>(form: &[(&'a str, &'a str)], change: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = form
        .iter()
        .filter(|(name, _)| !change.iter().any(|(other, _)| other == name));
    kept.chain(change).copied().collect()
}

async fn entered(system: &System) -> String {
    let reply = system.post(&desk(), "/anagrafe/nuova", &NEW).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    reply.location
}

async fn patient(system: &System, path: &str) -> Value {
    let id = path.strip_prefix("/anagrafe/").unwrap();
    system
        .context
        .peers
        .fhir(&Actor::system())
        .read("Patient", id)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_entered_once() {
    let system = System::empty().await;
    let record = entered(&system).await;
    let shown = system.get(&desk(), &record).await.text;
    for part in [
        "De Luca Carmela",
        "80 anni",
        "Via Roma 3, 84121 Salerno (SA)",
        "Non è mai stata aperta",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // The same code again, and the same person without it.
    let again = system.post(&desk(), "/anagrafe/nuova", &NEW).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text.contains("è già di De Luca Carmela"), "{}", again.text);
    let bare = with(
        &NEW,
        &[
            ("tipo_codice", "nessuno"),
            ("codice", ""),
            ("senza_codice", "in-attesa"),
        ],
    );
    let alike = system.post(&desk(), "/anagrafe/nuova", &bare).await;
    assert_eq!(alike.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(alike.text.contains("può essere la stessa persona"), "{}", alike.text);
    let sure = system
        .post(&desk(), "/anagrafe/nuova", &with(&bare, &[("letto", "si")]))
        .await;
    assert_eq!(sure.status, StatusCode::SEE_OTHER, "{}", sure.text);
    // A code that is not the person's is asked about, a wrong one refused.
    let other = with(
        &NEW,
        &[
            ("cognome", "Rossi"),
            ("codice", "DLCCML46C52F839C"),
            ("nascita", "1/1/1990"),
        ],
    );
    let reply = system
        .post(
            &desk(),
            "/anagrafe/nuova",
            &with(&other, &[("codice", "RSSMRA41R64A455O")]),
        )
        .await;
    assert!(
        reply
            .text
            .contains("Il codice dice che la persona è nata il 24/10/1941"),
        "{}",
        reply.text
    );
    let reply = system
        .post(
            &desk(),
            "/anagrafe/nuova",
            &with(&other, &[("codice", "RSSMRA41R64A455X")]),
        )
        .await;
    assert!(
        reply.text.contains("dovrebbe essere «O»") && reply.text.contains("href=\"#codice\""),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_true_and_what_was_known_are_told_apart() {
    let system = System::empty().await;
    let record = entered(&system).await;
    let stored = patient(&system, &record).await;
    let version = stored["meta"]["versionId"].as_str().unwrap().to_owned();
    system.clock.set("2026-12-20T10:00:00Z".parse().unwrap());
    let moved = with(
        &NEW,
        &[
            ("comune", "Napoli"),
            ("cap", "80121"),
            ("residenza_dal", "01/12/2026"),
            ("versione", &version),
        ],
    );
    let reply = system.post(&desk(), &format!("{record}/modifica"), &moved).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    // On the fifth the move had happened, and nobody knew.
    let of = |valid: &str, known: &str| format!("{record}/storia?vero={valid}&saputo={known}");
    let then = |text: &str| text.split("id=\"versioni\"").next().unwrap().to_owned();
    let known_late = then(&system.get(&desk(), &of("05/12/2026", "20/12/2026")).await.text);
    let known_then = then(&system.get(&desk(), &of("05/12/2026", "05/12/2026")).await.text);
    let before = then(&system.get(&desk(), &of("25/11/2026", "20/12/2026")).await.text);
    assert!(
        known_late.contains("80121 Napoli") && !known_late.contains("84121 Salerno"),
        "{known_late}"
    );
    assert!(known_then.contains("84121 Salerno"), "{known_then}");
    assert!(
        before.contains("84121 Salerno") && !before.contains("80121 Napoli"),
        "{before}"
    );
    let unknown = system.get(&desk(), &of("01/01/2026", "01/01/2026")).await.text;
    assert!(
        unknown.contains("non c&#39;era ancora") || unknown.contains("non c'era ancora"),
        "{unknown}"
    );
    assert!(
        unknown.contains("allo sportello") && unknown.contains("<ins>"),
        "{unknown}"
    );
    // Who still has the old version is told what changed, and nothing is lost.
    let stale = with(&NEW, &[("cellulare", "333 7654321"), ("versione", &version)]);
    let reply = system.post(&desk(), &format!("{record}/modifica"), &stale).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(
        reply.text.contains("80121 Napoli") && reply.text.contains("333 7654321"),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_never_two_assistances() {
    let system = System::empty().await;
    system
        .put(
            &json!({"resourceType": "Organization", "id": "asl", "name": "ASL di prova",
            "type": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/tipo-struttura", "code": "asl"}]}]}),
        )
        .await;
    let record = entered(&system).await;
    let place = format!("{record}/assistenza");
    let form = |from: &'static str| [("tipo", "ssn"), ("dal", from), ("asl", "asl")];
    // Two desks at once: one is told.
    let (desk_one, desk_two) = (desk(), desk());
    let (form_one, form_two) = (form("01/01/2026"), form("01/02/2026"));
    let (one, two) = tokio::join!(
        system.post(&desk_one, &place, &form_one),
        system.post(&desk_two, &place, &form_two)
    );
    let mut answers = [one.status, two.status];
    answers.sort();
    assert_eq!(
        answers,
        [StatusCode::SEE_OTHER, StatusCode::CONFLICT],
        "{} {}",
        one.text,
        two.text
    );
    let fhir = system.context.peers.fhir(&Actor::system());
    let id = record.strip_prefix("/anagrafe/").unwrap();
    let found = fhir
        .search("Coverage", &[("beneficiary", &format!("Patient/{id}"))])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let shown = system.get(&desk(), &record).await.text;
    assert!(shown.contains("ASL di prova") && shown.contains("in corso"), "{shown}");
    let voice = format!("{place}/{}", found[0]["id"].as_str().unwrap());
    let reply = system
        .post(&desk(), &voice, &[("al", "31/10/2026"), ("motivo", "trasferimento")])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let reply = system.post(&desk(), &place, &form("01/11/2026")).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let reply = system.post(&desk(), &place, &form("01/10/2026")).await;
    assert_eq!(reply.status, StatusCode::CONFLICT, "{}", reply.text);
}

/// Whether somebody is left with something open, and by which doctor.
async fn open_of(system: &System, id: &str) -> (usize, usize, bool) {
    let active = [("patient", id), ("status", "active")];
    let assistances = system.search("Coverage", &active).await.len();
    let choices = system.search("EpisodeOfCare", &active).await.len();
    let patient = system.read("Patient", id).await;
    (assistances, choices, patient["generalPractitioner"].is_array())
}

/// Berta with an assistance that the desk opened and a doctor whom she chose; the path of the assistance.
async fn assisted(system: &System, kind: &str, until: &str) -> String {
    let form = [("tipo", kind), ("dal", "01/01/2020"), ("al", until), ("asl", "asl")];
    let reply = system.post(&desk(), "/anagrafe/berta/assistenza", &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let form = [("persona", "berta"), ("medico", "neri")];
    system.post(&desk(), "/anagrafe/scelta/richieste", &form).await;
    system.settle_well().await;
    assert_eq!(open_of(system, "berta").await, (1, 1, true));
    let found = system.search("Coverage", &[("patient", "berta")]).await;
    format!("/anagrafe/berta/assistenza/{}", found[0]["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_that_closes_the_assistance_closes_the_choice() {
    let system = System::open().await;
    let place = assisted(&system, "ssn", "").await;
    let reply = system
        .post(&desk(), &place, &[("al", "20/11/2026"), ("motivo", "trasferimento")])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(open_of(&system, "berta").await, (0, 0, false));
    // An assistance that is over already opens nothing; one from tomorrow on would stand beside another.
    let past = [
        ("tipo", "temporanea"),
        ("dal", "01/01/2019"),
        ("al", "31/12/2019"),
        ("asl", "asl"),
    ];
    let reply = system.post(&desk(), "/anagrafe/berta/assistenza", &past).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(open_of(&system, "berta").await, (0, 0, false));
    let future = [("tipo", "ssn"), ("dal", "01/01/2027"), ("asl", "asl")];
    let reply = system.post(&desk(), "/anagrafe/berta/assistenza", &future).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "not from the future");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_the_desk_is_an_event_that_closes_everything() {
    let system = System::open().await;
    let place = assisted(&system, "ssn", "").await;
    let of = |day: &'static str| [("al", day), ("motivo", "decesso")];
    let reply = system.post(&desk(), &place, &of("23/11/2026")).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "not in the future");
    for _ in 0..2 {
        let reply = system.post(&desk(), &place, &of("21/11/2026")).await;
        assert!(
            matches!(reply.status, StatusCode::SEE_OTHER | StatusCode::CONFLICT),
            "{}",
            reply.text
        );
        system.settle_well().await;
        assert_eq!(open_of(&system, "berta").await, (0, 0, false));
    }
    let patient = system.read("Patient", "berta").await;
    assert_eq!(patient["deceasedDateTime"], "2026-11-21");
    let told = system
        .search(
            "Basic",
            &[("code", "https://sinfonia.it/fhir/CodeSystem/evento-applicato|decesso")],
        )
        .await;
    assert_eq!(told.len(), 1, "every service hears of it, once");
    let events = system.get(&desk(), "/anagrafe/eventi").await.text;
    assert!(events.contains("decesso del 21/11/2026"), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_that_somebody_wrote_closes_everything() {
    for (death, name) in [
        (json!("2026-11-20"), "deceasedDateTime"),
        (json!("2026-11"), "deceasedDateTime"),
        (json!(true), "deceasedBoolean"),
    ] {
        let system = System::open().await;
        assisted(&system, "ssn", "").await;
        let mut patient = system.read("Patient", "berta").await;
        patient[name] = death.clone();
        system.put(&patient).await;
        system.clock.set("2026-11-22T10:00:01Z".parse().unwrap());
        system.settle_well().await;
        assert_eq!(open_of(&system, "berta").await, (0, 0, false), "{death}");
        let known = system.read("Patient", "berta").await;
        assert_eq!(known[name], death, "what was written is not changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistance_whose_last_day_is_over_is_closed_with_its_choice() {
    for (kind, reason) in [("temporanea", "scadenza"), ("ssn", "trasferimento")] {
        let system = System::open().await;
        let place = match kind {
            "temporanea" => assisted(&system, kind, "25/11/2026").await,
            _ => assisted(&system, kind, "").await,
        };
        if kind == "ssn" {
            let form = [("al", "25/11/2026"), ("motivo", reason)];
            let reply = system.post(&desk(), &place, &form).await;
            assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
            assert_eq!(open_of(&system, "berta").await, (1, 1, true), "until that day");
        }
        for (day, expected) in [("2026-11-25", (1, 1, true)), ("2026-11-27", (0, 0, false))] {
            system.clock.set(format!("{day}T12:00:00Z").parse().unwrap());
            system.settle_well().await;
            assert_eq!(open_of(&system, "berta").await, expected, "{kind} {day}");
        }
        let id = place.rsplit('/').next().unwrap();
        let coverage = system.read("Coverage", id).await;
        assert_eq!(coverage["period"]["end"], "2026-11-25");
        let why = coverage["extension"].as_array().unwrap();
        assert!(why.iter().any(|one| one["valueCode"] == reason), "{coverage}");
    }
}
