//! What an operation is about: the resource of the path, one sent along, or one named by its canonical address.
//!
//! An address only ever names what is stored here or built in: the server fetches nothing from where it points.

use super::Inputs;
use crate::http::{Ask, blocking};
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;
use terminology::{Canonical, CodeSystem, ConceptMap, Source, TermError, ValueSet};

/// A resource, or where to find it.
#[derive(Debug)]
pub(crate) enum Target<T> {
    /// Here it is.
    Given(Arc<T>),
    /// `url` or `url|version`.
    Named(String),
}

impl<T> Clone for Target<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Given(given) => Self::Given(given.clone()),
            Self::Named(address) => Self::Named(address.clone()),
        }
    }
}

/// The body of the resource that the path names. (`&mut`: a request can be sent to another thread, not shared.)
async fn stored(hub: &Hub, ask: &mut Ask) -> Result<Option<Bytes>, HubError> {
    let (rtype, id) = (ask.param("type").to_owned(), ask.param("id").to_owned());
    if id.is_empty() {
        return Ok(None);
    }
    let resource = match hub.read(&rtype, &id).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    ask.scope.admit(&resource)?;
    Ok(resource.body)
}

/// Names of the parameters that may hold the target: the resource, its URL, its version.
pub(crate) type Names = [&'static str; 3];

/// Finds the target; `None` where neither path nor parameters name one.
pub(crate) async fn target<T: Send + Sync + 'static>(
    hub: &Hub,
    ask: &mut Ask,
    inputs: &Inputs,
    [resource, url, version]: Names,
    bytes: fn(&[u8]) -> Result<T, TermError>,
    value: fn(Value) -> Result<T, TermError>,
) -> Result<Option<Target<T>>, HubError> {
    if let Some(body) = stored(hub, ask).await? {
        let parsed = blocking(move || Ok(bytes(&body)?)).await?;
        return Ok(Some(Target::Given(Arc::new(parsed))));
    }
    if let Some(given) = inputs.resource(resource) {
        let parsed = blocking(move || Ok(value(given)?)).await?;
        return Ok(Some(Target::Given(Arc::new(parsed))));
    }
    let named = inputs.text(url).map(|address| {
        let version = inputs.text(version);
        Canonical::of(&address, version.as_deref()).to_string()
    });
    Ok(named.map(Target::Named))
}

/// The target of an operation on value sets.
pub(crate) async fn value_set(hub: &Hub, ask: &mut Ask, inputs: &Inputs) -> Result<Target<ValueSet>, HubError> {
    let names = ["valueSet", "url", "valueSetVersion"];
    let found = target(hub, ask, inputs, names, ValueSet::from_json, ValueSet::from_value).await?;
    found.ok_or_else(|| HubError::bad("name the value set: by 'url', by 'valueSet', or in the path"))
}

/// The target of an operation on code systems, where one is named. The first parameter may be given another name.
pub(crate) async fn code_system(
    hub: &Hub,
    ask: &mut Ask,
    inputs: &Inputs,
    url: &'static str,
) -> Result<Option<Target<CodeSystem>>, HubError> {
    let read = |value: Value| CodeSystem::from_value(&value);
    target(
        hub,
        ask,
        inputs,
        ["codeSystem", url, "version"],
        CodeSystem::from_json,
        read,
    )
    .await
}

/// The target of an operation on concept maps, where one is named.
pub(crate) async fn concept_map(
    hub: &Hub,
    ask: &mut Ask,
    inputs: &Inputs,
) -> Result<Option<Target<ConceptMap>>, HubError> {
    let read = |value: Value| ConceptMap::from_value(&value);
    let names = ["conceptMap", "url", "conceptMapVersion"];
    target(hub, ask, inputs, names, ConceptMap::from_json, read).await
}

impl Target<ValueSet> {
    /// The value set.
    pub fn get(&self, source: &dyn Source) -> Result<Arc<ValueSet>, TermError> {
        match self {
            Self::Given(set) => Ok(set.clone()),
            Self::Named(address) => {
                let found = source.value_set(Canonical::parse(address));
                found.ok_or_else(|| TermError::Unknown {
                    kind: "value set",
                    canonical: address.clone(),
                })
            }
        }
    }
}

impl Target<CodeSystem> {
    /// The code system.
    pub fn get(&self, source: &dyn Source) -> Result<Arc<CodeSystem>, TermError> {
        match self {
            Self::Given(system) => Ok(system.clone()),
            Self::Named(address) => {
                let found = source.code_system(Canonical::parse(address));
                found.ok_or_else(|| TermError::Unknown {
                    kind: "code system",
                    canonical: address.clone(),
                })
            }
        }
    }
}

impl Target<ConceptMap> {
    /// The concept map.
    pub fn get(&self, source: &dyn Source) -> Result<Arc<ConceptMap>, TermError> {
        match self {
            Self::Given(map) => Ok(map.clone()),
            Self::Named(address) => {
                let found = source.concept_map(Canonical::parse(address));
                found.ok_or_else(|| TermError::Unknown {
                    kind: "concept map",
                    canonical: address.clone(),
                })
            }
        }
    }
}

/// Refuses an operation on a type that does not have it.
pub(crate) fn only(rtypes: &[&str], ask: &Ask, operation: &str) -> Result<(), HubError> {
    let rtype = ask.param("type");
    if rtypes.contains(&rtype) {
        return Ok(());
    }
    Err(HubError::NotSupported(format!("{operation} of {rtype}")))
}
