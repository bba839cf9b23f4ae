//! Types: of values when they are asked, of expressions before they run.

use super::expr::{Expr, Function, Op};
use super::item::{Data, Item};
use fhir::{Definitions, TypeId, TypeKind};

/// What a type is a kind of.
fn parent(name: &str) -> Option<&'static str> {
    Some(match name {
        "code" | "id" | "markdown" => "string",
        "url" | "canonical" | "uuid" | "oid" => "uri",
        "positiveInt" | "unsignedInt" => "integer",
        "Age" | "Count" | "Distance" | "Duration" | "SimpleQuantity" | "MoneyQuantity" => "Quantity",
        _ => return None,
    })
}

/// Whether a value is of the type `name`, or of one that is a kind of it.
pub(super) fn is(item: &Item<'_>, name: &str, system: bool) -> bool {
    if system {
        return is_system(item, name);
    }
    let definitions = Definitions::r4();
    let Some(kind) = item.kind else {
        let own = match &item.data {
            Data::Boolean(_) => "boolean",
            Data::Integer(_) => "integer",
            Data::Decimal(_) => "decimal",
            Data::Text(_) => "string",
            Data::Date(_) => "date",
            Data::DateTime(_) => "dateTime",
            Data::Time(_) => "time",
            Data::Node(_) | Data::Made(_) | Data::Absent => return false,
        };
        return own == name || is_system(item, name);
    };
    let definition = definitions.type_def(kind);
    if definition.kind == TypeKind::Resource {
        let plain = matches!(definition.path, "Bundle" | "Binary" | "Parameters");
        return definition.path == name || name == "Resource" || (name == "DomainResource" && !plain);
    }
    let nested = definition.kind == TypeKind::Nested && matches!(name, "BackboneElement" | "Element");
    nested || definition.path == name || parent(definition.path) == Some(name)
}

fn is_system(item: &Item<'_>, name: &str) -> bool {
    match &item.data {
        Data::Boolean(_) => name == "Boolean",
        Data::Integer(_) => name == "Integer",
        Data::Decimal(_) => name == "Decimal",
        Data::Text(_) => name == "String",
        Data::Date(_) => name == "Date",
        Data::DateTime(_) => name == "DateTime",
        Data::Time(_) => name == "Time",
        Data::Node(_) | Data::Made(_) | Data::Absent => false,
    }
}

/// The type that an expression's values have on a focus of this type, where it is certain.
pub(super) fn of(expr: &Expr, focus: Option<TypeId>, resource: &str) -> Option<TypeId> {
    let definitions = Definitions::r4();
    let named = |name: &str| definitions.type_by_path(name);
    match expr {
        Expr::This => focus,
        Expr::Resource => named(resource),
        Expr::RowIndex | Expr::Index => named("integer"),
        Expr::Literal(item) => named(match &item.data {
            Data::Boolean(_) => "boolean",
            Data::Integer(_) => "integer",
            Data::Decimal(_) => "decimal",
            Data::Text(_) => "string",
            Data::Date(_) => "date",
            Data::DateTime(_) => "dateTime",
            Data::Time(_) => "time",
            Data::Node(_) | Data::Made(_) | Data::Absent => return None,
        }),
        Expr::Nothing => None,
        Expr::Member(input, name) => member(definitions, of(input, focus, resource)?, name),
        Expr::At(input, _) => of(input, focus, resource),
        Expr::Negative(input) => of(input, focus, resource),
        Expr::Binary(op, ..) => match op {
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Div | Op::Mod | Op::Union => None,
            Op::Concatenate => named("string"),
            _ => named("boolean"),
        },
        Expr::Is(..) => named("boolean"),
        Expr::OfType(_, name) => named(name),
        Expr::Call(input, function) => match function {
            Function::Where(_)
            | Function::First
            | Function::Last
            | Function::Tail
            | Function::Skip(_)
            | Function::Take(_)
            | Function::Single
            | Function::Distinct
            | Function::LowBoundary
            | Function::HighBoundary => of(input, focus, resource),
            Function::Select(inner) => of(inner, of(input, focus, resource), resource),
            Function::Extension(_) => named("Extension"),
            Function::Exists(_)
            | Function::Empty
            | Function::Not
            | Function::All(_)
            | Function::HasValue
            | Function::StartsWith(_)
            | Function::EndsWith(_)
            | Function::Contains(_) => named("boolean"),
            Function::Count | Function::Length | Function::IndexOf(_) => named("integer"),
            Function::Join(_)
            | Function::ResourceKey
            | Function::ReferenceKey(_)
            | Function::Upper
            | Function::Lower
            | Function::Trim
            | Function::Substring(..)
            | Function::Replace(..)
            | Function::ToText => named("string"),
            Function::Iif(..) | Function::GetValue => None,
        },
    }
}

fn member(definitions: &Definitions, of: TypeId, name: &str) -> Option<TypeId> {
    let definition = definitions.type_def(of);
    if definition.path == name {
        return Some(of);
    }
    let element = definition.element(name)?;
    let abstract_resource = definitions.type_def(element.type_id).kind == TypeKind::AbstractResource;
    (!abstract_resource).then_some(element.type_id)
}
