//! From the text of a file to the values of keys, with the line of each.

use super::keys::{KEYS, Key, Kind};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use toml_edit::{Document, Item, Table};

/// Largest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, a number or a switch, as the command line would have it.
    One(String),
    /// A list.
    Many(Vec<String>),
}

impl Value {
    /// As the command line would have it.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Many(texts) => texts.clone(),
        }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Key, as far as there is one.
    pub key: Option<String>,
    /// Rule and remedy.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", key '{key}'")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A file whose keys are known and whose values are of the right kind.
#[derive(Debug)]
pub struct File {
    name: String,
    found: BTreeMap<&'static str, (&'static Key, Value, usize)>,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let problem = |what: String| {
            vec![Problem {
                file: name.clone(),
                line: None,
                key: None,
                what,
            }]
        };
        let size =
            std::fs::metadata(path).map_err(|error| problem(format!("the configuration cannot be read: {error}")))?;
        if size.len() > MAX_BYTES {
            return Err(problem(format!("a configuration has at most {MAX_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| problem(format!("the configuration cannot be read: {error}")))?;
        Self::parse(&name, &text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            name,
            text,
            problems: Vec::new(),
            found: BTreeMap::new(),
        };
        match Document::parse(text) {
            Ok(document) => reader.table("", document.as_table()),
            Err(error) => {
                let line = error.span().map(|span| line(text, span.start));
                let what = format!("this is not TOML: {}", error.message().replace('\n', ", "));
                reader.problems.push(Problem {
                    file: name.to_owned(),
                    line,
                    key: None,
                    what,
                });
            }
        }
        if reader.problems.is_empty() {
            Ok(Self {
                name: name.to_owned(),
                found: reader.found,
            })
        } else {
            Err(reader.problems)
        }
    }

    /// Its keys with their values.
    pub fn values(&self) -> impl Iterator<Item = (&'static Key, &Value)> {
        self.found.values().map(|(key, value, _)| (*key, value))
    }

    /// Something is wrong with the value of a key.
    pub fn problem(&self, key: &Key, what: &str) -> Problem {
        Problem {
            file: self.name.clone(),
            line: self.found.get(key.path).map(|(_, _, line)| *line),
            key: Some(key.path.to_owned()),
            what: what.to_owned(),
        }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
    found: BTreeMap<&'static str, (&'static Key, Value, usize)>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &Table) {
        for (name, item) in table {
            let path = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}.{name}")
            };
            let key_span = table.key(name).and_then(toml_edit::Key::span);
            let at = key_span.or_else(|| item.span()).map(|span| line(self.text, span.start));
            let known = KEYS.iter().find(|key| key.path == path);
            let inside = KEYS.iter().any(|key| {
                key.path
                    .strip_prefix(path.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            match (known, item) {
                (Some(key), item) => match value(key, item) {
                    Ok(value) => drop(self.found.insert(key.path, (key, value, at.unwrap_or(1)))),
                    Err(what) => self.tell(at, &path, what),
                },
                (None, Item::Table(table)) if inside => self.table(&path, table),
                (None, Item::Value(toml_edit::Value::InlineTable(table))) if inside => {
                    self.table(&path, &table.clone().into_table());
                }
                (None, _) => self.tell(at, &path, unknown(&path)),
            }
        }
    }

    fn tell(&mut self, line: Option<usize>, key: &str, what: String) {
        self.problems.push(Problem {
            file: self.name.to_owned(),
            line,
            key: Some(key.to_owned()),
            what,
        });
    }
}

/// The nearest key there is.
fn unknown(path: &str) -> String {
    let tables = KEYS
        .iter()
        .filter_map(|key| key.path.split_once('.').map(|(table, _)| table));
    let near = KEYS
        .iter()
        .map(|key| key.path)
        .chain(tables)
        .map(|known| (strsim::jaro_winkler(path, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((likeness, known)) if likeness > 0.75 => format!("there is no such key; did you mean '{known}'?"),
        _ => "there is no such key; `sinfonia config example` lists all of them".to_owned(),
    }
}

fn value(key: &Key, item: &Item) -> Result<Value, String> {
    let given = item.type_name();
    let text = |item: &Item| item.as_str().map(str::to_owned);
    let read = match key.kind {
        Kind::Text => text(item).map(Value::One),
        Kind::Switch => item.as_bool().map(|on| Value::One(on.to_string())),
        Kind::Number => item.as_integer().map(|number| Value::One(number.to_string())),
        Kind::List => item.as_array().and_then(|list| {
            let texts = list.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().map(Value::Many)
        }),
    };
    let wanted = match key.kind {
        Kind::Text => "a text in quotes",
        Kind::Switch => "true or false, without quotes",
        Kind::Number => "a whole number, without quotes",
        Kind::List => "a list of texts, e.g. [\"a\", \"b\"]",
    };
    let read = read.ok_or_else(|| format!("it must be {wanted}, and is {given}"))?;
    if key.path == "store.address" && has_password(&read) {
        return Err(
            "a password does not belong in this file: put the address into a file of its own, readable by the program \
                    alone, and name that by store.address_file"
                .into(),
        );
    }
    Ok(read)
}

/// Whether the address of a database has a password in it.
fn has_password(value: &Value) -> bool {
    let Value::One(text) = value else { return false };
    let by_url = text.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    text.contains("password=") || by_url.is_some_and(|(user, _)| user.contains(':'))
}
