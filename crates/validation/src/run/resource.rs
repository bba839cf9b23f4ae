//! Resources: the one that was given, contained ones, those of bundle entries and parameters.

use super::element::is_resource;
use super::item::Item;
use super::scope::{Entries, Frame};
use super::{Run, Spot};
use crate::{Profile, Severity, r4};
use serde_json::Value;
use std::sync::Arc;

impl<'a> Run<'_, 'a> {
    /// Validates a resource against its base definition, what it declares and what is asked for.
    pub(super) fn resource(&mut self, value: &'a Value, asked: &[&str]) {
        let Some(rtype) = value.get("resourceType").and_then(Value::as_str) else {
            return;
        };
        let Some(base) = r4().of_type(rtype) else { return };
        if rtype == "Bundle" && self.bundle.is_none() {
            self.bundle = Some(Entries::of(value));
        }
        self.enter(value);
        let mut checked = false;
        for url in asked {
            checked |= self.asked_profile(value, url, &base);
        }
        if self.validator.checks.profiles {
            let declared = value.pointer("/meta/profile").and_then(Value::as_array);
            for url in declared.into_iter().flatten().filter_map(Value::as_str) {
                if !asked.contains(&url) {
                    checked |= self.declared_profile(value, url);
                }
            }
        }
        if !checked {
            self.resource_against(&base, value);
        }
        self.frames.pop();
    }

    /// A frame for a resource: inside its container, if it is contained.
    fn enter(&mut self, value: &'a Value) {
        let outer = self.frames.last().copied();
        let contained = outer.filter(|outer| {
            let inside = outer.root.get("contained").and_then(Value::as_array);
            inside.is_some_and(|inside| inside.iter().any(|one| std::ptr::eq(one, value)))
        });
        let own_url = self.bundle.as_ref().and_then(|bundle| bundle.full_url(value));
        self.frames.push(Frame {
            resource: value,
            root: contained.map_or(value, |outer| outer.root),
            full_url: own_url.or(contained.and_then(|outer| outer.full_url)),
        });
    }

    fn asked_profile(&mut self, value: &'a Value, url: &str, base: &Profile) -> bool {
        match self.profile(url) {
            Some(profile) => {
                self.resource_against(&profile, value);
                profile.constraint
            }
            None => {
                let message = format!("the profile {url} is not known here: load the package that defines it");
                self.issue(Severity::Error, "not-found", "profile", base, message);
                false
            }
        }
    }

    fn declared_profile(&mut self, value: &'a Value, url: &str) -> bool {
        if let Some(profile) = self.profile(url) {
            self.resource_against(&profile, value);
            return profile.constraint;
        }
        let message = format!("declares the profile {url}, which is not known here: load the package that defines it");
        if let Some(base) = r4().of_type("Resource") {
            self.issue(Severity::Warning, "not-found", "profile", &base, message);
        }
        false
    }

    /// Validates a resource against one profile; its frame is the last one.
    fn resource_against(&mut self, profile: &Arc<Profile>, value: &'a Value) {
        let root = Spot::root(profile.clone());
        let rtype = value.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let abstract_type = matches!(profile.type_name.as_str(), "Resource" | "DomainResource");
        if profile.type_name != rtype && !abstract_type {
            let message = format!(
                "is a {rtype}, and the profile {} is of {}",
                profile.url, profile.type_name
            );
            return self.issue(Severity::Error, "structure", "type", profile, message);
        }
        let Some(object) = value.as_object() else { return };
        if !self.room(&root) {
            return;
        }
        self.depth += 1;
        let item = Item::whole(value);
        self.values(&root, &item);
        self.constraints(&root, &item, &[]);
        self.children(&root, object, false);
        if profile.constraint
            && let Some(base) = r4().of_type(rtype)
        {
            self.the_rest(&root, &Spot::root(base.clone()), object);
            let seen: Vec<_> = root.node().constraints.iter().map(Arc::clone).collect();
            self.constraints(&Spot::root(base), &item, &seen);
        }
        self.depth -= 1;
    }

    /// A resource inside another, at an element that may restrict its type and profile.
    pub(super) fn inner_resource(&mut self, spot: &Spot, head: Option<&Spot>, item: &Item<'a>) {
        let Some(value) = item.value else { return };
        let node = spot.node();
        let rtype = value.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let fits = |code: &str| code == rtype || matches!(code, "Resource" | "DomainResource");
        let Some(one) = node.types.iter().find(|one| fits(&one.code)) else {
            if node.types.iter().any(|one| is_resource(&one.code)) {
                let allowed: Vec<&str> = node.types.iter().map(|one| one.code.as_str()).collect();
                let message = format!("is a {rtype}, and allowed here is {}", allowed.join(", "));
                self.issue(Severity::Error, "structure", "type", &spot.profile.clone(), message);
            }
            return self.resource(value, &[]);
        };
        let wanted: Vec<&str> = if self.validator.checks.profiles {
            one.profiles.iter().map(String::as_str).collect()
        } else {
            Vec::new()
        };
        let known: Vec<&str> = wanted
            .iter()
            .copied()
            .filter(|url| self.profile(url).is_some())
            .collect();
        if known.len() < wanted.len() {
            let message = format!(
                "is not checked against {}: load the package that defines it",
                wanted.join(", ")
            );
            self.issue(
                Severity::Information,
                "not-found",
                "profile",
                &spot.profile.clone(),
                message,
            );
        }
        match &known[..] {
            [only] => self.resource(value, &[*only]),
            [] => self.resource(value, &[]),
            several => {
                let met = several
                    .iter()
                    .any(|url| self.profile(url).is_some_and(|one| self.conforms(value, &one)));
                if !met && known.len() == wanted.len() {
                    let message = format!("meets none of the profiles allowed here: {}", wanted.join(", "));
                    self.issue(Severity::Error, "structure", "profile", &spot.profile.clone(), message);
                }
                self.resource(value, &[]);
            }
        }
        let inline = [Some(spot), head]
            .into_iter()
            .flatten()
            .find(|spot| !spot.node().children.is_empty());
        if let (Some(inline), Some(object)) = (inline, item.object()) {
            self.enter(value);
            self.children(inline, object, false);
            self.frames.pop();
        }
    }

    /// Whether a resource meets a profile, without reporting; remembered. While it is being found out (references may
    /// go round) it is taken to.
    pub(super) fn conforms(&mut self, value: &'a Value, profile: &Arc<Profile>) -> bool {
        let key = (std::ptr::from_ref(value), profile.url.clone());
        if let Some(known) = self.conformity.get(&key) {
            return known.unwrap_or(true);
        }
        self.conformity.insert(key.clone(), None);
        let before = std::mem::take(&mut self.issues);
        self.enter(value);
        self.resource_against(profile, value);
        self.frames.pop();
        let found = std::mem::replace(&mut self.issues, before);
        let met = found.iter().all(|issue| issue.severity != Severity::Error);
        self.conformity.insert(key, Some(met));
        met
    }
}
