//! Looking at everything an engineer on call would look at first.

mod host;
mod store;

use crate::backend::{Backend, Place};
use std::path::PathBuf;
use web::Arg;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Good,
    /// It works, and somebody should look after it.
    Warning,
    /// It is wrong.
    Wrong,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// `disk`, `clock`, `certificate`, `store`, `audit`, `work`.
    pub part: &'static str,
    /// How grave.
    pub severity: Severity,
    /// Last part of the message's key: one of [`WHATS`].
    pub what: &'static str,
    /// Values of the message.
    pub args: Vec<(&'static str, Arg)>,
}

impl Finding {
    fn new(part: &'static str, severity: Severity, what: &'static str) -> Self {
        Self {
            part,
            severity,
            what,
            args: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push((name, value.into()));
        self
    }
}

/// Everything that can be found.
#[cfg(test)]
pub const WHATS: [&str; 28] = [
    "disk-free",
    "disk-low",
    "disk-unknown",
    "disk-flush",
    "disk-slow",
    "disk-unwritable",
    "clock-fits",
    "clock-behind",
    "clock-unset",
    "clock-database",
    "clock-node",
    "certificate-none",
    "certificate-valid",
    "certificate-soon",
    "certificate-over",
    "certificate-early",
    "certificate-unreadable",
    "store-sound",
    "store-database",
    "store-problem",
    "store-schema",
    "audit-whole",
    "audit-broken",
    "work-none",
    "work-timers",
    "work-outbox",
    "work-incidents",
    "work-dead",
];

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Every version and resource, not a sample.
    pub full: bool,
    /// A certificate chain.
    pub certificate: Option<PathBuf>,
}

/// Looks at everything.
///
/// # Errors
/// The store cannot be opened at all: the error says why.
pub async fn all(place: &Place, wanted: &Wanted) -> anyhow::Result<Vec<Finding>> {
    let now = crate::commands::now();
    let mut findings = host::disk(&place.data);
    findings.push(host::certificate(wanted.certificate.as_deref(), now));
    let opened = Backend::open_quiet(place).await?;
    findings.push(Finding::new("store", Severity::Good, "store-schema"));
    findings.extend(store::all(&opened, wanted.full, now).await?);
    opened.close().await;
    Ok(findings)
}
