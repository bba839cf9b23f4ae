//! `sinfonia account NAME --role ROLE --subject REF`: a local account. The password comes from standard input.

use crate::backend::Place;
use crate::system::System;
use access::{Accounts, Actor, NewAccount, SignInRules};
use anyhow::{Context as _, bail};
use std::io::BufRead as _;

/// Flags of `account`.
#[derive(clap::Args)]
pub struct Args {
    /// User name: 3 to 64 of a-z 0-9 . _ -
    username: String,
    /// Role, repeatable: mmg, diabetologo, infermiere, case-manager, assistito, planner, admin.
    #[arg(long = "role")]
    roles: Vec<String>,
    /// FHIR reference of the person, e.g. Practitioner/12.
    #[arg(long)]
    subject: Option<String>,
    /// Name shown; the user name when absent.
    #[arg(long)]
    name: Option<String>,
    /// Take roles from the staff registry (PractitionerRole) too.
    #[arg(long)]
    registry: bool,
    /// Refuse sign-in and end all sessions.
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Allow sign-in again.
    #[arg(long)]
    enable: bool,
    /// Forget authenticator app, recovery codes and passkeys: for the only administrator who lost the phone.
    #[arg(long)]
    forget_factors: bool,
    /// Confirm the roles that wait for a second person: for an installation that has no second administrator yet.
    #[arg(long)]
    confirm: bool,
}

/// Makes the account, or changes an existing one.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let accounts = system.identity.accounts();
    let known = accounts
        .list()
        .await?
        .iter()
        .any(|account| account.username == args.username);
    if args.confirm {
        let roles = accounts.confirm_roles(&args.username).await?;
        println!("{} has now, confirmed from here: {}", args.username, roles.join(", "));
    } else if args.disable || args.enable || args.forget_factors {
        change(accounts, &args).await?;
    } else if known && args.registry {
        accounts.set_registry(&args.username, true).await?;
        println!("{} has the roles of the staff registry too", args.username);
    } else if known {
        accounts
            .set_password(&args.username, &password(&args.username)?)
            .await?;
        println!("new password set for {}", args.username);
    } else {
        create(accounts, args).await?;
    }
    system.close().await;
    Ok(())
}

async fn change(accounts: &Accounts, args: &Args) -> anyhow::Result<()> {
    let name = &args.username;
    if args.forget_factors {
        accounts.forget_factors(name).await?;
        println!("{name} has no second factor any more");
    }
    if args.disable || args.enable {
        accounts.set_disabled(name, args.disable).await?;
        println!("{name} is {}", if args.disable { "disabled" } else { "enabled" });
    }
    Ok(())
}

async fn create(accounts: &Accounts, args: Args) -> anyhow::Result<()> {
    let Some(subject) = args.subject else {
        bail!("a new account needs --subject, e.g. --subject Practitioner/12");
    };
    if args.roles.is_empty() && !args.registry {
        bail!("a new account needs --role ROLE, or --registry");
    }
    let demanded = SignInRules::default().demands_second_factor(&args.roles, super::now());
    let actor = Actor {
        subject,
        name: args.name.unwrap_or_else(|| args.username.clone()),
        roles: args.roles,
        ..Actor::default()
    };
    let new = NewAccount {
        username: args.username.clone(),
        password: password(&args.username)?,
        actor,
        demo: false,
    };
    accounts.create(new).await?;
    if args.registry {
        accounts.set_registry(&args.username, true).await?;
    }
    println!("account {} made", args.username);
    if demanded {
        println!("its role demands a second factor: the first sign-in sets it up; HTTP Basic is refused to it");
    }
    Ok(())
}

fn password(username: &str) -> anyhow::Result<String> {
    eprintln!("Password for {username} (one line on standard input, 12 characters at least):");
    password_line()
}

/// One line of standard input.
pub(super) fn password_line() -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("cannot read the password")?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}
