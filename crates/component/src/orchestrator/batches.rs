//! Operations on many instances at once.

use super::{Orchestrator, segment, with_query};
use crate::PeerError;
use bytes::Bytes;
use http::Method;
use orchestrator::api::{BatchInfo, BatchItem, BatchPreview, BatchRequest, List, RetryBatch};
use serde_json::json;

impl Orchestrator {
    /// What a batch would do; nothing is changed.
    pub async fn preview_batch(&self, request: &BatchRequest) -> Result<BatchPreview, PeerError> {
        self.post("/orchestrator/batches/preview", request).await
    }

    /// Begins a batch that was previewed.
    pub async fn start_batch(&self, request: &BatchRequest) -> Result<BatchInfo, PeerError> {
        self.post("/orchestrator/batches", request).await
    }

    /// Batches, newest first.
    pub async fn batches(&self, after: Option<&str>, limit: usize) -> Result<List<BatchInfo>, PeerError> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(after.map(|after| ("after", after)));
        self.get(&with_query("/orchestrator/batches", &query)?).await
    }

    /// One batch.
    pub async fn batch(&self, id: &str) -> Result<BatchInfo, PeerError> {
        self.get(&format!("/orchestrator/batches/{}", segment(id))).await
    }

    /// What became of its instances; `result`: only `done`, `failed` or `skipped`.
    pub async fn batch_items(
        &self,
        id: &str,
        result: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<List<BatchItem>, PeerError> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(result.map(|result| ("result", result)));
        query.extend(after.map(|after| ("after", after)));
        let path = format!("/orchestrator/batches/{}/items", segment(id));
        self.get(&with_query(&path, &query)?).await
    }

    /// All outcomes as a file, `csv` or `json`.
    pub async fn batch_export(&self, id: &str, format: &str) -> Result<Bytes, PeerError> {
        let path = format!("/orchestrator/batches/{}/export", segment(id));
        let path = with_query(&path, &[("format", format)])?;
        Ok(self.call(Method::GET, &path, Bytes::new()).await?.into_body())
    }

    /// Holds a batch, lets it go on, or stops it: `pause`, `resume`, `cancel`.
    pub async fn steer_batch(&self, id: &str, how: &str) -> Result<BatchInfo, PeerError> {
        let path = format!("/orchestrator/batches/{}/{}", segment(id), segment(how));
        self.post(&path, &json!({})).await
    }

    /// Removes a batch that has ended, with its outcomes.
    pub async fn remove_batch(&self, id: &str) -> Result<(), PeerError> {
        let path = format!("/orchestrator/batches/{}/remove", segment(id));
        self.call(Method::POST, &path, Bytes::from_static(b"{}"))
            .await
            .map(drop)
    }

    /// A new batch of the failed instances of one that has ended.
    pub async fn retry_batch(&self, id: &str, reason: &str) -> Result<BatchInfo, PeerError> {
        let path = format!("/orchestrator/batches/{}/retry", segment(id));
        let request = RetryBatch {
            reason: reason.to_owned(),
        };
        self.post(&path, &request).await
    }
}
