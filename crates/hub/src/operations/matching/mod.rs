//! `Patient/$match`: who this is likely to be (<https://hl7.org/fhir/R4/patient-operation-match.html>; IHE PDQm, transaction
//! ITI-119).
//!
//! A few narrow searches bring candidates (`candidates`), never a walk through the registry; each is weighed against what was
//! asked by a model that was learnt before, of this registry where a run has (`learnt`), and the answer says what each field added. Only records that
//! the caller may see are candidates.

mod candidates;
mod learnt;

pub(crate) use learnt::Learnt;

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask, View};
use crate::terminology::Inputs;
use crate::{Hub, HubError};
use linkage::{Band, Explanation, Fitted, Level, Scorer, Table, patient};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{SearchPage, StoredResource};

/// Matches of an answer if the question does not say how many, and at most.
const COUNT: (usize, usize) = (10, 100);

const GRADE: &str = "http://hl7.org/fhir/StructureDefinition/match-grade";
const EXPLANATION: &str = "https://sinfonia.it/fhir/StructureDefinition/match-explanation";

/// A candidate that may be the person.
struct Match {
    stored: StoredResource,
    weight: f64,
    explanation: Vec<Explanation>,
    beforehand: f64,
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    if ask.param("type") != "Patient" {
        return Err(HubError::NotSupported(format!("$match of {}", ask.param("type"))));
    }
    let inputs = Inputs::read(&hub, &mut ask, Some("resource")).await?;
    let Some(asked) = inputs
        .resource("resource")
        .filter(|asked| asked["resourceType"] == "Patient")
    else {
        return Err(HubError::bad(
            "$match needs the parameter 'resource': a Patient with what is known of the person",
        ));
    };
    let only_certain = inputs.boolean("onlyCertainMatches")?.unwrap_or(false);
    let count = inputs.number("count")?.unwrap_or(COUNT.0).clamp(1, COUNT.1);
    let mut snapshot = hub.snapshot().await?;
    let found = candidates::find(&hub, snapshot.as_mut(), &ask.scope, &asked).await?;
    let fitted = hub.learnt.read(snapshot.as_mut()).await?;
    let fitted = fitted.as_ref();
    drop(snapshot);
    let mut matches = weigh(&asked, found, fitted)?;
    matches.retain(|one| {
        let band = fitted.thresholds.band(one.weight);
        band == Band::Same || (band == Band::Review && !only_certain)
    });
    matches.truncate(count);
    Ok(answer(&hub, &mut ask, &matches, fitted))
}

/// Weighs candidates against what was asked, the likeliest first.
fn weigh(asked: &Value, found: Vec<StoredResource>, fitted: &Fitted) -> Result<Vec<Match>, HubError> {
    let mut table = Table::new(linkage::persons()).map_err(|error| HubError::bad(error.to_string()))?;
    let mut add = |value: &Value| {
        let values = patient::values(value);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        table.add(&values).map_err(|error| HubError::bad(error.to_string()))
    };
    let own = add(asked)?;
    let mut rows = Vec::with_capacity(found.len());
    for stored in found {
        let body = stored.body.as_deref().unwrap_or_default();
        let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        rows.push((add(&value)?, stored));
    }
    let scorer = Scorer::fitted(&table, fitted);
    let mut matches: Vec<Match> = rows
        .into_iter()
        .map(|(row, stored)| Match {
            weight: scorer.weight(own, row),
            explanation: scorer.explain(own, row),
            beforehand: scorer.beforehand(own, row),
            stored,
        })
        .collect();
    matches.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| a.stored.id.cmp(&b.stored.id))
    });
    Ok(matches)
}

fn answer(hub: &Hub, ask: &mut Ask, matches: &[Match], fitted: &Fitted) -> Answer {
    let path = format!("{}/Patient/$match", hub.config.base_url);
    let page = SearchPage {
        total: Some(matches.len() as u64),
        ..SearchPage::default()
    };
    let links = [("self", path)];
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), page.total, &links);
    let view: View = std::mem::take(&mut ask.view);
    for one in matches {
        let Some(body) = &one.stored.body else { continue };
        let body = view.apply(&ask.scope.shown(&one.stored, body));
        let url = format!("{}/Patient/{}", hub.config.base_url, one.stored.id);
        writer.begin(Some(&url), Some(&body));
        writer.search(&search(one, fitted));
        writer.end();
    }
    Answer::made(writer.finish())
}

/// What the answer says of a match: how likely it is, its grade, and why.
fn search(one: &Match, fitted: &Fitted) -> Value {
    let rounded = |number: f64, places: f64| (number * places).round() / places;
    let probability = 1.0 / (1.0 + (-one.weight).exp());
    let fields = linkage::persons().fields;
    let said = one.explanation.iter().filter(|part| part.level != Level::Missing);
    let mut parts: Vec<Value> = said
        .map(|part| {
            let field = fields[part.field].name;
            let text = format!(
                "{}: {}",
                linkage::label(field, true),
                linkage::label(part.level.name(), true)
            );
            json!({"url": "field", "extension": [
                {"url": "name", "valueCode": field},
                {"url": "level", "valueCode": part.level.name()},
                {"url": "weight", "valueDecimal": rounded(part.weight, 100.0)},
                {"url": "text", "valueString": text},
            ]})
        })
        .collect();
    parts.push(json!({"url": "beforehand", "valueDecimal": rounded(one.beforehand, 100.0)}));
    parts.push(json!({"url": "weight", "valueDecimal": rounded(one.weight, 100.0)}));
    let grade = match fitted.thresholds.band(one.weight) {
        Band::Same => "certain",
        Band::Review if one.weight >= 0.0 => "probable",
        Band::Review => "possible",
        Band::Different => "certainly-not",
    };
    json!({
        "extension": [{"url": GRADE, "valueCode": grade}, {"url": EXPLANATION, "extension": parts}],
        "mode": "match",
        "score": rounded(probability, 10_000.0),
    })
}

/// The ids of the Patients that a record is linked to in one of these ways.
pub(crate) fn links(record: &Value, kinds: &[&str]) -> Vec<String> {
    let links = record["link"].as_array().into_iter().flatten();
    links
        .filter(|link| kinds.iter().any(|kind| link["type"] == *kind))
        .filter_map(|link| {
            link["other"]["reference"]
                .as_str()?
                .strip_prefix("Patient/")
                .map(str::to_owned)
        })
        .collect()
}
