//! The search a backend must answer. The hub parses URLs into this; a backend turns it into index walks.
//! Values are already normalised by `fhir` (see `fhir::IndexValue`): the backend compares, it does not interpret.

use crate::{Seen, StoredResource};
use fhir::ParamId;
use jiff::Timestamp;

/// A search over one resource type: every clause must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Resource type name.
    pub rtype: String,
    /// Conditions, all of which must hold.
    pub clauses: Vec<Clause>,
    /// Sort keys, most significant first; empty means newest `lastUpdated` order is not promised, only a stable one.
    pub sort: Vec<Sort>,
    /// Which page.
    pub page: Page,
    /// Whether to count all matches.
    pub total: bool,
    /// `_include` and `_revinclude`.
    pub includes: Vec<Include>,
    /// What may be seen; `None`: everything.
    pub sight: Option<Seen>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// The parameter has a value that passes at least one of the tests (the comma list of a URL).
    Param {
        /// Which parameter.
        param: ParamId,
        /// Alternatives.
        any: Vec<ValueTest>,
    },
    /// No value of the parameter passes any of the tests (`:not`).
    Not {
        /// Which parameter.
        param: ParamId,
        /// Alternatives.
        any: Vec<ValueTest>,
    },
    /// `:missing=true` (`missing == true`) or `:missing=false`.
    Missing {
        /// Which parameter.
        param: ParamId,
        /// Whether it must be absent.
        missing: bool,
    },
    /// Chain: the reference parameter points to a resource of `target` for which all the clauses hold.
    Chain {
        /// A reference parameter of the searched type.
        param: ParamId,
        /// Target type.
        target: String,
        /// Conditions on the target.
        clauses: Vec<Clause>,
    },
    /// `_has`: a resource of type `source` points here by its reference parameter, and the clauses hold for it.
    Has {
        /// The pointing type.
        source: String,
        /// Its reference parameter.
        param: ParamId,
        /// Conditions on the pointing resource.
        clauses: Vec<Clause>,
    },
    /// Words of the resource's texts (`_text`, `_content`).
    Words {
        /// Which texts.
        of: Texts,
        /// The words.
        words: Words,
    },
    /// Logical id is one of these.
    Id(Vec<String>),
    /// `lastUpdated` in `[from, until)`; open where `None`.
    LastUpdated {
        /// Inclusive start.
        from: Option<Timestamp>,
        /// Exclusive end.
        until: Option<Timestamp>,
    },
    /// In the compartment of this patient.
    Patient(String),
    /// At least one of the alternatives holds.
    Or(Vec<Clause>),
    /// Always false (a value that can match nothing, e.g. an unparsable code list entry under lenient handling).
    Never,
}

/// A test on one indexed value.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueTest {
    /// Token with this system (`None`: any; `Some("")`: explicitly none) and code (`None`: any).
    Token {
        /// Code system.
        system: Option<String>,
        /// Code.
        code: Option<String>,
    },
    /// Normalised string starts with this.
    StringStarts(String),
    /// Normalised string contains this.
    StringContains(String),
    /// Original string is exactly this.
    StringExact(String),
    /// The value's interval `[lo, hi]` against `[lo, hi]`: equal means the value lies within.
    DateWithin {
        /// µs since epoch, inclusive.
        lo: i64,
        /// µs since epoch, inclusive.
        hi: i64,
    },
    /// Value not within.
    DateNotWithin {
        /// µs since epoch, inclusive.
        lo: i64,
        /// µs since epoch, inclusive.
        hi: i64,
    },
    /// Some part of the value is after (`ge`/`gt`/`sa` use the bound the standard asks: value.hi > `at`).
    DateHiAbove {
        /// µs since epoch.
        at: i64,
        /// Whether equality passes.
        or_equal: bool,
    },
    /// value.lo < `at`.
    DateLoBelow {
        /// µs since epoch.
        at: i64,
        /// Whether equality passes.
        or_equal: bool,
    },
    /// value.lo > `at` (`sa`).
    DateLoAbove {
        /// µs since epoch.
        at: i64,
    },
    /// value.hi < `at` (`eb`).
    DateHiBelow {
        /// µs since epoch.
        at: i64,
    },
    /// Number (or quantity) within `[lo, hi]`; open where infinite. `inside == false` negates (`ne`).
    Number {
        /// Inclusive unless `lo_open`.
        lo: f64,
        /// Inclusive unless `hi_open`.
        hi: f64,
        /// `lo` itself does not match.
        lo_open: bool,
        /// `hi` itself does not match.
        hi_open: bool,
        /// Whether the value must be inside (true) or outside (false).
        inside: bool,
        /// Unit system, for quantities; `None`: any.
        system: Option<String>,
        /// Unit code, for quantities; `None`: any. Matches the coded or the human unit.
        code: Option<String>,
    },
    /// Quantity in a UCUM unit: as [`ValueTest::Number`], on the value in base units.
    Canonical {
        /// As in [`ValueTest::Number`].
        lo: f64,
        /// As in [`ValueTest::Number`].
        hi: f64,
        /// As in [`ValueTest::Number`].
        lo_open: bool,
        /// As in [`ValueTest::Number`].
        hi_open: bool,
        /// Whether the value must be inside (true) or outside (false); outside, too, it is of this dimension.
        inside: bool,
        /// The base units, as [`fhir::ucum::Unit::base`] writes them.
        base: String,
    },
    /// A coded value whose text, or a reference whose display, starts with these normalised words, or has them start
    /// at one of its words (`:text`).
    Text(String),
    /// An Identifier with this value whose type has this coding (`:of-type`).
    OfType {
        /// System of the type.
        system: String,
        /// Code of the type.
        code: String,
        /// The identifier's value.
        value: String,
    },
    /// A composite whose components pass these tests, each its own.
    Composite(Vec<ValueTest>),
    /// A position at most so far from here, along a great circle.
    Near {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Distance in metres.
        distance_m: f64,
    },
    /// Codes that a terminology must name first (`:in`, `:below`, …). Whoever runs the query replaces it, see
    /// [`Query::replace_code_sets`]; a store refuses it.
    CodeSet(CodeSet),
    /// Reference to this local resource (`rtype` `None`: any type).
    Reference {
        /// Target type.
        rtype: Option<String>,
        /// Target id.
        id: String,
    },
    /// Reference by absolute or canonical URL, or a contained/logical identifier URL.
    ReferenceUrl(String),
    /// Reference by `identifier` (`:identifier`).
    ReferenceIdentifier {
        /// Identifier system.
        system: Option<String>,
        /// Identifier value.
        value: String,
    },
    /// URI equal.
    Uri(String),
    /// URI starts with (`:below`).
    UriBelow(String),
    /// The given URI starts with the value (`:above`).
    UriAbove(String),
}

/// Codes given by what a terminology says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeSet {
    /// The codes of this value set (`:in`; `:not-in` is the same inside [`Clause::Not`]): its canonical URL, or
    /// `ValueSet/id`.
    In(String),
    /// The code and what it subsumes (`:below`).
    Below {
        /// Code system, where it was given.
        system: Option<String>,
        /// Code.
        code: String,
    },
    /// The code and what subsumes it (`:above`).
    Above {
        /// Code system, where it was given.
        system: Option<String>,
        /// Code.
        code: String,
    },
}

/// Texts of a resource in which words are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// The narrative (`_text`).
    Narrative,
    /// Every text (`_content`).
    All,
}

/// A condition on words, each normalised by [`fhir::normalize_string`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// This word, or these words one after the other with one space between; the last may be only begun.
    Word(String),
    /// All hold.
    And(Vec<Words>),
    /// One holds.
    Or(Vec<Words>),
    /// It does not hold.
    Not(Box<Words>),
}

impl Query {
    /// Every code set that a terminology must still resolve.
    pub fn code_sets(&self) -> Vec<CodeSet> {
        let mut found = Vec::new();
        each_tests(&self.clauses, &mut |tests| {
            found.extend(tests.iter().filter_map(|test| match test {
                ValueTest::CodeSet(set) => Some(set.clone()),
                _ => None,
            }));
        });
        found
    }

    /// Puts the tests of its codes in the place of each code set. A set without codes leaves a list that nothing
    /// passes.
    pub fn replace_code_sets(&mut self, mut codes: impl FnMut(&CodeSet) -> Vec<ValueTest>) {
        each_tests_mut(&mut self.clauses, &mut |tests| {
            if !tests.iter().any(|test| matches!(test, ValueTest::CodeSet(_))) {
                return;
            }
            for test in std::mem::take(tests) {
                match test {
                    ValueTest::CodeSet(set) => tests.extend(codes(&set)),
                    other => tests.push(other),
                }
            }
        });
    }
}

fn each_tests(clauses: &[Clause], visit: &mut impl FnMut(&[ValueTest])) {
    for clause in clauses {
        match clause {
            Clause::Param { any, .. } | Clause::Not { any, .. } => visit(any),
            Clause::Chain { clauses, .. } | Clause::Has { clauses, .. } | Clause::Or(clauses) => {
                each_tests(clauses, visit);
            }
            _ => {}
        }
    }
}

fn each_tests_mut(clauses: &mut [Clause], visit: &mut impl FnMut(&mut Vec<ValueTest>)) {
    for clause in clauses {
        match clause {
            Clause::Param { any, .. } | Clause::Not { any, .. } => visit(any),
            Clause::Chain { clauses, .. } | Clause::Has { clauses, .. } | Clause::Or(clauses) => {
                each_tests_mut(clauses, visit);
            }
            _ => {}
        }
    }
}

/// What to order by.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// `_id`.
    Id,
    /// `_lastUpdated`.
    LastUpdated,
    /// The smallest (ascending) or greatest (descending) value of a parameter; resources without come last.
    Param(ParamId),
}

/// One sort key with direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// `-key`.
    pub descending: bool,
}

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// How many matches at most.
    pub count: usize,
    /// Continue after this opaque mark of an earlier [`SearchPage`].
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { count: 50, after: None }
    }
}

/// `_include` / `_revinclude`.
#[derive(Debug, Clone, PartialEq)]
pub struct Include {
    /// `true` for `_revinclude`.
    pub reverse: bool,
    /// Type that holds the reference; `*` (with `reverse`, without `param`) for any type.
    pub source: String,
    /// The reference parameter; `None` for `*`.
    pub param: Option<ParamId>,
    /// Only targets of this type.
    pub target: Option<String>,
    /// `:iterate`.
    pub iterate: bool,
}

/// A page of results.
#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// Matches in order.
    pub matches: Vec<StoredResource>,
    /// Included resources, without repeats and without those among the matches.
    pub included: Vec<StoredResource>,
    /// Where the next page starts. Later pages show the store as it was at the first: what was created since is left
    /// out, what was changed or deleted since is shown as it was ([`crate::StoreError::Expired`] when that is no longer
    /// possible).
    pub next: Option<String>,
    /// All matches, when asked.
    pub total: Option<u64>,
}
