//! Volumes of interest of a job: files, in which each VOI has its name. VOIs of different files may overlap; two of one name are refused.
//!
//! Contours and partial voxels (RTSTRUCT, SEG, maps of shares) become whole voxels here, because transport scores those: where that changes a volume, it
//! is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Observer;
use super::inputs::{InputRecord, file_record, in_file, object_record, read_plain, whole};
use crate::error::{Error, Result};
use crate::image::{Grid, VoiSet, VoiSets, read_label_names};
use crate::io::dicom::is_dicom;
use crate::io::{ReadRegions, RegionOptions, is_nrrd, read_label_table, read_regions};
use crate::job::{Check, Job, RecordPaths, VoiInput};
use crate::sheet::Sheet;

/// Most VOIs, of all files: a tally holds a 16-bit region per voxel.
const MOST: usize = u16::MAX as usize;

/// Relative change of a volume by rounding to whole voxels that is told.
const TOLD_ROUNDING: f64 = 0.02;

/// Where contours are drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// The grid on which they become voxels; their own if none.
    pub grid: Option<&'a Grid>,
    /// FrameOfReferenceUID of the image that the grid is of.
    pub frame_of_reference: Option<&'a str>,
}

/// All VOIs of a job, each file's on its own grid; none where none are given.
///
/// # Errors
/// If a file cannot be read or holds no VOIs, two VOIs have one name, or there are too many.
pub(super) fn read_vois(
    job: &Job,
    place: &Place,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<Option<VoiSets>> {
    if job.voi.is_empty() {
        return Ok(None);
    }
    let several = job.voi.len() > 1;
    let mut sets = Vec::new();
    for (n, VoiInput { path, names }) in job.voi.iter().enumerate() {
        let mut set = read_voi_file(path, names.as_deref(), job, place, observer, records)?;
        if several {
            let stem = match job.keeping.record_paths {
                RecordPaths::None => format!("file {}", n + 1),
                _ => stem(path),
            };
            name_by_file(set.vois.iter_mut().map(|v| (v.label, &mut v.name)), &stem);
        }
        sets.push(set);
    }
    let files: Vec<&Path> = job.voi.iter().map(|v| v.path.as_path()).collect();
    let names = sets.iter().map(|s| s.vois.iter().map(|v| v.name.as_str()).collect()).collect();
    check_names(names, &files)?;
    let sets: VoiSets = sets.into_iter().collect();
    if sets.len() > MOST {
        return Err(Error::input(
            format!("the label maps have {} labels", sets.len()),
            format!("1 to {MOST} can be scored"),
            "Give fewer at once.",
        ));
    }
    Ok(Some(sets))
}

/// The VOIs of one file: where a path becomes VOIs.
///
/// # Errors
/// If a file cannot be read, holds no regions, or those of another frame of reference than the CT.
pub(super) fn read_voi_file(
    path: &Path,
    names: Option<&Path>,
    job: &Job,
    place: &Place,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<VoiSet> {
    if let Some(path) = names {
        records.push(file_record("voi_names", path)?);
    }
    let names = label_names(names, observer)?;
    let set = if is_label_map(path)? {
        let volume = read_plain("voi", path, &whole(job.nifti_affine), observer, records)?;
        let stated = !names.is_empty();
        let names = if stated { names } else { read_label_table(path)? };
        let mut set = VoiSet::from_labels(&volume, &names).map_err(|e| in_file(e, path))?;
        // A table of the file itself may list classes of which the map has none.
        set.vois.retain(|v| stated || !v.voxels.is_empty());
        set
    } else {
        regions(path, names, job, place, observer, records)?
    };
    if set.vois.is_empty() || set.vois.len() > MOST {
        return Err(Error::input(
            format!("{} has {} labels", path.display(), set.vois.len()),
            format!("1 to {MOST} can be scored"),
            "Check that this is the label map.",
        ));
    }
    Ok(set)
}

/// The names of labels of a table; none without one.
///
/// # Errors
/// If it cannot be read.
pub(super) fn label_names(
    path: Option<&Path>,
    observer: &dyn Observer,
) -> Result<BTreeMap<u32, String>> {
    let Some(path) = path else { return Ok(BTreeMap::new()) };
    let sheet = Sheet::read(path)?;
    sheet.notes.iter().for_each(|n| observer.say(&format!("{}: {n}", path.display())));
    read_label_names(&sheet)
}

/// Says what is known of regions that were read.
pub(super) fn tell(path: &Path, found: &ReadRegions, observer: &dyn Observer) {
    for (warning, text) in found.told() {
        let text = format!("{}: {text}", path.display());
        if warning { observer.warn(&text) } else { observer.say(&text) }
    }
}

/// Says the notes of a reader of maps: as warnings those that begin with `WARNING: `, or all.
pub(super) fn tell_notes<'a>(
    path: &Path,
    notes: impl Iterator<Item = &'a String>,
    all_warn: bool,
    observer: &dyn Observer,
) {
    for note in notes {
        let warning = note.strip_prefix("WARNING: ");
        let text = format!("{}: {}", path.display(), warning.unwrap_or(note));
        if all_warn || warning.is_some() { observer.warn(&text) } else { observer.say(&text) }
    }
}

/// Whether a path is a plain map of labels; else it is of regions with names of their own.
///
/// # Errors
/// If it is not there.
pub(super) fn is_label_map(path: &Path) -> Result<bool> {
    crate::files::exists(path)?;
    Ok(!(is_dicom(path)? || is_nrrd(path)?))
}

/// RTSTRUCT, SEG, NRRD or a folder of masks, in whole voxels.
fn regions(
    path: &Path,
    names: BTreeMap<u32, String>,
    job: &Job,
    place: &Place,
    observer: &dyn Observer,
    records: &mut Vec<InputRecord>,
) -> Result<VoiSet> {
    let any_frame = job.accept.contains(&Check::Frame);
    let options = RegionOptions {
        names,
        frame_of_reference: place.frame_of_reference.map(String::from),
        any_frame,
        nifti_affine: job.nifti_affine,
        ..RegionOptions::default()
    };
    let found = read_regions(path, place.grid, &options).map_err(|e| {
        let suggestion = e.suggestion.replace("--any-frame", "--accept frame");
        Error { suggestion, ..e }
    })?;
    for file in &found.files {
        records.push(object_record("voi", file)?);
    }
    tell(path, &found, observer);
    let (set, rounded) = found.set.whole();
    let moved =
        rounded.iter().filter(|r| (r.whole_ml - r.exact_ml).abs() > TOLD_ROUNDING * r.exact_ml);
    let told: Vec<String> = moved
        .map(|r| format!("'{}' {:.3} mL become {:.3}", r.name, r.exact_ml, r.whole_ml))
        .collect();
    if !told.is_empty() {
        observer.say(&format!(
            "{}: transport scores whole voxels, those of which a region holds half or more: {}",
            path.display(),
            told.join(", ")
        ));
    }
    Ok(set)
}

/// A file's name without its endings.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = PathBuf::from(name.strip_suffix(".gz").unwrap_or(&name));
    plain.file_stem().map_or(name.clone(), |s| s.to_string_lossy().into_owned())
}

/// Labels without a name are told apart by their file: the only one of a file has the file's name, others the label behind it.
pub(super) fn name_by_file<'a>(
    vois: impl ExactSizeIterator<Item = (u32, &'a mut String)>,
    stem: &str,
) {
    let only = vois.len() == 1;
    for (label, name) in vois {
        let unnamed = format!("label {label}");
        if *name == unnamed {
            *name = if only { stem.into() } else { format!("{stem} {unnamed}") };
        }
    }
}

/// Refuses a name that VOIs of two files have; `names` are those of each file.
pub(super) fn check_names(names: Vec<Vec<&str>>, files: &[&Path]) -> Result<()> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, of_file) in names.into_iter().enumerate() {
        for name in of_file {
            let first = *known.entry(name).or_insert(n);
            if first != n {
                return Err(Error::usage(
                    format!(
                        "VOI '{name}' is in {} and in {}",
                        files[first].display(),
                        files[n].display()
                    ),
                    "results are told apart by the names of VOIs",
                    "Name one otherwise: --voi-names TABLE behind its --voi; or give the file once.",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Grid, Voi};

    fn set(labels: &[u32]) -> VoiSet {
        let voi = |l: &u32| Voi { label: *l, name: format!("label {l}"), voxels: vec![0] };
        let grid = Grid::aligned([1; 3], [0.0; 3], [1.0; 3]);
        VoiSet { grid, vois: labels.iter().map(voi).collect() }
    }

    #[test]
    fn labels_of_several_files_are_told_apart_by_their_files() {
        for (path, expected) in [
            ("a/liver.nii.gz", "liver"),
            ("liver.mha", "liver"),
            ("liver.seg.nrrd", "liver.seg"),
            ("a/structures", "structures"),
            (".mha", ".mha"),
        ] {
            assert_eq!(stem(Path::new(path)), expected);
        }
        let (mut one, mut two) = (set(&[1]), set(&[1, 4]));
        two.vois[1].name = "spleen".into();
        for (set, stem) in [(&mut one, "lesion"), (&mut two, "organs")] {
            name_by_file(set.vois.iter_mut().map(|v| (v.label, &mut v.name)), stem);
        }
        let sets = [one, two];
        let names: Vec<&str> = sets.iter().flat_map(|s| &s.vois).map(|v| v.name.as_str()).collect();
        assert_eq!(names, ["lesion", "organs label 1", "spleen"]);
        fn of(set: &VoiSet) -> Vec<&str> {
            set.vois.iter().map(|v| v.name.as_str()).collect()
        }
        let [one, two] = &sets;
        assert!(check_names(vec![of(one), of(two)], &[Path::new("a"), Path::new("b")]).is_ok());
        let files = [Path::new("a.mha"), Path::new("b.mha")];
        let error = check_names(vec![of(two), of(two)], &files).unwrap_err();
        assert!(error.to_string().contains("'organs label 1' is in a.mha and in b.mha"), "{error}");
    }
}
