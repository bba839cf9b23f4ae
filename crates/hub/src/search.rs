//! Search of a type: `GET [base]/Type?…` and `POST [base]/Type/_search`.

use crate::access_log;
use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask, View};
use crate::outcome::{self, Issue};
use crate::parse::pairs::{self, Pair};
use crate::parse::{self, Parsed, Summary};
use crate::scope::Scope;
use crate::{Hub, HubError, binary};
use bytes::Bytes;
use std::sync::Arc;
use store::{SearchPage, Snapshot, StoredResource};

impl Hub {
    /// Searches a type with a query string such as `name=rossi&_sort=-_lastUpdated&_count=20`.
    ///
    /// Unknown parameters are an error here; over HTTP they are so only under `Prefer: handling=strict`.
    pub async fn search(&self, rtype: &str, query: &str) -> Result<SearchPage, HubError> {
        let mut parsed = self.parse_search(rtype, &pairs::decode(query)?)?;
        refuse_ignored(&parsed)?;
        self.run_search(&Scope::All, &mut parsed).await
    }

    pub(crate) fn parse_search(&self, rtype: &str, pairs: &[Pair]) -> Result<Parsed, HubError> {
        self.check_type(rtype)?;
        Ok(parse::search(&self.parse_context(), rtype, pairs)?)
    }

    /// Runs a parsed search inside a scope.
    pub(crate) async fn run_search(&self, scope: &Scope, parsed: &mut Parsed) -> Result<SearchPage, HubError> {
        let mut snapshot = self.snapshot().await?;
        self.run_search_on(snapshot.as_mut(), scope, parsed).await
    }

    /// As [`Hub::run_search`], on a snapshot that other searches share.
    pub(crate) async fn run_search_on(
        &self,
        snapshot: &mut dyn Snapshot,
        scope: &Scope,
        parsed: &mut Parsed,
    ) -> Result<SearchPage, HubError> {
        scope.narrow(&mut parsed.query)?;
        self.resolve_code_sets(&mut parsed.query).await?;
        if parsed.summary == Summary::Count {
            parsed.query.page.count = 0;
            parsed.query.includes.clear();
        }
        let mut page = snapshot.search(&parsed.query).await?;
        binary::keep_shown(self, scope, &mut page).await?;
        if page.total.is_none() && page.next.is_none() && parsed.query.page.after.is_none() {
            // The first page is all there is: the total costs nothing.
            page.total = Some(page.matches.len() as u64);
        }
        Ok(page)
    }
}

/// Unknown parameters as an error.
pub(crate) fn refuse_ignored(parsed: &Parsed) -> Result<(), HubError> {
    match parsed.ignored.first() {
        Some(error) => Err(error.clone().into()),
        None => Ok(()),
    }
}

/// The HTTP handler, for both verbs.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let pairs = ask.search_pairs(&hub).await?;
    if access_log::is_asked(ask.param("type"), &pairs) {
        return access_log::search(hub, ask, pairs).await;
    }
    let mut parsed = hub.parse_search(ask.param("type"), &pairs)?;
    if ask.prefer.strict {
        refuse_ignored(&parsed)?;
    }
    let page = hub.run_search(&ask.scope, &mut parsed).await?;
    let view = View {
        summary: parsed.summary,
        elements: parsed.elements.clone(),
    };
    let path = format!("{}/{}", hub.config.base_url, parsed.query.rtype);
    let mut writer = BundleWriter::new(
        "searchset",
        hub.clock.now(),
        page.total,
        &links(&path, &parsed.used, &page),
    );
    write_page(&hub, &ask.scope, &mut writer, &page, &view);
    write_ignored(&mut writer, &parsed);
    Ok(Answer::made(writer.finish()))
}

/// `self` says what was used of the query; `next` adds where to go on.
pub(crate) fn links(path: &str, used: &[Pair], page: &SearchPage) -> Vec<(&'static str, String)> {
    let with = |pairs: &[Pair]| {
        if pairs.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", pairs::encode(pairs))
        }
    };
    let mut links = vec![("self", with(used))];
    if let Some(next) = &page.next {
        let mut pairs: Vec<Pair> = used.iter().filter(|(name, _)| name != "_page").cloned().collect();
        pairs.push(("_page".to_owned(), next.clone()));
        links.push(("next", with(&pairs)));
    }
    links
}

/// Matches and included resources as entries.
pub(crate) fn write_page(hub: &Hub, scope: &Scope, writer: &mut BundleWriter, page: &SearchPage, view: &View) {
    for resource in &page.matches {
        write_resource(hub, scope, writer, (resource, "match"), view);
    }
    for resource in &page.included {
        write_resource(hub, scope, writer, (resource, "include"), view);
    }
}

fn write_resource(
    hub: &Hub,
    scope: &Scope,
    writer: &mut BundleWriter,
    (resource, mode): (&StoredResource, &str),
    view: &View,
) {
    let Some(body) = &resource.body else { return };
    let body: Bytes = view.apply(&scope.shown(resource, body));
    writer.begin(
        Some(&format!("{}/{}/{}", hub.config.base_url, resource.rtype, resource.id)),
        Some(&body),
    );
    writer.mode(mode);
    writer.end();
}

/// What was not used of the query, as an OperationOutcome among the entries.
pub(crate) fn write_ignored(writer: &mut BundleWriter, parsed: &Parsed) {
    if parsed.ignored.is_empty() {
        return;
    }
    let issue =
        |error: &parse::ParseError| Issue::warning("not-supported", format!("{error}: the parameter was ignored"));
    let issues: Vec<Issue> = parsed.ignored.iter().map(issue).collect();
    writer.begin(None, Some(&outcome::bytes(&issues)));
    writer.mode("outcome");
    writer.end();
}
