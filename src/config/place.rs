//! Places of values: the file with its line, or the environment variable, and the key.
//!
//! Guarantees: a problem is recorded with the place that the operator has to edit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::{self, Display};
use std::ops::Range;
use std::rc::Rc;

use toml::de::DeTable;

use super::diagnostics::{Diagnostics, Problem};
use super::file::Text;
use super::overrides::{self, Span};
use super::values;

/// The place of a value, and where problems with it are recorded.
#[derive(Clone)]
pub(super) struct Place<'f> {
    diagnostics: &'f Diagnostics,
    /// The file, or what else is read.
    origin: &'f str,
    file: Option<&'f Text>,
    /// Where the part of the file begins that positions count from.
    part: usize,
    /// Where the value is in the file.
    position: Option<usize>,
    /// Whether the value comes from the environment.
    is_overridden: bool,
    /// The table of a list that the key is in.
    element: Option<Rc<Element>>,
    /// The key within it, as in `smtp.port`.
    key: String,
}

impl<'f> Place<'f> {
    /// A place outside of files.
    pub(super) fn root(origin: &'f str, diagnostics: &'f Diagnostics) -> Self {
        let key = String::new();
        Self {
            diagnostics,
            origin,
            file: None,
            part: 0,
            position: None,
            is_overridden: false,
            element: None,
            key,
        }
    }

    pub(super) fn file(file: &'f Text, diagnostics: &'f Diagnostics) -> Self {
        Self { file: Some(file), ..Self::root(&file.name, diagnostics) }
    }

    pub(super) fn problem(&self, reason: impl Into<String>) {
        self.diagnostics.problem(|| self.describe(reason));
    }

    pub(super) fn warning(&self, reason: impl Into<String>) {
        self.diagnostics.warning(|| self.describe(reason));
    }

    /// Whether further problems are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.is_full()
    }

    /// Whether the value comes from the environment.
    pub(super) fn is_overridden(&self) -> bool {
        self.is_overridden
    }

    /// The line of the value in the file.
    fn line(&self) -> Option<usize> {
        Some(self.file?.line(self.position?))
    }

    /// The key as a header names it. Of the elements of lists, only subscriptions hold lists of tables.
    pub(super) fn header(&self) -> String {
        if self.element.is_none() { self.key.clone() } else { format!("subscriptions.{}", self.key) }
    }

    fn describe(&self, reason: impl Into<String>) -> Problem {
        let key = match &self.element {
            None => self.key.clone(),
            Some(element) if self.key.is_empty() => element.to_string(),
            Some(element) => format!("{element}: {}", self.key),
        };
        if self.is_overridden {
            return Problem::new(
                format!("environment variable {}", overrides::variable(&self.key)),
                key,
                reason,
            );
        }
        Problem { line: self.line(), ..Problem::new(self.origin, key, reason) }
    }

    /// The place of `key` in the table at this place.
    pub(super) fn member(&self, key: &str) -> Self {
        let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let key = if bare { key.to_owned() } else { format!("{key:?}") };
        let key = if self.key.is_empty() { key } else { [&self.key, ".", &key].concat() };
        Self { key, is_overridden: false, element: self.element.clone(), ..*self }
    }

    /// This place, at the `span` of its value.
    pub(super) fn at(self, span: &Span) -> Self {
        if *span == overrides::SPAN {
            return Self { is_overridden: true, ..self };
        }
        Self { position: Some(self.part + span.start), ..self }
    }

    /// The key of the list at this place.
    pub(super) fn list(&self) -> Rc<str> {
        Rc::from(self.key.as_str())
    }

    /// The place of the table `index` of `list`, which is the list at this place.
    pub(super) fn table_element(&self, list: &Rc<str>, index: usize) -> Self {
        let element = Element { outer: self.element.clone(), list: Rc::clone(list), index };
        Self { element: Some(Rc::new(element)), key: String::new(), ..*self }
    }

    /// This place, of the table in `range` of the file, and what it holds.
    pub(super) fn parsed(self, range: &Range<usize>) -> Option<(Self, DeTable<'f>)> {
        match self.file?.parse_table(range) {
            Ok(values) => Some((Self { part: range.start, position: Some(range.start), ..self }, values)),
            Err(problem) => {
                self.diagnostics.problem(|| problem);
                None
            }
        }
    }

    /// Where the accounts of the subscription at this place are in the file, unless they are among its values.
    pub(super) fn accounts(&self) -> &'f [Range<usize>] {
        let index = self.element.as_ref().map(|element| element.index);
        self.file.zip(index).map_or(&[], |(file, index)| file.accounts(index))
    }

    /// The place of the text `index` of the list at this place.
    pub(super) fn item(&self, index: usize) -> Self {
        Self { key: format!("{}, item {}", self.key, index + 1), ..self.clone() }
    }
}

/// A table of a list: prints as in `second [[receivers]]` or `no. 12 [[subscriptions]], first account`.
struct Element {
    outer: Option<Rc<Self>>,
    /// The key of the list.
    list: Rc<str>,
    index: usize,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ORDINALS: [&str; 9] =
            ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
        let ordinal =
            ORDINALS.get(self.index).map_or_else(|| format!("no. {}", self.index + 1), ToString::to_string);
        match &self.outer {
            None => write!(f, "{ordinal} [[{}]]", self.list),
            Some(outer) => write!(f, "{outer}, {ordinal} {}", self.list.trim_end_matches('s')),
        }
    }
}

/// Names that were given, with their positions in the file.
pub(super) type Seen = HashMap<String, Option<usize>>;

/// A value and its place.
#[derive(Clone)]
pub(super) struct Field<'f, T> {
    pub(super) value: T,
    pub(super) place: Place<'f>,
}

impl Field<'_, String> {
    /// What the text means; a refusal is recorded.
    pub(super) fn parse<U, E: Display>(&self, parse: impl FnOnce(&str) -> Result<U, E>) -> Option<U> {
        parse(&self.value).map_err(|reason| self.place.problem(reason.to_string())).ok()
    }

    /// A name that no other in `seen` has.
    pub(super) fn unique_name(&self, seen: &mut Seen) -> Option<String> {
        let name = self.parse(values::name)?;
        match seen.entry(name) {
            Entry::Occupied(first) => {
                let line = Place { position: *first.get(), ..self.place.clone() }.line();
                let at = line.map(|line| format!(" in line {line}")).unwrap_or_default();
                self.place.problem(format!("\"{}\" is already used{at}", first.key()));
                None
            }
            Entry::Vacant(vacant) => {
                let name = vacant.key().clone();
                vacant.insert(self.place.position);
                Some(name)
            }
        }
    }
}
