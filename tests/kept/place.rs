//! The place of an output: what --overwrite touches, two runs at once, what killed runs leave.

use std::path::Path;
use std::process::{Child, Stdio};

use super::cli_inputs::{Inputs, json, stderr, succeed, with};
use super::{ELECTRONS, differing};

/// The options, without --overwrite unless it is one of `more`.
fn plain<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let base = with(&ELECTRONS).into_iter().filter(|o| *o != "--overwrite");
    base.chain(more.iter().copied()).collect()
}

/// Waits for a file that a run writes.
fn wait_for(file: &Path, child: &mut Child) {
    while !file.is_file() {
        assert!(child.try_wait().unwrap().is_none(), "it ended without {}", file.display());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// With more histories than a test has time for.
fn long(options: Vec<&str>) -> Vec<&str> {
    let at = options.iter().position(|o| *o == "--histories").unwrap();
    [&options[..at], &["--histories", "1e9", "--batches", "1000000"], &options[at + 2..]].concat()
}

/// A run that has begun its histories.
fn begun(inputs: &Inputs, options: &[&str]) -> Child {
    use std::io::{BufRead, BufReader};
    let mut command = inputs.command(options);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|l| l.as_ref().is_ok_and(|l| l.starts_with("running"))).unwrap().unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    child
}

#[test]
fn overwrite_touches_only_what_voxgray_wrote() {
    let inputs = Inputs::new();
    let run = |more: &[&str]| inputs.run(&with(&[&ELECTRONS[..], &["-o", "out"], more].concat()));
    let read = |name: &str| std::fs::read_to_string(inputs.path("out").join(name)).unwrap();
    // A folder with any summary.json.
    std::fs::create_dir_all(inputs.path("out/sub")).unwrap();
    std::fs::write(inputs.path("out/summary.json"), "{}").unwrap();
    std::fs::write(inputs.path("out/sub/x"), "x").unwrap();
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("did not write: sub, summary.json"), "{}", stderr(&output));
    assert_eq!((read("summary.json"), read("sub/x")), ("{}".into(), "x".into()));
    std::fs::remove_dir_all(inputs.path("out")).unwrap();
    // An output with something of the user's beside it.
    succeed(&run(&[]));
    std::fs::create_dir_all(inputs.path("out/sub")).unwrap();
    std::fs::write(inputs.path("out/sub/x"), "x").unwrap();
    std::fs::write(inputs.path("out/notes.txt"), "mine").unwrap();
    succeed(&run(&["--seed", "2"]));
    assert_eq!((read("notes.txt"), read("sub/x")), ("mine".into(), "x".into()));
    assert_eq!(json(&inputs.path("out/summary.json"))["setup"]["seed"], 2);
    std::fs::write(inputs.path("out/vois.csv"), "edited").unwrap();
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("vois.csv"), "{}", stderr(&output));
    assert_eq!(read("vois.csv"), "edited");
    assert_eq!(inputs.made(), ["out"]);
}

#[test]
fn merge_and_fit_overwrite_no_more() {
    let inputs = Inputs::new();
    let shard = ["--shard", "1/1", "-o", "part"];
    succeed(&inputs.run(&with(&[&ELECTRONS[..], &shard[..]].concat())));
    let table = "time_h,liver_MBq\n4,10\n24,8\n72,4\n168,1\n";
    std::fs::write(inputs.path("curves.csv"), table).unwrap();
    let commands: [&[&str]; 2] = [
        &["merge", "out", "part", "--overwrite"],
        &["fit", "curves.csv", "--nuclide", "Lu-177", "-o", "out", "--overwrite"],
    ];
    for (command, name) in commands.into_iter().zip(["summary.json", "fit.json"]) {
        std::fs::create_dir(inputs.path("out")).unwrap();
        std::fs::write(inputs.path("out").join(name), "{}").unwrap();
        let output = inputs.run(command);
        assert_eq!(output.status.code(), Some(4), "{command:?}: {}", stderr(&output));
        assert_eq!(std::fs::read_to_string(inputs.path("out").join(name)).unwrap(), "{}");
        std::fs::remove_file(inputs.path("out").join(name)).unwrap();
        for _ in 0..2 {
            let output = inputs.run(command);
            assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
        }
        std::fs::remove_dir_all(inputs.path("out")).unwrap();
    }
}

#[test]
fn the_second_run_into_a_folder_learns_it_at_the_start() {
    let inputs = Inputs::new();
    let mut first = begun(&inputs, &long(plain(&["-o", "out"])));
    let since = std::time::Instant::now();
    for more in [&[][..], &["--overwrite"], &["--resume"]] {
        // Before any image is looked at: one is not there.
        let options = long(plain(&[&["-o", "./out"], more].concat()));
        let absent = options.iter().map(|o| if *o == "activity.mha" { "absent.mha" } else { o });
        let second = inputs.run(&absent.collect::<Vec<_>>());
        assert_eq!(second.status.code(), Some(4), "{}", stderr(&second));
        let said = stderr(&second);
        let process = format!("process {}", first.id());
        assert!(said.contains("another voxgray") && said.contains(&process), "{said}");
    }
    assert!(since.elapsed().as_secs() < 60);
    first.kill().unwrap();
    first.wait().unwrap();
    // The lock has gone with it.
    succeed(&inputs.run(&plain(&["-o", "out"])));
}

#[test]
fn stale_folders_never_block() {
    let inputs = Inputs::new();
    let mut killed = begun(&inputs, &long(plain(&["-o", "out", "--checkpoint-every", "0.05s"])));
    wait_for(&inputs.path(".out.partial/checkpoint_dose.voxgray"), &mut killed);
    killed.kill().unwrap();
    killed.wait().unwrap();
    std::fs::create_dir(inputs.path(".out.4711.partial")).unwrap();
    let output = inputs.run(&plain(&["-o", "out"]));
    succeed(&output);
    let said = stderr(&output);
    assert!(said.contains("put aside") && said.contains("--resume"), "{said}");
    assert!(said.contains(".out.4711.partial") && said.contains(".out.1.partial"), "{said}");
    assert_eq!(inputs.made(), [".out.1.partial", ".out.4711.partial", "out"]);
    for stale in [".out.1.partial", ".out.4711.partial"] {
        std::fs::remove_dir_all(inputs.path(stale)).unwrap();
    }
    succeed(&inputs.run(&plain(&["-o", "out", "--overwrite"])));
    assert_eq!(inputs.made(), ["out"]);
}

/// Ctrl-C in a run that was to replace an older output: the older one stays, what was run is kept and goes on.
#[cfg(unix)]
#[test]
fn an_interrupted_run_replaces_nothing() {
    let inputs = Inputs::new();
    succeed(&inputs.run(&plain(&["-o", "out", "--seed", "7"])));
    let older = std::fs::read(inputs.path("out/summary.json")).unwrap();
    // Short batches: one has ended before the first checkpoint on a busy machine too.
    let batches = ["--batches", "400", "--seed", "8", "-q", "--checkpoint-every", "0.05s"];
    let options = plain(&[&batches[..], &["-o", "out", "--overwrite"]].concat());
    let at = options.iter().position(|o| *o == "--histories").unwrap();
    let options = [&options[..at], &["--histories", "400000"], &options[at + 2..]].concat();
    let mut child = inputs.command(&options).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&inputs.path(".out.partial/checkpoint_dose.voxgray"), &mut child);
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    // -q says nothing.
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(130), ""));
    assert_eq!(std::fs::read(inputs.path("out/summary.json")).unwrap(), older);
    let summary = json(&inputs.path(".out.partial/summary.json"));
    assert_eq!(summary["partial"], true);
    assert!(summary["warnings"].is_array());
    // It goes on, and then replaces the older one.
    let output = inputs.run(&[&options[..], &["--resume"]].concat());
    succeed(&output);
    assert_eq!(stderr(&output), "");
    let whole = options.iter().map(|o| if *o == "out" { "whole" } else { o }).collect::<Vec<_>>();
    succeed(&inputs.run(&whole));
    assert_eq!(differing(&inputs.path("out"), &inputs.path("whole")), Vec::<String>::new());
    assert_eq!(inputs.made(), ["out", "whole"]);
}
