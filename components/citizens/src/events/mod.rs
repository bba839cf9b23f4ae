//! Life events from a national feed (births, deaths, moves, emigrations, returns, changes of name or sex, merges): by file, page
//! and API, each once by its identifier, in whatever order they come.
//!
//! An event that was applied is a record with the code `evento-applicato`, written in the same transaction as what it changes;
//! `processes/evento-vita.bpmn` makes it the message `evento-…` with the key `Patient/<id>`, which every model may receive.

mod api;
mod apply;
pub(crate) mod demo;
mod event;
mod feed;
mod page;
mod timeline;

use crate::Declared;
use access::describe;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler as _;
use axum::routing::{get, post};
use component::{Context, PeerError};

pub use apply::Outcome;
pub use event::{BadEvent, Data, Event, Kind};
pub use feed::MAX_EVENTS;
pub(crate) use feed::cells;

/// Largest body of the API, bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// Largest file sent by the page, bytes.
const MAX_FILE: usize = 6 * 1024 * 1024;

/// Where it answers.
pub(crate) fn routes(declared: Declared) -> Declared {
    const DESK: &str = "citizens.desk";
    declared
        .get(DESK, "/anagrafe/eventi", get(page::list))
        .post(
            DESK,
            "/anagrafe/eventi",
            post(page::upload.layer(DefaultBodyLimit::max(MAX_FILE))),
        )
        .get(DESK, "/anagrafe/eventi/{id}", get(page::show))
        .post(DESK, "/anagrafe/eventi/{id}", post(page::retry))
        .post(
            "citizens.events",
            "/citizens/events",
            post(api::take.layer(DefaultBodyLimit::max(MAX_BODY))),
        )
        .described(
            "Takes life events: one as JSON, an array, NDJSON, or CSV; each once by its id",
            describe(&api::take),
        )
}

/// Takes the events of a file: NDJSON, JSON or CSV. `tell` hears how far it is.
///
/// # Errors
/// The file cannot be read as a whole, or the hub does not answer.
pub async fn load(
    context: &Context,
    text: &str,
    by: &str,
    tell: impl Fn(usize, usize),
) -> Result<Vec<Outcome>, LoadError> {
    let lines = feed::read(text).map_err(LoadError::Unreadable)?;
    let of = lines.len();
    let mut outcomes = Vec::with_capacity(of);
    for (n, (line, event)) in lines.into_iter().enumerate() {
        outcomes.push(match event {
            Ok(event) => apply::receive(context, &event, by).await?,
            Err(reason) => Outcome::of(
                &format!("riga {line}"),
                "invalid",
                Some((&reason, "correggere la riga e ricaricare")),
            ),
        });
        tell(n + 1, of);
    }
    Ok(outcomes)
}

/// Why a file of events was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("the events cannot be read: {0}")]
    Unreadable(String),
    /// The hub refused, or did not answer. What was taken before stays; taking the file again goes on.
    #[error(transparent)]
    Peer(#[from] PeerError),
}
