//! DMN models: what is deployed, how it is read and how a decision is taken.

mod decide;
mod deploy;
mod describe;
mod invoke;
mod issue;
mod lint;
mod registry;
mod rewrite;
mod shape;
#[cfg(test)]
mod tests;
mod xml;

pub use describe::{DecisionInfo, InputInfo, RuleInfo, TableInfo, tables};
pub use issue::ModelIssue;
pub(crate) use registry::Registry;
