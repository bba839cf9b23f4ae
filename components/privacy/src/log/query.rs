//! Reading the log, as FHIR AuditEvents of the hub, with the rights of who asks.

use super::Entry;
use access::Actor;
use component::{Context, Fhir, PeerError};
use serde_json::Value;

/// Entries asked for at once.
const PAGE: usize = 200;

/// The log, for one actor.
pub struct Log(Fhir);

impl Log {
    /// With the rights of an actor.
    pub fn of(context: &Context, actor: &Actor) -> Self {
        Self(context.peers.fhir(actor))
    }

    /// One page, newest first, and the mark of the next one.
    ///
    /// # Errors
    /// The hub refuses or cannot be reached.
    pub async fn page(
        &self,
        query: &[(&str, &str)],
        mark: Option<&str>,
        count: usize,
    ) -> Result<(Vec<Entry>, Option<String>), PeerError> {
        let count = count.clamp(1, PAGE).to_string();
        let marks: Vec<(String, String)> = mark
            .and_then(|mark| serde_urlencoded::from_str(mark).ok())
            .unwrap_or_default();
        let mut params = query.to_vec();
        params.push(("_count", &count));
        // A mark carries what the hub's own link adds, and nothing that would change the question.
        let extra = marks
            .iter()
            .filter(|(name, _)| name.starts_with('_') && name != "_count");
        params.extend(extra.map(|(name, value)| (name.as_str(), value.as_str())));
        let bundle = self.0.bundle("AuditEvent", &params).await?;
        let next = next_mark(&bundle, &params);
        let entries = bundle["entry"].as_array().into_iter().flatten();
        let entries = entries.filter_map(|entry| Entry::read(&entry["resource"])).collect();
        Ok((entries, next))
    }

    /// The newest, at most `max`.
    ///
    /// # Errors
    /// As [`Log::page`].
    pub async fn first(&self, query: &[(&str, &str)], max: usize) -> Result<Vec<Entry>, PeerError> {
        let mut all = Vec::new();
        let mut mark = None;
        loop {
            let (entries, next) = self.page(query, mark.as_deref(), (max - all.len()).min(PAGE)).await?;
            all.extend(entries);
            mark = next;
            if mark.is_none() || all.len() >= max {
                all.truncate(max);
                return Ok(all);
            }
        }
    }

    /// One.
    ///
    /// # Errors
    /// As [`Log::page`].
    pub async fn one(&self, id: &str) -> Result<Option<Entry>, PeerError> {
        Ok(self.0.find("AuditEvent", id).await?.as_ref().and_then(Entry::read))
    }
}

/// What the link of the next page adds to the question.
fn next_mark(bundle: &Value, asked: &[(&str, &str)]) -> Option<String> {
    let links = bundle["link"].as_array()?;
    let url = links.iter().find(|link| link["relation"] == "next")?["url"].as_str()?;
    let query = url.split_once('?')?.1;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    let added = pairs
        .iter()
        .filter(|(name, value)| !asked.contains(&(name.as_str(), value.as_str())));
    let added: Vec<_> = added.filter(|(name, _)| name.starts_with('_')).collect();
    serde_urlencoded::to_string(added).ok().filter(|mark| !mark.is_empty())
}
