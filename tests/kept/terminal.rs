//! A terminal, pipe or log that is gone or full.

use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use super::ELECTRONS;
use super::cli_inputs::{Inputs, json, stderr, with};

/// The program, quoted for a shell, with its options.
fn line(options: &[&str]) -> String {
    let quoted = |o: &&str| format!("'{o}'");
    let options: Vec<String> = options.iter().map(quoted).collect();
    format!("'{}' {}", env!("CARGO_BIN_EXE_voxgray"), options.join(" "))
}

fn shell(inputs: &Inputs, script: &str) -> Output {
    Command::new("sh").arg("-c").arg(script).current_dir(inputs.path("")).output().unwrap()
}

fn dose(out: &str) -> Vec<&str> {
    with(&[&ELECTRONS[..], &["-o", out]].concat())
}

#[test]
fn standard_error_may_be_full_or_gone() {
    let inputs = Inputs::new();
    if !std::path::Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let output = shell(&inputs, &format!("{} 2> /dev/full", line(&dose("full"))));
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("voi\t"));
    let script = format!("({}; echo $? > rc) 2>&1 | true", line(&dose("gone")));
    shell(&inputs, &script);
    assert_eq!(std::fs::read_to_string(inputs.path("rc")).unwrap().trim(), "0");
    let output = shell(&inputs, &format!("{} 2>&-", line(&dose("closed"))));
    assert_eq!(output.status.code(), Some(0));
    for out in ["full", "gone", "closed"] {
        assert_eq!(json(&inputs.path(out).join("summary.json"))["partial"], false, "{out}");
    }
    // Usage errors and refusals keep their exit codes.
    let output = shell(&inputs, &format!("{} --nonsense 2> /dev/full", line(&["dose"])));
    assert_eq!(output.status.code(), Some(2));
    let output = shell(&inputs, &format!("{} 2> /dev/full", line(&dose("full/../activity.mha"))));
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_result_on_a_full_disk_is_an_error_and_one_without_a_reader_is_not() {
    let inputs = Inputs::new();
    if !std::path::Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let table = "time_h,liver_MBq\n4,10\n24,8\n72,4\n168,1\n";
    std::fs::write(inputs.path("curves.csv"), table).unwrap();
    let products: [&[&str]; 4] = [
        &["nuclide", "Lu-177"],
        &["fit", "curves.csv", "--nuclide", "Lu-177"],
        &["--help"],
        &["help-file", "series"],
    ];
    for product in products {
        let output = shell(&inputs, &format!("{} > /dev/full", line(product)));
        assert_eq!(output.status.code(), Some(4), "{product:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("standard output"), "{}", stderr(&output));
        let script = format!("({}; echo $? > rc) | true", line(product));
        let output = shell(&inputs, &script);
        let rc = std::fs::read_to_string(inputs.path("rc")).unwrap();
        assert!(["0", "3"].contains(&rc.trim()), "{product:?}: {rc} {}", stderr(&output));
        assert!(!stderr(&output).contains("panic"), "{}", stderr(&output));
    }
    // The folder is the product of a run: kept, though its table is lost, which is told.
    let output = shell(&inputs, &format!("{} > /dev/full", line(&dose("out"))));
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("kept in out"), "{}", stderr(&output));
    assert_eq!(json(&inputs.path("out/summary.json"))["partial"], false);
    let output = shell(&inputs, &format!("{} > /dev/full 2>&1", line(&dose("log"))));
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(json(&inputs.path("log/summary.json"))["partial"], false);
}

/// Ctrl-C goes to the whole group: `tee` is gone before the run says a word.
#[test]
fn ctrl_c_to_a_pipe_keeps_what_is_done() {
    let inputs = Inputs::new();
    let options = dose("out");
    let at = options.iter().position(|o| *o == "--histories").unwrap();
    let options = [
        &options[..at],
        &["--histories", "1e9", "--batches", "1000000"],
        &options[at + 2..],
        &["--checkpoint-every", "0.05s"],
    ]
    .concat();
    let script = format!("({}; echo $? > rc) 2>&1 | tee log", line(&options));
    // The subshell must outlive the signal to note the exit code.
    let script = format!("trap : INT; {script}");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(inputs.path(""))
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let checkpoint = inputs.path(".out.partial/checkpoint_dose.voxgray");
    while !checkpoint.is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    child.wait().unwrap();
    let since = std::time::Instant::now();
    while !inputs.path("out").is_dir() && since.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let summary = json(&inputs.path("out/summary.json"));
    assert_eq!(summary["partial"], true);
    assert!(summary["run"]["batches"].as_u64().unwrap() > 0);
    assert!(inputs.path("out/checkpoint_dose.voxgray").is_file());
}
