//! Forms that a model names or holds itself.

/// What a field of a form takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum FieldKind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A date.
    Date,
    /// One of the options.
    Choice,
}

/// One field of `camunda:formData` or one `flowable:formProperty`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FormField {
    /// Variable name.
    pub id: String,
    /// Text shown.
    pub label: String,
    /// What it takes.
    pub kind: FieldKind,
    /// First value, as written.
    pub default: Option<String>,
    /// Must be filled in.
    pub required: bool,
    /// Shown, not changed.
    pub read_only: bool,
    /// Least and greatest value, longest text: as written.
    pub min: Option<String>,
    /// See `min`.
    pub max: Option<String>,
    /// See `min`.
    pub max_length: Option<String>,
    /// Shortest text, as written.
    pub min_length: Option<String>,
    /// Options: value and text.
    pub options: Vec<(String, String)>,
}

/// The form that whoever starts an instance fills in.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StartForm {
    /// The start event.
    pub element: String,
    /// Its line in the XML, from 1.
    pub line: u32,
    /// Id of the form.
    pub form: Option<crate::Text>,
    /// Fields that the model itself holds; the form is then made of them.
    pub fields: Vec<FormField>,
}

/// The id under which a form is kept: as the model names it, with `-` for what a FHIR id cannot hold.
pub fn form_id(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '.' {
            c
        } else {
            '-'
        }
    };
    name.trim().chars().take(64).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_fhir() {
        assert_eq!(form_id("Form_0ab c"), "Form-0ab-c");
        assert_eq!(form_id(&"x".repeat(80)).len(), 64);
    }
}
