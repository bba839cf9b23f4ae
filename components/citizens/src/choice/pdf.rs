//! A letter as PDF 1.7: real text in a standard font, tagged (headings and paragraphs in reading order, language, title), so
//! that it can be searched and read aloud. No fonts are embedded: what is written is Latin.

use std::fmt::Write as _;

/// Characters a document has at most.
const MAX_CHARS: usize = 20_000;
const LEFT: f64 = 64.0;
const TOP: f64 = 780.0;
const BOTTOM: f64 = 64.0;
const WIDTH: f64 = 595.0 - 2.0 * LEFT;

/// A piece of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Heading,
    Paragraph,
    Small,
}

impl Piece {
    /// Structure type, font, size and space above in points.
    fn look(self) -> (&'static str, &'static str, f64, f64) {
        match self {
            Self::Heading => ("H1", "F2", 18.0, 14.0),
            Self::Paragraph => ("P", "F1", 11.0, 8.0),
            Self::Small => ("P", "F1", 9.0, 6.0),
        }
    }
}

/// The file.
pub(crate) fn letter(title: &str, pieces: &[(Piece, String)]) -> Vec<u8> {
    let mut pages: Vec<(Vec<u8>, Vec<&'static str>)> = vec![Default::default()];
    let (mut y, mut chars) = (TOP, 0);
    for (piece, text) in pieces {
        let (tag, font, size, above) = piece.look();
        chars += text.chars().count();
        if chars > MAX_CHARS {
            break;
        }
        let lines = wrap(text, size);
        #[allow(clippy::cast_precision_loss, reason = "a few lines")]
        let height = lines.len() as f64 * size * 1.35 + above;
        if y - height < BOTTOM && y < TOP {
            pages.push(Default::default());
            y = TOP;
        }
        y -= above;
        let (content, tags) = pages.last_mut().expect("there is a page");
        content.extend(format!("/{tag} <</MCID {}>> BDC\nBT /{font} {size} Tf\n", tags.len()).bytes());
        for line in lines {
            y -= size * 1.35;
            content.extend(format!("1 0 0 1 {LEFT} {y:.1} Tm (").bytes());
            content.extend(escaped(&line));
            content.extend(b") Tj\n");
        }
        content.extend(b"ET\nEMC\n");
        tags.push(tag);
    }
    assemble(title, &pages)
}

/// Numbers of the objects: catalog 1, pages 2, fonts 3 and 4, root of the structure 5, document 6, parents 7, info 8; then of
/// each page itself, its content, and its elements.
fn assemble(title: &str, pages: &[(Vec<u8>, Vec<&'static str>)]) -> Vec<u8> {
    let mut next = 9;
    let mut first = Vec::new();
    for (_, tags) in pages {
        first.push(next);
        next += 2 + tags.len();
    }
    let refs = |numbers: &mut dyn Iterator<Item = usize>| numbers.map(|n| format!("{n} 0 R ")).collect::<String>();
    let elements = |page: usize| (0..pages[page].1.len()).map(move |n| (n, n));
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R/Lang(it-IT)/MarkInfo<</Marked true>>/StructTreeRoot 5 0 R/ViewerPreferences<</DisplayDocTitle true>>>>".to_vec(),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", pages.len(), refs(&mut first.iter().copied())).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>".to_vec(),
        b"<</Type/StructTreeRoot/K 6 0 R/ParentTree 7 0 R>>".to_vec(),
    ];
    let kids = (0..pages.len()).flat_map(|page| elements(page).map(move |(n, _)| (page, n)));
    let kids = refs(&mut kids.map(|(page, n)| first[page] + 2 + n));
    objects.push(format!("<</Type/StructElem/S/Document/P 5 0 R/K[{kids}]>>").into_bytes());
    let parents: String = (0..pages.len())
        .map(|page| {
            format!(
                "{page} [{}] ",
                refs(&mut elements(page).map(|(n, _)| first[page] + 2 + n))
            )
        })
        .collect();
    objects.push(format!("<</Nums[{parents}]>>").into_bytes());
    let mut info = b"<</Producer(Sinfonia)/Title(".to_vec();
    info.extend(escaped(title));
    info.extend(b")>>");
    objects.push(info);
    for (page, (content, tags)) in pages.iter().enumerate() {
        let own = first[page];
        objects.push(
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/StructParents {page}/Tabs/S/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>/Contents {} 0 R>>",
                own + 1
            )
            .into_bytes(),
        );
        let mut stream = format!("<</Length {}>>\nstream\n", content.len()).into_bytes();
        stream.extend(content);
        stream.extend(b"endstream");
        objects.push(stream);
        for (n, tag) in tags.iter().enumerate() {
            objects.push(format!("<</Type/StructElem/S/{tag}/P 6 0 R/Pg {own} 0 R/K {n}>>").into_bytes());
        }
    }
    file(&objects)
}

fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (n, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        out.extend(format!("{} 0 obj\n", n + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(table.bytes());
    out.extend(
        format!(
            "trailer\n<</Size {}/Root 1 0 R/Info 8 0 R>>\nstartxref\n{start}\n%%EOF\n",
            objects.len() + 1
        )
        .bytes(),
    );
    out
}

/// WinAnsi bytes within a literal string; what it has not becomes a question mark.
fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' | ')' | '\\' => out.extend([b'\\', c as u8]),
            '’' => out.push(0x92),
            '‘' => out.push(0x91),
            '“' => out.push(0x93),
            '”' => out.push(0x94),
            '–' => out.push(0x96),
            '—' => out.push(0x97),
            '€' => out.push(0x80),
            '·' => out.push(0xb7),
            ' '..='~' | '\u{a0}'..='\u{ff}' => out.push(u8::try_from(u32::from(c)).unwrap_or(b'?')),
            c if c.is_control() => {}
            _ => out.push(b'?'),
        }
    }
    out
}

fn wrap(text: &str, size: f64) -> Vec<String> {
    let measure = |text: &str| text.chars().map(width).sum::<f64>() * size / 1000.0;
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if measure(&longer) > WIDTH && !line.is_empty() {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}

/// Width in thousandths of the size: Helvetica, from its metrics (AFM).
fn width(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' => 222.0,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | '[' | ']' | 'f' | 't' | '\'' => 278.0,
        '(' | ')' | '-' | 'r' => 333.0,
        'J' | 'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 500.0,
        'F' | 'T' | 'Z' => 611.0,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' | '&' => 667.0,
        'C' | 'D' | 'H' | 'N' | 'R' | 'U' | 'w' => 722.0,
        'G' | 'O' | 'Q' => 778.0,
        'M' | 'm' | '%' => 889.0,
        'W' | '@' => 1000.0,
        _ => 556.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_objects_is_right_and_the_text_is_there() {
        let long = "Il medico scelto è la dottoressa (Silvia) Neri. ".repeat(120);
        let file = letter(
            "Ricevuta",
            &[(Piece::Heading, "Ricevuta".into()), (Piece::Paragraph, long)],
        );
        let text = String::from_utf8_lossy(&file);
        let start: usize = text
            .rsplit("startxref\n")
            .next()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(file[start..].starts_with(b"xref\n"), "the table is where the end says");
        let table = String::from_utf8_lossy(&file[start..]).into_owned();
        let offsets = table.lines().skip(3).take_while(|line| line.ends_with(" n "));
        for (n, line) in offsets.enumerate() {
            let at: usize = line[..10].parse().unwrap();
            assert!(
                file[at..].starts_with(format!("{} 0 obj", n + 1).as_bytes()),
                "object {}",
                n + 1
            );
        }
        assert!(file.windows(9).any(|bytes| bytes == b"\\(Silvia\\"));
        assert!(text.contains("/Lang(it-IT)") && text.contains("/S/H1"));
    }
}
