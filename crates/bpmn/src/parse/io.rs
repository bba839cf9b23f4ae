//! Input and output mappings: `zeebe:ioMapping`, `camunda:inputOutput`, `camunda:in` and `camunda:out`.

use super::dialect::{CAMUNDA, ZEEBE, camunda_element, extensions, zeebe};
use super::reader::{Reader, text};
use super::script;
use crate::foreign::quoted;
use crate::{Expression, Io, Mapping, Text};
use roxmltree::Node;

/// The mappings of an element.
pub fn read<'d>(reader: &mut Reader<'d>, node: Node<'d, 'd>) -> Io {
    let mut io = Io::default();
    if let Some(mapping) = zeebe(node, "ioMapping") {
        zeebe_mappings(reader, mapping, &mut io);
    }
    let connector = camunda_element(node, "connector");
    let holders = connector
        .into_iter()
        .flat_map(|connector| connector.children())
        .filter(Node::is_element);
    let inside = holders.filter(|child| child.tag_name().name() == "inputOutput");
    for mapping in camunda_element(node, "inputOutput").into_iter().chain(inside) {
        for entry in mapping.children().filter(Node::is_element) {
            let Some(mapping) = parameter(reader, entry) else {
                continue;
            };
            side(&mut io, entry.tag_name().name() == "inputParameter").push(mapping);
        }
    }
    for entry in extensions(node).filter(|entry| matches!(entry.tag_name().name(), "in" | "out")) {
        let ours = entry
            .tag_name()
            .namespace()
            .is_some_and(|uri| CAMUNDA.contains(&uri) || uri == ZEEBE);
        let Some(target) = entry.attribute("target").filter(|_| ours) else {
            continue;
        };
        let source = match (entry.attribute("source"), entry.attribute("sourceExpression")) {
            // Camunda 7 lets an expression stand in 'source' as well
            (Some(variable), _) if variable.contains('{') => reader.expression(entry, variable),
            (Some(variable), _) => Some(Expression(variable.to_owned())),
            (None, Some(expression)) => reader.expression(entry, expression),
            (None, None) => continue,
        };
        let Some(source) = source else { continue };
        side(&mut io, entry.tag_name().name() == "in").push(Mapping {
            source,
            target: target.to_owned(),
        });
    }
    io
}

fn side(io: &mut Io, input: bool) -> &mut Vec<Mapping> {
    if input { &mut io.inputs } else { &mut io.outputs }
}

/// A mapping without a source gives null, as in Camunda 8.
fn zeebe_mappings<'d>(reader: &mut Reader<'d>, mapping: Node<'d, 'd>, io: &mut Io) {
    for entry in mapping.children().filter(Node::is_element) {
        let source = entry.attribute("source").unwrap_or_default();
        let Some(target) = entry
            .attribute("target")
            .map(str::trim)
            .filter(|target| !target.is_empty())
        else {
            reader.error(
                entry,
                "mapping-incomplete",
                "a mapping needs a 'target'",
                "name the variable it sets, or remove the mapping",
            );
            continue;
        };
        let input = entry.tag_name().name() == "input";
        let read = if source.trim().is_empty() {
            Some(Expression("null".into()))
        } else if source.trim().starts_with('=') {
            reader.expression(entry, source)
        } else if input {
            Some(Expression(quoted(source)))
        } else {
            reader.expression(entry, &format!("={source}"))
        };
        let Some(source) = read else { continue };
        side(io, input).push(Mapping {
            source,
            target: target.to_owned(),
        });
    }
}

fn parameter<'d>(reader: &mut Reader<'d>, entry: Node<'d, 'd>) -> Option<Mapping> {
    let target = entry.attribute("name")?.to_owned();
    let source = value(reader, entry)?;
    Some(Mapping { source, target })
}

/// The value of a parameter, list item or map entry: a text, an expression, a list, a map or a script.
fn value<'d>(reader: &mut Reader<'d>, entry: Node<'d, 'd>) -> Option<Expression> {
    match entry.children().find(Node::is_element) {
        Some(inner) => structured(reader, inner),
        None => {
            let text = text(entry);
            Some(match reader.text_or_expression(entry, &text)? {
                Text::Literal(text) => Expression(quoted(&text)),
                Text::Feel(expression) => expression,
            })
        }
    }
}

fn structured<'d>(reader: &mut Reader<'d>, inner: Node<'d, 'd>) -> Option<Expression> {
    match inner.tag_name().name() {
        "list" => {
            let mut items = Vec::new();
            for item in inner.children().filter(Node::is_element) {
                items.push(item_value(reader, item)?.0);
            }
            Some(Expression(format!("[{}]", items.join(", "))))
        }
        "map" => {
            let mut items = Vec::new();
            for item in inner.children().filter(Node::is_element) {
                let key = quoted(item.attribute("key").unwrap_or_default());
                items.push(format!("{key}: {}", value(reader, item)?.0));
            }
            Some(Expression(format!("{{{}}}", items.join(", "))))
        }
        "script" => script::value(reader, inner),
        other => {
            let message = format!("a parameter of the kind '{other}' is not read here");
            let remedy = "write the value as text, list, map or FEEL";
            reader.error(inner, "parameter-unsupported", message, remedy);
            None
        }
    }
}

/// An item of a list: `camunda:value`, or a script, list or map itself.
fn item_value<'d>(reader: &mut Reader<'d>, item: Node<'d, 'd>) -> Option<Expression> {
    if matches!(item.tag_name().name(), "script" | "list" | "map") {
        structured(reader, item)
    } else {
        value(reader, item)
    }
}
