//! Exemptions: declared, recorded, taken from a list, checked where they are used, controlled, over.

use crate::system::{System, actor, anna, desk, doctor};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::Value;

async fn check(system: &System, who: &access::Actor, query: &str) -> Value {
    let reply = system.get(who, &format!("/citizens/exemptions/check?{query}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    serde_json::from_str(&reply.text).unwrap()
}

#[tokio::test]
async fn a_citizen_declares_the_office_controls_and_a_false_one_never_was() {
    let system = System::open().await;
    let page = system.get(&anna(), "/esenzioni").await.text;
    assert!(
        page.contains("445") && page.contains("art. 76") && page.contains("E02") && !page.contains("c-E01"),
        "{page}"
    );
    let unread = system.post(&anna(), "/esenzioni", &[("codice", "E02")]).await;
    assert_eq!(unread.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("codice", "E02"), ("dichiaro", "si")];
    assert_eq!(
        system.post(&anna(), "/esenzioni", &form).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        system.post(&anna(), "/esenzioni", &form).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "it holds already"
    );
    let pharmacy = actor("Practitioner/farmacia", "farmacista", None);
    let answer = check(&system, &pharmacy, "patient=anna&code=E02").await;
    assert_eq!(
        (&answer["exempt"], &answer["exemptions"][0]["until"]),
        (&true.into(), &"2027-03-31".into())
    );
    assert_eq!(
        check(&system, &pharmacy, "patient=anna&code=E02&date=2027-04-01").await["exempt"],
        false
    );
    assert_eq!(
        system
            .get(&anna(), "/citizens/exemptions/check?patient=anna")
            .await
            .status,
        StatusCode::FORBIDDEN
    );

    let draw = [("seme", "2026"), ("quanti", "5"), ("motivo", "Campione annuale")];
    assert_eq!(
        system
            .post(&desk(), "/anagrafe/esenzioni/controlli", &draw)
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    let page = system.get(&desk(), "/anagrafe/esenzioni/controlli").await.text;
    let at = page.find("/anagrafe/esenzioni/controlli/").unwrap();
    let path: String = page[at..].chars().take_while(|c| *c != '"').collect();
    system.post(&desk(), &path, &[("esito", "non-veritiera")]).await;
    assert_eq!(
        check(&system, &pharmacy, "patient=anna&code=E02").await["exempt"],
        false
    );
}

#[tokio::test]
async fn a_disease_is_told_to_who_treats_or_names_its_code() {
    let system = System::open().await;
    let of_anna = ("codice_fiscale", "RSSNNA80C42F839W");
    let pregnant = [of_anna, ("codice", "M28"), ("dal", "2026-11-01")];
    assert_eq!(
        system
            .post(&desk(), "/anagrafe/esenzioni/registra", &pregnant)
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "it needs an end"
    );
    for form in [
        [of_anna, ("codice", "030"), ("dal", "2026-01-01"), ("al", "")],
        [of_anna, ("codice", "M28"), ("dal", "2026-11-01"), ("al", "2026-12-10")],
    ] {
        assert_eq!(
            system.post(&desk(), "/anagrafe/esenzioni/registra", &form).await.status,
            StatusCode::OK
        );
    }
    let booking = actor("Practitioner/cup", "operatore-cup", None);
    let answer = check(&system, &booking, "patient=RSSNNA80C42F839W&service=89.7").await;
    assert_eq!(answer["exemptions"].as_array().unwrap().len(), 1, "{answer}");
    assert!(answer["note"].as_str().unwrap().contains("disease"), "{answer}");
    assert_eq!(check(&system, &booking, "patient=anna&code=030").await["exempt"], true);
    assert_eq!(
        check(&system, &doctor("neri"), "patient=anna").await["exemptions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let page = system.get(&anna(), "/esenzioni").await.text;
    assert!(
        page.contains("Sta per scadere"),
        "the pregnancy ends within a month: {page}"
    );
    for days in [2, 23] {
        system.clock.advance(SignedDuration::from_hours(24 * days));
        system.settle_well().await;
    }
    let open = system
        .search("Coverage", &[("patient", "anna"), ("status", "active")])
        .await;
    assert_eq!(open.len(), 1, "what is over was closed by the daily check: {open:#?}");
    let notices = system.search("Communication", &[("patient", "anna")]).await;
    assert!(
        notices[0]["payload"][0]["contentString"]
            .as_str()
            .unwrap()
            .contains("M28"),
        "{notices:#?}"
    );
}

#[tokio::test]
async fn the_list_of_the_ministry_gives_each_once_and_tells_wrong_rows() {
    let system = System::open().await;
    let list = "CODICE_FISCALE;CODICE_ESENZIONE;DATA_INIZIO;DATA_FINE\nVRDBRT46C42F839J;E01;01/04/2026;31/03/2027\nNESSUNO;E01;01/04/2026;\n";
    for expected in ["Un'esenzione registrata", "Una già presente"] {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"e.csv\"\r\n\r\n{list}\r\n--x--\r\n"
        );
        let reply = system
            .call_as(
                &desk(),
                Method::POST,
                "/anagrafe/esenzioni/elenco",
                body,
                "multipart/form-data; boundary=x",
            )
            .await;
        let text = reply.text.replace("&#39;", "'");
        assert!(
            text.contains(expected) && text.contains("nessun assistito ha il codice fiscale"),
            "{text}"
        );
    }
}
