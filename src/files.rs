//! The one door through which files of a user are opened. Nothing that may never end is read as a file: folders, pipes, sockets and
//! devices are refused by name, without waiting for a writer, and a text has a largest size. Ctrl-C ends a reader at its next piece.
//!
//! `tests/layers.rs` sees to it that no other place opens files.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::interrupt;

/// Largest text with keys (TOML), bytes: the longest written by hand have some 100 kB.
pub const MOST_TEXT: u64 = 16 << 20;
/// How long to wait before a pipe is asked again.
const PAUSE: Duration = Duration::from_millis(5);

/// Bytes in lower-case hexadecimal, as hashes are written everywhere.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A regular file that is open for reading.
#[derive(Debug)]
pub struct InputFile {
    file: File,
    length: u64,
}

impl InputFile {
    /// Opens a regular file.
    ///
    /// # Errors
    /// If it cannot be opened, or is something else.
    pub fn open(path: &Path) -> Result<InputFile> {
        let (file, meta) = open(path)?;
        if !meta.is_file() {
            return Err(not_regular(path, meta.file_type()));
        }
        Ok(InputFile { file, length: meta.len() })
    }

    /// Bytes when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if interrupt::requested() {
            return Err(interrupt::io_error());
        }
        self.file.read(buffer)
    }
}

impl Seek for InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Whether a path names a regular file.
///
/// # Errors
/// If there is nothing of that name.
pub fn is_regular(path: &Path) -> Result<bool> {
    Ok(std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))?.is_file())
}

/// Refuses a path that names nothing.
///
/// # Errors
/// If so.
pub fn exists(path: &Path) -> Result<()> {
    is_regular(path).map(|_| ())
}

/// The text of a file with keys, of 16 MiB at most.
///
/// # Errors
/// If it cannot be read, is no regular file, larger, or no UTF-8.
pub fn text(path: &Path) -> Result<String> {
    as_text(path, bytes(path, MOST_TEXT)?)
}

/// As [`text`]; it may also come through a pipe (`<(command)` of a shell, `/dev/stdin`), for files that are read once.
///
/// # Errors
/// As [`text`].
pub fn text_or_pipe(path: &Path) -> Result<String> {
    as_text(path, bytes_or_pipe(path, MOST_TEXT)?)
}

fn as_text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        Error::input(
            format!("{} is no text", path.display()),
            format!("byte {} is not UTF-8", e.utf8_error().valid_up_to() + 1),
            "Save it as text in UTF-8.",
        )
    })
}

/// All bytes of a regular file of `most` bytes at most.
///
/// # Errors
/// If it cannot be read, is something else, or larger.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = InputFile::open(path)?;
    if file.length > most {
        return Err(too_large(path, file.length, most));
    }
    all(path, file, most)
}

/// As [`bytes`]; they may also come through a pipe. A pipe without a writer is empty.
///
/// # Errors
/// As [`bytes`].
pub fn bytes_or_pipe(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, meta) = open(path)?;
    if !is_pipe(meta.file_type()) {
        drop(file);
        return bytes(path, most);
    }
    all(path, Pipe(file), most)
}

fn all(path: &Path, reader: impl Read, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes).map_err(|e| Error::io("read", path, &e))?;
    if bytes.len() as u64 > most {
        return Err(too_large(path, bytes.len() as u64, most));
    }
    Ok(bytes)
}

fn too_large(path: &Path, found: u64, most: u64) -> Error {
    Error::input(
        format!("{} has {found} bytes or more", path.display()),
        format!("a file of this kind has at most {most}"),
        "Check that it is the right file.",
    )
}

/// A pipe that was opened without waiting.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if interrupt::requested() {
                return Err(interrupt::io_error());
            }
            match self.0.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                other => return other,
            }
        }
    }
}

/// Opens without waiting: a pipe without a writer would block, and a device may do anything, so it is looked at first.
fn open(path: &Path) -> Result<(File, Metadata)> {
    let failed = |e: &io::Error| Error::io("open", path, e);
    let seen = std::fs::metadata(path).map_err(|e| failed(&e))?;
    if !seen.is_file() && !is_pipe(seen.file_type()) {
        return Err(not_regular(path, seen.file_type()));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(|e| failed(&e))?;
    let meta = file.metadata().map_err(|e| failed(&e))?;
    Ok((file, meta))
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

fn not_regular(path: &Path, kind: FileType) -> Error {
    let what = if kind.is_dir() {
        "a folder"
    } else if is_pipe(kind) {
        "a pipe"
    } else {
        "a device or socket"
    };
    Error::input(
        format!("cannot read {}", path.display()),
        format!("it is {what}, not a regular file"),
        if is_pipe(kind) {
            "Write its content to a file first: it is read more than once."
        } else {
            "Name a file."
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = InputFile::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("it is a folder, not a regular file"), "{error}");
        assert!(text(folder.path()).is_err() && bytes_or_pipe(folder.path(), 9).is_err());
        assert!(InputFile::open(&folder.path().join("absent")).is_err());
        #[cfg(target_os = "linux")]
        for device in ["/dev/zero", "/dev/null"] {
            let error = text_or_pipe(Path::new(device)).unwrap_err().to_string();
            assert!(error.contains("a device"), "{error}");
        }
    }

    #[test]
    fn sizes_and_encoding_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(bytes(&path, 5).unwrap(), b"12345");
        assert!(bytes(&path, 4).unwrap_err().to_string().contains("at most 4"));
        std::fs::write(&path, b"ab\xff").unwrap();
        assert!(text(&path).unwrap_err().to_string().contains("byte 3 is not UTF-8"));
        // A file of 1 TiB without content.
        File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(text(&path).unwrap_err().to_string().contains("at most"));
    }
}
