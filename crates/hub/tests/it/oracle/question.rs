//! Random searches.

use super::dice::Dice;
use super::world::*;
use std::fmt::{Display, Formatter, Result};

/// A search: its parameters as they stand in the URL, before encoding.
pub struct Question {
    pub rtype: &'static str,
    pub pairs: Vec<(String, String)>,
    pub sort: Vec<&'static str>,
    pub count: usize,
}

impl Question {
    pub fn new(dice: &mut Dice) -> Self {
        let rtype = dice.pick(&[
            "Patient",
            "Patient",
            "Observation",
            "Observation",
            "Observation",
            "Location",
        ]);
        let pairs = (0..1 + dice.roll(2)).map(|_| pair(dice, rtype, 2)).collect();
        let keys: &[&str] = match rtype {
            "Patient" => &["family", "-family", "birthdate", "-birthdate", "_id", "-_id"],
            "Observation" => &["date", "-date", "status", "value-quantity", "-value-quantity", "_id"],
            _ => &["name", "-name", "_id"],
        };
        let sort = (0..dice.roll(4)).map(|_| dice.pick(keys)).collect();
        Self {
            rtype,
            pairs,
            sort,
            count: dice.pick(&[2, 5, 100, 100]),
        }
    }

    /// The path and query, encoded.
    pub fn url(&self) -> String {
        let mut pairs = self.pairs.clone();
        pairs.push(("_count".into(), self.count.to_string()));
        if !self.sort.is_empty() {
            pairs.push(("_sort".into(), self.sort.join(",")));
        }
        format!("/{}?{}", self.rtype, hub::parse::pairs::encode(&pairs))
    }
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "{}?{:?} sort {:?} count {}",
            self.rtype, self.pairs, self.sort, self.count
        )
    }
}

/// Several values now and then.
fn list(dice: &mut Dice, mut one: impl FnMut(&mut Dice) -> String) -> String {
    let mut values = vec![one(dice)];
    while dice.once_in(4) {
        values.push(one(dice));
    }
    values.join(",")
}

fn token(dice: &mut Dice) -> String {
    let (system, code) = (dice.pick(SYSTEMS), dice.pick(CODES));
    match dice.roll(6) {
        0 => format!("{system}|"),
        1 => format!("|{code}"),
        2 | 3 => code.to_owned(),
        _ => format!("{system}|{code}"),
    }
}

fn prefixed(dice: &mut Dice, prefixes: &[&str], value: &str) -> String {
    if dice.once_in(3) {
        return value.to_owned();
    }
    format!("{}{value}", dice.pick(prefixes))
}

fn date(dice: &mut Dice, from: &[&str]) -> String {
    let value = dice.pick(from);
    prefixed(dice, &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"], value)
}

fn quantity(dice: &mut Dice) -> String {
    let number = dice.pick(NUMBERS);
    let value = prefixed(dice, &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"], number);
    match dice.roll(4) {
        0 => value,
        1 => format!("{value}||{}", dice.pick(UNITS)),
        _ => format!("{value}|{UCUM}|{}", dice.pick(UNITS)),
    }
}

fn words(dice: &mut Dice) -> String {
    let word = |dice: &mut Dice| dice.pick(&["testa", "FEBBRE", "pres", "rossi", "di testa", "anna", "elia", "nulla"]);
    let first = word(dice);
    match dice.roll(4) {
        0 => format!("{first} OR {}", word(dice)),
        1 => format!("{first} AND {}", word(dice)),
        2 => format!("NOT \"{first}\""),
        _ => format!("\"{first}\""),
    }
}

/// A parameter name and value on a type; chains go `depth` steps further at most.
fn pair(dice: &mut Dice, rtype: &str, depth: usize) -> (String, String) {
    match rtype {
        "Patient" => patient(dice, depth),
        "Observation" => observation(dice, depth),
        "Location" => location(dice),
        _ => ("name".into(), name(dice)),
    }
}

fn name(dice: &mut Dice) -> String {
    list(dice, |dice| {
        dice.pick(&["ross", "rossi", "d'amico", "DE", "elia", "luca", "x"])
            .to_owned()
    })
}

fn missing(dice: &mut Dice, names: &[&str]) -> (String, String) {
    (
        format!("{}:missing", dice.pick(names)),
        dice.pick(&["true", "false"]).to_owned(),
    )
}

fn patient(dice: &mut Dice, depth: usize) -> (String, String) {
    let named = |name: &str, value: String| (name.to_owned(), value);
    match dice.roll(if depth == 0 { 15 } else { 20 }) {
        0 => named("family", name(dice)),
        1 => named("family:contains", dice.pick(&["mic", "ssi", "amico", "lia"]).to_owned()),
        2 => named("family:exact", list(dice, |dice| dice.pick(FAMILIES).to_owned())),
        3 => named("given", dice.pick(&["anna", "mar", "maria", "anna m"]).to_owned()),
        4 => {
            let values = list(dice, |dice| dice.pick(&["male", "female"]).to_owned());
            named(dice.pick(&["gender", "gender:not"]), values)
        }
        5 => named("birthdate", list(dice, |dice| date(dice, DAYS))),
        6 => {
            let value = dice.pick(VALUES);
            let system = dice.pick(&["", "|", "http://loinc.org|"]);
            named("identifier", format!("{system}{value}"))
        }
        7 => named(
            "identifier:of-type",
            format!("http://t|{}|{}", dice.pick(TYPES), dice.pick(VALUES)),
        ),
        8 => named("identifier:text", dice.pick(&["testa", "feb", "zz"]).to_owned()),
        9 => missing(dice, &["family", "identifier", "organization", "_tag", "birthdate"]),
        10 => named(
            "_tag",
            dice.pick(&["t1", "http://tags|t2", "http://other|t1"]).to_owned(),
        ),
        11 => named(dice.pick(&["_text", "_content"]), words(dice)),
        12 => named("_list", dice.pick(&["l0", "l1", "List/l0", "l0,l1"]).to_owned()),
        13 => match dice.roll(4) {
            0 => named("_source", format!("http://source/{}", dice.roll(2))),
            1 => named("_profile", format!("http://profile/{}", dice.roll(2))),
            2 => named("organization:text", dice.pick(&["testa", "alta"]).to_owned()),
            _ => named(
                "organization:identifier",
                dice.pick(&["12", "http://loinc.org|A"]).to_owned(),
            ),
        },
        14 => named(
            "organization",
            dice.pick(&["org0", "Organization/org1", "org1,org2"]).to_owned(),
        ),
        15 => (
            format!("organization{}.name", dice.pick(&["", ":Organization"])),
            name(dice),
        ),
        16 => (
            format!("_has:List:{}:_id", dice.pick(&["item", "item"])),
            "l0".to_owned(),
        ),
        _ => {
            let (name, value) = pair(dice, "Observation", depth - 1);
            (
                format!("_has:Observation:{}:{name}", dice.pick(&["patient", "subject"])),
                value,
            )
        }
    }
}

fn observation(dice: &mut Dice, depth: usize) -> (String, String) {
    let named = |name: &str, value: String| (name.to_owned(), value);
    let composite = |dice: &mut Dice, second: fn(&mut Dice) -> String| {
        list(dice, |dice| format!("{}${}", token(dice), second(dice)))
    };
    match dice.roll(if depth == 0 { 14 } else { 18 }) {
        0 => named("code", list(dice, token)),
        1 => named("code:not", list(dice, token)),
        2 => named(
            dice.pick(&["code:text", "combo-code:text"]),
            dice.pick(&["testa", "alta", "feb", "mal di", "di te"]).to_owned(),
        ),
        3 | 4 => named("value-quantity", list(dice, quantity)),
        5 => named("combo-value-quantity", list(dice, quantity)),
        6 => named("code-value-quantity", composite(dice, quantity)),
        7 => named("combo-code-value-quantity", composite(dice, quantity)),
        8 => named("component-code-value-quantity", composite(dice, quantity)),
        9 => named(
            dice.pick(&["code-value-concept", "combo-code-value-concept"]),
            composite(dice, token),
        ),
        10 => named("date", list(dice, |dice| date(dice, DATES))),
        11 => named("value-concept", list(dice, token)),
        12 => missing(
            dice,
            &[
                "code",
                "value-quantity",
                "subject",
                "date",
                "code-value-quantity",
                "combo-code",
            ],
        ),
        13 => {
            let id = format!("p{}", dice.roll(10));
            let value = dice.pick(&["{}", "Patient/{}"]).replace("{}", &id);
            named(dice.pick(&["patient", "subject", "subject:Patient"]), value)
        }
        _ => {
            let (name, value) = pair(dice, "Patient", depth - 1);
            (format!("{}.{name}", dice.pick(&["patient", "subject:Patient"])), value)
        }
    }
}

fn location(dice: &mut Dice) -> (String, String) {
    if dice.once_in(5) {
        return missing(dice, &["near", "name"]);
    }
    if dice.once_in(3) {
        return ("name".into(), name(dice));
    }
    let near = list(dice, |dice| {
        let (latitude, longitude) = dice.pick(PLACES);
        let distance = dice.pick(&["1|km", "2000|m", "200", "20000", "", "120|[mi_i]"]);
        format!("{latitude}|{longitude}|{distance}")
    });
    ("near".into(), near)
}
