//! FEBRL 1 to 3: synthetic persons with duplicates whose truth is in their numbers (`rec-N-org`, `rec-N-dup-M`). The weights
//! are estimated on each data set itself, without its truth, by one configuration for all three.

use crate::Report;
use linkage::{Block, Clusters, Field, How, Kind, Limits, Outcome, Part, Scorer, Setup, Table, cluster, link};
use std::collections::HashMap;
use std::path::Path;

/// Data sets and the least F1.
const BARS: [(&str, f64); 3] = [("dataset1", 0.999), ("dataset2", 0.996), ("dataset3", 0.994)];

/// Runs the suite on the folder of `dataset1.csv` to `dataset3.csv`.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    for (name, bar) in BARS {
        match std::fs::read_to_string(folder.join(format!("{name}.csv"))) {
            Err(error) => report.fail(name, error.to_string()),
            Ok(text) => match measure(&text) {
                Err(error) => report.fail(name, error),
                Ok(found) => {
                    report.note(name, found.line());
                    let outcome = if found.f1() >= bar {
                        Ok(())
                    } else {
                        Err(format!("F1 {:.5}, at least {bar} is needed", found.f1()))
                    };
                    report.record(name, outcome);
                }
            },
        }
    }
    report
}

/// What was right and wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Pairs found and true.
    pub right: u64,
    /// Pairs found that are not true.
    pub wrong: u64,
    /// True pairs not found.
    pub missed: u64,
    /// Pairs compared.
    pub compared: u64,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
    fn share(part: u64, rest: u64) -> f64 {
        part as f64 / (part + rest).max(1) as f64
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE)
    }

    /// Share of found pairs that are true.
    pub fn precision(&self) -> f64 {
        Measured::share(self.right, self.wrong)
    }

    /// Share of true pairs that were found.
    pub fn recall(&self) -> f64 {
        Measured::share(self.right, self.missed)
    }

    fn line(&self) -> String {
        format!(
            "F1 {:.5}, precision {:.5}, recall {:.5} ({} right, {} wrong, {} missed of {} compared pairs)",
            self.f1(),
            self.precision(),
            self.recall(),
            self.right,
            self.wrong,
            self.missed,
            self.compared
        )
    }
}

/// The one configuration.
pub fn setup() -> Setup {
    const GIVEN: usize = 0;
    const SURNAME: usize = 1;
    const NUMBER: usize = 2;
    const STREET: usize = 3;
    const SUBURB: usize = 5;
    const POSTCODE: usize = 6;
    const BIRTH: usize = 8;
    const SOCIAL: usize = 9;
    let whole = |field| Part { field, how: How::Whole };
    let sound = |field| Part { field, how: How::Sound };
    Setup {
        fields: vec![
            Field::new("given_name", Kind::Name).exchanged_with(SURNAME),
            Field::new("surname", Kind::Name).shared().exchanged_with(GIVEN),
            Field::new("street_number", Kind::Number).shared(),
            Field::new("address_1", Kind::Text).shared().exchanged_with(4),
            Field::new("address_2", Kind::Text).shared().exchanged_with(STREET),
            Field::new("suburb", Kind::Text).shared(),
            Field::new("postcode", Kind::Number).shared(),
            Field::new("state", Kind::Category).shared(),
            Field::new("date_of_birth", Kind::Date),
            Field::new("soc_sec_id", Kind::Code),
        ],
        blocks: vec![
            Block::training(vec![whole(SOCIAL)]),
            Block::of(vec![whole(BIRTH)]),
            Block::of(vec![Part {
                field: GIVEN,
                how: How::WithExchanged,
            }]),
            Block::of(vec![sound(SURNAME), whole(POSTCODE)]),
            Block::of(vec![sound(GIVEN), whole(POSTCODE)]),
            Block::training(vec![whole(GIVEN), whole(SURNAME), whole(BIRTH)]),
            Block::of(vec![sound(GIVEN), sound(SURNAME)]),
            Block::of(vec![whole(STREET)]),
            Block::of(vec![sound(GIVEN), whole(SUBURB)]),
            Block::of(vec![sound(SURNAME), whole(SUBURB)]),
            Block::of(vec![sound(GIVEN), whole(NUMBER)]),
            Block::of(vec![sound(SURNAME), whole(NUMBER)]),
            Block::of(vec![whole(NUMBER), whole(POSTCODE)]),
            Block::of(vec![Part {
                field: SOCIAL,
                how: How::Start(4),
            }]),
            Block::of(vec![Part {
                field: SOCIAL,
                how: How::End(4),
            }]),
        ],
    }
}

/// Links one data set and compares with its truth.
pub fn measure(text: &str) -> Result<Measured, String> {
    let (table, truth) = read(text)?;
    let outcome = link(&table, &Limits::default(), &|_| {});
    let groups = entities(&table, &outcome);
    Ok(judge(&groups, &truth, outcome.compared))
}

/// Groups of the pairs that are likelier the same than not.
fn entities(table: &Table, outcome: &Outcome) -> Clusters {
    let scorer = Scorer::new(table, &outcome.model);
    cluster(&scorer, &outcome.links, table.len(), 0.0)
}

/// The records, and the person of each.
fn read(text: &str) -> Result<(Table, Vec<String>), String> {
    let mut table = Table::new(setup()).map_err(|error| error.to_string())?;
    let mut truth = vec![];
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let (number, values) = fields.split_first().ok_or("an empty line")?;
        table.add(values).map_err(|error| format!("{line}: {error}"))?;
        truth.push(
            number
                .split('-')
                .nth(1)
                .ok_or_else(|| format!("{number} is no record number"))?
                .to_owned(),
        );
    }
    Ok((table, truth))
}

fn judge(clusters: &Clusters, truth: &[String], compared: u64) -> Measured {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let mut people: HashMap<&str, u64> = HashMap::new();
    for person in truth {
        *people.entry(person).or_default() += 1;
    }
    let all: u64 = people.values().map(|count| pairs(*count)).sum();
    let mut found = Measured {
        compared,
        ..Measured::default()
    };
    for group in &clusters.groups {
        let mut inside: HashMap<&str, u64> = HashMap::new();
        for record in group {
            *inside.entry(&truth[*record as usize]).or_default() += 1;
        }
        let right: u64 = inside.values().map(|count| pairs(*count)).sum();
        found.right += right;
        found.wrong += pairs(group.len() as u64) - right;
    }
    found.missed = all - found.right;
    found
}
