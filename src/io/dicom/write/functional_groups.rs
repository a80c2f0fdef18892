//! Functional groups of multi-frame objects (PS3.3 C.7.6.16): where each frame lies, and the dimensions that order frames (C.7.6.17).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::fields::Fields;
use super::planes::Planes;

/// The dimensions that order frames: an attribute each, in its functional group.
pub(super) const PLACE: (Tag, Tag) = (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE);
pub(super) const SEGMENT: (Tag, Tag) =
    (tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE);

/// Dimensions, all of one organization.
pub(super) fn put_dimensions(f: &mut Fields, dimensions: &[(Tag, Tag)], uid: &str) {
    let mut organization = Fields::new();
    organization.text(tags::DIMENSION_ORGANIZATION_UID, uid);
    let index = |(attribute, group): &(Tag, Tag)| {
        let mut item = organization.clone();
        item.pointer(tags::DIMENSION_INDEX_POINTER, *attribute);
        item.pointer(tags::FUNCTIONAL_GROUP_POINTER, *group);
        item
    };
    f.items(tags::DIMENSION_INDEX_SEQUENCE, dimensions.iter().map(index).collect());
    f.items(tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![organization]);
}

/// What all frames of a stack share: the size of pixels and their orientation.
pub(super) fn shared(planes: &Planes) -> Fields {
    let mut group = Fields::new();
    let mut measures = Fields::new();
    planes.put_spacing(&mut measures);
    measures.decimals(tags::SPACING_BETWEEN_SLICES, &[planes.spacing_mm[2]]);
    group.items(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    let mut orientation = Fields::new();
    planes.put_orientation(&mut orientation);
    group.items(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]);
    group
}

/// A frame's own group: its plane, and its place along each dimension (from 1).
pub(super) fn frame(planes: &Planes, k: usize, indices: &[u32]) -> Fields {
    let mut group = Fields::new();
    let mut content = Fields::new();
    content.counts(tags::DIMENSION_INDEX_VALUES, indices);
    content.text(tags::STACK_ID, "1");
    content.count(tags::IN_STACK_POSITION_NUMBER, k + 1);
    group.items(tags::FRAME_CONTENT_SEQUENCE, vec![content]);
    let mut place = Fields::new();
    planes.put_position(&mut place, k);
    group.items(tags::PLANE_POSITION_SEQUENCE, vec![place]);
    group
}
