//! XML to JSON.

use super::{FHIR, MAX_BYTES, MAX_NODES, XHTML, XmlError, is_attribute, narrative};
use crate::{Definitions, ElementDef, MAX_DEPTH, Primitive, TypeDef, TypeKind};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Number, Value};
use std::fmt::Write as _;

/// Declarations of prefixes in a document: a parser copies them for every element below.
const MAX_PREFIXES: usize = 100;

/// The resource in an XML document, as JSON. Names, places and counts are checked here; formats by [`crate::check`].
pub fn from_xml(definitions: &Definitions, text: &str) -> Result<Value, XmlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let limit = |message: String| XmlError::Malformed {
        line: 1,
        column: 1,
        message,
    };
    if text.len() > MAX_BYTES {
        return Err(limit(format!("it has more than {MAX_BYTES} bytes")));
    }
    if text.matches("xmlns:").nth(MAX_PREFIXES).is_some() {
        return Err(limit(format!(
            "it declares more than {MAX_PREFIXES} namespace prefixes"
        )));
    }
    let options = ParsingOptions {
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let doc = Document::parse_with_options(text, options).map_err(|error| malformed(text, &error))?;
    let mut reader = Reader {
        definitions,
        path: String::new(),
        depth: 0,
    };
    reader.resource(doc.root_element())
}

fn malformed(text: &str, error: &roxmltree::Error) -> XmlError {
    let (line, column) = match error {
        // These errors carry no place.
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            let (lines, rest) = (text.split('\n').count(), text.rsplit('\n').next().unwrap_or(text));
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            (number(lines), number(rest.chars().count() + 1))
        }
        _ => (error.pos().row, error.pos().col),
    };
    let message = error.to_string();
    XmlError::Malformed {
        line,
        column,
        message: message.split(" at ").next().unwrap_or(&message).to_owned(),
    }
}

struct Reader<'a> {
    definitions: &'a Definitions,
    path: String,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, node: Node<'_, '_>, message: impl Into<String>) -> XmlError {
        XmlError::Invalid {
            line: node.document().text_pos_at(node.range().start).row,
            path: self.path.clone(),
            message: message.into(),
        }
    }

    fn resource(&mut self, node: Node<'_, '_>) -> Result<Value, XmlError> {
        let rtype = node.tag_name().name();
        if self.path.is_empty() {
            rtype.clone_into(&mut self.path);
        }
        if node.tag_name().namespace() != Some(FHIR) {
            return Err(self.error(node, format!("<{rtype}> must be in the namespace {FHIR}")));
        }
        let kind = self
            .definitions
            .type_by_path(rtype)
            .filter(|_| self.definitions.is_resource(rtype));
        let Some(kind) = kind else {
            return Err(self.error(node, format!("'{rtype}' is not a FHIR R4 resource type")));
        };
        let mut object = Map::new();
        object.insert("resourceType".to_owned(), Value::from(rtype));
        self.object(self.definitions.type_def(kind), node, object)
    }

    /// Attributes and elements of `node`, added to `object`.
    fn object(
        &mut self,
        kind: &'a TypeDef,
        node: Node<'_, '_>,
        mut object: Map<String, Value>,
    ) -> Result<Value, XmlError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(
                node,
                format!("is nested more than {MAX_DEPTH} elements deep; flatten the resource"),
            ));
        }
        self.depth += 1;
        for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
            let name = attribute.name();
            if name == "value" && kind.path == "Element" {
                continue; // of a primitive, read by its caller
            }
            if !is_attribute(kind, name) {
                return Err(self.error(node, format!("{} has no attribute '{name}'", kind.path)));
            }
            object.insert(name.to_owned(), Value::from(attribute.value()));
        }
        for child in node.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                return Err(self.error(child, "holds text; values stand in the attribute 'value'"));
            }
            if child.is_element() {
                self.child(kind, child, &mut object)?;
            }
        }
        self.depth -= 1;
        Ok(Value::Object(object))
    }

    fn child(
        &mut self,
        kind: &'a TypeDef,
        node: Node<'_, '_>,
        object: &mut Map<String, Value>,
    ) -> Result<(), XmlError> {
        let name = node.tag_name().name();
        let found = kind.element(name).filter(|_| !is_attribute(kind, name));
        let length = self.path.len();
        let Some(element) = found else {
            return Err(self.error(node, format!("'{name}' is not an element of {}", kind.path)));
        };
        let at = match object.get(name).or_else(|| object.get(&format!("_{name}"))) {
            Some(Value::Array(items)) => items.len(),
            Some(_) => return Err(self.error(node, format!("'{name}' does not repeat, but is there again"))),
            None => 0,
        };
        self.path.push('.');
        self.path.push_str(name);
        if element.many {
            write!(self.path, "[{at}]").expect("a String accepts all");
        }
        let (value, beside) = self.value(element, node)?;
        self.path.truncate(length);
        place(element, object, name.to_owned(), at, value);
        if let TypeKind::Primitive(_) = self.definitions.type_def(element.type_id).kind {
            place(element, object, format!("_{name}"), at, beside);
        }
        Ok(())
    }

    /// The value, and the id and extensions of a primitive.
    fn value(&mut self, element: &ElementDef, node: Node<'_, '_>) -> Result<(Option<Value>, Option<Value>), XmlError> {
        let kind = self.definitions.type_def(element.type_id);
        let namespace = node.tag_name().namespace();
        if kind.kind == TypeKind::Primitive(Primitive::Xhtml) {
            if namespace != Some(XHTML) {
                return Err(self.error(node, format!("must be in the namespace {XHTML}")));
            }
            let text = narrative::text(node).map_err(|message| self.error(node, message))?;
            return Ok((Some(Value::from(text)), None));
        }
        if namespace != Some(FHIR) {
            return Err(self.error(node, format!("must be in the namespace {FHIR}")));
        }
        match kind.kind {
            TypeKind::Primitive(primitive) => self.primitive(primitive, node),
            TypeKind::AbstractResource | TypeKind::Resource => {
                let mut inner = node.children().filter(Node::is_element);
                match (inner.next(), inner.next()) {
                    (Some(resource), None) => {
                        self.depth += 1;
                        let value = self.resource(resource)?;
                        self.depth -= 1;
                        Ok((Some(value), None))
                    }
                    _ => Err(self.error(node, "must hold exactly one resource")),
                }
            }
            TypeKind::Complex | TypeKind::Nested => {
                let value = self.object(kind, node, Map::new())?;
                if value.as_object().is_some_and(Map::is_empty) {
                    return Err(self.error(node, "is empty; leave the element out or give it a value"));
                }
                Ok((Some(value), None))
            }
        }
    }

    fn primitive(
        &mut self,
        primitive: Primitive,
        node: Node<'_, '_>,
    ) -> Result<(Option<Value>, Option<Value>), XmlError> {
        let element = self
            .definitions
            .type_by_path("Element")
            .expect("Element is a type of R4");
        let beside = self.object(self.definitions.type_def(element), node, Map::new())?;
        let beside = Some(beside).filter(|beside| beside.as_object().is_some_and(|object| !object.is_empty()));
        let value = match node.attribute("value") {
            None if beside.is_none() => {
                return Err(self.error(
                    node,
                    "has neither value nor extension; leave the element out or give it a value",
                ));
            }
            None => None,
            Some(text) => Some(typed(primitive, text).map_err(|message| self.error(node, message))?),
        };
        Ok((value, beside))
    }
}

/// Text as the JSON value of its type.
fn typed(primitive: Primitive, text: &str) -> Result<Value, String> {
    match primitive {
        Primitive::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(format!("must be true or false, not '{text}'")),
        },
        Primitive::Decimal | Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => text
            .parse::<Number>()
            .map(Value::Number)
            .map_err(|_| format!("must be a number such as 6.50, not '{text}'")),
        _ => Ok(Value::from(text)),
    }
}

/// Puts a value at its place; of a list, what is missing before it is null.
fn place(element: &ElementDef, object: &mut Map<String, Value>, name: String, at: usize, value: Option<Value>) {
    if !element.many {
        if let Some(value) = value {
            object.insert(name, value);
        }
        return;
    }
    match (object.get_mut(&name), value) {
        (Some(Value::Array(items)), value) => items.push(value.unwrap_or_default()),
        (_, Some(value)) => {
            let mut items = vec![Value::Null; at];
            items.push(value);
            object.insert(name, Value::Array(items));
        }
        (_, None) => {}
    }
}
