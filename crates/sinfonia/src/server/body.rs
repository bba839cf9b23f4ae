//! Bodies that are looked after: those that come must keep coming, and an answer holds its place until it is sent.

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};

/// A body that comes too slowly is an error.
pub struct Impatient {
    body: Body,
    /// Until when the next piece must be here.
    next: Pin<Box<Sleep>>,
    between: Duration,
    /// Until when all of it must be.
    whole: Instant,
}

impl Impatient {
    /// Watches over a body; one that has nothing is left as it is.
    pub fn over(body: Body, between: Duration, whole: Duration) -> Body {
        if http_body::Body::is_end_stream(&body) {
            return body;
        }
        let now = Instant::now();
        Body::new(Self {
            body,
            next: Box::pin(tokio::time::sleep_until((now + between).min(now + whole))),
            between,
            whole: now + whole,
        })
    }
}

impl http_body::Body for Impatient {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            let until = (Instant::now() + this.between).min(this.whole);
            this.next.as_mut().reset(until);
            return Poll::Ready(frame);
        }
        match this.next.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new(TooSlow)))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body came too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request came too slowly")]
struct TooSlow;

/// An answer that holds a place until it is sent or given up.
pub struct Holding {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl Holding {
    /// Puts the place into the answer's body.
    pub fn over(body: Body, place: Option<OwnedSemaphorePermit>) -> Body {
        match place {
            Some(place) if !http_body::Body::is_end_stream(&body) => Body::new(Self { body, _place: place }),
            _ => body,
        }
    }
}

impl http_body::Body for Holding {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
