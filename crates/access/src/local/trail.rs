//! Acts of security in the audit: who did what to which account. They are written in the commit of the act itself.

use jiff::Timestamp;
use store::AuditEntry;

/// An act on an account. `actor` is the subject of who acted (`anonymous` before a sign-in), `action` e.g.
/// `account.totp-set`, `username` the account concerned, `outcome` e.g. `permit second-factor`.
pub(crate) fn act(at: Timestamp, actor: &str, action: &str, username: &str, outcome: &str) -> AuditEntry {
    let permitted = outcome.starts_with("permit");
    AuditEntry {
        at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: format!("account/{username}"),
        outcome: outcome.to_owned(),
        status: if permitted { 200 } else { 403 },
        ..AuditEntry::default()
    }
}
