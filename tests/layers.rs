//! The layers of the house: an upper module may import a lower one, never the reverse. The table stands here and nowhere else.

#[path = "support/files.rs"]
mod files;

use std::collections::{BTreeMap, BTreeSet};

use files::{files_under, text_of};

/// Modules of one layer; whether they may import each other.
struct Layer {
    height: u32,
    modules: &'static [&'static str],
    open: bool,
}

const fn layer(height: u32, open: bool, modules: &'static [&'static str]) -> Layer {
    Layer { height, modules, open }
}

/// From the top. `job` is what a run is asked to do, `tables` the hashes of the embedded data.
const LAYERS: [Layer; 8] = [
    layer(7, true, &["cli", "main", "prelude"]),
    layer(6, true, &["pipeline", "study", "job"]),
    layer(5, true, &["report", "uncertainty", "analysis"]),
    layer(4, true, &["dose"]),
    layer(3, true, &["transport", "kernel"]),
    layer(2, false, &["activity", "phantom", "source", "registration", "io"]),
    layer(1, false, &["image", "physics", "kinetics"]),
    layer(
        0,
        true,
        &[
            "error",
            "units",
            "constants",
            "stats",
            "tables",
            "program",
            "files",
            "interrupt",
            "machine",
            "sheet",
            "time",
            "numerics",
        ],
    ),
];

/// What `io` may import: no physics.
const IO_KNOWS: [&str; 6] = ["image", "error", "time", "files", "interrupt", "machine"];

fn layer_of(module: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|l| l.modules.contains(&module))
}

/// Why `module` may not import `other`, or None.
fn refusal(module: &str, other: &str) -> Option<String> {
    if module == other {
        return None;
    }
    let (Some(mine), Some(theirs)) = (layer_of(module), layer_of(other)) else {
        return Some(format!("{module} or {other} is in no layer of tests/layers.rs"));
    };
    if module == "io" && !IO_KNOWS.contains(&other) {
        return Some("io knows images, times, errors and the machine only".into());
    }
    if module == "analysis" && ["transport", "kernel"].contains(&other) {
        return Some("analysis knows doses, not how they were computed".into());
    }
    if theirs.height > mine.height {
        return Some(format!("{other} (layer {}) lies above layer {}", theirs.height, mine.height));
    }
    if theirs.height == mine.height && !mine.open {
        return Some(format!("{module} and {other} lie side by side in layer {}", mine.height));
    }
    None
}

/// The code of a file without its comments.
fn code(text: &str) -> String {
    text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// First names of `crate::a::b`, `crate::{a::b, c}`: top-level modules, or `error` for what the root re-exports.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, head) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + head.len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(heads_of(list)),
            None => found.push(name(rest)),
        }
    }
    let root = |n: String| if n.starts_with(char::is_uppercase) { "error".into() } else { n };
    found.into_iter().filter(|n| !n.is_empty()).map(root).collect()
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// First names of the items of a list up to its closing brace.
fn heads_of(list: &str) -> Vec<String> {
    let (mut heads, mut depth, mut fresh) = (Vec::new(), 1, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                heads.push(name(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Names reached by so many `super::` that they leave the file's top-level module, which lies `depth` levels deep.
fn climbs(code: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        rest = &rest[at..];
        let mut levels = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            rest = after;
            levels += 1;
        }
        let first = name(rest);
        if levels >= depth && layer_of(&first).is_some() {
            found.push(first);
        }
    }
    found
}

#[test]
fn upper_modules_import_lower_ones_never_the_reverse() {
    let mut wrong = Vec::new();
    let mut edges = 0;
    for file in files_under("src") {
        let path: Vec<String> = file.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let Some(text) = text_of(&file).filter(|_| path[path.len() - 1].ends_with(".rs")) else {
            continue;
        };
        let module = path[1].trim_end_matches(".rs").to_string();
        if module == "lib" {
            continue;
        }
        let code = code(&text);
        let depth = path.len() - 1 - usize::from(path[path.len() - 1] == "mod.rs");
        for other in imports(&code).into_iter().chain(climbs(&code, depth)) {
            edges += 1;
            if let Some(why) = refusal(&module, &other) {
                wrong.push(format!("{}: {module} imports {other}: {why}", file.display()));
            }
        }
    }
    assert!(edges > 100, "only {edges} imports were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The paths of a tree `a::{b, c::{d, e}}` that begins at `text`, and what is left behind it.
fn paths<'t>(text: &'t str, before: &[String], found: &mut Vec<Vec<String>>) -> &'t str {
    let (mut path, mut rest) = (before.to_vec(), text.trim_start());
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            rest = list;
            while !rest.trim_start().starts_with('}') && !rest.is_empty() {
                let behind = paths(rest, &path, found);
                // Other names and stars are passed over.
                let end = behind.find([',', '}']).unwrap_or(behind.len());
                rest = behind[end..].strip_prefix(',').unwrap_or(&behind[end..]);
            }
            return rest.trim_start().strip_prefix('}').unwrap_or("");
        }
        let segment = name(rest);
        if segment.is_empty() {
            break;
        }
        rest = &rest.trim_start()[segment.len()..];
        path.push(segment);
        match rest.strip_prefix("::") {
            Some(more) => rest = more,
            None => break,
        }
    }
    found.push(path);
    rest
}

/// All paths of `crate::` in code.
fn crate_paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, head) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            paths(&code[at + head.len()..], &[], &mut found);
        }
    }
    found
}

/// Pairs of files of different rooms that lead to each other.
fn circles(leads: &BTreeMap<String, BTreeSet<String>>) -> Vec<(String, String)> {
    fn reached<'l>(
        leads: &'l BTreeMap<String, BTreeSet<String>>,
        from: &'l String,
    ) -> BTreeSet<&'l String> {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(leads[file].iter().filter(|to| seen.insert(*to)));
        }
        seen
    }
    let room = |file: &str| file.split("::").next().unwrap_or("").to_string();
    let all: BTreeMap<&String, BTreeSet<&String>> =
        leads.keys().map(|f| (f, reached(leads, f))).collect();
    let mut found = Vec::new();
    for (a, from_a) in &all {
        for b in from_a.iter().filter(|b| room(a) < room(b) && all[**b].contains(*a)) {
            found.push(((*a).clone(), (*b).clone()));
        }
    }
    found
}

/// Rooms of one layer may know each other, but no file leads through another room back to itself.
#[test]
fn no_circle_leads_through_two_rooms() {
    let mut texts = BTreeMap::new();
    for file in files_under("src") {
        let path = file.to_string_lossy().replace('\\', "/");
        let Some(text) =
            text_of(&file).filter(|_| path.ends_with(".rs") && !path.ends_with("tests.rs"))
        else {
            continue;
        };
        let module = path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        let module = module.trim_end_matches("::mod").to_string();
        if !["lib", "main"].contains(&module.as_str()) {
            texts
                .insert(module, code(&text).split("#[cfg(test)]").next().unwrap_or("").to_string());
        }
    }
    let leads: BTreeMap<String, BTreeSet<String>> = texts
        .iter()
        .map(|(module, code)| {
            let file_of = |path: Vec<String>| {
                let longest = (1..=path.len()).rev().map(|n| path[..n].join("::"));
                longest.into_iter().find(|m| texts.contains_key(m)).filter(|m| m != module)
            };
            (module.clone(), crate_paths(code).into_iter().filter_map(file_of).collect())
        })
        .collect();
    assert!(leads.values().map(BTreeSet::len).sum::<usize>() > 1000, "{leads:?}");
    assert_eq!(circles(&leads), [], "files of different rooms lead to each other");
}

/// The engines never see each other: what they share lies above both, in `transport`.
#[test]
fn engines_do_not_see_each_other() {
    for (engine, other) in [("cpu", "gpu"), ("gpu", "cpu")] {
        let folder = format!("src/transport/{engine}");
        if !files::root().join(&folder).is_dir() {
            println!("{folder} is not there yet: skipped");
            continue;
        }
        for file in files_under(&folder) {
            let code = code(&text_of(&file).unwrap_or_default());
            let seen = code.contains(&format!("{other}::"));
            assert!(!seen, "{} names {other}::", file.display());
        }
    }
}

/// Files that may open files: the door itself, what the system says of itself, whole writing, locks, and hashes of what was just written,
/// which are made to their end also after Ctrl-C.
const OPENERS: [&str; 5] = [
    "src/files.rs",
    "src/machine.rs",
    "src/io/atomic.rs",
    "src/io/folder/lock.rs",
    "src/io/folder/mark.rs",
];

/// What opens a file, in the code before its unit tests.
fn opens(code: &str) -> Option<&'static str> {
    let code = code.split("#[cfg(test)]").next().unwrap_or("");
    let ways = [
        "File::open",
        "File::options",
        "OpenOptions",
        "fs::read(",
        "fs::read_to_string(",
        "fs::metadata(",
    ];
    // `InputFile::open` is the door.
    let alone = |at: usize| !code[..at].ends_with(char::is_alphanumeric);
    ways.into_iter().find(|w| code.match_indices(w).any(|(at, _)| alone(at)))
}

/// A pipe, a device or a file without end is refused in one place (`src/files.rs`), so there is no other way to open a user's file.
#[test]
fn files_are_opened_through_one_door() {
    let tests = |p: &str| p.ends_with("tests.rs") || p.starts_with("src/physics/reference_");
    let mut wrong = Vec::new();
    for file in files_under("src") {
        let name = file.to_string_lossy().replace('\\', "/");
        if !name.ends_with(".rs") || tests(&name) || OPENERS.contains(&name.as_str()) {
            continue;
        }
        if let Some(way) = opens(&code(&text_of(&file).unwrap_or_default())) {
            wrong.push(format!("{name} has {way}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        opens("let f = File::open(path);").is_some() && opens("InputFile::open(path)").is_none()
    );
    assert!(opens("let t = std::fs::read_to_string(path);").is_some());
    assert!(opens("#[cfg(test)]\nmod tests { fs::read(x) }").is_none());
}

/// The files that may name what lies beside the repository: they fail where it is absent, and `build.rs` has the tests ignored then.
const SHARED: [&str; 4] = [
    "tests/support/shared.rs",
    "src/physics/reference_materials.rs",
    "tests/fuzz/dicom.rs",
    "tests/layers.rs",
];

/// A test that looks for `../shared` by itself could pass without having tested anything.
#[test]
fn tests_without_their_files_are_ignored_and_not_passed() {
    let names =
        |code: &str| code.contains("../shared") && !code.contains("ignore = \"needs ../shared");
    let mut wrong = Vec::new();
    let mut ignored = 0;
    for file in files_under("src").into_iter().chain(files_under("tests")) {
        let name = file.to_string_lossy().replace('\\', "/");
        let text = text_of(&file).unwrap_or_default();
        if name.ends_with(".rs") && !SHARED.contains(&name.as_str()) {
            let code = code(&text);
            wrong.extend(code.lines().filter(|l| names(l)).map(|l| format!("{name}: {l}")));
            ignored += code.matches("ignore = \"needs ../shared").count();
        }
    }
    assert!(wrong.is_empty(), "use tests/support/shared.rs: {wrong:#?}");
    assert!(ignored >= 40, "only {ignored} tests are ignored where ../shared is absent");
}

/// Cargo does not watch for what is not there yet.
#[test]
fn the_build_knows_what_lies_beside_the_repository() {
    for (folder, seen) in [("images", cfg!(shared_images)), ("reference", cfg!(shared_reference))] {
        let there = files::root().join("../shared").join(folder).join("README.md").is_file();
        assert_eq!(seen, there, "../shared/{folder} came or went since the build: touch build.rs");
    }
}

#[test]
fn the_checks_can_fail() {
    assert!(refusal("physics", "transport").is_some_and(|w| w.contains("above")));
    assert!(refusal("physics", "image").is_some_and(|w| w.contains("side by side")));
    assert!(refusal("io", "physics").is_some());
    assert!(refusal("analysis", "transport").is_some() && refusal("analysis", "image").is_none());
    assert!(refusal("kinetics", "image").is_some());
    assert!(refusal("image", "elsewhere").is_some());
    assert_eq!(refusal("transport", "physics"), None);
    assert_eq!(refusal("units", "constants"), None);
    let text = "use crate::{io::{read, write}, Result,\n  units};\nlet x = crate::stats::y(); // crate::cli";
    assert_eq!(imports(&code(text)), ["io", "error", "units", "stats"]);
    let tree: Vec<String> = crate_paths("use crate::{a::{B, c::d as e}, f};\nuse crate::g::*;")
        .into_iter()
        .map(|p| p.join("::"))
        .collect();
    assert_eq!(tree, ["a::B", "a::c::d", "f", "g"]);
    let to = |names: &[&str]| names.iter().map(|n| (*n).to_string()).collect();
    let mut leads = BTreeMap::from([
        ("a::b".to_string(), to(&["c::d"])),
        ("c::d".to_string(), to(&["c::e"])),
        ("c::e".to_string(), to(&["c::d"])),
    ]);
    assert!(circles(&leads).is_empty(), "a circle within a room");
    leads.insert("c::e".to_string(), to(&["a::b"]));
    assert_eq!(circles(&leads).len(), 2);
    assert_eq!(climbs("use super::super::dose::rate;", 2), ["dose"]);
    assert!(climbs("use super::dose::rate;", 2).is_empty());
}
