//! One record becomes two again: the ledger backwards.

use super::golden::restored;
use super::join::{before, find, pointing};
use super::ledger::{DONE, Moved, RETURNING, SEPARATED, json_of, leaves, listed, read_leaf};
use super::references::{is_of_process, put_back, repoint};
use super::{AT_ONCE, MergeError, keeper, message, processes, sound};
use crate::matching::kept::{Kept, replaces, transaction};
use crate::matching::pair;
use crate::matching::rules::rules;
use access::Actor;
use component::{Context, Fhir, PeerError};
use serde_json::{Value, json};

/// How often a leaf is tried again when somebody writes one of its resources at the same time.
const TRIES: usize = 5;
/// Resources added since that are shown.
pub(crate) const SHOWN: usize = 500;

/// Separates two merged records. `by`, `reason`: who, why. Gives the ledger.
///
/// # Errors
/// The merge is not done or undone already; the survivor was merged into a third record since (that is separated first);
/// somebody changed a record meanwhile: then nothing was written. If it stops while references are moved back, it goes on by itself
/// ([`keeper`]).
pub(crate) async fn split(context: &Context, id: &str, by: &str, reason: &str) -> Result<Kept, MergeError> {
    let fhir = &context.peers.fhir(&Actor::system());
    let mut merge = find(fhir, id).await?;
    if merge.state != DONE {
        return Err(MergeError::Refused("match-refused-state"));
    }
    let survivor = fhir.read("Patient", merge.get("resta")).await?;
    let other = fhir.read("Patient", merge.get("tolta")).await?;
    if survivor["active"] == false {
        return Err(MergeError::Refused("match-refused-later"));
    }
    let (one, two) = before(&merge);
    let (mut entries, mut changed) = (vec![], vec![]);
    let mut back = |was: &Value, merged: &Value, now: &Value| {
        let (made, stays) = restored(was, merged, now);
        let name = format!(
            "{}/{}",
            now["resourceType"].as_str().unwrap_or_default(),
            now["id"].as_str().unwrap_or_default()
        );
        changed.extend(stays.iter().map(|element| format!("{name}: {element}")));
        entries.push(replaces(&made));
    };
    back(&one, &json_of(&merge, "resta-dopo"), &survivor);
    back(&two, &json_of(&merge, "tolta-dopo"), &other);
    for closed in json_of(&merge, "chiusi").as_array().into_iter().flatten() {
        let (was, merged) = (&closed["prima"], &closed["dopo"]);
        let (rtype, id) = (
            was["resourceType"].as_str().unwrap_or_default(),
            was["id"].as_str().unwrap_or_default(),
        );
        if let Some(now) = fhir.find(rtype, id).await? {
            back(was, merged, &now);
        }
    }
    changed.sort();
    merge.state = RETURNING.to_owned();
    merge.set("separata-da", by);
    merge.set("separata-perche", reason);
    merge.set("cambiati", json!(changed).to_string());
    merge.set("tornate", "0");
    entries.push(merge.entry());
    entries.extend(message::separated(&merge, context.clock.now()));
    if let Some(mut pair) = Kept::find(fhir, pair::PAIR, merge.get("coppia")).await? {
        // they were told apart: they do not come back to the desk unless their data change
        pair.state = pair::DIFFERENT.to_owned();
        pair.order = None;
        pair.set("decisa-da", by);
        pair.set("motivo", reason);
        pair.set("impronta", pair::fingerprint(&one, &two));
        entries.push(pair.entry());
    }
    keeper::look_after(context, id).await?;
    fhir.transaction(&transaction(entries)).await?;
    resume(context, id).await
}

/// Goes on with a separation whose references are not all back yet.
///
/// # Errors
/// There is no such merge; the hub cannot be reached; others write the same resources again and again.
pub(crate) async fn resume(context: &Context, id: &str) -> Result<Kept, MergeError> {
    let fhir = &context.peers.fhir(&Actor::system());
    let mut merge = find(fhir, id).await?;
    if merge.state != RETURNING {
        return Err(MergeError::Refused("match-refused-state"));
    }
    processes::give_back(context, &merge).await?;
    for attempt in 1.. {
        while merge.state == RETURNING {
            let done = returned(&merge);
            let Some(number) = leaves(&merge).checked_sub(done + 1) else {
                break;
            };
            let moved = read_leaf(fhir, &merge, number).await?;
            return_leaf(fhir, &mut merge, &moved, done).await?;
        }
        if merge.state == SEPARATED {
            break;
        }
        if json_of(&merge, "cambiati")
            .as_array()
            .is_some_and(|changed| !changed.is_empty())
        {
            sound::put_in_order(context, fhir, &merge).await?;
        }
        merge.state = SEPARATED.to_owned();
        match merge.save(fhir).await {
            // Somebody else goes on with it, too.
            Err(error) if error.is_conflict() && attempt < TRIES => merge = find(fhir, id).await?,
            other => other?,
        }
    }
    Ok(merge)
}

/// How many leaves are back.
fn returned(merge: &Kept) -> usize {
    merge.get("tornate").parse().unwrap_or(0)
}

/// Points the resources of a leaf back. What somebody changed since goes back too, wherever the reference still stands; it is
/// listed.
async fn return_leaf(fhir: &Fhir, merge: &mut Kept, moved: &[Moved], done: usize) -> Result<(), MergeError> {
    let (now, back) = (
        format!("Patient/{}", merge.get("resta")),
        format!("Patient/{}", merge.get("tolta")),
    );
    for attempt in 1.. {
        let mut next = merge.clone();
        let mut told: Vec<Value> = json_of(merge, "cambiati").as_array().cloned().unwrap_or_default();
        let mut entries = vec![];
        for one in moved {
            let Some(mut resource) = fhir.resolve(&one.reference).await? else {
                told.push(json!(format!("{}: –", one.reference)));
                continue;
            };
            let missing = put_back(&mut resource, &one.places, &now, &back);
            if resource["meta"]["versionId"] != one.version.as_str() || !missing.is_empty() {
                told.push(json!(one.reference));
            }
            if missing.len() < one.places.len() {
                entries.push(replaces(&resource));
            }
        }
        next.set("tornate", (done + 1).to_string());
        next.set("cambiati", Value::Array(told).to_string());
        entries.push(next.entry());
        match fhir.transaction(&transaction(entries)).await {
            Ok(_) => {
                *merge = find(fhir, &merge.id).await?;
                return Ok(());
            }
            Err(error) if error.is_conflict() && attempt < TRIES => {
                *merge = find(fhir, &merge.id).await?;
                // Somebody else goes on with it, too, and did this leaf.
                if returned(merge) != done || merge.state != RETURNING {
                    return Ok(());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What was written about the survivor since the merge, and may be the other's: not what the merge itself moved.
pub(crate) async fn added(fhir: &Fhir, merge: &Kept) -> Result<Vec<Value>, PeerError> {
    let listed = listed(fhir, merge).await?;
    let since = merge.get("quando").to_owned();
    let own = format!("Patient/{}", merge.get("resta"));
    let mut found = vec![];
    let asked = [("_since", since.as_str()), ("_count", "200")];
    fhir.walk(&format!("{own}/$everything"), &asked, |page| {
        for mut one in page {
            let name = format!(
                "{}/{}",
                one["resourceType"].as_str().unwrap_or_default(),
                one["id"].as_str().unwrap_or_default()
            );
            let alone = rules()
                .left_alone
                .iter()
                .any(|rtype| one["resourceType"] == rtype.as_str());
            let shown = !alone && !message::is_one(&one) && !is_of_process(&one) && !listed.contains(&name);
            if shown && !repoint(&mut one.clone(), &own, "").is_empty() {
                found.push(one.take());
            }
        }
        found.len() < SHOWN
    })
    .await?;
    found.truncate(SHOWN);
    Ok(found)
}

/// Gives the other record what was written about the survivor since and belongs to it: of `names` (`Type/id`) those that
/// [`added`] shows. Gives how many.
///
/// # Errors
/// The records are not separated; somebody changed one of the resources meanwhile.
pub(crate) async fn assign(context: &Context, id: &str, names: &[String]) -> Result<usize, MergeError> {
    let fhir = &context.peers.fhir(&Actor::system());
    let mut merge = find(fhir, id).await?;
    if merge.state != SEPARATED {
        return Err(MergeError::Refused("match-refused-state"));
    }
    let (from, to) = (
        format!("Patient/{}", merge.get("resta")),
        format!("Patient/{}", merge.get("tolta")),
    );
    let mut given = 0;
    let shown = added(fhir, &merge).await?;
    let chosen: Vec<Value> = shown
        .into_iter()
        .filter(|one| {
            let name = format!(
                "{}/{}",
                one["resourceType"].as_str().unwrap_or_default(),
                one["id"].as_str().unwrap_or_default()
            );
            names.contains(&name)
        })
        .collect();
    for chunk in chosen.chunks(AT_ONCE) {
        let mut entries = vec![];
        for resource in chunk {
            let mut resource = resource.clone();
            repoint(&mut resource, &from, &to);
            entries.push(replaces(&resource));
        }
        given += entries.len();
        let before: usize = merge.get("assegnate").parse().unwrap_or(0);
        merge.set("assegnate", (before + chunk.len()).to_string());
        entries.push(merge.entry());
        fhir.transaction(&transaction(entries)).await?;
        merge = find(fhir, id).await?;
    }
    // A choice or an assistance may be among it.
    sound::put_in_order(context, fhir, &merge).await?;
    Ok(given)
}

/// How many resources still point to the record that was merged away: written under it since, by who did not know yet.
pub(crate) async fn left(fhir: &Fhir, merge: &Kept) -> Result<usize, PeerError> {
    Ok(pointing(fhir, merge).await?.len())
}
