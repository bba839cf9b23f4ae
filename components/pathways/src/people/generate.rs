//! People from a seed.

use super::course::{Control, Course, Eye, Foot, Insulin, Therapy};
use super::names::{FAMILY, MEN, STREETS, WOMEN};
use super::places::{self, Comune};
use codicefiscale::CodiceFiscale;
use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// Sex as the codice fiscale knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// One invented person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Patient id, `paz-001`.
    pub id: String,
    /// Family name.
    pub family: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub birth: Date,
    /// Where born.
    pub birth_place: &'static Comune,
    /// Where resident.
    pub residence: &'static Comune,
    /// Street and number.
    pub street: String,
    /// Phone (invented, 081 555…).
    pub phone: String,
    /// Codice fiscale.
    pub codice_fiscale: String,
    /// Height, cm.
    pub height_cm: f64,
    /// Weight today, kg.
    pub weight_kg: f64,
    /// Usual blood pressure, mmHg.
    pub pressure: (u32, u32),
    /// Hypertension.
    pub hypertension: bool,
    /// Raised lipids.
    pub dyslipidaemia: bool,
    /// HbA1c (mmol/mol) of someone without diabetes.
    pub healthy_hba1c: u32,
    /// Diabetes, if any.
    pub diabetes: Option<Course>,
}

impl Person {
    /// `Patient/…`.
    pub fn reference(&self) -> String {
        format!("Patient/{}", self.id)
    }

    /// Given and family name.
    pub fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// Age in whole years.
    pub fn age(&self, at: Date) -> i16 {
        let had_birthday = (at.month(), at.day()) >= (self.birth.month(), self.birth.day());
        at.year() - self.birth.year() - i16::from(!had_birthday)
    }

    /// Body mass index today, kg/m2, one decimal.
    pub fn bmi(&self) -> f64 {
        let metres = self.height_cm / 100.0;
        (self.weight_kg / (metres * metres) * 10.0).round() / 10.0
    }
}

/// `count` people as they are on `today`; the first `diabetic` of them have type 2 diabetes.
pub fn generate(seed: u64, count: usize, diabetic: usize, today: Date) -> Vec<Person> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|n| person(n, n < diabetic, today, &mut rng)).collect()
}

fn person(n: usize, diabetic: bool, today: Date, rng: &mut StdRng) -> Person {
    // The first is the assisted person of the demo accounts: always the same name.
    let sex = if n == 0 || rng.random_bool(0.5) {
        Sex::Female
    } else {
        Sex::Male
    };
    let given = match (n, sex) {
        (0, _) => "Carmela",
        (_, Sex::Female) => WOMEN.choose(rng).expect("names"),
        (_, Sex::Male) => MEN.choose(rng).expect("names"),
    };
    let family = if n == 0 {
        "De Luca"
    } else {
        FAMILY[(n * 5 + rng.random_range(0..5)) % FAMILY.len()]
    };
    let age = if diabetic {
        rng.random_range(44..84)
    } else {
        rng.random_range(24..82)
    };
    let birth = today
        .checked_sub(jiff::Span::new().years(age).days(rng.random_range(1..360)))
        .expect("a date of birth within the calendar");
    let birth_place = places::pick(rng);
    let residence = if rng.random_bool(0.6) {
        birth_place
    } else {
        places::pick(rng)
    };
    let height_cm = f64::from(if sex == Sex::Female {
        rng.random_range(150..172)
    } else {
        rng.random_range(162..186)
    });
    let bmi = if diabetic {
        rng.random_range(25.0..36.0)
    } else {
        rng.random_range(20.0..31.0)
    };
    let metres = height_cm / 100.0;
    Person {
        id: format!("paz-{:03}", n + 1),
        family,
        given,
        sex,
        birth,
        birth_place,
        residence,
        street: format!("{} {}", STREETS.choose(rng).expect("streets"), rng.random_range(1..180)),
        phone: format!("+39 081 555 {:04}", rng.random_range(0..10_000)),
        codice_fiscale: codice_fiscale(family, given, sex, birth, birth_place),
        height_cm,
        weight_kg: (bmi * metres * metres).round(),
        pressure: (rng.random_range(118..152), rng.random_range(68..92)),
        hypertension: rng.random_bool(if diabetic { 0.7 } else { 0.3 }),
        dyslipidaemia: rng.random_bool(if diabetic { 0.6 } else { 0.25 }),
        healthy_hba1c: if rng.random_bool(0.25) {
            rng.random_range(42..47)
        } else {
            rng.random_range(32..41)
        },
        diabetes: diabetic.then(|| course(n, age, today, rng)),
    }
}

fn course(n: usize, age: i16, today: Date, rng: &mut StdRng) -> Course {
    let years = rng.random_range(2..(i32::from(age) - 36).clamp(4, 18));
    let onset = today
        .checked_sub(jiff::Span::new().years(years).days(rng.random_range(0..300)))
        .expect("an onset date");
    let control = match rng.random_range(0..10) {
        0..5 => Control::Good,
        5..8 => Control::Fair,
        _ => Control::Poor,
    };
    let long = years > 8;
    // The person of the demo accounts has an ordinary course.
    let plain = n == 0;
    Course {
        onset,
        start_hba1c: if plain {
            61.0
        } else {
            f64::from(rng.random_range(50..80))
        },
        control: if plain { Control::Good } else { control },
        egfr: if long {
            rng.random_range(38.0..92.0)
        } else {
            rng.random_range(62.0..104.0)
        },
        acr: if rng.random_bool(if long { 0.4 } else { 0.15 }) {
            rng.random_range(34.0..340.0)
        } else {
            rng.random_range(4.0..22.0)
        },
        eye: if plain { Eye::None } else { eye(long, rng) },
        foot: if plain { Foot::Low } else { foot(long, rng) },
        cardiovascular: !plain && rng.random_bool(if long { 0.35 } else { 0.12 }),
        heart_failure: !plain && rng.random_bool(0.07),
        frail: age > 76 && rng.random_bool(0.5),
        hypoglycaemia: false,
        therapy: Therapy {
            insulin: insulin(long && !plain, rng),
            metformin: plain || rng.random_bool(0.8),
            protective: !plain && rng.random_bool(0.2),
            secretagogue: !plain && rng.random_bool(0.15),
        },
    }
}

fn eye(long: bool, rng: &mut StdRng) -> Eye {
    match rng.random_range(0..20) {
        0 if long => Eye::Severe,
        0..6 if long => Eye::Mild,
        0..2 => Eye::Mild,
        _ => Eye::None,
    }
}

fn foot(long: bool, rng: &mut StdRng) -> Foot {
    match rng.random_range(0..20) {
        0 if long => Foot::Ulcer,
        0..3 if long => Foot::High,
        0..5 => Foot::Moderate,
        _ => Foot::Low,
    }
}

fn insulin(long: bool, rng: &mut StdRng) -> Insulin {
    match rng.random_range(0..10) {
        0 if long => Insulin::Multiple,
        0..3 if long => Insulin::Basal,
        _ => Insulin::None,
    }
}

fn codice_fiscale(family: &str, given: &str, sex: Sex, birth: Date, place: &Comune) -> String {
    let sex = match sex {
        Sex::Female => codicefiscale::Sex::Female,
        Sex::Male => codicefiscale::Sex::Male,
    };
    let code = CodiceFiscale::compute(family, given, birth, sex, place.belfiore);
    code.expect("names of letters and a Belfiore code of the table")
        .as_str()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let today = date(2026, 11, 21);
        let once = generate(7, 60, 36, today);
        let twice = generate(7, 60, 36, today);
        assert_eq!(format!("{once:?}"), format!("{twice:?}"));
        assert_ne!(format!("{once:?}"), format!("{:?}", generate(8, 60, 36, today)));
    }

    #[test]
    fn people_are_plausible() {
        let today = date(2026, 11, 21);
        let people = generate(1, 200, 100, today);
        assert_eq!(people.iter().filter(|p| p.diabetes.is_some()).count(), 100);
        assert_eq!(people[0].name(), "Carmela De Luca");
        for p in &people {
            assert!((18..=86).contains(&p.age(today)), "{}: {}", p.id, p.age(today));
            assert!((18.0..40.0).contains(&p.bmi()), "{}: {}", p.id, p.bmi());
            assert_eq!(p.codice_fiscale.len(), 16);
            assert_eq!(&p.codice_fiscale[11..15], p.birth_place.belfiore);
            if let Some(course) = &p.diabetes {
                assert!(course.onset > p.birth && course.onset < today);
            }
        }
    }
}
