//! A page that asks before something that cannot be undone.

use crate::{Answer, Page};
use askama::Template;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Confirm {
    /// The question, e.g. `Chiudere il percorso di Anna Rossi?`.
    pub question: String,
    /// What will happen, one line each.
    pub consequences: Vec<String>,
    /// Where the answer is posted.
    pub action: String,
    /// Label of the button: a verb, e.g. `Chiudi il percorso`.
    pub button: String,
    /// Where "cancel" leads.
    pub cancel: String,
    /// Values that go along.
    pub fields: Vec<(String, String)>,
    /// Label of a required field `motivo`; `None`: no reason is asked.
    pub reason: Option<String>,
    /// What was wrong with the reason.
    pub error: Option<String>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    page: Page,
    confirm: Confirm,
}

/// Shows the question.
pub fn confirm(page: Page, confirm: Confirm) -> Answer {
    crate::show(&ConfirmPage {
        page: page.with_title(confirm.question.clone()),
        confirm,
    })
}
