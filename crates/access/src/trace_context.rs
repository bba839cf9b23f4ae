//! The trace that work belongs to, across processes (W3C Trace Context, <https://www.w3.org/TR/trace-context/>): numbers only,
//! never whose data it is about. Not to be taken for the record of accesses.

use sha2::{Digest as _, Sha256};

/// Name of the header.
pub const TRACEPARENT: &str = "traceparent";

/// Where work stands in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

tokio::task_local! {
    static CURRENT: TraceContext;
}

impl TraceContext {
    /// A trace that begins here; its numbers come from an id that nobody else has.
    pub fn begun(id: &str) -> Self {
        let hash = Sha256::digest(id.as_bytes());
        let number = |range: std::ops::Range<usize>| hash[range].iter().fold(0_u128, |n, b| (n << 8) | u128::from(*b));
        Self {
            // 0 means none.
            trace: number(0..16).max(1),
            span: (number(16..24) as u64).max(1),
            sampled: true,
        }
    }

    /// Work of its own within this trace, by an id that nobody else has.
    pub fn child(self, id: &str) -> Self {
        Self {
            span: Self::begun(id).span,
            ..self
        }
    }

    /// Reads the header; `None`: it is none, or malformed, and is not passed on.
    pub fn read(header: &str) -> Option<Self> {
        let hex = |text: &str, length: usize| {
            let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            (text.len() == length && text.bytes().all(lower)).then(|| u128::from_str_radix(text, 16).ok())?
        };
        let mut parts = header.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)? as u64);
        let flags = hex(parts.next()?, 2)?;
        // Later versions may say more behind; 255 is none.
        let whole = version != 255 && (version > 0 || parts.next().is_none());
        (whole && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }

    /// As the header says it.
    pub fn header(self) -> String {
        let flags = u8::from(self.sampled);
        format!("00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }

    /// The trace, 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// This work, 16 hexadecimal digits.
    pub fn span_id(self) -> String {
        format!("{:016x}", self.span)
    }

    /// Whether the one who began the trace wants it kept.
    pub fn sampled(self) -> bool {
        self.sampled
    }

    /// Of the running work; `None` outside any.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| *current).ok()
    }

    /// Runs work that belongs here.
    pub async fn within<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// A future that belongs to the running work, to be spawned.
    pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let current = Self::current();
        async move {
            match current {
                Some(current) => current.within(work).await,
                None => work.await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_header_is_read_strictly_and_written_as_it_was() {
        let read = TraceContext::read(GIVEN).unwrap();
        assert_eq!(read.header(), GIVEN);
        assert_eq!(read.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(!TraceContext::read(&GIVEN.replace("-01", "-00")).unwrap().sampled());
        assert!(TraceContext::read(&GIVEN.replacen("00", "cc", 1).replace("-01", "-01-what-comes-later")).is_some());
        for wrong in [
            "",
            "00-RossiMario-x-01",
            &GIVEN.to_uppercase(),
            &format!("{GIVEN}-more"),
            &GIVEN.replacen("00", "ff", 1),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert_eq!(TraceContext::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_within_a_trace_keeps_it_and_has_a_number_of_its_own() {
        let given = TraceContext::read(GIVEN).unwrap();
        let child = given.child("a");
        assert_eq!(child.trace_id(), given.trace_id());
        assert!(child.span_id() != given.span_id() && child.span_id() != given.child("b").span_id());
        let begun = TraceContext::begun("a");
        assert!(begun.sampled() && TraceContext::read(&begun.header()) == Some(begun));
    }

    #[tokio::test]
    async fn spawned_work_is_carried_along() {
        assert_eq!(TraceContext::current(), None);
        let begun = TraceContext::begun("a");
        let found = begun
            .within(async { tokio::spawn(TraceContext::carried(async { TraceContext::current() })).await })
            .await;
        assert_eq!(found.unwrap(), Some(begun));
    }
}
