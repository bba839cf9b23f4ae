//! The tables in `rules/`, read once.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use web::Lang;

/// A name in both languages.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    /// Code.
    pub code: String,
    it: String,
    en: String,
}

impl Named {
    /// In a language.
    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::It => &self.it,
            Lang::En => &self.en,
        }
    }
}

/// A kind of structure.
#[derive(Debug, Clone, Deserialize)]
pub struct Kind {
    /// Code of [`crate::names::KIND`].
    pub code: String,
    /// Italian name.
    pub it: String,
    en: String,
    /// `ospedale`, `territorio`, `farmacia`, `amministrazione`.
    pub group: String,
    /// Whether it governs a territory rather than receive people.
    #[serde(default)]
    pub jurisdiction: bool,
}

impl Kind {
    /// Name in a language.
    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::It => &self.it,
            Lang::En => &self.en,
        }
    }
}

/// What a code of the ministry's list means.
#[derive(Debug, Deserialize)]
pub struct Inpatient {
    code: String,
    /// Kind here.
    pub kind: String,
    /// `regione`, `asl` or `none`.
    pub part_of: String,
    /// In words.
    pub it: String,
}

#[derive(Deserialize)]
struct Kinds {
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct InpatientTypes {
    types: Vec<Inpatient>,
    buildings: Buildings,
}

#[derive(Deserialize)]
struct Buildings {
    asl: BTreeMap<String, String>,
}

/// A service by which structures are looked for.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// Code of the national catalogue, or of our own where it has none.
    pub code: String,
    /// Italian name.
    pub it: String,
    en: String,
    /// Branch; empty where there is none.
    pub branch: String,
}

impl Service {
    /// Name in a language.
    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::It => &self.it,
            Lang::En => &self.en,
        }
    }

    /// Whether its code is of the national catalogue.
    pub fn in_catalogue(&self) -> bool {
        self.code.starts_with(|c: char| c.is_ascii_digit())
    }
}

#[derive(Deserialize)]
struct Services {
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Accessibility {
    items: Vec<Named>,
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the rules of the program are right")
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| read(include_str!("../rules/tipi.json")));
static INPATIENT: LazyLock<InpatientTypes> = LazyLock::new(|| read(include_str!("../rules/ricovero.json")));
static SERVICES: LazyLock<Services> = LazyLock::new(|| read(include_str!("../rules/servizi.json")));
static ACCESSIBILITY: LazyLock<Accessibility> = LazyLock::new(|| read(include_str!("../rules/accessibilita.json")));

/// Every kind of structure.
pub fn kinds() -> &'static [Kind] {
    &KINDS.kinds
}

/// A kind by its code.
pub fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.kinds.iter().find(|kind| kind.code == code)
}

/// What the ministry's code of an inpatient structure means.
pub fn inpatient(code: &str) -> Option<&'static Inpatient> {
    INPATIENT.types.iter().find(|one| one.code == code)
}

/// The ASL under which the buildings of a hospital are kept that is no longer listed.
pub fn asl_of_unlisted(hospital: &str) -> Option<&'static str> {
    INPATIENT.buildings.asl.get(hospital).map(String::as_str)
}

/// Services by which structures are looked for.
pub fn services() -> &'static [Service] {
    &SERVICES.services
}

/// A service by its code.
pub fn service(code: &str) -> Option<&'static Service> {
    SERVICES.services.iter().find(|one| one.code == code)
}

/// Authorisation, accreditation, agreement (D.lgs. 502/1992 art. 8-ter, 8-quater, 8-quinquies).
pub const TITLES: [&str; 3] = ["autorizzazione", "accreditamento", "accordo"];

/// What makes a site accessible.
pub fn accessibility() -> &'static [Named] {
    &ACCESSIBILITY.items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inpatient_type_has_a_kind_of_ours_and_every_text_is_there() {
        for one in &INPATIENT.types {
            assert!(kind(&one.kind).is_some(), "{}", one.code);
            assert!(["regione", "asl", "none"].contains(&one.part_of.as_str()) && !one.it.is_empty());
        }
        for lang in [Lang::It, Lang::En] {
            assert!(kinds().iter().all(|kind| !kind.of(lang).is_empty()));
            assert!(services().iter().all(|one| !one.of(lang).is_empty()));
            assert!(accessibility().iter().all(|one| !one.of(lang).is_empty()));
        }
    }
}
