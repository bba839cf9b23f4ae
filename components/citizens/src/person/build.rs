//! From a form to a `Patient`: a new one, or what is there with what was changed. What the form does not know stays.

use super::Sent;
use super::check::Checked;
use crate::people::{
    self, BELFIORE, BIRTH_PLACE, CITIZENSHIP, ENI, FISCAL, HOMELESS, MUNICIPALITY, NO_CODE, STP, TEAM,
};
use codicefiscale::places::Place;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::LazyLock;

/// ISTAT codes of municipalities by Belfiore code.
static ISTAT: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../rules/istat.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// Codes of citizenship.
const STATES: &str = "https://sinfonia.it/fhir/CodeSystem/belfiore";

/// The record with what the form says.
pub(crate) fn patient(stored: Option<&Value>, sent: &Sent, checked: &Checked) -> Value {
    let mut patient = stored
        .cloned()
        .unwrap_or_else(|| json!({"resourceType": "Patient", "active": true}));
    name(&mut patient, sent, checked.name_since);
    patient["gender"] = json!(sent.sesso);
    if let Some(birth) = checked.birth {
        patient["birthDate"] = json!(birth.to_string());
    }
    let place = checked
        .born_in
        .map(|place| json!({"url": BIRTH_PLACE, "valueAddress": birth_address(place)}));
    set_extension(&mut patient, BIRTH_PLACE, place);
    let citizenship = checked.citizen_of.map(|state| {
        let concept = json!({"coding": [{"system": STATES, "code": state.code}], "text": state.name});
        json!({"url": CITIZENSHIP, "extension": [{"url": "code", "valueCodeableConcept": concept}]})
    });
    set_extension(&mut patient, CITIZENSHIP, citizenship);
    let homeless = (!sent.senza_dimora.is_empty()).then(|| json!({"url": HOMELESS, "valueBoolean": true}));
    set_extension(&mut patient, HOMELESS, homeless);
    codes(&mut patient, sent, checked);
    let home = Home {
        usage: "home",
        street: &sent.via,
        postal_code: &sent.cap,
        town: checked.home,
        since: checked.home_since,
    };
    set_address(&mut patient, &home);
    let domicile = Home {
        usage: "temp",
        street: &sent.domicilio_via,
        postal_code: &sent.domicilio_cap,
        town: checked.domicile,
        since: None,
    };
    set_address(&mut patient, &domicile);
    contacts(&mut patient, sent);
    patient
}

fn list<'a>(patient: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    if !patient[name].is_array() {
        patient[name] = json!([]);
    }
    patient[name].as_array_mut().expect("it was just made one")
}

/// An empty list is none in FHIR.
fn tidy(patient: &mut Value, name: &str) {
    if patient[name].as_array().is_some_and(Vec::is_empty)
        && let Some(object) = patient.as_object_mut()
    {
        object.remove(name);
    }
}

fn set_extension(patient: &mut Value, url: &str, value: Option<Value>) {
    // What says the same keeps what else it holds.
    let same = value
        .as_ref()
        .is_some_and(|new| people::extension(patient, url).is_some_and(|old| says_same(old, new)));
    if same {
        return;
    }
    let extensions = list(patient, "extension");
    extensions.retain(|one| one["url"] != url);
    extensions.extend(value);
    tidy(patient, "extension");
}

fn says_same(old: &Value, new: &Value) -> bool {
    let told = |one: &Value| {
        (
            one["valueAddress"]["city"].clone(),
            one["valueAddress"]["district"].clone(),
            one["extension"][0]["valueCodeableConcept"]["text"].clone(),
        )
    };
    old == new || (told(old) == told(new) && told(new) != (Value::Null, Value::Null, Value::Null))
}

fn birth_address(place: &Place) -> Value {
    let code = json!([{"url": BELFIORE, "valueCode": place.code}]);
    match place.is_abroad() {
        true => json!({"extension": code, "country": place.name}),
        false => json!({"extension": code, "city": place.name, "district": place.province, "country": "IT"}),
    }
}

/// A change since a day keeps the old name as one of the past; a correction takes its place.
fn name(patient: &mut Value, sent: &Sent, since: Option<Date>) {
    let given: Vec<&str> = sent.nome.split_whitespace().collect();
    let family = sent.cognome.trim();
    if people::family(patient) == family && people::given(patient) == given.join(" ") {
        return;
    }
    let mut new = json!({"use": "official", "family": family, "given": given});
    if given.is_empty() {
        new.as_object_mut().expect("an object").remove("given");
    }
    let current = people::current_name(patient).clone();
    let names = list(patient, "name");
    let at = names.iter().position(|name| *name == current);
    match (since, at) {
        (Some(day), Some(at)) => {
            new["period"] = json!({"start": day.to_string()});
            names[at]["use"] = json!("old");
            names[at]["period"]["end"] = json!(before(day));
            names.insert(0, new);
        }
        (None, Some(at)) => names[at] = new,
        (_, None) => names.insert(0, new),
    }
}

fn before(day: Date) -> String {
    day.yesterday().unwrap_or(day).to_string()
}

fn codes(patient: &mut Value, sent: &Sent, checked: &Checked) {
    let system = match sent.tipo_codice.as_str() {
        "cf" => Some(FISCAL),
        "stp" => Some(STP),
        "eni" => Some(ENI),
        _ => None,
    };
    if let (Some(system), Some(code)) = (system, &checked.code) {
        set_code(patient, system, code, None);
    }
    if !sent.tessera.trim().is_empty() {
        set_code(patient, TEAM, sent.tessera.trim(), checked.card_until);
    }
    let without = system
        .is_none()
        .then(|| json!({"url": NO_CODE, "valueCode": sent.senza_codice}));
    set_extension(patient, NO_CODE, without);
    tidy(patient, "identifier");
}

/// A code that another takes the place of is kept as an old one.
fn set_code(patient: &mut Value, system: &str, code: &str, until: Option<Date>) {
    let codes = list(patient, "identifier");
    let known = codes
        .iter()
        .position(|one| one["system"] == system && one["value"] == code);
    for one in codes
        .iter_mut()
        .filter(|one| one["system"] == system && one["value"] != code)
    {
        one["use"] = json!("old");
    }
    let at = known.unwrap_or_else(|| {
        codes.insert(0, json!({"use": "official", "system": system, "value": code}));
        0
    });
    if codes[at]["use"] == "old" {
        codes[at]["use"] = json!("official");
    }
    if let Some(until) = until {
        codes[at]["period"]["end"] = json!(until.to_string());
    }
}

struct Home<'a> {
    usage: &'static str,
    street: &'a str,
    postal_code: &'a str,
    town: Option<&'static Place>,
    since: Option<Date>,
}

/// As with names: a move since a day ends the old address, a correction takes its place.
fn set_address(patient: &mut Value, home: &Home<'_>) {
    let current = people::address(patient, home.usage).cloned();
    let new = new_address(home);
    let shown = |address: &Value| (people::address_line(address), people::text(address, "city").to_owned());
    if current.as_ref().map(shown) == new.as_ref().map(shown) {
        return;
    }
    let addresses = list(patient, "address");
    let at = current
        .as_ref()
        .and_then(|current| addresses.iter().position(|one| one == current));
    match (new, at) {
        (Some(mut new), Some(at)) => {
            if let Some(day) = home.since {
                new["period"] = json!({"start": day.to_string()});
                addresses[at]["period"]["end"] = json!(before(day));
                addresses.insert(0, new);
            } else {
                if !addresses[at]["period"].is_null() {
                    new["period"] = addresses[at]["period"].clone();
                }
                addresses[at] = new;
            }
        }
        (Some(mut new), None) => {
            if let Some(day) = home.since {
                new["period"] = json!({"start": day.to_string()});
            }
            // The residence is what is read first.
            let place = if home.usage == "home" { 0 } else { addresses.len() };
            addresses.insert(place, new);
        }
        (None, Some(at)) => {
            addresses.remove(at);
        }
        (None, None) => {}
    }
    tidy(patient, "address");
}

fn new_address(home: &Home<'_>) -> Option<Value> {
    let street = home.street.trim();
    if street.is_empty() && home.town.is_none() {
        return None;
    }
    let mut address = json!({"use": home.usage, "type": "physical"});
    if !street.is_empty() {
        address["line"] = json!([street]);
    }
    if !home.postal_code.trim().is_empty() {
        address["postalCode"] = json!(home.postal_code.trim());
    }
    match home.town {
        Some(town) if town.is_abroad() => address["country"] = json!(town.name),
        Some(town) => {
            address["city"] = json!(town.name);
            address["district"] = json!(town.province);
            address["country"] = json!("IT");
            if let Some(istat) = ISTAT.get(town.code) {
                address["extension"] = json!([{"url": MUNICIPALITY, "valueCode": istat}]);
            }
        }
        None => {}
    }
    Some(address)
}

fn contacts(patient: &mut Value, sent: &Sent) {
    let wanted = [
        ("phone", "home", &sent.telefono),
        ("phone", "mobile", &sent.cellulare),
        ("email", "home", &sent.email),
    ];
    let telecom = list(patient, "telecom");
    for (system, usage, value) in wanted {
        let value = value.trim();
        let of_kind = |one: &Value| {
            one["system"] == system
                && one["use"] != "old"
                && (system != "phone" || (one["use"] == "mobile") == (usage == "mobile"))
        };
        let at = telecom.iter().position(of_kind);
        match at {
            Some(at) if value.is_empty() => {
                telecom.remove(at);
            }
            Some(at) => telecom[at]["value"] = json!(value),
            None if value.is_empty() => {}
            None => telecom.push(json!({"system": system, "use": usage, "value": value})),
        }
    }
    tidy(patient, "telecom");
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use super::*;

    fn built(stored: Option<&Value>, sent: &Sent) -> Value {
        let checked = check(&crate::texts(web::Lang::It), sent, jiff::civil::date(2026, 11, 22));
        assert!(checked.errors.is_empty(), "{:?}", checked.errors);
        patient(stored, sent, &checked)
    }

    fn sent() -> Sent {
        Sent {
            cognome: "De Luca".into(),
            nome: "Carmela".into(),
            sesso: "female".into(),
            nascita: "12/03/1946".into(),
            luogo: "Napoli".into(),
            tipo_codice: "cf".into(),
            codice: "DLCCML46C52F839C".into(),
            via: "Via Roma 3".into(),
            comune: "Salerno".into(),
            cellulare: "333 1234567".into(),
            ..Sent::default()
        }
    }

    #[test]
    fn what_is_shown_and_sent_back_changes_nothing() {
        let new = built(None, &sent());
        assert_eq!(new["address"][0]["extension"][0]["valueCode"], "065116");
        let again = Sent {
            residenza_dal: String::new(),
            ..Sent::of(&new)
        };
        assert_eq!(built(Some(&new), &again), new);
        let bare = json!({"resourceType": "Patient", "name": [{"family": "Rossi", "given": ["Ugo"]}], "gender": "male", "birthDate": "1950-01-01",
            "identifier": [{"system": FISCAL, "value": "RSSGUO50A01F839G"}], "address": [{"use": "home", "line": ["Via Po 1"], "city": "Napoli", "district": "NA", "country": "IT"}],
            "extension": [{"url": BIRTH_PLACE, "valueAddress": {"city": "Napoli", "district": "NA", "country": "IT"}}], "contact": [{"name": {"text": "Anna"}}]});
        assert_eq!(built(Some(&bare), &Sent::of(&bare)), bare);
    }

    #[test]
    fn a_move_keeps_the_past_and_a_correction_does_not() {
        let old = built(None, &sent());
        let moved = Sent {
            comune: "Napoli".into(),
            residenza_dal: "01/10/2026".into(),
            cognome: "Esposito".into(),
            nome_dal: "02/10/2026".into(),
            ..Sent::of(&old)
        };
        let new = built(Some(&old), &moved);
        assert_eq!(new["address"].as_array().unwrap().len(), 2);
        assert_eq!(new["address"][0]["city"], "Napoli");
        assert_eq!(new["address"][1]["period"]["end"], "2026-09-30");
        assert_eq!(people::name(&new), "Esposito Carmela");
        assert_eq!(new["name"][1]["use"], "old");
        let corrected = Sent {
            comune: "Napoli".into(),
            ..Sent::of(&old)
        };
        assert_eq!(built(Some(&old), &corrected)["address"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn another_code_keeps_the_old_one_as_old() {
        let old = built(None, &sent());
        let form = Sent {
            codice: "DLCCML46C52F83VN".into(),
            ..Sent::of(&old)
        };
        let checked = check(&crate::texts(web::Lang::It), &form, jiff::civil::date(2026, 11, 22));
        let code = checked.code.clone();
        let new = patient(
            Some(&old),
            &form,
            &Checked {
                code: code.or(Some("X".into())),
                ..checked
            },
        );
        assert_eq!(new["identifier"][1]["use"], "old");
        assert_eq!(people::items(&new, "identifier").count(), 2);
    }
}
