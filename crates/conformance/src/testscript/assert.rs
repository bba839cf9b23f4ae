//! Asserts: every one must hold, or the test fails with what was found.

use super::Run;
use super::compare::{at_path, holds, missing, plain, structure};
use super::operation::{Exchange, media};
use super::script::text;
use serde_json::Value;

/// The status that each `response` code stands for (<https://hl7.org/fhir/R4/valueset-assert-response-code-types.html>).
const RESPONSES: &[(&str, u16)] = &[
    ("okay", 200),
    ("created", 201),
    ("noContent", 204),
    ("notModified", 304),
    ("bad", 400),
    ("forbidden", 403),
    ("notFound", 404),
    ("methodNotAllowed", 405),
    ("conflict", 409),
    ("gone", 410),
    ("preconditionFailed", 412),
    ("unprocessable", 422),
];

impl Run {
    /// Checks one assert.
    pub(super) fn assert(&self, assert: &Value) -> Result<(), String> {
        let last = self.last.as_ref().ok_or("there was no operation before this assert")?;
        let operator = text(assert, "operator").unwrap_or_default();
        let request = assert["direction"] == "request";
        let mut checked = 0;
        let mut check = |outcome: Option<Result<(), String>>| -> Result<(), String> {
            if let Some(outcome) = outcome {
                checked += 1;
                outcome?;
            }
            Ok(())
        };
        check(self.status(assert, &operator, last)?)?;
        check(self.content_type(assert, &operator, request, last)?)?;
        check(self.header(assert, &operator, request, last)?)?;
        check(self.requested(assert, &operator, last)?)?;
        check(self.resource_type(assert, &operator, request, last)?)?;
        check(self.links(assert, last))?;
        check(self.minimum(assert, last)?)?;
        check(self.profile(assert, last)?)?;
        check(self.value(assert, &operator, request, last)?)?;
        if checked == 0 {
            return Err("this runner does not know what the assert asks for".into());
        }
        Ok(())
    }

    fn status(&self, assert: &Value, operator: &str, last: &Exchange) -> Result<Option<Result<(), String>>, String> {
        let status = last.status.to_string();
        let told = |wanted: &str| format!("status {operator} {wanted}: it is {status}{}", why(last));
        if let Some(codes) = self.filled(text(assert, "responseCode"))? {
            return Ok(Some(truth(holds(operator, Some(&status), &codes)?, || told(&codes))));
        }
        let Some(names) = text(assert, "response") else {
            return Ok(None);
        };
        let number = |name: &str| {
            RESPONSES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, n)| n.to_string())
        };
        let codes: Option<Vec<String>> = names.split(',').map(|name| number(name.trim())).collect();
        let codes = codes
            .ok_or_else(|| format!("the response code '{names}' is not known"))?
            .join(",");
        Ok(Some(truth(holds(operator, Some(&status), &codes)?, || told(&names))))
    }

    fn content_type(
        &self,
        assert: &Value,
        operator: &str,
        request: bool,
        last: &Exchange,
    ) -> Result<Option<Result<(), String>>, String> {
        let Some(format) = text(assert, "contentType") else {
            return Ok(None);
        };
        let given = header_of(last, "content-type", request).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        let wanted = media(&format);
        let fits = essence == wanted
            || (format == "json" && essence.ends_with("json"))
            || (format == "xml" && essence.ends_with("xml"));
        let holds = if operator == "notEquals" { !fits } else { fits };
        Ok(Some(truth(holds, || format!("content type {format}: it is '{given}'"))))
    }

    fn header(
        &self,
        assert: &Value,
        operator: &str,
        request: bool,
        last: &Exchange,
    ) -> Result<Option<Result<(), String>>, String> {
        let Some(name) = text(assert, "headerField") else {
            return Ok(None);
        };
        let source = text(assert, "sourceId").and_then(|id| self.held.get(&id));
        let found = match source {
            Some(held) => held.headers.get(&name.to_ascii_lowercase()).cloned(),
            None => header_of(last, &name.to_ascii_lowercase(), request),
        };
        let wanted = self.filled(text(assert, "value"))?.unwrap_or_default();
        let operator = if operator.is_empty() && assert.get("value").is_none() {
            "notEmpty"
        } else {
            operator
        };
        let held = holds(operator, found.as_deref(), &wanted)?;
        Ok(Some(truth(held, || {
            format!("header {name} {operator} {wanted}: it is {found:?}")
        })))
    }

    fn requested(&self, assert: &Value, operator: &str, last: &Exchange) -> Result<Option<Result<(), String>>, String> {
        if let Some(method) = text(assert, "requestMethod") {
            let held = holds(operator, Some(&last.method.to_lowercase()), &method.to_lowercase())?;
            return Ok(Some(truth(held, || {
                format!("request method {operator} {method}: it was {}", last.method)
            })));
        }
        let Some(url) = self.filled(text(assert, "requestURL"))? else {
            return Ok(None);
        };
        let held = holds(operator, Some(&last.url), &url)?;
        Ok(Some(truth(held, || {
            format!("request URL {operator} {url}: it was {}", last.url)
        })))
    }

    fn resource_type(
        &self,
        assert: &Value,
        operator: &str,
        request: bool,
        last: &Exchange,
    ) -> Result<Option<Result<(), String>>, String> {
        let Some(wanted) = text(assert, "resource") else {
            return Ok(None);
        };
        let resource = if request { &last.request } else { &last.held.resource };
        let found = resource["resourceType"].as_str();
        Ok(Some(truth(holds(operator, found, &wanted)?, || {
            format!(
                "resource {operator} {wanted}: it is {}{}",
                found.unwrap_or("none"),
                why(last)
            )
        })))
    }

    /// Every page of a search says where it is; a page that is not the last says where to go on.
    #[allow(clippy::unused_self, reason = "as the other checks")]
    fn links(&self, assert: &Value, last: &Exchange) -> Option<Result<(), String>> {
        (assert["navigationLinks"] == true).then(|| {
            let links = last.held.resource["link"].as_array().into_iter().flatten();
            let sound = links
                .clone()
                .all(|link| link["relation"].is_string() && link["url"].as_str().is_some_and(|u| !u.is_empty()));
            let own = links.clone().any(|link| link["relation"] == "self");
            truth(sound && own, || {
                "the bundle has no navigation links (self, and next where there is more)".into()
            })
        })
    }

    fn minimum(&self, assert: &Value, last: &Exchange) -> Result<Option<Result<(), String>>, String> {
        let Some(id) = text(assert, "minimumId") else {
            return Ok(None);
        };
        let least = self
            .held
            .get(&id)
            .ok_or_else(|| format!("there is no fixture '{id}'"))?;
        let found = self.looked_at(assert, false, last)?;
        Ok(Some(missing("", &least.resource, found).map_or(Ok(()), Err)))
    }

    /// Base profiles are checked by structure; others only for the type they constrain.
    fn profile(&self, assert: &Value, last: &Exchange) -> Result<Option<Result<(), String>>, String> {
        let Some(id) = text(assert, "validateProfileId") else {
            return Ok(None);
        };
        let profile = self
            .profiles
            .get(&id)
            .ok_or_else(|| format!("there is no profile '{id}'"))?;
        let resource = self.looked_at(assert, false, last)?;
        let base = profile.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
        let found = resource["resourceType"].as_str().unwrap_or_default();
        if let Some(rtype) = base.filter(|name| fhir::Definitions::r4().is_resource(name))
            && rtype != found
        {
            return Ok(Some(Err(format!("the resource is no {rtype}: it is {found}"))));
        }
        Ok(Some(structure(resource)))
    }

    /// The resource that an assert is about: that of `sourceId`, the request, or the last response.
    fn looked_at<'a>(&'a self, assert: &Value, request: bool, last: &'a Exchange) -> Result<&'a Value, String> {
        match text(assert, "sourceId") {
            Some(id) => Ok(&self
                .held
                .get(&id)
                .ok_or_else(|| format!("there is no fixture or response '{id}'"))?
                .resource),
            None if request => Ok(&last.request),
            None => Ok(&last.held.resource),
        }
    }

    /// `expression` and `path`, against a value or against the same of another resource.
    fn value(
        &self,
        assert: &Value,
        operator: &str,
        request: bool,
        last: &Exchange,
    ) -> Result<Option<Result<(), String>>, String> {
        let expression = self.filled(text(assert, "expression"))?;
        let path = self.filled(text(assert, "path"))?;
        let other = text(assert, "compareToSourceId");
        if expression.is_none() && path.is_none() && other.is_none() {
            return Ok(None);
        }
        let resource = self.looked_at(assert, request, last)?;
        let other_expression = self.filled(text(assert, "compareToSourceExpression"))?;
        let other_path = self.filled(text(assert, "compareToSourcePath"))?;
        let mine_expression = expression
            .clone()
            .or_else(|| other_expression.clone().filter(|_| path.is_none()));
        let found = found(
            resource,
            mine_expression.as_deref(),
            path.as_deref().or(other_path.as_deref()),
        )?;
        let one_of = matches!(operator, "" | "equals" | "in" | "contains");
        let single = match (&mine_expression, path.as_deref().or(other_path.as_deref())) {
            (None, Some(path)) if one_of => at_path(resource, path)?,
            _ => Vec::new(),
        };
        let what = mine_expression.or(path).unwrap_or_default();
        let wanted = match &other {
            Some(id) => {
                let held = self
                    .held
                    .get(id)
                    .ok_or_else(|| format!("there is no fixture or response '{id}'"))?;
                self::found(&held.resource, other_expression.as_deref(), other_path.as_deref())?.unwrap_or_default()
            }
            None => match self.filled(text(assert, "value"))? {
                Some(value) => value,
                // an expression alone is a condition
                None if operator.is_empty() => "true".to_owned(),
                None => String::new(),
            },
        };
        let mut held = holds(operator, found.as_deref(), &wanted)?;
        // a path may lead to several elements: one of them is enough
        for value in &single {
            held = held || holds(operator, Some(&plain(value)), &wanted)?;
        }
        Ok(Some(truth(held, || {
            format!("{what} {operator} '{wanted}': it is {found:?}{}", why(last))
        })))
    }
}

fn found(resource: &Value, expression: Option<&str>, path: Option<&str>) -> Result<Option<String>, String> {
    let values = match (expression, path) {
        (Some(expression), _) => fhir::fhirpath::evaluate(expression, resource).map_err(|error| error.to_string())?,
        (None, Some(path)) => at_path(resource, path)?,
        (None, None) => return Ok(None),
    };
    if values.is_empty() {
        return Ok(None);
    }
    Ok(Some(values.iter().map(plain).collect::<Vec<_>>().join(",")))
}

fn header_of(last: &Exchange, name: &str, request: bool) -> Option<String> {
    if request {
        let found = last.request_headers.iter().find(|(other, _)| other == name);
        return found.map(|(_, value)| value.clone());
    }
    last.held.headers.get(name).cloned()
}

fn truth(holds: bool, told: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(told()) }
}

/// What the server said, when it refused.
fn why(last: &Exchange) -> String {
    let issue = &last.held.resource["issue"][0];
    let told = issue["diagnostics"]
        .as_str()
        .or_else(|| issue["details"]["text"].as_str());
    match (told, &last.unread) {
        (Some(told), _) => format!(" ({told})"),
        (None, Some(error)) => format!(" (the body of {} bytes is no resource: {error})", last.body.len()),
        _ => String::new(),
    }
}
