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
mod trust;

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
pub use trust::Trust;

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
            "Takes life events: one as JSON, an array, NDJSON, or CSV, signed (header x-jws-signature, or a compact JWS as body); each once by its id",
            describe(&api::take),
        )
}

/// Takes the events of a file or a body: NDJSON, JSON or CSV, signed: a compact JWS, or with a detached one as `signature`. `tell`
/// hears how far it is.
///
/// # Errors
/// Its signature is missing or does not fit, the file cannot be read as a whole (then no event was taken), or the hub does not
/// answer.
pub async fn load(
    context: &Context,
    body: &[u8],
    signature: Option<&str>,
    by: &str,
    tell: impl Fn(usize, usize),
) -> Result<Vec<Outcome>, LoadError> {
    let trust = Trust::read(context).await?;
    let checked = trust.check(body, signature).map_err(LoadError::Untrusted)?;
    let from = apply::Source {
        by,
        signer: &checked.signer,
    };
    let text: &str = &checked.text;
    let lines = feed::read(text).map_err(LoadError::Unreadable)?;
    let of = lines.len();
    let mut outcomes = Vec::with_capacity(of);
    for (n, (line, event)) in lines.into_iter().enumerate() {
        outcomes.push(match event {
            Ok(event) => apply::receive(context, &event, &from).await?,
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

/// A death that the registry itself came to know, from its desk or because somebody wrote it: told as an event, so that it has the
/// same effects as one of the feed.
///
/// # Errors
/// The hub refused, or did not answer.
pub(crate) async fn died(
    context: &Context,
    patient: &str,
    day: jiff::civil::Date,
    by: &str,
) -> Result<Outcome, PeerError> {
    apply::died(context, patient, day, by).await
}

/// Why a file of events was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its signature is missing, or is of nobody who is trusted.
    #[error("{0}")]
    Untrusted(String),
    /// It cannot be read.
    #[error("the events cannot be read: {0}")]
    Unreadable(String),
    /// The hub refused, or did not answer. What was taken before stays; taking the file again goes on.
    #[error(transparent)]
    Peer(#[from] PeerError),
}
