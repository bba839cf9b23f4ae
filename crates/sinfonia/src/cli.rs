//! The command line: `main.rs` reads it, the configuration file stands under it.

use crate::backend::Place;
use crate::commands;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The information system of a regional health service.
#[derive(Parser)]
#[command(name = "sinfonia", version, about, after_help = crate::exit::TOLD)]
pub struct Cli {
    /// Configuration file (TOML); what the environment or a flag says goes before it. `sinfonia config example` prints one.
    #[arg(long, env = "SINFONIA_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder that holds the store and the keys; created when missing.
    #[arg(long, env = "SINFONIA_DATA", default_value = "data", global = true)]
    pub data: PathBuf,
    /// PostgreSQL database to keep everything in, in the place of the file in the data folder: postgres://user@host/name, or
    /// 'host=/run/postgresql user=… dbname=…'. Several programs may serve one database (docs/scale.md).
    #[arg(
        long,
        env = "SINFONIA_STORE",
        hide_env_values = true,
        value_name = "ADDRESS",
        global = true
    )]
    pub store: Option<String>,
    /// File that holds the address of the database, where that has a password.
    #[arg(long, env = "SINFONIA_STORE_FILE", value_name = "FILE", global = true)]
    pub store_file: Option<PathBuf>,
    /// How the connection to the database is encrypted, as PostgreSQL names it: disable, prefer, require, verify-ca, verify-full.
    #[arg(long, env = "SINFONIA_STORE_TLS", value_name = "MODE", global = true)]
    pub store_tls: Option<String>,
    /// Authorities (PEM) one of which must have signed the certificate of the database.
    #[arg(long, env = "SINFONIA_STORE_ROOT_CERT", value_name = "FILE", global = true)]
    pub store_root_cert: Option<PathBuf>,
    /// How log lines are written: text, or json (one object a line).
    #[arg(
        long,
        env = "SINFONIA_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub log_format: crate::logs::Format,
    /// What is logged: error, warn, info, debug, trace, or by part, e.g. info,orchestrator=debug.
    #[arg(long, env = "RUST_LOG", value_name = "LEVEL", default_value = "info", global = true)]
    pub log_level: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Where the run works.
    ///
    /// # Errors
    /// See [`Place::of`], [`Place::encrypted`].
    pub fn place(&self) -> anyhow::Result<Place> {
        let place = Place::of(&self.data, self.store.clone(), self.store_file.as_deref())?;
        place.encrypted(self.store_tls.as_deref(), self.store_root_cert.as_deref())
    }
}

/// What the program can do.
#[derive(Subcommand)]
pub enum Command {
    /// Serves pages and APIs.
    Serve(Box<commands::serve::Args>),
    /// Checks, shows or prints configuration.
    Config(commands::config::Args),
    /// Imports FHIR bundles from a folder; interrupted, it goes on where it was.
    Load(commands::load::Args),
    /// Takes life events (births, deaths, moves, …) of a file.
    Events(commands::events::Args),
    /// Computes and checks tax codes (codice fiscale), and lists their forms.
    CodiceFiscale(commands::codice_fiscale::Args),
    /// Makes the people of a synthetic region: as many of each age and sex in each municipality as the census counts.
    Population(commands::population::Args),
    /// Loads a FHIR package (profiles, value sets, code systems, …): an npm tarball or a folder of JSON files.
    LoadPackage(commands::load_package::Args),
    /// Loads code tables (CSV) and terminology resources (JSON) from a folder.
    LoadTerminology(commands::load_terminology::Args),
    /// Builds the demo region: people, staff, two years of pathways.
    Demo(commands::demo::Args),
    /// Adds or changes a local account.
    Account(commands::account::Args),
    /// Verifies and exports the record of accesses.
    Audit(commands::audit::Args),
    /// Registers applications and systems that may ask for tokens (OAuth 2, SMART on FHIR).
    Client(commands::client::Args),
    /// Lists or changes the keys that sign tokens.
    Key(commands::key::Args),
    /// Asks any route of the REST and FHIR interfaces with the rights of an account, and prints the answer.
    Call(commands::call::Args),
    /// Examines disk, clock, certificates and the store: exit code 1 when something is wrong.
    Doctor(commands::doctor::Args),
    /// Asks a program that serves on this machine whether it is ready: exit code 1 when it is not.
    Health(commands::health::Args),
    /// Copies everything from one store into another, e.g. from the file of a pilot into PostgreSQL, and back.
    Copy(commands::copy::Args),
    /// Makes a backup while the program serves, and verifies one.
    Backup(commands::backup::Args),
    /// Puts a backup back into an empty place.
    Restore(commands::backup::RestoreArgs),
    /// Looks for duplicates in the whole registry of assisted people and writes the pairs for the desk (docs/linkage.md).
    Deduplicate,
    /// Removes superseded versions of FHIR resources by policy; the current versions stay.
    Prune(commands::prune::Args),
    /// Shows which schema the database has and who works with it; ends a rolling upgrade (docs/scale.md).
    Schema(commands::schema::Args),
    /// Prints or checks the catalogue of the API beside FHIR (OpenAPI 3.1).
    Openapi(commands::openapi::Args),
    /// Tests, lists and explains the policies of access.
    Policy(Box<commands::policy::Args>),
    /// The register of processing activities, from what runs.
    Privacy(commands::privacy::Args),
    /// Files for higher bodies from the registry of the staff, and their receipts.
    Staff(commands::staff::Args),
    /// Loads the ministry's list of health structures; compares other lists with the registry.
    Facilities(commands::facilities::Args),
    /// Puts pseudonyms into FHIR files, for one recipient.
    Pseudonymise(commands::pseudonymise::Args),
    /// Deploys BPMN, DMN and Questionnaire files.
    Deploy(commands::deploy::Args),
    /// Simulates a process on a virtual clock: arrivals, durations and resources by a scenario; needs no store.
    Simulate(Box<commands::simulate::Args>),
}
