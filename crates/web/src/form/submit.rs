//! What was posted, checked as a whole.

use super::enable::{Answers, enabled};
use super::html::{Entry, FieldError, Raw};
use super::{Form, Kind, Prefill, check};
use crate::Texts;
use std::collections::BTreeSet;

/// A form filled in correctly.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed<'f> {
    pub(super) form: &'f Form,
    pub(super) answers: Answers,
    pub(super) enabled: BTreeSet<String>,
}

impl Form {
    /// Checks what was posted. Questions that are not asked (`enableWhen`) lose their answers; read-only and hidden
    /// ones keep the values of `prefill`, whatever was posted. `Err` holds the fields as typed, with the errors.
    pub fn submit<'f>(
        &'f self,
        posted: &[(String, String)],
        prefill: &Prefill<'_>,
        texts: &Texts,
    ) -> Result<Completed<'f>, Entry<'f>> {
        let mut raw = self.raw_of(posted);
        let fixed = self.initial_raw(prefill);
        for item in self.all().into_iter().filter(|i| i.read_only || i.hidden) {
            for name in [item.link.clone(), item.other_name(), item.unit_name()] {
                raw.remove(&name);
                if let Some(values) = fixed.get(&name) {
                    raw.insert(name, values.clone());
                }
            }
        }
        let (mut answers, mut problems) = (Answers::new(), Vec::new());
        for item in self.all().into_iter().filter(|i| i.kind.is_question()) {
            let one = |name: &str| raw.get(name).and_then(|v| v.first()).map(String::as_str);
            let values = raw.get(&item.link).map_or(&[][..], Vec::as_slice);
            match check::read(
                item,
                values,
                one(&item.other_name()),
                one(&item.unit_name()),
                texts.lang(),
            ) {
                Ok(given) if given.is_empty() => {}
                Ok(given) => drop(answers.insert(item.link.clone(), given)),
                Err(problem) => problems.push((item, problem)),
            }
        }
        let enabled = enabled(self, &answers);
        let wrong: BTreeSet<&str> = problems.iter().map(|(item, _)| item.link.as_str()).collect();
        let missing = |item: &&super::Item| {
            item.required
                && item.kind.is_question()
                && !(item.read_only
                    || item.hidden
                    || answers.contains_key(&item.link)
                    || wrong.contains(item.link.as_str()))
        };
        let missing: Vec<_> = self.all().into_iter().filter(missing).collect();
        problems.extend(missing.into_iter().map(|item| (item, check::Problem::required())));
        problems.retain(|(item, _)| enabled.contains(&item.link));
        if problems.is_empty() {
            answers.retain(|link, _| enabled.contains(link));
            return Ok(Completed {
                form: self,
                answers,
                enabled,
            });
        }
        let place = |link: &str| self.all().iter().position(|i| i.link == link);
        problems.sort_by_key(|(item, _)| place(&item.link));
        let errors = problems
            .iter()
            .map(|(item, problem)| FieldError {
                link: item.link.clone(),
                field: item.field_id(),
                message: problem.say(item, texts),
            })
            .collect();
        Err(Entry {
            form: self,
            raw,
            errors,
        })
    }

    /// Only the fields of this form, with a limit on their number.
    fn raw_of(&self, posted: &[(String, String)]) -> Raw {
        let mut raw = Raw::new();
        let items = self.all();
        let names: BTreeSet<String> = items
            .iter()
            .filter(|i| !matches!(i.kind, Kind::Group | Kind::Display))
            .flat_map(|i| [i.link.clone(), i.other_name(), i.unit_name()])
            .collect();
        for (name, value) in posted.iter().take(super::MAX_ITEMS * 10) {
            if names.contains(name) {
                raw.entry(name.clone()).or_default().push(value.clone());
            }
        }
        raw
    }
}
