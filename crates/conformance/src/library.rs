//! Profiles and terminology of a folder of guides, for suites that validate.

use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use terminology::{Builtin, CodeSystem, Layered, Single, ValueSet};
use validation::{Bindings, Membership, Profile, Profiles, split_canonical};

/// What a folder defines.
#[derive(Default)]
pub struct Library {
    profiles: HashMap<String, Arc<Profile>>,
    terminology: Single,
    /// StructureDefinitions as they are written.
    pub definitions: HashMap<String, Value>,
    /// Files that are examples, not definitions.
    pub examples: Vec<(PathBuf, Value)>,
    /// Canonicals that several files define differently: the first file, in the order of their paths, is taken.
    pub clashes: Vec<String>,
}

impl Library {
    /// Reads every `*.json` of a folder and its sub-folders; those below a folder `examples` are examples.
    ///
    /// # Errors
    /// A file cannot be read, or a StructureDefinition cannot be compiled.
    pub fn read(folder: &Path) -> Result<Library, String> {
        let mut files = Vec::new();
        list(folder, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
        files.sort();
        let mut library = Library::default();
        for file in files {
            let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let Ok(value) = serde_json::from_slice::<Value>(&text) else {
                continue;
            };
            let name = file.strip_prefix(folder).unwrap_or(&file).to_path_buf();
            if name.components().any(|part| part.as_os_str() == "examples") {
                library.examples.push((name, value));
            } else {
                library.add(&name, value)?;
            }
        }
        Ok(library)
    }

    fn add(&mut self, name: &Path, value: Value) -> Result<(), String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let (rtype, Some(url)) = (text("resourceType").unwrap_or_default(), text("url").map(str::to_owned)) else {
            return Ok(());
        };
        match rtype {
            "ValueSet" => {
                let read = ValueSet::from_value(value).map_err(|error| format!("{}: {error}", name.display()))?;
                self.terminology.value_sets.push(Arc::new(read));
                return Ok(());
            }
            "CodeSystem" => {
                let read = CodeSystem::from_value(&value).map_err(|error| format!("{}: {error}", name.display()))?;
                self.terminology.code_systems.push(Arc::new(read));
                return Ok(());
            }
            "StructureDefinition" if text("kind") != Some("logical") => {}
            _ => return Ok(()),
        }
        let profile = validation::compile(&value).map_err(|error| format!("{}: {error}", name.display()))?;
        if let Some(known) = self.definitions.get(&url) {
            if known.get("snapshot") != value.get("snapshot") {
                self.clashes.push(format!("{url} ({})", name.display()));
            }
            return Ok(());
        }
        self.profiles.insert(url.clone(), Arc::new(profile));
        self.definitions.insert(url, value);
        Ok(())
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

impl Profiles for Library {
    fn profile(&self, canonical: &str) -> Option<Arc<Profile>> {
        self.profiles.get(split_canonical(canonical).0).cloned()
    }
}

impl Bindings for Library {
    fn membership(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership {
        let source = Layered(&self.terminology, Builtin::r4());
        match terminology::membership(&source, value_set, system, code) {
            terminology::Membership::In => Membership::In,
            terminology::Membership::Out => Membership::Out,
            terminology::Membership::Unknown => Membership::Unknown,
        }
    }
}

/// Does `work` on each of `items` on every processor; results in the order of the items.
pub fn on_all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, work(item)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let roomy = || fhir::fhirpath::with_large_stack(take).expect("there is memory for a stack");
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(roomy)).collect();
        let finished = running
            .into_iter()
            .map(|thread| thread.join().expect("the work does not panic"));
        finished.flatten().collect()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}
