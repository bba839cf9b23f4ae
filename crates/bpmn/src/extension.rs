//! What a model says beyond BPMN, kept for whoever understands it.

use std::collections::BTreeMap;

/// The extensions of one element that the parser does not itself interpret.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Extensions {
    /// `zeebe:properties` / `camunda:properties`, by name.
    pub properties: BTreeMap<String, String>,
    /// Attributes of other namespaces, as `prefix:name`; `sinfonia:` is always the prefix of
    /// `https://sinfonia.it/bpmn`.
    pub attributes: BTreeMap<String, String>,
    /// Elements of other namespaces under `extensionElements`.
    pub elements: Vec<ExtensionElement>,
}

impl Extensions {
    /// A property, or else an attribute, by name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.properties
            .get(name)
            .or_else(|| self.attributes.get(name))
            .map(String::as_str)
    }

    /// The elements of a name such as `sinfonia:grant`.
    pub fn elements_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ExtensionElement> {
        self.elements.iter().filter(move |element| element.name == name)
    }
}

/// One element of another namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ExtensionElement {
    /// `prefix:name`.
    pub name: String,
    /// Attributes by local name.
    pub attributes: BTreeMap<String, String>,
    /// Text inside.
    pub text: String,
    /// Elements inside.
    pub children: Vec<ExtensionElement>,
}
