//! Connections: how each is set up, and the pools.

use crate::Options;
use crate::address::{self, Mode};
use crate::error::Outcome;
use crate::tls::Tls;
use crate::upgrade;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};
use std::time::Duration;
use store::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Plans are chosen above the database: each statement walks one index in its order. Left to itself the planner would now and
/// then read a table whole, or plan each statement again.
const PLANS: &str = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
     -c plan_cache_mode=force_generic_plan -c jit=off -c synchronous_commit=on -c client_min_messages=warning";

/// A connection whose other end is silent is given up after this long, on both sides: a cable that was pulled says nothing, and
/// the system's own patience is a quarter of an hour for what was sent and two hours for who only listens. What the server is
/// told counts for TCP only; it ignores it on a socket.
const SILENT: Duration = Duration::from_secs(10);
/// After this long without a word, the other end is asked whether it is there.
const QUIET: Duration = Duration::from_secs(5);
/// How often it is asked, a second apart or more, before [`SILENT`].
const ASKED: u32 = 4;

/// Idle snapshots are ended by the database after this long: they keep it from cleaning up.
const IDLE_SNAPSHOT: Duration = Duration::from_mins(15);

/// What the address says, with our settings; and how connections are encrypted.
pub(crate) fn config(address: &str, idle: Duration) -> Outcome<(Config, Tls)> {
    let address = address::read(address)?;
    let mut config: Config = address.rest.parse().map_err(|error| {
        StoreError::Invalid(format!(
            "the address of the database is not understood ({error}); write postgres://user@host/name or \
             'host=/run/postgresql user=… dbname=…'"
        ))
    })?;
    let given = config.get_options().unwrap_or_default().to_owned();
    let idle = idle.as_millis();
    let (silent, quiet) = (SILENT.as_millis(), QUIET.as_secs());
    config.options(format!(
        "{PLANS} -c idle_in_transaction_session_timeout={idle} -c tcp_user_timeout={silent} -c tcp_keepalives_idle={quiet} \
         -c tcp_keepalives_interval=1 -c tcp_keepalives_count={ASKED} {given}"
    ));
    config
        .tcp_user_timeout(SILENT)
        .keepalives(true)
        .keepalives_idle(QUIET)
        .keepalives_interval(Duration::from_secs(1))
        .keepalives_retries(ASKED);
    let name = upgrade::known_as(config.get_application_name());
    config.application_name(name);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    let mode = address.mode.unwrap_or(Mode::Prefer);
    let far = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_))) || !config.get_hostaddrs().is_empty();
    config.ssl_mode(match mode {
        // Nobody listens between two programs of one machine.
        _ if !far => SslMode::Disable,
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    let tls = Tls::new(mode, address.root.as_deref())?;
    Ok((config, tls))
}

/// What is not certain about whose database it is, to be told once.
pub(crate) fn doubt(address: &str) -> Option<&'static str> {
    let read = address::read(address).ok()?;
    let (config, _) = config(address, Duration::ZERO).ok()?;
    match read.mode.unwrap_or(Mode::Prefer) {
        _ if config.get_ssl_mode() == SslMode::Disable && read.mode != Some(Mode::Disable) => None,
        Mode::Disable => Some("the connection to the database is not encrypted"),
        Mode::Prefer if read.root.is_none() => {
            Some("the connection to the database is encrypted only if the database can, whosever it is")
        }
        Mode::Require if read.root.is_none() => Some("whose database it is, is not verified"),
        Mode::Prefer => Some("the connection to the database is encrypted only if the database can"),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => None,
    }
}

fn pool((config, tls): (Config, Tls), size: usize, patience: Duration) -> Outcome<Pool> {
    let recycle = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, tls, recycle))
        .max_size(size)
        .wait_timeout(Some(patience))
        .create_timeout(Some(Duration::from_secs(15)))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Backend(format!("cannot make the pool of connections: {error}")))
}

/// Connections for reading.
pub(crate) fn readers(address: &str, options: &Options) -> Outcome<Pool> {
    pool(
        config(address, IDLE_SNAPSHOT)?,
        options.readers.max(2),
        options.patience,
    )
}

/// Connections for upkeep and the one writer of this node.
pub(crate) fn writers(address: &str, options: &Options) -> Outcome<Pool> {
    // Two groups of the writer, one being committed and one being written behind it, and what upkeep reads.
    pool(config(address, options.stuck)?, 4, Duration::from_mins(1))
}

/// A connection, or why there is none.
pub(crate) async fn take(pool: &Pool) -> Outcome<Object> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Overloaded {
            waiting: pool.status().waiting,
        },
        PoolError::Closed => StoreError::Closed,
        PoolError::Backend(error) => StoreError::Unreachable(told(&error)),
        other => StoreError::Unreachable(other.to_string()),
    })
}

/// The error with its causes, which alone say what happened.
fn told(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(this) = cause {
        text = format!("{text}: {this}");
        cause = this.source();
    }
    if text.contains("server does not support TLS") {
        text.push_str("; switch it on there (ssl = on), or write sslmode=disable where the network is to be trusted");
    }
    text
}
