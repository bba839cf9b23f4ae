//! Writing and reading the entries of a backup.

use super::seal::{self, Key, Opener, Sealer};
use super::{Header, MAGIC, MAX_HEADER};
use anyhow::{Context as _, bail};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Longest name of an entry.
const MAX_NAME: usize = 255;
/// The entry after which there is none.
const END: &str = "";

enum Out {
    Plain(BufWriter<File>),
    Sealed(Box<Sealer<BufWriter<File>>>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(to) => to.write(bytes),
            Self::Sealed(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            Self::Sealed(to) => to.flush(),
        }
    }
}

/// Writes a backup.
pub struct Writer {
    to: GzEncoder<Out>,
    hash: Sha256,
}

impl Writer {
    /// Begins a file, which must not exist. With a key it is encrypted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(
        path: &Path,
        mut header: Header,
        key: Option<&Key>,
        random: &dyn store::Random,
    ) -> anyhow::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        let mut file = BufWriter::new(file.with_context(|| format!("cannot make {}", path.display()))?);
        header.salt = key.map(|_| seal::salt(random));
        let text = serde_json::to_vec(&header)?;
        file.write_all(MAGIC)?;
        file.write_all(&u32::try_from(text.len())?.to_be_bytes())?;
        file.write_all(&text)?;
        let to = match (key, &header.salt) {
            (Some(key), Some(salt)) => Out::Sealed(Box::new(Sealer::new(file, key, &seal::read_salt(salt)?, &text)?)),
            _ => Out::Plain(file),
        };
        Ok(Self {
            to: GzEncoder::new(to, Compression::fast()),
            hash: Sha256::new(),
        })
    }

    /// Adds an entry of so many bytes.
    ///
    /// # Errors
    /// It has another length, or the file cannot be written.
    pub fn add(
        &mut self,
        name: &str,
        length: u64,
        mut bytes: impl Read,
        mut told: impl FnMut(u64),
    ) -> anyhow::Result<()> {
        let head = [&[u8::try_from(name.len())?], name.as_bytes(), &length.to_be_bytes()].concat();
        self.hash.update(&head);
        self.to.write_all(&head)?;
        let (mut left, mut buffer) = (length, vec![0; 256 * 1024]);
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = bytes.read(&mut buffer[..most])?;
            if read == 0 {
                bail!("{name} is shorter than it was");
            }
            self.hash.update(&buffer[..read]);
            self.to.write_all(&buffer[..read])?;
            left -= read as u64;
            told(read as u64);
        }
        Ok(())
    }

    /// Ends the file; it is on the medium then.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let hash = self.hash.finalize();
        self.to
            .write_all(&[&[0_u8][..], &(hash.len() as u64).to_be_bytes(), &hash].concat())?;
        let file = match self.to.finish()? {
            Out::Plain(to) => to,
            Out::Sealed(to) => to.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(file.sync_all()?)
    }
}

/// Reads a backup.
pub struct Reader {
    from: GzDecoder<Box<dyn Read + Send>>,
    hash: Sha256,
    /// What everybody may read of it.
    pub header: Header,
}

impl Reader {
    /// Begins to read.
    ///
    /// # Errors
    /// It is no backup, or encrypted and there is no key.
    pub fn open(path: &Path, key: Option<&Key>) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut file = BufReader::with_capacity(256 * 1024, file);
        let (mut magic, mut length) = ([0; 8], [0; 4]);
        let begun = file.read_exact(&mut magic).and_then(|()| file.read_exact(&mut length));
        if begun.is_err() || &magic != MAGIC || u32::from_be_bytes(length) > MAX_HEADER {
            bail!("{} is no backup of Sinfonia", path.display());
        }
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        file.read_exact(&mut text).context("the backup is cut off")?;
        let header: Header = serde_json::from_slice(&text).context("the header of the backup is not understood")?;
        let from: Box<dyn Read + Send> = match (&header.salt, key) {
            (None, _) => Box::new(file),
            (Some(_), None) => bail!("{} is encrypted: name its key file with --key-file", path.display()),
            (Some(salt), Some(key)) => Box::new(Opener::new(file, key, &seal::read_salt(salt)?, &text)?),
        };
        Ok(Self {
            from: GzDecoder::new(from),
            hash: Sha256::new(),
            header,
        })
    }

    /// The next entry, whose bytes `take` reads to the end; `false`: there was none, and what was read is what was written.
    ///
    /// # Errors
    /// The backup is damaged, or `take` fails.
    pub fn next(&mut self, take: impl FnOnce(&str, u64, &mut dyn Read) -> anyhow::Result<()>) -> anyhow::Result<bool> {
        let damaged = "the backup is damaged or cut off";
        let mut length = [0];
        self.from.read_exact(&mut length).context(damaged)?;
        let mut rest = vec![0; usize::from(length[0]) + 8];
        self.from.read_exact(&mut rest).context(damaged)?;
        let (name, size) = rest.split_at(usize::from(length[0]).min(MAX_NAME));
        let name = std::str::from_utf8(name).context(damaged)?;
        let size = u64::from_be_bytes(size.try_into().context(damaged)?);
        if name == END {
            let expected = self.hash.clone().finalize();
            let mut found = Vec::new();
            (&mut self.from).take(64).read_to_end(&mut found).context(damaged)?;
            if found != expected.as_slice() {
                bail!("{damaged}: its hash is another");
            }
            return Ok(false);
        }
        self.hash.update(length);
        self.hash.update(&rest);
        let mut hashing = Hashing {
            from: (&mut self.from).take(size),
            hash: &mut self.hash,
        };
        take(name, size, &mut hashing)?;
        if hashing.from.limit() > 0 {
            bail!("{damaged}: '{name}' is too short");
        }
        Ok(true)
    }
}

struct Hashing<'a, R: Read> {
    from: io::Take<R>,
    hash: &'a mut Sha256,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.hash.update(&to[..read]);
        Ok(read)
    }
}
