//! FHIR Questionnaires as accessible HTML forms, and back: what was posted as a validated QuestionnaireResponse, task
//! variables and Observations. Pure: no IO, no clock.
//!
//! ```ignore
//! let form = Form::parse(&questionnaire)?;
//! // GET: initial values, then the fields. The component writes <form method="post" novalidate>, csrf and buttons.
//! let entry = form.fill(&Prefill { today, now, patient: Some(&patient), values: &task.variables });
//! let fields = entry.html(page.texts());
//! // POST (axum: Form<Vec<(String, String)>>): either complete, or the same fields with the errors beside them.
//! match form.submit(&posted, &prefill, page.texts()) {
//!     Ok(done) => orchestrator.complete(&task.id, &CompleteTask {
//!         variables: done.variables(),
//!         resources: done.resources(&About { subject: "Patient/rossi", author: &actor.subject, authored: now, task: &task.id }),
//!     }).await?,
//!     Err(entry) => /* 422, show entry.html(page.texts()) again */
//! }
//! ```
//!
//! A group that repeats has rows; each row's fields are named `group[n].linkId`, and rows are added and taken away by
//! buttons that send the form ([`Form::rows_changed`]). Texts, options, values and tables that a form computes are FEEL
//! over what the process knows and what was answered so far (`computed.rs`).
//!
//! Field names are the linkIds. Every question works without JavaScript: conditional ones (`enableWhen`) are all shown
//! then, with a line that says when to answer, and are decided when the form arrives; the island hides them as one types.

mod answer;
mod check;
mod computed;
mod enable;
mod error;
mod extensions;
mod field;
mod files;
mod group;
mod html;
mod item;
mod observe;
mod parse;
mod posted;
mod prefill;
mod resolve;
mod response;
mod rows;
mod submit;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_dynamic;
mod when;

pub use answer::{Answer, Coding, File};
pub use computed::{Computed, Table};
pub use error::FormError;
pub use html::{Entry, FieldError};
pub use item::{Bound, Choice, Condition, Item, Kind, Operator, Rows, Upload};
pub use posted::{Posted, Uploaded};
pub use prefill::Prefill;
pub use response::About;
pub use submit::Completed;

/// Most questions of a form.
pub const MAX_ITEMS: usize = 1000;
/// Deepest nesting of groups.
pub const MAX_DEPTH: usize = 10;
/// Most options of a question.
pub const MAX_OPTIONS: usize = 1000;
/// Most rows of a group that repeats.
pub const MAX_ROWS: usize = 100;
/// Largest file of a form, and most bytes of all its files together.
pub const MAX_FILE_BYTES: usize = 5 << 20;
/// Most files of one form.
pub const MAX_FILES: usize = 10;
/// What people may send: what a browser shows without running anything.
pub const FILE_TYPES: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "text/plain"];

/// A Questionnaire, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Logical id.
    pub id: String,
    /// Canonical URL.
    pub url: Option<String>,
    /// Business version.
    pub version: Option<String>,
    /// Title.
    pub title: String,
    /// Questions and groups.
    pub items: Vec<Item>,
}

impl Form {
    /// Questions, groups and texts, each with its ancestors' nesting flattened, in order.
    pub fn all(&self) -> Vec<&Item> {
        fn walk<'f>(items: &'f [Item], out: &mut Vec<&'f Item>) {
            for item in items {
                out.push(item);
                walk(&item.items, out);
            }
        }
        let mut out = Vec::new();
        walk(&self.items, &mut out);
        out
    }

    /// Whether a question takes files: its form is sent as `multipart/form-data`.
    pub fn has_files(&self) -> bool {
        self.all().iter().any(|item| item.kind == Kind::Attachment)
    }

    /// The question with this linkId.
    pub fn find(&self, link: &str) -> Option<&Item> {
        self.all().into_iter().find(|item| item.link == link)
    }
}
