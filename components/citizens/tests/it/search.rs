//! Finding people and their codes.

use crate::system::{System, anna, desk};
use http::StatusCode;
use serde_json::{Value, json};

async fn filled() -> System {
    let system = System::empty().await;
    let person = |id: &str, family: &str, given: &str, born: &str, code: &str, phone: &str| {
        json!({"resourceType": "Patient", "id": id, "birthDate": born, "gender": "female",
            "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}],
            "name": [{"family": family, "given": given.split(' ').collect::<Vec<_>>()}],
            "address": [{"use": "home", "line": ["Via Roma 3"], "city": "Napoli", "district": "NA"}],
            "telecom": [{"system": "phone", "value": phone}]})
    };
    for value in [
        person(
            "carmela",
            "De Luca",
            "Carmela",
            "1946-03-12",
            "DLCCML46C52F839C",
            "+39 081 555 1234",
        ),
        person(
            "nicolo",
            "D'Amico",
            "Nicolò",
            "1950-01-02",
            "DMCNCL50A02F839Q",
            "333 1234567",
        ),
        person(
            "maria",
            "Rossi",
            "Maria Rita",
            "1960-05-05",
            "RSSMRT60E45F839K",
            "081 5550000",
        ),
        // The record holds a form of omocodia.
        person(
            "omo",
            "Esposito",
            "Anna",
            "1970-01-01",
            "SPSNNA70A41F83VB",
            "081 5550001",
        ),
    ] {
        system.put(&value).await;
    }
    system
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_however_they_are_written() {
    let system = filled().await;
    for (text, id, how) in [
        ("carmela de luca", "carmela", "letters"),
        ("DELUCA CARM", "carmela", "letters"),
        ("luca 12 marzo 1946 carmela", "carmela", "likeness"),
        ("de luca 12/3/1946", "carmela", "letters"),
        ("karmela de lucca", "carmela", "sound"),
        ("damico nicolo", "nicolo", "letters"),
        ("Nikolo D’Àmicco", "nicolo", "sound"),
        ("rita rossi", "maria", "letters"),
        ("rossi maria rita", "maria", "letters"),
        ("ros mar", "maria", "sound"),
        ("esp ann", "omo", "likeness"),
        ("carmelina de lucia 12.3.46", "carmela", "likeness"),
        ("0815551234", "carmela", "code"),
        ("dlc cml 46c52 f839c", "carmela", "code"),
        ("SPSNNA70A41F839M", "omo", "code"),
        ("12/03/1946", "carmela", "letters"),
        ("de luca 1946", "carmela", "letters"),
        ("1960 maria rossi", "maria", "letters"),
        ("rossi mar maggio 1960", "maria", "letters"),
        ("maria rita rossi 1960", "maria", "letters"),
        ("rosi marya 1960", "maria", "sound"),
        ("esp ann 1970", "omo", "likeness"),
    ] {
        let path = format!("/citizens/search?text={}", crate::system::escape(text));
        let reply = system.get(&desk(), &path).await;
        assert_eq!(reply.status, StatusCode::OK, "{text}: {}", reply.text);
        let found: Value = serde_json::from_str(&reply.text).unwrap();
        assert_eq!(found["people"][0]["id"], id, "{text}: {found}");
        assert_eq!(found["people"][0]["how"], how, "{text}: {found}");
    }
    for text in ["rossi maria 1961", "rossi maria giugno 1960", "de luca 12/3/1947"] {
        let path = format!("/citizens/search?text={}", crate::system::escape(text));
        let reply = system.get(&desk(), &path).await;
        assert!(reply.text.contains("\"people\":[]"), "{text}: {}", reply.text);
    }
    let reply = system.get(&desk(), "/citizens/search").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reply = system.get(&desk(), "/anagrafe?q=karmela+de+lucca").await;
    assert!(
        reply.text.contains("suona simile") && reply.text.contains("/anagrafe/carmela"),
        "{}",
        reply.text
    );
    let reply = system.get(&desk(), "/anagrafe?q=dlccml46c52f839x").await;
    assert!(reply.text.contains("dovrebbe essere «C»"), "{}", reply.text);
    let reply = system.get(&desk(), "/anagrafe?q=zzyzx").await;
    assert!(reply.text.contains("Nessuna persona trovata"), "{}", reply.text);
    let refused = system.get(&anna(), "/citizens/search?text=rossi").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_checked_computed_and_read() {
    let system = System::empty().await;
    let body = json!({"code": "dlc cml 46c52 f839c", "person": {"surname": "De Luca", "given": "Carmelo", "birth": "12/03/1946",
        "sex": "M", "place": "Salerno"}});
    let reply = system.ask(&desk(), "/citizens/codice-fiscale/check", &body).await;
    let checked: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(checked["fits"], false);
    let fields: Vec<&str> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["sex", "place"], "{checked}");
    let body = json!({"surname": "De Luca", "given": "Carmela", "birth": "1946-03-12", "sex": "F", "place": "Napoli"});
    let reply = system.ask(&desk(), "/citizens/codice-fiscale/compute", &body).await;
    let computed: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(computed["code"], "DLCCML46C52F839C", "{}", reply.text);
    let reply = system
        .ask(
            &desk(),
            "/citizens/codice-fiscale/forms",
            &json!({"code": "DLCCML46C52F839C"}),
        )
        .await;
    let forms: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(forms["forms"].as_array().unwrap().len(), 128);
    let reply = system
        .ask(
            &desk(),
            "/citizens/codice-fiscale/decode",
            &json!({"code": "DLCCML46C52F839C"}),
        )
        .await;
    assert!(
        reply.text.contains("1946-03-12") && reply.text.contains("Napoli"),
        "{}",
        reply.text
    );
    let reply = system
        .ask(&desk(), "/citizens/codice-fiscale/decode", &json!({"code": "X"}))
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("codice", "DLCCML46C52F839C"), ("cognome", "Rossi")];
    let reply = system.post(&desk(), "/anagrafe/codice-fiscale", &form).await;
    assert!(
        reply.text.contains("Il codice dice «DLC» per il cognome"),
        "{}",
        reply.text
    );
}
