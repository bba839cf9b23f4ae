//! Two records become one.

use super::ledger::{DONE, MERGE, MOVING, Moved, json_of, leaf, leaves};
use super::references::{is_of_process, repoint};
use super::{AT_ONCE, MergeError, golden};
use crate::matching::kept::{Kept, id_of, replaces, transaction};
use crate::matching::rules::rules;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::{Value, json};

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
/// while references are moved, [`resume`] goes on.
pub(crate) async fn join(
    fhir: &Fhir,
    (survivor, other): (&str, &str),
    pair: Option<&Kept>,
    decision: &Decision,
) -> Result<Kept, MergeError> {
    if survivor == other {
        return Err(MergeError::Refused("match-refused-one"));
    }
    let (one, two) = (
        fhir.read("Patient", survivor).await?,
        fhir.read("Patient", other).await?,
    );
    if [&one, &two].iter().any(|record| record["active"] == false) {
        return Err(MergeError::Refused("match-refused-inactive"));
    }
    let mut made = golden::golden(&one, &two);
    let (closed, theirs_stays) = closings(fhir, (survivor, other), decision.at).await?;
    if theirs_stays {
        made["generalPractitioner"] = two["generalPractitioner"].clone();
    }
    let gone = golden::replaced(&two, &made);
    let moment = decision.at.to_string();
    let mut merge = Kept::new(id_of("fusione", &[survivor, other, &moment]), MERGE, MOVING);
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
    let mut entries = vec![replaces(&made), replaces(&gone), merge.entry(), event(&merge)];
    entries.extend(closed.iter().map(|(_, after)| replaces(after)));
    entries.extend(pair.map(Kept::entry));
    fhir.transaction(&transaction(entries)).await?;
    resume(fhir, &merge.id).await
}

/// The message for the processes and components that follow merges: in the survivor's compartment, so that a
/// `sinfonia:fhirTrigger` on `Basic` hears it.
fn event(merge: &Kept) -> Value {
    let id = id_of("evento", &[&merge.id]);
    let reference = |name: &str| json!({"reference": format!("Patient/{}", merge.get(name))});
    let extension = |name: &str, from: &str| {
        let url = format!("https://sinfonia.it/fhir/StructureDefinition/evento-fusione-{name}");
        json!({"url": url, "valueReference": reference(from)})
    };
    let resource = json!({
        "resourceType": "Basic", "id": id,
        "code": {"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/evento-vita", "code": "evento-fusione"}]},
        "subject": reference("resta"),
        "created": web::local_date(merge.get("quando").parse().unwrap_or(Timestamp::UNIX_EPOCH)).to_string(),
        "extension": [extension("resta", "resta"), extension("tolta", "tolta")],
    });
    json!({"resource": resource, "request": {"method": "PUT", "url": format!("Basic/{id}"), "ifNoneMatch": "*"}})
}

/// What is closed so that the person has one assistance and one choice, before and after; and whether the choice that stays is
/// the other record's.
type Closed = (Vec<(Value, Value)>, bool);

async fn closings(fhir: &Fhir, (survivor, other): (&str, &str), at: Timestamp) -> Result<Closed, PeerError> {
    let day = web::local_date(at).to_string();
    let (mut closed, mut stays) = (vec![], false);
    for (rtype, system, end) in [
        ("EpisodeOfCare", CHOICE, "finished"),
        ("Coverage", ASSISTANCE, "cancelled"),
    ] {
        let own = open(fhir, rtype, system, survivor).await?;
        for theirs in open(fhir, rtype, system, other).await? {
            // A person has one assistance and one doctor, a paediatrician or one for a time included.
            if own.is_empty() {
                stays |= rtype == "EpisodeOfCare";
                continue;
            }
            let mut after = theirs.clone();
            after["status"] = json!(end);
            after["period"]["end"] = json!(day);
            repoint(&mut after, &format!("Patient/{other}"), &format!("Patient/{survivor}"));
            closed.push((theirs, after));
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
/// There is no such merge; the hub cannot be reached; others write the same resources again and again.
pub(crate) async fn resume(fhir: &Fhir, id: &str) -> Result<Kept, MergeError> {
    let mut merge = find(fhir, id).await?;
    if merge.state != MOVING && merge.state != DONE {
        return Err(MergeError::Refused("match-refused-state"));
    }
    loop {
        let gathered = pointing(fhir, merge.get("tolta")).await?;
        let mut moved = 0;
        for chunk in gathered.chunks(AT_ONCE) {
            moved += move_leaf(fhir, &mut merge, chunk).await?;
        }
        if moved == 0 {
            break;
        }
    }
    merge.state = DONE.to_owned();
    merge.save(fhir).await?;
    Ok(merge)
}

/// The ledger of a merge.
pub(crate) async fn find(fhir: &Fhir, id: &str) -> Result<Kept, MergeError> {
    let found = Kept::find(fhir, MERGE, id).await?;
    found.ok_or(MergeError::Refused("match-refused-unknown"))
}

/// The resources that point to a record and are to follow, `Type/id`.
pub(crate) async fn pointing(fhir: &Fhir, patient: &str) -> Result<Vec<String>, PeerError> {
    let own = format!("Patient/{patient}");
    let mut gathered = vec![];
    let mut gather = |page: Vec<Value>| {
        for mut one in page {
            let name = format!("{}/{}", text(&one["resourceType"]), text(&one["id"]));
            let alone = rules()
                .left_alone
                .iter()
                .any(|rtype| one["resourceType"] == rtype.as_str());
            if !alone && !is_of_process(&one) && !repoint(&mut one, &own, "").is_empty() && !gathered.contains(&name) {
                gathered.push(name);
            }
        }
        gathered.len() < GATHERED
    };
    let count = [("_count", "200")];
    fhir.walk(&format!("{own}/$everything"), &count, &mut gather).await?;
    // what points to a person without being about them
    fhir.walk("List", &[("item", own.as_str()), ("_count", "200")], &mut gather)
        .await?;
    Ok(gathered)
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
                *merge = find(fhir, &merge.id).await?;
                return Ok(moved.len());
            }
            Err(error) if error.is_conflict() && attempt < TRIES => *merge = find(fhir, &merge.id).await?,
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
