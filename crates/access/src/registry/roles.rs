//! Roles from the staff registry: a PractitionerRole that is active and within its period gives the roles that the table
//! `rules/staff-roles.tsv` names for its codes, for its organization.

use super::{holds, read, reference, search, waiting};
use crate::local::Account;
use crate::{AccessError, Actor, Capacity};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use store::Store;

/// In a PractitionerRole: the Practitioner whose patients this one looks after meanwhile.
pub const SUBSTITUTES: &str = "https://sinfonia.it/fhir/StructureDefinition/sostituisce";

/// Code system and code to role.
static TABLE: LazyLock<BTreeMap<(&'static str, &'static str), &'static str>> = LazyLock::new(|| {
    let rows = include_str!("../../rules/staff-roles.tsv").lines().skip(1);
    let columns = rows
        .filter(|row| !row.is_empty())
        .map(|row| row.split('\t').collect::<Vec<_>>());
    columns.map(|row| ((row[0], row[1]), row[2])).collect()
});

/// In which capacities the account's person may act now.
pub(crate) async fn capacities(
    store: &dyn Store,
    account: &Account,
    now: Timestamp,
) -> Result<Vec<Capacity>, AccessError> {
    let own = &account.actor;
    let mut all = Vec::new();
    for subject in std::iter::once(&own.subject).chain(&account.also) {
        let by_hand: &[String] = if *subject == own.subject { &own.roles } else { &[] };
        if subject.starts_with("Practitioner/") && account.registry {
            all.extend(of_staff(store, subject, by_hand, now).await?);
            continue;
        }
        let roles = match by_hand {
            [] if subject.starts_with("Patient/") => vec!["assistito".to_owned()],
            roles => roles.to_vec(),
        };
        all.push(Capacity {
            key: subject.clone(),
            subject: subject.clone(),
            roles,
            organization: own.organization.clone().filter(|_| *subject == own.subject),
            organization_name: None,
            until: None,
        });
    }
    Ok(all)
}

/// The actor in a chosen capacity; without a choice in the first one. A capacity that ended leaves the bare subject.
pub(crate) fn actor(account: &Account, capacities: &[Capacity], chosen: Option<&str>) -> Actor {
    let found = match chosen {
        Some(key) => capacities.iter().find(|capacity| capacity.key == key),
        None => capacities.first(),
    };
    let mut actor = account.actor.clone();
    match found {
        Some(capacity) => {
            actor.subject.clone_from(&capacity.subject);
            actor.roles.clone_from(&capacity.roles);
            actor.organization.clone_from(&capacity.organization);
        }
        None => {
            if let Some(key) = chosen {
                actor.subject = key.split('@').next().unwrap_or(key).to_owned();
            }
            (actor.roles, actor.organization) = (Vec::new(), None);
        }
    }
    actor
}

/// The GPs whose patients `practitioner` looks after now: of the PractitionerRoles that say so ([`SUBSTITUTES`]) and are
/// within their period.
///
/// # Errors
/// The store failed.
pub async fn panels(store: &dyn Store, practitioner: &str, now: Timestamp) -> Result<Vec<String>, AccessError> {
    let mut found = Vec::new();
    for role in of(store, practitioner, now).await? {
        let extensions = role["extension"].as_array().into_iter().flatten();
        let replaced = extensions.filter(|extension| extension["url"] == SUBSTITUTES);
        found.extend(
            replaced.filter_map(|extension| extension["valueReference"]["reference"].as_str().map(str::to_owned)),
        );
    }
    Ok(found)
}

async fn of_staff(
    store: &dyn Store,
    subject: &str,
    by_hand: &[String],
    now: Timestamp,
) -> Result<Vec<Capacity>, AccessError> {
    let mut units: BTreeMap<String, Capacity> = BTreeMap::new();
    for role in of(store, subject, now).await? {
        let roles = role_of(&role);
        let organization = role["organization"]["reference"].as_str();
        let organization = organization
            .and_then(|text| text.strip_prefix("Organization/"))
            .map(str::to_owned);
        let key = format!("{subject}@{}", organization.as_deref().unwrap_or(""));
        let until = holds(&role["period"], now).1;
        let unit = units.entry(key.clone()).or_insert_with(|| Capacity {
            key,
            subject: subject.to_owned(),
            roles: by_hand.to_vec(),
            organization: organization.clone(),
            organization_name: role["organization"]["display"].as_str().map(str::to_owned),
            until,
        });
        unit.until = unit.until.zip(until).map(|(a, b)| a.min(b)).or(unit.until).or(until);
        for role in roles {
            if !unit.roles.iter().any(|known| known == role) {
                unit.roles.push(role.to_owned());
            }
        }
    }
    let mut units: Vec<_> = units.into_values().filter(|unit| !unit.roles.is_empty()).collect();
    for unit in &mut units {
        if let (None, Some(id)) = (&unit.organization_name, &unit.organization) {
            let organization = read(store, &format!("Organization/{id}")).await?;
            unit.organization_name = organization.and_then(|o| o["name"].as_str().map(str::to_owned));
        }
    }
    if units.is_empty() && !by_hand.is_empty() {
        units.push(Capacity {
            key: subject.to_owned(),
            subject: subject.to_owned(),
            roles: by_hand.to_vec(),
            organization: None,
            organization_name: None,
            until: None,
        });
    }
    Ok(units)
}

/// The PractitionerRoles of a person that hold now. One that waits for a second person counts as it did before, as long as
/// both hold; a new one does not count.
async fn of(store: &dyn Store, practitioner: &str, now: Timestamp) -> Result<Vec<Value>, AccessError> {
    let Some(test) = reference(practitioner) else {
        return Ok(Vec::new());
    };
    let mut found = search(store, "PractitionerRole", &[("practitioner", vec![test])]).await?;
    let counts = |role: &Value| role["active"] != false && holds(&role["period"], now).0;
    found.retain(counts);
    let mut all = Vec::with_capacity(found.len());
    for role in found {
        let Some(waits) = waiting(&role) else {
            all.push(role);
            continue;
        };
        let (Some(version), Some(id)) = (waits.counts, role["id"].as_str()) else {
            continue;
        };
        let before = store.snapshot().await?.vread("PractitionerRole", id, version).await?;
        let before = before.as_ref().and_then(super::body);
        all.extend(before.filter(|before| {
            counts(before) && before["practitioner"]["reference"] == role["practitioner"]["reference"]
        }));
    }
    Ok(all)
}

/// The roles that a PractitionerRole gives, by its codes.
pub(super) fn role_of(role: &Value) -> impl Iterator<Item = &'static str> {
    codes(role).filter_map(|key| TABLE.get(&key).copied())
}

fn codes(role: &Value) -> impl Iterator<Item = (&str, &str)> {
    let concepts = role["code"].as_array().into_iter().flatten();
    let codings = concepts.flat_map(|concept| concept["coding"].as_array().into_iter().flatten());
    codings.filter_map(|coding| Some((coding["system"].as_str()?, coding["code"].as_str()?)))
}
