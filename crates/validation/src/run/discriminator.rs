//! What tells the items of a slice apart (<https://hl7.org/fhir/R4/profiling.html#discriminator>).

use super::item::{Item, items};
use super::slicing::Verdict;
use super::value::{matches, same};
use super::{Run, Spot};
use crate::profile::{Discriminator, DiscriminatorKind, Step};
use crate::{Membership, r4, split_canonical};
use serde_json::Value;

/// What a profile says at the end of a discriminator's path.
enum Definition {
    /// A fixed value (`exact`) or a pattern.
    Held { value: Value, exact: bool },
    /// An element without one.
    At(Spot),
}

/// Steps below an element that are searched for fixed values.
const MAX_BELOW: usize = 4;

impl<'a> Run<'_, 'a> {
    /// Whether one discriminator places an item in a slice.
    pub(super) fn discriminate(&mut self, discriminator: &Discriminator, slice: &Spot, item: &Item<'a>) -> Verdict {
        use DiscriminatorKind as Kind;
        if discriminator.text == "url" && slice.node().types.iter().any(|one| one.code == "Extension") {
            return self.extension_of_slice(slice, item);
        }
        let mut values = Vec::new();
        self.values_at(*item, &discriminator.path, &mut values);
        let mut definitions = Vec::new();
        self.definitions_at(slice, &discriminator.path, &mut definitions);
        match discriminator.kind {
            Kind::Value | Kind::Pattern => self.by_value(&definitions, &values),
            Kind::Exists => by_existence(&definitions, !values.is_empty()),
            Kind::Type => by_type(&definitions, &values),
            Kind::Profile => self.by_profile(&definitions, &values),
        }
    }

    /// Whether an extension is the one that a slice is about.
    pub(super) fn extension_of_slice(&self, slice: &Spot, item: &Item<'a>) -> Verdict {
        let found = item.value.and_then(|value| value.get("url")).and_then(Value::as_str);
        let profile = slice.node().types.iter().flat_map(|one| &one.profiles).next();
        let fixed = slice
            .profile
            .child(slice.at, "url")
            .and_then(|at| slice.profile.nodes[at].fixed.as_ref());
        let wanted = match (fixed.and_then(Value::as_str), profile) {
            (Some(url), _) => url,
            (None, Some(canonical)) => split_canonical(canonical).0,
            (None, None) => return Verdict::Unknown,
        };
        yes_if(found == Some(wanted))
    }

    fn by_value(&mut self, definitions: &[Definition], values: &[Item<'a>]) -> Verdict {
        let mut told = false;
        for definition in definitions {
            let Definition::Held { value: held, exact } = definition else {
                continue;
            };
            told = true;
            let met = |item: &Item<'a>| {
                item.value
                    .is_some_and(|v| if *exact { same(held, v) } else { matches(held, v) })
            };
            if values.iter().any(met) {
                return Verdict::Yes;
            }
        }
        if told {
            return Verdict::No;
        }
        let mut verdict = Verdict::Unknown;
        for definition in definitions {
            let Definition::At(spot) = definition else { continue };
            match self.by_inside(spot, values) {
                Verdict::Yes => return Verdict::Yes,
                Verdict::No => verdict = Verdict::No,
                Verdict::Unknown => {}
            }
        }
        verdict
    }

    /// Without a fixed value at the element itself: by those below it, by its required binding, by its absence.
    fn by_inside(&mut self, spot: &Spot, values: &[Item<'a>]) -> Verdict {
        let node = spot.node();
        if node.max == Some(0) {
            return yes_if(values.is_empty());
        }
        let mut below = Vec::new();
        held_below(spot, &mut Vec::new(), &mut below);
        if !below.is_empty() {
            let met = values.iter().any(|item| {
                below
                    .iter()
                    .all(|(path, held, exact)| self.holds(*item, path, held, *exact))
            });
            return yes_if(met);
        }
        let Some(binding) = &node.binding else {
            return Verdict::Unknown;
        };
        let mut verdict = Verdict::No;
        for item in values {
            let (system, code) = match item.value {
                Some(Value::String(code)) => (None, Some(code.as_str())),
                Some(Value::Object(object)) => {
                    let text = |name: &str| object.get(name).and_then(Value::as_str);
                    (Some(text("system").unwrap_or_default()), text("code"))
                }
                _ => (None, None),
            };
            match code.map(|code| self.validator.bindings.membership(&binding.value_set, system, code)) {
                Some(Membership::In) => return Verdict::Yes,
                Some(Membership::Unknown) => verdict = Verdict::Unknown,
                _ => {}
            }
        }
        verdict
    }

    fn holds(&self, item: Item<'a>, path: &[Step], held: &Value, exact: bool) -> bool {
        let mut found = Vec::new();
        self.values_at(item, path, &mut found);
        found.iter().any(|item| {
            item.value
                .is_some_and(|v| if exact { same(held, v) } else { matches(held, v) })
        })
    }

    fn by_profile(&mut self, definitions: &[Definition], values: &[Item<'a>]) -> Verdict {
        let mut wanted: Vec<String> = Vec::new();
        for definition in definitions {
            let Definition::At(spot) = definition else { continue };
            if spot.at == 0 {
                wanted.push(spot.profile.url.clone());
            }
            wanted.extend(spot.node().types.iter().flat_map(|one| one.profiles.iter().cloned()));
        }
        if wanted.is_empty() || values.is_empty() {
            return if values.is_empty() && !wanted.is_empty() {
                Verdict::No
            } else {
                Verdict::Unknown
            };
        }
        let mut verdict = Verdict::No;
        for url in wanted {
            let Some(profile) = self.profile(&url) else {
                verdict = Verdict::Unknown;
                continue;
            };
            for item in values {
                let resource = item.value.filter(|value| value.get("resourceType").is_some());
                let met = match resource {
                    Some(resource) => self.conforms(resource, &profile),
                    None => self.meets(profile.clone(), item),
                };
                if met {
                    return Verdict::Yes;
                }
            }
        }
        verdict
    }

    /// The values of an item at the end of a path.
    fn values_at(&self, item: Item<'a>, path: &[Step], into: &mut Vec<Item<'a>>) {
        let Some((step, rest)) = path.split_first() else {
            return into.push(item);
        };
        match step {
            Step::Child(name) => {
                let Some(object) = item.children() else { return };
                let mut found = items(object, name, false);
                if found.is_empty() {
                    found = items(object, name, true);
                }
                found.into_iter().for_each(|child| self.values_at(child, rest, into));
            }
            Step::Extension(url) => {
                let Some(object) = item.children() else { return };
                let of_url =
                    |child: &Item<'a>| child.value.and_then(|v| v.get("url")).is_some_and(|found| found == url);
                let found = items(object, "extension", false);
                found
                    .into_iter()
                    .filter(of_url)
                    .for_each(|child| self.values_at(child, rest, into));
            }
            Step::Resolve => {
                let reference = item
                    .value
                    .and_then(|value| value.get("reference").unwrap_or(value).as_str());
                if let Some(target) = reference.and_then(|reference| self.resolve(reference)) {
                    self.values_at(Item::whole(target), rest, into);
                }
            }
            Step::OfType(kind) => {
                if kind_of(&item) == kind || item.kind.is_empty() {
                    self.values_at(item, rest, into);
                }
            }
        }
    }

    /// What the profile says at the end of a path below a slice.
    fn definitions_at(&self, spot: &Spot, path: &[Step], into: &mut Vec<Definition>) {
        let node = spot.node();
        for (value, exact) in [(&node.fixed, true), (&node.pattern, false)] {
            let Some(value) = value else { continue };
            let mut held = vec![value];
            for step in path {
                let Step::Child(name) = step else {
                    held.clear();
                    break;
                };
                held = held.into_iter().flat_map(|value| members(value, name)).collect();
            }
            into.extend(held.into_iter().map(|value| Definition::Held {
                value: value.clone(),
                exact,
            }));
        }
        if !into.is_empty() {
            return;
        }
        let Some((step, rest)) = path.split_first() else {
            return into.push(Definition::At(spot.clone()));
        };
        match step {
            Step::Child(name) => self.definitions_of_child(spot, name, rest, into),
            Step::Extension(url) => {
                let slices = |at: usize| {
                    spot.profile.nodes[at]
                        .slices
                        .iter()
                        .map(|at| spot.to(*at))
                        .collect::<Vec<_>>()
                };
                let slices = spot.profile.child(spot.at, "extension").map(slices).unwrap_or_default();
                let about = slices.into_iter().find(|slice| {
                    slice
                        .node()
                        .types
                        .iter()
                        .flat_map(|one| &one.profiles)
                        .any(|profile| split_canonical(profile).0 == url)
                });
                if let Some(root) = about.or_else(|| self.profile(url).map(Spot::root)) {
                    self.definitions_at(&root, rest, into);
                    if into.is_empty()
                        && let Some(profile) = self.profile(url)
                    {
                        self.definitions_at(&Spot::root(profile), rest, into);
                    }
                }
            }
            Step::Resolve => {
                let targets: Vec<_> = node.types.iter().flat_map(|one| &one.targets).collect();
                for target in targets {
                    if let Some(profile) = self.profile(target) {
                        self.definitions_at(&Spot::root(profile), rest, into);
                    }
                }
            }
            Step::OfType(kind) => {
                let mut slices = node.slices.iter().map(|at| spot.to(*at));
                let of_type = slices.find(|slice| slice.node().types.iter().any(|one| one.code == *kind));
                self.definitions_at(&of_type.unwrap_or_else(|| spot.clone()), rest, into);
            }
        }
    }

    fn definitions_of_child(&self, spot: &Spot, name: &str, rest: &[Step], into: &mut Vec<Definition>) {
        let node = spot.node();
        if let Some(at) = spot.profile.child(spot.at, name) {
            self.definitions_at(&spot.to(at), rest, into);
            if !into.iter().any(|found| matches!(found, Definition::Held { .. })) {
                for slice in &spot.profile.nodes[at].slices {
                    self.definitions_at(&spot.to(*slice), rest, into);
                }
            }
            return;
        }
        for one in &node.types {
            let profiles = one.profiles.iter().filter_map(|url| self.profile(url));
            for root in profiles.chain(r4().of_type(&one.code)).map(Spot::root) {
                if root.profile.child(0, name).is_some() {
                    return self.definitions_of_child(&root, name, rest, into);
                }
            }
        }
    }
}

fn yes_if(truth: bool) -> Verdict {
    if truth { Verdict::Yes } else { Verdict::No }
}

/// The values of a member, through arrays.
fn members<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    let found = match value {
        Value::Array(items) => return items.iter().flat_map(|item| members(item, name)).collect(),
        value => value.get(name),
    };
    match found {
        Some(Value::Array(items)) => items.iter().collect(),
        found => found.into_iter().collect(),
    }
}

/// Fixed values and patterns of the elements below, with their paths.
fn held_below(spot: &Spot, path: &mut Vec<Step>, into: &mut Vec<(Vec<Step>, Value, bool)>) {
    if path.len() >= MAX_BELOW {
        return;
    }
    for at in &spot.node().children {
        let heads = spot.to(*at);
        let slices = heads.node().slices.iter().map(|at| spot.to(*at)).collect::<Vec<_>>();
        for child in std::iter::once(heads.clone()).chain(slices) {
            let node = child.node();
            path.push(Step::Child(node.name.clone()));
            for (value, exact) in [(&node.fixed, true), (&node.pattern, false)] {
                if let Some(value) = value {
                    into.push((path.clone(), value.clone(), exact));
                }
            }
            held_below(&child, path, into);
            path.pop();
        }
    }
}

fn by_existence(definitions: &[Definition], there: bool) -> Verdict {
    let mut verdict = Verdict::Unknown;
    for definition in definitions {
        let wanted = match definition {
            Definition::Held { .. } => true,
            Definition::At(spot) if spot.node().min > 0 => true,
            Definition::At(spot) if spot.node().max == Some(0) => false,
            Definition::At(_) => continue,
        };
        if wanted == there {
            return Verdict::Yes;
        }
        verdict = Verdict::No;
    }
    verdict
}

fn by_type(definitions: &[Definition], values: &[Item<'_>]) -> Verdict {
    if values.is_empty() {
        return Verdict::No;
    }
    let mut told = false;
    for definition in definitions {
        let Definition::At(spot) = definition else { continue };
        // the end of a path through resolve() is a profile of its own
        let root = (spot.at == 0).then_some(spot.profile.type_name.as_str());
        let codes = spot.node().types.iter().map(|one| one.code.as_str()).chain(root);
        for code in codes {
            told = true;
            // an element that is no choice, nor a resource, has the one type it is defined with
            if values
                .iter()
                .any(|item| matches!(kind_of(item), "") || kind_of(item) == code)
            {
                return Verdict::Yes;
            }
        }
    }
    if told { Verdict::No } else { Verdict::Unknown }
}

/// The type of a value as far as it shows.
fn kind_of<'a>(item: &Item<'a>) -> &'a str {
    let resource = item
        .value
        .and_then(|value| value.get("resourceType"))
        .and_then(Value::as_str);
    resource.unwrap_or(item.kind)
}
