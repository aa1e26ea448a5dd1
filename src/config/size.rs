//! Sizes in bytes as operators type and read them: `1MiB`, `512KiB`, `65536`.

const UNITS: [(&str, usize); 3] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Why a typed size was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a size such as \"512KiB\" or \"1MiB\"")]
pub(super) struct SizeError(String);

/// Reads a size in bytes.
pub(super) fn parse(typed: &str) -> Result<usize, SizeError> {
    let refused = || SizeError(typed.to_owned());
    let unit = UNITS.into_iter().find_map(|(unit, bytes)| Some((typed.strip_suffix(unit)?, bytes)));
    let (count, bytes) = unit.unwrap_or((typed, 1));
    // `parse` would take a sign.
    let is_count = count.chars().all(|c| c.is_ascii_digit());
    let count = count.parse::<usize>().ok().filter(|_| is_count).ok_or_else(refused)?;
    count.checked_mul(bytes).ok_or_else(refused)
}

/// Writes a size in the largest unit that divides it.
pub(super) fn text(size: usize) -> String {
    match UNITS.into_iter().find(|(_, bytes)| size != 0 && size.is_multiple_of(*bytes)) {
        Some((unit, bytes)) => format!("{}{unit}", size / bytes),
        None => format!("{size}B"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_operators_type_them() {
        for (typed, bytes) in [("1MiB", 1_048_576), ("512KiB", 524_288), ("65536", 65_536), ("10B", 10)] {
            assert_eq!(parse(typed), Ok(bytes), "{typed}");
        }
        for refused in [
            "",
            "MiB",
            "1MB",
            "1 MiB",
            "-1",
            "+1",
            "1.5MiB",
            "99999999999999999999",
            "18446744073709551615KiB",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn silence_reads_back_unchanged(size: usize) {
            prop_assert_eq!(parse(&text(size)), Ok(size));
        }
    }
}
