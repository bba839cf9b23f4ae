//! Reading and writing people and their assignments.

use crate::assignment::Assignment;
use crate::check::{self, Violation};
use crate::person::Person;
use crate::systems::is_id;
use bytes::Bytes;
use component::{Context, Fhir, PeerError};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Assignments of one person looked at, ended ones counted.
pub(crate) const MAX_OF_ONE: usize = 200;
/// Versions of one resource looked at.
const MAX_VERSIONS: usize = 200;

/// Why an assignment was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// The rules forbid it.
    #[error("the rules about assignments forbid it: {}", .0.iter().map(|one| one.rule).collect::<Vec<_>>().join(", "))]
    Forbidden(Vec<Violation>),
    /// The person's record, or the assignment, was written meanwhile.
    #[error("it was changed meanwhile: read it again")]
    Changed,
    /// The hub failed or refused.
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// A person, if there is one.
pub(crate) async fn person(fhir: &Fhir, id: &str) -> Result<Option<Person>, PeerError> {
    if !is_id(id) {
        return Ok(None);
    }
    Ok(fhir.find("Practitioner", id).await?.map(Person::of))
}

/// All assignments of a person, newest start first.
pub(crate) async fn assignments(fhir: &Fhir, person: &str) -> Result<Vec<Assignment>, PeerError> {
    let asked = [("practitioner", person), ("_count", "100")];
    let found = fhir.search_all("PractitionerRole", &asked, MAX_OF_ONE).await?;
    let mut all: Vec<_> = found.into_iter().filter_map(Assignment::of).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.span().from));
    Ok(all)
}

/// Writes an assignment (new without an id) if the rules allow it beside the person's others. The person's record gets a
/// new version in the same commit, in the place of the one read before the others were: two offices at the same moment
/// cannot each write what the rules forbid together.
pub(crate) async fn write(fhir: &Fhir, one: &Assignment) -> Result<String, NotWritten> {
    write_all(fhir, std::slice::from_ref(one))
        .await
        .map(|mut ids| ids.remove(0))
}

/// As [`write`], several of one person in one commit; the ids in order.
pub(crate) async fn write_all(fhir: &Fhir, changed: &[Assignment]) -> Result<Vec<String>, NotWritten> {
    let who = changed.first().map(|one| one.person.clone()).unwrap_or_default();
    let record = fhir.read("Practitioner", &who).await?;
    let mut all = assignments(fhir, &who).await?;
    let before = check::violations(&all);
    all.retain(|old| changed.iter().all(|one| one.id != old.id));
    all.extend(changed.iter().cloned());
    let mut wrong = check::violations(&all);
    // What stood wrong before (an import, another program) does not keep anybody from putting something else right.
    wrong.retain(|one| !before.contains(one));
    if !wrong.is_empty() {
        return Err(NotWritten::Forbidden(wrong));
    }
    let matching = |version: &Value| format!("W/\"{}\"", version.as_str().unwrap_or_default());
    let url = format!("Practitioner/{who}");
    let version = matching(&record["meta"]["versionId"]);
    let mut entries = vec![json!({"resource": record, "request": {"method": "PUT", "url": url, "ifMatch": version}})];
    for one in changed {
        let resource = one.resource();
        let request = match (one.id.is_empty(), one.version.is_empty()) {
            (true, _) => json!({"method": "POST", "url": "PractitionerRole"}),
            (false, true) => json!({"method": "PUT", "url": format!("PractitionerRole/{}", one.id)}),
            (false, false) => json!({"method": "PUT", "url": format!("PractitionerRole/{}", one.id),
                "ifMatch": format!("W/\"{}\"", one.version)}),
        };
        entries.push(json!({"resource": resource, "request": request}));
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    let written = fhir
        .transaction(&bundle)
        .await
        .map_err(|error| match error.is_conflict() {
            true => NotWritten::Changed,
            false => NotWritten::Peer(error),
        })?;
    let ids = written["entry"].as_array().into_iter().flatten().skip(1);
    Ok(ids.map(|entry| located(entry, "PractitionerRole")).collect())
}

/// The id that a response entry tells.
fn located(entry: &Value, rtype: &str) -> String {
    let location = entry["response"]["location"].as_str().unwrap_or_default();
    let mut parts = location.split('/').skip_while(|part| *part != rtype);
    parts.nth(1).unwrap_or_default().to_owned()
}

/// Writes a person: a new one unless somebody has the same codice fiscale (then their id and `false`), an old one only if
/// nobody changed it meanwhile.
pub(crate) async fn save(fhir: &Fhir, person: &Person) -> Result<(String, bool), PeerError> {
    if !person.id.is_empty() && !person.version.is_empty() {
        let mut resource = person.resource();
        resource["meta"]["versionId"] = json!(person.version);
        fhir.update_if_unchanged(&resource).await?;
        return Ok((person.id.clone(), true));
    }
    let same = format!("identifier={}|{}", crate::systems::FISCAL, person.fiscal);
    let entry = json!({"resource": person.resource(),
        "request": {"method": "POST", "url": "Practitioner", "ifNoneExist": same}});
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]});
    let written = fhir.transaction(&bundle).await?;
    let entry = &written["entry"][0];
    let new = entry["response"]["status"]
        .as_str()
        .is_some_and(|status| status.starts_with("201"));
    Ok((located(entry, "Practitioner"), new))
}

/// The versions of a resource, newest first.
pub(crate) async fn versions(
    context: &Context,
    actor: &access::Actor,
    rtype: &str,
    id: &str,
) -> Result<Vec<Value>, PeerError> {
    let path = format!("/fhir/{rtype}/{id}/_history?_count={MAX_VERSIONS}");
    let request = http::Request::get(path).body(Bytes::new());
    let request = request.map_err(|error| PeerError::Malformed(error.to_string()))?;
    let answer = context.peers.call("hub", actor, request).await?;
    if !answer.status().is_success() {
        return Err(PeerError::Status {
            status: answer.status(),
            message: String::from_utf8_lossy(answer.body()).chars().take(200).collect(),
        });
    }
    let bundle: Value =
        serde_json::from_slice(answer.body()).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let entries = bundle["entry"].as_array().into_iter().flatten();
    Ok(entries
        .map(|entry| entry["resource"].clone())
        .filter(|one| !one.is_null())
        .collect())
}

/// Units with the id of the one above, and their names.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// Id to name and parent.
    pub all: BTreeMap<String, (String, Option<String>)>,
    /// Parent to those directly under it, by name.
    below: BTreeMap<Option<String>, Vec<String>>,
}

/// Affiliations by which one unit is part of another, as the registry of facilities writes them.
const BELONGS: &str = "https://sinfonia.it/fhir/CodeSystem/affiliazione|appartenenza";

/// Whether a FHIR period holds on a day; one without bounds holds always.
fn holds_on(period: &Value, day: Date) -> bool {
    let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    let Ok(at) = noon.map(|noon| noon.timestamp().as_microsecond()) else {
        return false;
    };
    let bound = |name: &str| period[name].as_str().map(fhir::date_interval);
    let begun = bound("start").is_none_or(|read| read.is_some_and(|(from, _)| from <= at));
    let going_on = bound("end").is_none_or(|read| read.is_some_and(|(_, to)| at <= to));
    begun && going_on
}

/// What is read of a unit: id, name, the one above.
type Unit = (String, (String, Option<String>));

fn unit(one: &Value) -> Option<Unit> {
    let id = one["id"].as_str()?.to_owned();
    let name = one["name"].as_str().unwrap_or(&id).to_owned();
    let above = crate::systems::id_of(&one["partOf"], "Organization").map(str::to_owned);
    Some((id, (name, above)))
}

/// Whether a unit stood on a day, as the registry of facilities says: what is closed, and nobody knows since when, is gone.
fn stood(one: &Value, day: Date) -> bool {
    let period = &crate::systems::extension(one, "periodo").unwrap_or(&Value::Null)["valuePeriod"];
    holds_on(period, day) && (one["active"] != false || period["end"].is_string())
}

impl Units {
    /// All active units, in the order of today.
    pub async fn read(fhir: &Fhir) -> Result<Self, PeerError> {
        let mut all = BTreeMap::new();
        let each = |page: Vec<Value>| {
            all.extend(page.iter().filter_map(unit));
            true
        };
        let asked = [
            ("active:not", "false"),
            ("_count", "500"),
            ("_elements", "name,partOf,active"),
        ];
        fhir.walk("Organization", &asked, each).await?;
        Ok(Self::of(all))
    }

    /// Units as they stood on a day. One that ever had an affiliation (`appartenenza`) was part of the one of that day, if
    /// any; one that never had is where it is today.
    pub async fn on(fhir: &Fhir, day: Date) -> Result<Self, PeerError> {
        let mut all = BTreeMap::new();
        let each = |page: Vec<Value>| {
            all.extend(page.iter().filter(|one| stood(one, day)).filter_map(unit));
            true
        };
        let asked = [("_count", "500"), ("_elements", "name,partOf,active,extension")];
        fhir.walk("Organization", &asked, each).await?;
        let mut above: BTreeMap<String, Option<String>> = BTreeMap::new();
        let each = |page: Vec<Value>| {
            for one in &page {
                let id = crate::systems::id_of(&one["participatingOrganization"], "Organization");
                let to = crate::systems::id_of(&one["organization"], "Organization");
                let (Some(id), Some(to)) = (id, to) else { continue };
                let then = above.entry(id.to_owned()).or_default();
                if holds_on(&one["period"], day) && (one["active"] != false || one["period"]["end"].is_string()) {
                    *then = Some(to.to_owned());
                }
            }
            true
        };
        let asked = [("role", BELONGS), ("_count", "500")];
        fhir.walk("OrganizationAffiliation", &asked, each).await?;
        for (id, then) in above {
            if let Some((_, parent)) = all.get_mut(&id) {
                *parent = then;
            }
        }
        Ok(Self::of(all))
    }

    fn of(all: BTreeMap<String, (String, Option<String>)>) -> Self {
        let mut below: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
        for (id, (_, parent)) in &all {
            let parent = parent.clone().filter(|parent| all.contains_key(parent));
            below.entry(parent).or_default().push(id.clone());
        }
        for ids in below.values_mut() {
            ids.sort_by_key(|id| all[id].0.to_lowercase());
        }
        Self { all, below }
    }

    /// The name of a unit.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.all.get(id).map_or(id, |(name, _)| name)
    }

    /// Those directly under one, or those under none that is known; by name.
    pub fn under(&self, parent: Option<&str>) -> &[String] {
        self.below.get(&parent.map(str::to_owned)).map_or(&[], Vec::as_slice)
    }

    /// One and all under it; a circle ends where it began.
    pub fn with_all_under(&self, root: &str) -> Vec<String> {
        let mut found = vec![root.to_owned()];
        let mut seen: BTreeSet<String> = found.iter().cloned().collect();
        let mut at = 0;
        while at < found.len() {
            for id in self.under(Some(&found[at].clone())) {
                if seen.insert(id.clone()) {
                    found.push(id.clone());
                }
            }
            at += 1;
        }
        found
    }

    /// For a choice in a form: id and name, by name.
    pub fn choices(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .all
            .iter()
            .map(|(id, (name, _))| (id.clone(), name.clone()))
            .collect();
        all.sort_by_key(|(_, name)| name.to_lowercase());
        all
    }
}
