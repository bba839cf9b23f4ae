//! Files sent with a form: what they may be, and the resources they become.

use super::check::Problem;
use super::item::{Item, Upload};
use super::{About, Answer, Completed, FILE_TYPES, File, MAX_FILE_BYTES, Uploaded};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Longest name of a file kept, characters.
const MAX_NAME: usize = 200;

/// The files of a question as answers, or what is wrong with one of them. What a file is, its first bytes say, not the
/// browser that sent it.
pub(super) fn read(item: &Item, sent: &[&Uploaded]) -> Result<Vec<Answer>, Problem> {
    let usual = Upload {
        types: FILE_TYPES.map(str::to_owned).to_vec(),
        max_bytes: MAX_FILE_BYTES,
    };
    let limits = item.upload.as_ref().unwrap_or(&usual);
    let most = if item.repeats { sent.len() } else { 1 };
    let one = |file: &&Uploaded| {
        if file.bytes.len() > limits.max_bytes {
            let (name, max) = (name(file), megabytes(limits.max_bytes));
            return Err(Problem::new(
                "form-error-file-size",
                vec![("name", name.into()), ("max", max.into())],
            ));
        }
        let kind = kind(&file.bytes).filter(|kind| limits.types.iter().any(|t| t == kind));
        let Some(kind) = kind else {
            let (name, types) = (name(file), says(&limits.types));
            return Err(Problem::new(
                "form-error-file-type",
                vec![("name", name.into()), ("types", types.into())],
            ));
        };
        Ok(Answer::File(File {
            id: file.id.clone(),
            name: name(file),
            content_type: kind.to_owned(),
            bytes: file.bytes.clone(),
        }))
    };
    sent.iter()
        .filter(|f| !f.bytes.is_empty())
        .take(most)
        .map(one)
        .collect()
}

/// Names of the types: PDF, JPEG, PNG, testo.
pub(super) fn says(types: &[String]) -> String {
    let short = |kind: &String| match kind.as_str() {
        "application/pdf" => "PDF",
        "image/jpeg" => "JPEG",
        "image/png" => "PNG",
        _ => "TXT",
    };
    types.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// In whole megabytes or kilobytes, as people say it.
pub(super) fn megabytes(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{} kB", bytes >> 10),
        many => format!("{many} MB"),
    }
}

fn name(file: &Uploaded) -> String {
    // Some browsers send the path; control characters have no place in a name.
    let last = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    if plain.trim().is_empty() {
        "allegato".into()
    } else {
        plain
    }
}

/// The type that the first bytes tell.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    let text = || std::str::from_utf8(bytes).is_ok_and(|t| !t.chars().any(|c| c.is_control() && !c.is_whitespace()));
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some("image/png"),
        _ if text() => Some("text/plain"),
        _ => None,
    }
}

impl Completed<'_> {
    /// Whether a file was sent.
    pub fn has_files(&self) -> bool {
        self.answers
            .values()
            .flatten()
            .any(|answer| matches!(answer, Answer::File(_)))
    }

    /// A DocumentReference of each file, which holds its bytes as documents beside tasks do: it is of the patient's
    /// compartment as a whole, so whoever may not see the one does not see the other.
    pub fn documents(&self, about: &About<'_>) -> Vec<Value> {
        let given = self
            .answers
            .iter()
            .flat_map(|(link, answers)| answers.iter().map(move |a| (link, a)));
        let mut made = Vec::new();
        for (link, answer) in given {
            let Answer::File(file) = answer else { continue };
            let question = self.form.find(link).map_or("", |item| item.text.as_str());
            let mut document = json!({
                "resourceType": "DocumentReference", "id": file.id, "status": "current",
                "subject": {"reference": about.subject},
                "date": fhir::instant(about.authored),
                "description": if question.is_empty() { file.name.as_str() } else { question },
                "content": [{"attachment": {
                    "contentType": file.content_type, "title": file.name, "size": file.bytes.len(),
                    "data": STANDARD.encode(&file.bytes),
                }}],
            });
            if about.author.contains('/') {
                document["author"] = json!([{"reference": about.author}]);
            }
            if !about.task.is_empty() {
                document["context"] = json!({"related": [{"reference": format!("Task/{}", about.task)}]});
            }
            made.push(document);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        assert_eq!(kind(b"%PDF-1.7\n"), Some("application/pdf"));
        assert_eq!(kind("perché\r\n".as_bytes()), Some("text/plain"));
        assert_eq!(kind(b"MZ\x90\x00"), None);
        let sent = Uploaded {
            field: "f".into(),
            id: "1".into(),
            name: "C:\\Documenti\\referto\n.pdf".into(),
            bytes: b"x"[..].into(),
        };
        assert_eq!(name(&sent), "referto.pdf");
    }
}
