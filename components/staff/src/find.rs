//! Looking people up: names in any order, with or without accents, by their beginnings, then anywhere, then by likeness; by
//! unit (with all under it), role, discipline and state.

use crate::assignment::{Assignment, State};
use crate::person::{Person, looks_fiscal, token};
use crate::registry::Units;
use crate::systems::{DISCIPLINE, FISCAL, NUMBER, ROLE};
use component::{Fhir, PeerError};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// People shown at most; with more, one is asked to say more.
pub(crate) const MAX: usize = 100;
/// Assignments looked at for one list.
const MAX_LOOKED_AT: usize = 2000;
/// Words of a name that count.
const MAX_WORDS: usize = 6;
/// Units that can stand in one question.
const MAX_UNITS_ASKED: usize = 100;
/// How like a name must be, of 1, to be offered.
const ALIKE: f64 = 0.86;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Words of a name, a codice fiscale or a number.
    pub text: String,
    /// Unit, with all under it.
    pub unit: String,
    /// Role.
    pub role: String,
    /// Discipline.
    pub discipline: String,
    /// `attivi` (have an assignment now), `cessati` (have none), or all.
    pub state: String,
}

/// Somebody found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Who.
    pub person: Person,
    /// Their assignments.
    pub assignments: Vec<Assignment>,
    /// Whether one holds now.
    pub current: bool,
}

/// Those found, and whether there are more.
pub(crate) async fn find(
    fhir: &Fhir,
    units: &Units,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<(Vec<Found>, bool), PeerError> {
    let by_assignment = !wanted.unit.is_empty() || !wanted.role.is_empty() || !wanted.discipline.is_empty();
    let (people, cut) = match by_assignment {
        true => of_assignments(fhir, units, wanted, now).await?,
        false => (of_names(fhir, &wanted.text).await?, false),
    };
    let mut found = with_assignments(fhir, people, now).await?;
    match wanted.state.as_str() {
        "attivi" => found.retain(|one| one.current),
        "cessati" => found.retain(|one| !one.current),
        _ => {}
    }
    found.sort_by_key(|one| (one.person.family.to_lowercase(), one.person.given.to_lowercase()));
    let more = cut || found.len() > MAX;
    found.truncate(MAX);
    Ok((found, more))
}

fn words(text: &str) -> Vec<String> {
    let all = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty());
    all.take(MAX_WORDS).map(str::to_owned).collect()
}

/// The people of one question.
async fn ask(fhir: &Fhir, params: &[(&str, &str)]) -> Result<Vec<Person>, PeerError> {
    let count = (MAX + 1).to_string();
    let mut params = params.to_vec();
    params.push(("_count", &count));
    let found = fhir.search("Practitioner", &params).await?;
    Ok(found.into_iter().map(Person::of).collect())
}

async fn of_names(fhir: &Fhir, text: &str) -> Result<Vec<Person>, PeerError> {
    let text = text.trim();
    if text.is_empty() {
        return ask(fhir, &[("_sort", "family")]).await;
    }
    if looks_fiscal(text) {
        return match ask(fhir, &[("identifier", &token(FISCAL, &text.to_uppercase()))]).await {
            // Who may not see a codice fiscale finds nobody by it.
            Err(PeerError::Status { status, .. }) if status == http::StatusCode::FORBIDDEN => Ok(Vec::new()),
            found => found,
        };
    }
    if text.bytes().any(|b| b.is_ascii_digit()) && !text.contains(' ') {
        return ask(fhir, &[("identifier", &token(NUMBER, text))]).await;
    }
    let words = words(text);
    let mut starting = Vec::new();
    let mut within = Vec::new();
    for word in &words {
        starting.push(("name", word.as_str()));
        if word.chars().count() >= 3 {
            within.push(("name:contains", word.as_str()));
        }
    }
    for params in [starting, within] {
        if !params.is_empty() {
            let found = ask(fhir, &params).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    alike(fhir, &words).await
}

/// Those whose names are like the words: of everybody who begins like one of them.
async fn alike(fhir: &Fhir, words: &[String]) -> Result<Vec<Person>, PeerError> {
    let mut near: BTreeMap<String, Person> = BTreeMap::new();
    for word in words {
        let begin: String = word.chars().take(2).collect();
        for person in ask(fhir, &[("name", begin.as_str())]).await? {
            if is_alike(&person, words) {
                near.insert(person.id.clone(), person);
            }
        }
    }
    Ok(near.into_values().collect())
}

fn is_alike(person: &Person, words: &[String]) -> bool {
    let of = codicefiscale::fold(&format!("{} {}", person.family, person.given));
    words.iter().all(|word| {
        let word = codicefiscale::fold(word);
        of.split(' ').any(|part| strsim::jaro_winkler(part, &word) >= ALIKE)
    })
}

/// The people whose assignments fit, and whether some may have been left out.
async fn of_assignments(
    fhir: &Fhir,
    units: &Units,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<(Vec<Person>, bool), PeerError> {
    let mut cut = false;
    let mut params: Vec<(&str, String)> = Vec::new();
    if !wanted.unit.is_empty() {
        let mut under = units.with_all_under(&wanted.unit);
        under.retain(|id| crate::systems::is_id(id));
        cut = under.len() > MAX_UNITS_ASKED;
        under.truncate(MAX_UNITS_ASKED);
        params.push(("organization", under.join(",")));
    }
    if !wanted.role.is_empty() {
        params.push(("role", token(ROLE, &wanted.role)));
    }
    if !wanted.discipline.is_empty() {
        params.push(("specialty", token(DISCIPLINE, &wanted.discipline)));
    }
    for word in words(&wanted.text) {
        params.push(("practitioner.name", word));
    }
    params.push(("_count", "200".into()));
    let mut asked: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &params {
        asked.push((name, value));
    }
    let found = fhir.search_all("PractitionerRole", &asked, MAX_LOOKED_AT).await?;
    cut |= found.len() == MAX_LOOKED_AT;
    let mut ids: Vec<String> = Vec::new();
    for one in found.into_iter().filter_map(Assignment::of) {
        let fits = match wanted.state.as_str() {
            "attivi" => one.holds(now),
            "cessati" => one.state(now) == State::Past,
            _ => true,
        };
        if fits && !ids.contains(&one.person) && ids.len() <= MAX {
            ids.push(one.person);
        }
    }
    let mut people = Vec::new();
    for part in ids.chunks(50) {
        let ids = part.join(",");
        let asked = [("_id", ids.as_str()), ("_count", "50")];
        people.extend(fhir.search("Practitioner", &asked).await?.into_iter().map(Person::of));
    }
    Ok((people, cut))
}

async fn with_assignments(fhir: &Fhir, people: Vec<Person>, now: Timestamp) -> Result<Vec<Found>, PeerError> {
    let mut of: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
    let all: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
    for part in all.chunks(50) {
        let ids = part.join(",");
        let asked = [("practitioner", ids.as_str()), ("_count", "200")];
        let found = fhir.search_all("PractitionerRole", &asked, MAX_LOOKED_AT).await?;
        for one in found.into_iter().filter_map(Assignment::of) {
            of.entry(one.person.clone()).or_default().push(one);
        }
    }
    let found = people.into_iter().map(|person| {
        let mut assignments = of.remove(&person.id).unwrap_or_default();
        assignments.sort_by_key(|one| (!one.holds(now), !one.main, std::cmp::Reverse(one.span().from)));
        Found {
            current: assignments.iter().any(|one| one.holds(now)),
            person,
            assignments,
        }
    });
    Ok(found.collect())
}
