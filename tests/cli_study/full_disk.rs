//! A disk that fills up while a study is run: it says so, what lies there is whole or absent, and with room it goes on to the bytes of a run that always had it.

use std::path::Path;

use super::{Patient, STAGES, all, contents, ends, said};

/// Size of the largest file of a folder, in KiB and rounded down: with this limit it cannot be written.
fn largest_kib(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().metadata().unwrap().len());
    (files.max().unwrap() - 1) / 1024
}

#[test]
fn a_study_whose_disk_fills_up_says_so_and_goes_on() {
    let patient = Patient::new();
    patient.stages(&["run", "study.toml", "-o", "whole"]);
    let at = |name: &str| patient.path("whole").join(name);
    let whole = contents(&patient.path("whole"));
    let report = (std::fs::metadata(at("report.html")).unwrap().len() - 1) / 1024;
    let limits = [
        (1, vec![]),
        (largest_kib(&at("dose")), vec!["dose", "dvh", "bed", "limit", "report"]),
        (report, vec!["report"]),
    ];
    assert!(limits[0].0 < limits[1].0 && limits[1].0 < report, "{limits:?}");
    for (kib, stages) in limits {
        let out = format!("full{kib}");
        // A file that would be larger meets the error of a full disk; the signal that would end the program is ignored.
        let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" run study.toml -o {out}");
        let mut shell = std::process::Command::new("bash");
        shell.current_dir(patient.path("")).args(["-c", &script, env!("CARGO_BIN_EXE_voxgray")]);
        let output = shell.output().unwrap();
        let told = said(&output);
        assert_eq!(output.status.code(), Some(4), "{told}");
        assert!(told.contains("File too large") && told.contains("Make room"), "{told}");
        let missing: Vec<String> = ends(&output)
            .into_iter()
            .filter(|(_, end)| end != "done")
            .map(|(name, _)| name)
            .collect();
        assert!(stages.iter().all(|s| missing.contains(&(*s).to_string())), "{kib}: {missing:?}");
        // What is there is what a whole run has.
        for (name, bytes) in contents(&patient.path(&out)) {
            assert!(whole.get(&name) == Some(&bytes), "{kib}: {name}");
            let of_missing = |s: &String| {
                name.starts_with(&format!("{s}/")) || name.starts_with(&format!("{s}."))
            };
            assert!(!missing.iter().any(of_missing), "{kib}: {name}");
        }
        let ended = patient.stages(&["run", "study.toml", "-o", &out]);
        let expected = STAGES.map(|s| {
            let kept = !missing.is_empty() && !missing.iter().any(|m| m == s);
            (s.to_owned(), if kept { "kept" } else { "done" }.to_owned())
        });
        assert_eq!(ended, expected.into(), "{kib}");
        assert!(contents(&patient.path(&out)) == whole, "{kib}");
    }
    assert_eq!(patient.stages(&["run", "study.toml", "-o", "whole"]), all("kept", &STAGES));
}
