//! Writing the rows of an import, a batch in one commit. Stopped and begun again, it goes on where it was.

use super::job::{self, Job, Stage};
use super::row;
use crate::person::check::check;
use crate::person::{build, write};
use crate::{App, people};
use access::Actor;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::HashSet;
use web::csv::Csv;
use web::{Lang, Texts};

/// Rows written in one commit.
pub(super) const BATCH: usize = 50;
/// Refused lines kept.
const REFUSED: usize = 500;

/// Which import a version was written by, as it signs it.
pub(super) fn door(job: &Job) -> String {
    format!("importazione-{}", job.id)
}

/// Writes all rows from where it is.
pub(super) async fn run(app: App, actor: Actor, id: String) {
    if let Err(error) = all(&app, &actor, &id).await {
        tracing::warn!(%error, import = %id, "an import stopped; it goes on when it is started again");
    }
}

async fn all(app: &App, actor: &Actor, id: &str) -> Result<(), PeerError> {
    let system = app.system();
    let (Some(mut job), Some(csv)) = (job::load(&system, id).await?, job::file(&system, id).await?) else {
        return Ok(());
    };
    let texts = crate::texts(Lang::It);
    let today = web::local_date(app.context.clock.now());
    // People of the rows that are done already: the second row of one person is no second record.
    let mut seen: HashSet<String> = HashSet::new();
    for cells in &csv.rows[..job.done.min(csv.rows.len())] {
        let (sent, checked) = row::checked(&texts, &job.mapping, cells, today);
        seen.insert(row::id(&build::patient(None, &sent, &checked)));
    }
    while job.done < csv.rows.len() && job.stage == Stage::Running {
        let batch = Batch {
            app,
            actor,
            csv: &csv,
            texts: &texts,
            today,
        };
        batch.write(&mut job, &mut seen).await?;
        job.beat = app.context.clock.now().to_string();
        job::save(&system, &job).await?;
    }
    job.stage = Stage::Done;
    job::save(&system, &job).await
}

struct Batch<'a> {
    app: &'a App,
    actor: &'a Actor,
    csv: &'a Csv,
    texts: &'a Texts,
    today: Date,
}

/// A row that is to be written.
struct Ready {
    line: usize,
    patient: Value,
    is_new: bool,
}

impl Batch<'_> {
    async fn write(&self, job: &mut Job, seen: &mut HashSet<String>) -> Result<(), PeerError> {
        let end = (job.done + BATCH).min(self.csv.rows.len());
        let mut rows = vec![];
        for at in job.done..end {
            let (sent, checked) = row::checked(self.texts, &job.mapping, &self.csv.rows[at], self.today);
            if !checked.errors.is_empty() {
                job.wrong += 1;
                continue;
            }
            let patient = build::patient(None, &sent, &checked);
            match seen.insert(row::id(&patient)) {
                true => rows.push((self.csv.lines[at], sent, patient)),
                false => job.known += 1,
            }
        }
        let there = self.there(rows.iter().map(|(_, _, patient)| patient)).await?;
        let mut ready = vec![];
        for (line, sent, mut patient) in rows {
            let id = row::id(&patient);
            let code = people::main_code(&patient).map(|(_, code)| code.to_owned());
            let same = |other: &&Value| {
                other["id"] == id.as_str()
                    || code
                        .as_ref()
                        .is_some_and(|code| people::items(other, "identifier").any(|one| one["value"] == code.as_str()))
            };
            match there.iter().find(same) {
                // Written by this import before it was stopped: done already.
                Some(stored) if write::signature(stored).is_some_and(|(_, own)| own == door(job)) => count(job, stored),
                Some(_) if !job.update => job.known += 1,
                Some(stored) => {
                    let form = row::over(stored, &sent, &job.mapping);
                    let checked = check(self.texts, &form, self.today);
                    if !checked.errors.is_empty() {
                        job.wrong += 1;
                        continue;
                    }
                    let changed = build::patient(Some(stored), &form, &checked);
                    match changed == *stored {
                        true => job.known += 1,
                        false => ready.push(self.signed(job, line, changed, false)),
                    }
                }
                None => {
                    patient["id"] = json!(id);
                    ready.push(self.signed(job, line, patient, true));
                }
            }
        }
        self.commit(job, ready).await?;
        job.done = end;
        Ok(())
    }

    fn signed(&self, job: &Job, line: usize, mut patient: Value, is_new: bool) -> Ready {
        write::sign(&mut patient, self.actor, &door(job));
        Ready { line, patient, is_new }
    }

    /// Whoever is there of these people: by code and by the id they would get.
    async fn there(&self, people: impl Iterator<Item = &Value>) -> Result<Vec<Value>, PeerError> {
        let (mut codes, mut ids) = (vec![], vec![]);
        for patient in people {
            codes.extend(people::main_code(patient).map(|(_, code)| code.to_owned()));
            ids.push(row::id(patient));
        }
        // Whoever the operator may not see is there, too.
        let fhir = self.app.system();
        let mut found = vec![];
        for (param, values) in [("identifier", codes), ("_id", ids)] {
            if !values.is_empty() {
                found.extend(
                    fhir.search("Patient", &[(param, &values.join(",")), ("_count", "200")])
                        .await?,
                );
            }
        }
        Ok(found)
    }

    /// New people as the program, which alone chooses ids; changes as the operator, who may not change everybody.
    async fn commit(&self, job: &mut Job, ready: Vec<Ready>) -> Result<(), PeerError> {
        let (new, changed): (Vec<Ready>, Vec<Ready>) = ready.into_iter().partition(|one| one.is_new);
        let (done, refused) = together(&self.app.system(), &new).await?;
        job.created += done;
        job.refused.extend(refused);
        let (done, refused) = together(&self.app.fhir_as(self.actor), &changed).await?;
        job.updated += done;
        job.refused.extend(refused);
        job.refused.truncate(REFUSED);
        Ok(())
    }
}

/// All in one commit; where the hub refuses it, each alone, so that one bad row is only itself. How many were written, and the
/// lines of the others.
async fn together(fhir: &Fhir, ready: &[Ready]) -> Result<(usize, Vec<usize>), PeerError> {
    if ready.is_empty() {
        return Ok((0, vec![]));
    }
    let all: Vec<Value> = ready.iter().map(|one| one.patient.clone()).collect();
    let refuses = |error: &PeerError| matches!(error, PeerError::Status { status, .. } if status.is_client_error());
    match write::commit(fhir, &all).await {
        Ok(()) => return Ok((ready.len(), vec![])),
        Err(error) if refuses(&error) => {}
        Err(error) => return Err(error),
    }
    let mut refused = vec![];
    for one in ready {
        match write::commit(fhir, std::slice::from_ref(&one.patient)).await {
            Ok(()) => {}
            Err(error) if refuses(&error) => refused.push(one.line),
            Err(error) => return Err(error),
        }
    }
    Ok((ready.len() - refused.len(), refused))
}

fn count(job: &mut Job, stored: &Value) {
    match stored["meta"]["versionId"].as_str() {
        Some("1") => job.created += 1,
        _ => job.updated += 1,
    }
}
