//! What the program tells its users to type can be typed: every `--option` in the strings of the sources and in the docs is
//! one that a command knows, and of a source that belongs to one command, that command.

#[path = "support/files.rs"]
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use files::{files_under, text_of};
use voxgray::cli::Arguments;

/// Long options and their aliases, by command; those of the program itself under an empty name.
fn options() -> BTreeMap<String, BTreeSet<String>> {
    let mut root = Arguments::command();
    root.build();
    let of = |command: &clap::Command| -> BTreeSet<String> {
        let longs = command.get_arguments().flat_map(|a| {
            let aliases = a.get_all_aliases().unwrap_or_default().into_iter();
            a.get_long().into_iter().chain(aliases).map(str::to_owned).collect::<Vec<_>>()
        });
        longs.collect()
    };
    let mut all: BTreeMap<String, BTreeSet<String>> =
        root.get_subcommands().map(|c| (c.get_name().to_owned(), of(c))).collect();
    // Kinds of a command (`plan mono`) have options of their own.
    for command in root.get_subcommands() {
        let kinds = command.get_subcommands().flat_map(of);
        let kinds: Vec<String> = kinds.collect();
        all.entry(command.get_name().to_owned()).or_default().extend(kinds);
    }
    all.insert(String::new(), of(&root));
    all
}

/// The string literals of Rust code without its tests and comments; a small scanner, so braces in strings do not matter.
fn strings(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or("");
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let after = &rest[at..];
        if let Some(doc) = after.strip_prefix("///") {
            // Documentation of options is printed as their help.
            let line = doc.lines().next().unwrap_or("");
            found.push(line.to_owned());
            rest = &doc[line.len()..];
        } else if after.starts_with("//") {
            rest = after.find('\n').map_or("", |end| &after[end..]);
        } else if after.starts_with('"') {
            let raw = rest[..at].ends_with('#') || rest[..at].ends_with('r');
            let bytes = after.as_bytes();
            let mut end = 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' && !raw { 2 } else { 1 };
            }
            let end = end.min(after.len());
            found.push(after.get(1..end).unwrap_or("").to_owned());
            rest = after.get(end + 1..).unwrap_or("");
        } else if let Some(quoted) =
            ["'\"'", "'\\\"'", "'/'"].iter().find(|q| after.starts_with(**q))
        {
            rest = &after[quoted.len()..];
        } else {
            rest = &after[1..];
        }
    }
    found
}

/// Names behind `--` in a text.
fn named(text: &str) -> Vec<String> {
    text.match_indices("--")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c == '-' || c.is_alphanumeric()))
        .filter_map(|(at, _)| {
            let name: String = text[at + 2..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
                .collect();
            let name = name.trim_end_matches('-').to_owned();
            name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
        })
        .collect()
}

/// The command that a source belongs to, where it belongs to one.
fn command_of(source: &Path) -> Option<&'static str> {
    let path = source.to_string_lossy().replace('\\', "/");
    // Speaks of two commands: of merge, and of dose, which made the shards.
    // So does the reader of a job's VOIs, which turns what `voi` advises into what `dose` has.
    if ["src/pipeline/merge.rs", "src/pipeline/voi_files.rs"].contains(&path.as_str()) {
        return None;
    }
    let owners = [
        ("src/pipeline/regions", "voi"),
        ("src/pipeline/registration", "register"),
        ("src/registration/", "register"),
        ("src/pipeline/finished", "dvh"),
        ("src/pipeline/other_map", "dvh"),
        ("src/pipeline/kernel", "kernel"),
        ("src/cli/kernel", "kernel"),
        ("src/pipeline/s_values", "s-values"),
        ("src/pipeline/tiac", "s-values"),
        ("src/pipeline/pairs", "pairs"),
        ("src/pipeline/compare_media", "compare-media"),
        ("src/cli/compare_media", "compare-media"),
        ("src/pipeline/compare_methods", "compare-methods"),
        ("src/cli/method_arguments", "dose"),
        ("src/job/method", "dose"),
        ("src/pipeline/dicom_out", "dicom"),
        ("src/io/dicom/write/regions", "voi"),
        ("src/io/dicom/write/segmentation", "voi"),
        ("src/io/dicom/write/structure_set", "voi"),
        ("src/io/dicom/write", "dicom"),
        ("src/cli/dicom", "dicom"),
        ("src/io/regions", "voi"),
        ("src/io/map", "dvh"),
        ("src/image/region", "voi"),
        ("src/cli/fit", "fit"),
        ("src/cli/uncertainty", "uncertainty"),
        ("src/cli/calibrate", "calibrate"),
        ("src/cli/dose", "dose"),
        ("src/io/", "dose"),
        ("src/image/", "dose"),
        ("src/phantom/", "dose"),
        ("src/source/", "dose"),
        ("src/job.rs", "dose"),
        ("src/pipeline", "dose"),
        ("src/transport/", "dose"),
    ];
    owners.iter().find(|(start, _)| path.starts_with(start)).map(|(_, command)| *command)
}

fn known_to_all_or(
    command: Option<&str>,
    all: &BTreeMap<String, BTreeSet<String>>,
    name: &str,
) -> bool {
    let own = |c: &str| all.get(c).is_some_and(|o| o.contains(name));
    ["help", "version"].contains(&name)
        || match command {
            Some(command) => own(command) || own(""),
            None => all.values().any(|o| o.contains(name)),
        }
}

#[test]
fn every_option_in_the_sources_exists() {
    let all = options();
    assert!(all["dose"].contains("nifti-affine") && all["dose"].contains("series"), "{all:?}");
    let mut seen = 0;
    let mut wrong = Vec::new();
    let sources: Vec<PathBuf> = files_under("src")
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs" || e == "txt"))
        .filter(|p| !p.to_string_lossy().ends_with("_tests.rs"))
        .collect();
    for source in sources {
        let text = text_of(&source).unwrap_or_default();
        let literals = if source.extension().is_some_and(|e| e == "txt") {
            vec![text]
        } else {
            strings(&text)
        };
        let command = command_of(&source);
        let ours = literals.iter().filter(|l| !OTHERS.iter().any(|o| l.contains(o)));
        for name in ours.flat_map(|l| named(l)) {
            seen += 1;
            if !known_to_all_or(command, &all, &name) {
                wrong.push(format!("{}: --{name}", source.display()));
            }
        }
    }
    assert!(seen > 150, "the scanner finds {seen} options only");
    assert!(wrong.is_empty(), "options that do not exist: {wrong:#?}");
}

/// What the readers of a series file say is said of a study in its own words, for the keys stand in another file there.
#[test]
fn what_is_said_of_a_series_file_can_be_said_of_a_study() {
    use voxgray::study::words::in_study;
    let mut seen = 0;
    let helps = ["src/cli/help_file", "src/study/words.rs"];
    for source in files_under("src") {
        let name = source.to_string_lossy().replace('\\', "/");
        let is_help = helps.iter().any(|h| name.starts_with(h)) || !name.ends_with(".rs");
        let text = text_of(&source).unwrap_or_default();
        // Broken lines of a literal are one.
        // Documentation begins with a space.
        let literals = strings(&text).into_iter().filter(|l| !is_help && !l.starts_with(' '));
        for text in literals.map(|l| l.replace("\\\n", " ").replace("\\\"", "\"")) {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.contains("series file") && !text.contains("[[time_point]]") {
                continue;
            }
            seen += 1;
            let said = in_study(&text);
            let study = ["[[cycle", "[series", "study file"].iter().any(|s| said.contains(s));
            let left = ["series file", " [[time_point]]", "administered = \"", "[calibration]"];
            let left = left.iter().find(|l| said.contains(**l));
            assert!(study && left.is_none(), "{name}: '{text}' is '{said}' of a study: {left:?}");
        }
    }
    assert!(seen > 25, "the scanner finds {seen} messages only");
}

/// Lines and texts about cargo, git and the like name options of theirs.
const OTHERS: [&str; 7] = ["cargo", "git ", "pip", "docker", "python", "snakemake", ".py "];

#[test]
fn every_option_in_the_docs_exists() {
    let all = options();
    let others = ["README.md", "workflow/README.md"].map(PathBuf::from);
    let docs = files_under("docs").into_iter().chain(others);
    let mut wrong = Vec::new();
    for path in docs.filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = text_of(&path).unwrap_or_default();
        for line in text.lines().filter(|l| !OTHERS.iter().any(|o| l.contains(o))) {
            let unknown = named(line).into_iter().filter(|name| !known_to_all_or(None, &all, name));
            wrong.extend(unknown.map(|name| format!("{}: --{name}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "options that do not exist: {wrong:#?}");
}

#[test]
fn the_scanner_finds_what_it_should() {
    let code = "let a = \"use --one N\"; // not --two\n let q = '\"'; /// help with --three\n let b = \"x \\\" --four\";";
    let names: Vec<String> = strings(code).iter().flat_map(|s| named(s)).collect();
    assert_eq!(names, ["one", "three", "four"]);
    assert_eq!(named("a--b ---c --d-e. -- --9"), ["d-e"]);
}
