//! Finds the DICOM images in files and folders, groups them by SeriesInstanceUID and chooses one series.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::attributes::*;
use super::data_set::DataSet;
use super::listing::Listing;
use super::object::DicomFile;
use crate::error::{Error, Result};

/// Modalities that this crate reads as volumes.
const IMAGE_MODALITIES: [&str; 3] = ["CT", "PT", "NM"];

/// A parsed header without pixel data.
#[derive(Debug)]
pub(super) struct Header {
    pub path: PathBuf,
    /// Bytes of the file.
    pub stored: u64,
    pub data_set: DataSet,
}

impl Header {
    /// The root data set.
    pub fn root(&self) -> Item<'_> {
        Item { path: &self.path, data_set: &self.data_set }
    }
}

/// One series in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesSummary {
    /// SeriesInstanceUID; empty if the files have none.
    pub uid: String,
    /// Modality.
    pub modality: String,
    /// SeriesDescription; empty if the files have none.
    pub description: String,
    /// Number of objects (files).
    pub objects: usize,
}

impl std::fmt::Display for SeriesSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} '{}' ({} objects)",
            self.uid, self.modality, self.description, self.objects
        )
    }
}

/// What lies in the given files and folders.
#[derive(Debug, Default)]
pub(super) struct Found {
    series: BTreeMap<(String, String), Vec<Header>>,
    not_dicom: usize,
    not_images: BTreeMap<String, usize>,
}

impl Found {
    pub fn summaries(&self) -> Vec<SeriesSummary> {
        self.series
            .iter()
            .map(|((uid, modality), headers)| SeriesSummary {
                uid: uid.clone(),
                modality: modality.clone(),
                description: headers
                    .first()
                    .and_then(|h| h.root().text(SERIES_DESCRIPTION))
                    .unwrap_or_default(),
                objects: headers.len(),
            })
            .collect()
    }

    /// The objects of each series, by SeriesInstanceUID and modality.
    pub fn into_series(self) -> BTreeMap<(String, String), Vec<Header>> {
        self.series
    }

    /// Notes on what was left out.
    pub fn skipped(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.not_dicom > 0 {
            notes.push(format!("{} file(s) that are not DICOM were skipped", self.not_dicom));
        }
        for (modality, count) in &self.not_images {
            notes.push(format!(
                "{count} {modality} object(s) that are no CT, PT or NM image were skipped"
            ));
        }
        notes
    }
}

/// Opens every DICOM file of the given paths; folders are searched with their subfolders.
pub(super) fn find(paths: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            let below = Listing::of(path)?;
            found.not_dicom += below.others;
            below.dicom.iter().try_for_each(|file| add(&mut found, file))?;
        } else {
            add(&mut found, path)?;
        }
    }
    Ok(found)
}

fn add(found: &mut Found, path: &Path) -> Result<()> {
    let file = DicomFile::open(path)?;
    let has_pixels = file.pixels.is_some() || file.float_pixels.is_some();
    let modality = file.root().text(MODALITY).unwrap_or_else(|| "unknown".into());
    if !has_pixels || !IMAGE_MODALITIES.contains(&modality.as_str()) {
        *found.not_images.entry(modality).or_default() += 1;
        return Ok(());
    }
    let uid = file.root().text(SERIES_INSTANCE_UID).unwrap_or_default();
    let header = Header { path: file.path, stored: file.stored, data_set: file.data_set };
    found.series.entry((uid, modality)).or_default().push(header);
    Ok(())
}

/// Takes the one series of the wanted modalities, or the one the caller names.
pub(super) fn choose(
    mut found: Found,
    modalities: &[&str],
    wanted: Option<&str>,
) -> Result<(Vec<Header>, Vec<String>)> {
    let mut notes = found.skipped();
    let summaries = found.summaries();
    let list = |all: &[&SeriesSummary]| -> String {
        all.iter().map(|s| s.to_string()).collect::<Vec<_>>().join("; ")
    };
    let names = modalities.join(" or ");
    let how = if modalities == ["CT"] {
        "--ct-series UID"
    } else {
        "--activity-series UID (in a series file: series = \"UID\")"
    };
    let fitting: Vec<&SeriesSummary> = summaries
        .iter()
        .filter(|s| modalities.contains(&s.modality.as_str()))
        .filter(|s| wanted.is_none_or(|uid| uid == s.uid))
        .collect();
    let all: Vec<&SeriesSummary> = summaries.iter().collect();
    let chosen = match fitting.as_slice() {
        [one] => *one,
        [] => {
            let here = if all.is_empty() { "no image series".into() } else { list(&all) };
            let skipped =
                if notes.is_empty() { String::new() } else { format!("; {}", notes.join("; ")) };
            let uid =
                wanted.map(|uid| format!(" with SeriesInstanceUID {uid}")).unwrap_or_default();
            return Err(Error::input(
                format!("there is no {names} series{uid}"),
                format!("found: {here}{skipped}"),
                format!("Give the folder of the series, or choose one with {how}."),
            ));
        }
        several => {
            return Err(Error::input(
                format!("there are {} {names} series", several.len()),
                list(several),
                format!("Choose one with {how}."),
            ));
        }
    };
    for other in all.iter().filter(|s| **s != chosen) {
        // Without its description: a free text may name a patient, and notes are kept with the result.
        let (uid, modality, objects) = (&other.uid, &other.modality, other.objects);
        notes.push(format!("series not read: {uid} ({modality}, {objects} objects)"));
    }
    let key = (chosen.uid.clone(), chosen.modality.clone());
    let headers = found.series.remove(&key).unwrap_or_default();
    check_unity(&headers)?;
    Ok((headers, notes))
}

/// Refuses a series whose objects disagree about what is said once of all: whose it is, on which clock, what was administered and when.
fn check_agreement(headers: &[Header]) -> Result<()> {
    let of_root = [PATIENT_ID, TIMEZONE_OFFSET_FROM_UTC];
    let of_administration = [
        RADIOPHARMACEUTICAL_START_DATE_TIME,
        RADIOPHARMACEUTICAL_START_TIME,
        RADIONUCLIDE_HALF_LIFE,
    ];
    let said = |header: &Header| -> Vec<(Attribute, Option<String>)> {
        let root = header.root();
        let items = root.items(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
        let first = items.first();
        let of_root = of_root.iter().map(|a| (*a, root.text(*a)));
        let of_first = of_administration.iter().map(|a| (*a, first.and_then(|i| i.text(*a))));
        of_root.chain(of_first).collect()
    };
    let Some((first, others)) = headers.split_first() else { return Ok(()) };
    let expected = said(first);
    for header in others {
        for ((attribute, here), (_, there)) in said(header).iter().zip(&expected) {
            if here != there {
                let show = |v: &Option<String>| v.clone().unwrap_or_else(|| "missing".into());
                return Err(header.root().bad(
                    *attribute,
                    &show(here),
                    &format!(
                        "it is '{}' in {}, and the objects of a series have one",
                        show(there),
                        first.path.display()
                    ),
                    "Export the series again, or correct the header that is wrong.",
                ));
            }
        }
    }
    Ok(())
}

/// A series has one frame of reference, and no object twice.
pub(super) fn check_unity(headers: &[Header]) -> Result<()> {
    check_agreement(headers)?;
    let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
    let mut frame: Option<(Option<String>, &Path)> = None;
    for header in headers {
        let root = header.root();
        if let Some(uid) = root.text(SOP_INSTANCE_UID) {
            if let Some(other) = seen.get(&uid) {
                return Err(root.bad(
                    SOP_INSTANCE_UID,
                    &uid,
                    &format!("the same object is also in {}: duplicated slice", other.display()),
                    "Delete one of the two copies.",
                ));
            }
            seen.insert(uid, &header.path);
        }
        let here = root.text(FRAME_OF_REFERENCE_UID);
        let (expected, other) = frame.get_or_insert((here.clone(), &header.path));
        if *expected != here {
            return Err(root.bad(
                FRAME_OF_REFERENCE_UID,
                here.as_deref().unwrap_or(""),
                &format!(
                    "it is '{}' in {}, so positions cannot be compared",
                    expected.as_deref().unwrap_or(""),
                    other.display()
                ),
                "Read the two groups of files one by one.",
            ));
        }
    }
    Ok(())
}
