//! Life events in any order, over a real hub and orchestrator.

use crate::system::{System, actor, desk, doctor};
use access::Actor;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

const BABY: &str = "VRDLCU26S10F839N";
const OTHER: &str = "VRDLCU26S50F839R";

fn source() -> Actor {
    actor("Device/anpr", "sistema", None)
}

fn event(id: &str, kind: &str, date: &str, data: Value) -> Value {
    json!({"id": id, "kind": kind, "date": date, "person": BABY, "data": data})
}

fn birth(id: &str) -> Value {
    let data =
        json!({"family": "Verdi", "given": "Luca", "sex": "male", "municipality": "063049", "line": "Via Toledo 9"});
    event(id, "birth", "2026-11-10", data)
}

async fn send(system: &System, events: &[Value]) -> Vec<String> {
    let body: String = events.iter().map(|one| format!("{one}\n")).collect();
    let reply = system.call(&source(), Method::POST, "/citizens/events", body).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let answer: Value = serde_json::from_str(&reply.text).unwrap();
    let outcomes = answer["outcomes"].as_array().unwrap().iter();
    outcomes.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

async fn baby(system: &System) -> Value {
    let identifier = format!("http://hl7.it/sid/codiceFiscale|{BABY}");
    system.search("Patient", &[("identifier", &identifier)]).await.remove(0)
}

async fn open(system: &System, rtype: &str, patient: &str) -> usize {
    system
        .search(rtype, &[("patient", patient), ("status", "active")])
        .await
        .len()
}

#[tokio::test]
async fn what_comes_too_early_waits_for_what_comes_before_it() {
    let system = System::open().await;
    let death = event("d", "death", "2026-11-20", json!({}));
    assert_eq!(send(&system, std::slice::from_ref(&death)).await, ["waiting"]);
    let page = system.get(&desk(), "/anagrafe/eventi?stato=in-attesa").await.text;
    assert!(page.contains("la persona non è in anagrafe"), "{page}");
    assert_eq!(send(&system, &[birth("b")]).await, ["applied"]);
    let baby = baby(&system).await;
    assert_eq!(baby["deceasedDateTime"], "2026-11-20", "what waited was applied");
    assert_eq!(open(&system, "Coverage", baby["id"].as_str().unwrap()).await, 0);
    assert_eq!(send(&system, &[birth("b"), death]).await, ["repeated", "repeated"]);
    let later = event("m", "move", "2026-11-21", json!({"municipality": "065116"}));
    assert_eq!(send(&system, &[later]).await, ["refused"]);
    let list = system.get(&desk(), "/anagrafe/eventi").await.text;
    assert!(list.contains("successivo al decesso"), "{list}");
    assert_eq!(
        system
            .post(&actor("Patient/anna", "assistito", None), "/citizens/events", &[])
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn an_event_becomes_a_message_once_and_the_page_tells_what_it_caused() {
    let system = System::open().await;
    assert_eq!(send(&system, &[birth("b"), birth("b")]).await, ["applied", "repeated"]);
    system.settle_well().await;
    let baby = baby(&system).await;
    let id = baby["id"].as_str().unwrap();
    let client = system.context.peers.orchestrator(&Actor::system());
    let query = component::InstanceQuery {
        patient: Some(id.to_owned()),
        ..Default::default()
    };
    let started = client.instances(&query).await.unwrap().items;
    assert_eq!(started.len(), 1, "{started:#?}");
    let list = system.get(&desk(), "/anagrafe/eventi").await.text;
    let at = list.find("/anagrafe/eventi/evento-").unwrap();
    let path: String = list[at..].chars().take_while(|c| *c != '"').collect();
    let page = system.get(&desk(), &path).await.text;
    for expected in [
        "persona iscritta in anagrafe",
        "evento-vita",
        "avviato",
        "Coverage/assistenza-",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    system.clock.advance(SignedDuration::from_hours(24 * 16));
    system.settle_well().await;
    let tasks = client.tasks(&component::TaskQuery::of_patient(id)).await.unwrap().items;
    assert_eq!(tasks[0].name, "Invitare i genitori a scegliere il pediatra");
}

/// A small generator of numbers: the same seed gives the same orders.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n as u64).unwrap()
    }
}

async fn sound(system: &System, seed: u64) {
    for code in [BABY, OTHER] {
        let identifier = format!("http://hl7.it/sid/codiceFiscale|{code}");
        for person in system.search("Patient", &[("identifier", &identifier)]).await {
            let id = person["id"].as_str().unwrap();
            let (assistances, choices) = (
                open(system, "Coverage", id).await,
                open(system, "EpisodeOfCare", id).await,
            );
            let doctors = person["generalPractitioner"].as_array().map_or(0, Vec::len);
            assert!(
                assistances <= 1 && choices <= 1 && doctors <= 1,
                "seed {seed}: {person}"
            );
            let (dead, merged) = (person["deceasedDateTime"].is_string(), person["active"] == false);
            // A merged record keeps the doctor of the one that stays, who reads it by that.
            assert!(merged || choices == doctors, "seed {seed}: {person}");
            assert!(!(dead || merged) || assistances + choices == 0, "seed {seed}: {person}");
        }
    }
}

#[tokio::test]
async fn no_sequence_leaves_two_assistances_two_doctors_or_a_dead_person_with_an_open_choice() {
    for seed in 0..2 {
        let system = System::open().await;
        let mut random = Random(seed);
        let mut other = birth("b2");
        other["person"] = json!(OTHER);
        let place = |istat: &str| json!({"municipality": istat});
        let mut events = vec![
            birth("b"),
            other,
            event("e", "emigration", "2026-11-12", json!({})),
            event("r", "return", "2026-11-14", place("063049")),
            event("m", "move", "2026-11-15", place("Milano")),
            event("m2", "move", "2026-11-16", place("063049")),
            event("f", "merge", "2026-11-18", json!({"survivor": OTHER})),
            event("d", "death", "2026-11-20", json!({})),
        ];
        events.extend([events[0].clone(), events[2].clone()]);
        for at in (1..events.len()).rev() {
            events.swap(at, random.below(at + 1));
        }
        for one in events {
            send(&system, std::slice::from_ref(&one)).await;
            let person = system
                .search(
                    "Patient",
                    &[("identifier", &format!("http://hl7.it/sid/codiceFiscale|{BABY}"))],
                )
                .await;
            if let Some(id) = person.first().and_then(|one| one["id"].as_str()) {
                let form = [
                    ("persona", id),
                    ("medico", "bianchi"),
                    ("fine", if random.below(2) == 0 { "" } else { "2027-06-01" }),
                ];
                system.post(&desk(), "/anagrafe/scelta/richieste", &form).await;
            }
            system.settle().await;
            sound(&system, seed).await;
        }
        let panel = system.get(&doctor("bianchi"), "/i-miei-assistiti").await;
        assert_eq!(panel.status, StatusCode::OK);
    }
}
