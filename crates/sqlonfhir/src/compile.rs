//! From a ViewDefinition to what runs.

use crate::column::{Column, Kind};
use crate::path::{Constant, Path, Scope};
use crate::plan::{ColumnPath, Node, Over};
use crate::source::{Part, check_depth, check_name};
use crate::{View, ViewError, constants};
use fhir::{Definitions, TypeId};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Most columns of a view.
const MAX_COLUMNS: usize = 1_000;

/// Checks and prepares a view.
pub(crate) fn view(definition: &Value) -> Result<View, ViewError> {
    let part = Part::of("ViewDefinition", definition)?;
    if let Some(other) = part.text("resourceType")?.filter(|name| *name != "ViewDefinition") {
        let message = format!("a ViewDefinition is expected, not a {other}");
        return Err(ViewError::new(part.at("resourceType"), message));
    }
    let resource = part.needs_text("resource", "name the resource type that the view reads, e.g. Patient")?;
    let definitions = Definitions::r4();
    if !definitions.is_resource(resource) {
        let message = format!("'{resource}' is no resource type of FHIR R4");
        return Err(ViewError::new(part.at("resource"), message));
    }
    let name = part.text("name")?;
    if let Some(name) = name {
        check_name(part.at("name"), name)?;
    }
    let compiler = Compiler {
        constants: constants::read(&part)?,
        resource,
    };
    let focus = definitions.type_by_path(resource);
    let filters = compiler.filters(&part, focus)?;
    let selects = part.list("select")?;
    if selects.is_empty() {
        let message = "it is missing: a view needs at least one select with columns";
        return Err(ViewError::new(part.at("select"), message));
    }
    let mut columns = Vec::new();
    let selects = compiler.nodes(selects, focus, 0, &mut columns)?;
    check_columns(&columns)?;
    let root = Node {
        over: Over::Here,
        columns: Vec::new(),
        selects,
        union: Vec::new(),
    };
    Ok(View {
        name: name.map(str::to_owned),
        resource: resource.to_owned(),
        columns: columns.into_iter().map(|(_, column)| column).collect(),
        filters,
        root,
    })
}

/// Columns with the place where each is defined.
type Columns = Vec<(String, Column)>;

fn check_columns(columns: &Columns) -> Result<(), ViewError> {
    if columns.is_empty() {
        return Err(ViewError::new("ViewDefinition.select", "the view has no column"));
    }
    if columns.len() > MAX_COLUMNS {
        let message = format!("the view has {} columns, and {MAX_COLUMNS} are allowed", columns.len());
        return Err(ViewError::new("ViewDefinition.select", message));
    }
    let mut seen = HashSet::new();
    for (place, column) in columns {
        if !seen.insert(column.name.as_str()) {
            let message = format!("there is another column '{}': names must be unique", column.name);
            return Err(ViewError::new(place.clone(), message));
        }
    }
    Ok(())
}

struct Compiler<'a> {
    constants: HashMap<String, Constant>,
    resource: &'a str,
}

impl Compiler<'_> {
    fn path(&self, place: String, text: &str, focus: Option<TypeId>) -> Result<Path, ViewError> {
        let scope = Scope {
            constants: &self.constants,
            resource: self.resource,
            focus,
        };
        Path::compile(text, &scope).map_err(|message| ViewError::new(place, message))
    }

    fn filters(&self, view: &Part<'_>, focus: Option<TypeId>) -> Result<Vec<Path>, ViewError> {
        let mut filters = Vec::new();
        for part in view.list("where")? {
            let text = part.needs_text("path", "a condition is a FHIRPath expression")?;
            let path = self.path(part.at("path"), text, focus)?;
            if let Some(other) = path.result_type().filter(|name| name != "boolean") {
                let message = format!("'{text}' gives {other}: a condition must be true or false, e.g. ….exists()");
                return Err(ViewError::new(part.at("path"), message));
            }
            filters.push(path);
        }
        Ok(filters)
    }

    fn nodes(
        &self,
        parts: Vec<Part<'_>>,
        focus: Option<TypeId>,
        depth: usize,
        columns: &mut Columns,
    ) -> Result<Vec<Node>, ViewError> {
        parts
            .iter()
            .map(|part| self.node(part, focus, depth, columns))
            .collect()
    }

    fn node(
        &self,
        part: &Part<'_>,
        focus: Option<TypeId>,
        depth: usize,
        columns: &mut Columns,
    ) -> Result<Node, ViewError> {
        check_depth(&part.place, depth)?;
        let (over, inner) = self.over(part, focus)?;
        let mut own = Vec::new();
        for column in part.list("column")? {
            let (description, path) = self.column(&column, inner)?;
            columns.push((column.at("name"), description));
            own.push(path);
        }
        let selects = self.nodes(part.list("select")?, inner, depth + 1, columns)?;
        let union = self.union(part, inner, depth + 1, columns)?;
        if own.is_empty() && selects.is_empty() && union.is_empty() {
            let message = "a select needs columns, selects or a unionAll";
            return Err(ViewError::new(part.place.clone(), message));
        }
        Ok(Node {
            over,
            columns: own,
            selects,
            union,
        })
    }

    fn over(&self, part: &Part<'_>, focus: Option<TypeId>) -> Result<(Over, Option<TypeId>), ViewError> {
        let given: Vec<&str> = ["forEach", "forEachOrNull", "repeat"]
            .into_iter()
            .filter(|name| part.fields().contains_key(*name))
            .collect();
        match given.as_slice() {
            [] => Ok((Over::Here, focus)),
            ["repeat"] => self.repeat(part, focus),
            [name] => {
                let text = part.needs_text(name, "")?;
                let path = self.path(part.at(name), text, focus)?;
                let inner = path.static_type();
                let or_null = *name == "forEachOrNull";
                Ok((Over::Each { path, or_null }, inner))
            }
            more => {
                let message = format!("it has {}: choose one of them", more.join(" and "));
                Err(ViewError::new(part.place.clone(), message))
            }
        }
    }

    fn repeat(&self, part: &Part<'_>, focus: Option<TypeId>) -> Result<(Over, Option<TypeId>), ViewError> {
        let mut paths = Vec::new();
        let mut inner = None;
        for (at, value) in part.values("repeat")?.iter().enumerate() {
            let place = format!("{}[{at}]", part.at("repeat"));
            let Some(text) = value.as_str() else {
                return Err(ViewError::new(
                    place,
                    format!("a FHIRPath expression is expected, not {value}"),
                ));
            };
            let path = self.path(place, text, focus)?;
            inner = path.static_type().or(inner);
            paths.push(path);
        }
        // What recursion leads to may be of several types: only values themselves tell.
        let inner = inner.filter(|_| paths.len() == 1);
        Ok((Over::Repeat(paths), inner))
    }

    fn column(&self, part: &Part<'_>, focus: Option<TypeId>) -> Result<(Column, ColumnPath), ViewError> {
        let name = part.needs_text("name", "a column needs a name")?;
        check_name(part.at("name"), name)?;
        let text = part.needs_text("path", "a column needs a FHIRPath expression")?;
        let path = self.path(part.at("path"), text, focus)?;
        let stated = part.text("type")?.map(str::to_owned);
        let fhir_type = stated.or_else(|| path.result_type());
        let ansi = ansi_type(part)?;
        let kind = ansi
            .or_else(|| fhir_type.as_deref().map(Kind::of_type))
            .unwrap_or(Kind::Text);
        let collection = part.truth("collection")?.unwrap_or(false);
        let column = Column {
            name: name.to_owned(),
            kind,
            fhir_type,
            collection,
            description: part.text("description")?.map(str::to_owned),
        };
        let name = name.to_owned();
        Ok((column, ColumnPath { name, path, collection }))
    }

    /// Branches must have the same columns, by name, order and sort of value.
    fn union(
        &self,
        part: &Part<'_>,
        focus: Option<TypeId>,
        depth: usize,
        columns: &mut Columns,
    ) -> Result<Vec<Node>, ViewError> {
        let mut first: Option<Columns> = None;
        let mut branches = Vec::new();
        for branch in part.list("unionAll")? {
            let mut own = Vec::new();
            branches.push(self.node(&branch, focus, depth, &mut own)?);
            let Some(first) = &first else {
                first = Some(own);
                continue;
            };
            if let Some(message) = difference(first, &own) {
                return Err(ViewError::new(branch.place, message));
            }
        }
        columns.extend(first.into_iter().flatten());
        Ok(branches)
    }
}

fn difference(first: &Columns, own: &Columns) -> Option<String> {
    let names = |columns: &Columns| {
        let names: Vec<&str> = columns.iter().map(|(_, column)| column.name.as_str()).collect();
        names.join(", ")
    };
    if names(first) != names(own) {
        return Some(format!(
            "the branches of a unionAll must have the same columns in the same order: the first has {}, this one {}",
            names(first),
            names(own)
        ));
    }
    let unlike = first.iter().zip(own).find(|((_, a), (_, b))| {
        a.collection != b.collection || (a.kind != b.kind && a.fhir_type.is_some() && b.fhir_type.is_some())
    });
    unlike.map(|((_, a), (_, b))| {
        format!(
            "the branches of a unionAll must have columns of the same type: '{}' is {} in the first and {} here",
            a.name, a.kind, b.kind
        )
    })
}

fn ansi_type(part: &Part<'_>) -> Result<Option<Kind>, ViewError> {
    for tag in part.list("tag")? {
        if tag.text("name")? == Some("ansi/type")
            && let Some(value) = tag.text("value")?
        {
            return Ok(Kind::of_ansi(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(view: Value) -> String {
        super::view(&view).map_or_else(|error| error.to_string(), |view| format!("{:?}", view.columns()))
    }

    fn column(name: &str, path: &str) -> Value {
        json!({"name": name, "path": path})
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let one = |select: Value| told(json!({"resource": "Patient", "select": [select]}));
        let cases = [
            (told(json!({})), "ViewDefinition.resource: it is missing"),
            (
                told(json!({"resource": "Patientt"})),
                "ViewDefinition.resource: 'Patientt' is no resource type",
            ),
            (
                told(json!({"resource": "Patient"})),
                "ViewDefinition.select: it is missing",
            ),
            (
                one(json!({"column": [column("a b", "id")]})),
                "ViewDefinition.select[0].column[0].name: 'a b' is no name",
            ),
            (
                one(json!({"column": [column("a", "id.(")]})),
                "ViewDefinition.select[0].column[0].path: ",
            ),
            (
                one(json!({"column": [column("a", "%x")]})),
                "ViewDefinition.select[0].column[0].path: %x is not defined: add it to ViewDefinition.constant",
            ),
            (
                one(json!({"column": [column("a", "name.frst()")]})),
                "ViewDefinition.select[0].column[0].path: there is no function frst()",
            ),
            (
                one(json!({"column": [column("a", "id"), column("a", "birthDate")]})),
                "ViewDefinition.select[0].column[1].name: there is another column 'a'",
            ),
            (
                one(json!({"forEach": "name", "repeat": ["x"], "column": [column("a", "id")]})),
                "ViewDefinition.select[0]: it has forEach and repeat: choose one",
            ),
            (
                one(json!({"unionAll": [{"column": [column("a", "id")]}, {"column": [column("b", "id")]}]})),
                "ViewDefinition.select[0].unionAll[1]: the branches of a unionAll must have the same columns",
            ),
            (
                told(
                    json!({"resource": "Patient", "select": [{"column": [column("a", "id")]}],
                    "where": [{"path": "birthDate"}]}),
                ),
                "ViewDefinition.where[0].path: 'birthDate' gives date: a condition must be true or false",
            ),
            (
                told(
                    json!({"resource": "Patient", "select": [{"column": [column("a", "id")]}],
                    "constant": [{"name": "c", "valueString": "x", "valueCode": "y"}]}),
                ),
                "ViewDefinition.constant[0].value[x]: a constant needs exactly one value",
            ),
        ];
        for (told, expected) in cases {
            assert!(told.starts_with(expected), "{told}\nexpected {expected}");
        }
    }

    #[test]
    fn types_of_columns_are_known_without_being_stated() {
        let view = super::view(&json!({"resource": "Observation", "select": [{"column": [
            column("id", "id"),
            column("born", "effective.ofType(dateTime)"),
            column("value", "value.ofType(Quantity).value"),
            column("final", "status = 'final'"),
            column("n", "component.count()"),
            column("code", "code.coding.where(system = 'x').first()"),
        ]}]}));
        let kinds: Vec<Kind> = view.unwrap().columns.iter().map(|column| column.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Text,
                Kind::Text,
                Kind::Double,
                Kind::Boolean,
                Kind::Integer,
                Kind::Json
            ]
        );
    }
}
