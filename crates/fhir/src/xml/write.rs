//! JSON to XML.

use super::{FHIR, XmlError, is_attribute, narrative};
use crate::{Definitions, ElementDef, MAX_DEPTH, Primitive, TypeDef, TypeKind};
use serde_json::{Map, Value};
use smallvec::SmallVec;
use std::fmt::Write as _;

/// The XML form of a resource.
pub fn to_xml(definitions: &Definitions, resource: &Value) -> Result<String, XmlError> {
    let mut writer = Writer {
        definitions,
        out: String::with_capacity(1024),
        path: String::new(),
        depth: 0,
    };
    writer.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.resource(resource, true)?;
    Ok(writer.out)
}

struct Writer<'a> {
    definitions: &'a Definitions,
    out: String,
    path: String,
    depth: usize,
}

type Done = Result<(), XmlError>;

impl<'a> Writer<'a> {
    fn error(&self, message: impl Into<String>) -> XmlError {
        XmlError::Unwritable {
            path: self.path.clone(),
            message: message.into(),
        }
    }

    /// Runs `inner` one step further along the path.
    fn at(&mut self, step: std::fmt::Arguments<'_>, inner: impl FnOnce(&mut Self) -> Done) -> Done {
        let length = self.path.len();
        self.path.write_fmt(step).expect("a String accepts all");
        inner(self)?;
        self.path.truncate(length);
        Ok(())
    }

    fn resource(&mut self, value: &Value, root: bool) -> Done {
        let rtype = crate::resource_type(value).map_err(|error| self.error(error.to_string()))?;
        let kind = self
            .definitions
            .type_by_path(rtype)
            .filter(|_| self.definitions.is_resource(rtype));
        let Some(kind) = kind else {
            return Err(self.error(format!("'{rtype}' is not a FHIR R4 resource type")));
        };
        if root {
            rtype.clone_into(&mut self.path);
        }
        let kind = self.definitions.type_def(kind);
        let object = self.object_of(kind, value)?;
        self.out.push('<');
        self.out.push_str(rtype);
        if root {
            self.attribute("xmlns", FHIR)?;
        }
        self.children(kind, object, rtype)
    }

    fn object_of<'v>(&self, kind: &TypeDef, value: &'v Value) -> Result<&'v Map<String, Value>, XmlError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(format!("is nested more than {MAX_DEPTH} elements deep")));
        }
        value
            .as_object()
            .ok_or_else(|| self.error(format!("must be a JSON object of type {}", kind.path)))
    }

    fn attribute(&mut self, name: &str, value: &str) -> Done {
        narrative::attribute(&mut self.out, name, value).map_err(|message| self.error(message))
    }

    /// Ends the open tag `name`, after its attributes, with the elements of `object`.
    fn children(&mut self, kind: &'a TypeDef, object: &Map<String, Value>, name: &str) -> Done {
        let mut elements: SmallVec<[&'a ElementDef; 16]> = SmallVec::new();
        for key in object.keys() {
            if key == "resourceType" && kind.kind == TypeKind::Resource {
                continue;
            }
            let base = key.strip_prefix('_').unwrap_or(key);
            let Some(element) = kind.element(base) else {
                return Err(self.error(format!("'{key}' is not an element of {}", kind.path)));
            };
            if is_attribute(kind, base) {
                let Some(text) = object[key].as_str() else {
                    return Err(self.error(format!("'{key}' must be a string")));
                };
                self.attribute(base, text)?;
            } else {
                elements.push(element);
            }
        }
        if elements.is_empty() {
            self.out.push_str("/>");
            return Ok(());
        }
        elements.sort_unstable_by_key(|element| element.order);
        elements.dedup_by_key(|element| element.order);
        self.out.push('>');
        self.depth += 1;
        for element in elements {
            self.element(element, object)?;
        }
        self.depth -= 1;
        self.close(name);
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn element(&mut self, element: &'a ElementDef, object: &Map<String, Value>) -> Done {
        let name = element.name;
        let value = object.get(name);
        let beside = object.get(&format!("_{name}"));
        if !element.many {
            if value.is_some_and(Value::is_array) {
                return self.at(format_args!(".{name}"), |w| {
                    Err(w.error("does not repeat, so it must not be a JSON array"))
                });
            }
            return self.at(format_args!(".{name}"), |w| w.value(element, value, beside));
        }
        let array = |given: Option<&Value>| given.is_none_or(Value::is_array);
        if !array(value) || !array(beside) {
            return self.at(format_args!(".{name}"), |w| {
                Err(w.error("repeats, so it must be a JSON array"))
            });
        }
        let values: &[Value] = value.and_then(Value::as_array).map_or(&[], Vec::as_slice);
        let besides: &[Value] = beside.and_then(Value::as_array).map_or(&[], Vec::as_slice);
        for at in 0..values.len().max(besides.len()) {
            self.at(format_args!(".{name}[{at}]"), |w| {
                w.value(element, values.get(at), besides.get(at))
            })?;
        }
        Ok(())
    }

    fn value(&mut self, element: &'a ElementDef, value: Option<&Value>, beside: Option<&Value>) -> Done {
        let value = value.filter(|value| !value.is_null());
        let beside = beside.filter(|value| !value.is_null());
        let kind = self.definitions.type_def(element.type_id);
        match (kind.kind, value, beside) {
            (_, None, None) => Err(self.error("is empty")),
            (TypeKind::Primitive(Primitive::Xhtml), Some(Value::String(div)), _) => {
                let div = narrative::checked(div).map_err(|message| self.error(message))?;
                self.out.push_str(&div);
                Ok(())
            }
            (TypeKind::Primitive(_), value, beside) => self.primitive(element.name, value, beside),
            (_, _, Some(_)) => Err(self.error(format!("is not primitive, so it has no '_{}'", element.name))),
            (TypeKind::AbstractResource | TypeKind::Resource, Some(value), None) => {
                self.open(element.name);
                self.out.push('>');
                self.object_of(kind, value)?;
                self.resource(value, false)?;
                self.close(element.name);
                Ok(())
            }
            (TypeKind::Complex | TypeKind::Nested, Some(value), None) => {
                let object = self.object_of(kind, value)?;
                self.open(element.name);
                self.children(kind, object, element.name)
            }
        }
    }

    fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
    }

    fn primitive(&mut self, name: &str, value: Option<&Value>, beside: Option<&Value>) -> Done {
        self.open(name);
        match value {
            None => {}
            Some(Value::String(text)) => self.attribute("value", text)?,
            Some(Value::Bool(flag)) => self.attribute("value", if *flag { "true" } else { "false" })?,
            Some(Value::Number(number)) => self.attribute("value", number.as_str())?,
            Some(_) => return Err(self.error("must be a string, a number or a boolean")),
        }
        let Some(beside) = beside else {
            self.out.push_str("/>");
            return Ok(());
        };
        let element = self
            .definitions
            .type_by_path("Element")
            .expect("Element is a type of R4");
        let kind = self.definitions.type_def(element);
        let object = self.object_of(kind, beside)?;
        self.children(kind, object, name)
    }
}
