//! `ValueSet/$expand`: the codes of a value set (<https://hl7.org/fhir/R4/valueset-operation-expand.html>).

use crate::http::{Answer, Ask};
use crate::terminology::{Inputs, only, value_set};
use crate::{Hub, HubError};
use bytes::Bytes;
use std::sync::Arc;
use terminology::expand::{Options, expand};

/// The HTTP handler, of the type and of an instance.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    only(&["ValueSet"], &ask, "$expand")?;
    let inputs = Inputs::read(&hub, &mut ask, Some("valueSet")).await?;
    inputs.refuse(&[
        "context",
        "contextDirection",
        "force-system-version",
        "check-system-version",
    ])?;
    let target = value_set(&hub, &mut ask, &inputs).await?;
    let options = options(&hub, &inputs)?;
    let body = hub
        .with_terminology(move |source| {
            let expanded = expand(source, &*target.get(source)?, &options)?;
            Ok::<_, terminology::TermError>(Bytes::from(expanded.to_string()))
        })
        .await??;
    Ok(Answer::made(body))
}

fn options(hub: &Hub, inputs: &Inputs) -> Result<Options, HubError> {
    let split = |canonical: String| {
        let parsed = terminology::Canonical::parse(&canonical);
        Some((parsed.url.to_owned(), parsed.version?.to_owned()))
    };
    Ok(Options {
        filter: inputs.text("filter"),
        offset: inputs.number("offset")?.unwrap_or(0),
        count: inputs.number("count")?,
        include_designations: inputs.boolean("includeDesignations")?.unwrap_or(false),
        designations: inputs.texts("designation"),
        include_definition: inputs.boolean("includeDefinition")?.unwrap_or(false),
        active_only: inputs.boolean("activeOnly")?,
        exclude_nested: inputs.boolean("excludeNested")?,
        exclude_not_for_ui: inputs.boolean("excludeNotForUI")?.unwrap_or(false),
        display_language: inputs.text("displayLanguage"),
        exclude_systems: inputs.texts("exclude-system"),
        versions: inputs.texts("system-version").into_iter().filter_map(split).collect(),
        identifier: format!("urn:uuid:{}", hub.ids.next()),
        timestamp: fhir::instant(hub.clock.now()),
    })
}
