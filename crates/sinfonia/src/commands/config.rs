//! `sinfonia config`: is the configuration right, what is in force, an example.

use crate::cli::{Cli, Command};
use crate::config::{self, EXAMPLE, File, KEYS};
use crate::exit::Misconfigured;
use anyhow::bail;
use clap::FromArgMatches as _;
use clap::parser::ValueSource;
use std::path::{Path, PathBuf};

/// Flags of `config`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Checks the file (--config, or SINFONIA_CONFIG) and every file it names: exit code 3 when something is wrong.
    Check,
    /// Prints what `serve` would work with, and where each value comes from; secrets are not shown.
    Show,
    /// Prints a configuration with every key, documented line by line.
    Example,
}

/// Does what was asked.
pub fn run(file: Option<&PathBuf>, args: &Args) -> anyhow::Result<()> {
    match args.what {
        What::Example => print!("{EXAMPLE}"),
        What::Check => check(file)?,
        What::Show => show(file)?,
    }
    Ok(())
}

fn check(path: Option<&PathBuf>) -> anyhow::Result<()> {
    let Some(path) = path else {
        bail!(Misconfigured(
            "say which file: --config FILE, or SINFONIA_CONFIG".into()
        ));
    };
    let file = load(path)?;
    refuse(config::check(&file))?;
    let command = config::without_environment(config::command(Some(&file)));
    let matches = command.try_get_matches_from(["sinfonia", "serve"]);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = cli.map_err(|error| Misconfigured(error.to_string()))?;
    cli.place()?;
    if let Command::Serve(args) = cli.command {
        super::serve::prepare(*args)?;
    }
    println!(
        "{}: {} keys, and the files they name, are right",
        path.display(),
        file.values().count()
    );
    Ok(())
}

fn load(path: &Path) -> anyhow::Result<File> {
    File::load(path).or_else(|problems| refuse(problems).and(Err(anyhow::anyhow!("refused"))))
}

/// Tells every problem; the error says how many there are.
fn refuse(problems: Vec<config::Problem>) -> anyhow::Result<()> {
    match problems.len() {
        0 => Ok(()),
        1 => bail!(Misconfigured(problems[0].to_string())),
        many => {
            for problem in &problems {
                println!("- {problem}");
            }
            bail!(Misconfigured(format!("{many} things are wrong with the configuration")))
        }
    }
}

fn show(path: Option<&PathBuf>) -> anyhow::Result<()> {
    let file = path.map(|path| load(path)).transpose()?;
    let from_file: Vec<&str> = file.iter().flat_map(File::values).map(|(key, _)| key.path).collect();
    let matches = config::command(file.as_ref()).try_get_matches_from(["sinfonia", "serve"]);
    let matches = matches.map_err(|error| Misconfigured(error.to_string()))?;
    let serve = matches.subcommand_matches("serve").unwrap_or(&matches);
    let mut table = "";
    for key in KEYS {
        let (of, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if of != table {
            println!("{}[{of}]", if table.is_empty() { "" } else { "\n" });
            table = of;
        }
        let raw = serve
            .get_raw(key.arg)
            .map(|values| values.map(|v| v.to_string_lossy().into_owned()).collect());
        let values: Vec<String> = raw.unwrap_or_default();
        let source = match serve.value_source(key.arg) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            _ if from_file.contains(&key.path) => "file",
            _ => "default",
        };
        match values.is_empty() {
            true => println!("# {name}: not set"),
            false => println!("{name} = {:?}  # {source}", masked(key.path, &values.join(", "))),
        }
    }
    Ok(())
}

/// What may be seen of a value.
fn masked(path: &str, value: &str) -> String {
    if path != "store.address" {
        return value.to_owned();
    }
    let words = value.split(' ').map(|word| match word.split_once('=') {
        Some(("password", _)) => "password=***".to_owned(),
        _ => word.to_owned(),
    });
    let text = words.collect::<Vec<_>>().join(" ");
    match text
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)))
    {
        Some((scheme, (user, rest))) => {
            let user = user
                .split_once(':')
                .map_or(user.to_owned(), |(name, _)| format!("{name}:***"));
            format!("{scheme}://{user}@{rest}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_are_not_shown() {
        for text in [
            "postgres://u:segreto@h/d",
            "host=h password=segreto dbname=d",
            "postgres://u:se@segreto@h/d",
        ] {
            let shown = masked("store.address", text);
            assert!(!shown.contains("segreto") && shown.contains("***"), "{shown}");
        }
        assert_eq!(masked("store.address", "host=h dbname=d"), "host=h dbname=d");
    }
}
