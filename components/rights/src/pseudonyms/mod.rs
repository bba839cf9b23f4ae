//! Pseudonyms, keyed for each recipient: the same person has the same pseudonym wherever it appears for one recipient, and
//! another for each other one, so that two recipients cannot put together what they got. The rules are data
//! (`rules/pseudonyms.json`).

mod dates;
mod rule;

pub use rule::{Rule, RuleError, Rules, rules};

use access::SigningKey;
use rule::Dates;
use serde_json::{Map, Value, json};

/// Values within values at most.
const DEPTH: usize = 64;
/// Code system of what hides a fact from others.
const HIDING: &str = "https://sinfonia.it/fhir/CodeSystem/oscuramento";

/// Puts pseudonyms in the place of identities, for one recipient.
pub struct Pseudonymiser<'a> {
    key: SigningKey,
    rule: &'a Rule,
    /// This year, from which the oldest are counted.
    year: i16,
}

impl<'a> Pseudonymiser<'a> {
    /// With the recipient's key and rule. `year`: the present one.
    pub fn new(key: SigningKey, rule: &'a Rule, year: i16) -> Self {
        Self { key, rule, year }
    }

    /// A resource, or every resource of a Bundle, under pseudonyms; `None` for what does not leave: types that the rule
    /// drops, facts that the person has hidden.
    pub fn resource(&self, mut resource: Value) -> Option<Value> {
        let rtype = resource["resourceType"].as_str()?.to_owned();
        if rtype == "Bundle" {
            let entries = resource["entry"].take();
            let list = entries.as_array().into_iter().flatten().cloned();
            let kept = list.filter_map(|mut entry| self.resource(entry["resource"].take()));
            let entries: Vec<Value> = kept.map(|resource| json!({"resource": resource})).collect();
            return Some(json!({"resourceType": "Bundle", "type": "collection", "entry": entries}));
        }
        let labels = resource["meta"]["security"].as_array().into_iter().flatten();
        if self.rule.drop.contains(&rtype) || labels.into_iter().any(|label| label["system"] == HIDING) {
            return None;
        }
        let days = self.shift(&patient(&resource));
        let object = resource.as_object_mut()?;
        object.remove("meta");
        let id = object.get("id").and_then(Value::as_str).map(|id| self.id(&rtype, id));
        if let Some(id) = id {
            object.insert("id".into(), json!(id));
        }
        let born = object
            .get("birthDate")
            .and_then(Value::as_str)
            .and_then(|date| self.birth(date));
        self.object(object, days, 0);
        object.remove("birthDate");
        if let Some(born) = born {
            object.insert("birthDate".into(), json!(born));
        }
        Some(resource)
    }

    /// The pseudonym of an id. Ids of different types differ.
    fn id(&self, rtype: &str, id: &str) -> String {
        let bytes = self.key.derive(&format!("id {rtype}/{id}"));
        let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("p{hex}")
    }

    /// The days by which a person's dates move; 0 where the rule does not move them.
    fn shift(&self, patient: &str) -> i64 {
        if self.rule.dates != Dates::Shift || self.rule.days == 0 {
            return 0;
        }
        let bytes = self.key.derive(&format!("days {patient}"));
        let number = u64::from_be_bytes(bytes[..8].try_into().unwrap_or_default());
        let span = 2 * u64::from(self.rule.days);
        // Never 0: nobody's dates leave as they are.
        let moved = (number % span) as i64 - i64::from(self.rule.days);
        if moved >= 0 { moved + 1 } else { moved }
    }

    /// The year of birth; the oldest, of whom there are few, together.
    fn birth(&self, date: &str) -> Option<String> {
        let year: i16 = date.get(..4)?.parse().ok()?;
        Some(year.max(self.year - self.rule.oldest_years).to_string())
    }

    fn object(&self, object: &mut Map<String, Value>, days: i64, depth: usize) {
        object.retain(|name, _| depth <= DEPTH && !name.starts_with('_') && !self.rule.remove.contains(name));
        for (name, value) in object.iter_mut() {
            if name == "reference" {
                *value = value.as_str().map_or(Value::Null, |text| json!(self.reference(text)));
            } else {
                self.value(value, days, depth + 1);
            }
        }
        object.retain(|_, value| !value.is_null() && *value != json!({}) && *value != json!([]));
    }

    fn value(&self, value: &mut Value, days: i64, depth: usize) {
        match value {
            Value::Object(object) => self.object(object, days, depth),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item, days, depth + 1)),
            Value::String(text) => {
                if let Some(moved) = dates::moved(text, self.rule.dates, days) {
                    *text = moved;
                }
            }
            _ => {}
        }
    }

    /// A reference under the pseudonym of what it names. What names nothing here by type and id gets one of its own.
    fn reference(&self, text: &str) -> String {
        let mut parts = text.split("/_history/").next().unwrap_or(text).rsplit('/');
        match (parts.next(), parts.next()) {
            (Some(id), Some(rtype)) if fhir::Definitions::r4().is_resource(rtype) => {
                format!("{rtype}/{}", self.id(rtype, id))
            }
            _ => format!("urn:p:{}", self.id("", text)),
        }
    }
}

/// Whose dates these are: those of one person move together.
fn patient(resource: &Value) -> String {
    if resource["resourceType"] == "Patient" {
        return format!("Patient/{}", resource["id"].as_str().unwrap_or_default());
    }
    let places = [
        &resource["subject"],
        &resource["patient"],
        &resource["beneficiary"],
        &resource["for"],
    ];
    let named = places.iter().find_map(|place| place["reference"].as_str());
    let text = named.unwrap_or("nobody");
    let parts: Vec<&str> = text.rsplit('/').take(2).collect();
    match parts[..] {
        [id, rtype] => format!("{rtype}/{id}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_recipient(seed: u8, rule: &Rule) -> Pseudonymiser<'_> {
        Pseudonymiser::new(SigningKey::from_bytes([seed; 32]), rule, 2026)
    }

    fn patient() -> Value {
        json!({"resourceType": "Patient", "id": "anna", "birthDate": "1920-05-06", "gender": "female",
            "name": [{"family": "Rossi"}], "identifier": [{"value": "RSSNNA20E46F839X"}], "telecom": [{"value": "081"}],
            "address": [{"city": "Napoli"}], "_birthDate": {"extension": [{"valueString": "Rossi"}]},
            "generalPractitioner": [{"reference": "Practitioner/doc", "display": "Dott. Rossi"}]})
    }

    fn observation() -> Value {
        json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}], "text": "di Anna Rossi"},
            "subject": {"reference": "Patient/anna"}, "effectiveDateTime": "2026-03-01T10:00:00+01:00", "issued": "2026-03-04T08:00:00Z",
            "valueQuantity": {"value": 7.1, "unit": "%"}, "note": [{"text": "Rossi sta bene"}]})
    }

    #[test]
    fn references_stay_together_within_a_recipient_and_apart_across_two() {
        let rule = rules().of("istituto");
        let (one, two) = (for_recipient(1, rule), for_recipient(2, rule));
        let person = one.resource(patient()).unwrap();
        let fact = one.resource(observation()).unwrap();
        assert_eq!(
            fact["subject"]["reference"],
            format!("Patient/{}", person["id"].as_str().unwrap())
        );
        assert_eq!(one.resource(patient()), one.resource(patient()));
        let absolute =
            json!({"resourceType": "Observation", "subject": {"reference": "https://hub/fhir/Patient/anna"}});
        assert_eq!(one.resource(absolute).unwrap()["subject"], fact["subject"]);
        let other = two.resource(patient()).unwrap();
        assert_ne!(person["id"], other["id"]);
        assert_ne!(
            fact["effectiveDateTime"],
            two.resource(observation()).unwrap()["effectiveDateTime"]
        );
    }

    #[test]
    fn nothing_that_names_a_person_leaves() {
        let one = for_recipient(1, rules().of("istituto"));
        let text = format!(
            "{}{}",
            one.resource(patient()).unwrap(),
            one.resource(observation()).unwrap()
        );
        for word in ["Rossi", "anna", "RSSNNA", "081", "Napoli", "doc", "1920", "2026-03-01"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert!(
            text.contains("4548-4") && text.contains("7.1") && text.contains("\"1937\""),
            "{text}"
        );
        let hidden = json!({"resourceType": "Observation", "meta": {"security": [{"system": HIDING, "code": "P99"}]}});
        assert!(one.resource(hidden).is_none());
        assert!(one.resource(json!({"resourceType": "RelatedPerson"})).is_none());
    }

    #[test]
    fn distances_between_dates_of_a_person_stay() {
        let one = for_recipient(1, rules().of("istituto"));
        let fact = one.resource(observation()).unwrap();
        let day = |name: &str| fact[name].as_str().unwrap()[..10].parse::<jiff::civil::Date>().unwrap();
        assert_eq!((day("issued") - day("effectiveDateTime")).get_days(), 3);
        let coarse = for_recipient(1, rules().of("flussi-regionali"))
            .resource(observation())
            .unwrap();
        assert_eq!(coarse["effectiveDateTime"], "2026-03");
    }
}
