//! Choice, change, revocation and refusal of the doctor.

use crate::system::{System, anna, anna_for, desk, doctor};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;

const PAGE: &str = "/il-mio-medico";

async fn choose(system: &System, who: &access::Actor, form: &[(&str, &str)]) -> String {
    let reply = system.post(who, "/il-mio-medico/richieste", form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    system.settle_well().await;
    system.get(who, &reply.location).await.text
}

async fn doctor_of(system: &System, patient: &str) -> Option<String> {
    let patient = system.read("Patient", patient).await;
    patient["generalPractitioner"][0]["reference"]
        .as_str()
        .map(str::to_owned)
}

async fn open_choices(system: &System, patient: &str) -> Vec<Value> {
    system
        .search("EpisodeOfCare", &[("patient", patient), ("status", "active")])
        .await
}

#[tokio::test]
async fn a_citizen_chooses_changes_and_leaves() {
    let system = System::open().await;
    let list = system.get(&anna(), "/il-mio-medico/scegli").await;
    assert!(
        list.text.contains("Dott. neri") && list.text.contains("1500 posti liberi"),
        "{}",
        list.text
    );
    assert!(list.text.contains("fuori dalla zona"));
    let page = choose(&system, &anna(), &[("medico", "neri")]).await;
    assert!(page.contains("registrata"), "{page}");
    assert_eq!(doctor_of(&system, "anna").await.as_deref(), Some("Practitioner/neri"));
    let open = open_choices(&system, "anna").await;
    assert_eq!(open.len(), 1);
    assert_eq!(
        open[0]["meta"]["tag"][0]["code"], "Practitioner/neri",
        "it ties the doctor only, not the whole authority"
    );
    let list = system.get(&anna(), "/il-mio-medico/scegli").await;
    assert!(list.text.contains("1499 posti liberi"), "{}", list.text);

    let again = choose(&system, &anna(), &[("medico", "neri")]).await;
    assert!(again.contains("È già il medico di questa persona"), "{again}");
    system.add_doctor("gialli", "mmg", None, "ambito").await;
    choose(&system, &anna(), &[("medico", "gialli")]).await;
    assert_eq!(doctor_of(&system, "anna").await.as_deref(), Some("Practitioner/gialli"));
    assert_eq!(open_choices(&system, "anna").await.len(), 1);

    let home = system.get(&anna(), PAGE).await;
    let at = home.text.find("/il-mio-medico/richieste/").unwrap();
    let path: String = home.text[at..].chars().take_while(|c| *c != '"').collect();
    let receipt = system.get(&anna(), &format!("{path}/ricevuta")).await;
    assert!(receipt.bytes.starts_with(b"%PDF-1.7"), "{}", receipt.text);
    let other = crate::system::actor("Patient/berta", "assistito", None);
    assert_eq!(system.get(&other, &path).await.status, StatusCode::NOT_FOUND);

    let page = choose(&system, &anna(), &[("cosa", "revoca")]).await;
    assert!(page.contains("registrata"), "{page}");
    assert_eq!(
        (
            doctor_of(&system, "anna").await,
            open_choices(&system, "anna").await.len()
        ),
        (None, 0)
    );
}

#[tokio::test]
async fn the_rules_refuse_with_reasons_and_alternatives() {
    let system = System::open().await;
    for (who, medico, expected) in [
        (anna(), "bianchi", "Compiuti 16 anni"),
        (anna(), "lontano", "fuori dall&#39;ambito"),
        (anna_for("bimbo"), "neri", "Fino a 6 anni si sceglie il pediatra"),
    ] {
        let page = choose(&system, &who, &[("medico", medico)]).await;
        assert!(
            page.contains(expected) || page.contains(&expected.replace("&#39;", "'")),
            "{medico}: {page}"
        );
        assert!(page.contains("Medici con posti liberi"), "{medico}: {page}");
    }
    let page = choose(&system, &anna_for("bimbo"), &[("medico", "bianchi")]).await;
    assert!(page.contains("registrata"), "{page}");
    let open = open_choices(&system, "bimbo").await;
    assert_eq!(
        open[0]["period"]["end"], "2036-04-30",
        "the day before the fourteenth birthday"
    );
}

#[tokio::test]
async fn two_desks_never_pass_the_ceiling() {
    let system = System::open().await;
    let forms = ["anna", "berta"].map(|who| [("persona", who), ("medico", "pieno")]);
    let desk = desk();
    let (a, b) = tokio::join!(
        system.post(&desk, "/anagrafe/scelta/richieste", &forms[0]),
        system.post(&desk, "/anagrafe/scelta/richieste", &forms[1])
    );
    system.settle_well().await;
    assert_eq!((a.status, b.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    let found = system
        .search("Patient", &[("general-practitioner", "Practitioner/pieno")])
        .await;
    assert_eq!(found.len(), 1, "the ceiling is one");
    let mut pages = String::new();
    for reply in [a, b] {
        pages.push_str(&system.get(&desk, &reply.location).await.text);
    }
    assert!(pages.contains("Il medico ha raggiunto il massimale"), "{pages}");
}

#[tokio::test]
async fn outside_of_the_area_the_doctor_accepts_and_the_office_grants() {
    let system = System::open().await;
    let page = choose(
        &system,
        &anna(),
        &[("medico", "lontano"), ("deroga", "Lavoro a Salerno")],
    )
    .await;
    assert!(page.contains("in corso"), "{page}");
    let panel = system.get(&doctor("lontano"), "/i-miei-assistiti").await.text;
    assert!(
        panel.contains("Chi chiede di essere assistito") && panel.contains("Lavoro a Salerno"),
        "{panel}"
    );
    let at = panel.find("/i-miei-assistiti/richieste/").unwrap();
    let path: String = panel[at..].chars().take_while(|c| *c != '"').collect();
    let stranger = system.post(&doctor("neri"), &path, &[("risposta", "accettata")]).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND, "another doctor does not answer");
    system
        .post(&doctor("lontano"), &path, &[("risposta", "accettata")])
        .await;
    system.settle_well().await;
    assert_eq!(doctor_of(&system, "anna").await, None, "the office has not said yes");
    let path = path.replace("/i-miei-assistiti/", "/anagrafe/scelta/");
    let asked = system.get(&desk(), &path).await.text;
    assert!(asked.contains("Perché serve una valutazione"), "{asked}");
    system.post(&desk(), &path, &[("esito", "accolta")]).await;
    system.settle_well().await;
    assert_eq!(
        doctor_of(&system, "anna").await.as_deref(),
        Some("Practitioner/lontano")
    );
}

#[tokio::test]
async fn a_refusal_takes_effect_after_the_notice_and_the_doctor_cannot_be_chosen_again() {
    let system = System::open().await;
    choose(&system, &anna(), &[("medico", "neri")]).await;
    let form = [
        ("persona", "anna"),
        ("motivo", "rapporto-di-fiducia"),
        ("parole", "Minacce"),
    ];
    assert_eq!(
        system
            .post(&doctor("pieno"), "/i-miei-assistiti/ricusa", &form)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        system
            .post(&doctor("neri"), "/i-miei-assistiti/ricusa", &form)
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    system.settle_well().await;
    let desk_page = system.get(&desk(), "/anagrafe/scelta").await.text;
    let at = desk_page.find("/anagrafe/scelta/richieste/").unwrap();
    let path: String = desk_page[at..].chars().take_while(|c| *c != '"').collect();
    system.post(&desk(), &path, &[("esito", "accolta")]).await;
    system.settle_well().await;
    assert!(doctor_of(&system, "anna").await.is_some(), "the notice runs");
    system.clock.advance(SignedDuration::from_hours(24 * 17));
    system.settle_well().await;
    assert_eq!(doctor_of(&system, "anna").await, None);
    let page = choose(&system, &anna(), &[("medico", "neri")]).await;
    assert!(page.contains("Il medico ha ricusato questa persona"), "{page}");
    let movements = system
        .get(
            &doctor("neri"),
            "/i-miei-assistiti/movimenti?da=2026-11-01&a=2026-12-31",
        )
        .await
        .text;
    assert!(movements.contains("INGRESSO;;mmg;RSSNNA80C42F839W"), "{movements}");
    assert!(movements.contains("USCITA;ricusazione;mmg"), "{movements}");
}
