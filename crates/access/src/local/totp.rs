//! Authenticator apps: time-based one-time codes (RFC 6238: SHA-1, six digits, 30 seconds, one step of skew either way, a
//! step taken once), and the recovery codes for who lost the app.

use super::account::{Account, StoredTotp};
use super::ticket::{Tickets, hex};
use crate::{Refused, TotpOffer};
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::Random;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

/// Recovery codes made at once.
const CODES: usize = 10;
/// Letters of recovery and reset codes: 32 that are not mistaken for each other (Crockford's base32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PURPOSE: &str = "totp offer";

#[derive(Serialize, Deserialize)]
struct Offered {
    username: String,
    secret: String,
}

/// A new secret, in a ticket: nothing is kept until its first code comes back.
pub(super) fn offer(tickets: &Tickets, random: &dyn Random, username: &str) -> TotpOffer {
    let mut bytes = Zeroizing::new([0; 20]);
    random.fill(bytes.as_mut_slice());
    let secret = hex(bytes.as_slice());
    let totp = totp(bytes.as_slice(), username);
    let url = totp.to_url().expect("issuer and account name are set");
    let offered = Offered {
        username: username.to_owned(),
        secret,
    };
    TotpOffer {
        ticket: tickets.issue(PURPOSE, &offered),
        secret: base32(bytes.as_slice()),
        qr: drawing(&url),
    }
}

/// Keeps an offered secret when the code is right.
pub(super) fn confirm(
    tickets: &Tickets,
    account: &mut Account,
    ticket: &str,
    code: &str,
    now: jiff::Timestamp,
) -> Result<(), Refused> {
    let offered: Offered = tickets.open(PURPOSE, ticket)?.body;
    if offered.username != account.username {
        return Err(Refused::Ended);
    }
    let secret = Zeroizing::new(unhex(&offered.secret).ok_or(Refused::Ended)?);
    let last_step = totp(&secret, &account.username)
        .check(&digits(code), seconds(now))
        .ok_or(Refused::Wrong)?;
    account.totp = Some(StoredTotp {
        secret: tickets.seal().close(&offered.secret, &place(&account.username)),
        last_step,
        since: now,
    });
    Ok(())
}

/// Takes a code of the app, or a recovery code, once. `false`: it is wrong or was taken before.
pub(super) fn take(tickets: &Tickets, account: &mut Account, code: &str, now: jiff::Timestamp) -> bool {
    take_app(tickets, account, code, now).unwrap_or(false) || take_recovery(account, code)
}

fn take_app(tickets: &Tickets, account: &mut Account, code: &str, now: jiff::Timestamp) -> Option<bool> {
    let place = place(&account.username);
    let stored = account.totp.as_mut()?;
    let secret = Zeroizing::new(unhex(&tickets.seal().open(&stored.secret, &place)?)?);
    let step = totp(&secret, "x").check(&digits(code), seconds(now))?;
    if step <= stored.last_step {
        return Some(false);
    }
    stored.last_step = step;
    Some(true)
}

fn take_recovery(account: &mut Account, code: &str) -> bool {
    let hash = hash_code(&account.username, code);
    let before = account.recovery.len();
    account.recovery.retain(|kept| *kept != hash);
    account.recovery.len() < before
}

/// New recovery codes: the account keeps their hashes only.
pub(super) fn new_codes(account: &mut Account, random: &dyn Random) -> Vec<String> {
    let codes: Vec<String> = (0..CODES).map(|_| code(random)).collect();
    account.recovery = codes.iter().map(|code| hash_code(&account.username, code)).collect();
    codes
}

/// A code of 80 random bits that can be read out: `k3f9-…`. So long that its plain hash cannot be searched.
pub(super) fn code(random: &dyn Random) -> String {
    let mut bytes = Zeroizing::new([0; 16]);
    random.fill(bytes.as_mut_slice());
    let letters: Vec<char> = bytes.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// What is kept of a code.
pub(super) fn hash_code(username: &str, code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    hex(&Sha256::digest(format!("{username} {plain}")))
}

fn totp(secret: &[u8], username: &str) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::new(secret.into()))
        .with_issuer(Some("Sinfonia"))
        .with_account_name(username)
        .build()
        .expect("twenty bytes and six digits are within RFC 4226")
}

fn place(username: &str) -> String {
    format!("totp {username}")
}

fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).take(12).collect()
}

fn seconds(now: jiff::Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0)
}

/// An SVG of the address, black on white whatever the page's colours, without a prologue so that it can stand inline.
fn drawing(url: &str) -> String {
    let code = qrcode::QrCode::new(url).expect("an otpauth address fits into a QR code");
    let svg = code.render::<svg::Color>().min_dimensions(220, 220).build();
    svg.split_once("?>")
        .map_or(svg.clone(), |(_, svg)| svg.trim_start().to_owned())
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let even = text.len().is_multiple_of(2) && text.is_ascii();
    let pairs = even.then(|| (0..text.len()).step_by(2))?;
    pairs.map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

/// RFC 4648 base32 without padding, in groups of four for the eye.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SeededRandom;

    /// RFC 6238, appendix B (SHA-1), the last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let totp = totp(b"12345678901234567890", "x");
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(totp.generate(at).to_string(), code);
        }
        assert_eq!(
            base32(b"12345678901234567890"),
            "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        );
    }

    #[test]
    fn a_recovery_code_is_taken_once_and_however_it_is_typed() {
        let mut account = Account::new("rossi".into(), crate::Actor::default(), jiff::Timestamp::UNIX_EPOCH);
        let codes = new_codes(&mut account, &SeededRandom::new(3));
        assert_eq!((codes.len(), account.recovery.len()), (10, 10));
        assert!(!account.recovery.iter().any(|kept| codes.contains(kept)));
        let typed = codes[4]
            .to_uppercase()
            .replace('-', " ")
            .replace('0', "O")
            .replace('1', "l");
        assert!(take_recovery(&mut account, &typed));
        assert!(!take_recovery(&mut account, &codes[4]));
        assert_eq!(account.recovery.len(), 9);
    }
}
