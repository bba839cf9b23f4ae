//! Parts of a request's work that are measured as spans of its trace: a call to another component, a step of the orchestrator, a
//! commit. Where nobody gathers spans, nothing is measured and nothing is kept.

use crate::TraceContext;
use jiff::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What kind of work a span is, in OpenTelemetry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Work within this process.
    Internal,
    /// A question to somebody else, answered elsewhere.
    Client,
}

/// A piece of work that has ended.
#[derive(Debug, Clone)]
pub struct Work {
    /// What was done: a name of this program, never data of a person.
    pub name: String,
    /// Of what kind.
    pub kind: SpanKind,
    /// Where it stands in its trace.
    pub context: TraceContext,
    /// The work that it is a part of.
    pub parent: Option<TraceContext>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, by the same clock.
    pub ended: Timestamp,
    /// Whether it failed.
    pub failed: bool,
}

/// Whoever gathers spans. Neither method may wait.
pub trait Spans: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;
    /// A text that no other process has, from which numbers are made.
    fn seed(&self) -> &str;
    /// Some work ended.
    fn ended(&self, work: Work);
}

static GATHERER: OnceLock<Arc<dyn Spans>> = OnceLock::new();
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Has the spans of this process gathered, from now on until it ends. Only the first to ask is heard.
pub fn gather(spans: Arc<dyn Spans>) {
    let _ = GATHERER.set(spans);
}

/// Does work as a part of the running trace. Outside any trace, or in one that its beginner does not want kept, it is only done.
pub async fn part<F, T, E>(name: &str, kind: SpanKind, work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    match (GATHERER.get(), TraceContext::current()) {
        (Some(spans), Some(parent)) if parent.sampled() => {
            let context = parent.child(&fresh(spans.as_ref()));
            measured(spans.as_ref(), name, kind, (context, Some(parent)), work).await
        }
        _ => work.await,
    }
}

/// As [`part`]; outside any trace, one begins with it: what the program does by itself (a timer, a message between instances).
pub async fn part_or_trace<F, T, E>(name: &str, work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    match (GATHERER.get(), TraceContext::current()) {
        (Some(spans), None) => {
            let context = TraceContext::begun(&fresh(spans.as_ref()));
            measured(spans.as_ref(), name, SpanKind::Internal, (context, None), work).await
        }
        _ => part(name, SpanKind::Internal, work).await,
    }
}

/// Does work that begins a trace of its own, under a context that was made for it.
pub async fn whole<F, T, E>(name: &str, kind: SpanKind, context: TraceContext, work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    match GATHERER.get() {
        Some(spans) => measured(spans.as_ref(), name, kind, (context, None), work).await,
        None => work.await,
    }
}

fn fresh(spans: &dyn Spans) -> String {
    format!("{} {}", spans.seed(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

async fn measured<F, T, E>(
    spans: &dyn Spans,
    name: &str,
    kind: SpanKind,
    (context, parent): (TraceContext, Option<TraceContext>),
    work: F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let began = spans.now();
    // Boxed: a future as large as its caller's would grow with each part within a part.
    let result = context.within(Box::pin(work)).await;
    spans.ended(Work {
        name: name.to_owned(),
        kind,
        context,
        parent,
        began,
        ended: spans.now(),
        failed: result.is_err(),
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[derive(Default)]
    struct Kept(Mutex<Vec<Work>>);

    impl Spans for Kept {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn seed(&self) -> &str {
            "a process"
        }

        fn ended(&self, work: Work) {
            self.0.lock().push(work);
        }
    }

    #[tokio::test]
    async fn parts_lie_within_one_another_and_only_where_somebody_wants_them() {
        let done = part("before", SpanKind::Internal, async { Ok::<_, ()>(1) }).await;
        assert_eq!(done, Ok(1));
        let kept = Arc::new(Kept::default());
        gather(kept.clone());
        let outside = part("outside", SpanKind::Internal, async { Ok::<_, ()>(2) }).await;
        assert_eq!((outside, kept.0.lock().len()), (Ok(2), 0), "no trace, no span");

        let request = TraceContext::begun("a request");
        let work = part("outer", SpanKind::Client, async {
            part_or_trace("inner", async { Err::<(), _>("no") }).await
        });
        assert_eq!(request.within(work).await, Err("no"));
        let spans = std::mem::take(&mut *kept.0.lock());
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(names, ["inner", "outer"]);
        assert_eq!(spans[0].parent, Some(spans[1].context));
        assert_eq!(spans[1].parent, Some(request));
        assert!(spans[0].failed && spans[0].context.trace_id() == request.trace_id());

        part_or_trace("a timer", async { Ok::<_, ()>(()) }).await.unwrap();
        let unwanted = TraceContext::read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        let work = part("unwanted", SpanKind::Internal, async { Ok::<_, ()>(()) });
        unwanted.within(work).await.unwrap();
        let spans = kept.0.lock();
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert_eq!((spans[0].name.as_str(), spans[0].parent), ("a timer", None));
    }
}
