//! Reads the table that `build/table.rs` wrote (its format is told there). A line that does not fit is a defect of
//! the build, so it panics.

use super::{
    Component, Core, EXTRACTION_RULES, ElementDef, ParamId, ParamType, Primitive, SearchParam, TypeDef, TypeId,
    TypeKind,
};
use std::{collections::HashMap, str::Split, sync::OnceLock};

type Fields = Split<'static, char>;

#[derive(Default)]
struct Reader {
    fingerprint: u64,
    types: Vec<TypeDef>,
    type_ids: HashMap<&'static str, TypeId>,
    params: Vec<SearchParam>,
    compartment: Vec<(&'static str, &'static str)>,
    /// Repeated lists of targets share one allocation.
    lists: HashMap<&'static str, &'static [&'static str]>,
}

/// The definitions in `table`.
pub(super) fn read(table: &'static str) -> Core {
    let mut reader = Reader::default();
    // types first: elements refer to types that come later
    for line in table.lines().filter(|line| line.starts_with('T')) {
        reader.type_line(line.split('\t'));
    }
    let mut current = 0;
    for line in table.lines() {
        let mut fields = line.split('\t');
        match next(&mut fields) {
            "T" => current = usize::from(reader.type_ids[next(&mut fields)].0),
            "E" => reader.element_line(current, fields),
            "P" => reader.param_line(fields),
            "C" => reader.compartment.push((next(&mut fields), next(&mut fields))),
            "F" => reader.fingerprint = u64::from_str_radix(next(&mut fields), 16).expect("a hexadecimal fingerprint"),
            other => panic!("unknown line '{other}' in the compiled definitions"),
        }
    }
    reader.finish()
}

fn next(fields: &mut Fields) -> &'static str {
    fields.next().expect("a line of the compiled definitions lacks a field")
}

fn kind(name: &str) -> ParamType {
    match name {
        "number" => ParamType::Number,
        "date" => ParamType::Date,
        "string" => ParamType::String,
        "token" => ParamType::Token,
        "reference" => ParamType::Reference,
        "composite" => ParamType::Composite,
        "quantity" => ParamType::Quantity,
        "uri" => ParamType::Uri,
        _ => ParamType::Special,
    }
}

fn component(text: &'static str) -> Option<Component> {
    let (name, expression) = text.split_once(' ')?;
    Some(Component {
        kind: kind(name),
        expression,
    })
}

impl Reader {
    fn type_line(&mut self, mut fields: Fields) {
        next(&mut fields);
        let path = next(&mut fields);
        let kind = match next(&mut fields) {
            "r" => TypeKind::Resource,
            "a" => TypeKind::AbstractResource,
            "c" => TypeKind::Complex,
            "b" => TypeKind::Nested,
            _ => TypeKind::Primitive(Primitive::named(path).expect("a primitive type of R4")),
        };
        self.type_ids.insert(
            path,
            TypeId(u16::try_from(self.types.len()).expect("fewer than 65536 types")),
        );
        self.types.push(TypeDef {
            path,
            kind,
            elements: vec![],
        });
    }

    fn element_line(&mut self, owner: usize, mut fields: Fields) {
        let mut element = ElementDef {
            name: next(&mut fields),
            type_id: self.type_ids[next(&mut fields)],
            min: next(&mut fields).parse().expect("a least count"),
            many: next(&mut fields) == "*",
            stem: next(&mut fields),
            targets: self.list(next(&mut fields)),
            system: next(&mut fields),
            order: u16::try_from(self.types[owner].elements.len()).expect("fewer than 65536 elements"),
            is_summary: false,
            is_modifier: false,
        };
        let flags = next(&mut fields);
        element.is_summary = flags.contains('s');
        element.is_modifier = flags.contains('m');
        self.types[owner].elements.push(element);
    }

    fn param_line(&mut self, mut fields: Fields) {
        let id = ParamId(u16::try_from(self.params.len()).expect("fewer than 65536 parameters"));
        assert!(
            id.0 < super::FIRST_CUSTOM,
            "the numbers from there on are those of users"
        );
        let (base, code) = (next(&mut fields), next(&mut fields));
        let kind = kind(next(&mut fields));
        let (url, expression, targets) = (next(&mut fields), next(&mut fields), next(&mut fields));
        let targets = self.list(targets);
        let components = next(&mut fields).split("; ").filter_map(component);
        let components: &'static [Component] = components.collect::<Vec<_>>().leak();
        self.params.push(SearchParam {
            id,
            base,
            code,
            kind,
            url,
            expression,
            targets,
            components,
        });
    }

    fn list(&mut self, text: &'static str) -> &'static [&'static str] {
        self.lists.entry(text).or_insert_with(|| {
            text.split(' ')
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
                .leak()
        })
    }

    fn finish(mut self) -> Core {
        for kind in &mut self.types {
            kind.elements.sort_unstable_by_key(|element| element.name);
        }
        let resources = self
            .types
            .iter()
            .filter(|kind| kind.kind == TypeKind::Resource)
            .map(|kind| kind.path);
        let resource_types: &'static [&'static str] = resources.collect::<Vec<_>>().leak();
        let params: &'static [SearchParam] = self.params.leak();
        let mut params_of = HashMap::new();
        for param in params {
            let at = usize::from(param.id.0);
            params_of.entry(param.base).or_insert(at..at).end = at + 1;
        }
        let compartment = self.compartment.into_iter().map(|(base, names)| {
            let ids = names
                .split(' ')
                .filter_map(|name| params.iter().find(|p| p.base == base && p.code == name));
            (base, ids.map(|param| param.id).collect())
        });
        Core {
            fingerprint: self.fingerprint.wrapping_add(EXTRACTION_RULES),
            compartment: compartment.collect(),
            programs: resource_types.iter().map(|name| (*name, OnceLock::new())).collect(),
            types: self.types,
            type_ids: self.type_ids,
            resource_types,
            params,
            params_of,
        }
    }
}
