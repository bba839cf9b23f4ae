//! The tables in `rules/`, read once.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What an access concerned, in groups that people know.
#[derive(Debug, Deserialize)]
pub(crate) struct Things {
    types: BTreeMap<String, String>,
    operations: BTreeMap<String, String>,
    paths: BTreeMap<String, String>,
    searches: Vec<String>,
}

/// What was given or refused, and in which words.
#[derive(Debug, Deserialize)]
pub(crate) struct ConsentKind {
    /// Code, also in addresses.
    pub code: String,
    /// Names of the kind.
    pub name: Words,
    /// Purposes of use that it permits or denies; empty: consultation for care.
    pub purposes: Vec<String>,
    /// Whether it names an organization.
    pub by_organization: bool,
    /// What holds while the person has said nothing: `permit` or `deny`.
    pub unless_said: String,
    /// The texts shown, newest last.
    pub texts: Vec<LegalText>,
}

/// A version of the text that the person reads.
#[derive(Debug, Deserialize)]
pub(crate) struct LegalText {
    /// Version, written into the consent.
    pub version: String,
    /// First day.
    pub valid_from: String,
    /// Last day, if it ended.
    #[serde(default)]
    pub valid_to: Option<String>,
    /// What it means, in plain words.
    pub plain: Words,
    /// What happens with yes.
    pub yes: Words,
    /// What happens with no.
    pub no: Words,
    /// Where the rule stands.
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// A text in both languages.
#[derive(Debug, Deserialize)]
pub(crate) struct Words {
    pub it: String,
    pub en: String,
}

impl Words {
    /// In a language.
    pub fn of(&self, lang: web::Lang) -> &str {
        match lang {
            web::Lang::It => &self.it,
            web::Lang::En => &self.en,
        }
    }
}

#[derive(Deserialize)]
struct Consents {
    kinds: Vec<ConsentKind>,
}

#[derive(Deserialize)]
struct Hiding {
    types: Vec<HiddenType>,
}

/// A type whose facts one can hide.
#[derive(Debug, Deserialize)]
pub(crate) struct HiddenType {
    /// FHIR type.
    pub rtype: String,
    /// Search parameter of its date.
    pub date: String,
    /// Search parameter that names its encounter.
    #[serde(default)]
    pub encounter: Option<String>,
    /// Shown in the list. The others go with their encounter.
    pub listed: bool,
    /// Hidden with its visit only.
    #[serde(default)]
    pub with_visit: bool,
}

/// Requests, their deadlines and what they ask.
#[derive(Debug, Deserialize)]
pub(crate) struct Requests {
    /// Months within which the person is answered.
    pub months: i64,
    /// Months by which that may be prolonged.
    pub more_months: i64,
    /// Days before the deadline when the office is reminded.
    pub reminder_days: i64,
    /// Days for which a copy can be downloaded.
    pub copy_days: i64,
    /// Kinds.
    pub kinds: Vec<RequestKind>,
    /// What can be corrected.
    pub fields: Vec<Field>,
}

/// A kind of request.
#[derive(Debug, Deserialize)]
pub(crate) struct RequestKind {
    /// Code.
    pub code: String,
    /// Article of the GDPR.
    pub article: String,
    /// Whether nobody decides.
    pub automatic: bool,
    /// What the form asks: `field`, `value`, `words`.
    pub asks: Vec<String>,
    /// Name.
    pub name: Words,
    /// What happens.
    pub plain: Words,
}

impl RequestKind {
    /// Whether the form asks this.
    pub fn asks(&self, what: &str) -> bool {
        self.asks.iter().any(|one| one == what)
    }
}

/// An element that can be corrected: a member of the first entry of a list that has these values.
#[derive(Debug, Deserialize)]
pub(crate) struct Field {
    /// Code.
    pub code: String,
    /// FHIR type.
    pub rtype: String,
    /// List of the resource.
    pub list: String,
    /// What the entry must have.
    #[serde(rename = "where")]
    pub entry: BTreeMap<String, String>,
    /// Member of the entry.
    pub member: String,
    /// Name.
    pub name: Words,
}

/// What may be erased and what must be kept.
#[derive(Debug, Deserialize)]
pub(crate) struct Retention {
    /// Why everything else is kept.
    pub keep_because: KeepBecause,
    /// What may be erased.
    pub erasable: Vec<Erasable>,
}

/// Why something is kept.
#[derive(Debug, Deserialize)]
pub(crate) struct KeepBecause {
    pub it: String,
    pub en: String,
    pub source: String,
    pub status: String,
}

/// A type that may be erased.
#[derive(Debug, Deserialize)]
pub(crate) struct Erasable {
    pub rtype: String,
    /// Only what the person wrote.
    pub only_own: bool,
    /// Element that names who wrote it.
    #[serde(default)]
    pub author: String,
    pub it: String,
    pub en: String,
    pub source: String,
    pub status: String,
}

static REQUESTS: LazyLock<Requests> = LazyLock::new(|| table(include_str!("../rules/requests.json")));
static RETENTION: LazyLock<Retention> = LazyLock::new(|| table(include_str!("../rules/retention.json")));

/// Requests.
pub(crate) fn requests() -> &'static Requests {
    &REQUESTS
}

/// A kind of request by its code.
pub(crate) fn request(code: &str) -> Option<&'static RequestKind> {
    REQUESTS.kinds.iter().find(|kind| kind.code == code)
}

/// Duties to keep.
pub(crate) fn retention() -> &'static Retention {
    &RETENTION
}

static THINGS: LazyLock<Things> = LazyLock::new(|| table(include_str!("../rules/things.json")));
static CONSENTS: LazyLock<Consents> = LazyLock::new(|| table(include_str!("../rules/consents.json")));
static HIDING: LazyLock<Hiding> = LazyLock::new(|| table(include_str!("../rules/hiding.json")));

/// A table that comes with the program.
pub(crate) fn table<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the tables that come with the program are well formed: a test reads each")
}

/// Kinds of consent.
pub(crate) fn consents() -> &'static [ConsentKind] {
    &CONSENTS.kinds
}

/// A kind of consent by its code.
pub(crate) fn consent(code: &str) -> Option<&'static ConsentKind> {
    CONSENTS.kinds.iter().find(|kind| kind.code == code)
}

/// Types whose facts can be hidden.
pub(crate) fn hiding() -> &'static [HiddenType] {
    &HIDING.types
}

/// The group that an access to this path is told under.
pub(crate) fn thing(path: &str) -> &'static str {
    let things = &*THINGS;
    let path = path.split('?').next().unwrap_or_default();
    if let Some(name) = path.split('/').find(|part| part.starts_with('$'))
        && let Some(thing) = things.operations.get(name)
    {
        return thing;
    }
    let fhir = path.strip_prefix("/fhir/").unwrap_or(path).trim_start_matches('/');
    if let Some(thing) = things.types.get(fhir.split('/').next().unwrap_or_default()) {
        return thing;
    }
    let fits = |prefix: &&String| {
        path.strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = things.paths.keys().filter(fits).max_by_key(|prefix| prefix.len());
    longest.map_or("other", |prefix| &things.paths[prefix])
}

/// Whether a page of this address only searches, although it is posted.
pub(crate) fn is_search(path: &str) -> bool {
    THINGS.searches.iter().any(|one| one == path)
}

impl ConsentKind {
    /// The text in force on a day (`2026-11-22`).
    pub fn text(&self, day: &str) -> &LegalText {
        let holds = |text: &&LegalText| {
            text.valid_from.as_str() <= day && text.valid_to.as_deref().is_none_or(|last| day <= last)
        };
        self.texts
            .iter()
            .rev()
            .find(holds)
            .or(self.texts.last())
            .expect("every kind has a text: a test looks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_says_where_it_comes_from() {
        for kind in consents() {
            assert!(!kind.texts.is_empty(), "{}", kind.code);
            assert!(["permit", "deny"].contains(&kind.unless_said.as_str()));
            for text in &kind.texts {
                assert!(!text.source.is_empty() && ["confirmed", "unverified"].contains(&text.status.as_str()));
            }
        }
        assert!(requests().kinds.len() >= 7 && requests().months == 1);
        for field in &requests().fields {
            assert!(fhir::Definitions::r4().is_resource(&field.rtype), "{}", field.code);
        }
        for rule in &retention().erasable {
            assert!(fhir::Definitions::r4().is_resource(&rule.rtype) && !rule.source.is_empty());
        }
        for kind in hiding() {
            let definitions = fhir::Definitions::r4();
            assert!(definitions.param(&kind.rtype, &kind.date).is_some(), "{}", kind.rtype);
            if let Some(encounter) = &kind.encounter {
                assert!(definitions.param(&kind.rtype, encounter).is_some(), "{}", kind.rtype);
            }
        }
        // Whatever of a person names its visit goes with it.
        let definitions = fhir::Definitions::r4();
        for rtype in definitions.resource_types() {
            let own = !definitions.patient_compartment(rtype).is_empty();
            let told = hiding().iter().any(|kind| kind.rtype == **rtype);
            if own && definitions.param(rtype, "encounter").is_some() {
                assert!(told, "{rtype} is not in hiding.json");
            }
        }
    }

    #[test]
    fn paths_are_told_in_groups() {
        assert_eq!(thing("/fhir/Observation?patient=1"), "tests");
        assert_eq!(thing("/fhir/Patient/1/$everything"), "everything");
        assert_eq!(thing("Condition/12"), "conditions");
        assert_eq!(thing("/assistiti/paz-001"), "record");
        assert_eq!(thing("/orchestrator/tasks/1/claim"), "work");
        assert_eq!(thing("/altrove"), "other");
    }
}
