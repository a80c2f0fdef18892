//! A stage: one command of the program, what it reads and where it writes.

use std::path::{Path, PathBuf};

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// As it stands.
    Text(String),
    /// As it stands, and the result does not depend on it.
    Silent(String),
    /// A file or folder of the user.
    Input(PathBuf),
    /// What another stage has made, or this one makes, by its name in the output folder.
    Made(String),
}

/// Where a stage writes, by its name in the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A folder that the command marks.
    Folder(String),
    /// One file.
    File(String),
    /// What it prints is kept in this file.
    Printed(String),
}

impl Output {
    /// Its name in the output folder.
    pub fn name(&self) -> &str {
        match self {
            Output::Folder(name) | Output::File(name) | Output::Printed(name) => name,
        }
    }
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What it is called.
    pub name: String,
    /// The command line behind the program's name.
    pub words: Vec<Word>,
    /// Words that are added when it is run, such as `--overwrite`.
    pub when_run: Vec<String>,
    /// Where it writes.
    pub output: Output,
    /// Stages whose output it reads.
    pub after: Vec<String>,
    /// A file that is written before it is run: its name in the output folder.
    pub file: Option<String>,
    /// The text that stands for that file in the key, with paths as the study has them.
    pub file_text: String,
    /// What that file names, beside the inputs among the words.
    pub reads: Vec<PathBuf>,
    /// Without it no later stage makes sense.
    pub needed: bool,
}

impl Stage {
    /// What is left of a report where stages that it would show have failed; any other stage needs them.
    pub fn without_made(&self, failed: &[String]) -> Stage {
        let mut stage = self.clone();
        if self.name != "report" {
            return stage;
        }
        let is_failed = |name: &str| {
            let stem = name.trim_end_matches(".json");
            failed.iter().any(|f| f == stem) && !stem.starts_with("dose")
        };
        let mut at = 0;
        while at + 1 < stage.words.len() {
            // An option and what it names.
            match &stage.words[at + 1] {
                Word::Made(name) if is_failed(name) => drop(stage.words.drain(at..at + 2)),
                _ => at += 1,
            }
        }
        stage.after.retain(|name| !is_failed(name));
        stage
    }

    /// Has it run with so many threads, whatever the study says; its result does not depend on them.
    pub fn set_threads(&mut self, threads: usize) {
        let name = Word::Silent("--threads".into());
        if let Some(at) = self.words.iter().position(|w| *w == name) {
            self.words.drain(at..(at + 2).min(self.words.len()));
        }
        self.words.extend([name, Word::Silent(threads.to_string())]);
    }

    /// Every file and folder of the user that it reads.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let of_words = self.words.iter().filter_map(|w| match w {
            Word::Input(path) => Some(path.as_path()),
            _ => None,
        });
        of_words.chain(self.reads.iter().map(PathBuf::as_path))
    }

    /// The command line with paths into the output folder.
    pub fn line(&self, out: &Path) -> Vec<String> {
        let text = |word: &Word| match word {
            Word::Text(text) | Word::Silent(text) => text.clone(),
            Word::Input(path) => path.display().to_string(),
            Word::Made(name) => out.join(name).display().to_string(),
        };
        let mut words: Vec<String> = self.words.iter().map(text).collect();
        if !matches!(self.output, Output::Printed(_)) {
            words.extend(["-o".into(), out.join(self.output.name()).display().to_string()]);
        }
        words
    }

    /// The command line as a shell takes it.
    pub fn shown(&self, out: &Path) -> String {
        let words = self.line(out);
        let quoted = words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ");
        let to = match &self.output {
            Output::Printed(name) => format!(" > {}", quoted_path(&out.join(name))),
            _ => String::new(),
        };
        format!("voxgray {quoted}{to}")
    }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A word in quotes where a shell needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
