//! Passwords that anybody would try first.

use crate::PasswordFault;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Base words of the commonest passwords of public leaks and their Italian siblings, one a line.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../rules/common-passwords.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// Shorter words are part of too many good phrases to mean anything.
const NAME: usize = 4;

/// What is wrong with `password`, if anything; `names` are the user name and the words of the person's name.
pub(super) fn fault(password: &str, min: usize, max: usize, names: &[&str]) -> Option<PasswordFault> {
    if password.chars().count() < min {
        return Some(PasswordFault::Short(min));
    }
    if password.chars().count() > max {
        return Some(PasswordFault::Long(max));
    }
    let plain = password.to_lowercase();
    if repeats(&plain) || runs(&plain) {
        return Some(PasswordFault::Repetition);
    }
    if is_common(&plain) {
        return Some(PasswordFault::Common);
    }
    let words = names.iter().flat_map(|name| name.split_whitespace());
    let named = words.map(str::to_lowercase).filter(|word| word.chars().count() >= NAME);
    // A name within a long phrase gives little away; a name with an ornament is the password.
    for name in named {
        if plain.contains(&name) && plain.chars().count() - name.chars().count() < 8 {
            return Some(PasswordFault::Personal);
        }
    }
    None
}

/// The word itself, with letters for look-alikes, without what is put before and after it, or twice the word.
fn is_common(plain: &str) -> bool {
    let core = plain.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let letters: String = core.chars().map(letter).collect();
    let forms = [plain.to_owned(), core, letters];
    forms.iter().any(|form| {
        let half = form.len() / 2;
        let twice = form.len().is_multiple_of(2) && form.is_char_boundary(half) && form[..half] == form[half..];
        COMMON.contains(form.as_str()) || (twice && COMMON.contains(&form[..half]))
    })
}

fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => c,
    }
}

/// At most three different characters, or a piece of up to four repeated all along.
fn repeats(plain: &str) -> bool {
    let chars: Vec<char> = plain.chars().collect();
    let different: HashSet<&char> = chars.iter().collect();
    different.len() <= 3 || (1..=4).any(|n| chars.iter().zip(chars.iter().skip(n)).all(|(a, b)| a == b))
}

/// Neighbours on the number line, in the alphabet or on the keyboard, from end to end.
fn runs(plain: &str) -> bool {
    const ROWS: [&str; 5] = [
        "01234567890",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
    ];
    let chars: Vec<char> = plain.chars().collect();
    let near = |a: char, b: char| {
        ROWS.iter().any(|row| match (row.find(a), row.find(b)) {
            (Some(i), Some(j)) => i.abs_diff(j) == 1,
            _ => false,
        })
    };
    let steps = chars.windows(2).filter(|pair| near(pair[0], pair[1])).count();
    chars.len() > 1 && steps * 10 >= (chars.len() - 1) * 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let check = |password| fault(password, 10, 128, &["mrossi", "Maria Rossi"]);
        for common in [
            "password123!",
            "P4ssw0rd2026",
            "passwordpassword",
            "forzajuventus1",
            "Benvenuto2026!",
            "iloveyou!!!!",
        ] {
            assert_eq!(check(common), Some(PasswordFault::Common), "{common}");
        }
        for run in [
            "1234567890",
            "0987654321",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abababababab",
            "abcabcabcabc",
            "abcdefghijk",
        ] {
            assert_eq!(check(run), Some(PasswordFault::Repetition), "{run}");
        }
        assert_eq!(check("mariarossi"), Some(PasswordFault::Personal));
        assert_eq!(check("MRossi2026!"), Some(PasswordFault::Personal));
        assert_eq!(check("corta"), Some(PasswordFault::Short(10)));
        for good in [
            "una frase lunga",
            "sinfonia-demo",
            "cavallo batteria graffetta",
            "xK9#vLq2wZ",
        ] {
            assert_eq!(check(good), None, "{good}");
        }
    }
}
