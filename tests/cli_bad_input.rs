//! Bad input and absurd options: a clear error with its exit code, and nothing left on the disk.

#[expect(dead_code, reason = "shared with cli_dose.rs, which uses the rest")]
mod cli_inputs;

use cli_inputs::{Inputs, block, grid, stderr, with};
use voxgray::image::Grid;

/// The command fails with `code`, says all of `words`, and leaves nothing behind.
fn refused(inputs: &Inputs, arguments: &[&str], code: i32, words: &[&str]) {
    let output = inputs.run(arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?} does not say '{word}': {text}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?} prints a result");
    assert!(inputs.made().is_empty(), "{arguments:?} leaves {:?}", inputs.made());
}

const ELECTRON: [&str; 4] = ["--source", "electron:0.5MeV", "-o", "out"];

fn with_electrons<'a>(more: &[&'a str]) -> Vec<&'a str> {
    with(&[&ELECTRON[..], more].concat())
}

#[test]
fn ct_and_activity_that_do_not_overlap() {
    let inputs = Inputs::new();
    let far = Grid::aligned([4; 3], [500.0, 0.0, 0.0], [4.0; 3]);
    inputs.write("activity.mha", &block(&far, 1.0, 1.0));
    let ct =
        ["dose", "--ct", "ct.mha", "--activity", "activity.mha", "--nuclide", "Y-90", "-o", "out"];
    refused(&inputs, &ct, 3, &["do not overlap", "498..514", "frame of reference"]);
}

#[test]
fn activity_outside_of_the_ct() {
    let inputs = Inputs::new();
    // Twice as wide as the matter, uniform: half of it is outside.
    let wide = Grid::aligned([12, 6, 6], [-10.0; 3], [4.0; 3]);
    inputs.write("activity.mha", &block(&wide, 1.0, 1.0));
    refused(&inputs, &with_electrons(&[]), 3, &["50.00 %", "outside", "--allow-outside"]);
}

#[test]
fn negative_and_undefined_activity() {
    let inputs = Inputs::new();
    inputs.write("activity.mha", &block(&grid(), 1e6, -2.0));
    refused(
        &inputs,
        &with_electrons(&[]),
        3,
        &["208 activity voxels are negative", "--negative-activity zero"],
    );
    inputs.write("activity.mha", &block(&grid(), f32::NAN, 1.0));
    refused(&inputs, &with_electrons(&[]), 3, &["8 activity voxels are NaN", "activity.mha"]);
    inputs.write("activity.mha", &block(&grid(), 0.0, 0.0));
    refused(&inputs, &with_electrons(&[]), 3, &["total activity", "is 0"]);
    inputs.write("activity.mha", &block(&grid(), -1.0, 0.0));
    refused(&inputs, &with_electrons(&["--negative-activity", "zero"]), 3, &["total activity"]);
}

#[test]
fn unknown_nuclide_with_near_names() {
    let inputs = Inputs::new();
    refused(
        &inputs,
        &with(&["--nuclide", "Lu-1777", "-o", "out"]),
        2,
        &["Lu-1777", "Did you mean", "Lu-177"],
    );
    refused(&inputs, &["nuclide", "Y90m9"], 2, &["no nuclide", "Y-90m"]);
}

#[test]
fn wrong_units() {
    let inputs = Inputs::new();
    refused(
        &inputs,
        &with_electrons(&["--activity-unit", "SUV"]),
        2,
        &["SUV", "Bq/mL, kBq/mL, MBq/mL, Bq, Bq*s/mL, Bq*s, counts"],
    );
    refused(&inputs, &with_electrons(&["--activity-unit", "counts"]), 2, &["no calibration"]);
    refused(
        &inputs,
        &with_electrons(&["--calibration", "2Bq"]),
        2,
        &["only counts are calibrated"],
    );
    let counts = ["--activity-unit", "counts", "--calibration"];
    refused(
        &inputs,
        &with_electrons(&[&counts[..], &["12"]].concat()),
        2,
        &["12", "it has no unit"],
    );
    refused(&inputs, &with_electrons(&[&counts[..], &["-1Bq"]].concat()), 2, &["positive"]);
    refused(
        &inputs,
        &with_electrons(&["--electron-cutoff", "10"]),
        2,
        &["its unit eV, keV or MeV"],
    );
    refused(
        &inputs,
        &with(&["--nuclide", "Y-90", "--horizon", "30", "-o", "out"]),
        2,
        &["its unit s, min, h, d or y"],
    );
}

#[test]
fn output_that_cannot_be_written() {
    let inputs = Inputs::new();
    refused(
        &inputs,
        &with(&["--source", "electron:0.5MeV", "-o", "names.csv/out"]),
        4,
        &["names.csv"],
    );
    refused(
        &inputs,
        &with(&["--source", "electron:0.5MeV", "-o", "names.csv"]),
        4,
        &["not a folder"],
    );
    refused(
        &inputs,
        &with(&["--source", "electron:0.5MeV", "-o", "/"]),
        4,
        &["voxgray did not write"],
    );
    // A folder of somebody else is never replaced, not even with --overwrite (which `with` gives).
    let foreign = tempfile::tempdir().unwrap();
    std::fs::write(foreign.path().join("thesis.txt"), "x").unwrap();
    let path = foreign.path().display().to_string();
    refused(
        &inputs,
        &with(&["--source", "electron:0.5MeV", "-o", &path]),
        4,
        &["voxgray did not write"],
    );
    assert!(foreign.path().join("thesis.txt").is_file());
}

/// A limit on the size of files stands for a full disk: writing fails in the middle of the outputs.
#[cfg(unix)]
#[test]
fn disk_full_while_writing() {
    let inputs = Inputs::new();
    let script = "ulimit -f 1 && trap '' XFSZ && exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_voxgray")])
        .args(with_electrons(&[]))
        .current_dir(inputs.path(""))
        .output()
        .unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("cannot write") && text.contains("too large"), "{text}");
    assert!(inputs.made().is_empty(), "{:?}", inputs.made());
}

/// The real thing, on a tmpfs of 64 KiB; needs the right to mount.
#[cfg(target_os = "linux")]
#[test]
fn disk_full_on_a_small_disk() {
    let inputs = Inputs::new();
    let big = Grid::aligned([40; 3], [0.0; 3], [4.0; 3]);
    // Noise does not compress.
    let noise = (0..big.len()).map(|n| 0.9 + (n.wrapping_mul(2_654_435_761) % 1000) as f32 * 1e-4);
    let noise = voxgray::image::Volume::new(big.clone(), noise.collect()).unwrap();
    inputs.write("density.mha", &noise);
    inputs.write("labels.mha", &block(&big, 0.0, 0.0));
    inputs.write("activity.mha", &block(&big, 1.0, 1.0));
    std::fs::create_dir(inputs.path("disk.mha")).unwrap();
    let script = "mount -t tmpfs -o size=64k none disk.mha || exit 77; \"$0\" \"$@\" -o disk.mha/out; \
                  code=$?; ls -A disk.mha >&2; exit $code";
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_voxgray")])
        .args(with(&["--source", "electron:0.5MeV"]))
        .current_dir(inputs.path(""))
        .output();
    match output {
        Ok(output) if output.status.code() == Some(4) => {
            let text = stderr(&output);
            assert!(text.contains("No space left"), "{text}");
            let listing = text.lines().last().unwrap_or_default();
            assert!(listing.starts_with("error:"), "something is left on the disk: {text}");
        }
        Ok(output) if output.status.code() == Some(0) => panic!("64 KiB held everything"),
        _ => println!("skipped: no right to mount a small tmpfs"),
    }
}

#[test]
fn absurd_options() {
    let inputs = Inputs::new();
    let cases: [(&[&str], &str); 25] = [
        (&["--histories", "0"], "whole number from 1"),
        (&["--histories", "-5"], "whole number from 1"),
        (&["--histories", "1.5"], "whole number from 1"),
        (&["--histories", "1e30"], "whole number from 1"),
        (&["--batches", "0"], "--batches is 0"),
        (&["--batches", "5000"], "at least one history"),
        (&["--threads", "0"], "--threads is 0"),
        (&["--electron-cutoff", "1e9MeV"], "must lie within 0.001 and 4"),
        (&["--electron-cutoff", "1eV"], "must lie within 0.001 and 4"),
        (&["--photon-cutoff=-1keV"], "its unit eV, keV or MeV"),
        (&["--photon-cutoff", "2MeV"], "must lie within 0.001 and 0.5"),
        (&["--production-threshold", "200%"], "0% and 100%"),
        (&["--max-step", "0"], "must lie within"),
        (&["--max-step-loss", "100%"], "must lie within"),
        (&["--target-uncertainty", "0%"], "0.01 % and 50 %"),
        (&["--target-uncertainty", "nan"], "within 0 and 1"),
        (&["--target-uncertainty", "1%", "--target-voi", "liver"], "without --voi"),
        (&["--target-fraction", "0"], "--target-fraction is 0"),
        (&["--target-percentile", "100"], "--target-percentile is 100"),
        (&["--shard", "4/3"], "i from 1 to n"),
        (&["--shard", "1/60"], "50 batches to share out"),
        (&["--shard", "1/3", "--target-uncertainty", "1%"], "cannot know"),
        (&["--grid", "0"], "0.05 to 100 mm"),
        (&["--max-memory", "1MiB", "--grid", "0.1"], "the limit is 0.00 GiB"),
        (&["--ct", "ct.mha"], "cannot be used with"),
    ];
    for (options, word) in cases {
        // The later of two equal options would be refused as a repetition, so drop the base's.
        let base: Vec<&str> = with_electrons(&[]);
        let base = if options[0] == "--histories" {
            let at = base.iter().position(|o| *o == "--histories").unwrap();
            [&base[..at], &base[at + 2..]].concat()
        } else {
            base
        };
        let code = 2;
        refused(&inputs, &[&base[..], options].concat(), code, &[word]);
    }
    let dose = ["dose", "--activity", "activity.mha", "-o", "out"];
    refused(&inputs, &[&dose[..], &["--nuclide", "Y-90"]].concat(), 2, &["--ct"]);
    refused(&inputs, &[&dose[..], &["--ct", "ct.mha"]].concat(), 2, &["--nuclide"]);
    refused(&inputs, &with(&["--source", "proton:1MeV", "-o", "out"]), 2, &["none of photon"]);
    refused(&inputs, &with(&["--source", "electron:9MeV", "-o", "out"]), 2, &["0.001 to 3.5"]);
    refused(&inputs, &with_electrons(&["--nuclide", "Y-90"]), 2, &["cannot be used with"]);
    refused(&inputs, &with_electrons(&["--physical-decay"]), 2, &["--physical-decay", "half-life"]);
    let integrated =
        ["--nuclide", "Y-90", "--physical-decay", "--activity-unit", "Bq*s", "-o", "out"];
    refused(&inputs, &with(&integrated), 2, &["already counts all decays"]);
    refused(
        &inputs,
        &with(&["--nuclide", "Y-90", "--retained", "1.5", "-o", "out"]),
        2,
        &["0% and 100%"],
    );
    refused(&inputs, &with_electrons(&["--voi-names", "names.csv"]), 2, &["--voi"]);
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let inputs = Inputs::new();
    let ct = |path: &'static str, curve: &'static str| {
        [
            "dose",
            "--ct",
            path,
            "--hu-curve",
            curve,
            "--activity",
            "activity.mha",
            "--nuclide",
            "Y-90",
            "-o",
            "out",
        ]
    };
    refused(&inputs, &ct("missing.mha", "schneider"), 4, &["missing.mha"]);
    refused(&inputs, &ct("names.csv", "schneider"), 3, &["cannot tell what image"]);
    refused(&inputs, &ct("ct.mha", "nobody2001"), 2, &["nobody2001", "schneider"]);
    std::fs::write(inputs.path("curve.toml"), "name = 1").unwrap();
    refused(&inputs, &ct("ct.mha", "curve.toml"), 3, &["curve.toml"]);
    inputs.write("ct.mha", &block(&grid(), 0.0, 5000.0));
    refused(&inputs, &ct("ct.mha", "schneider"), 3, &["96.30 %", "above HU 3000"]);
    inputs.write("ct.mha", &block(&grid(), 0.0, -2000.0));
    refused(&inputs, &ct("ct.mha", "schneider"), 3, &["96.30 %", "below HU -1050"]);
    inputs.write("labels.mha", &block(&grid(), 3.0, 0.0));
    refused(&inputs, &with_electrons(&[]), 3, &["label 3"]);
    inputs.write("labels.mha", &block(&grid(), 0.0, 0.0));
    refused(&inputs, &with_electrons(&["--voi", "density.mha.mha"]), 4, &["density.mha.mha"]);
    inputs.write("voi.mha", &block(&grid(), 1.5, 0.0));
    refused(&inputs, &with_electrons(&["--voi", "voi.mha"]), 3, &["labels are whole numbers"]);
    refused(&inputs, &["merge", "out", "activity.mha"], 3, &["cannot be read as a shard"]);
}

#[test]
fn sheared_grids_are_refused() {
    let inputs = Inputs::new();
    let mut sheared = grid();
    sheared.axes_mm[2] = [0.0, 1.5, 4.0];
    inputs.write("density.mha", &block(&sheared, 1.0, 1.0));
    inputs.write("labels.mha", &block(&sheared, 0.0, 0.0));
    refused(
        &inputs,
        &with_electrons(&["--grid", "ct"]),
        3,
        &["sheared by 20.56 degrees", "orthogonal"],
    );
}
