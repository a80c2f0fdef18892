//! What lies in a folder of DICOM, by patient and series: headers alone, no pixels. A file that cannot be read is told and passed over, since a
//! folder of an export holds all kinds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::attributes::*;
use super::clock::Clock;
use super::facts::Facts;
use super::listing::Listing;
use super::object::DicomFile;
use crate::error::{ErrorKind, Result};
use crate::time::Moment;

/// Kinds of objects that a study is made of.
const KINDS: [&str; 6] = ["CT", "PT", "NM", "RTSTRUCT", "SEG", "REG"];
/// Administered activities are in Bq in a PET Image and in MBq in an NM Image and an enhanced PET (PS3.3 C.8.9.2, C.8.4.10, C.8.22.4).
const PET_IMAGE_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.128";
const BQ_PER_MBQ: f64 = 1e6;

/// A series, or an object of VOIs or a registration.
#[derive(Debug, Clone)]
pub struct Surveyed {
    /// PatientID; empty where there is none.
    pub patient_id: String,
    /// What its first object says; not what only reading the pixels tells.
    pub facts: Facts,
    /// Start of the acquisition, else of the series.
    pub time: Option<Moment>,
    /// Its objects, sorted.
    pub files: Vec<PathBuf>,
    /// Slices: objects, or frames of one.
    pub slices: usize,
    /// Frames of reference that it names: its own; of a structure set or registration those it refers to.
    pub frames: Vec<String>,
    /// Names of the regions of an object of VOIs.
    pub regions: Vec<String>,
    /// When an object of VOIs was drawn.
    pub drawn: Option<Moment>,
    /// Lowest and highest z (mm, LPS) of its slices' first voxels, as far as they are stated.
    pub along_mm: Option<[f64; 2]>,
    /// Units, as PET states them.
    pub units: Option<String>,
    /// ImageType.
    pub image_type: Vec<String>,
    /// CorrectedImage: what was corrected for; empty where it is not said.
    pub corrections: Vec<String>,
}

impl Surveyed {
    /// The folder that holds all of its files.
    pub fn folder(&self) -> PathBuf {
        let mut folder = self.files.first().and_then(|f| f.parent()).unwrap_or(Path::new(""));
        while !self.files.iter().all(|f| f.starts_with(folder)) {
            folder = folder.parent().unwrap_or(Path::new(""));
        }
        folder.to_path_buf()
    }
}

/// Looks through a folder and its subfolders; what was passed over is told beside.
///
/// # Errors
/// If the folder cannot be listed.
pub fn survey(folder: &Path) -> Result<(Vec<Surveyed>, Vec<String>)> {
    let mut found: BTreeMap<(String, String, String), Surveyed> = BTreeMap::new();
    let (mut others, mut unreadable) = (BTreeMap::<String, usize>::new(), Vec::new());
    for path in Listing::of(folder)?.dicom {
        let file = match DicomFile::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind == ErrorKind::Interrupted => return Err(e),
            Err(e) => {
                unreadable.push(e.to_string());
                continue;
            }
        };
        let root = file.root();
        let modality = root.text(MODALITY).unwrap_or_default();
        let image = ["CT", "PT", "NM"].contains(&modality.as_str());
        let pixels = file.pixels.is_some() || file.float_pixels.is_some();
        if !KINDS.contains(&modality.as_str()) || (image && !pixels) {
            *others.entry(modality).or_default() += 1;
            continue;
        }
        let patient = root.text(PATIENT_ID).unwrap_or_default().trim().to_owned();
        let series = root.text(SERIES_INSTANCE_UID).unwrap_or_default();
        // Objects of VOIs stand for themselves.
        let own = if image { String::new() } else { path.display().to_string() };
        let frames = root.count(NUMBER_OF_FRAMES).ok().flatten().unwrap_or(1);
        let entry =
            found.entry((patient.clone(), series, own)).or_insert_with(|| first(patient, &root));
        entry.slices += frames;
        if let Some([low, high]) = along(&root, frames) {
            let [a, b] = entry.along_mm.unwrap_or([low, high]);
            entry.along_mm = Some([a.min(low), b.max(high)]);
        }
        if let (Some(time), Some(known)) = (time_of(&root), entry.time)
            && time.seconds_since(&known).is_ok_and(|s| s < 0.0)
        {
            entry.time = Some(time);
        }
        entry.files.push(path);
    }
    let mut notes: Vec<String> = others
        .into_iter()
        .map(|(modality, n)| {
            let what =
                if modality.is_empty() { "objects without modality".into() } else { modality };
            format!("{n} objects of no use here: {what}")
        })
        .collect();
    let many = unreadable.len().saturating_sub(3);
    notes.extend(unreadable.into_iter().take(3).map(|e| format!("passed over: {e}")));
    if many > 0 {
        notes.push(format!("{many} more files could not be read"));
    }
    Ok((found.into_values().collect(), notes))
}

fn time_of(root: &Item<'_>) -> Option<Moment> {
    let clock = Clock::of(*root).ok()?;
    clock.acquisition().ok().flatten().or_else(|| clock.series().ok().flatten())
}

/// z of the first voxels of an object's slices: of the slice itself, or of the frames from where the first detector's volume begins, upwards.
fn along(root: &Item<'_>, frames: usize) -> Option<[f64; 2]> {
    let detector = root.item(DETECTOR_INFORMATION_SEQUENCE);
    let holders = [Some(*root), detector].into_iter().flatten();
    let [_, _, z] = holders
        .filter_map(|h| h.vector::<3>(IMAGE_POSITION_PATIENT).ok().flatten())
        .find(|at| at.iter().all(|x| x.is_finite()))?;
    let step = [SPACING_BETWEEN_SLICES, SLICE_THICKNESS]
        .into_iter()
        .find_map(|a| root.number(a).ok().flatten())
        .map_or(0.0, f64::abs);
    Some([z, z + step * (frames.max(1) - 1) as f64])
}

fn first(patient_id: String, root: &Item<'_>) -> Surveyed {
    let mut facts = Facts::read(root);
    let pet = root.text(SOP_CLASS_UID).as_deref() == Some(PET_IMAGE_STORAGE);
    let unit = if pet { 1.0 } else { BQ_PER_MBQ };
    // What cannot be read here is told when the image is.
    let _ = facts.read_radiopharmaceutical(root, unit, &mut Vec::new());
    let item = root.item(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
    if let (Some(item), Ok(clock)) = (item, Clock::of(*root)) {
        let given = clock.administration(&item).unwrap_or((None, None));
        (facts.administration_time, facts.administration_clock) = given;
    }
    let mut frames: Vec<String> = facts.frame_of_reference_uid.iter().cloned().collect();
    for item in root.items(REFERENCED_FRAME_OF_REFERENCE_SEQUENCE) {
        frames.extend(item.text(FRAME_OF_REFERENCE_UID));
    }
    for item in root.items(STRUCTURE_SET_ROI_SEQUENCE) {
        frames.extend(item.text(REFERENCED_FRAME_OF_REFERENCE_UID));
    }
    for item in root.items(REGISTRATION_SEQUENCE) {
        frames.extend(item.text(FRAME_OF_REFERENCE_UID));
    }
    frames.sort();
    frames.dedup();
    let of_rois = root.items(STRUCTURE_SET_ROI_SEQUENCE);
    let of_segments = root.items(SEGMENT_SEQUENCE);
    let rois = of_rois.iter().filter_map(|i| i.text(ROI_NAME));
    let regions = rois.chain(of_segments.iter().filter_map(|i| i.text(SEGMENT_LABEL))).collect();
    Surveyed {
        patient_id,
        facts,
        time: time_of(root),
        files: Vec::new(),
        slices: 0,
        regions,
        drawn: Clock::of(*root).ok().and_then(|c| c.drawn().ok().flatten()),
        along_mm: None,
        frames,
        units: root.text(UNITS),
        image_type: root.texts(IMAGE_TYPE).unwrap_or_default(),
        corrections: root.texts(CORRECTED_IMAGE).unwrap_or_default(),
    }
}
