//! Writing what is planned of a list, a batch in one commit, and taking it back. Either may stop and be asked for again: what is
//! written already is no difference any more, what is taken back is there no more.

use super::job::{self, Counts, Job, Stage};
use super::plan::{Fate, Line, Plan};
use super::write::{self, Present};
use crate::change::entry;
use crate::model::site_of;
use component::{Before, Fhir, PeerError};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Structures written in one commit.
const BATCH: usize = 40;
/// Resources of one type that a list wrote, at most.
const MOST: usize = 25_000;
/// What a structure is made of, what refers to others first.
const TYPES: [&str; 4] = [
    "HealthcareService",
    "OrganizationAffiliation",
    "Location",
    "Organization",
];

async fn commit(fhir: &Fhir, entries: Vec<Value>) -> Result<(), PeerError> {
    if entries.is_empty() {
        return Ok(());
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await.map(drop)
}

/// What somebody decided of structures that the list lacks.
fn ceasing<'a>(job: &'a Job, plan: &'a Plan) -> Vec<&'a String> {
    plan.missing.iter().filter(|id| job.ceases.contains(*id)).collect()
}

/// Writes a plan. `again`: what was counted when it stopped is kept.
///
/// # Errors
/// Somebody changed a structure meanwhile, or the hub refuses something: what was written until then stays, and is not written
/// again.
pub async fn apply(fhir: &Fhir, job: &mut Job, plan: &Plan, day: Date) -> Result<(), PeerError> {
    let source = job.source();
    let mut counts = match job.stage {
        Stage::Writing => job.counts,
        _ => Counts::default(),
    };
    (counts.same, counts.left) = (0, 0);
    let before = counts.new + counts.changed;
    job.stage = Stage::Writing;
    job::save(fhir, job).await?;
    for line in &plan.lines {
        match &line.fate {
            Fate::Nothing => counts.left += 1,
            Fate::Is(_) if !line.writes() => counts.same += 1,
            _ => {}
        }
    }
    // Those that were written before it stopped are among the same now.
    counts.same = counts.same.saturating_sub(before);
    let due: Vec<&Line> = plan.lines.iter().filter(|line| line.writes()).collect();
    for lines in due.chunks(BATCH) {
        let present = present(fhir, lines).await?;
        let mut entries = Vec::new();
        for line in lines {
            let made = match &line.fate {
                Fate::New => {
                    counts.new += 1;
                    write::new(&line.row, day, &source)
                }
                Fate::Is(id) => {
                    counts.changed += 1;
                    let there = present.get(id).cloned().unwrap_or_default();
                    write::changed(&line.row, &there, &line.differences, day, &source)
                }
                Fate::Nothing => continue,
            };
            entries.extend(made.iter().map(entry));
        }
        commit(fhir, entries).await?;
        job.counts = counts;
        job::save(fhir, job).await?;
    }
    for ids in ceasing(job, plan).chunks(BATCH) {
        let mut entries = Vec::new();
        for id in ids {
            let one = fhir.read("Organization", id).await?;
            entries.push(entry(&write::ceased(one, day, &source)));
        }
        counts.ceased += entries.len();
        commit(fhir, entries).await?;
    }
    job.counts = counts;
    job.stage = Stage::Done;
    job::save(fhir, job).await
}

fn id_of(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_default().to_owned()
}

/// The structure that a resource is of.
fn owner(resource: &Value) -> String {
    let reference = match resource["resourceType"].as_str() {
        Some("Location") => &resource["managingOrganization"]["reference"],
        Some("HealthcareService") => &resource["providedBy"]["reference"],
        Some("OrganizationAffiliation") => &resource["participatingOrganization"]["reference"],
        _ => return id_of(resource),
    };
    let reference = reference.as_str().unwrap_or_default();
    reference.trim_start_matches("Organization/").to_owned()
}

/// What the hub has of the structures that some lines are.
async fn present(fhir: &Fhir, lines: &[&Line]) -> Result<HashMap<String, Present>, PeerError> {
    let ids: Vec<&str> = lines
        .iter()
        .filter_map(|line| match &line.fate {
            Fate::Is(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let mut found: HashMap<String, Present> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let joined = |made: fn(&str) -> String| ids.iter().map(|id| made(id)).collect::<Vec<_>>().join(",");
    let organizations = joined(|id| format!("Organization/{id}"));
    let asked = [
        ("HealthcareService", "organization", organizations.clone()),
        ("Organization", "_id", joined(str::to_owned)),
        ("Location", "_id", joined(site_of)),
        ("OrganizationAffiliation", "participating-organization", organizations),
    ];
    for (rtype, parameter, values) in asked {
        let params = [(parameter, values.as_str()), ("_count", "200")];
        for one in fhir.search_all(rtype, &params, MOST).await? {
            let structure = found.entry(owner(&one)).or_default();
            match rtype {
                "Organization" => structure.organization = one,
                "HealthcareService" => structure.services.push(one),
                "Location" => structure.site = Some(one),
                _ => structure.affiliations.push(one),
            }
        }
    }
    Ok(found)
}

/// Takes back what a list wrote, a structure as a whole: one of which somebody changed anything since, or upon which something else
/// depends now, stays as it is.
///
/// # Errors
/// The hub does not answer, or somebody changes a structure at this moment.
pub async fn undo(fhir: &Fhir, job: &mut Job) -> Result<(), PeerError> {
    let source = job.source();
    let mut structures: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for rtype in TYPES {
        let asked = [("_source", source.as_str()), ("_count", "200")];
        for one in fhir.search_all(rtype, &asked, MOST).await? {
            structures.entry(owner(&one)).or_default().push(one);
        }
    }
    job.kept = 0;
    let mut entries = Vec::new();
    for (id, resources) in structures {
        match back(fhir, job, &id, &resources).await? {
            Some(made) => {
                entries.extend(made);
                job.undone += 1;
            }
            None => job.kept += 1,
        }
        if entries.len() >= 2 * BATCH {
            commit(fhir, std::mem::take(&mut entries)).await?;
            job::save(fhir, job).await?;
        }
    }
    commit(fhir, entries).await?;
    job.stage = Stage::Undone;
    job::save(fhir, job).await
}

/// What takes a structure back; `None`: it stays.
async fn back(fhir: &Fhir, job: &Job, id: &str, resources: &[Value]) -> Result<Option<Vec<Value>>, PeerError> {
    let mut entries = Vec::new();
    for one in resources {
        let rtype = one["resourceType"].as_str().unwrap_or_default();
        let url = format!("{rtype}/{}", id_of(one));
        let matching = format!("W/\"{}\"", one["meta"]["versionId"].as_str().unwrap_or_default());
        match fhir.before(one).await? {
            Before::ChangedSince => return Ok(None),
            Before::Nothing if rtype == "Organization" && is_used(fhir, id, resources).await? => return Ok(None),
            Before::Nothing => {
                entries.push(json!({"request": {"method": "DELETE", "url": url, "ifMatch": matching}}));
            }
            Before::Was(mut before) => {
                if !before["meta"]["source"].is_string() {
                    before["meta"]["source"] =
                        json!(format!("{}{}#annullato-{}", crate::names::SIGNED, job.by, job.id));
                }
                entries
                    .push(json!({"resource": before, "request": {"method": "PUT", "url": url, "ifMatch": matching}}));
            }
        }
    }
    Ok(Some(entries))
}

/// Whether something that the list did not write refers to a structure.
async fn is_used(fhir: &Fhir, id: &str, own: &[Value]) -> Result<bool, PeerError> {
    let reference = format!("Organization/{id}");
    for (rtype, parameter) in [
        ("HealthcareService", "organization"),
        ("PractitionerRole", "organization"),
        ("Organization", "partof"),
        ("Location", "organization"),
        ("OrganizationAffiliation", "participating-organization"),
        ("OrganizationAffiliation", "primary-organization"),
    ] {
        let found = fhir.search(rtype, &[(parameter, &reference), ("_count", "20")]).await?;
        let is_own = |one: &Value| {
            own.iter()
                .any(|own| own["resourceType"] == rtype && own["id"] == one["id"])
        };
        if !found.iter().all(is_own) {
            return Ok(true);
        }
    }
    Ok(false)
}
