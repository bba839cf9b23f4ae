//! Suites that measure Sinfonia against what others wrote: the OMG DMN TCK, the FHIRPath tests, betsy's BPMN models,
//! the SQL on FHIR tests, pm4py's figures of event logs and HL7's own examples. Each suite is a function from a folder of reference data to a [`Report`].

pub mod bpmn_betsy;
pub mod codice_fiscale;
pub mod deploy;
pub mod dmn_tck;
pub mod febrl;
pub mod fhir_doc;
pub mod fhirpath;
pub mod hl7_examples;
pub mod hl7_rules;
pub mod hl7it_examples;
pub mod library;
pub mod report;
pub mod spiff;
pub mod sql_on_fhir;
pub mod testscript;
pub mod xes;

pub use report::Report;
use std::path::{Path, PathBuf};

/// A suite of cases written by others.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// The name on the command line.
    pub name: &'static str,
    /// What it measures, for the page of results.
    pub about: &'static str,
    /// Where its data are when no folder is given.
    pub folder: Folder,
    /// Runs it on a folder.
    pub run: fn(&Path) -> Report,
}

/// Where a suite's data are by default.
#[derive(Debug, Clone, Copy)]
pub enum Folder {
    /// A folder of the reference data (`$SINFONIA_ORACLES`).
    Oracle(&'static str),
    /// A folder inside the repository (an installed package).
    Repository(&'static str),
}

impl Suite {
    /// The default folder of this suite, with `oracles` as the root of the reference data.
    #[must_use]
    pub fn default_folder(&self, oracles: &Path) -> PathBuf {
        match self.folder {
            Folder::Oracle(name) => oracles.join(name),
            Folder::Repository(path) => repository().join(path),
        }
    }
}

/// Every suite, in the order of the page of results.
#[must_use]
pub fn suites() -> Vec<Suite> {
    let mut suites = processes();
    suites.extend(registries());
    suites.extend(facts());
    suites
}

/// Decisions, processes, expressions and logs.
fn processes() -> Vec<Suite> {
    vec![
        Suite {
            name: "dmn-tck",
            about: "OMG DMN TCK: every result node of the sample",
            folder: Folder::Oracle("dmn-tck"),
            run: dmn_tck::run,
        },
        Suite {
            name: "bpmn-betsy",
            about: "betsy's executable BPMN models with their traces",
            folder: Folder::Oracle("bpmn-betsy"),
            run: bpmn_betsy::run,
        },
        Suite {
            name: "fhirpath",
            about: "HL7's FHIRPath tests for R4",
            folder: Folder::Oracle("fhirpath"),
            run: fhirpath::run,
        },
        Suite {
            name: "sql-on-fhir",
            about: "SQL on FHIR v2: views and the rows they must make",
            folder: Folder::Oracle("sql-on-fhir"),
            run: sql_on_fhir::run,
        },
        Suite {
            name: "deploy",
            about: "Models in the dialects of other engines: deployed as they are, and run",
            folder: Folder::Repository("crates/conformance/corpus"),
            run: deploy::run,
        },
        Suite {
            name: "xes",
            about: "Event logs: figures of pm4py (graph, discovery, token replay, precision)",
            folder: Folder::Oracle("xes"),
            run: xes::run,
        },
    ]
}

/// Who people are.
fn registries() -> Vec<Suite> {
    vec![
        Suite {
            name: "codice-fiscale",
            about: "Codice fiscale: vectors, and the tests of two packages with the historical places",
            folder: Folder::Oracle("codice-fiscale"),
            run: codice_fiscale::run,
        },
        Suite {
            name: "febrl",
            about: "Record linkage: F1 on FEBRL 1 to 3, at least .999, .996 and .994",
            folder: Folder::Oracle("febrl"),
            run: febrl::run,
        },
    ]
}

/// FHIR resources.
fn facts() -> Vec<Suite> {
    vec![
        Suite {
            name: "hl7-examples",
            about: "HL7's R4 examples: written to the hub and read back",
            folder: Folder::Repository("node_modules/hl7.fhir.r4.examples"),
            run: hl7_examples::run,
        },
        Suite {
            name: "hl7-rules",
            about: "HL7's R4 examples: invariants, bindings, references and declared profiles",
            folder: Folder::Repository("node_modules/hl7.fhir.r4.examples"),
            run: hl7_rules::run,
        },
        Suite {
            name: "hl7it-examples",
            about: "HL7 Italia's examples against their profiles, and spoilt on purpose",
            folder: Folder::Oracle("../reference/hl7it-compiled"),
            run: hl7it_examples::run,
        },
        Suite {
            name: "testscript",
            about: "FHIR TestScripts of the interactions, each against a fresh hub",
            folder: Folder::Repository("crates/conformance/testscripts"),
            run: testscript::run,
        },
    ]
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// Where the reference data are: `$SINFONIA_ORACLES`, or `../shared/oracles` beside the repository.
#[must_use]
pub fn oracles() -> PathBuf {
    std::env::var_os("SINFONIA_ORACLES").map_or_else(|| repository().join("../shared/oracles"), PathBuf::from)
}
