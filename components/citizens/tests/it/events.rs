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

/// A body with the signature of a key, if any.
async fn sent(system: &System, body: &str, signature: Option<&str>) -> (StatusCode, Value) {
    let mut request = http::Request::builder()
        .method(Method::POST)
        .uri("/citizens/events")
        .header("content-type", "application/x-ndjson");
    if let Some(signature) = signature {
        request = request.header("x-jws-signature", signature);
    }
    let reply = system
        .send(
            &source(),
            request.body(axum::body::Body::from(body.to_owned())).unwrap(),
        )
        .await;
    (reply.status, serde_json::from_str(&reply.text).unwrap())
}

#[tokio::test]
async fn only_signed_events_are_taken_unless_the_installation_says_otherwise() {
    let system = System::open().await;
    let (key, stranger) = ["anpr-2026", "anpr-2026"]
        .map(|kid| jose::PrivateKey::generate(jose::Algorithm::ES256).unwrap().named(kid))
        .into();
    let trust = citizens::events::Trust {
        keys: jose::Jwks {
            keys: vec![key.public().clone()],
        },
        unsigned: false,
    };
    trust.write(&system.context).await.unwrap();
    let body = format!("{}\n{}\n", birth("b"), event("d", "death", "2026-11-20", json!({})));
    let nobody = async || system.search("Patient", &[("identifier", BABY)]).await.is_empty();

    let (status, problem) = sent(&system, &body, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        problem["detail"].as_str().unwrap().contains("soltanto eventi firmati"),
        "{problem}"
    );
    // one letter changed, another key of the same name, no signature at all
    let signature = key.sign_detached(body.as_bytes()).unwrap();
    for (text, signature) in [
        (body.replace("Luca", "Luce"), signature.clone()),
        (body.clone(), stranger.sign_detached(body.as_bytes()).unwrap()),
        (body.clone(), "abc".to_owned()),
    ] {
        let (status, problem) = sent(&system, &text, Some(&signature)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains("alcun evento"),
            "{problem}"
        );
        assert!(nobody().await, "refused whole");
    }
    let (status, answer) = sent(&system, &body, Some(&signature)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        (&answer["outcomes"][0]["state"], &answer["outcomes"][1]["state"]),
        (&json!("applied"), &json!("applied"))
    );
    // again, with the document inside its signature: nothing happens twice
    let compact = signature.replace("..", &format!(".{}.", jose::base64url(body.as_bytes())));
    let (status, answer) = sent(&system, &compact, None).await;
    assert_eq!(
        (status, &answer["outcomes"][1]["state"]),
        (StatusCode::OK, &json!("repeated")),
        "{answer}"
    );
    let list = system.get(&desk(), "/anagrafe/eventi").await.text;
    let at = list.find("/anagrafe/eventi/evento-").unwrap();
    let path: String = list[at..].chars().take_while(|c| *c != '"').collect();
    assert!(
        system.get(&desk(), &path).await.text.contains("anpr-2026"),
        "who signed is told"
    );
}

/// What must hold of every record there is.
async fn all_sound(system: &System, said: &str) {
    for person in system.search("Patient", &[("_count", "500")]).await {
        let id = person["id"].as_str().unwrap();
        let (assistances, choices) = (
            open(system, "Coverage", id).await,
            system
                .search("EpisodeOfCare", &[("patient", id), ("status", "active")])
                .await,
        );
        let doctors: Vec<&Value> = person["generalPractitioner"].as_array().into_iter().flatten().collect();
        let (dead, merged) = (!person["deceasedDateTime"].is_null(), person["active"] == false);
        let whole = || format!("{said}: {person} {choices:#?}");
        assert!(
            assistances <= 1 && choices.len() <= 1 && doctors.len() <= 1,
            "{}",
            whole()
        );
        assert!(
            !(dead || merged) || (assistances == 0 && choices.is_empty()),
            "{}",
            whole()
        );
        assert!(!dead || merged || doctors.is_empty(), "{}", whole());
        // A merged record keeps the doctor of the one that stays, who reads it by that.
        if !merged {
            assert_eq!(choices.len(), doctors.len(), "{}", whole());
            let chosen = choices.first().map(|one| &one["careManager"]["reference"]);
            assert_eq!(chosen, doctors.first().map(|one| &one["reference"]), "{}", whole());
        }
    }
}

/// The ids that the registry has for a code, merged ones too.
async fn of_code(system: &System, code: &str) -> Vec<String> {
    let identifier = format!("http://hl7.it/sid/codiceFiscale|{code}");
    let found = system.search("Patient", &[("identifier", &identifier)]).await;
    found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// One step of somebody: the feed, a desk, a doctor, time. Gives what was done.
async fn step(system: &System, random: &mut Random, sent: &mut Vec<Value>, n: usize) -> String {
    let people = [BABY, OTHER, "RSSNNA80C42F839W"];
    let code = people[random.below(3)];
    let doctor_id = ["neri", "pieno", "bianchi", "gialli"][random.below(4)];
    let of = of_code(system, code).await;
    let id = of.get(random.below(of.len().max(1))).cloned().unwrap_or_default();
    match random.below(13) {
        0..4 => {
            let again = !sent.is_empty() && random.below(4) == 0;
            let one = if again {
                sent[random.below(sent.len())].clone()
            } else {
                any_event(random, code, n)
            };
            if !again {
                sent.push(one.clone());
            }
            let states = send(system, std::slice::from_ref(&one)).await;
            format!("{one} {states:?}")
        }
        4 => {
            let all: Vec<Value> = sent.iter().rev().take(6).cloned().collect();
            format!("{} again: {:?}", all.len(), send(system, &all).await)
        }
        5..8 => {
            let until = ["", "", "2027-06-01"][random.below(3)];
            let form = [("persona", id.as_str()), ("medico", doctor_id), ("fine", until)];
            let (one, two) = (desk(), actor("Practitioner/due", "operatore-anagrafe", Some("asl")));
            let other = [("persona", id.as_str()), ("medico", "neri")];
            if random.below(3) == 0 {
                let path = "/anagrafe/scelta/richieste";
                let (a, b) = tokio::join!(system.post(&one, path, &form), system.post(&two, path, &other));
                return format!("two choices at once: {form:?} {} {}", a.status, b.status);
            }
            let reply = system.post(&one, "/anagrafe/scelta/richieste", &form).await;
            format!("choice {form:?} {}", reply.status)
        }
        8 => {
            let form = [("persona", id.as_str()), ("cosa", "revoca")];
            let reply = system.post(&desk(), "/anagrafe/scelta/richieste", &form).await;
            format!("revocation {id} {}", reply.status)
        }
        9 => {
            let form = [
                ("persona", id.as_str()),
                ("motivo", "rapporto-di-fiducia"),
                ("parole", "x"),
            ];
            let reply = system.post(&doctor(doctor_id), "/i-miei-assistiti/ricusa", &form).await;
            let page = system.get(&desk(), "/anagrafe/scelta").await.text;
            let at = page.find("/anagrafe/scelta/richieste/");
            let path: Option<String> = at.map(|at| page[at..].chars().take_while(|c| *c != '"').collect());
            if let Some(path) = path.filter(|_| random.below(2) == 0) {
                system.post(&desk(), &path, &[("esito", "accolta")]).await;
            }
            format!("refusal {id} by {doctor_id} {}", reply.status)
        }
        10 => separation(system, random).await,
        _ => {
            let days = [1, 20, 100, 400][random.below(4)];
            system.clock.advance(SignedDuration::from_hours(24 * days));
            format!("{days} days")
        }
    }
}

/// Separates one of the merges that are done.
async fn separation(system: &System, random: &mut Random) -> String {
    let done = system.search("Basic", &[("code", "fusione-fatta")]).await;
    let Some(merge) = done.get(random.below(done.len().max(1))) else {
        return "nothing to separate".into();
    };
    let path = format!("/anagrafe/fusioni/{}/separa", merge["id"].as_str().unwrap());
    let reply = system.post(&desk(), &path, &[("motivo", "erano due")]).await;
    format!("separation {} {}", reply.status, reply.location)
}

fn any_event(random: &mut Random, code: &str, n: usize) -> Value {
    let people = [BABY, OTHER, "RSSNNA80C42F839W"];
    let day = format!("2026-{:02}-{:02}", 10 + random.below(2), 1 + random.below(22));
    let (kind, data) = match random.below(12) {
        0..4 => ("birth", birth("x")["data"].clone()),
        4 => ("emigration", json!({})),
        5 => ("return", json!({"municipality": "063049"})),
        6 => ("move", json!({"municipality": (["Milano", "063049"][random.below(2)])})),
        7 => ("death", json!({})),
        8 => ("change", json!({"given": "Luce"})),
        _ => ("merge", json!({"survivor": (people[random.below(3)])})),
    };
    let mut one = event(&format!("e{n}"), kind, &day, data);
    one["person"] = json!(code);
    one
}

#[tokio::test]
async fn whatever_anybody_does_there_is_one_assistance_one_doctor_and_nothing_open_of_the_dead() {
    for seed in 0..4 {
        let system = System::open().await;
        system.add_doctor("gialli", "mmg", None, "ambito").await;
        system
            .account(&actor("Practitioner/due", "operatore-anagrafe", Some("asl")))
            .await;
        let (mut random, mut sent) = (Random(seed), Vec::new());
        let mut said = Vec::new();
        for n in 0..40 {
            said.push(step(&system, &mut random, &mut sent, n).await);
            system.settle().await;
            all_sound(&system, &format!("seed {seed} {said:#?}")).await;
        }
    }
}
