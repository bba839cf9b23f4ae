//! Of the codice fiscale no more than comparing needs: omocodia and the check character (DM 23 dicembre 1976).

/// Where its seven digits stand that omocodia turns into letters.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];
/// The letters that stand for 0 to 9.
const OMOCODIA: &[u8; 10] = b"lmnpqrstuv";
/// What a digit or letter (by its place in the alphabet) in an odd place adds to the check sum.
const ODD: [u8; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/// The check character of fifteen lower-case letters and digits; `None` if they are no such code.
fn check(code: &[u8]) -> Option<u8> {
    let mut sum = 0u32;
    for (at, byte) in code.iter().enumerate() {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a',
            _ => return None,
        };
        sum += u32::from(if at % 2 == 0 { ODD[usize::from(value)] } else { value });
    }
    Some(b'a' + u8::try_from(sum % 26).ok()?)
}

/// Whether these are the sixteen characters of a code whose check character fits.
pub(crate) fn is_sound(code: &[u8]) -> bool {
    let letters = |range: std::ops::Range<usize>| code[range].iter().all(u8::is_ascii_lowercase);
    code.len() == 16 && letters(0..6) && letters(8..9) && letters(11..12) && check(&code[..15]) == Some(code[15])
}

/// A code in lower case without omocodia, with the check character that it then has; one whose check character does not fit
/// keeps the one it has, and anything else stays as it is.
pub(crate) fn plain(code: &str) -> String {
    let mut plain: Vec<u8> = code.trim().to_ascii_lowercase().into_bytes();
    if plain.len() != 16 {
        return code.trim().to_ascii_lowercase();
    }
    let sound = is_sound(&plain);
    for at in DIGITS {
        if let Some((digit, _)) = (b'0'..).zip(OMOCODIA).find(|(_, letter)| **letter == plain[at]) {
            plain[at] = digit;
        }
    }
    if let (true, Some(fits)) = (sound, check(&plain[..15])) {
        plain[15] = fits;
    }
    String::from_utf8(plain).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_code_is_told_from_a_mistaken_one() {
        let sound = format!("rssmra41r64f839{}", char::from(check(b"rssmra41r64f839").unwrap()));
        assert!(is_sound(sound.as_bytes()));
        let mistaken = sound.replace("41", "42");
        assert!(!is_sound(mistaken.as_bytes()));
        assert_eq!(plain(&sound.to_uppercase()), sound);
        // the last digit as a letter, with the check character that this makes
        let omocode = format!("rssmra41r64f83v{}", char::from(check(b"rssmra41r64f83v").unwrap()));
        assert_eq!(plain(&omocode), sound);
        assert_eq!(plain("STP1234567890123"), "stp1234567890123");
        assert_eq!(plain("x"), "x");
    }
}
