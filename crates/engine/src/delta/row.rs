//! What a state holds in lists sorted by number, and how one list became another.

use super::patch::Patch;
use super::{Told, is_default};
use crate::Variables;
use crate::state::{Incident, ScopeState, Token, Wait};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Something with a number.
pub(super) trait Row: Clone + PartialEq + Serialize + DeserializeOwned {
    fn number(&self) -> u64;
    /// Its variables, where it may have any.
    fn variables(&self) -> Option<&Variables>;
    fn variables_mut(&mut self) -> Option<&mut Variables>;
    /// A copy without variables.
    fn bare(&self) -> Self;
}

impl Row for Token {
    fn number(&self) -> u64 {
        self.n
    }

    fn variables(&self) -> Option<&Variables> {
        Some(&self.vars)
    }

    fn variables_mut(&mut self) -> Option<&mut Variables> {
        Some(&mut self.vars)
    }

    fn bare(&self) -> Self {
        Self {
            n: self.n,
            scope: self.scope,
            element: self.element.clone(),
            since: self.since,
            at: self.at.clone(),
            vars: Variables::new(),
            compensates: self.compensates,
        }
    }
}

impl Row for ScopeState {
    fn number(&self) -> u64 {
        self.n
    }

    fn variables(&self) -> Option<&Variables> {
        Some(&self.vars)
    }

    fn variables_mut(&mut self) -> Option<&mut Variables> {
        Some(&mut self.vars)
    }

    fn bare(&self) -> Self {
        Self {
            n: self.n,
            kind: self.kind,
            parent: self.parent,
            owner: self.owner,
            process: self.process,
            element: self.element.clone(),
            vars: Variables::new(),
            live: self.live,
            done: self.done.clone(),
            pending: self.pending.clone(),
            complex: self.complex.clone(),
            compensating: self.compensating,
        }
    }
}

macro_rules! without_variables {
    ($row:ty) => {
        impl Row for $row {
            fn number(&self) -> u64 {
                self.n
            }

            fn variables(&self) -> Option<&Variables> {
                None
            }

            fn variables_mut(&mut self) -> Option<&mut Variables> {
                None
            }

            fn bare(&self) -> Self {
                self.clone()
            }
        }
    };
}
without_variables!(Wait);
without_variables!(Incident);

/// Variables that the events do not tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Vars {
    #[serde(default, rename = "s", skip_serializing_if = "Variables::is_empty")]
    set: Variables,
    #[serde(default, rename = "g", skip_serializing_if = "Vec::is_empty")]
    gone: Vec<String>,
}

impl Vars {
    /// From what stands there once the events have been applied to `before`.
    fn between(
        before: Option<&Variables>,
        told: &BTreeMap<&str, &serde_json::Value>,
        after: Option<&Variables>,
    ) -> Self {
        static NONE: std::sync::OnceLock<Variables> = std::sync::OnceLock::new();
        let none = NONE.get_or_init(Variables::new);
        let (before, after) = (before.unwrap_or(none), after.unwrap_or(none));
        let stands = |name: &str| told.get(name).copied().or_else(|| before.get(name));
        let names = before.keys().map(String::as_str).chain(told.keys().copied());
        Self {
            set: after
                .iter()
                .filter(|(name, value)| stands(name) != Some(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            gone: names
                .filter(|name| !after.contains_key(*name))
                .map(str::to_owned)
                .collect(),
        }
    }

    fn apply(self, told: Option<&BTreeMap<&str, &serde_json::Value>>, variables: &mut Variables) {
        for (name, value) in told.into_iter().flatten() {
            variables.insert((*name).to_owned(), (*value).clone());
        }
        variables.extend(self.set);
        self.gone.iter().for_each(|name| drop(variables.remove(name)));
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Row", deserialize = "T: Row"))]
struct New<'a, T: Row> {
    #[serde(rename = "r")]
    row: Cow<'a, T>,
    #[serde(default, rename = "v", skip_serializing_if = "is_default")]
    vars: Vars,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Changed {
    n: u64,
    #[serde(default, rename = "v", skip_serializing_if = "is_default")]
    vars: Vars,
    #[serde(default, rename = "r", skip_serializing_if = "Option::is_none")]
    rest: Option<Patch>,
}

/// How a list became another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Row", deserialize = "T: Row"))]
pub(super) struct Rows<'a, T: Row> {
    #[serde(default, rename = "g", skip_serializing_if = "Vec::is_empty")]
    gone: Vec<u64>,
    #[serde(default, rename = "n", skip_serializing_if = "Vec::is_empty")]
    new: Vec<New<'a, T>>,
    #[serde(default, rename = "c", skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Changed>,
}

impl<T: Row> Default for Rows<'_, T> {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            new: Vec::new(),
            changed: Vec::new(),
        }
    }
}

impl<'a, T: Row> Rows<'a, T> {
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.changed.is_empty()
    }

    pub fn between(before: &[T], after: &'a [T], told: &Told<'_>) -> Self {
        let mut rows = Self::default();
        let mut old = before.iter().peekable();
        for row in after {
            while let Some(gone) = old.next_if(|old| old.number() < row.number()) {
                rows.gone.push(gone.number());
            }
            match old.next_if(|old| old.number() == row.number()) {
                Some(old) => rows.changed.extend(change(old, row, told)),
                None => rows.new.push(new(row, told)),
            }
        }
        rows.gone.extend(old.map(Row::number));
        rows
    }

    pub fn apply(self, rows: &mut Vec<T>, told: &Told<'_>) -> Result<(), serde_json::Error> {
        rows.retain(|row| !self.gone.contains(&row.number()));
        let mut changed: BTreeMap<u64, Changed> = self.changed.into_iter().map(|change| (change.n, change)).collect();
        for row in rows.iter_mut() {
            let told = told.get(&row.number());
            let change = changed.remove(&row.number());
            if told.is_none() && change.is_none() {
                continue;
            }
            let (vars, rest) = change.map_or_else(Default::default, |change| (change.vars, change.rest));
            let mut variables = row.variables_mut().map(std::mem::take).unwrap_or_default();
            if let Some(rest) = rest {
                let mut value = serde_json::to_value(row.bare())?;
                rest.apply(&mut value);
                *row = serde_json::from_value(value)?;
            }
            vars.apply(told, &mut variables);
            if let Some(place) = row.variables_mut() {
                *place = variables;
            }
        }
        for new in self.new {
            let mut row = new.row.into_owned();
            let told = told.get(&row.number());
            if let Some(variables) = row.variables_mut() {
                new.vars.apply(told, variables);
            }
            rows.push(row);
        }
        rows.sort_by_key(Row::number);
        Ok(())
    }
}

fn new<'a, T: Row>(row: &'a T, told: &Told<'_>) -> New<'a, T> {
    match told.get(&row.number()) {
        Some(told) => New {
            row: Cow::Owned(row.bare()),
            vars: Vars::between(None, told, row.variables()),
        },
        None => New {
            row: Cow::Borrowed(row),
            vars: Vars::default(),
        },
    }
}

fn change<T: Row>(before: &T, after: &T, told: &Told<'_>) -> Option<Changed> {
    static NOTHING: BTreeMap<&str, &serde_json::Value> = BTreeMap::new();
    let told = told.get(&before.number());
    if told.is_none() && before == after {
        return None;
    }
    let vars = Vars::between(before.variables(), told.unwrap_or(&NOTHING), after.variables());
    let (bare, later) = (before.bare(), after.bare());
    let value = |row: &T| serde_json::to_value(row).unwrap_or_default();
    let rest = if bare == later {
        None
    } else {
        Patch::between(&value(&bare), &value(&later))
    };
    let changed = Changed {
        n: before.number(),
        vars,
        rest,
    };
    (!is_default(&changed.vars) || changed.rest.is_some()).then_some(changed)
}
