//! Files of a tar archive (POSIX ustar with pax or GNU long names), which is what npm packs.

use std::io::{Error, ErrorKind, Read};

const BLOCK: usize = 512;

/// Largest file of an archive.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// Names and contents of the regular files whose name `keep` accepts.
pub(super) fn read(mut from: impl Read, keep: impl Fn(&str) -> bool) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut long_name: Option<String> = None;
    loop {
        let mut header = [0_u8; BLOCK];
        match from.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(files),
            Err(error) => return Err(error),
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(files);
        }
        let size = octal(&header[124..136])?;
        if size > MAX_FILE {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("a file of the archive has {size} bytes, at most {MAX_FILE} are allowed"),
            ));
        }
        let size = usize::try_from(size).map_err(Error::other)?;
        let mut content = vec![0; size];
        from.read_exact(&mut content)?;
        let padding = size.next_multiple_of(BLOCK) - size;
        from.read_exact(&mut vec![0; padding])?;
        match header[156] {
            b'L' => long_name = Some(text(&content)),
            b'x' => long_name = pax_path(&content),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or_else(|| short_name(&header));
                if keep(&name) {
                    files.push((name, content));
                }
            }
            _ => long_name = None,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn short_name(header: &[u8; BLOCK]) -> String {
    let name = text(&header[..100]);
    let prefix = if &header[257..262] == b"ustar" {
        text(&header[345..500])
    } else {
        String::new()
    };
    if prefix.is_empty() {
        name
    } else {
        format!("{prefix}/{name}")
    }
}

fn octal(bytes: &[u8]) -> std::io::Result<u64> {
    let digits = text(bytes);
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| Error::new(ErrorKind::InvalidData, "this is not a tar archive"))
}

/// `path` of a pax header: records of `length key=value\n`.
fn pax_path(content: &[u8]) -> Option<String> {
    let mut rest = content;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length.checked_sub(1)?)?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(String::from_utf8_lossy(path).into_owned());
        }
        rest = rest.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = vec![0_u8; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[156] = kind;
        header.extend(content);
        header.resize(header.len().next_multiple_of(BLOCK), 0);
        header
    }

    #[test]
    fn files_are_read_with_short_and_long_names() {
        let mut archive = entry("package/a.json", b'0', b"{}");
        archive.extend(entry("pax", b'x', b"31 path=package/long/name.json\n"));
        archive.extend(entry("cut", b'0', b"[1]"));
        archive.extend(entry("package/b.txt", b'0', b"no"));
        archive.extend(vec![0; 2 * BLOCK]);
        let files = read(&archive[..], |name| name.ends_with(".json")).unwrap();
        let expected = [("package/a.json", &b"{}"[..]), ("package/long/name.json", b"[1]")];
        assert_eq!(files.len(), 2);
        for ((name, content), (wanted, text)) in files.iter().zip(expected) {
            assert_eq!((name.as_str(), &content[..]), (wanted, text));
        }
        assert!(read(&[1_u8; 1024][..], |_| true).is_err());
    }
}
