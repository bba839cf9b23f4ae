//! `sinfonia key list|rotate`: the keys that sign tokens. While the program serves, `POST /oauth/keys/rotate` does the same.

use crate::backend::Place;
use crate::system::System;
use clap::Subcommand;

/// Flags of `key`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists the signing keys.
    List,
    /// Makes new signing keys; the present ones stay published until the last token they signed has ended.
    Rotate,
}

/// Does what is asked.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let keys = match args.what {
        What::List => system.oauth.keys().await?,
        What::Rotate => system.oauth.rotate_keys().await?,
    };
    for key in keys {
        let state = match key.until.and_then(|until| jiff::Timestamp::from_second(until).ok()) {
            None => "signs".to_owned(),
            Some(until) => format!("published until {until}"),
        };
        println!("{}\t{}\t{state}", key.kid, key.algorithm);
    }
    system.close().await;
    Ok(())
}
