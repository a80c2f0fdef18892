//! CT values, enhanced CT, forged sizes and compressed fragments.

use voxgray::io::dicom::read_stored_pixels;

use crate::objects::*;
use crate::writer::{DataSet, EXPLICIT_LITTLE, RLE, Scratch, deflated};

#[test]
fn ct_values_that_are_no_hu() {
    let all = |change: &dyn Fn(DataSet) -> DataSet| -> Vec<DataSet> {
        ct(3).into_iter().map(change).collect()
    };
    refused(read_ct_of("no-slope", &all(&|d| d.without(SLOPE))), &["RescaleSlope (0028,1053)"]);
    refused(read_ct_of("no-offset", &all(&|d| d.without(INTERCEPT))), &["RescaleIntercept"]);
    let nan = all(&|d| d.text(SLOPE, "DS", "NaN"));
    refused(read_ct_of("nan", &nan), &["RescaleSlope (0028,1053) is 'NaN'", "finite"]);
    refused(read_ct_of("zero", &all(&|d| d.ds(SLOPE, &[0.0]))), &["RescaleSlope", "'0'"]);
    refused(read_ct_of("huge", &all(&|d| d.ds(SLOPE, &[1e300]))), &["absurdly large"]);
    let scout = all(&|d| d.text(IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER"));
    refused(read_ct_of("scout", &scout), &["LOCALIZER"]);
    let other = all(&|d| d.text((0x0028, 0x1054), "LO", "MGML"));
    refused(read_ct_of("type", &other), &["RescaleType (0028,1054) is 'MGML'"]);
    // A padding value of -2000, written as US.
    let padded = all(&|d| d.us((0x0028, 0x0120), &[63536]).pixels(&[-2000, -2000, 0, 1, 2, 3]));
    let ct = read_ct_of("padding", &padded).expect("a good CT");
    assert_eq!(ct.facts.padding_voxels, 6);
    assert_eq!(ct.volume.data[..3], [-1000.0, -1000.0, -1024.0]);
    assert!(ct.notes.iter().any(|n| n.contains("6 voxels hold the declared padding")));
}

#[test]
fn padding_never_becomes_bone_and_tissue_never_air() {
    let of = |name: &str, change: &dyn Fn(DataSet) -> DataSet| {
        read_ct_of(name, &ct(2).into_iter().map(change).collect::<Vec<_>>()).expect("a good CT")
    };
    let padding = (0x0028, 0x0120);
    let limit = (0x0028, 0x0121);
    // A range of values that would be metal, in signed pixels.
    let high = of("padding-range", &|d| {
        d.us(padding, &[32760]).us(limit, &[32767]).pixels(&[32760, 32767, 32759, 1, 2, 3])
    });
    assert_eq!(high.volume.data[..3], [-1000.0, -1000.0, 31735.0]);
    assert_eq!(high.facts.padding_voxels, 4);
    // -2000 as US in unsigned pixels of 12 bits: the bits above BitsStored say that it is padding; cut to 12 bits it would
    // be 2096, or 1072 HU. A true 2096 inside stays bone.
    let twelve = of("padding-12-bit", &|d| {
        let d =
            d.us((0x0028, 0x0101), &[12]).us((0x0028, 0x0102), &[11]).us((0x0028, 0x0103), &[0]);
        let d = d.us(ROWS, &[3]).us(COLUMNS, &[3]).us(padding, &[63536]);
        d.pixels(&[-2000, 1, 1, 1, 2096, 1, 1, 1, 1])
    });
    assert_eq!(twelve.volume.data[0], -1000.0);
    assert_eq!(twelve.volume.data[4], 1072.0);
    assert_eq!(twelve.facts.padding_voxels, 2);
    // A padding value of 0 that is water: outside it is padding, inside it is water.
    let water = of("padding-water", &|d| {
        let d = d.us(ROWS, &[3]).us(COLUMNS, &[3]).ds(INTERCEPT, &[0.0]).us(padding, &[0]);
        d.pixels(&[0, 0, 5, 5, 0, 5, 5, 5, 5])
    });
    let joined = of("padding-inside", &|d| {
        let d = d.us(ROWS, &[3]).us(COLUMNS, &[3]).ds(INTERCEPT, &[0.0]).us(padding, &[0]);
        d.pixels(&[0, 5, 5, 5, 0, 5, 5, 5, 5])
    });
    assert_eq!((water.volume.data[0], water.volume.data[4]), (-1000.0, -1000.0));
    assert_eq!((joined.volume.data[0], joined.volume.data[4]), (-1000.0, 0.0));
    assert!(
        joined.notes.iter().any(|n| n.contains("2 voxels inside the image")),
        "{:?}",
        joined.notes
    );
}

#[test]
fn enhanced_ct_places_its_frames_by_functional_groups() {
    let frame = |k: usize| {
        let plane = DataSet::default().ds(POSITION, &[0.0, 0.0, 50.0 - 2.0 * k as f64]);
        DataSet::default().sq((0x0020, 0x9113), &[plane])
    };
    let shared = DataSet::default()
        .sq(
            (0x0020, 0x9116),
            &[DataSet::default().ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])],
        )
        .sq((0x0028, 0x9110), &[DataSet::default().ds(PIXEL_SPACING, &[1.0, 1.0])])
        .sq(
            (0x0028, 0x9145),
            &[DataSet::default().ds(SLOPE, &[1.0]).ds(INTERCEPT, &[-1024.0]).text(
                (0x0028, 0x1054),
                "LO",
                "HU",
            )],
        );
    let pixels: Vec<i16> = (0..3).flat_map(slice_pixels).collect();
    let object = image("CT")
        .without(PIXEL_SPACING)
        .text(FRAMES, "IS", "3")
        .sq((0x5200, 0x9229), &[shared])
        .sq((0x5200, 0x9230), &[frame(0), frame(1), frame(2)])
        .pixels(&pixels);
    let ct = read_ct_of("enhanced", std::slice::from_ref(&object)).expect("a good CT");
    // The frames descend, so the last one is the first slice.
    assert_eq!(ct.volume.grid.origin_mm, [0.0, 0.0, 46.0]);
    assert_eq!(ct.volume.data[0], f32::from(stored(2, 0)) - 1024.0);
    let more = object.text(FRAMES, "IS", "4");
    refused(
        read_ct_of("enhanced-short", &[more]),
        &["NumberOfFrames (0028,0008) is '4'", "3 frames"],
    );
}

#[test]
fn forged_sizes_allocate_nothing() {
    let scratch = Scratch::new("forged");
    let huge = slice("CT", 0).us(ROWS, &[65535]).us(COLUMNS, &[65535]);
    let path = scratch.write("huge.dcm", &huge.file(EXPLICIT_LITTLE));
    let error = read_stored_pixels(&path).expect_err("too large").to_string();
    assert!(error.contains("Rows (0028,0010) is '65535"), "{error}");
    let many = slice("CT", 0).text(FRAMES, "IS", "2147483647");
    let path = scratch.write("many.dcm", &many.file(EXPLICIT_LITTLE));
    let error = read_stored_pixels(&path).expect_err("truncated").to_string();
    assert!(error.contains("PixelData (7FE0,0010) holds 12 bytes"), "{error}");
    let mut cut = slice("CT", 0).file(EXPLICIT_LITTLE);
    cut.truncate(cut.len() - 1);
    let path = scratch.write("cut.dcm", &cut);
    let error = read_stored_pixels(&path).expect_err("truncated").to_string();
    assert!(error.contains("declares 12 bytes of value but 11 are left"), "{error}");
    let unknown = slice("CT", 0).file("1.2.840.10008.1.2.4.100");
    let path = scratch.write("video.dcm", &unknown);
    let error = read_stored_pixels(&path).expect_err("video").to_string();
    assert!(error.contains("transfer syntax 1.2.840.10008.1.2.4.100"), "{error}");
}

/// An RLE frame whose two byte planes are written literally.
fn rle_frame(values: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    let plane = |shift: u32| -> Vec<u8> {
        let literal = values.iter().map(|v| (*v as u16 >> shift) as u8);
        let mut plane = vec![values.len() as u8 - 1];
        plane.extend(literal);
        plane
    };
    let (high, low) = (plane(8), plane(0));
    let word = |v: usize| (v as u32).to_le_bytes();
    bytes[..12].copy_from_slice(&[word(2), word(64), word(64 + high.len())].concat());
    bytes.extend(high);
    bytes.extend(low);
    bytes
}

#[test]
fn fragments_are_joined_by_the_offset_table() {
    let scratch = Scratch::new("fragments");
    let frames = [rle_frame(&[-1, 2, 3, -4, 500, 6]), rle_frame(&[7, 8, 9, -10, 11, -1200])];
    let (head, tail) = frames[0].split_at(70);
    let fragments = [head.to_vec(), tail.to_vec(), frames[1].clone()];
    // The second frame starts after two fragments with their 8 byte headers.
    let second = (frames[0].len() + 16) as u32;
    let object = |offsets: &[u32]| {
        let object = image("CT").text(FRAMES, "IS", "2");
        object.fragments(offsets, &fragments).file(RLE)
    };
    let path = scratch.write("good.dcm", &object(&[0, second]));
    let stored = read_stored_pixels(&path).expect("decodable");
    assert_eq!(stored.frames[0], [-1, 2, 3, -4, 500, 6]);
    assert_eq!(stored.frames[1], [7, 8, 9, -10, 11, -1200]);
    let path = scratch.write("no-table.dcm", &object(&[]));
    let error = read_stored_pixels(&path).expect_err("ambiguous").to_string();
    assert!(error.contains("3 fragments for 2 frames"), "{error}");
    let path = scratch.write("bad-table.dcm", &object(&[0, second + 1]));
    let error = read_stored_pixels(&path).expect_err("wrong table").to_string();
    assert!(error.contains("starts no fragment"), "{error}");
}

#[test]
fn a_deflated_object_is_read_to_its_end_and_no_further() {
    let body = slice("CT", 0).encode();
    let read = |bytes: &[u8]| {
        let scratch = Scratch::new("deflated");
        read_stored_pixels(&scratch.write("a.dcm", bytes)).map(|p| p.frames.concat())
    };
    let plain: Vec<i64> = slice_pixels(0).into_iter().map(i64::from).collect();
    assert_eq!(read(&deflated(&body, &[])).expect("good"), plain);
    assert_eq!(read(&deflated(&body, &[0])).expect("an even length"), plain);
    // CRC-32 and length, as some writers leave them.
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let trailer = |sum: u32| [sum.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
    assert_eq!(read(&deflated(&body, &trailer(crc.sum()))).expect("a trailer"), plain);
    let refused = |bytes: &[u8], part: &str| {
        let error = read(bytes).expect_err(part).to_string();
        assert!(error.contains(part), "'{part}' is not in: {error}");
    };
    refused(&deflated(&body, &trailer(crc.sum() ^ 1)), "not its CRC-32 and length");
    refused(&deflated(&body, b"tail"), "behind its end");
    let whole = deflated(&body, &[]);
    refused(&whole[..whole.len() - 2], "breaks off");
    // 64 MiB of zeros behind the pixels that the header needs.
    let bomb = [body.clone(), vec![0; 64 << 20]].concat();
    refused(&deflated(&bomb, &[]), "more than the image of its header needs");
}
