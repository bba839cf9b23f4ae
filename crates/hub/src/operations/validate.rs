//! `$validate` on a type or an instance: structure, profiles, bindings and invariants, and nothing stored
//! (<https://hl7.org/fhir/R4/resource-operation-validate.html>).

use crate::http::{Answer, Ask};
use crate::outcome::{self, Issue};
use crate::parse::pairs;
use crate::update::check_identity;
use crate::{Hub, HubError, create::expect_type, validate};
use http::Method;
use serde_json::Value;
use std::sync::Arc;

/// What is to be checked.
#[derive(Default)]
struct Request {
    resource: Option<Value>,
    mode: Option<String>,
    profile: Option<String>,
}

/// The HTTP handler of `POST [base]/Type/$validate`.
pub(crate) async fn handle_type(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let rtype = ask.param("type").to_owned();
    hub.check_type(&rtype)?;
    let request = Request::of(&rtype, ask.json(&hub).await?)?.with_query(&ask.query)?;
    match request.mode.as_deref() {
        None | Some("create" | "update" | "profile") => {}
        Some(other) => return Err(mode_refused(other, "create, update or profile on a type")),
    }
    let Some(resource) = request.resource else {
        return Err(HubError::bad("there is no resource to validate"));
    };
    let mut issues = expect_type(&rtype, &resource)
        .err()
        .map(|error| error.issues())
        .unwrap_or_default();
    issues.extend(validate::whole(&hub, resource, request.profile, &ask.scope).await?);
    Ok(told(issues))
}

/// The HTTP handler of `[base]/Type/id/$validate`: of what is sent, or of what is stored.
pub(crate) async fn handle_instance(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id) = (ask.param("type").to_owned(), ask.param("id").to_owned());
    let current = match hub.read(&rtype, &id).await {
        Ok(current) => current,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    ask.scope.admit(&current)?;
    let request = if ask.method == Method::GET {
        Request::default()
    } else {
        Request::of(&rtype, ask.json(&hub).await?)?
    };
    let request = request.with_query(&ask.query)?;
    let issues = match (request.mode.as_deref(), request.resource) {
        // it is there, and nothing else keeps it from being deleted
        (Some("delete"), _) => Vec::new(),
        (None | Some("update" | "profile"), Some(resource)) => {
            let mut issues = check_identity(&rtype, &id, &resource)
                .err()
                .map(|error| error.issues())
                .unwrap_or_default();
            issues.extend(validate::whole(&hub, resource, request.profile, &ask.scope).await?);
            issues
        }
        (None | Some("update" | "profile"), None) => {
            let body = current.body.as_deref().unwrap_or_default();
            let stored: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
            validate::whole(&hub, stored, request.profile, &ask.scope).await?
        }
        (Some(other), _) => return Err(mode_refused(other, "update, delete or profile on an instance")),
    };
    Ok(told(issues))
}

fn mode_refused(mode: &str, allowed: &str) -> HubError {
    HubError::bad(format!("the mode '{mode}' is not possible here: {allowed}"))
}

impl Request {
    /// `mode` and `profile` may stand in the URL, beside a resource sent bare.
    fn with_query(mut self, query: &str) -> Result<Self, HubError> {
        for (name, value) in pairs::decode(query)? {
            match name.as_str() {
                "mode" => self.mode = Some(value),
                "profile" => self.profile = Some(value),
                _ => {}
            }
        }
        Ok(self)
    }

    /// The body is the resource, or Parameters that hold it.
    fn of(rtype: &str, mut body: Value) -> Result<Self, HubError> {
        if fhir::resource_type(&body)? != "Parameters" || rtype == "Parameters" {
            return Ok(Self {
                resource: Some(body),
                ..Self::default()
            });
        }
        let mut request = Self::default();
        let list = body.get_mut("parameter").and_then(Value::as_array_mut);
        for parameter in list.into_iter().flatten() {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str).map(str::to_owned);
            match parameter.get("name").and_then(Value::as_str) {
                Some("mode") => request.mode = text("valueCode"),
                Some("profile") => request.profile = text("valueUri").or_else(|| text("valueCanonical")),
                Some("resource") => request.resource = parameter.get_mut("resource").map(Value::take),
                _ => {}
            }
        }
        Ok(request)
    }
}

/// 200 with the outcome, as the standard asks: the operation was done, whatever it found.
fn told(mut issues: Vec<Issue>) -> Answer {
    issues.sort_by_key(|issue| match issue.severity {
        "error" => 0,
        "warning" => 1,
        _ => 2,
    });
    let count = |severity: &str| issues.iter().filter(|issue| issue.severity == severity).count();
    if count("error") == 0 {
        let message = match count("warning") {
            0 => "All OK: no errors and no warnings".to_owned(),
            warnings => format!("valid, with {warnings} warnings"),
        };
        issues.insert(0, Issue::information(message));
    }
    Answer::made(outcome::bytes(&issues))
}
