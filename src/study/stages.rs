//! The stages of a study, in the order in which they are run.

use std::path::{Path, PathBuf};

use super::commands::{Commands, Section};
use super::file::{Cycle, Study};
use super::paths::seen_from;
use super::series_text::series_text;
use super::stage::{Output, Stage, Word};
use crate::error::{Error, Result};
use crate::physics::own_nuclides::tables_of;
use crate::pipeline::series_file::SeriesInput;

/// Options of `voxgray dose` that come from other keys of a study.
const TAKEN_BY_DOSE: [&str; 12] = [
    "ct",
    "ct-series",
    "activity",
    "nuclide",
    "administered",
    "voi",
    "voi-names",
    "out",
    "overwrite",
    "resume",
    "shard",
    "from-shards",
];
/// The same of the commands that analyse a dose.
const TAKEN_BY_ANALYSIS: [&str; 7] =
    ["voi", "voi-names", "administered", "out", "overwrite", "csv", "json"];
const TAKEN_BY_LIMIT: [&str; 5] = ["cycle", "administered", "given", "csv", "json"];
const TAKEN_BY_REPORT: [&str; 11] = [
    "ct-series",
    "administered",
    "pseudonym",
    "ct",
    "voi",
    "voi-names",
    "dvh",
    "bed",
    "limit",
    "out",
    "overwrite",
];
const TAKEN_BY_DICOM: [&str; 3] = ["bed", "out", "overwrite"];

fn text(word: &str) -> Word {
    Word::Text(word.into())
}

/// `dose` where there is one, `dose_2` of several.
fn numbered(name: &str, n: usize, of: usize) -> String {
    if of == 1 { name.into() } else { format!("{name}_{}", n + 1) }
}

impl Study {
    /// What the study runs.
    ///
    /// # Errors
    /// If a key is none of its command's, or what one stage needs is not stated.
    pub fn stages(&self, commands: &Commands) -> Result<Vec<Stage>> {
        let cycles = self.cycles.len();
        let mut stages = Vec::new();
        for (n, cycle) in self.cycles.iter().enumerate() {
            stages.push(self.dose(commands, cycle, n)?);
        }
        for (n, cycle) in self.cycles.iter().enumerate() {
            for (v, voi) in cycle.vois.iter().enumerate() {
                let name = numbered(&numbered("dvh", n, cycles), v, cycle.vois.len());
                let mut words = vec![text("dvh"), Word::Made(numbered("dose", n, cycles))];
                voi_words(&mut words, &voi.file, voi.names.as_deref());
                if let Some(given) = &cycle.administered {
                    words.extend([text("--administered"), text(given)]);
                }
                words.extend(self.words(commands, "dvh", "dvh", &self.dvh, &TAKEN_BY_ANALYSIS)?);
                stages.push(analysis(name, words, vec![numbered("dose", n, cycles)]));
            }
        }
        let doses: Vec<String> = (0..cycles).map(|n| numbered("dose", n, cycles)).collect();
        let vois = &self.cycles[0].vois;
        if let Some(bed) = &self.bed {
            if vois.is_empty() {
                return Err(self.needs_voi("bed", "a BED is that of a VOI"));
            }
            for (v, voi) in vois.iter().enumerate() {
                let mut words = vec![text("bed")];
                words.extend(self.nuclide_words());
                words.extend(doses.iter().cloned().map(Word::Made));
                voi_words(&mut words, &voi.file, voi.names.as_deref());
                words.extend(self.words(commands, "bed", "bed", bed, &TAKEN_BY_ANALYSIS)?);
                stages.push(analysis(numbered("bed", v, vois.len()), words, doses.clone()));
            }
        }
        for (n, limit) in self.limits.iter().enumerate() {
            stages.push(self.limit(commands, limit, n, &doses)?);
        }
        if let Some(dicom) = &self.dicom {
            for (n, cycle) in self.cycles.iter().enumerate() {
                let mut words = vec![text("dicom"), Word::Made(doses[n].clone())];
                let mut after = vec![doses[n].clone()];
                if let (Some(ct), false) = (&cycle.ct, dicom.contains_key("reference")) {
                    words.extend([text("--reference"), Word::Input(ct.clone())]);
                    words.extend(series_words("--reference-series", cycle));
                }
                if self.bed.is_some() && cycles == 1 && vois.len() == 1 {
                    words.extend([text("--bed"), Word::Made("bed".into())]);
                    after.push("bed".into());
                }
                words.extend(self.words(commands, "dicom", "dicom", dicom, &TAKEN_BY_DICOM)?);
                stages.push(analysis(numbered("dicom", n, cycles), words, after));
            }
        }
        let report = self.report(commands, &stages, &doses)?;
        stages.push(report);
        Ok(stages)
    }

    /// One page of all stages before it.
    fn report(&self, commands: &Commands, stages: &[Stage], doses: &[String]) -> Result<Stage> {
        let mut words = vec![text("report")];
        words.extend(doses.iter().cloned().map(Word::Made));
        if let Some(name) = &self.pseudonym {
            words.push(Word::Text(format!("--pseudonym={name}")));
        }
        for cycle in &self.cycles {
            if let Some(given) = &cycle.administered {
                words.extend([text("--administered"), text(given)]);
            }
            if let Some(ct) = &cycle.ct {
                words.extend([text("--ct"), Word::Input(ct.clone())]);
                words.extend(series_words("--ct-series", cycle));
            }
        }
        for voi in &self.cycles[0].vois {
            voi_words(&mut words, &voi.file, voi.names.as_deref());
        }
        let mut after = doses.to_vec();
        for stage in stages {
            let option = match stage.name.split('_').next() {
                Some("dvh") => "--dvh",
                Some("bed") => "--bed",
                Some("limit") => "--limit",
                _ => continue,
            };
            words.extend([text(option), Word::Made(stage.output.name().to_owned())]);
            after.push(stage.name.clone());
        }
        words.extend(self.words(commands, "report", "report", &self.report, &TAKEN_BY_REPORT)?);
        Ok(Stage {
            output: Output::File("report.html".into()),
            ..analysis("report".into(), words, after)
        })
    }

    fn words(
        &self,
        commands: &Commands,
        command: &str,
        path: &str,
        table: &toml::Table,
        taken: &[&str],
    ) -> Result<Vec<Word>> {
        let of = Section { path, table, folder: &self.folder, lines: &self.lines };
        commands.words(command, taken, &of)
    }

    /// Options that choose the nuclides of every stage that looks one up.
    fn nuclide_words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        if let Some(data) = &self.nuclide_data {
            words.extend([text("--nuclide-data"), text(data)]);
        }
        if let Some(file) = &self.nuclide_file {
            words.extend([text("--nuclide-file"), Word::Input(file.clone())]);
        }
        words
    }

    fn dose(&self, commands: &Commands, cycle: &Cycle, n: usize) -> Result<Stage> {
        let cycles = self.cycles.len();
        let mut words = vec![text("dose"), text("--nuclide"), text(&self.nuclide)];
        words.extend(self.nuclide_words());
        if let Some(ct) = &cycle.ct {
            words.extend([text("--ct"), Word::Input(ct.clone())]);
            words.extend(series_words("--ct-series", cycle));
        }
        let (mut file, mut file_text, mut reads) = (None, String::new(), Vec::new());
        words.push(text("--activity"));
        match &cycle.activity {
            Some(image) => {
                words.push(Word::Input(image.clone()));
                if let Some(time) = &cycle.time {
                    words.extend([text("--administered"), text(time)]);
                }
            }
            None => {
                let name = format!("{}.toml", numbered("series", n, cycles));
                words.push(Word::Made(name.clone()));
                // As the file of the study has them: the same wherever the results are.
                let within = |p: &Path| p.strip_prefix(&self.folder).unwrap_or(p).to_path_buf();
                let series = series_text(self, cycle, &within)?;
                (file, file_text, reads) = (Some(name), series.text, series.reads);
            }
        }
        for voi in &cycle.vois {
            voi_words(&mut words, &voi.file, voi.names.as_deref());
        }
        words.extend(self.words(commands, "dose", "dose", &self.dose, &TAKEN_BY_DOSE)?);
        // Tables that the file of nuclides names are inputs too.
        reads.extend(self.nuclide_file.iter().flat_map(|f| tables_of(f)));
        let name = numbered("dose", n, cycles);
        Ok(Stage {
            output: Output::Folder(name.clone()),
            name,
            words,
            when_run: vec!["--overwrite".into(), "--resume".into()],
            after: Vec::new(),
            file,
            file_text,
            reads,
            needed: true,
        })
    }

    fn limit(
        &self,
        commands: &Commands,
        table: &toml::Table,
        n: usize,
        doses: &[String],
    ) -> Result<Stage> {
        let mut words = vec![text("plan"), text("limit")];
        words.extend(self.nuclide_words());
        for (dose, cycle) in doses.iter().zip(&self.cycles) {
            words.extend([text("--cycle"), Word::Made(dose.clone())]);
            if let Some(given) = &cycle.administered {
                words.extend([text("--administered"), text(given)]);
            }
        }
        let path = format!("limit.{}", n + 1);
        words.extend(self.words(commands, "plan limit", &path, table, &TAKEN_BY_LIMIT)?);
        words.push(text("--json"));
        let name = numbered("limit", n, self.limits.len());
        Ok(Stage {
            output: Output::Printed(format!("{name}.json")),
            when_run: Vec::new(),
            ..analysis(name, words, doses.to_vec())
        })
    }

    fn needs_voi(&self, key: &str, why: &str) -> Error {
        Error::input(
            format!("[{key}]{} and the first cycle has no VOI", self.line(key)),
            why,
            "Add [[cycle.voi]] with file = \"...\".",
        )
    }

    /// The series file of a stage as it will be read, with paths that hold here; none for one without.
    ///
    /// # Errors
    /// If a key is unknown or a value makes no sense.
    pub fn series_of(&self, stage: &Stage) -> Result<Option<SeriesInput>> {
        let Some(cycle) = self.cycle_of(stage) else { return Ok(None) };
        // Joined to the folder of the study already.
        let whole = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_path_buf());
        let text = series_text(self, cycle, &whole)?.text;
        SeriesInput::parse(&text, &self.path).map(Some).map_err(|e| self.located(e))
    }

    /// An error of the series file, whose lines are not those of the study file, with the study's line of the key that it names.
    fn located(&self, mut error: Error) -> Error {
        if let Some(at) = error.why.rfind("^\n") {
            error.why = error.why[at + 2..].trim().to_owned();
            error.problem = "keys of time points and of [series]".into();
        }
        let key = error.why.split('`').nth(1).unwrap_or_default();
        let missing = error.why.contains("missing field");
        let line = (!missing).then(|| self.lines.ending_in(key)).flatten();
        let line = line.map_or(String::new(), |l| format!(", line {l}"));
        error.problem = format!("{}{line}: {}", self.path.display(), error.problem);
        if missing {
            error.suggestion = format!("Add {key} = ... to [series]: voxgray help-file series.");
        }
        error
    }

    fn cycle_of(&self, stage: &Stage) -> Option<&Cycle> {
        let name = stage.file.as_ref()?;
        let cycles = self.cycles.len();
        let of = |n: &usize| format!("{}.toml", numbered("series", *n, cycles)) == *name;
        (0..cycles).find(of).map(|n| &self.cycles[n])
    }

    /// The text of a stage's file as it is written to the output folder.
    ///
    /// # Errors
    /// As [`Study::stages`].
    pub fn file_of(&self, stage: &Stage) -> Result<Option<(String, String)>> {
        let (Some(name), Some(cycle)) = (&stage.file, self.cycle_of(stage)) else {
            return Ok(None);
        };
        let place = |path: &Path| -> PathBuf { seen_from(&self.out, path, &self.folder) };
        Ok(Some((name.clone(), series_text(self, cycle, &place)?.text)))
    }
}

/// Which series of a folder is the CT.
fn series_words(option: &str, cycle: &Cycle) -> Vec<Word> {
    let uid = cycle.ct_series.as_deref();
    uid.map_or(Vec::new(), |uid| vec![text(option), text(uid)])
}

fn voi_words(words: &mut Vec<Word>, file: &Path, names: Option<&Path>) {
    words.extend([text("--voi"), Word::Input(file.to_path_buf())]);
    if let Some(names) = names {
        words.extend([text("--voi-names"), Word::Input(names.to_path_buf())]);
    }
}

/// A stage that reads what others have made and writes a folder.
fn analysis(name: String, words: Vec<Word>, after: Vec<String>) -> Stage {
    Stage {
        output: Output::Folder(name.clone()),
        name,
        words,
        when_run: vec!["--overwrite".into()],
        after,
        file: None,
        file_text: String::new(),
        reads: Vec::new(),
        needed: false,
    }
}
