//! Compiles search-parameter expressions to a [`Program`].

use super::{
    path::{self, Step},
    program::{Composite, Convert, Emit, Guard, Node, Part, Program, Special},
};
use crate::{
    Component, Definitions, ElementDef, NameKey, ParamId, ParamType, Primitive, SearchParam, TypeDef, TypeId, TypeKind,
};

impl Program {
    /// The program of `base`, which must be a type of `definitions`.
    pub(crate) fn compile(definitions: &Definitions, base: &str) -> Program {
        let mut program = Program::default();
        for param in definitions.params_of(base) {
            if is_column(param) {
                continue;
            }
            match path::parse(param.expression) {
                Some(paths) => program.add(definitions, param, paths),
                None => program.specials.extend(special(param)),
            }
        }
        program.finish();
        program
    }

    /// Adds the paths of a parameter.
    pub(super) fn add(&mut self, definitions: &Definitions, param: &SearchParam, paths: Vec<Vec<Step>>) {
        let Some(root_type) = definitions.type_by_path(param.base) else {
            return;
        };
        let compiler = Compiler {
            definitions,
            root_type,
            param: param.id,
            kind: param.kind,
            components: param.components,
            refine: Refine::of(param),
        };
        for steps in paths {
            compiler.insert(&mut self.root, root_type, "", &steps);
        }
    }

    /// Makes it ready to run.
    pub(super) fn finish(&mut self) {
        self.root.sort();
    }
}

/// A test proves that no other expression of R4 comes here.
fn special(param: &SearchParam) -> Option<Special> {
    if let Some(NameKey::Born(key)) = param.name_key() {
        return Some(Special::Born(param.id, key));
    }
    match param.expression {
        "Patient.deceased.exists() and Patient.deceased != false" => Some(Special::Deceased(param.id)),
        "Bundle.entry[0].resource" => Some(Special::FirstEntry(param.id, param.targets.first()?)),
        _ => None,
    }
}

/// Kept by every store beside the resource anyway: searched there, so not entered again.
fn is_column(param: &SearchParam) -> bool {
    matches!(param.code, "_id" | "_lastUpdated")
}

/// Parameters that are entered otherwise than their type alone says.
#[derive(Clone, Copy)]
enum Refine {
    Not,
    Names(names::Key),
    Phone,
}

impl Refine {
    fn of(param: &SearchParam) -> Self {
        match param.name_key() {
            Some(NameKey::Name(key)) => Refine::Names(key),
            // The year stands elsewhere in the resource than the name: see `special`.
            Some(NameKey::Born(_)) => Refine::Not,
            None if param.code == "phone" && param.kind == ParamType::Token => Refine::Phone,
            None => Refine::Not,
        }
    }

    fn apply(self, convert: Convert) -> Convert {
        match (self, convert) {
            (Refine::Names(key), Convert::StringName) => Convert::NameKeys(key),
            (Refine::Names(key), Convert::StringText) => Convert::TextKeys(key),
            (Refine::Phone, Convert::TokenContact) => Convert::TokenPhone,
            _ => convert,
        }
    }
}

struct Compiler<'a> {
    definitions: &'a Definitions,
    root_type: TypeId,
    param: ParamId,
    kind: ParamType,
    components: &'static [Component],
    refine: Refine,
}

impl Compiler<'_> {
    /// Grows the tree under `node`, whose value is of type `at` (in the code system `system`), along `steps`.
    fn insert(&self, node: &mut Node, at: TypeId, system: &'static str, steps: &[Step]) {
        let definition = self.definitions.type_def(at);
        match steps {
            [] if self.kind == ParamType::Composite => self.composite(node, at),
            [] => {
                if let Some(convert) = converter(self.kind, definition, system) {
                    let convert = self.refine.apply(convert);
                    let emit = Emit {
                        param: self.param,
                        convert,
                    };
                    if !node.emits.contains(&emit) {
                        node.emits.push(emit);
                    }
                }
            }
            [Step::As(wanted), rest @ ..] => {
                if is_type(definition, wanted) {
                    self.insert(node, at, system, rest);
                }
            }
            [Step::ResolveIs(wanted), rest @ ..] => {
                self.insert(node.guarded(Guard::ResolveIs(wanted)), at, system, rest);
            }
            [Step::Equals(name, text), rest @ ..] => {
                self.insert(node.guarded(Guard::Equals(name, text)), at, system, rest);
            }
            [Step::Child(name), rest @ ..] => {
                let wanted = |element: &&ElementDef| element.name == *name || element.stem == *name;
                for element in definition.elements.iter().filter(wanted) {
                    if self.leads_on(element, rest) {
                        self.insert(node.child(element.name), element.type_id, element.system, rest);
                    }
                }
            }
        }
    }

    /// Parameters with the same components share the work (`code-value-quantity` and `combo-code-value-quantity`).
    fn composite(&self, node: &mut Node, at: TypeId) {
        if let Some(same) = node
            .composites
            .iter_mut()
            .find(|known| known.definition == self.components)
        {
            same.params.push(self.param);
            return;
        }
        let part = |component: &Component| {
            let (from_resource, paths) = path::parse_component(component.expression)?;
            let inner = Compiler {
                kind: component.kind,
                components: &[],
                refine: Refine::Not,
                ..*self
            };
            let start = if from_resource { self.root_type } else { at };
            let mut node = Node::default();
            for steps in paths {
                inner.insert(&mut node, start, "", &steps);
            }
            node.sort();
            Some(Part { from_resource, node })
        };
        let parts: Option<Vec<Part>> = self.components.iter().map(part).collect();
        if let Some(parts) = parts {
            node.composites.push(Composite {
                params: vec![self.param],
                definition: self.components,
                parts,
            });
        }
    }

    /// Keeps branches of a choice out of the tree that a following `as` or the parameter's type rules out.
    fn leads_on(&self, element: &ElementDef, rest: &[Step]) -> bool {
        let definition = self.definitions.type_def(element.type_id);
        match rest {
            [] => self.kind == ParamType::Composite || converter(self.kind, definition, element.system).is_some(),
            [Step::As(wanted), ..] => is_type(definition, wanted),
            _ => true,
        }
    }
}

/// R4 once writes the type `dateTime` as `DateTime`.
fn is_type(definition: &TypeDef, wanted: &str) -> bool {
    definition.path == wanted || wanted == "DateTime" && definition.path == "dateTime"
}

impl Node {
    fn child(&mut self, name: &'static str) -> &mut Node {
        let at = self
            .children
            .iter()
            .position(|(known, _)| *known == name)
            .unwrap_or_else(|| {
                self.children.push((name, Node::default()));
                self.children.len() - 1
            });
        &mut self.children[at].1
    }

    fn guarded(&mut self, guard: Guard) -> &mut Node {
        let at = self
            .guarded
            .iter()
            .position(|(known, _)| *known == guard)
            .unwrap_or_else(|| {
                self.guarded.push((guard, Node::default()));
                self.guarded.len() - 1
            });
        &mut self.guarded[at].1
    }

    fn sort(&mut self) {
        self.children.sort_unstable_by_key(|(name, _)| *name);
        self.children.iter_mut().for_each(|(_, node)| node.sort());
        self.guarded.iter_mut().for_each(|(_, node)| node.sort());
    }
}

/// How a datatype is searched by a type of parameter (<https://hl7.org/fhir/R4/search.html>, the table of each type);
/// `None` if it is not.
fn converter(kind: ParamType, definition: &TypeDef, system: &'static str) -> Option<Convert> {
    if let TypeKind::Primitive(primitive) = definition.kind {
        return primitive_converter(kind, primitive, system);
    }
    Some(match (kind, definition.path) {
        (ParamType::Token, "Coding") => Convert::TokenCoding,
        (ParamType::Token, "CodeableConcept") => Convert::TokenConcept,
        (ParamType::Token, "Identifier") => Convert::TokenIdentifier,
        (ParamType::Token, "ContactPoint") => Convert::TokenContact,
        (ParamType::String, "HumanName") => Convert::StringName,
        (ParamType::String, "Address") => Convert::StringAddress,
        (ParamType::String, "CodeableConcept") => Convert::StringConcept,
        (ParamType::Date, "Period") => Convert::DatePeriod,
        (ParamType::Date, "Timing") => Convert::DateTiming,
        (ParamType::Reference, "Reference") => Convert::Reference,
        (ParamType::Quantity, "Quantity" | "Age" | "Duration" | "Distance" | "Count") => Convert::Quantity,
        (ParamType::Quantity, "Money") => Convert::QuantityMoney,
        (ParamType::Quantity, "Range") => Convert::QuantityRange,
        (ParamType::Quantity, "SampledData") => Convert::QuantitySampled,
        (ParamType::Number, "Range") => Convert::NumberRange,
        (ParamType::Special, "Location.position") => Convert::Position,
        _ => return None,
    })
}

fn primitive_converter(kind: ParamType, primitive: Primitive, system: &'static str) -> Option<Convert> {
    use Primitive as P;
    let is_uri = matches!(primitive, P::Uri | P::Url | P::Oid | P::Uuid);
    let is_text = matches!(primitive, P::String | P::Markdown | P::Code | P::Id);
    let is_date = matches!(primitive, P::Date | P::DateTime | P::Instant);
    Some(match kind {
        ParamType::Token if primitive == P::Boolean => Convert::TokenBoolean,
        ParamType::Token if !is_date => Convert::TokenText(system),
        ParamType::String if is_text || is_uri => Convert::StringText,
        ParamType::Date if is_date => Convert::Date,
        ParamType::Reference if primitive == P::Canonical || is_uri => Convert::ReferenceCanonical,
        ParamType::Number if matches!(primitive, P::Decimal | P::Integer | P::PositiveInt | P::UnsignedInt) => {
            Convert::Number
        }
        ParamType::Uri if primitive == P::Canonical => Convert::UriCanonical,
        ParamType::Uri if is_uri => Convert::Uri,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn collect(node: &Node, out: &mut HashSet<crate::ParamId>) {
        out.extend(node.emits.iter().map(|emit| emit.param));
        let whole = |composite: &&Composite| composite.parts.iter().all(|part| has_emits(&part.node));
        out.extend(
            node.composites
                .iter()
                .filter(whole)
                .flat_map(|composite| &composite.params),
        );
        node.children.iter().for_each(|(_, node)| collect(node, out));
        node.guarded.iter().for_each(|(_, node)| collect(node, out));
    }

    fn has_emits(node: &Node) -> bool {
        !node.emits.is_empty() || node.children.iter().any(|(_, node)| has_emits(node))
    }

    /// Every parameter of R4 that is searched by its values has a place in its type's program.
    #[test]
    fn every_parameter_is_compiled() {
        let r4 = Definitions::r4();
        let mut missing = vec![];
        for base in r4.resource_types() {
            let program = r4.program(base).unwrap();
            let mut covered = HashSet::new();
            collect(&program.root, &mut covered);
            covered.extend(program.specials.iter().map(|special| match *special {
                Special::Deceased(param) | Special::FirstEntry(param, _) | Special::Born(param, _) => param,
            }));
            for param in r4.params_of(base) {
                if !is_column(param) && !covered.contains(&param.id) {
                    missing.push((param.base, param.code, param.kind, param.expression));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
