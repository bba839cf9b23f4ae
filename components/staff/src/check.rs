//! Which assignments of one person may not hold together (`rules/assignments.json`): pure.

use crate::assignment::{Assignment, Span};
use crate::rules::{self, AssignmentRule};

/// Something that a rule forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// Ids of the assignments, new ones empty.
    pub between: (String, String),
    /// What is wrong, in the rule's terms: kinds of contract, hours.
    pub detail: String,
    /// Where the rule stands.
    pub source: &'static str,
    /// Whether nobody has confirmed the rule.
    pub unverified: bool,
}

/// What the rules forbid in these assignments of one person.
pub(crate) fn violations(all: &[Assignment]) -> Vec<Violation> {
    let standing: Vec<&Assignment> = all.iter().filter(|one| one.active).collect();
    let mut found = Vec::new();
    for rule in rules::assignments() {
        match rule.code.as_str() {
            "ordine" => order(rule, &standing, &mut found),
            "ore" => hours(rule, &standing, &mut found),
            _ => pairs(rule, &standing, &mut found),
        }
    }
    found
}

fn violation(rule: &'static AssignmentRule, one: &Assignment, other: &Assignment, detail: String) -> Violation {
    Violation {
        rule: &rule.code,
        between: (one.id.clone(), other.id.clone()),
        detail,
        source: &rule.source,
        unverified: rule.status != "verified",
    }
}

/// Bounds that cannot be read, or an end before the start.
fn order(rule: &'static AssignmentRule, all: &[&Assignment], found: &mut Vec<Violation>) {
    for one in all {
        let span = one.span();
        if span.from > span.to {
            found.push(violation(rule, one, one, format!("{} – {}", one.start, one.end)));
        }
    }
}

fn validity(rule: &AssignmentRule) -> Span {
    Span::of(&rule.valid_from, rule.valid_to.as_deref().unwrap_or_default())
}

fn pairs(rule: &'static AssignmentRule, all: &[&Assignment], found: &mut Vec<Violation>) {
    let valid = validity(rule);
    for (place, one) in all.iter().enumerate() {
        for other in &all[place + 1..] {
            let together = one.span().and(other.span()).and_then(|both| both.and(valid));
            if together.is_some()
                && let Some(detail) = forbidden(rule, one, other)
            {
                found.push(violation(rule, one, other, detail));
            }
        }
    }
}

/// Whether the rule forbids the two at the same time. Who substitutes somebody does so beside one's own work.
fn forbidden(rule: &AssignmentRule, one: &Assignment, other: &Assignment) -> Option<String> {
    let substitute = one.substitutes.is_some() || other.substitutes.is_some();
    match rule.code.as_str() {
        "principale" => (one.main && other.main).then(String::new),
        "doppione" => {
            (!substitute && one.organization == other.organization && one.role == other.role).then(String::new)
        }
        "unicita" => {
            let (a, b) = (&one.contract, &other.contract);
            let excluded = rule.pairs.iter().any(|(x, y)| (x == a && y == b) || (x == b && y == a));
            (!substitute && excluded).then(|| format!("{a}, {b}"))
        }
        _ => None,
    }
}

/// Hours of all that hold at the same time, at each moment at which one begins.
fn hours(rule: &'static AssignmentRule, all: &[&Assignment], found: &mut Vec<Violation>) {
    let valid = validity(rule);
    let limit = |one: &Assignment| {
        let contract = rules::contracts().iter().find(|contract| contract.code == one.contract);
        contract.and_then(|contract| contract.max_weekly_hours)
    };
    for one in all {
        let at = one.span().from.max(valid.from);
        let there: Vec<&&Assignment> = all
            .iter()
            .filter(|other| other.span().holds(at) && valid.holds(at))
            .collect();
        let sum: u32 = there
            .iter()
            .filter_map(|other| other.hours)
            .fold(0, u32::saturating_add);
        let most = there.iter().filter_map(|other| limit(other)).min();
        if let Some(most) = most.filter(|most| sum > *most) {
            let other = there
                .iter()
                .find(|other| other.id != one.id)
                .map_or(*one, |other| **other);
            found.push(violation(rule, one, other, format!("{sum} > {most}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn one(id: &str, unit: &str, contract: &str, main: bool, (start, end): (&str, &str)) -> Assignment {
        let mut one = Assignment::new("p", "P");
        (one.id, one.organization, one.role) = (id.into(), unit.into(), "medico".into());
        (one.contract, one.main, one.start, one.end) = (contract.into(), main, start.into(), end.into());
        one
    }

    fn rules_of(all: &[Assignment]) -> Vec<&'static str> {
        violations(all).into_iter().map(|one| one.rule).collect()
    }

    #[test]
    fn one_main_assignment_one_relation_and_no_more_hours_than_the_contract() {
        let a = one("a", "u", "dipendente", true, ("2025-01-01", "2026-06-30"));
        let after = one("b", "v", "dipendente", true, ("2026-07-01", ""));
        assert!(rules_of(&[a.clone(), after.clone()]).is_empty());
        let early = one("b", "v", "dipendente", true, ("2026-06-30", ""));
        assert_eq!(rules_of(&[a.clone(), early]), ["principale"]);
        let convention = one("c", "v", "convenzionato", false, ("2026-01-01", ""));
        assert_eq!(rules_of(&[a.clone(), convention.clone()]), ["unicita"]);
        let mut substitute = convention;
        substitute.substitutes = Some("Practitioner/x".into());
        assert!(rules_of(&[a.clone(), substitute]).is_empty());
        assert_eq!(
            rules_of(&[a.clone(), one("d", "u", "dipendente", false, ("2026-01-01", ""))]),
            ["doppione"]
        );
        assert_eq!(
            rules_of(&[one("e", "u", "", false, ("2026-02-01", "2026-01-01"))]),
            ["ordine"]
        );
        let (mut x, mut y) = (a, one("f", "v", "dipendente", false, ("2026-01-01", "")));
        (x.hours, y.hours) = (Some(36), Some(13));
        assert_eq!(rules_of(&[x.clone(), y.clone()]), ["ore"]);
        y.hours = Some(12);
        assert!(rules_of(&[x, y]).is_empty());
    }

    /// What an office may do, in any order, also what is refused.
    #[derive(Debug, Clone)]
    enum Act {
        Give {
            unit: u8,
            contract: u8,
            main: bool,
            from: i64,
            days: Option<i64>,
            hours: u8,
        },
        End {
            which: usize,
            day: i64,
        },
        TakeBack {
            which: usize,
        },
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => (0u8..4, 0u8..4, any::<bool>(), 0i64..400, proptest::option::of(0i64..200), 0u8..50)
                .prop_map(|(unit, contract, main, from, days, hours)| Act::Give { unit, contract, main, from, days, hours }),
            2 => (0usize..8, 0i64..600).prop_map(|(which, day)| Act::End { which, day }),
            1 => (0usize..8).prop_map(|which| Act::TakeBack { which }),
        ]
    }

    fn day(n: i64) -> String {
        let first: jiff::civil::Date = "2026-01-01".parse().unwrap();
        (first + jiff::Span::new().days(n)).to_string()
    }

    /// Does it the way the registry does: what the rules forbid is not written.
    fn apply(all: &mut Vec<Assignment>, act: &Act, number: usize) {
        let before = all.clone();
        match act {
            Act::Give {
                unit,
                contract,
                main,
                from,
                days,
                hours,
            } => {
                let kind = ["dipendente", "convenzionato", "somministrato", "universitario"][usize::from(*contract)];
                let end = days.map(|days| day(from + days)).unwrap_or_default();
                let mut new = one(
                    &format!("i{number}"),
                    &format!("u{unit}"),
                    kind,
                    *main,
                    (&day(*from), &end),
                );
                new.hours = Some(u32::from(*hours));
                all.push(new);
            }
            Act::End { which, day: at } => {
                if let Some(one) = all.get_mut(*which) {
                    one.end(format!("{}T12:00:00Z", day(*at)).parse().unwrap());
                }
            }
            Act::TakeBack { which } => {
                if let Some(one) = all.get_mut(*which) {
                    one.active = false;
                }
            }
        }
        if !violations(all).is_empty() {
            *all = before;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn no_sequence_of_changes_leaves_what_the_rules_forbid(acts in proptest::collection::vec(act(), 1..25)) {
            let mut all = Vec::new();
            for (number, act) in acts.iter().enumerate() {
                apply(&mut all, act, number);
            }
            // Judged day by day, not by the code under test.
            for n in 0..620 {
                let noon: Timestamp = format!("{}T10:00:00Z", day(n)).parse().unwrap();
                let now: Vec<&Assignment> = all.iter().filter(|one| one.holds(noon)).collect();
                prop_assert!(now.iter().filter(|one| one.main).count() <= 1, "{n}: {all:?}");
                let employed = now.iter().any(|one| one.contract == "dipendente");
                prop_assert!(!employed || !now.iter().any(|one| one.contract == "convenzionato"), "{n}");
            }
        }

        #[test]
        fn nothing_holds_after_its_end(from in 0i64..400, at in 0i64..600, later in 1i64..5_000_000) {
            let mut one = one("a", "u", "dipendente", true, (&day(from), ""));
            let end: Timestamp = format!("{}T12:00:00Z", day(at)).parse().unwrap();
            one.end(end);
            prop_assert!(!one.holds(end + jiff::SignedDuration::from_secs(later)));
        }
    }
}
