//! One value of an element: its own rules, then its inside.

use super::item::Item;
use super::{Run, Spot};
use crate::profile::{Node, TypeRef};
use crate::{Severity, r4};
use fhir::{Definitions, TypeKind};
use serde_json::{Map, Value};
use std::sync::{Arc, LazyLock};

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl<'a> Run<'_, 'a> {
    /// Checks an item against its definition; `head`: the unsliced element, when `spot` is a slice of it.
    pub(super) fn element(&mut self, spot: &Spot, head: Option<&Spot>, item: &Item<'a>) {
        if !self.room(spot) {
            return;
        }
        self.depth += 1;
        self.own(spot, item);
        if let Some(head) = head {
            self.own(head, item);
        }
        let kind = self.kind(spot, head, item);
        if self.type_allowed(spot, kind) {
            self.inside(spot, head, kind, item);
        }
        self.depth -= 1;
    }

    /// Rules that stand at the element itself.
    fn own(&mut self, spot: &Spot, item: &Item<'a>) {
        self.values(spot, item);
        self.constraints(spot, item, &[]);
        if self.validator.checks.bindings {
            self.binding(spot, item);
        }
    }

    /// The type of an item: told by its name, or the only one defined.
    fn kind<'s>(&self, spot: &'s Spot, head: Option<&'s Spot>, item: &Item<'s>) -> &'s str {
        if !item.kind.is_empty() {
            return item.kind;
        }
        let of = |spot: &'s Spot| spot.node().types.first().map(|one| one.code.as_str());
        of(spot).or_else(|| head.and_then(of)).unwrap_or_default()
    }

    fn type_allowed(&mut self, spot: &Spot, kind: &str) -> bool {
        let node = spot.node();
        if !node.choice || node.types.is_empty() || node.types.iter().any(|one| one.code == kind) {
            return true;
        }
        let allowed: Vec<&str> = node.types.iter().map(|one| one.code.as_str()).collect();
        let message = format!("has the type {kind}, and allowed is {}", allowed.join(", "));
        self.issue(Severity::Error, "structure", "type", &spot.profile.clone(), message);
        false
    }

    fn inside(&mut self, spot: &Spot, head: Option<&Spot>, kind: &str, item: &Item<'a>) {
        let node = spot.node();
        if let Some(content) = &node.content {
            return self.content(spot, content, item);
        }
        match item.object() {
            Some(object) if object.contains_key("resourceType") && is_resource(kind) => {
                self.inner_resource(spot, head, item);
            }
            Some(object) => self.complex(spot, head, kind, item, object),
            None => self.primitive(spot, item),
        }
    }

    /// Inside an object of a data type or a nested element.
    fn complex(
        &mut self,
        spot: &Spot,
        head: Option<&Spot>,
        kind: &str,
        item: &Item<'a>,
        object: &'a Map<String, Value>,
    ) {
        self.not_empty(spot, object);
        let node = spot.node();
        let of_type = r4().of_type(kind).map(Spot::root);
        let inline = [Some(spot), head]
            .into_iter()
            .flatten()
            .find(|spot| !spot.node().children.is_empty());
        if let Some(inline) = inline {
            self.children(inline, object, false);
        }
        if let Some(root) = &of_type {
            match inline {
                Some(inline) => self.the_rest(inline, root, object),
                None if has_type_profile(node, kind) && self.validator.checks.profiles => {}
                None => self.children(root, object, false),
            }
            let seen: Vec<_> = node.constraints.iter().map(Arc::clone).collect();
            self.constraints(root, item, &seen);
        }
        if self.validator.checks.profiles {
            self.type_profiles(spot, kind, item);
        }
        match kind {
            "Reference" => self.reference(spot, object),
            "Extension" => self.extension(spot, head, item, object),
            "Identifier" => self.identifier(object),
            _ => {}
        }
    }

    /// `ele-1`: an element has a value or children.
    fn not_empty(&mut self, spot: &Spot, object: &Map<String, Value>) {
        if object.keys().all(|name| name == "id") {
            let message =
                "has neither a value nor children (ele-1): leave the element out or give it content".to_owned();
            self.issue(Severity::Error, "invariant", "ele-1", &spot.profile.clone(), message);
        }
    }

    /// Extensions and id of a primitive.
    fn primitive(&mut self, spot: &Spot, item: &Item<'a>) {
        let node = spot.node();
        let beside = item.extra.and_then(Value::as_object);
        if !node.children.is_empty() {
            let object = beside.unwrap_or_else(|| &NOTHING);
            self.children(spot, object, true);
        } else if let Some(object) = beside
            && let Some(element) = r4().of_type("Element")
        {
            self.children(&Spot::root(element), object, false);
        }
    }

    /// An element whose content is defined elsewhere (`#Observation.referenceRange`).
    fn content(&mut self, spot: &Spot, reference: &str, item: &Item<'a>) {
        let path = reference.rsplit('#').next().unwrap_or(reference);
        let find = |spot: &Spot| {
            let mut nodes = spot.profile.nodes.iter();
            nodes
                .position(|node| node.path == path && node.slice.is_none())
                .map(|at| spot.to(at))
        };
        let elsewhere = || {
            r4().of_type(path.split('.').next()?)
                .map(Spot::root)
                .and_then(|root| find(&root))
        };
        let Some(target) = find(spot).or_else(elsewhere) else {
            return;
        };
        let Some(object) = item.object() else { return };
        self.constraints(&target, item, &[]);
        self.not_empty(spot, object);
        if spot.node().children.is_empty() {
            self.children(&target, object, false);
        } else {
            self.children(spot, object, false);
            self.the_rest(spot, &target, object);
        }
    }

    /// Profiles of the item's type: one of them must hold.
    fn type_profiles(&mut self, spot: &Spot, kind: &str, item: &Item<'a>) {
        let node = spot.node();
        let Some(one) = node
            .types
            .iter()
            .find(|one| one.code == kind && !one.profiles.is_empty())
        else {
            return;
        };
        let known: Vec<_> = one.profiles.iter().filter_map(|url| self.profile(url)).collect();
        if known.len() < one.profiles.len() {
            return self.unknown_type_profile(spot, one, kind, item);
        }
        if let [only] = &known[..] {
            return self.against(only.clone(), item);
        }
        if known.into_iter().any(|profile| self.meets(profile, item)) {
            return;
        }
        let message = format!("meets none of the profiles allowed here: {}", one.profiles.join(", "));
        self.issue(Severity::Error, "structure", "profile", &spot.profile.clone(), message);
    }

    fn unknown_type_profile(&mut self, spot: &Spot, one: &TypeRef, kind: &str, item: &Item<'a>) {
        let unknown: Vec<&str> = one
            .profiles
            .iter()
            .filter(|url| self.profile(url).is_none())
            .map(String::as_str)
            .collect();
        let message = format!(
            "is not checked against {}: load the package that defines it",
            unknown.join(", ")
        );
        self.issue(
            Severity::Information,
            "not-found",
            "profile",
            &spot.profile.clone(),
            message,
        );
        // what the type itself asks still holds
        if let (Some(root), Some(object)) = (r4().of_type(kind), item.object())
            && spot.node().children.is_empty()
        {
            self.children(&Spot::root(root), object, false);
        }
    }

    /// Checks an item of a data type against a profile of that type.
    pub(super) fn against(&mut self, profile: Arc<crate::Profile>, item: &Item<'a>) {
        let root = Spot::root(profile);
        if !self.room(&root) {
            return;
        }
        self.depth += 1;
        self.own(&root, item);
        if let Some(object) = item.children() {
            self.children(&root, object, false);
            if let Some(of_type) = r4().of_type(&root.profile.type_name) {
                self.the_rest(&root, &Spot::root(of_type), object);
            }
        }
        self.depth -= 1;
    }

    /// Whether an item meets a profile, without reporting.
    pub(super) fn meets(&mut self, profile: Arc<crate::Profile>, item: &Item<'a>) -> bool {
        let before = std::mem::take(&mut self.issues);
        self.against(profile, item);
        let found = std::mem::replace(&mut self.issues, before);
        found.iter().all(|issue| issue.severity != Severity::Error)
    }
}

fn has_type_profile(node: &Node, kind: &str) -> bool {
    node.types
        .iter()
        .any(|one| one.code == kind && !one.profiles.is_empty())
}

/// Whether values of this type are resources.
pub(super) fn is_resource(kind: &str) -> bool {
    let r4 = Definitions::r4();
    let found = r4.type_by_path(kind).map(|id| r4.type_def(id).kind);
    matches!(found, Some(TypeKind::Resource | TypeKind::AbstractResource))
}
