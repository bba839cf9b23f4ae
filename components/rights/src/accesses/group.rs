//! Accesses by day and person: what was done again and again becomes one line.

use super::event::{Access, Verb};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// What one person did on one day.
#[derive(Debug)]
pub(super) struct Group {
    pub who: String,
    pub display: Option<String>,
    pub on_behalf: BTreeSet<String>,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Things by verb.
    pub done: BTreeMap<Verb, BTreeSet<&'static str>>,
    pub policies: BTreeSet<String>,
    pub purposes: BTreeSet<String>,
    pub steps: BTreeSet<String>,
    /// Entries behind it.
    pub count: usize,
    /// The newest entry.
    pub id: String,
}

/// A day with those who looked, who looked last first.
#[derive(Debug)]
pub(super) struct Day {
    pub date: Date,
    pub groups: Vec<Group>,
}

/// Groups accesses given newest first.
pub(super) fn by_day(accesses: Vec<Access>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for access in accesses {
        let date = web::local_date(access.at);
        if days.last().is_none_or(|day| day.date != date) {
            days.push(Day {
                date,
                groups: Vec::new(),
            });
        }
        let Some(day) = days.last_mut() else { continue };
        match day.groups.iter_mut().find(|group| group.who == access.who) {
            Some(group) => group.add(access),
            None => day.groups.push(Group::of(access)),
        }
    }
    days
}

impl Group {
    fn of(access: Access) -> Self {
        let mut group = Self {
            who: access.who.clone(),
            display: access.display.clone(),
            on_behalf: BTreeSet::new(),
            first: access.at,
            last: access.at,
            done: BTreeMap::new(),
            policies: BTreeSet::new(),
            purposes: BTreeSet::new(),
            steps: BTreeSet::new(),
            count: 0,
            id: access.id.clone(),
        };
        group.add(access);
        group
    }

    fn add(&mut self, access: Access) {
        self.first = self.first.min(access.at);
        self.last = self.last.max(access.at);
        self.count += 1;
        self.done.entry(access.verb).or_default().insert(access.thing);
        self.on_behalf.extend(access.on_behalf);
        self.policies.extend(access.policies);
        self.purposes.extend(access.purpose);
        self.steps.extend(access.step);
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::Outcome;
    use super::*;

    fn access(id: &str, at: &str, who: &str, thing: &'static str) -> Access {
        Access {
            id: id.into(),
            at: at.parse().unwrap(),
            who: who.into(),
            display: None,
            on_behalf: None,
            verb: Verb::Read,
            outcome: Outcome::Done,
            policies: BTreeSet::from(["care-read".to_owned()]),
            purpose: None,
            step: None,
            thing,
        }
    }

    #[test]
    fn repeated_reads_are_one_line_and_the_day_is_the_italian_one() {
        let days = by_day(vec![
            access("4", "2026-03-12T23:30:00Z", "Practitioner/1", "tests"),
            access("3", "2026-03-12T10:00:00Z", "Practitioner/1", "tests"),
            access("2", "2026-03-12T09:30:00Z", "Practitioner/2", "identity"),
            access("1", "2026-03-12T09:00:00Z", "Practitioner/1", "therapies"),
        ]);
        assert_eq!(days.len(), 2);
        assert_eq!(days[0].date.to_string(), "2026-03-13");
        let first = &days[1].groups[0];
        assert_eq!((first.count, first.id.as_str(), days[1].groups.len()), (2, "3", 2));
        assert_eq!(first.done[&Verb::Read].len(), 2);
    }
}
