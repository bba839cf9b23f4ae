//! `/diritti/accessi`: "chi ha visto i miei dati", from the hub's AuditEvents, in sentences.

mod event;
mod group;
mod page;
mod report;
mod who;

pub(crate) use page::show;
pub(crate) use report::{EXTENSION, SYSTEM, ask, report};
