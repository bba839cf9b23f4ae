//! Rows.

use crate::path::{Item, Items, Path, Place};
use crate::plan::{ColumnPath, Node, Over};
use crate::{RowError, View};
use serde_json::Value;

/// Most rows that one resource may make: combinations of several lists grow fast.
pub const MAX_ROWS_OF_ONE: usize = 100_000;

/// One cell.
#[derive(Debug, Clone)]
pub enum Cell<'a> {
    /// A value, or none.
    One(Option<Item<'a>>),
    /// The values of a collection.
    Many(Items<'a>),
}

impl Cell<'_> {
    /// As JSON: no value is null, a collection is an array.
    pub fn to_json(&self) -> Value {
        match self {
            Cell::One(None) => Value::Null,
            Cell::One(Some(item)) => item.to_json(),
            Cell::Many(items) => Value::Array(items.iter().map(Item::to_json).collect()),
        }
    }

    fn owned<'b>(self) -> Cell<'b> {
        match self {
            Cell::One(item) => Cell::One(item.map(Item::into_owned)),
            Cell::Many(items) => Cell::Many(items.into_iter().map(Item::into_owned).collect()),
        }
    }
}

type Row<'a> = Vec<Cell<'a>>;
type Outcome<T> = Result<T, (String, String)>;

/// The rows of a resource.
pub(crate) fn rows<'a>(view: &'a View, resource: &'a Value) -> Result<Vec<Row<'a>>, RowError> {
    let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or("");
    if text("resourceType") != view.resource {
        return Ok(Vec::new());
    }
    let run = Run { resource };
    run.all(view).map_err(|(place, message)| RowError {
        resource: format!("{}/{}", text("resourceType"), text("id")),
        place,
        message,
    })
}

struct Run<'a> {
    resource: &'a Value,
}

impl<'a> Run<'a> {
    fn all(&self, view: &'a View) -> Outcome<Vec<Row<'a>>> {
        let place = Place {
            focus: Item::resource(self.resource),
            resource: self.resource,
            row_index: 0,
        };
        for filter in &view.filters {
            if !passes(filter, &place)? {
                return Ok(Vec::new());
            }
        }
        self.node(&view.root, &place)
    }

    /// The rows of a select that stands at `place`.
    fn node<'p>(&self, node: &'a Node, place: &Place<'p>) -> Outcome<Vec<Row<'p>>>
    where
        'a: 'p,
    {
        match &node.over {
            Over::Here => self.here(node, place),
            Over::Each { path, or_null } => {
                let mut items = evaluate(path, place)?;
                if items.is_empty() && *or_null {
                    items.push(Item::absent());
                }
                self.each(node, place, items)
            }
            Over::Repeat(paths) => {
                let mut items = Items::new();
                descend(paths, place, &mut items, 0)?;
                self.each(node, place, items)
            }
        }
    }

    fn each<'p>(&self, node: &'a Node, place: &Place<'p>, items: Items<'p>) -> Outcome<Vec<Row<'p>>>
    where
        'a: 'p,
    {
        let mut rows = Vec::new();
        for (at, focus) in items.into_iter().enumerate() {
            if focus.is_made() {
                // The rows of a value that an expression made may not outlive it.
                let inner = place.with(focus.reborrow(), at);
                rows.extend(self.here(node, &inner)?.into_iter().map(own));
            } else {
                rows.extend(self.here(node, &place.with(focus, at))?);
            }
            check_rows(rows.len())?;
        }
        Ok(rows)
    }

    fn here<'p>(&self, node: &'a Node, place: &Place<'p>) -> Outcome<Vec<Row<'p>>>
    where
        'a: 'p,
    {
        let mut own = Vec::with_capacity(node.columns.len());
        for column in &node.columns {
            own.push(cell(column, place)?);
        }
        let mut rows = vec![own];
        for select in &node.selects {
            rows = product(rows, self.node(select, place)?)?;
        }
        if !node.union.is_empty() {
            let mut branches = Vec::new();
            for branch in &node.union {
                branches.extend(self.node(branch, place)?);
            }
            rows = product(rows, branches)?;
        }
        Ok(rows)
    }
}

fn own<'b>(row: Row<'_>) -> Row<'b> {
    row.into_iter().map(Cell::owned).collect()
}

fn evaluate<'p>(path: &'p Path, place: &Place<'p>) -> Outcome<Items<'p>> {
    path.evaluate(place)
        .map_err(|message| (path.text().to_owned(), message))
}

/// Everything reached by the paths again and again, each element before what it leads to.
fn descend<'p>(paths: &'p [Path], place: &Place<'p>, found: &mut Items<'p>, depth: usize) -> Outcome<()> {
    if depth > fhir::MAX_DEPTH {
        return Err((paths[0].text().to_owned(), "the repeat never ends".to_owned()));
    }
    for path in paths {
        for item in evaluate(path, place)? {
            let inner = place.with(item.clone(), 0);
            if item.is_made() {
                let message = "a repeat follows elements of the resource, not values that an expression makes";
                return Err((path.text().to_owned(), message.to_owned()));
            }
            found.push(item);
            check_rows(found.len())?;
            descend(paths, &inner, found, depth + 1)?;
        }
    }
    Ok(())
}

/// Whether a condition holds: no value is no, anything but true and false is an error.
fn passes<'p>(filter: &'p Path, place: &Place<'p>) -> Outcome<bool> {
    let items = evaluate(filter, place)?;
    let wrong = |what: &str| {
        Err((
            filter.text().to_owned(),
            format!("a condition must be true or false, not {what}"),
        ))
    };
    match items.as_slice() {
        [] => Ok(false),
        [one] => one.truth().map_or_else(|| wrong(&one.to_json().to_string()), Ok),
        more => wrong(&format!("{} values", more.len())),
    }
}

fn cell<'p>(column: &'p ColumnPath, place: &Place<'p>) -> Outcome<Cell<'p>> {
    let failed = |message: String| (format!("column '{}'", column.name), message);
    let mut items = column.path.evaluate(place).map_err(failed)?;
    if column.collection {
        return Ok(Cell::Many(items));
    }
    match items.len() {
        0 | 1 => Ok(Cell::One(items.pop().filter(|item| !item.is_absent()))),
        many => Err(failed(format!(
            "'{}' gives {many} values: say collection true, or choose one with first() or forEach",
            column.path.text()
        ))),
    }
}

fn product<'p>(left: Vec<Row<'p>>, right: Vec<Row<'p>>) -> Outcome<Vec<Row<'p>>> {
    check_rows(left.len().saturating_mul(right.len()))?;
    if let (1, Some(0)) = (left.len(), left.first().map(Vec::len)) {
        return Ok(right);
    }
    let mut rows = Vec::with_capacity(left.len() * right.len());
    for a in &left {
        for b in &right {
            let mut row = Vec::with_capacity(a.len() + b.len());
            row.extend(a.iter().cloned());
            row.extend(b.iter().cloned());
            rows.push(row);
        }
    }
    Ok(rows)
}

fn check_rows(rows: usize) -> Outcome<()> {
    if rows <= MAX_ROWS_OF_ONE {
        return Ok(());
    }
    let message = format!("one resource makes {rows} rows, and {MAX_ROWS_OF_ONE} are allowed: use fewer lists at once");
    Err(("select".to_owned(), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(view: Value, resource: Value) -> Result<Value, String> {
        let view = View::compile(&view).map_err(|error| error.to_string())?;
        let rows = view.rows(&resource).map_err(|error| error.to_string())?;
        let row = |row: &Row<'_>| Value::Array(row.iter().map(Cell::to_json).collect());
        Ok(Value::Array(rows.iter().map(row).collect()))
    }

    fn columns(paths: &[&str]) -> Value {
        let column = |(at, path): (usize, &&str)| json!({"name": format!("c{at}"), "path": path});
        json!({"resource": "Patient", "select": [{"column": paths.iter().enumerate().map(column).collect::<Vec<_>>()}]})
    }

    #[test]
    fn expressions_of_views() {
        let patient = json!({
            "resourceType": "Patient", "id": "p", "birthDate": "1980-02", "active": true,
            "_birthDate": {"extension": [{"url": "u", "valueString": "about"}]},
            "name": [{"use": "usual", "given": ["a", "b"]}, {"use": "official", "given": ["c"]}],
            "multipleBirthInteger": 2,
            "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "https://other.example/Practitioner/2"}],
        });
        let cases = [
            ("name.where(use = 'official').given.first()", json!("c")),
            ("name[0].given[1] & '!'", json!("b!")),
            ("name.select(given.count()).where($this > 1)", json!(2)),
            ("multipleBirth.ofType(integer) * 2.5", json!(5)),
            ("multipleBirth.ofType(boolean)", json!(null)),
            ("birthDate.extension('u').value.ofType(string)", json!("about")),
            ("birthDate < @1980-03", json!(true)),
            ("birthDate < @1980-02-03", json!(null)),
            ("iif(active, 'yes', 'no')", json!("yes")),
            ("getResourceKey()", json!("Patient/p")),
            (
                "generalPractitioner.getReferenceKey(Practitioner)",
                json!("Practitioner/1"),
            ),
            ("%resource.id + '-' + %rowIndex.toString()", json!("p-0")),
            // The rest is the engine's, underneath.
            ("name.given.exists($this.matches('^c$'))", json!(true)),
            ("name.given.combine('z').count()", json!(4)),
            ("(1 | 2 | 1).count()", json!(2)),
            ("Patient.active and name.family.empty()", json!(true)),
        ];
        for (path, expected) in cases {
            let made = rows(columns(&[path]), patient.clone());
            assert_eq!(
                made.map(|rows| rows[0][0].to_string()),
                Ok(expected.to_string()),
                "{path}"
            );
        }
    }

    #[test]
    fn rows_that_cannot_be_made_name_the_resource_and_the_column() {
        let patient = json!({"resourceType": "Patient", "id": "p", "name": [{"family": "a"}, {"family": "b"}]});
        let error = rows(columns(&["name.family"]), patient.clone()).unwrap_err();
        assert!(
            error.starts_with("Patient/p, column 'c0': 'name.family' gives 2 values: say collection"),
            "{error}"
        );
        let many = vec![json!({"family": "a"}); 400];
        let each = json!({"forEach": "name", "column": [{"name": "x", "path": "family"}]});
        let mut other = each.clone();
        other["column"][0]["name"] = json!("y");
        let view = json!({"resource": "Patient", "select": [each, other]});
        let error = rows(view, json!({"resourceType": "Patient", "id": "p", "name": many})).unwrap_err();
        assert!(error.contains("160000 rows, and 100000 are allowed"), "{error}");
    }

    #[test]
    fn values_that_an_expression_makes_are_gone_over_as_well() {
        let patient = json!({"resourceType": "Patient", "id": "p", "name": [{"given": ["b", "a", "b"]}]});
        let view = json!({"resource": "Patient", "select": [
            {"forEach": "name.given.sort()", "column": [{"name": "x", "path": "$this"}, {"name": "n", "path": "%rowIndex"}]}]});
        assert_eq!(rows(view, patient), Ok(json!([["a", 0], ["b", 1], ["b", 2]])));
    }
}
