//! What a component is, and how components reach their peers.
//!
//! A component talks to the hub, the orchestrator and other components through [`Peers`] only. The call is the same
//! whether the peer runs in this process or on another machine, and carries who acts as a signed internal token:
//!
//! ```no_run
//! # async fn example(context: component::Context, actor: access::Actor) -> Result<(), component::PeerError> {
//! let fhir = context.peers.fhir(&actor);
//! let patient = fhir.read("Patient", "rossi").await?;
//! let hba1c = fhir.search("Observation", &[("patient", "rossi"), ("code", "4548-4"), ("_sort", "-date")]).await?;
//! let tasks = context.peers.orchestrator(&actor).tasks(&component::TaskQuery::of_patient("rossi")).await?;
//! # let _ = (patient, hba1c, tasks); Ok(()) }
//! ```

mod contract;
mod error;
mod fhir;
mod identity;
mod orchestrator;
mod peers;

pub use contract::{
    Component, Context, DemoAccount, DemoBuilder, DemoContext, DeploymentFile, NavigationItem, Progress, Worker,
    WorkerResult,
};
pub use error::PeerError;
pub use fhir::{Before, Fhir};
pub use identity::RemoteIdentity;
pub use orchestrator::{InstanceQuery, Orchestrator, TaskQuery};
pub use peers::{Peer, Peers};
