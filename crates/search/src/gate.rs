//! What a search may not see ([`store::Sight`]), per type.

use crate::error::Outcome;
use crate::keys::{Test, of_param};
use crate::source::Candidate;
use fhir::{Definitions, ParamId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use store::{SecurityLabel, Seen, TypeSight, ValueTest};

/// The sight of one type with its labels as tests on packed keys.
#[derive(Debug)]
struct TypeGate {
    sight: Arc<TypeSight>,
    security: Option<ParamId>,
    labels: RefCell<HashMap<SecurityLabel, Test>>,
}

/// Decides for each candidate of a search.
#[derive(Debug)]
pub(super) struct Gate {
    seen: Seen,
    types: RefCell<HashMap<i64, Rc<TypeGate>>>,
}

impl Gate {
    /// Of a query.
    pub fn new(seen: &Seen) -> Self {
        Self {
            seen: seen.clone(),
            types: RefCell::default(),
        }
    }

    /// What may be seen of a type.
    pub fn sight(&self, rtype: &str) -> Arc<TypeSight> {
        self.seen.0.of(rtype)
    }

    /// Whether a candidate may be seen. `name`: the type's name, asked once per type.
    pub fn sees(&self, code: i64, name: impl FnOnce() -> Outcome<Arc<str>>, candidate: &Candidate) -> Outcome<bool> {
        let known = self.types.borrow().get(&code).cloned();
        let gate = match known {
            Some(gate) => gate,
            None => {
                let name = name()?;
                let gate = Rc::new(TypeGate {
                    sight: self.seen.0.of(&name),
                    security: Definitions::r4().param(&name, "_security").map(|param| param.id),
                    labels: RefCell::default(),
                });
                self.types.borrow_mut().insert(code, gate.clone());
                gate
            }
        };
        Ok(gate.sees(candidate))
    }
}

impl TypeGate {
    fn sees(&self, candidate: &Candidate) -> bool {
        let Some(without) = self.sight.group(candidate.patient.as_deref()) else {
            return false;
        };
        let Some(security) = self.security.filter(|_| !without.is_empty()) else {
            return without.is_empty();
        };
        let mut labels = self.labels.borrow_mut();
        without.iter().all(|label| {
            let test = labels.entry(label.clone()).or_insert_with(|| {
                Test::new(&ValueTest::Token {
                    system: Some(label.system.clone()),
                    code: Some(label.code.clone()),
                })
            });
            !of_param(&candidate.keys, security).any(|key| test.passes(key))
        })
    }
}
