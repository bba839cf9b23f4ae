//! How many requests somebody may make: token buckets, by rule (`rules/pace.json`).
//!
//! What the program asks itself and what anybody may read (assets, the sign-in page) is not counted; wrong passwords have a
//! slower measure of their own ([`crate::LocalIdentity`]).

use crate::Actor;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::HashMap;

/// Buckets kept at most: those that are full again go first, then the counting of newcomers begins anew.
const MAX_BUCKETS: usize = 100_000;

/// The rules that come with the program.
const STANDARD: &str = include_str!("../../rules/pace.json");

#[derive(Debug, Deserialize)]
struct Rules {
    classes: Vec<Class>,
}

/// Who may make how many requests.
#[derive(Debug, Deserialize)]
struct Class {
    name: String,
    /// `client`, `role:NAME`, `anonymous`, `anybody`.
    who: String,
    per_second: u32,
    burst: u32,
}

impl Class {
    fn fits(&self, actor: Option<&Actor>) -> bool {
        match (self.who.as_str(), actor) {
            ("anybody", _) => true,
            ("anonymous", actor) => actor.is_none(),
            ("client", Some(actor)) => actor.client.is_some(),
            (who, Some(actor)) => who.strip_prefix("role:").is_some_and(|role| actor.has_role(role)),
            _ => false,
        }
    }
}

#[derive(Debug)]
struct Bucket {
    /// Millionths of a request that are left.
    left: u64,
    at: Timestamp,
    /// The last request was refused.
    refused: bool,
}

/// What somebody has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    limit: u32,
    remaining: u32,
    /// Seconds until everything is there again.
    reset_s: u64,
}

impl Share {
    /// Tells it as the Italian interoperability model wants (Linee guida interoperabilità tecnica, RAC_REST_NAME, `X-RateLimit-*`).
    pub fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("x-ratelimit-limit", u64::from(self.limit)),
            ("x-ratelimit-remaining", u64::from(self.remaining)),
            ("x-ratelimit-reset", self.reset_s),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

/// Too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFast {
    /// Seconds until the next one is taken.
    pub retry_after_s: u64,
    /// The first refusal after a request that was let through.
    pub first: bool,
    /// What is left: nothing.
    pub share: Share,
}

/// Counts the requests of everybody.
#[derive(Debug)]
pub(super) struct Pace {
    rules: Rules,
    buckets: Mutex<HashMap<(usize, String), Bucket>>,
}

impl Pace {
    /// By the rules that come with the program.
    pub fn standard() -> Self {
        Self {
            rules: serde_json::from_str(STANDARD).expect("the rules that come with the program are well-formed"),
            buckets: Mutex::default(),
        }
    }

    /// Takes one request; `place`: the network address, for those who are not signed in. `None`: not counted.
    pub fn take(&self, actor: Option<&Actor>, place: &str, now: Timestamp) -> Option<Result<Share, TooFast>> {
        if actor.is_some_and(|actor| actor.has_role("system")) {
            return None;
        }
        let (n, class) = self
            .rules
            .classes
            .iter()
            .enumerate()
            .find(|(_, class)| class.fits(actor))?;
        let who = match actor {
            None => place.to_owned(),
            Some(Actor {
                client: Some(client), ..
            }) => client.client.clone(),
            Some(actor) => actor.subject.clone(),
        };
        let full = u64::from(class.burst) * ONE;
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_BUCKETS {
            self.make_room(&mut buckets, now);
        }
        let bucket = buckets.entry((n, who)).or_insert(Bucket {
            left: full,
            at: now,
            refused: false,
        });
        bucket.fill(class, now);
        let share = |left: u64| Share {
            limit: class.burst,
            remaining: (left / ONE) as u32,
            reset_s: seconds(full - left, class),
        };
        if bucket.left < ONE {
            let first = !std::mem::replace(&mut bucket.refused, true);
            if first {
                tracing::warn!(
                    class = class.name,
                    "somebody asks more than the measure of requests permits"
                );
            }
            return Some(Err(TooFast {
                retry_after_s: seconds(ONE - bucket.left, class).max(1),
                first,
                share: share(bucket.left),
            }));
        }
        bucket.left -= ONE;
        bucket.refused = false;
        Some(Ok(share(bucket.left)))
    }

    fn make_room(&self, buckets: &mut HashMap<(usize, String), Bucket>, now: Timestamp) {
        buckets.retain(|(n, _), bucket| {
            let class = &self.rules.classes[*n];
            bucket.fill(class, now);
            bucket.left < u64::from(class.burst) * ONE
        });
        if buckets.len() >= MAX_BUCKETS {
            buckets.clear();
        }
    }
}

/// One request, in millionths.
const ONE: u64 = 1_000_000;

impl Bucket {
    fn fill(&mut self, class: &Class, now: Timestamp) {
        let passed = u64::try_from(now.duration_since(self.at).as_micros()).unwrap_or(0);
        let full = u64::from(class.burst) * ONE;
        self.left = full.min(self.left.saturating_add(passed.saturating_mul(class.per_second.into())));
        self.at = self.at.max(now);
    }
}

fn seconds(missing: u64, class: &Class) -> u64 {
    missing.div_ceil(u64::from(class.per_second.max(1)) * ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn person(subject: &str, role: &str) -> Actor {
        Actor {
            subject: subject.into(),
            roles: vec![role.into()],
            ..Actor::default()
        }
    }

    #[test]
    fn a_bucket_empties_fills_again_and_is_nobody_elses() {
        let (pace, start) = (Pace::standard(), Timestamp::UNIX_EPOCH);
        let (anna, ugo) = (person("Patient/anna", "assistito"), person("Patient/ugo", "assistito"));
        let mut taken = 0;
        let refused = loop {
            match pace.take(Some(&anna), "", start).unwrap() {
                Ok(share) => {
                    taken += 1;
                    assert_eq!(share.remaining, 120 - taken);
                }
                Err(refused) => break refused,
            }
        };
        assert_eq!((taken, refused.retry_after_s, refused.first), (120, 1, true));
        assert!(!pace.take(Some(&anna), "", start).unwrap().unwrap_err().first);
        assert!(pace.take(Some(&ugo), "", start).unwrap().is_ok());
        let later = start + SignedDuration::from_millis(100);
        assert!(pace.take(Some(&anna), "", later).unwrap().is_ok());
        assert!(pace.take(Some(&anna), "", later).unwrap().is_err());
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let (pace, start) = (Pace::standard(), Timestamp::from_second(1_000).unwrap());
        let anna = person("Patient/anna", "assistito");
        while pace.take(Some(&anna), "", start).unwrap().is_ok() {}
        assert!(pace.take(Some(&anna), "", Timestamp::UNIX_EPOCH).unwrap().is_err());
        assert!(pace.take(Some(&anna), "", start).unwrap().is_err());
    }

    #[test]
    fn the_program_is_not_counted_and_memory_does_not_grow() {
        let (pace, start) = (Pace::standard(), Timestamp::UNIX_EPOCH);
        assert!(pace.take(Some(&Actor::system()), "", start).is_none());
        for n in 0..MAX_BUCKETS + 10 {
            pace.take(None, &n.to_string(), start).unwrap().unwrap();
        }
        assert!(pace.buckets.lock().len() <= MAX_BUCKETS);
    }
}
