//! A person as the registry sees them: the Patient, its assistances, its choices.

use super::codes::{ASSISTANCE, CHOICE, DOCTOR_KIND, FISCAL, code_of, extension, id_in};
use super::places;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use serde_json::Value;

/// Assistances and choices of one person read at most.
const MAX: usize = 300;

/// The person.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// Patient.
    pub patient: Value,
    /// Coverages of the kind [`ASSISTANCE`], ended ones too.
    pub assistances: Vec<Value>,
    /// EpisodesOfCare of the kind [`CHOICE`], ended ones too.
    pub choices: Vec<Value>,
}

impl Person {
    /// Reads one; `None` when there is none.
    pub async fn load(fhir: &Fhir, id: &str) -> Result<Option<Self>, PeerError> {
        let Some(patient) = fhir.find("Patient", id).await? else {
            return Ok(None);
        };
        let asked = [("patient", id), ("_count", "100")];
        let coverages = fhir.search_all("Coverage", &asked, MAX).await?;
        let episodes = fhir.search_all("EpisodeOfCare", &asked, MAX).await?;
        Ok(Some(Self {
            patient,
            assistances: keep(coverages, |one| code_of(&one["type"], ASSISTANCE).is_some()),
            choices: keep(episodes, |one| choice_kind(one).is_some()),
        }))
    }

    /// Id.
    pub fn id(&self) -> &str {
        self.patient["id"].as_str().unwrap_or_default()
    }

    /// Day of birth.
    pub fn birth(&self) -> Option<Date> {
        date(&self.patient["birthDate"])
    }

    /// Completed years on a day.
    pub fn age(&self, day: Date) -> Option<i64> {
        let birth = self.birth()?;
        let before = (day.month(), day.day()) < (birth.month(), birth.day());
        Some(i64::from(day.year()) - i64::from(birth.year()) - i64::from(before))
    }

    /// Day of death; `Some(None)`: dead, the day is not known.
    pub fn death(&self) -> Option<Option<Date>> {
        let told = &self.patient["deceasedDateTime"];
        if told.is_string() {
            // Of a death known by month or year only the day is not known.
            return Some(date(told));
        }
        (self.patient["deceasedBoolean"] == true).then_some(None)
    }

    /// Whether the record was merged into another.
    pub fn replaced_by(&self) -> Option<&str> {
        let links = self.patient["link"].as_array()?;
        let link = links.iter().find(|one| one["type"] == "replaced-by")?;
        id_in(&link["other"], "Patient")
    }

    /// The open choice.
    pub fn choice(&self) -> Option<&Value> {
        self.choices.iter().find(|one| is_open(one))
    }

    /// The open assistance.
    pub fn assistance(&self) -> Option<&Value> {
        self.assistances.iter().find(|one| is_open(one))
    }

    /// The open assistance, if it holds on a day: one whose last day is over is closed by the daily run, and gives nothing until then.
    pub fn assistance_on(&self, day: Date) -> Option<&Value> {
        let holds = |one: &&Value| date(&one["period"]["end"]).is_none_or(|last| last >= day);
        self.assistances.iter().filter(|one| is_open(one)).find(holds)
    }

    /// Kind of assistance on a day. A person with no record of assistance at all who lives in the region counts as `ssn`: so are
    /// those who came in with a load of the old registry.
    pub fn assistance_kind(&self, day: Date) -> &str {
        match self.assistance_on(day) {
            Some(open) => code_of(&open["type"], ASSISTANCE).unwrap_or("nessuna"),
            None if self.assistances.is_empty() => "ssn",
            None => "nessuna",
        }
    }

    /// Id of the doctor now.
    pub fn doctor(&self) -> Option<&str> {
        let doctors = self.patient["generalPractitioner"].as_array()?;
        doctors.iter().find_map(|one| id_in(one, "Practitioner"))
    }

    /// `Anna De Luca`.
    pub fn name(&self) -> String {
        name(&self.patient)
    }

    /// Codice fiscale, or the first identifier.
    pub fn code(&self) -> &str {
        let all = self.patient["identifier"].as_array();
        let old = |one: &&Value| one["use"] != "old";
        let fiscal = all.and_then(|all| all.iter().filter(old).find(|one| one["system"] == FISCAL));
        let any = fiscal.or_else(|| all.and_then(|all| all.first()));
        any.and_then(|one| one["value"].as_str()).unwrap_or_default()
    }

    /// The municipality of residence.
    pub fn residence(&self) -> Option<&'static places::Municipality> {
        let addresses = self.patient["address"].as_array()?;
        let home = addresses.iter().find(|one| one["use"] == "home")?;
        places::of_address(home)
    }

    /// Whether there is an address of residence that is outside of the region.
    pub fn lives_elsewhere(&self) -> bool {
        let addresses = self.patient["address"].as_array().into_iter().flatten();
        let homes: Vec<&Value> = addresses.filter(|one| one["use"] == "home").collect();
        homes
            .iter()
            .any(|home| home["city"].is_string() && places::of_address(home).is_none())
    }

    /// What must hold of a record, in words; nothing when it holds.
    pub fn unsound(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let open = |all: &[Value]| all.iter().filter(|one| is_open(one)).count();
        let (assistances, choices) = (open(&self.assistances), open(&self.choices));
        let doctors = self.patient["generalPractitioner"].as_array().map_or(0, Vec::len);
        if assistances > 1 {
            wrong.push(format!("{assistances} open assistances"));
        }
        if choices > 1 || doctors > 1 {
            wrong.push(format!("{choices} open choices, {doctors} doctors"));
        }
        if self
            .choice()
            .is_some_and(|one| id_in(&one["careManager"], "Practitioner") != self.doctor())
        {
            wrong.push("the doctor is not the one who was chosen".into());
        }
        let merged = self.replaced_by().is_some();
        let gone = self.death().is_some() || merged;
        // A merged record keeps the doctor of the one that stays, who reads it by that.
        if gone && (assistances > 0 || choices > 0 || doctors > 0 && !merged) {
            wrong.push("dead or merged, with something open".into());
        }
        if choices > 0 && assistances == 0 && !self.assistances.is_empty() {
            wrong.push("a doctor without assistance".into());
        }
        wrong
    }
}

fn keep(all: Vec<Value>, test: impl Fn(&Value) -> bool) -> Vec<Value> {
    all.into_iter().filter(|one| test(one)).collect()
}

/// Kind of a choice: `mmg`, `pls`, `temporanea`; `None`: another episode of care.
pub(crate) fn choice_kind(episode: &Value) -> Option<&str> {
    let types = episode["type"].as_array()?;
    types.iter().find_map(|one| code_of(one, CHOICE))
}

/// For which kind of doctor a choice is: `mmg`, `pls`.
pub(crate) fn doctor_kind(episode: &Value) -> &str {
    let own = extension(episode, DOCTOR_KIND).and_then(|one| one["valueCode"].as_str());
    own.or_else(|| choice_kind(episode)).unwrap_or("mmg")
}

/// Whether an assistance or a choice is open.
pub(crate) fn is_open(resource: &Value) -> bool {
    resource["status"] == "active"
}

/// The day of a FHIR date or dateTime.
pub(crate) fn date(value: &Value) -> Option<Date> {
    value.as_str()?.get(..10)?.parse().ok()
}

/// `Carmela De Luca` of a Patient or Practitioner: its text where it has one.
pub(crate) fn name(person: &Value) -> String {
    let names = person["name"].as_array();
    let current = names.and_then(|all| all.iter().find(|one| one["use"] == "official").or_else(|| all.first()));
    let Some(name) = current else {
        return person["id"].as_str().unwrap_or_default().to_owned();
    };
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    given.chain(name["family"].as_str()).collect::<Vec<_>>().join(" ")
}
