//! Who may do what with tasks and instances, beyond what the routes demand.

use crate::OrchestratorError;
use crate::api::TaskInfo;
use crate::leases::Claim;
use access::Actor;

/// Roles that may act on any task.
const OVERSEERS: [&str; 3] = ["case-manager", "admin", "system"];

/// Whether the actor may act on any task.
pub(crate) fn oversees(actor: &Actor) -> bool {
    OVERSEERS.iter().any(|role| actor.has_role(role))
}

/// Prefix of the role that lets a program do jobs of one type: `worker:<type>`. The role `worker` is for all types.
const WORKER_OF: &str = "worker:";

/// Whether a program is there to look after others' work, too.
pub(crate) fn administers(actor: &Actor) -> bool {
    actor.has_role("admin") || actor.has_role("system")
}

/// Refuses a program the jobs of a type that is not its own.
pub(crate) fn may_work(actor: &Actor, job_type: &str) -> Result<(), OrchestratorError> {
    let own = |role: &String| role.strip_prefix(WORKER_OF) == Some(job_type);
    if administers(actor) || actor.has_role("worker") || actor.roles.iter().any(own) {
        return Ok(());
    }
    Err(OrchestratorError::Forbidden(format!(
        "jobs of type '{job_type}' are not for {}: give the account the role {WORKER_OF}{job_type}, or worker for all types",
        actor.subject
    )))
}

/// What a program says about the job in its hands. Only those who look after others' work need not hold it.
pub(crate) fn claim(actor: &Actor, job: &str, worker: Option<&str>) -> Result<Claim, OrchestratorError> {
    if worker.is_none() && !administers(actor) {
        return Err(OrchestratorError::Invalid(
            "worker: the name the job was fetched with".into(),
        ));
    }
    Ok(Claim {
        job: job.to_owned(),
        worker: worker.map(str::to_owned),
        subject: actor.subject.clone(),
        pause: None,
    })
}

/// The patient an assisted person is confined to: their own. `asked` is what the request names.
pub(crate) fn confine(actor: &Actor, asked: Option<String>) -> Result<Option<String>, OrchestratorError> {
    match (actor.patient(), asked) {
        (None, asked) => Ok(asked),
        (Some(own), None) => Ok(Some(own.to_owned())),
        (Some(own), Some(asked)) if own == asked => Ok(Some(asked)),
        (Some(_), Some(_)) => Err(not_yours()),
    }
}

/// Refuses an assisted person what belongs to someone else.
pub(crate) fn may_see(actor: &Actor, patient: Option<&str>) -> Result<(), OrchestratorError> {
    if actor.patient().is_some_and(|own| patient != Some(own)) {
        Err(not_yours())
    } else {
        Ok(())
    }
}

fn not_yours() -> OrchestratorError {
    OrchestratorError::Forbidden("this belongs to another person; you can see and do only what is yours".into())
}

/// Whether the actor is among those who may take or do the task: a role of it, named in person, or anyone of the staff
/// when the model names nobody. The task must be theirs to see, too.
pub(crate) fn is_candidate(actor: &Actor, task: &TaskInfo, candidate_users: &[String]) -> bool {
    if may_see(actor, task.patient.as_deref()).is_err() {
        return false;
    }
    let named = candidate_users.contains(&actor.subject);
    let by_role = task.roles.iter().any(|role| actor.has_role(role));
    let open_to_all = task.roles.is_empty() && candidate_users.is_empty() && actor.patient().is_none();
    oversees(actor) || named || by_role || open_to_all
}

/// Refuses those who may not act on the task; one held by someone else is a conflict that names the holder.
pub(crate) fn may_act(actor: &Actor, task: &TaskInfo, candidate_users: &[String]) -> Result<(), OrchestratorError> {
    if oversees(actor) {
        return Ok(());
    }
    match &task.assignee {
        Some(holder) if *holder == actor.subject => Ok(()),
        Some(holder) if is_candidate(actor, task, candidate_users) => Err(OrchestratorError::Held {
            task: task.id.clone(),
            holder: holder.clone(),
        }),
        None if is_candidate(actor, task, candidate_users) => Ok(()),
        _ => Err(OrchestratorError::Forbidden(format!(
            "task '{}' is for {}; your roles are {}",
            task.id,
            if task.roles.is_empty() {
                "the person it is assigned to".to_owned()
            } else {
                task.roles.join(", ")
            },
            actor.roles.join(", "),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn actor(subject: &str, role: &str) -> Actor {
        Actor {
            subject: subject.into(),
            name: subject.into(),
            roles: vec![role.into()],
            ..Actor::default()
        }
    }

    fn task(assignee: Option<&str>, roles: &[&str]) -> TaskInfo {
        TaskInfo {
            id: "i.1".into(),
            instance: "i".into(),
            definition: "p:1".into(),
            element: "t".into(),
            name: "T".into(),
            documentation: None,
            patient: Some("p1".into()),
            status: "ready".into(),
            assignee: assignee.map(str::to_owned),
            candidates: Vec::new(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            form: None,
            delegated_by: None,
            follow_up: None,
            comments: vec![],
            attachments: vec![],
            created: Timestamp::UNIX_EPOCH,
            due: None,
            priority: 50,
            variables: serde_json::Map::new(),
        }
    }

    #[test]
    fn who_may_act() {
        let gp = actor("Practitioner/1", "mmg");
        assert!(may_act(&gp, &task(None, &["mmg"]), &[]).is_ok());
        assert!(may_act(&gp, &task(Some("Practitioner/1"), &["infermiere"]), &[]).is_ok());
        assert!(matches!(
            may_act(&gp, &task(None, &["infermiere"]), &[]),
            Err(OrchestratorError::Forbidden(_))
        ));
        let held = may_act(&gp, &task(Some("Practitioner/2"), &["mmg"]), &[]);
        assert!(matches!(held, Err(OrchestratorError::Held { holder, .. }) if holder == "Practitioner/2"));
        assert!(
            may_act(
                &actor("Practitioner/9", "case-manager"),
                &task(Some("Practitioner/2"), &[]),
                &[]
            )
            .is_ok()
        );
    }

    #[test]
    fn the_assisted_act_only_on_their_own() {
        assert!(may_act(&actor("Patient/p1", "assistito"), &task(None, &["assistito"]), &[]).is_ok());
        assert!(may_act(&actor("Patient/p2", "assistito"), &task(None, &["assistito"]), &[]).is_err());
        assert!(may_act(&actor("Patient/p1", "assistito"), &task(None, &[]), &[]).is_err());
        assert!(confine(&actor("Patient/p1", "assistito"), Some("p2".into())).is_err());
        assert_eq!(
            confine(&actor("Patient/p1", "assistito"), None).unwrap().as_deref(),
            Some("p1")
        );
    }
}
