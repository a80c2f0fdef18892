//! Every example is read by the reader of its kind, and every key and variant that a reader knows stands in the help. What
//! it knows is taken from its own errors ("unknown field `x`, expected one of ..."), so that no key can be forgotten.

use std::collections::BTreeSet;

use super::*;
use crate::activity::{CalibrationResult, History};
use crate::phantom::HuCurve;
use crate::phantom::maps::MaterialMap;
use crate::physics::NuclideData;
use crate::physics::own_nuclides::OwnNuclides;
use crate::pipeline::series_file::SeriesInput;
use crate::pipeline::voi_uncertainty::UncertaintyInput;

/// Not a key of any file.
const UNKNOWN: &str = "zzz";

fn read(kind: FileKind, text: &str) -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.toml");
    std::fs::write(&path, text).unwrap();
    // What the study's example names and check reads.
    let blood = "time_h,activity_MBq,uncertainty_%\n1,90,5\n24,20,5\n72,6,5\n144,1.5,5\n";
    std::fs::write(folder.path().join("blood.csv"), blood).unwrap();
    let kidneys = FileKind::Uncertainty.example();
    std::fs::write(folder.path().join("kidneys.toml"), kidneys).unwrap();
    match kind {
        FileKind::Study => crate::study::Study::read(&path, None).and_then(|study| {
            let stages = study.stages(&crate::cli::study_commands::commands())?;
            // What stands for a command or a series file is what these take.
            let accepted = crate::cli::study_commands::accepted;
            stages.iter().try_for_each(|stage| accepted(&study, stage))
        }),
        FileKind::Series => SeriesInput::read(&path).map(drop),
        FileKind::Calibrate => CalibrationResult::from_toml(text).map(drop),
        FileKind::History => History::from_toml(text).map(drop),
        FileKind::Uncertainty => UncertaintyInput::read(&path).map(drop),
        FileKind::HuCurve => HuCurve::from_toml(text).map(drop),
        FileKind::Materials => MaterialMap::from_toml(text).map(drop),
        FileKind::Nuclides => OwnNuclides::read(NuclideData::Ensdf, &path).map(drop),
    }
}

/// The names in backticks behind "expected" in an error.
fn expected(error: &str) -> Vec<String> {
    let unknown = error.find("unknown field").or(error.find("unknown variant"));
    let list = unknown.and_then(|at| error[at..].split_once("expected"));
    let Some((_, list)) = list else { return Vec::new() };
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What a reader knows of the tables of a text.
fn known(kind: FileKind, text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut ask = |changed: String| {
        let error = read(kind, &changed).err().map(|e| e.to_string()).unwrap_or_default();
        let found = expected(&error);
        names.extend(found.iter().cloned());
        found
    };
    ask(format!("{UNKNOWN} = 1\n{text}"));
    let lines: Vec<&str> = text.lines().collect();
    let with = |n: usize, line: &str| {
        let mut all: Vec<&str> = lines.clone();
        all[n] = line;
        all.join("\n")
    };
    for (n, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            ask(with(n, &format!("{line}\n{UNKNOWN} = 1")));
        } else if let Some((key, value)) = line.split_once(" = ")
            && value.starts_with('"')
        {
            // A choice: its variants, and what each of them needs.
            for variant in ask(with(n, &format!("{key} = \"{UNKNOWN}\""))) {
                ask(with(n, &format!("{key} = \"{variant}\"\n{UNKNOWN} = 1")));
            }
        }
    }
    names
}

#[test]
fn examples_are_read_and_every_key_is_in_the_help() {
    // What examples leave out because it excludes another part.
    let planar = "version = 1\nrelative_uncertainty = 0.1\n[[time_point]]\ntime = \"1d\"\nactivity = \"a.nii\"\n\
        [planar]\ntimes = [\"1h\", \"1d\"]\ncounts = [2.0, 1.0]\n";
    for kind in FileKind::value_variants() {
        let (text, example) = (kind.text(), kind.example());
        let read_as_it_is = read(*kind, example);
        assert!(read_as_it_is.is_ok(), "{kind:?}: {read_as_it_is:?}");
        let mut names = known(*kind, example);
        if *kind == FileKind::Series {
            assert!(read(*kind, planar).is_ok());
            names.extend(known(*kind, planar));
        }
        assert!(names.len() >= 4, "{kind:?}: the reader says {names:?}");
        let mut list = text.split_once(EXAMPLE).unwrap().0.to_string();
        if *kind == FileKind::Study {
            // Its time points and [series] have the keys of a series file, whose help it names.
            assert!(list.contains("voxgray help-file series"));
            list += FileKind::Series.text();
        }
        let words: BTreeSet<&str> =
            list.split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).collect();
        let missing: Vec<&String> =
            names.iter().filter(|n| !words.contains(n.as_str()) && *n != UNKNOWN).collect();
        assert!(missing.is_empty(), "help-file {kind:?} does not explain {missing:?}");
        assert!(text.lines().all(|l| l.chars().count() <= 132), "{kind:?} is too wide");
    }
}

#[test]
fn the_test_finds_keys_and_variants() {
    let names = known(FileKind::Calibrate, FileKind::Calibrate.example());
    for name in ["half_life_uncertainty_s", "observed_true_cps", "paralysable", "point", "residual"]
    {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
}

/// What the list of a help says of a key in a table: (table, keys, text).
fn entries(kind: FileKind) -> Vec<(String, Vec<String>, String)> {
    let list = kind.text().split_once(EXAMPLE).unwrap().0;
    let (mut table, mut found) = (String::new(), Vec::<(String, Vec<String>, String)>::new());
    for line in list.lines().skip_while(|l| !l.starts_with("version") && !l.contains("  ")).skip(2)
    {
        let indent = line.len() - line.trim_start().len();
        let (name, text) = line.trim_start().split_once("  ").unwrap_or((line.trim_start(), ""));
        if line.starts_with('[') {
            table = name.trim_matches(['[', ']']).to_string();
            found.push((table.clone(), vec![String::new()], text.trim().into()));
        } else if indent > 4 {
            if let Some(last) = found.last_mut() {
                last.2 = format!("{} {}", last.2, line.trim());
            }
        } else if !line.trim().is_empty() {
            let keys = name.split(", ").map(|k| k.trim().to_string()).collect();
            found.push((table.clone(), keys, text.trim().into()));
        }
    }
    found
}

/// The keys of an example that stand on a line of their own, with their table.
fn keys_of(example: &str) -> Vec<(usize, String, String, String)> {
    let (mut table, mut found) = (String::new(), Vec::new());
    for (n, line) in example.lines().enumerate() {
        if line.starts_with('[') {
            table = line.split(']').next().unwrap().trim_matches('[').to_string();
        } else if let Some((key, value)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            found.push((n, table.clone(), key.trim().into(), value.trim().into()));
        }
    }
    found
}

/// A key may be left out of an example exactly where the help says so, and a value is a pair exactly where it says that.
#[test]
fn what_is_needed_and_what_is_a_pair_is_said() {
    let left_out = ["default", "left out", "or", "needless", "any number", "one of", "in place of"];
    let mut wrong = Vec::new();
    for kind in FileKind::value_variants() {
        let (entries, example) = (entries(*kind), kind.example());
        for (line, table, key, value) in keys_of(example) {
            // `[volume.lesion]` is a table of `[volume]`; `[administration.full]` has the keys of `[acquisition.full]`.
            let outer = table.split('.').next().unwrap_or("");
            let own = |e: &&(String, Vec<String>, String)| e.1.contains(&key);
            let of = |t: &str| entries.iter().filter(own).find(|e| e.0 == t);
            let any = || entries.iter().find(own);
            let Some((_, _, text)) = of(&table).or_else(|| of(outer)).or_else(any) else {
                continue;
            };
            let without: Vec<&str> =
                example.lines().enumerate().filter(|(n, _)| *n != line).map(|(_, l)| l).collect();
            let error = read(*kind, &without.join("\n")).err().map(|e| e.to_string());
            let needed =
                error.as_ref().is_some_and(|e| e.contains(&format!("missing field `{key}`")));
            let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
            let says =
                |w: &&str| if w.contains(' ') { text.contains(*w) } else { words.contains(*w) };
            let mut tell =
                |what: &str| wrong.push(format!("{kind:?} [{table}] {key} {what}: {text}"));
            if needed && (words.contains("default") || text.contains("left out")) {
                tell("is needed, and the help has a default");
            }
            let said = *kind != FileKind::Series || !table.is_empty() || key == "version";
            if needed && !(said || words.contains("needed")) {
                tell("is needed, and the help does not say so");
            }
            if error.is_none() && !left_out.iter().any(says) {
                tell("may be left out, and the help does not say so");
            }
            let number = value.split('#').next().unwrap_or("").trim();
            if number.parse::<f64>().is_err() || key == "version" {
                continue;
            }
            if words.contains("pair") {
                tell("is one number in the example, and a pair by the help");
            }
            let pair = example.lines().enumerate().map(|(n, l)| {
                if n == line { format!("{key} = [{number}, 0.1]") } else { l.to_string() }
            });
            if read(*kind, &pair.collect::<Vec<_>>().join("\n")).is_ok() {
                tell("takes a pair, and the help does not say so");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
