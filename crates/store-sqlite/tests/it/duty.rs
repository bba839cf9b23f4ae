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

/// Otherwise the duty would be nobody's for as long as the clock was put back.
#[tokio::test]
async fn a_clock_that_is_put_back_stops_neither_the_beat_nor_who_takes_over() {
    let t = temporary();
    let clocks = [0, 1].map(|_| Arc::new(ManualClock::new("2026-11-22T08:00:00Z".parse().unwrap())));
    let store: Arc<dyn Store> = t.store.clone();
    let [a, b] = clocks
        .each_ref()
        .map(|clock| Duty::new(store.clone(), clock.clone(), "prova"));
    assert!(a.turn().await.unwrap() && !b.turn().await.unwrap());
    // Who has it goes on beating, and the other sees it.
    clocks[0].advance(SignedDuration::from_hours(-5));
    for _ in 0..4 {
        assert!(a.turn().await.unwrap() && !b.turn().await.unwrap());
        clocks
            .iter()
            .for_each(|clock| clock.advance(SignedDuration::from_secs(3)));
    }
    // Who waits for it counts anew, and takes it when the holder is silent for a term.
    clocks[1].advance(SignedDuration::from_hours(-5));
    assert!(!b.turn().await.unwrap());
    clocks[1].advance(Duty::TERM);
    assert!(b.turn().await.unwrap());
}
