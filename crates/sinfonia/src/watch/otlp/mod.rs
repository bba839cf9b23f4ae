//! Traces for whoever gathers them: each request of the front door and the parts of its work ([`access::spans`]) as spans, sent by OTLP over HTTP as JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! A span says the verb, the class of work, the status and how long it took, or what part of the work it was: no path, no id,
//! nobody's data. What waits is
//! bounded, what finds no room is dropped and counted; a request never waits for a span. A batch that is not taken is tried once
//! more, then dropped and counted.

mod json;

pub use json::{Answered, Span};

use access::{Spans, Work};
use http::header;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use std::time::Duration;
use store::Clock;
use tokio::sync::{mpsc, oneshot};

/// Spans that may wait.
const WAITING: usize = 4_096;
/// Spans sent at once.
const BATCH: usize = 512;
/// How long a span waits for others.
const EVERY: Duration = Duration::from_secs(2);
/// How long a gatherer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the program waits for the last batch.
const LAST: Duration = Duration::from_secs(3);

/// How many spans were sent, and how many were dropped.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Taken by the gatherer.
    pub sent: Counter,
    /// Lost: no room, or not taken.
    pub dropped: Counter,
}

enum Message {
    Span(Box<Span>),
    /// Everything before this is to go now.
    Flush(oneshot::Sender<()>),
}

/// The way to the gatherer.
#[derive(Debug, Clone)]
pub struct Exporter {
    queue: mpsc::Sender<Message>,
    counts: Counts,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl Exporter {
    /// Starts sending to a gatherer at this base URL (`/v1/traces` below it).
    ///
    /// # Errors
    /// The URL is none, or there is no HTTP client.
    pub fn start(endpoint: &str, counts: Counts) -> Result<Self, String> {
        let url = Self::check(endpoint)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        let (exporter, waiting) = Self::with_room(WAITING, counts.clone());
        // It ends when nobody is left to hand it a span.
        tokio::spawn(send(client, url, waiting, counts));
        Ok(exporter)
    }

    /// Where spans of a gatherer at this base URL go.
    ///
    /// # Errors
    /// It is no such URL.
    pub fn check(endpoint: &str) -> Result<reqwest::Url, String> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let url: reqwest::Url = url.parse().map_err(|error| format!("{endpoint}: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!(
                "{endpoint}: expected http://host[:port] or https://host[:port]"
            ));
        }
        Ok(url)
    }

    fn with_room(room: usize, counts: Counts) -> (Self, mpsc::Receiver<Message>) {
        let (queue, waiting) = mpsc::channel(room);
        (Self { queue, counts }, waiting)
    }

    /// Hands a span over; never waits.
    pub fn span(&self, span: impl Into<Span>) {
        if self.queue.try_send(Message::Span(Box::new(span.into()))).is_err() {
            self.counts.dropped.inc();
        }
    }

    /// Sends what waits, at the end of the program; gives up after a while.
    pub async fn flush(&self) {
        let (done, sent) = oneshot::channel();
        let all = async {
            if self.queue.send(Message::Flush(done)).await.is_ok() {
                let _ = sent.await;
            }
        };
        let _ = tokio::time::timeout(LAST, all).await;
    }
}

/// Takes the parts of the work to where the requests go.
pub struct Parts {
    /// The way to the gatherer.
    pub exporter: Exporter,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A text that no other process has.
    pub seed: String,
}

impl Spans for Parts {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn seed(&self) -> &str {
        &self.seed
    }

    fn ended(&self, work: Work) {
        self.exporter.span(work);
    }
}

/// Gathers spans into batches and sends them, until nobody is left to hand any over.
async fn send(client: reqwest::Client, url: reqwest::Url, mut waiting: mpsc::Receiver<Message>, counts: Counts) {
    let mut batch = Vec::new();
    while let Some(first) = waiting.recv().await {
        let mut flushed = Vec::new();
        let mut take = |message| match message {
            Message::Span(span) => batch.push(*span),
            Message::Flush(done) => flushed.push(done),
        };
        take(first);
        let more = async {
            for _ in 1..BATCH {
                match waiting.recv().await {
                    Some(Message::Span(span)) => take(Message::Span(span)),
                    Some(flush) => {
                        take(flush);
                        return;
                    }
                    None => return,
                }
            }
        };
        let _ = tokio::time::timeout(EVERY, more).await;
        if !batch.is_empty() {
            let body = json::traces(&batch);
            let taken = post(&client, &url, &body).await || post(&client, &url, &body).await;
            let count = batch.len() as u64;
            match taken {
                true => counts.sent.inc_by(count),
                false => counts.dropped.inc_by(count),
            };
            batch.clear();
        }
        for done in flushed {
            let _ = done.send(());
        }
    }
}

async fn post(client: &reqwest::Client, url: &reqwest::Url, body: &str) -> bool {
    let request = client
        .post(url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_owned());
    match request.send().await {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            tracing::debug!(status = answer.status().as_u16(), "traces were not taken");
            false
        }
        Err(error) => {
            tracing::debug!(%error, "traces cannot be sent");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_is_dropped_and_counted() {
        let counts = Counts::default();
        let (exporter, waiting) = Exporter::with_room(2, counts.clone());
        for _ in 0..5 {
            exporter.span(json::example());
        }
        assert_eq!(counts.dropped.get(), 3);
        drop(waiting);
        exporter.span(json::example());
        assert_eq!(counts.dropped.get(), 4);
        exporter.flush().await;
    }

    #[tokio::test]
    async fn a_gatherer_that_is_not_there_costs_the_spans_and_nothing_else() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", nobody.local_addr().unwrap());
        drop(nobody);
        let counts = Counts::default();
        let exporter = Exporter::start(&endpoint, counts.clone()).unwrap();
        exporter.span(json::example());
        exporter.flush().await;
        assert_eq!((counts.sent.get(), counts.dropped.get()), (0, 1));
        for wrong in ["", "collector", "file:///x"] {
            assert!(Exporter::start(wrong, counts.clone()).is_err(), "{wrong}");
        }
    }
}
