//! Systems and addresses of the registry's codes and extensions.

/// Kinds of structure: `regione`, `asl`, `presidio`, … (`rules/tipi.json`).
pub const KIND: &str = "https://sinfonia.it/fhir/CodeSystem/tipo-struttura";
/// Code of an ASL (FLS.11), six digits.
pub const FLS: &str = "http://hl7.it/sid/fls";
/// Code of an inpatient structure (HSP.11), six characters, or of one of its buildings (HSP.11bis), eight.
pub const HSP: &str = "http://hl7.it/sid/hsp";
/// Code of an outpatient structure (STS.11). The ministry publishes no URI: this one is ours.
pub const STS: &str = "https://sinfonia.it/fhir/sid/sts";
/// Number by which the tax office knows who runs a structure: several structures may have the same.
pub const VAT: &str = "http://hl7.it/sid/partitaIva";
/// Where a fact comes from: `ministero`, `dimostrativo`, `importazione`, `richiesta`.
pub const ORIGIN: &str = "https://sinfonia.it/fhir/CodeSystem/provenienza";
/// How one organization belongs to another on a date: `appartenenza` (is part of), `territorio` (lies in its territory).
pub const BELONGS: &str = "https://sinfonia.it/fhir/CodeSystem/affiliazione";
/// National catalogue of outpatient services.
pub const CATALOGUE: &str = "http://hl7.it/fhir/televisita/CodeSystem/CodesystemCatalogoNazionalePrestazioni";
/// Services that the national catalogue has no code of.
pub const OWN_SERVICE: &str = "https://sinfonia.it/fhir/CodeSystem/servizio-struttura";
/// Branches of outpatient medicine.
pub const BRANCH: &str = "http://hl7.it/fhir/televisita/CodeSystem/branca-prestazione";
/// Codes that IHE mCSD gives to facilities and jurisdictions.
pub const MCSD: &str = "urn:ietf:rfc:3986";

/// Begins a `meta.source`, which says who wrote a version and by which door: `<who>#<door>`.
pub const SIGNED: &str = "https://sinfonia.it/fhir/";
/// Begins every extension of the registry.
pub const EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/";
/// Whether a structure exists: period.
pub const PERIOD: &str = "https://sinfonia.it/fhir/StructureDefinition/periodo";
/// Authorisation or accreditation.
pub const TITLE: &str = "https://sinfonia.it/fhir/StructureDefinition/titolo";
/// Beds of a discipline.
pub const BEDS: &str = "https://sinfonia.it/fhir/StructureDefinition/posti-letto";
/// Equipment.
pub const EQUIPMENT: &str = "https://sinfonia.it/fhir/StructureDefinition/attrezzatura";
/// What makes a site accessible: a code of `rules/accessibilita.json`.
pub const ACCESS: &str = "https://sinfonia.it/fhir/StructureDefinition/accessibilita";
/// A day or more with other hours than usual, or none.
pub const EXCEPTION: &str = "https://sinfonia.it/fhir/StructureDefinition/eccezione-orario";
/// ISTAT code of a municipality, in an address.
pub const MUNICIPALITY: &str = "https://sinfonia.it/fhir/StructureDefinition/comune";
/// How exact a position is: `comune` (centre of the municipality) or `struttura`.
pub const PRECISION: &str = "https://sinfonia.it/fhir/StructureDefinition/precisione-posizione";
/// Public, private, …
pub const NATURE: &str = "https://sinfonia.it/fhir/StructureDefinition/natura-giuridica";
