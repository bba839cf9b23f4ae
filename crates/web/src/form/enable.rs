//! Which items are asked, given the answers (`enableWhen`).

use super::item::{Condition, Item, Operator};
use super::{Answer, Form};
use std::collections::{BTreeMap, BTreeSet};

/// Answers by linkId.
pub(super) type Answers = BTreeMap<String, Vec<Answer>>;

/// The linkIds of the items that are asked. An item inside one that is not asked is not asked either; the answer of a
/// question that is not asked counts as absent.
pub(super) fn enabled(form: &Form, answers: &Answers) -> BTreeSet<String> {
    let mut enabled: BTreeSet<String> = form.all().iter().map(|item| item.link.clone()).collect();
    // Taking one item away can only change the items that look at it: a fixed point is reached within as many rounds
    // as there are items. A form whose conditions chase each other ends there too.
    for _ in 0..=enabled.len() {
        let mut next = BTreeSet::new();
        walk(&form.items, true, answers, &enabled, &mut next);
        if next == enabled {
            break;
        }
        enabled = next;
    }
    enabled
}

fn walk(items: &[Item], parent: bool, answers: &Answers, before: &BTreeSet<String>, out: &mut BTreeSet<String>) {
    for item in items {
        let holds = |condition: &Condition| {
            let asked = before.contains(&condition.question);
            let given = answers
                .get(&condition.question)
                .filter(|_| asked)
                .map_or(&[][..], Vec::as_slice);
            condition.holds(given)
        };
        let own = !item.computed.withheld
            && (item.conditions.is_empty()
                || if item.any {
                    item.conditions.iter().any(holds)
                } else {
                    item.conditions.iter().all(holds)
                });
        if parent && own {
            out.insert(item.link.clone());
        }
        walk(&item.items, parent && own, answers, before, out);
    }
}

impl Condition {
    /// Whether one of the answers fulfils it. Without an answer only `exists = false` holds.
    pub fn holds(&self, given: &[Answer]) -> bool {
        match self.operator {
            Operator::Exists => self.answer == Answer::Boolean(!given.is_empty()),
            Operator::Equal => given.iter().any(|g| same(g, &self.answer)),
            Operator::NotEqual => !given.is_empty() && !given.iter().any(|g| same(g, &self.answer)),
            operator => given.iter().any(|g| {
                let Some(order) = order(g, &self.answer) else {
                    return false;
                };
                match operator {
                    Operator::Greater => order.is_gt(),
                    Operator::Less => order.is_lt(),
                    Operator::GreaterOrEqual => order.is_ge(),
                    _ => order.is_le(),
                }
            }),
        }
    }
}

fn same(a: &Answer, b: &Answer) -> bool {
    match (a, b) {
        (Answer::Coding(a), Answer::Coding(b)) => a.is(b),
        // A free answer of an open choice, or an option that is a plain text.
        (Answer::Coding(a), Answer::Text(b)) => a.code.as_ref() == Some(b),
        (Answer::Text(a), Answer::Coding(b)) => b.code.as_ref() == Some(a),
        _ => a == b || matches!(order(a, b), Some(std::cmp::Ordering::Equal)),
    }
}

fn order(a: &Answer, b: &Answer) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Answer::Date(a), Answer::Date(b)) => Some(a.cmp(b)),
        (Answer::DateTime(a), Answer::DateTime(b)) => {
            let (a, b) = (a.parse::<jiff::Timestamp>().ok()?, b.parse::<jiff::Timestamp>().ok()?);
            Some(a.cmp(&b))
        }
        (Answer::Time(a), Answer::Time(b)) => Some(a.cmp(b)),
        _ => a.number()?.partial_cmp(&b.number()?),
    }
}
