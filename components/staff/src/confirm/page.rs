//! `/personale/conferme` and `/staff/confirmations`.

use super::{Decision, Judge, KIND, Pending, Undecided};
use crate::app::App;
use crate::note::Note;
use crate::pages::{period, work};
use crate::registry::Units;
use access::Actor;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use component::{Fhir, PeerError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Decisions shown.
const MAX_DECIDED: usize = 50;

/// One that waits, as shown.
struct Shown {
    id: String,
    version: String,
    person: String,
    name: String,
    work: String,
    period: String,
    givers: String,
    since: String,
    wider: bool,
    not: Option<String>,
}

/// One that was decided.
struct Decided {
    name: String,
    person: String,
    role: String,
    givers: String,
    by: String,
    when: String,
    outcome: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "staff_confirm.html")]
struct ConfirmPage {
    page: Page,
    waiting: Vec<Shown>,
    decided: Vec<Decided>,
}

/// Names of people by reference, each looked up once.
struct Names<'a> {
    fhir: &'a Fhir,
    known: BTreeMap<String, String>,
}

impl Names<'_> {
    async fn of(&mut self, references: &str) -> Result<String, PeerError> {
        let mut names = Vec::new();
        for reference in references.split(' ').filter(|text| !text.is_empty()) {
            if !self.known.contains_key(reference) {
                let id = reference.strip_prefix("Practitioner/").unwrap_or_default();
                let person = crate::registry::person(self.fhir, id).await?;
                let name = person.map(|one| one.shown).filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| reference.to_owned());
                self.known.insert(reference.to_owned(), name);
            }
            names.push(self.known[reference].clone());
        }
        Ok(names.join(", "))
    }
}

/// `GET /personale/conferme`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let system = app.system();
    let units = Units::read(&app.fhir(&page)).await?;
    let all = super::pending(&system).await?;
    let judge = Judge::of(&app, page.actor(), &all).await?;
    let mut names = Names {
        fhir: &system,
        known: BTreeMap::new(),
    };
    let mut waiting = Vec::new();
    for one in &all {
        let not = judge.not(&system, one).await?;
        waiting.push(Shown {
            id: one.one.id.clone(),
            version: one.one.version.clone(),
            person: one.one.person.clone(),
            name: names.of(&super::recipient(one)).await?,
            work: work(&page, &units, &one.one),
            period: period(&page, &one.one.start, &one.one.end),
            givers: names.of(&one.waiting.givers.join(" ")).await?,
            since: one.since.parse().map(|at| page.date_time(&at)).unwrap_or_default(),
            wider: one.waiting.counts.is_some(),
            not: not.map(|key| page.t(key)),
        });
    }
    let mut notes = Note::all(&system, KIND, None).await?;
    notes.sort_by(|a, b| b.get("scritta").cmp(a.get("scritta")));
    let mut decided = Vec::new();
    for note in notes.iter().take(MAX_DECIDED) {
        decided.push(Decided {
            name: names.of(&note.subject).await?,
            person: note
                .subject
                .strip_prefix("Practitioner/")
                .unwrap_or_default()
                .to_owned(),
            role: page.role_name(note.get("ruolo")),
            givers: names.of(note.get("da")).await?,
            by: names.of(note.get("chi")).await?,
            when: note
                .get("scritta")
                .parse()
                .map(|at| page.date_time(&at))
                .unwrap_or_default(),
            outcome: page.named("confirm", note.get("esito")),
            reason: note.get("motivo").to_owned(),
        });
    }
    web::show(&ConfirmPage {
        waiting,
        decided,
        page: page.titled("confirm-title").crumb("/personale", "staff-title"),
    })
}

/// `POST /personale/conferme/{id}`.
pub(crate) async fn decide(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let yes = posted.first("esito") == Some("conferma");
    let decision = Decision {
        actor: page.actor(),
        yes,
        reason: posted.first("motivo").unwrap_or_default().trim(),
        version: posted.first("versione").unwrap_or_default(),
    };
    match super::decide(&app, &id, &decision).await {
        Ok(()) => {
            let done = if yes { "confirm-done" } else { "confirm-refused" };
            page.redirect("/personale/conferme", Flash::success(page.t(done)))
        }
        Err(Undecided::Changed) => Err(Failure::Conflict(page.t("changed-meanwhile"))),
        Err(Undecided::NotYou(key)) => Err(Failure::Forbidden(page.t(key))),
        Err(Undecided::Reason) => Err(Failure::Unprocessable(page.t1(
            "confirm-reason",
            "most",
            super::MAX_REASON,
        ))),
        Err(Undecided::Peer(error)) => Err(error.into()),
    }
}

/// An assignment that waits.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitingInfo {
    /// PractitionerRole id.
    id: String,
    /// Its version: a decision names it.
    version: String,
    /// Practitioner id.
    person: String,
    /// Organization id.
    unit: String,
    /// Role code.
    role: String,
    /// First day or moment.
    start: String,
    /// Last day or moment; empty: without end.
    end: String,
    /// Who gave it (`Practitioner/…`).
    givers: Vec<String>,
    /// Whether it widens one that counts meanwhile.
    wider: bool,
    /// Why you do not confirm it; absent: you may.
    not: Option<&'static str>,
}

/// `GET /staff/confirmations`.
pub(crate) async fn all(State(app): State<App>, actor: Actor) -> Result<Json<Vec<WaitingInfo>>, Failure> {
    let system = app.system();
    let all = super::pending(&system).await?;
    let judge = Judge::of(&app, &actor, &all).await?;
    let mut told = Vec::new();
    for one in &all {
        let not = judge.not(&system, one).await?;
        told.push(info(one, not));
    }
    Ok(Json(told))
}

fn info(pending: &Pending, not: super::Not) -> WaitingInfo {
    let one = &pending.one;
    WaitingInfo {
        id: one.id.clone(),
        version: one.version.clone(),
        person: one.person.clone(),
        unit: one.organization.clone(),
        role: one.role.clone(),
        start: one.start.clone(),
        end: one.end.clone(),
        givers: pending.waiting.givers.clone(),
        wider: pending.waiting.counts.is_some(),
        not,
    }
}

/// What is decided.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DecisionBody {
    /// Confirmed, or refused.
    confirm: bool,
    /// The version that was looked at.
    version: String,
    /// Why; a refusal needs it.
    #[serde(default)]
    reason: String,
}

/// `POST /staff/confirmations/{id}`.
pub(crate) async fn settle(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<Vec<WaitingInfo>>, Failure> {
    let decision = Decision {
        actor: &actor,
        yes: body.confirm,
        reason: body.reason.trim(),
        version: &body.version,
    };
    match super::decide(&app, &id, &decision).await {
        Ok(()) => all(State(app), actor).await,
        Err(Undecided::Changed) => Err(Failure::Conflict(format!(
            "version: assignment {id} does not wait in this version: read /staff/confirmations again"
        ))),
        Err(Undecided::NotYou(key)) => Err(Failure::Forbidden(format!(
            "{key}: a second person confirms, neither who gave the role nor who gets it, nor two people in turn"
        ))),
        Err(Undecided::Reason) => Err(Failure::Unprocessable(format!(
            "reason: a refusal says why, in at most {} characters",
            super::MAX_REASON
        ))),
        Err(Undecided::Peer(error)) => Err(error.into()),
    }
}
