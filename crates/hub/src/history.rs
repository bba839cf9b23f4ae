//! History: `GET [base]/Type/id/_history`, `[base]/Type/_history`, `[base]/_history`, newest first.

use crate::bundle::{BundleWriter, EntryResponse};
use crate::http::{About, Answer, Ask};
use crate::parse::{self, pairs};
use crate::scope::Scope;
use crate::{Hub, HubError};
use jiff::Timestamp;
use std::sync::Arc;
use store::{HistoryScope, Method, StoredResource, VersionPage};

impl Hub {
    /// A page of versions, newest first. `since` is inclusive; `after` is the mark of an earlier page.
    ///
    /// The history of a resource that never existed is [`HubError::NotFound`].
    pub async fn history(
        &self,
        scope: &HistoryScope,
        since: Option<Timestamp>,
        count: usize,
        after: Option<&str>,
    ) -> Result<VersionPage, HubError> {
        match scope {
            HistoryScope::Instance { rtype, .. } | HistoryScope::Type(rtype) => self.check_type(rtype)?,
            HistoryScope::System => {}
        }
        let mut snapshot = self.snapshot().await?;
        if let HistoryScope::Instance { rtype, id } = scope
            && snapshot.read(rtype, id).await?.is_none()
        {
            return Err(HubError::not_found(rtype, id));
        }
        Ok(snapshot.history(scope, since, count, after).await?)
    }
}

/// Whether somebody may look back at all: what is hidden now was not hidden in its earlier versions, and they must not tell.
/// A deleted resource is judged by what it was.
pub(crate) async fn admit_past(hub: &Hub, scope: &Scope, rtype: &str, id: &str) -> Result<(), HubError> {
    if *scope == Scope::All {
        return Ok(());
    }
    let mut snapshot = hub.snapshot().await?;
    let mut latest = snapshot.read(rtype, id).await?;
    if let Some(deleted) = latest.as_ref().filter(|latest| latest.body.is_none()) {
        latest = snapshot.vread(rtype, id, deleted.version.saturating_sub(1)).await?;
    }
    match latest.filter(|latest| latest.body.is_some()) {
        Some(latest) => scope.admit(&latest),
        None => Ok(()),
    }
}

struct Wanted {
    since: Option<Timestamp>,
    count: usize,
    after: Option<String>,
    used: Vec<pairs::Pair>,
}

fn wanted(hub: &Hub, query: &str) -> Result<Wanted, HubError> {
    let pairs = pairs::decode(query)?;
    let mut wanted = Wanted {
        since: None,
        count: hub.config.limits.count_default,
        after: None,
        used: Vec::new(),
    };
    for (name, value) in pairs {
        match name.as_str() {
            "_since" => {
                let since = parse::date::since(&value);
                let bad = || HubError::bad(format!("cannot read _since '{value}': expected a FHIR instant or date"));
                wanted.since = Some(since.ok_or_else(bad)?);
            }
            "_count" => wanted.count = parse::count(&hub.parse_context(), &value)?,
            "_page" => wanted.after = Some(value.clone()),
            "_format" | "_pretty" | "_summary" | "_elements" => {}
            _ => return Err(HubError::NotSupported(format!("the history parameter '{name}'"))),
        }
        // What was used, which is less than what was asked for where a page would be too large.
        let value = if name == "_count" {
            wanted.count.to_string()
        } else {
            value
        };
        wanted.used.push((name, value));
    }
    Ok(wanted)
}

/// The HTTP handler of an instance.
pub(crate) async fn handle_instance(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let scope = HistoryScope::Instance {
        rtype: ask.param("type").to_owned(),
        id: ask.param("id").to_owned(),
    };
    let path = format!("{}/{}/_history", ask.param("type"), ask.param("id"));
    let wanted = wanted(&hub, &ask.query)?;
    admit_past(&hub, &ask.scope, ask.param("type"), ask.param("id")).await?;
    let page = hub
        .history(&scope, wanted.since, wanted.count, wanted.after.as_deref())
        .await?;
    // A deleted version has no labels: what was deleted is judged by what it was.
    let bodies = page.versions.iter().filter(|version| version.body.is_some());
    let mut hidden = bodies.filter(|version| !ask.scope.sees(version));
    if let Some(hidden) = hidden.next() {
        ask.scope.admit(hidden)?;
    }
    if let Some(only) = page.versions.iter().find(|version| version.body.is_none()) {
        ask.scope.admit(only)?;
    }
    for version in page.versions.iter().filter(|version| version.body.is_some()) {
        ask.within_condition(&hub, version)?;
    }
    if ask.condition.is_some() && page.versions.iter().all(|version| version.body.is_none()) {
        return Err(HubError::not_found(ask.param("type"), ask.param("id")));
    }
    let mut page = page;
    page.versions = page.versions.into_iter().map(|one| ask.scope.dressed(one)).collect();
    Ok(answer(&hub, &path, &wanted, &page))
}

/// The HTTP handler of a type.
pub(crate) async fn handle_type(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    ask.scope
        .everything("the history of a whole type is not permitted to you")?;
    let wanted = wanted(&hub, &ask.query)?;
    let scope = HistoryScope::Type(ask.param("type").to_owned());
    let page = hub
        .history(&scope, wanted.since, wanted.count, wanted.after.as_deref())
        .await?;
    Ok(answer(&hub, &format!("{}/_history", ask.param("type")), &wanted, &page))
}

/// The HTTP handler of the whole server.
pub(crate) async fn handle_system(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    ask.scope
        .everything("the history of the whole server is not permitted to you")?;
    let wanted = wanted(&hub, &ask.query)?;
    let page = hub
        .history(
            &HistoryScope::System,
            wanted.since,
            wanted.count,
            wanted.after.as_deref(),
        )
        .await?;
    Ok(answer(&hub, "_history", &wanted, &page))
}

fn answer(hub: &Hub, path: &str, wanted: &Wanted, page: &VersionPage) -> Answer {
    let base = &hub.config.base_url;
    let with = |pairs: &[pairs::Pair]| {
        if pairs.is_empty() {
            format!("{base}/{path}")
        } else {
            format!("{base}/{path}?{}", pairs::encode(pairs))
        }
    };
    let mut links = vec![("self", with(&wanted.used))];
    if let Some(next) = &page.next {
        let mut pairs: Vec<_> = wanted
            .used
            .iter()
            .filter(|(name, _)| name != "_page")
            .cloned()
            .collect();
        pairs.push(("_page".to_owned(), next.clone()));
        links.push(("next", with(&pairs)));
    }
    let mut writer = BundleWriter::new("history", hub.clock.now(), page.total, &links);
    for version in &page.versions {
        write_version(base, &mut writer, version);
    }
    Answer::made(writer.finish())
}

fn write_version(base: &str, writer: &mut BundleWriter, version: &StoredResource) {
    let url = format!("{}/{}", version.rtype, version.id);
    writer.begin(Some(&format!("{base}/{url}")), version.body.as_ref());
    let (method, status) = match version.method {
        Method::Post => ("POST", "201 Created"),
        Method::Put if version.version == 1 => ("PUT", "201 Created"),
        Method::Put => ("PUT", "200 OK"),
        Method::Delete => ("DELETE", "204 No Content"),
    };
    writer.request(
        method,
        if version.method == Method::Post {
            &version.rtype
        } else {
            &url
        },
    );
    let about = About::of(version);
    writer.response(&EntryResponse {
        status,
        location: None,
        about: Some(&about),
        outcome: None,
    });
    writer.end();
}
