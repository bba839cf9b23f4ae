//! The parameters of an operation: of a query string, or of a Parameters resource.

use crate::http::Ask;
use crate::parse::pairs;
use crate::{Hub, HubError};
use http::Method;
use serde_json::Value;

/// What was given: names with values, in order.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    /// Names and texts of simple values; references by their text.
    pub texts: Vec<(String, String)>,
    /// Names and resources.
    pub resources: Vec<(String, Value)>,
    /// Names and parts.
    pub parts: Vec<(String, Parameters)>,
}

impl Parameters {
    /// Reads the query string, and the body of a POST.
    pub(crate) async fn of(hub: &Hub, ask: &mut Ask) -> Result<Self, HubError> {
        let mut parameters = Self {
            texts: pairs::decode(&ask.query)?,
            ..Self::default()
        };
        if ask.method == Method::POST {
            let mut body = ask.json(hub).await?;
            if body["resourceType"] != "Parameters" {
                return Err(HubError::bad("the body must be a Parameters resource"));
            }
            if let Value::Array(list) = body["parameter"].take() {
                parameters.read(list)?;
            }
        }
        Ok(parameters)
    }

    fn read(&mut self, list: Vec<Value>) -> Result<(), HubError> {
        for mut parameter in list {
            let Some(name) = parameter["name"].as_str().map(str::to_owned) else {
                return Err(HubError::bad("a parameter has no name"));
            };
            if let Some(resource) = parameter.get_mut("resource") {
                self.resources.push((name, resource.take()));
                continue;
            }
            if let Some(Value::Array(list)) = parameter.get_mut("part").map(Value::take) {
                let mut inner = Self::default();
                inner.read(list)?;
                self.parts.push((name, inner));
                continue;
            }
            let fields = parameter.as_object().into_iter().flatten();
            let mut fields = fields.filter(|(field, _)| field.starts_with("value"));
            let value = fields.next().map(|(_, value)| value);
            let text = match value {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Object(object)) => match object.get("reference").and_then(Value::as_str) {
                    Some(reference) => reference.to_owned(),
                    None => return Err(HubError::bad(format!("the parameter {name} has no usable value"))),
                },
                Some(value) => value.to_string(),
                None => return Err(HubError::bad(format!("the parameter {name} has no value"))),
            };
            self.texts.push((name, text));
        }
        Ok(())
    }

    /// The texts of a name, comma lists taken apart.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let given = self.texts.iter().filter(|(given, _)| given == name);
        let parts = given
            .flat_map(|(_, text)| text.split(','))
            .map(str::trim)
            .filter(|text| !text.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// The one text of a name.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, HubError> {
        let mut given = self
            .texts
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, text)| text.as_str());
        let first = given.next();
        match given.next() {
            Some(_) => Err(HubError::bad(format!("{name} is given more than once"))),
            None => Ok(first),
        }
    }
}
