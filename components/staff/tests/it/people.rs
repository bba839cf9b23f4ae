use crate::system::{System, anna, doctor, office};
use http::StatusCode;

const ROSSI: [(&str, &str); 6] = [
    ("cognome", "Rossi"),
    ("nome", "Mario"),
    ("codice_fiscale", "rssmra80a01h501u"),
    ("nascita", "1980-01-01"),
    ("sesso", "M"),
    ("titolo", "Dott."),
];

#[tokio::test]
async fn a_person_is_recorded_once_corrected_and_found_however_it_is_written() {
    let system = System::open().await;
    let mut wrong = ROSSI;
    wrong[3].1 = "1981-01-01";
    let refused = system.post(&office(), "/personale/nuovo", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("non corrisponde alla data di nascita"),
        "{}",
        refused.text
    );
    let made = system.post(&office(), "/personale/nuovo", &ROSSI).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let again = system.post(&office(), "/personale/nuovo", &ROSSI).await;
    assert_eq!(
        again.location, made.location,
        "the same codice fiscale is the same person"
    );
    let seen = system.get(&office(), &made.location).await.text;
    assert!(
        seen.contains("RSSMRA80A01H501U") && seen.contains("Dott. Mario Rossi"),
        "{seen}"
    );
    let directory = system.get(&doctor(), &made.location).await.text;
    assert!(
        directory.contains("Mario Rossi") && !directory.contains("RSSMRA80A01H501U"),
        "{directory}"
    );
    // Two of the office at the same moment: the second is told.
    let edit = format!("{}/modifica", made.location);
    let mut form = ROSSI.to_vec();
    form.extend([("versione", "1"), ("email", "m.rossi@asl.example")]);
    assert_eq!(system.post(&office(), &edit, &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(system.post(&office(), &edit, &form).await.status, StatusCode::CONFLICT);
    for asked in ["q=rossi+mario", "q=MARIO", "q=RSSMRA80A01H501U", "q=rosi"] {
        let who = if asked.contains("RSSMRA80") { office() } else { doctor() };
        let list = system.get(&who, &format!("/personale?{asked}")).await.text;
        assert!(
            list.contains("Mario Rossi") && !list.contains("Esposito"),
            "{asked}: {list}"
        );
    }
    for asked in ["q=d%27amico+niccolo", "q=amico"] {
        let list = system.get(&doctor(), &format!("/personale?{asked}")).await.text;
        assert!(list.contains("Niccolò D&#39;Amico"), "{asked}: {list}");
    }
    assert_eq!(system.get(&anna(), "/personale").await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        system.get(&doctor(), "/personale/nuovo").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_registration_that_ends_is_told_to_the_office_until_it_is_renewed() {
    let system = System::open().await;
    let path = "/personale/persone/inf";
    let give = [
        ("struttura", "casa"),
        ("ruolo", "infermiere"),
        ("contratto", "dipendente"),
        ("dal", "2026-01-01"),
        ("ore", "36"),
        ("principale", "si"),
    ];
    let given = system.post(&office(), &format!("{path}/incarichi/nuovo"), &give).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    let missing = system.get(&office(), "/personale/scadenze").await.text;
    assert!(
        missing.contains("Lucia Esposito") && missing.contains("Albo degli infermieri"),
        "{missing}"
    );
    let version = async || {
        let person = system.fhir().read("Practitioner", "inf").await.unwrap();
        person["meta"]["versionId"].as_str().unwrap().to_owned()
    };
    let title = async |end: &str| {
        let form = [
            ("versione", version().await),
            ("titolo", "infermiere".to_owned()),
            ("numero", "123".to_owned()),
            ("dal", "2020-01-01".to_owned()),
            ("al", end.to_owned()),
        ];
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let saved = system.post(&office(), &format!("{path}/titoli"), &form).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        system.settle().await;
    };
    title("2027-03-31").await;
    let list = || async { system.get(&office(), "/personale/scadenze").await.text };
    assert!(!list().await.contains("Verificato<"), "not yet");
    system.clock.set("2027-02-15T09:00:00Z".parse().unwrap());
    system.settle().await;
    let page = list().await;
    assert!(page.contains("Verificato<"), "{page}");
    let own = crate::system::actor("Practitioner/inf", "infermiere", Some("casa"));
    let told = system.get(&own, "/personale/mia-scheda").await.text;
    assert!(told.contains("scade il 31/03/2027"), "{told}");
    // Closing the task without the new date changes nothing: it comes back.
    let id = page
        .split("/personale/scadenze/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let closed = system.post(&office(), &format!("/personale/scadenze/{id}"), &[]).await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.text);
    system.settle().await;
    assert!(list().await.contains("Verificato<"));
    title("2030-03-31").await;
    let page = list().await;
    assert!(!page.contains("Verificato<") && !page.contains("31/03/2027"), "{page}");
}

#[tokio::test]
async fn a_file_is_previewed_imported_and_undone() {
    let system = System::open().await;
    let text = "Cognome,Nome,CF,Data nascita,Sesso,Unità,Ruolo,Rapporto,Dal\n\
        Rossi,Mario,RSSMRA80A01H501U,01/01/1980,M,Cardiologia,infermiere,dipendente,01/02/2026\n\
        Verdi,Anna,RSSMRA80A01H501U,01/01/1980,F,Cardiologia,infermiere,dipendente,01/02/2026\n";
    // A quote that is not closed, and a header alone.
    for text in ["Cognome,Nome\nRossi,\"Mario\n", "Cognome,Nome\n"] {
        let unread = system.post(&office(), "/personale/importa", &[("testo", text)]).await;
        assert_eq!(unread.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let loaded = system.post(&office(), "/personale/importa", &[("testo", text)]).await;
    assert_eq!(loaded.status, StatusCode::SEE_OTHER, "{}", loaded.text);
    let seen = system.get(&office(), &loaded.location).await.text;
    assert!(
        seen.contains("1 righe giuste, 1 con errori") && seen.contains("non corrisponde al cognome"),
        "{seen}"
    );
    let run = format!("{}/esegui", loaded.location);
    assert_eq!(system.post(&office(), &run, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        system.post(&office(), &run, &[]).await.status,
        StatusCode::CONFLICT,
        "once"
    );
    let found = async || system.get(&doctor(), "/personale?q=rossi&stato=attivi").await.text;
    assert!(found().await.contains("Cardiologia"));
    // Found by codice fiscale by the office, and by nobody who does not see it.
    let by_code = "/personale?q=RSSMRA80A01H501U";
    assert!(system.get(&office(), by_code).await.text.contains("Mario Rossi"));
    let stranger = system.get(&doctor(), by_code).await;
    assert_eq!(stranger.status, StatusCode::OK);
    assert!(!stranger.text.contains("Mario Rossi"), "{}", stranger.text);
    let undo = format!("{}/annulla", loaded.location);
    assert_eq!(system.post(&office(), &undo, &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!found().await.contains("Mario Rossi"));
}
