//! Who comes in when there is too much to do: people before programs, programs before heavy work.
//!
//! Three quarters of the places are for everybody, the last quarter for people's pages alone, and heavy work has a few places
//! of its own, so that it can never fill the others. Who finds no place waits a moment, at most [`QUEUE`] at a time, and is then
//! told when to come again: nothing of a refused request was begun.

use super::Class;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for a place.
const MOMENT: Duration = Duration::from_secs(2);
/// Requests that wait for a place at a time.
const QUEUE: usize = 2_048;
/// Workers that wait for jobs at a time: they cost a place in memory and nothing else.
const POLLS: usize = 8_192;

/// The places.
#[derive(Debug)]
pub struct Admission {
    shared: Arc<Semaphore>,
    people: Arc<Semaphore>,
    background: Arc<Semaphore>,
    polls: Arc<Semaphore>,
    queue: AtomicUsize,
    moment: Duration,
}

/// Why a request does not come in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too much at the moment: 503, come again after so many seconds.
    Busy(u32),
    /// Too much of this kind at a time: 429, come again after so many seconds.
    TooMany(u32),
}

impl Admission {
    /// `at_once` places in all, and `background` for heavy work.
    pub fn new(at_once: u32, background: u32) -> Self {
        let people = (at_once / 4).max(1) as usize;
        let semaphore = |places: usize| Arc::new(Semaphore::new(places));
        Self {
            shared: semaphore((at_once as usize).saturating_sub(people).max(1)),
            people: semaphore(people),
            background: semaphore(background as usize),
            polls: semaphore(POLLS),
            queue: AtomicUsize::new(0),
            moment: MOMENT,
        }
    }

    /// A place, held until it is dropped; `None`: this kind needs none.
    ///
    /// # Errors
    /// There is none.
    pub async fn enter(&self, class: Class) -> Result<Option<OwnedSemaphorePermit>, Refused> {
        let own = match class {
            Class::Health | Class::Asset => return Ok(None),
            Class::Background => {
                let place = self.background.clone().try_acquire_owned();
                return place.map(Some).map_err(|_| Refused::TooMany(10));
            }
            Class::Poll => {
                let place = self.polls.clone().try_acquire_owned();
                return place.map(Some).map_err(|_| Refused::TooMany(5));
            }
            class => class.is_person().then_some(&self.people),
        };
        if let Ok(place) = self.shared.clone().try_acquire_owned() {
            return Ok(Some(place));
        }
        if let Some(Ok(place)) = own.map(|own| own.clone().try_acquire_owned()) {
            return Ok(Some(place));
        }
        let _waiting = Waiting::begin(&self.queue).ok_or(Refused::Busy(5))?;
        let any = async {
            match own {
                Some(own) => tokio::select! {
                    place = self.shared.clone().acquire_owned() => place,
                    place = own.clone().acquire_owned() => place,
                },
                None => self.shared.clone().acquire_owned().await,
            }
        };
        match tokio::time::timeout(self.moment, any).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(Refused::Busy(2)),
        }
    }

    /// Requests that wait for a place.
    pub fn waiting(&self) -> usize {
        self.queue.load(Ordering::Relaxed)
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(queue: &'a AtomicUsize) -> Option<Self> {
        let room = |waiting: usize| (waiting < QUEUE).then_some(waiting + 1);
        queue
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()
            .map(|_| Self(queue))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody waits.
    fn hasty() -> Admission {
        Admission {
            moment: Duration::ZERO,
            ..Admission::new(4, 1)
        }
    }

    #[tokio::test]
    async fn people_come_in_where_programs_no_longer_do() {
        let admission = hasty();
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(admission.enter(Class::FhirSearch).await.unwrap());
        }
        assert_eq!(admission.enter(Class::FhirRead).await.unwrap_err(), Refused::Busy(2));
        held.push(admission.enter(Class::Page).await.unwrap());
        assert_eq!(admission.enter(Class::Page).await.unwrap_err(), Refused::Busy(2));
        held.clear();
        assert!(admission.enter(Class::FhirRead).await.is_ok());
    }

    #[tokio::test]
    async fn heavy_work_has_its_own_places_and_takes_no_others() {
        let admission = hasty();
        let _one = admission.enter(Class::Background).await.unwrap();
        assert_eq!(
            admission.enter(Class::Background).await.unwrap_err(),
            Refused::TooMany(10)
        );
        for _ in 0..3 {
            std::mem::forget(admission.enter(Class::FhirSearch).await.unwrap());
        }
        assert!(admission.enter(Class::Page).await.is_ok());
        assert!(admission.enter(Class::Health).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_comes_free() {
        let admission = Arc::new(Admission::new(4, 1));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(admission.enter(Class::FhirRead).await.unwrap());
        }
        let other = admission.clone();
        let waiting = tokio::spawn(async move { other.enter(Class::FhirRead).await.is_ok() });
        tokio::task::yield_now().await;
        assert_eq!(admission.waiting(), 1);
        held.pop();
        assert!(waiting.await.unwrap());
        assert_eq!(admission.waiting(), 0);
    }
}
