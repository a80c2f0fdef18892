//! RT Structure Sets (PS3.3 A.19, C.8.8.5): regions as outlines of their whole voxels along the voxels' edges, so that a reader of exact areas gets the
//! same volume. A hole is a contour of its own inside another, which readers cut out (even-odd).
//!
//! A structure has no thickness of its own: readers take the distance between its contours. One whose slices are not neighbours is told.

use dicom_dictionary_std::{tags, uids};

use super::fields::Fields;
use super::object::{Author, Kind, NewObject, instance};
use super::reference::ReferenceImage;
use super::regions::{Arranged, arrange, images};
use crate::error::Result;
use crate::image::contour::{Budget, Contour, Outline, Stack, outlines};
use crate::image::{Region, RegionSet};

/// A study as RT objects refer to it: Detached Study Management, retired, which the attribute still asks for.
const STUDY_CLASS: &str = "1.2.840.10008.3.1.2.3.1";
/// Change of a volume that is told.
const TOLD: f64 = 1e-6;

/// The RT Structure Set of regions, with what a user should know of it.
///
/// # Errors
/// If the grid is sheared, a region is empty, or two get one name.
pub fn structure_set(
    author: &Author,
    set: &RegionSet,
    series_number: usize,
) -> Result<(NewObject, Vec<String>)> {
    let mut arranged = arrange(author, set)?;
    let (whole, _) = arranged.set.whole();
    for (region, voi) in arranged.set.regions.iter_mut().zip(whole.vois) {
        region.shares = vec![1.0; voi.voxels.len()];
        region.voxels = voi.voxels;
    }
    let Arranged { set, planes, names } = &arranged;
    let kind = Kind {
        class_uid: uids::RT_STRUCTURE_SET_STORAGE,
        modality: "RTSTRUCT",
        series_number,
        description: "Volumes of interest",
    };
    let mut f = author.begin(&kind);
    f.text(tags::STRUCTURE_SET_LABEL, "VOIS");
    f.text(tags::STRUCTURE_SET_NAME, "Volumes of interest");
    author.dated(&mut f, tags::STRUCTURE_SET_DATE, tags::STRUCTURE_SET_TIME);
    f.items(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![frame_of_reference(author)]);
    let in_planes = images(author, planes);
    let (mut named, mut drawn, mut observed, mut notes) = (vec![], vec![], vec![], vec![]);
    for (n, (region, name)) in set.regions.iter().zip(names).enumerate() {
        let mut roi = Fields::new();
        roi.count(tags::ROI_NUMBER, n + 1);
        roi.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, &author.reference.frame_of_reference);
        roi.text(tags::ROI_NAME, name);
        roi.text(tags::ROI_GENERATION_ALGORITHM, "");
        named.push(roi);
        let (contours, note) = contours(set, region, &in_planes)?;
        notes.extend(note);
        let mut roi = Fields::new();
        if let Some([r, g, b]) = region.colour {
            roi.decimals(tags::ROI_DISPLAY_COLOR, &[r, g, b].map(f64::from));
        }
        roi.items(tags::CONTOUR_SEQUENCE, contours);
        roi.count(tags::REFERENCED_ROI_NUMBER, n + 1);
        drawn.push(roi);
        let mut observation = Fields::new();
        observation.count(tags::OBSERVATION_NUMBER, n + 1);
        observation.count(tags::REFERENCED_ROI_NUMBER, n + 1);
        observation.text(tags::RTROI_INTERPRETED_TYPE, "");
        observation.text(tags::ROI_INTERPRETER, "");
        observed.push(observation);
    }
    f.items(tags::STRUCTURE_SET_ROI_SEQUENCE, named);
    f.items(tags::ROI_CONTOUR_SEQUENCE, drawn);
    f.items(tags::RTROI_OBSERVATIONS_SEQUENCE, observed);
    Ok((author.finish(f, &kind, |_, _| {})?, notes))
}

fn frame_of_reference(author: &Author) -> Fields {
    let image = |i: &ReferenceImage| instance(&i.class_uid, &i.instance_uid);
    let mut series = Fields::new();
    series.text(tags::SERIES_INSTANCE_UID, &author.reference.series_uid);
    series.items(tags::CONTOUR_IMAGE_SEQUENCE, author.reference.images.iter().map(image).collect());
    let mut study = instance(STUDY_CLASS, &author.reference.study_uid);
    study.items(tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series]);
    let mut frame = Fields::new();
    frame.text(tags::FRAME_OF_REFERENCE_UID, &author.reference.frame_of_reference);
    frame.items(tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    frame
}

/// The contours of a region; and a note, where readers will see another volume.
fn contours(
    set: &RegionSet,
    region: &Region,
    in_planes: &[Option<&ReferenceImage>],
) -> Result<(Vec<Fields>, Option<String>)> {
    let (mut items, mut all) = (Vec::new(), Vec::new());
    for Outline { plane, loops } in outlines(&set.grid, &region.voxels) {
        for points in loops {
            let points_mm: Vec<[f64; 3]> =
                points.iter().map(|p| set.grid.to_mm([p[0], p[1], plane as f64])).collect();
            let mut item = Fields::new();
            if let Some(image) = in_planes[plane] {
                let image = instance(&image.class_uid, &image.instance_uid);
                item.items(tags::CONTOUR_IMAGE_SEQUENCE, vec![image]);
            }
            item.text(tags::CONTOUR_GEOMETRIC_TYPE, "CLOSED_PLANAR");
            item.count(tags::NUMBER_OF_CONTOUR_POINTS, points_mm.len());
            item.count(tags::CONTOUR_NUMBER, items.len() + 1);
            item.decimals(tags::CONTOUR_DATA, points_mm.as_flattened());
            items.push(item);
            all.push(Contour { points_mm, exclusive: false });
        }
    }
    let step = set.grid.spacing_mm()[2];
    let read = Stack::new(&all, step, &mut Budget::default())?.map_or(0.0, |s| s.volume_ml());
    let own = set.volume_ml(region);
    let note = ((read / own - 1.0).abs() > TOLD).then(|| {
        format!(
            "'{}': its slices are not neighbours, and contours have no thickness: readers will find {read:.4} mL, not {own:.4} mL; a Segmentation keeps it",
            region.name
        )
    });
    Ok((items, note))
}
