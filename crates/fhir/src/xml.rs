//! The XML form of resources (<https://hl7.org/fhir/R4/xml.html>), driven by the compiled definitions.
//!
//! Decimals keep their digits, narratives their text. No DTD, so no entities beyond XML's own five; depth, size and
//! number of nodes are limited. Comments are not kept.

mod narrative;
mod read;
mod write;

pub use read::from_xml;
pub use write::to_xml;

/// Largest document, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Most elements and texts of a document.
pub const MAX_NODES: u32 = 4_000_000;

/// Namespace of FHIR.
const FHIR: &str = "http://hl7.org/fhir";

/// Namespace of narratives.
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Why a resource cannot be read from, or written to, XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The text is not well-formed, has a DTD or breaks a limit.
    #[error("the body is not valid XML: line {line}, column {column}: {message}")]
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// Well-formed, but not the XML form of an R4 resource.
    #[error("line {line}, {path}: {message}")]
    Invalid {
        /// Line, from 1.
        line: u32,
        /// FHIRPath-like location, e.g. `Observation.valueQuantity.value`.
        path: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The resource holds something that XML has no form for.
    #[error("{path}: {message}")]
    Unwritable {
        /// FHIRPath-like location.
        path: String,
        /// What is wrong.
        message: String,
    },
}

/// Whether XML 1.0 can hold a character at all.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Where an extension, or an element's id, stands as attribute instead of element.
fn is_attribute(kind: &crate::TypeDef, name: &str) -> bool {
    match kind.kind {
        crate::TypeKind::Resource | crate::TypeKind::AbstractResource => false,
        _ => name == "id" || (kind.path == "Extension" && name == "url"),
    }
}

#[cfg(test)]
mod tests;
