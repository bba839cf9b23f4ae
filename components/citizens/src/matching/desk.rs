//! `/anagrafe/doppioni`: the pairs to look at, the heaviest first; the search for duplicates; its report.

use super::kept::Kept;
use super::pair;
use super::run::{self, Progress, Report};
use super::show::{name_of, probability};
use crate::App;
use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse as _;
use component::Fhir;
use http::header;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use web::{Answer, Flash, Page};

/// Pairs shown at once.
const SHOWN: usize = 50;

/// The run of this process, if one goes on: there is one program in a process.
static PROGRESS: LazyLock<Arc<Progress>> = LazyLock::new(Arc::default);

#[derive(Template)]
#[template(path = "match_queue.html")]
struct Queue {
    page: Page,
    pairs: Vec<Row>,
    open: u64,
    proposed: Vec<Row>,
    later: Vec<Row>,
    run: Option<RunShown>,
    running: Option<(String, u64)>,
    merging: u64,
}

/// One pair in a list.
struct Row {
    id: String,
    names: (String, String),
    born: String,
    probability: String,
    certain: bool,
}

/// The last run.
struct RunShown {
    ended: String,
    failed: String,
    report: Option<Report>,
    organizations: Vec<(String, u64, u64)>,
}

/// `GET /anagrafe/doppioni`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let (system, own) = (app.system(), app.fhir(&page));
    let pairs = Kept::list(&system, pair::PAIR, pair::OPEN, SHOWN).await?;
    let proposed = Kept::list(&system, pair::PAIR, pair::PROPOSED, SHOWN).await?;
    let later = Kept::list(&system, pair::PAIR, pair::LATER, SHOWN).await?;
    let running = PROGRESS.now().map(|(step, done, of)| {
        let text = page.t(&format!("match-step-{step}"));
        (text, (done * 100 / of.max(1)).min(100))
    });
    let mut response = web::show(&Queue {
        open: Kept::count(&system, pair::PAIR, pair::OPEN).await?,
        pairs: rows(&own, &page, pairs).await?,
        proposed: rows(&own, &page, proposed).await?,
        later: rows(&own, &page, later).await?,
        run: last_run(&own, &system, &page).await?,
        merging: Kept::count(&system, super::merge::ledger::MERGE, super::merge::ledger::MOVING).await?,
        running: running.clone(),
        page: page.titled("match-title").crumb("/anagrafe", "citizens-title"),
    })?;
    if running.is_some() {
        // while a search runs the page comes again by itself, so that its progress is seen
        response
            .headers_mut()
            .insert("refresh", http::HeaderValue::from_static("5"));
    }
    Ok(response)
}

async fn rows(own: &Fhir, page: &Page, pairs: Vec<Kept>) -> Result<Vec<Row>, web::Failure> {
    let mut rows = vec![];
    for one in pairs {
        let (a, b) = pair::records(&one);
        // as whoever looks: a record that they may not see does not exist
        let (Some(left), Some(right)) = (own.find("Patient", a).await?, own.find("Patient", b).await?) else {
            continue;
        };
        let day = |one: &Value| page_date(one);
        let (born, other) = (day(&left), day(&right));
        rows.push(Row {
            names: (name_of(&left), name_of(&right)),
            born: if born == other {
                born
            } else {
                format!("{born} / {other}")
            },
            probability: probability(page, one.number("peso")),
            certain: one.get("banda") == "certa",
            id: one.id,
        });
    }
    Ok(rows)
}

fn page_date(one: &Value) -> String {
    let text = one["birthDate"].as_str().unwrap_or("–");
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, month, day] => format!("{day}/{month}/{year}"),
        _ => text.to_owned(),
    }
}

async fn last_run(own: &Fhir, system: &Fhir, page: &Page) -> Result<Option<RunShown>, web::Failure> {
    let Some(kept) = Kept::find(system, run::RUN, run::RUN_ID).await? else {
        return Ok(None);
    };
    let report: Option<Report> = serde_json::from_str(kept.get("rapporto")).ok();
    let mut organizations = vec![];
    for (reference, (certain, review)) in report.iter().flat_map(|report| &report.by_organization) {
        organizations.push((organization(own, page, reference).await?, *certain, *review));
    }
    organizations.sort_by_key(|(_, certain, review)| std::cmp::Reverse(certain + review));
    let ended = kept.get("finita").parse().map(|at| page.date_time(&at));
    Ok(Some(RunShown {
        ended: ended.unwrap_or_default(),
        failed: if kept.state == run::FAILED {
            kept.get("errore").to_owned()
        } else {
            String::new()
        },
        report,
        organizations,
    }))
}

async fn organization(own: &Fhir, page: &Page, reference: &str) -> Result<String, web::Failure> {
    if reference.is_empty() {
        return Ok(page.t("match-no-organization"));
    }
    let found = own.resolve(reference).await?;
    let named = found.and_then(|one| one["name"].as_str().map(str::to_owned));
    Ok(named.unwrap_or_else(|| reference.to_owned()))
}

/// `POST /anagrafe/doppioni/cerca`: looks for duplicates in the whole registry, while the desk goes on.
pub(crate) async fn search(State(app): State<App>, page: Page) -> Answer {
    let context = app.context.clone();
    match run::begin(&context, &page.actor().subject, &PROGRESS).await {
        Ok(begun) => {
            tokio::spawn(async move {
                if let Err(error) = run::carry_out(&context, begun, &PROGRESS).await {
                    tracing::error!(%error, "the search for duplicates was interrupted");
                }
            });
            page.redirect("/anagrafe/doppioni", Flash::success(page.t("match-run-begun")))
        }
        Err(run::RunError::Running) => page.redirect("/anagrafe/doppioni", Flash::warning(page.t("match-run-already"))),
        Err(run::RunError::Peer(error)) => Err(error.into()),
        Err(error) => Err(web::Failure::Internal(error.to_string())),
    }
}

/// `GET /anagrafe/doppioni.csv`: the open pairs, without names.
pub(crate) async fn csv(State(app): State<App>, _: Page) -> Answer {
    let system = app.system();
    let mut text = String::from("scheda_1,scheda_2,peso,banda,stato,enti\r\n");
    for state in [pair::OPEN, pair::PROPOSED, pair::LATER] {
        for one in Kept::list(&system, pair::PAIR, state, run::MAX_PAIRS).await? {
            let (a, b) = pair::records(&one);
            let row = [a, b, one.get("peso"), one.get("banda"), state, one.get("enti")].map(cell);
            text.push_str(&row.join(","));
            text.push_str("\r\n");
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"doppioni.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

/// A cell of a CSV file: quoted where it must be, and never a formula for a spreadsheet.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '@']) || (text.starts_with('-') && text.parse::<f64>().is_err());
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(cell("-3.20"), "-3.20");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
