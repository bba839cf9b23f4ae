//! Who may be the person: a few searches, each over a narrow range of an index.

use super::links;
use crate::parse::pairs::Pair;
use crate::scope::Scope;
use crate::search::refuse_ignored;
use crate::{Hub, HubError};
use codicefiscale::CodiceFiscale;
use linkage::patient;
use serde_json::Value;
use std::collections::HashSet;
use store::{Snapshot, StoreError, StoredResource};

/// Candidates that one search brings at most.
const EACH: usize = 300;
/// Candidates of all searches.
const ALL: usize = 1_500;
/// System of the codice fiscale.
const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
/// Identifiers and telephones of the question that are looked for.
const NUMBERS: usize = 10;

/// The candidates that the caller may see. A record that was merged into another stands for that one.
pub(super) async fn find(
    hub: &Hub,
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    asked: &Value,
) -> Result<Vec<StoredResource>, HubError> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for search in searches(asked) {
        let mut parsed = hub.parse_search("Patient", &search)?;
        refuse_ignored(&parsed)?;
        parsed.query.page.count = EACH;
        scope.narrow(&mut parsed.query)?;
        let page = match snapshot.search(&parsed.query).await {
            // a name that too many have brings nothing by itself: the other searches do
            Err(StoreError::Limit(_)) => continue,
            other => other?,
        };
        for stored in page.matches {
            if found.len() < ALL && known.insert(stored.id.clone()) {
                found.push(stored);
            }
        }
    }
    let mut current = Vec::with_capacity(found.len());
    for stored in found {
        let body: Value = serde_json::from_slice(stored.body.as_deref().unwrap_or_default())
            .map_err(|error| HubError::json(&error))?;
        let survivors = links(&body, &["replaced-by"]);
        if body["active"] != false || survivors.is_empty() {
            current.push(stored);
            continue;
        }
        for id in survivors {
            if known.insert(id.clone())
                && let Some(survivor) = snapshot.read("Patient", &id).await?
                && survivor.body.is_some()
                && scope.sees(&survivor)
            {
                current.push(survivor);
            }
        }
    }
    Ok(current)
}

/// The searches for a question. Each holds something that few share: a number, a day of birth, or a full name.
fn searches(asked: &Value) -> Vec<Vec<Pair>> {
    let [family, given, _, birth, ..] = patient::values(asked);
    let mut searches: Vec<Vec<Pair>> = numbers(asked).into_iter().map(|pair| vec![pair]).collect();
    let pair = |name: &str, value: &str| (name.to_owned(), escape(value));
    let first = given.split(' ').next().unwrap_or_default().to_owned();
    let start = |text: &str, count: usize| text.chars().take(count).collect::<String>();
    let mut add = |pairs: Vec<Pair>| {
        if pairs.iter().all(|(_, value)| !value.is_empty()) {
            searches.push(pairs);
        }
    };
    let parts: Vec<&str> = birth.split('-').collect();
    if let [year, month, day] = parts[..] {
        // everybody born on the day, however the name is written
        add(vec![pair("birthdate", &birth)]);
        // day and month exchanged, or one of the two wrong
        if day <= "12" && day != month {
            add(vec![
                pair("birthdate", &format!("{year}-{day}-{month}")),
                pair("family", &start(&family, 2)),
            ]);
        }
        add(vec![
            pair("birthdate", &format!("{year}-{month}")),
            pair("family", &start(&family, 4)),
        ]);
        add(vec![
            pair("birthdate", year),
            pair("family", &start(&family, 4)),
            pair("given", &start(&first, 3)),
        ]);
        add(vec![
            pair("birthdate", year),
            pair("family", &first),
            pair("given", &family),
        ]);
    }
    add(vec![pair("family", &family), pair("given", &first)]);
    // however it is spelt, wherever the first letter sounds the same
    let sounds: Vec<String> = [&family, &given]
        .into_iter()
        .filter_map(|name| names::words(name).into_iter().next())
        .collect();
    if let [one, two] = &sounds[..] {
        add(vec![pair("phonetic", &format!("{one} {two}"))]);
    }
    // a first letter that is another, and a day that is another: the given name and the month are left
    if let [year, month, _] = parts[..] {
        add(vec![
            pair("birthdate", &format!("{year}-{month}")),
            pair("given", &first),
        ]);
    }
    searches
}

/// What identifies by itself: identifiers and telephones.
fn numbers(asked: &Value) -> Vec<Pair> {
    let list = |name: &str| asked[name].as_array().into_iter().flatten();
    let identifiers = list("identifier").filter_map(|one| {
        let (system, value) = (one["system"].as_str().unwrap_or_default(), one["value"].as_str()?);
        let text = match system {
            // whichever of its forms it was written in
            FISCAL if let Ok(code) = CodiceFiscale::read(value) => {
                let forms = code
                    .forms()
                    .into_iter()
                    .map(|form| format!("{system}|{}", form.as_str()));
                forms.collect::<Vec<_>>().join(",")
            }
            "" => escape(value),
            system => format!("{}|{}", escape(system), escape(value)),
        };
        (!value.is_empty()).then(|| ("identifier".to_owned(), text))
    });
    let telephones = list("telecom").filter_map(|one| {
        let value = one["value"].as_str().filter(|value| !value.is_empty())?;
        Some(("telecom".to_owned(), escape(value)))
    });
    identifiers.take(NUMBERS).chain(telephones.take(NUMBERS)).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | ',' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_search_is_narrow() {
        let asked = json!({
            "name": [{"family": "De Luca", "given": ["Maria Rosa"]}], "birthDate": "1941-04-10",
            "identifier": [{"system": "s", "value": "a|b"}, {"value": ""}], "telecom": [{"system": "phone", "value": "081,1"}]
        });
        let searches = searches(&asked);
        let texts: Vec<String> = searches
            .iter()
            .map(|pairs| {
                pairs
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join("&")
            })
            .collect();
        assert_eq!(texts[0], "identifier=s|a\\|b");
        assert_eq!(texts[1], "telecom=081\\,1");
        assert!(
            texts.contains(&"birthdate=1941-10-04&family=De".to_owned()),
            "{texts:?}"
        );
        assert!(texts.contains(&"family=De Luca&given=Maria".to_owned()), "{texts:?}");
        let nothing = json!({"name": [{"family": "Rossi"}]});
        assert!(super::searches(&nothing).is_empty(), "a surname alone brings nobody");
    }
}
