//! SMART App Launch 2.2 scopes for FHIR resources (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html),
//! with the older `.read` and `.write`, and what a client that was granted some of them may do.
//!
//! A scope only ever takes away: whoever decides still asks what the person (or the system) behind the client may see.

use crate::ClientGrant;
use std::fmt;

/// Longest scope read, bytes.
const MAX_SCOPE: usize = 512;
/// Most scopes of a grant.
pub const MAX_SCOPES: usize = 100;

/// Whose data a scope speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeContext {
    /// Those of the one patient in context.
    Patient,
    /// Those that the user may see.
    User,
    /// Those that the client itself may see, without a user.
    System,
}

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new resource.
    Create,
    /// One resource: read, vread, its history.
    Read,
    /// Update and patch.
    Update,
    /// Delete.
    Delete,
    /// Search, and the history of a type.
    Search,
}

impl Action {
    const LETTERS: &'static str = "cruds";

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// One scope on resources, e.g. `patient/Observation.rs?category=laboratory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceScope {
    /// Whose data.
    pub context: ScopeContext,
    /// Resource type; `None` for all (`*`).
    pub rtype: Option<String>,
    /// The actions, one bit each.
    actions: u8,
    /// Search parameters that narrow it, as written.
    pub query: Option<String>,
}

/// Why a scope cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scope '{scope}' is not understood: {why}")]
pub struct ScopeError {
    /// The scope.
    pub scope: String,
    /// Why.
    pub why: &'static str,
}

impl ResourceScope {
    /// Reads a scope; `Ok(None)` when it is not one on resources (`openid`, `launch/patient`).
    ///
    /// # Errors
    /// It begins as one on resources and does not go on as one.
    pub fn parse(text: &str) -> Result<Option<Self>, ScopeError> {
        let fail = |why| ScopeError {
            scope: text.chars().take(80).collect(),
            why,
        };
        let Some((context, rest)) = text.split_once('/') else {
            return Ok(None);
        };
        let context = match context {
            "patient" => ScopeContext::Patient,
            "user" => ScopeContext::User,
            "system" => ScopeContext::System,
            _ => return Ok(None),
        };
        if text.len() > MAX_SCOPE {
            return Err(fail("it is longer than 512 bytes"));
        }
        let (name, query) = match rest.split_once('?') {
            Some((_, "")) => return Err(fail("a search parameter is missing after '?'")),
            Some((name, query)) => (name, Some(query)),
            None => (rest, None),
        };
        if query.is_some_and(|query| {
            !query
                .split('&')
                .all(|pair| pair.split_once('=').is_some_and(plain_pair))
        }) {
            return Err(fail(
                "after '?' come search parameters of the type itself, as name=value",
            ));
        }
        let (rtype, actions) = name
            .rsplit_once('.')
            .ok_or_else(|| fail("write type.actions, e.g. Observation.rs"))?;
        let good = |b: u8| b.is_ascii_alphanumeric();
        if rtype != "*" && !(rtype.starts_with(|c: char| c.is_ascii_uppercase()) && rtype.bytes().all(good)) {
            return Err(fail("the type is a FHIR resource type or *"));
        }
        Ok(Some(Self {
            context,
            rtype: (rtype != "*").then(|| rtype.to_owned()),
            actions: actions_of(actions).ok_or_else(|| fail("the actions are letters of c r u d s, in this order"))?,
            query: query.map(str::to_owned),
        }))
    }

    /// Whether it speaks of this type and action.
    pub fn speaks_of(&self, rtype: &str, action: Action) -> bool {
        self.rtype.as_deref().is_none_or(|own| own == rtype) && self.actions & action.bit() != 0
    }

    /// What remains of this scope where at most `limit` may be given; `None` when nothing does.
    pub fn within(&self, limit: &Self) -> Option<Self> {
        let rtype = match (&self.rtype, &limit.rtype) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(one), _) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        let query = match (&self.query, &limit.query) {
            (Some(a), Some(b)) if a != b => Some(format!("{a}&{b}")),
            (Some(one), _) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        };
        let actions = self.actions & limit.actions;
        (self.context == limit.context && actions != 0).then_some(Self {
            context: self.context,
            rtype,
            actions,
            query,
        })
    }

    /// Whether it lets change anything.
    pub fn writes(&self) -> bool {
        [Action::Create, Action::Update, Action::Delete]
            .iter()
            .any(|action| self.actions & action.bit() != 0)
    }
}

impl fmt::Display for ResourceScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = match self.context {
            ScopeContext::Patient => "patient",
            ScopeContext::User => "user",
            ScopeContext::System => "system",
        };
        write!(f, "{context}/{}.", self.rtype.as_deref().unwrap_or("*"))?;
        for (index, letter) in Action::LETTERS.chars().enumerate() {
            if self.actions & (1 << index) != 0 {
                write!(f, "{letter}")?;
            }
        }
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// A condition that only looks at the resource itself: what reaches out to others or shapes the answer narrows nothing.
fn plain_pair((name, value): (&str, &str)) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_:".contains(&b);
    !name.is_empty()
        && !value.is_empty()
        && name.bytes().all(plain)
        && (!name.starts_with('_') || CONTROLS.contains(&name))
}

/// Parameters with an underscore that are conditions.
const CONTROLS: &[&str] = &["_id", "_tag", "_security", "_profile", "_lastUpdated", "_source"];

fn actions_of(text: &str) -> Option<u8> {
    match text {
        "read" => return Some(Action::Read.bit() | Action::Search.bit()),
        "write" => return Some(Action::Create.bit() | Action::Update.bit() | Action::Delete.bit()),
        "*" => return Some(0b1_1111),
        _ => {}
    }
    let mut bits = 0u8;
    for letter in text.chars() {
        let bit = 1u8 << Action::LETTERS.find(letter)?;
        if bit <= bits {
            return None;
        }
        bits |= bit;
    }
    (bits != 0).then_some(bits)
}

/// One way in which something is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Only what is in the compartment of this patient (its id).
    pub patient: Option<String>,
    /// Only what this search finds (`category=laboratory`; several conditions joined by `&` must all hold).
    pub query: Option<String>,
}

/// What the scopes of a client say of one action on one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// No scope covers it.
    Denied,
    /// At least one does: what any of the ways lets through is granted. A way without conditions stands alone.
    Granted(Vec<Way>),
}

impl Permit {
    /// Whether anything is granted.
    pub fn is_granted(&self) -> bool {
        matches!(self, Self::Granted(_))
    }

    /// Whether everything of the type is granted.
    pub fn is_unconditional(&self) -> bool {
        matches!(self, Self::Granted(ways) if ways.iter().any(|way| way.patient.is_none() && way.query.is_none()))
    }

    /// Whether some way has no condition besides the patient.
    pub fn without_query(&self) -> bool {
        matches!(self, Self::Granted(ways) if ways.iter().any(|way| way.query.is_none()))
    }

    /// The patient everything is confined to; `None` when something reaches further, or nothing is granted.
    pub fn patient(&self) -> Option<&str> {
        let Self::Granted(ways) = self else { return None };
        let first = ways.first()?.patient.as_deref()?;
        ways.iter()
            .all(|way| way.patient.as_deref() == Some(first))
            .then_some(first)
    }
}

impl ClientGrant {
    /// The scopes on resources. What cannot be read grants nothing.
    pub fn resource_scopes(&self) -> impl Iterator<Item = ResourceScope> + '_ {
        let scopes = self.scopes.iter().take(MAX_SCOPES);
        scopes.filter_map(|scope| ResourceScope::parse(scope).ok().flatten())
    }

    /// What the client may do with resources of a type. A `patient/` scope without a patient in context grants nothing.
    pub fn permits(&self, rtype: &str, action: Action) -> Permit {
        self.permit(|scope| scope.speaks_of(rtype, action))
    }

    /// The same for what concerns every type at once (`$export`, `$everything`, system-wide search): only scopes on `*`
    /// count.
    pub fn permits_all_types(&self, action: Action) -> Permit {
        self.permit(|scope| scope.rtype.is_none() && scope.speaks_of("", action))
    }

    /// Whether it was granted this very scope (`openid`, `launch/patient`, `orchestrator`).
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    fn permit(&self, covers: impl Fn(&ResourceScope) -> bool) -> Permit {
        let mut ways: Vec<Way> = vec![];
        for scope in self.resource_scopes().filter(|scope| covers(scope)) {
            let patient = match scope.context {
                ScopeContext::Patient if self.patient.is_none() => continue,
                ScopeContext::Patient => self.patient.clone(),
                ScopeContext::User | ScopeContext::System => None,
            };
            let way = Way {
                patient,
                query: scope.query,
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        if let Some(free) = ways.iter().find(|way| way.patient.is_none() && way.query.is_none()) {
            return Permit::Granted(vec![free.clone()]);
        }
        if ways.is_empty() {
            Permit::Denied
        } else {
            Permit::Granted(ways)
        }
    }
}

#[cfg(test)]
mod tests;
