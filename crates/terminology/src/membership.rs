//! Whether a code is in a value set, without listing the value set.

use crate::{Canonical, CodeSystem, Content, Include, Source, TermError, ValueSet, filter, rules};
use std::cell::Cell;
use std::sync::Arc;

/// Value sets inside value sets: deeper is a circle, or meant as an attack.
pub(crate) const MAX_DEPTH: usize = 24;

/// Parts of value sets gone through for one code.
const MAX_STEPS: usize = 100_000;

/// An answer that may be "nobody here can tell".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is in.
    In,
    /// It is not.
    Out,
    /// The content needed to tell is not here.
    Unknown,
}

impl Membership {
    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Out, _) | (_, Self::Out) => Self::Out,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::In,
        }
    }

    /// One must hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::In, _) | (_, Self::In) => Self::In,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::Out,
        }
    }

    fn turned(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
            Self::Unknown => Self::Unknown,
        }
    }

    fn of(holds: bool) -> Self {
        if holds { Self::In } else { Self::Out }
    }
}

/// Whether a code is in the value set of a canonical address (`url` or `url|version`). `system` `None`: that of an
/// element of type `code`, which has none. A value set that is not known or cannot be read gives
/// [`Membership::Unknown`].
pub fn membership(source: &dyn Source, value_set: &str, system: Option<&str>, code: &str) -> Membership {
    let Some(set) = source.value_set(Canonical::parse(value_set)) else {
        return Membership::Unknown;
    };
    membership_in(source, &set, system, code).unwrap_or(Membership::Unknown)
}

/// The same in a value set at hand.
///
/// # Errors
/// Value sets include each other in a circle.
pub fn membership_in(
    source: &dyn Source,
    set: &ValueSet,
    system: Option<&str>,
    code: &str,
) -> Result<Membership, TermError> {
    Asked::new(source, system, code).in_set(set, 0)
}

/// A code that is asked about.
pub(crate) struct Asked<'a> {
    source: &'a dyn Source,
    system: Option<&'a str>,
    code: &'a str,
    /// Parts of value sets gone through, repeats counted.
    steps: Cell<usize>,
}

impl<'a> Asked<'a> {
    pub fn new(source: &'a dyn Source, system: Option<&'a str>, code: &'a str) -> Self {
        Self {
            source,
            system,
            code,
            steps: Cell::new(0),
        }
    }

    /// Whether the code is in a value set.
    pub fn in_set(&self, set: &ValueSet, depth: usize) -> Result<Membership, TermError> {
        self.in_part(set, depth, false)
    }

    /// Whether the code is in one of these parts of a value set.
    pub fn in_any(&self, set: &ValueSet, includes: &[Include], depth: usize) -> Result<Membership, TermError> {
        self.in_parts(set, includes, depth, false)
    }

    /// `active`: codes no longer in use do not count.
    fn in_part(&self, set: &ValueSet, depth: usize, active: bool) -> Result<Membership, TermError> {
        check_depth(set, depth)?;
        let active = active || set.inactive == Some(false);
        let found = self.in_parts(set, &set.includes, depth, active)?;
        if found == Membership::Out || set.excludes.is_empty() {
            return Ok(found);
        }
        Ok(found.and(self.in_parts(set, &set.excludes, depth, false)?.turned()))
    }

    fn in_parts(
        &self,
        set: &ValueSet,
        includes: &[Include],
        depth: usize,
        active: bool,
    ) -> Result<Membership, TermError> {
        let mut found = Membership::Out;
        for include in includes {
            self.step(set)?;
            found = found.or(self.in_include(set, include, depth, active)?);
            if found == Membership::In {
                break;
            }
        }
        Ok(found)
    }

    fn in_include(
        &self,
        set: &ValueSet,
        include: &Include,
        depth: usize,
        active: bool,
    ) -> Result<Membership, TermError> {
        let mut found = match &include.system {
            Some(system) if self.system.is_some_and(|given| given != &**system) => Membership::Out,
            Some(system) => self.in_system(set, include, system, active)?,
            None if include.value_sets.is_empty() => Membership::Out,
            None => Membership::In,
        };
        for canonical in &include.value_sets {
            if found == Membership::Out {
                break;
            }
            found = found.and(match value_set(self.source, set, canonical) {
                Some(inner) => self.in_part(&inner, depth + 1, active)?,
                None => Membership::Unknown,
            });
        }
        Ok(found)
    }

    fn in_system(
        &self,
        set: &ValueSet,
        include: &Include,
        system: &str,
        active: bool,
    ) -> Result<Membership, TermError> {
        let find = || code_system(self.source, set, system, include.version.as_deref());
        let retired = |system: &CodeSystem| {
            system
                .find(self.code)
                .is_some_and(|concept| system.is_inactive(concept))
        };
        if !include.listed.is_empty() {
            let listed = include.find(self.code).is_some();
            return Ok(Membership::of(
                listed && !(active && find().is_some_and(|found| retired(&found))),
            ));
        }
        let alone = |f: &&crate::Filter| filter::on_code_alone(f);
        if !include
            .filters
            .iter()
            .filter(alone)
            .all(|f| filter::code_passes(f, self.code))
        {
            return Ok(Membership::Out);
        }
        let Some(code_system) = find().filter(|found| found.content != Content::Absent) else {
            return Ok(self.by_rule(include, system));
        };
        let Some(concept) = code_system.find(self.code) else {
            let complete = code_system.content == Content::Complete;
            return Ok(if complete {
                Membership::Out
            } else {
                self.by_rule(include, system)
            });
        };
        if active && code_system.is_inactive(concept) {
            return Ok(Membership::Out);
        }
        for one in &include.filters {
            if !filter::passes(&code_system, one, concept)? {
                return Ok(Membership::Out);
            }
        }
        Ok(Membership::In)
    }

    fn step(&self, set: &ValueSet) -> Result<(), TermError> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() <= MAX_STEPS {
            return Ok(());
        }
        Err(TermError::TooCostly(format!(
            "the value set '{}' leads through more than {MAX_STEPS} parts of value sets: narrow its content",
            set.url()
        )))
    }

    fn by_rule(&self, include: &Include, system: &str) -> Membership {
        match rules::check(system, self.code) {
            // the form is right; whether the filter holds, the content would say
            Membership::In if !include.filters.is_empty() => Membership::Unknown,
            found => found,
        }
    }
}

/// Refuses value sets nested too deep.
pub(crate) fn check_depth(set: &ValueSet, depth: usize) -> Result<(), TermError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(TermError::TooCostly(format!(
        "the value set '{}' is more than {MAX_DEPTH} value sets deep inside another: does it include itself?",
        set.url()
    )))
}

/// A code system that a value set names: contained, or of the source.
pub(crate) fn code_system(
    source: &dyn Source,
    set: &ValueSet,
    system: &str,
    version: Option<&str>,
) -> Option<Arc<CodeSystem>> {
    let fits = |id: &str, inner: &CodeSystem| id == system || inner.url() == system;
    let contained = set.code_systems.iter().find(|(id, inner)| fits(id, inner));
    match contained {
        Some((_, inner)) => Some(inner.clone()),
        None => source.code_system(Canonical::of(system, version)),
    }
}

/// A value set that another names: contained, or of the source.
pub(crate) fn value_set(source: &dyn Source, set: &ValueSet, canonical: &str) -> Option<Arc<ValueSet>> {
    let contained = set
        .value_sets
        .iter()
        .find(|(id, inner)| **id == *canonical || inner.url() == canonical);
    match contained {
        Some((_, inner)) => Some(inner.clone()),
        None => source.value_set(Canonical::parse(canonical)),
    }
}
