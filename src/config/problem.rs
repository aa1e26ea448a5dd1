//! What is wrong with a configuration: every problem at once, each with its place and reason.
//!
//! Promises: a problem prints on one line of bounded length, whatever was typed, without what looks like a secret; of very many
//! problems the first ones are kept, and the others are counted. Leaves the wording to whoever records one.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::secret_shape::redacted;
use crate::domain::text::is_unseen;

/// Characters of a place or a reason that are shown: a value that a reason quotes may be as long as the file.
const MAX_SHOWN: usize = 500;

/// Problems or warnings that are kept: a file of 16 MiB can hold millions, and nobody reads more than the first ones.
const MAX_KEPT: usize = 1_000;

/// One thing that the operator has to put right, or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment variable NAME`.
    pub origin: String,
    /// The key, as in `receivers[1].smtp.port`; empty when it is about the whole.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Problem {
    /// Names a problem.
    pub fn new(origin: impl Into<String>, key: impl Into<String>, reason: impl Into<String>) -> Self {
        let [key, reason] = [key.into(), reason.into()].map(|text| shortened(&redacted(&text)));
        Self { origin: shortened(&origin.into()), key, reason }
    }
}

/// `text` without its middle when it is long: the end of a reason says what is expected.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_SHOWN {
        return text.to_owned();
    }
    let (head, tail) = (MAX_SHOWN / 2, MAX_SHOWN / 2 - 1);
    let kept = text.chars().take(head).chain(['…']);
    kept.chain(text.chars().skip(length - tail)).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.origin, &self.key, &self.reason];
        let text = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(": ");
        for c in text.chars() {
            if is_unseen(c) { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration; prints one problem a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in the order of the keys in the documentation.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where problems and warnings gather while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: Kept,
    warnings: Kept,
}

impl Findings {
    /// Records what forbids the configuration; `problem` is not called when enough of them are kept.
    pub(super) fn problem(&self, problem: impl FnOnce() -> Problem) {
        self.problems.add(problem);
    }

    /// Records what the operator should know, as [`Self::problem`] does.
    pub(super) fn warning(&self, warning: impl FnOnce() -> Problem) {
        self.warnings.add(warning);
    }

    /// Whether further problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.problems.is_full()
    }

    /// `value` and the warnings, unless there was a problem.
    pub(super) fn verdict<T>(self, value: Option<T>) -> Result<(T, Vec<Problem>), Problems> {
        let problems = self.problems.into_list();
        match value {
            Some(value) if problems.is_empty() => Ok((value, self.warnings.into_list())),
            _ => Err(Problems(problems)),
        }
    }
}

/// The first [`MAX_KEPT`] of a list, and how many more there were.
#[derive(Debug, Default)]
struct Kept {
    list: RefCell<Vec<Problem>>,
    more: Cell<usize>,
}

impl Kept {
    fn is_full(&self) -> bool {
        self.list.borrow().len() >= MAX_KEPT
    }

    fn add(&self, problem: impl FnOnce() -> Problem) {
        if self.is_full() {
            self.more.set(self.more.get() + 1);
        } else {
            let problem = problem();
            self.list.borrow_mut().push(problem);
        }
    }

    fn into_list(self) -> Vec<Problem> {
        let mut list = self.list.into_inner();
        if self.more.get() > 0 {
            list.push(Problem::new("", "", format!("{} more are not listed", self.more.get())));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_prints_as_place_and_reason_on_one_line() {
        for (key, reason, printed) in [
            (
                "receivers[1].smtp.port",
                "70000 is not a port",
                "a.toml: receivers[1].smtp.port: 70000 is not a port",
            ),
            ("", "cannot be read", "a.toml: cannot be read"),
            (
                "\"user:1-abc\"",
                "`4242-abcdefgh` is no",
                "a.toml: \"(hidden, looks like a secret)\": `(hidden, looks like a secret)` is no",
            ),
            ("x", "two\nlines\u{1b}[31m", "a.toml: x: two\\nlines\\u{1b}[31m"),
        ] {
            assert_eq!(Problem::new("a.toml", key, reason).to_string(), printed);
        }
    }

    #[test]
    fn a_value_with_a_problem_is_no_value() {
        let findings = Findings::default();
        findings.warning(|| Problem::new("a.toml", "x", "odd"));
        assert_eq!(findings.verdict(Some(1)).map(|(value, warnings)| (value, warnings.len())), Ok((1, 1)));
        let findings = Findings::default();
        findings.problem(|| Problem::new("a.toml", "x", "wrong"));
        assert!(findings.verdict(Some(1)).is_err());
    }

    #[test]
    fn of_a_long_problem_the_middle_is_left_out_and_direction_marks_are_escaped() {
        let printed =
            Problem::new("a.toml", "x", format!("`{}` is not a size", "9".repeat(1 << 20))).to_string();
        assert!(printed.starts_with("a.toml: x: `99") && printed.ends_with("99` is not a size"), "{printed}");
        assert_eq!(printed.chars().count(), "a.toml: x: ".len() + MAX_SHOWN);
        assert_eq!(Problem::new("a", "", "exe\u{202e}gpj").to_string(), "a: exe\\u{202e}gpj");
    }

    #[test]
    fn of_very_many_problems_the_first_are_kept_and_the_others_are_counted() {
        let findings = Findings::default();
        for number in 0..MAX_KEPT + 2 {
            findings.problem(|| Problem::new("a.toml", number.to_string(), "wrong"));
        }
        let problems = findings.verdict(Some(1)).unwrap_err();
        assert_eq!(problems.iter().count(), MAX_KEPT + 1);
        assert_eq!(problems.iter().last().map(ToString::to_string).as_deref(), Some("2 more are not listed"));
    }
}
