//! How the program ends: one sentence, and a code that says what kind of thing went wrong.

use std::io::ErrorKind;
use store::StoreError;

/// The codes, for `--help`.
pub const TOLD: &str = "Exit codes: 0 done; 1 something went wrong or was found wrong; 2 the command line is not understood; \
3 the configuration is wrong; 4 the store has a newer schema, is of another program or half a copy; 5 another process uses the \
store; 6 no space left; 7 the address to listen on is taken; 8 the database cannot be reached.";

/// The configuration, or a file that it names, is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfigured(pub String);

impl Misconfigured {
    /// From an error with its causes.
    pub fn of(error: &anyhow::Error) -> anyhow::Error {
        match code(error) {
            1 => Self(format!("{error:#}")).into(),
            // It has a code of its own.
            _ => anyhow::anyhow!("{error:#}"),
        }
    }
}

/// The exit code of an error: of the first of its causes that has one.
pub fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(one).unwrap_or(1)
}

fn one(error: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if error.is::<Misconfigured>() {
        return Some(3);
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return match error {
            StoreError::Schema(_) => Some(4),
            StoreError::InUse(_) => Some(5),
            StoreError::Full(_) => Some(6),
            StoreError::Unreachable(_) => Some(8),
            _ => None,
        };
    }
    match error.downcast_ref::<std::io::Error>()?.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(6),
        ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => Some(7),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_first_cause_that_has_a_code_gives_it() {
        let full = Err::<(), _>(StoreError::Full("x".into()))
            .context("opening")
            .unwrap_err();
        assert_eq!(code(&full), 6);
        assert_eq!(code(&anyhow::anyhow!("anything")), 1);
        let taken = std::io::Error::from(ErrorKind::AddrInUse);
        assert_eq!(code(&anyhow::Error::from(taken).context("listening")), 7);
        assert_eq!(code(&Misconfigured("x".into()).into()), 3);
    }
}
