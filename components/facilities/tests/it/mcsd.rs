//! IHE Mobile Care Services Discovery (mCSD): ITI-90 (find matching care services) and ITI-91 (care services updates), through the
//! hub's HTTP interface, over the ministry's structures. Parameters as IHE ITI TF-2 3.90.4.1.2 lists them; nothing there is left out
//! but `_query`-less defaults of the standard itself.

use crate::registry::filled;
use crate::system::System;
use access::Actor;
use component::Fhir;
use serde_json::{Value, json};

async fn stocked() -> (System, Fhir) {
    let system = filled().await;
    let fhir = system.context.peers.fhir(&Actor::system());
    let at = |rtype: &str| json!({"reference": rtype});
    fhir.write_all(&[
        json!({"resourceType": "Practitioner", "id": "d1", "active": true, "identifier": [{"system": "urn:ordine", "value": "NA123"}],
            "name": [{"family": "Espòsito", "given": ["Maria Grazia"]}]}),
        json!({"resourceType": "Endpoint", "id": "e1", "status": "active", "identifier": [{"system": "urn:e", "value": "1"}],
            "connectionType": {"system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "code": "ihe-xds"},
            "payloadType": [{"text": "documenti"}], "address": "https://esempio.it/xds", "managingOrganization": at("Organization/hsp-150901")}),
        json!({"resourceType": "HealthcareService", "id": "s1", "active": true, "identifier": [{"system": "urn:s", "value": "S1"}],
            "providedBy": at("Organization/hsp-150901"), "location": [at("Location/sede-hsp-150901")], "name": "Cardiologia",
            "type": [{"coding": [{"system": "urn:tipo", "code": "89.7A.3"}]}], "specialty": [{"coding": [{"system": "urn:branca", "code": "02"}]}],
            "endpoint": [at("Endpoint/e1")]}),
        json!({"resourceType": "PractitionerRole", "id": "r1", "active": true, "practitioner": at("Practitioner/d1"),
            "organization": at("Organization/hsp-150901"), "location": [at("Location/sede-hsp-150901")], "healthcareService": [at("HealthcareService/s1")],
            "code": [{"coding": [{"system": "urn:ruolo", "code": "medico"}]}], "specialty": [{"coding": [{"system": "urn:branca", "code": "02"}]}],
            "endpoint": [at("Endpoint/e1")]}),
    ])
    .await
    .unwrap();
    let mut hospital = fhir.read("Organization", "hsp-150901").await.unwrap();
    hospital["endpoint"] = json!([at("Endpoint/e1")]);
    fhir.update(&hospital).await.unwrap();
    let mut site = fhir.read("Location", "sede-hsp-150901").await.unwrap();
    site["identifier"] = json!([{"system": "urn:sede", "value": "L1"}]);
    site["endpoint"] = json!([at("Endpoint/e1")]);
    fhir.update(&site).await.unwrap();
    let mut tie = fhir
        .read("OrganizationAffiliation", "appartenenza-hsp-150901")
        .await
        .unwrap();
    tie["identifier"] = json!([{"system": "urn:a", "value": "A1"}]);
    tie["period"] = json!({"start": "2020-01-01"});
    tie["endpoint"] = json!([at("Endpoint/e1")]);
    fhir.update(&tie).await.unwrap();
    (system, fhir)
}

/// Query, and a resource (`Type/id`) that it must find; all that is found is of these types.
const QUERIES: &[(&str, &str)] = &[
    // Organization
    ("Organization?_id=hsp-150901", "Organization/hsp-150901"),
    (
        "Organization?active=true&identifier=http://hl7.it/sid/hsp|150901",
        "Organization/hsp-150901",
    ),
    ("Organization?identifier=150901", "Organization/hsp-150901"),
    ("Organization?name:contains=cardarelli", "Organization/hsp-150901"),
    (
        "Organization?name=azienda%20osp&partof=Organization/regione-150",
        "Organization/hsp-150901",
    ),
    (
        "Organization?name:exact=Azienda Ospedaliera 'A. Cardarelli'",
        "Organization/hsp-150901",
    ),
    (
        "Organization?type=urn:ietf:rfc:3986|urn:ihe:iti:mcsd:2019:facility&_id=hsp-150901",
        "Organization/hsp-150901",
    ),
    (
        "Organization?type=urn:ihe:iti:mcsd:2019:jurisdiction",
        "Organization/asl-150201",
    ),
    ("Organization?partof=regione-150", "Organization/asl-150201"),
    (
        "Organization?_id=hsp-150901&_include=Organization:endpoint",
        "Endpoint/e1",
    ),
    (
        "Organization?_id=hsp-150901&_include=Organization:partof",
        "Organization/regione-150",
    ),
    (
        "Organization?_id=hsp-150901&_revinclude=Location:organization",
        "Location/sede-hsp-150901",
    ),
    (
        "Organization?_id=hsp-150901&_revinclude=OrganizationAffiliation:participating-organization",
        "OrganizationAffiliation/appartenenza-hsp-150901",
    ),
    (
        "Organization?_id=regione-150&_revinclude=OrganizationAffiliation:primary-organization",
        "OrganizationAffiliation/appartenenza-hsp-150901",
    ),
    // Location
    ("Location?_id=sede-hsp-150901", "Location/sede-hsp-150901"),
    ("Location?identifier=urn:sede|L1", "Location/sede-hsp-150901"),
    ("Location?name:contains=cardarelli", "Location/sede-hsp-150901"),
    (
        "Location?organization=Organization/hsp-150901&status=active",
        "Location/sede-hsp-150901",
    ),
    (
        "Location?type=urn:ihe:iti:mcsd:2019:facility&_id=sede-hsp-150901",
        "Location/sede-hsp-150901",
    ),
    ("Location?near=40.8663|14.2262|0.2|km", "Location/sede-hsp-150901"),
    (
        "Location?near=40.8663|14.2262|200|m&name=sede",
        "Location/sede-hsp-150901",
    ),
    (
        "Location?_id=sede-hsp-150901&_include=Location:organization",
        "Organization/hsp-150901",
    ),
    ("Location?_id=sede-hsp-150901&_include=Location:endpoint", "Endpoint/e1"),
    // Practitioner
    ("Practitioner?_id=d1", "Practitioner/d1"),
    ("Practitioner?active=true&identifier=NA123", "Practitioner/d1"),
    ("Practitioner?name:contains=sposit", "Practitioner/d1"),
    ("Practitioner?name:exact=Espòsito", "Practitioner/d1"),
    ("Practitioner?family:contains=sposit&given=maria", "Practitioner/d1"),
    (
        "Practitioner?given:exact=Maria Grazia&family=esposito",
        "Practitioner/d1",
    ),
    // PractitionerRole
    (
        "PractitionerRole?active=true&practitioner=Practitioner/d1",
        "PractitionerRole/r1",
    ),
    (
        "PractitionerRole?location=Location/sede-hsp-150901&organization=hsp-150901",
        "PractitionerRole/r1",
    ),
    (
        "PractitionerRole?role=urn:ruolo|medico&service=HealthcareService/s1&specialty=02",
        "PractitionerRole/r1",
    ),
    (
        "PractitionerRole?_id=r1&_include=PractitionerRole:practitioner",
        "Practitioner/d1",
    ),
    (
        "PractitionerRole?_id=r1&_include=PractitionerRole:organization",
        "Organization/hsp-150901",
    ),
    (
        "PractitionerRole?_id=r1&_include=PractitionerRole:location",
        "Location/sede-hsp-150901",
    ),
    (
        "PractitionerRole?_id=r1&_include=PractitionerRole:service",
        "HealthcareService/s1",
    ),
    (
        "PractitionerRole?_id=r1&_include=PractitionerRole:endpoint",
        "Endpoint/e1",
    ),
    (
        "Practitioner?_id=d1&_revinclude=PractitionerRole:practitioner",
        "PractitionerRole/r1",
    ),
    // HealthcareService
    (
        "HealthcareService?active=true&identifier=urn:s|S1",
        "HealthcareService/s1",
    ),
    (
        "HealthcareService?location=Location/sede-hsp-150901&name:contains=ardio",
        "HealthcareService/s1",
    ),
    (
        "HealthcareService?name:exact=Cardiologia&organization=Organization/hsp-150901",
        "HealthcareService/s1",
    ),
    (
        "HealthcareService?service-type=urn:tipo|89.7A.3",
        "HealthcareService/s1",
    ),
    (
        "HealthcareService?_id=s1&_include=HealthcareService:organization",
        "Organization/hsp-150901",
    ),
    (
        "HealthcareService?_id=s1&_include=HealthcareService:location",
        "Location/sede-hsp-150901",
    ),
    (
        "HealthcareService?_id=s1&_include=HealthcareService:endpoint",
        "Endpoint/e1",
    ),
    (
        "HealthcareService?location.near=40.8663|14.2262|0.5|km",
        "HealthcareService/s1",
    ),
    // OrganizationAffiliation
    (
        "OrganizationAffiliation?active=true&date=ge2020-01-01&identifier=A1",
        "OrganizationAffiliation/appartenenza-hsp-150901",
    ),
    (
        "OrganizationAffiliation?participating-organization=Organization/hsp-150901&primary-organization=Organization/regione-150",
        "OrganizationAffiliation/appartenenza-hsp-150901",
    ),
    (
        "OrganizationAffiliation?role=https://sinfonia.it/fhir/CodeSystem/affiliazione|territorio&participating-organization=hsp-150901",
        "OrganizationAffiliation/territorio-hsp-150901",
    ),
    (
        "OrganizationAffiliation?identifier=A1&_include=OrganizationAffiliation:endpoint",
        "Endpoint/e1",
    ),
    (
        "OrganizationAffiliation?identifier=A1&_include=OrganizationAffiliation:primary-organization",
        "Organization/regione-150",
    ),
    (
        "OrganizationAffiliation?identifier=A1&_include=OrganizationAffiliation:participating-organization",
        "Organization/hsp-150901",
    ),
    // Endpoint
    (
        "Endpoint?identifier=urn:e|1&organization=Organization/hsp-150901&status=active",
        "Endpoint/e1",
    ),
    ("Endpoint?_id=e1", "Endpoint/e1"),
];

fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| {
            format!(
                "{}/{}",
                text(&entry["resource"]["resourceType"]),
                text(&entry["resource"]["id"])
            )
        })
        .collect()
}

/// A query as it stands in an address.
async fn asked(fhir: &Fhir, query: &str) -> Result<Value, component::PeerError> {
    let (rtype, params) = query.split_once('?').unwrap();
    let params: Vec<(&str, String)> = params
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, value.replace("%20", " ")))
        .collect();
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fhir.bundle(rtype, &params).await
}

#[tokio::test]
async fn iti_90_finds_by_every_parameter_of_the_profile() {
    let (_system, fhir) = stocked().await;
    let mut wrong = Vec::new();
    for (query, expected) in QUERIES {
        match asked(&fhir, query).await {
            Ok(bundle) if bundle["type"] == "searchset" && ids(&bundle).iter().any(|id| id == expected) => {}
            Ok(bundle) => wrong.push(format!("{query}: no {expected} in {:?}", ids(&bundle))),
            Err(error) => wrong.push(format!("{query}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A parameter that narrows does narrow.
    for nothing in [
        "Organization?_id=hsp-150901&active=false",
        "Organization?name:exact=cardarelli",
        "Location?near=44.0|11.0|5|km",
        "Location?status=suspended",
        "PractitionerRole?role=urn:ruolo|infermiere",
        "HealthcareService?service-type=urn:tipo|0",
        "OrganizationAffiliation?identifier=A1&date=lt2019-01-01",
        "Practitioner?name:exact=esposito",
    ] {
        assert_eq!(
            ids(&asked(&fhir, nothing).await.unwrap()),
            Vec::<String>::new(),
            "{nothing}"
        );
    }
    // A read is part of the transaction, too.
    assert_eq!(
        fhir.read("Location", "sede-hsp-150901").await.unwrap()["status"],
        "active"
    );
}

#[tokio::test]
async fn iti_91_tells_what_was_written_and_deleted_since() {
    let (system, fhir) = stocked().await;
    let start = store::Clock::now(&*system.clock);
    let later = start + jiff::SignedDuration::from_secs(60);
    system.clock.set(later);
    let mut changed = fhir.read("Organization", "hsp-150902").await.unwrap();
    changed["alias"] = json!(["Santobono"]);
    fhir.update(&changed).await.unwrap();
    fhir.delete("HealthcareService", "s1").await.unwrap();
    for (rtype, expected) in [
        ("Organization", vec!["PUT Organization/hsp-150902"]),
        ("HealthcareService", vec!["DELETE HealthcareService/s1"]),
        ("Location", vec![]),
        ("Practitioner", vec![]),
        ("PractitionerRole", vec![]),
        ("OrganizationAffiliation", vec![]),
        ("Endpoint", vec![]),
    ] {
        let since = (start + jiff::SignedDuration::from_secs(30)).to_string();
        let bundle = fhir
            .bundle(&format!("{rtype}/_history"), &[("_since", since.as_str())])
            .await
            .unwrap();
        assert_eq!(bundle["type"], "history", "{bundle}");
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let told: Vec<String> = entries
            .iter()
            .map(|entry| {
                let request = &entry["request"];
                format!(
                    "{} {}",
                    request["method"].as_str().unwrap(),
                    request["url"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(told, expected, "{rtype}");
        assert!(
            entries
                .iter()
                .all(|entry| entry["response"]["lastModified"].is_string() && entry["fullUrl"].is_string())
        );
    }
    // Without a moment: all of it, a page at a time.
    let whole = fhir.bundle("Location/_history", &[("_count", "50")]).await.unwrap();
    assert_eq!(whole["entry"].as_array().unwrap().len(), 50);
    assert!(
        whole["link"]
            .as_array()
            .unwrap()
            .iter()
            .any(|link| link["relation"] == "next")
    );
    // The other way in R4: what was updated since, by search.
    let since = format!("gt{}", start + jiff::SignedDuration::from_secs(30));
    let found = fhir
        .bundle("Organization", &[("_lastUpdated", since.as_str())])
        .await
        .unwrap();
    assert_eq!(ids(&found), ["Organization/hsp-150902"]);
}
