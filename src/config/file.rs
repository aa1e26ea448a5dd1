//! The text of the configuration file, as a tree of typed values that know where they stand.
//!
//! Promises: a fault of the file is told by line, column and reason; no line is echoed, because it may hold a secret.
//! Leaves the meaning of keys to `reader` and `resolve`.

use std::path::{Path, PathBuf};

use config::{FileFormat, Format, Map, Value};

use super::outside;
use super::problem::Problem;

/// A hundred thousand accounts take half of it; a path such as `/proc/kcore` must not fill the memory.
const LARGEST: u64 = 16 << 20;

/// A file that was read but not understood yet. It has no `Debug`: somebody may have typed a secret into it.
pub(super) struct Text {
    /// How people know the file: as it was named.
    pub(super) name: String,
    /// The folder that relative paths in it start from.
    pub(super) folder: PathBuf,
    /// What it says.
    pub(super) content: String,
}

impl Text {
    /// Reads the file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let content = outside::read(path, LARGEST).and_then(|(bytes, _)| outside::decode(bytes));
        match content {
            Ok(content) => Ok(Self { name, folder: folder(path), content }),
            Err(error) => Err(Problem::new(name, "", error.to_string())),
        }
    }

    /// The values in `content`, which is all or a part of it, by key.
    pub(super) fn parse(&self, content: &str) -> Result<Map<String, Value>, Problem> {
        FileFormat::Toml.parse(Some(&self.name), content).map_err(|error| self.fault(&error.to_string()))
    }

    /// The parser's report is a headline with the position, the line itself between rulers, and the reason last.
    fn fault(&self, report: &str) -> Problem {
        let lines: Vec<&str> = report.lines().collect();
        let place = lines.first().and_then(|line| line.strip_prefix("TOML parse error at "));
        let reason = lines.last().copied().unwrap_or("is no TOML");
        let reason = match place {
            Some(place) => format!("{place}: {reason}"),
            None => format!("not TOML: {reason}"),
        };
        Problem::new(&self.name, "", reason)
    }
}

/// The folder of `path`, absolute where the working directory is known, so that origins read the same from anywhere.
fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::path::absolute(named).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(content: &str) -> String {
        let text =
            Text { name: "a.toml".to_owned(), folder: PathBuf::from("/"), content: content.to_owned() };
        text.parse(&text.content).unwrap_err().to_string()
    }

    #[test]
    fn a_syntax_error_is_told_by_place_and_reason_without_the_line() {
        for (content, told) in [
            ("[api]\ntoken = user:123-abc\n", "a.toml: line 2, column 9: "),
            ("token = \"user:123-abc\ntimeout = 1", "a.toml: line 1, column "),
            ("token = \"user:123-abc\" user:123-abc", "a.toml: line 1, column "),
            ("a = 1\na = 'user:123-abc'", "a.toml: line 2, column 1: duplicate "),
            ("a = 99999999999999999999", "a.toml: not TOML: number too large"),
        ] {
            let fault = fault(content);
            assert!(fault.starts_with(told), "{fault}");
            assert!(fault.len() > told.len() && !fault.contains("123") && !fault.contains('\n'), "{fault}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_key() {
        let content = "\u{feff}a = 1".to_owned();
        let text = Text { name: "a.toml".to_owned(), folder: PathBuf::new(), content };
        assert!(text.parse(&text.content).unwrap().contains_key("a"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let told = Text::read(folder.path()).err().unwrap().to_string();
        assert_eq!(told, format!("{}: is a folder, not a regular file", folder.path().display()));
        std::fs::write(folder.path().join("latin1.toml"), b"name = \"\xe9\"").unwrap();
        assert!(Text::read(&folder.path().join("latin1.toml")).err().unwrap().to_string().contains("UTF-8"));
    }

    #[test]
    fn relative_paths_start_beside_the_file() {
        assert_eq!(folder(Path::new("/etc/x/a.toml")), PathBuf::from("/etc/x"));
        assert_eq!(folder(Path::new("a.toml")), std::env::current_dir().unwrap());
    }
}
