//! Counters that tell when what somebody is tied to may have changed. A fixed number of them, whatever the number of
//! people: two that share one are both asked again, which costs a search and is never wrong.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const SLOTS: usize = 1 << 16;

/// The counters.
#[derive(Clone)]
pub(super) struct Epochs(Arc<[AtomicU32]>);

/// A counter as it stood when something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    slot: usize,
    epoch: u32,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU32::new(0)).collect())
    }

    /// `kind`: the type of the resource or record that ties; `reference`: whom it names, `Practitioner/12`.
    fn slot(kind: &str, reference: (&str, &str)) -> usize {
        let mut hasher = DefaultHasher::new();
        (kind, reference).hash(&mut hasher);
        usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
    }

    /// Something of this kind that names this one was written.
    pub(super) fn touch(&self, kind: &str, reference: (&str, &str)) {
        self.0[Self::slot(kind, reference)].fetch_add(1, Ordering::AcqRel);
    }

    /// The counter as it stands.
    pub(super) fn mark(&self, kind: &str, reference: (&str, &str)) -> Mark {
        let slot = Self::slot(kind, reference);
        Mark {
            slot,
            epoch: self.0[slot].load(Ordering::Acquire),
        }
    }

    /// Whether nothing was written since.
    pub(super) fn holds(&self, mark: Mark) -> bool {
        self.0[mark.slot].load(Ordering::Acquire) == mark.epoch
    }
}
