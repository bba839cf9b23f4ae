//! Gives the parts of choices and parallels, which have no order of their own, one that depends on their labels only:
//! by the sum of the MD5 digests of the labels, as pm4py does. Replay visits silent steps in the order of their numbers,
//! so that the order decides which of several equally short ways is taken.

use super::tree::{Operator, ProcessTree};

/// A sum of 128-bit digests: what exceeds 128 bits, and the rest.
type Sum = (u64, u128);

/// The tree with its parts in order.
pub(super) fn ordered(tree: ProcessTree) -> ProcessTree {
    order(tree).1
}

fn order(tree: ProcessTree) -> (Sum, ProcessTree) {
    match tree {
        ProcessTree::Silent => ((0, 0), tree),
        ProcessTree::Activity(ref label) => ((0, md5(label.as_bytes())), tree),
        ProcessTree::Node(operator, children) => {
            let mut parts: Vec<(Sum, ProcessTree)> = children.into_iter().map(order).collect();
            if matches!(operator, Operator::Choice | Operator::Parallel) {
                parts.sort_by_key(|(sum, _)| *sum);
            }
            let sum = parts.iter().fold((0, 0), |total, (sum, _)| add(total, *sum));
            (
                sum,
                ProcessTree::Node(operator, parts.into_iter().map(|(_, part)| part).collect()),
            )
        }
    }
}

fn add(a: Sum, b: Sum) -> Sum {
    let (low, carried) = a.1.overflowing_add(b.1);
    (a.0 + b.0 + u64::from(carried), low)
}

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The MD5 digest (RFC 1321) as a number, first byte highest. Here it is a way to order labels, not a protection.
fn md5(message: &[u8]) -> u128 {
    let mut padded = message.to_vec();
    padded.push(0x80);
    let length = (padded.len() + 8).next_multiple_of(64);
    padded.resize(length, 0);
    padded[length - 8..].copy_from_slice(&(message.len() as u64 * 8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks_exact(64) {
        let words: Vec<u32> = block
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64_usize {
            let (mixed, word) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(sine(step)).wrapping_add(words[word]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
        }
        for (value, add) in state.iter_mut().zip([a, b, c, d]) {
            *value = value.wrapping_add(add);
        }
    }
    state
        .iter()
        .fold(0, |digest, word| (digest << 32) | u128::from(word.swap_bytes()))
}

/// The constant of a step: the integer part of 2^32 times |sin(step + 1)|.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)] // within 32 bits
fn sine(step: usize) -> u32 {
    (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(format!("{:032x}", md5(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(format!("{:032x}", md5(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        let long = b"12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(format!("{:032x}", md5(long)), "57edf4a22be3c955ac49da2e2107b67a");
        for length in 50..70 {
            md5(&vec![b'x'; length]); // every padding fits
        }
    }
}
