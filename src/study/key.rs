//! The hash of all that a stage depends on: build of the program, command line, contents of its inputs, and the same of the stages before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::file::Study;
use super::stage::{Stage, Word};
use crate::error::{Error, Result};
use crate::files::hex;
use crate::io::dicom::is_dicom;
use crate::io::sha256_file;
use crate::program::Program;

/// Hashes of files and stages, each made once.
#[derive(Debug, Default)]
pub struct Keys {
    /// The study's file and output folder, which may lie in a folder of images and are no images.
    own: Vec<PathBuf>,
    contents: BTreeMap<PathBuf, String>,
    stages: BTreeMap<String, String>,
}

impl Keys {
    /// Keys of a study.
    pub fn of_study(study: &Study) -> Self {
        let own = [&study.path, &study.out].map(|p| whole(p));
        Keys { own: own.into(), ..Keys::default() }
    }

    /// The key of a stage; those of the stages before it have been asked for.
    ///
    /// # Errors
    /// If an input cannot be read.
    pub fn of(&mut self, stage: &Stage) -> Result<String> {
        let program = Program::this();
        let mut parts = vec![program.version, program.source_sha256, program.tables_sha256];
        parts.push(stage.name.clone());
        for word in &stage.words {
            if let Word::Named(name, _) = word {
                parts.push(format!("named {name}"));
            }
            match word.bare() {
                Word::Silent(_) | Word::Named(..) => {}
                Word::Text(text) => parts.push(format!("word {text}")),
                Word::Made(name) => parts.push(format!("made {name}")),
                Word::Input(path) => parts.push(format!("input {}", self.content(path)?)),
            }
        }
        parts.push(format!("file {}", stage.file_text));
        for path in &stage.reads {
            parts.push(format!("read {}", self.content(path)?));
        }
        for before in &stage.after {
            let key = self.stages.get(before).cloned().unwrap_or_default();
            parts.push(format!("after {before} {key}"));
        }
        let key = hash_of(&parts);
        self.stages.insert(stage.name.clone(), key.clone());
        Ok(key)
    }

    /// SHA-256 of a file, or of the hashes of the files in a folder, whatever their names: of its DICOM files where it has any. The study's file and
    /// output in a folder are none of its contents.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn content(&mut self, path: &Path) -> Result<String> {
        if let Some(known) = self.contents.get(path) {
            return Ok(known.clone());
        }
        let found = if path.is_dir() {
            let mut files = Vec::new();
            within(&whole(path), &self.own, &mut files)?;
            // What lies beside images in a folder of DICOM is no part of it: notes, tables, the study's own text.
            let dicom = files.iter().map(|f| is_dicom(f)).collect::<Result<Vec<bool>>>()?;
            let any = dicom.contains(&true);
            let kept = files.iter().zip(dicom).filter(|(_, dicom)| *dicom || !any);
            let mut hashes = kept.map(|(f, _)| sha256_file(f)).collect::<Result<Vec<_>>>()?;
            hashes.sort();
            hash_of(&hashes)
        } else {
            match voxels_of(path) {
                Some(voxels) => hash_of(&[sha256_file(path)?, sha256_file(&voxels)?]),
                None => sha256_file(path)?,
            }
        };
        self.contents.insert(path.to_path_buf(), found.clone());
        Ok(found)
    }
}

/// The file with the voxels of a header that stands alone (`.mhd`, `.nhdr`); none where it names none that is there, which its reader refuses.
fn voxels_of(header: &Path) -> Option<PathBuf> {
    let extension = header.extension()?.to_string_lossy().to_lowercase();
    if !["mhd", "nhdr"].contains(&extension.as_str()) {
        return None;
    }
    let text = crate::files::text(header).ok()?;
    let named = text.lines().find_map(|line| {
        let (key, value) = line.split_once(['=', ':'])?;
        let key = key.to_lowercase().replace(' ', "");
        ["elementdatafile", "datafile"].contains(&key.as_str()).then(|| value.trim())
    })?;
    let path = header.parent().unwrap_or(Path::new("")).join(named);
    path.is_file().then_some(path)
}

/// A path that compares with others.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_path_buf())
}

fn within(folder: &Path, own: &[PathBuf], files: &mut Vec<PathBuf>) -> Result<()> {
    let error = |e: &std::io::Error| Error::io("read", folder, e);
    for entry in std::fs::read_dir(folder).map_err(|e| error(&e))? {
        let entry = entry.map_err(|e| error(&e))?;
        // Hidden files (.DS_Store, the lock of a run) come and go.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        if own.contains(&path) {
            continue;
        }
        if path.is_dir() {
            within(&path, own, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn hash_of(parts: &[String]) -> String {
    hex(&Sha256::digest(parts.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::super::stage::Output;
    use super::*;

    fn stage(words: Vec<Word>) -> Stage {
        Stage {
            name: "dose".into(),
            words,
            when_run: Vec::new(),
            output: Output::Folder("dose".into()),
            after: Vec::new(),
            file: None,
            file_text: String::new(),
            reads: Vec::new(),
            needed: true,
            shared: true,
            tables: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_of_contents_and_of_what_decides() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for (name, text) in [("a", "1"), ("b", "1"), ("c", "2")] {
            std::fs::create_dir_all(at(name).join("deep")).unwrap();
            std::fs::write(at(name).join("deep/image"), text).unwrap();
        }
        let key = |words: Vec<Word>| Keys::default().of(&stage(words)).unwrap();
        let of = |name: &str| key(vec![Word::Input(at(name))]);
        assert_eq!(of("a"), of("b"));
        assert_ne!(of("a"), of("c"));
        std::fs::write(at("a/.DS_Store"), "x").unwrap();
        assert_eq!(of("a"), of("b"));
        // Notes beside DICOM files are no images.
        let dicom = [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0"].concat();
        std::fs::create_dir_all(at("d")).unwrap();
        std::fs::write(at("d/1"), &dicom).unwrap();
        let before = of("d");
        std::fs::write(at("d/notes.txt"), "x").unwrap();
        assert_eq!(of("d"), before);
        std::fs::write(at("d/2"), &dicom).unwrap();
        assert_ne!(of("d"), before);
        // An export that holds the study itself.
        std::fs::create_dir_all(at("a/study-out")).unwrap();
        std::fs::write(at("a/study-out/summary.json"), "x").unwrap();
        std::fs::write(at("a/study.toml"), "x").unwrap();
        assert_ne!(of("a"), of("b"));
        let own = ["a/study.toml", "a/study-out"].map(|p| whole(&at(p)));
        let mut keys = Keys { own: own.into(), ..Keys::default() };
        assert_eq!(keys.of(&stage(vec![Word::Input(at("a"))])).unwrap(), of("b"));
        // A header's voxels are in a file of their own.
        for (header, line) in [("h.mhd", "ElementDataFile = h.raw"), ("h.nhdr", "data file: h.raw")]
        {
            std::fs::write(at(header), format!("NDims = 3\n{line}\n")).unwrap();
            std::fs::write(at("h.raw"), "1").unwrap();
            let before = of(header);
            std::fs::write(at("h.raw"), "2").unwrap();
            assert_ne!(before, of(header));
        }
        let text = |t: &str| key(vec![Word::Text(t.into())]);
        assert_ne!(text("--seed=1"), text("--seed=2"));
        assert_eq!(key(vec![Word::Silent("4".into())]), key(Vec::new()));
    }
}
