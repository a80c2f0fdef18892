//! What commands say of their options and of a series file, in the words of the study file that both come from. Neglects what they write: `summary.json`
//! is that of the command, whoever has started it.

use super::commands::Commands;
use super::file::Study;
use super::lines::Lines;
use super::methods::HEADING;
use super::stage::Stage;
use crate::error::Error;

/// What is said of a series file, and of a study: in this order, the longer before the shorter.
const SAID: [(&str, &str); 17] = [
    ("time or administered in a series file", "time of the [[time_point]] or of the [[cycle]]"),
    ("administered at the top of the series file", "time of the [[cycle]]"),
    ("at the top of the series file", "in the [[cycle]]"),
    ("administered in a series file", "time of the [[cycle]]"),
    ("time in a series file", "time of the [[time_point]]"),
    ("in a series file: frame = N", "frame = N in the [[time_point]]"),
    ("in a series file: series = \"UID\"", "series = \"UID\" in the [[time_point]]"),
    ("in a series file unit = ", "in a [[time_point]] unit = "),
    ("in a series file calibration = ", "in a [[time_point]] calibration = "),
    ("integrate = \"voi\" in the series file", "integrate = \"voi\" in [series]"),
    ("[calibration]", "[series.calibration]"),
    ("in a series file", "in a [[time_point]] or in [series]"),
    ("in the series file", "in [series]"),
    ("to a series file", "to [series]"),
    ("to the series file", "to [series]"),
    ("a series file", "the study file"),
    ("the series file", "the study file"),
];
/// When the activity was given is `administered` in a series file, in which nothing says how much, and `time` of a cycle in a study.
const GIVEN_AT: (&str, &str) = ("administered = \"", "time = \"");
/// What is said of one of them, in which `time` is no key.
const POINT: &str = "time point";
/// Entries of a series file lie in the cycles of a study.
const ENTRY: (&str, &str) = ("[[time_point]]", "[[cycle.time_point]]");

/// A text of a command in the words of a study.
pub fn in_study(text: &str) -> String {
    if !text.contains("series file") && !text.contains(ENTRY.0) {
        return text.to_owned();
    }
    let mut said = SAID.iter().fold(text.to_owned(), |t, (from, to)| t.replace(from, to));
    said = said.replace(GIVEN_AT.0, GIVEN_AT.1);
    said.replace(ENTRY.0, ENTRY.1)
}

/// Tables of a series file, which are of `[series]` in a study.
const SERIES_TABLES: [&str; 5] = ["calibration", "recovery", "volume", "transfer", "method"];

/// What the command of a stage says of tables of its series file.
fn of_tables(stage: &Stage, text: &str) -> String {
    if !stage.is_dose() {
        return text.to_owned();
    }
    SERIES_TABLES.iter().fold(text.to_owned(), |text, name| {
        let (whole, part) = (format!("[{name}]"), format!("[{name}."));
        let text = text.replace(&whole, &format!("[series.{name}]"));
        text.replace(&part, &format!("[series.{name}."))
    })
}

/// A text with the stop that it needs where more follows.
fn sentence(mut text: String, more: &str) -> String {
    if !more.is_empty() && !text.is_empty() && !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}

/// Names behind `--` in a text, each once.
fn options_in(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("--") {
        let before = text[..at].chars().next_back();
        let rest = &text[at + 2..];
        let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('-');
        let begins = !before.is_some_and(|c| c == '-' || c.is_alphanumeric());
        if begins && !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A table as it stands in the study file: `[[limit]]` of `limit.1`, with its number where there are several; `[dose]`.
pub(super) fn table_name(lines: &Lines, path: &str) -> String {
    match path.split_once('.') {
        Some((name, n)) if ITEMS.contains(&name) && n.parse::<usize>().is_ok() => {
            match lines.exact(&format!("{name}.2")) {
                Some(_) => format!("[[{name}]] number {n}"),
                None => format!("[[{name}]]"),
            }
        }
        _ => format!("[{path}]"),
    }
}

/// Tables at the top of a study file of which there may be several.
const ITEMS: [&str; 4] = ["cycle", "limit", "fit", "uncertainty"];

impl Study {
    /// A table as it stands in the study file.
    pub fn table_name(&self, path: &str) -> String {
        table_name(&self.lines, path)
    }

    /// The name of the study file.
    fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What a command says, in the words of the study, with the keys that its options are.
    pub fn said(&self, commands: &Commands, stage: &Stage, text: &str) -> String {
        let keys = self.keys_of(commands, stage, text);
        sentence(in_study(&of_tables(stage, text)), &keys) + &keys
    }

    /// ` In study.toml --accept is accept of [dose].`; empty where no option is named.
    fn keys_of(&self, commands: &Commands, stage: &Stage, text: &str) -> String {
        let command = stage.command();
        let given = super::given::of(&command);
        let known = |name: &&str| commands.of(&command).iter().any(|o| o.name == *name);
        let options: Vec<&str> = options_in(text).into_iter().filter(known).collect();
        let key = |name: &&str| {
            let from = given.iter().find(|g| g.0 == *name).map(|g| g.1.to_owned());
            let option = commands.of(&command).iter().find(|o| o.name == *name);
            // What is not of a method holds of all doses.
            let of_method = option.is_some_and(|o| o.heading.as_deref() == Some(HEADING));
            let table = if of_method || !stage.is_dose() { stage.table() } else { "dose" };
            let own = || format!("{} of {}", name.replace('-', "_"), self.table_name(table));
            format!("--{name} is {}", from.unwrap_or_else(own))
        };
        match options.is_empty() {
            true => String::new(),
            false => {
                let keys = options.iter().map(key).collect::<Vec<_>>().join(", ");
                format!(" In {} {keys}.", self.file_name())
            }
        }
    }

    /// An error of a stage's command, with the study file and the line that it is about, in the words of the study.
    pub fn located(&self, commands: &Commands, stage: &Stage, error: Error) -> Error {
        if error.kind == crate::error::ErrorKind::Interrupted {
            return error;
        }
        let line = self.line_of(stage, &error.problem);
        let keys = self.keys_of(commands, stage, &error.to_string());
        let [problem, why, suggestion] =
            [&error.problem, &error.why, &error.suggestion].map(|text| of_tables(stage, text));
        self.at_line(Error { problem, why, suggestion, ..error }, line, &keys)
    }

    /// The error of an option that a stage's command needs and nothing gives.
    pub fn lacks(&self, stage: &Stage, option: &str) -> Error {
        let command = stage.command();
        let given = super::given::of(&command).iter().find(|g| g.0 == option);
        let mut tables = stage.tables.iter();
        // A key of the cycle lacks in the cycle, whatever the command's own table is.
        let table = match given {
            Some((_, from)) if from.contains("[[cycle]]") => {
                tables.find(|t| t.starts_with("cycle.")).map_or("cycle.1", String::as_str)
            }
            _ => stage.table(),
        };
        let key = match given {
            Some((_, from)) => from.split(' ').next().unwrap_or_default().to_owned(),
            None => option.replace('-', "_"),
        };
        let error = Error::input(
            format!("{} has no {key}", self.table_name(table)),
            format!("voxgray {command} needs it"),
            format!("Add {key} = ... to it; voxgray help-file study lists its keys."),
        );
        self.at_line(error, self.lines.exact(table), "")
    }

    /// The key of the study that an option of a stage's command comes from, and its line.
    pub fn key_of(&self, stage: &Stage, option: &str) -> (String, Option<usize>) {
        let key = option.replace('-', "_");
        let here = |table: &&String| self.lines.exact(&format!("{table}.{key}")).is_some();
        let command = stage.command();
        match super::given::of(&command).iter().find(|g| g.0 == option) {
            Some((_, from)) => {
                let name = from.split(' ').next().unwrap_or_default();
                let mut tables = stage.tables.iter();
                let line = tables.find_map(|t| self.lines.named_below(t, name));
                ((*from).to_owned(), line.or_else(|| self.lines.ending_in(name)))
            }
            None => {
                let table = stage.tables.iter().find(here).map_or(stage.table(), String::as_str);
                (
                    format!("{} {key}", self.table_name(table)),
                    self.lines.get(&format!("{table}.{key}")),
                )
            }
        }
    }

    /// An error with the study file before it and the keys behind it.
    pub(super) fn at_line(&self, error: Error, line: Option<usize>, keys: &str) -> Error {
        let line = line.map_or(String::new(), |l| format!(", line {l}"));
        Error {
            kind: error.kind,
            problem: format!("{}{line}: {}", self.path.display(), in_study(&error.problem)),
            why: in_study(&error.why),
            suggestion: sentence(in_study(&error.suggestion), keys) + keys,
            cause: error.cause,
        }
    }

    /// The line of what a problem names: of a time point by its number, else of a key of the tables that the stage is made from.
    pub(super) fn line_of(&self, stage: &Stage, problem: &str) -> Option<usize> {
        let cycle = stage.tables.iter().find(|t| t.starts_with("cycle."));
        if let (Some(cycle), Some((before, rest))) =
            (cycle, problem.split_once(&format!("{POINT} ")))
        {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            let point = format!("{cycle}.time_point.{number}");
            if self.lines.exact(&point).is_some() {
                let others = format!("{before} {after}").replace(POINT, "");
                return self.lines.named_below(&point, &others).or(self.lines.exact(&point));
            }
        }
        let named = stage.tables.iter().find_map(|t| self.lines.named_below(t, problem));
        // One of several methods or limits is at least known by its own line.
        let is_item = stage.table().ends_with(|c: char| c.is_ascii_digit());
        named.or_else(|| self.lines.exact(stage.table()).filter(|_| is_item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_file_is_a_study_file() {
        for (said, expected) in [
            (
                "State it: administered = \"x\" at the top of the series file, or time in each [[time_point]].",
                "State it: time = \"x\" in the [[cycle]], or time in each [[cycle.time_point]].",
            ),
            ("duration in a series file", "duration in a [[cycle.time_point]] or in [series]"),
            (
                "Choose one with --frame N (from 1; in a series file: frame = N).",
                "Choose one with --frame N (from 1; frame = N in the [[cycle.time_point]]).",
            ),
            ("of the series file", "of the study file"),
            ("administered = \"7.4 GBq\"", "administered = \"7.4 GBq\""),
        ] {
            assert_eq!(in_study(said), expected);
        }
        assert_eq!(options_in("--accept frame (or --no-x, a--b) --accept"), ["accept", "no-x"]);
    }
}
