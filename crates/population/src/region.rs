//! The people of a region, one after the other.

use crate::family::{Member, Part, Rest};
use crate::names::{self, Abroad};
use crate::table::{Municipality, PopulationError, read};
use crate::{Doctor, Person, birth};
use codicefiscale::{CodiceFiscale, Sex};
use jiff::civil::Date;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Patients of a general practitioner, on average. The ceiling is 1,500 (accordo collettivo nazionale).
const PER_DOCTOR: u64 = 1_250;
/// Patients of a paediatrician, on average. The ceiling is 800.
const PER_PAEDIATRICIAN: u64 = 650;
/// Youngest patients of a general practitioner here.
const ADULT: usize = 14;

/// A region to be peopled.
#[derive(Debug)]
pub struct Region {
    municipalities: Vec<Municipality>,
    scale: f64,
    seed: u64,
}

impl Region {
    /// Region code (ISTAT, `15` for Campania); how many times as many people as there are; what all chance follows from.
    ///
    /// # Errors
    /// There is no table of the region; a scale that is not above 0 and up to 10.
    pub fn new(region: &str, scale: f64, seed: u64) -> Result<Self, PopulationError> {
        if !(scale > 0.0 && scale <= 10.0) {
            return Err(PopulationError::Scale(scale));
        }
        let municipalities = read(region)?;
        Ok(Self {
            municipalities,
            scale,
            seed,
        })
    }

    /// The municipalities, by their code.
    pub fn municipalities(&self) -> &[Municipality] {
        &self.municipalities
    }

    /// About how many people it will have; exact at scale 1.
    pub fn size(&self) -> u64 {
        let all: u64 = self.municipalities.iter().map(Municipality::residents).sum();
        (all as f64 * self.scale).round() as u64
    }

    /// General practitioners and paediatricians of every municipality.
    pub fn doctors(&self) -> impl Iterator<Item = Doctor> {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x6d6d_675f_706c_7300);
        self.municipalities.iter().flat_map(move |municipality| {
            let (adults, children) = self.places(municipality);
            let grown = (0..adults).map(|n| (false, n));
            let young = (0..children).map(|n| (true, n));
            let list: Vec<Doctor> = grown
                .chain(young)
                .map(|(children, n)| doctor(municipality, children, n, &mut rng))
                .collect();
            list
        })
    }

    /// Everybody.
    pub fn residents(&self) -> Residents<'_> {
        Residents {
            region: self,
            rng: StdRng::seed_from_u64(self.seed),
            next: 0,
            rest: None,
            ready: VecDeque::new(),
            taken: HashSet::new(),
            people: 0,
            families: 0,
        }
    }

    /// Doctors of a municipality: for adults, for children.
    fn places(&self, municipality: &Municipality) -> (u64, u64) {
        let scaled = |count: u64| (count as f64 * self.scale).ceil() as u64;
        let children = municipality.children();
        let adults = municipality.residents() - children;
        (
            scaled(adults).div_ceil(PER_DOCTOR).max(1),
            scaled(children).div_ceil(PER_PAEDIATRICIAN).max(1),
        )
    }
}

fn doctor_id(children: bool, belfiore: &str, n: u64) -> String {
    let kind = if children { "pls" } else { "mmg" };
    format!("{kind}-{}-{}", belfiore.to_ascii_lowercase(), n + 1)
}

fn doctor(municipality: &Municipality, children: bool, n: u64, rng: &mut StdRng) -> Doctor {
    let sex = if rng.random() { Sex::Female } else { Sex::Male };
    let year = rng.random_range(1955..1990);
    Doctor {
        id: doctor_id(children, &municipality.belfiore, n),
        surname: names::surname(rng).to_owned(),
        given: names::given(sex, year, rng),
        sex,
        children,
    }
}

/// Goes through the people of a [`Region`].
#[derive(Debug)]
pub struct Residents<'a> {
    region: &'a Region,
    rng: StdRng,
    /// The municipality that comes next.
    next: usize,
    rest: Option<(Town<'a>, Rest)>,
    ready: VecDeque<Person>,
    /// Codici fiscali given out, as hashes: two different ones with one hash only cost an omocodia.
    taken: HashSet<u64>,
    people: u64,
    families: u64,
}

/// A municipality with the number of its doctors: for adults, for children.
#[derive(Debug, Clone, Copy)]
struct Town<'a> {
    municipality: &'a Municipality,
    doctors: (u64, u64),
}

/// What members of a family have in common.
struct Home {
    surname: String,
    abroad: Option<&'static Abroad>,
    street: String,
    family: u64,
}

impl Iterator for Residents<'_> {
    type Item = Person;

    fn next(&mut self) -> Option<Person> {
        loop {
            if let Some(person) = self.ready.pop_front() {
                return Some(person);
            }
            let Some((town, rest)) = &mut self.rest else {
                let municipality = self.region.municipalities.get(self.next)?;
                self.next += 1;
                let doctors = self.region.places(municipality);
                let rest = Rest::of(municipality, self.region.scale, &mut self.rng);
                self.rest = Some((Town { municipality, doctors }, rest));
                continue;
            };
            let town = *town;
            match rest.family(&mut self.rng) {
                Some(members) => self.people_of(town, &members),
                None => self.rest = None,
            }
        }
    }
}

impl Residents<'_> {
    fn people_of(&mut self, town: Town<'_>, members: &[Member]) {
        self.families += 1;
        let abroad = names::abroad(&mut self.rng);
        let home = Home {
            surname: self.surname(abroad),
            abroad,
            street: names::street(&mut self.rng),
            family: self.families,
        };
        // Children have the father's surname, or that of the mother who is alone.
        let father = members.iter().find(|m| m.part == Part::Head && m.sex == Sex::Male);
        for (n, member) in members.iter().enumerate() {
            let own = member.part == Part::Head && (father.is_some_and(|f| f != member) || (father.is_none() && n > 0));
            let surname = if own {
                self.surname(abroad)
            } else {
                home.surname.clone()
            };
            let person = self.person(town, member, surname, &home);
            self.ready.push_back(person);
        }
    }

    fn surname(&mut self, abroad: Option<&Abroad>) -> String {
        let surname = match abroad {
            Some(abroad) => abroad.surname(&mut self.rng),
            None => names::surname(&mut self.rng),
        };
        surname.to_owned()
    }

    fn person(&mut self, town: Town<'_>, member: &Member, surname: String, home: &Home) -> Person {
        let Town { municipality, doctors } = town;
        let rng = &mut self.rng;
        let birth = birth::day(member.age, rng);
        let given = match home.abroad {
            Some(abroad) => abroad.given(member.sex, rng).to_owned(),
            None => names::given(member.sex, birth.year(), rng),
        };
        // Most children of people from abroad were born here.
        let born_abroad = home
            .abroad
            .filter(|_| member.part == Part::Head || rng.random_ratio(3, 10));
        let birthplace = match born_abroad {
            Some(abroad) => abroad.state.to_owned(),
            None => birth::place(municipality, &self.region.municipalities, birth, rng),
        };
        let codice_fiscale = self.codice_fiscale(&surname, &given, birth, member.sex, &birthplace);
        self.people += 1;
        let children = member.age < ADULT;
        let of = if children { doctors.1 } else { doctors.0 };
        Person {
            id: format!("abitante-{:07}", self.people),
            family: home.family,
            surname,
            given,
            sex: member.sex,
            birth,
            birthplace,
            citizen_of: home.abroad.map(|abroad| abroad.state),
            codice_fiscale,
            street: home.street.clone(),
            municipality: municipality.name.clone(),
            province: municipality.province.clone(),
            municipality_code: municipality.code.clone(),
            // In turn by family: a family has one doctor, and doctors as many as each other.
            doctor: doctor_id(children, &municipality.belfiore, home.family % of),
        }
    }

    /// The code, or the next form of it that nobody has.
    fn codice_fiscale(&mut self, surname: &str, given: &str, birth: Date, sex: Sex, place: &str) -> CodiceFiscale {
        let code = CodiceFiscale::compute(surname, given, birth, sex, place).expect("names of the tables have letters");
        if self.taken.insert(hash(&code)) {
            return code;
        }
        let free = code.forms().into_iter().find(|form| self.taken.insert(hash(form)));
        free.unwrap_or(code)
    }
}

fn hash(code: &CodiceFiscale) -> u64 {
    let mut hasher = DefaultHasher::new();
    code.as_str().hash(&mut hasher);
    hasher.finish()
}
