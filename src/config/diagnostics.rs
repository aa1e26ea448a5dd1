//! Problems with a configuration: all of them at once, each with its place and reason.
//!
//! Guarantees: a problem prints on one line of bounded length, whatever was typed, without anything that looks like a secret. Of very
//! many problems the first are kept and the others are counted. Leaves the wording to the code that records a problem.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Deref;

use super::secret_shape::redacted;
use crate::domain::text::is_invisible;

/// Characters of a key or a reason that are shown: a value that a reason quotes may be as long as the file.
const MAX_SHOWN: usize = 500;

/// Problems or warnings that are kept: a file of 16 MiB can hold millions, and nobody reads more than the first ones.
const MAX_KEPT: usize = 1_000;

/// One thing that the operator has to correct, or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment variable NAME`.
    pub origin: String,
    /// The line in the file, from 1 on, when it is known.
    pub line: Option<usize>,
    /// The key, as in `second [[receivers]]: smtp.port`; empty when the problem is about the whole file.
    pub key: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Problem {
    /// A problem without a line.
    pub fn new(origin: impl Into<String>, key: impl Into<String>, reason: impl Into<String>) -> Self {
        let [key, reason] = [key.into(), reason.into()].map(|text| shortened(&redacted(&text)));
        Self { origin: shortened(&origin.into()), line: None, key, reason }
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
        let origin = match self.line {
            Some(line) => format!("{}:{line}", self.origin),
            None => self.origin.clone(),
        };
        let parts = [origin.as_str(), &self.key, &self.reason].into_iter().filter(|part| !part.is_empty());
        for c in parts.collect::<Vec<_>>().join(": ").chars() {
            if is_invisible(c) { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

/// Every problem with a configuration; prints one problem a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// The problems of the environment first, then those of the file by line.
impl Deref for Problems {
    type Target = [Problem];

    fn deref(&self) -> &[Problem] {
        &self.0
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl Problems {
    /// These problems, and `more` behind them.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Collects problems and warnings while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    problems: RefCell<Vec<Problem>>,
    /// Problems beyond the first [`MAX_KEPT`].
    more: Cell<usize>,
    warnings: RefCell<Vec<Problem>>,
}

impl Diagnostics {
    /// Records what makes the configuration invalid; `problem` is called only while there is room.
    pub(super) fn problem(&self, problem: impl FnOnce() -> Problem) {
        if self.is_full() {
            self.more.set(self.more.get() + 1);
        } else {
            self.problems.borrow_mut().push(problem());
        }
    }

    /// Records what the operator should know, while there is room.
    pub(super) fn warning(&self, warning: impl FnOnce() -> Problem) {
        if self.warnings.borrow().len() < MAX_KEPT {
            self.warnings.borrow_mut().push(warning());
        }
    }

    /// Whether further problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MAX_KEPT
    }

    /// `value` and the warnings, unless a problem was recorded.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<Problem>), Problems> {
        let (problems, warnings) = self.into_problems_and_warnings();
        match value {
            Some(value) if problems.is_empty() => Ok((value, warnings)),
            _ => Err(problems),
        }
    }

    /// What was recorded: the problems by line, and the warnings.
    pub(super) fn into_problems_and_warnings(self) -> (Problems, Vec<Problem>) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        if self.more.get() > 0 {
            problems.push(Problem::new("", "", format!("and {} more", self.more.get())));
        }
        (Problems(problems), self.warnings.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_prints_as_place_and_reason_on_one_line() {
        for (key, reason, printed) in [
            (
                "second [[receivers]]: smtp.port",
                "70000 is not a port",
                "a.toml: second [[receivers]]: smtp.port: 70000 is not a port",
            ),
            ("", "cannot be read", "a.toml: cannot be read"),
            (
                "\"user:1-abc\"",
                "`4242-abcdefgh` is wrong",
                "a.toml: \"(hidden, looks like a secret)\": `(hidden, looks like a secret)` is wrong",
            ),
            ("x", "two\nlines\u{1b}[31m", "a.toml: x: two\\nlines\\u{1b}[31m"),
        ] {
            assert_eq!(Problem::new("a.toml", key, reason).to_string(), printed);
        }
        let problem = Problem { line: Some(7), ..Problem::new("a.toml", "x", "is empty") };
        assert_eq!(problem.to_string(), "a.toml:7: x: is empty");
    }

    #[test]
    fn a_problem_makes_the_configuration_invalid_and_a_warning_does_not() {
        let diagnostics = Diagnostics::default();
        diagnostics.warning(|| Problem::new("a.toml", "x", "odd"));
        assert_eq!(diagnostics.finish(Some(1)).map(|(value, warnings)| (value, warnings.len())), Ok((1, 1)));
        let diagnostics = Diagnostics::default();
        diagnostics.problem(|| Problem::new("a.toml", "x", "wrong"));
        assert!(diagnostics.finish(Some(1)).is_err());
    }

    #[test]
    fn a_long_problem_is_shortened_in_the_middle_and_direction_marks_are_escaped() {
        let printed =
            Problem::new("a.toml", "x", format!("`{}` is not a size", "9".repeat(1 << 20))).to_string();
        assert!(printed.starts_with("a.toml: x: `99") && printed.ends_with("99` is not a size"), "{printed}");
        assert_eq!(printed.chars().count(), "a.toml: x: ".len() + MAX_SHOWN);
        assert_eq!(Problem::new("a", "", "exe\u{202e}gpj").to_string(), "a: exe\\u{202e}gpj");
    }

    #[test]
    fn the_first_of_very_many_problems_are_kept_and_the_others_are_counted() {
        let diagnostics = Diagnostics::default();
        for number in 0..MAX_KEPT + 2 {
            diagnostics.problem(|| Problem::new("a.toml", number.to_string(), "wrong"));
        }
        let problems = diagnostics.finish(Some(1)).unwrap_err();
        assert_eq!(problems.iter().count(), MAX_KEPT + 1);
        assert_eq!(problems.iter().last().map(ToString::to_string).as_deref(), Some("and 2 more"));
    }
}
