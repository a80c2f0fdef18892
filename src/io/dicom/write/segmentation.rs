//! Segmentations (PS3.3 A.51, C.8.20.2): regions as voxels. BINARY holds whole voxels, those of which at least half lies inside; FRACTIONAL
//! (OCCUPANCY) the share of each, to 1 in 255. Planes without a voxel of a region have no frame.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::fields::{Code, Fields};
use super::functional_groups::{self as groups, PLACE, SEGMENT, put_dimensions};
use super::object::{Author, Kind, NewObject};
use super::regions::{Arranged, arrange, images};
use crate::error::{Error, Result};
use crate::image::{RegionSet, WHOLE_FROM};

/// Largest stored share.
const MOST_SHARE: f32 = 255.0;
/// Of a region nothing is known but its name.
const TISSUE: Code = Code { value: "85756007", scheme: "SCT", meaning: "Tissue" };
const SEGMENTATION: Code = Code { value: "113076", scheme: "DCM", meaning: "Segmentation" };
const SOURCE: Code =
    Code { value: "121322", scheme: "DCM", meaning: "Source image for image processing operation" };

/// The Segmentation of regions. `shares` keeps the share of each voxel; otherwise voxels are whole.
///
/// # Errors
/// If the grid is sheared, a region is empty, two get one name, or nothing says when the content was made.
pub fn segmentation(
    author: &Author,
    set: &RegionSet,
    shares: bool,
    series_number: usize,
) -> Result<NewObject> {
    let mut arranged = arrange(author, set)?;
    if !shares {
        arranged.set = RegionSet::from(&arranged.set.whole().0);
    }
    let Arranged { set, planes, names } = &arranged;
    let description = "Volumes of interest";
    let kind =
        Kind { class_uid: uids::SEGMENTATION_STORAGE, modality: "SEG", series_number, description };
    let mut f = author.begin(&kind);
    let (date, time) = author.content_time()?;
    f.text(tags::CONTENT_DATE, &date);
    f.text(tags::CONTENT_TIME, &time);
    f.texts(tags::IMAGE_TYPE, &["DERIVED", "PRIMARY"]);
    f.text(tags::CONTENT_LABEL, "VOIS");
    f.text(tags::CONTENT_DESCRIPTION, description);
    f.text(tags::CONTENT_CREATOR_NAME, "");
    f.text(tags::LOSSY_IMAGE_COMPRESSION, "00");
    f.text(tags::SEGMENTATION_TYPE, if shares { "FRACTIONAL" } else { "BINARY" });
    f.text(tags::SEGMENTS_OVERLAP, if overlap(set) { "YES" } else { "NO" });
    let bits = if shares { 8 } else { 1 };
    if shares {
        f.text(tags::SEGMENTATION_FRACTIONAL_TYPE, "OCCUPANCY");
        f.count(tags::MAXIMUM_FRACTIONAL_VALUE, MOST_SHARE as usize);
    }
    f.monochrome(bits);
    planes.put_size(&mut f);
    f.items(tags::SEGMENT_SEQUENCE, segments(author, names));
    let in_planes = images(author, planes);
    let mut frames = Vec::new();
    let area = planes.rows * planes.columns;
    let mut pixels = Pixels { bits, frame: area, bytes: Vec::new(), used: 0 };
    let used: Vec<usize> = used_planes(set);
    let all_placed = used.iter().all(|k| in_planes[*k].is_some());
    for (n, region) in set.regions.iter().enumerate() {
        let pairs: Vec<(usize, f32)> =
            region.voxels.iter().map(|v| *v as usize).zip(region.shares.iter().copied()).collect();
        for plane in pairs.chunk_by(|a, b| a.0 / area == b.0 / area) {
            let k = plane[0].0 / area;
            let place = used.iter().position(|u| *u == k).unwrap_or(0);
            let mut frame = groups::frame(planes, k, &[n as u32 + 1, place as u32 + 1]);
            let mut identification = Fields::new();
            identification.count(tags::REFERENCED_SEGMENT_NUMBER, n + 1);
            frame.items(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![identification]);
            if let Some(image) = in_planes[k].filter(|_| all_placed) {
                let item = author.derivation(&[image], SEGMENTATION, SOURCE);
                frame.items(tags::DERIVATION_IMAGE_SEQUENCE, vec![item]);
            }
            frames.push(frame);
            pixels.add(plane);
        }
    }
    let mut shared = groups::shared(planes);
    if !all_placed {
        let all: Vec<_> = author.reference.images.iter().collect();
        let item = author.derivation(&all, SEGMENTATION, SOURCE);
        shared.items(tags::DERIVATION_IMAGE_SEQUENCE, vec![item]);
    }
    f.items(tags::REFERENCED_SERIES_SEQUENCE, vec![author.referenced_series()]);
    if frames.len() > i32::MAX as usize || pixels.bytes.len() > u32::MAX as usize {
        return Err(Error::input(
            format!("{} frames of segments", frames.len()),
            "a DICOM object has at most 4 GiB",
            "Write fewer regions at once (--keep).",
        ));
    }
    f.count(tags::NUMBER_OF_FRAMES, frames.len());
    f.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    f.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
    f.bytes(tags::PIXEL_DATA, VR::OB, pixels.bytes);
    author.finish(f, &kind, |f, uid| put_dimensions(f, &[SEGMENT, PLACE], &uid("dimensions")))
}

fn segments(author: &Author, names: &[String]) -> Vec<Fields> {
    let segment = |(n, name): (usize, &String)| {
        let mut item = Fields::new();
        item.count(tags::SEGMENT_NUMBER, n + 1);
        item.text(tags::SEGMENT_LABEL, name);
        item.items(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, vec![TISSUE.item()]);
        item.items(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![TISSUE.item()]);
        item.text(tags::SEGMENT_ALGORITHM_TYPE, "SEMIAUTOMATIC");
        item.text(tags::SEGMENT_ALGORITHM_NAME, &author.equipment.name);
        item
    };
    names.iter().enumerate().map(segment).collect()
}

/// Planes with a voxel of any region.
fn used_planes(set: &RegionSet) -> Vec<usize> {
    let area = set.grid.dims[0] * set.grid.dims[1];
    let mut used = vec![false; set.grid.dims[2]];
    set.regions.iter().flat_map(|r| &r.voxels).for_each(|v| used[*v as usize / area] = true);
    (0..used.len()).filter(|k| used[*k]).collect()
}

/// Whether a voxel lies in two regions.
fn overlap(set: &RegionSet) -> bool {
    let mut taken = vec![false; set.grid.len()];
    let mut all = set.regions.iter().flat_map(|r| &r.voxels);
    all.any(|v| std::mem::replace(&mut taken[*v as usize], true))
}

/// Frames one after the other: bits without padding between frames, the first pixel in the lowest bit (PS3.5 8.1.1), or bytes.
struct Pixels {
    bits: usize,
    /// Pixels of a frame.
    frame: usize,
    bytes: Vec<u8>,
    /// Pixels that are written.
    used: usize,
}

impl Pixels {
    fn add(&mut self, plane: &[(usize, f32)]) {
        let end = self.used + self.frame;
        self.bytes.resize((end * self.bits).div_ceil(8), 0);
        for (voxel, share) in plane {
            let pixel = self.used + voxel % self.frame;
            if self.bits == 8 {
                self.bytes[pixel] = (share * MOST_SHARE).round() as u8;
            } else if *share >= WHOLE_FROM {
                self.bytes[pixel / 8] |= 1 << (pixel % 8);
            }
        }
        self.used = end;
    }
}
