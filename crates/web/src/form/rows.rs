//! Groups that are answered any number of times: from the Questionnaire's one group to as many as there are rows, each
//! with field names of its own, so that everything else sees a plain form.

use super::html::{Entry, Raw};
use super::item::{Item, Rows};
use super::{Form, Kind, MAX_ITEMS, MAX_ROWS, Posted, Prefill};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Button that adds a row: its value is the group's name.
pub(super) const ADD: &str = "_aggiungi";
/// Button that takes a row away: its value is the row's name.
pub(super) const REMOVE: &str = "_togli";

impl Form {
    /// The form with a row more or less, when that is what was asked for by one of its buttons; nothing is checked yet.
    pub fn rows_changed(&self, posted: &Posted, prefill: &Prefill<'_>) -> Option<Entry<'_>> {
        let pressed = |name: &str| posted.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let fields = match (pressed(ADD), pressed(REMOVE)) {
            (Some(group), _) => added(&posted.fields, &group),
            (None, Some(row)) => removed(&posted.fields, &row)?,
            (None, None) => return None,
        };
        let mut raw = Raw::new();
        for (name, value) in fields {
            raw.entry(name).or_default().push(value);
        }
        let (form, fixed) = self.resolve(prefill, Some(&raw));
        raw.extend(fixed);
        Some(Entry {
            form,
            raw,
            errors: Vec::new(),
        })
    }
}

fn added(fields: &[(String, String)], group: &str) -> Vec<(String, String)> {
    let counter = format!("{group}._righe");
    let more = |(name, value): &(String, String)| match *name == counter {
        true => (
            name.clone(),
            (value.parse::<usize>().unwrap_or(0).min(MAX_ROWS) + 1).to_string(),
        ),
        false => (name.clone(), value.clone()),
    };
    fields.iter().map(more).collect()
}

/// Without the fields of a row; the rows after it move up.
fn removed(fields: &[(String, String)], row: &str) -> Option<Vec<(String, String)>> {
    let (group, place) = row.strip_suffix(']')?.rsplit_once('[')?;
    let place: usize = place.parse().ok()?;
    let counter = format!("{group}._righe");
    let open = format!("{group}[");
    let keep = |(name, value): &(String, String)| {
        if *name == counter {
            let fewer = value.parse::<usize>().unwrap_or(1).saturating_sub(1);
            return Some((name.clone(), fewer.to_string()));
        }
        let Some((at, rest)) = name.strip_prefix(&open).and_then(|rest| rest.split_once(']')) else {
            return Some((name.clone(), value.clone()));
        };
        let at: usize = at.parse().ok()?;
        match at.cmp(&place) {
            std::cmp::Ordering::Less => Some((name.clone(), value.clone())),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some((format!("{open}{}]{rest}", at - 1), value.clone())),
        }
    };
    Some(fields.iter().filter_map(keep).collect())
}

/// Makes the rows.
pub(super) struct Expansion<'a> {
    /// What was posted; `None` for a fresh form.
    pub raw: Option<&'a Raw>,
    /// What the process knows.
    pub values: &'a Map<String, Value>,
    /// How many items there are so far; no more rows are made beyond the limit.
    pub items: usize,
}

/// New names of the items around, by linkId.
type Names = BTreeMap<String, String>;

impl Expansion<'_> {
    /// The items with their rows; `prefix` and `row` are those of the row they are in.
    pub(super) fn items(&mut self, items: &[Item], prefix: &str, names: &Names, row: Option<&Value>) -> Vec<Item> {
        let mut names = names.clone();
        if !prefix.is_empty() {
            within(items, prefix, &mut names);
        }
        items.iter().map(|item| self.item(item, prefix, &names, row)).collect()
    }

    fn item(&mut self, item: &Item, prefix: &str, names: &Names, row: Option<&Value>) -> Item {
        self.items += 1;
        let mut made = Item {
            link: format!("{prefix}{}", item.link),
            items: Vec::new(),
            ..item.clone()
        };
        for condition in &mut made.conditions {
            if let Some(name) = names.get(&condition.question) {
                condition.question.clone_from(name);
            }
        }
        if let Some(row) = row {
            made.computed.preset = Some(row.get(&item.origin).cloned().unwrap_or_default());
        }
        let Some(rows) = item.rows else {
            made.items = item
                .items
                .iter()
                .map(|inner| self.item(inner, prefix, names, row))
                .collect();
            return made;
        };
        let known = match row {
            Some(row) => row.get(&item.origin),
            None => self.values.get(&item.origin),
        };
        let known = known.and_then(Value::as_array).map_or(&[][..], Vec::as_slice).to_vec();
        made.items = (0..self.count(&made, rows, known.len()))
            .map_while(|n| self.row(item, &made.link, n, names, known.get(n)))
            .collect();
        made
    }

    fn row(&mut self, group: &Item, link: &str, n: usize, names: &Names, known: Option<&Value>) -> Option<Item> {
        if self.items + group.items.len() > MAX_ITEMS {
            return None;
        }
        let link = format!("{link}[{n}]");
        let nothing = Value::Null;
        Some(Item {
            items: self.items(
                &group.items,
                &format!("{link}."),
                names,
                Some(known.unwrap_or(&nothing)),
            ),
            link,
            kind: Kind::Group,
            text: String::new(),
            rows: None,
            conditions: Vec::new(),
            help: Vec::new(),
            computed: super::Computed::default(),
            ..group.clone()
        })
    }

    fn count(&self, group: &Item, rows: Rows, known: usize) -> usize {
        let posted = self.raw.map(|raw| {
            let first = raw.get(&group.rows_name()).and_then(|v| v.first());
            first.and_then(|n| n.parse().ok()).unwrap_or(0)
        });
        let wanted = posted.unwrap_or(if known > 0 { known } else { rows.initial });
        wanted.clamp(rows.min, rows.max)
    }
}

/// Every item of a row, but not those of rows in it.
fn within(items: &[Item], prefix: &str, names: &mut Names) {
    for item in items {
        names.insert(item.link.clone(), format!("{prefix}{}", item.link));
        if item.rows.is_none() {
            within(&item.items, prefix, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_goes_and_the_others_move_up() {
        let fields = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            owned.collect::<Vec<_>>()
        };
        let before = fields(&[
            ("f._righe", "3"),
            ("f[0].a", "x"),
            ("f[1].a", "y"),
            ("f[2].g[0].b", "z"),
            ("o", "1"),
        ]);
        let after = fields(&[("f._righe", "2"), ("f[0].a", "x"), ("f[1].g[0].b", "z"), ("o", "1")]);
        assert_eq!(removed(&before, "f[1]").unwrap(), after);
        assert_eq!(added(&before, "f")[0].1, "4");
        assert!(removed(&before, "f").is_none());
    }
}
