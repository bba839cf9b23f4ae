//! The form of a task or of a start, read from the hub: one to fill in, or the reason why there is none to fill in.

use super::App;
use component::PeerError;
use http::StatusCode;
use serde_json::Value;
use web::form::{Completed, Form};
use web::{Failure, Page};

/// The form as a page needs it.
pub enum Sheet {
    /// Nothing is asked.
    None,
    /// A form.
    Form(Box<Form>),
    /// There should be one, but it is not deployed, is of another program, or cannot be shown: its name.
    Missing(String),
}

impl Sheet {
    /// The form that a task names.
    ///
    /// # Errors
    /// The hub refuses or does not answer; a form that is not there is no error.
    pub async fn read(app: &App, id: Option<&str>) -> Result<Self, Failure> {
        let Some(id) = id else {
            return Ok(Self::None);
        };
        if !super::people::is_id(id) {
            return Ok(Self::Missing(id.to_owned()));
        }
        match app.common().read("Questionnaire", id).await {
            Ok(questionnaire) => Ok(Self::of(id, &questionnaire)),
            Err(PeerError::Status { status, .. }) if status == StatusCode::NOT_FOUND || status == StatusCode::GONE => {
                Ok(Self::Missing(id.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A Questionnaire.
    pub fn of(id: &str, questionnaire: &Value) -> Self {
        match Form::parse(questionnaire) {
            Ok(form) => Self::Form(Box::new(form)),
            Err(error) => {
                tracing::warn!(form = id, %error, "a form cannot be shown");
                Self::Missing(id.to_owned())
            }
        }
    }

    /// The form, if there is one to fill in.
    pub fn form(&self) -> Option<&Form> {
        match self {
            Self::Form(form) => Some(form),
            Self::None | Self::Missing(_) => None,
        }
    }

    /// Name of the form that should be there.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Missing(id) => Some(id),
            Self::None | Self::Form(_) => None,
        }
    }
}

/// Files are kept in a patient's record: without a patient they would be lost.
pub fn refuse_lost_files(page: &Page, done: &Completed<'_>, subject: &str) -> Result<(), Failure> {
    if subject.is_empty() && done.has_files() {
        return Err(Failure::Unprocessable(page.t("form-files-need-patient")));
    }
    Ok(())
}
