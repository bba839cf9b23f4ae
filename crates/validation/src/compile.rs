//! A StructureDefinition to a [`Profile`].

use crate::invariant::Constraint;
use crate::profile::{
    Binding, Context, Discriminator, DiscriminatorKind, Node, Profile, ProfileError, Rules, Slicing, Step, Strength,
    TypeRef,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Compiles the snapshot of `definition`.
///
/// # Errors
/// There is no snapshot (see [`crate::with_snapshot`]), or it is not in order.
pub fn compile(definition: &Value) -> Result<Profile, ProfileError> {
    let text = |name: &str| definition.get(name).and_then(Value::as_str).map(str::to_owned);
    let url = text("url").unwrap_or_default();
    let lacks = |lacks: &'static str| ProfileError::Lacks {
        url: url.clone(),
        lacks,
    };
    let elements = definition
        .pointer("/snapshot/element")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
        .ok_or_else(|| lacks("snapshot"))?;
    let mut nodes: Vec<Node> = Vec::with_capacity(elements.len());
    for element in elements {
        let element = element.as_object().ok_or_else(|| lacks("well-formed snapshot"))?;
        let node = node(element);
        if !nodes.is_empty() {
            let at = nodes.len();
            attach(&mut nodes, at, &node).ok_or_else(|| ProfileError::Orphan {
                url: url.clone(),
                path: node.path.clone(),
            })?;
        }
        nodes.push(node);
    }
    Ok(Profile {
        type_name: text("type").ok_or_else(|| lacks("type"))?,
        version: text("version"),
        name: text("name").unwrap_or_default(),
        base: text("baseDefinition"),
        constraint: text("derivation").as_deref() == Some("constraint"),
        official: false,
        contexts: contexts(definition),
        nodes,
        url,
    })
}

/// `StructureDefinition.context`.
fn contexts(definition: &Value) -> Vec<Context> {
    let list = definition
        .get("context")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let one = |value: &Value| {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let expression = text("expression")?.trim_end_matches("[x]").to_owned();
        Some(match text("type")? {
            "element" => Context::Element(expression),
            "extension" => Context::Extension(expression),
            _ => Context::Expression,
        })
    };
    list.filter_map(one).collect()
}

/// Links a new node to its parent or to the element it slices: the nearest before it.
fn attach(nodes: &mut [Node], at: usize, node: &Node) -> Option<()> {
    let head = |node: &Node| {
        nodes
            .iter()
            .rposition(|other| other.path == node.path && other.slice.is_none())
    };
    // a name without an element that is sliced, as in R4's own profile `catalog`, makes no slice
    if let Some(slice) = &node.slice
        && let Some(head) = head(node)
    {
        let owner = match slice.rsplit_once('/') {
            Some((outer, _)) => nodes[head]
                .slices
                .iter()
                .copied()
                .rfind(|at| nodes[*at].slice.as_deref() == Some(outer))
                .unwrap_or(head),
            None => head,
        };
        nodes[owner].slices.push(at);
        return Some(());
    }
    let (parent, _) = node.path.rsplit_once('.')?;
    if !parent.contains('.') {
        nodes[0].children.push(at); // R4's own profile `catalog` names its root otherwise than what is below it
        return Some(());
    }
    let parent = nodes.iter().rposition(|other| other.path == parent)?;
    nodes[parent].children.push(at);
    Some(())
}

fn node(element: &Map<String, Value>) -> Node {
    let text = |name: &str| element.get(name).and_then(Value::as_str).map(str::to_owned);
    let path = text("path").unwrap_or_default();
    let leaf = path.rsplit('.').next().unwrap_or_default();
    let choice = leaf.ends_with("[x]");
    let starting = |start: &str| {
        let member = element.iter().find(|(name, _)| {
            name.strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        });
        member.map(|(_, value)| value.clone())
    };
    let list = |name: &str| element.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut types: Vec<TypeRef> = list("type").map(type_ref).collect();
    // as `Reference(A)` and `Reference(B)` may be two entries of one type
    types.dedup_by(|next, kept| {
        let same = next.code == kept.code && next.profiles == kept.profiles;
        if same {
            kept.targets.append(&mut next.targets);
        }
        same
    });
    Node {
        name: leaf.trim_end_matches("[x]").to_owned(),
        choice,
        slice: text("sliceName"),
        min: element
            .get("min")
            .and_then(Value::as_u64)
            .map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        max: text("max").and_then(|max| max.parse().ok()),
        types,
        content: text("contentReference"),
        fixed: starting("fixed"),
        pattern: starting("pattern"),
        least: starting("minValue"),
        most: starting("maxValue"),
        max_length: element
            .get("maxLength")
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok()),
        binding: element.get("binding").and_then(binding),
        constraints: list("constraint").filter_map(Constraint::read).map(Arc::new).collect(),
        slicing: element.get("slicing").map(slicing),
        slices: vec![],
        children: vec![],
        path,
    }
}

fn type_ref(value: &Value) -> TypeRef {
    let texts = |name: &str| {
        let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let code = value.get("code").and_then(Value::as_str).unwrap_or_default();
    let system = code.starts_with("http://hl7.org/fhirpath/");
    TypeRef {
        code: if system { "System".into() } else { code.to_owned() },
        profiles: texts("profile"),
        targets: texts("targetProfile"),
    }
}

fn binding(value: &Value) -> Option<Binding> {
    let strength = match value.get("strength")?.as_str()? {
        "required" => Strength::Required,
        "extensible" => Strength::Extensible,
        _ => return None,
    };
    let value_set = value.get("valueSet")?.as_str()?.to_owned();
    Some(Binding { strength, value_set })
}

fn slicing(value: &Value) -> Slicing {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = value
        .get("discriminator")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Slicing {
        discriminators: list
            .map(|one| Discriminator {
                kind: match text(one, "type").as_str() {
                    "exists" => DiscriminatorKind::Exists,
                    "pattern" => DiscriminatorKind::Pattern,
                    "type" => DiscriminatorKind::Type,
                    "profile" => DiscriminatorKind::Profile,
                    _ => DiscriminatorKind::Value,
                },
                path: steps(&text(one, "path")),
                text: text(one, "path"),
            })
            .collect(),
        rules: match text(value, "rules").as_str() {
            "closed" => Rules::Closed,
            "openAtEnd" => Rules::OpenAtEnd,
            _ => Rules::Open,
        },
        ordered: value.get("ordered").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// The restricted FHIRPath of discriminators (<https://hl7.org/fhir/R4/profiling.html#discriminator>).
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        let end = step_end(rest);
        let step = &rest[..end];
        rest = rest[end..].trim_start_matches('.');
        let argument = |name: &str| {
            let inner = step.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
            Some(inner.trim().trim_matches(['\'', '"']).to_owned())
        };
        if step == "$this" || step.is_empty() {
            continue;
        }
        steps.push(if let Some(url) = argument("extension") {
            Step::Extension(url)
        } else if let Some(name) = argument("ofType").or_else(|| argument("as")) {
            Step::OfType(name)
        } else if step == "resolve()" {
            Step::Resolve
        } else {
            Step::Child(step.trim_end_matches("[x]").to_owned())
        });
    }
    steps
}

/// Where a step ends: at a dot outside of parentheses.
fn step_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminator_paths_are_read_in_steps() {
        let child = |name: &str| Step::Child(name.into());
        assert_eq!(steps("$this"), []);
        assert_eq!(steps("$this.coding.code"), [child("coding"), child("code")]);
        assert_eq!(
            steps("value.ofType(Quantity)"),
            [child("value"), Step::OfType("Quantity".into())]
        );
        assert_eq!(
            steps("extension('http://x.y/z').value"),
            [Step::Extension("http://x.y/z".into()), child("value")]
        );
        assert_eq!(
            steps("item.resolve().code"),
            [child("item"), Step::Resolve, child("code")]
        );
    }
}
