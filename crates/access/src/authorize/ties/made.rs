//! What makes a tie: which resources, written by whom, for how long (`ties.json` of the policies).
//!
//! Whoever treats a patient writes visits and teams, too; were a right to see to come from that, it could be prolonged for
//! oneself and passed on to anybody. So what others write than those whom the table names is kept, and ties nobody: it
//! carries a tag that the server sets and nobody else takes away. What ties already is not widened by them.

use super::search::period;
use super::work::{CANDIDATE_SYSTEM, OPEN, STEP_DATA_EXTENSION, UNCLAIMED};
use crate::View;
use fhir::ReferenceText;
use jiff::{SignedDuration, Timestamp};
use policy::Tying;
use serde_json::{Value, json};
use store::StoredResource;

/// Types whose resources name whom they tie, and whose writing is looked at here.
const MADE: &[&str] = &["CareTeam", "EpisodeOfCare", "Encounter", "Task"];

/// System of the tags in `meta.tag` of a resource that does not tie all whom it names: each code is a reference that it
/// does tie.
const TAG: &str = "https://sinfonia.it/fhir/CodeSystem/legami";
/// The code that ties nobody.
const NOBODY: &str = "nessuno";

/// Whether the writing of a type is looked at by [`settle_ties`].
pub fn makes_ties(rtype: &str) -> bool {
    MADE.contains(&rtype)
}

/// Status values in which a resource of a type ties.
pub(super) fn open_statuses(rtype: &str) -> &'static [&'static str] {
    match rtype {
        "CareTeam" => &["proposed", "active"],
        "EpisodeOfCare" => &["planned", "waitlist", "active", "onhold"],
        "Encounter" => &["planned", "arrived", "triaged", "in-progress", "onleave", "finished"],
        _ => OPEN,
    }
}

/// From when to when a resource ties; `None`: never. `written`: when this version was, from which one without dates counts.
pub(super) fn span(rules: &Tying, rtype: &str, value: &Value, written: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let later = |moment: Timestamp, days: u32| {
        let by = SignedDuration::from_hours(24 * i64::from(days));
        moment.checked_add(by).unwrap_or(Timestamp::MAX)
    };
    let (start, end) = period(&value["period"]);
    let longest = rules.longest_days(rtype);
    let longest = longest.map_or(Timestamp::MAX, |days| later(start.unwrap_or(written), days));
    if rtype == "Encounter" {
        if value["status"] == "finished" && end.is_none() {
            return None;
        }
        let until = end.unwrap_or(Timestamp::MAX).min(longest);
        // A planned encounter ties before it begins: who receives somebody prepares.
        return Some((
            Timestamp::MIN,
            end.map_or(until, |_| later(until, rules.after_encounter_days())),
        ));
    }
    let begins = start.unwrap_or(Timestamp::MIN);
    Some((begins, end.unwrap_or(Timestamp::MAX).min(longest)))
}

/// Whether a resource ties one whom it names.
pub(super) fn ties(value: &Value, who: &str) -> bool {
    tags(value).is_none_or(|tied| tied.iter().any(|one| one == who))
}

/// Whom alone a tagged resource ties; `None`: it has no tag, and ties all whom it names.
fn tags(value: &Value) -> Option<Vec<String>> {
    let tags = value.pointer("/meta/tag").and_then(Value::as_array)?;
    let own = tags.iter().filter(|tag| tag["system"] == TAG);
    let codes: Vec<String> = own.filter_map(|tag| Some(tag["code"].as_str()?.to_owned())).collect();
    (!codes.is_empty()).then_some(codes)
}

fn set_tags(value: &mut Value, tied: Option<Vec<String>>) {
    let old = value.pointer("/meta/tag").and_then(Value::as_array).cloned();
    let mut tags: Vec<Value> = old.unwrap_or_default();
    tags.retain(|tag| tag["system"] != TAG);
    if let Some(mut tied) = tied {
        if tied.len() > 1 {
            tied.retain(|one| one != NOBODY);
        }
        if tied.is_empty() {
            tied.push(NOBODY.into());
        }
        tags.extend(tied.iter().map(|code| json!({"system": TAG, "code": code})));
    }
    if !tags.is_empty() {
        value["meta"]["tag"] = json!(tags);
    } else if let Some(meta) = value.get_mut("meta").and_then(Value::as_object_mut) {
        meta.shift_remove("tag");
    }
}

/// Somebody whom a resource names so that it ties them.
#[derive(Debug, PartialEq, Eq)]
struct Party {
    who: String,
    begins: Timestamp,
    until: Timestamp,
    /// Of a step: the data it declares.
    opens: String,
}

impl Party {
    /// Whether one that was there gave as much.
    fn is_within(&self, had: &Self) -> bool {
        self.who == had.who && self.opens == had.opens && had.begins <= self.begins && self.until <= had.until
    }
}

fn parties(rules: &Tying, rtype: &str, value: &Value, written: Timestamp) -> Vec<Party> {
    let status = value["status"].as_str().unwrap_or_default();
    let Some((begins, until)) = span(rules, rtype, value, written).filter(|_| open_statuses(rtype).contains(&status))
    else {
        return Vec::new();
    };
    let mut named: Vec<String> = Vec::new();
    let mut add = |reference: &Value| {
        let text = reference["reference"].as_str().unwrap_or_default();
        if let ReferenceText::Local { rtype, id, .. } = ReferenceText::parse(text) {
            named.push(format!("{rtype}/{id}"));
        }
    };
    let list = |name: &str| value[name].as_array().into_iter().flatten();
    match rtype {
        "CareTeam" => list("participant").for_each(|one| add(&one["member"])),
        "EpisodeOfCare" => [&value["careManager"], &value["managingOrganization"]]
            .into_iter()
            .for_each(add),
        "Encounter" => {
            list("participant").for_each(|one| add(&one["individual"]));
            add(&value["serviceProvider"]);
        }
        _ if value["owner"].is_null() && UNCLAIMED.contains(&status) => {
            let codings = list("performerType").flat_map(|one| one["coding"].as_array().into_iter().flatten());
            let codes = codings.filter(|coding| coding["system"] == CANDIDATE_SYSTEM);
            named.extend(codes.filter_map(|coding| Some(coding["code"].as_str()?.to_owned())));
        }
        _ => add(&value["owner"]),
    }
    let declared = list("extension").find(|one| one["url"] == STEP_DATA_EXTENSION);
    let opens = declared.map(|one| one["valueString"].as_str().unwrap_or_default().to_owned());
    let opens = opens.unwrap_or_default();
    let party = |who| Party {
        who,
        begins,
        until,
        opens: opens.clone(),
    };
    named.into_iter().map(party).collect()
}

/// Settles whom a resource about to be written ties: puts its tag right, gives one without dates the start it had, and
/// refuses to widen what ties already. `current`: what it replaces.
///
/// # Errors
/// Why it is refused.
pub fn settle_ties(
    view: &View,
    value: &mut Value,
    current: Option<&StoredResource>,
    now: Timestamp,
) -> Result<(), String> {
    let rtype = value["resourceType"].as_str().unwrap_or_default().to_owned();
    let rules = view.policies().tying();
    let has = |roles: &[String]| roles.iter().any(|role| view.has_role(role));
    if !makes_ties(&rtype) || view.is_everything() || has(rules.made_by()) {
        return Ok(());
    }
    let own = view.unit().filter(|_| has(rules.at_own_unit()) && rtype != "Task");
    let before = current.and_then(|current| {
        let before: Value = serde_json::from_slice(current.body.as_deref()?).ok()?;
        let about = |value: &Value| ["subject", "patient", "for"].map(|name| value[name]["reference"].clone());
        (about(&before) == about(value)).then_some((before, current.last_updated))
    });
    let mut tied = Vec::new();
    if let Some((before, written)) = before {
        match tags(&before) {
            Some(before) => tied = before,
            None => {
                date(&rtype, value, &before, written);
                set_tags(value, None);
                let had = parties(rules, &rtype, &before, written);
                let wider = parties(rules, &rtype, value, now);
                let mut wider = wider.into_iter().filter(|one| Some(&one.who) != own.as_ref());
                return match wider.find(|one| !had.iter().any(|had| one.is_within(had))) {
                    Some(one) => Err(refusal(rules, &rtype, &one.who)),
                    None => Ok(()),
                };
            }
        }
    }
    let named = parties(rules, &rtype, value, now);
    if let Some(own) = own.filter(|own| named.iter().any(|one| one.who == *own) && !tied.contains(own)) {
        tied.push(own);
    }
    set_tags(value, Some(tied));
    Ok(())
}

/// One without dates counts from when it was written: that it is written again does not make it last longer.
fn date(rtype: &str, value: &mut Value, before: &Value, written: Timestamp) {
    let undated = |value: &Value| value["period"]["start"].is_null() && value["period"]["end"].is_null();
    if rtype != "Task" && undated(value) && undated(before) {
        value["period"] = json!({"start": written.to_string()});
    }
}

fn refusal(rules: &Tying, rtype: &str, who: &str) -> String {
    format!(
        "{rtype}: {who} would come to see this patient, or for longer, by what you write. Who registers somebody at their \
         own unit ({}) may say so, or a step of a pathway; leave {who} and the period as they are",
        rules.at_own_unit().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Policies;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ties_have_a_longest_time() {
        let policies = Policies::standard();
        let rules = policies.tying();
        let now = at("2026-06-01T00:00:00Z");
        let until = |rtype: &str, value: Value| span(rules, rtype, &value, now).map(|(_, until)| until);
        let open = json!({"status": "in-progress", "period": {"start": "2024-01-01T00:00:00Z"}});
        assert!(until("Encounter", open).unwrap() < now, "open for years");
        let closed = json!({"status": "finished", "period": {"start": "2026-05-01", "end": "2026-05-20T00:00:00Z"}});
        let ends = until("Encounter", closed).unwrap();
        assert!(at("2026-06-19T00:00:00Z") <= ends && ends < at("2026-06-19T00:00:01Z"));
        assert_eq!(until("Encounter", json!({"status": "finished"})), None);
        let far = json!({"status": "active", "period": {"start": "2026-01-01", "end": "2099-01-01"}});
        assert!(until("CareTeam", far).unwrap() < at("2031-02-01T00:00:00Z"));
        assert!(
            until("CareTeam", json!({})).unwrap() > at("2031-01-01T00:00:00Z"),
            "from when it was written"
        );
    }

    #[test]
    fn tags_are_set_and_taken_away_beside_others() {
        let mut value = json!({"meta": {"tag": [{"system": "x", "code": "y"}]}});
        assert!(ties(&value, "Practitioner/1"));
        set_tags(&mut value, Some(vec![]));
        assert!(!ties(&value, "Practitioner/1"));
        set_tags(&mut value, Some(vec![NOBODY.into(), "Organization/1".into()]));
        assert!(ties(&value, "Organization/1") && !ties(&value, "Practitioner/1"));
        assert_eq!(value["meta"]["tag"].as_array().unwrap().len(), 2);
        set_tags(&mut value, None);
        assert_eq!(value["meta"]["tag"], json!([{"system": "x", "code": "y"}]));
    }
}
