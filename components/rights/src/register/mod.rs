//! The register of processing activities (GDPR art. 30) and what a data-protection impact assessment starts from, made of
//! what runs: deployed processes with the data their steps declare, policies in force with their sources, recipients,
//! retention rules, measures. What nobody has confirmed says so.

mod build;
mod page;
mod render;

pub use build::{Evidence, Measure, Recipient, Register, build};
pub(crate) use page::{json, show};
pub use render::html;
