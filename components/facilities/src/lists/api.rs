//! Proposals as files and over the API: `GET /strutture/elenchi/{id}/proposte.csv`, `POST /facilities/lists/proposals`.

use super::MAX_ROWS;
use super::differences::Difference;
use super::page::{begin, found};
use super::plan::{Fate, Line, Plan};
use super::propose::{Candidate, Verdict};
use crate::App;
use crate::pages::now;
use crate::register::Register;
use crate::rules as tables;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::Failure;
use web::csv::{self, Csv};

/// Columns of the file.
const COLUMNS: [&str; 9] = [
    "riga",
    "proposta",
    "struttura",
    "nome_registro",
    "nome_elenco",
    "somiglianza",
    "motivi",
    "differenze",
    "errori",
];

/// How a list is read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Manner {
    /// Kind of the rows that say none.
    kind: String,
    /// Where the list is whole: `regione`, or the id of an ASL; nothing is said to be missing without it.
    whole: String,
}

/// What is wrong with a cell.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fault {
    field: &'static str,
    rule: &'static str,
    value: String,
}

/// A row with what is proposed of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Proposed {
    /// Line of the file.
    pub line: usize,
    /// Name in the list.
    pub name: String,
    /// `same`, `perhaps`, `new`, `wrong`, `elsewhere`.
    pub verdict: Verdict,
    /// The structure it surely is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<String>,
    /// The structures it may be.
    pub candidates: Vec<Candidate>,
    /// Fields in which list and registry differ.
    pub differences: Vec<Difference>,
    /// What is wrong with the row.
    pub wrong: Vec<Fault>,
}

/// Proposals for a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Proposals {
    /// The rows, in their order.
    pub rows: Vec<Proposed>,
    /// Ids of structures that the list lacks, where it is said to be whole.
    pub missing: Vec<String>,
}

fn proposed(line: &Line) -> Proposed {
    let wrong = line.row.wrong.iter().map(|one| Fault {
        field: one.field,
        rule: one.rule,
        value: one.value.clone(),
    });
    Proposed {
        line: line.row.line,
        name: line.row.name.clone(),
        verdict: line.proposal.verdict,
        structure: match &line.fate {
            Fate::Is(id) => Some(id.clone()),
            _ => None,
        },
        candidates: line.proposal.candidates.clone(),
        differences: line.differences.clone(),
        wrong: wrong.collect(),
    }
}

/// The proposals of a plan.
pub fn of(plan: &Plan) -> Proposals {
    Proposals {
        rows: plan.lines.iter().map(proposed).collect(),
        missing: plan.missing.clone(),
    }
}

/// The proposals of a plan, a line each.
pub fn csv(plan: &Plan, register: &Register) -> String {
    let mut text = csv::line(&COLUMNS.map(str::to_owned), ',');
    for line in &plan.lines {
        let one = proposed(line);
        let first = one.candidates.first();
        let id = one
            .structure
            .clone()
            .or_else(|| first.map(|one| one.id.clone()))
            .unwrap_or_default();
        let differences = one.differences.iter().map(|one| {
            let sign = if one.list_wins { "→" } else { "≠" };
            format!("{}: {} {sign} {}", one.field, one.registry, one.list)
        });
        let wrong = one
            .wrong
            .iter()
            .map(|one| format!("{}: {} ({})", one.field, one.rule, one.value));
        text.push_str(&csv::line(
            &[
                one.line.to_string(),
                one.verdict.code().to_owned(),
                id.clone(),
                if id.is_empty() {
                    String::new()
                } else {
                    register.name(&id)
                },
                one.name.clone(),
                first.map(|one| format!("{:.3}", one.name)).unwrap_or_default(),
                first.map(|one| one.reasons.join(" ")).unwrap_or_default(),
                differences.collect::<Vec<_>>().join("; "),
                wrong.collect::<Vec<_>>().join("; "),
            ],
            ',',
        ));
    }
    for id in &plan.missing {
        let mut cells = vec![String::new(); COLUMNS.len()];
        (cells[1], cells[2], cells[3]) = ("missing".to_owned(), id.clone(), register.name(id));
        text.push_str(&csv::line(&cells, ','));
    }
    text
}

/// `GET /strutture/elenchi/{id}/proposte.csv`.
pub(crate) async fn file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let (job, file) = found(&app, &id).await?;
    let register = app.register().await?;
    let plan = Plan::of(&job, &file, &register, today(&app));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"proposte.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, csv(&plan, &register)).into_response())
}

fn today(app: &App) -> Date {
    now(app.context.clock.now()).date()
}

/// `POST /facilities/lists/proposals?kind=&whole=`: a CSV file in the body.
pub(crate) async fn proposals(
    State(app): State<App>,
    Query(manner): Query<Manner>,
    body: Bytes,
) -> Result<Json<Proposals>, Failure> {
    let file = Csv::read(&body).map_err(|error| Failure::Unprocessable(error.to_string()))?;
    if file.rows.len() > MAX_ROWS {
        return Err(Failure::Unprocessable(format!(
            "the file has more than {MAX_ROWS} rows: send it in parts"
        )));
    }
    if !manner.kind.is_empty() && tables::kind(&manner.kind).is_none() {
        return Err(Failure::Unprocessable(format!(
            "kind: '{}' is no kind of structure",
            manner.kind
        )));
    }
    let mut job = begin(String::new(), &file, &[]);
    (job.kind, job.whole) = (manner.kind, manner.whole);
    let register = app.register().await?;
    let plan = Plan::of(&job, &file, &register, today(&app));
    Ok(Json(of(&plan)))
}
