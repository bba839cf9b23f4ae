//! A list from the command line: proposals, and the sure ones written.

use super::api;
use super::differences::Difference;
use super::job::{self, Counts, Stage};
use super::page::begin;
use super::plan::{Fate, Plan};
use super::run;
use crate::pages::now;
use crate::register::Kept;
use component::{Context, PeerError};
use jiff::civil::Date;
use web::csv::Csv;

/// What became of a list.
pub struct Imported {
    /// The proposals, as CSV.
    pub csv: String,
    /// The proposals, as JSON.
    pub json: serde_json::Value,
    /// What was written, and the id under which it can be taken back; `None` when nothing was to be.
    pub written: Option<(String, String)>,
}

fn told(counts: Counts) -> String {
    format!(
        "{} new, {} changed, {} as they were, {} rows left out",
        counts.new, counts.changed, counts.same, counts.left
    )
}

/// Compares a list with the registry. `columns`: `name of the column` and `field`, over what is guessed. `write`: writes what is
/// sure; `new`: also structures that the registry has not.
///
/// # Errors
/// A column that there is not, or the hub's.
pub async fn import(
    context: &Context,
    name: &str,
    file: &Csv,
    columns: &[(String, String)],
    kind: &str,
    (write, new): (bool, bool),
) -> Result<Imported, PeerError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let register = Kept::default().get(&fhir, context.clock.now()).await?;
    let today: Date = now(context.clock.now()).date();
    let earlier = job::latest(&fhir).await?;
    let mut job = begin(context.ids.next(), file, &earlier);
    (job.file, job.by, job.by_name) = (
        name.to_owned(),
        access::Actor::system().subject,
        access::Actor::system().name,
    );
    job.at = context.clock.now().to_string();
    if !kind.is_empty() {
        job.kind = kind.to_owned();
    }
    for (column, field) in columns {
        let at = job.header.iter().position(|name| name == column);
        let known = super::rules::rules().columns.iter().any(|one| one.field == *field);
        match at.filter(|_| known) {
            Some(at) => job.mapping[at].clone_from(field),
            None => {
                let fields: Vec<&str> = super::rules::rules()
                    .columns
                    .iter()
                    .map(|one| one.field.as_str())
                    .collect();
                return Err(PeerError::Malformed(format!(
                    "--column {column}={field}: the file has the columns {}; fields are {}",
                    job.header.join(", "),
                    fields.join(", ")
                )));
            }
        }
    }
    let mut plan = Plan::of(&job, file, &register, today);
    let mut imported = Imported {
        csv: api::csv(&plan, &register),
        json: serde_json::to_value(api::of(&plan)).unwrap_or_default(),
        written: None,
    };
    if !new {
        for line in plan.lines.iter_mut().filter(|line| line.fate == Fate::New) {
            line.fate = Fate::Nothing;
        }
    }
    let wins = |one: &Difference| one.list_wins;
    let due = plan
        .lines
        .iter()
        .any(|line| line.fate == Fate::New || line.differences.iter().any(wins));
    if write && due {
        job.stage = Stage::Review;
        job::save_file(&fhir, &job.id, file).await?;
        run::apply(&fhir, &mut job, &plan, today).await?;
        imported.written = Some((told(job.counts), job.id));
    }
    Ok(imported)
}
