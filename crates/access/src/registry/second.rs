//! Roles that nobody gives alone (`rules/sensitive-roles.json`): an assignment that gives one, or gives it for longer or
//! elsewhere, waits for a second person. It carries a tag that the server sets and nobody else takes away: whose hands it
//! comes from, and which version before it counts meanwhile.

use super::roles::role_of;
use crate::View;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;
use store::StoredResource;

/// System of the tags of an assignment that waits: each code is who gave it (`Practitioner/…`), the version is the one that
/// counts until it is confirmed.
pub const WAITING: &str = "https://sinfonia.it/fhir/CodeSystem/attesa-conferma";

#[derive(Deserialize)]
struct File {
    reciprocal_days: i64,
    roles: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    role: String,
    valid_from: Date,
    #[serde(default)]
    valid_to: Option<Date>,
}

static TABLE: LazyLock<File> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/sensitive-roles.json")).expect("sensitive-roles.json is built in")
});

/// Whether a role takes a second person at a moment.
pub fn takes_two(role: &str, now: Timestamp) -> bool {
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let holds = |row: &&Row| row.valid_from <= day && row.valid_to.is_none_or(|last| day <= last);
    TABLE.roles.iter().filter(holds).any(|row| row.role == role)
}

/// For how many days two people do not confirm in turn what the other gave.
pub fn reciprocal_days() -> i64 {
    TABLE.reciprocal_days
}

/// What an assignment waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who gave it, or widened it.
    pub givers: Vec<String>,
    /// The version that counts meanwhile; none: nothing does.
    pub counts: Option<u64>,
}

fn tags(value: &Value) -> impl Iterator<Item = &Value> {
    let tags = value.pointer("/meta/tag").and_then(Value::as_array);
    tags.into_iter().flatten().filter(|tag| tag["system"] == WAITING)
}

/// What an assignment waits for; `None`: it counts as it is.
pub fn waiting(role: &Value) -> Option<Waiting> {
    let givers: Vec<String> = tags(role)
        .map(|tag| tag["code"].as_str().unwrap_or_default().to_owned())
        .collect();
    let counts = tags(role).find_map(|tag| tag["version"].as_str()?.parse().ok());
    (!givers.is_empty()).then_some(Waiting { givers, counts })
}

/// Writes, or takes away, what an assignment waits for.
pub fn set_waiting(role: &mut Value, waiting: Option<&Waiting>) {
    let old = role.pointer("/meta/tag").and_then(Value::as_array).cloned();
    let mut tags: Vec<Value> = old.unwrap_or_default();
    tags.retain(|tag| tag["system"] != WAITING);
    for giver in waiting.into_iter().flat_map(|waiting| &waiting.givers) {
        let mut tag = json!({"system": WAITING, "code": giver});
        if let Some(version) = waiting.and_then(|waiting| waiting.counts) {
            tag["version"] = json!(version.to_string());
        }
        tags.push(tag);
    }
    if !tags.is_empty() {
        role["meta"]["tag"] = json!(tags);
    } else if let Some(meta) = role.get_mut("meta").and_then(Value::as_object_mut) {
        meta.shift_remove("tag");
    }
}

/// What of an assignment a second person looks at.
#[derive(Debug, Default)]
struct Gift {
    who: String,
    unit: String,
    roles: Vec<&'static str>,
    from: i64,
    to: i64,
}

impl Gift {
    /// Of an assignment; without roles where it gives none that takes two, now or later.
    fn of(role: &Value, now: Timestamp) -> Self {
        let bound = |name: &str| role["period"][name].as_str().map(fhir::date_interval);
        let from = bound("start").map_or(i64::MIN, |read| read.map_or(i64::MAX, |(from, _)| from));
        let to = bound("end").map_or(i64::MAX, |read| read.map_or(i64::MIN, |(_, to)| to));
        let text = |name: &str| role[name]["reference"].as_str().unwrap_or_default().to_owned();
        let over = role["active"] == false || to < now.as_microsecond() || to < from;
        let roles = role_of(role).filter(|role| !over && takes_two(role, now));
        Self {
            who: text("practitioner"),
            unit: text("organization"),
            roles: roles.collect(),
            from,
            to,
        }
    }

    /// Whether one that was there gave as much.
    fn is_within(&self, had: &Self) -> bool {
        let same = self.who == had.who && self.unit == had.unit && had.from <= self.from && self.to <= had.to;
        self.roles.is_empty() || (same && self.roles.iter().all(|role| had.roles.contains(role)))
    }
}

/// Settles what an assignment about to be written waits for. What the program itself writes waits for nobody. `current`: what
/// it replaces.
pub fn settle_roles(view: &View, value: &mut Value, current: Option<&StoredResource>, now: Timestamp) {
    if value["resourceType"] != "PractitionerRole" || view.is_everything() {
        return;
    }
    set_waiting(value, None);
    let gift = Gift::of(value, now);
    if gift.roles.is_empty() {
        return;
    }
    let live = current.and_then(|current| Some((current.version, current.body.as_deref()?)));
    let before = live.and_then(|(version, body)| Some((version, serde_json::from_slice::<Value>(body).ok()?)));
    let mut now_waiting = match &before {
        None => Waiting {
            givers: Vec::new(),
            counts: None,
        },
        Some((version, before)) => match waiting(before) {
            Some(old) => old,
            None if gift.is_within(&Gift::of(before, now)) => return,
            None => Waiting {
                givers: Vec::new(),
                counts: Some(*version),
            },
        },
    };
    let giver = view.subject();
    if now_waiting.givers.iter().all(|one| one != giver) {
        now_waiting.givers.push(giver.to_owned());
    }
    set_waiting(value, Some(&now_waiting));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(code: &str, start: &str, end: &str) -> Value {
        let mut period = json!({"start": start});
        if !end.is_empty() {
            period["end"] = json!(end);
        }
        json!({"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/a"}, "period": period,
            "organization": {"reference": "Organization/1"},
            "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": code}]}]})
    }

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_gift_is_wider_by_role_time_unit_or_person() {
        let had = Gift::of(&role("operatore-anagrafe", "2026-01-01", "2026-12-31"), now());
        let within = |value: &Value| Gift::of(value, now()).is_within(&had);
        assert!(within(&role("operatore-anagrafe", "2026-02-01", "2026-11-30")));
        assert!(within(&role("mmg", "2020-01-01", "")), "takes nobody else");
        assert!(within(&role("risk-manager", "2020-01-01", "2026-05-01")), "is over");
        for wider in [
            role("operatore-anagrafe", "2026-01-01", "2027-01-31"),
            role("operatore-anagrafe", "2025-01-01", "2026-12-31"),
            role("operatore-anagrafe", "2026-01-01", ""),
            role("risk-manager", "2026-01-01", "2026-12-31"),
        ] {
            assert!(!within(&wider), "{wider}");
        }
        for (element, to) in [("practitioner", "Practitioner/b"), ("organization", "Organization/2")] {
            let mut moved = role("operatore-anagrafe", "2026-01-01", "2026-12-31");
            moved[element]["reference"] = json!(to);
            assert!(!within(&moved), "{moved}");
        }
        let mut taken_back = role("operatore-anagrafe", "2026-01-01", "");
        taken_back["active"] = json!(false);
        assert!(within(&taken_back));
    }

    #[test]
    fn the_table_has_dates() {
        assert!(takes_two("admin", now()) && !takes_two("mmg", now()));
        assert!(!takes_two("admin", "2025-12-31T12:00:00Z".parse().unwrap()));
        let known: Value = serde_json::from_str(include_str!("../../../policy/policies/roles.json")).unwrap();
        let known = known["roles"].as_array().unwrap();
        for row in &TABLE.roles {
            assert!(known.iter().any(|one| one["role"] == row.role.as_str()), "{}", row.role);
        }
    }

    #[test]
    fn what_waits_is_said_beside_other_tags() {
        let mut value = json!({"meta": {"tag": [{"system": "x", "code": "y"}]}});
        let waits = Waiting {
            givers: vec!["Practitioner/a".into(), "Practitioner/b".into()],
            counts: Some(3),
        };
        set_waiting(&mut value, Some(&waits));
        assert_eq!(waiting(&value), Some(waits));
        set_waiting(&mut value, None);
        assert_eq!(
            (waiting(&value), value["meta"]["tag"].as_array().unwrap().len()),
            (None, 1)
        );
    }
}
