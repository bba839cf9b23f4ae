//! Every day: exemptions whose last day is over end; people are told of those that are about to.

use super::held::Held;
use super::rules;
use crate::choice::codes::{EXEMPTION, id_in};
use crate::choice::record::id_of;
use access::Actor;
use component::{Context, Fhir, PeerError, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, json};
use std::sync::Arc;

/// Exemptions in a page: one page is held at a time, and of it only those that are about to end.
const PAGE: &str = "500";
/// Category of the notices.
const NOTICE: &str = "https://sinfonia.it/fhir/CodeSystem/avviso";

/// The workers of this module.
pub(crate) fn workers() -> Vec<Worker> {
    vec![Worker {
        job_type: "anagrafe-scadenze-esenzioni",
        run: Arc::new(|context, job| over(context, job).boxed()),
    }]
}

async fn over(context: Context, _: JobSpec) -> WorkerResult {
    let fhir = context.peers.fhir(&Actor::system());
    let now = context.clock.now();
    let today = web::local_date(now);
    let code = format!("{EXEMPTION}|");
    let asked = [("type", code.as_str()), ("status", "active"), ("_count", PAGE)];
    // No search parameter of R4 finds a Coverage by its end: the pages are walked, and what needs nothing is let go at once.
    let notice = rules::rules().notice_days;
    let mut ending: Vec<(Held, Date)> = Vec::new();
    fhir.walk("Coverage", &asked, |page| {
        let held = page.into_iter().filter_map(Held::of);
        let due = held.filter_map(|held| held.to.map(|to| (held, to)));
        ending.extend(due.filter(|(_, to)| i64::from((*to - today).get_days()) <= notice));
        true
    })
    .await
    .map_err(|error| error.to_string())?;
    let (mut ended, mut told) = (0, 0);
    for (held, to) in ending {
        let result = if to < today {
            ended += 1;
            fhir.update_if_unchanged(&held.ended(to, "scadenza")).await.map(drop)
        } else {
            told += 1;
            tell(&fhir, &held, to, now).await
        };
        match result {
            Ok(()) => {}
            // Somebody else wrote it meanwhile: it is looked at again tomorrow.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(Map::from_iter([
        ("esenzioniChiuse".to_owned(), json!(ended)),
        ("esenzioniAvvisate".to_owned(), json!(told)),
    ]))
}

/// Tells once of one that ends.
async fn tell(fhir: &Fhir, held: &Held, to: Date, now: Timestamp) -> Result<(), PeerError> {
    let id = id_of("avviso-esenzione", &[&held.id, &to.to_string()]);
    if fhir.find("Communication", &id).await?.is_some() {
        return Ok(());
    }
    let patient = id_in(&held.resource["beneficiary"], "Patient").unwrap_or_default();
    let text = format!(
        "L'esenzione {} vale fino al {}. Se la condizione continua, rinnovala.",
        held.code,
        web::date(to)
    );
    let reference = json!({"reference": format!("Patient/{patient}")});
    let notice = json!({
        "resourceType": "Communication", "id": id, "status": "completed",
        "category": [{"coding": [{"system": NOTICE, "code": "esenzione-in-scadenza"}]}],
        "subject": reference, "recipient": [reference], "sent": now.to_string(), "payload": [{"contentString": text}],
    });
    fhir.update(&notice).await.map(drop)
}
