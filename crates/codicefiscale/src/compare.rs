//! Whether a code is that of a person: one finding for each part that differs.

use crate::places::{Place, PlaceError, places};
use crate::{Arguments, CodiceFiscale, Sex, given_letters, surname_letters};
use jiff::civil::Date;

/// What a record says of a person; what it does not say is not compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Surname (that of birth, where there is more than one).
    pub surname: Option<&'a str>,
    /// Given names.
    pub given: Option<&'a str>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Date of birth.
    pub birth: Option<Date>,
    /// Place of birth: name, with or without province, or Belfiore code.
    pub place: Option<&'a str>,
}

/// The part of a record that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Surname.
    Surname,
    /// Given name.
    Given,
    /// Date of birth.
    Birth,
    /// Sex.
    Sex,
    /// Place of birth.
    Place,
}

/// What differs between a code and a record, or is worth knowing about them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Surname and given name are exchanged.
    #[error("the code is of surname '{given}' and given name '{surname}': surname and given name are exchanged")]
    Exchanged {
        /// Surname of the record.
        surname: String,
        /// Given name of the record.
        given: String,
    },
    /// Other letters of the surname.
    #[error("the code says '{code}' for the surname; the record's '{record}' makes '{letters}'")]
    Surname {
        /// Letters of the code.
        code: String,
        /// What the record says.
        record: String,
        /// The letters that it makes.
        letters: String,
    },
    /// The surname of the code is a part of the record's.
    #[error("the code is of the surname '{part}'; the record says '{record}'")]
    SurnamePart {
        /// The part that makes the letters of the code.
        part: String,
        /// What the record says.
        record: String,
    },
    /// Other letters of the given name.
    #[error("the code says '{code}' for the given name; the record's '{record}' makes '{letters}'")]
    Given {
        /// Letters of the code.
        code: String,
        /// What the record says.
        record: String,
        /// The letters that it makes.
        letters: String,
    },
    /// The given name of the code is a part of the record's.
    #[error("the code is of the given name '{part}'; the record says '{record}'")]
    GivenPart {
        /// The part that makes the letters of the code.
        part: String,
        /// What the record says.
        record: String,
    },
    /// Another date of birth.
    #[error("the code says born on {code}; the record says {record}")]
    Birth {
        /// Date of the code, in the century nearest to the record's.
        code: Date,
        /// Date of the record.
        record: Date,
    },
    /// Another sex.
    #[error("the code is of a {}; the record says {}", name(*.code), name(*.record))]
    Sex {
        /// Sex of the code.
        code: Sex,
        /// Sex of the record.
        record: Sex,
    },
    /// Another place.
    #[error("the code says born in {} ({code}); the record says {} ({record_code})", .code_name, .record)]
    Place {
        /// Belfiore code of the code.
        code: String,
        /// Its place on the day of birth.
        code_name: String,
        /// Place of the record.
        record: String,
        /// Its Belfiore code.
        record_code: String,
    },
    /// The code has a Belfiore code that no place ever had.
    #[error(
        "no municipality or state ever had the code '{code}', which the codice fiscale says for the place of birth"
    )]
    NoSuchPlace {
        /// The Belfiore code.
        code: String,
    },
    /// The place of the code was not a municipality, or not with that code, on the day of birth: worth a look, no proof.
    #[error("{name} ({code}) was not a municipality or state with this code on {birth}")]
    PlaceNotThen {
        /// The Belfiore code.
        code: String,
        /// Its place.
        name: String,
        /// Date of birth.
        birth: Date,
    },
    /// The place of the record is not known, or not one.
    #[error(transparent)]
    RecordPlace(PlaceError),
}

fn name(sex: Sex) -> &'static str {
    if sex == Sex::Female { "woman" } else { "man" }
}

fn letter(sex: Sex) -> String {
    if sex == Sex::Female { "F" } else { "M" }.into()
}

impl Finding {
    /// The field that it is about.
    pub fn field(&self) -> Field {
        match self {
            Finding::Exchanged { .. } | Finding::Surname { .. } | Finding::SurnamePart { .. } => Field::Surname,
            Finding::Given { .. } | Finding::GivenPart { .. } => Field::Given,
            Finding::Birth { .. } => Field::Birth,
            Finding::Sex { .. } => Field::Sex,
            Finding::Place { .. }
            | Finding::NoSuchPlace { .. }
            | Finding::PlaceNotThen { .. }
            | Finding::RecordPlace(_) => Field::Place,
        }
    }

    /// Whether code and record contradict each other; if not, it is only worth a look.
    pub fn contradicts(&self) -> bool {
        !matches!(
            self,
            Finding::PlaceNotThen { .. }
                | Finding::RecordPlace(_)
                | Finding::SurnamePart { .. }
                | Finding::GivenPart { .. }
        )
    }

    /// Key of the message.
    pub fn key(&self) -> &'static str {
        match self {
            Finding::Exchanged { .. } => "differs-exchanged",
            Finding::Surname { .. } => "differs-surname",
            Finding::SurnamePart { .. } => "differs-surname-part",
            Finding::Given { .. } => "differs-given",
            Finding::GivenPart { .. } => "differs-given-part",
            Finding::Birth { .. } => "differs-birth",
            Finding::Sex { .. } => "differs-sex",
            Finding::Place { .. } => "differs-place",
            Finding::NoSuchPlace { .. } => "differs-no-such-place",
            Finding::PlaceNotThen { .. } => "differs-place-not-then",
            Finding::RecordPlace(error) => error.key(),
        }
    }

    /// Arguments of the message; dates as `YYYY-MM-DD`, sexes as `M` and `F`.
    pub fn arguments(&self) -> Arguments {
        match self {
            Finding::Exchanged { surname, given } => vec![("surname", surname.clone()), ("given", given.clone())],
            Finding::Surname { code, record, letters } | Finding::Given { code, record, letters } => vec![
                ("code", code.clone()),
                ("record", record.clone()),
                ("letters", letters.clone()),
            ],
            Finding::SurnamePart { part, record } | Finding::GivenPart { part, record } => {
                vec![("part", part.clone()), ("record", record.clone())]
            }
            Finding::Birth { code, record } => vec![("code", code.to_string()), ("record", record.to_string())],
            Finding::Sex { code, record } => vec![("code", letter(*code)), ("record", letter(*record))],
            Finding::Place {
                code,
                code_name,
                record,
                record_code,
            } => vec![
                ("code", code.clone()),
                ("place", code_name.clone()),
                ("record", record.clone()),
                ("record-code", record_code.clone()),
            ],
            Finding::NoSuchPlace { code } => vec![("code", code.clone())],
            Finding::PlaceNotThen { code, name, birth } => vec![
                ("code", code.clone()),
                ("place", name.clone()),
                ("birth", birth.to_string()),
            ],
            Finding::RecordPlace(error) => error.arguments(),
        }
    }
}

/// Compares a code, omocodia aside, with a record. Nothing found means that they agree in all that the record says.
///
/// `today` decides the century of the birth in the code where the record has no date of birth.
pub fn compare(code: &CodiceFiscale, record: &Record<'_>, today: Date) -> Vec<Finding> {
    let mut findings = vec![];
    names(code, record, &mut findings);
    let born = code_birth(
        code,
        record.birth.unwrap_or(today),
        record.birth.is_none().then_some(today),
    );
    if let (Some(of_code), Some(of_record)) = (born, record.birth)
        && of_code != of_record
    {
        findings.push(Finding::Birth {
            code: of_code,
            record: of_record,
        });
    }
    if let Some(sex) = record.sex.filter(|sex| *sex != code.sex()) {
        findings.push(Finding::Sex {
            code: code.sex(),
            record: sex,
        });
    }
    place(code, record, record.birth.or(born), &mut findings);
    findings
}

/// The date of birth of a code, in the century that brings it nearest to `near`, and not after `not_after`.
fn code_birth(code: &CodiceFiscale, near: Date, not_after: Option<Date>) -> Option<Date> {
    if let Some(today) = not_after {
        return code.birth_date(today);
    }
    let century = near.year().div_euclid(100) * 100;
    [century - 100, century, century + 100]
        .into_iter()
        .filter_map(|century| Date::new(century + i16::from(code.year_of_century()), code.month(), code.day()).ok())
        .min_by_key(|date| (*date - near).get_days().abs())
}

fn names(code: &CodiceFiscale, record: &Record<'_>, findings: &mut Vec<Finding>) {
    let differs = |of_record: Option<&str>, of_code: &str, letters: fn(&str) -> Option<String>| {
        of_record
            .filter(|name| letters(name).as_deref() != Some(of_code))
            .map(str::to_owned)
    };
    let surname = differs(record.surname, code.surname(), surname_letters);
    let given = differs(record.given, code.given(), given_letters);
    if let (Some(surname), Some(given)) = (&surname, &given)
        && surname_letters(given).as_deref() == Some(code.surname())
        && given_letters(surname).as_deref() == Some(code.given())
    {
        findings.push(Finding::Exchanged {
            surname: surname.clone(),
            given: given.clone(),
        });
        return;
    }
    findings.extend(
        surname.map(|record| match part(&record, code.surname(), surname_letters) {
            Some(part) => Finding::SurnamePart { part, record },
            None => Finding::Surname {
                code: code.surname().to_owned(),
                letters: surname_letters(&record).unwrap_or_default(),
                record,
            },
        }),
    );
    findings.extend(given.map(|record| match part(&record, code.given(), given_letters) {
        Some(part) => Finding::GivenPart { part, record },
        None => Finding::Given {
            code: code.given().to_owned(),
            letters: given_letters(&record).unwrap_or_default(),
            record,
        },
    }));
}

/// The first words, or one word, of a name of more words that make these letters.
fn part(name: &str, of_code: &str, letters: fn(&str) -> Option<String>) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let starts = (1..words.len()).map(|count| words[..count].join(" "));
    let single = words.iter().map(|word| (*word).to_owned()).filter(|_| words.len() > 1);
    starts
        .chain(single)
        .find(|part| letters(part).as_deref() == Some(of_code))
}

fn place(code: &CodiceFiscale, record: &Record<'_>, birth: Option<Date>, findings: &mut Vec<Finding>) {
    let belfiore = code.place();
    let of_code = match birth {
        Some(day) => places().at(&belfiore, day),
        None => places().latest(&belfiore),
    };
    match (of_code, birth) {
        (None, _) => findings.push(Finding::NoSuchPlace { code: belfiore.clone() }),
        (Some(place), Some(birth)) if !place.in_force(birth) => findings.push(Finding::PlaceNotThen {
            code: belfiore.clone(),
            name: place.label(),
            birth,
        }),
        _ => {}
    }
    let Some(text) = record.place.filter(|text| !text.trim().is_empty()) else {
        return;
    };
    let other = |place: &Place| Finding::Place {
        code: belfiore.clone(),
        code_name: of_code.map(Place::label).unwrap_or_default(),
        record: place.label(),
        record_code: place.code.to_owned(),
    };
    match places().find(text, birth) {
        Ok(found) if found.place.code == belfiore => {}
        // of places of the same name the code says which
        Err(PlaceError::Ambiguous { candidates, .. }) if candidates.iter().any(|place| place.code == belfiore) => {}
        Ok(found) if !same_name(found.place, &belfiore) => findings.push(other(found.place)),
        Ok(_) => {}
        Err(error) => findings.push(Finding::RecordPlace(error)),
    }
}

/// Whether the code ever belonged to a place of the same name and province: municipalities were suppressed and made again
/// under another code, states changed theirs.
fn same_name(place: &Place, belfiore: &str) -> bool {
    let alike = |other: &Place| crate::fold(other.name) == crate::fold(place.name) && other.province == place.province;
    places().of_code(belfiore).iter().any(alike)
}
