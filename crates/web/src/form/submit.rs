//! What was posted, checked as a whole.

use super::enable::{Answers, enabled};
use super::html::{Entry, FieldError, Raw};
use super::resolve::Asked;
use super::{Form, Item, Kind, Posted, Prefill, check, files};
use crate::Texts;
use std::collections::BTreeSet;

/// A form filled in correctly.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed<'f> {
    pub(super) form: Asked<'f>,
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
        self.submit_all(&Posted::of(posted), prefill, texts)
    }

    /// As [`Form::submit`], with files.
    pub fn submit_all<'f>(
        &'f self,
        posted: &Posted,
        prefill: &Prefill<'_>,
        texts: &Texts,
    ) -> Result<Completed<'f>, Entry<'f>> {
        let (form, computed) = self.resolve(prefill, Some(&everything(posted)));
        let mut raw = form.raw_of(&posted.fields);
        let fixed = form.initial_raw(prefill);
        for item in form.all().into_iter().filter(|i| i.read_only || i.hidden) {
            for name in [item.link.clone(), item.other_name(), item.unit_name()] {
                raw.remove(&name);
                if let Some(values) = fixed.get(&name) {
                    raw.insert(name, values.clone());
                }
            }
        }
        raw.extend(computed);
        let (mut answers, problems) = form.answers(&raw, posted, texts);
        let enabled = enabled(&form, &answers);
        let problems = form.problems(problems, &answers, &enabled);
        if problems.is_empty() {
            answers.retain(|link, _| enabled.contains(link));
            return Ok(Completed { form, answers, enabled });
        }
        let errors = problems
            .iter()
            .map(|(item, problem)| FieldError {
                link: item.link.clone(),
                field: item.field_id(),
                message: problem.say(item, texts),
            })
            .collect();
        Err(Entry { form, raw, errors })
    }

    /// Every answer that can be read, and what is wrong with the others.
    fn answers(&self, raw: &Raw, posted: &Posted, texts: &Texts) -> (Answers, Vec<(&Item, check::Problem)>) {
        let (mut answers, mut problems) = (Answers::new(), Vec::new());
        // What is computed is no answer of anybody's; it is given to the process as it is.
        let asked = |item: &&Item| item.kind.is_question() && item.computed.value.is_none();
        for item in self.all().into_iter().filter(asked) {
            let one = |name: &str| raw.get(name).and_then(|v| v.first()).map(String::as_str);
            let values = raw.get(&item.link).map_or(&[][..], Vec::as_slice);
            let read = if item.kind == Kind::Attachment {
                let sent: Vec<_> = posted.files.iter().filter(|f| f.field == item.link).collect();
                files::read(item, &sent)
            } else {
                check::read(
                    item,
                    values,
                    one(&item.other_name()),
                    one(&item.unit_name()),
                    texts.lang(),
                )
            };
            match read {
                Ok(given) if given.is_empty() => {}
                Ok(given) => drop(answers.insert(item.link.clone(), given)),
                Err(problem) => problems.push((item, problem)),
            }
        }
        (answers, problems)
    }

    /// What is wrong with questions that are asked, and which of them have no answer, in the order of the form.
    fn problems<'i>(
        &'i self,
        mut problems: Vec<(&'i Item, check::Problem)>,
        answers: &Answers,
        enabled: &BTreeSet<String>,
    ) -> Vec<(&'i Item, check::Problem)> {
        let wrong: BTreeSet<&str> = problems.iter().map(|(item, _)| item.link.as_str()).collect();
        let missing = |item: &&Item| {
            let empty = match item.rows {
                Some(_) => item.items.is_empty(),
                None => item.kind.is_question() && !answers.contains_key(&item.link),
            };
            item.required && empty && !(item.read_only || item.hidden || wrong.contains(item.link.as_str()))
        };
        let missing: Vec<_> = self.all().into_iter().filter(missing).collect();
        problems.extend(missing.into_iter().map(|item| (item, check::Problem::required())));
        problems.retain(|(item, _)| enabled.contains(&item.link));
        let place = |link: &str| self.all().iter().position(|i| i.link == link);
        problems.sort_by_cached_key(|(item, _)| place(&item.link));
        problems
    }

    /// Only the fields of this form, with a limit on their number.
    fn raw_of(&self, posted: &[(String, String)]) -> Raw {
        let mut raw = Raw::new();
        let items = self.all();
        let names: BTreeSet<String> = items
            .iter()
            .filter(|i| i.rows.is_some() || !matches!(i.kind, Kind::Group | Kind::Display))
            .flat_map(|i| [i.link.clone(), i.other_name(), i.unit_name(), i.rows_name()])
            .collect();
        for (name, value) in posted.iter().take(super::MAX_ITEMS * 10) {
            if names.contains(name) {
                raw.entry(name.clone()).or_default().push(value.clone());
            }
        }
        raw
    }
}

/// Every field by name, before it is known which of them the form has.
fn everything(posted: &Posted) -> Raw {
    let mut raw = Raw::new();
    for (name, value) in posted.fields.iter().take(super::MAX_ITEMS * 10) {
        raw.entry(name.clone()).or_default().push(value.clone());
    }
    raw
}
