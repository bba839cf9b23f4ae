//! The running of processes: finding instances, operating on one or on many, incidents, batches. Pages only: everything
//! they do is the orchestrator's API.

mod pages;

use component::Component;

/// The operations component.
pub fn component() -> Component {
    Component {
        name: "operate",
        needs: &["orchestrator"],
        routes: pages::routes,
        navigation: pages::NAVIGATION,
        workers: Vec::new,
        deployments: &[],
        demo: None,
    }
}
