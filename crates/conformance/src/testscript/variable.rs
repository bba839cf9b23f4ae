//! `${name}` in the texts of a script.

use super::Run;
use super::compare::{at_path, plain};
use super::script::Variable;

/// Replacements of one text, so that a value that names itself ends.
const MAX_REPLACEMENTS: usize = 100;

impl Run {
    /// A text with every `${variable}` replaced by its value.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        for _ in 0..MAX_REPLACEMENTS {
            let Some((before, after)) = rest.split_once("${") else {
                break;
            };
            let Some((name, after)) = after.split_once('}') else {
                break;
            };
            out.push_str(before);
            out.push_str(&self.value_of(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// `fill` for a text that may be absent.
    pub(super) fn filled(&self, text: Option<String>) -> Result<Option<String>, String> {
        text.map(|text| self.fill(&text)).transpose()
    }

    fn value_of(&self, name: &str) -> Result<String, String> {
        let Some(variable) = self.variables.iter().find(|variable| variable.name == name) else {
            return Err(format!("the script has no variable '{name}'"));
        };
        match self.found(variable) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => variable
                .default
                .clone()
                .ok_or_else(|| format!("the variable '{name}' has no value")),
            Err(why) => variable
                .default
                .clone()
                .ok_or_else(|| format!("the variable '{name}': {why}")),
        }
    }

    fn found(&self, variable: &Variable) -> Result<Option<String>, String> {
        let source = match &variable.source {
            Some(id) => self.held.get(id),
            None => self.last.as_ref().map(|exchange| &exchange.held),
        };
        let Some(source) = source else { return Ok(None) };
        if let Some(header) = &variable.header {
            return Ok(source.headers.get(&header.to_ascii_lowercase()).cloned());
        }
        if let Some(expression) = &variable.expression {
            let values = fhir::fhirpath::evaluate(expression, &source.resource).map_err(|error| error.to_string())?;
            return Ok(values.first().map(plain));
        }
        if let Some(path) = &variable.path {
            return at_path(&source.resource, path).map(|values| values.first().map(plain));
        }
        Ok(None)
    }
}
