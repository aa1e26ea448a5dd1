//! Digests of texts, short enough to be stored with each account.

use ring::digest::{Context, SHA256};

/// Half of the SHA-256 of `pieces`, one after the other, as 32 hexadecimal digits.
pub(super) fn digest(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece.as_ref());
    }
    let nibble = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    context
        .finish()
        .as_ref()
        .iter()
        .take(16)
        .flat_map(|byte| [nibble(byte >> 4), nibble(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_half_of_a_sha_256_in_hexadecimal() {
        assert_eq!(digest(["ab", "", "c"]), "ba7816bf8f01cfea414140de5dae2223");
    }
}
