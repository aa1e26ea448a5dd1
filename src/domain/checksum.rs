//! Checksums of texts and answers, short enough to be stored with each account.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};

/// Half of a SHA-256. It is written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum([u8; 16]);

/// The last answer about an account that was healthy and after which nothing was left to do: the same one needs no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    /// Where the store counts how often it came.
    pub row: i64,
    /// Of its bytes.
    pub checksum: Checksum,
}

/// A text that is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checksum")]
pub struct InvalidChecksum;

impl Checksum {
    /// The checksum of `pieces`, one after the other.
    pub fn of(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut context = Context::new(&SHA256);
        for piece in pieces {
            context.update(piece.as_ref());
        }
        let mut half = [0; 16];
        half.iter_mut().zip(context.finish().as_ref()).for_each(|(to, byte)| *to = *byte);
        Self(half)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for Checksum {
    type Err = InvalidChecksum;

    fn from_str(text: &str) -> Result<Self, InvalidChecksum> {
        let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hexadecimal.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or(InvalidChecksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_half_of_a_sha_256_in_hexadecimal() {
        let checksum = Checksum::of(["ab", "", "c"]);
        assert_eq!(checksum.to_string(), "ba7816bf8f01cfea414140de5dae2223");
        assert_eq!(checksum.to_string().parse(), Ok(checksum));
        let begins_with_zeros = Checksum(7_u128.to_be_bytes());
        assert_eq!(begins_with_zeros.to_string().parse(), Ok(begins_with_zeros));
    }

    #[test]
    fn other_texts_are_no_checksums() {
        for text in [
            "",
            "ba78",
            "+a7816bf8f01cfea414140de5dae2223",
            "ga7816bf8f01cfea414140de5dae2223",
            "ba7816bf8f01cfea414140de5dae22230",
        ] {
            assert_eq!(text.parse::<Checksum>(), Err(InvalidChecksum), "{text}");
        }
    }
}
