//! The survivor of a merge, element by element, by the rules; and which of the two records is to survive.

use crate::matching::rules::{FieldRule, Whose, rules};
use serde_json::{Map, Value, json};

/// What is not a matter of rules.
const OWN: [&str; 3] = ["resourceType", "id", "meta"];

/// The record to propose as the survivor: that with a codice fiscale, else the one that was there first.
pub(crate) fn proposed<'a>(a: &'a Value, b: &'a Value) -> (&'a Value, &'a Value) {
    let code = |one: &Value| !linkage::patient::values(one)[5].is_empty();
    let alive = |one: &Value| one["active"] != false;
    let rank = |one: &Value| (alive(one), code(one));
    match rank(b).cmp(&rank(a)) {
        std::cmp::Ordering::Greater => (b, a),
        _ => (a, b),
    }
}

/// The survivor as it becomes: its own values and those that the rules take from the other.
pub(crate) fn golden(survivor: &Value, other: &Value) -> Value {
    let mut made = survivor.clone();
    for rule in &rules().fields {
        let won = won(rule, survivor, other);
        let Some(object) = made.as_object_mut() else { continue };
        match won {
            Value::Null => {}
            won => {
                object.insert(rule.path.clone(), won);
            }
        }
    }
    let mut links = list(&survivor["link"]);
    links.push(json!({"other": {"reference": format!("Patient/{}", text(&other["id"]))}, "type": "replaces"}));
    made["link"] = json!(links);
    made["active"] = json!(true);
    made
}

/// Whether somebody is dead.
pub(crate) fn is_dead(person: &Value) -> bool {
    person["deceasedBoolean"] == true || person["deceasedDateTime"].is_string()
}

/// The day somebody died, where it is known, `YYYY-MM-DD`.
pub(crate) fn death(person: &Value) -> Option<&str> {
    person["deceasedDateTime"].as_str().and_then(|at| at.get(..10))
}

/// The other as it becomes: out of use, with a link to the survivor, and with the survivor's doctor, so that who follows the
/// person sees what runs on under it.
pub(crate) fn replaced(other: &Value, survivor: &Value) -> Value {
    let mut made = other.clone();
    let mut links = list(&other["link"]);
    links.push(json!({"other": {"reference": format!("Patient/{}", text(&survivor["id"]))}, "type": "replaced-by"}));
    made["link"] = json!(links);
    made["active"] = json!(false);
    match &survivor["generalPractitioner"] {
        Value::Null => drop(made.as_object_mut().map(|made| made.remove("generalPractitioner"))),
        doctors => made["generalPractitioner"] = doctors.clone(),
    }
    made
}

fn won(rule: &FieldRule, survivor: &Value, other: &Value) -> Value {
    let (own, theirs) = (&survivor[&rule.path], &other[&rule.path]);
    match rule.rule {
        Whose::First if own.is_null() => theirs.clone(),
        Whose::First => own.clone(),
        Whose::Latest => {
            let since = |one: &Value| {
                one["meta"]["lastUpdated"]
                    .as_str()
                    .unwrap_or_default()
                    .parse::<jiff::Timestamp>()
                    .ok()
            };
            let later = since(other) > since(survivor);
            if own.is_null() || (later && !theirs.is_null()) {
                theirs.clone()
            } else {
                own.clone()
            }
        }
        Whose::All => all(own, theirs, &rule.path),
        Whose::ByUrl => by_url(own, theirs),
    }
}

/// Both lists. What the other has of the same kind in another form is kept as old: two codes of one system, two official names.
fn all(own: &Value, theirs: &Value, path: &str) -> Value {
    let mut both = list(own);
    let said = |one: &Value| {
        let mut said = one.clone();
        said.as_object_mut().map(|object| object.remove("use"));
        said
    };
    for one in list(theirs) {
        if both.iter().any(|known| said(known) == said(&one)) {
            continue;
        }
        let mut one = one;
        let contradicts = match path {
            "identifier" => both.iter().any(|known| known["system"] == one["system"]),
            "name" => both.iter().any(|known| known["use"] == one["use"]),
            _ => false,
        };
        if contradicts {
            one["use"] = json!("old");
        }
        both.push(one);
    }
    if both.is_empty() { Value::Null } else { json!(both) }
}

fn by_url(own: &Value, theirs: &Value) -> Value {
    let mut both = list(own);
    for one in list(theirs) {
        if !both.iter().any(|known| known["url"] == one["url"]) {
            both.push(one);
        }
    }
    if both.is_empty() { Value::Null } else { json!(both) }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A record as it was before a merge, with what people changed since: an element that is as the merge left it goes back, one that
/// was changed since stays. Gives the names of the elements that stay changed.
pub(crate) fn restored(before: &Value, merged: &Value, now: &Value) -> (Value, Vec<String>) {
    let empty = Map::new();
    let of = |value: &'_ Value| value.as_object().cloned().unwrap_or_else(|| empty.clone());
    let (before, merged, now) = (of(before), of(merged), of(now));
    // the order of the elements before, then what came since
    let mut names: Vec<&String> = before.keys().collect();
    names.extend(now.keys().filter(|name| !before.contains_key(*name)));
    let (mut made, mut changed) = (Map::new(), vec![]);
    for name in names {
        let unchanged = OWN.contains(&name.as_str()) || now.get(name) == merged.get(name);
        let value = if unchanged { before.get(name) } else { now.get(name) };
        if !unchanged {
            changed.push(name.clone());
        }
        if let Some(value) = value {
            made.insert(name.clone(), value.clone());
        }
    }
    // the version that is replaced is the one that stands there now
    if let Some(meta) = now.get("meta").and_then(|meta| meta.get("versionId")) {
        made.entry("meta").or_insert_with(|| json!({}))["versionId"] = meta.clone();
    }
    (Value::Object(made), changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str, updated: &str, code: &str, city: &str) -> Value {
        json!({
            "resourceType": "Patient", "id": id, "meta": {"versionId": "3", "lastUpdated": updated},
            "identifier": [{"system": "cf", "value": code}], "name": [{"use": "official", "family": "Rossi"}],
            "address": [{"city": city}]
        })
    }

    #[test]
    fn the_rules_say_whose_value_wins() {
        let a = person("a", "2026-01-01T00:00:00Z", "X", "Eboli");
        let mut b = person("b", "2026-02-01T00:00:00Z", "Y", "Aversa");
        b["gender"] = json!("male");
        b["name"] = json!([{"use": "official", "family": "Rosi"}, {"use": "maiden", "family": "Verdi"}]);
        b["extension"] = json!([{"url": "u", "valueString": "v"}]);
        let made = golden(&a, &b);
        assert_eq!(made["address"][0]["city"], "Aversa", "the later one");
        assert_eq!(made["gender"], "male", "what was missing");
        assert_eq!(
            made["identifier"],
            json!([{"system": "cf", "value": "X"}, {"system": "cf", "value": "Y", "use": "old"}])
        );
        assert_eq!(made["name"][1]["use"], "old");
        assert_eq!(made["name"][2]["use"], "maiden");
        assert_eq!(made["link"][0]["type"], "replaces");
        let gone = replaced(&b, &made);
        assert_eq!(
            (gone["active"].clone(), gone["link"][0]["type"].clone()),
            (json!(false), json!("replaced-by"))
        );
        let (back, changed) = restored(&a, &made, &made);
        assert_eq!((back, changed.len()), (a.clone(), 0));
        let mut later = made.clone();
        later["gender"] = json!("other");
        later["telecom"] = json!([{"system": "phone", "value": "1"}]);
        let (back, changed) = restored(&a, &made, &later);
        assert_eq!(changed, ["gender", "telecom"]);
        assert_eq!(
            (back["gender"].clone(), back["address"].clone()),
            (json!("other"), a["address"].clone())
        );
    }

    #[test]
    fn whatever_two_records_hold_separating_gives_them_back() {
        let elements = [
            ("identifier", json!([{"system": "cf", "value": "X"}])),
            ("name", json!([{"use": "official", "family": "Rossi"}])),
            ("address", json!([{"city": "Eboli"}])),
            ("birthDate", json!("1980-01-01")),
            ("extension", json!([{"url": "u", "valueString": "v"}])),
            ("generalPractitioner", json!([{"reference": "Practitioner/1"}])),
        ];
        let made = |id: &str, has: usize, updated: &str| {
            let mut one =
                json!({"resourceType": "Patient", "id": id, "meta": {"versionId": "1", "lastUpdated": updated}});
            for (at, (name, value)) in elements.iter().enumerate().filter(|(at, _)| has >> at & 1 == 1) {
                // each its own value, so that the rules have something to decide
                let text = value
                    .to_string()
                    .replace('X', id)
                    .replace("Eboli", id)
                    .replace("Rossi", &format!("{id}{at}"));
                one[*name] = serde_json::from_str(&text).unwrap();
            }
            one
        };
        for (left, right) in (0..64).flat_map(|left| (0..64).map(move |right| (left, right))) {
            let (a, b) = (
                made("a", left, "2026-01-01T00:00:00Z"),
                made("b", right, "2026-02-01T00:00:00Z"),
            );
            let survivor = golden(&a, &b);
            let gone = replaced(&b, &survivor);
            assert_eq!(restored(&a, &survivor, &survivor), (a, vec![]));
            assert_eq!(restored(&b, &gone, &gone), (b, vec![]));
        }
    }

    #[test]
    fn the_record_with_a_code_is_to_survive() {
        let bare = json!({"id": "a"});
        let coded = json!({"id": "b", "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": "X"}]});
        assert_eq!(proposed(&bare, &coded).0["id"], "b");
        assert_eq!(proposed(&coded, &bare).0["id"], "b");
        let mut dead = coded.clone();
        dead["active"] = json!(false);
        assert_eq!(proposed(&dead, &bare).0["id"], "a");
    }
}
