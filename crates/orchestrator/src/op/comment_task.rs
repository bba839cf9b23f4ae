//! Writes beside a task, or adds a document to it: `POST /orchestrator/tasks/{id}/comments`,
//! `POST /orchestrator/tasks/{id}/attachments`. A comment becomes a `Task.note`; a document becomes a DocumentReference of
//! the patient, in the same commit, named by a `Task.input`.

use crate::access_rules::is_candidate;
use crate::api::{AttachToTask, CommentTask, TaskInfo};
use crate::commit::Extras;
use crate::idempotency::Idempotency;
use crate::plumbing::{About, Body, to_the_end};
use crate::view::OpenTask;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::extract::{Path, State};
use engine::{Attachment, Command};
use http::HeaderMap;
use serde_json::json;
use std::sync::Arc;

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;
/// Longest title, in characters.
const MAX_TITLE: usize = 300;
/// Largest document in base64, in bytes (3 MB as a file).
const MAX_DATA: usize = 4 << 20;

/// Whoever may take the task or holds it may write beside it, whoever else has it in hand.
fn may_write(actor: &Actor, open: &OpenTask) -> Result<(), OrchestratorError> {
    if open.task.assignee.as_deref() == Some(actor.subject.as_str())
        || open.task.delegated_by.as_deref() == Some(actor.subject.as_str())
        || is_candidate(actor, &open.task, &open.candidate_users)
    {
        return Ok(());
    }
    Err(OrchestratorError::Forbidden(format!(
        "task '{}' is not yours to write beside: its holder and its candidates can",
        open.task.id
    )))
}

impl Orchestrator {
    /// Writes beside an open task.
    ///
    /// # Errors
    /// Not one's task (403), empty or too long (422), closed meanwhile (409).
    pub async fn comment_task(
        &self,
        actor: &Actor,
        id: &str,
        request: CommentTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        let text = request.text.trim();
        if text.is_empty() || text.chars().count() > MAX_COMMENT {
            return Err(OrchestratorError::Invalid(format!(
                "text: 1 to {MAX_COMMENT} characters"
            )));
        }
        let command = Command::Comment {
            task: id.to_owned(),
            text: text.to_owned(),
            attachment: None,
        };
        let check = |open: &OpenTask| may_write(actor, open);
        self.at_task(actor, id, command, &check, Extras::default(), keyed).await
    }

    /// Adds a document to an open task of a patient's pathway.
    ///
    /// # Errors
    /// Not one's task (403), no patient, too large or without a kind (422), closed meanwhile (409).
    pub async fn attach_to_task(
        &self,
        actor: &Actor,
        id: &str,
        request: AttachToTask,
        keyed: Option<&Idempotency>,
    ) -> Result<TaskInfo, OrchestratorError> {
        self.may_touch(actor, id).await?;
        let title = request.title.trim();
        if title.is_empty() || title.chars().count() > MAX_TITLE {
            return Err(OrchestratorError::Invalid(format!(
                "title: 1 to {MAX_TITLE} characters"
            )));
        }
        if request.data.is_empty() || request.data.len() > MAX_DATA || !request.content_type.contains('/') {
            return Err(OrchestratorError::Invalid(format!(
                "contentType and data: a MIME type, and 1 to {MAX_DATA} bytes of base64"
            )));
        }
        let task = self.task(actor, id).await?;
        let Some(patient) = &task.patient else {
            return Err(OrchestratorError::Invalid(
                "the task is about no patient: documents are kept with a patient's record".into(),
            ));
        };
        let document = self.ids.next();
        let resource = json!({
            "resourceType": "DocumentReference", "id": document, "status": "current",
            "subject": {"reference": format!("Patient/{patient}")},
            "date": fhir::instant(self.clock.now()),
            "description": title,
            "content": [{"attachment": {"contentType": request.content_type, "title": title, "data": request.data}}],
            "context": {"related": [{"reference": format!("Task/{id}")}]},
        });
        let command = Command::Comment {
            task: id.to_owned(),
            text: String::new(),
            attachment: Some(Attachment {
                reference: format!("DocumentReference/{document}"),
                title: title.to_owned(),
            }),
        };
        let extras = Extras {
            resources: vec![resource],
            ..Extras::default()
        };
        let check = |open: &OpenTask| may_write(actor, open);
        self.at_task(actor, id, command, &check, extras, keyed).await
    }
}

pub(crate) async fn comment(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<CommentTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("comment/{id}"), &request)?;
    let done = to_the_end(async move { orchestrator.comment_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}

pub(crate) async fn attach(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(request): Body<AttachToTask>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, &format!("attach/{id}"), &request)?;
    let done =
        to_the_end(async move { orchestrator.attach_to_task(&actor, &id, request, keyed.as_ref()).await }).await?;
    Ok(About::ok(done.patient.clone(), done))
}
