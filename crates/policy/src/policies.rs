//! A set of policies, read and checked.

use crate::{Capabilities, Labels, PolicyError, Roles, Tying, Types};
use cedar_policy::{Authorizer, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr as _;

/// What comes with the program.
static STANDARD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// Files of a folder of policies at most, and bytes of one.
const MAX_FILES: usize = 200;
const MAX_BYTES: u64 = 1 << 20;

/// What a policy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `@id`.
    pub id: String,
    /// `@it`: what it says, for people.
    pub it: String,
    /// `@source`: where the rule comes from.
    pub source: String,
    /// The source was not checked by anybody (`@unverified`).
    pub unverified: bool,
    /// Whether it forbids.
    pub forbids: bool,
    /// The file it stands in.
    pub file: String,
}

/// Policies in force: the Cedar files of a folder with its tables (`labels.json`, `types.json`, `ties.json`, …).
pub struct Policies {
    pub(crate) set: PolicySet,
    pub(crate) schema: Schema,
    pub(crate) authorizer: Authorizer,
    pub(crate) memo: crate::decide::Memo,
    about: BTreeMap<String, About>,
    labels: Labels,
    types: Types,
    tying: Tying,
    roles: Roles,
    capabilities: Capabilities,
    version: String,
    cases: Vec<(String, String)>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policies").field("version", &self.version).finish()
    }
}

impl Policies {
    /// Those that come with the program.
    ///
    /// # Panics
    /// Never in a build whose tests passed.
    pub fn standard() -> Self {
        let mut files = Vec::new();
        gather(&STANDARD, &mut files);
        Self::of_files(files).expect("the policies that come with the program are valid")
    }

    /// Those of a folder: what a region changes without building anew. It holds everything the standard folder holds.
    pub fn load(folder: &Path) -> Result<Self, PolicyError> {
        let mut files = Vec::new();
        read(folder, folder, &mut files)?;
        Self::of_files(files)
    }

    fn of_files(mut files: Vec<(String, String)>) -> Result<Self, PolicyError> {
        files.sort();
        let one = |name: &str| {
            let found = files.iter().find(|(file, _)| file == name);
            found
                .map(|(_, text)| text.as_str())
                .ok_or_else(|| PolicyError::file(name, &"is missing in the folder of policies"))
        };
        let (schema, _) = Schema::from_cedarschema_str(one("schema.cedarschema")?)
            .map_err(|error| PolicyError::file("schema.cedarschema", &error))?;
        let labels = Labels::parse(one("labels.json")?)?;
        let types = Types::parse(one("types.json")?)?;
        let tying = Tying::parse(one("ties.json")?)?;
        let roles = Roles::parse(one("roles.json")?)?;
        let capabilities = Capabilities::parse(one("capabilities.json")?, &roles)?;
        let mut set = PolicySet::new();
        let mut about = BTreeMap::new();
        for (file, text) in files.iter().filter(|(file, _)| file.ends_with(".cedar")) {
            add(file, text, &mut set, &mut about)?;
        }
        let checked = Validator::new(schema.clone()).validate(&set, ValidationMode::default());
        if let Some(error) = checked.validation_errors().next() {
            let file = about.get(AsRef::<str>::as_ref(error.policy_id()));
            let file = file.map_or("policies", |about| about.file.as_str());
            return Err(PolicyError::file(file, error));
        }
        let mut hash = Sha256::new();
        for (file, text) in &files {
            hash.update((file.len() as u64).to_be_bytes());
            hash.update(file);
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let version = hash
            .finalize()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let cases = files.into_iter().filter(|(file, _)| file.starts_with("cases/"));
        Ok(Self {
            cases: cases.collect(),
            set,
            schema,
            authorizer: Authorizer::new(),
            memo: crate::decide::Memo::default(),
            about,
            labels,
            types,
            tying,
            roles,
            capabilities,
            version,
        })
    }

    /// Twelve hexadecimal digits that change with any file of the folder: what the audit names.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Sensitive categories.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Groups of FHIR types.
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// Which written resources tie people to patients.
    pub fn tying(&self) -> &Tying {
        &self.tying
    }

    /// Known roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Who may call which routes.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What a policy says of itself.
    pub fn about(&self, id: &str) -> Option<&About> {
        self.about.get(id)
    }

    /// Every policy, by id.
    pub fn list(&self) -> impl Iterator<Item = &About> {
        self.about.values()
    }

    /// The tables of cases of the folder: name and text.
    pub(crate) fn tables(&self) -> &[(String, String)] {
        &self.cases
    }
}

fn add(file: &str, text: &str, set: &mut PolicySet, about: &mut BTreeMap<String, About>) -> Result<(), PolicyError> {
    let parsed = PolicySet::from_str(text).map_err(|error| PolicyError::file(file, &error))?;
    for policy in parsed.policies() {
        let note = |name: &str| policy.annotation(name).map(str::to_owned);
        let missing = |name: &str| {
            let place = policy.to_string();
            let head: String = place.lines().take(3).collect::<Vec<_>>().join(" ");
            PolicyError::file(file, &format!("a policy has no @{name}(\"…\"): {head}"))
        };
        let id = note("id").ok_or_else(|| missing("id"))?;
        let entry = About {
            id: id.clone(),
            it: note("it").ok_or_else(|| missing("it"))?,
            source: note("source").ok_or_else(|| missing("source"))?,
            unverified: note("unverified").is_some(),
            forbids: policy.effect() == cedar_policy::Effect::Forbid,
            file: file.to_owned(),
        };
        if about.insert(id.clone(), entry).is_some() {
            return Err(PolicyError::file(file, &format!("two policies are called '{id}'")));
        }
        let named: Policy = policy.new_id(PolicyId::new(&id));
        set.add(named).map_err(|error| PolicyError::file(file, &error))?;
    }
    Ok(())
}

fn gather(folder: &Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in folder.files() {
        if let Some(text) = file.contents_utf8() {
            files.push((file.path().to_string_lossy().replace('\\', "/"), text.to_owned()));
        }
    }
    for inner in folder.dirs() {
        gather(inner, files);
    }
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), PolicyError> {
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    let failed = |path: &Path, error: &dyn std::fmt::Display| PolicyError::file(&name(path), error);
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        if path.is_dir() {
            read(root, &path, files)?;
            continue;
        }
        let known = ["cedar", "cedarschema", "json", "tsv"];
        if !path
            .extension()
            .is_some_and(|end| known.iter().any(|known| end == *known))
        {
            continue;
        }
        let size = path.metadata().map_err(|error| failed(&path, &error))?.len();
        if size > MAX_BYTES || files.len() >= MAX_FILES {
            let rule = format!("a folder of policies may have {MAX_FILES} files of {MAX_BYTES} bytes each");
            return Err(failed(&path, &rule));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        files.push((name(&path), text));
    }
    Ok(())
}
