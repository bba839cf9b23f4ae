//! Random decision tables.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A hit policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// One rule at most may match.
    Unique,
    /// All that match agree.
    Any,
    /// The output that comes first in the list of output values.
    Priority,
    /// The first rule.
    First,
    /// All, in the order of the rules.
    RuleOrder,
    /// All, in the order of the output values.
    OutputOrder,
    /// All.
    Collect,
    /// Sum.
    Sum,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// How many.
    Count,
}

impl Policy {
    /// The attributes in DMN.
    fn attributes(self) -> &'static str {
        match self {
            Self::Unique => r#"hitPolicy="UNIQUE""#,
            Self::Any => r#"hitPolicy="ANY""#,
            Self::Priority => r#"hitPolicy="PRIORITY""#,
            Self::First => r#"hitPolicy="FIRST""#,
            Self::RuleOrder => r#"hitPolicy="RULE ORDER""#,
            Self::OutputOrder => r#"hitPolicy="OUTPUT ORDER""#,
            Self::Collect => r#"hitPolicy="COLLECT""#,
            Self::Sum => r#"hitPolicy="COLLECT" aggregation="SUM""#,
            Self::Min => r#"hitPolicy="COLLECT" aggregation="MIN""#,
            Self::Max => r#"hitPolicy="COLLECT" aggregation="MAX""#,
            Self::Count => r#"hitPolicy="COLLECT" aggregation="COUNT""#,
        }
    }

    /// Whether outputs are numbers that are summed up.
    #[must_use]
    pub fn aggregates(self) -> bool {
        matches!(self, Self::Sum | Self::Min | Self::Max | Self::Count)
    }

    /// Whether one output is asked for, and a default can stand for it.
    #[must_use]
    pub fn single(self) -> bool {
        matches!(self, Self::Unique | Self::Any | Self::Priority | Self::First)
    }
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// 0 to 9.
    Number,
    /// `a` to `d`.
    Text,
    /// True or false.
    Truth,
}

/// A condition on an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// `-`.
    Any,
    /// One of these values.
    In(Vec<u8>),
    /// None of these values.
    NotIn(Vec<u8>),
    /// `<`, `<=`, `>`, `>=`.
    Compare(u8, u8),
    /// A range, each end open or closed.
    Range(bool, u8, u8, bool),
    /// Not in a closed range, nor this value.
    NotRange(u8, u8, u8),
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A condition for each input.
    pub cells: Vec<Cell>,
    /// A value for each output: number `n`, or text `x<n>`.
    pub outputs: Vec<u8>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Hit policy.
    pub policy: Policy,
    /// Inputs `i0`, `i1`, …
    pub columns: Vec<Column>,
    /// Outputs: one, or two named `o0` and `o1`.
    pub outputs: usize,
    /// Rules, in order.
    pub rules: Vec<Rule>,
    /// What a single-hit table gives when no rule matches.
    pub default: Option<Vec<u8>>,
}

/// How many different outputs there are; as output values they stand in falling order.
pub const VALUES: u8 = 4;

/// Random tables.
pub fn table() -> impl Strategy<Value = Table> {
    use Policy::{Any, Collect, Count, First, Max, Min, OutputOrder, Priority, RuleOrder, Sum, Unique};
    let policies = [
        Unique,
        Any,
        Priority,
        First,
        RuleOrder,
        OutputOrder,
        Collect,
        Sum,
        Min,
        Max,
        Count,
    ];
    let column = prop_oneof![3 => Just(Column::Number), 2 => Just(Column::Text), 1 => Just(Column::Truth)];
    (prop::sample::select(policies.to_vec()), vec(column, 1..4), 1usize..3).prop_flat_map(
        |(policy, columns, outputs)| {
            let outputs = if policy.aggregates() { 1 } else { outputs };
            let cells: Vec<BoxedStrategy<Cell>> = columns.iter().map(|column| cell(*column)).collect();
            let values = || vec(0..VALUES, outputs);
            let rule = (cells, values()).prop_map(|(cells, outputs)| Rule { cells, outputs });
            let default = prop::option::of(values());
            (vec(rule, 1..7), default).prop_map(move |(rules, default)| Table {
                policy,
                columns: columns.clone(),
                outputs,
                rules,
                default: default.filter(|_| policy.single()),
            })
        },
    )
}

fn cell(column: Column) -> BoxedStrategy<Cell> {
    let most = match column {
        Column::Number => 10u8,
        Column::Text => 4,
        Column::Truth => 2,
    };
    let some = || vec(0..most, 1..3);
    let plain = prop_oneof![2 => Just(Cell::Any), 2 => some().prop_map(Cell::In), 1 => some().prop_map(Cell::NotIn)];
    match column {
        Column::Truth => prop_oneof![Just(Cell::Any), (0..2u8).prop_map(|one| Cell::In(vec![one]))].boxed(),
        Column::Text => plain.boxed(),
        Column::Number => prop_oneof![
            3 => plain,
            2 => (0u8..4, 0..most).prop_map(|(sign, value)| Cell::Compare(sign, value)),
            2 => (any::<bool>(), 0..most, 0..most, any::<bool>())
                .prop_map(|(from, a, b, to)| Cell::Range(from, a.min(b), a.max(b), to)),
            1 => (0..most, 0..most, 0..most).prop_map(|(a, b, other)| Cell::NotRange(a.min(b), a.max(b), other)),
        ]
        .boxed(),
    }
}

impl Column {
    fn literal(self, value: u8) -> String {
        match self {
            Self::Number => value.to_string(),
            Self::Text => format!("\"{}\"", char::from(b'a' + value)),
            Self::Truth => (value == 1).to_string(),
        }
    }

    fn domain(self) -> u8 {
        match self {
            Self::Number => 10,
            Self::Text => 4,
            Self::Truth => 2,
        }
    }

    fn feel_type(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "string",
            Self::Truth => "boolean",
        }
    }
}

impl Cell {
    /// The condition in FEEL.
    #[must_use]
    pub fn feel(&self, column: Column) -> String {
        let list = |values: &[u8]| {
            let literals: Vec<String> = values.iter().map(|value| column.literal(*value)).collect();
            literals.join(", ")
        };
        match self {
            Self::Any => "-".into(),
            Self::In(values) => list(values),
            Self::NotIn(values) => format!("not({})", list(values)),
            Self::Compare(sign, value) => format!("{} {value}", ["<", "<=", ">", ">="][usize::from(*sign)]),
            Self::Range(from, a, b, to) => {
                let (left, right) = (if *from { '[' } else { '(' }, if *to { ']' } else { ')' });
                format!("{left}{a}..{b}{right}")
            }
            Self::NotRange(a, b, other) => format!("not([{a}..{b}], {other})"),
        }
    }
}

impl Table {
    /// An output's value.
    #[must_use]
    pub fn output(&self, value: u8) -> Value {
        if self.policy.aggregates() {
            json!(value)
        } else {
            json!(format!("x{value}"))
        }
    }

    /// The inputs that three bytes mean, as place in each domain and as variables.
    #[must_use]
    pub fn question(&self, bytes: [u8; 3]) -> Map<String, Value> {
        let place = |(n, column): (usize, &Column)| {
            let value = bytes[n] % column.domain();
            let value = match column {
                Column::Number => json!(value),
                Column::Text => json!(char::from(b'a' + value).to_string()),
                Column::Truth => json!(value == 1),
            };
            (format!("i{n}"), value)
        };
        self.columns.iter().enumerate().map(place).collect()
    }

    /// The decision `d` in DMN.
    #[must_use]
    pub fn xml(&self) -> String {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut xml = String::from(
            r#"<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">"#,
        );
        let mut needs = String::new();
        for (n, column) in self.columns.iter().enumerate() {
            let kind = column.feel_type();
            let _ = write!(
                xml,
                r#"<inputData id="d{n}" name="i{n}"><variable name="i{n}" typeRef="{kind}"/></inputData>"#
            );
            let _ = write!(
                needs,
                r##"<informationRequirement id="r{n}"><requiredInput href="#d{n}"/></informationRequirement>"##
            );
        }
        let _ = write!(
            xml,
            r#"<decision id="d" name="d"><variable name="d"/>{needs}<decisionTable id="t" {}>"#,
            self.policy.attributes()
        );
        for (n, column) in self.columns.iter().enumerate() {
            let kind = column.feel_type();
            let _ = write!(
                xml,
                r#"<input id="c{n}"><inputExpression typeRef="{kind}"><text>i{n}</text></inputExpression></input>"#
            );
        }
        let text = |value: u8| self.output(value).to_string();
        let kind = if self.policy.aggregates() { "number" } else { "string" };
        for n in 0..self.outputs {
            let name = if self.outputs > 1 {
                format!(r#" name="o{n}""#)
            } else {
                String::new()
            };
            let values: Vec<String> = (0..VALUES).rev().map(text).collect();
            let default = self.default.as_ref().map_or(String::new(), |default| {
                format!(
                    "<defaultOutputEntry><text>{}</text></defaultOutputEntry>",
                    text(default[n])
                )
            });
            let _ = write!(
                xml,
                r#"<output id="o{n}"{name} typeRef="{kind}"><outputValues><text>{}</text></outputValues>{default}</output>"#,
                values.join(",")
            );
        }
        for (n, rule) in self.rules.iter().enumerate() {
            let _ = write!(xml, r#"<rule id="rule{n}">"#);
            for (place, (cell, column)) in rule.cells.iter().zip(&self.columns).enumerate() {
                let feel = escape(&cell.feel(*column));
                let _ = write!(xml, r#"<inputEntry id="e{n}-{place}"><text>{feel}</text></inputEntry>"#);
            }
            for (place, value) in rule.outputs.iter().enumerate() {
                let _ = write!(
                    xml,
                    r#"<outputEntry id="u{n}-{place}"><text>{}</text></outputEntry>"#,
                    text(*value)
                );
            }
            xml += "</rule>";
        }
        xml + "</decisionTable></decision></definitions>"
    }
}
