//! Damaged, odd and compressed DICOM files: each gives values or a clear error, never a panic.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use voxgray::io::dicom::{
    CountFactor, ReadOptions, list_series, read_activity, read_ct, read_stored_pixels,
};

use crate::writer::Scratch;

fn hostile() -> PathBuf {
    crate::shared::image("hostile")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = ["pydicom", "wg04_ct1"]
        .iter()
        .flat_map(|sub| std::fs::read_dir(folder.join(sub)).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    all.sort();
    all
}

/// Runs a reader; a panic fails the test with the file's name.
fn never_panics<T: Send>(path: &Path, read: impl Fn() -> T + std::panic::RefUnwindSafe) -> T {
    catch_unwind(&read).unwrap_or_else(|_| panic!("{} made the reader panic", path.display()))
}

fn count_factor() -> ReadOptions {
    ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..ReadOptions::default() }
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn every_file_gives_a_volume_or_an_error_that_names_it() {
    let folder = hostile();
    let all = files(&folder);
    assert_eq!(all.len(), 48, "42 and 5 DICOM files and a text file");
    for path in all {
        let one = [path.clone()];
        let options = count_factor();
        let ct = never_panics(&path, || read_ct(&one, &ReadOptions::default()));
        let activity = never_panics(&path, || read_activity(&one, &options));
        let listing = never_panics(&path, || list_series(&one));
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        for error in [ct.err(), activity.err(), listing.err()].into_iter().flatten() {
            let text = error.to_string();
            let found_nothing = text.starts_with("there is no");
            assert!(found_nothing || text.contains(&name), "{name}: {text}");
            assert!(text.len() > 40 && !error.why.is_empty() && !error.suggestion.is_empty());
        }
    }
}

/// Records of a CSV text; quoted fields may hold commas and line breaks.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    for c in text.chars() {
        let record = records.last_mut().expect("never empty");
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            _ => record.last_mut().expect("never empty").push(c),
        }
    }
    records.retain(|r| r.len() > 1);
    records
}

/// What pydicom made of each file: name -> (pixels, minimum, maximum).
fn expected(folder: &Path) -> BTreeMap<String, [String; 3]> {
    let text = std::fs::read_to_string(folder.join("expected_pydicom-3.0.2.csv")).expect("text");
    let records = csv(&text.replace('\r', ""));
    let header = &records[0];
    let column = |name: &str| header.iter().position(|h| h == name).expect("a column");
    let columns = ["pixels", "pixel_min", "pixel_max"].map(column);
    let row = |r: &Vec<String>| (r[0].clone(), columns.map(|c| r[c].clone()));
    records[1..].iter().map(row).collect()
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn stored_pixels_agree_with_pydicom() {
    let folder = hostile();
    let expected = expected(&folder);
    assert_eq!(expected.len(), 47);
    let mut read = 0;
    for path in files(&folder) {
        let key = path.strip_prefix(&folder).expect("inside").display().to_string();
        let Some([pixels, low, high]) = expected.get(&key) else { continue };
        match never_panics(&path, || read_stored_pixels(&path)) {
            Ok(stored) => {
                let all = || stored.frames.iter().flatten();
                let ends = (all().min().map(i64::to_string), all().max().map(i64::to_string));
                assert!(pixels.starts_with("ok"), "{key}: pydicom says {pixels}");
                assert_eq!(ends, (Some(low.clone()), Some(high.clone())), "{key}");
                read += 1;
            }
            Err(error) => {
                // Refused on purpose although pydicom decodes them: colour, one bit, floating point.
                let on_purpose = ["SamplesPerPixel", "BitsAllocated", "floating point"];
                let text = error.to_string();
                let refused = pixels.starts_with("ok");
                assert!(!refused || on_purpose.iter().any(|p| text.contains(p)), "{key}: {text}");
                println!("{key}: {text}");
            }
        }
    }
    println!("{read} files decoded as by pydicom");
    assert!(read >= 24, "only {read} files were decoded");
}

#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn five_transfer_syntaxes_of_one_ct_are_identical() {
    let folder = hostile();
    let read = |name: &str| {
        let path = folder.join("wg04_ct1").join(format!("CT1_{name}.dcm"));
        read_stored_pixels(&path).expect("decodable")
    };
    let plain = read("UNC");
    assert_eq!((plain.rows, plain.columns, plain.frames.len()), (512, 512, 1));
    for other in ["J2KR", "JLSL", "JPLL", "RLE"] {
        assert!(read(other) == plain, "CT1_{other} differs from CT1_UNC");
    }
}

/// Cuts every decodable file at many places; whatever is left must not panic or yield pixels it lacks.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn truncated_files_never_panic() {
    let folder = hostile();
    let scratch = Scratch::new("cut");
    let names = ["CT1_J2KR", "CT1_JLSL", "CT1_JPLL", "CT1_RLE", "CT1_UNC"];
    let mut paths: Vec<PathBuf> =
        names.iter().map(|n| folder.join(format!("wg04_ct1/{n}.dcm"))).collect();
    for name in ["MR_small_bigendian", "image_dfl", "rtstruct", "eCT_Supplemental", "UN_sequence"] {
        paths.push(folder.join(format!("pydicom/{name}.dcm")));
    }
    for path in paths {
        let bytes = std::fs::read(&path).expect("readable");
        for part in 0..24 {
            let cut = scratch.write("cut.dcm", &bytes[..bytes.len() * part / 24]);
            let stored = never_panics(&path, || read_stored_pixels(&cut));
            // What follows the pixels of an uncompressed file may be lost without harm, but not two thirds.
            assert!(part > 16 || stored.is_err(), "{} cut to {part}/24", path.display());
            let _ = never_panics(&path, || list_series(std::slice::from_ref(&cut)));
        }
    }
}

/// Overwrites single bytes of headers: lengths and tags become absurd.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn damaged_headers_never_panic_nor_allocate_wildly() {
    let folder = hostile();
    let scratch = Scratch::new("damage");
    for name in ["MR_small_RLE", "MR_small_expb", "rtdose", "nested_priv_SQ", "liver_1frame"] {
        let path = folder.join(format!("pydicom/{name}.dcm"));
        let original = std::fs::read(&path).expect("readable");
        for at in (132..original.len().min(2500)).step_by(31) {
            let mut bytes = original.clone();
            bytes[at] ^= 0xFF;
            let damaged = scratch.write("damaged.dcm", &bytes);
            let _ = never_panics(&path, || read_stored_pixels(&damaged));
        }
    }
}

/// Damages compressed pixel data: wrong values are possible, a panic or a hang is not.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn damaged_codestreams_never_panic() {
    let folder = hostile();
    let scratch = Scratch::new("codestream");
    for name in ["MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_RLE", "JPEG-lossy"]
    {
        let path = folder.join(format!("pydicom/{name}.dcm"));
        let original = std::fs::read(&path).expect("readable");
        for at in (original.len() / 3..original.len()).step_by(original.len() / 100) {
            let mut bytes = original.clone();
            bytes[at] ^= 0x5A;
            let damaged = scratch.write("damaged.dcm", &bytes);
            let _ = never_panics(&path, || read_stored_pixels(&damaged));
        }
    }
}
