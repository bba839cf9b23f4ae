//! Values of expressions, borrowed from the resource where they can be.

use fhir::{Definitions, Primitive, TypeId, TypeKind};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::str::FromStr as _;

/// A collection of FHIRPath.
pub type Items<'a> = SmallVec<[Item<'a>; 1]>;

/// A value, with the FHIR type it has as far as it is certain.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    pub(super) data: Data<'a>,
    pub(super) kind: Option<TypeId>,
    /// The `_name` beside a primitive: its id and extensions.
    sibling: Option<&'a Value>,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Data<'a> {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(Cow<'a, str>),
    Date(Cow<'a, str>),
    DateTime(Cow<'a, str>),
    Time(Cow<'a, str>),
    /// An element with children, a resource, or a number too long for arithmetic.
    Node(&'a Value),
    /// An element that an expression made.
    Made(Box<Value>),
    /// A primitive that has extensions and no value.
    Absent,
}

impl<'a> Data<'a> {
    fn of(value: &'a Value, primitive: Option<Primitive>) -> Self {
        match value {
            Value::Null => Data::Absent,
            Value::Bool(truth) => Data::Boolean(*truth),
            Value::Number(number) => number_of(number, primitive).unwrap_or(Data::Node(value)),
            Value::String(text) => {
                let text = Cow::Borrowed(text.as_str());
                match primitive {
                    Some(Primitive::Date) => Data::Date(text),
                    Some(Primitive::DateTime | Primitive::Instant) => Data::DateTime(text),
                    Some(Primitive::Time) => Data::Time(text),
                    _ => Data::Text(text),
                }
            }
            Value::Array(_) | Value::Object(_) => Data::Node(value),
        }
    }

    fn into_owned<'b>(self) -> Data<'b> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Data::Boolean(truth) => Data::Boolean(truth),
            Data::Integer(number) => Data::Integer(number),
            Data::Decimal(number) => Data::Decimal(number),
            Data::Text(text) => Data::Text(owned(text)),
            Data::Date(text) => Data::Date(owned(text)),
            Data::DateTime(text) => Data::DateTime(owned(text)),
            Data::Time(text) => Data::Time(owned(text)),
            Data::Node(value) => Data::Made(Box::new(value.clone())),
            Data::Made(value) => Data::Made(value),
            Data::Absent => Data::Absent,
        }
    }

    fn reborrow(&self) -> Data<'_> {
        match self {
            Data::Boolean(truth) => Data::Boolean(*truth),
            Data::Integer(number) => Data::Integer(*number),
            Data::Decimal(number) => Data::Decimal(*number),
            Data::Text(text) => Data::Text(Cow::Borrowed(text)),
            Data::Date(text) => Data::Date(Cow::Borrowed(text)),
            Data::DateTime(text) => Data::DateTime(Cow::Borrowed(text)),
            Data::Time(text) => Data::Time(Cow::Borrowed(text)),
            Data::Node(value) => Data::Node(value),
            Data::Made(value) => Data::Node(value),
            Data::Absent => Data::Absent,
        }
    }
}

fn number_of<'a>(number: &Number, primitive: Option<Primitive>) -> Option<Data<'a>> {
    let whole = number.as_i64().filter(|_| primitive != Some(Primitive::Decimal));
    match whole {
        Some(whole) => Some(Data::Integer(whole)),
        None => decimal(number.as_str()).map(Data::Decimal),
    }
}

/// The number that digits mean, with their count kept; `None` beyond 28 digits.
pub(crate) fn decimal(digits: &str) -> Option<Decimal> {
    Decimal::from_str(digits)
        .or_else(|_| Decimal::from_scientific(digits))
        .ok()
}

impl<'a> Item<'a> {
    pub(super) fn new(data: Data<'a>) -> Self {
        Self {
            data,
            kind: None,
            sibling: None,
        }
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Data::Text(text.into()))
    }

    /// A whole resource.
    pub(crate) fn resource(value: &'a Value) -> Self {
        Self::node(value, None)
    }

    /// What stands in for the element of a `forEachOrNull` without any.
    pub(crate) fn absent() -> Self {
        Self::new(Data::Absent)
    }

    /// A value of an element; a resource tells its type itself.
    fn node(value: &'a Value, kind: Option<TypeId>) -> Self {
        let definitions = Definitions::r4();
        let own = value.get("resourceType").and_then(Value::as_str);
        let kind = own.map_or(kind, |name| definitions.type_by_path(name));
        let primitive = kind.and_then(|kind| match definitions.type_def(kind).kind {
            TypeKind::Primitive(primitive) => Some(primitive),
            _ => None,
        });
        Self {
            data: Data::of(value, primitive),
            kind,
            sibling: None,
        }
    }

    pub(super) fn made(value: Value) -> Self {
        Self::new(Data::Made(Box::new(value)))
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.data, Data::Absent)
    }

    pub(crate) fn is_made(&self) -> bool {
        matches!(self.data, Data::Made(_))
    }

    /// The same value, borrowed from this one.
    pub(crate) fn reborrow(&self) -> Item<'_> {
        Item {
            data: self.data.reborrow(),
            kind: self.kind,
            sibling: self.sibling,
        }
    }

    pub(crate) fn into_owned<'b>(self) -> Item<'b> {
        Item {
            data: self.data.into_owned(),
            kind: self.kind,
            sibling: None,
        }
    }

    /// True or false, where the value is one of them.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self.data {
            Data::Boolean(truth) => Some(truth),
            _ => None,
        }
    }

    /// The text of a value that is written as text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) | Data::Date(text) | Data::DateTime(text) | Data::Time(text) => Some(text),
            _ => None,
        }
    }

    /// As JSON; decimals keep their digits.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Boolean(truth) => Value::Bool(*truth),
            Data::Integer(number) => Value::from(*number),
            Data::Decimal(number) => Number::from_str(&number.to_string()).map_or(Value::Null, Value::Number),
            Data::Text(text) | Data::Date(text) | Data::DateTime(text) | Data::Time(text) => {
                Value::String(text.clone().into_owned())
            }
            Data::Node(value) => (*value).clone(),
            Data::Made(value) => (**value).clone(),
            Data::Absent => Value::Null,
        }
    }

    fn object(&self) -> Option<&'a Map<String, Value>> {
        match self.data {
            Data::Node(value) => value.as_object(),
            _ => self.sibling.and_then(Value::as_object),
        }
    }

    /// Adds the children of this name. `value` finds `valueQuantity` as well.
    pub(super) fn children(&self, name: &str, found: &mut Items<'a>) {
        let Some(object) = self.object() else { return };
        let definitions = Definitions::r4();
        let is_node = matches!(self.data, Data::Node(_));
        let of = self.kind.filter(|_| is_node).map(|kind| definitions.type_def(kind));
        let kind_of = |field: &str| of.and_then(|of| of.element(field)).map(|element| element.type_id);
        if let Some(value) = object.get(name) {
            let kind =
                kind_of(name).or_else(|| (name == "extension").then(|| definitions.type_by_path("Extension"))?);
            return add(value, beside(object, name), kind, found);
        }
        let is_choice = |field: &str| {
            field.len() > name.len()
                && field.starts_with(name)
                && field.as_bytes()[name.len()].is_ascii_uppercase()
                && of.is_none_or(|of| of.element(field).is_some_and(|element| element.stem == name))
        };
        if let Some((field, value)) = object.iter().find(|(field, _)| is_choice(field)) {
            let kind = kind_of(field).or_else(|| type_of_suffix(definitions, &field[name.len()..]));
            return add(value, beside(object, field), kind, found);
        }
        if let Some(sibling) = beside(object, name) {
            add(&Value::Null, Some(sibling), kind_of(name), found);
        }
    }
}

/// `_name`.
fn beside<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if !object.keys().any(|key| key.starts_with('_')) {
        return None;
    }
    object.get(&format!("_{name}"))
}

/// `Quantity`, or `dateTime` for `DateTime`.
fn type_of_suffix(definitions: &Definitions, suffix: &str) -> Option<TypeId> {
    definitions.type_by_path(suffix).or_else(|| {
        let mut name = suffix.to_owned();
        name[..1].make_ascii_lowercase();
        definitions.type_by_path(&name)
    })
}

fn add<'a>(value: &'a Value, sibling: Option<&'a Value>, kind: Option<TypeId>, found: &mut Items<'a>) {
    let one = |value: &'a Value, sibling: Option<&'a Value>| {
        let sibling = sibling.filter(|sibling| sibling.is_object());
        (!value.is_null() || sibling.is_some()).then(|| Item {
            sibling,
            ..Item::node(value, kind)
        })
    };
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                found.extend(one(value, sibling.and_then(|sibling| sibling.get(at))));
            }
        }
        value => match sibling {
            Some(Value::Array(siblings)) if value.is_null() => {
                found.extend(siblings.iter().filter_map(|sibling| one(value, Some(sibling))));
            }
            sibling => found.extend(one(value, sibling)),
        },
    }
}
