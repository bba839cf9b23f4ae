//! `sinfonia account NAME --role ROLE --subject REF`: a local account. The password comes from standard input.

use crate::system::System;
use access::{Actor, NewAccount};
use anyhow::Context as _;
use std::io::BufRead as _;
use std::path::Path;

/// Flags of `account`.
#[derive(clap::Args)]
pub struct Args {
    /// User name: 3 to 64 of a-z 0-9 . _ -
    username: String,
    /// Role, repeatable: mmg, diabetologo, infermiere, case-manager, assistito, planner, admin.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// FHIR reference of the person, e.g. Practitioner/12.
    #[arg(long)]
    subject: String,
    /// Name shown; the user name when absent.
    #[arg(long)]
    name: Option<String>,
}

/// Reads a password (one line) and makes the account, or sets the password of an existing one.
pub async fn run(data: &Path, args: Args) -> anyhow::Result<()> {
    let system = System::open(data, super::real_setup("http://127.0.0.1:8080")).await?;
    eprintln!(
        "Password for {} (one line on standard input, 10 characters at least):",
        args.username
    );
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let accounts = system.identity.accounts();
    if accounts
        .list()
        .await?
        .iter()
        .any(|account| account.username == args.username)
    {
        accounts.set_password(&args.username, &password).await?;
        println!("new password set for {}", args.username);
    } else {
        let name = args.name.unwrap_or_else(|| args.username.clone());
        let actor = Actor {
            subject: args.subject,
            name,
            roles: args.roles,
            ..Actor::default()
        };
        accounts
            .create(NewAccount {
                username: args.username.clone(),
                password,
                actor,
                demo: false,
            })
            .await?;
        println!("account {} made", args.username);
    }
    system.close().await;
    Ok(())
}
