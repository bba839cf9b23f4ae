//! FHIR R4 Subscriptions: REST hooks and websockets, fed by the change feed, off the path of commits.
//!
//! A [`Worker`] reads every version from the feed, tests it against the criteria of the active subscriptions, and queues
//! what matches as small rows in the same commit that moves its position in the feed: whatever happens, nothing is lost
//! (at least once). It then delivers what is due, a bounded number at a time, in order for each resource; what fails is
//! tried again later and later, and after the last attempt kept as a dead letter until someone replays or drops it.
//!
//! Rules stated here, where the standard leaves them open:
//!
//! - A subscription is at work from its activation; changes before it are not notified. Changing an active one does not
//!   interrupt it.
//! - Every version that matches is notified, in order; a resource that matches no more is not notified.
//! - A deletion is notified only where the Subscription asks for it ([`DELETIONS`]) and the deleted version matched.
//! - What is notified is what the owner (who wrote the Subscription last, [`OWNER`]) may see, looked at when it is queued
//!   and again when it is sent; a payload is the whole resource. Only those may write Subscriptions whom the installation
//!   names ([`Settings::managers`]). Every delivery, and every one that was withheld, is in the audit, under the
//!   subscription's name.
//! - `off` by its owner, or deleted: what waits is dropped. `off` by the server (with an `error` text: its end has come,
//!   or too much waits): nothing new is queued, what waits is still sent.

mod activate;
mod attempt;
mod bell;
mod criteria;
mod definition;
mod dispatch;
mod feed;
mod owner;
mod pump;
mod refresh;
mod registry;
mod seal;
mod settings;
mod shared;
mod socket;
mod target;
mod worker;

pub use access::EndpointPolicy;
pub use criteria::Criteria;
pub use definition::{DELETIONS, SECRET};
pub use feed::{Feed, FeedBatch};
pub use owner::OWNER;
pub use pump::CURSOR;
pub use seal::Seal;
pub use settings::Settings;
pub use worker::Worker;

pub(crate) use criteria::Candidate;
pub(crate) use definition::on_write;
pub(crate) use owner::manages;
pub(crate) use shared::Shared;
pub(crate) use socket::handle as socket_handle;

use crate::{Hub, HubError};
use serde_json::Value;

/// Kind of the records that hold since which position of the feed a subscription is at work.
const RECORD: &str = "subscription";

/// Whether somebody with these roles may write resources of a type, as far as subscriptions are concerned.
pub(crate) fn may_write(hub: &Hub, roles: &[String], rtype: &str) -> Result<(), HubError> {
    match &hub.subscriptions {
        Some(shared) if rtype == "Subscription" && !shared.settings.manages(roles) => Err(HubError::Forbidden(
            "a Subscription sends data of any patient to where it says: your role may not write it here".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// The same for every entry of a transaction.
pub(crate) fn may_write_bundle(hub: &Hub, roles: &[String], bundle: &Value) -> Result<(), HubError> {
    let entries = bundle.get("entry").and_then(Value::as_array).into_iter().flatten();
    for entry in entries {
        let request = &entry["request"];
        let reads = matches!(request["method"].as_str(), None | Some("GET" | "HEAD"));
        let url = request["url"].as_str().unwrap_or_default();
        let local = url
            .strip_prefix(&hub.config.base_url)
            .unwrap_or(url)
            .trim_start_matches('/');
        if !reads {
            may_write(hub, roles, local.split(['/', '?']).next().unwrap_or(local))?;
        }
    }
    Ok(())
}
