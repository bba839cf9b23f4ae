//! Care pathways: processes, decisions and forms with their sources, the pages to work with them, and the demo region.
//!
//! - [`deployments`]: the BPMN, DMN and Questionnaire files of this component.
//! - [`rules`]: every clinical rule with its source, dates and status.
//! - [`people`]: invented people for the demo.
//! - [`demo`]: the demo region.

pub mod demo;
pub mod deployments;
mod pages;
pub mod people;
pub mod rules;

use component::Component;

pub use demo::accounts;

/// The pathways component.
pub fn component() -> Component {
    Component {
        name: "pathways",
        needs: &["hub", "orchestrator"],
        routes: pages::routes,
        navigation: pages::NAVIGATION,
        workers: Vec::new,
        deployments: deployments::DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}
