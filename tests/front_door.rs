//! The pages for each kind of user, and the tutorial: what they print to be typed is run as it stands, in order, in an empty folder, and what they say is
//! printed is.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

/// A fenced block of a page: its language and its lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```").filter(|l| !l.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        found.push((language.to_owned(), body.join("\n")));
    }
    found
}

/// What a shell prints that runs a block.
fn run(folder: &Path, block: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_voxgray")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", block])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", program.display()))
        // Kernels of other runs would make a page quicker than it is.
        .env("XDG_CACHE_HOME", folder.join(".cache"))
        .env("XDG_RUNTIME_DIR", std::env::temp_dir())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{block}\n{printed}");
    printed
}

/// Runs a page; gives how many commands of the program it has and how many lines it says are printed.
fn follow(page: &str, folder: &Path) -> (usize, usize) {
    let (mut commands, mut lines, mut printed) = (0, 0, String::new());
    for (language, block) in blocks(page) {
        if language == "sh" {
            commands += block.lines().filter(|l| l.starts_with("voxgray ")).count();
            printed = run(folder, &block);
            continue;
        }
        assert_eq!(language, "text");
        for line in block.lines() {
            lines += 1;
            assert!(printed.contains(line), "'{line}' is not printed:\n{printed}");
        }
    }
    (commands, lines)
}

#[test]
fn a_clinics_first_commands_work_as_printed() {
    let place = tempfile::tempdir().unwrap();
    let page = include_str!("../docs/for_clinics.md");
    assert_eq!(follow(page, place.path()), (5, 0));
    assert!(place.path().join("export/study-out/report.html").is_file());
    assert!(place.path().join("dicom").is_dir());
}

#[test]
fn the_tutorial_leads_to_a_report() {
    let place = tempfile::tempdir().unwrap();
    let (commands, lines) = follow(include_str!("../docs/tutorial.md"), place.path());
    assert!(commands >= 6 && lines >= 15, "{commands} commands, {lines} lines");
    let report = place.path().join("export/study-out/report.html");
    assert!(std::fs::read_to_string(report).unwrap().contains("BED"));
}

#[test]
fn a_method_developers_first_commands_work_as_printed() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(follow(include_str!("../docs/for_method_developers.md"), place.path()), (5, 0));
    for made in ["cmp/comparison.html", "mine/comparison.html", "lu177.csv", "pairs/pairs.csv"] {
        assert!(place.path().join(made).is_file(), "{made}");
    }
}

#[test]
fn an_interface_researchers_first_commands_work_as_printed() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(follow(include_str!("../docs/for_interface_research.md"), place.path()), (6, 0));
    // The lung is there and changes something.
    let places = std::fs::read_to_string(place.path().join("change/places.csv")).unwrap();
    assert!(places.contains("lung"), "{places}");
}

/// Each page can be found from the README.
#[test]
fn the_readme_leads_to_each_page() {
    let readme = include_str!("../README.md");
    for page in ["for_clinics", "for_method_developers", "for_interface_research", "tutorial"] {
        assert!(readme.contains(&format!("docs/{page}.md")), "{page}");
    }
    assert!(readme.contains("workflow/README.md"));
}

/// Completions and man pages are those of the commands that there are.
#[test]
fn shells_and_man_know_every_command() {
    let place = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = run(place.path(), &format!("voxgray completions {shell}"));
        for word in ["dose", "compare-methods", "max-step-loss", "completions"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
    }
    let check = "voxgray completions bash > c && bash -n c && . ./c && complete -p voxgray";
    assert!(run(place.path(), check).contains("_voxgray"));
    let printed = run(place.path(), "voxgray man man1");
    for page in ["voxgray.1", "voxgray-dose.1", "voxgray-plan-limit.1", "voxgray-man.1"] {
        let text = std::fs::read_to_string(place.path().join("man1").join(page)).unwrap();
        assert!(text.contains(".TH") && printed.contains(page), "{page}");
    }
    // The man page has what the help leaves out.
    let dose = std::fs::read_to_string(place.path().join("man1/voxgray-dose.1")).unwrap();
    assert!(dose.contains("max\\-step\\-loss"));
    run(
        place.path(),
        "echo mine > man1/other.1; voxgray man man1 --overwrite; test -f man1/other.1",
    );
    run(place.path(), "! voxgray man man1");
}
