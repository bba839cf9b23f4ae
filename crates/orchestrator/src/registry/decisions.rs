//! DMN models of the registry.

use super::{DMN, Definition, Registry};
use crate::OrchestratorError;
use dmn::{Feel, ModelIssue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An evaluator with every decision at its newest version.
///
/// Files are deployed in the order of their deployment, those of one deployment together (they may import each other);
/// so a newer file of a model replaces the older one, whose other decisions may still be the newest of theirs.
pub(crate) fn evaluator(registry: &Registry) -> Result<Feel, OrchestratorError> {
    let mut groups: BTreeMap<jiff::Timestamp, Vec<&Definition>> = BTreeMap::new();
    for definition in registry.all_newest(DMN) {
        let group = groups.entry(definition.info.deployed).or_default();
        if !group.iter().any(|other| other.source == definition.source) {
            group.push(definition);
        }
    }
    let feel = Feel::new();
    for group in groups.values() {
        let texts: Vec<&str> = group
            .iter()
            .filter_map(|d| std::str::from_utf8(&d.source).ok())
            .collect();
        feel.deploy_together(&texts).map_err(|issues| {
            let first = issues.first().map_or_else(String::new, ToString::to_string);
            OrchestratorError::Damaged(format!("decision {}: {first}", group[0].info.key))
        })?;
    }
    Ok(feel)
}

/// A DMN file of a deployment: its decision ids, or why it is refused.
pub(crate) type DecisionsIn = Result<Vec<String>, Vec<ModelIssue>>;

/// Tries the DMN files of a deployment on top of what is deployed, in whatever order their imports need.
pub(crate) fn decisions_in(
    registry: &Registry,
    files: &[&str],
) -> Result<(Arc<Feel>, Vec<DecisionsIn>), OrchestratorError> {
    let calendars: Arc<dyn dmn::Calendars> = registry.calendars.clone();
    let feel = evaluator(registry)?.with_calendars(calendars);
    let mut results: Vec<Option<DecisionsIn>> = files.iter().map(|_| None).collect();
    loop {
        let mut progress = false;
        for (xml, result) in files.iter().zip(&mut results) {
            if matches!(result, Some(Ok(_))) {
                continue;
            }
            let tried = feel
                .deploy(xml)
                .map(|found| found.into_iter().map(|d| d.id).collect::<Vec<_>>());
            progress |= tried.is_ok();
            *result = Some(tried);
        }
        if !progress {
            let results = results
                .into_iter()
                .map(|r| r.unwrap_or_else(|| Ok(Vec::new())))
                .collect();
            return Ok((Arc::new(feel), results));
        }
    }
}
