//! `CodeSystem/$lookup`: what is known of a code (<https://hl7.org/fhir/R4/codesystem-operation-lookup.html>).

use crate::http::{Answer, Ask};
use crate::terminology::{Inputs, Target, only};
use crate::{Hub, HubError};
use bytes::Bytes;
use std::sync::Arc;
use terminology::lookup::{Wanted, lookup};
use terminology::validate_code::Coding;
use terminology::{Canonical, CodeSystem};

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    only(&["CodeSystem"], &ask, "$lookup")?;
    let inputs = Inputs::read(&hub, &mut ask, None).await?;
    let coding = match inputs.coding("coding") {
        Some(coding) => coding,
        None => Coding {
            system: Some(inputs.need("system")?),
            version: inputs.text("version"),
            code: inputs.need("code")?,
            display: None,
        },
    };
    let Some(system) = &coding.system else {
        return Err(HubError::bad("the coding to look up has no system"));
    };
    let target: Target<CodeSystem> = Target::Named(Canonical::of(system, coding.version.as_deref()).to_string());
    let wanted = Wanted {
        display_language: inputs.text("displayLanguage"),
        properties: inputs.texts("property"),
    };
    let answer = hub
        .with_terminology(move |source| lookup(&*target.get(source)?, &coding.code, &wanted))
        .await??;
    Ok(Answer::made(Bytes::from(answer.to_string())))
}
