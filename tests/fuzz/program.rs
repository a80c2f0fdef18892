//! The program itself on a mutated file: its exit code is one of those that it names, it ends in time, and it stays small.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Kind;
use crate::cli_inputs::{Inputs, block, grid};
use crate::dicom::timed_pt;
use crate::objects::{INTERCEPT, ct};
use crate::packed::Packing;
use crate::writer::EXPLICIT_LITTLE;

/// Done, usage, input, input or output, a check of the run.
const CODES: [i32; 5] = [0, 2, 3, 4, 5];

/// Largest resident memory so far, bytes.
fn peak(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

fn run(mut command: Command) -> Result<bool, String> {
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let (start, mut most) = (Instant::now(), 0);
    let status = loop {
        most = most.max(peak(&child));
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            return Err("it does not end".into());
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let mut bytes = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stderr, &mut bytes);
        said = String::from_utf8_lossy(&bytes).into_owned();
    }
    if std::env::var_os("VOXGRAY_FUZZ_SHOW").is_some() {
        println!("{status}: {said}");
    }
    match status.code() {
        _ if said.contains("panicked") => Err(said),
        _ if most > 1 << 30 => Err(format!("{} MiB", most >> 20)),
        Some(code) if !CODES.contains(&code) => Err(format!("exit code {code}: {said}")),
        None => Err(format!("{status}: {said}")),
        Some(code) => Ok(code == 0),
    }
}

/// Runs `arguments` beside the small inputs of the tests, with the mutated file under `file`.
fn kind(
    name: &'static str,
    share: u64,
    file: &'static str,
    seeds: Vec<Vec<u8>>,
    packing: Packing,
    words: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Kind {
    let inputs = Inputs::new();
    inputs.write("later.mha", &block(&grid(), 5e5, 0.0));
    for (n, object) in ct(4).iter().enumerate() {
        std::fs::create_dir_all(inputs.path("ctd")).expect("a folder");
        std::fs::write(
            inputs.path(&format!("ctd/{n}.dcm")),
            object.clone().ds(INTERCEPT, &[0.0]).file(EXPLICIT_LITTLE),
        )
        .expect("written");
    }
    std::fs::create_dir_all(inputs.path("pt")).expect("a folder");
    for (n, object) in timed_pt().iter().enumerate() {
        std::fs::write(inputs.path(&format!("pt/{n}.dcm")), object.file(EXPLICIT_LITTLE))
            .expect("written");
    }
    Kind {
        name,
        share,
        seeds,
        words,
        packing,
        refuses_some: false,
        read: Box::new(move |_: &Path, bytes: &[u8]| {
            let _ = std::fs::remove_dir_all(inputs.path("out"));
            std::fs::write(inputs.path(file), bytes).map_err(|e| e.to_string())?;
            run(inputs.command(arguments))
        }),
    }
}

pub fn kinds() -> Vec<Kind> {
    let inputs = Inputs::new();
    let bytes = |name: &str| std::fs::read(inputs.path(name)).expect("an input");
    let nothing: &[&str] = &[];
    let headers: &[&str] = &[
        "ElementSpacing = 1e-3 1 1\n",
        "ElementSpacing = 1e3 1e3 1e3\n",
        "Offset = 1e9 0 0\n",
        "DimSize = 6 6 6\n",
        "DimSize = 216 1 1\n",
    ];
    let example =
        |help: &str| help.split_once("\nExample:\n").map_or("", |e| e.1).as_bytes().to_vec();
    let series = b"version = 1\nrelative_uncertainty = 0.05\n[[time_point]]\ntime = '4h'\nactivity = 'activity.mha'\n\
                   [[time_point]]\ntime = '24h'\nactivity = 'later.mha'\n[method]\ndefault = 'mono'\n";
    let table = "time (h),kidney (MBq),kidney ± (%)\n1,100,5\n24,80,5\n96,40,8\n168,20,10\n";
    macro_rules! dose {
        ($($more:literal),*) => {
            &["dose", "--engine", "cpu", "--threads", "1", "--histories", "60", "--batches", "3", "-q", "-o", "out", $($more),*]
        };
    }
    vec![
        kind(
            "program-activity",
            1,
            "a.mha",
            vec![bytes("activity.mha")],
            Packing::None,
            headers,
            dose!(
                "--density",
                "density.mha",
                "--materials",
                "labels.mha",
                "--material-names",
                "water",
                "--source",
                "electron:0.1MeV",
                "--activity",
                "a.mha"
            ),
        ),
        kind(
            "program-ct",
            1,
            "c.mha",
            vec![bytes("ct.mha")],
            Packing::None,
            headers,
            dose!(
                "--ct",
                "c.mha",
                "--source",
                "electron:0.1MeV",
                "--activity",
                "activity.mha",
                "--allow-outside",
                "--grid",
                "3"
            ),
        ),
        kind(
            "program-voi",
            1,
            "v.mha",
            vec![bytes("voi.mha")],
            Packing::None,
            headers,
            dose!(
                "--density",
                "density.mha",
                "--materials",
                "labels.mha",
                "--material-names",
                "water",
                "--source",
                "electron:0.1MeV",
                "--activity",
                "activity.mha",
                "--voi",
                "v.mha"
            ),
        ),
        kind(
            "program-pt",
            1,
            "pt/0.dcm",
            vec![timed_pt()[0].file(EXPLICIT_LITTLE)],
            Packing::Elements,
            nothing,
            dose!(
                "--ct",
                "ctd",
                "--nuclide",
                "F-18",
                "--activity",
                "pt",
                "--allow-outside",
                "--accept",
                "air"
            ),
        ),
        kind(
            "program-series",
            1,
            "s.toml",
            vec![series.to_vec()],
            Packing::None,
            &[
                "time = '0s'\n",
                "shift_mm = [1e9, 0, 0]\n",
                "default = 'average'\n",
                "integrate = 'voi'\n",
                "duration = '20min'\n",
            ],
            dose!(
                "--density",
                "density.mha",
                "--materials",
                "labels.mha",
                "--material-names",
                "water",
                "--nuclide",
                "Lu-177",
                "--activity",
                "s.toml",
                "--voi",
                "voi.mha"
            ),
        ),
        kind(
            "program-fit",
            2,
            "t.csv",
            vec![table.as_bytes().to_vec()],
            Packing::None,
            &["%IA", "n/a", "1e300", "-1", "0"],
            &["fit", "t.csv", "--nuclide", "Lu-177"],
        ),
        kind(
            "program-calibrate",
            2,
            "c.toml",
            vec![example(include_str!("../../src/cli/help_file/calibrate.txt"))],
            Packing::None,
            &["nan", "inf", "-1.0", "0.0", "1e300"],
            &["calibrate", "c.toml"],
        ),
        kind(
            "program-uncertainty",
            1,
            "u.toml",
            vec![example(include_str!("../../src/cli/help_file/uncertainty.txt"))],
            Packing::None,
            &["nan", "inf", "-1.0", "0.0", "1e300"],
            &["uncertainty", "u.toml", "--samples", "1000"],
        ),
    ]
}
