//! What a job needs of an account: a `support*` flag of the vendor, by its name or by what the name says.

/// A flag that must be true. Which flags exist is the vendor's choice, so any name is accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededFlag(String);

/// Why a typed need was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeededFlagError {
    /// Nothing between two commas.
    #[error("a name is empty; write for example video,audio")]
    Empty,
    /// Not a name that a flag can have.
    #[error("{0} is not the name of a flag, such as video or supportVideo")]
    NotAName(String),
}

/// The beginning of every flag.
const PREFIX: &str = "support";

/// Longer names are typing errors.
const MAX_LENGTH: usize = 64;

impl NeededFlag {
    /// Reads `video`, `Video` or `supportVideo`, which mean the same.
    ///
    /// # Errors
    /// When the text is empty or has characters that no flag has.
    pub fn parse(typed: &str) -> Result<Self, NeededFlagError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(NeededFlagError::Empty);
        }
        let is_name =
            typed.len() <= MAX_LENGTH && typed.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err(NeededFlagError::NotAName(crate::domain::text::quoted(typed)));
        }
        let after_prefix = [PREFIX, "Support"].into_iter().find_map(|prefix| typed.strip_prefix(prefix));
        // `supported` begins with the prefix by chance.
        let is_whole = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_uppercase());
        let name = after_prefix.filter(is_whole).unwrap_or(typed);
        let (first, rest) = name.split_at(1);
        Ok(Self(format!("{PREFIX}{}{rest}", first.to_ascii_uppercase())))
    }

    /// Whether `flag` is meant, in upper or lower case.
    pub fn matches(&self, flag: &str) -> bool {
        self.0.eq_ignore_ascii_case(flag)
    }

    /// The vendor's name: `supportVideo`.
    pub fn flag(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn need_is_named_as_the_flag_or_by_what_it_supports() {
        for (typed, flag) in [
            ("video", "supportVideo"),
            ("Video", "supportVideo"),
            (" audio ", "supportAudio"),
            ("supportVideo", "supportVideo"),
            ("SupportVideo", "supportVideo"),
            ("textToSpeech", "supportTextToSpeech"),
            ("supported", "supportSupported"),
            ("4k", "support4k"),
        ] {
            assert_eq!(NeededFlag::parse(typed).unwrap().flag(), flag, "{typed}");
        }
    }

    #[test]
    fn need_is_found_in_upper_and_lower_case() {
        for typed in ["VIDEO", "video", "supportVideo"] {
            let need = NeededFlag::parse(typed).unwrap();
            assert!(need.matches("supportVideo") && !need.matches("supportAudio"), "{typed}");
        }
    }

    #[test]
    fn refused_need_is_quoted_with_an_example() {
        assert_eq!(NeededFlag::parse(" "), Err(NeededFlagError::Empty));
        for typed in ["vi deo", "video;audio", "vidéo", "a\u{1b}[31m", &"v".repeat(65)] {
            let refused = NeededFlag::parse(typed).unwrap_err().to_string();
            assert!(refused.contains("such as video or supportVideo"), "{refused}");
            assert!(!refused.contains('\u{1b}'), "{refused:?}");
        }
    }
}
