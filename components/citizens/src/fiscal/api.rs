//! `/citizens/codice-fiscale/…`: JSON. The data go in the body, so that no code stands in an address or a log of addresses.

use super::told_by;
use crate::App;
use axum::Json;
use axum::extract::State;
use codicefiscale::places::places;
use codicefiscale::{Arguments, CodiceFiscale, Identifier, Record, Sex, compare, reading};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::{Failure, Lang};

/// A code.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Code {
    /// Codice fiscale; spaces, hyphens and lower case are accepted.
    code: String,
}

/// What is known of a person.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Surname of birth.
    #[serde(default)]
    pub surname: Option<String>,
    /// Given names.
    #[serde(default)]
    pub given: Option<String>,
    /// `M` or `F`.
    #[serde(default)]
    pub sex: Option<String>,
    /// Date of birth, `YYYY-MM-DD` or `DD/MM/YYYY`.
    #[serde(default)]
    pub birth: Option<String>,
    /// Place of birth: name, with or without province, or Belfiore code.
    #[serde(default)]
    pub place: Option<String>,
}

/// A code to check against a person's data; what is not given is not compared.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Check {
    /// Codice fiscale, provisional number, STP or ENI.
    code: String,
    /// The person.
    #[serde(default)]
    person: Data,
}

/// What a check found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The code as it is written: upper case, without separators.
    code: String,
    /// `codice-fiscale`, `provisional`, `stp`, `eni`; none for a text that is no code.
    kind: Option<String>,
    /// Whether form, date and check character are right and nothing contradicts the person's data.
    fits: bool,
    /// Each thing that is wrong or worth a look.
    findings: Vec<Told>,
}

/// Something that is wrong or worth a look.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Told {
    /// `code`, `surname`, `given`, `birth`, `sex` or `place`.
    field: String,
    /// Kind, stable.
    kind: String,
    /// Whether it makes the code wrong for this person; else it is worth a look.
    contradicts: bool,
    /// In Italian.
    it: String,
    /// In English.
    en: String,
}

/// A code that was computed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Computed {
    /// Codice fiscale, without omocodia: the one issued may be another form of it.
    code: String,
    /// Place of birth on the day of birth.
    place: String,
}

/// What a code says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Decoded {
    /// The code.
    code: String,
    /// The code without omocodia.
    base: String,
    /// Whether it has letters in the place of digits.
    omocode: bool,
    /// Letters of the surname.
    surname: String,
    /// Letters of the given name.
    given: String,
    /// `M` or `F`.
    sex: String,
    /// Date of birth; the century is the likeliest.
    birth_date: Option<String>,
    /// Belfiore code of the place of birth.
    place_code: String,
    /// Its name on the day of birth.
    place: Option<String>,
    /// Whether born abroad.
    abroad: bool,
}

/// The forms of a code.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Forms {
    /// 128 codes, the one without omocodia first.
    forms: Vec<String>,
}

impl Data {
    /// What is compared.
    ///
    /// # Errors
    /// A date or a sex that cannot be read.
    pub(crate) fn record(&self) -> Result<Record<'_>, String> {
        let given = |text: &Option<String>| text.as_deref().map(str::trim).is_some_and(|text| !text.is_empty());
        let birth = match self.birth.as_deref().filter(|_| given(&self.birth)) {
            Some(text) => Some(reading::date(text).ok_or_else(|| {
                format!("the date of birth '{text}' cannot be read: write it as 1946-03-12 or 12/03/1946")
            })?),
            None => None,
        };
        let sex = match self.sex.as_deref().map(str::trim) {
            None | Some("") => None,
            Some("M" | "m") => Some(Sex::Male),
            Some("F" | "f") => Some(Sex::Female),
            Some(other) => return Err(format!("the sex '{other}' is not M or F")),
        };
        Ok(Record {
            surname: self.surname.as_deref().filter(|_| given(&self.surname)),
            given: self.given.as_deref().filter(|_| given(&self.given)),
            sex,
            birth,
            place: self.place.as_deref().filter(|_| given(&self.place)),
        })
    }
}

fn today(app: &App) -> Date {
    web::local_date(app.context.clock.now())
}

fn one(field: &str, contradicts: bool, key: &str, arguments: &Arguments, en: String) -> Told {
    Told {
        field: field.to_owned(),
        kind: key.to_owned(),
        contradicts,
        it: told_by(&crate::texts(Lang::It), key, arguments),
        en,
    }
}

/// Checks a code, and compares it with a person's data.
pub(crate) async fn check(State(app): State<App>, Json(ask): Json<Check>) -> Result<Json<Checked>, Failure> {
    let record = ask.person.record().map_err(Failure::Unprocessable)?;
    let identifier = match Identifier::read(&ask.code) {
        Ok(identifier) => identifier,
        Err(error) => {
            return Ok(Json(Checked {
                code: ask.code.trim().to_uppercase(),
                kind: None,
                fits: false,
                findings: vec![one("code", true, error.key(), &error.arguments(), error.to_string())],
            }));
        }
    };
    let mut findings = vec![];
    if let Identifier::Fiscal(code) = &identifier {
        let found = compare(code, &record, today(&app));
        findings.extend(found.iter().map(|finding| {
            let field = format!("{:?}", finding.field()).to_lowercase();
            one(
                &field,
                finding.contradicts(),
                finding.key(),
                &finding.arguments(),
                finding.to_string(),
            )
        }));
    }
    Ok(Json(Checked {
        code: identifier.as_str().to_owned(),
        kind: Some(identifier.kind().to_owned()),
        fits: !findings.iter().any(|finding| finding.contradicts),
        findings,
    }))
}

/// Computes a code.
pub(crate) async fn compute(Json(data): Json<Data>) -> Result<Json<Computed>, Failure> {
    let record = data.record().map_err(Failure::Unprocessable)?;
    let missing = |what: &str| {
        Failure::Unprocessable(format!(
            "a codice fiscale is made of surname, given, sex, birth and place: {what} is missing"
        ))
    };
    let birth = record.birth.ok_or_else(|| missing("birth"))?;
    let sex = record.sex.ok_or_else(|| missing("sex"))?;
    let place = record.place.ok_or_else(|| missing("place"))?;
    let found = places()
        .find(place, Some(birth))
        .map_err(|error| Failure::Unprocessable(error.to_string()))?;
    let (surname, given) = (record.surname.unwrap_or_default(), record.given.unwrap_or_default());
    let code = CodiceFiscale::compute(surname, given, birth, sex, found.place.code);
    let code = code.map_err(|error| Failure::Unprocessable(error.to_string()))?;
    Ok(Json(Computed {
        code: code.as_str().to_owned(),
        place: found.place.label(),
    }))
}

fn read(ask: &Code) -> Result<CodiceFiscale, Failure> {
    CodiceFiscale::read(&ask.code).map_err(|error| Failure::Unprocessable(error.to_string()))
}

/// Decodes a code.
pub(crate) async fn decode(State(app): State<App>, Json(ask): Json<Code>) -> Result<Json<Decoded>, Failure> {
    let code = read(&ask)?;
    let born = code.birth_date(today(&app));
    let place = code.place();
    let known = born
        .and_then(|born| places().at(&place, born))
        .or_else(|| places().latest(&place));
    Ok(Json(Decoded {
        base: code.base().as_str().to_owned(),
        omocode: code.is_omocode(),
        surname: code.surname().to_owned(),
        given: code.given().to_owned(),
        sex: if code.sex() == Sex::Female { "F" } else { "M" }.to_owned(),
        birth_date: born.map(|born| born.to_string()),
        place: known.map(|place| place.label()),
        abroad: known.is_some_and(|place| place.is_abroad()),
        place_code: place,
        code: code.as_str().to_owned(),
    }))
}

/// The forms of a code.
pub(crate) async fn forms(Json(ask): Json<Code>) -> Result<Json<Forms>, Failure> {
    let forms = read(&ask)?.forms();
    Ok(Json(Forms {
        forms: forms.iter().map(|form| form.as_str().to_owned()).collect(),
    }))
}
