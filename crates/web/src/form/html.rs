//! A form with what is in its fields, as HTML.

use super::Item;
use super::field::Fields;
use super::resolve::Asked;
use crate::html::escape;
use crate::{Html, Texts};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the fields hold, by field name.
pub(super) type Raw = BTreeMap<String, Vec<String>>;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// linkId.
    pub link: String,
    /// HTML id of the field.
    pub field: String,
    /// Message, names the field and says what to do.
    pub message: String,
}

/// A form with its fields' contents and errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'f> {
    pub(super) form: Asked<'f>,
    pub(super) raw: Raw,
    pub(super) errors: Vec<FieldError>,
}

impl Entry<'_> {
    /// What is wrong, in the order of the questions; empty for a fresh form.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The summary of the errors (first thing on the page, each a link to its field) and the fields.
    pub fn html(&self, texts: &Texts) -> Html {
        let mut out = String::new();
        if self.form.all().iter().any(|item| item.rows.is_some()) {
            // The Enter key presses the first button of a form: without this one it would add or take away a row.
            out.push_str(
                "<button type=\"submit\" class=\"visually-hidden\" tabindex=\"-1\" aria-hidden=\"true\"></button>\n",
            );
        }
        self.summary(texts, &mut out);
        let fields = Fields { entry: self, texts };
        fields.items(&self.form.items, 2, &mut out);
        Html(out)
    }

    fn summary(&self, texts: &Texts, out: &mut String) {
        if self.errors.is_empty() {
            return;
        }
        let title = texts.get("form-errors-title", &[("n", self.errors.len().into())]);
        let _ = write!(
            out,
            "<div class=\"sf-summary\" role=\"alert\" tabindex=\"-1\" data-focus aria-labelledby=\"errori\">\
             <h2 id=\"errori\">{}</h2><ul>",
            escape(&title)
        );
        for error in &self.errors {
            let _ = write!(
                out,
                "<li><a href=\"#{}\">{}</a></li>",
                escape(&error.field),
                escape(&error.message)
            );
        }
        out.push_str("</ul></div>\n");
    }

    pub(super) fn values(&self, item: &Item) -> &[String] {
        self.raw.get(&item.link).map_or(&[], Vec::as_slice)
    }

    pub(super) fn first(&self, name: &str) -> &str {
        self.raw.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }

    pub(super) fn error(&self, item: &Item) -> Option<&FieldError> {
        self.errors.iter().find(|e| e.link == item.link)
    }
}
