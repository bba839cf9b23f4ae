//! What the process of a request may do, read from the request as it is stored. Variables of an instance may be set by
//! whoever completes a task or operates processes: they decide nothing here.

use super::PROCESS;
use super::request::{CODE, REPORT, Request};
use crate::rules;
use access::{Actor, Ask, Identity as _, Reply};
use component::{Context, RemoteIdentity};
use engine::JobSpec;

/// Who decides. The routes let in the capability `rights.decide`; whoever decided must still have the role when it is done.
pub(super) const DECIDES: &str = "ufficio-privacy";
/// Who answers reports.
const OFFICER: &str = "dpo";

/// What the office decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    Refused,
    /// Nobody of the office did.
    None,
}

/// The instance of a job.
pub(super) fn instance_of(job: &JobSpec) -> &str {
    job.id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance)
}

/// The request that the job's instance stands for: the one its business key names, in an instance of the process that the
/// program itself started.
///
/// # Errors
/// In words: the instance was started by somebody else or for something else, or the request is not there.
pub(super) async fn request_of(context: &Context, job: &JobSpec) -> Result<Request, String> {
    stood_for(context, job, PROCESS, CODE, "richiesta").await
}

/// As [`request_of`], of a report.
///
/// # Errors
/// As there.
pub(super) async fn report_of(context: &Context, job: &JobSpec) -> Result<Request, String> {
    stood_for(context, job, REPORT, REPORT, "segnalazione").await
}

async fn stood_for(context: &Context, job: &JobSpec, process: &str, code: &str, name: &str) -> Result<Request, String> {
    let system = Actor::system();
    let orchestrator = context.peers.orchestrator(&system);
    let id = instance_of(job);
    let instance = orchestrator.instance(id).await.map_err(|error| error.to_string())?;
    let starter = orchestrator.starter(id).await.map_err(|error| error.to_string())?;
    if instance.definition.split(':').next() != Some(process) || starter != system.subject {
        return Err(format!(
            "the instance {id} ({}, started by '{starter}') stands for no {name}: only the program starts '{process}'",
            instance.definition
        ));
    }
    let key = instance.business_key.unwrap_or_default();
    let named = job.variables.get(name).and_then(|id| id.as_str());
    if named.is_some_and(|named| named != key) {
        return Err(format!(
            "the variable '{name}' was changed: it is not the business key of the instance {id}; put it back"
        ));
    }
    let found = Request::find(&context.peers.fhir(&system), code, &key).await;
    let found = found.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("there is no Basic/{key} of code '{code}'"))
}

/// What was decided of a request, by somebody who is of the office now.
///
/// # Errors
/// In words: the identity service did not answer.
pub(super) async fn verdict(context: &Context, request: &Request) -> Result<Verdict, String> {
    let decided = match request.get("esito") {
        "accolta" => Verdict::Granted,
        "respinta" => Verdict::Refused,
        _ => return Ok(Verdict::None),
    };
    let by_office = !is_automatic(request) && has_role(context, request.get("deciso-da"), DECIDES).await?;
    Ok(if by_office { decided } else { Verdict::None })
}

/// Whether an officer has answered a report.
///
/// # Errors
/// As [`verdict`].
pub(super) async fn answered(context: &Context, report: &Request) -> Result<bool, String> {
    Ok(report.get("stato") == "chiusa" && has_role(context, report.get("deciso-da"), OFFICER).await?)
}

/// Whether nobody decides requests of this kind. One of an unknown kind is not such.
pub(super) fn is_automatic(request: &Request) -> bool {
    rules::request(request.get("tipo")).is_some_and(|kind| kind.automatic)
}

/// Whether somebody has a role now.
async fn has_role(context: &Context, subject: &str, role: &str) -> Result<bool, String> {
    if !subject.starts_with("Practitioner/") {
        return Ok(false);
    }
    let asked = Ask::ActorsOf {
        subject: subject.to_owned(),
    };
    match RemoteIdentity::new(context.peers.clone()).ask(asked).await {
        Ok(Reply::Actors(actors)) => Ok(actors.iter().any(|actor| actor.has_role(role))),
        Ok(_) => Err("people were expected of the identity service".into()),
        Err(error) => Err(error.to_string()),
    }
}
