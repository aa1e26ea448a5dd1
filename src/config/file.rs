//! The text of the configuration file.
//!
//! Guarantees: the line of each value can be found; a syntax error is reported by line and reason. No line of the file is echoed,
//! because it may hold a secret. Leaves the types of values to `table`, and their meaning to `sections`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::diagnostics::Problem;
use super::regular_file;
use super::split::{Split, split};

/// Bytes of a file: a hundred thousand accounts take half of it. A path such as `/proc/kcore` must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// The lists of tables. Their headers are often typed as if they were plain tables.
const LISTS: [&str; 3] = ["receivers", "subscriptions", "subscriptions.accounts"];

/// A file that was read. It has no `Debug`: it may hold a misplaced secret.
pub(super) struct Text {
    /// The file's name as the operator gave it.
    pub(super) name: String,
    /// The folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    content: String,
    /// The parts of it that are parsed one by one; nothing when it is parsed as a whole.
    split: Option<Split>,
    /// The position of each line break in it.
    line_ends: Vec<usize>,
}

impl Text {
    pub(super) fn new(name: String, folder: PathBuf, content: String) -> Self {
        let line_ends = content.match_indices('\n').map(|(position, _)| position).collect();
        let split = split(&content);
        Self { name, folder, content, split, line_ends }
    }

    /// Reads the file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let content = regular_file::read(path, MAX_FILE).and_then(|(bytes, _)| regular_file::decode(bytes));
        match content {
            Ok(content) => Ok(Self::new(name, folder(path), content)),
            Err(error) => Err(Problem::new(name, "", error.to_string())),
        }
    }

    /// The values by key, without the accounts that [`Self::accounts`] names.
    pub(super) fn parse(&self) -> Result<DeTable<'_>, Problem> {
        let rest = self.split.as_ref().map_or(&self.content, |split| &split.rest);
        self.parse_part(rest, 0)
    }

    /// Where each account of the subscription is, in the order of the file, unless the accounts are among the values.
    pub(super) fn accounts(&self, subscription: usize) -> &[Range<usize>] {
        self.split.as_ref().and_then(|split| split.accounts.get(subscription)).map_or(&[], Vec::as_slice)
    }

    /// The values by key of the table in `range`, with positions that count from its start.
    pub(super) fn parse_table(&self, range: &Range<usize>) -> Result<DeTable<'_>, Problem> {
        self.parse_part(self.content.get(range.clone()).unwrap_or_default(), range.start)
    }

    fn parse_part<'t>(&self, part: &'t str, start: usize) -> Result<DeTable<'t>, Problem> {
        let table = DeTable::parse(part).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let (line, reason) = self.syntax_error(span.start + start..span.end + start, error.message());
            Problem { line: Some(line), ..Problem::new(&self.name, "", reason) }
        })?;
        Ok(table.into_inner())
    }

    /// The line of the byte at `position`, from 1 on.
    pub(super) fn line(&self, position: usize) -> usize {
        self.line_ends.partition_point(|end| *end < position) + 1
    }

    /// The line of a syntax error and its reason, with the next step for the usual mistakes.
    fn syntax_error(&self, span: Range<usize>, message: &str) -> (usize, String) {
        let line = self.line(span.start);
        let (before, after) = self.content.split_at_checked(span.start).unwrap_or_default();
        if message == "duplicate key" {
            return self.plain_header(line).unwrap_or_else(|| {
                let key = self.content.get(span).unwrap_or_default();
                (line, format!("\"{key}\" is given twice"))
            });
        }
        let reason = if message.contains("unicode") || message.contains("escape") {
            "in \"…\" a backslash begins an escape: write the value in '…', or use / instead"
        } else if message.starts_with("string values must be quoted") {
            let word = self.content.get(span).unwrap_or_default().to_lowercase();
            let is_boolean = matches!(word.as_str(), "yes" | "no" | "on" | "off" | "true" | "false");
            if is_boolean { "write true or false" } else { "a text must be in quotes" }
        } else if message.starts_with("unclosed array table") {
            "the header of a list needs two brackets on each side, such as [[receivers]]"
        } else if before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(',') {
            "a number with a comma: write a duration in quotes and with a unit, such as \"90s\""
        } else {
            message
        };
        (line, reason.to_owned())
    }

    /// For the header of a list of tables at `line`: the first header of it that is typed as a plain table.
    fn plain_header<'t>(&'t self, line: usize) -> Option<(usize, String)> {
        let header = |line: &'t str| {
            line.split('#').next().unwrap_or_default().trim().strip_prefix('[')?.strip_suffix(']')
        };
        let name = header(self.content.lines().nth(line - 1)?)?.trim_matches(['[', ']']);
        let list = LISTS.into_iter().find(|list| *list == name)?;
        let plain = self.content.lines().position(|line| header(line) == Some(list))?;
        Some((plain + 1, format!("{list} is a list: write [[{list}]] instead of [{list}]")))
    }
}

/// The folder of `path`, absolute where the working directory is known, so that messages name files the same from anywhere.
fn folder(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str) -> Text {
        Text::new("a.toml".to_owned(), PathBuf::from("/"), content.to_owned())
    }

    #[test]
    fn a_syntax_error_is_reported_by_line_and_reason_and_never_quotes_the_line() {
        for (content, message) in [
            ("[api]\ntoken = user:123-abc\n", "2: a text must be in quotes"),
            ("discover = Yes\n", "1: write true or false"),
            (
                "\n[[receivers]\n",
                "2: the header of a list needs two brackets on each side, such as [[receivers]]",
            ),
            ("token = \"user:123-abc\ntimeout = 1", "1: invalid basic string, expected `\"`"),
            ("token = \"user:123-abc\" user:123-abc", "1: unexpected key or value, expected newline, `#`"),
            ("a = 1\na = 'user:123-abc'", "2: \"a\" is given twice"),
            ("[api]\n[api]", "2: \"api\" is given twice"),
        ] {
            let error = text(content).parse().unwrap_err().to_string();
            assert_eq!(error, format!("a.toml:{message}"));
        }
    }

    #[test]
    fn a_windows_path_in_double_quotes_is_refused_with_the_next_step() {
        for path in ["C:\\useapi\\token", "C:\\Users\\ops\\token", "C:\\data\\token"] {
            let error = text(&format!("# a\ntoken_file = \"{path}\"")).parse().unwrap_err().to_string();
            let step = "a backslash begins an escape: write the value in '…', or use / instead";
            assert_eq!(error, format!("a.toml:2: in \"…\" {step}"));
        }
    }

    #[test]
    fn a_list_that_is_typed_as_a_plain_table_is_refused_with_the_header_to_write() {
        for (content, line) in [
            ("\n[receivers]\nname = 'x'\n[[receivers]] # two\nname = 'y'\n", 2),
            ("[[receivers]]\nname = 'y'\n\n[receivers]\nname = 'x'\n", 4),
            ("[receivers]\na = 1\n[receivers]\nb = 2", 1),
        ] {
            let error = text(content).parse().unwrap_err().to_string();
            let step = "receivers is a list: write [[receivers]] instead of [receivers]";
            assert_eq!(error, format!("a.toml:{line}: {step}"), "{content}");
        }
    }

    #[test]
    fn a_decimal_comma_is_refused_with_an_example() {
        let error = text("[api]\ntimeout = 1,5\n").parse().unwrap_err().to_string();
        let step = "write a duration in quotes and with a unit, such as \"90s\"";
        assert_eq!(error, format!("a.toml:2: a number with a comma: {step}"));
    }

    #[test]
    fn the_accounts_of_a_file_are_parsed_one_by_one_and_their_lines_are_those_of_the_file() {
        let text =
            text("[[subscriptions]]\nname = 'a'\n[[subscriptions.accounts]]\nid = '1'\nid = '2'\n[api]\n");
        assert_eq!(
            text.parse().unwrap().keys().map(|key| key.get_ref().as_ref()).collect::<Vec<_>>(),
            ["subscriptions", "api"]
        );
        let [range] = text.accounts(0) else { panic!("{:?}", text.accounts(0)) };
        assert_eq!(text.parse_table(range).unwrap_err().to_string(), "a.toml:5: \"id\" is given twice");
        assert!(text.accounts(1).is_empty());
    }

    #[test]
    fn a_position_is_in_the_line_that_an_editor_shows() {
        let text = text("a = 1\n\n[[r]]\nx = 2\n");
        let lines = [0, 5, 6, 7, 12, 13].map(|position| text.line(position));
        assert_eq!(lines, [1, 1, 2, 3, 3, 4]);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_key() {
        assert!(text("\u{feff}a = 1").parse().unwrap().contains_key("a"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = Text::read(folder.path()).err().unwrap().to_string();
        assert_eq!(message, format!("{}: is a folder, not a regular file", folder.path().display()));
        std::fs::write(folder.path().join("latin1.toml"), b"name = \"\xe9\"").unwrap();
        assert!(Text::read(&folder.path().join("latin1.toml")).err().unwrap().to_string().contains("UTF-8"));
    }

    #[test]
    fn relative_paths_start_beside_the_file() {
        assert_eq!(folder(Path::new("/etc/x/a.toml")), PathBuf::from("/etc/x"));
        assert_eq!(folder(Path::new("a.toml")), std::env::current_dir().unwrap());
    }
}
