//! A life event as it arrives, read once into a type that holds no bad value.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest text of a field.
const LONGEST: usize = 200;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A birth.
    Birth,
    /// A change of address.
    Move,
    /// A departure from the country.
    Emigration,
    /// A return.
    Return,
    /// A change of name, sex or codice fiscale.
    Change,
    /// Two records are of one person.
    Merge,
    /// A death.
    Death,
}

impl Kind {
    /// The end of the message's name: `evento-nascita`, …
    pub fn message(self) -> &'static str {
        match self {
            Self::Birth => "nascita",
            Self::Move => "trasferimento",
            Self::Emigration => "emigrazione",
            Self::Return => "rientro",
            Self::Change => "variazione",
            Self::Merge => "fusione",
            Self::Death => "decesso",
        }
    }
}

/// An event of the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Identifier given by the source: the same event has the same one whenever it comes.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// Day on which it happened.
    #[schemars(with = "String")]
    pub date: Date,
    /// Codice fiscale of the person (STP or ENI code where there is none).
    pub person: String,
    /// What the kind of event needs.
    #[serde(default)]
    pub data: Data,
}

/// The details of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Family name (birth, change).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Given name (birth, change).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// `male` or `female` (birth, change).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Municipality where the person lives from that day on: ISTAT code or name (birth, move, return).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub municipality: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// State of destination (emigration).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The codice fiscale from that day on (change).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_code: Option<String>,
    /// Codice fiscale of the record that stays (merge).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survivor: Option<String>,
}

/// What is wrong with an event, in Italian: the element, the rule, the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadEvent(pub String);

impl Event {
    /// Checks what the type does not say.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn checked(mut self) -> Result<Self, BadEvent> {
        let bad = |text: String| Err(BadEvent(text));
        self.id = self.id.trim().to_owned();
        self.person = self.person.trim().to_uppercase();
        if self.id.is_empty() || self.id.chars().count() > LONGEST {
            return bad("id: manca, o è troppo lungo; scrivere l'identificativo dato dalla fonte".into());
        }
        if codicefiscale::Identifier::read(&self.person).is_err() {
            return bad(format!(
                "person: '{}' non è un codice fiscale, STP o ENI valido",
                self.person
            ));
        }
        for (name, text) in self.texts_mut() {
            if text.as_deref().is_some_and(|text| text.chars().count() > LONGEST) {
                return bad(format!("data.{name}: più di {LONGEST} caratteri"));
            }
            *text = text
                .take()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty());
        }
        let data = &mut self.data;
        data.survivor = data.survivor.take().map(|code| code.to_uppercase());
        data.new_code = data.new_code.take().map(|code| code.to_uppercase());
        for (name, code) in [("survivor", &data.survivor), ("new_code", &data.new_code)] {
            if code
                .as_deref()
                .is_some_and(|code| codicefiscale::Identifier::read(code).is_err())
            {
                return bad(format!("data.{name}: non è un codice fiscale, STP o ENI valido"));
            }
        }
        if data
            .sex
            .as_deref()
            .is_some_and(|sex| !["male", "female"].contains(&sex))
        {
            return bad("data.sex: scrivere male o female".into());
        }
        let missing = match self.kind {
            Kind::Birth if data.family.is_none() || data.given.is_none() || data.sex.is_none() => "family, given, sex",
            Kind::Move if data.municipality.is_none() => "municipality",
            Kind::Merge if data.survivor.is_none() => "survivor",
            Kind::Change
                if data.family.is_none() && data.given.is_none() && data.sex.is_none() && data.new_code.is_none() =>
            {
                "family, given, sex o new_code"
            }
            _ => return Ok(self),
        };
        bad(format!("data: per questo evento serve {missing}"))
    }

    fn texts_mut(&mut self) -> [(&'static str, &mut Option<String>); 8] {
        let data = &mut self.data;
        [
            ("family", &mut data.family),
            ("given", &mut data.given),
            ("sex", &mut data.sex),
            ("municipality", &mut data.municipality),
            ("line", &mut data.line),
            ("country", &mut data.country),
            ("new_code", &mut data.new_code),
            ("survivor", &mut data.survivor),
        ]
    }
}
