//! Vread: `GET [base]/Type/id/_history/version`.

use crate::http::{Answer, Ask};
use crate::{Hub, HubError, binary, history};
use std::sync::Arc;
use store::StoredResource;

impl Hub {
    /// A given version. A version that is a deletion is [`HubError::Gone`], one that the history policy removed
    /// [`HubError::Pruned`].
    pub async fn vread(&self, rtype: &str, id: &str, version: &str) -> Result<StoredResource, HubError> {
        self.check_type(rtype)?;
        let none = || HubError::NoVersion {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
            version: version.to_owned(),
        };
        let number: u64 = version.parse().map_err(|_| none())?;
        if number.to_string() != version {
            return Err(none());
        }
        let mut snapshot = self.snapshot().await?;
        let Some(resource) = snapshot.vread(rtype, id, number).await? else {
            // Versions are numbered without gaps: one below the current one was there.
            let current = snapshot.read(rtype, id).await?;
            return Err(match current {
                Some(current) if (1..current.version).contains(&number) => HubError::Pruned {
                    rtype: rtype.to_owned(),
                    id: id.to_owned(),
                    version: number,
                },
                _ => none(),
            });
        };
        match resource.body {
            Some(_) => Ok(resource),
            None => Err(HubError::Gone {
                rtype: resource.rtype,
                id: resource.id,
                version: resource.version,
            }),
        }
    }
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id, version) = (ask.param("type"), ask.param("id"), ask.param("version"));
    let resource = match hub.vread(rtype, id, version).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    binary::admit(&hub, &ask.scope, &resource).await?;
    ask.within_condition(&hub, &resource)?;
    if rtype != "Binary" {
        history::admit_past(&hub, &ask.scope, rtype, id).await?;
    }
    if ask.unchanged(&resource) {
        return Ok(Answer::not_modified(&resource));
    }
    if let Some(content) = binary::content(&ask, &resource)? {
        return Ok(content);
    }
    Ok(Answer::resource(ask.scope.dressed(resource)))
}
