//! From JSON to the compact form.

use super::hierarchy::Hierarchy;
use super::raw::{Raw, RawCoding, RawConcept, RawProperty};
use super::{CodeSystem, Concept, Content, DesignationRow, Kind, MAX_CONCEPTS, PropertyDefinition, PropertyRow, Row};
use crate::TermError;
use crate::strings::{self, Span, TooLong};
use std::borrow::Cow;
use std::collections::HashMap;

/// Between the parts of a coding kept as one text.
pub(super) const MARK: char = '\u{1f}';

/// Formal meanings of properties start with this (<http://hl7.org/fhir/R4/codesystem.html#standard-props>).
const STANDARD: &str = "http://hl7.org/fhir/concept-properties#";

/// What a property means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Parent,
    Child,
    Inactive,
    Status,
    NotSelectable,
    Other,
}

#[derive(Default)]
struct Builder {
    strings: strings::Builder,
    rows: Vec<Row>,
    designations: Vec<DesignationRow>,
    properties: Vec<PropertyRow>,
    names: Vec<PropertyDefinition>,
    roles: Vec<Role>,
    numbers: HashMap<Box<str>, u16>,
    /// (child, parent), by nesting.
    nested: Vec<(u32, u32)>,
    /// (row of the property, whether its value is the parent), resolved when every code is known.
    linked: Vec<(usize, bool)>,
}

pub(super) fn build(raw: Raw) -> Result<CodeSystem, TermError> {
    let url = raw
        .url
        .ok_or_else(|| TermError::malformed("code system", "it has no url"))?;
    let failed = |message: String| TermError::malformed("code system", format!("{url}: {message}"));
    let mut builder = Builder::default();
    for property in raw.property {
        builder
            .define(&property.code, property.uri, property.description)
            .map_err(&failed)?;
    }
    for concept in raw.concept {
        builder.concept(concept, None).map_err(&failed)?;
    }
    let case_sensitive = raw.case_sensitive.unwrap_or(true);
    let by_code = builder.by_code(case_sensitive).map_err(&failed)?;
    let hierarchy = builder.hierarchy(&by_code, case_sensitive).map_err(&failed)?;
    let boxed = |text: Option<String>| text.map(String::into_boxed_str);
    Ok(CodeSystem {
        version: boxed(raw.version),
        name: boxed(raw.name.or(raw.id)),
        title: boxed(raw.title),
        language: boxed(raw.language),
        case_sensitive,
        value_set: boxed(raw.value_set),
        hierarchy_meaning: boxed(raw.hierarchy_meaning),
        content: match raw.content.as_deref() {
            Some("not-present") => Content::Absent,
            Some("supplement") => Content::Supplement,
            Some("fragment" | "example") => Content::Part,
            _ => Content::Complete,
        },
        supplements: boxed(raw.supplements),
        properties: builder.names,
        strings: builder.strings.finish(),
        rows: builder.rows.into(),
        by_code,
        designation_rows: builder.designations.into(),
        property_rows: builder.properties.into(),
        hierarchy,
        url: url.into(),
    })
}

impl Builder {
    fn define(&mut self, code: &str, uri: Option<String>, description: Option<String>) -> Result<u16, String> {
        if let Some(number) = self.numbers.get(code) {
            return Ok(*number);
        }
        let number = u16::try_from(self.names.len()).map_err(|_| "it has more than 65536 properties".to_owned())?;
        let standard = uri.as_deref().and_then(|uri| uri.strip_prefix(STANDARD));
        self.roles.push(match standard.unwrap_or(code) {
            "parent" | "subsumedBy" => Role::Parent,
            "child" => Role::Child,
            "inactive" => Role::Inactive,
            "status" => Role::Status,
            "notSelectable" | "abstract" => Role::NotSelectable,
            _ => Role::Other,
        });
        self.names.push(PropertyDefinition {
            code: code.into(),
            uri: uri.map(Into::into),
            description: description.map(Into::into),
        });
        self.numbers.insert(code.into(), number);
        Ok(number)
    }

    /// A concept with what is nested in it. The JSON parser bounds the depth.
    fn concept(&mut self, raw: RawConcept, parent: Option<u32>) -> Result<(), String> {
        if self.rows.len() >= MAX_CONCEPTS {
            return Err(format!("it has more than {MAX_CONCEPTS} concepts"));
        }
        let at = u32::try_from(self.rows.len()).map_err(|_| "too many concepts".to_owned())?;
        let row = Row {
            code: self.text(&raw.code)?,
            display: self.text(raw.display.as_deref().unwrap_or_default())?,
            definition: self.text(raw.definition.as_deref().unwrap_or_default())?,
            inactive: false,
            is_abstract: false,
        };
        self.rows.push(row);
        self.nested.extend(parent.map(|parent| (at, parent)));
        for designation in raw.designation {
            let row = DesignationRow {
                concept: at,
                language: self.shared(designation.language.as_deref().unwrap_or_default())?,
                usage: self.shared(&designation.r#use.as_ref().map(joined).unwrap_or_default())?,
                value: self.text(&designation.value)?,
            };
            self.designations.push(row);
        }
        for property in raw.property {
            self.property(at, property)?;
        }
        for child in raw.concept {
            self.concept(child, Some(at))?;
        }
        Ok(())
    }

    fn property(&mut self, at: u32, raw: RawProperty) -> Result<(), String> {
        let number = self.define(&raw.code, None, None)?;
        let (kind, text) = match &raw {
            RawProperty {
                value_code: Some(v), ..
            } => (Kind::Code, Cow::from(v)),
            RawProperty {
                value_string: Some(v), ..
            } => (Kind::Text, Cow::from(v)),
            RawProperty {
                value_coding: Some(v), ..
            } => (Kind::Coding, joined(v).into()),
            RawProperty {
                value_boolean: Some(v), ..
            } => (Kind::Boolean, if *v { "true" } else { "false" }.into()),
            RawProperty {
                value_date_time: Some(v),
                ..
            } => (Kind::DateTime, Cow::from(v)),
            RawProperty {
                value_integer: Some(v), ..
            } => (Kind::Integer, v.to_string().into()),
            RawProperty {
                value_decimal: Some(v), ..
            } => (Kind::Decimal, v.to_string().into()),
            _ => return Ok(()),
        };
        let role = self.roles[usize::from(number)];
        let row = &mut self.rows[at as usize];
        match role {
            Role::Inactive => row.inactive |= text == "true",
            Role::Status => row.inactive |= matches!(&*text, "retired" | "inactive"),
            Role::NotSelectable => row.is_abstract |= text == "true",
            Role::Parent | Role::Child => self.linked.push((self.properties.len(), role == Role::Parent)),
            Role::Other => {}
        }
        let value = self.shared(&text)?;
        self.properties.push(PropertyRow {
            concept: at,
            property: number,
            kind,
            value,
        });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<Span, String> {
        self.strings.add(text).map_err(too_long)
    }

    fn shared(&mut self, text: &str) -> Result<Span, String> {
        self.strings.intern(text).map_err(too_long)
    }

    fn code(&self, at: u32) -> &str {
        self.strings.get(self.rows[at as usize].code)
    }

    /// Places sorted by code. A code that is there twice is refused: no answer about it could be right.
    fn by_code(&self, case_sensitive: bool) -> Result<Box<[u32]>, String> {
        let mut places: Vec<u32> = (0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).collect();
        if case_sensitive {
            places.sort_by(|a, b| self.code(*a).cmp(self.code(*b)));
        } else {
            places.sort_by_cached_key(|at| fold(self.code(*at)).into_owned());
        }
        let twice = places.windows(2).find(|pair| self.code(pair[0]) == self.code(pair[1]));
        match twice {
            Some(pair) => Err(format!("the code '{}' is there twice", self.code(pair[0]))),
            None => Ok(places.into()),
        }
    }

    fn hierarchy(&mut self, by_code: &[u32], case_sensitive: bool) -> Result<Hierarchy, String> {
        let mut pairs = std::mem::take(&mut self.nested);
        for (row, is_parent) in &self.linked {
            let row = self.properties[*row];
            let text = self.strings.get(row.value);
            let wanted = match row.kind {
                Kind::Coding => super::split(text).1,
                _ => text,
            };
            let found = by_code.binary_search_by(|at| {
                if case_sensitive {
                    self.code(*at).cmp(wanted)
                } else {
                    fold(self.code(*at)).cmp(&fold(wanted))
                }
            });
            // A parent that is not here says nothing about what is here.
            if let Ok(found) = found {
                let other = by_code[found];
                pairs.push(if *is_parent {
                    (row.concept, other)
                } else {
                    (other, row.concept)
                });
            }
        }
        Hierarchy::new(self.rows.len(), pairs)
            .map_err(|Concept(at)| format!("the hierarchy has a circle at or above '{}'", self.code(at)))
    }
}

fn too_long(_: TooLong) -> String {
    "its texts are longer than 4 GiB".to_owned()
}

fn joined(coding: &RawCoding) -> String {
    format!("{}{MARK}{}{MARK}{}", coding.system, coding.code, coding.display)
}

/// The form in which codes are the same whatever their case.
pub(super) fn fold(code: &str) -> Cow<'_, str> {
    if code.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        Cow::Owned(code.to_lowercase())
    } else {
        Cow::Borrowed(code)
    }
}
