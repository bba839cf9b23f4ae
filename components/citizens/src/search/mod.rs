//! Finding a person from whatever the desk knows of them: name in any order, begun or misspelt, date of birth, code, telephone.
//!
//! What is written is taken apart ([`asked`]), asked of the hub in steps from the surest to the most forgiving ([`find`]), each of
//! them one or two index walks, and what was found is put in order ([`rank`]). What each step costs stands in `docs/find-people.md`.

mod api;
mod asked;
mod find;
mod page;
mod person;
mod rank;

pub(crate) use asked::{Asked, Birth};
pub(crate) use find::{Found, How, find};
pub(crate) use page::age;
pub(crate) use person::Person;
pub(crate) use rank::likeness;

use crate::Declared;
use axum::routing::get;

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get("citizens.desk", "/anagrafe", get(page::show))
        .get("citizens.desk", "/citizens/search", get(api::search))
        .described(
            "Persons by name, date of birth, code or telephone, forgiving; the likeliest first",
            access::describe(&api::search),
        )
}
