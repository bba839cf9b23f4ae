//! Requests under GDPR 15-22: made by the citizen, answered by the office within the deadline, as a process
//! (`processes/richiesta-diritti.bpmn`). The request is a Basic resource in the person's compartment, which staff cannot
//! read; the process and its tasks name the request only.

mod decide;
mod erase;
mod execute;
mod letter;
mod office;
mod page;
mod request;
mod verdict;
mod worker;

pub(crate) use decide::{decide, prolong, set_hold};
pub(crate) use letter::letter;
pub(crate) use office::{answer_report, list as office_list, show as office_show, show_report};
pub(crate) use page::{ask, list, make, own, show, start};
pub(crate) use request::{PRIVATE, REPORT, Request, id_of};
pub(crate) use worker::workers;

/// The process.
pub(crate) const PROCESS: &str = "richiesta-diritti";
