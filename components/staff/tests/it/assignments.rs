use crate::system::{System, actor, doctor, office};
use http::StatusCode;
use jiff::SignedDuration;

const GIVE: [(&str, &str); 6] = [
    ("struttura", "reparto"),
    ("ruolo", "medico"),
    ("disciplina", "08"),
    ("contratto", "dipendente"),
    ("dal", "2026-01-01"),
    ("principale", "si"),
];

async fn give(system: &System, who: &str, form: &[(&str, &str)]) -> String {
    let path = format!("/personale/persone/{who}/incarichi/nuovo");
    let reply = system.post(&office(), &path, form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let found = system
        .fhir()
        .search("PractitionerRole", &[("practitioner", who), ("_sort", "-_lastUpdated")])
        .await;
    found.unwrap()[0]["id"].as_str().unwrap().to_owned()
}

async fn version(system: &System, id: &str) -> String {
    let role = system.fhir().read("PractitionerRole", id).await.unwrap();
    role["meta"]["versionId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_opens_with_its_minute_and_closes_with_it_in_open_sessions_too() {
    let system = System::open().await;
    let role = give(&system, "doc", &GIVE).await;
    let open = system.session("doc").await;
    assert_eq!(system.get_in(&open, "/personale").await, StatusCode::OK);
    let end = [
        ("versione", version(&system, &role).await),
        ("quando", "subito".into()),
        ("motivo", "Dimissioni".into()),
    ];
    let end: Vec<(&str, &str)> = end.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let path = format!("/personale/incarichi/{role}/fine");
    let seen = system.get(&office(), &path).await;
    assert!(seen.text.contains("unico incarico attivo"), "{}", seen.text);
    let ended = system.post(&office(), &path, &end).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.text);
    system.clock.advance(SignedDuration::from_secs(1));
    for page in ["/personale", "/personale/persone/inf", "/staff/people"] {
        assert_eq!(system.get_in(&open, page).await, StatusCode::FORBIDDEN, "{page}");
    }
    // Given again from tomorrow: tomorrow, and not before. The session is still the same one.
    let mut later = GIVE;
    later[4].1 = "2026-11-23";
    give(&system, "doc", &later).await;
    assert_eq!(system.get_in(&open, "/personale").await, StatusCode::FORBIDDEN);
    system.clock.set("2026-11-23T00:00:00Z".parse().unwrap());
    let again = system.sign_in("doc").await;
    assert_eq!(system.get_in(&again, "/personale").await, StatusCode::OK);
}

#[tokio::test]
async fn the_rules_hold_when_two_offices_write_at_the_same_moment() {
    let system = System::open().await;
    let mut other = GIVE;
    other[0].1 = "casa";
    let path = "/personale/persone/doc/incarichi/nuovo";
    let (me, you) = (
        office(),
        actor("Practitioner/collega", "ufficio-personale", Some("asl")),
    );
    let (a, b) = tokio::join!(system.post(&me, path, &GIVE), system.post(&you, path, &other));
    let done = [&a, &b]
        .iter()
        .filter(|one| one.status == StatusCode::SEE_OTHER)
        .count();
    assert_eq!(done, 1, "{} {}", a.status, b.status);
    let refused = system.post(&me, path, &other).await;
    let again = system.post(&me, path, &GIVE).await;
    let texts = format!("{}{}", refused.text, again.text);
    assert!(
        texts.contains("due incarichi principali") && texts.contains("due volte lo stesso ruolo"),
        "{texts}"
    );
    let mut convention = other;
    (convention[3].1, convention[5].1) = ("convenzionato", "no");
    convention[0].1 = "ospedale";
    let refused = system.post(&me, path, &convention).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("non possono stare insieme") && refused.text.contains("412"),
        "{}",
        refused.text
    );
    let own = system
        .post(&office(), "/personale/persone/ufficio/incarichi/nuovo", &GIVE)
        .await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "nobody gives to oneself");
    let list = system
        .get(&doctor(), "/personale?struttura=asl&disciplina=08&stato=attivi")
        .await
        .text;
    assert!(
        list.contains("Niccolò D&#39;Amico") && !list.contains("Esposito"),
        "{list}"
    );
}

#[tokio::test]
async fn what_was_true_is_told_apart_from_what_was_known() {
    let system = System::open().await;
    let role = give(&system, "doc", &GIVE).await;
    system.clock.advance(SignedDuration::from_hours(24 * 10));
    // Ten days later it turns out that it was another unit all the time.
    let mut corrected: Vec<(&str, String)> = GIVE.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    corrected[0].1 = "casa".into();
    corrected.push(("versione", version(&system, &role).await));
    let form: Vec<(&str, &str)> = corrected.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let path = format!("/personale/incarichi/{role}");
    assert_eq!(system.post(&office(), &path, &form).await.status, StatusCode::SEE_OTHER);
    let then = async |known: &str| {
        let page = system
            .get(
                &office(),
                &format!("/personale/persone/doc/storia?vero=2026-11-23&saputo={known}"),
            )
            .await;
        page.text.split("versioni").next().unwrap().to_owned()
    };
    assert!(
        then("2026-11-23").await.contains("Cardiologia ·") || then("2026-11-23").await.contains("Medico · Cardiologia")
    );
    assert!(then("2026-12-02").await.contains("Medico · Casa della Comunità"));
    let before = system
        .get(
            &office(),
            "/personale/persone/doc/storia?vero=2025-11-23&saputo=2026-12-02",
        )
        .await
        .text;
    assert!(before.split("versioni").next().unwrap().contains("Nessun incarico"));
}
