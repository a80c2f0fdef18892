//! The DICOM files of a folder and its subfolders. Output folders of studies are no part of it: they may lie among the images, and what is in them
//! changes while a study is run, perhaps by several processes.

use std::path::{Path, PathBuf};

use super::object::looks_like_dicom;
use crate::error::{Error, Result};
use crate::files;
use crate::io::folder::is_study_output;

/// Deepest nesting of folders.
const MAX_FOLDER_DEPTH: usize = 16;

/// What lies in a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// DICOM files, sorted.
    pub dicom: Vec<PathBuf>,
    /// How many others there are; hidden ones (.DS_Store, the lock of a run) come and go and do not count.
    pub others: usize,
}

impl Listing {
    /// Looks through a folder.
    ///
    /// # Errors
    /// If it cannot be listed, folders are nested too deep, or a file cannot be read.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut all = Vec::new();
        list_files(folder, 0, &mut all)?;
        all.sort();
        let mut found = Listing::default();
        for file in all {
            let dicom = files::is_regular(&file).and_then(|r| Ok(r && looks_like_dicom(&file)?));
            match dicom {
                Ok(true) => found.dicom.push(file),
                Ok(false) if is_hidden(&file) => {}
                Ok(false) => found.others += 1,
                // There for a moment only, such as what another program was writing.
                Err(_) if is_gone(&file) => {}
                // A link to nothing, or to itself.
                Err(_) if !file.exists() => found.others += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

fn is_hidden(file: &Path) -> bool {
    file.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'))
}

fn is_gone(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_err()
}

fn list_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if depth > MAX_FOLDER_DEPTH {
        return Err(Error::input(
            format!("{}: folders are nested deeper than {MAX_FOLDER_DEPTH}", folder.display()),
            "a link may point back to its own folder",
            "Give the folder of the series itself.",
        ));
    }
    // The folder that the user names is what he means.
    if depth > 0 && is_study_output(folder)? {
        return Ok(());
    }
    let io = |e: std::io::Error| Error::io("list", folder, &e);
    let entries = match std::fs::read_dir(folder) {
        Err(_) if depth > 0 && is_gone(folder) => return Ok(()),
        entries => entries.map_err(io)?,
    };
    for entry in entries {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            // A link back to a folder that holds it: what lies there is listed already.
            let back = path.is_symlink()
                && path
                    .canonicalize()
                    .is_ok_and(|to| folder.canonicalize().is_ok_and(|from| from.starts_with(to)));
            if back {
                continue;
            }
            list_files(&path, depth + 1, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::folder::{Mark, STAGES};
    use std::fs;

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_and_back_hold_nobody_up() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let dicom = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0"].concat();
        fs::create_dir_all(at("CT")).unwrap();
        fs::write(at("CT/1"), &dicom).unwrap();
        std::os::unix::fs::symlink(at("none"), at("CT/2")).unwrap();
        std::os::unix::fs::symlink(at("CT/3"), at("CT/3")).unwrap();
        std::os::unix::fs::symlink(place.path(), at("CT/back")).unwrap();
        let found = Listing::of(place.path()).unwrap();
        assert_eq!(found, Listing { dicom: vec![at("CT/1")], others: 2 });
    }

    /// A study's output among the images, with what it holds and hides, changes nothing of what is read.
    #[test]
    fn outputs_of_studies_are_no_part_of_the_images() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let dicom = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0"].concat();
        fs::create_dir_all(at("CT")).unwrap();
        fs::write(at("CT/1"), &dicom).unwrap();
        fs::write(at("notes.txt"), "notes").unwrap();
        let before = Listing::of(place.path()).unwrap();
        assert_eq!(before, Listing { dicom: vec![at("CT/1")], others: 1 });
        fs::create_dir_all(at("study-out/dicom")).unwrap();
        fs::write(at("study-out/dicom/dose.dcm"), &dicom).unwrap();
        fs::write(at(".study-out.lock"), "1").unwrap();
        assert_eq!(Listing::of(place.path()).unwrap().dicom.len(), 2, "not yet known for one");
        fs::write(at("study-out").join(STAGES), "{}").unwrap();
        Mark::begun(&[STAGES.into()], false).write(&at("study-out")).unwrap();
        assert_eq!(Listing::of(place.path()).unwrap(), before);
        // Named by itself it is looked through.
        assert_eq!(Listing::of(&at("study-out")).unwrap().dicom.len(), 1);
    }
}
