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
    /// `NAME=` and one of these.
    Named(String, Box<Word>),
}

impl Word {
    /// Without its name, where it has one.
    pub fn bare(&self) -> &Word {
        match self {
            Word::Named(_, of) => of.bare(),
            other => other,
        }
    }

    /// As it stands on the command line; what stages make lies in `out`.
    pub fn text(&self, out: &Path) -> String {
        match self {
            Word::Text(text) | Word::Silent(text) => text.clone(),
            Word::Input(path) => path.display().to_string(),
            Word::Made(name) => out.join(name).display().to_string(),
            Word::Named(name, of) => format!("{name}={}", of.text(out)),
        }
    }
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
    /// It is the dose of a cycle: without it no later stage makes sense.
    pub needed: bool,
    /// It runs histories, which can be shared out.
    pub shared: bool,
    /// Tables of the study file that its words come from, the first first.
    pub tables: Vec<String>,
}

impl Stage {
    /// What is left of a report or a comparison where stages that it would show have failed; any other stage needs them, and so does a comparison of
    /// nothing.
    pub fn without_made(&self, failed: &[String]) -> Stage {
        let mut stage = self.clone();
        let compares = self.kind() == "compare";
        if self.name != "report" && !compares {
            return stage;
        }
        let is_failed = |name: &str| {
            let stem = name.trim_end_matches(".json");
            failed.iter().any(|f| f == stem) && !stem.starts_with("dose")
        };
        let mut at = 0;
        while at + 1 < stage.words.len() {
            // An option and what it names.
            match stage.words[at + 1].bare() {
                Word::Made(name) if is_failed(name) => drop(stage.words.drain(at..at + 2)),
                _ => at += 1,
            }
        }
        if compares && !stage.words.iter().any(|w| matches!(w, Word::Named(..))) {
            return self.clone();
        }
        stage.after.retain(|name| !is_failed(name));
        if self.name == "report" {
            let failed = failed.iter().filter(|f| !f.starts_with("dose"));
            stage.words.extend(failed.map(|f| Word::Text(format!("--without={f}"))));
        }
        stage
    }

    /// What its name begins with: `dose` of `dose_2`.
    pub fn kind(&self) -> &str {
        self.name.split('_').next().unwrap_or_default()
    }

    /// The command that it runs, such as `plan limit`.
    pub fn command(&self) -> String {
        let word = |n: usize| match self.words.get(n) {
            Some(Word::Text(text)) => text.as_str(),
            _ => "",
        };
        if word(0) == "plan" { format!("plan {}", word(1)) } else { word(0).to_owned() }
    }

    /// The table of the study file with its options.
    pub fn table(&self) -> &str {
        self.tables.first().map_or(&self.name, String::as_str)
    }

    /// Whether it runs `voxgray dose`.
    pub fn is_dose(&self) -> bool {
        self.words.first() == Some(&Word::Text("dose".into()))
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
        let of_words = self.words.iter().filter_map(|w| match w.bare() {
            Word::Input(path) => Some(path.as_path()),
            _ => None,
        });
        of_words.chain(self.reads.iter().map(PathBuf::as_path))
    }

    /// The command line with paths into the output folder.
    pub fn line(&self, out: &Path) -> Vec<String> {
        let mut words: Vec<String> = self.words.iter().map(|w| w.text(out)).collect();
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
