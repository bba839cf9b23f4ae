//! A member of staff as read from a Practitioner, and what a form changes of it.

use crate::rules;
use crate::systems::{FISCAL, NUMBER, QUALIFICATION, REGISTER, identifier, name, set_identifier};
use codicefiscale::{CodiceFiscale, Record, Sex, compare};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Longest name, place or address taken.
const MAX_TEXT: usize = 200;

/// A member of staff.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// Practitioner id; empty for a new one.
    pub id: String,
    /// Version that was read.
    pub version: String,
    /// Name in full, with title.
    pub shown: String,
    /// Title (Dott.ssa, Inf., …).
    pub title: String,
    /// Surname.
    pub family: String,
    /// Given names.
    pub given: String,
    /// `male`, `female` or empty.
    pub gender: String,
    /// Date of birth.
    pub born: String,
    /// Codice fiscale.
    pub fiscal: String,
    /// Number at the employer.
    pub number: String,
    /// E-mail.
    pub mail: String,
    /// Telephone.
    pub phone: String,
    /// Not taken back.
    pub active: bool,
    /// Registers and titles.
    pub titles: Vec<Title>,
    resource: Value,
}

/// An inscription in a register, or another title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Title {
    /// Code (`rules/qualifications.json`).
    pub code: String,
    /// Number in the register.
    pub number: String,
    /// Who gave it (`OMCeO Napoli`).
    pub issuer: String,
    /// Since.
    pub start: String,
    /// Last day.
    pub end: String,
    /// In words, where it has no code.
    pub text: String,
}

/// Why what a form says is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Field of the form.
    pub field: &'static str,
    /// Key of the message.
    pub key: String,
    /// What the message names.
    pub value: String,
}

impl Wrong {
    /// Of a field.
    pub fn new(field: &'static str, key: &str, value: impl Into<String>) -> Self {
        Self {
            field,
            key: key.to_owned(),
            value: value.into(),
        }
    }
}

impl Person {
    /// Nobody yet.
    pub fn new() -> Self {
        Self {
            active: true,
            resource: json!({"resourceType": "Practitioner"}),
            ..Self::default()
        }
    }

    /// Reads one.
    pub fn of(resource: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let telecom = |system: &str| {
            let all = resource["telecom"].as_array().into_iter().flatten();
            all.clone()
                .find(|one| one["system"] == system && is_for_work(one))
                .map(|one| text(&one["value"]))
                .unwrap_or_default()
        };
        let given = resource["name"][0]["given"].as_array().into_iter().flatten();
        let given: Vec<&str> = given.filter_map(Value::as_str).collect();
        let titles = resource["qualification"].as_array().into_iter().flatten();
        Self {
            id: text(&resource["id"]),
            version: text(&resource["meta"]["versionId"]),
            shown: name(&resource),
            title: text(&resource["name"][0]["prefix"][0]),
            family: text(&resource["name"][0]["family"]),
            given: given.join(" "),
            gender: text(&resource["gender"]),
            born: text(&resource["birthDate"]),
            fiscal: identifier(&resource, FISCAL).unwrap_or_default().to_owned(),
            number: identifier(&resource, NUMBER).unwrap_or_default().to_owned(),
            mail: telecom("email"),
            phone: telecom("phone"),
            active: resource["active"] != false,
            titles: titles.map(Title::of).collect(),
            resource,
        }
    }

    /// As FHIR. What the resource held beside stays.
    pub fn resource(&self) -> Value {
        let mut out = self.resource.clone();
        if !self.id.is_empty() {
            out["id"] = json!(self.id);
        }
        out["active"] = json!(self.active);
        let mut name = json!({"use": "official"});
        let words = [&self.title, &self.given, &self.family];
        let words: Vec<&str> = words
            .into_iter()
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .collect();
        name["text"] = json!(words.join(" "));
        for (member, value) in [("family", json!(self.family))] {
            if !self.family.is_empty() {
                name[member] = value;
            }
        }
        let given: Vec<&str> = self.given.split_whitespace().collect();
        if !given.is_empty() {
            name["given"] = json!(given);
        }
        if !self.title.is_empty() {
            name["prefix"] = json!([self.title]);
        }
        // A name that is known in one piece only stays in one piece.
        if !words.is_empty() {
            out["name"] = json!([name]);
        }
        for (member, value) in [("gender", &self.gender), ("birthDate", &self.born)] {
            if !value.is_empty() {
                out[member] = json!(value);
            } else if let Some(object) = out.as_object_mut() {
                object.remove(member);
            }
        }
        set_identifier(&mut out, FISCAL, &self.fiscal);
        set_identifier(&mut out, NUMBER, &self.number);
        contacts(&mut out, &[("email", &self.mail), ("phone", &self.phone)]);
        let titles: Vec<Value> = self.titles.iter().map(Title::resource).collect();
        match (titles.is_empty(), out.as_object_mut()) {
            (true, Some(object)) => drop(object.remove("qualification")),
            _ => out["qualification"] = json!(titles),
        }
        out
    }

    /// What is wrong with it, on a day.
    pub fn wrong(&self, today: Date) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if self.family.is_empty() {
            wrong.push(Wrong::new("cognome", "wrong-missing", ""));
        }
        if self.given.is_empty() {
            wrong.push(Wrong::new("nome", "wrong-missing", ""));
        }
        for (field, text) in [
            ("cognome", &self.family),
            ("nome", &self.given),
            ("matricola", &self.number),
            ("email", &self.mail),
            ("telefono", &self.phone),
        ] {
            if text.chars().count() > MAX_TEXT {
                wrong.push(Wrong::new(field, "wrong-long", MAX_TEXT.to_string()));
            }
        }
        let born = self.born.parse::<Date>();
        if !self.born.is_empty() && born.as_ref().map_or(true, |day| *day > today) {
            wrong.push(Wrong::new("nascita", "wrong-date", &self.born));
        }
        if !self.mail.is_empty() && !self.mail.contains('@') {
            wrong.push(Wrong::new("email", "wrong-mail", &self.mail));
        }
        self.fiscal_code(born.ok(), today, &mut wrong);
        wrong
    }

    /// The code is well formed, and of this person.
    fn fiscal_code(&self, born: Option<Date>, today: Date, wrong: &mut Vec<Wrong>) {
        let code = match CodiceFiscale::read(&self.fiscal) {
            Ok(code) => code,
            Err(error) if !self.fiscal.is_empty() => {
                return wrong.push(Wrong::new(
                    "codice_fiscale",
                    &format!("cf-{}", error.key()),
                    &self.fiscal,
                ));
            }
            Err(_) => return wrong.push(Wrong::new("codice_fiscale", "wrong-missing", "")),
        };
        let record = Record {
            surname: Some(&self.family).filter(|t| !t.is_empty()).map(String::as_str),
            given: Some(&self.given).filter(|t| !t.is_empty()).map(String::as_str),
            sex: match self.gender.as_str() {
                "male" => Some(Sex::Male),
                "female" => Some(Sex::Female),
                _ => None,
            },
            birth: born,
            place: None,
        };
        for finding in compare(&code, &record, today)
            .into_iter()
            .filter(|one| one.contradicts())
        {
            wrong.push(Wrong::new(
                "codice_fiscale",
                &format!("finding-{}", field(finding.field())),
                &self.fiscal,
            ));
        }
    }

    /// The registers that hold on a day.
    pub fn registered(&self, register: &str, day: &str) -> bool {
        self.titles
            .iter()
            .any(|one| one.code == register && (one.start.is_empty() || one.start.as_str() <= day) && !one.is_over(day))
    }

    /// Whether credits are owed: of whom is in a register whose members owe them.
    pub fn owes_credits(&self) -> bool {
        let owing = |code: &str| rules::registers().iter().any(|one| one.code == code && one.ecm);
        self.titles.iter().any(|one| owing(&one.code))
    }
}

fn field(field: codicefiscale::Field) -> &'static str {
    match field {
        codicefiscale::Field::Surname => "surname",
        codicefiscale::Field::Given => "given",
        codicefiscale::Field::Birth => "birth",
        codicefiscale::Field::Sex => "sex",
        codicefiscale::Field::Place => "place",
    }
}

/// Whether a contact is for work, or nobody said what for: others stay as they are, and are not for the directory.
fn is_for_work(contact: &Value) -> bool {
    contact["use"].is_null() || contact["use"] == "work"
}

fn contacts(out: &mut Value, wanted: &[(&str, &String)]) {
    let mut all: Vec<Value> = out["telecom"].as_array().cloned().unwrap_or_default();
    for (system, value) in wanted {
        let at = all.iter().position(|one| one["system"] == **system && is_for_work(one));
        match (at, value.is_empty()) {
            (Some(at), true) => drop(all.remove(at)),
            // What nobody said the use of becomes what the form calls it: for work, shown in the directory.
            (Some(at), false) if all[at]["value"] != json!(value) => {
                (all[at]["value"], all[at]["use"]) = (json!(value), json!("work"));
            }
            (Some(_), false) => {}
            (None, true) => {}
            (None, false) => all.push(json!({"system": system, "value": value, "use": "work"})),
        }
    }
    match (all.is_empty(), out.as_object_mut()) {
        (true, Some(object)) => drop(object.remove("telecom")),
        _ => out["telecom"] = json!(all),
    }
}

impl Title {
    fn of(resource: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let codings = resource["code"]["coding"].as_array().into_iter().flatten();
        let code = codings.clone().find(|one| one["system"] == QUALIFICATION);
        let numbers = resource["identifier"].as_array().into_iter().flatten();
        let own = numbers
            .clone()
            .find(|one| one["system"].as_str().is_some_and(|s| s.starts_with(REGISTER)));
        Self {
            code: code.map(|one| text(&one["code"])).unwrap_or_default(),
            number: own.map(|one| text(&one["value"])).unwrap_or_default(),
            issuer: text(&resource["issuer"]["display"]),
            start: text(&resource["period"]["start"]),
            end: text(&resource["period"]["end"]),
            text: text(&resource["code"]["text"]),
        }
    }

    fn resource(&self) -> Value {
        let mut code = json!({});
        if !self.code.is_empty() {
            code["coding"] = json!([{"system": QUALIFICATION, "code": self.code}]);
        }
        if !self.text.is_empty() {
            code["text"] = json!(self.text);
        }
        let mut out = json!({"code": code});
        if !self.number.is_empty() {
            out["identifier"] = json!([{"system": format!("{REGISTER}{}", self.code), "value": self.number}]);
        }
        if !self.issuer.is_empty() {
            out["issuer"] = json!({"display": self.issuer});
        }
        let bounds = [("start", &self.start), ("end", &self.end)];
        for (member, value) in bounds.into_iter().filter(|(_, value)| !value.is_empty()) {
            out["period"][member] = json!(value);
        }
        out
    }

    /// Whether its last day is before a day.
    pub fn is_over(&self, day: &str) -> bool {
        !self.end.is_empty() && self.end.as_str() < day
    }

    /// Its name.
    pub fn name(&self, lang: web::Lang) -> String {
        let known = rules::registers().iter().find(|one| one.code == self.code);
        match (known, self.text.is_empty()) {
            (Some(known), true) => known.name.of(lang).to_owned(),
            (Some(known), false) => format!("{}: {}", known.name.of(lang), self.text),
            (None, _) => self.text.clone(),
        }
    }

    /// What is wrong with it.
    pub fn wrong(&self) -> Option<Wrong> {
        let day = |text: &String| text.is_empty() || text.parse::<Date>().is_ok();
        if rules::registers().iter().all(|one| one.code != self.code) {
            return Some(Wrong::new("titolo", "wrong-choice", &self.code));
        }
        if !day(&self.start) {
            return Some(Wrong::new("dal", "wrong-date", &self.start));
        }
        if !day(&self.end) || (!self.end.is_empty() && self.end < self.start) {
            return Some(Wrong::new("al", "wrong-date", &self.end));
        }
        [&self.number, &self.issuer, &self.text]
            .iter()
            .any(|text| text.chars().count() > MAX_TEXT)
            .then(|| Wrong::new("numero", "wrong-long", MAX_TEXT.to_string()))
    }
}

/// A code of the person's number that a search can ask for.
pub(crate) fn token(system: &str, value: &str) -> String {
    let plain: String = value.chars().filter(|c| !matches!(c, ',' | '|' | '$' | '\\')).collect();
    format!("{system}|{plain}")
}

/// Whether the text may be a codice fiscale.
pub(crate) fn looks_fiscal(text: &str) -> bool {
    let text = text.trim();
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_alphanumeric()) && text.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rossi() -> Person {
        let mut one = Person::new();
        (one.family, one.given, one.gender) = ("Rossi".into(), "Mario".into(), "male".into());
        (one.born, one.fiscal) = ("1980-01-01".into(), "RSSMRA80A01H501U".into());
        one
    }

    #[test]
    fn the_code_must_be_of_the_person() {
        let today: Date = "2026-11-22".parse().unwrap();
        assert_eq!(rossi().wrong(today), []);
        let mut other = rossi();
        other.born = "1981-01-01".into();
        assert_eq!(other.wrong(today)[0].key, "finding-birth");
        other.fiscal = "RSSMRA80A01H501X".into();
        assert!(other.wrong(today)[0].key.starts_with("cf-"));
        other.fiscal = String::new();
        assert_eq!(other.wrong(today)[0].key, "wrong-missing");
    }

    #[test]
    fn a_name_in_one_piece_stays_as_it_is() {
        let resource = json!({"resourceType": "Practitioner", "id": "a", "name": [{"text": "Suor Maria Celeste"}]});
        let one = Person::of(resource.clone());
        assert_eq!((one.shown.as_str(), one.family.as_str()), ("Suor Maria Celeste", ""));
        assert_eq!(one.resource()["name"], resource["name"]);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut one = rossi();
        one.titles.push(Title {
            code: "medico-chirurgo".into(),
            number: "123".into(),
            issuer: "OMCeO Napoli".into(),
            start: "2010-01-01".into(),
            end: "2026-12-31".into(),
            text: String::new(),
        });
        one.mail = "a@b.it".into();
        let again = Person::of(one.resource());
        assert_eq!(
            (again.titles.clone(), again.mail.as_str(), again.shown.as_str()),
            (one.titles.clone(), "a@b.it", "Mario Rossi")
        );
        assert!(
            again.registered("medico-chirurgo", "2026-12-31") && !again.registered("medico-chirurgo", "2027-01-01")
        );
        assert_eq!(again.resource(), one.resource());
    }
}
