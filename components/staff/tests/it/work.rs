use crate::system::{System, doctor, office};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

async fn give(system: &System, who: &str, unit: &str, role: &str) {
    let form = [
        ("struttura", unit),
        ("ruolo", role),
        ("contratto", "dipendente"),
        ("dal", "2026-01-01"),
        ("principale", "si"),
    ];
    let path = format!("/personale/persone/{who}/incarichi/nuovo");
    let reply = system.post(&office(), &path, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
}

#[tokio::test]
async fn a_substitute_has_the_role_for_the_period_only() {
    let system = System::open().await;
    give(&system, "inf", "reparto", "infermiere").await;
    give(&system, "altra", "casa", "infermiere").await;
    let substitute = system.session("altra").await;
    let path = "/personale/persone/inf/assenze";
    let mut form = [
        ("tipo", "giustificata"),
        ("dal", "2026-11-22"),
        ("al", "2026-12-10"),
        ("sostituto", "doc"),
    ];
    let wrong = system.post(&office(), path, &form).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "who has not the role");
    form[3].1 = "altra";
    let added = system.post(&office(), path, &form).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
    let twice = system.post(&office(), path, &form).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(system.get_in(&substitute, "/personale").await, StatusCode::OK);
    let asked = [("practitioner", "altra"), ("organization", "reparto")];
    let role = async || {
        system
            .fhir()
            .search("PractitionerRole", &asked)
            .await
            .unwrap()
            .remove(0)
    };
    let given = role().await;
    assert_eq!(
        (&given["period"]["start"], &given["period"]["end"]),
        (&json!("2026-11-22"), &json!("2026-12-10"))
    );
    assert!(
        given.to_string().contains("Practitioner/inf"),
        "in whose place: {given}"
    );
    let seen = system.get(&office(), "/personale/persone/inf").await.text;
    assert!(seen.contains("Sostituisce Ciro Amato"), "{seen}");
    let others = system.get(&doctor(), "/personale/persone/inf").await.text;
    assert!(
        !others.contains("Assenza giustificata"),
        "absences are not of the directory"
    );
    let id = seen
        .split("/personale/assenze/")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    system.clock.advance(SignedDuration::from_hours(50));
    let closed = system
        .post(&office(), &format!("/personale/assenze/{id}/annulla"), &[])
        .await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.text);
    let end = role().await["period"]["end"].as_str().unwrap().to_owned();
    assert!(end.starts_with("2026-11-24T11:00:00"), "{end}");
    let hidden = system
        .context
        .peers
        .fhir(&crate::system::actor("Practitioner/a", "admin", None))
        .find("Basic", id)
        .await;
    assert!(!matches!(hidden, Ok(Some(_))), "nobody reads absences by another way");
}

#[tokio::test]
async fn credits_the_chart_and_the_areas_tell_what_is_recorded() {
    let system = System::open().await;
    give(&system, "inf", "reparto", "infermiere").await;
    let title = [("versione", "2"), ("titolo", "infermiere"), ("numero", "9")];
    let saved = system.post(&office(), "/personale/persone/inf/titoli", &title).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let mut event = [
        ("evento", "Lesioni da pressione"),
        ("giorno", "2026-03-01"),
        ("crediti", "12,5"),
    ];
    let path = "/personale/persone/inf/crediti";
    assert_eq!(system.post(&office(), path, &event).await.status, StatusCode::SEE_OTHER);
    event[1].1 = "2030-01-01";
    assert_eq!(
        system.post(&office(), path, &event).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let seen = system.get(&office(), "/personale/persone/inf").await.text;
    assert!(
        seen.contains("12,5 crediti su 150") && seen.contains("regola da confermare"),
        "{seen}"
    );
    for (day, there) in [("2026-02-01", true), ("2025-12-01", false)] {
        let chart = system
            .get(&doctor(), &format!("/personale/organigramma?data={day}&radice=asl"))
            .await
            .text;
        assert!(chart.contains("<strong>Cardiologia</strong>"), "{chart}");
        assert_eq!(chart.contains("Lucia Esposito"), there, "{day}");
        assert_eq!(chart.matches("<ul").count(), chart.matches("</ul>").count());
        let items = chart.matches("<li>").count() + chart.matches("<li ").count();
        assert_eq!(items, chart.matches("</li>").count());
        // Of the whole region, only where somebody works; all of it when asked.
        let region = format!("/personale/organigramma?data={day}");
        let whole = system.get(&doctor(), &format!("{region}&tutte=1")).await.text;
        let staffed = system.get(&doctor(), &region).await.text;
        assert!(
            whole.contains("<strong>Cardiologia</strong>") && !whole.contains("tutte=1"),
            "{whole}"
        );
        assert_eq!(staffed.contains("<strong>Cardiologia</strong>"), there, "{day}");
        assert!(staffed.contains("tutte=1"), "{staffed}");
        assert_eq!(staffed.matches("<ul").count(), staffed.matches("</ul>").count());
    }
    system
        .put(
            &json!({"resourceType": "Location", "id": "ambito-1", "status": "active", "name": "Ambito 1",
            "type": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/tipo-luogo", "code": "ambito"}]}],
            "extension": [{"url": "https://sinfonia.it/fhir/StructureDefinition/comune", "valueCode": "063049"},
                {"url": "https://sinfonia.it/fhir/StructureDefinition/assistibili-mmg", "valueInteger": 2500}]}),
        )
        .await;
    let form = [
        ("struttura", "asl"),
        ("ruolo", "mmg"),
        ("contratto", "convenzionato"),
        ("dal", "2026-01-01"),
        ("principale", "si"),
        ("massimale", "1200"),
        ("ambito", "ambito-1"),
    ];
    let given = system
        .post(&office(), "/personale/persone/doc/incarichi/nuovo", &form)
        .await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    let page = system.get(&office(), "/personale/convenzioni?tipo=mmg").await.text;
    assert!(page.contains("1200") && page.contains("Ambito 1"), "{page}");
    assert!(
        page.contains("<strong class=\"sf-overdue\">2</strong>"),
        "three are needed, one is there: {page}"
    );
}

#[tokio::test]
async fn the_chart_has_the_order_of_the_day() {
    let system = System::open().await;
    give(&system, "inf", "reparto", "infermiere").await;
    let part = |id: &str, to: &str, period: serde_json::Value| {
        json!({"resourceType": "OrganizationAffiliation", "id": id, "active": true, "period": period,
            "organization": {"reference": format!("Organization/{to}")}, "participatingOrganization": {"reference": "Organization/reparto"},
            "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/affiliazione", "code": "appartenenza"}]}]})
    };
    let closed = json!({"resourceType": "Organization", "id": "vecchio", "active": false, "name": "Reparto chiuso",
        "partOf": {"reference": "Organization/ospedale"}, "extension": [{"url": "https://sinfonia.it/fhir/StructureDefinition/periodo",
            "valuePeriod": {"end": "2026-02-28"}}]});
    for value in [
        part("prima", "casa", json!({"end": "2026-02-28"})),
        part("dopo", "ospedale", json!({"start": "2026-03-01"})),
        closed,
    ] {
        system.put(&value).await;
    }
    for (day, root, there, old) in [
        ("2026-02-28", "casa", true, false),
        ("2026-02-28", "ospedale", false, true),
        ("2026-03-01", "casa", false, false),
        ("2026-03-01", "ospedale", true, false),
        ("2026-11-22", "ospedale", true, false),
    ] {
        let path = format!("/personale/organigramma?data={day}&radice={root}");
        let chart = system.get(&doctor(), &path).await.text;
        assert_eq!(
            chart.contains("<strong>Cardiologia</strong>"),
            there,
            "{day} {root}: {chart}"
        );
        assert_eq!(chart.contains("Lucia Esposito"), there, "{day} {root}");
        assert_eq!(chart.contains("<strong>Reparto chiuso</strong>"), old, "{day} {root}");
    }
}

#[tokio::test]
async fn a_file_for_a_higher_body_is_checked_answered_and_sent_again() {
    let system = System::open().await;
    give(&system, "inf", "reparto", "infermiere").await;
    let mut whole = system.fhir().read("Practitioner", "altra").await.unwrap();
    let code = codicefiscale_of("Amato", "Ciro");
    whole["identifier"] = json!([{"system": "http://hl7.it/sid/codiceFiscale", "value": code}]);
    (whole["gender"], whole["birthDate"]) = (json!("male"), json!("1980-01-01"));
    system.put(&whole).await;
    give(&system, "altra", "casa", "infermiere").await;
    let form = [("tracciato", "personale-conto-annuale"), ("giorno", "2026-11-22")];
    let made = system.post(&office(), "/personale/invii", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let seen = system.get(&office(), &made.location).await.text;
    assert!(
        seen.contains("1 nel file, 1 fuori") && seen.contains("CODICE_FISCALE: manca"),
        "{seen}"
    );
    assert!(seen.contains("Tracciato da confermare"), "{seen}");
    let file = system.get(&office(), &format!("{}/file", made.location)).await.text;
    let line = format!("{code};Amato;Ciro;M;01/01/1980;;TI;;;casa;01/01/2026;;\r\n");
    assert!(file.starts_with("CODICE_FISCALE;") && file.ends_with(&line), "{file}");
    let path = format!("{}/ricevuta", made.location);
    let strange = system.post(&office(), &path, &[("testo", "a;b\n1;2")]).await;
    assert_eq!(strange.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = format!("CODICE_FISCALE;ESITO;MESSAGGIO\n{code};KO;matricola mancante\nALTRO;OK;\n");
    let taken = system.post(&office(), &path, &[("testo", &text)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let seen = system.get(&office(), &made.location).await.text;
    assert!(
        seen.contains("0 accettate, 1 rifiutate") && seen.contains("matricola mancante"),
        "{seen}"
    );
    let again = system.post(&office(), &format!("{}/rinvia", made.location), &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.text);
    let seen = system.get(&office(), &again.location).await.text;
    assert!(
        seen.contains("1 nel file, 1 fuori") && seen.contains(made.location.as_str()),
        "{seen}"
    );
    assert_eq!(
        system.get(&doctor(), &made.location).await.status,
        StatusCode::FORBIDDEN
    );
    let listed = system.get(&office(), "/staff/exports").await.text;
    assert_eq!(listed.matches("\"sha256\"").count(), 2, "{listed}");
}

#[tokio::test]
async fn more_rows_than_a_file_holds_go_into_numbered_parts() {
    let system = System::open().await;
    for (id, family, given) in [
        ("altra", "Amato", "Ciro"),
        ("inf", "Esposito", "Luca"),
        ("doc", "Russo", "Nino"),
    ] {
        let code = codicefiscale_of(family, given);
        let whole = json!({"resourceType": "Practitioner", "id": id, "active": true, "gender": "male",
            "birthDate": "1980-01-01", "name": [{"family": family, "given": [given], "text": format!("{given} {family}")}],
            "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}]});
        system.put(&whole).await;
        give(&system, id, "casa", "infermiere").await;
    }
    let form = [
        ("tracciato", "personale-conto-annuale"),
        ("giorno", "2026-11-22"),
        ("righe", "2"),
    ];
    let made = system.post(&office(), "/personale/invii", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let first = system.get(&office(), &made.location).await.text;
    assert!(
        first.contains("<strong>parte 1 di 2</strong>") && first.contains("2 nel file, 0 fuori"),
        "{first}"
    );
    let other = first
        .split("href=\"/personale/invii/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let other = format!("/personale/invii/{}", other.trim_end_matches("/file"));
    let second = system.get(&office(), &other).await.text;
    assert!(
        second.contains("<strong>parte 2 di 2</strong>") && second.contains("1 nel file, 0 fuori"),
        "{second}"
    );
    let lines = |text: String| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let mut all = lines(system.get(&office(), &format!("{}/file", made.location)).await.text);
    all.extend(lines(system.get(&office(), &format!("{other}/file")).await.text));
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!((all.len(), once.len()), (3, 3), "everybody once: {all:?}");
    let listed = system.get(&office(), "/staff/exports").await.text;
    assert!(listed.contains("\"part\":2"), "{listed}");
}

fn codicefiscale_of(family: &str, given: &str) -> String {
    let day = jiff::civil::date(1980, 1, 1);
    let code = codicefiscale::CodiceFiscale::compute(family, given, day, codicefiscale::Sex::Male, "F839");
    code.unwrap().as_str().to_owned()
}
