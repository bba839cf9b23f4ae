//! Two records become one.

use super::ledger::{DONE, MERGE, MOVING, Moved, json_of, leaf, leaves};
use super::references::{is_of_process, repoint};
use super::{AT_ONCE, MergeError, golden, keeper, message, processes};
use crate::matching::kept::{Kept, id_of, replaces, transaction};
use crate::matching::rules::rules;
use access::Actor;
use component::{Context, Fhir, PeerError};
use fhir::{Definitions, ParamType};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// How often a leaf is tried again when somebody writes one of its resources at the same time.
const TRIES: usize = 5;
/// References that are gathered before they are changed.
const GATHERED: usize = 20_000;

const CHOICE: &str = "https://sinfonia.it/fhir/CodeSystem/scelta-medico";
const ASSISTANCE: &str = "https://sinfonia.it/fhir/CodeSystem/assistenza";

/// Who merges, and why.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    /// Who decided, and who confirmed (empty: nobody had to).
    pub by: (String, String),
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Merges `other` into `survivor`: one transaction decides, then the references follow. `pair`: written in the same transaction,
/// as decided. Gives the ledger.
///
/// # Errors
/// One of them is not there or was merged already; somebody changed something meanwhile: then nothing was written. If it stops
/// while references are moved, it goes on by itself ([`keeper`]).
pub(crate) async fn join(
    context: &Context,
    (survivor, other): (&str, &str),
    pair: Option<&Kept>,
    decision: &Decision,
) -> Result<Kept, MergeError> {
    if survivor == other {
        return Err(MergeError::Refused("match-refused-one"));
    }
    let fhir = &context.peers.fhir(&Actor::system());
    let (one, two) = (
        fhir.read("Patient", survivor).await?,
        fhir.read("Patient", other).await?,
    );
    if [&one, &two].iter().any(|record| record["active"] == false) {
        return Err(MergeError::Refused("match-refused-inactive"));
    }
    let mut made = golden::golden(&one, &two);
    let (closed, theirs_stays) = closings(fhir, (survivor, other), &made, decision.at).await?;
    if golden::is_dead(&made) {
        made.as_object_mut().map(|made| made.remove("generalPractitioner"));
    } else if !two["generalPractitioner"].is_null() && (theirs_stays || made["generalPractitioner"].is_null()) {
        made["generalPractitioner"] = two["generalPractitioner"].clone();
    }
    let gone = golden::replaced(&two, &made);
    let merge = begun((&one, &made), (&two, &gone), &closed, pair, decision);
    keeper::look_after(context, &merge.id).await?;
    let mut entries = vec![replaces(&made), replaces(&gone), merge.entry(), message::merged(&merge)];
    entries.extend(closed.iter().map(|(_, after)| replaces(after)));
    entries.extend(pair.map(Kept::entry));
    fhir.transaction(&transaction(entries)).await?;
    resume(context, &merge.id).await
}

/// The first sheet of the ledger: both records, before and after.
fn begun(
    (one, made): (&Value, &Value),
    (two, gone): (&Value, &Value),
    closed: &[(Value, Value)],
    pair: Option<&Kept>,
    decision: &Decision,
) -> Kept {
    let (survivor, other) = (text(&one["id"]), text(&two["id"]));
    let moment = decision.at.to_string();
    // With the versions: what was separated may be merged again at the same moment of a clock that stands still.
    let versions = [text(&one["meta"]["versionId"]), text(&two["meta"]["versionId"])];
    let id = id_of("fusione", &[survivor, other, &moment, versions[0], versions[1]]);
    let mut merge = Kept::new(id, MERGE, MOVING);
    for (name, value) in [
        ("resta", survivor.to_owned()),
        ("tolta", other.to_owned()),
        ("quando", moment),
        ("chi", decision.by.0.clone()),
        ("conferma", decision.by.1.clone()),
        ("motivo", decision.reason.clone()),
        ("coppia", pair.map(|pair| pair.id.clone()).unwrap_or_default()),
        ("resta-prima", one.to_string()),
        ("tolta-prima", two.to_string()),
        ("resta-dopo", made.to_string()),
        ("tolta-dopo", gone.to_string()),
        ("foglie", "0".to_owned()),
    ] {
        merge.set(name, value);
    }
    let rows = closed
        .iter()
        .map(|(before, after)| json!({"prima": before, "dopo": after}));
    merge.set("chiusi", Value::Array(rows.collect()).to_string());
    merge
}

/// What is closed so that the person has one assistance and one choice, before and after; and whether the choice that stays is
/// the other record's.
type Closed = (Vec<(Value, Value)>, bool);

async fn closings(
    fhir: &Fhir,
    (survivor, other): (&str, &str),
    made: &Value,
    at: Timestamp,
) -> Result<Closed, PeerError> {
    let day = web::local_date(at).to_string();
    let (mut closed, mut stays) = (vec![], false);
    for (rtype, system, end) in [
        ("EpisodeOfCare", CHOICE, "finished"),
        ("Coverage", ASSISTANCE, "cancelled"),
    ] {
        let own = open(fhir, rtype, system, survivor).await?;
        let theirs = open(fhir, rtype, system, other).await?;
        // A person has one assistance and one doctor, a paediatrician or one for a time included; who is dead has none.
        let ends: Vec<Value> = match (golden::is_dead(made), own.is_empty()) {
            (true, _) => own.into_iter().chain(theirs).collect(),
            (false, false) => theirs,
            (false, true) => {
                stays |= rtype == "EpisodeOfCare" && !theirs.is_empty();
                continue;
            }
        };
        let last = golden::death(made).unwrap_or(&day);
        for before in ends {
            let mut after = before.clone();
            let began = before["period"]["start"].as_str().unwrap_or_default();
            after["status"] = json!(end);
            after["period"]["end"] = json!(last.max(began.get(..10).unwrap_or_default()));
            repoint(&mut after, &format!("Patient/{other}"), &format!("Patient/{survivor}"));
            closed.push((before, after));
        }
    }
    Ok((closed, stays))
}

async fn open(fhir: &Fhir, rtype: &str, system: &str, patient: &str) -> Result<Vec<Value>, PeerError> {
    let asked = [("patient", patient), ("status", "active"), ("_count", "100")];
    let mut found = fhir.search_all(rtype, &asked, 500).await?;
    // One that has a last day is open, too: a choice for a time, or until the age of the paediatrician is over.
    found.retain(|one| !kind(one, system).is_empty());
    Ok(found)
}

/// The code of a type of ours; empty if it has none. `EpisodeOfCare.type` is a list, `Coverage.type` is not.
fn kind<'a>(one: &'a Value, system: &str) -> &'a str {
    let codings = |concept: &'a Value| concept["coding"].as_array().into_iter().flatten();
    let listed = one["type"].as_array().into_iter().flatten().flat_map(codings);
    let mut all = listed.chain(codings(&one["type"]));
    all.find(|coding| coding["system"] == system)
        .and_then(|coding| coding["code"].as_str())
        .unwrap_or_default()
}

/// Goes on with a merge whose references are not all moved yet, or moves what was written about the other record since.
///
/// # Errors
/// There is no such merge, or it is being undone; the hub cannot be reached; others write the same resources again and again.
pub(crate) async fn resume(context: &Context, id: &str) -> Result<Kept, MergeError> {
    let fhir = &context.peers.fhir(&Actor::system());
    let mut merge = going(fhir, id).await?;
    loop {
        let mut moved = processes::follow(context, fhir, &mut merge).await?;
        let gathered = pointing(fhir, &merge).await?;
        for chunk in gathered.chunks(AT_ONCE) {
            moved += move_leaf(fhir, &mut merge, chunk).await?;
        }
        if moved == 0 {
            break;
        }
    }
    for attempt in 1.. {
        if merge.state == DONE {
            break;
        }
        merge.state = DONE.to_owned();
        match merge.save(fhir).await {
            // Somebody else goes on with it, too.
            Err(error) if error.is_conflict() && attempt < TRIES => merge = going(fhir, id).await?,
            other => other?,
        }
    }
    Ok(merge)
}

/// The ledger of a merge that is not being undone.
async fn going(fhir: &Fhir, id: &str) -> Result<Kept, MergeError> {
    let merge = find(fhir, id).await?;
    match merge.state == MOVING || merge.state == DONE {
        true => Ok(merge),
        false => Err(MergeError::Refused("match-refused-state")),
    }
}

/// The ledger of a merge.
pub(crate) async fn find(fhir: &Fhir, id: &str) -> Result<Kept, MergeError> {
    let found = Kept::find(fhir, MERGE, id).await?;
    found.ok_or(MergeError::Refused("match-refused-unknown"))
}

/// The resources that point to a record and are to follow, `Type/id`.
pub(crate) async fn pointing(fhir: &Fhir, merge: &Kept) -> Result<Vec<String>, PeerError> {
    let own = format!("Patient/{}", merge.get("tolta"));
    let mut gathered = vec![];
    let mut gather = |page: Vec<Value>| {
        for mut one in page {
            let name = format!("{}/{}", text(&one["resourceType"]), text(&one["id"]));
            let alone = rules()
                .left_alone
                .iter()
                .any(|rtype| one["resourceType"] == rtype.as_str());
            let stays = alone || is_of_process(&one) || message::is_one(&one);
            if !stays && !repoint(&mut one, &own, "").is_empty() && !gathered.contains(&name) {
                gathered.push(name);
            }
        }
        gathered.len() < GATHERED
    };
    let count = [("_count", "200")];
    fhir.walk(&format!("{own}/$everything"), &count, &mut gather).await?;
    // The survivor's may name the other record where no search finds it, in an extension.
    let survivor = format!("Patient/{}/$everything", merge.get("resta"));
    fhir.walk(&survivor, &count, &mut gather).await?;
    // What is of somebody else's compartment, or of nobody's: wherever a search parameter finds who is named.
    let searches = naming_a_patient();
    for chunk in searches.chunks(AT_ONCE) {
        let entries = chunk.iter().map(|(rtype, param)| {
            let url = format!("{rtype}?{param}={own}&_count=200");
            json!({"request": {"method": "GET", "url": url}})
        });
        let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": entries.collect::<Vec<_>>()});
        let answer = fhir.transaction(&batch).await?;
        for one in answer["entry"].as_array().into_iter().flatten() {
            let found = one["resource"]["entry"].as_array().into_iter().flatten();
            gather(found.map(|entry| entry["resource"].clone()).collect());
        }
    }
    Ok(gathered)
}

/// Types and search parameters of references that may name a patient. More than a page of one is found again when those are moved.
fn naming_a_patient() -> &'static [(&'static str, &'static str)] {
    static ALL: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
        let r4 = Definitions::r4();
        let types = r4.resource_types().iter().copied();
        let followed = types.filter(|rtype| !rules().left_alone.iter().any(|alone| alone == rtype));
        let params = followed.flat_map(|rtype| r4.params_of(rtype).iter().map(move |param| (rtype, param)));
        params
            .filter(|(_, param)| param.kind == ParamType::Reference && param.targets.contains(&"Patient"))
            .map(|(rtype, param)| (rtype, param.code))
            .collect()
    });
    &ALL
}

/// Points some resources to the survivor, with the leaf that lists them; gives how many.
async fn move_leaf(fhir: &Fhir, merge: &mut Kept, names: &[String]) -> Result<usize, MergeError> {
    let to = (
        format!("Patient/{}", merge.get("tolta")),
        format!("Patient/{}", merge.get("resta")),
    );
    for attempt in 1.. {
        let (mut entries, mut moved) = (vec![], vec![]);
        for name in names {
            let Some(mut resource) = fhir.resolve(name).await? else {
                continue;
            };
            let places = repoint(&mut resource, &to.0, &to.1);
            if places.is_empty() {
                continue;
            }
            let version: u64 = text(&resource["meta"]["versionId"]).parse().unwrap_or(0);
            entries.push(replaces(&resource));
            moved.push(Moved {
                reference: name.clone(),
                version: (version + 1).to_string(),
                places,
            });
        }
        if moved.is_empty() {
            return Ok(0);
        }
        let number = leaves(merge);
        let mut next = merge.clone();
        next.set("foglie", (number + 1).to_string());
        entries.push(leaf(merge, number, &moved).entry());
        entries.push(next.entry());
        match fhir.transaction(&transaction(entries)).await {
            Ok(_) => {
                *merge = going(fhir, &merge.id).await?;
                return Ok(moved.len());
            }
            // Not if it is being undone: what is moved after that would stay.
            Err(error) if error.is_conflict() && attempt < TRIES => *merge = going(fhir, &merge.id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(0)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The two records of a merge as they were before it: survivor, other.
pub(crate) fn before(merge: &Kept) -> (Value, Value) {
    (json_of(merge, "resta-prima"), json_of(merge, "tolta-prima"))
}
