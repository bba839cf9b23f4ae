//! A list of structures from its file to the registry and back.

use crate::registry::filled;
use crate::system::{System, manager, office};
use access::Actor;
use http::Method;
use serde_json::Value;

/// The ministry's list as an office sends it: codes and names, with what changed in it.
fn list(change: impl Fn(&str, &str) -> Option<String>) -> String {
    let table = include_str!("../../data/strutture.csv").lines().skip(1);
    let mut text = "Codice;Denominazione;Tipologia;Comune;Telefono\r\n".to_owned();
    for line in table {
        let cells: Vec<&str> = line.split(',').collect();
        if let Some(line) = change(
            cells[0],
            &format!("{};{};{};{};", cells[0], cells[1], cells[6], cells[3]),
        ) {
            text.push_str(&line);
            text.push_str("\r\n");
        }
    }
    text
}

/// One renamed, one with a phone, one missing; a pharmacy that is new, and three rows that are wrong.
fn changed() -> String {
    let mut text = list(|code, line| match code {
        "150901" => Some(line.replace("AZIENDA OSPEDALIERA 'A. CARDARELLI'", "Ospedale del Colle Nuovo")),
        "150140" => Some(format!("{line}0825 000000")),
        "150144" => None,
        _ => Some(line.to_owned()),
    });
    text.push_str("F00001;Farmacia dei Tre Ponti;Farmacia;Aversa;\r\n");
    text.push_str(
        "150909;Ancora il policlinico;2.1;063049;\r\n;Chissà;Astronave;Napoli;\r\n;Dove;Farmacia;Atlantide;\r\n",
    );
    text
}

async fn upload(system: &System, text: &str) -> String {
    let sent = system
        .upload(&office(), "/strutture/elenchi", &[], ("file", "elenco.csv", text))
        .await;
    assert!(sent.status.is_redirection(), "{}: {}", sent.status, sent.text);
    sent.location
}

async fn read(system: &System, rtype: &str, id: &str) -> Option<Value> {
    let fhir = system.context.peers.fhir(&Actor::system());
    fhir.find(rtype, id).await.unwrap()
}

async fn marks(system: &System) -> Vec<Value> {
    let fhir = system.context.peers.fhir(&Actor::system());
    let mut marks = Vec::new();
    for rtype in ["Organization", "Location", "OrganizationAffiliation"] {
        let bundle = fhir
            .bundle(&format!("{rtype}/_history"), &[("_count", "1")])
            .await
            .unwrap();
        marks.push(bundle["entry"][0]["response"].clone());
    }
    marks
}

/// The list of [`changed`], looked at and written.
async fn written(system: &System) -> String {
    let who = office();
    let job = upload(system, &changed()).await;
    let form = [
        ("colonna-0", "codice"),
        ("colonna-1", "nome"),
        ("colonna-2", "tipo"),
        ("colonna-3", "comune"),
        ("colonna-4", "telefono"),
        ("completo", "regione"),
    ];
    assert_eq!(system.post(&who, &format!("{job}/colonne"), &form).await.status, 303);
    let wrong = system.get(&who, &format!("{job}?vista=wrong")).await.text;
    for expected in [
        "Con errori (3)",
        "Astronave",
        "Atlantide",
        "già in una riga prima",
        "Nuove (1)",
        "Cambiano (2)",
    ] {
        assert!(wrong.contains(expected), "{expected}: {wrong}");
    }
    let missing = system.get(&who, &format!("{job}?vista=missing")).await.text;
    assert!(
        missing.contains("cessa-hsp-150144") && !missing.contains("cessa-hsp-150145"),
        "{missing}"
    );
    let cessa = system
        .post(&who, &format!("{job}/mancanti"), &[("cessa", "hsp-150144")])
        .await;
    assert_eq!(cessa.status, 303);
    let applied = system.post(&who, &format!("{job}/applica"), &[]).await;
    assert_eq!(applied.status, 303, "{}", applied.text);
    job
}

#[tokio::test]
async fn a_list_is_compared_and_written_once() {
    let system = filled().await;
    let who = office();
    let before = read(&system, "Organization", "hsp-150901").await.unwrap();
    let job = written(&system).await;
    let renamed = read(&system, "Organization", "hsp-150901").await.unwrap();
    assert_eq!(renamed["name"], "Ospedale del Colle Nuovo");
    assert!(
        renamed["alias"].as_array().unwrap().contains(&before["name"]),
        "{renamed}"
    );
    let origins: Vec<&str> = renamed["meta"]["tag"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["code"].as_str().unwrap())
        .collect();
    assert_eq!(origins, ["ministero", "importazione"]);
    assert_eq!(
        read(&system, "Organization", "hsp-150144").await.unwrap()["active"],
        false
    );
    let pharmacy = read(&system, "Organization", "sts-f00001").await.unwrap();
    assert_eq!(pharmacy["meta"]["tag"][0]["code"], "importazione");
    assert!(read(&system, "Location", "sede-sts-f00001").await.is_some());
    assert!(
        system
            .get(&who, "/strutture/sts-f00001")
            .await
            .text
            .contains("Importata da un elenco")
    );
    assert_eq!(
        system.post(&who, &format!("{job}/applica"), &[]).await.status,
        409,
        "it was written"
    );

    // The same file again says nothing new.
    let marked = marks(&system).await;
    let again = upload(&system, &changed()).await;
    let shown = system.get(&who, &again).await.text;
    assert!(shown.contains("Nessuna struttura cambia. Nessuna è nuova."), "{shown}");
    assert_eq!(system.post(&who, &format!("{again}/applica"), &[]).await.status, 303);
    assert_eq!(marks(&system).await, marked);
}

#[tokio::test]
async fn a_list_is_taken_back_but_for_what_somebody_changed_since() {
    let system = filled().await;
    let who = office();
    let before = read(&system, "Organization", "hsp-150901").await.unwrap();
    let job = written(&system).await;
    let fhir = system.context.peers.fhir(&Actor::system());
    let mut touched = read(&system, "Organization", "hsp-150140").await.unwrap();
    touched["alias"] = serde_json::json!(["Frangipane"]);
    fhir.update(&touched).await.unwrap();
    assert_eq!(system.post(&who, &format!("{job}/annulla"), &[]).await.status, 303);
    let mut after = read(&system, "Organization", "hsp-150901").await.unwrap();
    let mut before = before;
    for one in [&mut after, &mut before] {
        let meta = one["meta"].as_object_mut().unwrap();
        meta.remove("versionId");
        meta.remove("lastUpdated");
    }
    assert_eq!(after, before);
    assert!(read(&system, "Organization", "sts-f00001").await.is_none());
    assert!(read(&system, "Location", "sede-sts-f00001").await.is_none());
    assert_eq!(
        read(&system, "Organization", "hsp-150144").await.unwrap()["active"],
        true
    );
    assert_eq!(
        read(&system, "Organization", "hsp-150140").await.unwrap()["telecom"][0]["value"],
        "0825 000000"
    );
    let shown = system.get(&who, &job).await.text;
    assert!(shown.contains("<dt>Tornate come prima</dt><dd>3</dd>"), "{shown}");
    assert!(
        shown.contains("<dt>Rimaste, perché cambiate dopo</dt><dd>1</dd>"),
        "{shown}"
    );

    // Brought again after it was taken back, and taken back again: what is new goes, though it has a past.
    let third = upload(&system, &changed()).await;
    assert_eq!(system.post(&who, &format!("{third}/applica"), &[]).await.status, 303);
    assert!(read(&system, "Organization", "sts-f00001").await.is_some());
    assert_eq!(system.post(&who, &format!("{third}/annulla"), &[]).await.status, 303);
    assert!(read(&system, "Organization", "sts-f00001").await.is_none());
}

#[tokio::test]
async fn what_is_not_sure_is_decided_by_hand_and_the_decision_holds() {
    let system = filled().await;
    let who = office();
    let text = "nome;comune;tipo;telefono\nOspedale Civile;Ariano Irpino;presidio;0825 1\nVilla Maria;Napoli;casa-di-cura;081 2\nClinica Mediterranea;Napoli;casa-di-cura;081 3\n";
    let job = upload(&system, text).await;
    let shown = system.get(&who, &format!("{job}?vista=perhaps")).await.text;
    assert!(shown.contains("hsp-150140"), "{shown}");
    let nobody = system
        .post(
            &who,
            &format!("{job}/righe/2"),
            &[("e", "altra"), ("altra", "ospedale")],
        )
        .await;
    assert_eq!(nobody.status, 422, "many are called so");
    let chosen = [
        ("e", "hsp-150140"),
        ("campo-telefono", "registro"),
        ("campo-nome", "registro"),
    ];
    assert_eq!(system.post(&who, &format!("{job}/righe/2"), &chosen).await.status, 303);
    assert_eq!(
        system
            .post(&who, &format!("{job}/righe/3"), &[("e", "ignora")])
            .await
            .status,
        303
    );
    assert_eq!(
        system
            .post(&who, &format!("{job}/righe/99"), &[("e", "ignora")])
            .await
            .status,
        404
    );
    assert_eq!(
        system.post(&manager(), &format!("{job}/applica"), &[]).await.status,
        403,
        "the office writes lists"
    );
    assert_eq!(system.post(&who, &format!("{job}/applica"), &[]).await.status, 303);
    assert!(
        read(&system, "Organization", "hsp-150140").await.unwrap()["telecom"].is_null(),
        "the registry's value counts"
    );
    assert_eq!(
        read(&system, "Organization", "hsp-150095").await.unwrap()["telecom"][0]["value"],
        "081 3"
    );
    let again = upload(&system, text).await;
    let shown = system.get(&who, &again).await.text;
    assert!(
        shown.contains("Nessuna struttura cambia. Nessuna è nuova."),
        "decided before: {shown}"
    );
}

#[tokio::test]
async fn the_command_and_the_api_propose_the_same_and_write_only_what_is_sure() {
    let system = filled().await;
    let text = changed();
    let file = web::csv::Csv::read(text.as_bytes()).unwrap();
    let run = async |write, new| {
        facilities::lists::import(&system.context, "elenco.csv", &file, &[], "", (write, new))
            .await
            .unwrap()
    };
    let proposed = run(false, false).await;
    assert!(
        proposed.written.is_none() && proposed.csv.contains(",new,"),
        "{}",
        proposed.csv
    );
    let reply = system
        .call(&office(), Method::POST, "/facilities/lists/proposals", text.clone())
        .await;
    let answered: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(answered, proposed.json);
    let count = |verdict: &str| {
        let rows = answered["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["verdict"] == verdict).count()
    };
    assert_eq!(
        (count("same"), count("new"), count("wrong"), count("perhaps")),
        (107, 1, 3, 0)
    );
    let written = run(true, false).await.written.unwrap();
    assert!(
        written
            .0
            .starts_with("0 new, 2 changed, 105 as they were, 4 rows left out"),
        "{}",
        written.0
    );
    assert!(run(true, false).await.written.is_none(), "there is nothing left");
    assert!(run(true, true).await.written.unwrap().0.starts_with("1 new, 0 changed"));
}

/// Beds, a service and its hours, a machine, hours and accessibility of one hospital in four rows; a new clinic in two, and a row
/// that contradicts one before.
const FACTS: &str = "codice;nome;tipo;comune;disciplina;regime;posti letto;prestazione;orari servizio;attrezzatura;orari;accessibilità\r\n\
    150901;AZIENDA OSPEDALIERA 'A. CARDARELLI';2.1;063049;08 - Cardiologia;ordinario;24;;;;lun-ven 08:00-14:00|sab 08:00-12:00;Ascensore\r\n\
    150901;AZIENDA OSPEDALIERA 'A. CARDARELLI';2.1;063049;08;diurno;4;;;;;\r\n\
    150901;AZIENDA OSPEDALIERA 'A. CARDARELLI';2.1;063049;;;;89.52;mar 09:00-11:00;;;\r\n\
    150901;AZIENDA OSPEDALIERA 'A. CARDARELLI';2.1;063049;;;;;;TAC;;\r\n\
    150901;AZIENDA OSPEDALIERA 'A. CARDARELLI';2.1;063049;08;ordinario;30;;;;;\r\n\
    ;Poliambulatorio dei Tre Ponti;Ambulatorio;Aversa;;;;89.52;;;lun 09:00-12:00;\r\n\
    ;Poliambulatorio dei Tre Ponti;Ambulatorio;Aversa;;;;88.73.1;;Ecografo;;\r\n";

#[tokio::test]
async fn what_structures_have_comes_in_many_rows_and_goes_back_as_one() {
    let system = filled().await;
    let who = office();
    let before = system.get(&who, "/strutture/hsp-150901").await.text;
    let job = upload(&system, FACTS).await;
    let wrong = system.get(&who, &format!("{job}?vista=wrong")).await.text;
    assert!(
        wrong.contains("Con errori (1)") && wrong.contains("ordinario): 30"),
        "{wrong}"
    );
    let changes = system.get(&who, &format!("{job}?vista=changes")).await.text;
    for expected in [
        "con le righe 3, 4, 5",
        "Cardiologia (08, ordinario): 24",
        "Cardiologia (08, diurno): 4",
        "mar 09:00-11:00",
        "TAC: 1",
        "lun-ven 08:00-14:00; sab 08:00-12:00",
        "Ascensore",
    ] {
        assert!(changes.contains(expected), "{expected}: {changes}");
    }
    // Whose accessibility counts is decided: not the list's.
    let chosen = [("e", "hsp-150901"), ("campo-accessibilita", "registro")];
    assert_eq!(system.post(&who, &format!("{job}/righe/2"), &chosen).await.status, 303);
    let applied = system.post(&who, &format!("{job}/applica"), &[]).await;
    assert_eq!(applied.status, 303, "{}", applied.text);
    let after = system.get(&who, "/strutture/hsp-150901").await.text;
    for expected in ["Posti letto in tutto: 28.", "Cardiologia", "89.52", "TAC"] {
        assert!(after.contains(expected), "{expected}: {after}");
    }
    assert!(!after.contains("Ascensore"), "{after}");
    let clinic: Value = serde_json::from_str(
        &system
            .get(&who, "/facilities/search?q=poliambulatorio+tre+ponti")
            .await
            .text,
    )
    .unwrap();
    let clinic = &clinic["found"][0]["structure"];
    assert_eq!(
        (
            clinic["services"].as_array().unwrap().len(),
            clinic["equipment"][0]["name"].as_str()
        ),
        (2, Some("Ecografo")),
        "{clinic}"
    );

    // The same file again has nothing to write.
    let marked = marks(&system).await;
    let again = upload(&system, FACTS).await;
    let shown = system.get(&who, &again).await.text;
    assert!(shown.contains("Nessuna struttura cambia. Nessuna è nuova."), "{shown}");
    assert_eq!(marks(&system).await, marked);

    assert_eq!(system.post(&who, &format!("{job}/annulla"), &[]).await.status, 303);
    let back = system.get(&who, "/strutture/hsp-150901").await.text;
    for gone in ["Cardiologia", "89.52", "TAC", "09:00"] {
        assert!(!back.contains(gone) && !before.contains(gone), "{gone}: {back}");
    }
    let id = clinic["id"].as_str().unwrap();
    assert!(
        read(&system, "Organization", id).await.is_none(),
        "its own services do not keep it"
    );
}
