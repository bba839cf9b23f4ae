//! What is about the actor as a member of staff, and what of a type is decided on by itself (`withheld` of `types.json`).

use super::ties::{OwnRecords, Tie, person_values};
use super::view::View;
use crate::trace;
use fhir::ReferenceText;
use policy::{Action, LabelSet, NO_POLICY, Relation, Ruling, Withheld};
use serde_json::Value;

/// The policy that keeps people from giving themselves what their own roles come from.
pub const NOT_ONESELF: &str = "not-oneself";

impl View {
    fn own(&self) -> impl Iterator<Item = &OwnRecords> {
        self.0.ties.iter().filter_map(|ties| ties.own.as_ref())
    }

    fn is_me(&self, rtype: &str, id: &str) -> bool {
        let reference = format!("{rtype}/{id}");
        self.own().any(|own| own.references.contains(&reference))
    }

    /// The ties to a fact that lies in nobody's compartment.
    pub(super) fn own_tie(&self, rtype: &str, value: Option<&Value>) -> Tie {
        let mut tie = Tie::default();
        let own = match (rtype, value) {
            ("Practitioner", Some(value)) => self.is_me(rtype, value["id"].as_str().unwrap_or_default()),
            ("PractitionerRole", Some(value)) => {
                let text = value["practitioner"]["reference"].as_str().unwrap_or_default();
                matches!(ReferenceText::parse(text), ReferenceText::Local { rtype, id, .. } if self.is_me(rtype, id))
            }
            _ => false,
        };
        if own {
            tie.relations = tie.relations.with(Relation::Own);
        }
        tie
    }

    /// The parts of a resource that this actor does not see. Empty for most types, without a look at any policy.
    pub fn withheld(&self, rtype: &str, id: &str) -> Vec<&Withheld> {
        if self.is_everything() {
            return Vec::new();
        }
        let mut mine = None;
        // Entries of one name stand together and are decided on once.
        let mut decided: Option<(&str, bool)> = None;
        let mut hidden = Vec::new();
        for part in self
            .policies()
            .types()
            .withheld()
            .iter()
            .filter(|part| part.rtype == rtype)
        {
            let seen = match decided {
                Some((name, seen)) if name == part.name => seen,
                _ => {
                    let mine = *mine.get_or_insert_with(|| self.is_me(rtype, id));
                    self.rule_on(Action::Read, part, mine).permit
                }
            };
            decided = Some((&part.name, seen));
            if !seen {
                hidden.push(part);
            }
        }
        hidden
    }

    /// Whether a part is withheld of a resource that is about somebody else.
    pub fn is_withheld(&self, part: &Withheld) -> bool {
        !self.is_everything() && !self.rule_on(Action::Read, part, false).permit
    }

    /// Whether a part of a resource may become what it would be, in the place of what is stored. `id`: of the resource, once
    /// it has one.
    pub fn may_give(&self, part: &Withheld, id: &str, before: &Value, after: &Value) -> Ruling {
        let element = part.element.as_str();
        let new = person_values(&after[element], &part.systems);
        let same = match part.systems.is_empty() {
            true => members(part, before) == members(part, after),
            false => person_values(&before[element], &part.systems) == new,
        };
        if same || self.is_everything() {
            return Ruling {
                permit: true,
                policy: NO_POLICY.into(),
            };
        }
        // One's own code on another record, or another code on one's own.
        let mine = self.is_me(&part.rtype, id) || self.own().any(|own| new.iter().any(|code| own.codes.contains(code)));
        let ruling = self.rule_on(Action::Write, part, mine);
        if !ruling.permit {
            trace::note_refusal(&ruling.policy);
        }
        ruling
    }

    fn rule_on(&self, action: Action, part: &Withheld, own: bool) -> Ruling {
        let mut tie = Tie::default();
        if own {
            tie.relations = tie.relations.with(Relation::Own);
        }
        self.rule(action, &part.name, false, &tie, LabelSet::NONE)
    }
}

/// The values of a part in a resource, as they are.
fn members<'a>(part: &Withheld, resource: &'a Value) -> Vec<&'a Value> {
    let value = &resource[part.element.as_str()];
    match (part.is_whole(), value) {
        (true, Value::Null) => Vec::new(),
        (true, value) => vec![value],
        (false, list) => {
            let list = list.as_array().into_iter().flatten();
            list.filter(|one| part.holds(one)).collect()
        }
    }
}
