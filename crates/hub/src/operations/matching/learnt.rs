//! The weights: those that the last search for duplicates learnt of this registry, else those that come with the program.

use crate::HubError;
use linkage::{Fitted, LEARNT_ID};
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use store::Snapshot;

/// The model that was read last, with the version of its resource.
#[derive(Debug, Default)]
pub(crate) struct Learnt(Mutex<Option<(u64, Arc<Fitted>)>>);

/// That of the program.
static OWN: LazyLock<Arc<Fitted>> = LazyLock::new(|| Arc::new(Fitted::of_program().clone()));

impl Learnt {
    /// The weights to use now.
    pub(super) async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Arc<Fitted>, HubError> {
        let Some(stored) = snapshot.read("Basic", LEARNT_ID).await? else {
            return Ok(OWN.clone());
        };
        let Some(body) = stored.body else {
            return Ok(OWN.clone());
        };
        if let Some((version, fitted)) = self.kept()
            && version == stored.version
        {
            return Ok(fitted);
        }
        let resource: Value = serde_json::from_slice(&body).map_err(|error| HubError::json(&error))?;
        // One of other fields than this program compares is of another version: the program's own does.
        let fitted = Fitted::of_resource(&resource).map_or_else(|| OWN.clone(), Arc::new);
        *self.0.lock() = Some((stored.version, fitted.clone()));
        Ok(fitted)
    }

    fn kept(&self) -> Option<(u64, Arc<Fitted>)> {
        self.0.lock().clone()
    }
}
