//! The configuration file: TOML under the environment and the flags.
//!
//! Every key stands for a flag of the command line, so there is one meaning and one check of each value: the file gives the
//! flags their defaults.

mod keys;
mod read;

pub use keys::{KEYS, Key, Kind};
pub use read::{File, Problem, Value};

use crate::cli::Cli;
use clap::{ArgMatches, Command, CommandFactory as _};
use std::ffi::OsString;
use std::path::Path;

/// The example, documented line by line.
pub const EXAMPLE: &str = include_str!("../../config/example.toml");

/// The command line with the values of a file under it.
pub fn command(file: Option<&File>) -> Command {
    let mut command = Cli::command();
    for (key, value) in file.iter().flat_map(|file| file.values()) {
        command = with(command, key, value);
    }
    command
}

/// The command line with the value of one key under it.
fn with(command: Command, key: &'static Key, value: &Value) -> Command {
    let texts = value.texts();
    let change = move |arg: clap::Arg| arg.default_values(texts);
    match key.of {
        None => command.mut_arg(key.arg, change),
        Some(sub) => command.mut_subcommand(sub, |sub| sub.mut_arg(key.arg, change)),
    }
}

/// What is wrong with the values of a file, each by itself, as the command line would say it.
pub fn check(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, value) in file.values() {
        let command = with(Cli::command(), key, value);
        // Other values must not stand in the way: flags and environment are not looked at here.
        let alone = without_environment(command);
        if let Err(error) = alone.try_get_matches_from(["sinfonia", key.of.unwrap_or("serve")]) {
            problems.push(file.problem(key, &told(&error)));
        }
    }
    problems
}

/// Without the environment variables of the flags.
pub fn without_environment(command: Command) -> Command {
    let subs: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.mut_args(|arg| arg.env(None::<&str>));
    subs.into_iter().fold(command, |command, sub| {
        command.mut_subcommand(sub, |sub| sub.mut_args(|arg| arg.env(None::<&str>)))
    })
}

/// The first sentence of what the command line says, without its name of the flag.
fn told(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let reason = first.rsplit_once("': ").map_or(first, |(_, reason)| reason);
    reason.to_owned()
}

/// The file that the command line or the environment names; looked for before the command line is read as a whole, for the
/// file gives it its defaults.
pub fn named(arguments: &[OsString], environment: Option<OsString>) -> Option<OsString> {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        if argument == "--" {
            break;
        }
        if argument == "--config" {
            return rest.next().cloned();
        }
        if let Some(value) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(value.into());
        }
    }
    environment.filter(|value| !value.is_empty())
}

/// Reads the file, if one is named, and the command line over it.
///
/// # Errors
/// What is wrong with the file; the command line's own errors end the program as always.
pub fn matches(arguments: &[OsString], environment: Option<OsString>) -> Result<ArgMatches, Vec<Problem>> {
    let file = named(arguments, environment)
        .map(|path| File::load(Path::new(&path)))
        .transpose()?;
    if let Some(file) = &file {
        let problems = check(file);
        // `config check` itself must be able to say more.
        if !problems.is_empty() && !arguments.iter().any(|argument| argument == "config") {
            return Err(problems);
        }
    }
    Ok(command(file.as_ref()).get_matches_from(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn file(text: &str) -> File {
        File::parse("prova.toml", text).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn problems(text: &str) -> Vec<String> {
        let found = File::parse("prova.toml", text)
            .map(|file| check(&file))
            .unwrap_or_else(|problems| problems);
        found.iter().map(ToString::to_string).collect()
    }

    fn listen(file: &File, arguments: &[&str]) -> String {
        let command = without_environment(command(Some(file)));
        let matches = command.try_get_matches_from(arguments).unwrap();
        let serve = matches.subcommand_matches("serve").unwrap();
        serve.get_one::<std::net::SocketAddr>("listen").unwrap().to_string()
    }

    #[test]
    fn flags_stand_over_the_file() {
        let file = file("[serve]\nlisten = \"127.0.0.1:9001\"\n");
        assert_eq!(listen(&file, &["sinfonia", "serve"]), "127.0.0.1:9001");
        assert_eq!(
            listen(&file, &["sinfonia", "serve", "--listen", "127.0.0.1:9002"]),
            "127.0.0.1:9002"
        );
    }

    #[test]
    fn lists_and_switches() {
        let file = file("[serve]\nbehind_proxy = true\n[access]\norigins = [\"https://a.it\", \"https://b.it\"]\n");
        assert!(check(&file).is_empty());
        let matches = without_environment(command(Some(&file)))
            .try_get_matches_from(["sinfonia", "serve"])
            .unwrap();
        let serve = matches.subcommand_matches("serve").unwrap();
        assert!(serve.get_flag("behind_proxy"));
        assert_eq!(serve.get_many::<String>("origins").unwrap().count(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_line_key_rule_and_remedy() {
        let found = problems("[serve]\nlisen = \"127.0.0.1:1\"\n");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("line 2") && found[0].contains("serve.lisen") && found[0].contains("serve.listen"),
            "{found:?}"
        );
        let found = problems("[serve]\n\nlisten = \"casa\"\n");
        assert!(
            found[0].contains("line 3") && found[0].contains("serve.listen"),
            "{found:?}"
        );
        let found = problems("[serve]\nbehind_proxy = \"si\"\n");
        assert!(found[0].contains("true or false"), "{found:?}");
        let found = problems("[serve\n");
        assert!(found[0].contains("line 1"), "{found:?}");
        let found = problems("[store]\naddress = \"postgres://u:segreto@h/d\"\n");
        assert!(
            found[0].contains("address_file") && !found[0].contains("segreto"),
            "{found:?}"
        );
        assert!(problems("[servo]\nx = 1\n")[0].contains("serve"));
    }

    /// Whoever adds a flag that the environment may set adds its key, and documents it.
    #[test]
    fn every_setting_of_the_program_has_a_key_and_the_example_names_it() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let env = |arg: &clap::Arg| arg.get_env().is_some() && arg.get_id() != "config";
        let mut flags: BTreeSet<(Option<&str>, String)> = command
            .get_arguments()
            .filter(|arg| env(arg))
            .map(|arg| (None, arg.get_id().to_string()))
            .collect();
        flags.extend(
            serve
                .get_arguments()
                .filter(|arg| env(arg))
                .map(|arg| (Some("serve"), arg.get_id().to_string())),
        );
        let keys: BTreeSet<(Option<&str>, String)> = KEYS.iter().map(|key| (key.of, key.arg.to_owned())).collect();
        assert_eq!(flags, keys);
        // With every mark of a comment before a key taken away it is valid and names every key.
        let whole: String = EXAMPLE
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line)))
            .collect();
        let file = file(&whole);
        let named: BTreeSet<&str> = file.values().map(|(key, _)| key.path).collect();
        let missing: Vec<&str> = KEYS
            .iter()
            .map(|key| key.path)
            .filter(|path| !named.contains(path))
            .collect();
        assert!(missing.is_empty(), "the example does not name {missing:?}");
        let wrong: Vec<String> = check(&file).iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(problems(EXAMPLE).is_empty());
    }
}
