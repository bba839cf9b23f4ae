//! Tasks: `GET /orchestrator/tasks`, `GET /orchestrator/tasks/{id}`. Lists are FHIR Task searches, so they page on the
//! hub's indexes; the due moment has a search parameter of our own (`crates/fhir/definitions`).

use super::page_size;
use crate::access_rules::{confine, is_candidate, may_see};
use crate::api::{List, TaskInfo};
use crate::eyes::Eyes;
use crate::mirror::{self, CANDIDATE_SYSTEM, INSTANCE_SYSTEM, ROLE_SYSTEM};
use crate::plumbing::{About, Params};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use fhir::Definitions;
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use store::{Clause, Page, Query, Sort, SortKey, StoredResource, ValueTest};

/// Which tasks; all that is given must hold.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TasksQuery {
    /// Held by this person (`Practitioner/…`, `Patient/…`).
    pub assignee: Option<String>,
    /// For one of these roles (comma list).
    pub role: Option<String>,
    /// This person (`Practitioner/…`) may take it; with `role`, those of the roles as well.
    pub candidate: Option<String>,
    /// Of these urgencies (comma list of `routine`, `urgent`, `asap`, `stat`).
    pub urgency: Option<String>,
    /// `due`: only those to be taken up again by now; `later`: only those still to come.
    pub follow_up: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// Instance id.
    pub instance: Option<String>,
    /// Only those past their due moment.
    pub overdue: bool,
    /// Only those nobody holds.
    pub unassigned: bool,
    /// `open` (when absent) or `done`.
    pub state: Option<String>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

impl Orchestrator {
    /// A page of tasks: open ones by urgency, then by due moment (one index, which only open tasks are in, so the cost does
    /// not grow with the closed ones); closed ones newest first.
    pub async fn tasks(&self, actor: &Actor, query: TasksQuery) -> Result<List<TaskInfo>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let mut search = Query {
            rtype: "Task".into(),
            ..Query::default()
        };
        let done = statuses(&query)?;
        search.clauses = clauses(&query, done, confine(actor, query.patient.clone())?)?;
        search.clauses.extend(by_time(&query, self.clock.now())?);
        search.sort = vec![if done {
            Sort {
                key: SortKey::LastUpdated,
                descending: true,
            }
        } else {
            Sort {
                key: SortKey::Param(param("order")?),
                descending: false,
            }
        }];
        search.page = Page {
            count: limit,
            after: query.after.clone(),
        };
        if let Eyes::View(view) = self.eyes(actor).await? {
            search.sight = view.sight();
        }
        let first = search.page.after.is_none();
        let page = self.store.snapshot().await?.search(&search).await?;
        let mut items = of_page(&page.matches);
        if first && search.sight.is_some() && query.candidate.as_deref() == Some(&actor.subject) {
            items.extend(self.offered(actor, &query, search, &items).await?);
        }
        Ok(List { items, next: page.next })
    }

    /// Steps that name the actor in person, of patients the actor has no tie to: offered, so they are in the list, after
    /// those of the first page. At most as many again as a page has.
    async fn offered(
        &self,
        actor: &Actor,
        query: &TasksQuery,
        mut search: Query,
        there: &[TaskInfo],
    ) -> Result<Vec<TaskInfo>, OrchestratorError> {
        let named = TasksQuery {
            role: None,
            unassigned: true,
            ..query.clone()
        };
        search.clauses = clauses(&named, statuses(query)?, confine(actor, query.patient.clone())?)?;
        search.clauses.extend(by_time(query, self.clock.now())?);
        search.sight = None;
        let page = self.store.snapshot().await?.search(&search).await?;
        let mut items = of_page(&page.matches);
        items.retain(|task| !there.iter().any(|other| other.id == task.id));
        Ok(items)
    }

    /// One task; while it is open with the variables it sees.
    ///
    /// # Errors
    /// Unknown (404), someone else's (403).
    pub async fn task(&self, actor: &Actor, id: &str) -> Result<TaskInfo, OrchestratorError> {
        let missing = || OrchestratorError::NotFound {
            what: "task",
            id: id.to_owned(),
        };
        let stored = self
            .store
            .snapshot()
            .await?
            .read("Task", id)
            .await?
            .ok_or_else(missing)?;
        let mut info = read(&stored).ok_or_else(missing)?;
        may_see(actor, info.task.patient.as_deref())?;
        self.may_see_task(actor, id).await?;
        if actor.patient().is_some() && !is_candidate(actor, &info.task, &info.candidate_users) {
            // The assisted sees that the step is there, not what the staff works with.
            return Ok(listed(info.task));
        }
        if actor.patient().is_some() {
            let mut own = listed(info.task);
            if let Ok(hot) = self.load(&own.instance).await
                && let Ok(open) = self.open_task(&hot, id)
            {
                own.variables = self.told_to_assisted(&hot.state.definition, &open.task.variables);
            }
            return Ok(own);
        }
        // Who is offered a step without another tie sees what it is about when they take it; who keeps the installation
        // running, what no patient is known by.
        let held = info.task.assignee.as_deref() == Some(&actor.subject);
        if !held && !self.facts(actor).await?.knows(info.task.patient.as_deref()) {
            return Ok(listed(info.task));
        }
        if let Ok(hot) = self.load(&info.task.instance).await
            && let Ok(open) = self.open_task(&hot, id)
        {
            info.task.variables = open.task.variables;
        }
        Ok(info.task)
    }
}

fn of_page(matches: &[StoredResource]) -> Vec<TaskInfo> {
    let read = matches.iter().filter_map(read);
    read.map(|read| listed(read.task)).collect()
}

/// A task without what people wrote and put beside it.
fn listed(task: TaskInfo) -> TaskInfo {
    TaskInfo {
        comments: Vec::new(),
        attachments: Vec::new(),
        ..task
    }
}

fn statuses(query: &TasksQuery) -> Result<bool, OrchestratorError> {
    match query.state.as_deref() {
        None | Some("" | "open") => Ok(false),
        Some("done") => Ok(true),
        Some(other) => Err(OrchestratorError::BadRequest(format!(
            "state: '{other}' is neither open nor done"
        ))),
    }
}

fn clauses(query: &TasksQuery, done: bool, patient: Option<String>) -> Result<Vec<Clause>, OrchestratorError> {
    let token = |system: Option<&str>, code: &str| ValueTest::Token {
        system: system.map(str::to_owned),
        code: Some(code.to_owned()),
    };
    let clause = |code: &str, any: Vec<ValueTest>| {
        Ok::<_, OrchestratorError>(Clause::Param {
            param: param(code)?,
            any,
        })
    };
    let states: &[&str] = match (done, query.unassigned) {
        (true, _) => &["completed", "cancelled"],
        (false, true) => &["ready"],
        (false, false) => &["ready", "in-progress"],
    };
    let mut clauses = vec![clause("status", states.iter().map(|s| token(None, s)).collect())?];
    if let Some(instance) = &query.instance {
        clauses.push(clause(
            "group-identifier",
            vec![token(Some(INSTANCE_SYSTEM), instance)],
        )?);
    }
    if let Some(assignee) = &query.assignee {
        let (rtype, id) = assignee
            .split_once('/')
            .ok_or_else(|| OrchestratorError::BadRequest("assignee: a reference such as Practitioner/12".into()))?;
        clauses.push(clause(
            "owner",
            vec![ValueTest::Reference {
                rtype: Some(rtype.into()),
                id: id.into(),
            }],
        )?);
    }
    let roles = query.role.iter().flat_map(|roles| roles.split(','));
    let roles = roles.map(|role| token(Some(ROLE_SYSTEM), role.trim()));
    let person = query
        .candidate
        .iter()
        .map(|person| token(Some(CANDIDATE_SYSTEM), person));
    let performers: Vec<ValueTest> = roles.chain(person).collect();
    if !performers.is_empty() {
        clauses.push(clause("performer", performers)?);
    }
    if let Some(urgencies) = &query.urgency {
        let any = urgencies
            .split(',')
            .map(|urgency| token(None, urgency.trim()))
            .collect();
        clauses.push(clause("priority", any)?);
    }
    if let Some(patient) = patient {
        clauses.push(Clause::Patient(patient));
    }
    if query.instance.is_none() {
        // Only ours: other Tasks may live in the hub, too.
        clauses.push(clause(
            "group-identifier",
            vec![ValueTest::Token {
                system: Some(INSTANCE_SYSTEM.into()),
                code: None,
            }],
        )?);
    }
    Ok(clauses)
}

/// What depends on now: past the due moment, to be taken up again.
fn by_time(query: &TasksQuery, now: Timestamp) -> Result<Vec<Clause>, OrchestratorError> {
    let mut clauses = Vec::new();
    if query.overdue {
        clauses.push(Clause::Param {
            param: param("due")?,
            any: vec![ValueTest::DateLoBelow {
                at: now.as_microsecond(),
                or_equal: false,
            }],
        });
    }
    clauses.extend(follow_up(query, now)?);
    Ok(clauses)
}

/// Those to be taken up again before or after now.
fn follow_up(query: &TasksQuery, now: Timestamp) -> Result<Option<Clause>, OrchestratorError> {
    let at = now.as_microsecond();
    let test = match query.follow_up.as_deref() {
        None | Some("") => return Ok(None),
        Some("due") => ValueTest::DateLoBelow { at, or_equal: true },
        Some("later") => ValueTest::DateHiAbove { at, or_equal: false },
        Some(other) => {
            return Err(OrchestratorError::BadRequest(format!(
                "followUp: '{other}' is neither due nor later"
            )));
        }
    };
    Ok(Some(Clause::Param {
        param: param("follow-up")?,
        any: vec![test],
    }))
}

fn param(code: &str) -> Result<fhir::ParamId, OrchestratorError> {
    let param = Definitions::r4().param("Task", code);
    param
        .map(|p| p.id)
        .ok_or_else(|| OrchestratorError::Damaged(format!("R4 has no search parameter Task.{code}")))
}

fn read(stored: &StoredResource) -> Option<mirror::Info> {
    serde_json::from_slice(stored.body.as_ref()?)
        .ok()
        .and_then(|task| mirror::info(&task))
}

pub(crate) async fn list(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Params(query): Params<TasksQuery>,
) -> Result<Json<List<TaskInfo>>, OrchestratorError> {
    orchestrator.tasks(&actor, query).await.map(Json)
}

pub(crate) async fn one(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<About<TaskInfo>, OrchestratorError> {
    let info = orchestrator.task(&actor, &id).await?;
    Ok(About::ok(info.patient.clone(), info))
}
