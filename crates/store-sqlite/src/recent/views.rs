//! The views of the last commits, for readers.

use super::View;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Commits whose view is kept: a reader takes its view right after it began, so few are enough; one that comes too late
/// begins again.
const KEPT: usize = 64;

/// Views by epoch.
#[derive(Debug)]
pub(crate) struct Views(Mutex<VecDeque<Arc<View>>>);

impl Views {
    /// Readers of a file begin with this one.
    pub fn new(first: View) -> Arc<Self> {
        Arc::new(Self(Mutex::new(VecDeque::from([Arc::new(first)]))))
    }

    /// Makes a view known, just before the commit that it belongs to. One of the same epoch, whose commit failed, goes.
    pub(super) fn publish(&self, view: Arc<View>) {
        let mut views = self.0.lock();
        while views.back().is_some_and(|last| last.epoch >= view.epoch) {
            views.pop_back();
        }
        if views.len() == KEPT {
            views.pop_front();
        }
        views.push_back(view);
    }

    /// The view of an epoch.
    pub fn get(&self, epoch: i64) -> Option<Arc<View>> {
        let views = self.0.lock();
        views.iter().rev().find(|view| view.epoch == epoch).cloned()
    }
}
