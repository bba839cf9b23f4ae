//! `[base]/$bulk-file/[job]/[file]`: a file that a job made, to whom the job belongs.

use super::{Call, files, status};
use crate::{Hub, HubError};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;

/// Bytes sent at once.
const CHUNK: usize = 64 * 1024;

/// `GET`.
pub(super) async fn handle(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let job = status::find(&hub, &mut call).await?;
    let name = call.ask.param("file");
    let left = &job.left;
    // Only names that the job itself recorded are opened.
    let mut made = left.output.iter().chain(&left.deleted).chain(&left.error);
    let Some(made) = made.find(|made| made.name == name) else {
        return Err(HubError::NoRoute(format!("file {name} of bulk job {}", job.id)));
    };
    let path = files::folder(&hub, &job.id)?.join(&made.name);
    let opened = tokio::fs::File::open(&path).await;
    let file = opened.map_err(|error| files::failed("opening a bulk file", &error))?;
    let size = file.metadata().await.map(|metadata| metadata.len());
    let stream = futures::stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/fhir+ndjson"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(size) = size {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    Ok(response)
}
