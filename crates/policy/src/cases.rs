//! Tables of cases: what the policies must answer.
//!
//! Tab-separated, one case a line, a head line first, `#` begins a remark. Columns: `case`, `roles`, `assurance`,
//! `purpose`, `relations`, `action`, `type`, `labels`, `unlocked`, `expected` (`permit` or `deny`), `policy` (who must
//! have decided; may be empty). Lists are separated by spaces; `-` is the empty list. A type whose relations begin with `*`
//! lies in no patient's compartment (`* own`: and is about the asker as a member of staff).
//!
//! A table that begins with `capability` says who may call routes: `capability`, `roles`, `expected`.

use crate::{Action, Asker, LabelSet, Policies, PolicyError, Question, Relation, Relations};

const HEAD: &str = "case\troles\tassurance\tpurpose\trelations\taction\ttype\tlabels\tunlocked\texpected\tpolicy";

const HEAD_OF_ROUTES: &str = "capability\troles\texpected";

/// A case that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFailure {
    /// Table and line.
    pub place: String,
    /// The case.
    pub case: String,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub found: String,
}

/// What a run of the tables gave.
#[derive(Debug, Clone, Default)]
pub struct CaseReport {
    /// Cases that came out as expected.
    pub passed: usize,
    /// The others.
    pub failed: Vec<CaseFailure>,
}

impl Policies {
    /// Runs the tables in the folder's `cases`.
    pub fn run_cases(&self) -> Result<CaseReport, PolicyError> {
        let mut report = CaseReport::default();
        for (file, text) in self.tables() {
            self.run_table(file, text, &mut report)?;
        }
        Ok(report)
    }

    fn run_table(&self, file: &str, text: &str, report: &mut CaseReport) -> Result<(), PolicyError> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        match lines.next().map(|(_, line)| line.trim_end()) {
            Some(HEAD) => {}
            Some(HEAD_OF_ROUTES) => return self.run_routes(file, lines, report),
            _ => {
                let rule = format!("the first line must be: {HEAD} (or, of routes: {HEAD_OF_ROUTES})");
                return Err(PolicyError::file(file, &rule));
            }
        }
        for (number, line) in lines {
            let place = format!("{file}:{}", number + 1);
            let bad = |what: &str| PolicyError::file(&place, &what);
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            let [
                case,
                roles,
                assurance,
                purpose,
                relations,
                action,
                rtype,
                labels,
                unlocked,
                expected,
                policy,
            ] = cells[..]
            else {
                return Err(bad(&format!("{} columns where 11 are expected", cells.len())));
            };
            let asker = Asker::new(
                list(roles),
                assurance.parse().map_err(|_| bad("assurance is no number"))?,
                false,
            );
            let question = Question {
                asker: &asker,
                action: Action::named(action).ok_or_else(|| bad(&format!("unknown action '{action}'")))?,
                rtype,
                about_patient: !relations.starts_with('*'),
                relations: self
                    .relations(relations)
                    .map_err(|name| bad(&format!("unknown relation '{name}'")))?,
                labels: self
                    .set(labels)
                    .map_err(|name| bad(&format!("unknown label '{name}'")))?,
                unlocked: self
                    .set(unlocked)
                    .map_err(|name| bad(&format!("unknown label '{name}'")))?,
                purpose,
            };
            let ruling = self.ask(&question);
            let found = if ruling.permit { "permit" } else { "deny" };
            if found == expected && (policy.is_empty() || policy == "-" || policy == &*ruling.policy) {
                report.passed += 1;
            } else {
                report.failed.push(CaseFailure {
                    place,
                    case: case.to_owned(),
                    expected: format!("{expected} {policy}"),
                    found: format!("{found} {}", ruling.policy),
                });
            }
        }
        Ok(())
    }

    fn run_routes<'a>(
        &self,
        file: &str,
        lines: impl Iterator<Item = (usize, &'a str)>,
        report: &mut CaseReport,
    ) -> Result<(), PolicyError> {
        for (number, line) in lines {
            let place = format!("{file}:{}", number + 1);
            let bad = |what: &str| PolicyError::file(&place, &what);
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            let [capability, roles, expected] = cells[..] else {
                return Err(bad(&format!("{} columns where 3 are expected", cells.len())));
            };
            let known = self.capabilities().named(capability);
            let known = known.ok_or_else(|| bad(&format!("unknown capability '{capability}'")))?;
            let found = if known.has(list(roles)) { "permit" } else { "deny" };
            if found == expected {
                report.passed += 1;
                continue;
            }
            report.failed.push(CaseFailure {
                place,
                case: format!("{capability} {roles}"),
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
        Ok(())
    }

    fn relations<'a>(&self, text: &'a str) -> Result<Relations, &'a str> {
        list(text.strip_prefix('*').unwrap_or(text))
            .map(|name| {
                Relation::ALL
                    .iter()
                    .copied()
                    .find(|relation| relation.name() == name)
                    .ok_or(name)
            })
            .collect()
    }

    fn set<'a>(&self, text: &'a str) -> Result<LabelSet, &'a str> {
        list(text).try_fold(LabelSet::NONE, |set, name| {
            Ok(set.and(self.labels().named(name).ok_or(name)?))
        })
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|item| *item != "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_of_the_standard_tables_comes_out_as_written() {
        let report = Policies::standard().run_cases().unwrap();
        assert_eq!(report.failed, []);
        assert!(report.passed > 60, "{} cases", report.passed);
    }

    #[test]
    fn a_wrong_case_is_told_with_its_place() {
        let policies = Policies::standard();
        let mut report = CaseReport::default();
        let line = "x\tmmg\t1\tTREAT\t-\tread\tObservation\t-\t-\tpermit\t";
        policies
            .run_table("t.tsv", &format!("{HEAD}\n{line}"), &mut report)
            .unwrap();
        assert_eq!(report.failed[0].place, "t.tsv:2");
        assert_eq!(report.failed[0].found, "deny none");
        let wrong = policies.run_table(
            "t.tsv",
            &format!("{HEAD}\n{}", line.replace("read", "look")),
            &mut report,
        );
        assert_eq!(wrong.unwrap_err().to_string(), "t.tsv:2: unknown action 'look'");
    }
}
