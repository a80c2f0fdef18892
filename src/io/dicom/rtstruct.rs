//! RT Structure Sets (PS3.3 A.19, C.8.8.6): the contours of each region of interest, in patient coordinates. Neglects which images they were drawn
//! on: the contours place themselves.
//!
//! Closed contours make volumes. Points and open contours have none: they are counted and kept apart, so that nothing is lost unseen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::attributes::*;
use super::object::DicomFile;
use crate::error::{Error, Result};
use crate::image::contour::Contour;

/// The structures of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureSet {
    /// The file.
    pub path: PathBuf,
    /// Its structures, in the order of the file.
    pub rois: Vec<Roi>,
    /// SeriesInstanceUID of the image series that it refers to, if it names one.
    pub series: Option<String>,
    /// What a user should know, one sentence each.
    pub notes: Vec<String>,
}

/// A region of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Roi {
    /// ROINumber.
    pub number: u32,
    /// ROIName; with its number where two have the same.
    pub name: String,
    /// ROIDisplayColor.
    pub colour: Option<[u8; 3]>,
    /// FrameOfReferenceUID in which its contours lie, if stated.
    pub frame_of_reference: Option<String>,
    /// Its closed contours, or why they cannot be read.
    pub contours: Result<Vec<Contour>>,
    /// Positions (mm, LPS) of its single points.
    pub points_mm: Vec<[f64; 3]>,
    /// Number of contours that are not closed, by their geometric type.
    pub open: BTreeMap<String, usize>,
}

impl Roi {
    /// What has no volume in words: `2 POINT`; none if all contours are closed.
    pub fn without_volume(&self) -> Option<String> {
        let mut all: Vec<String> = self.open.iter().map(|(k, n)| format!("{n} {k}")).collect();
        if !self.points_mm.is_empty() {
            all.push(format!("{} POINT", self.points_mm.len()));
        }
        (!all.is_empty()).then(|| all.join(", "))
    }
}

pub(super) fn read(file: &DicomFile) -> Result<StructureSet> {
    let root = file.root();
    let mut notes = Vec::new();
    let named = root.items(STRUCTURE_SET_ROI_SEQUENCE);
    let mut rois: Vec<Roi> = Vec::new();
    for item in &named {
        let number = number(item, ROI_NUMBER)?;
        if rois.iter().any(|r| r.number == number) {
            return Err(item.bad(
                ROI_NUMBER,
                &number.to_string(),
                "two structures have it, so contours cannot be told apart",
                "Export the structures again.",
            ));
        }
        let name = item.text(ROI_NAME).unwrap_or_else(|| format!("ROI {number}"));
        rois.push(Roi {
            number,
            name,
            colour: None,
            frame_of_reference: item.text(REFERENCED_FRAME_OF_REFERENCE_UID),
            contours: Ok(Vec::new()),
            points_mm: Vec::new(),
            open: BTreeMap::new(),
        });
    }
    if rois.is_empty() {
        return Err(root.missing(STRUCTURE_SET_ROI_SEQUENCE, "the file holds no structure"));
    }
    let frames = root.items(REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    let common: Vec<String> =
        frames.iter().filter_map(|f| f.text(FRAME_OF_REFERENCE_UID)).collect();
    let common = match common.as_slice() {
        [one] => Some(one.clone()),
        _ => root.text(FRAME_OF_REFERENCE_UID),
    };
    for item in root.items(ROI_CONTOUR_SEQUENCE) {
        let number = number(&item, REFERENCED_ROI_NUMBER)?;
        let Some(roi) = rois.iter_mut().find(|r| r.number == number) else {
            notes.push(format!("the contours of ROI {number} belong to no structure of the file"));
            continue;
        };
        if let Ok(Some([r, g, b])) = item.vector::<3>(ROI_DISPLAY_COLOR) {
            roi.colour = Some([r, g, b].map(|c| c.clamp(0.0, 255.0) as u8));
        }
        read_contours(&item, roi);
    }
    for roi in &mut rois {
        roi.frame_of_reference = roi.frame_of_reference.take().or_else(|| common.clone());
    }
    tell_names_apart(&mut rois, &mut notes);
    let series = frames
        .iter()
        .flat_map(|f| f.items(RT_REFERENCED_STUDY_SEQUENCE))
        .flat_map(|s| s.items(RT_REFERENCED_SERIES_SEQUENCE))
        .find_map(|s| s.text(SERIES_INSTANCE_UID));
    Ok(StructureSet { path: file.path.clone(), rois, series, notes })
}

fn number(item: &Item<'_>, attribute: Attribute) -> Result<u32> {
    let why = "structures and contours are joined by it";
    let count = item.count(attribute)?.ok_or_else(|| item.missing(attribute, why))?;
    Ok(count as u32)
}

/// Adds the contours of an item; the first that cannot be read is told where the structure is asked for.
fn read_contours(item: &Item<'_>, roi: &mut Roi) {
    for (n, contour) in item.items(CONTOUR_SEQUENCE).iter().enumerate() {
        let kind = contour.text(CONTOUR_GEOMETRIC_TYPE).unwrap_or_else(|| "CLOSED_PLANAR".into());
        let points = match points(contour, n, roi) {
            Ok(points) => points,
            Err(error) => {
                roi.contours = Err(error);
                return;
            }
        };
        match kind.as_str() {
            "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR" => {
                let exclusive = kind == "CLOSEDPLANAR_XOR";
                if let Ok(contours) = &mut roi.contours
                    && !points.is_empty()
                {
                    contours.push(Contour { points_mm: points, exclusive });
                }
            }
            "POINT" => roi.points_mm.extend(points),
            _ => *roi.open.entry(kind).or_default() += 1,
        }
    }
}

fn points(contour: &Item<'_>, n: usize, roi: &Roi) -> Result<Vec<[f64; 3]>> {
    let of = |mut error: Error| {
        error.problem = format!("{} (contour {} of '{}')", error.problem, n + 1, roi.name);
        error
    };
    let Some(numbers) = contour.numbers(CONTOUR_DATA).map_err(of)? else { return Ok(Vec::new()) };
    if numbers.len() % 3 != 0 {
        return Err(of(contour.bad(
            CONTOUR_DATA,
            &format!("{} numbers", numbers.len()),
            "a point has three",
            "Export the structures again.",
        )));
    }
    if let Some(far) = numbers.iter().find(|x| x.abs() > MOST_MM) {
        return Err(of(contour.bad(
            CONTOUR_DATA,
            &far.to_string(),
            "positions are in mm, within 100 m",
            "Export the structures again.",
        )));
    }
    Ok(numbers.as_chunks::<3>().0.to_vec())
}

/// Largest coordinate, mm.
const MOST_MM: f64 = 1e5;

/// Two structures of one name get their numbers with it.
fn tell_names_apart(rois: &mut [Roi], notes: &mut Vec<String>) {
    let names: Vec<String> = rois.iter().map(|r| r.name.clone()).collect();
    for (n, name) in names.iter().enumerate() {
        if names.iter().filter(|other| *other == name).count() > 1 {
            let number = rois[n].number;
            rois[n].name = format!("{name} (ROI {number})");
            if names.iter().position(|other| other == name) == Some(n) {
                notes.push(format!(
                    "WARNING: several structures are named '{name}': they are told apart by their numbers, as '{name} (ROI {number})'"
                ));
            }
        }
    }
}
