//! How people are called, and where they come from.

use codicefiscale::Sex;
use rand::Rng;
use std::sync::LazyLock;

/// Things with a share each.
#[derive(Debug)]
pub(crate) struct Shares<T> {
    things: Vec<T>,
    /// Sums of the shares so far.
    upto: Vec<u32>,
}

impl<T> Shares<T> {
    pub fn of(list: impl IntoIterator<Item = (T, u32)>) -> Self {
        let (mut things, mut upto, mut sum) = (Vec::new(), Vec::new(), 0);
        for (thing, share) in list {
            sum += share;
            things.push(thing);
            upto.push(sum);
        }
        Self { things, upto }
    }

    /// One of them, the likelier the greater its share.
    pub fn draw(&self, rng: &mut impl Rng) -> &T {
        let last = *self.upto.last().expect("a table has rows");
        let at = rng.random_range(0..last);
        &self.things[self.upto.partition_point(|upto| *upto <= at)]
    }
}

/// Names given in some years.
#[derive(Debug)]
struct Era {
    sex: Sex,
    from: i16,
    to: i16,
    names: Shares<&'static str>,
}

/// People of a state abroad.
#[derive(Debug)]
pub(crate) struct Abroad {
    /// Belfiore code of the state.
    pub state: &'static str,
    men: Vec<&'static str>,
    women: Vec<&'static str>,
    surnames: Vec<&'static str>,
}

impl Abroad {
    pub fn given(&self, sex: Sex, rng: &mut impl Rng) -> &'static str {
        let list = if sex == Sex::Male { &self.men } else { &self.women };
        list[rng.random_range(0..list.len())]
    }

    pub fn surname(&self, rng: &mut impl Rng) -> &'static str {
        self.surnames[rng.random_range(0..self.surnames.len())]
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("a table's number")
}

static SURNAMES: LazyLock<Shares<&'static str>> =
    LazyLock::new(|| Shares::of(rows(include_str!("../data/surnames.tsv")).map(|row| (row[0], number(row[1])))));

/// A sex, the first and the last year, names with their shares.
type Read = (Sex, i16, i16, Vec<(&'static str, u32)>);

static ERAS: LazyLock<Vec<Era>> = LazyLock::new(|| {
    let mut eras: Vec<Read> = Vec::new();
    for row in rows(include_str!("../data/given.tsv")) {
        let sex = if row[0] == "F" { Sex::Female } else { Sex::Male };
        let (from, to) = (number(row[1]), number(row[2]));
        let name = (row[3], number(row[4]));
        match eras.last_mut() {
            Some(era) if (era.0, era.1, era.2) == (sex, from, to) => era.3.push(name),
            _ => eras.push((sex, from, to, vec![name])),
        }
    }
    let era = |(sex, from, to, names)| Era {
        sex,
        from,
        to,
        names: Shares::of(names),
    };
    eras.into_iter().map(era).collect()
});

static ABROAD: LazyLock<(Shares<Abroad>, u32)> = LazyLock::new(|| {
    let mut all = 0;
    let list = rows(include_str!("../data/abroad.tsv")).map(|row| {
        let names = |text: &'static str| text.split(',').collect();
        let share = number(row[1]);
        all += share;
        let abroad = Abroad {
            state: row[0],
            men: names(row[2]),
            women: names(row[3]),
            surnames: names(row[4]),
        };
        (abroad, share)
    });
    let shares = Shares::of(list);
    (shares, all)
});

static STREETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let kinds = rows(include_str!("../data/streets.tsv"));
    let streets = kinds.flat_map(|row| row[1].split(',').map(move |name| format!("{} {name}", row[0])));
    streets.collect()
});

/// A surname of the region.
pub(crate) fn surname(rng: &mut impl Rng) -> &'static str {
    SURNAMES.draw(rng)
}

/// A given name as they were given in a year; now and then there is a second one, and now and then a rare one.
pub(crate) fn given(sex: Sex, year: i16, rng: &mut impl Rng) -> String {
    let of = |era: &&Era| era.sex == sex && year <= era.to;
    let era = ERAS
        .iter()
        .filter(of)
        .min_by_key(|era| era.to)
        .or_else(|| ERAS.iter().rev().find(|era| era.sex == sex))
        .expect("there are names of both sexes");
    debug_assert!(era.from <= era.to, "an era ends after it begins");
    let first = *era.names.draw(rng);
    if !rng.random_ratio(1, 9) {
        return first.to_owned();
    }
    match *era.names.draw(rng) {
        second if second == first => first.to_owned(),
        second => format!("{first} {second}"),
    }
}

/// Where a family comes from, if not from Italy.
pub(crate) fn abroad(rng: &mut impl Rng) -> Option<&'static Abroad> {
    let (shares, all) = &*ABROAD;
    rng.random_ratio(*all, 10_000).then(|| shares.draw(rng))
}

/// A street with its number.
pub(crate) fn street(rng: &mut impl Rng) -> String {
    let street = &STREETS[rng.random_range(0..STREETS.len())];
    // Low numbers are on every street, high ones on few.
    let highest = rng.random_range(4..180);
    format!("{street} {}", rng.random_range(1..=highest))
}
