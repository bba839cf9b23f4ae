//! `sinfonia health`: is the program that serves here ready? For engines of containers: the image has no other program to ask with.

use anyhow::{anyhow, bail};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Flags of `health`.
#[derive(clap::Args)]
pub struct Args {
    /// Address for whoever runs the installation, as `serve --operations-listen` has it; 0.0.0.0 stands for this machine.
    #[arg(
        long = "operations-listen",
        env = "SINFONIA_OPERATIONS_LISTEN",
        default_value = "127.0.0.1:9464",
        value_name = "ADDRESS"
    )]
    address: SocketAddr,
    /// Asks only whether the process answers, not whether every part is ready.
    #[arg(long)]
    live: bool,
}

/// Asks, and says what was answered.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let address = reachable(args.address);
    let url = format!("http://{address}/health/{}", if args.live { "live" } else { "ready" });
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let nobody = |_| anyhow!("{url}: nobody answers; is `serve` running with --operations-listen {address}?");
    let answer = client.get(&url).send().await.map_err(nobody)?;
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    if !status.is_success() {
        bail!("{url} answers {}: {}", status.as_u16(), body.trim());
    }
    println!("{}", body.trim());
    Ok(())
}

/// "Every address" is one to listen on, not one to ask.
fn reachable(address: SocketAddr) -> SocketAddr {
    let own = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    match address.ip().is_unspecified() {
        true => SocketAddr::new(own, address.port()),
        false => address,
    }
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn every_address_is_asked_at_this_machine() {
        let asked = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:9464"), "127.0.0.1:9464");
        assert_eq!(asked("[::]:9464"), "[::1]:9464");
        assert_eq!(asked("10.1.2.3:80"), "10.1.2.3:80");
    }
}
