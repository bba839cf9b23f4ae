//! Instances as cases: which elements were visited, from when to when, by whom. One instance is read at a time.

use super::record;
use crate::registry::Registry;
use crate::view::status_name;
use crate::{Orchestrator, OrchestratorError};
use engine::Event;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use store::{HistoryRecord, InstanceFilter, InstanceRecord};

/// Instances read from the store at a time.
const PAGE: usize = 16;
/// History rows read from the store at a time.
const ROWS: usize = 500;
/// Most visits of one case.
const MAX_VISITS: usize = 200_000;

/// Which cases.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseFilter {
    /// Definition key, or process id for every version.
    pub definition: Option<String>,
    /// Started at this moment or later.
    pub from: Option<Timestamp>,
    /// Started before this moment.
    pub to: Option<Timestamp>,
    /// Only those that have ended.
    pub ended: bool,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// The token went on its way.
    Done,
    /// It was taken away.
    Cancelled,
}

/// One visit of one element.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Definition key of the process that holds the element.
    pub definition: Arc<str>,
    /// Element id.
    pub element: Arc<str>,
    /// Element name; the id when it has none.
    pub name: Arc<str>,
    /// BPMN local name, e.g. `userTask`; empty when the model does not know the element.
    pub kind: &'static str,
    /// Token id.
    pub token: String,
    /// When the token came.
    pub entered: Timestamp,
    /// When it went.
    pub left: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether work is done here: a task, and not the frame of a loop.
    pub work: bool,
    /// Whether it was a task for a person.
    pub person: bool,
    /// Who completed it: a person, a worker.
    pub actor: Option<Arc<str>>,
    /// Who held it last.
    pub assignee: Option<String>,
    /// Whose it was, by the model.
    pub roles: Vec<String>,
    /// Since when somebody held it.
    pub assigned: Option<Timestamp>,
}

/// One instance with its visits, in the order in which they began.
#[derive(Debug, Clone)]
pub struct Case {
    /// Instance id.
    pub id: String,
    /// Definition key, as it is now.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`, `suspended`.
    pub status: &'static str,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Option<Timestamp>,
    /// What was visited.
    pub visits: Vec<Visit>,
}

/// Cases one after the other; holds one page of instances and one case.
pub(crate) struct Cases<'a> {
    orchestrator: &'a Orchestrator,
    registry: Arc<Registry>,
    filter: CaseFilter,
    after: Option<String>,
    page: VecDeque<InstanceRecord>,
    last: bool,
}

impl Orchestrator {
    /// The cases that a filter means, by instance id.
    pub(crate) async fn cases(&self, filter: CaseFilter) -> Result<Cases<'_>, OrchestratorError> {
        let registry = self.registry().await?;
        if let Some(definition) = &filter.definition {
            registry.resolve(definition)?;
        }
        Ok(Cases {
            orchestrator: self,
            registry,
            filter,
            after: None,
            page: VecDeque::new(),
            last: false,
        })
    }
}

impl Cases<'_> {
    /// The next case.
    pub async fn next(&mut self) -> Result<Option<Case>, OrchestratorError> {
        loop {
            if let Some(record) = self.page.pop_front() {
                return self.read(record).await.map(Some);
            }
            if self.last {
                return Ok(None);
            }
            self.turn_page().await?;
        }
    }

    async fn turn_page(&mut self) -> Result<(), OrchestratorError> {
        let filter = InstanceFilter {
            definition: self.filter.definition.clone(),
            after: self.after.take(),
            limit: PAGE,
            ..InstanceFilter::default()
        };
        let records = self.orchestrator.store.snapshot().await?.instances(&filter).await?;
        self.last = records.len() < PAGE;
        self.after = records.last().map(|record| record.id.clone());
        let wanted = |record: &InstanceRecord| {
            self.filter.from.is_none_or(|from| record.started >= from)
                && self.filter.to.is_none_or(|to| record.started < to)
                && (!self.filter.ended || record.ended.is_some())
        };
        self.page = records.into_iter().filter(wanted).collect();
        Ok(())
    }

    async fn read(&self, record: InstanceRecord) -> Result<Case, OrchestratorError> {
        let mut reading = Reading::new(&self.registry, &record.definition);
        let mut snapshot = self.orchestrator.store.snapshot().await?;
        let mut from = 0;
        loop {
            let rows = snapshot.instance_history(&record.id, from, ROWS).await?;
            for row in rows.iter().filter(|row| row.revision <= record.revision) {
                reading.row(row)?;
            }
            match rows.last() {
                Some(row) if rows.len() == ROWS => from = row.revision + 1,
                _ => break,
            }
        }
        Ok(Case {
            visits: reading.visits,
            id: record.id,
            definition: record.definition,
            business_key: record.business_key,
            patient: record.patient,
            status: status_name(record.status),
            started: record.started,
            ended: record.ended,
        })
    }
}

/// The visits of a case as its history is read.
struct Reading<'a> {
    registry: &'a Registry,
    /// The instance's process and those it called, as of the row being read.
    definitions: Vec<Arc<str>>,
    visits: Vec<Visit>,
    /// Place of the visit of a token that has not gone yet.
    open: HashMap<String, usize>,
}

impl<'a> Reading<'a> {
    fn new(registry: &'a Registry, definition: &str) -> Self {
        Self {
            registry,
            definitions: vec![definition.into()],
            visits: Vec::new(),
            open: HashMap::new(),
        }
    }

    fn row(&mut self, row: &HistoryRecord) -> Result<(), OrchestratorError> {
        for event in record::events(row)? {
            self.event(event, row)?;
        }
        Ok(())
    }

    /// A process it called, once.
    fn called(&mut self, definition: &str) {
        if !self.definitions[1..].iter().any(|known| **known == *definition) {
            self.definitions.push(definition.into());
        }
    }

    fn event(&mut self, event: Event, row: &HistoryRecord) -> Result<(), OrchestratorError> {
        match event {
            Event::Started { definition } => self.definitions = vec![definition.into()],
            Event::Called { definition, .. } => self.called(&definition),
            Event::Migrated { from, to } => {
                for known in self.definitions.iter_mut().filter(|known| ***known == *from) {
                    *known = to.as_str().into();
                }
            }
            Event::Entered {
                element,
                token,
                process,
                round,
            } => self.entered(&element, token, process as usize, round, row)?,
            Event::Left { token, .. } => self.ended(&token, Outcome::Done, row.at),
            Event::Cancelled { token, .. } => self.ended(&token, Outcome::Cancelled, row.at),
            Event::TaskCreated {
                task, assignee, roles, ..
            } => {
                if let Some(visit) = self.visit(&task) {
                    visit.person = true;
                    visit.roles = roles;
                    visit.assigned = assignee.as_ref().map(|_| row.at);
                    visit.assignee = assignee;
                }
            }
            Event::TaskAssigned { task, assignee, .. } => self.held_by(&task, assignee, row.at),
            Event::TaskDelegated { task, to, .. } | Event::TaskResolved { task, to, .. } => {
                self.held_by(&task, Some(to), row.at);
            }
            Event::TaskCompleted { task: id, .. } | Event::JobCompleted { job: id, .. } => {
                if let Some(visit) = self.visit(&id) {
                    visit.actor = Some(row.actor.as_str().into());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit(&mut self, token: &str) -> Option<&mut Visit> {
        self.open.get(token).map(|place| &mut self.visits[*place])
    }

    fn held_by(&mut self, task: &str, assignee: Option<String>, at: Timestamp) {
        if let Some(visit) = self.visit(task) {
            visit.assigned = assignee.as_ref().map(|_| at);
            visit.assignee = assignee;
        }
    }

    fn ended(&mut self, token: &str, outcome: Outcome, at: Timestamp) {
        if let Some(place) = self.open.remove(token) {
            let visit = &mut self.visits[place];
            (visit.left, visit.outcome) = (Some(at), outcome);
        }
    }

    fn entered(
        &mut self,
        element: &str,
        token: String,
        process: usize,
        round: bool,
        row: &HistoryRecord,
    ) -> Result<(), OrchestratorError> {
        if self.visits.len() >= MAX_VISITS {
            return Err(OrchestratorError::TooLarge(format!(
                "instance {}: more than {MAX_VISITS} elements were visited; ask for a shorter period or another definition",
                row.instance
            )));
        }
        if self.open.contains_key(&token) {
            return Ok(()); // after the retry of an incident the same token enters again
        }
        let definition = self.definitions.get(process).unwrap_or(&self.definitions[0]).clone();
        let model = self.registry.process(&definition);
        let node = model.and_then(|model| model.node_by_id(element));
        let work = node.is_some_and(|node| node.kind.is_task() && (node.repeat.is_none() || round));
        self.open.insert(token.clone(), self.visits.len());
        self.visits.push(Visit {
            definition,
            element: node.map_or_else(|| element.into(), |node| node.id.clone()),
            name: node.map_or_else(|| element.into(), |node| node.name.clone()),
            kind: node.map_or("", |node| node.tag),
            token,
            entered: row.at,
            left: None,
            outcome: Outcome::Open,
            work,
            person: false,
            actor: None,
            assignee: None,
            roles: Vec::new(),
            assigned: None,
        });
        Ok(())
    }
}
