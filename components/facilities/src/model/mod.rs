//! A structure as it is shown, searched and exported, read from its FHIR resources: `Organization` (who), `Location` `sede-…`
//! (where, when open), `HealthcareService` (what), `OrganizationAffiliation` (of whom, when).

mod hours;
mod read;

pub use hours::{Exception, Hours, WEEK, time};
pub use read::Parts;

use crate::period::Period;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// Id of the site of a structure.
pub fn site_of(id: &str) -> String {
    format!("sede-{id}")
}

/// A code by which others know a structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Identifier {
    /// `FLS`, `HSP`, `STS`, `PIVA`, or the system's address.
    pub kind: String,
    /// Code.
    pub value: String,
    /// When it is used.
    pub period: Period,
}

/// To whom a structure belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Affiliation {
    /// Id of the other.
    pub to: String,
    /// `appartenenza` or `territorio`.
    pub kind: String,
    /// When.
    pub period: Period,
}

/// Authorisation, accreditation or agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Title {
    /// `autorizzazione`, `accreditamento`, `accordo`.
    pub kind: String,
    /// Number of the act.
    pub act: String,
    /// Who gave it.
    pub authority: String,
    /// Validity.
    pub period: Period,
    /// Address of the document, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Whether it is a fact; false in the demo.
    pub verified: bool,
}

/// Beds of a discipline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Beds {
    /// Code of the discipline.
    pub discipline: String,
    /// Its name.
    pub name: String,
    /// `ordinario`, `diurno`.
    pub regime: String,
    /// How many.
    pub count: u32,
    /// When.
    pub period: Period,
    /// Whether it is a fact; false in the demo.
    pub verified: bool,
}

/// Equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Equipment {
    /// What.
    pub name: String,
    /// How many.
    pub count: u32,
    /// When.
    pub period: Period,
    /// Whether it is a fact; false in the demo.
    pub verified: bool,
}

/// A service that a structure offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Service {
    /// Id of the `HealthcareService`.
    pub id: String,
    /// Code: of the national catalogue, or of our own.
    pub code: String,
    /// Name.
    pub name: String,
    /// Branch; empty where there is none.
    pub branch: String,
    /// When it is offered.
    pub period: Period,
    /// Its own hours; empty: those of the structure.
    pub hours: Vec<Hours>,
    /// Days with other hours than usual.
    pub exceptions: Vec<Exception>,
    /// Whether it is a fact; false in the demo.
    pub verified: bool,
}

/// A way to reach a structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Contact {
    /// `phone`, `email`, `url`, …
    pub kind: String,
    /// Number or address.
    pub value: String,
}

/// A structure.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Facility {
    /// Id of the `Organization`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Code of the kind.
    pub kind: String,
    /// Public, private, …; empty where it is not known.
    pub nature: String,
    /// Codes by which others know it.
    pub identifiers: Vec<Identifier>,
    /// Id of the structure that it is part of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// To whom it belongs, when.
    pub affiliations: Vec<Affiliation>,
    /// When it exists.
    pub period: Period,
    /// Whether it is in use.
    pub active: bool,
    /// `ministero`, `dimostrativo`, `importazione`, `richiesta`; empty where nobody said.
    pub origin: String,
    /// Address without the municipality.
    pub address: String,
    /// ISTAT code of the municipality; empty where it is not known.
    pub municipality: String,
    /// Name of the municipality.
    pub city: String,
    /// Province.
    pub province: String,
    /// Latitude and longitude, degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<(f64, f64)>,
    /// `comune`: the centre of the municipality; `struttura`: the structure itself.
    pub precision: String,
    /// How to reach it.
    pub contacts: Vec<Contact>,
    /// Authorisations and accreditations.
    pub titles: Vec<Title>,
    /// Beds.
    pub beds: Vec<Beds>,
    /// Equipment.
    pub equipment: Vec<Equipment>,
    /// Codes of what makes it accessible.
    pub accessibility: Vec<String>,
    /// Opening hours.
    pub hours: Vec<Hours>,
    /// Days with other hours than usual.
    pub exceptions: Vec<Exception>,
    /// Whether its hours are a fact; false in the demo.
    pub hours_verified: bool,
    /// Services.
    pub services: Vec<Service>,
    /// When the newest of its resources was written.
    pub updated: String,
    /// Whether somebody changed it by hand since a list said how it is.
    #[serde(skip)]
    pub by_hand: bool,
}

impl Facility {
    /// Only what holds on a day; the present parent gives way to the one of that day.
    #[must_use]
    pub fn on(&self, day: Date) -> Self {
        let mut then = self.clone();
        then.affiliations.retain(|one| one.period.holds(day));
        then.titles.retain(|one| one.period.holds(day));
        then.beds.retain(|one| one.period.holds(day));
        then.equipment.retain(|one| one.period.holds(day));
        then.identifiers.retain(|one| one.period.holds(day));
        then.services.retain(|one| one.period.holds(day));
        then.hours.retain(|one| one.period.holds(day));
        for service in &mut then.services {
            service.hours.retain(|one| one.period.holds(day));
        }
        let whole = self.affiliations.iter().any(|one| one.kind == "appartenenza");
        if whole {
            let part = then.affiliations.iter().find(|one| one.kind == "appartenenza");
            then.part_of = part.map(|one| one.to.clone());
        }
        then.active = self.stood(day);
        then
    }

    /// Whether it exists on a day. What says no end and is marked as not active is gone, since nobody knows when.
    pub fn stood(&self, day: Date) -> bool {
        self.period.holds(day) && (self.active || self.period.end.is_some())
    }

    /// Whether it offers a service on a day.
    pub fn offers(&self, code: &str, day: Date) -> Option<&Service> {
        self.services
            .iter()
            .find(|one| one.code == code && one.period.holds(day))
    }

    /// The code of a kind (`HSP`, `STS`, `FLS`).
    pub fn identifier(&self, kind: &str) -> Option<&str> {
        let found = self.identifiers.iter().find(|one| one.kind == kind);
        found.map(|one| one.value.as_str())
    }

    /// The VAT number of who runs it; empty where it is not known.
    pub fn vat(&self) -> &str {
        self.identifier("PIVA").unwrap_or_default()
    }

    /// Whether it is invented, for the demo.
    pub fn is_demo(&self) -> bool {
        self.origin == "dimostrativo"
    }
}
