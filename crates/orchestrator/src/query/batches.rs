//! Batches: `GET /orchestrator/batches`, `/batches/{id}`, `/batches/{id}/items`, `/batches/{id}/export`.

use super::page_size;
use crate::api::{BatchInfo, BatchItem, BatchResult, List};
use crate::batch::item::read_item;
use crate::batch::{HEAD, Head, NEWEST, items_kind};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header;
use serde::Deserialize;
use std::sync::Arc;

/// Rows read at a time for a file.
const PAGE: usize = 1_000;

/// Batches looked at for one answer, at most.
const MOST_SEEN: usize = 10_000;

/// Which batches.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct BatchesQuery {
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
}

/// Which outcomes.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct BatchItemsQuery {
    /// `done`, `failed`, `skipped`.
    pub result: Option<String>,
    /// Mark of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<usize>,
    /// For a file: `csv` or `json`.
    pub format: Option<String>,
}

impl Orchestrator {
    /// A page of batches, newest first: the actor's own; of who runs the installation all.
    pub async fn batches(&self, actor: &Actor, query: BatchesQuery) -> Result<List<BatchInfo>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let mut after = query.after.unwrap_or_default();
        let mut snapshot = self.store.snapshot().await?;
        let (mut items, mut last, mut seen) = (Vec::new(), None, 0);
        loop {
            let found = snapshot.records_after(NEWEST, &after, limit + 1).await?;
            let more = found.len() > limit;
            seen += found.len();
            for (key, id) in found {
                let id = String::from_utf8_lossy(&id);
                after = key;
                let Some(head) = snapshot.record(HEAD, &id).await? else {
                    continue;
                };
                let head = Head::read(&head)?;
                if !self.may_see_batch(actor, &head) {
                    continue;
                }
                if items.len() == limit {
                    return Ok(List { items, next: last });
                }
                items.push(head.info);
                last = Some(after.clone());
            }
            if !more || seen >= MOST_SEEN {
                let next = more.then_some(after);
                return Ok(List { items, next });
            }
        }
    }

    /// One batch.
    ///
    /// # Errors
    /// Unknown (404).
    pub async fn batch(&self, actor: &Actor, id: &str) -> Result<BatchInfo, OrchestratorError> {
        Ok(self.batch_of_actor(actor, id).await?.info)
    }

    /// A page of outcomes, in the order of the batch.
    ///
    /// # Errors
    /// Unknown (404).
    pub async fn batch_items(
        &self,
        actor: &Actor,
        id: &str,
        query: BatchItemsQuery,
    ) -> Result<List<BatchItem>, OrchestratorError> {
        let limit = page_size(&self.config, query.limit)?;
        let result = result_of(query.result.as_deref())?;
        self.batch_of_actor(actor, id).await?;
        let (kind, mut after) = (items_kind(id, result), query.after.unwrap_or_default());
        let mut items: Vec<BatchItem> = Vec::new();
        let mut more = true;
        // Those done lie among the others.
        while more && items.len() <= limit {
            let page = self
                .store
                .snapshot()
                .await?
                .records_after(&kind, &after, limit + 1)
                .await?;
            more = page.len() > limit;
            after = page.last().map_or_else(|| after.clone(), |(key, _)| key.clone());
            for (_, bytes) in page {
                let item = read_item(&bytes)?;
                if result.is_none_or(|wanted| wanted == item.result) {
                    items.push(item);
                }
            }
        }
        let next = items.get(limit).map(|_| crate::batch::place(items[limit - 1].n));
        items.truncate(limit);
        Ok(List { items, next })
    }
}

fn result_of(text: Option<&str>) -> Result<Option<BatchResult>, OrchestratorError> {
    Ok(match text {
        None | Some("") => None,
        Some("done") => Some(BatchResult::Done),
        Some("failed") => Some(BatchResult::Failed),
        Some("skipped") => Some(BatchResult::Skipped),
        Some(other) => {
            return Err(OrchestratorError::BadRequest(format!(
                "result: '{other}' is not one of done, failed, skipped"
            )));
        }
    })
}

/// A cell that a spreadsheet reads as text: quoted, and never as a formula.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn line(item: &BatchItem) -> String {
    let cells = [
        item.n.to_string(),
        cell(&item.instance),
        item.result.name().to_owned(),
        item.at.to_string(),
        cell(item.error.as_deref().unwrap_or_default()),
    ];
    cells.join(",") + "\r\n"
}

/// A file of outcomes, written while it is read: it may be long.
fn file(orchestrator: Arc<Orchestrator>, actor: Actor, id: String, result: Option<String>, csv: bool) -> Body {
    // What comes before the next page, and the mark of it; `None`: the file is at its end.
    let begin = Some((String::new(), true));
    let pages = stream::unfold(begin, move |state| {
        let (orchestrator, actor) = (orchestrator.clone(), actor.clone());
        let (id, result) = (id.clone(), result.clone());
        async move {
            let (after, first) = state?;
            let query = BatchItemsQuery {
                result,
                after: Some(after).filter(|after| !after.is_empty()),
                limit: Some(PAGE),
                format: None,
            };
            let page = match orchestrator.batch_items(&actor, &id, query).await {
                Ok(page) => page,
                Err(error) => return Some((Err(std::io::Error::other(error.to_string())), None)),
            };
            let mut text = match (first, csv) {
                (true, true) => "n,instance,result,at,error\r\n".to_owned(),
                (true, false) => "[".to_owned(),
                _ => String::new(),
            };
            for (k, item) in page.items.iter().enumerate() {
                if csv {
                    text += &line(item);
                } else {
                    text += if first && k == 0 { "\n" } else { ",\n" };
                    text += &serde_json::to_string(item).unwrap_or_default();
                }
            }
            if page.next.is_none() && !csv {
                text += "\n]\n";
            }
            Some((Ok(Bytes::from(text)), page.next.map(|next| (next, false))))
        }
    });
    // Fused: a compressing layer asks once more after the end.
    Body::from_stream(pages.fuse())
}

pub(crate) async fn list(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Params(query): Params<BatchesQuery>,
) -> Result<Json<List<BatchInfo>>, OrchestratorError> {
    orchestrator.batches(&actor, query).await.map(Json)
}

pub(crate) async fn one(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchInfo>, OrchestratorError> {
    orchestrator.batch(&actor, &id).await.map(Json)
}

pub(crate) async fn items(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    Params(query): Params<BatchItemsQuery>,
) -> Result<Json<List<BatchItem>>, OrchestratorError> {
    orchestrator.batch_items(&actor, &id, query).await.map(Json)
}

pub(crate) async fn export(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Path(id): Path<String>,
    Params(query): Params<BatchItemsQuery>,
) -> Result<Response, OrchestratorError> {
    let csv = match query.format.as_deref() {
        None | Some("csv") => true,
        Some("json") => false,
        Some(other) => {
            let text = format!("format: '{other}' is neither csv nor json");
            return Err(OrchestratorError::BadRequest(text));
        }
    };
    result_of(query.result.as_deref())?;
    let id = orchestrator.batch_of_actor(&actor, &id).await?.info.id;
    let (mime, end) = if csv {
        ("text/csv; charset=utf-8", "csv")
    } else {
        ("application/json", "json")
    };
    let headers = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"batch-{id}.{end}\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file(orchestrator, actor, id, query.result, csv)).into_response())
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
