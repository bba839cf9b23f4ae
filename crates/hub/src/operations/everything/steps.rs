//! Which searches find what is about a patient or an encounter.

use super::wanted::Wanted;
use fhir::{Definitions, ParamId, ParamType};
use store::{Clause, Page, Query, StoredResource, ValueTest};

/// Whom or what everything is about.
#[derive(Debug)]
pub(super) enum Focus {
    Patient(String),
    Encounter(String),
}

/// The search of one type.
#[derive(Debug)]
pub(super) struct Step {
    rtype: &'static str,
    clauses: Vec<Clause>,
}

impl Step {
    /// A page of it.
    pub(super) fn query(&self, count: usize, after: Option<String>) -> Query {
        Query {
            rtype: self.rtype.to_owned(),
            clauses: self.clauses.clone(),
            page: Page { count, after },
            ..Query::default()
        }
    }
}

/// Date parameters that tell when care took place, the most telling first. A type with none of them, and a resource
/// without a date, is not left out by `start` and `end`.
const CARE_DATES: &[&str] = &[
    "date",
    "period",
    "onset-date",
    "occurrence",
    "effective",
    "effective-time",
    "authored",
    "authoredon",
    "authored-on",
    "whenhandedover",
    "created",
    "sent",
    "started",
    "collected",
    "start-date",
    "datetime",
    "issued",
    "recorded-date",
];

/// The parameters by which a resource belongs to an encounter (compartment definition: `encounter`, or `context`).
const ENCOUNTER: &[&str] = &["encounter", "context"];

impl Focus {
    /// Whether a resource is about the focus, so that a step finds it.
    pub(super) fn is_member(&self, resource: &StoredResource) -> bool {
        match self {
            Self::Patient(id) => resource.patient.as_deref() == Some(id),
            // told by the ids that the steps found
            Self::Encounter(id) => resource.rtype == "Encounter" && resource.id == *id,
        }
    }

    /// What makes resources of this type belong to the focus; `None`: nothing does.
    fn clause(&self, rtype: &str) -> Option<Clause> {
        let definitions = Definitions::r4();
        match self {
            Self::Patient(id) => (rtype == "Patient" || !definitions.patient_compartment(rtype).is_empty())
                .then(|| Clause::Patient(id.clone())),
            Self::Encounter(id) if rtype == "Encounter" => Some(Clause::Id(vec![id.clone()])),
            Self::Encounter(id) => {
                let mut any = ENCOUNTER
                    .iter()
                    .filter_map(|code| encounter_param(rtype, code))
                    .map(|param| {
                        let test = ValueTest::Reference {
                            rtype: Some("Encounter".into()),
                            id: id.clone(),
                        };
                        Clause::Param { param, any: vec![test] }
                    });
                any.next()
            }
        }
    }
}

fn encounter_param(rtype: &str, code: &str) -> Option<ParamId> {
    let param = Definitions::r4().param(rtype, code)?;
    let leads = param.kind == ParamType::Reference && param.targets.contains(&"Encounter");
    leads.then_some(param.id)
}

/// The steps, the focus itself first.
pub(super) fn of(focus: &Focus, wanted: &Wanted) -> Vec<Step> {
    let definitions = Definitions::r4();
    let first = match focus {
        Focus::Patient(_) => "Patient",
        Focus::Encounter(_) => "Encounter",
    };
    let mut types: Vec<&'static str> = definitions.resource_types().to_vec();
    types.retain(|rtype| wanted.has(rtype));
    types.sort_by_key(|rtype| *rtype != first);
    let step = |rtype: &'static str| {
        let mut clauses = vec![focus.clause(rtype)?];
        if wanted.since.is_some() {
            clauses.push(Clause::LastUpdated {
                from: wanted.since,
                until: None,
            });
        }
        if rtype != first {
            clauses.extend(in_period(rtype, wanted));
        }
        Some(Step { rtype, clauses })
    };
    types.into_iter().filter_map(step).collect()
}

/// `start` and `end`: the date of care, where there is one, touches the period.
fn in_period(rtype: &str, wanted: &Wanted) -> Vec<Clause> {
    let date = |code: &&str| {
        let param = Definitions::r4().param(rtype, code)?;
        (param.kind == ParamType::Date).then_some(param.id)
    };
    let Some(param) = CARE_DATES.iter().find_map(date) else {
        return Vec::new();
    };
    let after = wanted.start.map(|at| ValueTest::DateHiAbove { at, or_equal: true });
    let before = wanted.end.map(|at| ValueTest::DateLoBelow { at, or_equal: true });
    let or_none = |test: ValueTest| {
        Clause::Or(vec![
            Clause::Missing { param, missing: true },
            Clause::Param { param, any: vec![test] },
        ])
    };
    after.into_iter().chain(before).map(or_none).collect()
}
