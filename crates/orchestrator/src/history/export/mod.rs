//! `GET /orchestrator/history/export?format=xes|xes.gz|ocel&definition=&from=&to=&identified=`: own history for the
//! tools of others, written case by case while it is read.
//!
//! People are pseudonyms (patients, staff, and cases, by whose id a patient can be found): the same person is the same
//! pseudonym in every export of this installation, and cannot be told without its key. `identified=true` gives the real
//! ids, to administrators only. Values of variables and texts are never exported.

mod ocel;
mod ocel_xml;
mod xes;

use super::cases::{Case, CaseFilter, Outcome, Visit};
use super::moment::moment;
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use access::{Actor, SigningKey};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, header};
use jiff::Timestamp;
use serde::Deserialize;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Bytes gathered before they are sent.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for a slow reader; then writing waits too.
const WAITING: usize = 4;

/// What is exported.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct ExportQuery {
    /// `xes` (when absent), `xes.gz`, `ocel`.
    pub format: Option<String>,
    /// Definition key, or process id for every version.
    pub definition: Option<String>,
    /// Instances started at this moment or later: RFC 3339, or a date (its midnight in UTC).
    pub from: Option<String>,
    /// Instances started before this moment.
    pub to: Option<String>,
    /// Only instances that have ended.
    pub ended: bool,
    /// Real ids instead of pseudonyms.
    pub identified: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Xes,
    XesGz,
    Ocel,
    OcelXml,
}

impl Format {
    fn of(text: Option<&str>) -> Result<Self, OrchestratorError> {
        match text {
            None | Some("" | "xes") => Ok(Self::Xes),
            Some("xes.gz") => Ok(Self::XesGz),
            Some("ocel" | "ocel.json") => Ok(Self::Ocel),
            Some("ocel.xml") => Ok(Self::OcelXml),
            Some(other) => Err(OrchestratorError::BadRequest(format!(
                "format: '{other}' is not one of xes, xes.gz, ocel, ocel.xml"
            ))),
        }
    }

    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Xes => ("application/xml", "attachment; filename=\"storia.xes\""),
            Self::XesGz => ("application/gzip", "attachment; filename=\"storia.xes.gz\""),
            Self::OcelXml => ("application/xml", "attachment; filename=\"storia.ocel.xml\""),
            Self::Ocel => ("application/json", "attachment; filename=\"storia.ocel.json\""),
        }
    }
}

/// Who is called what.
struct Names(Option<SigningKey>);

impl Names {
    /// The name of a person or case outside: itself, or its pseudonym.
    fn of(&self, id: &str) -> String {
        let Some(key) = &self.0 else { return id.to_owned() };
        // What a job or the program itself did is nobody's.
        if matches!(id, "system" | "timer" | "hub" | "anonymous") || id.starts_with("worker") {
            return id.to_owned();
        }
        let mut text = String::from("p-");
        for byte in &key.derive(id)[..10] {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// One export under way.
struct Export {
    orchestrator: Arc<Orchestrator>,
    filter: CaseFilter,
    names: Names,
    /// What began later is left out: both passes over the history tell the same.
    now: Timestamp,
    out: mpsc::Sender<Result<Bytes, std::io::Error>>,
}

impl Export {
    async fn send(&self, bytes: Vec<u8>) -> Result<(), OrchestratorError> {
        let gone = |_| OrchestratorError::BadRequest("the reader has gone".into());
        self.out.send(Ok(bytes.into())).await.map_err(gone)
    }

    /// The work of a case as it stood when the export began.
    fn work<'c>(&self, case: &'c Case) -> impl Iterator<Item = &'c Visit> + use<'c> {
        let now = self.now;
        case.visits
            .iter()
            .filter(move |visit| visit.work && visit.entered <= now)
    }

    /// When and how a visit ended, as of the beginning of the export.
    fn end(&self, visit: &Visit) -> Option<(Timestamp, Outcome)> {
        visit
            .left
            .filter(|left| *left <= self.now)
            .map(|left| (left, visit.outcome))
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Params(query): Params<ExportQuery>,
) -> Result<Response, OrchestratorError> {
    if actor.patient().is_some() {
        return Err(OrchestratorError::Forbidden(
            "the event log is of everybody's processes: a person's own data come out on their own pages".into(),
        ));
    }
    let format = Format::of(query.format.as_deref())?;
    if query.identified && !crate::access_rules::administers(&actor) {
        return Err(OrchestratorError::Forbidden(
            "identified: real ids are given to administrators only; leave it out for pseudonyms".into(),
        ));
    }
    let key = orchestrator.config.pseudonyms.clone();
    if !query.identified && key.is_none() {
        return Err(OrchestratorError::Invalid(
            "pseudonyms: this installation has no key to make them; an administrator can ask with identified=true"
                .into(),
        ));
    }
    let now = orchestrator.clock.now();
    let to = moment("to", query.to.as_deref())?;
    let filter = CaseFilter {
        definition: query.definition.filter(|definition| !definition.is_empty()),
        from: moment("from", query.from.as_deref())?,
        to,
        ended: query.ended,
    };
    // A wrong definition is refused before the answer begins.
    drop(orchestrator.cases(filter.clone()).await?);
    let (out, chunks) = mpsc::channel(WAITING);
    let export = Export {
        orchestrator,
        filter,
        names: Names(key.filter(|_| !query.identified)),
        now,
        out,
    };
    tokio::spawn(run(export, format));
    // Fused: a compressing layer asks once more after the end.
    let stream = futures::stream::unfold(chunks, async |mut chunks| Some((chunks.recv().await?, chunks))).fuse();
    let mut response = Response::new(Body::from_stream(stream));
    let (kind, file) = format.file();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(file));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Writes to the end, or breaks the answer off so that nobody takes half a log for a whole one.
async fn run(export: Export, format: Format) {
    let done = match format {
        Format::Xes => xes::write(&export, false).await,
        Format::XesGz => xes::write(&export, true).await,
        Format::Ocel => ocel::write(&export, false).await,
        Format::OcelXml => ocel::write(&export, true).await,
    };
    if let Err(error) = done {
        tracing::warn!(%error, "an export of the history was broken off");
        let _ = export.out.send(Err(std::io::Error::other(error.to_string()))).await;
    }
}
