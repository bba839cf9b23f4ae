//! Fixtures: resources from files beside the script, contained in it, or from the folder as a package names them.

use super::Run;
use super::script::Fixture;
use fhir::Definitions;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A fixture, or what a server answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Resource; null where there is none.
    pub resource: Value,
    /// Response headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Id on the server, when it was created there.
    pub server_id: Option<String>,
}

/// Where a script is.
pub(super) struct Place {
    beside: PathBuf,
    root: PathBuf,
}

impl Place {
    pub(super) fn new(file: &Path, root: &Path) -> Self {
        let beside = file.parent().unwrap_or(root).to_path_buf();
        let root = root.to_path_buf();
        Self { beside, root }
    }

    /// The file of a reference such as `patient.json`, `./fixtures/patient.xml` or `Patient/example`.
    fn find(&self, reference: &str) -> Option<PathBuf> {
        let plain = reference.trim_start_matches("./");
        let dashed = plain.replace('/', "-");
        let names = [plain, &dashed].map(|name| [name.to_owned(), format!("{name}.json"), format!("{name}.xml")]);
        let (beside, root) = (&self.beside, &self.root);
        let folders = [
            beside.clone(),
            beside.join("_reference"),
            beside.join("fixtures"),
            beside.join("../_reference"),
            root.clone(),
            root.join("_reference"),
            root.join("_reference/resources"),
            root.join("fixtures"),
        ];
        let paths = folders
            .iter()
            .flat_map(|folder| names.iter().flatten().map(move |name| folder.join(name)));
        paths.into_iter().find(|path| path.is_file())
    }
}

/// A JSON or XML file as a value.
pub(super) fn read_file(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if file.extension().is_some_and(|e| e == "xml") {
        fhir::xml::from_xml(Definitions::r4(), text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())
    } else {
        serde_json::from_str(&text).map_err(|error| format!("not JSON: {error}"))
    }
}

impl Run {
    /// Loads a fixture, and creates it on the server where the script says so.
    pub(super) async fn take_fixture(
        &mut self,
        fixture: &Fixture,
        script: &Value,
        place: &Place,
    ) -> Result<(), String> {
        let resource = match fixture.reference.strip_prefix('#') {
            Some(id) => {
                let contained = script["contained"].as_array().into_iter().flatten();
                contained.clone().find(|one| one["id"] == id).cloned()
            }
            None => place
                .find(&fixture.reference)
                .map(|file| read_file(&file))
                .transpose()?,
        };
        let Some(resource) = resource else {
            return Err(format!("fixture {}: '{}' was not found", fixture.id, fixture.reference));
        };
        let mut held = Held {
            resource,
            ..Held::default()
        };
        if fixture.autocreate {
            let rtype = held.resource["resourceType"].as_str().unwrap_or_default().to_owned();
            let id = held.resource["id"].as_str().map(str::to_owned);
            let (method, path) = match &id {
                Some(id) => ("PUT", format!("{rtype}/{id}")),
                None => ("POST", rtype),
            };
            let answer = self.target.simple(method, &path, Some(&held.resource)).await?;
            if !(200..300).contains(&answer.status) {
                return Err(format!("fixture {}: autocreate answered {}", fixture.id, answer.status));
            }
            held.server_id = id.or_else(|| super::operation::id_in_location(answer.headers.get("location")?));
        }
        self.held.insert(fixture.id.clone(), held);
        Ok(())
    }

    /// Deletes it again; what is gone already is no error.
    pub(super) async fn delete_fixture(&mut self, id: &str) {
        let Some(held) = self.held.get(id) else { return };
        let rtype = held.resource["resourceType"].as_str().unwrap_or_default();
        let own = held.resource["id"].as_str();
        if let Some(id) = held.server_id.as_deref().or(own) {
            let path = format!("{rtype}/{id}");
            let _gone = self.target.simple("DELETE", &path, None).await;
        }
    }
}
