//! What rows of a list say of what a structure has: beds by discipline, hours, services, equipment, accessibility. A structure may
//! have several rows, one for each discipline or service: they are gathered into one.

use crate::change::hours;
use crate::model::{Facility, Hours, WEEK};
use crate::period::Period;
use crate::rules as tables;
use crate::{fold::fold, model::Service};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Most beds of a discipline, and most machines of a kind, that are no slip of the keyboard.
const MOST: u32 = 5_000;
/// Days as offices write them.
const DAYS: [&str; 7] = ["lun", "mar", "mer", "gio", "ven", "sab", "dom"];

/// Beds of a discipline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ward {
    pub discipline: String,
    pub name: String,
    /// `ordinario`, `diurno`.
    pub regime: &'static str,
    pub count: u32,
}

/// A service that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub code: String,
    pub name: String,
    /// Its own hours; empty: nothing is said of them.
    pub hours: Vec<Hours>,
}

/// What rows say of a structure. What is empty is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub beds: Vec<Ward>,
    pub hours: Vec<Hours>,
    pub services: Vec<Offered>,
    /// Names, and how many.
    pub equipment: Vec<(String, u32)>,
    /// Codes of `rules/accessibilita.json`.
    pub access: Vec<String>,
}

/// Field, rule and value of a cell that is wrong.
pub type Refused = (&'static str, &'static str, String);

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['|', ';', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number <= MOST)
}

fn opening(field: &'static str, text: &str) -> Result<Vec<Hours>, Refused> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let lines: Vec<&str> = parts(text).collect();
    hours::read(&lines.join("\n"), Period::default()).map_err(|line| (field, "hours", line))
}

/// A code as the national catalogue forms them: two digits, then parts after points.
fn of_catalogue(code: &str) -> bool {
    let mut parts = code.split('.');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let sound = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    first.len() == 2 && first.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty() && rest.iter().all(sound)
}

impl Facts {
    /// Reads the cells of a row. `of`: the cell of a field.
    pub fn read<'a>(of: &impl Fn(&str) -> &'a str) -> (Self, Vec<Refused>) {
        let (mut facts, mut wrong) = (Self::default(), Vec::new());
        let mut note = |result: Result<(), Refused>| wrong.extend(result.err());
        note(facts.bed(of));
        note(facts.service(of));
        note(facts.machine(of));
        note(opening("orari", of("orari")).map(|hours| facts.hours = hours));
        for text in parts(of("accessibilita")) {
            let known = tables::accessibility().iter();
            let mut named = known.filter(|one| one.code == text || fold(one.of(web::Lang::It)) == fold(text));
            note(match named.next() {
                Some(one) => {
                    facts.access.push(one.code.clone());
                    Ok(())
                }
                None => Err(("accessibilita", "access", text.to_owned())),
            });
        }
        (facts, wrong)
    }

    fn bed<'a>(&mut self, of: &impl Fn(&str) -> &'a str) -> Result<(), Refused> {
        let (discipline, beds) = (of("disciplina"), of("posti_letto"));
        // A number of beds without disciplines is a sum, as our own open data have it: it says nothing of any ward.
        if discipline.is_empty() || beds.is_empty() {
            return Ok(());
        }
        let (code, name) = discipline.split_once([' ', '-']).unwrap_or((discipline, ""));
        let name = name.trim_matches([' ', '-']);
        let code = format!("{code:0>2}");
        if code.len() > 4 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(("disciplina", "discipline", discipline.to_owned()));
        }
        let regime = match fold(of("regime")).as_str() {
            "" | "ordinario" | "ordinari" | "ro" => "ordinario",
            "diurno" | "diurni" | "dh" | "ds" | "day hospital" | "day surgery" => "diurno",
            _ => return Err(("regime", "regime", of("regime").to_owned())),
        };
        let count = number(beds).ok_or_else(|| ("posti_letto", "number", beds.to_owned()))?;
        let given = of("nome_disciplina");
        self.beds.push(Ward {
            discipline: code,
            name: if given.is_empty() { name } else { given }.to_owned(),
            regime,
            count,
        });
        Ok(())
    }

    fn service<'a>(&mut self, of: &impl Fn(&str) -> &'a str) -> Result<(), Refused> {
        let own = opening("orari_servizio", of("orari_servizio"))?;
        for text in parts(of("servizio")) {
            let mut known = tables::services()
                .iter()
                .filter(|one| one.code.eq_ignore_ascii_case(text) || fold(&one.it) == fold(text));
            let (code, name) = match (known.next(), of("nome_servizio")) {
                (Some(known), _) => (known.code.clone(), known.it.clone()),
                (None, name) if of_catalogue(text) && !name.is_empty() => (text.to_owned(), name.to_owned()),
                _ => return Err(("servizio", "service", text.to_owned())),
            };
            let hours = own.clone();
            self.services.push(Offered { code, name, hours });
        }
        Ok(())
    }

    fn machine<'a>(&mut self, of: &impl Fn(&str) -> &'a str) -> Result<(), Refused> {
        let (name, count) = (of("attrezzatura"), of("numero_attrezzature"));
        let counted = match count {
            "" => Some(1),
            text => number(text),
        };
        let counted = counted.ok_or_else(|| ("numero_attrezzature", "number", count.to_owned()))?;
        self.equipment
            .extend(parts(name).map(|name| (name.split_whitespace().collect::<Vec<_>>().join(" "), counted)));
        Ok(())
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another row of the same structure says.
    ///
    /// # Errors
    /// It says otherwise than a row before: nothing is added.
    pub fn join(&mut self, other: &Self) -> Result<(), Refused> {
        let same = |one: &Ward, ward: &Ward| one.discipline == ward.discipline && one.regime == ward.regime;
        for ward in &other.beds {
            if self.beds.iter().any(|one| same(one, ward) && one.count != ward.count) {
                return Err(("posti_letto", "otherwise", told_ward(ward)));
            }
        }
        for (name, count) in &other.equipment {
            let mut known = self.equipment.iter();
            if known.any(|(one, number)| fold(one) == fold(name) && number != count) {
                return Err(("attrezzatura", "otherwise", format!("{name}: {count}")));
            }
        }
        for ward in &other.beds {
            if !self.beds.iter().any(|one| same(one, ward)) {
                let mut ward = ward.clone();
                // Often only the first row has the name of a discipline.
                let named = self.beds.iter().find(|one| one.discipline == ward.discipline);
                if let Some(named) = named.filter(|_| ward.name.is_empty()) {
                    ward.name.clone_from(&named.name);
                }
                self.beds.push(ward);
            }
        }
        for machine in &other.equipment {
            if !self.equipment.iter().any(|(name, _)| fold(name) == fold(&machine.0)) {
                self.equipment.push(machine.clone());
            }
        }
        for service in &other.services {
            match self.services.iter_mut().find(|one| one.code == service.code) {
                Some(known) => add(&mut known.hours, &service.hours),
                None => self.services.push(service.clone()),
            }
        }
        add(&mut self.hours, &other.hours);
        add(&mut self.access, &other.access);
        Ok(())
    }

    /// What they say otherwise than the registry on a day: field, the registry's words, the list's.
    pub fn differences(&self, one: &Facility, today: Date) -> Vec<(&'static str, String, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let now = one.on(today);
        let mut made = Vec::new();
        let mut note = |field, mine: Vec<String>, theirs: Vec<String>| {
            if !theirs.is_empty() {
                made.push((field, mine.join("; "), theirs.join("; ")));
            }
        };
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for ward in &self.beds {
            let known = now.beds.iter().filter(|one| is_ward(one, ward));
            let count: Option<u32> = known.map(|one| one.count).reduce(|a, b| a + b);
            if count.unwrap_or(0) != ward.count {
                mine.extend(count.map(|count| told_ward(&Ward { count, ..ward.clone() })));
                theirs.push(told_ward(ward));
            }
        }
        note("posti_letto", mine, theirs);
        if !self.hours.is_empty() && set(&self.hours) != set(&now.hours) {
            note("orari", vec![told(&now.hours)], vec![told(&self.hours)]);
        }
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for service in &self.services {
            let known = now.services.iter().find(|one| one.code == service.code);
            if known.is_none_or(|known| other_hours(service, known)) {
                mine.extend(known.map(|known| told_service(&known.name, &known.code, &known.hours)));
                theirs.push(told_service(&service.name, &service.code, &service.hours));
            }
        }
        note("servizi", mine, theirs);
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for (name, count) in &self.equipment {
            let known = now.equipment.iter().filter(|one| fold(&one.name) == fold(name));
            let there: Option<u32> = known.map(|one| one.count).reduce(|a, b| a + b);
            if there.unwrap_or(0) != *count {
                mine.extend(there.map(|there| format!("{name}: {there}")));
                theirs.push(format!("{name}: {count}"));
            }
        }
        note("attrezzature", mine, theirs);
        let lacks = self.access.iter().filter(|code| !now.accessibility.contains(code));
        let names = |code: &String| {
            let found = tables::accessibility().iter().find(|one| one.code == *code);
            found.map(|one| one.of(web::Lang::It).to_owned())
        };
        note(
            "accessibilita",
            now.accessibility.iter().filter_map(names).collect(),
            lacks.filter_map(names).collect(),
        );
        made
    }
}

fn add<T: Clone + PartialEq>(known: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

fn is_ward(one: &crate::model::Beds, ward: &Ward) -> bool {
    let regime = if one.regime.is_empty() {
        "ordinario"
    } else {
        &one.regime
    };
    one.discipline == ward.discipline && regime == ward.regime
}

/// Whether a service has other hours than a list says.
pub fn other_hours(listed: &Offered, known: &Service) -> bool {
    !listed.hours.is_empty() && set(&listed.hours) != set(&known.hours)
}

/// Hours day by day, so that it does not matter how days are grouped.
fn set(hours: &[Hours]) -> BTreeSet<(&str, bool, &str, &str)> {
    let mut all = BTreeSet::new();
    for one in hours {
        let at = |day| (day, one.all_day, one.from.as_str(), one.to.as_str());
        all.extend(one.days.iter().map(|day| at(day.as_str())));
    }
    all
}

fn told_ward(ward: &Ward) -> String {
    match ward.name.as_str() {
        "" => format!("{} ({}): {}", ward.discipline, ward.regime, ward.count),
        name => format!("{name} ({}, {}): {}", ward.discipline, ward.regime, ward.count),
    }
}

fn told_service(name: &str, code: &str, hours: &[Hours]) -> String {
    match hours {
        [] => format!("{name} ({code})"),
        hours => format!("{name} ({code}), {}", told(hours)),
    }
}

/// Hours as offices write them, and as they are read.
fn told(hours: &[Hours]) -> String {
    let one = |hours: &Hours| {
        let at: Vec<usize> = (0..7)
            .filter(|at| hours.days.iter().any(|day| day == WEEK[*at]))
            .collect();
        let whole = at.len() > 2 && at.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let days = match (at.first(), at.last()) {
            (Some(first), Some(last)) if whole => format!("{}-{}", DAYS[*first], DAYS[*last]),
            _ => at.iter().map(|at| DAYS[*at]).collect::<Vec<_>>().join(", "),
        };
        match hours.all_day {
            true => format!("{days} 24 ore"),
            false => format!("{days} {}-{}", hours.from, hours.to),
        }
    };
    hours.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[(&str, &'static str)]) -> (Facts, Vec<Refused>) {
        Facts::read(&|field: &str| {
            cells
                .iter()
                .find(|(known, _)| *known == field)
                .map_or("", |(_, cell)| cell)
        })
    }

    #[test]
    fn what_rows_say_is_read_and_gathered() {
        let (mut one, wrong) = read(&[
            ("disciplina", "8 - Cardiologia"),
            ("posti_letto", "12"),
            ("orari", "lun-ven 08:00-14:00; sab 08:00-12:00"),
            ("accessibilita", "Ascensore|ingresso-senza-gradini"),
        ]);
        assert!(wrong.is_empty(), "{wrong:?}");
        let (other, wrong) = read(&[
            ("disciplina", "08"),
            ("posti_letto", "2"),
            ("regime", "DH"),
            ("servizio", "89.52|95.99.Z"),
            ("nome_servizio", "Altra prestazione"),
            ("orari_servizio", "mar 09:00-11:00"),
            ("attrezzatura", "TAC"),
        ]);
        assert!(wrong.is_empty(), "{wrong:?}");
        one.join(&other).unwrap();
        one.join(&other).unwrap();
        assert_eq!(
            (
                one.beds.len(),
                one.services.len(),
                one.equipment.len(),
                one.access.len()
            ),
            (2, 2, 1, 2)
        );
        assert_eq!(
            (one.beds[0].discipline.as_str(), one.beds[0].name.as_str()),
            ("08", "Cardiologia")
        );
        assert_eq!(told(&one.hours), "lun-ven 08:00-14:00; sab 08:00-12:00");
        let (more, _) = read(&[("disciplina", "08"), ("posti_letto", "13")]);
        assert_eq!(one.join(&more).unwrap_err().1, "otherwise");
    }

    #[test]
    fn a_sum_of_beds_says_nothing_and_what_is_wrong_is_told() {
        assert_eq!(read(&[("posti_letto", "300")]), (Facts::default(), vec![]));
        for (cells, rule) in [
            (vec![("disciplina", "08"), ("posti_letto", "tanti")], "number"),
            (vec![("disciplina", "cuore"), ("posti_letto", "3")], "discipline"),
            (
                vec![("disciplina", "08"), ("posti_letto", "3"), ("regime", "notturno")],
                "regime",
            ),
            (vec![("servizio", "magia")], "service"),
            (vec![("servizio", "99.99")], "service"),
            (vec![("orari", "quando capita")], "hours"),
            (vec![("accessibilita", "scivolo d'acqua")], "access"),
            (vec![("attrezzatura", "TAC"), ("numero_attrezzature", "-1")], "number"),
        ] {
            let (_, wrong) = read(&cells);
            assert_eq!(wrong.iter().map(|one| one.1).collect::<Vec<_>>(), [rule], "{cells:?}");
        }
    }
}
