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
                if within(time, now)
                    && let Some(relation) = relation(provision, &consent["provision"])
                {
                    ties.tie(patient, relation)?;
                }
            }
            Ok(())
        },
    )
    .await?;
    Ok(ties)
}

/// Purposes for which the record is consulted to treat somebody.
const CARE: &[&str] = &["TREAT", "ETREAT", "CAREMGT", "HPRGRP", "PATRQT"];

/// What a provision makes of those it names: it speaks of care where it states no purpose. A purpose that is neither care
/// nor research ties nobody.
fn relation(provision: &Value, root: &Value) -> Option<Relation> {
    let own = |provision: &Value| -> Vec<String> {
        let list = provision["purpose"].as_array().into_iter().flatten();
        list.filter_map(|coding| coding["code"].as_str().map(str::to_owned))
            .collect()
    };
    let purposes = Some(own(provision))
        .filter(|list| !list.is_empty())
        .unwrap_or_else(|| own(root));
    let denies = provision["type"] == "deny";
    if purposes.is_empty() || purposes.iter().any(|code| CARE.contains(&code.as_str())) {
        return Some(if denies { Relation::Refused } else { Relation::Consent });
    }
    (!denies && purposes.iter().any(|code| code == "HRESCH")).then_some(Relation::Research)
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
