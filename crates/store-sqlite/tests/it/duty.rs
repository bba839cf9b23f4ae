//! A duty of several nodes: one has it, it moves when its holder is silent, and who lost it is refused.

use crate::common::*;
use jiff::SignedDuration;
use std::sync::Arc;
use store::{Duty, ManualClock, Store, StoreError, Transaction};

#[tokio::test]
async fn the_duty_moves_from_who_is_silent_and_their_fence_is_refused() {
    let t = temporary();
    let clock = Arc::new(ManualClock::new("2026-11-22T08:00:00Z".parse().unwrap()));
    let store: Arc<dyn Store> = t.store.clone();
    let [a, b] = [0, 1].map(|_| Duty::new(store.clone(), clock.clone(), "prova"));
    assert!(a.turn().await.unwrap() && !b.turn().await.unwrap());
    let fenced = |duty: &Duty| Transaction {
        cursors: duty.fence().into_iter().collect(),
        ..Transaction::default()
    };
    let old = fenced(&a);
    store.commit(old.clone()).await.unwrap();
    // A holder that beats keeps it.
    for _ in 0..5 {
        clock.advance(SignedDuration::from_secs(3));
        assert!(a.turn().await.unwrap() && !b.turn().await.unwrap());
    }
    clock.advance(Duty::TERM);
    assert!(b.turn().await.unwrap());
    let refused = store.commit(old).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert!(a.is_mine(), "it does not know yet");
    assert!(!a.turn().await.unwrap() && !a.is_mine());
    assert!(a.fence().is_none());
    // Who leaves is followed at once; who seizes need not wait.
    b.leave().await.unwrap();
    assert!(a.turn().await.unwrap() && !b.turn().await.unwrap());
    assert!(b.seize().await.unwrap() && !a.turn().await.unwrap());
}
