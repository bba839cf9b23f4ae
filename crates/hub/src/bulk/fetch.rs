//! Inputs of imports: from where they may come, and how they come. See [`ImportPolicy`] for the rules.

use super::{ImportPolicy, files};
use crate::HubError;
use crate::http::blocking;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whether an input may be read; the error says what is permitted.
pub(super) fn permitted(policy: &ImportPolicy, url: &str) -> Result<(), HubError> {
    if let Some(name) = url.strip_prefix("file:") {
        return local(policy, name).map(|_| ());
    }
    let web = url.starts_with("https://") || url.starts_with("http://");
    // After a beginning that ends the host, dots and colons can no longer lead elsewhere, but `..` and `@` are refused
    // all the same: there is no honest use for them.
    let sly = url.contains("..") || url.contains('@') || url.contains('\\') || url.bytes().any(|b| b <= b' ');
    let listed = policy
        .urls
        .iter()
        .any(|start| is_beginning(start) && url.starts_with(start.as_str()));
    if web && listed && !sly {
        return Ok(());
    }
    let known = if policy.urls.is_empty() {
        "none are".to_owned()
    } else {
        policy.urls.join(", ")
    };
    Err(HubError::Forbidden(format!(
        "'{url}' may not be read: an administrator lists the beginnings of permitted URLs ({known})"
    )))
}

/// A beginning must reach past the host, or `https://good.it` would permit `https://good.it.evil.example`.
fn is_beginning(start: &str) -> bool {
    start.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
}

fn local(policy: &ImportPolicy, name: &str) -> Result<PathBuf, HubError> {
    let Some(folder) = &policy.folder else {
        let message = "local files may not be read: an administrator has named no folder for them";
        return Err(HubError::Forbidden(message.to_owned()));
    };
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if !plain {
        return Err(HubError::bad(format!("'{name}' is no plain file name")));
    }
    Ok(folder.join(name))
}

/// Brings an input into a file.
pub(super) async fn bring(policy: &ImportPolicy, url: &str, to: &Path) -> Result<(), HubError> {
    permitted(policy, url)?;
    if let Some(name) = url.strip_prefix("file:") {
        return copy(local(policy, name)?, to.to_owned(), policy.input_bytes).await;
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(policy.fetch_s))
        .build();
    let failed = |error: reqwest::Error| HubError::bad(format!("{url} could not be read: {}", error.without_url()));
    let mut response = client.map_err(failed)?.get(url).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(HubError::bad(format!("{url} answers {}", response.status())));
    }
    let mut file = files::create(to)?;
    let mut size = 0;
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        size += chunk.len() as u64;
        check_size(size, policy.input_bytes)?;
        file.write_all(&chunk)
            .map_err(|error| files::failed("writing an input", &error))?;
    }
    file.sync_all()
        .map_err(|error| files::failed("writing an input", &error))
}

fn check_size(size: u64, max: u64) -> Result<(), HubError> {
    if size <= max {
        return Ok(());
    }
    Err(HubError::bad(format!("an input is larger than {max} bytes: split it")))
}

async fn copy(from: PathBuf, to: PathBuf, max: u64) -> Result<(), HubError> {
    blocking(move || {
        let missing = |_| HubError::bad("the local file is not there, or cannot be read");
        let about = std::fs::symlink_metadata(&from).map_err(missing)?;
        if !about.is_file() {
            return Err(HubError::bad("the local file is no plain file"));
        }
        check_size(about.len(), max)?;
        let mut source = std::fs::File::open(&from).map_err(missing)?;
        let mut target = files::create(&to)?;
        std::io::copy(&mut source, &mut target).map_err(|error| files::failed("copying an input", &error))?;
        target
            .sync_all()
            .map_err(|error| files::failed("copying an input", &error))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_read() {
        let policy = ImportPolicy {
            urls: vec![
                "https://flussi.example.it/fhir/".into(),
                "https://half.example.it".into(),
            ],
            ..ImportPolicy::default()
        };
        let may = |url: &str| permitted(&policy, url).is_ok();
        assert!(may("https://flussi.example.it/fhir/Patient.ndjson"));
        for refused in [
            "https://flussi.example.it/other",
            "https://flussi.example.it.evil.example/fhir/",
            "https://flussi.example.it/fhir/../admin",
            "https://half.example.it.evil.example/",
            "https://half.example.it/x",
            "http://127.0.0.1:8080/fhir/",
            "http://169.254.169.254/latest/",
            "file:/etc/passwd",
            "file:x.ndjson",
            "ftp://flussi.example.it/fhir/",
        ] {
            assert!(!may(refused), "{refused}");
        }
        let local = ImportPolicy {
            folder: Some("/srv/flussi".into()),
            ..ImportPolicy::default()
        };
        assert!(permitted(&local, "file:x.ndjson").is_ok());
        for refused in ["file:../x", "file:a/b", "file:.ssh", "file:"] {
            assert!(permitted(&local, refused).is_err(), "{refused}");
        }
    }
}
