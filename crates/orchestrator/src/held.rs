//! Leases that this process gave out lately, so that the completion of a job need not read its lease. Only speed: what is
//! accepted here is checked again by the fence inside the commit, and what is refused here is looked up in the store.

use crate::leases::Claim;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use store::Lease;

/// Most leases kept; beyond, all are forgotten.
const MOST: usize = 20_000;

/// By job id.
#[derive(Default)]
pub(crate) struct Held(Mutex<HashMap<String, Lease>>);

impl Held {
    /// A lease was committed.
    pub(crate) fn given(&self, lease: Lease) {
        let mut held = self.0.lock();
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(lease.id.clone(), lease);
    }

    /// The job is done, or its lease is not what it was.
    pub(crate) fn forget(&self, job: &str) {
        self.0.lock().remove(job);
    }

    /// The fence of a lease that bears out the claim; `None`: ask the store.
    pub(crate) fn fence(&self, claim: &Claim, now: Timestamp) -> Option<u64> {
        let held = self.0.lock();
        let lease = held.get(&claim.job).filter(|_| claim.pause.is_none())?;
        claim.verify(Some(lease), now).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leases::Holding;

    #[test]
    fn bears_out_only_what_is_surely_so() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let holding = Holding {
            worker: Some("a".into()),
            subject: "Device/1".into(),
            attempt: 1,
            rank: crate::leases::rank(0),
        };
        let held = Held::default();
        held.given(Lease {
            id: "i.1".into(),
            instance: "i".into(),
            job_type: "t".into(),
            until: at("2026-01-01T08:05:00Z"),
            fence: 7,
            data: holding.bytes(),
        });
        let claim = |worker: &str| Claim {
            job: "i.1".into(),
            worker: Some(worker.into()),
            subject: "Device/1".into(),
            pause: None,
        };
        let (early, late) = (at("2026-01-01T08:04:00Z"), at("2026-01-01T08:05:00Z"));
        assert_eq!(held.fence(&claim("a"), early), Some(7));
        assert_eq!(held.fence(&claim("b"), early), None);
        assert_eq!(held.fence(&claim("a"), late), None);
        held.forget("i.1");
        assert_eq!(held.fence(&claim("a"), early), None);
    }
}
