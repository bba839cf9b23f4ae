//! TLS at our own door, by rustls: for installations without a proxy in front, and for mutual TLS (RFC 8705), which ends
//! where the certificates are looked at.
//!
//! HTTP/1.1 over TLS 1.2 and 1.3. With `--tls-client-ca` a client may show a certificate of that authority; it is asked for,
//! not demanded: people's browsers have none. Who has shown one is known to the handlers as [`access::ClientCertificate`].

use anyhow::{Context as _, bail};
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A handshake may take so long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most handshakes at a time: beyond it new connections wait in the system's own queue.
const MAX_HANDSHAKES: usize = 256;

/// Files of `serve`'s TLS flags.
#[derive(Debug, Clone, clap::Args)]
pub struct TlsArgs {
    /// Certificate chain in PEM, the server's own first: serve over TLS.
    #[arg(long, env = "SINFONIA_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, env = "SINFONIA_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Authorities in PEM whose certificates clients may show (mutual TLS).
    #[arg(long, env = "SINFONIA_TLS_CLIENT_CA", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
}

impl TlsArgs {
    /// Whether TLS is asked for.
    pub fn wanted(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// The configuration the files make; `None` without TLS.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should.
    pub fn config(&self) -> anyhow::Result<Option<Arc<ServerConfig>>> {
        let (cert, key) = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => (cert, key),
            (None, None) if self.tls_client_ca.is_none() => return Ok(None),
            // The configuration file gives defaults, which the command line does not look at.
            _ => bail!("TLS wants both a certificate and its key (--tls-cert, --tls-key)"),
        };
        let chain = certificates(cert)?;
        let key_der = PrivateKeyDer::from_pem_file(key);
        let key_der = key_der.with_context(|| format!("--tls-key {}: no private key in PEM", key.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match &self.tls_client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = rustls::RootCertStore::empty();
                for authority in certificates(file)? {
                    roots
                        .add(authority)
                        .with_context(|| format!("--tls-client-ca {}", file.display()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key_der)
            .context("--tls-cert and --tls-key do not fit")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(config)))
    }
}

/// From when until when the first certificate of a chain is valid.
///
/// # Errors
/// The file cannot be read or does not hold what it should.
pub fn validity(file: &Path) -> anyhow::Result<(jiff::Timestamp, jiff::Timestamp)> {
    let chain = certificates(file)?;
    let first = chain.first().map(|first| jose::Certificate::from_der(first));
    let first = first
        .and_then(Result::ok)
        .with_context(|| format!("{}: not understood", file.display()))?;
    Ok((
        jiff::Timestamp::from_second(first.not_before)?,
        jiff::Timestamp::from_second(first.not_after)?,
    ))
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let wrong = || format!("{}: no certificates in PEM", file.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).with_context(wrong)?.collect();
    let read = read.with_context(wrong)?;
    if read.is_empty() {
        bail!(wrong());
    }
    Ok(read)
}

/// Accepts TLS connections. Handshakes go on beside each other: a slow one holds up nobody.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl TlsListener {
    /// Over a listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> std::io::Result<Self> {
        let local = tcp.local_addr()?;
        let (done, ready) = mpsc::channel(MAX_HANDSHAKES);
        tokio::spawn(accept(tcp, TlsAcceptor::from(config), done));
        Ok(Self { ready, local })
    }
}

async fn accept(mut tcp: TcpListener, acceptor: TlsAcceptor, done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let slots = Arc::new(tokio::sync::Semaphore::new(MAX_HANDSHAKES));
    while !done.is_closed() {
        let slot = slots
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        // axum's own listener retries what passes (too many open files).
        let (stream, from) = Listener::accept(&mut tcp).await;
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            let _slot = slot;
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY refused");
            }
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(done.send((stream, from)).await),
                Ok(Err(error)) => tracing::debug!(%from, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%from, "TLS handshake took too long"),
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The acceptor never ends before this listener does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.local)
    }
}

/// What is known of a TLS connection.
#[derive(Debug, Clone)]
pub struct TlsPeer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// The certificate it proved to hold.
    pub certificate: Option<access::ClientCertificate>,
}

impl TlsPeer {
    /// Of a connection.
    pub fn of(stream: &TlsStream<TcpStream>, address: SocketAddr) -> Self {
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        Self {
            address,
            certificate: shown.map(|certificate| access::ClientCertificate::new(certificate)),
        }
    }

    /// Tells a request of it: handlers find the address as without TLS.
    pub fn tell(&self, extensions: &mut http::Extensions) {
        extensions.insert(ConnectInfo(self.address));
        if let Some(certificate) = &self.certificate {
            extensions.insert(certificate.clone());
        }
    }
}
