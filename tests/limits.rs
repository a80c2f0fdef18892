//! What the program does not do: wait for a pipe, panic at a name, take all memory for a small file, start threads without number, or
//! go on reading after Ctrl-C.

#[allow(dead_code, reason = "shared with other tests of the program")]
mod cli_inputs;
#[allow(dead_code, reason = "shared with the tests of DICOM")]
#[path = "dicom/writer.rs"]
mod writer;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cli_inputs::{BASE, EDGE, Inputs, WITH_VOIS, json, stderr, succeed};

/// Source and run of `BASE`, small.
const SMALL: [&str; 8] =
    ["--source", "electron:0.1MeV", "--engine", "cpu", "--batches", "3", "-o", "out"];

/// Exit code and messages of a command, which must end within 20 s; and the most memory it had, MiB.
fn ended(mut command: Command) -> (Option<i32>, String, u64) {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (start, mut most) = (Instant::now(), 0);
    loop {
        most = most.max(resident_mib(&child));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output: Output = child.wait_with_output().unwrap();
    (output.status.code(), stderr(&output), most)
}

/// Largest resident memory so far.
fn resident_mib(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

fn refused(inputs: &Inputs, arguments: &[&str], parts: &[&str]) -> u64 {
    let (code, said, most) = ended(inputs.command(arguments));
    assert!(matches!(code, Some(2..=4)), "{arguments:?}: {code:?} {said}");
    assert!(!said.contains("panicked"), "{said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: '{part}' is not in: {said}");
    }
    println!("{}", said.lines().next().unwrap_or_default());
    most
}

fn replaced<'a>(all: &[&'a str], old: &str, new: &'a str) -> Vec<&'a str> {
    all.iter().map(|a| if *a == old { new } else { a }).collect()
}

#[cfg(unix)]
fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Each place that names a file is given a pipe without a writer, a folder and a device.
#[cfg(unix)]
#[test]
fn a_pipe_folder_or_device_is_refused_at_once() {
    let inputs = Inputs::new();
    for name in ["p.mha", "p.nii.gz", "p.toml", "p.csv", "p", "p.dcm"] {
        make_pipe(&inputs.path(name));
    }
    std::fs::create_dir(inputs.path("f.toml")).unwrap();
    std::fs::write(
        inputs.path("beside.mhd"),
        "ObjectType = Image\nNDims = 3\nDimSize = 1 1 1\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\nBinaryData = True\nElementDataFile = p\n",
    )
    .unwrap();
    let base: Vec<&str> = BASE.iter().chain(&SMALL).copied().collect();
    let ct =
        ["dose", "--activity", "activity.mha", "--histories", "60"].iter().chain(&SMALL).copied();
    let ct = |more: &[&'static str]| -> Vec<&'static str> {
        ct.clone().chain(more.iter().copied()).collect()
    };
    let pipe = &["it is a pipe, not a regular file"][..];
    for name in ["p.mha", "p.nii.gz", "p", "p.dcm"] {
        refused(&inputs, &replaced(&base, "activity.mha", name), pipe);
        refused(&inputs, &replaced(&base, "density.mha", name), pipe);
        refused(&inputs, &ct(&["--ct", name]), pipe);
    }
    refused(&inputs, &replaced(&base, "activity.mha", "beside.mhd"), pipe);
    refused(&inputs, &replaced(&base, "activity.mha", "p.toml"), pipe);
    refused(&inputs, &replaced(&base, "labels.mha", "p.mha"), pipe);
    // What is no file may be a list of names.
    refused(&inputs, &replaced(&base, "water", "p.toml"), &["p.toml"]);
    refused(&inputs, &ct(&["--ct", "ct.mha", "--hu-curve", "p.toml"]), &["p.toml"]);
    let with_vois: Vec<&str> =
        WITH_VOIS.iter().copied().chain(["--activity", "activity.mha", "-o", "out"]).collect();
    refused(&inputs, &replaced(&with_vois, "voi.mha", "p.mha"), pipe);
    refused(&inputs, &replaced(&with_vois, "names.csv", "p.csv"), pipe);
    refused(&inputs, &["merge", "out", "p", "p.mha"], pipe);
    refused(&inputs, &["calibrate", "f.toml"], &["it is a folder"]);
    refused(&inputs, &["uncertainty", "/dev/zero"], &["it is a device"]);
    refused(&inputs, &["fit", "/dev/zero", "--nuclide", "Lu-177"], &["it is a device"]);
    // A table may come through a pipe, but this one has no writer.
    refused(&inputs, &["fit", "p.csv", "--nuclide", "Lu-177"], &["is empty"]);
    assert!(!inputs.path("out").exists());
}

/// A table and files with keys that are read once may come from a command.
#[cfg(unix)]
#[test]
fn a_table_may_come_through_a_pipe() {
    let inputs = Inputs::new();
    let table = "time_h,activity_MBq,uncertainty_%\n4,100,5\n24,80,5\n96,40,5\n168,20,5\n";
    std::fs::write(inputs.path("t.csv"), table).unwrap();
    let program = env!("CARGO_BIN_EXE_voxgray");
    let shell = |text: String| {
        let mut command = Command::new("bash");
        command.current_dir(inputs.path("")).args(["-c", &text]);
        command.output().unwrap()
    };
    let plain = shell(format!("'{program}' fit t.csv --nuclide Lu-177"));
    succeed(&plain);
    for source in ["<(sleep 0.2; cat t.csv)", "/dev/stdin < t.csv", "/dev/stdin < <(cat t.csv)"] {
        let piped = shell(format!("'{program}' fit {source} --nuclide Lu-177"));
        succeed(&piped);
        assert_eq!(piped.stdout, plain.stdout, "{source}");
    }
    let example = shell(format!("'{program}' help-file calibrate --example > c.toml"));
    succeed(&example);
    succeed(&shell(format!("'{program}' calibrate <(cat c.toml)")));
}

/// Folders and files whose names are no UTF-8 (as old file servers have them), in every command.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_utf8_are_read_and_written() {
    use std::os::unix::ffi::OsStrExt;
    let inputs = Inputs::new();
    let strange = |name: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(name));
    let folder = strange(b"n\xe9");
    std::fs::create_dir(inputs.path("").join(&folder)).unwrap();
    for name in ["density.mha", "labels.mha", "ct.mha", "activity.mha", "voi.mha", "names.csv"] {
        std::fs::copy(inputs.path(name), inputs.path("").join(&folder).join(name)).unwrap();
    }
    let program = env!("CARGO_BIN_EXE_voxgray");
    let example = |kind: &str, name: &[u8]| {
        let output = inputs.run(&["help-file", kind, "--example"]);
        std::fs::write(inputs.path("").join(strange(name)), output.stdout).unwrap();
    };
    example("materials", b"m\xff.toml");
    example("hu-curve", b"h\xff.toml");
    example("calibrate", b"c\xff.toml");
    std::fs::write(
        inputs.path("").join(strange(b"n\xe9/s.toml")),
        "version = 1\nrelative_uncertainty = 0.05\n[[time_point]]\ntime = '4h'\nactivity = 'activity.mha'\n[method]\ndefault = 'physical'\n",
    )
    .unwrap();
    std::fs::write(
        inputs.path("").join(strange(b"t\xfe.csv")),
        "time_h,activity_MBq\n4,100\n24,80\n96,30\n168,11\n",
    )
    .unwrap();
    let run = |arguments: &[&[u8]]| {
        let mut command = Command::new(program);
        command.current_dir(inputs.path(""));
        command.args(arguments.iter().map(|a| std::ffi::OsStr::from_bytes(a)));
        let (code, said, _) = ended(command);
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(code, Some(0), "{said}");
    };
    let common: &[&[u8]] = &[
        b"--nuclide",
        b"Lu-177",
        b"--engine",
        b"cpu",
        b"--histories",
        b"60",
        b"--batches",
        b"3",
        b"-q",
    ];
    let dose = |more: &[&[u8]]| run(&[&[b"dose".as_slice()], common, more].concat());
    let maps: &[&[u8]] = &[
        b"--density",
        b"n\xe9/density.mha",
        b"--materials",
        b"n\xe9/labels.mha",
        b"--material-names",
        b"water",
    ];
    dose(
        &[
            maps,
            &[
                b"--activity",
                b"n\xe9/activity.mha",
                b"--voi",
                b"n\xe9/voi.mha",
                b"--voi-names",
                b"n\xe9/names.csv",
                b"-o",
                b"o\xff",
            ],
        ]
        .concat(),
    );
    let summary = json(&inputs.path("").join(strange(b"o\xff")).join("summary.json"));
    assert!(summary.to_string().contains("sha256"));
    dose(
        &[
            maps,
            &[b"--activity", b"n\xe9/s.toml", b"--voi", b"n\xe9/voi.mha", b"-o", b"n\xe9/series"],
        ]
        .concat(),
    );
    dose(&[
        b"--ct",
        b"n\xe9/ct.mha",
        b"--hu-curve",
        b"h\xff.toml",
        b"--accept",
        b"ct",
        b"--activity",
        b"n\xe9/activity.mha",
        b"--picture",
        b"-o",
        b"o2\xff",
    ]);
    for part in [b"1", b"2"] {
        let (number, out) =
            ([part.as_slice(), b"/2"].concat(), [b"s\xff".as_slice(), part].concat());
        dose(
            &[maps, &[b"--activity", b"n\xe9/activity.mha", b"--shard", &number, b"-o", &out]]
                .concat(),
        );
    }
    run(&[b"merge", b"m\xff", b"s\xff1", b"s\xff2"]);
    run(&[b"fit", b"t\xfe.csv", b"--nuclide", b"Lu-177", b"-o", b"fit\xff"]);
    run(&[b"calibrate", b"c\xff.toml", b"--history", b"hist\xff.toml"]);
    let mut wrong = Command::new(program);
    wrong.current_dir(inputs.path("")).arg("uncertainty").arg(strange(b"c\xff.toml"));
    let (code, said, _) = ended(wrong);
    assert!(code == Some(3) && said.contains("c\u{fffd}.toml"), "{code:?} {said}");
}

/// The same work with more threads than the system starts, and more than anyone means.
#[test]
fn threads_are_bounded_and_need_not_all_start() {
    let inputs = Inputs::new();
    let base: Vec<&str> = BASE.iter().chain(&SMALL).copied().collect();
    // Work for more threads than start: a batch has a chunk of 4,096 histories for each of 300.
    let base = replaced(&base, "2000", "3686400");
    let with = |n: &'static str| [&base[..], &["--threads", n]].concat();
    refused(&inputs, &with("100000"), &["--threads", "from 1 to 1024"]);
    refused(&inputs, &with("18446744073709551616"), &["--threads"]);
    let bits = |out: &str| std::fs::read(inputs.path(&format!("{out}/dose_rate.nii.gz"))).unwrap();
    succeed(&inputs.run(&with("1")));
    let one = bits("out");
    succeed(&inputs.run(&with("1024")));
    assert_eq!(bits("out"), one);
    // Root is not bound by `ulimit -u`; the address space of their stacks bounds threads for all.
    if cfg!(target_os = "linux") {
        let limit = format!("ulimit -v 700000; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_voxgray"));
        let mut command = Command::new("sh");
        command.current_dir(inputs.path("")).args(["-c", &limit, "sh"]).args(with("1000"));
        let (code, said, _) = ended(command);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(bits("out"), one);
    }
}

fn deflate_zeros(mib: usize) -> Vec<u8> {
    let mut to = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    (0..mib).for_each(|_| to.write_all(&[0; 1 << 20]).unwrap());
    to.finish().unwrap()
}

fn nifti_header(dims: [i16; 3], kind: i16, offset: f32) -> Vec<u8> {
    let mut b = vec![0_u8; 352];
    b[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (k, d) in [3, dims[0], dims[1], dims[2], 1, 1, 1, 1].into_iter().enumerate() {
        b[40 + 2 * k..42 + 2 * k].copy_from_slice(&d.to_le_bytes());
    }
    b[70..72].copy_from_slice(&kind.to_le_bytes());
    b[72..74].copy_from_slice(&8_i16.to_le_bytes());
    for k in 0..4 {
        b[76 + 4 * k..80 + 4 * k].copy_from_slice(&1_f32.to_le_bytes());
    }
    b[108..112].copy_from_slice(&offset.to_le_bytes());
    b[123] = 2;
    b[254..256].copy_from_slice(&1_i16.to_le_bytes());
    for (row, at) in [280, 296, 312].into_iter().enumerate() {
        b[at + 4 * row..at + 4 * row + 4].copy_from_slice(&1_f32.to_le_bytes());
    }
    b[344..348].copy_from_slice(b"n+1\0");
    b
}

/// Files below 1 MB that ask for much more, in each format that can.
#[test]
fn small_files_do_not_take_all_memory() {
    let inputs = Inputs::new();
    let base: Vec<&str> = BASE.iter().chain(&SMALL).copied().collect();
    let small = |most: u64| assert!(most < 1024, "{most} MiB");
    let write = |name: &str, bytes: &[u8]| {
        assert!(bytes.len() < 1_100_000, "{name} has {} bytes", bytes.len());
        std::fs::write(inputs.path(name), bytes).unwrap();
    };
    let activity = |name: &'static str, parts: &[&str]| {
        small(refused(&inputs, &replaced(&base, "activity.mha", name), parts))
    };

    // NIfTI: 10^9 voxels of one byte, all zero, under gzip.
    let zeros = deflate_zeros(954);
    let mut gz = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let mut to = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::none());
    to.write_all(&nifti_header([1000, 1000, 1000], 2, 352.0)).unwrap();
    to.flush().unwrap();
    // Stored blocks that are not the last may be followed by any others.
    gz.extend(to.get_ref());
    gz.extend(&zeros);
    gz.extend([0; 8]);
    write("a.nii.gz", &gz);
    activity("a.nii.gz", &["no image is packed so far"]);

    // MetaImage: the same behind zlib.
    let header = "ObjectType = Image\nNDims = 3\nDimSize = 1000 1000 1000\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\nOffset = 0 0 0\n\
         TransformMatrix = 1 0 0 0 1 0 0 0 1\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = True\nElementDataFile = LOCAL\n";
    write("a.mha", &[header.as_bytes(), &[0x78, 1], &zeros, &[0; 4]].concat());
    activity("a.mha", &["no image is packed so far"]);

    // DICOM: an object of 30,000 frames of 256 x 64, deflated.
    let object = writer::DataSet::default()
        .text((0x0008, 0x0060), "CS", "NM")
        .us((0x0028, 0x0002), &[1])
        .text((0x0028, 0x0008), "IS", "30000")
        .us((0x0028, 0x0010), &[256])
        .us((0x0028, 0x0011), &[64])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[0])
        .encode();
    let mut pixels = object.clone();
    pixels.extend([0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
    pixels.extend((954_u32 << 20).to_le_bytes());
    let stored = |bytes: &[u8]| {
        let mut to = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::none());
        to.write_all(bytes).unwrap();
        to.flush().unwrap();
        to.get_ref().clone()
    };
    let meta = writer::DataSet::default().file("1.2.840.10008.1.2.1.99");
    write("a.dcm", &[&meta[..], &stored(&pixels), &zeros].concat());
    activity("a.dcm", &["goes on beyond"]);
    // And without pixels: a private element that never ends.
    let mut private = object;
    private.extend([0xe1, 0x7f, 0x10, 0, b'O', b'W', 0, 0]);
    private.extend((954_u32 << 20).to_le_bytes());
    write("b.dcm", &[&meta[..], &stored(&private), &zeros].concat());
    activity("b.dcm", &["goes on beyond"]);

    // A table of many columns, short rows.
    let wide = format!("{}\n{}", "a,".repeat(200_000), "1\n".repeat(200_000));
    write("wide.csv", wide.as_bytes());
    let with_vois: Vec<&str> =
        WITH_VOIS.iter().copied().chain(["--activity", "activity.mha", "-o", "out"]).collect();
    small(refused(&inputs, &replaced(&with_vois, "names.csv", "wide.csv"), &["columns"]));
    let tall = format!("{}\n{}", "a,".repeat(15_000), "1\n".repeat(300_000));
    write("tall.csv", tall.as_bytes());
    small(refused(&inputs, &["fit", "tall.csv", "--nuclide", "Lu-177"], &["rows of"]));
    // Rows of many cells, and one cell a row.
    let cells = ",\n".repeat(400_000);
    write("cells.csv", format!("a,b\n{cells}").as_bytes());
    small(refused(&inputs, &["fit", "cells.csv", "--nuclide", "Lu-177"], &[]));

    // As many curves as rows, and columns of uncertainties without number.
    let names: String = (0..60_000).map(|i| format!("c{i},4,100\n")).collect();
    write("names.csv", format!("curve,time_h,activity_MBq\n{names}").as_bytes());
    small(refused(&inputs, &["fit", "names.csv", "--nuclide", "Lu-177"], &["2000 curves"]));
    let heads: String = (0..16_000).map(|i| format!(",c{i} (MBq)")).collect();
    write("heads.csv", format!("time (h){heads}\n4{}\n", ",1".repeat(16_000)).as_bytes());
    small(refused(&inputs, &["fit", "heads.csv", "--nuclide", "Lu-177"], &["2000 curves"]));

    // A text with keys of 1 TiB, without content on the disk.
    std::fs::File::create(inputs.path("a.toml")).unwrap().set_len(1 << 40).unwrap();
    activity("a.toml", &["at most"]);
    // An image of 8 TiB in the same way: larger than any machine's memory.
    let mut sparse = std::fs::File::create(inputs.path("huge.nii")).unwrap();
    sparse.write_all(&nifti_header([20_000, 20_000, 20_000], 2, 352.0)).unwrap();
    if sparse.set_len(352 + 8_000_000_000_000).is_ok() {
        activity("huge.nii", &[]);
    }
}

/// The limit of a run is what is free, within `ulimit -v`; what is not there ends in a message, not in an abort.
#[cfg(target_os = "linux")]
#[test]
fn memory_follows_the_machine_and_its_limits() {
    let inputs = Inputs::new();
    let base: Vec<&str> = BASE.iter().chain(&SMALL).copied().collect();
    let limited = |kib: u64, more: &[&str]| {
        let limit = format!("ulimit -v {kib}; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_voxgray"));
        let mut command = Command::new("sh");
        command
            .current_dir(inputs.path(""))
            .args(["-c", &limit, "sh"])
            .args(&base)
            .args(["--threads", "1"])
            .args(more);
        ended(command)
    };
    // 20^3 mm at 0.05 mm: 1.1e8 voxels, some 6 GB.
    let fine = ["--grid", "0.05"];
    let (code, said, most) = limited(2_000_000, &fine);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("90 % of what is free here") && said.contains("--max-memory"), "{said}");
    assert!(most < 1024, "{most} MiB");
    // A user who allows more than there is hears it from the system, before anything is taken.
    let (code, said, _) = limited(2_000_000, &["--grid", "0.05", "--max-memory", "100GiB"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the system does not give that much memory"), "{said}");
    let (code, said, _) = limited(2_000_000, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(EDGE, 6, "the sizes above follow from it");
}

/// The first Ctrl-C ends a program that still reads: a file of 200 GB without content.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_reading() {
    let inputs = Inputs::new();
    let mut long = std::fs::File::create(inputs.path("long.nii")).unwrap();
    // Voxels behind 200 GB of nothing.
    let offset = 200_000_000_000_f64 as f32;
    long.write_all(&nifti_header([6, 6, 6], 2, offset)).unwrap();
    long.set_len(offset as u64 + 216).unwrap();
    let base: Vec<&str> = BASE.iter().chain(&SMALL).copied().collect();
    for (name, signal) in [("activity.mha", "-INT"), ("density.mha", "-TERM")] {
        let mut command = inputs.command(&replaced(&base, name, "long.nii"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "it has ended already");
        let start = Instant::now();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        while child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(10), "it goes on reading");
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
        assert_eq!(inputs.made(), ["long.nii"]);
    }
}
