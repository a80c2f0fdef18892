//! What the commands of the program know of their options, and keys of a study file made into them.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use super::given::Given;
use super::lines::Lines;
use super::stage::Word;
use super::words::table_name;
use crate::error::{Error, Result, did_you_mean};

/// An option of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionFacts {
    /// Its long name, without dashes.
    pub name: String,
    /// It has no value.
    pub flag: bool,
    /// Its value is a path.
    pub path: bool,
    /// It may be given several times.
    pub many: bool,
    /// What holds where it is not given, if it says so.
    pub default: Option<String>,
    /// Under what the help of its command has it, such as `Method`.
    pub heading: Option<String>,
}

/// Options of each command (`dose`, `plan limit`) by its name.
#[derive(Debug, Clone, Default)]
pub struct Commands(pub BTreeMap<String, Vec<OptionFacts>>);

/// Options that change nothing in what is written.
const SILENT: [&str; 4] = ["threads", "max-memory", "checkpoint-every", "quiet"];

impl Commands {
    /// Options of a command.
    pub fn of(&self, command: &str) -> &[OptionFacts] {
        self.0.get(command).map_or(&[], Vec::as_slice)
    }

    /// The words of a command line for the keys of a table of the study file: `target_uncertainty = "1%"` is `--target-uncertainty 1%`. `taken`
    /// are options that the study gives itself, and from where.
    ///
    /// # Errors
    /// If a key is none of the command's options, or is taken, or its value cannot be one.
    pub fn words(&self, command: &str, taken: Given, of: &Section) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        for (key, value) in of.table {
            let name = key.replace('_', "-");
            let is_taken = |name: &str| taken.iter().find(|t| t.0 == name);
            let known = self.of(command).iter().filter(|o| is_taken(&o.name).is_none());
            if let Some((_, from)) = is_taken(&name) {
                return Err(of.error(
                    key,
                    &format!("the study gives this option itself: it is {from}"),
                    "Leave it out here.",
                ));
            }
            let Some(option) = known.clone().find(|o| o.name == name) else {
                let names: Vec<String> = known.map(|o| o.name.replace('-', "_")).collect();
                return Err(of.error(
                    key,
                    &format!("voxgray {command} has no such option"),
                    &format!(
                        "{}voxgray {command} --help lists them; write - as _.{}",
                        did_you_mean(key, names.iter().map(String::as_str)),
                        super::given::elsewhere(command, key)
                    ),
                ));
            };
            for text in of.texts(key, value, option)? {
                let flag = Word::Text(format!("--{name}"));
                let silent = SILENT.contains(&name.as_str());
                let place = of.folder.join(&text);
                let value = match option.path && place.exists() {
                    _ if silent => Word::Silent(text),
                    true => Word::Input(place),
                    false => Word::Text(text),
                };
                match (option.flag, silent) {
                    (true, true) => words.push(Word::Silent(format!("--{name}"))),
                    (true, false) => words.push(flag),
                    (false, true) => words.extend([Word::Silent(format!("--{name}")), value]),
                    // A value may begin with a dash.
                    (false, false) => match value {
                        Word::Text(text) => words.push(Word::Text(format!("--{name}={text}"))),
                        value => words.extend([flag, value]),
                    },
                }
            }
        }
        Ok(words)
    }
}

/// A table of the study file that is made into options.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    /// Its path, such as `dose` or `limit.1`.
    pub path: &'a str,
    /// Its keys.
    pub table: &'a toml::Table,
    /// The folder of the study file.
    pub folder: &'a Path,
    /// Lines of the study file.
    pub lines: &'a Lines,
}

impl Section<'_> {
    fn error(&self, key: &str, why: &str, suggestion: &str) -> Error {
        let path = format!("{}.{key}", self.path);
        let line = self.lines.get(&path).map_or(String::new(), |l| format!(", line {l}"));
        let name = match table_name(self.lines, self.path) {
            item if item.starts_with("[[") => format!("{key} of {item}"),
            _ => path,
        };
        Error::input(format!("key {name}{line}"), why, suggestion)
    }

    /// The values of an option; one that is `false` is not given.
    fn texts(&self, key: &str, value: &Value, option: &OptionFacts) -> Result<Vec<String>> {
        let refuse = |why: &str| Err(self.error(key, why, "Correct it."));
        let plain = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Integer(n) => Some(n.to_string()),
            Value::Float(x) => Some(x.to_string()),
            Value::Datetime(t) => Some(t.to_string()),
            _ => None,
        };
        if option.flag {
            return match value {
                Value::Boolean(true) => Ok(vec![String::new()]),
                Value::Boolean(false) => Ok(Vec::new()),
                _ => refuse("it is true or false"),
            };
        }
        match value {
            Value::Array(items) if option.many => match items.iter().map(plain).collect() {
                Some(texts) => Ok(texts),
                None => refuse("its values are texts or numbers"),
            },
            // kidneys = "2.6Gy" of alpha_beta is the option's kidneys=2.6Gy.
            Value::Table(table) if option.many => {
                let one = |(k, v): (&String, &Value)| plain(v).map(|v| format!("{k}={v}"));
                match table.iter().map(one).collect() {
                    Some(texts) => Ok(texts),
                    None => refuse("its values are texts or numbers"),
                }
            }
            Value::Array(_) | Value::Table(_) => refuse("it has one value"),
            other => match plain(other) {
                Some(text) => Ok(vec![text]),
                None => refuse("it has a value, not true or false"),
            },
        }
    }
}
