//! Bundles written by joining bytes: what is stored goes out without being parsed.

use crate::http::{About, etag};
use bytes::Bytes;
use jiff::Timestamp;

/// A bundle in the making.
pub(crate) struct BundleWriter {
    out: Vec<u8>,
    entries: usize,
}

/// What `response` says of an entry.
pub(crate) struct EntryResponse<'a> {
    /// e.g. `201 Created`.
    pub status: &'a str,
    /// `Location`.
    pub location: Option<String>,
    /// For etag and lastModified.
    pub about: Option<&'a About>,
    /// An OperationOutcome.
    pub outcome: Option<&'a Bytes>,
}

impl BundleWriter {
    /// `kind`: `searchset`, `history`, …; `links`: relation and URL.
    pub(crate) fn new(kind: &str, at: Timestamp, total: Option<u64>, links: &[(&str, String)]) -> Self {
        let mut writer = Self {
            out: Vec::with_capacity(4096),
            entries: 0,
        };
        writer.raw(r#"{"resourceType":"Bundle","type":"#);
        writer.string(kind);
        writer.raw(r#","timestamp":"#);
        writer.string(&fhir::instant(at));
        if let Some(total) = total {
            writer.raw(&format!(r#","total":{total}"#));
        }
        for (n, (relation, url)) in links.iter().enumerate() {
            writer.raw(if n == 0 { r#","link":["# } else { "," });
            writer.raw(r#"{"relation":"#);
            writer.string(relation);
            writer.raw(r#","url":"#);
            writer.string(url);
            writer.raw("}");
        }
        if !links.is_empty() {
            writer.raw("]");
        }
        writer
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.out, text).expect("writing to memory does not fail");
    }

    /// Starts an entry; `end` must follow.
    pub(crate) fn begin(&mut self, full_url: Option<&str>, resource: Option<&Bytes>) {
        self.raw(if self.entries == 0 { r#","entry":[{"# } else { ",{" });
        self.entries += 1;
        let mut comma = false;
        if let Some(full_url) = full_url {
            self.raw(r#""fullUrl":"#);
            self.string(full_url);
            comma = true;
        }
        if let Some(resource) = resource {
            self.raw(if comma { r#","resource":"# } else { r#""resource":"# });
            self.out.extend_from_slice(resource);
        }
    }

    /// `search.mode` of the open entry.
    pub(crate) fn mode(&mut self, mode: &str) {
        self.raw(r#","search":{"mode":"#);
        self.string(mode);
        self.raw("}");
    }

    /// The whole `search` of the open entry.
    pub(crate) fn search(&mut self, search: &serde_json::Value) {
        self.raw(r#","search":"#);
        self.raw(&search.to_string());
    }

    /// `request` of the open entry.
    pub(crate) fn request(&mut self, method: &str, url: &str) {
        self.raw(r#","request":{"method":"#);
        self.string(method);
        self.raw(r#","url":"#);
        self.string(url);
        self.raw("}");
    }

    /// `response` of the open entry.
    pub(crate) fn response(&mut self, response: &EntryResponse<'_>) {
        let first = self.out.last() == Some(&b'{');
        self.raw(if first {
            r#""response":{"status":"#
        } else {
            r#","response":{"status":"#
        });
        self.string(response.status);
        if let Some(location) = &response.location {
            self.raw(r#","location":"#);
            self.string(location);
        }
        if let Some(about) = response.about {
            self.raw(r#","etag":"#);
            self.string(&etag(about.version));
            self.raw(r#","lastModified":"#);
            self.string(&fhir::instant(about.last_updated));
        }
        if let Some(outcome) = response.outcome {
            self.raw(r#","outcome":"#);
            self.out.extend_from_slice(outcome);
        }
        self.raw("}");
    }

    /// Ends the open entry.
    pub(crate) fn end(&mut self) {
        self.raw("}");
    }

    /// The bundle.
    pub(crate) fn finish(mut self) -> Bytes {
        self.raw(if self.entries == 0 { "}" } else { "]}" });
        Bytes::from(self.out)
    }
}
