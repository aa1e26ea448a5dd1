//! Reads files that others wrote: secrets, the configuration, the first bytes of a store.
//!
//! Guarantees: only regular files are opened, or links to them. Neither opening nor reading blocks, as it would on a named pipe
//! without a writer. No more is read than the caller allows.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;

/// Why a file was not read; the rest of a sentence that begins with its path.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is something else, such as a named pipe.
    #[error("is {0}, not a regular file")]
    Kind(&'static str),
    /// It is larger than the caller allows.
    #[error("is too large: more than {} KiB", .0 >> 10)]
    TooLarge(u64),
    /// The text in it is in another encoding.
    #[error("is {0}: save it as UTF-8")]
    Encoding(&'static str),
    /// The system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Opens the regular file at `path`.
///
/// # Errors
/// When it does not exist, cannot be opened, or is not a regular file.
pub fn open(path: &Path) -> Result<(File, Metadata), FileError> {
    // Before opening, which has effects on some devices.
    require_regular(std::fs::metadata(path)?.file_type())?;
    // It may have been replaced since: opening does not block, and the opened file is checked again.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    require_regular(metadata.file_type())?;
    Ok((file, metadata))
}

/// Reads the regular file at `path`, which may hold `limit` bytes.
///
/// # Errors
/// As [`open`], and when it is larger.
pub fn read(path: &Path, limit: u64) -> Result<(Vec<u8>, Metadata), FileError> {
    let (file, metadata) = open(path)?;
    let mut bytes = Vec::new();
    // Counted while reading: some files report a length of zero, and others grow.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(FileError::TooLarge(limit));
    }
    Ok((bytes, metadata))
}

/// The text in `bytes`, without a byte order mark.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, FileError> {
    if is_utf16(&bytes) {
        return Err(FileError::Encoding("UTF-16, not UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|_| FileError::Encoding("not UTF-8"))?;
    Ok(text.strip_prefix(BYTE_ORDER_MARK).map(str::to_owned).unwrap_or(text))
}

/// What some editors put before UTF-8; it is not part of the text.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Recognised by its byte order mark, or because every second byte is zero, as in UTF-16 of plain letters.
fn is_utf16(bytes: &[u8]) -> bool {
    let zero_from = |first: usize| bytes.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    let is_marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    is_marked || bytes.len() >= 2 && (zero_from(0) || zero_from(1))
}

fn require_regular(kind: FileType) -> Result<(), FileError> {
    if kind.is_file() {
        return Ok(());
    }
    Err(FileError::Kind(if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "something else"
    }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use nix::sys::stat::Mode;
    use proptest::prelude::*;

    use super::*;

    fn refusal(path: &Path, limit: u64) -> String {
        read(path, limit).unwrap_err().to_string()
    }

    #[test]
    fn only_regular_files_are_read_and_others_are_refused_by_kind_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (name, target) in [("zero", "/dev/zero"), ("linked-pipe", "pipe"), ("self", "self")] {
            symlink(target, at(name)).unwrap();
        }
        for (name, refused) in [
            ("pipe", "is a named pipe, not a regular file"),
            ("linked-pipe", "is a named pipe, not a regular file"),
            ("zero", "is a device, not a regular file"),
            ("socket", "is a socket, not a regular file"),
            ("", "is a folder, not a regular file"),
            ("absent", "cannot be read: No such file"),
            ("self", "cannot be read: Too many levels of symbolic links"),
        ] {
            let message = refusal(&at(name), 10);
            assert!(message.starts_with(refused), "{name}: {message}");
        }
        std::fs::write(at("file"), "0123456789").unwrap();
        symlink("file", at("link")).unwrap();
        assert_eq!(read(&at("link"), 10).unwrap().0, b"0123456789", "credentials are links");
        assert_eq!(refusal(&at("file"), 9), "is too large: more than 0 KiB");
    }

    #[test]
    fn a_byte_order_mark_is_removed_and_utf_16_is_named() {
        assert_eq!(decode(b"\xef\xbb\xbfuser:1-a".to_vec()).unwrap(), "user:1-a");
        let units = |mark: &[u8], of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain("user".encode_utf16().flat_map(of)).collect()
        };
        for bytes in [
            units(&[0xff, 0xfe], u16::to_le_bytes),
            units(&[0xfe, 0xff], u16::to_be_bytes),
            units(&[], u16::to_le_bytes),
            units(&[], u16::to_be_bytes),
        ] {
            assert_eq!(decode(bytes).unwrap_err().to_string(), "is UTF-16, not UTF-8: save it as UTF-8");
        }
        assert_eq!(decode(b"\xe9".to_vec()).unwrap_err().to_string(), "is not UTF-8: save it as UTF-8");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(text) = decode(bytes.clone()) {
                prop_assert!(bytes.ends_with(text.as_bytes()));
            }
        }
    }
}
