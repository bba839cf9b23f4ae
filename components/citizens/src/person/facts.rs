//! What a record says of a person on a day, fact by fact: shown, and compared between versions.

use super::assistance::{self, ASSISTANCE, EXEMPTION};
use crate::people;
use serde_json::Value;
use web::Page;

/// A fact: message key of its label, and what is said.
pub(crate) type Fact = (&'static str, String);

/// Whether something with this period holds on a day (`YYYY-MM-DD`).
pub(crate) fn holds(period: &Value, day: &str) -> bool {
    let within = |end: &str, before: bool| match period[end].as_str() {
        // A year or a month begins and ends where its text is a prefix.
        Some(text) => {
            let length = text.len().min(day.len()).min(10);
            if before {
                text[..length] <= day[..length]
            } else {
                text[..length] >= day[..length]
            }
        }
        None => true,
    };
    within("start", true) && within("end", false)
}

/// What a record says that holds on a day.
pub(crate) fn facts(page: &Page, patient: &Value, day: &str) -> Vec<Fact> {
    let mut facts = person(page, patient, day);
    facts.extend(codes(page, patient));
    facts.extend(places(page, patient, day));
    facts.extend(contacts(patient, day));
    if people::is_dead(patient) {
        facts.push(("field-death", page.fhir_date(people::text(patient, "deceasedDateTime"))));
    }
    if people::is_inactive(patient) {
        facts.push(("field-state", page.t("badge-inactive")));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn person(page: &Page, patient: &Value, day: &str) -> Vec<Fact> {
    // An old name without an end says nothing of a day.
    let told = |name: &&Value| name["use"] != "old" || !name["period"]["end"].is_null();
    let name = people::items(patient, "name").find(|name| holds(&name["period"], day) && told(name));
    let name = name.unwrap_or_else(|| people::current_name(patient));
    let given: Vec<&str> = people::items(name, "given").filter_map(Value::as_str).collect();
    let citizenship = people::citizenship(patient).unwrap_or_else(|| page.t("citizenship-italian"));
    vec![
        ("field-family", people::text(name, "family").to_owned()),
        ("field-given", given.join(" ")),
        ("field-sex", page.named("gender", people::text(patient, "gender"))),
        ("field-birth", page.fhir_date(people::text(patient, "birthDate"))),
        ("field-birth-place", people::birth_place(patient)),
        ("field-citizenship", citizenship),
    ]
}

fn codes(page: &Page, patient: &Value) -> Vec<Fact> {
    let systems = [
        ("code-cf", people::FISCAL),
        ("code-stp", people::STP),
        ("code-eni", people::ENI),
        ("code-team", people::TEAM),
    ];
    let mut facts: Vec<Fact> = vec![];
    for (key, system) in systems {
        for code in people::items(patient, "identifier").filter(|one| one["system"] == system) {
            let mut said = people::text(code, "value").to_owned();
            if code["use"] == "old" {
                said = format!("{said} · {}", page.t("code-old"));
            }
            if let Some(end) = code["period"]["end"].as_str() {
                said = format!("{said} · {}", page.t1("code-until", "date", page.fhir_date(end)));
            }
            facts.push((key, said));
        }
    }
    if let Some(reason) = people::extension(patient, people::NO_CODE) {
        facts.push((
            "field-no-code",
            page.named("no-code", people::text(reason, "valueCode")),
        ));
    }
    facts
}

fn places(page: &Page, patient: &Value, day: &str) -> Vec<Fact> {
    let mut facts: Vec<Fact> = vec![];
    if people::is_homeless(patient) {
        facts.push(("field-homeless", page.t("answer-yes")));
    }
    for (key, usage) in [("field-residence", "home"), ("field-domicile", "temp")] {
        let address = people::items(patient, "address").find(|one| one["use"] == usage && holds(&one["period"], day));
        if let Some(address) = address {
            let since = match address["period"]["start"].as_str() {
                Some(start) => format!(" · {}", page.t1("since", "date", page.fhir_date(start))),
                None => String::new(),
            };
            facts.push((key, format!("{}{since}", people::address_line(address))));
        }
    }
    facts
}

fn contacts(patient: &Value, day: &str) -> Vec<Fact> {
    let all = people::items(patient, "telecom").filter(|one| one["use"] != "old" && holds(&one["period"], day));
    let told = all.filter_map(|one| {
        let key = match (people::text(one, "system"), people::text(one, "use")) {
            ("phone", "mobile") => "field-mobile",
            ("phone", _) => "field-phone",
            ("email", _) => "field-email",
            _ => return None,
        };
        Some((key, people::text(one, "value").to_owned()))
    });
    told.collect()
}

/// What changed from one version to the next: label, before, after.
pub(crate) fn differences(page: &Page, older: &Value, newer: &Value, day: &str) -> Vec<(&'static str, String, String)> {
    let grouped = |patient: &Value| {
        let mut all: Vec<(&'static str, String)> = vec![];
        for (key, value) in facts(page, patient, day).into_iter().chain(doctors(patient)) {
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => *values = format!("{values}; {value}"),
                None => all.push((key, value)),
            }
        }
        all
    };
    let (before, after) = (grouped(older), grouped(newer));
    let value = |facts: &[Fact], key: &str| {
        facts
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let keys = after.iter().map(|(key, _)| *key).chain(
        before
            .iter()
            .map(|(key, _)| *key)
            .filter(|key| !after.iter().any(|(known, _)| known == key)),
    );
    let told = keys.map(|key| (key, value(&before, key), value(&after, key)));
    told.filter(|(_, before, after)| before != after).collect()
}

fn doctors(patient: &Value) -> Vec<Fact> {
    let of = people::items(patient, "generalPractitioner");
    of.filter_map(|one| one["display"].as_str().or_else(|| one["reference"].as_str()))
        .map(|name| ("field-doctor", name.to_owned()))
        .collect()
}

/// A row of assistance or of an exemption.
#[derive(Debug)]
pub(crate) struct Coverage {
    pub id: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub payer: String,
    /// Whether it holds on the day asked for.
    pub holds: bool,
}

/// Assistance and exemptions among the coverages of a person, the latest first.
pub(crate) fn coverages(page: &Page, all: &[Value], day: &str) -> (Vec<Coverage>, Vec<Coverage>) {
    let of = |system: &str| {
        let mut rows: Vec<Coverage> = all
            .iter()
            .filter(|one| one["status"] != "entered-in-error")
            .filter_map(|one| row(page, one, system, day))
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(sortable(&row.from)));
        rows
    };
    (of(ASSISTANCE), of(EXEMPTION))
}

fn sortable(date: &str) -> String {
    date.rsplit('/').collect()
}

fn row(page: &Page, one: &Value, system: &str, day: &str) -> Option<Coverage> {
    let coding = people::items(&one["type"], "coding").find(|coding| coding["system"] == system)?;
    let code = people::text(coding, "code");
    let kind = match system {
        ASSISTANCE => page.named("assisted", code),
        _ => format!("{code} {}", people::text(coding, "display")).trim().to_owned(),
    };
    let payer = &one["payor"][0];
    Some(Coverage {
        id: people::text(one, "id").to_owned(),
        kind,
        from: page.fhir_date(people::text(&one["period"], "start")),
        to: page.fhir_date(people::text(&one["period"], "end")),
        payer: payer["display"]
            .as_str()
            .or_else(|| payer["reference"].as_str())
            .unwrap_or_default()
            .to_owned(),
        holds: assistance::counts(one) && holds(&one["period"], day),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn periods_hold_to_their_precision() {
        let period = json!({"start": "2020", "end": "2024-06-30"});
        assert!(holds(&period, "2020-01-01") && holds(&period, "2024-06-30"));
        assert!(!holds(&period, "2019-12-31") && !holds(&period, "2024-07-01"));
        assert!(holds(&Value::Null, "2024-01-01"));
        assert!(holds(&json!({"end": "2024"}), "2024-12-31"));
    }
}
