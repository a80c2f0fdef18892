//! Lists what is read from each file of a folder, for a comparison with another reader (`tools/dicom_against_pydicom.py`)
//! or with an earlier state of this one.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use voxgray::io::dicom::{
    CountFactor, DicomVolume, ReadOptions, list_series, read_activity, read_ct, read_stored_pixels,
};

/// All files below a folder, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `frames,rows,columns,minimum,maximum,SHA-256 of the values as 64 bit little endian`, or the error.
fn pixels(path: &Path) -> String {
    let stored = match read_stored_pixels(path) {
        Ok(stored) => stored,
        Err(error) => return format!("error: {}", error.to_string().replace('\n', " ")),
    };
    let mut hash = Sha256::new();
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for value in stored.frames.iter().flatten() {
        hash.update(value.to_le_bytes());
        (low, high) = (low.min(*value), high.max(*value));
    }
    let frames = stored.frames.len();
    format!("{frames},{},{},{low},{high},{}", stored.rows, stored.columns, hex(hash.finalize()))
}

fn volume(read: voxgray::Result<DicomVolume>) -> String {
    match read {
        Ok(read) => {
            let mut hash = Sha256::new();
            read.volume.data.iter().for_each(|v| hash.update(v.to_le_bytes()));
            let (grid, values) = (&read.volume.grid, hex(hash.finalize()));
            format!("{grid:?} {values} {:?} {:?}", read.facts, read.notes)
        }
        Err(error) => format!("error: {error}"),
    }
}

/// `VOXGRAY_DICOM_FOLDER=folder VOXGRAY_DICOM_LISTING=file cargo test --test dicom listing -- --ignored`
#[test]
#[ignore = "a listing for a comparison, written where VOXGRAY_DICOM_LISTING says"]
fn of_every_file_of_a_folder() {
    let (Some(folder), Some(out)) =
        (std::env::var_os("VOXGRAY_DICOM_FOLDER"), std::env::var_os("VOXGRAY_DICOM_LISTING"))
    else {
        println!("skipped: VOXGRAY_DICOM_FOLDER and VOXGRAY_DICOM_LISTING say nothing");
        return;
    };
    let folder = PathBuf::from(folder);
    let files = files_below(&folder);
    let mut text = String::new();
    let started = std::time::Instant::now();
    for path in &files {
        let name = path.strip_prefix(&folder).expect("below the folder").display();
        let _ = writeln!(text, "{name},{}", pixels(path));
    }
    println!("pixels of {} files: {:.2} s", files.len(), started.elapsed().as_secs_f64());
    let started = std::time::Instant::now();
    let options = |factor| ReadOptions { count_factor: factor, ..ReadOptions::default() };
    let mut series: Vec<PathBuf> = files.clone();
    series.extend(files.iter().filter_map(|f| f.parent().map(Path::to_path_buf)));
    series.sort();
    series.dedup();
    let mut facts = String::new();
    for path in series {
        let one = [path];
        let name = one[0].strip_prefix(&folder).expect("below the folder").display();
        let listing = list_series(&one).map_err(|e| e.to_string());
        let activity = options(Some(CountFactor::BqPerMl(1.0)));
        let _ = writeln!(facts, "{name}\n  {listing:?}");
        let _ = writeln!(facts, "  {}", volume(read_ct(&one, &options(None))));
        let _ = writeln!(facts, "  {}", volume(read_activity(&one, &activity)));
    }
    println!("headers and volumes: {:.2} s", started.elapsed().as_secs_f64());
    std::fs::write(&out, text).expect("writable");
    std::fs::write(Path::new(&out).with_extension("facts"), facts).expect("writable");
}
