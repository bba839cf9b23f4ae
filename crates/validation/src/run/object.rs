//! Children of an element: how many there are, which slice each belongs to, and each of them.

use super::item::{Item, Items, items};
use super::{Run, Spot};
use crate::Severity;
use crate::profile::Node;
use serde_json::{Map, Value};

impl<'a> Run<'_, 'a> {
    /// Walks the elements of `object` along the children of `spot`. `value_itself`: leaves out the child `value` that
    /// stands for a primitive's own value.
    pub(super) fn children(&mut self, spot: &Spot, object: &'a Map<String, Value>, value_itself: bool) {
        let profile = spot.profile.clone();
        for at in &profile.nodes[spot.at].children {
            let child = spot.to(*at);
            let node = child.node();
            if value_itself && node.name == "value" {
                continue;
            }
            let found = items(object, &node.name, node.choice);
            self.child(&child, &found);
        }
    }

    /// Elements that the profile's list of children leaves out, along the type's own definition.
    pub(super) fn the_rest(&mut self, spot: &Spot, type_root: &Spot, object: &'a Map<String, Value>) {
        let profile = type_root.profile.clone();
        for at in &profile.nodes[type_root.at].children {
            let child = type_root.to(*at);
            let node = child.node();
            if spot.profile.child(spot.at, &node.name).is_none() {
                let found = items(object, &node.name, node.choice);
                if !found.is_empty() {
                    self.child(&child, &found);
                }
            }
        }
    }

    fn child(&mut self, spot: &Spot, found: &Items<'a>) {
        let node = spot.node();
        self.count(spot, node, found.len(), None);
        if found.is_empty() && node.slices.is_empty() {
            return;
        }
        let slices = if node.slices.is_empty() {
            Vec::new()
        } else {
            self.assign(spot, found)
        };
        for (at, item) in found.iter().enumerate() {
            let slice = slices.get(at).and_then(Option::as_ref);
            self.step(item, |run| match slice {
                Some(slice) => run.element(slice, Some(spot), item),
                None => run.element(spot, None, item),
            });
        }
    }

    /// One step further along the path, to an item.
    pub(super) fn step<T>(&mut self, item: &Item<'a>, inner: impl FnOnce(&mut Self) -> T) -> T {
        match item.index {
            Some(index) => self.at(format_args!(".{}[{index}]", item.name), inner),
            None => self.at(format_args!(".{}", item.name), inner),
        }
    }

    /// Too few or too many, of an element or of a slice of it.
    pub(super) fn count(&mut self, spot: &Spot, node: &Node, count: usize, slice: Option<&str>) {
        let what = match slice {
            Some(slice) => format!("'{}', slice '{slice}'", shown(node)),
            None => format!("'{}'", shown(node)),
        };
        if count < node.min as usize {
            let message = match count {
                0 => format!("lacks the required element {what}"),
                _ => format!("has {count} of {what}, and at least {} are required", node.min),
            };
            self.issue(Severity::Error, "required", "min", &spot.profile.clone(), message);
        }
        if let Some(max) = node.max.filter(|max| count > *max as usize) {
            let message = match max {
                0 => format!("must not have {what}: leave it out"),
                _ => format!("has {count} of {what}, and at most {max} may be there"),
            };
            self.issue(Severity::Error, "structure", "max", &spot.profile.clone(), message);
        }
    }
}

/// An element's name for people.
fn shown(node: &Node) -> String {
    if node.choice {
        format!("{}[x]", node.name)
    } else {
        node.name.clone()
    }
}
