//! An assignment: a person in a unit, with a role, for a time. In FHIR a PractitionerRole.

use crate::systems::{DISCIPLINE, ROLE, extension, extensions, id_of, set_extension, set_extensions};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

/// A time between two moments, both in it, microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First.
    pub from: i64,
    /// Last.
    pub to: i64,
}

impl Span {
    /// Of a FHIR Period as `crates/access` reads it: without a bound it holds always, with one that cannot be read never.
    pub fn of(start: &str, end: &str) -> Self {
        let bound = |text: &str| (!text.is_empty()).then(|| fhir::date_interval(text));
        let from = bound(start).map_or(i64::MIN, |bound| bound.map_or(i64::MAX, |(from, _)| from));
        let to = bound(end).map_or(i64::MAX, |bound| bound.map_or(i64::MIN, |(_, to)| to));
        Self { from, to }
    }

    /// Of a day (UTC, as FHIR dates without a zone are read here).
    pub fn day(day: Date) -> Self {
        let text = day.to_string();
        Self::of(&text, &text)
    }

    /// Whether a moment is in it.
    pub fn holds(self, at: i64) -> bool {
        self.from <= at && at <= self.to
    }

    /// The time that is in both.
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        };
        (both.from <= both.to).then_some(both)
    }
}

/// Where an assignment stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not begun.
    Future,
    /// Holds.
    Current,
    /// Over, or taken back.
    Past,
}

/// An assignment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Assignment {
    /// Id of the PractitionerRole; empty for a new one.
    pub id: String,
    /// Version that was read; empty for a new one.
    pub version: String,
    /// Practitioner id.
    pub person: String,
    /// Name of the person.
    pub person_name: String,
    /// Organization id.
    pub organization: String,
    /// Name of the unit, where the resource tells it.
    pub organization_name: String,
    /// Role codes; the registry writes one.
    pub role: String,
    /// Discipline code.
    pub discipline: String,
    /// Kind of contract; empty where nobody said.
    pub contract: String,
    /// Qualification in words, as in the contract (dirigente medico, collaboratore sanitario, …).
    pub qualification: String,
    /// Whether it is the person's main one.
    pub main: bool,
    /// Hours a week; none where nobody said.
    pub hours: Option<u32>,
    /// Location ids.
    pub sites: Vec<String>,
    /// When one works, in words.
    pub times: String,
    /// First day or moment, FHIR.
    pub start: String,
    /// Last day or moment, FHIR.
    pub end: String,
    /// Not taken back.
    pub active: bool,
    /// `Practitioner/…` in whose place.
    pub substitutes: Option<String>,
    /// Own ceiling of patients.
    pub ceiling: Option<u32>,
    /// Location ids of areas.
    pub areas: Vec<String>,
    resource: Value,
}

impl Assignment {
    /// A new one.
    pub fn new(person: &str, person_name: &str) -> Self {
        Self {
            person: person.to_owned(),
            person_name: person_name.to_owned(),
            active: true,
            resource: json!({"resourceType": "PractitionerRole"}),
            ..Self::default()
        }
    }

    /// Reads one; `None` for a PractitionerRole of nobody.
    pub fn of(resource: Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ids = |value: &Value, rtype: &str| -> Vec<String> {
            let all = value.as_array().into_iter().flatten();
            all.filter_map(|one| id_of(one, rtype)).map(str::to_owned).collect()
        };
        let coded = |list: &Value, system: &str| {
            let concepts = list.as_array().into_iter().flatten();
            let mut codings = concepts.flat_map(|one| one["coding"].as_array().into_iter().flatten());
            codings
                .find(|coding| coding["system"] == system)
                .map(|coding| text(&coding["code"]))
        };
        let value = |name: &str, member: &str| extension(&resource, name).map(|one| one[member].clone());
        let number = |name: &str| {
            value(name, "valueInteger")?
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
        };
        Some(Self {
            id: text(&resource["id"]),
            version: text(&resource["meta"]["versionId"]),
            person: id_of(&resource["practitioner"], "Practitioner")?.to_owned(),
            person_name: text(&resource["practitioner"]["display"]),
            organization: id_of(&resource["organization"], "Organization")
                .unwrap_or_default()
                .to_owned(),
            organization_name: text(&resource["organization"]["display"]),
            role: coded(&resource["code"], ROLE).unwrap_or_default(),
            discipline: coded(&resource["specialty"], DISCIPLINE).unwrap_or_default(),
            contract: value("contratto", "valueCode").map(|v| text(&v)).unwrap_or_default(),
            qualification: value("qualifica", "valueString").map(|v| text(&v)).unwrap_or_default(),
            main: value("incarico-principale", "valueBoolean").is_some_and(|v| v == true),
            hours: number("ore-settimanali"),
            sites: ids(&resource["location"], "Location"),
            times: text(&resource["availabilityExceptions"]),
            start: text(&resource["period"]["start"]),
            end: text(&resource["period"]["end"]),
            active: resource["active"] != false,
            substitutes: value("sostituisce", "valueReference").map(|v| text(&v["reference"])),
            ceiling: number("massimale"),
            areas: extensions(&resource, "ambito")
                .filter_map(|one| id_of(&one["valueReference"], "Location"))
                .map(str::to_owned)
                .collect(),
            resource,
        })
    }

    /// Whether what it gives waits for a second person.
    pub fn waits(&self) -> bool {
        access::registry::waiting(&self.resource).is_some()
    }

    /// As FHIR. What the resource held beside stays.
    pub fn resource(&self) -> Value {
        let mut out = self.resource.clone();
        if !self.id.is_empty() {
            out["id"] = json!(self.id);
        }
        out["active"] = json!(self.active);
        out["practitioner"] = json!({"reference": format!("Practitioner/{}", self.person)});
        put(&mut out["practitioner"], "display", &self.person_name);
        out["organization"] = json!({"reference": format!("Organization/{}", self.organization)});
        put(&mut out["organization"], "display", &self.organization_name);
        out["code"] = with_code(&out["code"], ROLE, &self.role, None);
        let discipline = crate::rules::discipline(&self.discipline);
        let specialty = with_code(&out["specialty"], DISCIPLINE, &self.discipline, discipline);
        list(&mut out, "specialty", specialty);
        let sites = self
            .sites
            .iter()
            .map(|id| json!({"reference": format!("Location/{id}")}));
        let sites = sites.collect();
        list(&mut out, "location", sites);
        put(&mut out, "availabilityExceptions", &self.times);
        let mut period = json!({});
        put(&mut period, "start", &self.start);
        put(&mut period, "end", &self.end);
        match period.as_object().is_some_and(|bounds| bounds.is_empty()) {
            true => drop(out.as_object_mut().and_then(|object| object.remove("period"))),
            false => out["period"] = period,
        }
        let code = |text: &String| (!text.is_empty()).then(|| json!(text));
        set_extension(&mut out, "contratto", code(&self.contract).map(|v| ("valueCode", v)));
        set_extension(
            &mut out,
            "qualifica",
            code(&self.qualification).map(|v| ("valueString", v)),
        );
        set_extension(
            &mut out,
            "incarico-principale",
            self.main.then(|| ("valueBoolean", json!(true))),
        );
        set_extension(
            &mut out,
            "ore-settimanali",
            self.hours.map(|v| ("valueInteger", json!(v))),
        );
        set_extension(&mut out, "massimale", self.ceiling.map(|v| ("valueInteger", json!(v))));
        let replaced = self
            .substitutes
            .as_ref()
            .map(|who| ("valueReference", json!({"reference": who})));
        set_extension(&mut out, "sostituisce", replaced);
        let areas = self
            .areas
            .iter()
            .map(|id| ("valueReference", json!({"reference": format!("Location/{id}")})));
        set_extensions(&mut out, "ambito", areas.collect());
        out
    }

    /// When it holds.
    pub fn span(&self) -> Span {
        Span::of(&self.start, &self.end)
    }

    /// Where it stands.
    pub fn state(&self, now: Timestamp) -> State {
        let (span, now) = (self.span(), now.as_microsecond());
        match (self.active && span.from <= span.to, now) {
            (false, _) => State::Past,
            (true, now) if now < span.from => State::Future,
            (true, now) if now > span.to => State::Past,
            _ => State::Current,
        }
    }

    /// Whether it holds at a moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.state(now) == State::Current
    }

    /// Ends it at a moment, or takes it back when it has not begun.
    pub fn end(&mut self, at: Timestamp) {
        if at.as_microsecond() < self.span().from {
            self.active = false;
        } else {
            self.end = at.to_string();
        }
    }
}

fn put(value: &mut Value, member: &str, text: &str) {
    if !text.is_empty() {
        value[member] = json!(text);
    } else if let Some(object) = value.as_object_mut() {
        object.remove(member);
    }
}

fn list(value: &mut Value, member: &str, items: Value) {
    match items.as_array().is_some_and(|items| items.is_empty()) {
        true => drop(value.as_object_mut().and_then(|object| object.remove(member))),
        false => value[member] = items,
    }
}

/// Concepts with one code of a system in the place of the codes of this system; those of other systems stay.
fn with_code(concepts: &Value, system: &str, code: &str, display: Option<&str>) -> Value {
    let own = |concept: &Value| {
        concept["coding"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["system"] == system))
    };
    let all = concepts.as_array().into_iter().flatten();
    let old = all
        .clone()
        .find(|concept| own(concept) && concept["coding"][0]["code"] == code);
    let mut kept: Vec<Value> = all.filter(|concept| !own(concept)).cloned().collect();
    if let Some(old) = old {
        kept.insert(0, old.clone());
    } else if !code.is_empty() {
        let mut coding = json!({"system": system, "code": code});
        if let Some(display) = display {
            coding["display"] = json!(display);
        }
        kept.insert(0, json!({"coding": [coding]}));
    }
    Value::Array(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_rest_stays() {
        let mut one = Assignment::of(json!({"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/p"},
            "telecom": [{"system": "phone", "value": "081"}], "code": [{"coding": [{"system": "altro", "code": "x"}]}]}))
        .unwrap();
        one.organization = "u".into();
        one.role = "medico".into();
        one.discipline = "08".into();
        one.contract = "dipendente".into();
        (one.main, one.hours, one.start) = (true, Some(38), "2026-01-01".into());
        (one.areas, one.sites) = (vec!["a".into()], vec!["s".into()]);
        let resource = one.resource();
        assert_eq!(resource["telecom"][0]["value"], "081");
        assert_eq!(resource["code"].as_array().unwrap().len(), 2);
        let mut again = Assignment::of(resource.clone()).unwrap();
        again.resource = one.resource.clone();
        assert_eq!(again, one);
        assert_eq!(Assignment::of(resource.clone()).unwrap().resource(), resource);
    }

    #[test]
    fn it_ends_at_the_moment_or_was_never() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut one = Assignment::new("p", "P");
        one.start = "2026-03-01".into();
        assert_eq!(one.state(at("2026-02-01T00:00:00Z")), State::Future);
        let mut begun = one.clone();
        begun.end(at("2026-04-01T10:00:00Z"));
        assert!(begun.holds(at("2026-04-01T10:00:00Z")) && !begun.holds(at("2026-04-01T10:00:01Z")));
        one.end(at("2026-02-01T00:00:00Z"));
        assert_eq!(one.state(at("2026-03-02T00:00:00Z")), State::Past);
        assert!(!one.active);
    }
}
