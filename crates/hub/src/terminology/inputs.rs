//! Parameters of an operation: of the query string, or of a Parameters resource.

use crate::http::Ask;
use crate::parse::pairs;
use crate::{Hub, HubError};
use http::Method;
use serde_json::Value;
use terminology::validate_code::Coding;

/// Parameters of one call.
const MAX_INPUTS: usize = 1_000;

/// A parameter.
enum Input {
    /// Of the query string.
    Text(String),
    /// `Parameters.parameter`.
    Parameter(Value),
}

/// Parameters by name.
pub(crate) struct Inputs(Vec<(String, Input)>);

impl Inputs {
    /// Reads the query string and, for a POST, the Parameters in the body. A body that is another resource is the
    /// parameter of the name `alone` (the one resource parameter of the operation).
    pub async fn read(hub: &Hub, ask: &mut Ask, alone: Option<&str>) -> Result<Self, HubError> {
        let pairs = pairs::decode(&ask.query)?;
        let texts = pairs
            .into_iter()
            .filter(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
        let mut list: Vec<(String, Input)> = texts.map(|(name, value)| (name, Input::Text(value))).collect();
        if ask.method == Method::POST {
            let mut body = ask.json(hub).await?;
            match (fhir::resource_type(&body)?, alone) {
                ("Parameters", _) => {
                    let parameters = body.get_mut("parameter").and_then(Value::as_array_mut);
                    for parameter in parameters.into_iter().flatten() {
                        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                        list.push((name, Input::Parameter(parameter.take())));
                    }
                }
                (_, Some(name)) => {
                    let parameter = serde_json::json!({"name": name, "resource": body});
                    list.push((name.to_owned(), Input::Parameter(parameter)));
                }
                (other, None) => {
                    return Err(HubError::bad(format!(
                        "the body must be a Parameters resource, not {other}"
                    )));
                }
            }
        }
        if list.len() > MAX_INPUTS {
            return Err(HubError::Limit {
                what: "parameters of an operation",
                max: MAX_INPUTS,
                found: list.len(),
            });
        }
        Ok(Self(list))
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Input> {
        self.0
            .iter()
            .filter(move |(one, _)| one == name)
            .map(|(_, input)| input)
    }

    /// Whether a parameter is given.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// Every text of a parameter.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.named(name).filter_map(text).collect()
    }

    /// The text of a parameter.
    pub fn text(&self, name: &str) -> Option<String> {
        self.named(name).find_map(text).filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub fn need(&self, name: &str) -> Result<String, HubError> {
        self.text(name)
            .ok_or_else(|| HubError::bad(format!("the parameter '{name}' is missing")))
    }

    /// True or false.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, HubError> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(HubError::bad(format!(
                "the parameter '{name}' must be true or false, not '{other}'"
            ))),
        }
    }

    /// A number of things.
    pub fn number(&self, name: &str) -> Result<Option<usize>, HubError> {
        let Some(given) = self.text(name) else { return Ok(None) };
        match given.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(HubError::bad(format!(
                "the parameter '{name}' must be a number from 0 on, not '{given}'"
            ))),
        }
    }

    /// A resource sent along.
    pub fn resource(&self, name: &str) -> Option<Value> {
        self.named(name).find_map(|input| match input {
            Input::Parameter(parameter) => parameter.get("resource").cloned(),
            Input::Text(_) => None,
        })
    }

    /// A coding: `valueCoding`, or `system|code` in a query string.
    pub fn coding(&self, name: &str) -> Option<Coding> {
        self.named(name).find_map(|input| match input {
            Input::Parameter(parameter) => parameter.get("valueCoding").and_then(coding),
            Input::Text(text) => match text.rsplit_once('|') {
                Some((system, code)) => Some(Coding {
                    system: (!system.is_empty()).then(|| system.to_owned()),
                    code: code.to_owned(),
                    ..Coding::default()
                }),
                None => Some(Coding {
                    code: text.clone(),
                    ..Coding::default()
                }),
            },
        })
    }

    /// The codings of a CodeableConcept.
    pub fn concept(&self, name: &str) -> Option<Vec<Coding>> {
        self.named(name).find_map(|input| match input {
            Input::Parameter(parameter) => {
                let codings = parameter
                    .get("valueCodeableConcept")?
                    .get("coding")
                    .and_then(Value::as_array);
                Some(codings.into_iter().flatten().filter_map(coding).collect())
            }
            Input::Text(_) => None,
        })
    }

    /// The parts of each parameter of a name, by their names.
    pub fn parts(&self, name: &str) -> Vec<Vec<(String, Value)>> {
        let of = |input: &Input| match input {
            Input::Parameter(parameter) => {
                let parts = parameter.get("part").and_then(Value::as_array).into_iter().flatten();
                Some(
                    parts
                        .map(|part| (part["name"].as_str().unwrap_or_default().to_owned(), part.clone()))
                        .collect(),
                )
            }
            Input::Text(_) => None,
        };
        self.named(name).filter_map(of).collect()
    }

    /// Refuses parameters that would change the answer and are not understood.
    pub fn refuse(&self, names: &[&str]) -> Result<(), HubError> {
        match names.iter().find(|name| self.has(name)) {
            Some(name) => Err(HubError::NotSupported(format!("the parameter '{name}'"))),
            None => Ok(()),
        }
    }
}

fn text(input: &Input) -> Option<String> {
    match input {
        Input::Text(text) => Some(text.clone()),
        Input::Parameter(parameter) => value_text(parameter),
    }
}

/// The simple value of a parameter as text.
pub(crate) fn value_text(parameter: &Value) -> Option<String> {
    let value = parameter
        .as_object()?
        .iter()
        .find(|(name, _)| name.starts_with("value"))?
        .1;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A Coding that has a code.
pub(crate) fn coding(value: &Value) -> Option<Coding> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Coding {
        system: text("system"),
        version: text("version"),
        code: text("code")?,
        display: text("display"),
    })
}
