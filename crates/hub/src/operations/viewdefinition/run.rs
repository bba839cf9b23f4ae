//! `$viewdefinition-run`: rows of a view over the store, streamed: one page of resources is in memory at a time.
//!
//! An error before the first bytes is an OperationOutcome; later it can only break the answer off.

use super::ask::{self, Wanted};
use super::render::Render;
use crate::bulk::{Call, of_group};
use crate::http::blocking;
use crate::scope::Scope;
use crate::{Hub, HubError};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, header};
use std::collections::HashSet;
use std::sync::Arc;
use store::{Clause, Page, Query, Snapshot};
use tokio::sync::mpsc;

/// Resources read at once.
const PAGE: usize = 500;

/// Pages made before the client takes one.
const AHEAD: usize = 2;

type Sender = mpsc::Sender<Result<Bytes, HubError>>;

/// The HTTP handler.
pub(super) async fn handle(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let wanted = ask::read(&hub, &mut call).await?;
    let scope = call.ask.scope;
    let media = wanted.format.media();
    let (sender, mut pages) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = make(&hub, &scope, wanted, &sender).await {
            tracing::warn!(%error, "a run of a view ended early");
            // Nobody listens any more where the client has gone.
            let _ = sender.send(Err(error)).await;
        }
    });
    let first = match pages.recv().await {
        Some(first) => first?,
        None => Bytes::new(),
    };
    let stream = futures::stream::unfold((Some(first), pages), |(first, mut pages)| async move {
        let page = match first {
            Some(first) => Some(Ok(first)),
            None => pages.recv().await,
        };
        page.map(|page| (page, (None, pages)))
    });
    // A compressing layer asks once more after the end.
    let stream = stream.fuse();
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Sends what is worth sending; `false` when the client has gone.
async fn send(sender: &Sender, bytes: Bytes) -> bool {
    bytes.is_empty() || sender.send(Ok(bytes)).await.is_ok()
}

async fn make(hub: &Arc<Hub>, scope: &Scope, wanted: Wanted, sender: &Sender) -> Result<(), HubError> {
    let (mut render, mut pending) = Render::begin(wanted.view, wanted.format, wanted.limit)?;
    if let Some(given) = wanted.given {
        let bodies: Vec<Bytes> = given.into_iter().map(|resource| resource.to_string().into()).collect();
        for page in bodies.chunks(PAGE) {
            let (next, bytes) = render_page(render, page.to_vec()).await?;
            render = next;
            if !send(sender, join(&mut pending, bytes)).await {
                return Ok(());
            }
        }
    } else {
        let mut snapshot = hub.snapshot().await?;
        let members = match &wanted.group {
            Some(group) => Some(of_group(hub, snapshot.as_mut(), group).await?),
            None => None,
        };
        let mut query = query(render.resource(), wanted.patient, wanted.since);
        scope.narrow(&mut query)?;
        while !render.is_full() {
            let (bodies, next) = read(snapshot.as_mut(), scope, &query, members.as_ref()).await?;
            let (same, bytes) = render_page(render, bodies).await?;
            render = same;
            if !send(sender, join(&mut pending, bytes)).await {
                return Ok(());
            }
            let Some(next) = next else { break };
            query.page.after = Some(next);
        }
    }
    let last = render.end()?;
    send(sender, join(&mut pending, last)).await;
    Ok(())
}

/// What stands before the first rows goes out with them, so that an error of theirs can still be told.
fn join(pending: &mut Bytes, bytes: Bytes) -> Bytes {
    let first = std::mem::take(pending);
    if first.is_empty() {
        return bytes;
    }
    [first, bytes].concat().into()
}

async fn render_page(mut render: Render, bodies: Vec<Bytes>) -> Result<(Render, Bytes), HubError> {
    blocking(move || {
        let bytes = render.page(&bodies)?;
        Ok((render, bytes))
    })
    .await
}

fn query(rtype: &str, patient: Option<String>, since: Option<jiff::Timestamp>) -> Query {
    let mut clauses: Vec<Clause> = patient.map(Clause::Patient).into_iter().collect();
    if since.is_some() {
        clauses.push(Clause::LastUpdated {
            from: since,
            until: None,
        });
    }
    Query {
        rtype: rtype.to_owned(),
        clauses,
        page: Page {
            count: PAGE,
            after: None,
        },
        ..Query::default()
    }
}

async fn read(
    snapshot: &mut dyn Snapshot,
    scope: &Scope,
    query: &Query,
    members: Option<&HashSet<String>>,
) -> Result<(Vec<Bytes>, Option<String>), HubError> {
    let page = snapshot.search(query).await?;
    let wanted = page
        .matches
        .into_iter()
        .filter(|resource| match (members, &resource.patient) {
            (None, _) => true,
            (Some(members), Some(patient)) => members.contains(patient),
            (Some(_), None) => false,
        });
    let shown = wanted.filter_map(|resource| Some(scope.without_withheld(&resource, resource.body.as_ref()?)));
    Ok((shown.collect(), page.next))
}
