//! Made-up persons in families, a part of them written down again with the mistakes of desks: the same for the same number.

use codicefiscale::places::{Place, places};
use codicefiscale::{CodiceFiscale, Sex, names};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Values of a record in the order of `linkage::persons`.
pub type Record = [String; 10];

const SURNAMES: &[&str] = &[
    "Esposito",
    "Russo",
    "De Luca",
    "Romano",
    "Coppola",
    "D'Angelo",
    "Ferrara",
    "Marino",
    "Greco",
    "Iovine",
    "Di Maio",
    "La Rosa",
    "Bianco",
    "Rossi",
    "Ricci",
    "Conte",
    "Gallo",
    "Della Corte",
    "Palumbo",
    "De Rosa",
    "Sorrentino",
    "Amato",
    "Caputo",
    "Ruggiero",
    "D'Amico",
    "Napolitano",
    "Giordano",
    "Rizzo",
    "Lombardi",
    "Moretti",
    "Santoro",
    "Vitale",
    "Pellegrino",
    "Fontana",
    "Testa",
    "Grasso",
    "Ferri",
    "Villani",
    "Cozzolino",
    "Scognamiglio",
];
const SYLLABLES: &[&str] = &[
    "ba", "ber", "bo", "ca", "cel", "chi", "co", "cu", "da", "del", "do", "fa", "fer", "fi", "ga", "ghe", "gi", "gra",
    "la", "len", "li", "lo", "ma", "mar", "mi", "mo", "na", "ni", "no", "pa", "per", "pi", "po", "ra", "ri", "ro",
    "sa", "sca", "se", "so", "ta", "te", "ti", "to", "tra", "va", "ve", "vi", "za", "zo",
];
const ENDINGS: &[&str] = &["ni", "lli", "no", "ro", "tti", "sso", "ne", "ra", "zzo", "ti"];
const STREETS: &[&str] = &[
    "Via Roma",
    "Via Garibaldi",
    "Corso Umberto I",
    "Via Dante",
    "Piazza Mazzini",
    "Via Napoli",
    "Via Verdi",
];

/// A generator of numbers (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// Whether something of so many in a thousand happens.
    pub fn chance(&mut self, per_thousand: usize) -> bool {
        self.below(1_000) < per_thousand
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Like [`Dice::of`], the first more often than the last.
    fn often<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len()).min(self.below(all.len()));
        &all[at]
    }
}

/// Makes persons family by family.
pub struct People {
    dice: Dice,
    towns: Vec<&'static Place>,
    names: [Vec<&'static str>; 2],
    made: u64,
    family: Option<(String, Record, usize)>,
}

impl People {
    /// From a number.
    pub fn new(seed: u64) -> People {
        let alive = places()
            .rows()
            .iter()
            .filter(|place| place.to.is_none() && !place.is_abroad());
        let of = |sex| {
            names::all()
                .filter(move |(own, _)| *own == sex)
                .map(|(_, name)| name)
                .collect()
        };
        People {
            dice: Dice(seed),
            towns: alive.collect(),
            names: [of(Sex::Male), of(Sex::Female)],
            made: 0,
            family: None,
        }
    }

    /// The next person.
    pub fn person(&mut self) -> Record {
        self.made += 1;
        let (surname, home) = self.home();
        let dice = &mut self.dice;
        let sex = if dice.chance(500) { Sex::Female } else { Sex::Male };
        let list = &self.names[usize::from(sex == Sex::Female)];
        let mut given = (*dice.often(list)).to_owned();
        if dice.chance(150) {
            given = format!("{given} {}", dice.often(list));
        }
        let days = i32::try_from(dice.below(36_000)).expect("a hundred years");
        let birth = date(1926, 1, 1).saturating_add(days.days());
        let place = if dice.chance(600) {
            places().find(&home[6], None).map_or(self.towns[0], |found| found.place)
        } else {
            dice.often(&self.towns)
        };
        let code = CodiceFiscale::compute(&surname, &given, birth, sex, place.code).map(|code| code.to_string());
        let mut record = home;
        record[0] = surname;
        record[1] = given;
        record[2] = if sex == Sex::Female { "F" } else { "M" }.into();
        record[3] = birth.to_string();
        record[4] = place.name.to_owned();
        record[5] = code.unwrap_or_default();
        if self.dice.chance(700) {
            record[9] = format!("3{:09}", self.dice.below(1_000_000_000));
        }
        record
    }

    /// The surname and the address of the family that is being made.
    fn home(&mut self) -> (String, Record) {
        if let Some((surname, home, left)) = &mut self.family
            && *left > 0
        {
            *left -= 1;
            return (surname.clone(), home.clone());
        }
        let dice = &mut self.dice;
        let surname = if dice.chance(250) {
            (*dice.often(SURNAMES)).to_owned()
        } else {
            let name = format!("{}{}{}", dice.of(SYLLABLES), dice.often(SYLLABLES), dice.often(ENDINGS));
            name[..1].to_uppercase() + &name[1..]
        };
        let mut home = Record::default();
        home[6] = dice.often(&self.towns).name.to_owned();
        home[7] = if dice.chance(300) {
            (*dice.of(STREETS)).to_owned()
        } else {
            format!("Via {}{}{}", dice.of(SYLLABLES), dice.of(SYLLABLES), dice.of(ENDINGS))
        };
        home[8] = (dice.below(150) + 1).to_string();
        let members = dice.below(4);
        self.family = Some((surname.clone(), home.clone(), members));
        (surname, home)
    }

    /// The same person written down again, with one to four mistakes or changes.
    pub fn again(&mut self, record: &Record) -> Record {
        let mut record = record.clone();
        for _ in 0..=self.dice.below(4) {
            self.mistake(&mut record);
        }
        record
    }

    fn mistake(&mut self, record: &mut Record) {
        let dice = &mut self.dice;
        match dice.below(14) {
            0 => typo(dice, &mut record[0]),
            1 => typo(dice, &mut record[1]),
            2 => record[1] = record[1].split(' ').next().unwrap_or_default().to_owned(),
            3 => record[0] = format!("{} in {}", record[0], dice.often(SURNAMES)),
            4 => record[0] = record[0].replace([' ', '\''], ""),
            5 => record[3] = changed(&record[3], |date| Date::new(date.year(), date.day(), date.month()).ok()),
            6 => record[3] = changed(&record[3], |date| date.with().day(date.day() % 28 + 1).build().ok()),
            7 => typo(dice, &mut record[5]),
            8 => record[5] = String::new(),
            9 | 10 => {
                record[6] = dice.often(&self.towns).name.to_owned();
                record[7] = format!("Via {}{}", dice.of(SYLLABLES), dice.of(ENDINGS));
                record[8] = (dice.below(150) + 1).to_string();
            }
            11 => record[9] = format!("3{:09}", dice.below(1_000_000_000)),
            12 => record.swap(0, 1),
            _ => typo(dice, &mut record[7]),
        }
    }
}

fn changed(text: &str, change: impl Fn(Date) -> Option<Date>) -> String {
    let date = text.parse().ok().and_then(change);
    date.map_or_else(|| text.to_owned(), |date| date.to_string())
}

/// One letter changed, left out, doubled or exchanged with the next.
fn typo(dice: &mut Dice, text: &mut String) {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 {
        return;
    }
    let at = dice.below(letters.len() - 1);
    match dice.below(4) {
        0 => letters[at] = char::from(b'a' + u8::try_from(dice.below(26)).expect("a letter")),
        1 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => letters.swap(at, at + 1),
    }
    *text = letters.into_iter().collect();
}
