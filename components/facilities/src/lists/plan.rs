//! What is to be written of a list: the proposals, with what somebody decided over them.

use super::differences::{Difference, differences};
use super::job::{Decision, Job};
use super::propose::{Proposal, Verdict, missing, propose};
use super::row::{self, Row};
use crate::model::Facility;
use crate::places::by_code;
use crate::register::Register;
use jiff::civil::Date;
use std::collections::BTreeSet;
use web::csv::Csv;

/// What a row becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is this structure.
    Is(String),
    /// A structure that the registry has not.
    New,
    /// Nothing: not decided, ignored, wrong, of another region.
    Nothing,
}

/// A row with all that is known of it.
#[derive(Debug)]
pub struct Line {
    pub row: Row,
    pub proposal: Proposal,
    pub decision: Decision,
    pub fate: Fate,
    /// How it differs from the structure that it is; whose value counts is decided.
    pub differences: Vec<Difference>,
}

impl Line {
    /// Whether somebody has to look: it is not clear what it is, and nobody decided.
    pub fn open(&self) -> bool {
        self.proposal.verdict == Verdict::Perhaps && self.decision.is.is_empty()
    }

    /// Whether anything of the structure is to be written.
    pub fn writes(&self) -> bool {
        self.fate == Fate::New || self.differences.iter().any(|one| one.list_wins)
    }

    /// Fields that a new structure needs and the row does not say.
    pub fn lacks(&self) -> Vec<&'static str> {
        let row = &self.row;
        let needed = [
            ("nome", row.name.is_empty()),
            ("tipo", row.kind.is_empty()),
            ("comune", row.place.is_none()),
        ];
        needed
            .iter()
            .filter(|(_, lacks)| *lacks)
            .map(|(field, _)| *field)
            .collect()
    }
}

/// A list, compared.
pub struct Plan {
    pub lines: Vec<Line>,
    /// Ids of structures that the list lacks.
    pub missing: Vec<String>,
}

impl Plan {
    /// Compares a list with the registry of a day.
    pub fn of(job: &Job, file: &Csv, register: &Register, today: Date) -> Self {
        let rows = row::read(file, &job.mapping, &job.kind, &register.asls());
        let proposals = propose(register, &rows, today);
        let mut lines: Vec<Line> = rows
            .into_iter()
            .zip(proposals)
            .map(|(row, proposal)| line(job, register, row, proposal, today))
            .collect();
        one_fate_each(&mut lines);
        let open = lines.iter().filter(|line| line.open());
        let may_be = open.flat_map(|line| &line.proposal.candidates);
        let may_be: BTreeSet<&str> = may_be.map(|one| one.id.as_str()).collect();
        let are: BTreeSet<&str> = lines
            .iter()
            .filter_map(|line| match &line.fate {
                Fate::Is(id) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let kinds = lines.iter().map(|line| line.row.kind.as_str());
        let missing = missing(register, &job.whole, kinds, (&are, &may_be), today);
        Self {
            missing: missing.into_iter().map(|one| one.id.clone()).collect(),
            lines,
        }
    }
}

fn line(job: &Job, register: &Register, row: Row, proposal: Proposal, today: Date) -> Line {
    let decision = job.decisions.get(&row.line).cloned().unwrap_or_default();
    let usable = !matches!(proposal.verdict, Verdict::Wrong | Verdict::Elsewhere);
    let fate = match decision.is.as_str() {
        _ if !usable => Fate::Nothing,
        "ignora" => Fate::Nothing,
        "nuova" => Fate::New,
        "" => match (proposal.structure(), proposal.verdict) {
            (Some(id), _) => Fate::Is(id.to_owned()),
            (None, Verdict::New) => Fate::New,
            _ => Fate::Nothing,
        },
        id if register.get(id).is_some() => Fate::Is(id.to_owned()),
        _ => Fate::Nothing,
    };
    let mut line = Line {
        differences: Vec::new(),
        row,
        proposal,
        decision,
        fate,
    };
    let shown = match &line.fate {
        Fate::Is(id) => register.get(id),
        _ => None,
    };
    line.differences = shown
        .map(|one| decided(register, &line, one, today))
        .unwrap_or_default();
    if line.fate == Fate::New && !line.lacks().is_empty() {
        line.fate = Fate::Nothing;
    }
    line
}

fn decided(register: &Register, line: &Line, one: &Facility, today: Date) -> Vec<Difference> {
    let mut all = differences(&line.row, one, register.asl(one), today);
    for one in &mut all {
        if let Some(winner) = line.decision.fields.get(one.field) {
            one.list_wins = winner == "elenco";
        }
    }
    all
}

/// A structure is written from one row: where several are the same one, by decision, the first is.
fn one_fate_each(lines: &mut [Line]) {
    let mut taken = BTreeSet::new();
    for line in lines {
        let id = match &line.fate {
            Fate::Is(id) => id.clone(),
            Fate::New => super::write::id(&line.row),
            Fate::Nothing => continue,
        };
        if !taken.insert(id) {
            line.fate = Fate::Nothing;
            line.differences.clear();
        }
    }
}

/// The value of a field in words: names instead of codes.
pub fn in_words(register: &Register, field: &str, value: &str, kind: impl Fn(&str) -> String) -> String {
    match field {
        "asl" if !value.is_empty() => register.name(value),
        "tipo" => kind(value),
        "comune" => by_code(value).map_or(value, |place| place.name).to_owned(),
        _ => value.to_owned(),
    }
}
