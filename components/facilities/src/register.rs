//! The structures of the region in memory, made from the hub and kept while nothing changed there.

use crate::fold::fold;
use crate::model::{Facility, Parts, site_of};
use crate::open::Timetables;
use component::{Fhir, PeerError};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

/// Resources of one type read at most; beyond, the registry says so instead of showing a part.
const MAX: usize = 100_000;
/// Seconds after which the hub is asked whether something changed.
const FRESH_S: i64 = 5;
/// The types a structure is made of.
const TYPES: [&str; 4] = [
    "Organization",
    "Location",
    "HealthcareService",
    "OrganizationAffiliation",
];

/// All structures.
#[derive(Debug, Default)]
pub struct Register {
    facilities: Vec<Facility>,
    words: Vec<Vec<String>>,
    by_id: HashMap<String, usize>,
    children: HashMap<String, Vec<usize>>,
    /// Their hours.
    pub timetables: Timetables,
}

impl Register {
    /// Of resources of all four types, in any order.
    pub fn of(resources: &[Value]) -> Self {
        let mut parts: BTreeMap<&str, Parts<'_>> = BTreeMap::new();
        let mut organizations = Vec::new();
        for one in resources {
            let of = |value: &'static str| -> Option<&str> {
                one[value]["reference"].as_str()?.strip_prefix("Organization/")
            };
            match one["resourceType"].as_str() {
                Some("Organization") => organizations.push(one),
                Some("Location") => {
                    let Some(owner) = of("managingOrganization") else {
                        continue;
                    };
                    if one["id"].as_str() == Some(&site_of(owner)) {
                        parts.entry(owner).or_default().site = Some(one);
                    }
                }
                Some("HealthcareService") => {
                    if let Some(owner) = of("providedBy") {
                        parts.entry(owner).or_default().services.push(one);
                    }
                }
                Some("OrganizationAffiliation") => {
                    if let Some(owner) = of("participatingOrganization") {
                        parts.entry(owner).or_default().affiliations.push(one);
                    }
                }
                _ => {}
            }
        }
        let none = Parts::default();
        let mut made = Self::default();
        for organization in organizations {
            let id = organization["id"].as_str().unwrap_or_default();
            if let Some(one) = Facility::of(organization, parts.get(id).unwrap_or(&none)) {
                made.add(one);
            }
        }
        made.link();
        made
    }

    fn add(&mut self, one: Facility) {
        let mut text = format!("{} {} {}", one.name, one.city, one.aliases.join(" "));
        for identifier in &one.identifiers {
            text.push(' ');
            text.push_str(&identifier.value);
        }
        let mut words: Vec<String> = fold(&text).split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        self.by_id.insert(one.id.clone(), self.facilities.len());
        self.timetables.add(&one);
        self.words.push(words);
        self.facilities.push(one);
    }

    fn link(&mut self) {
        for (index, one) in self.facilities.iter().enumerate() {
            if let Some(parent) = &one.part_of {
                self.children.entry(parent.clone()).or_default().push(index);
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Facility] {
        &self.facilities
    }

    /// All of them, each with the words it is found by.
    pub fn with_words(&self) -> impl Iterator<Item = (&Facility, &[String])> {
        self.facilities.iter().zip(self.words.iter().map(Vec::as_slice))
    }

    /// One by id.
    pub fn get(&self, id: &str) -> Option<&Facility> {
        self.by_id.get(id).map(|index| &self.facilities[*index])
    }

    /// Name of one; its id when it is not known.
    pub fn name(&self, id: &str) -> String {
        self.get(id).map_or_else(|| id.to_owned(), |one| one.name.clone())
    }

    /// Those that are part of one now.
    pub fn children(&self, id: &str) -> Vec<&Facility> {
        let found = self.children.get(id).into_iter().flatten();
        let mut list: Vec<&Facility> = found.map(|index| &self.facilities[*index]).collect();
        list.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        list
    }

    /// Those above one, the nearest first; at most eight, so that a circle ends.
    pub fn above(&self, one: &Facility) -> Vec<&Facility> {
        let mut found = Vec::new();
        let mut next = one.part_of.as_deref();
        while let Some(parent) = next.and_then(|id| self.get(id)).filter(|_| found.len() < 8) {
            found.push(parent);
            next = parent.part_of.as_deref();
        }
        found
    }

    /// The ASL of a structure: itself, the one above it, or the one in whose territory it lies.
    pub fn asl<'a>(&'a self, one: &'a Facility) -> Option<&'a Facility> {
        let is_asl = |other: &&Facility| other.kind == "asl";
        let mut line = vec![one];
        line.extend(self.above(one));
        let direct = line.iter().copied().find(is_asl);
        direct.or_else(|| {
            let affiliations = line.iter().flat_map(|one| &one.affiliations);
            let others = affiliations.filter_map(|one| self.get(&one.to));
            others
                .flat_map(|other| std::iter::once(other).chain(self.above(other)))
                .find(is_asl)
        })
    }

    /// Every ASL, by code.
    pub fn asls(&self) -> Vec<&Facility> {
        let mut list: Vec<&Facility> = self.facilities.iter().filter(|one| one.kind == "asl").collect();
        list.sort_by(|a, b| a.id.cmp(&b.id));
        list
    }

    /// Whether one is another, or lies below it.
    pub fn under(&self, one: &Facility, other: &str) -> bool {
        one.id == other || self.above(one).iter().any(|above| above.id == other)
    }
}

/// What the newest version of each type was when the register was made.
type Mark = Vec<String>;

struct Made {
    mark: Mark,
    checked: Timestamp,
    register: Arc<Register>,
}

/// The register, made again when the hub has something newer.
#[derive(Clone, Default)]
pub struct Kept(Arc<RwLock<Option<Made>>>);

impl Kept {
    /// Whatever was made is not believed any more: something was written.
    pub fn forget(&self) {
        if let Ok(mut made) = self.0.write() {
            *made = None;
        }
    }

    /// The register as the hub has it, at most some seconds old.
    ///
    /// # Errors
    /// The hub does not answer, or has more structures than the registry reads.
    pub async fn get(&self, fhir: &Fhir, now: Timestamp) -> Result<Arc<Register>, PeerError> {
        let known = self.0.read().ok().and_then(|made| {
            let made = made.as_ref()?;
            Some((made.mark.clone(), made.checked, made.register.clone()))
        });
        if let Some((_, checked, register)) = &known
            && now.as_second() - checked.as_second() < FRESH_S
        {
            return Ok(register.clone());
        }
        let mark = mark(fhir).await?;
        let register = match known {
            Some((same, _, register)) if same == mark => register,
            _ => Arc::new(read(fhir).await?),
        };
        if let Ok(mut made) = self.0.write() {
            *made = Some(Made {
                mark,
                checked: now,
                register: register.clone(),
            });
        }
        Ok(register)
    }
}

/// The newest version of each type: whatever is written or deleted is in the history.
async fn mark(fhir: &Fhir) -> Result<Mark, PeerError> {
    let mut mark = Vec::new();
    for rtype in TYPES {
        let bundle = fhir.bundle(&format!("{rtype}/_history"), &[("_count", "1")]).await?;
        let newest = &bundle["entry"][0];
        mark.push(format!(
            "{} {} {}",
            newest["fullUrl"], newest["response"]["etag"], newest["request"]["method"]
        ));
    }
    Ok(mark)
}

async fn read(fhir: &Fhir) -> Result<Register, PeerError> {
    let mut resources = Vec::new();
    for rtype in TYPES {
        let found = fhir.search_all(rtype, &[("_count", "500")], MAX + 1).await?;
        if found.len() > MAX {
            return Err(PeerError::Malformed(format!(
                "more than {MAX} resources of type {rtype}: the registry reads no more"
            )));
        }
        resources.extend(found);
    }
    Ok(Register::of(&resources))
}
