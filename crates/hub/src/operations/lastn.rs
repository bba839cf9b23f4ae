//! `GET [base]/Observation/$lastn`: the most recent observations of each code
//! (<https://hl7.org/fhir/R4/observation-operation-lastn.html>).

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask, View};
use crate::parse::pairs::Pair;
use crate::search::{links, refuse_ignored, write_page};
use crate::{Hub, HubError};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use store::{SearchPage, Sort, SortKey, StoredResource};

/// Observations looked at for one answer.
const MAX_SEEN: usize = 10_000;

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    if ask.param("type") != "Observation" {
        return Err(HubError::NotSupported(format!("$lastn of {}", ask.param("type"))));
    }
    let given = ask.operation_pairs(&hub).await?;
    let max = max(&hub, &given)?;
    let whose = |(name, _): &Pair| {
        let name = name.split([':', '.']).next();
        matches!(name, Some("patient" | "subject"))
    };
    if !given.iter().any(whose) {
        return Err(HubError::bad("$lastn needs patient or subject"));
    }
    let rest: Vec<Pair> = given
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "max" | "_sort" | "_count" | "_page" | "_total"))
        .cloned()
        .collect();
    let mut parsed = hub.parse_search("Observation", &rest)?;
    refuse_ignored(&parsed)?;
    ask.scope.narrow(&mut parsed.query)?;
    hub.resolve_code_sets(&mut parsed.query).await?;
    parsed.query.includes.clear();
    parsed.query.total = false;
    parsed.query.page.count = hub.config.limits.count_max;
    if let Some(date) = hub.definitions.param("Observation", "date") {
        parsed.query.sort = vec![Sort {
            key: SortKey::Param(date.id),
            descending: true,
        }];
    }
    let mut last = Last::new(max);
    let mut seen = 0;
    let mut snapshot = hub.snapshot().await?;
    loop {
        let page = snapshot.search(&parsed.query).await?;
        seen += page.matches.len();
        page.matches.into_iter().try_for_each(|one| last.offer(one))?;
        let Some(next) = page.next else { break };
        if seen >= MAX_SEEN {
            return Err(HubError::Limit {
                what: "observations that $lastn looks at (add category, code or date)",
                max: MAX_SEEN,
                found: seen + 1,
            });
        }
        parsed.query.page.after = Some(next);
    }
    drop(snapshot);
    let page = SearchPage {
        total: Some(last.kept.len() as u64),
        matches: last.kept,
        ..SearchPage::default()
    };
    let path = format!("{}/Observation/$lastn", hub.config.base_url);
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), page.total, &links(&path, &given, &page));
    let view: View = std::mem::take(&mut ask.view);
    write_page(&hub, &ask.scope, &mut writer, &page, &view);
    Ok(Answer::made(writer.finish()))
}

fn max(hub: &Hub, pairs: &[Pair]) -> Result<usize, HubError> {
    let Some((_, text)) = pairs.iter().find(|(name, _)| name == "max") else {
        return Ok(1);
    };
    let limit = hub.config.limits.count_max;
    match text.parse() {
        Ok(max) if (1..=limit).contains(&max) => Ok(max),
        _ => Err(HubError::bad(format!(
            "max must be a number from 1 to {limit}, not '{text}'"
        ))),
    }
}

/// The first observations of each code, in the order they are offered.
struct Last {
    max: usize,
    /// Codings, or the text where there is none, to a group.
    group_of: HashMap<String, usize>,
    sizes: Vec<usize>,
    kept: Vec<StoredResource>,
}

impl Last {
    fn new(max: usize) -> Self {
        Self {
            max,
            group_of: HashMap::new(),
            sizes: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Codes are the same when they share a coding.
    fn offer(&mut self, observation: StoredResource) -> Result<(), HubError> {
        let body = observation.body.as_deref().unwrap_or_default();
        let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        let names = names(&value["code"]);
        let known = names.iter().find_map(|name| self.group_of.get(name).copied());
        let group = known.unwrap_or_else(|| {
            self.sizes.push(0);
            self.sizes.len() - 1
        });
        for name in names {
            self.group_of.entry(name).or_insert(group);
        }
        if self.sizes[group] < self.max {
            self.sizes[group] += 1;
            self.kept.push(observation);
        }
        Ok(())
    }
}

fn names(code: &Value) -> Vec<String> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let codings = code.get("coding").and_then(Value::as_array).into_iter().flatten();
    let mut names: Vec<String> = codings
        .map(|coding| format!("{}|{}", text(coding, "system"), text(coding, "code")))
        .collect();
    if names.is_empty() {
        names.push(text(code, "text"));
    }
    names
}
