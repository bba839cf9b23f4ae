//! Which parts of the installation one process runs: `--only`, `--peer`.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Hub and orchestrator: they share the store, so one process runs both.
const CORE: [&str; 2] = ["hub", "orchestrator"];

/// Flags of `serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PartsArgs {
    /// Run these parts only: hub,orchestrator (together: they share the store) and components. Without it, everything.
    #[arg(long, env = "SINFONIA_ONLY", value_delimiter = ',', value_name = "PART")]
    only: Vec<String>,
    /// Where a part is that this process does not run, e.g. hub=https://hub.example.it. May be given more than once.
    #[arg(
        long = "peer",
        env = "SINFONIA_PEERS",
        value_delimiter = ',',
        value_name = "PART=URL"
    )]
    peers: Vec<String>,
    /// The key that all nodes share, when it is not internal.key in the data folder.
    #[arg(long, env = "SINFONIA_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// What a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Everything.
    Whole,
    /// Hub and orchestrator, and these components; other nodes may ask it.
    Core(Vec<String>),
    /// These components, with the others at these addresses.
    Front(Vec<String>, BTreeMap<String, String>),
}

impl PartsArgs {
    /// The shape that the flags ask for.
    ///
    /// # Errors
    /// Hub without orchestrator or the other way round, a peer that is no `name=URL`.
    pub fn shape(&self) -> Result<Shape, String> {
        let mut peers = BTreeMap::new();
        for peer in &self.peers {
            let (name, url) = peer
                .split_once('=')
                .ok_or_else(|| format!("--peer {peer}: write PART=URL, e.g. hub=https://hub.example.it"))?;
            peers.insert(name.trim().to_owned(), url.trim().to_owned());
        }
        let has = |part: &str| self.only.iter().any(|own| own == part);
        let components = self.only.iter().filter(|own| !CORE.contains(&own.as_str())).cloned();
        match (has(CORE[0]), has(CORE[1])) {
            _ if self.only.is_empty() && peers.is_empty() => Ok(Shape::Whole),
            _ if self.only.is_empty() => Err("--peer: say with --only what this process itself runs".into()),
            (true, true) if peers.is_empty() => Ok(Shape::Core(components.collect())),
            (true, true) => Err("--peer: hub and orchestrator ask nobody".into()),
            (false, false) => Ok(Shape::Front(components.collect(), peers)),
            _ => Err("--only: hub and orchestrator share one store, so one process runs both".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(only: &[&str], peers: &[&str]) -> Result<Shape, String> {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let args = PartsArgs {
            only: own(only),
            peers: own(peers),
            key_file: None,
        };
        args.shape()
    }

    #[test]
    fn shapes() {
        assert_eq!(shape(&[], &[]), Ok(Shape::Whole));
        assert_eq!(shape(&["hub", "orchestrator"], &[]), Ok(Shape::Core(vec![])));
        let peers = BTreeMap::from([("hub".to_owned(), "http://a".to_owned())]);
        let front = Shape::Front(vec!["pathways".into()], peers);
        assert_eq!(shape(&["pathways"], &["hub=http://a"]), Ok(front));
    }

    #[test]
    fn what_cannot_be_is_said() {
        assert!(shape(&["hub"], &[]).unwrap_err().contains("share one store"));
        assert!(shape(&[], &["hub=http://a"]).unwrap_err().contains("--only"));
        assert!(shape(&["pathways"], &["hub"]).unwrap_err().contains("PART=URL"));
    }
}
