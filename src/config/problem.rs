//! What is wrong with a configuration: every problem at once, each with its place and reason.
//!
//! Promises: a problem prints on one line, whatever was typed, without what looks like a secret. Leaves the wording to whoever
//! records one.

use std::cell::RefCell;
use std::fmt;

use super::secret_shape::redacted;

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
        let [key, reason] = [key.into(), reason.into()].map(|text| redacted(&text));
        Self { origin: origin.into(), key, reason }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.origin, &self.key, &self.reason];
        let text = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(": ");
        for c in text.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
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
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl Findings {
    /// Records what forbids the configuration.
    pub(super) fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Records what the operator should know.
    pub(super) fn warning(&self, warning: Problem) {
        self.warnings.borrow_mut().push(warning);
    }

    /// `value` and the warnings, unless there was a problem.
    pub(super) fn verdict<T>(self, value: Option<T>) -> Result<(T, Vec<Problem>), Problems> {
        let problems = self.problems.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok((value, self.warnings.into_inner())),
            _ => Err(Problems(problems)),
        }
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
        findings.warning(Problem::new("a.toml", "x", "odd"));
        assert_eq!(findings.verdict(Some(1)).map(|(value, warnings)| (value, warnings.len())), Ok((1, 1)));
        let findings = Findings::default();
        findings.problem(Problem::new("a.toml", "x", "wrong"));
        assert!(findings.verdict(Some(1)).is_err());
    }
}
