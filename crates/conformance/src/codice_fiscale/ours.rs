//! What we say, in the shapes of the two packages whose tests are read.

use codicefiscale::places::{Place, places};
use codicefiscale::{CodiceFiscale, Sex, given_letters, names, reading, surname_letters};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

/// The day on which codes are decoded: it decides the century.
pub fn today() -> Date {
    date(2026, 1, 1)
}

fn sex(text: &str) -> Result<Sex, String> {
    match text.to_ascii_uppercase().as_str() {
        "M" => Ok(Sex::Male),
        "F" => Ok(Sex::Female),
        other => Err(format!("no sex '{other}'")),
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}

/// A date as text, or as `datetime(y, m, d)`.
pub fn day(value: &Value) -> Result<Date, String> {
    if value["call"] == "datetime" {
        let part = |at: usize| value["args"][at].as_i64().unwrap_or_default();
        let parts = (i16::try_from(part(0)), i8::try_from(part(1)), i8::try_from(part(2)));
        let (Ok(year), Ok(month), Ok(day)) = parts else {
            return Err(format!("{value} is no date"));
        };
        return Date::new(year, month, day).map_err(|error| error.to_string());
    }
    let text = text(value)?;
    let text = text.strip_suffix("T00:00:00").unwrap_or(text);
    reading::date(text).ok_or_else(|| format!("'{text}' is no date"))
}

/// Form, check character, date and a place that existed.
pub fn is_valid(code: &Value) -> bool {
    let read = code.as_str().and_then(|code| CodiceFiscale::read(code).ok());
    read.is_some_and(|code| !places().of_code(&code.place()).is_empty())
}

/// The code of surname, given name, sex, birth and place.
pub fn encode(surname: &Value, given: &Value, of: &Value, birth: &Value, place: &Value) -> Result<String, String> {
    let birth = day(birth)?;
    let place = places()
        .find(text(place)?, Some(birth))
        .map_err(|error| error.to_string())?;
    CodiceFiscale::compute(text(surname)?, text(given)?, birth, sex(text(of)?)?, place.place.code)
        .map(|code| code.to_string())
        .map_err(|error| error.to_string())
}

/// The five characters of birth and sex.
pub fn birth_part(birth: &Value, of: &Value) -> Result<String, String> {
    let code =
        CodiceFiscale::compute("A", "A", day(birth)?, sex(text(of)?)?, "A001").map_err(|error| error.to_string())?;
    Ok(code.as_str()[6..11].to_owned())
}

/// The Belfiore code of a place.
pub fn place_code(place: &Value, birth: Option<&Value>) -> Result<String, String> {
    let birth = birth.map(day).transpose()?;
    let found = places().find(text(place)?, birth).map_err(|error| error.to_string())?;
    Ok(found.place.code.to_owned())
}

/// The check character of fifteen characters.
pub fn check_character(fifteen: &Value) -> Result<String, String> {
    let fifteen = text(fifteen)?;
    (b'A'..=b'Z')
        .map(|last| format!("{fifteen}{}", char::from(last)))
        .find(|code| CodiceFiscale::parse(code).is_ok())
        .map(|code| code[15..].to_owned())
        .ok_or_else(|| format!("'{fifteen}' is no beginning of a code"))
}

/// The letters of a surname or of a given name.
pub fn letters(name: &Value, given: bool) -> Result<String, String> {
    let of = if given { given_letters } else { surname_letters };
    of(text(name)?).ok_or_else(|| "no letters".into())
}

/// A code taken apart, as python-codicefiscale does.
pub fn decode(code: &Value) -> Result<Value, String> {
    let code = CodiceFiscale::read(text(code)?).map_err(|error| error.to_string())?;
    let birth = code.birth_date(today()).ok_or("born in no year")?;
    let place = places().at(&code.place(), birth).ok_or("no such place")?;
    let sex = code.sex();
    let names = names::of_letters(code.given(), Some(sex));
    let last = place.to.map(|to| format!("{to}T00:00:00")).unwrap_or_default();
    let raw = code.as_str();
    Ok(json!({
        "code": raw, "gender": letter(sex), "birthdate": birth.to_string(),
        "birthplace": {
            "active": place.to.is_none(), "code": place.code, "name": place.name, "province": place.province,
            "date_created": format!("{}T00:00:00", place.from), "date_deleted": last,
        },
        "omocodes": code.forms().iter().map(CodiceFiscale::as_str).collect::<Vec<_>>(),
        "firstname_options": if place.is_abroad() { vec![] } else { names },
        "raw": {
            "code": raw, "lastname": &raw[..3], "firstname": &raw[3..6], "birthdate": &raw[6..11],
            "birthdate_year": &raw[6..8], "birthdate_month": &raw[8..9], "birthdate_day": &raw[9..11],
            "birthplace": &raw[11..15], "cin": &raw[15..],
        },
    }))
}

/// A code taken apart, as codice-fiscale-js does: the place as it is called today.
pub fn inverse(code: &Value) -> Result<Value, String> {
    let code = CodiceFiscale::parse(text(code)?).map_err(|error| error.to_string())?;
    let birth = code.birth_date(today()).ok_or("born in no year")?;
    let place = places().latest(&code.place()).ok_or("no such place")?;
    Ok(json!({
        "name": code.given(), "surname": code.surname(), "gender": letter(code.sex()),
        "day": birth.day(), "month": birth.month(), "year": birth.year(), "birthday": birth.to_string(),
        "birthplace": place.name.to_uppercase(), "birthplaceProvincia": place.province,
        "cf": code.as_str(), "code": code.as_str(), "checkCode": &code.as_str()[15..],
        "surnameCode": code.surname(), "nameCode": code.given(),
    }))
}

/// A place as codice-fiscale-js tells it.
pub fn comune(place: &Place) -> Value {
    json!({"nome": place.name.to_uppercase(), "cc": place.code, "prov": place.province})
}

fn letter(sex: Sex) -> &'static str {
    if sex == Sex::Female { "F" } else { "M" }
}
