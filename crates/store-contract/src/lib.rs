//! What every backend of `store` must do, told as test cases that each backend runs on itself: the macro [`cases!`] makes a
//! `#[test]` of each.
#![allow(missing_docs, reason = "the names of the cases say what they hold")]

pub mod basics;
mod brute;
mod common;
pub mod deliveries;
pub mod oracle;
pub mod paging;
pub mod serial;
pub mod upkeep;

use async_trait::async_trait;
use fhir::IndexEntry;
use std::sync::Arc;
use store::{Store, Upkeep};

/// How the body of a resource gives its search values, in these cases.
#[allow(clippy::type_complexity, reason = "one closure, named here once")]
pub type Extract = Arc<dyn Fn(&[u8]) -> Result<Vec<IndexEntry>, String> + Send + Sync>;

/// Settings of a store that the cases turn.
#[derive(Clone)]
pub struct Knobs {
    /// Transactions that may wait.
    pub queue: usize,
    /// Transactions in one commit.
    pub batch: usize,
    /// Candidates up to which a condition counts as selective.
    pub probe_limit: u64,
    /// Search values of a body: those that the history alone still has.
    pub extract: Extract,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            queue: 4096,
            batch: 512,
            probe_limit: 4096,
            extract: Arc::new(|_| Ok(Vec::new())),
        }
    }
}

/// A store under test; what it lies in goes when this is dropped.
pub struct Tested {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The same, as it removes what need not be kept.
    pub upkeep: Arc<dyn Upkeep>,
    /// Looks whether what is stored agrees with itself.
    pub probe: Box<dyn Probe>,
}

/// The other end of a store under test.
#[async_trait]
pub trait Probe: Send + Sync {
    /// What is wrong with what is stored.
    async fn problems(&self) -> Vec<String>;
    /// How many access records the chain holds, and where it is broken.
    async fn chain(&self) -> (u64, Vec<String>);
}

/// Where stores come from.
#[async_trait]
pub trait Stage: Send + Sync {
    /// A new empty store; `None` where the backend cannot run here (said loudly).
    async fn open(&self, knobs: Knobs) -> Option<Tested>;
    /// How many random cases to try where an embedded store tries `cases`.
    fn tries(&self, cases: u32) -> u32 {
        cases
    }
}

/// Runs a case.
pub fn run(case: impl Future<Output = ()>) {
    runtime().block_on(case);
}

/// What random cases run on.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Makes a test of each case, on stores from this stage.
#[macro_export]
macro_rules! cases {
    ($stage:expr) => {
        $crate::cases! { @async $stage, basics:
            every_version_of_a_resource_reads_back
            a_search_follows_updates_and_never_shows_old_values
            a_snapshot_does_not_move
            process_state_reads_back
            instances_are_listed_by_any_filter_in_id_order
            a_conflict_touches_only_its_own_transaction
            preconditions_are_named_by_their_position
            a_job_goes_from_its_wait_to_a_lease_and_only_one_taker_wins
            a_full_queue_refuses_and_nothing_is_lost
            sorted_pages_go_on_where_they_stopped
            what_is_erased_has_no_versions_any_more
        }
        $crate::cases! { @async $stage, deliveries:
            the_earliest_of_a_lane_goes_first_and_other_lanes_do_not_wait
            a_coalesced_one_that_took_in_a_later_change_is_not_done
            the_feed_holds_every_version_in_the_order_of_the_commits
        }
        $crate::cases! { @async $stage, upkeep:
            the_last_versions_and_the_young_ones_stay
            a_deleted_resource_stays_deleted
            many_versions_go_in_several_commits
            pages_that_need_what_went_expire
            what_a_notification_still_needs_stays
            instances_that_ended_long_ago_go_with_their_history
            old_records_go_and_the_chain_still_holds
        }
        $crate::cases! { @async $stage, oracle: includes_follow_references_both_ways_and_again }
        $crate::cases! { @async $stage, paging: a_mark_of_another_store_is_refused }
        $crate::cases! { @async $stage, serial: no_increment_is_lost }
        $crate::cases! { @plain $stage, oracle: a_search_finds_what_brute_force_finds }
        $crate::cases! { @plain $stage, paging: pages_are_those_of_the_moment_of_the_first history_pages_are_those_of_the_moment_of_the_first }
        $crate::cases! { @plain $stage, serial: any_interleaving_equals_a_serial_order }
    };
    (@async $stage:expr, $module:ident: $($name:ident)*) => {
        $(#[test]
        fn $name() {
            $crate::run(async { $crate::$module::$name(&$stage).await });
        })*
    };
    (@plain $stage:expr, $module:ident: $($name:ident)*) => {
        $(#[test]
        fn $name() {
            $crate::$module::$name(&$stage);
        })*
    };
}
