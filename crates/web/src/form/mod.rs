//! FHIR Questionnaires as accessible HTML forms, and back: what was posted as a validated QuestionnaireResponse, task
//! variables and Observations. Pure: no IO, no clock.
//!
//! ```ignore
//! let form = Form::parse(&questionnaire)?;
//! // GET: initial values, then the fields. The component writes <form method="post" novalidate>, csrf and buttons.
//! let entry = form.fill(&Prefill { today, patient: Some(&patient), values: &task.variables });
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
//! Field names are the linkIds. Every question works without JavaScript: conditional ones (`enableWhen`) are all shown
//! then, with a line that says when to answer, and are decided when the form arrives; the island hides them as one types.

mod answer;
mod check;
mod enable;
mod error;
mod field;
mod html;
mod item;
mod observe;
mod parse;
mod prefill;
mod response;
mod submit;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Coding};
pub use error::FormError;
pub use html::{Entry, FieldError};
pub use item::{Bound, Choice, Condition, Item, Kind, Operator};
pub use prefill::Prefill;
pub use response::About;
pub use submit::Completed;

/// Most questions of a form.
pub const MAX_ITEMS: usize = 1000;
/// Deepest nesting of groups.
pub const MAX_DEPTH: usize = 10;
/// Most options of a question.
pub const MAX_OPTIONS: usize = 1000;

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

    /// The question with this linkId.
    pub fn find(&self, link: &str) -> Option<&Item> {
        self.all().into_iter().find(|item| item.link == link)
    }
}
