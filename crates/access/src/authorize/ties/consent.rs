//! Consents that name somebody, or their organization: given, or refused.

use super::Ties;
use super::search::{naming, period, within};
use jiff::Timestamp;
use policy::Relation;
use serde_json::Value;
use store::{Store, StoreError};

pub(super) async fn read(store: &dyn Store, who: (&str, &str), now: Timestamp) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    let me = format!("{}/{}", who.0, who.1);
    naming(
        store,
        "Consent",
        "actor",
        who,
        Some(("status", &["active"])),
        |resource, consent| {
            let Some(patient) = &resource.patient else {
                return Ok(());
            };
            let mut provisions = Vec::new();
            gather(&consent["provision"], 0, &mut provisions);
            for provision in provisions {
                let actors = provision["actor"].as_array().into_iter().flatten();
                let mut references = actors.filter_map(|actor| actor.pointer("/reference/reference")?.as_str());
                if !references.any(|reference| reference == me) {
                    continue;
                }
                let time = period(&provision["period"]);
                [time.0, time.1]
                    .into_iter()
                    .flatten()
                    .for_each(|moment| ties.changes_at(moment, now));
                if within(time, now) {
                    let refused = provision["type"] == "deny";
                    ties.tie(patient, if refused { Relation::Refused } else { Relation::Consent })?;
                }
            }
            Ok(())
        },
    )
    .await?;
    Ok(ties)
}

/// Provisions within provisions at most.
const DEPTH: usize = 8;

fn gather<'a>(provision: &'a Value, depth: usize, all: &mut Vec<&'a Value>) {
    if !provision.is_object() || depth > DEPTH {
        return;
    }
    all.push(provision);
    for inner in provision["provision"].as_array().into_iter().flatten() {
        gather(inner, depth + 1, all);
    }
}
