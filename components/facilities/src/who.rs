//! Who may do what in the registry: the office cares for all structures, who manages one asks for changes of it.

use crate::register::Register;
use access::Actor;

/// The role of the office.
pub const OFFICE: &str = "operatore-anagrafe";
/// The role of who manages a structure: the one of the account's organization, and what is part of it.
pub const MANAGER: &str = "referente-struttura";

/// Whether somebody is of the office.
pub fn is_office(actor: &Actor) -> bool {
    actor.has_role(OFFICE)
}

/// Whether somebody works in the registry: of the office, or managing a structure.
pub fn works_here(actor: &Actor) -> bool {
    is_office(actor) || actor.has_role(MANAGER)
}

/// Whether somebody may ask for a change of a structure.
pub fn may_ask(actor: &Actor, register: &Register, id: &str) -> bool {
    if is_office(actor) {
        return true;
    }
    let own = actor.organization.as_deref().filter(|_| actor.has_role(MANAGER));
    own.is_some_and(|own| register.get(id).is_some_and(|one| register.under(one, own)))
}
