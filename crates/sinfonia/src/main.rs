//! The one program of Sinfonia: wires the floors together; subcommands; nothing else.

use clap::FromArgMatches as _;
use sinfonia::cli::{Cli, Command};
use sinfonia::exit::Misconfigured;
use sinfonia::{commands, config, exit, logs};
use std::process::ExitCode;

/// A request makes some hundred small allocations; this allocator serves them faster than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence with its causes: a stack trace helps nobody at a terminal.
            eprintln!("sinfonia: {error:#}");
            ExitCode::from(exit::code(&error))
        }
    }
}

/// The command line over the environment over the configuration file.
fn read() -> anyhow::Result<Cli> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let matches = config::matches(&arguments, std::env::var_os("SINFONIA_CONFIG")).map_err(|problems| {
        let others = match problems.len() {
            0 | 1 => String::new(),
            many => format!(" (and {} more: `sinfonia config check` lists all)", many - 1),
        };
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        Misconfigured(format!("{first}{others}"))
    })?;
    Ok(Cli::from_arg_matches(&matches)?)
}

fn run() -> anyhow::Result<()> {
    let cli = read()?;
    logs::begin(cli.log_format, &cli.log_level)?;
    if let Command::Config(args) = &cli.command {
        return commands::config::run(cli.config.as_ref(), args);
    }
    let place = cli.place()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Config(_) => Ok(()),
            Command::CodiceFiscale(args) => commands::codice_fiscale::run(&args),
            Command::Openapi(args) => commands::openapi::run(&args).await,
            Command::Audit(args) => commands::audit::run(&place, &args).await,
            Command::Privacy(args) => commands::privacy::run(&place, args).await,
            Command::Staff(args) => commands::staff::run(&place, args).await,
            Command::Facilities(args) => commands::facilities::run(&place, args).await,
            Command::Pseudonymise(args) => commands::pseudonymise::run(&place.data, &args),
            Command::Policy(args) => commands::policy::run(&args),
            Command::Serve(args) => commands::serve::run(&place, *args).await,
            Command::Population(args) => commands::population::run(&args),
            Command::Events(args) => commands::events::run(&place, args).await,
            Command::Load(args) => commands::load::run(&place, args).await,
            Command::LoadPackage(args) => commands::load_package::run(&place, args).await,
            Command::LoadTerminology(args) => commands::load_terminology::run(&place, args).await,
            Command::Demo(args) => commands::demo::run(&place, args).await,
            Command::Account(args) => commands::account::run(&place, args).await,
            Command::Client(args) => commands::client::run(&place, args).await,
            Command::Key(args) => commands::key::run(&place, args).await,
            Command::Call(args) => commands::call::run(&place, args).await,
            Command::Doctor(args) => commands::doctor::run(&place, &args).await,
            Command::Health(args) => commands::health::run(&args).await,
            Command::Copy(args) => commands::copy::run(&place, &args).await,
            Command::Backup(args) => commands::backup::run(&place, &args).await,
            Command::Restore(args) => commands::backup::restore(&place, &args).await,
            Command::Deduplicate => commands::deduplicate::run(&place).await,
            Command::Prune(args) => commands::prune::run(&place, args).await,
            Command::Schema(args) => commands::schema::run(&place, &args).await,
            Command::Deploy(args) => commands::deploy::run(&place, args).await,
            Command::Simulate(args) => commands::simulate::run(&args),
        }
    })
}
