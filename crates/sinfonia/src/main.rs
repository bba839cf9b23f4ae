//! The one program of Sinfonia: wires the floors together; subcommands; nothing else.

use clap::{Parser, Subcommand};
use sinfonia::{backend, commands};
use std::path::PathBuf;
use std::process::ExitCode;

/// A request makes some hundred small allocations; this allocator serves them faster than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The information system of a regional health service.
#[derive(Parser)]
#[command(name = "sinfonia", version, about)]
struct Cli {
    /// Folder that holds the store and the keys; created when missing.
    #[arg(long, env = "SINFONIA_DATA", default_value = "data", global = true)]
    data: PathBuf,
    /// PostgreSQL database to keep everything in, in the place of the file in the data folder: postgres://user@host/name, or
    /// 'host=/run/postgresql user=… dbname=…'. Several programs may serve one database (docs/scale.md).
    #[arg(
        long,
        env = "SINFONIA_STORE",
        hide_env_values = true,
        value_name = "ADDRESS",
        global = true
    )]
    store: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves pages and APIs.
    Serve(Box<commands::serve::Args>),
    /// Imports FHIR bundles from a folder; interrupted, it goes on where it was.
    Load(commands::load::Args),
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
    /// Examines the store of a data folder while nothing serves it: exit code 1 when something is wrong.
    Doctor(commands::doctor::Args),
    /// Removes superseded versions of FHIR resources by policy; the current versions stay.
    Prune(commands::prune::Args),
    /// Prints or checks the catalogue of the API beside FHIR (OpenAPI 3.1).
    Openapi(commands::openapi::Args),
    /// Tests, lists and explains the policies of access.
    Policy(Box<commands::policy::Args>),
    /// The register of processing activities, from what runs.
    Privacy(commands::privacy::Args),
    /// Puts pseudonyms into FHIR files, for one recipient.
    Pseudonymise(commands::pseudonymise::Args),
    /// Deploys BPMN, DMN and Questionnaire files.
    Deploy(commands::deploy::Args),
    /// Simulates a process on a virtual clock: arrivals, durations and resources by a scenario; needs no store.
    Simulate(Box<commands::simulate::Args>),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence with its causes: a stack trace helps nobody at a terminal.
            eprintln!("sinfonia: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::parse();
    let place = backend::Place {
        data: cli.data,
        store: cli.store,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Openapi(args) => commands::openapi::run(&args).await,
            Command::Audit(args) => commands::audit::run(&place, &args).await,
            Command::Privacy(args) => commands::privacy::run(&place, args).await,
            Command::Pseudonymise(args) => commands::pseudonymise::run(&place.data, &args),
            Command::Policy(args) => commands::policy::run(&args),
            Command::Serve(args) => commands::serve::run(&place, *args).await,
            Command::Load(args) => commands::load::run(&place, args).await,
            Command::LoadPackage(args) => commands::load_package::run(&place, args).await,
            Command::LoadTerminology(args) => commands::load_terminology::run(&place, args).await,
            Command::Demo(args) => commands::demo::run(&place, args).await,
            Command::Account(args) => commands::account::run(&place, args).await,
            Command::Client(args) => commands::client::run(&place, args).await,
            Command::Key(args) => commands::key::run(&place, args).await,
            Command::Doctor(args) => commands::doctor::run(&place, &args).await,
            Command::Prune(args) => commands::prune::run(&place, args).await,
            Command::Deploy(args) => commands::deploy::run(&place, args).await,
            Command::Simulate(args) => commands::simulate::run(&args),
        }
    })
}
