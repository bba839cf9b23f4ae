//! Choice, change, revocation and refusal of the doctor.

use crate::system::{System, anna, anna_for, desk, doctor};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;
use store::Clock as _;

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
        list.text.contains("Dott. neri") && list.text.contains("1.500 posti liberi"),
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
    assert!(list.text.contains("1.499 posti liberi"), "{}", list.text);

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

/// To a day, at noon, with the jobs of the days between.
async fn until(system: &System, day: &str) {
    let now = system.clock.now();
    let then: jiff::Timestamp = format!("{day}T11:00:00Z").parse().unwrap();
    system.clock.advance(then.duration_since(now));
    system.settle_well().await;
}

/// What a person was told: ids and texts of the notices.
async fn told(system: &System, patient: &str) -> Vec<String> {
    let found = system
        .search("Communication", &[("subject", &format!("Patient/{patient}"))])
        .await;
    let text = |one: &Value| one["payload"][0]["contentString"].as_str().unwrap().to_owned();
    found.iter().map(text).collect()
}

#[tokio::test]
async fn who_grows_out_of_the_paediatrician_is_told_before_and_left_on_the_day() {
    let system = System::open().await;
    let dino = anna_for("dino");
    let page = choose(&system, &dino, &[("medico", "bianchi")]).await;
    assert!(page.contains("registrata"), "{page}");
    assert_eq!(open_choices(&system, "dino").await[0]["period"]["end"], "2027-01-09");
    until(&system, "2026-12-09").await;
    assert_eq!(told(&system, "dino").await, Vec::<String>::new(), "a month before");
    assert!(!system.get(&dino, PAGE).await.text.contains("Questa scelta finisce"));
    until(&system, "2026-12-11").await;
    let notices = told(&system, "dino").await;
    assert!(
        notices.len() == 1 && notices[0].contains("9 gennaio 2027") || notices[0].contains("09/01/2027"),
        "{notices:?}"
    );
    assert!(system.get(&dino, PAGE).await.text.contains("Questa scelta finisce"));
    until(&system, "2027-01-09").await;
    assert_eq!(told(&system, "dino").await.len(), 1, "once");
    assert_eq!(
        doctor_of(&system, "dino").await.as_deref(),
        Some("Practitioner/bianchi"),
        "the last day"
    );
    until(&system, "2027-01-11").await;
    assert_eq!(
        (
            doctor_of(&system, "dino").await,
            open_choices(&system, "dino").await.len()
        ),
        (None, 0)
    );
    let ended = system.search("EpisodeOfCare", &[("patient", "dino")]).await;
    assert_eq!(
        (&ended[0]["status"], &ended[0]["period"]["end"]),
        (&"finished".into(), &"2027-01-09".into())
    );
    // at fourteen: not the paediatrician without a ground, but any family doctor
    let page = choose(&system, &dino, &[("medico", "bianchi")]).await;
    assert!(page.contains("Compiuti 14 anni"), "{page}");
    let page = choose(&system, &dino, &[("medico", "neri")]).await;
    assert!(page.contains("registrata"), "{page}");
}

#[tokio::test]
async fn with_a_ground_and_the_paediatrician_s_word_one_stays_until_sixteen() {
    let system = System::open().await;
    let dino = anna_for("dino");
    let stay = [("medico", "bianchi"), ("motivo14", "patologia-cronica")];
    // too early, the ground changes nothing: it is a choice as any other
    choose(&system, &dino, &stay).await;
    assert_eq!(open_choices(&system, "dino").await[0]["period"]["end"], "2027-01-09");
    let page = choose(&system, &dino, &stay).await;
    assert!(page.contains("È già il medico di questa persona"), "{page}");
    until(&system, "2026-12-20").await;
    let page = choose(&system, &dino, &stay).await;
    assert!(page.contains("in corso"), "the paediatrician answers first: {page}");
    let pls = crate::system::actor("Practitioner/bianchi", "pls", Some("asl"));
    let panel = system.get(&pls, "/i-miei-assistiti").await.text;
    let at = panel.find("/i-miei-assistiti/richieste/").unwrap();
    let path: String = panel[at..].chars().take_while(|c| *c != '"').collect();
    system.post(&pls, &path, &[("risposta", "accettata")]).await;
    system.settle_well().await;
    let open = open_choices(&system, "dino").await;
    assert_eq!(
        (open.len(), &open[0]["period"]["end"]),
        (1, &"2029-01-09".into()),
        "{open:#?}"
    );
    until(&system, "2027-01-11").await;
    assert_eq!(
        doctor_of(&system, "dino").await.as_deref(),
        Some("Practitioner/bianchi")
    );
    for day in ["2027-12-01", "2028-12-20", "2029-01-11"] {
        until(&system, day).await;
    }
    assert_eq!(
        (
            doctor_of(&system, "dino").await,
            open_choices(&system, "dino").await.len()
        ),
        (None, 0)
    );
    assert_eq!(told(&system, "dino").await.len(), 2, "before either end");
    let page = choose(&system, &dino, &stay).await;
    assert!(page.contains("Compiuti 16 anni"), "{page}");
}

#[tokio::test]
async fn from_six_on_a_family_doctor_can_be_chosen() {
    let system = System::open().await;
    let child = anna_for("bimbo");
    until(&system, "2028-04-30").await;
    let page = choose(&system, &child, &[("medico", "neri")]).await;
    assert!(page.contains("Fino a 6 anni si sceglie il pediatra"), "{page}");
    until(&system, "2028-05-01").await;
    let page = choose(&system, &child, &[("medico", "neri")]).await;
    assert!(page.contains("registrata"), "the sixth birthday: {page}");
    assert_eq!(doctor_of(&system, "bimbo").await.as_deref(), Some("Practitioner/neri"));
}

#[tokio::test]
async fn a_choice_for_a_time_is_told_of_and_ends() {
    let system = System::open().await;
    let page = choose(&system, &anna(), &[("medico", "neri"), ("fine", "2027-03-31")]).await;
    assert!(page.contains("registrata"), "{page}");
    until(&system, "2027-03-10").await;
    let notices = told(&system, "anna").await;
    assert!(notices.len() == 1 && notices[0].contains("a tempo"), "{notices:?}");
    until(&system, "2027-03-31").await;
    assert!(doctor_of(&system, "anna").await.is_some(), "the last day");
    until(&system, "2027-04-02").await;
    assert_eq!(
        (
            doctor_of(&system, "anna").await,
            open_choices(&system, "anna").await.len()
        ),
        (None, 0)
    );
    // for a child it does not outlast the age
    let page = choose(
        &system,
        &anna_for("dino"),
        &[("medico", "bianchi"), ("fine", "2027-12-31")],
    )
    .await;
    assert!(page.contains("Compiuti 14 anni"), "{page}");
}

#[tokio::test]
async fn of_many_doctors_those_near_by_are_read() {
    let system = System::open().await;
    for n in 0..65 {
        system.add_doctor(&format!("vicino{n}"), "mmg", None, "ambito").await;
    }
    let list = system.get(&anna(), "/il-mio-medico/scegli").await.text;
    assert_eq!(list.matches("Dott. ").count(), 20, "{list}");
    assert!(list.contains("2,7 km"), "{list}");
    // the nearest first: one next door to the town hall goes before the others
    let mut door = system.read("Location", "studio-vicino64").await;
    door["position"] = serde_json::json!({"latitude": 40.8569, "longitude": 14.239});
    system.put(&door).await;
    let list = system.get(&anna(), "/il-mio-medico/scegli").await.text;
    assert!(list.contains("Dott. vicino64"), "{list}");
    // chosen as any other
    let page = choose(&system, &anna(), &[("medico", "vicino64")]).await;
    assert!(page.contains("registrata"), "{page}");
}
