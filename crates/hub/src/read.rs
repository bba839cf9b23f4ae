//! Read: `GET [base]/Type/id`, also conditional (`If-None-Match`, `If-Modified-Since`).

use crate::http::{Answer, Ask};
use crate::routes::unknown_operation;
use crate::{Hub, HubError, access_log, binary};
use std::sync::Arc;
use store::StoredResource;

impl Hub {
    /// The current version. A deleted resource is [`HubError::Gone`].
    pub async fn read(&self, rtype: &str, id: &str) -> Result<StoredResource, HubError> {
        self.check_type(rtype)?;
        let found = self.store.read(rtype, id).await?;
        let resource = Arc::unwrap_or_clone(found.ok_or_else(|| HubError::not_found(rtype, id))?);
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
    let (rtype, id) = (ask.param("type"), ask.param("id"));
    if let Some(error) = unknown_operation(&format!("{rtype}/{id}")) {
        return Err(error);
    }
    if access_log::is_record(rtype, id) {
        return access_log::read(hub, ask).await;
    }
    let resource = match hub.read(rtype, id).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    binary::admit(&hub, &ask.scope, &resource).await?;
    ask.within_condition(&hub, &resource)?;
    if ask.unchanged(&resource) {
        return Ok(Answer::not_modified(&resource));
    }
    if let Some(content) = binary::content(&ask, &resource)? {
        return Ok(content);
    }
    Ok(Answer::resource(ask.scope.dressed(resource)))
}
