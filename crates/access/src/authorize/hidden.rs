//! What hides a visit hides what is recorded in it, also later: a fact about to be written for an Encounter that carries a
//! label of hiding gets the label, too.

use super::{Authorizer, labels};
use fhir::{Definitions, ReferenceText};
use policy::{LabelKind, LabelSet};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use store::StoreError;

/// Encounters that one fact may name, of which the labels are looked at; more are not looked at.
const MAX: usize = 20;

/// Groups of types that go with their visit (`types.json`): what the record of accesses and consents tell is not hidden so.
const GROUPS: &[&str] = &["clinical", "administrative", "workflow"];

/// The Encounters that a resource names, by id.
fn visits(value: &mut Value) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    fhir::for_each_reference(value, &mut |text| {
        if let ReferenceText::Local {
            rtype: "Encounter", id, ..
        } = ReferenceText::parse(text)
            && found.len() < MAX
            && !found.iter().any(|other| other == id)
        {
            found.push(id.to_owned());
        }
    });
    found
}

/// What hides visits, by id; those that nothing hides are there with no label.
pub type HiddenVisits = HashMap<String, LabelSet>;

impl Authorizer {
    /// Looks up what hides the visits that a resource names, of those not known yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn look_up_visits(&self, value: &mut Value, known: &mut HiddenVisits) -> Result<(), StoreError> {
        if !self.goes_with_visit(value) {
            return Ok(());
        }
        for id in visits(value) {
            if let Entry::Vacant(place) = known.entry(id) {
                let stored = self.store().read("Encounter", place.key()).await?;
                let body = stored.as_ref().and_then(|stored| stored.body.as_deref());
                place.insert(self.hiding_of(body.unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// What of a body hides it.
    pub fn hiding_of(&self, body: &[u8]) -> LabelSet {
        let all = self.policies().labels();
        labels::of_body(all, body).within(all.of_kind(LabelKind::Hiding))
    }

    /// What of a resource hides it.
    pub fn hiding_of_value(&self, value: &Value) -> LabelSet {
        let all = self.policies().labels();
        labels::of_value(all, value).within(all.of_kind(LabelKind::Hiding))
    }

    /// Gives a resource the labels of the visits that it names; the resource as it was, when it had not got them.
    pub fn hide_with_visits(&self, value: &mut Value, known: &HiddenVisits) -> Option<Value> {
        if !self.goes_with_visit(value) || known.values().all(|hidden| hidden.is_empty()) {
            return None;
        }
        let all = self.policies().labels();
        let hidden = visits(value).into_iter().filter_map(|id| known.get(&id).copied());
        let hidden = hidden.fold(LabelSet::NONE, LabelSet::and);
        if hidden.is_within(labels::of_value(all, value)) {
            return None;
        }
        let given = value.clone();
        hidden
            .iter()
            .for_each(|index| policy::add_label(&all.list()[index], value));
        Some(given)
    }

    fn goes_with_visit(&self, value: &Value) -> bool {
        let rtype = value["resourceType"].as_str().unwrap_or_default();
        GROUPS.contains(&self.policies().types().group(rtype))
            && !Definitions::r4().patient_compartment(rtype).is_empty()
    }
}
