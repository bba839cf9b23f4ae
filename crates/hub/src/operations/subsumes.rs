//! `CodeSystem/$subsumes`: how two codes relate (<https://hl7.org/fhir/R4/codesystem-operation-subsumes.html>).

use crate::http::{Answer, Ask};
use crate::terminology::{Inputs, Target, code_system, only};
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use terminology::{Canonical, subsumes};

/// The HTTP handler, of the type and of an instance.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    only(&["CodeSystem"], &ask, "$subsumes")?;
    let inputs = Inputs::read(&hub, &mut ask, None).await?;
    let (a, b) = (inputs.coding("codingA"), inputs.coding("codingB"));
    let systems = [&a, &b].map(|coding| coding.as_ref().and_then(|coding| coding.system.clone()));
    if let [Some(one), Some(other)] = &systems
        && one != other
    {
        return Err(HubError::bad(format!(
            "the codes are of two code systems, {one} and {other}: only codes of one can be compared"
        )));
    }
    let code = |coding: Option<terminology::validate_code::Coding>, name| match coding {
        Some(coding) => Ok(coding.code),
        None => inputs.need(name),
    };
    let (a, b) = (code(a, "codeA")?, code(b, "codeB")?);
    let target = match code_system(&hub, &mut ask, &inputs, "system").await? {
        Some(target) => target,
        None => {
            let system = systems.into_iter().flatten().next();
            let system = system.ok_or_else(|| HubError::bad("the parameter 'system' is missing"))?;
            Target::Named(Canonical::of(&system, inputs.text("version").as_deref()).to_string())
        }
    };
    let outcome = hub
        .with_terminology(move |source| subsumes(&*target.get(source)?, &a, &b))
        .await??;
    let parameters = json!({"resourceType": "Parameters",
        "parameter": [{"name": "outcome", "valueCode": outcome.code()}]});
    Ok(Answer::made(Bytes::from(parameters.to_string())))
}
