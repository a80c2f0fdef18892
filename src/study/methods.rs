//! Methods of dose beside that of `[dose]`: each is a dose of its own, with the options of `[dose]` that it has a use for, and they are compared.

use toml::{Table, Value};

use super::commands::{Commands, Section};
use super::file::{Cycle, Study};
use super::stage::Word;
use crate::error::{Error, Result};
use crate::job::named_method::{OF_TRANSPORT, TRANSPORTS, name_of, options_of};

/// In `[compare]`, what are no options of `voxgray compare-methods` but doses of their own.
const METHODS: &str = "methods";
/// What options of a method stand under in the help of `voxgray dose`.
pub(super) const HEADING: &str = "Method";
/// Where kernels are kept concerns all methods.
const KERNEL_CACHE: &str = "kernel_cache";
/// What a method that lets no electron go has no use for.
const OF_ELECTRONS: (&str, &str) = ("semi-mc", "electron_cutoff");

/// A method.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyMethod {
    /// What it is called.
    pub name: String,
    /// Its own options of `voxgray dose`.
    pub own: Table,
    /// Those of `[dose]` that it takes too.
    pub common: Table,
    /// Where it stands in the study file.
    pub path: String,
}

impl StudyMethod {
    /// Whether it runs histories, which can be shared out.
    pub fn transports(&self) -> bool {
        let method = self.own.get("method").and_then(Value::as_str).unwrap_or_default();
        TRANSPORTS.contains(&method)
    }

    /// The name as a part of a file's name.
    pub fn slug(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        self.name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
    }
}

impl Study {
    /// The methods that are compared with that of `[dose]`.
    ///
    /// # Errors
    /// If one is neither a word nor a table, has no method, or two have one name.
    pub fn methods(&self, commands: &Commands) -> Result<Vec<StudyMethod>> {
        let Some(all) = self.compare.as_ref().and_then(|c| c.get(METHODS)) else {
            return Ok(Vec::new());
        };
        let error = |path: &str, why: &str, suggestion: &str| {
            Error::input(format!("key {path}{}", self.line(path)), why, suggestion)
        };
        let refuse = |path: &str, why: &str, suggestion: &str| Err(error(path, why, suggestion));
        let list = format!("compare.{METHODS}");
        let Value::Array(items) = all else {
            return refuse(
                &list,
                "it is a list of methods",
                "Write methods = [\"ldm\", \"vsv\"], or [[compare.methods]] with method = \"ldm\".",
            );
        };
        let mut found: Vec<StudyMethod> = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let path = format!("{list}.{}", n + 1);
            let (mut own, mut name) = (Table::new(), None);
            match item {
                Value::String(word) => {
                    let options =
                        options_of(word).map_err(|e| error(&path, &e.why, &e.suggestion))?;
                    own.extend(options.into_iter().map(|(k, v)| (k.replace('-', "_"), v.into())));
                    name = Some(name_of(word));
                }
                Value::Table(table) => {
                    own.extend(table.clone());
                    match own.remove("name") {
                        Some(Value::String(text)) => name = Some(text),
                        None => {}
                        Some(_) => {
                            return refuse(&format!("{path}.name"), "it is a text", "Correct it.");
                        }
                    }
                }
                _ => {
                    return refuse(
                        &path,
                        "a method is a word or a table",
                        "Write \"ldm\" or { method = \"ldm\", ldm_photons = \"convolved\" }.",
                    );
                }
            }
            let Some(method) = own.get("method").and_then(Value::as_str).map(str::to_owned) else {
                return refuse(
                    &path,
                    "it does not say which method it is",
                    "Add method = \"ldm\": voxgray dose --help lists the methods.",
                );
            };
            let common = self.common(commands, &method, &own);
            let name = name.unwrap_or(method);
            let method = StudyMethod { name, own, common, path };
            let again = found.iter().any(|f| f.slug() == method.slug());
            if again || method.name.trim().is_empty() || method.name.contains('=') {
                return refuse(
                    &method.path,
                    &format!("'{}': each method has a name of its own, without =", method.name),
                    "Add name = \"...\" to one of them.",
                );
            }
            found.push(method);
        }
        Ok(found)
    }

    /// What `[dose]` says that holds of another method too.
    fn common(&self, commands: &Commands, method: &str, own: &Table) -> Table {
        let of_method = |key: &str| {
            let name = key.replace('_', "-");
            let option = commands.of("dose").iter().find(|o| o.name == name);
            option.is_some_and(|o| o.heading.as_deref() == Some(HEADING))
        };
        let useless = |key: &str| match key {
            KERNEL_CACHE => own.contains_key("kernel"),
            key if of_method(key) => true,
            key if OF_TRANSPORT.contains(&key.replace('_', "-").as_str()) => {
                !TRANSPORTS.contains(&method)
            }
            key => OF_ELECTRONS == (method, key),
        };
        let kept = self.dose.iter().filter(|(key, _)| !own.contains_key(*key) && !useless(key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// What `[compare]` says beside the methods: options of `voxgray compare-methods`.
    pub fn compare_options(&self) -> Table {
        let mut table = self.compare.clone().unwrap_or_default();
        table.remove(METHODS);
        table
    }

    /// The words of a method's dose behind what all doses of its cycle have.
    ///
    /// # Errors
    /// If a key is none of `voxgray dose`.
    pub(super) fn method_words(
        &self,
        commands: &Commands,
        method: &StudyMethod,
    ) -> Result<Vec<Word>> {
        let of = |path, table| Section { path, table, folder: &self.folder, lines: &self.lines };
        let given = super::given::DOSE;
        let mut words = commands.words("dose", given, &of("dose", &method.common))?;
        words.extend(commands.words("dose", given, &of(&method.path, &method.own))?);
        Ok(words)
    }

    /// Refuses a `[compare]` with nothing to compare, and candidates that go by the name of a method.
    pub(super) fn check_compared(&self, methods: &[StudyMethod]) -> Result<()> {
        let none = |c: &Cycle| c.candidates.is_empty();
        if self.compare.is_some() && methods.is_empty() && self.cycles.iter().all(none) {
            return Err(Error::input(
                format!("[compare]{}: nothing to compare", self.line("compare")),
                "it sets doses of other methods and programs beside that of [dose]",
                "Add methods = [\"ldm\", \"vsv\"], or candidate = { NAME = \"map.nii.gz\" } to the [[cycle]].",
            ));
        }
        for (n, cycle) in self.cycles.iter().enumerate() {
            for (name, _) in &cycle.candidates {
                if methods.iter().any(|m| m.name == *name) {
                    let path = format!("cycle.{}.candidate.{name}", n + 1);
                    return Err(Error::input(
                        format!("key {path}{}", self.line(&path)),
                        "a method of [compare] has that name",
                        "Give one of them another name.",
                    ));
                }
            }
        }
        Ok(())
    }
}
