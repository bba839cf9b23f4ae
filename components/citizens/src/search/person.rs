//! A person as a search reads one: the elements of a FHIR `Patient` that a row of the list shows or is put in order by, and no
//! others. Reading all of twenty-five records took longer than finding them. What it says is what [`crate::people`] says of the
//! whole record.

use crate::people::{ENI, FISCAL, STP, TEAM};
use serde::Deserialize;

/// A page of a search.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bundle {
    pub link: Vec<Link>,
    pub entry: Vec<Entry>,
}

/// A link of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    pub relation: String,
    pub url: String,
}

/// An entry of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub resource: Person,
}

/// A person.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Person {
    pub resource_type: Option<String>,
    pub id: Option<String>,
    active: Option<bool>,
    identifier: Vec<Identifier>,
    pub name: Vec<Name>,
    telecom: Vec<Telecom>,
    gender: Option<String>,
    birth_date: Option<String>,
    deceased_boolean: Option<bool>,
    deceased_date_time: Option<String>,
    address: Vec<Address>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Identifier {
    r#use: Option<String>,
    system: Option<String>,
    value: Option<String>,
}

/// A name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Name {
    r#use: Option<String>,
    family: Option<String>,
    /// A part that is only an extension has no text.
    given: Vec<Option<String>>,
    text: Option<String>,
    period: Period,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Period {
    end: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Telecom {
    r#use: Option<String>,
    system: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Address {
    r#use: Option<String>,
    city: Option<String>,
    period: Period,
}

fn text(of: &Option<String>) -> &str {
    of.as_deref().unwrap_or_default()
}

impl Name {
    /// Surname; empty where there is none.
    pub fn family(&self) -> &str {
        text(&self.family)
    }

    /// Given names, separated by blanks.
    pub fn given(&self) -> String {
        let given: Vec<&str> = self.given.iter().flatten().map(String::as_str).collect();
        given.join(" ")
    }

    /// The name as one text; empty where it has only parts.
    pub fn text(&self) -> &str {
        text(&self.text)
    }
}

impl Person {
    /// Logical id.
    pub fn id(&self) -> &str {
        text(&self.id)
    }

    /// Date of birth as the record has it; empty where it has none.
    pub fn birth_date(&self) -> &str {
        text(&self.birth_date)
    }

    /// FHIR administrative gender; empty where the record has none.
    pub fn gender(&self) -> &str {
        text(&self.gender)
    }

    /// `De Luca Carmela`; the text of the name where it has no parts; else the id.
    pub fn shown_name(&self) -> String {
        let in_use = |name: &&Name| {
            let usage = name.r#use.as_deref();
            !matches!(usage, Some("old" | "maiden" | "nickname")) && name.period.end.is_none()
        };
        let Some(name) = self.name.iter().find(in_use).or(self.name.first()) else {
            return self.id().to_owned();
        };
        let both = format!("{} {}", name.family(), name.given());
        match (both.trim(), name.text.as_deref()) {
            ("", Some(text)) => text.to_owned(),
            ("", None) => self.id().to_owned(),
            (name, _) => name.to_owned(),
        }
    }

    /// The code a person is known by at a desk: codice fiscale, else STP, else ENI, else the number of the card.
    pub fn main_code(&self) -> Option<&str> {
        let of_system = |system: &str| {
            let mut own = self
                .identifier
                .iter()
                .filter(|one| one.system.as_deref() == Some(system));
            own.find_map(|one| one.value.as_deref().filter(|_| one.r#use.as_deref() != Some("old")))
        };
        [FISCAL, STP, ENI, TEAM].into_iter().find_map(of_system)
    }

    /// Municipality of residence.
    pub fn home_city(&self) -> Option<&str> {
        let home = |one: &&Address| one.r#use.as_deref() == Some("home") && one.period.end.is_none();
        self.address.iter().find(home).map(|home| text(&home.city))
    }

    /// Municipality of residence, else of whatever address comes first; empty where there is none.
    pub fn any_city(&self) -> &str {
        let first = || self.address.first().map(|first| text(&first.city));
        self.home_city().or_else(first).unwrap_or_default()
    }

    /// The first telephone number in use; empty where there is none.
    pub fn phone(&self) -> &str {
        let phone = |one: &&Telecom| one.system.as_deref() == Some("phone") && one.r#use.as_deref() != Some("old");
        let mut phones = self.telecom.iter().filter(phone);
        phones.find_map(|one| one.value.as_deref()).unwrap_or_default()
    }

    /// Whether the record says that the person died.
    pub fn is_dead(&self) -> bool {
        self.deceased_boolean == Some(true) || self.deceased_date_time.is_some()
    }

    /// Whether the record was replaced by another, or closed.
    pub fn is_inactive(&self) -> bool {
        self.active == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people;
    use serde_json::{Value, json};

    /// What a search says of a record is what the other pages say of it.
    #[test]
    fn a_person_is_read_as_the_whole_record_is() {
        let records = [
            json!({"resourceType": "Patient", "id": "1", "active": false, "name": [
                {"use": "old", "family": "Rossi", "given": ["Anna"]},
                {"use": "official", "family": "De Luca", "given": ["Anna", "Maria"]}],
                "identifier": [{"system": FISCAL, "value": "OLD", "use": "old"}, {"system": STP, "value": "STP1"}],
                "telecom": [{"system": "email", "value": "a@b.it"}, {"system": "phone", "value": "0811", "use": "old"},
                    {"system": "phone", "value": "0812"}],
                "gender": "female", "birthDate": "1946-03-12", "deceasedDateTime": "2024-01-01",
                "address": [{"use": "home", "city": "Capua", "period": {"end": "2020"}}, {"use": "home", "city": "Napoli"}]}),
            json!({"id": "2", "name": [{"text": "Ignoto"}], "deceasedBoolean": true, "address": [{"use": "temp", "city": "Avellino"}]}),
            json!({"id": "3"}),
            json!({"id": "4", "name": [{"use": "maiden", "family": "Solo", "given": [null, "Ida"]}],
                "identifier": [{"system": TEAM, "value": "80380"}, {"system": FISCAL, "value": "CF"}]}),
        ];
        for record in records {
            let person: Person = serde_json::from_value(record.clone()).unwrap();
            assert_eq!(person.id(), people::text(&record, "id"));
            assert_eq!(person.shown_name(), people::name(&record));
            assert_eq!(person.main_code(), people::main_code(&record).map(|(_, code)| code));
            let home = people::address(&record, "home");
            assert_eq!(person.home_city(), home.map(|home| people::text(home, "city")));
            let any = home.or_else(|| people::items(&record, "address").next());
            assert_eq!(
                person.any_city(),
                any.map_or("", |any: &Value| people::text(any, "city"))
            );
            let number = if person.id() == "1" { "0812" } else { "" };
            assert_eq!(person.phone(), number);
            assert_eq!(person.is_dead(), people::is_dead(&record));
            assert_eq!(person.is_inactive(), people::is_inactive(&record));
            assert_eq!(person.gender(), people::text(&record, "gender"));
            assert_eq!(person.birth_date(), people::text(&record, "birthDate"));
        }
    }

    #[test]
    fn an_outcome_among_the_entries_is_no_person() {
        let page = json!({"resourceType": "Bundle", "entry": [
            {"resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}, "search": {"mode": "outcome"}},
            {"fullUrl": "x", "resource": {"resourceType": "Patient", "id": "1"}}]});
        let page: Bundle = serde_json::from_value(page).unwrap();
        let types: Vec<&str> = page.entry.iter().map(|one| text(&one.resource.resource_type)).collect();
        assert_eq!(types, ["OperationOutcome", "Patient"]);
    }
}
