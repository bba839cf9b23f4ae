//! The parts of a form.

use super::{Answer, Coding, Computed};
use serde_json::Value;

/// Kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of http://hl7.org/fhir/R4/valueset-item-type.html")]
pub enum Kind {
    Group,
    Display,
    Boolean,
    Decimal,
    Integer,
    Date,
    DateTime,
    Time,
    String,
    Text,
    Url,
    Choice,
    OpenChoice,
    Quantity,
    Attachment,
}

impl Kind {
    /// Whether it takes an answer.
    pub fn is_question(self) -> bool {
        !matches!(self, Self::Group | Self::Display)
    }
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What the form sends: the code, or the text.
    pub key: String,
    /// What is shown.
    pub label: String,
    /// The answer it stands for.
    pub value: Answer,
    /// Chosen at first.
    pub initial: bool,
    /// What the process gets, where it is not the key: the object or number an option was computed from.
    pub variable: Option<Value>,
}

/// A group that is answered any number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Fewest.
    pub min: usize,
    /// Most.
    pub max: usize,
    /// Shown at first.
    pub initial: usize,
}

/// What an attachment may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// MIME types; a subset of [`super::FILE_TYPES`].
    pub types: Vec<String>,
    /// Largest file, bytes.
    pub max_bytes: usize,
}

/// Least or greatest value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Of integers, decimals and quantities, as written.
    Number(serde_json::Number),
    /// Of dates.
    Date(jiff::civil::Date),
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the names of http://hl7.org/fhir/R4/valueset-questionnaire-enable-operator.html"
)]
pub enum Operator {
    Exists,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// One `enableWhen`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// linkId of the question looked at.
    pub question: String,
    /// Comparison.
    pub operator: Operator,
    /// With what.
    pub answer: Answer,
}

/// A question, group or text.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// linkId; in a row of a repeating group `group[n].linkId`, so that it names one field.
    pub link: String,
    /// linkId as the Questionnaire has it.
    pub origin: String,
    /// Kind.
    pub kind: Kind,
    /// Text, with its prefix.
    pub text: String,
    /// Help lines (display items inside the question).
    pub help: Vec<String>,
    /// Must be answered (when enabled).
    pub required: bool,
    /// Several answers (choices).
    pub repeats: bool,
    /// Shown, not changed.
    pub read_only: bool,
    /// Neither shown nor changed.
    pub hidden: bool,
    /// Longest text, characters.
    pub max_length: usize,
    /// Shortest text, characters.
    pub min_length: usize,
    /// What the text must match somewhere (FHIR extension `regex`).
    pub pattern: Option<String>,
    /// What to write, for a text with a pattern (FHIR extension `entryFormat`).
    pub format: Option<String>,
    /// Least value.
    pub min: Option<Bound>,
    /// Greatest value.
    pub max: Option<Bound>,
    /// Units; the first is the usual one.
    pub units: Vec<Coding>,
    /// Options.
    pub options: Vec<Choice>,
    /// As a drop-down list rather than radio buttons.
    pub drop_down: bool,
    /// First values.
    pub initial: Vec<Answer>,
    /// FHIRPath of the first value (SDC initialExpression).
    pub initial_expression: Option<String>,
    /// When it is asked; empty: always.
    pub conditions: Vec<Condition>,
    /// One condition is enough.
    pub any: bool,
    /// Codes of the question (JSON Codings).
    pub codes: Vec<Value>,
    /// The answer becomes an Observation (SDC observationExtract).
    pub extract: bool,
    /// Category of that Observation (JSON CodeableConcept).
    pub category: Option<Value>,
    /// A group that repeats.
    pub rows: Option<Rows>,
    /// Of attachments.
    pub upload: Option<Upload>,
    /// What is computed when the form is shown and when it arrives.
    pub computed: Computed,
    /// Nested items.
    pub items: Vec<Item>,
}

impl Item {
    /// The HTML id of its field.
    pub fn field_id(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        format!("q-{}", self.link.chars().map(plain).collect::<String>())
    }

    /// Name of the field for a free answer beside the options.
    pub fn other_name(&self) -> String {
        format!("{}.altro", self.link)
    }

    /// Name of the field for the unit.
    pub fn unit_name(&self) -> String {
        format!("{}.unita", self.link)
    }

    /// Name of the field that counts the rows.
    pub fn rows_name(&self) -> String {
        format!("{}._righe", self.link)
    }
}
