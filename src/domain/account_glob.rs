//! Globs over the names and ids of accounts, as operators type them.
//!
//! Compiling and matching are bounded in time, memory and stack, whatever is typed: the crate `globset` translates nested braces by
//! recursion and has no limit of its own.

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::account::AccountRef;

/// The longest glob, in bytes; ids and names are shorter. Braces nest at most half as deep.
pub const MAX_GLOB: usize = 512;

/// The most globs in one list. Ten thousand compile in a fraction of a second.
pub const MAX_GLOBS: usize = 10_000;

/// Reads one glob.
///
/// # Errors
/// The reason, which does not quote the glob.
pub fn parse(typed: &str) -> Result<Glob, String> {
    if typed.len() > MAX_GLOB {
        return Err(format!("it is longer than {MAX_GLOB} bytes"));
    }
    Glob::new(typed).map_err(|error| error.kind().to_string())
}

/// Compiles globs into a set that matches where one of them does.
///
/// # Errors
/// When there are too many globs, or when they take too much memory.
pub fn compile<'g>(globs: impl ExactSizeIterator<Item = &'g Glob>) -> Result<GlobSet, String> {
    if globs.len() > MAX_GLOBS {
        return Err(format!("more than {MAX_GLOBS} globs"));
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob.clone());
    }
    set.build().map_err(|error| error.kind().to_string())
}

/// Whether one of `globs` matches the name or the id of `account`.
pub fn matches(globs: &GlobSet, account: &AccountRef) -> bool {
    globs.is_match(&account.name) || globs.is_match(account.id.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compiled(typed: &str) -> Result<GlobSet, String> {
        compile(std::iter::once(&parse(typed)?))
    }

    #[test]
    fn nested_braces_never_overflow_the_stack() {
        for depth in [1, 100, MAX_GLOB / 2 - 1, MAX_GLOB, 100_000] {
            let typed = format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
            let refused = compiled(&typed).err();
            assert_eq!(
                refused.is_some_and(|reason| reason.contains("longer")),
                typed.len() > MAX_GLOB,
                "{depth}"
            );
        }
        assert!(compiled(&"{".repeat(1 << 20)).is_err());
    }

    #[test]
    fn too_many_globs_are_refused_before_they_are_compiled() {
        let glob = parse("a*b*").unwrap();
        let refused = compile(vec![&glob; MAX_GLOBS + 1].into_iter()).unwrap_err();
        assert_eq!(refused, "more than 10000 globs");
    }

    proptest! {
        #[test]
        fn any_text_is_a_glob_or_refused_with_a_bounded_message(
            typed in prop_oneof!["\\PC{0,80}", "[*?{},!\\[\\]\\\\/a-c-]{0,80}"],
            name in "[a-c{}\\[\\]]{0,12}",
        ) {
            match compiled(&typed) {
                Ok(set) => prop_assert!(set.is_match(&name) == set.is_match(&name)),
                Err(reason) => prop_assert!(reason.chars().count() <= 2 * MAX_GLOB, "{}", reason),
            }
        }

        #[test]
        fn plain_name_matches_only_itself(name in "[a-zA-Z0-9_. @-]{1,40}", other in "[a-zA-Z0-9_. @-]{1,40}") {
            let set = compiled(&name).unwrap();
            prop_assert!(set.is_match(&name));
            prop_assert_eq!(set.is_match(&other), name == other);
        }
    }
}
