//! A [`View`] as the store understands it: sets of patients, and labels that must not be there.

use super::ties::{Tie, Ties};
use super::view::View;
use policy::{Action, LabelSet};
use quick_cache::sync::Cache;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Weak};
use store::{Patients, SecurityLabel, Sight, SightGroup, TypeSight};

/// Sights remembered at most.
const MAX: usize = 2000;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    asker: policy::Asker,
    rtype: String,
    purpose: String,
    myself: Option<String>,
    acts_for: Option<String>,
    context: Option<Option<String>>,
    /// Where the ties are: the same place means the same ties as long as somebody holds them.
    ties: Vec<usize>,
}

#[derive(Clone)]
struct Made {
    sight: Arc<TypeSight>,
    ties: Vec<Weak<Ties>>,
}

/// Sights already made.
#[derive(Clone)]
pub(super) struct Sights(Arc<Cache<Key, Made>>);

impl Default for Sights {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MAX)))
    }
}

/// What one view sees.
pub(super) struct Of(pub View);

impl fmt::Debug for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Sight for Of {
    fn of(&self, rtype: &str) -> Arc<TypeSight> {
        let inner = &*self.0.0;
        let key = Key {
            asker: inner.asker.clone(),
            rtype: rtype.to_owned(),
            purpose: inner.purpose.clone(),
            myself: inner.myself.clone(),
            acts_for: inner.acts_for.clone(),
            context: inner.context.clone(),
            ties: inner.ties.iter().map(|ties| Arc::as_ptr(ties).addr()).collect(),
        };
        let sights = &inner.sights.0;
        if let Some(made) = sights.get(&key)
            && made.ties.iter().all(|ties| ties.strong_count() > 0)
        {
            return made.sight;
        }
        let sight = Arc::new(make(&self.0, rtype));
        let ties = inner.ties.iter().map(Arc::downgrade).collect();
        let made = Made {
            sight: sight.clone(),
            ties,
        };
        sights.insert(key, made);
        sight
    }
}

/// Whether a fact with these ties may be read, and with which single labels it may not. Each label is judged by itself: a
/// fact with two is seen by who may see both.
fn judge(view: &View, rtype: &str, about_patient: bool, tie: &Tie) -> Option<Vec<usize>> {
    if !view
        .rule(Action::Read, rtype, about_patient, tie, LabelSet::NONE)
        .permit
    {
        return None;
    }
    let labels = view.policies().labels().list().len();
    let masked = |index: &usize| {
        let label = LabelSet::one(*index);
        !view.rule(Action::Read, rtype, about_patient, tie, label).permit
    };
    Some((0..labels).filter(masked).collect())
}

fn make(view: &View, rtype: &str) -> TypeSight {
    let labels = view.policies().labels();
    let without = |masked: &[usize]| -> Arc<[SecurityLabel]> {
        let label = |index: &usize| {
            let security = &labels.list()[*index].security;
            SecurityLabel {
                system: security.system.clone(),
                code: security.code.clone(),
            }
        };
        masked.iter().map(label).collect()
    };
    let beyond = view.0.context.is_some();
    let stranger = if beyond {
        None
    } else {
        judge(view, rtype, true, &Tie::default())
    };
    // Few different ties: each is judged once.
    let mut judged: HashMap<(u16, bool, LabelSet), Option<Vec<usize>>> = HashMap::new();
    let mut groups: BTreeMap<Option<Vec<usize>>, HashSet<String>> = BTreeMap::new();
    for patient in view.patients() {
        let tie = view.tie(patient);
        let declared = tie.steps.iter().any(|step| step.types.contains_key(rtype));
        let key = (tie.relations.bits(), declared, tie.unlocked);
        let masked = judged.entry(key).or_insert_with(|| judge(view, rtype, true, &tie));
        if masked != &stranger {
            groups.entry(masked.clone()).or_default().insert(patient.to_owned());
        }
    }
    let outside = judge(view, rtype, false, &Tie::default());
    let mut made = TypeSight {
        outside: outside.is_some(),
        outside_without: without(&outside.unwrap_or_default()),
        ..TypeSight::default()
    };
    let refused = groups.remove(&None);
    for (masked, patients) in groups {
        made.groups.push(SightGroup {
            patients: Patients::These(Arc::new(patients)),
            without: without(&masked.unwrap_or_default()),
        });
    }
    if let Some(masked) = stranger {
        made.groups.push(SightGroup {
            patients: refused.map_or(Patients::All, |refused| Patients::AllBut(Arc::new(refused))),
            without: without(&masked),
        });
    }
    made
}
