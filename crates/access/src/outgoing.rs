//! Where requests of this server to others may go (notifications, key sets of clients): a URL given by a user must not let
//! it reach inside the house.
//!
//! `https` to public addresses is permitted; anything else (plain `http`, loopback, private, link-local and other special
//! addresses) only where the installation lists it. Names are resolved and every address is checked, again at each
//! connection, so that a name cannot change to an inner address after it was checked. Redirects are never followed and
//! no proxy is used.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest endpoint, bytes.
const MAX_BYTES: usize = 2_000;

/// Which endpoints are permitted.
#[derive(Debug, Clone, Default)]
pub struct EndpointPolicy {
    listed: Vec<Url>,
    loopback: bool,
}

impl EndpointPolicy {
    /// Also permits endpoints that start with one of these URLs (same scheme, host and port, path below), wherever they
    /// lead. Fails on what is no http(s) URL.
    pub fn listed(mut self, urls: &[String]) -> Result<Self, String> {
        for text in urls {
            let url = Url::parse(text).map_err(|error| format!("'{text}' is not a URL: {error}"))?;
            if !matches!(url.scheme(), "http" | "https") {
                return Err(format!("'{text}' is not an http or https URL"));
            }
            self.listed.push(url);
        }
        Ok(self)
    }

    /// Also permits this machine, by http too: for development.
    #[must_use]
    pub fn with_loopback(mut self, allowed: bool) -> Self {
        self.loopback = allowed;
        self
    }

    /// Reads and checks an endpoint as far as is possible without asking the name service; the error says what is wrong.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("the endpoint is longer than {MAX_BYTES} bytes"));
        }
        let url = Url::parse(text).map_err(|error| format!("'{text}' is not a URL: {error}"))?;
        let host = match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) => host.to_owned(),
            _ => return Err(format!("'{text}' is not an http or https URL")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the endpoint holds a user name or password: send them as a header".to_owned());
        }
        if url.fragment().is_some() || url.query().is_some() {
            return Err("the endpoint has a query or fragment: give the address alone".to_owned());
        }
        if self.is_listed(&url) {
            return Ok(url);
        }
        let host = host.trim_end_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let local = host == "localhost" || host.ends_with(".localhost");
        if self.loopback && (local || address.is_some_and(|ip| canonical(ip).is_loopback())) {
            return Ok(url);
        }
        let inside = local
            || [".local", ".internal", ".home.arpa"]
                .iter()
                .any(|end| host.ends_with(end));
        if inside || address.is_some_and(|ip| !is_public(ip)) {
            return Err(refusal(&host));
        }
        if url.scheme() == "http" {
            return Err(format!(
                "'{text}' is not encrypted: use https, or have the administrator list the address"
            ));
        }
        Ok(url)
    }

    /// Resolves the name of a checked endpoint and checks every address.
    pub async fn resolve(&self, url: &Url) -> Result<(), String> {
        if self.is_listed(url) {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        self.addresses(host).await.map(drop)
    }

    /// An HTTP client that can only connect to what is permitted: names that lead inside have no address for it, redirects
    /// are not followed, no proxy is used.
    ///
    /// # Errors
    /// The TLS library cannot be started.
    pub fn client(&self, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(GuardedResolver(Arc::new(self.clone()))))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
    }

    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, String> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|error| format!("the name {host} cannot be resolved: {error}"))?
            .collect();
        let listed = self.listed.iter().any(|url| url.host_str() == Some(host));
        let permitted = |address: &SocketAddr| {
            listed || is_public(address.ip()) || (self.loopback && canonical(address.ip()).is_loopback())
        };
        // One inner address among others is enough to refuse: which one is used is not ours to say.
        if found.is_empty() || !found.iter().all(permitted) {
            return Err(refusal(host));
        }
        Ok(found)
    }

    fn is_listed(&self, url: &Url) -> bool {
        self.listed.iter().any(|listed| {
            let base = listed.path().trim_end_matches('/');
            let below = url.path().strip_prefix(base);
            listed.origin() == url.origin() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

fn refusal(host: &str) -> String {
    format!(
        "{host} is, or leads to, an address inside this network: the administrator must list it before requests may \
         go there"
    )
}

/// The resolver of the HTTP client: names that lead inside have no address for it.
#[derive(Debug, Clone)]
pub struct GuardedResolver(pub Arc<EndpointPolicy>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let addresses = policy.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// IPv4 inside IPv6 is IPv4.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Whether an address is one of the public internet (IANA special-purpose address registries).
fn is_public(ip: IpAddr) -> bool {
    match canonical(ip) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast only, without documentation, 6to4, Teredo and the rest of 2001::/23, which can carry IPv4 inside.
    (a & 0xe000) == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_refused_in_every_spelling() {
        let policy = EndpointPolicy::default();
        for inner in [
            "https://127.0.0.1/x",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://db.internal/",
        ] {
            let error = policy.check(inner).unwrap_err();
            assert!(error.contains("inside this network"), "{inner}: {error}");
        }
        for (bad, reason) in [
            ("http://example.org/", "not encrypted"),
            ("ftp://example.org/", "http or https"),
            ("https://a:b@example.org/", "password"),
            ("https://example.org/?x=1", "query"),
            ("nonsense", "not a URL"),
        ] {
            let error = policy.check(bad).unwrap_err();
            assert!(error.contains(reason), "{bad}: {error}");
        }
        policy.check("https://example.org/fhir").unwrap();
        policy.check("https://8.8.8.8/").unwrap();
        policy.check("https://[2a00:1450:4002::1]/").unwrap();
    }

    #[test]
    fn what_is_listed_is_permitted_with_its_port_and_path() {
        let policy = EndpointPolicy::default()
            .listed(&["http://10.0.0.5:8080/fhir".into()])
            .unwrap();
        policy.check("http://10.0.0.5:8080/fhir").unwrap();
        policy.check("http://10.0.0.5:8080/fhir/a").unwrap();
        assert!(policy.check("http://10.0.0.5:8080/fhirx").is_err());
        assert!(policy.check("http://10.0.0.5:8080/fhir/../admin").is_err());
        assert!(policy.check("http://10.0.0.5:8081/fhir").is_err());
        let development = EndpointPolicy::default().with_loopback(true);
        development.check("http://127.0.0.1:9/x").unwrap();
        assert!(development.check("http://10.0.0.5/").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_has_no_address() {
        let policy = EndpointPolicy::default();
        let error = policy.addresses("localhost").await.unwrap_err();
        assert!(error.contains("inside this network"), "{error}");
    }
}
