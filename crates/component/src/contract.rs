//! The contract every service of the region fulfils.

use crate::Peers;
use access::{Actor, Routes};
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Clock, Ids, ManualClock};

/// An entry of the main navigation, shown to those who have one of its roles (empty: everyone signed in).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NavigationItem {
    /// Where it leads, e.g. `/attivita`.
    pub path: &'static str,
    /// Label in Italian.
    pub it: &'static str,
    /// Label in English.
    pub en: &'static str,
    /// Roles that see it (`admin` always does).
    pub roles: &'static [&'static str],
}

/// What a component is given to work with. It has no storage of its own.
#[derive(Clone)]
pub struct Context {
    /// Hub, orchestrator and other components.
    pub peers: Peers,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identity.
    pub ids: Arc<dyn Ids>,
    /// The main navigation of the whole installation: the `navigation` of every component, in order.
    pub navigation: Arc<[NavigationItem]>,
}

/// A file to deploy at start (BPMN, DMN or Questionnaire).
#[derive(Debug, Clone, Copy)]
pub struct DeploymentFile {
    /// Name with extension.
    pub name: &'static str,
    /// Text.
    pub content: &'static str,
}

/// Result variables of a job, or an error message (the job is retried, then an incident opens).
pub type WorkerResult = Result<serde_json::Map<String, serde_json::Value>, String>;

/// An in-process worker for a job type.
#[derive(Clone)]
pub struct Worker {
    /// Job type it takes.
    pub job_type: &'static str,
    /// Does the work; may be called again with the same job id after a crash.
    pub run: Arc<dyn Fn(Context, engine::JobSpec) -> BoxFuture<'static, WorkerResult> + Send + Sync>,
}

/// Says how far something is: (done, of, what).
pub type Progress = Arc<dyn Fn(u64, u64, &str) + Send + Sync>;

/// Builds a component's part of the demo region.
pub type DemoBuilder = fn(DemoContext) -> BoxFuture<'static, Result<(), String>>;

/// An account that a component brings to the demo region. All of them have the demo's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoAccount {
    /// User name.
    pub username: &'static str,
    /// Name shown.
    pub name: &'static str,
    /// `Practitioner/…` or `Patient/…`.
    pub subject: &'static str,
    /// Role.
    pub role: &'static str,
    /// Organization.
    pub organization: &'static str,
}

/// What the demo builder of a component is given: a system under a virtual clock.
#[derive(Clone)]
pub struct DemoContext {
    /// The usual.
    pub context: Context,
    /// The virtual clock (also behind `context.clock`).
    pub clock: Arc<ManualClock>,
    /// Runs due timers, jobs, messages and the change feed until nothing more happens at the present moment.
    pub settle: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
    /// Due moment of the earliest timer, if any.
    pub next_timer: Arc<dyn Fn() -> BoxFuture<'static, Option<jiff::Timestamp>> + Send + Sync>,
    /// Folder of Synthea bundles, when present.
    pub synthea: Option<PathBuf>,
    /// Says how far it is: (done, of, what).
    pub progress: Progress,
    /// The actor of the demo.
    pub actor: Actor,
}

/// A service of the region.
#[derive(Clone)]
pub struct Component {
    /// Short name, also of its folder and peer address.
    pub name: &'static str,
    /// Peers it cannot work without, e.g. `["hub", "orchestrator"]`.
    pub needs: &'static [&'static str],
    /// Its pages and API, each with a policy.
    pub routes: fn(&Context) -> Routes,
    /// Its entries in the main navigation.
    pub navigation: &'static [NavigationItem],
    /// Its workers.
    pub workers: fn() -> Vec<Worker>,
    /// Processes, decisions and forms to deploy at start.
    pub deployments: &'static [DeploymentFile],
    /// Builds its part of the demo region.
    pub demo: Option<DemoBuilder>,
}
