//! Instances of processes follow a merge: each with its CarePlan and its Tasks in one commit of the orchestrator. The ledger names
//! an instance before it is moved, so that a stop in between leaves nothing that a separation would not find.

use super::super::kept::Kept;
use super::MergeError;
use super::join::find;
use super::ledger::{RETURNING, SEPARATED};
use component::{Context, Fhir, InstanceQuery, PeerError};

/// Field of the ledger: ids of the instances that were moved, each on a line.
pub(super) const FIELD: &str = "istanze";
/// Instances of one record at most.
const MOST: usize = 2_000;
/// How often the ledger is tried again when somebody writes it at the same time.
const TRIES: usize = 5;

/// The instances that the ledger names.
pub(super) fn named(merge: &Kept) -> Vec<String> {
    merge.get(FIELD).lines().map(str::to_owned).collect()
}

/// Those about a record now, ended ones too.
async fn of_record(context: &Context, patient: &str) -> Result<Vec<String>, PeerError> {
    let processes = context.peers.orchestrator(&access::Actor::system());
    let mut query = InstanceQuery {
        patient: Some(patient.to_owned()),
        limit: Some(200),
        ..InstanceQuery::default()
    };
    let mut all = vec![];
    loop {
        let page = processes.instances(&query).await?;
        all.extend(page.items.into_iter().map(|one| one.id));
        match page.next {
            Some(next) if all.len() < MOST => query.after = Some(next),
            _ => return Ok(all),
        }
    }
}

/// Moves the instances of the other record to the survivor; gives how many.
pub(super) async fn follow(context: &Context, fhir: &Fhir, merge: &mut Kept) -> Result<usize, MergeError> {
    let found = of_record(context, merge.get("tolta")).await?;
    if found.is_empty() {
        return Ok(0);
    }
    name(fhir, merge, &found).await?;
    let processes = context.peers.orchestrator(&access::Actor::system());
    let reason = format!("schede unite: {}", merge.id);
    for id in &found {
        processes.reassign_instance(id, merge.get("resta"), &reason).await?;
    }
    // Somebody began to separate the records meanwhile, and may have looked before the last ones were moved.
    let now = find(fhir, &merge.id).await?;
    if [RETURNING, SEPARATED].contains(&now.state.as_str()) {
        give_back(context, &now).await?;
        return Err(MergeError::Refused("match-refused-state"));
    }
    Ok(found.len())
}

/// Writes into the ledger which instances are about to be moved.
async fn name(fhir: &Fhir, merge: &mut Kept, found: &[String]) -> Result<(), MergeError> {
    for attempt in 1.. {
        if [RETURNING, SEPARATED].contains(&merge.state.as_str()) {
            return Err(MergeError::Refused("match-refused-state"));
        }
        let mut all = named(merge);
        let before = all.len();
        all.extend(found.iter().filter(|id| !named(merge).contains(id)).cloned());
        if all.len() == before {
            return Ok(());
        }
        merge.set(FIELD, all.join("\n"));
        match merge.save(fhir).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_conflict() && attempt < TRIES => *merge = find(fhir, &merge.id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Gives the instances that the ledger names back to the other record, with the tasks they made meanwhile.
pub(super) async fn give_back(context: &Context, merge: &Kept) -> Result<(), MergeError> {
    let processes = context.peers.orchestrator(&access::Actor::system());
    let reason = format!("schede separate: {}", merge.id);
    for id in named(merge) {
        match processes.reassign_instance(&id, merge.get("tolta"), &reason).await {
            // Its time was over, and it was taken away.
            Err(error) if error.is_not_found() => {}
            other => drop(other?),
        }
    }
    Ok(())
}
