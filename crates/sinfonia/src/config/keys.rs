//! The keys of the configuration file, and the flag each stands for.

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A list of texts.
    List,
    /// A whole number.
    Number,
}

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Table and name.
    pub path: &'static str,
    /// The flag.
    pub arg: &'static str,
    /// The subcommand whose flag it is; of all, without.
    pub of: Option<&'static str>,
    /// What its value must be.
    pub kind: Kind,
}

const fn all(path: &'static str, arg: &'static str, kind: Kind) -> Key {
    Key {
        path,
        arg,
        of: None,
        kind,
    }
}

const fn serve(path: &'static str, arg: &'static str, kind: Kind) -> Key {
    Key {
        path,
        arg,
        of: Some("serve"),
        kind,
    }
}

/// All of them.
pub const KEYS: &[Key] = &[
    all("store.data", "data", Kind::Text),
    all("store.address", "store", Kind::Text),
    all("store.address_file", "store_file", Kind::Text),
    all("store.tls", "store_tls", Kind::Text),
    all("store.root_certificate", "store_root_cert", Kind::Text),
    all("log.format", "log_format", Kind::Text),
    all("log.level", "log_level", Kind::Text),
    serve("serve.listen", "listen", Kind::Text),
    serve("serve.base_url", "base_url", Kind::Text),
    serve("serve.behind_proxy", "behind_proxy", Kind::Switch),
    serve("serve.operations_listen", "operations_listen", Kind::Text),
    serve("serve.otlp_endpoint", "otlp_endpoint", Kind::Text),
    serve("serve.only", "only", Kind::List),
    serve("serve.peers", "peers", Kind::List),
    serve("serve.key_file", "key_file", Kind::Text),
    serve("tls.cert", "tls_cert", Kind::Text),
    serve("tls.key", "tls_key", Kind::Text),
    serve("tls.client_ca", "tls_client_ca", Kind::Text),
    serve("limits.at_once", "at_once", Kind::Number),
    serve("limits.background_at_once", "background_at_once", Kind::Number),
    serve("limits.header_seconds", "header_seconds", Kind::Number),
    serve("limits.body_seconds", "body_seconds", Kind::Number),
    serve("limits.request_seconds", "request_seconds", Kind::Number),
    serve("limits.stop_seconds", "stop_seconds", Kind::Number),
    serve("limits.no_pace", "no_pace", Kind::Switch),
    serve("access.policies", "policies", Kind::Text),
    serve("access.sign_in_rules", "sign_in_rules", Kind::Text),
    serve("access.identity_providers", "oidc", Kind::Text),
    serve("access.interop", "interop", Kind::Text),
    serve("access.origins", "origins", Kind::List),
    serve("fhir.validation", "validation", Kind::Text),
    serve("fhir.history", "history", Kind::Text),
    serve("fhir.import_folder", "import_folder", Kind::Text),
    serve("fhir.import_urls", "import_url", Kind::List),
    serve("fhir.notify_endpoints", "notify_endpoints", Kind::List),
    serve("fhir.notify_roles", "notify_roles", Kind::List),
    serve("processes.history", "process_history", Kind::Text),
];
