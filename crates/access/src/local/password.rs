//! Password hashing: argon2id in its standard text form, off the async threads, two at a time at most.

use crate::AccessError;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use store::Random;
use tokio::sync::Semaphore;

/// Work of one hash. The default is OWASP's first recommendation for argon2id: 19 MiB, 2 passes, 1 lane.
#[derive(Debug, Clone, Copy)]
pub struct PasswordCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
        }
    }
}

impl PasswordCost {
    /// The least argon2 accepts: for tests only.
    pub fn weak() -> Self {
        Self {
            memory_kib: 8,
            passes: 1,
        }
    }
}

/// Hashes that run at the same time: bounds the memory that sign-ins can take.
const PARALLEL: usize = 2;
/// Longest password, characters (OWASP ASVS 4.0.3, 2.1.2).
pub(super) const MAX_CHARACTERS: usize = 128;
/// Longest password, bytes: a limit on the work a stranger can ask for.
const MAX_PASSWORD: usize = 4 * MAX_CHARACTERS;

#[derive(Clone)]
pub(super) struct Passwords {
    argon: Argon2<'static>,
    random: Arc<dyn Random>,
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(cost: PasswordCost, random: Arc<dyn Random>) -> Self {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).expect("the cost is within argon2's limits");
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self {
            argon,
            random,
            permits: Arc::new(Semaphore::new(PARALLEL)),
        }
    }

    /// The PHC text of a new hash.
    pub(super) async fn hash(&self, password: &str) -> Result<String, AccessError> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let salt = SaltString::encode_b64(&bytes).expect("16 bytes make a salt");
        let (argon, password) = (self.argon.clone(), password.to_owned());
        self.run(move || {
            argon
                .hash_password(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
        })
        .await?
        .map_err(|e| AccessError::Invalid {
            field: "password",
            message: e.to_string(),
        })
    }

    /// Whether `password` made `hash`. With `None` (no such account) the same work is done and the answer is no.
    pub(super) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, AccessError> {
        if password.len() > MAX_PASSWORD {
            return Ok(false);
        }
        let (argon, password) = (self.argon.clone(), password.to_owned());
        self.run(move || match hash {
            Some(hash) => {
                PasswordHash::new(&hash).is_ok_and(|parsed| argon.verify_password(password.as_bytes(), &parsed).is_ok())
            }
            None => {
                let salt = SaltString::encode_b64(b"no such account!").expect("16 bytes make a salt");
                let _ = argon.hash_password(password.as_bytes(), &salt);
                false
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccessError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| AccessError::Invalid {
                field: "password",
                message: format!("hashing stopped: {e}"),
            })
    }
}
