//! A small ZIP archive in memory (APPNOTE 6.3, deflate; no ZIP64: parts are bounded far below 4 GB).

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use std::io::Write as _;

/// Being written.
pub(super) struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
    time: [u8; 4],
}

impl Zip {
    /// Empty; every file carries this moment.
    pub fn new(now: Timestamp) -> Self {
        let day = web::local_date(now);
        let date = ((i32::from(day.year()) - 1980) << 9) as u16 | (day.month() as u16) << 5 | day.day() as u16;
        let mut time = [0; 4];
        time[2..].copy_from_slice(&date.to_le_bytes());
        Self {
            out: Vec::new(),
            directory: Vec::new(),
            entries: 0,
            time,
        }
    }

    /// Adds a file.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(bytes)?;
        let packed = deflate.finish()?;
        let offset = size(self.out.len())?;
        // Version 2.0, names in UTF-8, deflate.
        let mut head = vec![20, 0, 0, 8, 8, 0];
        head.extend(self.time);
        head.extend(crc.sum().to_le_bytes());
        head.extend(size(packed.len())?.to_le_bytes());
        head.extend(size(bytes.len())?.to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&head);
        self.out.extend(name.as_bytes());
        self.out.extend(&packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&head);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.entries += 1;
        Ok(())
    }

    /// The bytes.
    pub fn finish(mut self) -> std::io::Result<Vec<u8>> {
        let offset = size(self.out.len())?;
        let length = size(self.directory.len())?;
        self.out.extend(&self.directory);
        self.out.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.out.extend(self.entries.to_le_bytes());
        self.out.extend(self.entries.to_le_bytes());
        self.out.extend(length.to_le_bytes());
        self.out.extend(offset.to_le_bytes());
        self.out.extend([0, 0]);
        Ok(self.out)
    }
}

fn size(bytes: usize) -> std::io::Result<u32> {
    u32::try_from(bytes).map_err(|_| std::io::Error::other("a part of the archive is larger than 4 GB"))
}
