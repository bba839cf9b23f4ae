//! The processes, decisions and forms of this component, as they are deployed at start.

use component::DeploymentFile;

macro_rules! files {
    ($($folder:literal / $name:literal),+ $(,)?) => {
        &[$(DeploymentFile {
            name: $name,
            content: include_str!(concat!("../", $folder, "/", $name)),
        }),+]
    };
}

/// Every file, decisions and forms first.
pub const DEPLOYMENTS: &[DeploymentFile] = files![
    "decisions" / "arruolamento.dmn",
    "decisions" / "stratificazione.dmn",
    "decisions" / "piano-controlli.dmn",
    "decisions" / "adeguamento-terapia.dmn",
    "decisions" / "ritardo.dmn",
    "forms" / "diabete-arruolamento.json",
    "forms" / "diabete-esame-conferma.json",
    "forms" / "diabete-consenso.json",
    "forms" / "diabete-piano-di-cura.json",
    "forms" / "diabete-presa-in-carico.json",
    "forms" / "diabete-educazione.json",
    "forms" / "diabete-visita-diabetologica.json",
    "forms" / "diabete-questionario-assistito.json",
    "forms" / "diabete-laboratorio.json",
    "forms" / "diabete-esame-piede.json",
    "forms" / "diabete-esame-occhio.json",
    "forms" / "diabete-ecg.json",
    "forms" / "diabete-visita-controllo.json",
    "forms" / "diabete-revisione-terapia.json",
    "forms" / "diabete-contatto-case-manager.json",
    "forms" / "diabete-valutazione-ritardo.json",
    "forms" / "diabete-uscita.json",
    "processes" / "diabete-tipo-2.bpmn",
    "processes" / "controlli-periodici.bpmn",
    "processes" / "controlli-del-ciclo.bpmn",
];

/// Process id of the type 2 diabetes pathway.
pub const DIABETES: &str = "diabete-tipo-2";

/// Whether a process is a pathway that people start for a person; the others are called by one.
pub fn is_pathway(process: &str) -> bool {
    let is_called = |file: &DeploymentFile| file.content.contains(&format!("processId=\"{process}\""));
    !DEPLOYMENTS.iter().any(is_called)
}

/// The text of a deployed file.
pub fn file(name: &str) -> Option<&'static str> {
    DEPLOYMENTS.iter().find(|f| f.name == name).map(|f| f.content)
}

/// A deployed Questionnaire by id, parsed.
pub fn form(id: &str) -> Option<serde_json::Value> {
    serde_json::from_str(file(&format!("{id}.json"))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_file_on_disk_is_deployed() {
        for folder in ["processes", "decisions", "forms"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for entry in std::fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(file(&name).is_some(), "{name} is not in DEPLOYMENTS");
            }
        }
    }

    #[test]
    fn every_form_named_by_a_process_exists() {
        let mut found = 0;
        for process in DEPLOYMENTS.iter().filter(|f| f.name.ends_with(".bpmn")) {
            for part in process.content.split("formId=\"").skip(1) {
                let id = part.split('"').next().unwrap();
                assert_eq!(form(id).unwrap_or_else(|| panic!("{id}"))["id"], id);
                found += 1;
            }
        }
        assert!(found > 15, "only {found} forms are named");
    }
}
