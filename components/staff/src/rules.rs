//! The tables in `rules/` and `data/`, read once.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;

/// A text in both languages.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Words {
    /// Italian.
    pub it: String,
    /// English.
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

/// A kind of contract.
#[derive(Debug, Deserialize)]
pub(crate) struct Contract {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// Most hours a week of all assignments together.
    pub max_weekly_hours: Option<u32>,
}

/// A rule about the assignments of one person.
#[derive(Debug, Deserialize)]
pub(crate) struct AssignmentRule {
    /// Code: `ordine`, `principale`, `doppione`, `unicita`, `ore`.
    pub code: String,
    /// First day.
    pub valid_from: String,
    /// Last day, if it ended.
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Where it stands.
    pub source: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// Kinds of contract that exclude each other.
    #[serde(default)]
    pub pairs: Vec<(String, String)>,
}

/// A role that the registry gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Role {
    /// Code.
    pub code: String,
    /// The register it needs.
    #[serde(default)]
    pub register: Option<String>,
    /// Whether it is that of a chosen doctor.
    #[serde(default)]
    pub convention: bool,
}

/// A register or title.
#[derive(Debug, Deserialize)]
pub(crate) struct Register {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// Whether credits are owed.
    pub ecm: bool,
}

#[derive(Deserialize)]
struct Qualifications {
    registers: Vec<Register>,
    reminder_days: i64,
}

/// Credits owed in three years.
#[derive(Debug, Deserialize)]
pub(crate) struct Triennium {
    /// First day.
    pub first: String,
    /// Last day.
    pub last: String,
    /// Credits.
    pub credits: u32,
    /// Where it stands.
    pub source: String,
    /// `verified` or `unverified`.
    pub status: String,
}

#[derive(Deserialize)]
struct Ecm {
    triennia: Vec<Triennium>,
    insured_percent: u32,
}

/// A kind of absence.
#[derive(Debug, Deserialize)]
pub(crate) struct AbsenceKind {
    /// Code.
    pub code: String,
    /// Name.
    pub name: Words,
}

/// How many patients a chosen doctor may have.
#[derive(Debug, Deserialize)]
pub(crate) struct Ceiling {
    /// Role.
    pub role: String,
    /// Patients.
    pub ceiling: u32,
    /// People of an area who need one doctor.
    pub people_per_doctor: u32,
    /// Where it stands.
    pub source: String,
    /// `verified` or `unverified`.
    pub status: String,
}

/// A discipline of the ministry.
#[derive(Debug)]
pub(crate) struct Discipline {
    /// Two digits.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
}

#[derive(Deserialize)]
struct Contracts {
    contracts: Vec<Contract>,
}
#[derive(Deserialize)]
struct Assignments {
    rules: Vec<AssignmentRule>,
}
#[derive(Deserialize)]
struct Roles {
    roles: Vec<Role>,
}
#[derive(Deserialize)]
struct Absences {
    kinds: Vec<AbsenceKind>,
}
#[derive(Deserialize)]
struct Ceilings {
    ceilings: Vec<Ceiling>,
}

static CONTRACTS: LazyLock<Contracts> = LazyLock::new(|| table(include_str!("../rules/contracts.json")));
static ASSIGNMENTS: LazyLock<Assignments> = LazyLock::new(|| table(include_str!("../rules/assignments.json")));
static ROLES: LazyLock<Roles> = LazyLock::new(|| table(include_str!("../rules/roles.json")));
static QUALIFICATIONS: LazyLock<Qualifications> = LazyLock::new(|| table(include_str!("../rules/qualifications.json")));
static ECM: LazyLock<Ecm> = LazyLock::new(|| table(include_str!("../rules/ecm.json")));
static ABSENCES: LazyLock<Absences> = LazyLock::new(|| table(include_str!("../rules/absences.json")));
static CEILINGS: LazyLock<Ceilings> = LazyLock::new(|| table(include_str!("../rules/ceilings.json")));
static DISCIPLINES: LazyLock<Vec<Discipline>> = LazyLock::new(|| {
    let rows = include_str!("../data/disciplines.tsv").lines().skip(1);
    rows.filter_map(|row| row.split_once('\t'))
        .map(|(code, name)| Discipline { code, name })
        .collect()
});

/// A table that comes with the program.
pub(crate) fn table<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the tables that come with the program are well formed: a test reads each")
}

/// Kinds of contract.
pub(crate) fn contracts() -> &'static [Contract] {
    &CONTRACTS.contracts
}

/// Rules about assignments.
pub(crate) fn assignments() -> &'static [AssignmentRule] {
    &ASSIGNMENTS.rules
}

/// Roles.
pub(crate) fn roles() -> &'static [Role] {
    &ROLES.roles
}

/// A role by code.
pub(crate) fn role(code: &str) -> Option<&'static Role> {
    ROLES.roles.iter().find(|role| role.code == code)
}

/// Registers and titles.
pub(crate) fn registers() -> &'static [Register] {
    &QUALIFICATIONS.registers
}

/// Days before an end when people are told.
pub(crate) fn reminder_days() -> i64 {
    QUALIFICATIONS.reminder_days
}

/// The three years that a day (`2026-11-22`) is in.
pub(crate) fn triennium(day: &str) -> Option<&'static Triennium> {
    ECM.triennia
        .iter()
        .find(|one| one.first.as_str() <= day && day <= one.last.as_str())
}

/// Percent of the credits below which the insurance may not hold.
pub(crate) fn insured_percent() -> u32 {
    ECM.insured_percent
}

/// Kinds of absence.
pub(crate) fn absences() -> &'static [AbsenceKind] {
    &ABSENCES.kinds
}

/// The ceiling of a role of chosen doctors.
pub(crate) fn ceiling(role: &str) -> Option<&'static Ceiling> {
    CEILINGS.ceilings.iter().find(|one| one.role == role)
}

/// All ceilings.
pub(crate) fn ceilings() -> &'static [Ceiling] {
    &CEILINGS.ceilings
}

/// Disciplines.
pub(crate) fn disciplines() -> &'static [Discipline] {
    &DISCIPLINES
}

/// The name of a discipline.
pub(crate) fn discipline(code: &str) -> Option<&'static str> {
    DISCIPLINES.iter().find(|one| one.code == code).map(|one| one.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_well_formed_and_says_where_it_comes_from() {
        assert!(contracts().len() >= 3 && roles().len() >= 10 && disciplines().len() > 60 && absences().len() > 2);
        assert!(
            assignments()
                .iter()
                .all(|rule| !rule.source.is_empty() && ["verified", "unverified"].contains(&rule.status.as_str()))
        );
        for role in roles() {
            let register = role.register.as_deref();
            assert!(
                register.is_none_or(|code| registers().iter().any(|one| one.code == code)),
                "{}",
                role.code
            );
        }
        assert_eq!(triennium("2026-11-22").map(|one| one.credits), Some(150));
        assert_eq!(
            (ceiling("mmg").unwrap().ceiling, ceiling("pls").unwrap().ceiling),
            (1500, 800)
        );
        assert_eq!((insured_percent(), reminder_days()), (70, 60));
    }
}
