//! From the ministry's lists to a change that takes effect on its day.

use crate::system::{System, actor, manager, office};
use access::Actor;
use facilities::seed::seed;
use jiff::SignedDuration;
use serde_json::Value;

const HOSPITAL: &str = "/strutture/hsp-150901";

/// With the ministry's lists.
pub async fn filled() -> System {
    let system = System::open().await;
    let fhir = system.context.peers.fhir(&Actor::system());
    let first = seed(&fhir).await.unwrap();
    assert!(first.new > 400 && first.same == 0, "{first:?}");
    let again = seed(&fhir).await.unwrap();
    assert_eq!(
        (again.new, again.changed, again.same),
        (0, 0, first.new),
        "loaded twice, it is the same"
    );
    system
}

#[tokio::test]
async fn structures_are_found_shown_and_exported() {
    let system = filled().await;
    let who = manager();
    let found = system.get(&who, "/strutture?q=cardareli&comune=napoli").await;
    assert!(
        found.text.contains("Cardarelli") && found.text.contains("Una struttura."),
        "{}",
        found.text
    );
    let hospitals = system.get(&who, "/strutture?tipo=ospedale&asl=asl-150202").await;
    assert!(hospitals.text.contains("8 strutture."), "{}", hospitals.text);
    let one = system.get(&who, HOSPITAL).await;
    for expected in [
        "150901",
        "Regione Campania",
        "ASL Napoli 1 Centro",
        "Chiedi una variazione",
    ] {
        assert!(one.text.contains(expected), "{expected}: {}", one.text);
    }
    let near = system.get(&who, "/mappa?vicino=via+Roma+1,+Aversa&tipo=ospedale").await;
    assert!(
        near.text.contains("Aversa") && near.text.contains("data-lat"),
        "{}",
        near.text
    );
    assert!(
        system
            .get(&who, "/mappa?vicino=chissà+dove")
            .await
            .text
            .contains("Non conosciamo")
    );
    let all: Value = serde_json::from_str(&system.get(&who, "/facilities/structures").await.text).unwrap();
    let count = all["structures"].as_array().unwrap().len();
    assert_eq!(
        count,
        147 - 11,
        "the buildings of hospitals that are not listed any more are not in use"
    );
    let csv = system.get(&who, "/facilities/structures.csv").await.text;
    assert_eq!(csv.lines().count(), count + 1);
    let points: Value = serde_json::from_str(&system.get(&who, "/facilities/structures.geojson").await.text).unwrap();
    assert_eq!(
        points["features"].as_array().unwrap().len(),
        count - 1,
        "the region itself has no place"
    );
    let described: Value = serde_json::from_str(&system.get(&who, "/facilities/catalogue.jsonld").await.text).unwrap();
    assert_eq!(
        described["dcat:dataset"][0]["dcat:distribution"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn an_approved_change_takes_effect_on_its_day_and_the_past_stays() {
    let system = filled().await;
    let now = store::Clock::now(&*system.clock);
    let day = web::local_date(now + SignedDuration::from_hours(72));
    let today = web::local_date(now).to_string();
    let from = day.to_string();
    let form = [
        ("tipo", "posti-letto"),
        ("disciplina", "08"),
        ("nome-disciplina", "Cardiologia"),
        ("numero", "12"),
        ("decorrenza", from.as_str()),
        ("motivo", "Nuovo reparto"),
    ];
    let elsewhere = system.post(&manager(), "/strutture/hsp-150909/variazione", &form).await;
    assert_eq!(elsewhere.status, 403, "another's structure");
    let sent = system.post(&manager(), &format!("{HOSPITAL}/variazione"), &form).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let request = sent.location.clone();
    assert_eq!(
        system.post(&manager(), &request, &[("esito", "accolta")]).await.status,
        403,
        "the office decides"
    );
    assert_eq!(
        system.post(&office(), &request, &[("esito", "respinta")]).await.status,
        422,
        "a refusal has a reason"
    );
    assert_eq!(
        system.post(&office(), &request, &[("esito", "accolta")]).await.status,
        303
    );
    system.settle().await;
    assert!(
        system
            .get(&manager(), &request)
            .await
            .text
            .contains("in attesa del giorno")
    );
    assert!(
        !system.get(&manager(), HOSPITAL).await.text.contains("Cardiologia"),
        "not before its day"
    );
    system.clock.set(now + SignedDuration::from_hours(96));
    system.settle().await;
    assert!(system.get(&manager(), &request).await.text.contains("nel registro"));
    let after = system.get(&manager(), HOSPITAL).await.text;
    assert!(
        after.contains("Cardiologia") && after.contains("Posti letto in tutto: 12."),
        "{after}"
    );
    for past in [format!("{HOSPITAL}?al={today}"), format!("{HOSPITAL}?noto={today}")] {
        let then = system.get(&manager(), &past).await.text;
        assert!(
            !then.contains("Cardiologia") && then.contains("150901"),
            "{past}: {then}"
        );
    }
    assert_eq!(
        system.post(&office(), &request, &[("esito", "accolta")]).await.status,
        409,
        "decided already"
    );
}

#[tokio::test]
async fn the_region_lists_and_fhir_agree_on_what_is_near() {
    let system = filled().await;
    let fhir = system.context.peers.fhir(&Actor::system());
    let near = fhir
        .search("Location", &[("near", "40.8663|14.2262|0.2|km")])
        .await
        .unwrap();
    assert!(near.iter().any(|one| one["id"] == "sede-hsp-150901"), "{near:?}");
    let of = fhir
        .search(
            "OrganizationAffiliation",
            &[("participating-organization", "Organization/hsp-150901")],
        )
        .await;
    assert_eq!(of.unwrap().len(), 2, "part of the region, in the territory of an ASL");
    let typed = format!("{}|presidio", "https://sinfonia.it/fhir/CodeSystem/tipo-struttura");
    let hospitals = fhir
        .count(
            "Organization",
            &[("type", &typed), ("partof", "Organization/asl-150201")],
        )
        .await;
    assert_eq!(hospitals.unwrap(), 2);
}

#[tokio::test]
async fn the_document_of_an_accreditation_is_public_once_it_is_approved() {
    let system = filled().await;
    let today = web::local_date(store::Clock::now(&*system.clock)).to_string();
    let form = [
        ("tipo", "titolo"),
        ("titolo", "accreditamento"),
        ("atto", "DCA 5/2026"),
        ("ente", "Regione Campania"),
        ("scadenza", "2029-12-31"),
        ("decorrenza", today.as_str()),
        ("motivo", "Rinnovo"),
    ];
    let ask = format!("{HOSPITAL}/variazione");
    let picture = ("documento", "atto.pdf", "GIF89a");
    assert_eq!(
        system.upload(&manager(), &ask, &form, picture).await.status,
        422,
        "no PDF"
    );
    let sent = system
        .upload(&manager(), &ask, &form, ("documento", "atto.pdf", "%PDF-1.7 prova"))
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let id = sent.location.rsplit('/').next().unwrap().to_owned();
    let document = format!("/strutture/documenti/{id}");
    let citizen = actor("Patient/p", "assistito", None);
    assert_eq!(system.get(&citizen, &document).await.status, 404, "nobody decided yet");
    assert_eq!(system.get(&office(), &document).await.text, "%PDF-1.7 prova");
    assert!(system.get(&office(), &sent.location).await.text.contains(&document));
    let decided = system.post(&office(), &sent.location, &[("esito", "accolta")]).await;
    assert_eq!(decided.status, 303);
    system.settle().await;
    system
        .clock
        .set(store::Clock::now(&*system.clock) + SignedDuration::from_secs(10));
    let shown = system.get(&citizen, HOSPITAL).await.text;
    assert!(shown.contains("DCA 5/2026") && shown.contains(&document), "{shown}");
    assert_eq!(system.get(&citizen, &document).await.text, "%PDF-1.7 prova");
}

#[tokio::test]
async fn the_api_searches_as_the_pages_do() {
    let system = filled().await;
    let who = manager();
    let asked = "/facilities/search?vicino=via+Roma+1,+Aversa&tipo=ospedale";
    let found: Value = serde_json::from_str(&system.get(&who, asked).await.text).unwrap();
    assert_eq!(
        found["found"][0]["structure"]["city"], "Aversa",
        "{}",
        found["found"][0]
    );
    assert!(found["found"][0]["distance_km"].as_f64().unwrap() <= found["found"][1]["distance_km"].as_f64().unwrap());
    let slip: Value = serde_json::from_str(
        &system
            .get(&who, "/facilities/search?q=cardareli&comune=napoli")
            .await
            .text,
    )
    .unwrap();
    assert_eq!(
        (slip["total"].as_u64(), slip["found"][0]["structure"]["id"].as_str()),
        (Some(1), Some("hsp-150901"))
    );
    assert_eq!(system.get(&who, "/facilities/search?vicino=chissà").await.status, 422);
}

#[tokio::test]
async fn a_ward_that_somebody_asks_for_stands_once_another_approved_it() {
    let system = filled().await;
    let today = web::local_date(store::Clock::now(&*system.clock)).to_string();
    let ask = format!("{HOSPITAL}/variazione");
    let form = |place, code| {
        [
            ("tipo", "nuova-struttura"),
            ("nome", "Medicina del sonno"),
            ("genere", "reparto"),
            ("comune", place),
            ("codice", code),
            ("decorrenza", today.as_str()),
        ]
    };
    let shown = system
        .get(&manager(), &format!("{ask}?tipo=nuova-struttura"))
        .await
        .text;
    assert!(shown.contains("Reparto") && !shown.contains("value=\"asl\""), "{shown}");
    for (place, code) in [("Atlantide", ""), ("", "15"), ("", "150909")] {
        let wrong = system.post(&manager(), &ask, &form(place, code)).await;
        assert_eq!(wrong.status, 422, "{place} {code}");
    }
    let own = system.post(&office(), &ask, &form("", "")).await;
    assert_eq!(own.status, 303, "{}", own.text);
    let own = system.post(&office(), &own.location, &[("esito", "accolta")]).await;
    assert_eq!(own.status, 403, "another than who asked decides");
    let sent = system.post(&manager(), &ask, &form("", "")).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert!(
        !system
            .get(&manager(), HOSPITAL)
            .await
            .text
            .contains("Medicina del sonno")
    );
    let decided = system.post(&office(), &sent.location, &[("esito", "accolta")]).await;
    assert_eq!(decided.status, 303, "{}", decided.text);
    system.settle().await;
    system
        .clock
        .set(store::Clock::now(&*system.clock) + SignedDuration::from_secs(10));
    let shown = system.get(&manager(), HOSPITAL).await.text;
    assert!(shown.contains("Medicina del sonno"), "{shown}");
    let id = format!("uo-{}", sent.location.rsplit('/').next().unwrap());
    let ward = system.get(&manager(), &format!("/strutture/{id}")).await.text;
    assert!(
        ward.contains("Napoli") && ward.contains("Chiedi una variazione"),
        "{ward}"
    );
}

#[tokio::test]
async fn a_single_service_has_hours_of_its_own() {
    let system = filled().await;
    let today = web::local_date(store::Clock::now(&*system.clock)).to_string();
    let ask = format!("{HOSPITAL}/variazione");
    for form in [
        vec![
            ("tipo", "servizio"),
            ("servizio", "89.52"),
            ("decorrenza", today.as_str()),
        ],
        vec![
            ("tipo", "orari-servizio"),
            ("servizio", "89.52"),
            ("orari", "mar 09:10-11:20"),
            ("decorrenza", today.as_str()),
        ],
    ] {
        let sent = system.post(&manager(), &ask, &form).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        let decided = system.post(&office(), &sent.location, &[("esito", "accolta")]).await;
        assert_eq!(decided.status, 303, "{}", decided.text);
        system.settle().await;
        system
            .clock
            .set(store::Clock::now(&*system.clock) + SignedDuration::from_secs(10));
    }
    let shown = system.get(&manager(), HOSPITAL).await.text;
    assert!(shown.contains("09:10"), "{shown}");
    let wrong = [
        ("tipo", "orari-servizio"),
        ("servizio", "89.52"),
        ("orari", "quando capita"),
        ("decorrenza", today.as_str()),
    ];
    assert_eq!(system.post(&manager(), &ask, &wrong).await.status, 422);
}
