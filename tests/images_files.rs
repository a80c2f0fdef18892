//! NIfTI and MetaImage files: round trips, and damaged or false files that must give an error and
//! never a panic.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use voxgray::image::{Grid, Volume};
use voxgray::io::{
    Element, ImageFormat, ImageOptions, NiftiAffine, read_image, read_image_with, read_metaimage,
    read_nifti, sha256_file, write_metaimage, write_nifti,
};
use voxgray::{Error, ErrorKind};

fn oblique() -> Grid {
    let (s, c) = 0.3f64.sin_cos();
    Grid {
        dims: [3, 4, 5],
        origin_mm: [-101.25, 33.5, 1200.125],
        axes_mm: [[1.5 * c, 1.5 * s, 0.0], [-2.0 * s, 2.0 * c, 0.0], [0.0, 0.0, -3.0]],
    }
}

fn volume<T>(grid: Grid, f: impl Fn(usize) -> T) -> Volume<T> {
    let data = (0..grid.len()).map(f).collect();
    Volume::new(grid, data).expect("one value per voxel")
}

fn round_trip<T: Element + PartialEq>(
    folder: &Path,
    f: impl Fn(usize) -> T,
    as_f32: impl Fn(&T) -> f32,
) {
    let before = volume(oblique(), f);
    let expected: Vec<f32> = before.data.iter().map(as_f32).collect();
    for (name, tolerance) in [("a.nii", 1e-3), ("a.nii.gz", 1e-3), ("a.mha", 1e-9), ("a.mhd", 1e-9)]
    {
        let path = folder.join(name);
        if name.contains("nii") {
            write_nifti(&path, &before).expect("write");
        } else {
            write_metaimage(&path, &before).expect("write");
        }
        let (after, info) = read_image(&path, None).expect("read");
        assert_eq!(after.data, expected, "{name}");
        assert!(after.grid.same_geometry(&before.grid, tolerance), "{name}: {:?}", after.grid);
        assert!(info.notes.is_empty(), "{name}: {:?}", info.notes);
        assert_eq!(info.files.len(), if name == "a.mhd" { 2 } else { 1 });
        assert_eq!(info.files[0].sha256, sha256_file(&path).expect("hash"));
    }
}

#[test]
fn every_element_type_survives_both_formats() {
    let folder = tempfile::tempdir().expect("folder");
    round_trip(folder.path(), |n| n as f32 * 0.37 - 9.0, |v| *v);
    round_trip(folder.path(), |n| n as f64 * 0.37 - 9.0, |v| *v as f32);
    round_trip(folder.path(), |n| n as u8 * 4, |v| f32::from(*v));
    round_trip(folder.path(), |n| n as i8 - 30, |v| f32::from(*v));
    round_trip(folder.path(), |n| n as i16 * -500 + 14_000, |v| f32::from(*v));
    round_trip(folder.path(), |n| n as u16 * 1000, |v| f32::from(*v));
    round_trip(folder.path(), |n| n as i32 * -100_000, |v| *v as f32);
    round_trip(folder.path(), |n| n as u32 * 100_000, |v| *v as f32);
}

/// The bytes of a small valid NIfTI-1 file.
fn nifti_bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.nii");
    write_nifti(&path, &volume(oblique(), |n| n as i16)).expect("write");
    std::fs::read(path).expect("read")
}

/// Writes bytes to a file of this name and reads it as an image.
fn read_bytes(name: &str, bytes: &[u8]) -> Result<Volume<f32>, Error> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("write");
    read_image(&path, None).map(|(volume, _)| volume)
}

fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at..at + new.len()].copy_from_slice(new);
    out
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

#[test]
fn qform_alone_gives_the_same_place() {
    let bytes = nifti_bytes();
    let both = read_bytes("a.nii", &bytes).expect("both");
    let q = read_bytes("a.nii", &with(&bytes, 254, &0i16.to_le_bytes())).expect("qform only");
    assert!(q.grid.same_geometry(&both.grid, 1e-3), "{:?} {:?}", q.grid, both.grid);
    let none = with(&with(&bytes, 254, &0i16.to_le_bytes()), 252, &0i16.to_le_bytes());
    let error = read_bytes("a.nii", &none).expect_err("no orientation");
    assert!(error.to_string().contains("sform_code and qform_code"), "{error}");
}

#[test]
fn a_header_that_contradicts_itself_needs_a_word() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.nii");
    // qoffset_x moved by 10 mm.
    std::fs::write(&path, with(&nifti_bytes(), 268, &111.25f32.to_le_bytes())).expect("write");
    let error = read_nifti(&path, None).expect_err("sform and qform").to_string();
    assert!(error.contains("10.00 mm apart") && error.contains("--nifti-affine"), "{error}");
    let by = |rule: NiftiAffine| {
        read_image_with(&path, &ImageOptions { nifti_affine: rule, ..ImageOptions::default() })
    };
    let (image, info) = by(NiftiAffine::Sform).expect("sform");
    assert!(image.grid.same_geometry(&oblique(), 1e-3));
    assert!(info.notes.iter().any(|n| n.contains("as stated")), "{:?}", info.notes);
    let (moved, _) = by(NiftiAffine::Qform).expect("qform");
    assert!((moved.grid.origin_mm[0] - oblique().origin_mm[0]).abs() > 9.0);
    assert!(by(NiftiAffine::Pixdim).is_err(), "pixdim says nothing of positions");
}

#[test]
fn sform_against_pixdim() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.nii");
    let good = nifti_bytes();
    let pixdim = |z: f32| with(&good, 88, &z.to_le_bytes());
    let read = |bytes: &[u8], rule: NiftiAffine| {
        std::fs::write(&path, bytes).expect("write");
        read_image_with(&path, &ImageOptions { nifti_affine: rule, ..ImageOptions::default() })
    };
    let stored = f32::from_le_bytes([good[88], good[89], good[90], good[91]]);
    // Rounded to 0.3 %: said; by 2 %: refused.
    let (image, info) = read(&pixdim(stored * 1.003), NiftiAffine::Agree).expect("rounded");
    assert!(image.grid.same_geometry(&oblique(), 1e-3));
    assert!(info.notes.iter().any(|n| n.contains("the sform is taken")), "{:?}", info.notes);
    let wrong = pixdim(stored * 1.02);
    let error = read(&wrong, NiftiAffine::Agree).expect_err("2 %").to_string();
    assert!(error.contains("pixdim") && error.contains("--nifti-affine sform"), "{error}");
    // A pixdim of 0 says nothing.
    let unset = with(&with(&good, 88, &[0; 4]), 252, &0i16.to_le_bytes());
    assert!(read(&unset, NiftiAffine::Agree).is_ok());
    let (image, _) = read(&wrong, NiftiAffine::Sform).expect("sform");
    assert!(image.grid.same_geometry(&oblique(), 1e-3));
    let (image, _) = read(&wrong, NiftiAffine::Pixdim).expect("pixdim");
    let step = image.grid.spacing_mm()[2] / oblique().spacing_mm()[2];
    assert!((step - 1.02).abs() < 1e-6, "{step}");
    // The bare rotation in the sform, lengths in pixdim: both codes of a true writer's file.
    let bare = (0..3).fold(good.clone(), |mut b, r| {
        for (c, spacing) in oblique().spacing_mm().into_iter().enumerate() {
            let at = 280 + 16 * r + 4 * c;
            let old = f32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
            b = with(&b, at, &(old / spacing as f32).to_le_bytes());
        }
        b
    });
    assert!(read(&bare, NiftiAffine::Agree).is_err());
    let (image, _) = read(&bare, NiftiAffine::Pixdim).expect("pixdim");
    assert!(image.grid.same_geometry(&oblique(), 1e-3), "{:?}", image.grid);
    // Neither sform nor qform.
    let none = with(&with(&good, 254, &[0; 2]), 252, &[0; 2]);
    let (image, info) = read(&none, NiftiAffine::Pixdim).expect("method 1");
    assert_eq!(image.grid.origin_mm, [0.0; 3]);
    assert!(image.grid.axes_mm[0][0] < 0.0 && image.grid.axes_mm[2][2] > 0.0);
    assert!(info.notes.iter().any(|n| n.contains("not known")), "{:?}", info.notes);
}

#[test]
fn a_gzip_stream_is_read_to_its_checksum() {
    let bytes = nifti_bytes();
    let whole = gz(&bytes);
    let good = read_bytes("a.nii.gz", &whole).expect("good");
    let refused = |what: &str, bytes: &[u8], part: &str| {
        let error = read_bytes("a.nii.gz", bytes).expect_err(what);
        assert_eq!(error.kind, ErrorKind::Input, "{what}");
        assert!(error.to_string().contains(part), "{what}: {error}");
    };
    refused("no trailer", &whole[..whole.len() - 8], "breaks off before its checksum");
    refused("half a trailer", &whole[..whole.len() - 3], "breaks off before its checksum");
    let end = whole.len();
    refused("CRC-32", &with(&whole, end - 6, &[!whole[end - 6]]), "checksum");
    refused("length", &with(&whole, end - 2, &[7]), "checksum");
    refused("garbage", &[whole.clone(), b"tail".to_vec()].concat(), "behind its end");
    let padded = [whole.clone(), vec![0; 1000]].concat();
    assert_eq!(read_bytes("a.nii.gz", &padded).expect("padded"), good);
    let members = [gz(&bytes[..400]), gz(&bytes[400..])].concat();
    assert_eq!(read_bytes("a.nii.gz", &members).expect("members"), good);
    let bomb = gz(&[bytes, vec![0; 8 << 20]].concat());
    refused("far more than promised", &bomb, "inflates to far more");
}

#[test]
fn a_zlib_stream_is_read_to_its_checksum() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&DATA).expect("zlib");
    let stream = zlib.finish().expect("zlib");
    let text = META.replace("CompressedData = False", "CompressedData = True");
    let read = |stream: &[u8]| read_bytes("a.mha", &meta(&text, stream));
    assert!(read(&stream).is_ok());
    assert!(read(&gz(&DATA)).is_ok(), "MetaIO reads both wrappers");
    let end = stream.len();
    for (what, bad) in [
        ("Adler-32", with(&stream, end - 1, &[!stream[end - 1]])),
        ("cut", stream[..end - 2].to_vec()),
        ("garbage", [stream.clone(), vec![1, 2, 3]].concat()),
    ] {
        let error = read(&bad).expect_err(what);
        assert_eq!(error.kind, ErrorKind::Input, "{what}");
        assert!(error.to_string().contains("damaged"), "{what}: {error}");
    }
    let sized =
        text.replace("CompressedData = True", "CompressedData = True\nCompressedDataSize = 99");
    assert!(read_bytes("a.mha", &meta(&sized, &stream)).is_err());
}

#[test]
fn a_metaimage_of_frames() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.mha");
    let text = "ObjectType = Image\nNDims = 4\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
        TransformMatrix = 0 1 0 0 1 0 0 0 0 0 1 0 0 0 0 1\nOffset = 1 2 3 0\nCenterOfRotation = 0 0 0 0\n\
        ElementSpacing = 2 3 4 60\nDimSize = 2 2 1 2\nElementType = MET_SHORT\n";
    let second = [5, 0, 6, 0, 7, 0, 8, 0];
    let bytes = meta(text, &[DATA, second].concat());
    std::fs::write(&path, &bytes).expect("write");
    let error = read_image(&path, None).expect_err("two volumes").to_string();
    assert!(error.contains("2 volumes") && error.contains("--frame"), "{error}");
    assert_eq!(read_image(&path, Some(0)).expect("first").0.data, [1.0, 2.0, 3.0, 256.0]);
    let (image, _) = read_image(&path, Some(1)).expect("second");
    assert_eq!(image.data, [5.0, 6.0, 7.0, 8.0]);
    assert_eq!(image.grid.axes_mm, [[0.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 4.0]]);
    assert_eq!(image.grid.origin_mm, [1.0, 2.0, 3.0]);
    assert_eq!(read_image(&path, Some(2)).expect_err("no third").kind, ErrorKind::Usage);
    let mixed = text.replace("0 0 1 0 0 0 0 1\n", "0 0 1 0.5 0 0 0 1\n");
    assert!(read_bytes("a.mha", &meta(&mixed, &[DATA, second].concat())).is_err());
}

#[test]
fn units_and_scale_factors_hold() {
    let bytes = nifti_bytes();
    // Metres: steps of 1.5, 2 and 3 m.
    let metres = read_bytes("a.nii", &with(&bytes, 123, &[1])).expect("m");
    assert!((metres.grid.spacing_mm()[2] - 3000.0).abs() < 1e-3);
    let micro = read_bytes("a.nii", &with(&bytes, 123, &[3])).expect("um");
    assert!((micro.grid.spacing_mm()[2] - 0.003).abs() < 1e-9);
    let scaled = with(&with(&bytes, 112, &2f32.to_le_bytes()), 116, &(-5f32).to_le_bytes());
    assert_eq!(read_bytes("a.nii", &scaled).expect("scaled").data[7], 9.0);
    // Slope 0 and NaN (nibabel) mean none.
    let nan = with(&with(&bytes, 112, &f32::NAN.to_le_bytes()), 116, &f32::NAN.to_le_bytes());
    assert_eq!(read_bytes("a.nii", &nan).expect("NaN slope").data[7], 7.0);
    assert_eq!(
        read_bytes("a.nii", &with(&bytes, 112, &0f32.to_le_bytes())).expect("slope 0").data[7],
        7.0
    );
    assert!(read_bytes("a.nii", &with(&bytes, 112, &f32::INFINITY.to_le_bytes())).is_err());
}

#[test]
fn one_frame_of_several_must_be_chosen() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("a.nii.gz");
    let mut bytes = nifti_bytes();
    let second: Vec<u8> = (0..60i16).flat_map(|v| (v + 100).to_le_bytes()).collect();
    bytes.extend(second);
    bytes = with(&with(&bytes, 40, &4i16.to_le_bytes()), 48, &2i16.to_le_bytes());
    std::fs::write(&path, gz(&bytes)).expect("write");
    assert!(read_nifti(&path, None).expect_err("two volumes").to_string().contains("2 volumes"));
    assert_eq!(read_nifti(&path, Some(0)).expect("first").0.data[3], 3.0);
    assert_eq!(read_nifti(&path, Some(1)).expect("second").0.data[3], 103.0);
    assert_eq!(read_nifti(&path, Some(2)).expect_err("no third").kind, ErrorKind::Usage);
}

/// A NIfTI-2 file, big-endian, built from the field offsets of `nifti2.h`.
fn nifti_2() -> Vec<u8> {
    let mut b = vec![0u8; 544];
    let mut put = |at: usize, bytes: &[u8]| b[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &540i32.to_be_bytes());
    put(4, b"n+2\0\r\n\x1a\n");
    put(12, &16i16.to_be_bytes());
    put(14, &32i16.to_be_bytes());
    for (n, d) in [3i64, 2, 2, 1, 1, 1, 1, 1].into_iter().enumerate() {
        put(16 + 8 * n, &d.to_be_bytes());
    }
    put(168, &544i64.to_be_bytes());
    put(348, &1i32.to_be_bytes());
    put(500, &2i32.to_be_bytes());
    let rows = [[2.0f64, 0.0, 0.0, 10.0], [0.0, 3.0, 0.0, 20.0], [0.0, 0.0, 4.0, 30.0]];
    for (r, row) in rows.iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            put(400 + 32 * r + 8 * c, &value.to_be_bytes());
        }
    }
    b.extend([1f32, 2.0, 3.0, 4.5].iter().flat_map(|v| v.to_be_bytes()));
    b
}

#[test]
fn nifti_2_big_endian_reads() {
    let folder = tempfile::tempdir().expect("folder");
    // Without a telling name, the first bytes decide.
    let path = folder.path().join("image");
    std::fs::write(&path, nifti_2()).expect("write");
    let (image, info) = read_image(&path, None).expect("read");
    assert_eq!(info.format, ImageFormat::Nifti2);
    assert_eq!(image.data, [1.0, 2.0, 3.0, 4.5]);
    assert_eq!(image.grid.origin_mm, [-10.0, -20.0, 30.0]);
    assert_eq!(image.grid.axes_mm, [[-2.0, 0.0, 0.0], [0.0, -3.0, 0.0], [0.0, 0.0, 4.0]]);
}

#[test]
fn false_nifti_headers_are_refused() {
    let good = nifti_bytes();
    assert!(read_bytes("a.nii", &good).is_ok());
    let short = |v: i16| v.to_le_bytes().to_vec();
    let float = |v: f32| v.to_le_bytes().to_vec();
    let cases: Vec<(&str, usize, Vec<u8>)> = vec![
        ("header size", 0, vec![0, 0, 0, 0]),
        ("no dimension", 40, short(0)),
        ("two dimensions", 40, short(2)),
        ("too many dimensions", 40, short(8)),
        ("negative dimension", 42, short(-3)),
        ("zero dimension", 46, short(0)),
        ("claims more than there is", 42, short(i16::MAX)),
        ("complex", 70, short(32)),
        ("bits contradict", 72, short(32)),
        ("NaN in the sform", 280, float(f32::NAN)),
        ("infinite offset", 292, float(f32::INFINITY)),
        ("unknown unit", 123, vec![5]),
        ("vox_offset in the header", 108, float(100.0)),
        ("vox_offset NaN", 108, float(f32::NAN)),
        ("vox_offset beyond the file", 108, float(1e9)),
        ("hdr/img pair", 344, b"ni1\0".to_vec()),
        ("no magic", 344, b"\0\0\0\0".to_vec()),
    ];
    for (what, at, bytes) in cases {
        let error = read_bytes("a.nii", &with(&good, at, &bytes)).expect_err(what);
        assert_eq!(error.kind, ErrorKind::Input, "{what}: {error}");
        assert!(error.problem.contains("a.nii"), "{what}: {error}");
        assert!(read_bytes("a.nii.gz", &gz(&with(&good, at, &bytes))).is_err(), "{what}, zipped");
    }
    // Zero spacing in the sform, and in the qform where it alone counts.
    assert!(read_bytes("a.nii", &with(&good, 312, &[0; 16])).is_err());
    let q = with(&good, 254, &short(0));
    assert!(read_bytes("a.nii", &with(&q, 80, &float(0.0))).is_err());
    assert!(read_bytes("a.nii", &with(&q, 256, &float(3.0))).is_err());
}

#[test]
fn huge_claims_cost_nothing() {
    // 2^63 - 1 voxels: the product overflows. 2^31: fits, but not in this file, plain or zipped.
    for (x, y) in [(i64::MAX, 2), (1 << 62, 1 << 62), (1 << 31, 1)] {
        let b = with(&with(&nifti_2(), 24, &x.to_be_bytes()), 32, &i64::to_be_bytes(y));
        assert!(read_bytes("a.nii", &b).is_err());
        assert!(read_bytes("a.nii.gz", &gz(&b)).is_err());
    }
    let far = with(&nifti_2(), 168, &i64::MAX.to_be_bytes());
    assert!(read_bytes("a.nii", &far).is_err());
    let text = META.replace("DimSize = 2 2 1", "DimSize = 65535 65535 1");
    assert!(read_bytes("a.mha", &meta(&text, &[0; 8])).is_err());
    // The claims above reach from 8 GiB up; Linux says the most memory this process ever held.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("VmHWM");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("kB");
        assert!(kib < 512 << 10, "{kib} KiB");
    }
}

const META: &str = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n\
    CompressedData = False\nTransformMatrix = 0 1 0 1 0 0 0 0 1\nOffset = 1 2 3\nCenterOfRotation = 0 0 0\n\
    AnatomicalOrientation = RAI\nElementSpacing = 2 3 4\nDimSize = 2 2 1\nElementType = MET_SHORT\n";

fn meta(text: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend(b"ElementDataFile = LOCAL\n");
    bytes.extend(data);
    bytes
}

const DATA: [u8; 8] = [1, 0, 2, 0, 3, 0, 0, 1];

#[test]
fn metaimage_variants_read() {
    let plain = read_bytes("a.mha", &meta(META, &DATA)).expect("plain");
    assert_eq!(plain.data, [1.0, 2.0, 3.0, 256.0]);
    // The first three numbers are the direction of the first index.
    assert_eq!(plain.grid.axes_mm, [[0.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 4.0]]);
    assert_eq!(plain.grid.origin_mm, [1.0, 2.0, 3.0]);
    let big = META.replace("MSB = False", "MSB = True");
    assert_eq!(
        read_bytes("a.mha", &meta(&big, &DATA)).expect("big").data,
        [256.0, 512.0, 768.0, 1.0]
    );
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&DATA).expect("zlib");
    let zipped = META.replace("CompressedData = False", "CompressedData = True");
    let zipped =
        read_bytes("a.mha", &meta(&zipped, &zlib.finish().expect("zlib"))).expect("zipped");
    assert_eq!(zipped, plain);
    let aliases = META.replace("Offset", "Position").replace("TransformMatrix", "Orientation");
    assert_eq!(read_bytes("a.mha", &meta(&aliases, &DATA)).expect("aliases"), plain);
}

#[test]
fn metaimage_with_its_own_data_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path: PathBuf = folder.path().join("a.mhd");
    let mut raw = vec![9; 5];
    raw.extend(DATA);
    std::fs::write(folder.path().join("b.raw"), raw).expect("write");
    for skip in ["HeaderSize = 5\n", "HeaderSize = -1\n"] {
        std::fs::write(&path, format!("{META}{skip}ElementDataFile = b.raw\n")).expect("write");
        assert_eq!(read_metaimage(&path).expect("read").0.data, [1.0, 2.0, 3.0, 256.0], "{skip}");
    }
    for name in ["missing.raw", ".", "LIST", "slice%03d.raw 1 2 1"] {
        std::fs::write(&path, format!("{META}ElementDataFile = {name}\n")).expect("write");
        assert!(read_metaimage(&path).is_err(), "{name}");
    }
}

#[test]
fn false_or_ambiguous_metaimages_are_refused() {
    assert!(read_bytes("a.mha", &meta(META, &DATA)).is_ok());
    let changes = [
        ("NDims = 3", "NDims = 4"),
        ("NDims = 3", "NDims = 2"),
        ("NDims = 3\n", ""),
        ("ObjectType = Image", "ObjectType = Scene"),
        ("BinaryData = True", "BinaryData = False"),
        ("BinaryData = True\n", ""),
        ("BinaryDataByteOrderMSB = False\n", ""),
        ("BinaryDataByteOrderMSB = False", "BinaryDataByteOrderMSB = maybe"),
        ("NDims = 3", "ElementByteOrderMSB = True\nNDims = 3"),
        ("ElementSpacing = 2 3 4", "ElementSpacing = 0 3 4"),
        ("ElementSpacing = 2 3 4", "ElementSpacing = -2 3 4"),
        ("ElementSpacing = 2 3 4", "ElementSpacing = nan 3 4"),
        ("ElementSpacing = 2 3 4", "ElementSpacing = 2 3"),
        ("ElementSpacing = 2 3 4\n", ""),
        ("Offset = 1 2 3", "Offset = 1 inf 3"),
        ("0 1 0 1 0 0 0 0 1", "0 1 0 0 1 0 0 0 1"),
        ("0 1 0 1 0 0 0 0 1", "0 2 0 1 0 0 0 0 1"),
        ("CenterOfRotation = 0 0 0", "CenterOfRotation = 1 0 0"),
        ("DimSize = 2 2 1", "DimSize = 2 -2 1"),
        ("DimSize = 2 2 1", "DimSize = 0 2 1"),
        ("DimSize = 2 2 1", "DimSize = 2 2 2"),
        ("DimSize = 2 2 1", "DimSize = 99999999999999999999 2 2"),
        ("DimSize = 2 2 1", "DimSize = 18446744073709551615 2 2"),
        ("MET_SHORT", "MET_LONG"),
        ("MET_SHORT", "MET_SHORT_ARRAY"),
        ("NDims = 3", "ElementNumberOfChannels = 3\nNDims = 3"),
        ("NDims = 3", "ElementToIntensityFunctionSlope = 2\nNDims = 3"),
        ("NDims = 3", "HeaderSize = 12\nNDims = 3"),
        ("NDims = 3", "DistanceUnits = um\nNDims = 3"),
        ("NDims = 3", "no equals sign\nNDims = 3"),
        ("CompressedData = False", "CompressedData = True"),
    ];
    for (old, new) in changes {
        let text = META.replace(old, new);
        assert_ne!(text, META, "{old}");
        assert!(read_bytes("a.mha", &meta(&text, &DATA)).is_err(), "{old} -> {new}");
    }
    assert!(read_bytes("a.mha", META.as_bytes()).is_err(), "no data file");
    assert!(read_bytes("a.mha", &vec![b'x'; 1 << 18]).is_err(), "endless line");
}

#[test]
fn other_things_are_not_images() {
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM");
    assert!(read_bytes("x", &dicom).expect_err("DICOM").to_string().contains("DICOM"));
    for name in ["x", "x.nii", "x.nii.gz", "x.mha", "x.mhd"] {
        for bytes in [&b""[..], b"\x1f\x8b", b"hello", &[0; 1000]] {
            assert!(read_bytes(name, bytes).is_err(), "{name}");
        }
    }
    for path in ["/dev/zero", ".", "no/such/file.nii"] {
        assert!(read_nifti(Path::new(path), None).is_err(), "{path}");
        assert!(read_metaimage(Path::new(path)).is_err(), "{path}");
    }
}

#[test]
fn writers_refuse_what_they_cannot_write() {
    let folder = tempfile::tempdir().expect("folder");
    let good = volume(oblique(), |n| n as f32);
    let at = |name: &str| folder.path().join(name);
    assert_eq!(write_nifti(&at("a.mha"), &good).expect_err("name").kind, ErrorKind::Usage);
    assert_eq!(write_metaimage(&at("a.nii"), &good).expect_err("name").kind, ErrorKind::Usage);
    let long = volume(Grid::aligned([40_000, 1, 1], [0.0; 3], [1.0; 3]), |_| 0u8);
    assert!(
        write_nifti(&at("long.nii"), &long).expect_err("too long").to_string().contains("32767")
    );
    let mut short = good.clone();
    short.data.pop();
    assert!(write_nifti(&at("short.nii"), &short).is_err());
    assert!(write_metaimage(&at("short.mha"), &short).is_err());
    std::fs::write(at("file"), "x").expect("write");
    for name in ["file/a.nii", "missing/a.nii"] {
        assert_eq!(write_nifti(&at(name), &good).expect_err(name).kind, ErrorKind::Io);
        assert_eq!(
            write_metaimage(&at(name).with_extension("mhd"), &good).expect_err(name).kind,
            ErrorKind::Io
        );
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("list").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// One flipped bit of a `.nii.gz` gives an error or the same image (bits of the gzip header that mean nothing).
fn flipped_bit(zipped: &[u8], original: &Volume<f32>, bit: usize) {
    let flipped = with(zipped, bit / 8, &[zipped[bit / 8] ^ (1 << (bit % 8))]);
    if let Ok(volume) = read_bytes("a.nii.gz", &flipped) {
        assert_eq!(&volume, original, "bit {bit}");
    }
}

#[test]
fn no_flipped_bit_changes_an_image() {
    let bytes = nifti_bytes();
    let (zipped, original) = (gz(&bytes), read_bytes("a.nii", &bytes).expect("good"));
    (0..8 * zipped.len()).for_each(|bit| flipped_bit(&zipped, &original, bit));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// As [`no_flipped_bit_changes_an_image`], for voxels that deflate stores in other ways.
    #[test]
    fn no_flipped_bit_changes_random_voxels(voxels in prop::collection::vec(any::<u8>(), 120), at: prop::sample::Index) {
        let bytes = with(&nifti_bytes(), 352, &voxels);
        let (zipped, original) = (gz(&bytes), read_bytes("a.nii", &bytes).expect("good"));
        flipped_bit(&zipped, &original, at.index(8 * zipped.len()));
    }

    /// Any damage: an image or an error, never a panic.
    #[test]
    fn random_damage_never_panics(cut in 0usize..480, at in 0usize..472, byte: u8, count in 1usize..4) {
        let good = nifti_bytes();
        let damaged = with(&good, at.min(good.len() - count), &vec![byte; count]);
        let _ = read_bytes("a.nii", &damaged);
        let zipped = gz(&damaged);
        let _ = read_bytes("a.nii.gz", &with(&zipped, at % (zipped.len() - 3), &vec![byte; count]));
        prop_assert!(read_bytes("a.nii", &good[..cut.min(good.len() - 1)]).is_err());
        prop_assert!(read_bytes("a.nii.gz", &gz(&good[..cut.min(good.len() - 1)])).is_err());
        let m = meta(META, &DATA);
        let _ = read_bytes("a.mha", &with(&m, at % (m.len() - 3), &vec![byte; count]));
        prop_assert!(read_bytes("a.mha", &m[..cut.min(m.len() - 1)]).is_err());
    }
}
