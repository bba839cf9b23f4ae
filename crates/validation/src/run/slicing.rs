//! Which slice each item belongs to, and whether the slices are as they must be.

use super::item::{Item, Items};
use super::{Run, Spot};
use crate::Severity;
use crate::profile::{Rules, Slicing};

/// Whether an item is of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    /// The profile, or what is known here, does not say.
    Unknown,
}

impl<'a> Run<'_, 'a> {
    /// The slice of each item, reslices included; reports counts, order and what a closed slicing does not admit.
    pub(super) fn assign(&mut self, head: &Spot, found: &Items<'a>) -> Vec<Option<Spot>> {
        let mut assigned: Vec<Option<Spot>> = vec![None; found.len()];
        let all: Vec<usize> = (0..found.len()).collect();
        self.assign_among(head, found, &all, &mut assigned);
        assigned
    }

    fn assign_among(&mut self, head: &Spot, found: &Items<'a>, among: &[usize], assigned: &mut [Option<Spot>]) {
        let profile = head.profile.clone();
        let node = &profile.nodes[head.at];
        let slices: Vec<Spot> = node.slices.iter().map(|at| head.to(*at)).collect();
        let mut members: Vec<Vec<usize>> = vec![vec![]; slices.len()];
        let mut unsure = vec![false; slices.len()];
        let mut order: Vec<Option<usize>> = vec![];
        for at in among {
            let mut chosen = None;
            for (n, slice) in slices.iter().enumerate() {
                match self.belongs(head, slice, node.slicing.as_ref(), &found[*at]) {
                    Verdict::Yes => {
                        chosen = Some(n);
                        break;
                    }
                    Verdict::Unknown => unsure[n] = true,
                    Verdict::No => {}
                }
            }
            if let Some(n) = chosen {
                members[n].push(*at);
                assigned[*at] = Some(slices[n].clone());
            }
            order.push(chosen);
        }
        self.arrangement(
            head,
            node.slicing.as_ref(),
            found,
            among,
            &order,
            unsure.contains(&true),
        );
        for (n, slice) in slices.iter().enumerate() {
            let node = slice.node();
            let name = node.slice.as_deref().unwrap_or_default();
            if unsure[n] && members[n].len() < node.min as usize {
                let message =
                    format!("the slice '{name}' is not checked: what tells its items apart is not known here");
                self.issue(Severity::Information, "informational", "slice", &profile, message);
            } else {
                self.count(slice, node, members[n].len(), Some(name));
            }
            if !node.slices.is_empty() {
                self.assign_among(slice, found, &members[n], assigned);
            }
        }
    }

    /// Rules `closed` and `openAtEnd`, and the order of slices.
    fn arrangement(
        &mut self,
        head: &Spot,
        slicing: Option<&Slicing>,
        found: &Items<'a>,
        among: &[usize],
        order: &[Option<usize>],
        unsure: bool,
    ) {
        let Some(slicing) = slicing else { return };
        let mut last = 0;
        for (place, slice) in order.iter().enumerate() {
            let item: &Item<'a> = &found[among[place]];
            let complaint = match slice {
                None if unsure => None,
                None if slicing.rules == Rules::Closed => {
                    Some("belongs to none of the slices, and no others are allowed")
                }
                None if slicing.rules == Rules::OpenAtEnd && order[place..].iter().any(Option::is_some) => {
                    Some("belongs to none of the slices, and may only come after them")
                }
                Some(n) if slicing.ordered && *n < last => Some("is not in the order of the slices"),
                _ => None,
            };
            last = slice.unwrap_or(last).max(last);
            if let Some(complaint) = complaint {
                self.step(item, |run| {
                    run.issue(
                        Severity::Error,
                        "structure",
                        "slice",
                        &head.profile.clone(),
                        complaint.to_owned(),
                    );
                });
            }
        }
    }

    /// Whether an item is of a slice: every discriminator must say so.
    fn belongs(&mut self, head: &Spot, slice: &Spot, slicing: Option<&Slicing>, item: &Item<'a>) -> Verdict {
        let Some(slicing) = slicing.filter(|slicing| !slicing.discriminators.is_empty()) else {
            return self.belongs_by_default(head, slice, item);
        };
        let mut verdict = Verdict::Yes;
        for discriminator in &slicing.discriminators {
            match self.discriminate(discriminator, slice, item) {
                Verdict::No => return Verdict::No,
                Verdict::Unknown => verdict = Verdict::Unknown,
                Verdict::Yes => {}
            }
        }
        verdict
    }

    /// Slices of a profile that does not say what tells them apart: extensions go by their URL, choices by their type.
    fn belongs_by_default(&mut self, head: &Spot, slice: &Spot, item: &Item<'a>) -> Verdict {
        let node = head.node();
        if matches!(node.name.as_str(), "extension" | "modifierExtension") {
            return self.extension_of_slice(slice, item);
        }
        if node.choice {
            return match slice.node().types.iter().any(|one| one.code == item.kind) {
                true => Verdict::Yes,
                false => Verdict::No,
            };
        }
        Verdict::Unknown
    }
}
