//! Which structure of the registry a row is: proposed by codes, name, municipality and address, with the reasons.

use super::likeness::Index;
use super::row::{CODES, Row};
use super::rules::rules;
use crate::fold::fold;
use crate::model::Facility;
use crate::places::distance_km;
use crate::register::Register;
use crate::rules as tables;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Structures proposed for one row.
const CANDIDATES: usize = 4;
/// How alike a name must be so that a code that says otherwise is doubted.
const OTHER: f64 = 0.75;
/// How unlike a name must be so that the code it comes with is doubted, when another structure bears the name.
const UNLIKE: f64 = 0.5;
/// Positions nearer than this are of one place, kilometres.
const NEAR_KM: f64 = 0.35;

/// What is proposed for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is this structure.
    Same,
    /// It may be one of these: somebody looks.
    Perhaps,
    /// The registry has it not.
    New,
    /// Something in the row is wrong.
    Wrong,
    /// It is of another region.
    Elsewhere,
}

impl Verdict {
    /// As in addresses and keys of texts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Perhaps => "perhaps",
            Self::New => "new",
            Self::Wrong => "wrong",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A structure that a row may be.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Candidate {
    /// Id of the structure.
    pub id: String,
    /// How alike the names are, 0 to 1.
    pub name: f64,
    /// What speaks for and against it: keys `lists-reason-…`.
    pub reasons: Vec<&'static str>,
    #[serde(skip)]
    sure: bool,
    #[serde(skip)]
    rank: f64,
}

impl Candidate {
    /// A structure that somebody chose, whatever is proposed.
    pub fn chosen(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: 0.0,
            reasons: vec!["chosen"],
            sure: false,
            rank: 0.0,
        }
    }

    fn says(&self, reason: &str) -> bool {
        self.reasons.contains(&reason)
    }
}

/// What is proposed for a row.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Proposal {
    /// Line of the file.
    pub line: usize,
    /// What it is.
    pub verdict: Verdict,
    /// The structures it may be, the likeliest first; of [`Verdict::Same`] the first is meant.
    pub candidates: Vec<Candidate>,
}

impl Proposal {
    /// The structure that is meant, where one surely is.
    pub fn structure(&self) -> Option<&str> {
        let first = self.candidates.first().filter(|_| self.verdict == Verdict::Same);
        first.map(|one| one.id.as_str())
    }
}

/// Proposals for all rows, in their order.
pub fn propose(register: &Register, rows: &[Row], today: Date) -> Vec<Proposal> {
    let all = register.all();
    let index = Index::of(all);
    let mut by_code: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (at, one) in all.iter().enumerate() {
        for code in &one.identifiers {
            by_code.entry((&code.kind, &code.value)).or_default().push(at);
        }
    }
    let by_id = all.iter().enumerate().map(|(at, one)| (one.id.as_str(), at));
    let compared = Compared {
        by_id: by_id.collect(),
        register,
        index,
        by_code,
        today,
    };
    let mut made: Vec<Proposal> = rows.iter().map(|row| compared.row(row)).collect();
    one_row_each(&mut made);
    made
}

struct Compared<'a> {
    register: &'a Register,
    index: Index,
    by_code: HashMap<(&'a str, &'a str), Vec<usize>>,
    by_id: HashMap<&'a str, usize>,
    today: Date,
}

impl Compared<'_> {
    fn row(&self, row: &Row) -> Proposal {
        let proposal = |verdict, candidates| Proposal {
            line: row.line,
            verdict,
            candidates,
        };
        if row.elsewhere {
            return proposal(Verdict::Elsewhere, vec![]);
        }
        if !row.wrong.is_empty() {
            return proposal(Verdict::Wrong, vec![]);
        }
        let city = row.place.map_or("", |place| place.name);
        let names = self.index.find(&row.name, city);
        let mut places: BTreeSet<usize> = names
            .iter()
            .filter(|(_, score)| **score >= rules().likely)
            .map(|(at, _)| *at)
            .collect();
        for (kind, code) in &row.codes {
            places.extend(self.by_code.get(&(*kind, code.as_str())).into_iter().flatten());
        }
        let all = self.register.all();
        // By our own ids: of a file that comes from here, and of what a list with this row brought before.
        let made = super::write::id(row);
        for id in [row.id.as_str(), made.as_str()] {
            places.extend(self.by_id.get(id));
        }
        let mut found: Vec<Candidate> = places
            .into_iter()
            .filter_map(|at| self.candidate(row, &all[at], names.get(&at).copied().unwrap_or(0.0)))
            .collect();
        if found.is_empty() {
            found.extend(self.only(row));
        }
        found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| a.id.cmp(&b.id)));
        found.truncate(CANDIDATES);
        self.decide(row, &mut found);
        let verdict = match found.first() {
            None => Verdict::New,
            Some(first) if first.sure => Verdict::Same,
            Some(_) => Verdict::Perhaps,
        };
        proposal(verdict, found)
    }

    /// The only structure of the row's kind in its municipality, whatever its name: `Ospedale civile` names any.
    fn only(&self, row: &Row) -> Option<Candidate> {
        let place = row.place?;
        let mut alike = self
            .register
            .all()
            .iter()
            .filter(|one| one.kind == row.kind && one.municipality == place.code && one.stood(self.today));
        let one = alike.next()?;
        alike.next().is_none().then(|| Candidate {
            reasons: vec!["only", "place"],
            ..Candidate::chosen(&one.id)
        })
    }

    /// What speaks for and against a structure; `None`: it is not worth looking at.
    fn candidate(&self, row: &Row, one: &Facility, name: f64) -> Option<Candidate> {
        let mut reasons = Vec::new();
        let mut note = |reason: &'static str| reasons.push(reason);
        let (agrees, clashes) = codes(row, one);
        if agrees {
            note("code");
        }
        if clashes {
            note("code-differs");
        }
        note(match name {
            n if n >= 0.999 => "name",
            n if n >= rules().sure => "name-like",
            n if n >= rules().likely => "name-somewhat",
            _ => "name-unlike",
        });
        let place = match row.place {
            Some(place) if !one.municipality.is_empty() => Some(place.code == one.municipality),
            _ => None,
        };
        note(match place {
            Some(true) => "place",
            Some(false) => "place-differs",
            None => "place-unknown",
        });
        let near = self.near(row, one);
        if near {
            note("near");
        }
        let group = |code: &str| tables::kind(code).map(|kind| kind.group.as_str());
        let kin = row.kind.is_empty() || row.kind == one.kind || group(&row.kind) == group(&one.kind);
        if !kin {
            note("kind-differs");
        }
        if !row.address.is_empty() && fold(&row.address) == fold(&one.address) {
            note("address");
        }
        let stood = one.stood(self.today);
        if !stood {
            note("ceased");
        }
        let worth = agrees
            || (name >= rules().likely && (place == Some(true) || near))
            || (name >= rules().alone && kin && place != Some(true));
        if !worth {
            return None;
        }
        let point = |holds: bool, points: f64| if holds { points } else { 0.0 };
        let rank = name
            + point(agrees, 2.0)
            + point(place == Some(true), 0.3)
            + point(near, 0.2)
            + point(stood, 0.25)
            + point(row.kind == one.kind, 0.1)
            - point(clashes, 0.3)
            - point(!kin, 0.3);
        Some(Candidate {
            id: one.id.clone(),
            name: (name * 1000.0).round() / 1000.0,
            reasons,
            sure: false,
            rank,
        })
    }

    fn near(&self, row: &Row, one: &Facility) -> bool {
        let exact = one.position.filter(|_| one.precision == "struttura");
        let apart = row.position.zip(exact).map(|(here, there)| distance_km(here, there));
        apart.is_some_and(|km| km <= NEAR_KM)
    }

    /// Whether the first candidate is surely the one.
    fn decide(&self, row: &Row, found: &mut [Candidate]) {
        let Some((first, others)) = found.split_first_mut() else {
            return;
        };
        let alive = |one: &Candidate| !one.says("ceased");
        let sound = alive(first) && !first.says("code-differs") && !first.says("kind-differs");
        let agrees = first.says("code");
        let second_code = others.iter().any(|one| one.says("code"));
        if agrees {
            // A code that came to the wrong row: another structure bears the row's name.
            let doubted = first.name < UNLIKE && others.iter().any(|one| one.name >= OTHER && alive(one));
            let renamed = first.says("place") || row.place.is_none();
            let named = first.name >= UNLIKE || row.name.is_empty();
            first.sure = sound && !second_code && !doubted && (named || renamed);
            if doubted {
                first.reasons.push("doubted");
            }
            return;
        }
        let rival = others
            .iter()
            .filter(|one| alive(one) && one.says("place"))
            .map(|one| one.name)
            .fold(0.0, f64::max);
        if first.says("only") {
            return;
        }
        let alone = first.name - rival >= rules().margin;
        if !alone {
            first.reasons.push("twin");
        }
        first.sure = sound && first.says("place") && first.name >= rules().sure && alone;
    }
}

/// Whether a code of the row, or our own id, is the structure's; and whether one of the same kind is not.
fn codes(row: &Row, one: &Facility) -> (bool, bool) {
    let own = row.id == one.id || super::write::id(row) == one.id;
    let (mut agrees, mut clashes) = (own, false);
    for kind in CODES {
        let Some(code) = row.code(kind) else { continue };
        let known: Vec<&str> = one
            .identifiers
            .iter()
            .filter(|known| known.kind == kind)
            .map(|known| known.value.as_str())
            .collect();
        agrees |= known.contains(&code);
        clashes |= !known.is_empty() && !known.contains(&code);
    }
    (agrees, clashes)
}

/// A structure is one row only: of several rows that are surely it, none is; but for a single one that has its code.
fn one_row_each(made: &mut [Proposal]) {
    let mut claims: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, proposal) in made.iter().enumerate() {
        if let Some(id) = proposal.structure() {
            claims.entry(id.to_owned()).or_default().push(at);
        }
    }
    for rows in claims.into_values().filter(|rows| rows.len() > 1) {
        let coded: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|at| made[*at].candidates[0].says("code"))
            .collect();
        for at in rows {
            if coded != [at] {
                made[at].verdict = Verdict::Perhaps;
                made[at].candidates[0].reasons.push("taken");
            }
        }
    }
}

/// Structures that the list should have and lacks: those of the kinds it names, where it is said to be whole: in the whole region
/// (`regione`), or in one ASL (its id). `kinds`: those that rows say; structures that rows `are`, and those that they `may_be`.
pub fn missing<'a>(
    register: &'a Register,
    whole: &str,
    kinds: impl Iterator<Item = &'a str>,
    (are, may_be): (&BTreeSet<&str>, &BTreeSet<&str>),
    today: Date,
) -> Vec<&'a Facility> {
    if whole.is_empty() {
        return Vec::new();
    }
    let known: Vec<&Facility> = are.iter().filter_map(|id| register.get(id)).collect();
    let kinds: BTreeSet<&str> = known.iter().map(|one| one.kind.as_str()).chain(kinds).collect();
    // A list of hospitals of the ministry says nothing of what somebody else brought.
    let origins: BTreeSet<&str> = known.iter().map(|one| one.origin.as_str()).collect();
    let lacks = |one: &&Facility| {
        !are.contains(one.id.as_str())
            && !may_be.contains(one.id.as_str())
            && kinds.contains(one.kind.as_str())
            && (origins.is_empty() || origins.contains(one.origin.as_str()))
            && one.stood(today)
            && (whole == "regione" || register.asl(one).is_some_and(|asl| asl.id == whole))
    };
    let mut list: Vec<&Facility> = register.all().iter().filter(lacks).collect();
    list.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    list
}
