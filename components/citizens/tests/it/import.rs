//! Lists of people from files: mapped, written once however often they are sent, taken back.

use crate::system::{System, desk};
use access::Actor;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const FILE: &str = "Cognome;Nome;Codice Fiscale;Data di nascita;Citta;Cell\r\n\
    De Luca;Carmela;DLCCML46C52F839C;;Salerno;333 1234567\r\n\
    Rossi;Ugo;;1/2/1950;Napoli;\r\n\
    Bianchi;Ada;;31/2/1950;Napoli;\r\n\
    De Luca;Carmela;dlccml46c52f839c;;Napoli;\r\n\
    D'Amico;\"Nicolò\";DMCNCL50A02F839Q;;Salerno;x\r\n\
    D'Amico;Nicolò;DMCNCL50A02F839Q;;Salerno;081 5550000\r\n";

async fn upload(system: &System) -> String {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{FILE}\r\n--x--\r\n"
    );
    let kind = "multipart/form-data; boundary=x";
    let reply = system
        .call_as(&desk(), Method::POST, "/anagrafe/importazioni", body, kind)
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    reply.location
}

/// Asks until the page says so.
async fn until(system: &System, path: &str, part: &str) -> String {
    for _ in 0..20_000 {
        let text = system.get(&desk(), path).await.text;
        if text.contains(part) {
            return text;
        }
        tokio::task::yield_now().await;
    }
    panic!("{path} never says {part}");
}

async fn people(system: &System) -> Vec<Value> {
    let fhir = system.context.peers.fhir(&Actor::system());
    fhir.search("Patient", &[("_sort", "family"), ("_count", "50")])
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_once_and_taken_back() {
    let system = System::empty().await;
    system
        .put(
            &json!({"resourceType": "Patient", "id": "nicolo", "birthDate": "1950-01-02", "gender": "male",
            "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": "DMCNCL50A02F839Q"}],
            "name": [{"family": "D'Amico", "given": ["Nicolò"]}]}),
        )
        .await;
    let import = upload(&system).await;
    let shown = system.get(&desk(), &import).await.text;
    for part in [
        "3 righe su 6 si possono importare",
        "Riga 4",
        "Data di nascita: La data non si legge",
        "Riga 6",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // The sex of Ugo stands in no column: the row is wrong until one says it.
    assert!(
        shown.contains("Riga 3") || shown.contains("Sesso: Scegli il sesso."),
        "{shown}"
    );
    let reply = system.get(&desk(), &format!("{import}/scarti")).await;
    assert!(
        reply.text.contains(";Motivo\r\n") && reply.text.contains("Bianchi"),
        "{}",
        reply.text
    );
    let columns = [
        ("colonna-0", "cognome"),
        ("colonna-1", "nome"),
        ("colonna-2", "codice"),
        ("colonna-3", "nascita"),
        ("colonna-4", "comune"),
        ("colonna-5", "cellulare"),
        ("aggiorna", "si"),
    ];
    let reply = system.post(&desk(), &format!("{import}/colonne"), &columns).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let reply = system.post(&desk(), &format!("{import}/avvia"), &[]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    until(&system, &import, "Annulla l&#39;importazione").await;
    let there = people(&system).await;
    assert_eq!(there.len(), 2, "{there:#?}");
    assert_eq!(there[0]["telecom"][0]["value"], "081 5550000");
    assert_eq!(there[1]["address"][0]["extension"][0]["valueCode"], "065116");

    // The same file again writes nobody.
    let again = upload(&system).await;
    system.post(&desk(), &format!("{again}/avvia"), &[]).await;
    until(&system, &again, "Già presenti").await;
    assert_eq!(people(&system).await.len(), 2);

    // Taken back: who was new goes, who was there is as before.
    let reply = system.post(&desk(), &format!("{import}/annulla"), &[]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    until(&system, &import, "Rimaste, perché cambiate dopo").await;
    let there = people(&system).await;
    assert_eq!(there.len(), 1);
    assert!(there[0]["telecom"].is_null(), "{there:#?}");
}
