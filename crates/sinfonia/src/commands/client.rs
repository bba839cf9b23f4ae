//! `sinfonia client add|list|rotate|disable|enable`: applications and systems that may ask for tokens. While the program
//! serves, the store is its own: then the same is done over `/oauth/clients` (docs/machines.md).

use crate::backend::Place;
use crate::system::System;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use oauth::{Client, ClientAuth, ClientChange};
use std::path::PathBuf;

/// Flags of `client`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Registers a client. Without --keys, --keys-at, --secret or --certificate it is public: an application in a browser or
    /// on a phone.
    Add(Box<Add>),
    /// Lists the clients.
    List,
    /// Gives a client new means to prove who it is; the old ones end.
    Rotate {
        /// `client_id`.
        id: String,
        #[command(flatten)]
        proof: Proof,
    },
    /// Refuses a client; the tokens it has end at once.
    Disable {
        /// `client_id`.
        id: String,
    },
    /// Accepts a disabled client again.
    Enable {
        /// `client_id`.
        id: String,
    },
}

#[derive(clap::Args)]
struct Add {
    /// `client_id`.
    id: String,
    /// Name shown to persons.
    #[arg(long)]
    name: String,
    /// Scope it may be given at most, repeatable: system/Observation.rs, patient/*.rs, openid, launch/patient, …
    #[arg(long = "scope", required = true)]
    scopes: Vec<String>,
    /// Where answers to the browser may go, repeatable; compared letter by letter.
    #[arg(long = "redirect")]
    redirects: Vec<String>,
    /// Where an EHR launch begins.
    #[arg(long)]
    launch: Option<String>,
    /// Role it acts with when there is no person, repeatable: sistema.
    #[arg(long = "role")]
    roles: Vec<String>,
    /// Organization id it acts for.
    #[arg(long)]
    organization: Option<String>,
    /// Bind its tokens to its TLS certificate (RFC 8705).
    #[arg(long)]
    bound: bool,
    #[command(flatten)]
    proof: Proof,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct Proof {
    /// File with its public keys (JWKS).
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Address where it publishes its keys.
    #[arg(long)]
    keys_at: Option<String>,
    /// Make a secret, shown once.
    #[arg(long)]
    secret: bool,
    /// SHA-256 of its TLS certificate in base64url (`x5t#S256`).
    // One in 64 begins with a hyphen.
    #[arg(long, allow_hyphen_values = true, value_parser = thumbprint)]
    certificate: Option<String>,
}

/// Does what is asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let oauth = &system.oauth;
    match args.what {
        What::Add(add) => {
            let auth = proof(&system, add.proof)?.unwrap_or(ClientAuth::Public);
            let client = Client {
                id: add.id,
                name: add.name,
                auth,
                redirects: add.redirects,
                launch: add.launch,
                scopes: add.scopes,
                roles: add.roles,
                organization: add.organization,
                bound: add.bound,
                disabled: false,
                created: super::now(),
            };
            oauth.add_client(&client).await?;
            println!("client {} registered", client.id);
        }
        What::List => list(&oauth.clients().await?),
        What::Rotate { id, proof: given } => {
            let Some(auth) = proof(&system, given)? else {
                bail!("say what it proves itself with: --keys FILE, --keys-at URL, --secret or --certificate SHA256");
            };
            oauth.change_client(&id, ClientChange::Auth(auth)).await?;
            println!("client {id} has new credentials");
        }
        What::Disable { id } => {
            oauth.change_client(&id, ClientChange::Disabled(true)).await?;
            println!("client {id} is refused from now on");
        }
        What::Enable { id } => {
            oauth.change_client(&id, ClientChange::Disabled(false)).await?;
            println!("client {id} is accepted again");
        }
    }
    system.close().await;
    Ok(())
}

/// A SHA-256 in base64url without padding (RFC 8705 section 3.1): 43 characters.
fn thumbprint(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if text.len() == 43 && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("not a SHA-256 in base64url: 43 letters, digits, hyphens or underscores (see docs/machines.md)".to_owned())
}

fn proof(system: &System, given: Proof) -> anyhow::Result<Option<ClientAuth>> {
    if let Some(file) = given.keys {
        let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let keys = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", file.display()))?;
        return Ok(Some(ClientAuth::Keys(keys)));
    }
    if given.secret {
        let (secret, kept) = system.oauth.new_secret();
        println!("{secret}");
        eprintln!("The secret above is shown once: keep it where only the client can read it.");
        return Ok(Some(kept));
    }
    Ok(given
        .keys_at
        .map(ClientAuth::KeysAt)
        .or(given.certificate.map(ClientAuth::Certificate)))
}

fn list(clients: &[Client]) {
    for client in clients {
        let proof = match &client.auth {
            ClientAuth::Public => "public",
            ClientAuth::Keys(_) => "keys",
            ClientAuth::KeysAt(_) => "keys-at",
            ClientAuth::Secret(_) => "secret",
            ClientAuth::Certificate(_) => "certificate",
        };
        let state = if client.disabled { "disabled" } else { "active" };
        println!(
            "{}\t{proof}\t{state}\t{}\t{}",
            client.id,
            client.name,
            client.scopes.join(" ")
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Args, What};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parsed(certificate: &str) -> Result<Option<String>, clap::Error> {
        let line = ["sinfonia", "rotate", "his", "--certificate", certificate];
        Line::try_parse_from(line).map(|line| match line.args.what {
            What::Rotate { proof, .. } => proof.certificate,
            _ => None,
        })
    }

    #[test]
    fn a_certificate_that_begins_with_a_hyphen_is_a_value() {
        let digest = "-MV0Yl5tCNRghJU8gcS4mWLh4JrQdur-qtnF4h1Hq84";
        assert_eq!(parsed(digest).expect("taken").as_deref(), Some(digest));
    }

    #[test]
    fn what_is_no_sha_256_is_refused() {
        for wrong in [
            "",
            "--bound",
            "-MV0",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz=",
            "AA:BB:CC",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
