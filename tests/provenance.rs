//! Where numbers come from: every table says what it holds, in which units, from which source, under which licence and how it was made;
//! and nothing of the machine that made it is left in any file.

#[path = "support/files.rs"]
mod files;

use files::{files_under, root, text_of};

/// Header lines that every table starts with.
const HEADERS: [&str; 5] = ["quantity", "units", "source", "licence", "generator"];
/// Largest file, bytes.
const LARGEST: u64 = 2 << 20;

/// Why a table's header is refused, or None.
fn refusal(table: &str) -> Option<String> {
    let comments: Vec<&str> = table.lines().take_while(|line| line.starts_with('#')).collect();
    for header in HEADERS {
        let start = format!("# {header}: ");
        let mut values = comments.iter().filter_map(|line| line.strip_prefix(&start));
        match (values.next(), values.next()) {
            (None, _) => return Some(format!("no line '{start}...' before the first row")),
            (Some(value), _) if value.trim().is_empty() => {
                return Some(format!("'{start}' says nothing"));
            }
            (Some(_), Some(_)) => return Some(format!("'{start}' stands twice")),
            (Some(_), None) => {}
        }
    }
    if table.lines().count() <= comments.len() { Some("no rows".into()) } else { None }
}

#[test]
fn every_table_says_where_it_comes_from() {
    let mut tables = 0;
    for folder in ["data", "validation"] {
        for file in files_under(folder) {
            if file.extension().is_none_or(|e| e != "csv") {
                continue;
            }
            let text = text_of(&file).unwrap_or_else(|| panic!("{} is not text", file.display()));
            assert_eq!(refusal(&text), None, "{}", file.display());
            tables += 1;
        }
    }
    println!("{tables} tables");
    assert!(tables >= 20, "only {tables} tables were found");
}

/// A table in another format would escape the test above.
#[test]
fn data_are_tables_or_licences() {
    for file in files_under("data") {
        let name = file.to_string_lossy().into_owned();
        let known = [".csv", "LICENSE.TXT", "NOTICE.TXT", "README.md"]
            .iter()
            .any(|end| name.ends_with(end));
        assert!(known, "{name} is no table");
    }
}

/// A generator that is named exists.
#[test]
fn generators_exist() {
    for file in files_under("data") {
        let text = text_of(&file).unwrap_or_default();
        let Some(line) = text.lines().find(|l| l.starts_with("# generator: ")) else { continue };
        let named = line.split([' ', ',', ';']).find(|word| word.starts_with("tools/"));
        let script = named.unwrap_or_else(|| panic!("{}: '{line}' names no tool", file.display()));
        assert!(root().join(script).is_file(), "{}: {script} is missing", file.display());
    }
}

#[test]
fn a_table_without_provenance_is_refused() {
    let good = "# quantity: a thing\n# units: cm2/g\n# source: a paper\n# licence: public domain\n\
                # generator: tools/x.py\n# more: words\nz,value\n1,2\n";
    assert_eq!(refusal(good), None);
    for header in HEADERS {
        let without: String =
            good.lines().filter(|l| !l.contains(header)).map(|l| format!("{l}\n")).collect();
        assert!(refusal(&without).is_some_and(|why| why.contains(header)), "{header}");
        let start = format!("# {header}: ");
        let empty: String = good
            .lines()
            .map(|l| if l.starts_with(&start) { format!("{start}\n") } else { format!("{l}\n") })
            .collect();
        assert!(refusal(&empty).is_some_and(|why| why.contains("says nothing")), "{header}");
    }
    let late = good.replace("# units: cm2/g\n", "") + "# units: cm2/g\n";
    assert!(refusal(&late).is_some(), "a header after the rows is none");
    let twice = format!("# units: g\n{good}");
    assert!(refusal(&twice).is_some_and(|why| why.contains("twice")));
    assert!(refusal(good.split("z,value").next().unwrap_or("")).is_some_and(|w| w == "no rows"));
}

/// Folders of one machine. Written in pieces, so that this file does not name them.
fn machine_paths() -> Vec<String> {
    ["work", "tmp", "home", "root", "Users", "mnt"].iter().map(|f| format!("/{f}/")).collect()
}

/// A machine's path in a text: the folder at the start of a path, not inside a longer one (`a/var/b`).
fn names_machine_path(text: &str) -> Option<String> {
    let inside =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}' | ')' | '*');
    for path in machine_paths() {
        for (at, _) in text.match_indices(&path) {
            if !text[..at].ends_with(inside) {
                let rest: String = text[at..].chars().take(40).collect();
                return Some(rest);
            }
        }
    }
    None
}

#[test]
fn no_file_names_a_machines_path_or_is_huge() {
    let mut seen = 0;
    for file in files_under("") {
        let size = std::fs::metadata(root().join(&file)).expect("a file").len();
        assert!(size <= LARGEST, "{} has {size} bytes", file.display());
        if let Some(text) = text_of(&file) {
            let named = names_machine_path(&text);
            assert_eq!(named, None, "{} names a machine's path", file.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} files were read");
    assert!(names_machine_path(&format!("open('{}x')", machine_paths()[1])).is_some());
    assert!(names_machine_path("see https://example.org/a/home/b").is_none());
}
