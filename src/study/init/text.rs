//! The text of a study file, with its comments.

use std::fmt::Write as _;
use std::path::Path;

/// Where comments begin on lines that have a key.
const COMMENT: usize = 46;

/// Lines of a TOML file.
#[derive(Debug, Default)]
pub struct Text(pub String);

impl Text {
    /// A line as it stands.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    /// A key with its value and a comment.
    pub fn key(&mut self, key: &str, value: &str, comment: &str) {
        self.keyed("", key, value, comment);
    }

    /// A key that could not be decided: a line to complete.
    pub fn open(&mut self, key: &str, value: &str, comment: &str) {
        self.keyed("# ", key, value, comment);
    }

    fn keyed(&mut self, before: &str, key: &str, value: &str, comment: &str) {
        let line = format!("{before}{key} = {value}");
        let _ = match comment {
            "" => writeln!(self.0, "{line}"),
            _ => writeln!(self.0, "{line:COMMENT$} # {comment}"),
        };
    }
}

/// A text as TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

/// A path as seen from a folder, as TOML.
pub fn path(path: &Path, from: &Path) -> String {
    let seen = path.strip_prefix(from).unwrap_or(path);
    let text = seen.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>();
    if text.is_empty() { quoted(".") } else { quoted(&text.join("/")) }
}

/// What follows the cycles: uncertainty, calibration, and what is wanted.
pub fn rest(text: &mut Text, points: usize, counts: bool) {
    text.line("[series]");
    text.key(
        "relative_uncertainty",
        "0.05",
        "assumed, of a VOI's activity at one time: to be judged",
    );
    if counts {
        text.open(
            "calibration",
            "{ factor = \"20.1 cps/MBq +- 1.7 %\" }",
            "needed for images in counts (voxgray calibrate)",
        );
    } else {
        text.open(
            "calibration",
            "{ uncertainty = \"3%\" }",
            "of the scale that all images share: not stated",
        );
    }
    text.open(
        "transfer",
        "{ fwhm_mm = [12.0, 0.5] }",
        "resolution and its uncertainty: undoes partial-volume loss",
    );
    if points == 1 {
        text.line(
            "# One time point alone needs a method for one: haenscheid, physical, or madsen with",
        );
        text.line("# population_half_life and population_spread.");
        text.open("method", "{ default = \"haenscheid\" }", "needed, to be chosen");
    }
    text.line("");
    text.line("[dose]");
    text.open("target_uncertainty", "\"1%\"", "or histories; default 10 million histories");
    text.line("");
    text.line("# [compare]");
    text.open("methods", "[\"vsv\", \"ldm\"]", "other methods beside the dose, in the report too");
    text.line("# [dvh]");
    text.line("# d = [\"90%\", \"2mL\"]");
    text.line("# [bed]");
    text.line("# alpha_beta = { kidneys = \"2.6Gy\" }");
    text.line("# repair = { kidneys = \"2.8h\" }");
    text.line("# [dicom]");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_of_the_file() {
        assert_eq!(path(Path::new("a/b/c d"), Path::new("a")), "\"b/c d\"");
        assert_eq!(path(Path::new("a"), Path::new("a")), "\".\"");
    }
}
