//! Roles that nobody gives alone: the list of what waits, confirming, refusing.

use crate::system::{Reply, System, actor, doctor, office};
use access::Actor;
use http::StatusCode;

const DESK: [(&str, &str); 5] = [
    ("struttura", "casa"),
    ("ruolo", "operatore-anagrafe"),
    ("contratto", "dipendente"),
    ("dal", "2026-01-01"),
    ("principale", "si"),
];

fn colleague() -> Actor {
    actor("Practitioner/collega", "ufficio-personale", Some("asl"))
}

fn third() -> Actor {
    actor("Practitioner/terza", "ufficio-personale", Some("asl"))
}

async fn give(system: &System, by: &Actor, who: &str, form: &[(&str, &str)]) -> String {
    let path = format!("/personale/persone/{who}/incarichi/nuovo");
    let reply = system.post(by, &path, form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let asked = [("practitioner", who), ("_sort", "-_lastUpdated")];
    let found = system.fhir().search("PractitionerRole", &asked).await.unwrap();
    found[0]["id"].as_str().unwrap().to_owned()
}

async fn version(system: &System, id: &str) -> String {
    let role = system.fhir().read("PractitionerRole", id).await.unwrap();
    role["meta"]["versionId"].as_str().unwrap().to_owned()
}

async fn decide(system: &System, by: &Actor, id: &str, what: &str, why: &str) -> Reply {
    let version = version(system, id).await;
    let form = [("esito", what), ("versione", version.as_str()), ("motivo", why)];
    system.post(by, &format!("/personale/conferme/{id}"), &form).await
}

#[tokio::test]
async fn a_sensitive_role_opens_when_a_second_person_confirmed_it() {
    let system = System::open().await;
    let role = give(&system, &office(), "doc", &DESK).await;
    let plain = [
        ("struttura", "reparto"),
        ("ruolo", "medico"),
        ("contratto", "dipendente"),
        ("dal", "2026-01-01"),
    ];
    give(&system, &office(), "inf", &plain).await;
    let waiting = system.get(&colleague(), "/personale/conferme").await;
    assert!(
        waiting.text.contains("Niccolò D&#39;Amico") && waiting.text.contains("Rita De Luca"),
        "{}",
        waiting.text
    );
    assert!(
        !waiting.text.contains("Lucia Esposito"),
        "a doctor's role takes nobody else"
    );
    let open = system.session("inf").await;
    assert_eq!(system.get_in(&open, "/personale").await, StatusCode::OK);
    assert!(system.try_session("doc").await.is_none(), "no role holds");
    // Neither who gave it, nor who gets it, nor who has nothing to do with it.
    let mine = decide(&system, &office(), &role, "conferma", "").await;
    assert_eq!(mine.status, StatusCode::FORBIDDEN);
    let list = system.get(&office(), "/personale/conferme").await.text;
    assert!(list.contains("hai dato tu"), "{list}");
    let own = actor("Practitioner/doc", "ufficio-personale", Some("asl"));
    assert_eq!(
        decide(&system, &own, &role, "conferma", "").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        decide(&system, &own, &role, "rifiuto", "x").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        decide(&system, &doctor(), &role, "conferma", "").await.status,
        StatusCode::FORBIDDEN
    );
    let stale = [("esito", "conferma"), ("versione", "99")];
    let path = format!("/personale/conferme/{role}");
    assert_eq!(
        system.post(&colleague(), &path, &stale).await.status,
        StatusCode::CONFLICT
    );
    let done = decide(&system, &colleague(), &role, "conferma", "").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert!(system.try_session("doc").await.is_some());
    let twice = decide(&system, &colleague(), &role, "conferma", "").await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "once");
    let list = system.get(&colleague(), "/personale/conferme").await.text;
    assert!(
        list.contains("Confermato") && list.contains("Niente da confermare"),
        "{list}"
    );
}

#[tokio::test]
async fn two_who_give_each_other_a_role_need_a_third() {
    let system = System::open().await;
    for (id, family) in [("collega", "Russo"), ("terza", "Greco")] {
        let person = serde_json::json!({"resourceType": "Practitioner", "id": id, "active": true,
            "name": [{"given": ["Prova"], "family": family, "text": format!("Prova {family}")}]});
        system.put(&person).await;
    }
    let to_colleague = give(&system, &office(), "collega", &DESK).await;
    let to_office = give(&system, &colleague(), "ufficio", &DESK).await;
    let waits = decide(&system, &office(), &to_colleague, "conferma", "").await;
    assert_eq!(waits.status, StatusCode::FORBIDDEN, "gave it");
    // A third one's gift is not confirmed by who waits.
    let elsewhere = give(&system, &third(), "doc", &DESK).await;
    let waits = decide(&system, &colleague(), &elsewhere, "conferma", "").await;
    assert_eq!(waits.status, StatusCode::FORBIDDEN);
    let list = system.get(&colleague(), "/personale/conferme").await.text;
    assert!(list.contains("Aspetti la conferma"), "{list}");
    for role in [&to_colleague, &to_office] {
        assert_eq!(
            decide(&system, &third(), role, "conferma", "").await.status,
            StatusCode::SEE_OTHER
        );
    }
    // The third one confirmed what the office gave: the office does not confirm what the third one gets.
    let to_third = give(&system, &colleague(), "terza", &DESK).await;
    let in_turn = decide(&system, &office(), &to_third, "conferma", "").await;
    assert_eq!(in_turn.status, StatusCode::FORBIDDEN);
    let told = system.get(&office(), "/staff/confirmations").await.text;
    assert!(told.contains("confirm-in-turn"), "{told}");
    let admin = actor("Practitioner/capo", "admin", None);
    assert_eq!(
        decide(&system, &admin, &to_third, "conferma", "").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn what_is_refused_becomes_what_it_was() {
    let system = System::open().await;
    let mut short = DESK.to_vec();
    short.push(("al", "2026-12-31"));
    let role = give(&system, &office(), "doc", &short).await;
    assert_eq!(
        decide(&system, &colleague(), &role, "conferma", "").await.status,
        StatusCode::SEE_OTHER
    );
    let open = system.session("doc").await;
    let version = version(&system, &role).await;
    let mut longer = DESK.to_vec();
    longer.extend([("al", "2027-12-31"), ("versione", version.as_str())]);
    let path = format!("/personale/incarichi/{role}");
    assert_eq!(
        system.post(&office(), &path, &longer).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        system.get_in(&open, "/personale").await,
        StatusCode::OK,
        "as before, meanwhile"
    );
    let silent = decide(&system, &colleague(), &role, "rifiuto", " ").await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "without a reason");
    let refused = decide(&system, &colleague(), &role, "rifiuto", "Non richiesto").await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER, "{}", refused.text);
    let now = system.fhir().read("PractitionerRole", &role).await.unwrap();
    assert_eq!(now["period"]["end"], "2026-12-31");
    assert!(access::registry::waiting(&now).is_none());
    let new = give(&system, &office(), "inf", &DESK).await;
    decide(&system, &office(), &new, "rifiuto", "Sbagliata persona").await;
    let gone = system.fhir().read("PractitionerRole", &new).await.unwrap();
    assert_eq!(gone["active"], false, "who gave it took it back");
    let list = system.get(&colleague(), "/personale/conferme").await.text;
    assert!(
        list.contains("Non richiesto") && list.contains("Sbagliata persona"),
        "{list}"
    );
}
