//! `ConceptMap/$translate`: a code into codes of another system
//! (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

use crate::http::{Answer, Ask};
use crate::terminology::{Inputs, coding, concept_map, only, value_text};
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;
use terminology::translate::{Ask as Question, parameters, translate};
use terminology::{Source, TermError};

/// The HTTP handler, of the type and of an instance.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    only(&["ConceptMap"], &ask, "$translate")?;
    let inputs = Inputs::read(&hub, &mut ask, None).await?;
    let target = concept_map(&hub, &mut ask, &inputs).await?;
    let question = question(&inputs)?;
    let scopes = match target {
        None => Some(scopes(&inputs, &question)?),
        Some(_) => None,
    };
    let work = move |source: &dyn Source| {
        let maps = match (&target, &scopes) {
            (Some(target), _) => vec![target.get(source)?],
            (None, Some((from, to))) => source.concept_maps(from, to.as_deref()),
            (None, None) => Vec::new(),
        };
        Ok::<_, TermError>(parameters(&translate(source, &maps, &question)))
    };
    let answer = hub.with_terminology(work).await??;
    Ok(Answer::made(Bytes::from(answer.to_string())))
}

fn question(inputs: &Inputs) -> Result<Question, HubError> {
    let codings = if let Some(codings) = inputs.concept("codeableConcept") {
        codings.into_iter().map(|coding| (coding.system, coding.code)).collect()
    } else if let Some(coding) = inputs.coding("coding") {
        vec![(coding.system, coding.code)]
    } else {
        vec![(inputs.text("system"), inputs.need("code")?)]
    };
    Ok(Question {
        codings,
        target_system: inputs.text("targetsystem").or_else(|| inputs.text("targetSystem")),
        dependencies: inputs
            .parts("dependency")
            .iter()
            .flat_map(|parts| dependency(parts))
            .collect(),
        reverse: inputs.boolean("reverse")?.unwrap_or(false),
    })
}

/// An element with each of the codes it has.
fn dependency(parts: &[(String, Value)]) -> Vec<(String, Option<String>, String)> {
    let part = |name: &str| parts.iter().find(|(one, _)| one == name).map(|(_, part)| part);
    let Some(element) = part("element").and_then(value_text) else {
        return Vec::new();
    };
    let Some(concept) = part("concept") else {
        return Vec::new();
    };
    let codings = concept["valueCodeableConcept"]["coding"]
        .as_array()
        .into_iter()
        .flatten();
    let single = concept.get("valueCoding").into_iter();
    let coded = codings
        .chain(single)
        .filter_map(coding)
        .map(|coding| (coding.system, coding.code));
    let plain = value_text(concept).map(|text| (None, text));
    coded
        .chain(plain)
        .map(|(system, code)| (element.clone(), system, code))
        .collect()
}

/// Between which scopes concept maps are looked for; reversed, source and target change places.
fn scopes(inputs: &Inputs, question: &Question) -> Result<(String, Option<String>), HubError> {
    let system = question.codings.iter().find_map(|(system, _)| system.clone());
    let mine = inputs.text("source").or(system);
    let other = inputs.text("target").or_else(|| question.target_system.clone());
    match (mine, other, question.reverse) {
        (Some(mine), other, false) => Ok((mine, other)),
        (mine, Some(other), true) => Ok((other, mine)),
        _ => Err(HubError::bad(
            "name the concept map: by 'url', by 'source' or 'system' (reversed: by 'target'), or in the path",
        )),
    }
}
