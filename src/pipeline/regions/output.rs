//! Regions to files: a label map with its table of names, or a folder with a map of shares for each. Nothing that exists is replaced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::image::{RegionSet, Volume};
use crate::io::atomic::write_atomically;
use crate::io::{write_metaimage, write_nifti};
use crate::pipeline::Observer;
use crate::report::file_names::file_stems;
use crate::sheet::{Separator, lines};

/// Endings of label maps.
const MAPS: [&str; 4] = [".nii", ".nii.gz", ".mha", ".mhd"];

fn is_map(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    MAPS.iter().any(|end| name.ends_with(end))
}

/// The table of names beside a label map.
fn table_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let end = MAPS.iter().filter(|e| name.to_lowercase().ends_with(*e)).map(|e| e.len()).max();
    path.with_file_name(format!("{}.csv", &name[..name.len() - end.unwrap_or(0)]))
}

/// Refuses an output that exists.
///
/// # Errors
/// If so.
pub fn check(out: &Path) -> Result<()> {
    let mut wanted = vec![out.to_path_buf()];
    if is_map(out) {
        wanted.push(table_path(out));
    }
    match wanted.into_iter().find(|p| p.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(there) => Err(Error::new(
            ErrorKind::Io,
            format!("{} exists", there.display()),
            "voxgray voi replaces nothing",
            "Choose another name, or remove it.",
        )),
    }
}

/// Writes the regions; returns the files.
///
/// # Errors
/// If regions overlap in a label map, or writing fails.
pub fn write(out: &Path, set: &RegionSet, observer: &dyn Observer) -> Result<Vec<PathBuf>> {
    if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("dcm")) {
        return Err(Error::usage(
            format!("{}: a DICOM object of regions", out.display()),
            "it belongs to a patient's image, and has one of several forms",
            "Add --reference CT/ and --as seg, seg-fractional or rtstruct.",
        ));
    }
    if is_map(out) { label_map(out, set, observer) } else { folder(out, set, observer) }
}

fn label_map(out: &Path, set: &RegionSet, observer: &dyn Observer) -> Result<Vec<PathBuf>> {
    let (whole, rounded) = set.whole();
    let own: BTreeSet<u32> = set.regions.iter().map(|r| r.label).collect();
    let keep = own.len() == set.regions.len()
        && !own.contains(&0)
        && own.iter().all(|l| *l <= u32::from(u16::MAX));
    if set.regions.is_empty() || set.regions.len() > usize::from(u16::MAX) {
        return Err(Error::input(
            format!("{} regions", set.regions.len()),
            "1 to 65535 labels are possible",
            "Choose some with --keep.",
        ));
    }
    let mut labels = vec![0_u16; set.grid.len()];
    let mut rows = vec![vec![
        "label".to_string(),
        "name".into(),
        "volume_ml".into(),
        "whole_voxels_ml".into(),
    ]];
    for (n, voi) in whole.vois.iter().enumerate() {
        let label = if keep { voi.label as u16 } else { n as u16 + 1 };
        let taken = voi.voxels.iter().filter(|v| labels[**v as usize] != 0).count();
        if taken > 0 {
            return Err(Error::input(
                format!("'{}' shares {taken} voxel(s) with regions before it", voi.name),
                "a label map holds one label for each voxel",
                "Write a folder (-o FOLDER: a map for each region), or choose regions with --keep.",
            ));
        }
        voi.voxels.iter().for_each(|v| labels[*v as usize] = label);
        let r = &rounded[n];
        if r.exact_ml > 0.0 && (r.whole_ml / r.exact_ml - 1.0).abs() > 0.05 {
            observer.warn(&format!(
                "'{}': whole voxels make {:.4} mL of {:.4} mL",
                r.name, r.whole_ml, r.exact_ml
            ));
        }
        rows.push(vec![
            label.to_string(),
            voi.name.clone(),
            format!("{:.6}", r.exact_ml),
            format!("{:.6}", r.whole_ml),
        ]);
    }
    if !keep {
        observer.say("labels are not unique in the inputs: they are numbered anew");
    }
    let volume = Volume::new(set.grid.clone(), labels)?;
    let table = table_path(out);
    let text = lines(rows, Separator::Comma);
    write_atomically(&table, |w| w.write_all(text.as_bytes()))?;
    if out.to_string_lossy().to_lowercase().contains(".nii") {
        write_nifti(out, &volume)?;
    } else {
        write_metaimage(out, &volume)?;
    }
    Ok(vec![out.to_path_buf(), table])
}

fn folder(out: &Path, set: &RegionSet, observer: &dyn Observer) -> Result<Vec<PathBuf>> {
    std::fs::create_dir(out).map_err(|e| Error::io("create", out, &e))?;
    let names: Vec<&str> = set.regions.iter().map(|r| r.name.as_str()).collect();
    let mut written = Vec::new();
    for (region, name) in set.regions.iter().zip(file_stems(&names)) {
        let mut shares = vec![0_f32; set.grid.len()];
        region.iter().for_each(|(v, s)| shares[v] = s as f32);
        let path = out.join(format!("{name}.nii.gz"));
        if name != region.name {
            observer.say(&format!("'{}' is written as {name}.nii.gz", region.name));
        }
        write_nifti(&path, &Volume::new(set.grid.clone(), shares)?)?;
        written.push(path);
    }
    Ok(written)
}
