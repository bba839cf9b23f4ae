//! References: what they may point to.

use super::{Run, Spot};
use crate::profile::split_canonical;
use crate::{BASE, Severity};
use fhir::ReferenceText;
use serde_json::{Map, Value};

/// Profiles a profile may derive from, one after the other.
const MAX_DERIVED: usize = 20;

impl<'a> Run<'_, 'a> {
    /// The type of the target, and its profile where the target is at hand.
    pub(super) fn reference(&mut self, spot: &Spot, object: &'a Map<String, Value>) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let node = spot.node();
        let targets: Vec<&str> = node
            .types
            .iter()
            .flat_map(|one| &one.targets)
            .map(String::as_str)
            .collect();
        let reference = text("reference");
        let target = reference.and_then(|reference| self.resolve(reference));
        let by_text = reference.and_then(|reference| ReferenceText::parse(reference).target_type());
        let found = match target {
            Some(target) => target.get("resourceType").and_then(Value::as_str),
            None => by_text.or_else(|| text("type")),
        };
        if let (None, Some(reference)) = (target, reference)
            && self.bundle.is_some()
            && reference.starts_with("urn:")
        {
            let message = format!("refers to {reference}, which is no entry of the bundle: nothing else can hold it");
            self.issue(
                Severity::Warning,
                "not-found",
                "reference",
                &spot.profile.clone(),
                message,
            );
        }
        let Some(found) = found else { return };
        let mut allowed: Vec<String> = Vec::new();
        for canonical in &targets {
            match self.type_of(canonical) {
                Some(name) => allowed.push(name),
                None => return,
            }
        }
        let any = allowed.is_empty()
            || allowed
                .iter()
                .any(|name| matches!(name.as_str(), "Resource" | "DomainResource"));
        if !any && !allowed.iter().any(|name| name == found) {
            allowed.dedup();
            let message = format!("refers to a {found}, and allowed is {}", allowed.join(", "));
            return self.issue(Severity::Error, "structure", "target", &spot.profile.clone(), message);
        }
        if let Some(target) = target.filter(|_| self.validator.checks.profiles) {
            self.target_profile(spot, &targets, found, target);
        }
    }

    fn type_of(&self, canonical: &str) -> Option<String> {
        let (url, _) = split_canonical(canonical);
        match url.strip_prefix(BASE) {
            Some(name) if fhir::Definitions::r4().type_by_path(name).is_some() => Some(name.to_owned()),
            _ => self.profile(canonical).map(|profile| profile.type_name.clone()),
        }
    }

    /// A target that is at hand must meet one of the profiles: declared, or found out.
    fn target_profile(&mut self, spot: &Spot, targets: &[&str], found: &str, target: &'a Value) {
        let mut of_type = Vec::new();
        for canonical in targets {
            match self.profile(canonical) {
                Some(profile) if profile.type_name == found && profile.constraint => of_type.push(profile),
                Some(profile) if profile.constraint => {}
                _ => return, // the type itself is allowed, or what is asked is not known
            }
        }
        let declared = target
            .pointer("/meta/profile")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let declared: Vec<&str> = declared.filter_map(Value::as_str).collect();
        let says_so = of_type
            .iter()
            .any(|wanted| declared.iter().any(|url| self.derives(url, &wanted.url)));
        if of_type.is_empty() || says_so || of_type.iter().any(|profile| self.conforms(target, profile)) {
            return;
        }
        let urls: Vec<&str> = of_type.iter().map(|profile| profile.url.as_str()).collect();
        let message = format!(
            "refers to a {found} that does not meet {}: validate it to see why",
            urls.join(" or ")
        );
        self.issue(Severity::Error, "structure", "target", &spot.profile.clone(), message);
    }

    /// Whether a profile is another or derives from it.
    fn derives(&self, url: &str, from: &str) -> bool {
        let mut url = split_canonical(url).0.to_owned();
        for _ in 0..MAX_DERIVED {
            if url == from {
                return true;
            }
            match self.profile(&url).and_then(|profile| profile.base.clone()) {
                Some(base) => url = base,
                None => return false,
            }
        }
        false
    }
}
