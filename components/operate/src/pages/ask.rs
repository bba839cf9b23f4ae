//! What a form or an address says: which instances, and what is to be done with them.

use component::InstanceQuery;
use engine::Instruction;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use orchestrator::api::{BatchOperation, BatchRequest, InstanceSelection};
use serde_json::{Map, Value};
use web::Page;

/// What can be done, in the order shown.
pub const ACTIONS: [&str; 8] = [
    "suspend",
    "resume",
    "retry",
    "setVariables",
    "message",
    "modify",
    "migrate",
    "cancel",
];

/// Names of the search fields, as in the address.
pub const SEARCH: [&str; 9] = [
    "modello",
    "stato",
    "chiave",
    "assistito",
    "elemento",
    "variabile",
    "incidente",
    "dal",
    "al",
];

/// Fields of a form or address, in order; those left empty are not there.
#[derive(Debug, Clone, Default)]
pub struct Ask(Vec<(String, String)>);

impl Ask {
    /// Without the token of the session and what was left empty.
    pub fn of(fields: Vec<(String, String)>) -> Self {
        let kept = fields
            .into_iter()
            .map(|(name, value)| (name, value.trim().to_owned()))
            .filter(|(name, value)| name != "_csrf" && !value.is_empty());
        Self(kept.collect())
    }

    /// One field; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    fn some(&self, name: &str) -> Option<String> {
        Some(self.get(name).to_owned()).filter(|value| !value.is_empty())
    }

    /// Instances that were ticked.
    pub fn ticked(&self) -> Vec<String> {
        let ticked = self.0.iter().filter(|(name, _)| name == "i");
        ticked.map(|(_, id)| id.clone()).collect()
    }

    /// All fields but these, to be sent again.
    pub fn but(&self, names: &[&str]) -> Vec<(String, String)> {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        kept.cloned().collect()
    }

    /// The search as part of an address.
    pub fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut fields: Vec<(&str, &str)> = SEARCH
            .iter()
            .map(|name| (*name, self.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        fields.extend_from_slice(more);
        format!("{path}?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
    }

    /// Whether the search says anything.
    pub fn searches(&self) -> bool {
        SEARCH.iter().any(|name| !self.get(name).is_empty())
    }

    fn day(&self, page: &Page, name: &str, days: i8) -> Result<Option<Timestamp>, String> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || page.t1("wrong-date", "text", text);
        let day: Date = text.parse().map_err(|_| wrong())?;
        let day = day.checked_add(jiff::Span::new().days(days)).map_err(|_| wrong())?;
        // Italian midnight; the rule of Directive 2000/84/EC.
        let rome = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").map_err(|_| wrong())?;
        let midnight = day.to_zoned(rome).map_err(|_| wrong())?;
        Ok(Some(midnight.timestamp()))
    }

    /// The question to the orchestrator.
    pub fn query(&self, page: &Page, limit: usize) -> Result<InstanceQuery, String> {
        Ok(InstanceQuery {
            definition: self.some("modello"),
            patient: self.some("assistito"),
            business_key: self.some("chiave"),
            status: self.some("stato"),
            started_after: self.day(page, "dal", 0)?,
            started_before: self.day(page, "al", 1)?,
            variable: self.some("variabile"),
            element: self.some("elemento"),
            incident_message: self.some("incidente"),
            after: self.some("dopo"),
            limit: Some(limit),
        })
    }

    fn selection(&self, page: &Page) -> Result<InstanceSelection, String> {
        let mut variables = Map::new();
        if let Some(text) = self.some("variabile") {
            let (name, value) = assigned(&text).ok_or_else(|| page.t1("wrong-variable", "text", text.clone()))?;
            variables.insert(name, value);
        }
        Ok(InstanceSelection {
            definition: self.some("modello"),
            status: self.some("stato"),
            business_key: self.some("chiave"),
            patient: self.some("assistito"),
            started_after: self.day(page, "dal", 0)?,
            started_before: self.day(page, "al", 1)?,
            variables,
            element: self.some("elemento"),
            incident: None,
            incident_kind: None,
            incident_message: self.some("incidente"),
        })
    }

    /// Variables, one `name = value` a line.
    pub fn variables(&self, page: &Page) -> Result<Map<String, Value>, String> {
        let mut variables = Map::new();
        let lines = self.get("variabili").lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = assigned(line).ok_or_else(|| page.t1("wrong-variable", "text", line))?;
            variables.insert(name, value);
        }
        Ok(variables)
    }

    fn number(&self, page: &Page, name: &str) -> Result<Option<u32>, String> {
        let number = self.some(name).map(|text| {
            let number = text.parse();
            number.map_err(|_| page.t1("wrong-number", "text", text))
        });
        number.transpose()
    }

    /// Tries that a job gets.
    pub fn retries(&self, page: &Page) -> Result<Option<u32>, String> {
        self.number(page, "tentativi")
    }

    /// What is taken away and started, by element.
    pub fn instructions(&self) -> Vec<Instruction> {
        let list = |name: &str| -> Vec<String> {
            let parts = self.get(name).split([',', ' ', '\n']).map(str::trim);
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let mut instructions: Vec<Instruction> = list("annulla")
            .into_iter()
            .map(|at| Instruction::Cancel { at })
            .collect();
        instructions.extend(list("avvia").into_iter().map(|element| Instruction::StartBefore {
            element,
            scope: None,
            variables: Map::new(),
        }));
        instructions
    }

    /// What is to be done with each instance.
    pub fn operation(&self, page: &Page) -> Result<BatchOperation, String> {
        Ok(match self.get("azione") {
            "suspend" => BatchOperation::Suspend {},
            "resume" => BatchOperation::Resume {},
            "cancel" => BatchOperation::Cancel {},
            "retry" => BatchOperation::Retry {
                kind: None,
                message: self.some("incidente"),
                variables: self.variables(page)?,
                retries: self.retries(page)?,
            },
            "setVariables" => BatchOperation::SetVariables {
                variables: self.variables(page)?,
            },
            "message" => BatchOperation::Message {
                name: self.get("messaggio").to_owned(),
                variables: self.variables(page)?,
            },
            "modify" => BatchOperation::Modify {
                instructions: self.instructions(),
            },
            "migrate" => BatchOperation::Migrate {
                from: None,
                to: self.get("versione").to_owned(),
                mapping: None,
            },
            _ => return Err(page.t("wrong-action")),
        })
    }

    /// The whole request; the ticked instances, else all that the search finds.
    pub fn request(&self, page: &Page) -> Result<BatchRequest, String> {
        let ticked = self.ticked();
        let (instances, filter) = if ticked.is_empty() {
            (None, Some(self.selection(page)?))
        } else {
            (Some(ticked), None)
        };
        Ok(BatchRequest {
            operation: self.operation(page)?,
            instances,
            filter,
            reason: self.get("motivo").to_owned(),
            concurrency: None,
            rate_per_second: self.number(page, "ritmo")?,
            confirmation: self.some("conferma"),
        })
    }
}

/// `name = value`; the value as JSON, or as text where it is none.
fn assigned(text: &str) -> Option<(String, Value)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    (!name.is_empty()).then(|| (name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_json_or_text() {
        assert_eq!(assigned("sede = Napoli"), Some(("sede".into(), json!("Napoli"))));
        assert_eq!(assigned("ok=true"), Some(("ok".into(), json!(true))));
        assert_eq!(assigned("=x"), None);
        assert_eq!(assigned("x"), None);
    }

    #[test]
    fn empty_fields_and_the_token_are_left_out() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let ask = Ask::of(vec![
            field("_csrf", "t"),
            field("stato", " "),
            field("i", "a"),
            field("i", "b"),
        ]);
        assert_eq!((ask.ticked().len(), ask.searches()), (2, false));
        assert_eq!(ask.but(&["i"]), []);
    }
}
