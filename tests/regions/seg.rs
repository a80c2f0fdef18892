use voxgray::Result;
use voxgray::io::{ReadRegions, RegionOptions, read_regions};

use crate::objects::{frame, segmentation};
use crate::writer::{DataSet, Scratch};

fn read(object: &DataSet) -> Result<ReadRegions> {
    let scratch = Scratch::with("seg", std::slice::from_ref(object));
    read_regions(&scratch.path().join("0.dcm"), None, &RegionOptions::default())
}

/// Bits of frames of 15 pixels, one behind the other.
fn packed(frames: &[&[usize]]) -> Vec<u8> {
    let mut bytes = vec![0; (15 * frames.len()).div_ceil(8)];
    for (n, pixels) in frames.iter().enumerate() {
        for p in *pixels {
            let bit = 15 * n + p;
            bytes[bit / 8] |= 1 << (bit % 8);
        }
    }
    bytes
}

fn voxels(found: &ReadRegions, n: usize) -> &[u32] {
    &found.set.regions[n].voxels
}

#[test]
fn binary_frames_in_any_order_overlapping_and_sparse() {
    // The plane at 2.5 mm has no frame; frames of both segments share a plane.
    let frames =
        [frame(Some(2), 7.5), frame(Some(1), 5.0), frame(Some(1), 0.0), frame(Some(2), 5.0)];
    let bytes = packed(&[&[14], &[0, 7], &[1], &[7]]);
    let found = read(&segmentation("BINARY", &frames, 1, &bytes)).expect("good");
    assert_eq!(found.set.grid.dims, [5, 3, 4]);
    assert_eq!(found.set.grid.spacing_mm(), [4.0, 2.0, 2.5]);
    assert_eq!(found.set.grid.origin_mm, [-10.0, 20.0, 0.0]);
    assert_eq!((voxels(&found, 0), voxels(&found, 1)), (&[1, 30, 37][..], &[37, 59][..]));
    assert!((found.facts[0].file_ml - 3.0 * 0.02).abs() < 1e-9);
    assert!(found.notes.iter().any(|n| n.contains("1 of 4 slices")), "{:?}", found.notes);
    // Bytes in place of bits.
    let mut whole = vec![0; 15];
    whole[3] = 1;
    let found = read(&segmentation("BINARY", &[frame(Some(1), 0.0)], 8, &whole)).expect("good");
    assert_eq!(voxels(&found, 0), [3]);
}

/// Planes of two segments that lie a little beside each other are one slice; half a step apart they are on no grid.
#[test]
fn planes_of_segments_are_steps_of_their_own() {
    let bits = packed(&[&[1], &[2], &[3], &[4]]);
    let of = |z: [f64; 4]| {
        let segments = [1, 1, 2, 2];
        let frames: Vec<DataSet> =
            segments.into_iter().zip(z).map(|(s, z)| frame(Some(s), z)).collect();
        segmentation("BINARY", &frames, 1, &bits)
    };
    let unstated = |object: DataSet, thickness: Option<f64>| {
        let orientation = DataSet::default().ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let measures = DataSet::default().ds((0x0028, 0x0030), &[2.0, 4.0]);
        let measures = match thickness {
            Some(mm) => measures.ds((0x0018, 0x0050), &[mm]),
            None => measures,
        };
        let shared = DataSet::default()
            .sq((0x0020, 0x9116), &[orientation])
            .sq((0x0028, 0x9110), &[measures]);
        object.sq((0x5200, 0x9229), &[shared])
    };
    for object in [
        of([0.0, 2.5, 0.03, 2.47]),
        unstated(of([0.0, 2.5, 0.03, 2.47]), None),
        unstated(of([0.0, 2.5, 2.53, 5.03]), Some(2.5)),
    ] {
        let found = read(&object).expect("good");
        let ml = 2.0 * 2.0 * 4.0 * 2.5e-3;
        for fact in &found.facts {
            assert!((fact.file_ml / ml - 1.0).abs() < 0.02, "{}: {}", fact.name, fact.file_ml);
        }
        assert!(found.notes.iter().any(|n| n.contains("shifted by at most")), "{:?}", found.notes);
    }
    for (object, said) in [
        (of([0.0, 2.5, 1.25, 3.75]), "regular grid"),
        (unstated(of([0.0, 2.5, 1.25, 3.75]), Some(2.5)), "regular grid"),
        // Steps of 1.5 mm that were rounded to whole ones.
        (unstated(of([0.0, 2.0, 2.0, 3.0]), Some(1.5)), "SliceThickness"),
    ] {
        let error = read(&object).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn fractions_are_shares_and_labels_are_segments() {
    let mut values = vec![0; 30];
    (values[2], values[20]) = (50, 200);
    let frames = [frame(Some(1), 0.0), frame(Some(2), 2.5)];
    let fractional = segmentation("FRACTIONAL", &frames, 8, &values);
    let found = read(&fractional).expect("good");
    assert_eq!(
        (found.set.regions[0].shares.as_slice(), voxels(&found, 1)),
        (&[0.25][..], &[20][..])
    );
    assert!(found.notes.iter().any(|n| n.contains("OCCUPANCY")));
    let probable = fractional.text((0x0062, 0x0010), "CS", "PROBABILITY");
    assert!(
        read(&probable)
            .expect("good")
            .notes
            .iter()
            .any(|n| n.contains("WARNING") && n.contains("PROBABILITY"))
    );
    (values[2], values[20]) = (1, 2);
    let found = read(&segmentation("LABELMAP", &[frame(None, 2.5), frame(None, 0.0)], 8, &values))
        .expect("good");
    assert_eq!((voxels(&found, 0), voxels(&found, 1)), (&[17][..], &[5][..]));
}

#[test]
fn what_cannot_be_placed_is_refused() {
    let good = [frame(Some(1), 0.0), frame(Some(1), 2.5)];
    let bits = packed(&[&[1], &[2]]);
    let binary = |frames: &[DataSet]| segmentation("BINARY", frames, 1, &bits);
    let twice = [frame(Some(1), 0.0), frame(Some(1), 0.0)];
    let uneven = [frame(Some(1), 0.0), frame(Some(1), 3.6)];
    let unknown = [frame(Some(1), 0.0), frame(Some(9), 2.5)];
    let no_place = [frame(Some(1), 0.0), DataSet::default()];
    for (object, said) in [
        (binary(&twice), "lie in one place"),
        (binary(&uneven), "regular grid"),
        (binary(&unknown), "ReferencedSegmentNumber"),
        (binary(&no_place), "ImagePositionPatient"),
        (binary(&good).text((0x0028, 0x0008), "IS", "3"), "places 2 frames"),
        (segmentation("BINARY", &good, 1, &bits[..2]), "is too short"),
        (binary(&good).text((0x0062, 0x0001), "CS", "OTHER"), "BINARY, FRACTIONAL or LABELMAP"),
        (
            segmentation("FRACTIONAL", &good, 8, &[0; 30]).us((0x0062, 0x000E), &[0]),
            "MaximumFractionalValue",
        ),
        (binary(&good).without((0x0062, 0x0002)), "SegmentSequence"),
        (binary(&good).text((0x0008, 0x0060), "CS", "CT"), "RTSTRUCT and SEG"),
    ] {
        let error = read(&object).expect_err(said).to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}
