//! The hub's FHIR API as a typed client.

use crate::{PeerError, Peers};
use access::Actor;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What stood before a version of a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Before {
    /// Nothing: that version was the first, or the first after a deletion.
    Nothing,
    /// This.
    Was(Value),
    /// It is not the newest, or somebody kept its source while changing it.
    ChangedSince,
}

/// The hub, as one actor. Made by [`Peers::fhir`].
#[derive(Clone)]
pub struct Fhir {
    peers: Peers,
    actor: Actor,
}

impl Fhir {
    pub(crate) fn new(peers: Peers, actor: Actor) -> Self {
        Self { peers, actor }
    }

    /// One resource. A missing or deleted one is an error ([`PeerError::is_not_found`]).
    pub async fn read(&self, rtype: &str, id: &str) -> Result<Value, PeerError> {
        self.send(Method::GET, &format!("/fhir/{rtype}/{}", segment(id)), None, None)
            .await
    }

    /// One resource, `None` when it does not exist.
    pub async fn find(&self, rtype: &str, id: &str) -> Result<Option<Value>, PeerError> {
        match self.read(rtype, id).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One resource by a reference such as `Patient/1`.
    pub async fn resolve(&self, reference: &str) -> Result<Option<Value>, PeerError> {
        match reference.split_once('/') {
            Some((rtype, id)) if !id.contains('/') => self.find(rtype, id).await,
            _ => Ok(None),
        }
    }

    /// The resources of the first page of a search (matches first, then included ones). `_count` sets its size.
    pub async fn search(&self, rtype: &str, params: &[(&str, &str)]) -> Result<Vec<Value>, PeerError> {
        Ok(resources(self.bundle(rtype, params).await?))
    }

    /// The first page of a search as a Bundle, with its links and total.
    pub async fn bundle(&self, rtype: &str, params: &[(&str, &str)]) -> Result<Value, PeerError> {
        let query = serde_urlencoded::to_string(params).map_err(|e| PeerError::Malformed(e.to_string()))?;
        self.send(Method::GET, &format!("/fhir/{rtype}?{query}"), None, None)
            .await
    }

    /// As [`Fhir::bundle`], read into a type of the caller's own that holds only what it needs: a page of resources with all their
    /// elements costs more to read than to find.
    pub async fn bundle_as<T: DeserializeOwned>(&self, rtype: &str, params: &[(&str, &str)]) -> Result<T, PeerError> {
        let query = serde_urlencoded::to_string(params).map_err(|e| PeerError::Malformed(e.to_string()))?;
        self.send_as(Method::GET, &format!("/fhir/{rtype}?{query}"), None, None)
            .await
    }

    /// The resources of a search, page after page, at most `max`.
    pub async fn search_all(&self, rtype: &str, params: &[(&str, &str)], max: usize) -> Result<Vec<Value>, PeerError> {
        let mut bundle = self.bundle(rtype, params).await?;
        let mut found = Vec::new();
        loop {
            let next = next_page(&bundle);
            let page = resources(bundle);
            let empty = page.is_empty();
            found.extend(page);
            match next {
                Some(path) if found.len() < max && !empty => bundle = self.send(Method::GET, &path, None, None).await?,
                _ => break,
            }
        }
        found.truncate(max);
        Ok(found)
    }

    /// Hands the pages of a search to `each`, one after the other, until there are no more or it says `false`: for what is too
    /// much to be held at once.
    pub async fn walk(
        &self,
        rtype: &str,
        params: &[(&str, &str)],
        mut each: impl FnMut(Vec<Value>) -> bool + Send,
    ) -> Result<(), PeerError> {
        let mut bundle = self.bundle(rtype, params).await?;
        loop {
            let next = next_page(&bundle);
            let goes_on = each(resources(bundle));
            match next {
                Some(path) if goes_on => bundle = self.send(Method::GET, &path, None, None).await?,
                _ => return Ok(()),
            }
        }
    }

    /// How many resources match.
    pub async fn count(&self, rtype: &str, params: &[(&str, &str)]) -> Result<u64, PeerError> {
        let mut params = params.to_vec();
        params.extend([("_summary", "count"), ("_total", "accurate")]);
        let bundle = self.bundle(rtype, &params).await?;
        bundle["total"]
            .as_u64()
            .ok_or_else(|| PeerError::Malformed("the search has no total".into()))
    }

    /// Creates and returns the resource with its id.
    pub async fn create(&self, resource: &Value) -> Result<Value, PeerError> {
        self.send(
            Method::POST,
            &format!("/fhir/{}", type_of(resource)?),
            Some(resource),
            None,
        )
        .await
    }

    /// Writes a resource under its id (creates it when new) and returns it as stored.
    pub async fn update(&self, resource: &Value) -> Result<Value, PeerError> {
        self.put(resource, None).await
    }

    /// Writes a resource only if its stored version is still the one in its `meta.versionId`.
    pub async fn update_if_unchanged(&self, resource: &Value) -> Result<Value, PeerError> {
        let version = resource["meta"]["versionId"].as_str();
        let version = version.ok_or_else(|| PeerError::Malformed("the resource has no meta.versionId".into()))?;
        self.put(resource, Some(format!("W/\"{version}\""))).await
    }

    /// Deletes; deleting what is not there is no error.
    pub async fn delete(&self, rtype: &str, id: &str) -> Result<(), PeerError> {
        let response = self
            .call(Method::DELETE, &format!("/fhir/{rtype}/{}", segment(id)), None, None)
            .await?;
        if response.status().is_success() || response.status().as_u16() == 410 {
            return Ok(());
        }
        Err(PeerError::of(&response))
    }

    /// The versions of a resource, newest first, at most `max`. Those in which it was deleted are left out.
    pub async fn history(&self, rtype: &str, id: &str, max: usize) -> Result<Vec<Value>, PeerError> {
        let mut path = format!("/fhir/{rtype}/{}/_history?_count=100", segment(id));
        let mut found = Vec::new();
        loop {
            let bundle = self.send(Method::GET, &path, None, None).await?;
            let next = next_page(&bundle);
            found.extend(resources(bundle));
            match next {
                Some(next) if found.len() < max => path = next,
                _ => break,
            }
        }
        found.truncate(max);
        Ok(found)
    }

    /// What stood before the stored version of a resource, for who takes back what they wrote. Who writes a version signs it in its
    /// `meta.source`; two versions that say the same source mean that somebody changed the resource since, and kept it.
    pub async fn before(&self, resource: &Value) -> Result<Before, PeerError> {
        let id = resource["id"].as_str().unwrap_or_default();
        let path = format!("{}/{}/_history", type_of(resource)?, segment(id));
        let mut bundle = self.bundle(&path, &[("_count", "100")]).await?;
        let entries = bundle["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let mut versions = entries.into_iter().map(|mut entry| entry["resource"].take());
        let newest = versions.next().unwrap_or_default();
        let earlier: Vec<Value> = versions.collect();
        let source = &resource["meta"]["source"];
        let same = newest["meta"]["versionId"] == resource["meta"]["versionId"];
        if !same || earlier.iter().any(|one| one["meta"]["source"] == *source) {
            return Ok(Before::ChangedSince);
        }
        // A version that is a deletion holds no resource.
        Ok(match earlier.into_iter().next().filter(Value::is_object) {
            Some(one) => Before::Was(one),
            None => Before::Nothing,
        })
    }

    /// Asks for an operation with its parameters in the body: `Patient/$match`.
    pub async fn operation(&self, path: &str, parameters: &Value) -> Result<Value, PeerError> {
        self.send(Method::POST, &format!("/fhir/{path}"), Some(parameters), None)
            .await
    }

    /// Sends a transaction or batch Bundle and returns the response Bundle.
    pub async fn transaction(&self, bundle: &Value) -> Result<Value, PeerError> {
        self.send(Method::POST, "/fhir", Some(bundle), None).await
    }

    /// Writes several resources in one commit: those with an id are put, the others created. Returns the response
    /// Bundle.
    pub async fn write_all(&self, resources: &[Value]) -> Result<Value, PeerError> {
        let mut entries = Vec::with_capacity(resources.len());
        for resource in resources {
            let rtype = type_of(resource)?;
            let request = match resource["id"].as_str() {
                Some(id) => json!({ "method": "PUT", "url": format!("{rtype}/{id}") }),
                None => json!({ "method": "POST", "url": rtype }),
            };
            entries.push(json!({ "resource": resource, "request": request }));
        }
        self.transaction(&json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries }))
            .await
    }

    async fn put(&self, resource: &Value, if_match: Option<String>) -> Result<Value, PeerError> {
        let id = resource["id"]
            .as_str()
            .ok_or_else(|| PeerError::Malformed("the resource has no id".into()))?;
        let path = format!("/fhir/{}/{}", type_of(resource)?, segment(id));
        self.send(Method::PUT, &path, Some(resource), if_match).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        if_match: Option<String>,
    ) -> Result<Value, PeerError> {
        self.send_as(method, path, body, if_match).await
    }

    async fn send_as<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        if_match: Option<String>,
    ) -> Result<T, PeerError> {
        let response = self.call(method, path, body, if_match).await?;
        if !response.status().is_success() {
            return Err(PeerError::of(&response));
        }
        serde_json::from_slice(response.body()).map_err(|e| PeerError::Malformed(format!("{path}: {e}")))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        if_match: Option<String>,
    ) -> Result<Response<Bytes>, PeerError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "application/fhir+json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/fhir+json");
            request = request.header("prefer", "return=representation");
        }
        if let Some(version) = if_match {
            request = request.header(header::IF_MATCH, version);
        }
        let bytes = body.map_or_else(Bytes::new, |b| Bytes::from(b.to_string()));
        let request = request
            .body(bytes)
            .map_err(|e| PeerError::Malformed(format!("{path}: {e}")))?;
        self.peers.call("hub", &self.actor, request).await
    }
}

/// The resources of a searchset; outcomes are left out.
fn resources(mut bundle: Value) -> Vec<Value> {
    let Some(entries) = bundle["entry"].as_array_mut() else {
        return Vec::new();
    };
    let taken = entries
        .iter_mut()
        .filter(|e| e["search"]["mode"] != "outcome")
        .map(|e| e["resource"].take());
    taken.filter(|r| !r.is_null()).collect()
}

/// Path and query of the `next` link: a peer's own idea of its base address does not matter.
fn next_page(bundle: &Value) -> Option<String> {
    let link = bundle["link"].as_array()?.iter().find(|l| l["relation"] == "next")?;
    let uri: http::Uri = link["url"].as_str()?.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    Some(path[path.find("/fhir")?..].to_owned())
}

fn type_of(resource: &Value) -> Result<&str, PeerError> {
    let rtype = resource["resourceType"].as_str();
    rtype.ok_or_else(|| PeerError::Malformed("the resource has no resourceType".into()))
}

/// A path segment from outside: what is not a FHIR id cannot reach another path.
fn segment(id: &str) -> String {
    id.bytes()
        .filter(|b| b.is_ascii_alphanumeric() || b"-._".contains(b))
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_next_link_whatever_its_base() {
        let link =
            |url: &str| json!({ "link": [{ "relation": "self", "url": "x" }, { "relation": "next", "url": url }] });
        assert_eq!(
            next_page(&link("https://hub/fhir/Patient?after=3")).as_deref(),
            Some("/fhir/Patient?after=3")
        );
        assert_eq!(
            next_page(&link("/fhir/Patient?a=1")).as_deref(),
            Some("/fhir/Patient?a=1")
        );
        assert_eq!(next_page(&json!({})), None);
    }

    #[test]
    fn an_id_cannot_leave_its_place() {
        assert_eq!(segment("a/../b?x"), "a..bx");
    }
}
