//! What the rules need to know of people: roles, names, relatives, who is exposed. Read for a stretch of the log at once.

use crate::log::Entry;
use crate::{exposed, person};
use access::Actor;
use component::{Context, Fhir, PeerError};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// System of role codes, as the staff registry uses them.
const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// People asked for at once.
const CHUNK: usize = 50;

/// The facts.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Roles by `Practitioner/…`.
    pub roles: HashMap<String, Vec<String>>,
    /// Patients on the list of exposed people.
    pub exposed: HashSet<String>,
    /// Why a patient is a relative of somebody: (`Practitioner/…`, patient id).
    pub relatives: HashMap<(String, String), String>,
    /// Names by reference.
    pub names: HashMap<String, String>,
}

impl Facts {
    /// The name of somebody; the reference where there is none.
    pub fn name<'a>(&'a self, reference: &'a str) -> &'a str {
        self.names.get(reference).map_or(reference, String::as_str)
    }

    /// The name of a patient.
    pub fn patient_name(&self, id: &str) -> String {
        let reference = format!("Patient/{id}");
        self.name(&reference).to_owned()
    }

    /// Reads what a stretch needs.
    ///
    /// # Errors
    /// The hub cannot be reached.
    pub async fn read(context: &Context, entries: &[Entry]) -> Result<Self, PeerError> {
        let fhir = context.peers.fhir(&Actor::system());
        let by_staff = || entries.iter().filter(|entry| entry.by_staff());
        let people: BTreeSet<String> = by_staff()
            .filter_map(|entry| entry.who.strip_prefix("Practitioner/").map(str::to_owned))
            .collect();
        let patients: BTreeSet<String> = by_staff().flat_map(|entry| entry.patients.iter().cloned()).collect();
        let staff = person::by_id(&fhir, "Practitioner", &people, "name,identifier,address").await?;
        let seen = person::by_id(&fhir, "Patient", &patients, "name,identifier,address").await?;
        let mut facts = Self {
            exposed: exposed::ids(context).await?,
            roles: roles(&fhir, &people).await?,
            ..Self::default()
        };
        let named = staff
            .iter()
            .map(|(id, one)| (format!("Practitioner/{id}"), person::name(one)));
        facts.names.extend(named);
        facts.names.extend(
            seen.iter()
                .map(|(id, one)| (format!("Patient/{id}"), person::name(one))),
        );
        let kin = registered(&fhir, &staff).await?;
        for entry in by_staff() {
            let Some(who) = entry.who.strip_prefix("Practitioner/").and_then(|id| staff.get(id)) else {
                continue;
            };
            for id in &entry.patients {
                let Some(patient) = seen.get(id) else { continue };
                let pair = (entry.who.clone(), id.clone());
                let why = if kin.contains(&pair) {
                    Some("è un suo familiare registrato")
                } else {
                    related(who, patient)
                };
                if let Some(why) = why {
                    facts.relatives.insert(pair, why.to_owned());
                }
            }
        }
        Ok(facts)
    }
}

async fn roles(fhir: &Fhir, people: &BTreeSet<String>) -> Result<HashMap<String, Vec<String>>, PeerError> {
    let mut roles: HashMap<String, Vec<String>> = HashMap::new();
    let references: Vec<String> = people.iter().map(|id| format!("Practitioner/{id}")).collect();
    for chunk in references.chunks(CHUNK) {
        let list = chunk.join(",");
        let search = [("practitioner", list.as_str()), ("_count", "200")];
        for role in fhir.search_all("PractitionerRole", &search, 1_000).await? {
            let Some(who) = role["practitioner"]["reference"].as_str() else {
                continue;
            };
            let codes = role["code"].as_array().into_iter().flatten();
            let codings = codes.flat_map(|code| code["coding"].as_array().into_iter().flatten());
            let codes = codings
                .filter(|coding| coding["system"] == ROLE)
                .filter_map(|coding| coding["code"].as_str());
            roles
                .entry(who.to_owned())
                .or_default()
                .extend(codes.map(str::to_owned));
        }
    }
    Ok(roles)
}

/// Patients of whom the registry says that they are relatives: a RelatedPerson with the codice fiscale of the practitioner.
async fn registered(fhir: &Fhir, staff: &HashMap<String, Value>) -> Result<HashSet<(String, String)>, PeerError> {
    let coded = staff
        .iter()
        .filter_map(|(id, one)| Some((person::fiscal_code(one)?.to_owned(), id)));
    let coded: HashMap<String, &String> = coded.collect();
    let tokens: Vec<String> = coded.keys().map(|code| person::fiscal_token(code)).collect();
    let mut kin = HashSet::new();
    for chunk in tokens.chunks(CHUNK / 2) {
        let list = chunk.join(",");
        let search = [
            ("identifier", list.as_str()),
            ("_count", "200"),
            ("_elements", "identifier,patient"),
        ];
        for related in fhir.search_all("RelatedPerson", &search, 1_000).await? {
            let who = person::fiscal_code(&related).and_then(|code| coded.get(code));
            let patient = related["patient"]["reference"]
                .as_str()
                .and_then(|to| to.strip_prefix("Patient/"));
            if let (Some(who), Some(patient)) = (who, patient) {
                kin.insert((format!("Practitioner/{who}"), patient.to_owned()));
            }
        }
    }
    Ok(kin)
}

/// Why two people seem to be one, or of one family.
fn related(who: &Value, patient: &Value) -> Option<&'static str> {
    let code = person::fiscal_code(who);
    if code.is_some() && code == person::fiscal_code(patient) {
        return Some("è la sua stessa scheda");
    }
    let plain = |value: &Value| fhir::normalize_string(value.as_str().unwrap_or_default());
    let family = plain(&who["name"][0]["family"]);
    let home = |one: &Value| (plain(&one["address"][0]["line"][0]), plain(&one["address"][0]["city"]));
    let (street, city) = home(who);
    let same = !family.is_empty() && family == plain(&patient["name"][0]["family"]);
    (same && !street.is_empty() && (street, city) == home(patient))
        .then_some("ha lo stesso cognome e lo stesso indirizzo")
}

#[cfg(test)]
mod tests {
    use super::related;
    use serde_json::json;

    #[test]
    fn a_name_alone_is_no_family() {
        let person = |family: &str, street: &str| json!({"name": [{"family": family}], "address": [{"line": [street], "city": "Napoli"}]});
        let who = person("Amato", "Via Santa Lucia 4");
        assert!(related(&who, &person("AMATO", "via santa lucia 4")).is_some());
        assert!(related(&who, &person("Amato", "Via Roma 1")).is_none());
        assert!(related(&who, &person("Esposito", "Via Santa Lucia 4")).is_none());
        assert!(related(&person("Amato", ""), &person("Amato", "")).is_none());
    }
}
