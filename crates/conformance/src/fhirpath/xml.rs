//! FHIR XML told as FHIR JSON (<https://hl7.org/fhir/R4/json.html>), by the definitions: they tell which elements
//! repeat and which texts are numbers. Enough for the inputs of the tests.

use fhir::{Definitions, Primitive, TypeDef, TypeKind};
use roxmltree::{Document, Node};
use serde_json::{Map, Value, json};

/// A resource.
pub(super) fn resource(text: &str) -> Result<Value, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    root(document.root_element())
}

fn root(node: Node<'_, '_>) -> Result<Value, String> {
    let name = node.tag_name().name();
    let definitions = Definitions::r4();
    let kind = definitions
        .type_by_path(name)
        .filter(|_| definitions.is_resource(name))
        .ok_or_else(|| format!("'{name}' is not a resource"))?;
    let mut object = Map::from_iter([("resourceType".to_owned(), json!(name))]);
    children(node, definitions.type_def(kind), &mut object)?;
    Ok(Value::Object(object))
}

/// Attributes and child elements of a value of type `kind`, into `object`.
fn children(node: Node<'_, '_>, kind: &TypeDef, object: &mut Map<String, Value>) -> Result<(), String> {
    for attribute in node
        .attributes()
        .filter(|attribute| matches!(attribute.name(), "id" | "url"))
    {
        object.insert(attribute.name().to_owned(), json!(attribute.value()));
    }
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let element = kind
            .element(name)
            .ok_or_else(|| format!("{} has no element '{name}'", kind.path))?;
        let definition = Definitions::r4().type_def(element.type_id);
        let (value, extension) = match definition.kind {
            TypeKind::Primitive(primitive) => primitive_value(child, primitive)?,
            TypeKind::Resource | TypeKind::AbstractResource => {
                let inner = child
                    .first_element_child()
                    .ok_or_else(|| format!("'{name}' holds no resource"))?;
                (root(inner)?, Value::Null)
            }
            TypeKind::Complex | TypeKind::Nested => {
                let mut inner = Map::new();
                children(child, definition, &mut inner)?;
                (Value::Object(inner), Value::Null)
            }
        };
        put(object, name, element.many, value, extension);
    }
    Ok(())
}

/// The value and, where there are any, its id and extensions.
fn primitive_value(node: Node<'_, '_>, primitive: Primitive) -> Result<(Value, Value), String> {
    if primitive == Primitive::Xhtml {
        return Ok((json!(&node.document().input_text()[node.range()]), Value::Null));
    }
    let value = match (node.attribute("value"), primitive) {
        (None, _) => Value::Null,
        (
            Some(text),
            Primitive::Boolean
            | Primitive::Decimal
            | Primitive::Integer
            | Primitive::PositiveInt
            | Primitive::UnsignedInt,
        ) => serde_json::from_str(text).map_err(|error| format!("'{text}': {error}"))?,
        (Some(text), _) => json!(text),
    };
    let definitions = Definitions::r4();
    let element = definitions.type_by_path("Element").expect("Element is a type of R4");
    let mut extension = Map::new();
    children(node, definitions.type_def(element), &mut extension)?;
    let extension = if extension.is_empty() {
        Value::Null
    } else {
        Value::Object(extension)
    };
    Ok((value, extension))
}

/// Puts a value under `name` and its extensions under `_name`; arrays of the two stay side by side.
fn put(object: &mut Map<String, Value>, name: &str, many: bool, value: Value, extension: Value) {
    let beside = format!("_{name}");
    if !many {
        for (name, value) in [(name.to_owned(), value), (beside, extension)] {
            if !value.is_null() {
                object.insert(name, value);
            }
        }
        return;
    }
    let items = object.entry(name).or_insert_with(|| json!([]));
    let Value::Array(items) = items else { return };
    items.push(value);
    let length = items.len();
    if !extension.is_null() || object.contains_key(&beside) {
        let Value::Array(extensions) = object.entry(beside).or_insert_with(|| json!([])) else {
            return;
        };
        extensions.resize(length - 1, Value::Null);
        extensions.push(extension);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_the_definitions() {
        let text = r#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/>
            <name id="n"><given value="A"/><given value="B"><extension url="http://x"><valueInteger value="3"/></extension>
            </given></name><birthDate><extension url="http://y"><valueCode value="c"/></extension></birthDate>
            <contained><Organization><name value="O"/></Organization></contained></Patient>"#;
        let expected = json!({
            "resourceType": "Patient", "active": true,
            "name": [{
                "id": "n", "given": ["A", "B"],
                "_given": [null, {"extension": [{"url": "http://x", "valueInteger": 3}]}],
            }],
            "_birthDate": {"extension": [{"url": "http://y", "valueCode": "c"}]},
            "contained": [{"resourceType": "Organization", "name": "O"}],
        });
        assert_eq!(resource(text).unwrap(), expected);
        assert!(
            resource("<Patient><nome value='x'/></Patient>")
                .unwrap_err()
                .contains("no element 'nome'")
        );
    }
}
