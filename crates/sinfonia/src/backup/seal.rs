//! Encryption of a stream: ChaCha20-Poly1305 by the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015, as RustCrypto
//! and age use it): pieces of 64 kB, each under a nonce of a counter and a mark of the last one, so that pieces can be neither
//! changed, left out, put in another order nor cut off at the end.
//!
//! The key of a file is derived from the key in the key file and the file's own random salt (HKDF-SHA256), so that a nonce is
//! never used twice under one key. The header is part of what is authenticated.

use anyhow::{Context as _, bail};
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// What encryption adds to a piece.
const TAG: usize = 16;

/// A key file's key: 32 random bytes.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Reads a key file: 64 hexadecimal digits.
    ///
    /// # Errors
    /// It cannot be read or holds something else.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read the key file {}", file.display()))?;
        let bytes = unhex(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).with_context(|| {
            format!(
                "{}: a key file holds 64 hexadecimal digits; `sinfonia backup key FILE` makes one",
                file.display()
            )
        })
    }

    /// Writes a new key file, readable by its owner alone.
    ///
    /// # Errors
    /// The file is there already or cannot be written.
    pub fn create(file: &Path, random: &dyn store::Random) -> anyhow::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let mut to = std::fs::OpenOptions::new();
        let to = to.write(true).create_new(true).mode(0o600).open(file);
        let mut to = to.with_context(|| format!("cannot make {}", file.display()))?;
        writeln!(to, "{}", hex(&bytes))?;
        Ok(to.sync_all()?)
    }

    /// The key of one file.
    fn of_file(&self, salt: &[u8]) -> io::Result<LessSafeKey> {
        struct Len;
        impl KeyType for Len {
            fn len(&self) -> usize {
                32
            }
        }
        let failed = |_| io::Error::other("the key of the backup cannot be derived");
        let derived = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        let mut bytes = [0; 32];
        let info: [&[u8]; 1] = [b"sinfonia backup 1"];
        derived
            .expand(&info, Len)
            .and_then(|key| key.fill(&mut bytes))
            .map_err(failed)?;
        Ok(LessSafeKey::new(
            UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(failed)?,
        ))
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// What both ends keep.
struct Stream {
    key: LessSafeKey,
    header: Arc<[u8]>,
    count: u64,
}

impl Stream {
    fn nonce(&mut self, last: bool) -> Nonce {
        let mut bytes = [0; 12];
        bytes[3..11].copy_from_slice(&self.count.to_be_bytes());
        bytes[11] = u8::from(last);
        self.count += 1;
        Nonce::assume_unique_for_key(bytes)
    }
}

/// Encrypts what is written.
pub struct Sealer<W: Write> {
    to: W,
    stream: Stream,
    piece: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub fn new(to: W, key: &Key, salt: &[u8], header: &[u8]) -> io::Result<Self> {
        let stream = Stream {
            key: key.of_file(salt)?,
            header: header.into(),
            count: 0,
        };
        Ok(Self {
            to,
            stream,
            piece: Vec::with_capacity(PIECE + TAG),
        })
    }

    fn send(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.stream.nonce(last);
        let aad = Aad::from(&*self.stream.header);
        let sealed = self.stream.key.seal_in_place_append_tag(nonce, aad, &mut self.piece);
        sealed.map_err(|_| io::Error::other("the backup cannot be encrypted"))?;
        self.to.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    /// Writes the last piece.
    pub fn finish(mut self) -> io::Result<W> {
        self.send(true)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            self.send(false)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Decrypts what is read.
pub struct Opener<R: Read> {
    from: R,
    stream: Stream,
    /// Bytes read ahead, by which the last piece is known.
    ahead: Vec<u8>,
    piece: Vec<u8>,
    given: usize,
    over: bool,
}

impl<R: Read> Opener<R> {
    pub fn new(from: R, key: &Key, salt: &[u8], header: &[u8]) -> io::Result<Self> {
        let stream = Stream {
            key: key.of_file(salt)?,
            header: header.into(),
            count: 0,
        };
        Ok(Self {
            from,
            stream,
            ahead: Vec::new(),
            piece: Vec::new(),
            given: 0,
            over: false,
        })
    }

    fn next(&mut self) -> io::Result<()> {
        // One byte more than a piece says whether another one follows.
        let wanted = PIECE + TAG + 1 - self.ahead.len();
        (&mut self.from).take(wanted as u64).read_to_end(&mut self.ahead)?;
        let last = self.ahead.len() <= PIECE + TAG;
        let rest = if last {
            Vec::new()
        } else {
            self.ahead.split_off(PIECE + TAG)
        };
        self.piece = std::mem::replace(&mut self.ahead, rest);
        let nonce = self.stream.nonce(last);
        let aad = Aad::from(&*self.stream.header);
        let opened = self.stream.key.open_in_place(nonce, aad, &mut self.piece);
        let length = opened
            .map_err(|_| io::Error::other("the backup was changed or cut off, or this is not its key"))?
            .len();
        self.piece.truncate(length);
        (self.given, self.over) = (0, last);
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.piece.len() {
            if self.over {
                return Ok(0);
            }
            self.next()?;
        }
        let taken = to.len().min(self.piece.len() - self.given);
        to[..taken].copy_from_slice(&self.piece[self.given..self.given + taken]);
        self.given += taken;
        Ok(taken)
    }
}

/// The salt of a new file.
pub fn salt(random: &dyn store::Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    hex(&bytes)
}

/// The salt that a header names.
///
/// # Errors
/// It is none.
pub fn read_salt(text: &str) -> anyhow::Result<Vec<u8>> {
    match unhex(text) {
        Some(bytes) if bytes.len() == 32 => Ok(bytes),
        _ => bail!("the header of the backup is damaged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &Key([7; 32]), &[1; 32], b"capo").unwrap();
        sealer.write_all(bytes).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(bytes: &[u8], key: u8, header: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Opener::new(bytes, &Key([key; 32]), &[1; 32], header)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn what_was_sealed_comes_out_whole_or_not_at_all() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let whole = sealed(&bytes);
            assert_eq!(opened(&whole, 7, b"capo").unwrap(), bytes, "{length}");
            assert!(opened(&whole, 8, b"capo").is_err());
            assert!(opened(&whole, 7, b"altro").is_err());
            assert!(opened(&whole[..whole.len() - 1], 7, b"capo").is_err());
        }
        let mut whole = sealed(&vec![5; 3 * PIECE]);
        assert!(
            opened(&whole[..PIECE + TAG], 7, b"capo").is_err(),
            "cut off between pieces"
        );
        let (first, second) = (
            whole[..PIECE + TAG].to_vec(),
            whole[PIECE + TAG..2 * (PIECE + TAG)].to_vec(),
        );
        whole[..PIECE + TAG].copy_from_slice(&second);
        whole[PIECE + TAG..2 * (PIECE + TAG)].copy_from_slice(&first);
        assert!(opened(&whole, 7, b"capo").is_err(), "in another order");
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(unhex(&hex(&[0, 255, 16])).unwrap(), [0, 255, 16]);
        assert!(unhex("abc").is_none() && unhex("zz").is_none());
    }
}
