//! What travels over the orchestrator's REST API (`/orchestrator/...`), the same types for server and clients.
//! JSON, camelCase; moments are RFC 3339.

mod analysis;
mod batches;
mod calendars;
mod history;
mod jobs;
mod operate;
mod simulations;
mod tasks;

pub use analysis::{ActivityFigures, Analysis, ApproximatedElement, Conformance, EdgeFigures, Spread, VariantFigures};
pub use batches::{
    BatchInfo, BatchItem, BatchOperation, BatchPreview, BatchReason, BatchRequest, BatchResult, BatchSample,
    BatchState, InstanceSelection, RetryBatch,
};
pub use calendar::{Calendar, Day, Holiday, Hours};
pub use calendars::{CalendarInfo, DayOff};
pub use history::{InstanceAt, LocalVariables, OpenTimer, OpenWait};
pub use jobs::{
    ChangeLock, CompleteJobs, CompletedJobs, DoneJob, FetchJobs, FetchTopic, FetchedJob, JobLock, JobOutcome, NextJobs,
};
pub use operate::{
    DryRunMigration, MigrateInstance, MigrationOutcome, ModifyInstance, PlanMigration, ResumeInstance,
    RetireDefinition, RetryIncident, SuspendDefinition, SuspendInstance,
};
pub use simulation::Note;
pub use simulations::{ProposeScenario, ProposedScenario, Simulate, SimulationInfo};
pub use tasks::{AttachToTask, ChangeTask, CommentTask, DelegateTask, ResolveTask, TaskComment, TaskDocument};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `POST /orchestrator/deployments`: files that belong together; all or none is deployed. Deploying the same bytes
/// again changes nothing and returns the existing keys.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deploy {
    /// The files: `*.bpmn`, `*.dmn`, `*.calendar.json`, `*.json` (Questionnaire).
    pub files: Vec<DeployFile>,
}

/// One file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeployFile {
    /// Name with extension.
    pub name: String,
    /// Text.
    pub content: String,
}

/// Answer to a deployment. A refused one is 422 with `issues`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deployed {
    /// Keys `id:version`.
    pub keys: Vec<String>,
    /// Warnings, or the errors that refused it.
    pub issues: Vec<Value>,
}

/// One deployed process: `GET /orchestrator/definitions`, `GET /orchestrator/definitions/{key}`
/// (`/{key}/xml` is the source; `{key}` may be a process id for its newest version).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionInfo {
    /// `id:version`.
    pub key: String,
    /// Process id.
    pub id: String,
    /// Process name.
    pub name: String,
    /// Version.
    pub version: u32,
    /// When.
    pub deployed: Timestamp,
    /// File.
    pub file: String,
    /// No new instances start.
    #[serde(default)]
    pub suspended: bool,
    /// It was withdrawn: no instance runs, none will start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// In the answer to `suspend` and `resume` with `instances`: the batch that does it to the running instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// The form that whoever starts an instance fills in: `GET /orchestrator/definitions/{key}/start-form`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_form: Option<String>,
}

/// `POST /orchestrator/instances`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StartInstance {
    /// Process id (newest version) or key.
    pub definition: String,
    /// Business key; for a patient's pathway `Patient/{id}` when absent.
    pub business_key: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// First variables.
    pub variables: Map<String, Value>,
    /// FHIR resources to create in the same commit.
    pub resources: Vec<Value>,
    /// Refuses the start (409) when the patient has a running instance of this process, of whatever version. Decided in
    /// the commit itself, so that two clicks at the same moment start one.
    pub only_one: bool,
    /// Answers when the instance has ended, or after this many milliseconds (at most 60,000) as it stands then; 0: at once.
    #[serde(skip_serializing_if = "is_zero")]
    pub wait_ms: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// An instance: `GET /orchestrator/instances/{id}`; the list `GET /orchestrator/instances?definition=&patient=&
/// businessKey=&status=&after=&limit=` leaves `variables` empty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceInfo {
    /// Instance id, also the id of its CarePlan.
    pub id: String,
    /// Definition key.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// `active`, `completed`, `terminated`, `incident`, `suspended`.
    pub status: String,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Option<Timestamp>,
    /// Live tokens.
    pub active: Vec<ActiveElement>,
    /// Root variables.
    pub variables: Map<String, Value>,
    /// Open incidents.
    pub incidents: Vec<IncidentInfo>,
}

/// A live token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveElement {
    /// BPMN element id.
    pub element: String,
    /// Id of this visit of the element, for modifications.
    #[serde(default)]
    pub token: String,
    /// Key of the process that holds the element: the instance's own, or one that it called.
    #[serde(default)]
    pub definition: String,
    /// Its name.
    pub name: String,
    /// `userTask`, `timer`, …
    pub kind: String,
    /// Task or job id, if it waits on one.
    pub id: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Due moment of the task or timer.
    pub due: Option<Timestamp>,
}

/// One history entry: `GET /orchestrator/instances/{id}/history?from=&limit=`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Revision.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// Who or what.
    pub actor: String,
    /// Engine events, see `engine::Event`.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub events: Vec<engine::Event>,
}

/// A task: `GET /orchestrator/tasks?assignee=&role=&patient=&instance=&overdue=true&state=open|done&after=&limit=`,
/// `GET /orchestrator/tasks/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskInfo {
    /// Task id, also the id of the FHIR Task.
    pub id: String,
    /// Instance id.
    pub instance: String,
    /// Definition key.
    pub definition: String,
    /// BPMN element.
    pub element: String,
    /// Name.
    pub name: String,
    /// Documentation.
    pub documentation: Option<String>,
    /// Patient id.
    pub patient: Option<String>,
    /// `ready`, `in-progress`, `completed`, `cancelled` (FHIR Task.status values).
    pub status: String,
    /// Assignee reference.
    pub assignee: Option<String>,
    /// Candidate roles.
    pub roles: Vec<String>,
    /// People who may take it though they have none of the roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Form (Questionnaire id).
    pub form: Option<String>,
    /// Created.
    pub created: Timestamp,
    /// Due.
    pub due: Option<Timestamp>,
    /// Not to be shown before.
    #[serde(default)]
    pub follow_up: Option<Timestamp>,
    /// 0..100.
    pub priority: u8,
    /// To whom it comes back, when the assignee does it for them.
    #[serde(default)]
    pub delegated_by: Option<String>,
    /// What people wrote beside it (only on the single read).
    #[serde(default)]
    pub comments: Vec<TaskComment>,
    /// Documents beside it (only on the single read).
    #[serde(default)]
    pub attachments: Vec<TaskDocument>,
    /// Variables visible to the task (only on the single read).
    #[serde(default)]
    pub variables: Map<String, Value>,
}

/// A page of a list. `next` is the `after` of the following page.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// Items.
    pub items: Vec<T>,
    /// Mark of the next page.
    pub next: Option<String>,
}

/// `POST /orchestrator/tasks/{id}/complete`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CompleteTask {
    /// Result variables.
    pub variables: Map<String, Value>,
    /// FHIR resources written in the same commit (QuestionnaireResponse, Observation, …); without id: created.
    pub resources: Vec<Value>,
}

/// Answer to a completed task.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskDone {
    /// Task id.
    pub id: String,
    /// Instance id.
    pub instance: String,
    /// Where the instance stands now, see [`InstanceInfo::status`].
    pub status: String,
    /// Patient id.
    pub patient: Option<String>,
    /// Tasks that this completion brought up.
    pub new_tasks: Vec<String>,
    /// References of the resources written with it, in the order given.
    pub resources: Vec<String>,
}

/// Answer to a command that moves an instance.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Instance id.
    pub instance: String,
    /// Patient id.
    pub patient: Option<String>,
    /// Its revision now.
    pub revision: u64,
    /// Where it stands now, see [`InstanceInfo::status`].
    pub status: String,
}

/// `POST /orchestrator/instances/{id}/variables`: sets variables of the root scope.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SetVariables {
    /// New values.
    pub variables: Map<String, Value>,
    /// Why; kept in history when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /orchestrator/instances/{id}/patient`: it is about another record of the same person.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReassignInstance {
    /// Id of the Patient (required).
    pub patient: String,
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/instances/{id}/cancel`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CancelInstance {
    /// Why (required).
    pub reason: String,
}

/// `POST /orchestrator/signals`: to everyone who waits for it now.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SendSignal {
    /// Signal name.
    pub name: String,
    /// Payload.
    pub variables: Map<String, Value>,
}

/// An open job: `GET /orchestrator/jobs?type=&limit=`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobInfo {
    /// Job id, also the idempotency key of its work.
    pub id: String,
    /// Instance id.
    pub instance: String,
    /// BPMN element.
    pub element: String,
    /// Job type.
    #[serde(rename = "type")]
    pub job_type: String,
    /// Retries left.
    pub retries: u32,
    /// Priority.
    #[serde(default)]
    pub priority: i32,
    /// The worker outside that holds it.
    #[serde(default)]
    pub worker: Option<String>,
    /// Until when it is held, or pauses after a failure.
    #[serde(default)]
    pub locked_until: Option<Timestamp>,
    /// Static headers.
    pub headers: Map<String, Value>,
    /// Variables.
    pub variables: Map<String, Value>,
}

/// `POST /orchestrator/jobs/{id}/complete`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CompleteJob {
    /// The name it was fetched with; only administrators may leave it out, for a job nobody holds.
    pub worker: Option<String>,
    /// Result variables.
    pub variables: Map<String, Value>,
}

/// `POST /orchestrator/jobs/{id}/fail`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FailJob {
    /// The name it was fetched with, see [`CompleteJob::worker`].
    pub worker: Option<String>,
    /// What happened.
    pub message: String,
    /// Retries left; absent: one less than before. With none left an incident opens.
    pub retries: Option<u32>,
    /// Pause before the next try in milliseconds; absent: as the model says, else growing pauses.
    pub retry_backoff_ms: Option<u64>,
}

/// `POST /orchestrator/jobs/{id}/error`, `POST /orchestrator/tasks/{id}/error`: a BPMN error, caught by its code.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ThrowError {
    /// For a job: the name it was fetched with, see [`CompleteJob::worker`].
    pub worker: Option<String>,
    /// Error code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Variables for the catcher.
    pub variables: Map<String, Value>,
}

/// `POST /orchestrator/tasks/{id}/claim`, `/unclaim`, `/reassign`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AssignTask {
    /// New holder (`claim`: the caller when absent).
    pub assignee: Option<String>,
    /// Why (required for `reassign`).
    pub reason: Option<String>,
}

/// `POST /orchestrator/messages`: to whoever waits for it, else starts a process with that message start event.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SendMessage {
    /// Message name.
    pub name: String,
    /// Correlation key (business key by default).
    pub key: Option<String>,
    /// Patient, when it starts a process.
    pub patient: Option<String>,
    /// Payload.
    pub variables: Map<String, Value>,
}

/// What became of a message or signal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Correlated {
    /// Instances that received it.
    pub delivered: Vec<String>,
    /// Instances it started.
    pub started: Vec<String>,
    /// Processes that need more events to start: this one waits for the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}

/// `POST /orchestrator/conditions`: looks at the conditional start events of everything deployed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EvaluateConditions {
    /// What the conditions see, and the variables of the instances that they start.
    pub variables: engine::Variables,
    /// Business key of what starts; by default `Patient/<patient>`.
    pub business_key: Option<String>,
    /// The person it is about: id of a FHIR Patient.
    pub patient: Option<String>,
    /// Only this process (id); absent: all.
    pub definition: Option<String>,
}

/// A start that has not all its events yet: `GET /orchestrator/start-parts`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartParts {
    /// Process id.
    pub process: String,
    /// The start event.
    pub element: String,
    /// Correlation key; empty: none yet.
    pub key: String,
    /// What has arrived.
    pub arrived: Vec<String>,
    /// What is still to come.
    pub missing: Vec<String>,
    /// When the first part arrived.
    pub since: Timestamp,
    /// How long it waits; when it has expired: how long this is told.
    pub until: Timestamp,
    /// The rest did not come in time; what had arrived starts nothing any more.
    pub expired: bool,
}

/// An incident: `GET /orchestrator/incidents`; `POST /orchestrator/incidents/{id}/retry`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentInfo {
    /// Incident id.
    pub id: String,
    /// Instance id.
    pub instance: String,
    /// BPMN element.
    pub element: String,
    /// Kind.
    pub kind: String,
    /// What happened and what to do.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}
