//! People are told before their choice ends: by age, or because it was for a time.

use super::codes::{CHOICE, id_in};
use super::person::{self, Person, choice_kind};
use super::record::id_of;
use super::rules;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

/// Choices looked at in one run.
const MOST: usize = 20_000;
/// Category of the notices.
const NOTICE: &str = "https://sinfonia.it/fhir/CodeSystem/avviso";

/// The last day of a person's choice, where it is near enough to be told.
pub(super) fn soon(person: &Person, today: Date) -> Option<Date> {
    let last = person::date(&person.choice()?["period"]["end"])?;
    let notice = rules::on(today).ending.notice_days;
    (today <= last && (last - today).get_days() <= notice).then_some(last)
}

/// Tells those whose choice ends within the notice, once for each last day. Gives how many were told now.
pub(super) async fn tell(fhir: &Fhir, now: Timestamp) -> Result<usize, PeerError> {
    let today = web::local_date(now);
    let notice = i64::from(rules::on(today).ending.notice_days);
    let after = today.checked_add((notice + 1).days()).unwrap_or(today);
    let (over, near) = (format!("eb{after}"), format!("ge{today}"));
    let mut told = 0;
    for kind in ["temporanea", "pls"] {
        let code = format!("{CHOICE}|{kind}");
        let asked = [
            ("type", code.as_str()),
            ("status", "active"),
            ("date", &over),
            ("date", &near),
            ("_count", "200"),
        ];
        for episode in fhir.search_all("EpisodeOfCare", &asked, MOST).await? {
            told += usize::from(one(fhir, &episode, now).await?);
        }
    }
    Ok(told)
}

async fn one(fhir: &Fhir, episode: &Value, now: Timestamp) -> Result<bool, PeerError> {
    let (Some(patient), Some(last)) = (
        id_in(&episode["patient"], "Patient"),
        person::date(&episode["period"]["end"]),
    ) else {
        return Ok(false);
    };
    let choice = episode["id"].as_str().unwrap_or_default();
    let id = id_of("avviso-scelta", &[choice, &last.to_string()]);
    if fhir.find("Communication", &id).await?.is_some() {
        return Ok(false);
    }
    let doctor = episode["careManager"]["display"].as_str().unwrap_or_default();
    let key = match choice_kind(episode) {
        Some("temporanea") => "choice-ends-time",
        _ => "choice-ends-age",
    };
    let text = crate::texts(web::Lang::It).get(key, &[("doctor", doctor.into()), ("date", web::date(last).into())]);
    let reference = json!({"reference": format!("Patient/{patient}")});
    let notice = json!({
        "resourceType": "Communication", "id": id, "status": "completed",
        "category": [{"coding": [{"system": NOTICE, "code": "scelta-in-scadenza"}]}],
        "subject": reference, "recipient": [reference], "sent": now.to_string(), "payload": [{"contentString": text}],
    });
    fhir.update(&notice).await.map(|_| true)
}
