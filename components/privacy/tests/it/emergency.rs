//! Emergency access: who, with which reason, for how long, to what.

use crate::world::{Browser, CODE, Reply, World, found};
use access::Actor;
use http::StatusCode;

const REASON: &str = "Persona incosciente in pronto soccorso.";

pub async fn form(browser: &Browser) -> Reply {
    browser.post("/emergenza/cerca", &[("cf", CODE)]).await
}

pub async fn open_with(browser: &Browser, grant: &str, change: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("cf", CODE),
        ("accesso", grant),
        ("motivo", "incoscienza"),
        ("spiegazione", REASON),
        ("conferma", "1"),
    ];
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    browser.post("/emergenza/apri", &fields).await
}

/// Opens the stranger's data for the emergency doctor.
pub async fn opened(world: &World) -> Browser {
    let doctor = world.browser("er").await;
    let grant = form(&doctor).await.field("accesso");
    let answer = open_with(&doctor, &grant, &[]).await;
    assert_eq!(
        (answer.status, answer.to.as_str()),
        (StatusCode::SEE_OTHER, "/assistiti/stranger"),
        "{}",
        answer.text
    );
    doctor
}

#[tokio::test]
async fn it_opens_that_person_at_once_and_ends_at_the_minute() {
    let world = World::new().await;
    assert!(!world.sees("er", "medico", "c-stranger").await);
    let doctor = opened(&world).await;
    assert!(world.sees("er", "medico", "c-stranger").await);
    assert!(!world.sees("er", "medico", "c-mine").await, "nobody else's data open");
    assert!(!world.sees("cm", "case-manager", "c-stranger").await, "to nobody else");
    let page = doctor.get("/emergenza").await;
    assert!(
        page.text.contains("sf-emergency") && page.text.contains("restano 60 minuti"),
        "{}",
        page.text
    );
    assert!(page.text.contains("11:00"), "Italian time of the end");
    world.minutes(59);
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.minutes(1);
    assert!(!world.sees("er", "medico", "c-stranger").await, "it ends at the minute");
    assert!(!doctor.get("/emergenza").await.text.contains("sf-emergency"));
}

#[tokio::test]
async fn it_is_closed_early_by_who_opened_it_only() {
    let world = World::new().await;
    let doctor = opened(&world).await;
    let page = doctor.get("/emergenza").await;
    let path = page.text.split("action=\"").find_map(|rest| {
        let path = rest.split('"').next()?;
        path.ends_with("/chiudi").then(|| path.to_owned())
    });
    let path = path.expect("the banner closes it");
    let other = world.browser("gp").await;
    assert_eq!(other.post(&path, &[]).await.status, StatusCode::NOT_FOUND);
    assert!(world.sees("er", "medico", "c-stranger").await);
    assert_eq!(doctor.post(&path, &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!world.sees("er", "medico", "c-stranger").await);
}

#[tokio::test]
async fn without_a_reason_or_the_right_role_nothing_opens() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let grant = form(&doctor).await.field("accesso");
    for change in [
        [("motivo", "curiosita")],
        [("spiegazione", "perché sì")],
        [("spiegazione", "          ")],
        [("conferma", "")],
        [("accesso", "x")],
        [("cf", "VRDNNA70A41F839Z")],
    ] {
        let answer = open_with(&doctor, &grant, &change).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{change:?}");
    }
    assert!(!world.sees("er", "medico", "c-stranger").await);
    // The form of an hour ago is no form.
    world.minutes(31);
    let doctor = world.browser("er").await;
    assert_eq!(
        open_with(&doctor, &grant, &[]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    for who in ["cm", "dpo", "root", "anna"] {
        let other = world.browser(who).await;
        assert_eq!(other.get("/emergenza").await.status, StatusCode::FORBIDDEN, "{who}");
        assert_eq!(
            open_with(&other, &grant, &[]).await.status,
            StatusCode::FORBIDDEN,
            "{who}"
        );
    }
}

/// Accesses about somebody that the record holds of a doctor.
async fn recorded(world: &World, path: &str) -> usize {
    world.settle().await;
    let officer = world.browser("dpo").await;
    let csv = officer
        .get("/ufficio-privacy/registro.csv?assistito=stranger")
        .await
        .text;
    csv.lines().filter(|line| line.contains(path)).count()
}

#[tokio::test]
async fn a_form_that_fails_still_names_in_the_record_whom_it_showed() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let grant = form(&doctor).await.field("accesso");
    assert_eq!(recorded(&world, "/emergenza/apri").await, 0);
    let refused = open_with(&doctor, &grant, &[("conferma", "")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text.contains("Verdi Anna"));
    assert_eq!(recorded(&world, "/emergenza/apri").await, 1);
    assert_eq!(open_with(&doctor, &grant, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(recorded(&world, "/emergenza/apri").await, 2);
}

#[tokio::test]
async fn the_access_has_an_id_that_nobody_knows_before_it_is_open() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let stamp = form(&doctor).await.field("accesso");
    assert_eq!(open_with(&doctor, &stamp, &[]).await.status, StatusCode::SEE_OTHER);
    world.settle().await;
    let notices = found(
        &world.fhir(&Actor::system()),
        "Communication",
        &[("patient", "stranger")],
    )
    .await;
    let id = notices[0]["id"].as_str().unwrap();
    assert!(id.starts_with("avviso-") && !id.contains(&stamp), "{id}");
}

#[tokio::test]
async fn what_the_citizen_is_told_nobody_changes_takes_away_or_forges() {
    let world = World::new().await;
    let gp = world.browser("gp").await;
    let stamp = gp.get("/sblocco/mine").await.field("accesso");
    let fields = [
        ("accesso", stamp.as_str()),
        ("categoria", "hiv"),
        ("consenso", "emergenza"),
        ("spiegazione", "Parole libere che non si dicono."),
        ("conferma", "1"),
    ];
    assert_eq!(gp.post("/sblocco/mine", &fields).await.status, StatusCode::SEE_OTHER);
    world.settle().await;
    let system = world.fhir(&Actor::system());
    let notice = found(&system, "Communication", &[("patient", "mine")]).await.remove(0);
    let id = notice["id"].as_str().unwrap();
    assert!(!notice.to_string().contains("Parole libere"));
    // The chosen doctor, who may write Communications about the person, neither sees nor touches it.
    let doctor = world.fhir(&World::actor("gp", "mmg"));
    assert!(doctor.find("Communication", id).await.unwrap().is_none());
    let mut changed = notice.clone();
    changed["payload"][0]["contentString"] = serde_json::json!("Niente di importante.");
    assert!(doctor.update(&changed).await.is_err());
    changed.as_object_mut().unwrap().remove("meta");
    assert!(doctor.update(&changed).await.is_err());
    let _ = doctor.delete("Communication", id).await;
    assert_eq!(
        system.read("Communication", id).await.unwrap()["payload"],
        notice["payload"]
    );
    // What the doctor writes is no notice, and cannot be labelled as one.
    let mut forged = changed.clone();
    forged.as_object_mut().unwrap().remove("id");
    doctor.create(&forged).await.unwrap();
    forged["meta"] = notice["meta"].clone();
    assert!(doctor.create(&forged).await.is_err());
    let page = world.browser("carla").await.get("/avvisi-privacy").await.text;
    assert!(
        page.contains("dati che la legge protegge") && !page.contains("Niente di importante"),
        "{page}"
    );
    // A parent is not told of what is hidden from a parent.
    let mut parent = World::actor("x", "assistito");
    (parent.subject, parent.acts_for) = ("Patient/stranger".into(), Some("Patient/mine".into()));
    assert!(world.fhir(&parent).find("Communication", id).await.unwrap().is_none());
}

#[tokio::test]
async fn two_clicks_open_one() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let (one, other) = (
        form(&doctor).await.field("accesso"),
        form(&doctor).await.field("accesso"),
    );
    let clicks = futures::join!(
        open_with(&doctor, &one, &[]),
        open_with(&doctor, &one, &[]),
        open_with(&doctor, &other, &[])
    );
    for click in [clicks.0, clicks.1, clicks.2] {
        assert_eq!(click.status, StatusCode::SEE_OTHER);
    }
    world.settle().await;
    let system = world.fhir(&Actor::system());
    let notices = found(&system, "Communication", &[("patient", "stranger")]).await;
    assert_eq!(notices.len(), 1, "{notices:#?}");
    let officer = world.fhir(&World::actor("dpo", "dpo"));
    assert_eq!(found(&officer, "Task", &[("status", "ready")]).await.len(), 1);
}

#[tokio::test]
async fn more_time_needs_another_reason() {
    let world = World::new().await;
    let doctor = opened(&world).await;
    let page = doctor.get("/emergenza").await;
    let path = page.text.split("href=\"").find_map(|rest| {
        let path = rest.split('"').next()?;
        path.ends_with("/proroga").then(|| path.to_owned())
    });
    let path = path.expect("the banner offers it");
    world.minutes(50);
    let doctor = world.browser("er").await;
    let grant = doctor.get(&path).await.field("accesso");
    let mut fields = vec![
        ("accesso", grant.as_str()),
        ("motivo", "incoscienza"),
        ("conferma", "1"),
    ];
    assert_eq!(
        doctor.post(&path, &fields).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    fields.push(("spiegazione", "Ancora incosciente, in attesa della TAC."));
    assert_eq!(doctor.post(&path, &fields).await.status, StatusCode::SEE_OTHER);
    // A second click finds the one that is open.
    assert_eq!(doctor.post(&path, &fields).await.to, "/assistiti/stranger");
    world.minutes(59);
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.minutes(1);
    assert!(!world.sees("er", "medico", "c-stranger").await);
    world.settle().await;
    let officer = world.fhir(&World::actor("dpo", "dpo"));
    assert_eq!(
        found(&officer, "Task", &[("status", "ready")]).await.len(),
        2,
        "each has its review"
    );
}

#[tokio::test]
async fn the_search_tells_of_one_exact_person_or_of_nobody() {
    let world = World::new().await;
    let doctor = world.browser("er").await;
    let nobody = doctor.post("/emergenza/cerca", &[("cf", "AAAAAA00A00A000A")]).await;
    assert_eq!(nobody.status, StatusCode::OK);
    let name = |cognome: &'static str, nome: &'static str, nascita: &'static str| {
        [("cognome", cognome), ("nome", nome), ("nascita", nascita)]
    };
    for (sought, what) in [
        (name("Ver", "Anna", "1970-01-01"), "the beginning of a name"),
        (name("Verdi", "A", "1970-01-01"), "the beginning of a given name"),
        (name("Verdi", "", "1970-01-01"), "no given name"),
        (name("Verdi", "Anna", "1970"), "a year"),
        (name("Verdi", "Anna", "1970-01-02"), "another day"),
        (name("*", "*", "1970-01-01"), "signs"),
    ] {
        let answer = doctor.post("/emergenza/cerca", &sought).await;
        assert_eq!(answer.plain(), nobody.plain(), "{what}");
    }
    let exact = doctor
        .post("/emergenza/cerca", &name("verdi", "ANNA", "1970-01-01"))
        .await;
    assert!(exact.text.contains("Verdi Anna") && exact.text.contains("Napoli"));
    for secret in ["Via Roma", "stranger", "042", CODE] {
        assert!(!exact.text.contains(secret), "identity only, without '{secret}'");
    }
    // The search is no tie.
    let found = found(
        &world.fhir(&World::actor("er", "medico")),
        "Patient",
        &[("identifier", CODE)],
    )
    .await;
    assert_eq!(found.len(), 0);
    // Twenty in an hour.
    for _ in 0..20 {
        form(&doctor).await;
    }
    assert_eq!(form(&doctor).await.status, StatusCode::TOO_MANY_REQUESTS);
    world.minutes(61);
    let doctor = world.browser("er").await;
    assert_eq!(form(&doctor).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_has_a_tie_needs_no_emergency() {
    let world = World::new().await;
    let gp = world.browser("gp").await;
    let page = gp.post("/emergenza/cerca", &[("cf", "BNCCRL70A41F839Y")]).await;
    assert!(page.text.contains("/assistiti/mine") && !page.text.contains("/emergenza/apri"));
}

#[tokio::test]
async fn the_citizen_reads_of_it_and_nobody_else_does() {
    let world = World::new().await;
    opened(&world).await;
    world.settle().await;
    let citizen = world.browser("anna").await;
    let page = citizen.get("/avvisi-privacy").await;
    assert!(
        page.text.contains(REASON) && page.text.contains("in emergenza"),
        "{}",
        page.text
    );
    let other = world.browser("carla").await.get("/avvisi-privacy").await;
    assert!(!other.text.contains(REASON));
    // What the office reads is the office's.
    let system = found(&world.fhir(&Actor::system()), "Communication", &[]).await;
    assert_eq!(system.len(), 2);
    let restricted = [("_security", "https://sinfonia.it/fhir/CodeSystem/riservatezza|DPO")];
    for (id, role, sees) in [
        ("dpo", "dpo", 0),
        ("gp", "mmg", 0),
        ("root", "admin", 0),
        ("er", "medico", 0),
    ] {
        let seen = found(&world.fhir(&World::actor(id, role)), "Communication", &restricted).await;
        assert_eq!(seen.len(), sees, "{role}");
    }
}
