//! Small rooms, injected time, both languages, no machine's paths.

use conformance::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest source file, in lines.
const MAX_LINES: usize = 800;
/// Highest median of the source files' lines.
const MAX_MEDIAN: usize = 150;
/// Highest length below which nine in ten source files stay.
const MAX_P90: usize = 400;

/// Calls that ask the machine for time or randomness.
const BANNED: &[&str] = &[
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "Instant::now",
    "Uuid::now_v7",
    "Uuid::new_v4",
    "rand::rng()",
    "thread_rng",
    "OsRng",
    "thread::sleep",
];

/// Where they may stand, and why.
const ALLOWED: &[(&str, &str)] = &[
    (
        "crates/store/src/clock.rs",
        "the one place that asks the operating system",
    ),
    ("crates/bench/", "it measures real time"),
    (
        "crates/sinfonia/",
        "the binary shows progress in real time and waits for the next timer",
    ),
    ("crates/proof/src/upgrade.rs", "how long a pause takes"),
    (
        "crates/proof/src/chaos/",
        "it measures how long real processes take to recover",
    ),
    (
        "crates/proof/src/kill/",
        "it measures how long real processes take to recover",
    ),
    ("crates/conformance/tests/it/tidy.rs", "it names the calls"),
];

fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(repository())
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let files: Vec<_> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect();
    assert!(files.len() > 50, "the repository was not read");
    files
        .into_iter()
        .filter(|file| repository().join(file).is_file())
        .collect()
}

fn read(file: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(repository().join(file)).ok()?).ok()
}

fn sources() -> Vec<(PathBuf, String)> {
    let rust = tracked()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.filter_map(|file| read(&file).map(|text| (file, text))).collect()
}

#[test]
fn files_are_small() {
    let mut lengths: Vec<(usize, PathBuf)> = sources()
        .into_iter()
        .map(|(file, text)| (text.lines().count(), file))
        .collect();
    lengths.sort();
    let at = |share: usize| lengths[(lengths.len() - 1) * share / 100].0;
    let (median, p90) = (at(50), at(90));
    println!(
        "{} source files: median {median} lines, p90 {p90}, longest {:?}",
        lengths.len(),
        lengths.last()
    );
    let long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines, split them: {long:?}");
    assert!(
        median <= MAX_MEDIAN && p90 <= MAX_P90,
        "median {median} (at most {MAX_MEDIAN}), p90 {p90} (at most {MAX_P90})"
    );
}

#[test]
fn time_and_randomness_are_injected() {
    let mut wrong = vec![];
    for (file, text) in sources() {
        let name = file.to_string_lossy();
        if ALLOWED.iter().any(|(place, _)| name.starts_with(place)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for call in BANNED.iter().filter(|call| code.contains(**call)) {
                wrong.push(format!("{name}:{}: {call}", number + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "take a store::Clock, store::Ids or store::Random:\n{}",
        wrong.join("\n")
    );
}

/// The keys of a Fluent file: messages, terms and their attributes.
fn keys(text: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut message = String::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim_end();
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        if is_name(name.trim_start_matches('-')) && !line.starts_with(' ') {
            message = name.to_owned();
            keys.insert(message.clone());
        } else if let Some(attribute) = name.trim_start().strip_prefix('.').filter(|name| is_name(name)) {
            keys.insert(format!("{message}.{attribute}"));
        }
    }
    keys
}

/// `<folder of locales>/<language>/…` of a message file.
fn locale(file: &Path) -> Option<(String, String)> {
    let name = file.to_str()?.strip_suffix(".ftl")?.replace('\\', "/");
    let (place, inside) = name.rsplit_once("locales/")?;
    let (language, _) = inside.split_once('/')?;
    Some((format!("{place}locales"), language.to_owned()))
}

#[test]
fn every_message_exists_in_both_languages() {
    let mut places: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for file in tracked() {
        if let Some((place, language)) = locale(&file) {
            let text = read(&file).unwrap_or_else(|| panic!("{} is not UTF-8", file.display()));
            places
                .entry(place)
                .or_default()
                .entry(language)
                .or_default()
                .extend(keys(&text));
        }
    }
    assert!(!places.is_empty(), "no message files were found");
    for (place, languages) in places {
        let none = BTreeSet::new();
        let italian = languages.get("it").unwrap_or(&none);
        let english = languages.get("en").unwrap_or(&none);
        let missing: Vec<_> = italian.symmetric_difference(english).collect();
        assert!(missing.is_empty(), "{place}: only in one language: {missing:?}");
        assert!(!italian.is_empty(), "{place}: no Italian messages");
    }
}

/// Keys that stand twice in the message files of one place and language, each with both files.
fn twice(files: &[(String, String, String)]) -> Vec<String> {
    let mut known: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, file, text) in files {
        let lines = text
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-'));
        for key in lines.filter_map(|line| line.split_once('=').map(|(key, _)| key.trim())) {
            if let Some(first) = known.insert((place, key), file) {
                found.push(format!("{key}: {first} and {file}"));
            }
        }
    }
    found
}

#[test]
fn no_message_is_there_twice() {
    let mut files = Vec::new();
    for file in tracked() {
        if let Some((place, language)) = locale(&file) {
            let text = read(&file).unwrap_or_else(|| panic!("{} is not UTF-8", file.display()));
            files.push((format!("{place}/{language}"), file.display().to_string(), text));
        }
    }
    assert!(files.len() > 10, "the message files were not found");
    // A key that is there twice, in one file or in two, keeps every page of its component from being shown.
    assert_eq!(twice(&files), [] as [String; 0]);
    let file = |name: &str, text: &str| ("a/it".to_owned(), name.to_owned(), text.to_owned());
    let same = [
        file("1.ftl", "uno = 1\n  due = 2\n"),
        file("2.ftl", "due = 2\nuno = 3\n"),
    ];
    assert_eq!(twice(&same), ["uno: 1.ftl and 2.ftl"]);
}

#[test]
fn no_file_names_a_machine_or_a_package_registry() {
    // In two halves, so that this file does not hold what it looks for.
    let banned = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/fa", "rm/"),
        concat!("crates", ".io"),
        concat!("registry.npm", "js.org"),
        concat!("pypi", ".org"),
        concat!("deb.debian", ".org"),
    ];
    let mut wrong = vec![];
    for file in tracked() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name == "Cargo.lock" || name == "package-lock.json" {
            continue;
        }
        for (number, line) in read(&file).unwrap_or_default().lines().enumerate() {
            if let Some(found) = banned.iter().find(|text| line.contains(**text)) {
                wrong.push(format!("{}:{}: {found}", file.display(), number + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "no machine's paths or registries in the repository:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn keys_are_read_as_fluent_does() {
    let text = "# note\nsaluto = Ciao\n    .titolo = Benvenuto\n-marca = Sinfonia\ncaso = { $n ->\n   [one] = uno\n  *[other] altri\n }\n";
    assert_eq!(
        keys(text).into_iter().collect::<Vec<_>>(),
        ["-marca", "caso", "saluto", "saluto.titolo"]
    );
}
