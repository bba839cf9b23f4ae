//! The secret that signs internal tokens: 32 bytes in a file only its owner may read.

use crate::AccessError;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use store::Random;

/// A 256-bit signing key.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new random key (good for one process: nothing outside it can sign for it).
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// A key from 64 hexadecimal digits, as given on a command line or in an environment variable.
    pub fn from_hex(text: &str) -> Result<Self, AccessError> {
        let invalid = || AccessError::Invalid {
            field: "key",
            message: "expected 64 hexadecimal digits".into(),
        };
        let text = text.trim();
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }

    /// Reads the key file, or makes it (mode 0600) when there is none. A file that others can read is refused.
    pub fn load_or_create(path: &Path, random: &dyn Random) -> Result<Self, AccessError> {
        let fail = |message: String| AccessError::Key {
            path: path.display().to_string(),
            message,
        };
        match fs::read_to_string(path).map(zeroize::Zeroizing::new) {
            Ok(text) => {
                check_mode(path).map_err(fail)?;
                Self::from_hex(&text).map_err(|e| fail(e.to_string()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Self::random(random);
                write_new(path, &zeroize::Zeroizing::new(key.hex()))
                    .map_err(|e| fail(format!("cannot be written: {e}")))?;
                Ok(key)
            }
            Err(error) => Err(fail(format!("cannot be read: {error}"))),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key for another purpose, from which this one cannot be told.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let file = fs::metadata(path).map_err(|e| e.to_string())?;
    let mode = file.mode() & 0o777;
    if private(mode, file.uid()) {
        return Ok(());
    }
    Err(format!(
        "may be read by others (mode {mode:o}): change its mode to 600, or remove it to get a new key"
    ))
}

/// Whether nobody else reads it: as PostgreSQL has it for its keys. Of a file that root has given to a group, the group may: so do
/// secrets of Kubernetes come, and only root can have chosen that group.
#[cfg(unix)]
fn private(mode: u32, owner: u32) -> bool {
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    mode & forbidden == 0
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), String> {
    Ok(())
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SeededRandom;

    #[test]
    fn the_file_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        let first = SigningKey::load_or_create(&path, &SeededRandom::new(1)).unwrap();
        let again = SigningKey::load_or_create(&path, &SeededRandom::new(2)).unwrap();
        assert_eq!(first.bytes(), again.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let error = SigningKey::load_or_create(&path, &SeededRandom::new(2))
                .unwrap_err()
                .to_string();
            assert!(error.contains("mode 644") && error.contains("600"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_group_may_read_what_root_gave_it_and_no_more() {
        assert!(private(0o600, 1000) && private(0o400, 1000) && private(0o440, 0) && private(0o640, 0));
        assert!(!private(0o440, 1000) && !private(0o644, 0) && !private(0o660, 0) && !private(0o604, 0));
    }

    #[test]
    fn bad_hex_is_refused() {
        assert!(SigningKey::from_hex(&"a".repeat(63)).is_err());
        assert!(SigningKey::from_hex(&"g".repeat(64)).is_err());
        assert!(SigningKey::from_hex(&"0A".repeat(32)).is_ok());
    }
}
