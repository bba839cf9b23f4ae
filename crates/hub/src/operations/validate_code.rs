//! `$validate-code` of a value set (<https://hl7.org/fhir/R4/valueset-operation-validate-code.html>) or code system
//! (<https://hl7.org/fhir/R4/codesystem-operation-validate-code.html>).
//!
//! What cannot be told here (SNOMED CT is not loaded, say) is answered with an OperationOutcome, not with `false`.

use crate::http::{Answer, Ask};
use crate::terminology::{Inputs, Target, code_system, only, value_set};
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use terminology::validate_code::{Coding, Options, Verdict, by_rule, in_code_system, in_value_set};
use terminology::{Canonical, Source, TermError};

/// The HTTP handler, of both types and their instances.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    only(&["ValueSet", "CodeSystem"], &ask, "$validate-code")?;
    let of_value_set = ask.param("type") == "ValueSet";
    let inputs = Inputs::read(&hub, &mut ask, None).await?;
    inputs.refuse(&["context"])?;
    let options = Options {
        allow_abstract: inputs.boolean("abstract")?,
        display_language: inputs.text("displayLanguage"),
    };
    let codings = codings(&inputs, of_value_set)?;
    let verdict = if of_value_set {
        let target = value_set(&hub, &mut ask, &inputs).await?;
        let work = move |source: &dyn Source| in_value_set(source, &*target.get(source)?, &codings, &options);
        hub.with_terminology(work).await??
    } else {
        let target = match code_system(&hub, &mut ask, &inputs, "url").await? {
            Some(target) => target,
            None => {
                let named = codings
                    .iter()
                    .find_map(|coding| coding.system.clone().map(|s| (s, coding.version.clone())));
                let (system, version) = named
                    .ok_or_else(|| HubError::bad("name the code system: by 'url', by the coding, or in the path"))?;
                Target::Named(Canonical::of(&system, version.as_deref()).to_string())
            }
        };
        let work = move |source: &dyn Source| match (target.get(source), &target) {
            (Ok(system), _) => in_code_system(&system, &codings, &options),
            // a system that nobody lists may have rules
            (Err(TermError::Unknown { .. }), Target::Named(address)) => ruled(address, &codings),
            (Err(error), _) => Err(error),
        };
        hub.with_terminology(work).await??
    };
    Ok(Answer::made(Bytes::from(parameters(&verdict).to_string())))
}

fn ruled(address: &str, codings: &[Coding]) -> Result<Verdict, TermError> {
    match codings.first() {
        Some(coding) => by_rule(Canonical::parse(address).url, coding),
        None => Err(TermError::Invalid("there is no code to validate".into())),
    }
}

/// The codings of `codeableConcept`, `coding`, or `code` with `system` and `display`.
fn codings(inputs: &Inputs, of_value_set: bool) -> Result<Vec<Coding>, HubError> {
    if let Some(codings) = inputs.concept("codeableConcept") {
        return Ok(codings);
    }
    if let Some(coding) = inputs.coding("coding") {
        return Ok(vec![coding]);
    }
    Ok(vec![Coding {
        system: if of_value_set { inputs.text("system") } else { None },
        version: if of_value_set {
            inputs.text("systemVersion")
        } else {
            None
        },
        code: inputs.need("code")?,
        display: inputs.text("display"),
    }])
}

fn parameters(verdict: &Verdict) -> Value {
    let mut list = vec![json!({"name": "result", "valueBoolean": verdict.result})];
    let mut add = |name: &str, kind: &str, value: Option<&str>| {
        list.extend(value.map(|value| json!({"name": name, kind: value})));
    };
    add("message", "valueString", verdict.message.as_deref());
    add("display", "valueString", verdict.display.as_deref());
    if let Some(coding) = &verdict.coding {
        add("system", "valueUri", coding.system.as_deref());
        add("code", "valueCode", Some(&coding.code));
    }
    json!({"resourceType": "Parameters", "parameter": list})
}
