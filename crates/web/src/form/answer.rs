//! One answer, from and to FHIR.

use axum::body::Bytes;
use jiff::civil::Date;
use serde_json::{Number, Value, json};

/// A code, its system and its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coding {
    /// System URI.
    pub system: Option<String>,
    /// Code.
    pub code: Option<String>,
    /// Words.
    pub display: Option<String>,
}

impl Coding {
    /// From JSON.
    pub fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Self {
            system: text("system"),
            code: text("code"),
            display: text("display"),
        }
    }

    /// To JSON.
    pub fn json(&self) -> Value {
        let mut value = json!({});
        for (name, part) in [
            ("system", &self.system),
            ("code", &self.code),
            ("display", &self.display),
        ] {
            if let Some(part) = part {
                value[name] = json!(part);
            }
        }
        value
    }

    /// What is shown.
    pub fn label(&self) -> &str {
        self.display.as_deref().or(self.code.as_deref()).unwrap_or("")
    }

    /// Same code, and same system where both have one.
    pub fn is(&self, other: &Self) -> bool {
        self.code == other.code && (self.system.is_none() || other.system.is_none() || self.system == other.system)
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Yes or no.
    Boolean(bool),
    /// A decimal, digits as written.
    Decimal(Number),
    /// A whole number.
    Integer(i64),
    /// A day.
    Date(Date),
    /// A moment, RFC 3339 or a FHIR dateTime.
    DateTime(String),
    /// `hh:mm:ss`.
    Time(String),
    /// Text.
    Text(String),
    /// Address.
    Url(String),
    /// An option.
    Coding(Coding),
    /// A measure.
    Quantity {
        /// How much, digits as written.
        value: Number,
        /// Of what.
        unit: Coding,
    },
    /// A file.
    File(File),
}

/// A file somebody sent with a form, kept in `DocumentReference/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Id of the document.
    pub id: String,
    /// Name the person's machine gave it.
    pub name: String,
    /// MIME type, as its first bytes say.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl Answer {
    /// From an object with a `value[x]` (or `answer[x]`) element whose name starts with `prefix`.
    pub fn of(object: &Value, prefix: &str) -> Option<Self> {
        let (name, value) = object.as_object()?.iter().find(|(name, _)| name.starts_with(prefix))?;
        Some(match &name[prefix.len()..] {
            "Boolean" => Self::Boolean(value.as_bool()?),
            "Decimal" => Self::Decimal(value.as_number()?.clone()),
            "Integer" => Self::Integer(value.as_i64()?),
            "Date" => Self::Date(value.as_str()?.parse().ok()?),
            "DateTime" => Self::DateTime(value.as_str()?.to_owned()),
            "Time" => Self::Time(value.as_str()?.to_owned()),
            "String" => Self::Text(value.as_str()?.to_owned()),
            "Uri" => Self::Url(value.as_str()?.to_owned()),
            "Coding" => Self::Coding(Coding::of(value)),
            "Quantity" => {
                let unit = Coding {
                    display: value["unit"].as_str().map(str::to_owned),
                    ..Coding::of(value)
                };
                Self::Quantity {
                    value: value["value"].as_number()?.clone(),
                    unit,
                }
            }
            _ => return None,
        })
    }

    /// The type part of the element's name and the JSON value: `("Boolean", true)`.
    pub fn fhir(&self) -> (&'static str, Value) {
        match self {
            Self::Boolean(yes) => ("Boolean", json!(yes)),
            Self::Decimal(number) => ("Decimal", Value::Number(number.clone())),
            Self::Integer(number) => ("Integer", json!(number)),
            Self::Date(day) => ("Date", json!(day.to_string())),
            Self::DateTime(at) => ("DateTime", json!(at)),
            Self::Time(time) => ("Time", json!(time)),
            Self::Text(text) => ("String", json!(text)),
            Self::Url(url) => ("Uri", json!(url)),
            Self::Coding(coding) => ("Coding", coding.json()),
            Self::Quantity { value, unit } => ("Quantity", quantity(value, unit)),
            Self::File(file) => {
                let attachment = json!({
                    "contentType": file.content_type, "url": format!("DocumentReference/{}", file.id),
                    "size": file.bytes.len(), "title": file.name,
                });
                ("Attachment", attachment)
            }
        }
    }

    /// The value as a task variable: numbers, booleans, texts; a choice is its code (its text when it has none), a
    /// quantity its number, a file the reference to its document with name, type and size.
    pub fn plain(&self) -> Value {
        match self {
            Self::Coding(coding) => json!(coding.code.as_deref().or(coding.display.as_deref())),
            Self::Quantity { value, .. } => Value::Number(value.clone()),
            Self::File(file) => json!({
                "reference": format!("DocumentReference/{}", file.id),
                "name": file.name, "contentType": file.content_type, "size": file.bytes.len(),
            }),
            other => other.fhir().1,
        }
    }

    /// The number in it, for comparisons.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Decimal(n) | Self::Quantity { value: n, .. } => n.as_f64(),
            #[allow(clippy::cast_precision_loss, reason = "compared with what people type")]
            Self::Integer(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// What its form field holds.
    pub(super) fn raw(&self) -> String {
        match self {
            Self::Coding(coding) => coding
                .code
                .clone()
                .or_else(|| coding.display.clone())
                .unwrap_or_default(),
            other => match other.plain() {
                Value::String(text) => text,
                value => value.to_string(),
            },
        }
    }
}

/// A FHIR Quantity.
pub(super) fn quantity(value: &Number, unit: &Coding) -> Value {
    let mut quantity = json!({ "value": value });
    if let Some(words) = unit.display.as_ref().or(unit.code.as_ref()) {
        quantity["unit"] = json!(words);
    }
    for (name, part) in [("system", &unit.system), ("code", &unit.code)] {
        if let Some(part) = part {
            quantity[name] = json!(part);
        }
    }
    quantity
}
