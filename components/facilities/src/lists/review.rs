//! `/strutture/elenchi/{id}`: the rows of a list with what is proposed of each, and what somebody decides.

use super::differences::Difference;
use super::job::{Decision, Job, Stage};
use super::page::{found, open, stage, when};
use super::plan::{Fate, Line, Plan, in_words};
use super::propose::{Candidate, Verdict};
use super::{job, rules::rules};
use crate::App;
use crate::find::{Asked, find};
use crate::pages::{kind_name, now, where_is};
use crate::register::Register;
use crate::rules as tables;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use web::csv::{self, Shown};
use web::{Answer, Failure, Flash, Page};

/// Rows of a page.
const PAGE: usize = 20;
/// Rows that somebody decides about, of one list, at most.
const DECISIONS: usize = 5_000;
/// What can be looked at, in the order of the page.
const VIEWS: [&str; 7] = ["perhaps", "changes", "new", "same", "wrong", "elsewhere", "missing"];

/// A structure that a row may be.
struct May {
    id: String,
    name: String,
    detail: String,
    score: String,
    reasons: Vec<String>,
    chosen: bool,
}

/// A field in which list and registry differ.
struct Field {
    code: &'static str,
    name: String,
    registry: String,
    list: String,
    list_wins: bool,
}

/// A row as it is shown.
struct Row {
    line: usize,
    name: String,
    detail: String,
    fate: String,
    open: bool,
    may_be: Vec<May>,
    /// `nuova`, `ignora`, `altra`; empty when a structure is chosen.
    choice: &'static str,
    lacks: Vec<String>,
    fields: Vec<Field>,
    wrong: Vec<String>,
}

/// A view that can be chosen.
struct View {
    code: &'static str,
    name: String,
    count: usize,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    page: Page,
    job: Job,
    at: String,
    stage: &'static str,
    columns: Vec<Shown>,
    fields: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    places: Vec<(String, String)>,
    views: Vec<View>,
    view: &'static str,
    rows: Vec<Row>,
    missing: Vec<(String, String, String, bool)>,
    next: Option<String>,
    writes: usize,
    new: usize,
    undecided: usize,
    ceasing: usize,
    editable: bool,
}

/// Which rows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    vista: String,
    pagina: String,
}

fn is_in(view: &str, line: &Line) -> bool {
    match view {
        "perhaps" => line.proposal.verdict == Verdict::Perhaps,
        "changes" => matches!(line.fate, Fate::Is(_)) && !line.differences.is_empty(),
        "same" => matches!(line.fate, Fate::Is(_)) && line.differences.is_empty(),
        "new" => line.proposal.verdict == Verdict::New,
        "wrong" => line.proposal.verdict == Verdict::Wrong,
        "elsewhere" => line.proposal.verdict == Verdict::Elsewhere,
        _ => false,
    }
}

fn views(page: &Page, plan: &Plan, asked: &str) -> Vec<View> {
    let mut all: Vec<View> = VIEWS
        .iter()
        .map(|code| View {
            code,
            name: page.named("lists-view", code),
            count: match *code {
                "missing" => plan.missing.len(),
                code => plan.lines.iter().filter(|line| is_in(code, line)).count(),
            },
            chosen: *code == asked,
        })
        .collect();
    // Without a choice: what waits for somebody, else the first that has anything.
    if !all.iter().any(|view| view.chosen)
        && let Some(first) = all.iter_mut().find(|view| view.count > 0)
    {
        first.chosen = true;
    }
    all
}

/// `GET /strutture/elenchi/{id}?vista=&pagina=`.
pub(crate) async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let (job, file) = found(&app, &id).await?;
    let register = app.register().await?;
    let plan = Plan::of(&job, &file, &register, now(page.now()).date());
    let views = views(&page, &plan, &which.vista);
    let view = views
        .iter()
        .find(|view| view.chosen)
        .map_or("perhaps", |view| view.code);
    let number = which.pagina.parse::<usize>().unwrap_or(1).max(1);
    let lines: Vec<&Line> = plan.lines.iter().filter(|line| is_in(view, line)).collect();
    let skipped = (number - 1).saturating_mul(PAGE);
    let rows = lines
        .iter()
        .skip(skipped)
        .take(PAGE)
        .map(|line| row(&page, &register, line));
    let more = skipped + PAGE < lines.len();
    web::show(&ListPage {
        at: when(&page, &job),
        stage: stage(&job),
        columns: csv::shown(&job.header, &job.mapping, Some(&file)),
        fields: fields(&page),
        kinds: tables::kinds()
            .iter()
            .map(|kind| (kind.code.clone(), kind.of(page.lang()).to_owned()))
            .collect(),
        places: register
            .asls()
            .iter()
            .map(|asl| (asl.id.clone(), asl.name.clone()))
            .collect(),
        rows: rows.collect(),
        missing: missing(&page, &register, &job, &plan),
        next: more.then(|| format!("/strutture/elenchi/{id}?vista={view}&pagina={}", number + 1)),
        writes: plan
            .lines
            .iter()
            .filter(|line| matches!(line.fate, Fate::Is(_)) && line.writes())
            .count(),
        new: plan.lines.iter().filter(|line| line.fate == Fate::New).count(),
        undecided: plan.lines.iter().filter(|line| line.open()).count(),
        ceasing: plan.missing.iter().filter(|id| job.ceases.contains(*id)).count(),
        editable: job.stage == Stage::Review,
        views,
        view,
        page: page
            .with_title(job.file.clone())
            .crumb("/strutture", "structures-title")
            .crumb("/strutture/elenchi", "lists-title"),
        job,
    })
}

fn fields(page: &Page) -> Vec<(String, String)> {
    let columns = rules().columns.iter();
    columns
        .map(|column| (column.field.clone(), page.named("lists-field", &column.field)))
        .collect()
}

fn missing(page: &Page, register: &Register, job: &Job, plan: &Plan) -> Vec<(String, String, String, bool)> {
    let found = plan.missing.iter().filter_map(|id| register.get(id));
    found
        .map(|one| {
            let detail = format!("{} · {}", kind_name(page, &one.kind), where_is(one));
            (one.id.clone(), one.name.clone(), detail, job.ceases.contains(&one.id))
        })
        .collect()
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join(" · ")
}

fn row(page: &Page, register: &Register, line: &Line) -> Row {
    let listed = &line.row;
    let place = listed.place.map_or("", |place| place.name);
    let address = match (listed.address.as_str(), place) {
        ("", place) => place.to_owned(),
        (street, "") => street.to_owned(),
        (street, place) => format!("{street}, {place}"),
    };
    let codes = listed.codes.iter().map(|(kind, code)| format!("{kind} {code}"));
    // Of a structure with hundreds of rows the first ones do.
    let others: Vec<String> = listed.gathered.iter().take(12).map(usize::to_string).collect();
    let cut = if listed.gathered.len() > others.len() {
        "…"
    } else {
        ""
    };
    let others = Some(others.join(", ") + cut).filter(|text| !text.is_empty());
    let gathered = others.map(|lines| page.t1("lists-gathered", "lines", lines.as_str()));
    let is = match &line.fate {
        Fate::Is(id) => id.as_str(),
        _ => "",
    };
    let mut may_be: Vec<May> = line
        .proposal
        .candidates
        .iter()
        .filter_map(|one| may(page, register, one, is))
        .collect();
    if !is.is_empty() && !may_be.iter().any(|one| one.id == is) {
        let chosen = Candidate::chosen(is);
        may_be.extend(may(page, register, &chosen, is));
    }
    let lacks = line.lacks();
    let choice = match (line.decision.is.as_str(), &line.fate) {
        ("ignora", _) => "ignora",
        (_, Fate::New) => "nuova",
        _ => "",
    };
    Row {
        line: listed.line,
        name: match listed.name.as_str() {
            "" => page.t("lists-nameless"),
            name => name.to_owned(),
        },
        detail: joined(
            [kind_name(page, &listed.kind), address]
                .into_iter()
                .chain(codes)
                .chain(gathered),
        ),
        fate: page.named("lists-verdict", line.proposal.verdict.code()),
        open: line.open(),
        may_be,
        choice,
        lacks: lacks.iter().map(|field| page.named("lists-field", field)).collect(),
        fields: line.differences.iter().map(|one| field(page, register, one)).collect(),
        wrong: listed
            .wrong
            .iter()
            .map(|one| {
                let text = page.t1(&format!("lists-wrong-{}", one.rule), "value", one.value.as_str());
                format!("{}: {text}", page.named("lists-field", one.field))
            })
            .collect(),
    }
}

fn may(page: &Page, register: &Register, candidate: &Candidate, is: &str) -> Option<May> {
    let one = register.get(&candidate.id)?;
    let codes = one.identifiers.iter().filter(|code| !code.kind.starts_with("http"));
    let codes = codes.map(|code| format!("{} {}", code.kind, code.value));
    Some(May {
        id: one.id.clone(),
        name: one.name.clone(),
        detail: joined([kind_name(page, &one.kind), where_is(one)].into_iter().chain(codes)),
        score: page.decimal(&format!("{:.0}", candidate.name * 100.0)),
        reasons: candidate
            .reasons
            .iter()
            .map(|reason| page.named("lists-reason", reason))
            .collect(),
        chosen: one.id == is,
    })
}

fn field(page: &Page, register: &Register, one: &Difference) -> Field {
    let words = |value: &str| in_words(register, one.field, value, |code| kind_name(page, code));
    Field {
        code: one.field,
        name: page.named("lists-field", one.field),
        registry: match one.registry.as_str() {
            "" => page.t("lists-nothing"),
            value => words(value),
        },
        list: words(&one.list),
        list_wins: one.list_wins,
    }
}

/// `POST …/righe/{line}`: what a row is, and whose values count.
pub(crate) async fn decide(
    State(app): State<App>,
    page: Page,
    Path((id, line)): Path<(String, usize)>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Answer {
    let (mut job, file) = open(&app, &page, &id).await?;
    if !file.lines.contains(&line) || job.decisions.len() >= DECISIONS {
        return Err(Failure::NotFound(format!("{id}, {line}")));
    }
    let of = |name: &str| {
        let found = sent.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let register = app.register().await?;
    let is = match of("e") {
        "nuova" => "nuova".to_owned(),
        "ignora" => "ignora".to_owned(),
        "altra" => {
            let text = of("altra");
            let other = named(&register, text, now(page.now()));
            other.ok_or_else(|| Failure::Unprocessable(page.t1("lists-other-unknown", "text", text)))?
        }
        id if register.get(id).is_some() => id.to_owned(),
        _ => return Err(Failure::Unprocessable(page.t("lists-undecided"))),
    };
    let mut decision = Decision {
        is,
        ..Decision::default()
    };
    for (name, value) in &sent {
        let field = name.strip_prefix("campo-").unwrap_or_default();
        let known = rules().winner.contains_key(field);
        if known && ["elenco", "registro"].contains(&value.as_str()) {
            decision.fields.insert(field.to_owned(), value.clone());
        }
    }
    job.decisions.insert(line, decision);
    job::save(&app.system(), &job).await?;
    let view = of("vista");
    let view = VIEWS.iter().find(|known| **known == view).copied().unwrap_or_default();
    let told = page.t1("lists-decided", "n", line);
    page.redirect(&format!("/strutture/elenchi/{id}?vista={view}"), Flash::success(told))
}

/// The structure that a text names: its id, its code, or words that only one has.
fn named(register: &Register, text: &str, at: jiff::civil::DateTime) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    if let Some(one) = register.get(text) {
        return Some(one.id.clone());
    }
    let coded = register
        .all()
        .iter()
        .find(|one| one.identifiers.iter().any(|code| code.value.eq_ignore_ascii_case(text)));
    if let Some(one) = coded {
        return Some(one.id.clone());
    }
    let asked = Asked {
        q: text.to_owned(),
        ..Asked::default()
    };
    match find(register, &asked, at, 2).found.as_slice() {
        [only] => Some(only.one.id.clone()),
        _ => None,
    }
}

/// `POST …/mancanti`: which of the structures that the list lacks cease.
pub(crate) async fn cease(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Answer {
    let (mut job, _) = open(&app, &page, &id).await?;
    let register = app.register().await?;
    let chosen = sent.into_iter().filter(|(name, _)| name == "cessa").map(|(_, id)| id);
    job.ceases = chosen.filter(|id| register.get(id).is_some()).take(DECISIONS).collect();
    job::save(&app.system(), &job).await?;
    let told = page.t1("lists-ceasing", "n", job.ceases.len());
    page.redirect(&format!("/strutture/elenchi/{id}?vista=missing"), Flash::success(told))
}
