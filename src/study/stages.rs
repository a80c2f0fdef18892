//! The stages of a study, in the order in which they are run.

use std::path::{Path, PathBuf};

use super::commands::{Commands, Section};
use super::file::{Cycle, Study};
use super::given::{self, Given};
use super::lines::Lines;
use super::methods::StudyMethod;
use super::paths::seen_from;
use super::series_text::series_text;
use super::stage::{Output, Stage, Word};
use crate::error::{Error, Result};
use crate::physics::own_nuclides::tables_of;
use crate::pipeline::series_file::SeriesInput;

/// In lists of cycles, in place of what one of them does not have.
pub const NONE: &str = "none";

pub(super) fn text(word: &str) -> Word {
    Word::Text(word.into())
}

/// `dose` where there is one, `dose_2` of several.
pub(super) fn numbered(name: &str, n: usize, of: usize) -> String {
    if of == 1 { name.into() } else { format!("{name}_{}", n + 1) }
}

/// Gives a cycle histories of its own: the seed is that of the first and its number. With one seed the noise of cycles whose images are alike is
/// the same, and does not average out in their sum.
fn own_histories(commands: &Commands, options: &mut Vec<Word>, n: usize) {
    const SEED: &str = "--seed=";
    let stated = options.iter().position(|w| matches!(w, Word::Text(t) if t.starts_with(SEED)));
    let of = match stated.map(|at| options.remove(at)) {
        Some(Word::Text(text)) => Some(text.replacen(SEED, "", 1)),
        _ => commands.of("dose").iter().find(|o| o.name == "seed").and_then(|o| o.default.clone()),
    };
    let seed = of.unwrap_or_default();
    // What is none is refused by the command.
    let own = seed.parse::<u64>().map_or(seed, |s| s.wrapping_add(n as u64).to_string());
    options.push(Word::Text(format!("{SEED}{own}")));
}

impl Study {
    /// What the study runs.
    ///
    /// # Errors
    /// If a key is none of its command's, or what one stage needs is not stated.
    pub fn stages(&self, commands: &Commands) -> Result<Vec<Stage>> {
        let cycles = self.cycles.len();
        let methods = self.methods(commands)?;
        self.check_compared(&methods)?;
        let mut stages = Vec::new();
        for (n, cycle) in self.cycles.iter().enumerate() {
            stages.push(self.dose(commands, cycle, n, None)?);
        }
        for (n, cycle) in self.cycles.iter().enumerate() {
            for method in &methods {
                stages.push(self.dose(commands, cycle, n, Some(method))?);
            }
            if !methods.is_empty() || !cycle.candidates.is_empty() {
                stages.push(self.comparison(commands, cycle, n, &methods)?);
            }
        }
        for (n, cycle) in self.cycles.iter().enumerate() {
            if !cycle.vois.is_empty() {
                let name = numbered("dvh", n, cycles);
                let mut words = vec![text("dvh"), Word::Made(numbered("dose", n, cycles))];
                for voi in &cycle.vois {
                    voi_words(&mut words, &voi.file, voi.names.as_deref());
                }
                if let Some(given) = &cycle.administered {
                    words.push(Word::Text(format!("--administered={given}")));
                }
                words.extend(self.words(commands, "dvh", "dvh", &self.dvh, given::ANALYSIS)?);
                let after = vec![numbered("dose", n, cycles)];
                stages.push(analysis(name, words, after, &["dvh", &cycle_table(n)]));
            }
        }
        let doses: Vec<String> = (0..cycles).map(|n| numbered("dose", n, cycles)).collect();
        let vois = &self.cycles[0].vois;
        if let Some(bed) = &self.bed {
            if vois.is_empty() {
                return Err(self.needs_voi("bed", "a BED is that of a VOI"));
            }
            if cycles > 1 && !bed.contains_key("interval") {
                let error = Error::input(
                    format!("[bed] of {cycles} cycles has no interval"),
                    "repair goes on between them",
                    "Add interval = \"56d\" or how far apart they began.",
                );
                return Err(self.at_line(error, self.lines.get("bed"), ""));
            }
            let mut words = vec![text("bed")];
            words.extend(self.nuclide_words());
            words.extend(doses.iter().cloned().map(Word::Made));
            for voi in vois {
                voi_words(&mut words, &voi.file, voi.names.as_deref());
            }
            words.extend(self.words(commands, "bed", "bed", bed, given::ANALYSIS)?);
            stages.push(analysis("bed".into(), words, doses.clone(), &["bed", "cycle.1"]));
        }
        for (n, limit) in self.limits.iter().enumerate() {
            stages.push(self.limit(commands, limit, n, &doses)?);
        }
        stages.extend(self.tables(commands)?);
        if let Some(dicom) = &self.dicom {
            for (n, cycle) in self.cycles.iter().enumerate() {
                let mut words = vec![text("dicom"), Word::Made(doses[n].clone())];
                let mut after = vec![doses[n].clone()];
                if let (Some(ct), false) = (&cycle.ct, dicom.contains_key("reference")) {
                    words.extend([text("--reference"), Word::Input(ct.clone())]);
                    words.extend(series_words("--reference-series", cycle));
                }
                if self.bed.is_some() && cycles == 1 {
                    words.extend([text("--bed"), Word::Made("bed".into())]);
                    after.push("bed".into());
                }
                words.extend(self.words(commands, "dicom", "dicom", dicom, given::DICOM)?);
                let name = numbered("dicom", n, cycles);
                stages.push(analysis(name, words, after, &["dicom", &cycle_table(n)]));
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
        words.extend(self.administered_words());
        // What one cycle has and another has not: none keeps their places.
        let any = |has: &dyn Fn(&Cycle) -> bool| self.cycles.iter().any(has);
        let (cts, series) = (any(&|c| c.ct.is_some()), any(&|c| c.ct_series.is_some()));
        for cycle in &self.cycles {
            match &cycle.ct {
                Some(ct) => words.extend([text("--ct"), Word::Input(ct.clone())]),
                None if cts => words.extend([text("--ct"), text(NONE)]),
                None => {}
            }
            if series {
                words.extend([
                    text("--ct-series"),
                    text(cycle.ct_series.as_deref().unwrap_or(NONE)),
                ]);
            }
        }
        for voi in &self.cycles[0].vois {
            voi_words(&mut words, &voi.file, voi.names.as_deref());
        }
        let mut after = doses.to_vec();
        for stage in stages {
            let option = match stage.kind() {
                "compare" => "--comparison",
                "dvh" => "--dvh",
                "bed" => "--bed",
                "limit" => "--limit",
                "fit" => "--fit",
                "uncertainty" => "--uncertainty",
                _ => continue,
            };
            words.extend([text(option), Word::Made(stage.output.name().to_owned())]);
            after.push(stage.name.clone());
        }
        words.extend(self.words(commands, "report", "report", &self.report, given::REPORT)?);
        Ok(Stage {
            output: Output::File("report.html".into()),
            ..analysis("report".into(), words, after, &["report"])
        })
    }

    pub(super) fn words(
        &self,
        commands: &Commands,
        command: &str,
        path: &str,
        table: &toml::Table,
        taken: Given,
    ) -> Result<Vec<Word>> {
        let of = Section { path, table, folder: &self.folder, lines: &self.lines };
        commands.words(command, taken, &of)
    }

    /// Options that choose the nuclides of every stage that looks one up.
    pub(super) fn nuclide_words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        if let Some(data) = &self.nuclide_data {
            words.extend([text("--nuclide-data"), text(data)]);
        }
        if let Some(file) = &self.nuclide_file {
            words.extend([text("--nuclide-file"), Word::Input(file.clone())]);
        }
        words
    }

    /// The dose of a cycle, by the method of `[dose]` or by another.
    fn dose(
        &self,
        commands: &Commands,
        cycle: &Cycle,
        n: usize,
        method: Option<&StudyMethod>,
    ) -> Result<Stage> {
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
                    words.push(Word::Text(format!("--administered={time}")));
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
        if let Some(given) = &cycle.administered {
            let given = given.replace(' ', "");
            words.push(Word::Text(format!("--administered-activity={given}")));
        }
        for voi in &cycle.vois {
            voi_words(&mut words, &voi.file, voi.names.as_deref());
        }
        let mut options = match method {
            None => self.words(commands, "dose", "dose", &self.dose, given::DOSE)?,
            Some(method) => self.method_words(commands, method)?,
        };
        let transports = method.map_or(!self.dose.contains_key("method"), StudyMethod::transports);
        if n > 0 && transports {
            own_histories(commands, &mut options, n);
        }
        words.extend(options);
        // Tables that the file of nuclides names are inputs too.
        reads.extend(self.nuclide_file.iter().flat_map(|f| tables_of(f)));
        let name = match method {
            None => numbered("dose", n, cycles),
            Some(method) => method_stage(method, n, cycles),
        };
        let mut tables: Vec<String> = method.iter().map(|m| m.path.clone()).collect();
        tables.extend(["dose".into(), cycle_table(n), "series".into()]);
        Ok(Stage {
            output: Output::Folder(name.clone()),
            name,
            words,
            when_run: vec!["--overwrite".into(), "--resume".into()],
            after: Vec::new(),
            file,
            file_text,
            reads,
            needed: method.is_none(),
            // A method of [dose] without histories says so itself.
            shared: method.is_none_or(StudyMethod::transports),
            tables,
        })
    }

    /// The doses of other methods and programs beside that of a cycle.
    fn comparison(
        &self,
        commands: &Commands,
        cycle: &Cycle,
        n: usize,
        methods: &[StudyMethod],
    ) -> Result<Stage> {
        let cycles = self.cycles.len();
        let reference = numbered("dose", n, cycles);
        let mut words = vec![text("compare-methods"), text("--reference")];
        words.push(Word::Made(reference.clone()));
        let mut after = vec![reference];
        let mut candidate = |name: &str, of: Word| {
            words.extend([text("--candidate"), Word::Named(name.into(), Box::new(of))]);
        };
        for method in methods {
            let made = method_stage(method, n, cycles);
            candidate(&method.name, Word::Made(made.clone()));
            after.push(made);
        }
        for (name, map) in &cycle.candidates {
            candidate(name, Word::Input(map.clone()));
        }
        for voi in &cycle.vois {
            voi_words(&mut words, &voi.file, voi.names.as_deref());
        }
        let options = self.compare_options();
        let path = "compare";
        words.extend(self.words(commands, "compare-methods", path, &options, given::COMPARE)?);
        let name = numbered("compare", n, cycles);
        Ok(analysis(name, words, after, &[path, &cycle_table(n)]))
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
        for dose in doses {
            words.extend([text("--cycle"), Word::Made(dose.clone())]);
        }
        words.extend(self.administered_words());
        let path = format!("limit.{}", n + 1);
        words.extend(self.words(commands, "plan limit", &path, table, given::LIMIT)?);
        words.push(text("--json"));
        let name = numbered("limit", n, self.limits.len());
        Ok(Stage {
            output: Output::Printed(format!("{name}.json")),
            when_run: Vec::new(),
            ..analysis(name, words, doses.to_vec(), &[&path])
        })
    }

    /// Administered activities of all cycles, where one is known.
    fn administered_words(&self) -> Vec<Word> {
        let all = self.cycles.iter().map(|c| c.administered.as_deref());
        if all.clone().all(|given| given.is_none()) {
            return Vec::new();
        }
        all.map(|given| Word::Text(format!("--administered={}", given.unwrap_or(NONE)))).collect()
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
    pub fn series_of(&self, commands: &Commands, stage: &Stage) -> Result<Option<SeriesInput>> {
        let Some(cycle) = self.cycle_of(stage) else { return Ok(None) };
        // Joined to the folder of the study already.
        let whole = |p: &Path| std::path::absolute(p).unwrap_or_else(|_| p.to_path_buf());
        let text = series_text(self, cycle, &whole)?.text;
        let refused = |e| self.of_series(commands, stage, &text, e);
        SeriesInput::parse(&text, &self.path).map(Some).map_err(refused)
    }

    /// An error of the reader of a series file, which stands nowhere yet, with the line of the study file that its key or value comes from.
    fn of_series(&self, commands: &Commands, stage: &Stage, text: &str, mut error: Error) -> Error {
        let Some(at) = error.why.rfind("^\n") else { return self.located(commands, stage, error) };
        let number = error.why.split_once("at line ").and_then(|(_, rest)| rest.split(',').next());
        let written = Lines::of(text);
        let path = number.and_then(|n| written.at(n.parse().ok()?)).unwrap_or_default();
        let cycle = stage.tables.iter().find(|t| t.starts_with("cycle."));
        let path = match cycle.filter(|_| path.starts_with("time_point.")) {
            Some(cycle) => format!("{cycle}.{path}"),
            None => format!("series.{path}"),
        };
        error.why = error.why[at + 2..].trim().to_owned();
        error.problem = "keys of time points and of [series]".into();
        let line = if error.why.contains("missing field") {
            let key = error.why.split('`').nth(1).unwrap_or_default();
            error.suggestion = format!("Add {key} = ... to [series]: voxgray help-file series.");
            self.lines.exact("series")
        } else {
            self.lines.get(&path)
        };
        self.at_line(error, line, "")
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
pub(super) fn analysis(
    name: String,
    words: Vec<Word>,
    after: Vec<String>,
    tables: &[&str],
) -> Stage {
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
        shared: false,
        tables: tables.iter().map(ToString::to_string).collect(),
    }
}

/// The table of a cycle.
fn cycle_table(n: usize) -> String {
    format!("cycle.{}", n + 1)
}

/// `method_ldm`, or `method_2_ldm` of the second cycle.
fn method_stage(method: &StudyMethod, n: usize, cycles: usize) -> String {
    format!("{}_{}", numbered("method", n, cycles), method.slug())
}
