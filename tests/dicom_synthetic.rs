//! Series that are written here, good and broken: each broken one must be refused for the right reason.

mod support;

use std::slice::from_ref;

use support::{DataSet, EXPLICIT_LITTLE, RLE, Scratch};
use voxgray::io::dicom::{
    CountFactor, DicomVolume, ReadOptions, list_series, read_activity, read_ct, read_stored_pixels,
};
use voxgray::{ErrorKind, Result};

const IMAGE_TYPE: (u16, u16) = (0x0008, 0x0008);
const SOP_UID: (u16, u16) = (0x0008, 0x0018);
const MODALITY: (u16, u16) = (0x0008, 0x0060);
const SPACING_BETWEEN: (u16, u16) = (0x0018, 0x0088);
const SERIES_UID: (u16, u16) = (0x0020, 0x000E);
const POSITION: (u16, u16) = (0x0020, 0x0032);
const ORIENTATION: (u16, u16) = (0x0020, 0x0037);
const FRAMES: (u16, u16) = (0x0028, 0x0008);
const ROWS: (u16, u16) = (0x0028, 0x0010);
const COLUMNS: (u16, u16) = (0x0028, 0x0011);
const PIXEL_SPACING: (u16, u16) = (0x0028, 0x0030);
const INTERCEPT: (u16, u16) = (0x0028, 0x1052);
const SLOPE: (u16, u16) = (0x0028, 0x1053);
const DETECTORS: (u16, u16) = (0x0054, 0x0022);
const SLICE_VECTOR: (u16, u16) = (0x0054, 0x0080);
const UNITS: (u16, u16) = (0x0054, 0x1001);

/// 2 rows, 3 columns, signed 16 bit; pixel spacing 2 (rows) and 1.5 mm (columns).
fn image(modality: &str) -> DataSet {
    DataSet::default()
        .text(MODALITY, "CS", modality)
        .text(SERIES_UID, "UI", "1.2.3")
        .us((0x0028, 0x0002), &[1])
        .us(ROWS, &[2])
        .us(COLUMNS, &[3])
        .ds(PIXEL_SPACING, &[2.0, 1.5])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[1])
}

/// The value of pixel `p` of slice `k`.
fn stored(k: usize, p: usize) -> i16 {
    (10 * k + p) as i16
}

fn slice_pixels(k: usize) -> Vec<i16> {
    (0..6).map(|p| stored(k, p)).collect()
}

/// Slice `k` of a stack along z with 3 mm steps.
fn slice(modality: &str, k: usize) -> DataSet {
    image(modality)
        .text(SOP_UID, "UI", &format!("1.2.3.{k}"))
        .ds(POSITION, &[-10.0, -20.0, 100.0 + 3.0 * k as f64])
        .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .ds(SLOPE, &[1.0])
        .ds(INTERCEPT, &[-1024.0])
        .pixels(&slice_pixels(k))
}

fn ct(count: usize) -> Vec<DataSet> {
    (0..count).map(|k| slice("CT", k)).collect()
}

fn pt(count: usize) -> Vec<DataSet> {
    let with_units = |k| {
        slice("PT", k).text(UNITS, "CS", "BQML").ds(INTERCEPT, &[0.0]).ds(SLOPE, &[k as f64 + 1.0])
    };
    (0..count).map(with_units).collect()
}

fn read_ct_of(name: &str, objects: &[DataSet]) -> Result<DicomVolume> {
    let scratch = Scratch::with(name, objects);
    read_ct(&[scratch.path().to_path_buf()], &ReadOptions::default())
}

fn read_activity_of(name: &str, objects: &[DataSet], options: &ReadOptions) -> Result<DicomVolume> {
    let scratch = Scratch::with(name, objects);
    read_activity(&[scratch.path().to_path_buf()], options)
}

/// Asserts that reading failed with an input error whose message holds all `parts`.
fn refused(read: Result<DicomVolume>, parts: &[&str]) {
    let error = read.expect_err("must be refused");
    let text = error.to_string();
    println!("{text}");
    assert!(matches!(error.kind, ErrorKind::Input | ErrorKind::Usage), "{error:?}");
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

#[test]
fn slices_are_sorted_by_position_and_rescaled_one_by_one() {
    let mut objects = ct(4);
    objects.swap(0, 3);
    objects[1] = slice("CT", 1).ds(SLOPE, &[2.0]).ds(INTERCEPT, &[-1000.0]);
    let ct = read_ct_of("sorted", &objects).expect("a good CT");
    let grid = &ct.volume.grid;
    assert_eq!(grid.dims, [3, 2, 4]);
    assert_eq!(grid.origin_mm, [-10.0, -20.0, 100.0]);
    assert_eq!(grid.axes_mm, [[1.5, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
    for k in 0..4 {
        for p in 0..6 {
            let (slope, intercept) = if k == 1 { (2.0, -1000.0) } else { (1.0, -1024.0) };
            let expected = slope * f32::from(stored(k, p)) + intercept;
            assert_eq!(ct.volume.data[6 * k + p], expected);
        }
    }
    assert_eq!(ct.facts.series_uid.as_deref(), Some("1.2.3"));
}

#[test]
fn an_oblique_stack_keeps_its_axes() {
    let (c, s) = (0.8, 0.6);
    let normal = [0.0, -s, c];
    let place = |k: usize| {
        let d = 3.0 * k as f64;
        slice("CT", k)
            .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, c, s])
            .ds(POSITION, &[d * normal[0], d * normal[1], d * normal[2]])
    };
    let ct = read_ct_of("oblique", &[place(1), place(0), place(2)]).expect("a good CT");
    let mm = ct.volume.grid.to_mm([0.0, 1.0, 2.0]);
    let expected = [0.0, 2.0 * c - 6.0 * s, 2.0 * s + 6.0 * c];
    for a in 0..3 {
        assert!((mm[a] - expected[a]).abs() < 1e-12, "{mm:?}");
    }
    assert_eq!(ct.volume.data[12], f32::from(stored(2, 0)) - 1024.0);
}

#[test]
fn stacks_that_are_no_grid() {
    refused(read_ct_of("single", &ct(1)), &["one slice", "never from SliceThickness"]);
    let mut gap = ct(6);
    gap.remove(2);
    refused(read_ct_of("gap", &gap), &["about 1 slice(s) are missing", "6.0000 mm", "3.0000 mm"]);
    let mut copied = ct(4);
    copied.push(slice("CT", 2));
    refused(read_ct_of("copied", &copied), &["SOPInstanceUID (0008,0018)", "duplicated"]);
    copied[4] = slice("CT", 2).text(SOP_UID, "UI", "1.2.3.99");
    refused(read_ct_of("same-place", &copied), &["1 slice(s) lie in the same place", "106"]);
    // Steps of 3, 3, 3.5, 3.5 mm.
    let mut mixed = ct(5);
    mixed[3] = slice("CT", 3).ds(POSITION, &[-10.0, -20.0, 109.5]);
    mixed[4] = slice("CT", 4).ds(POSITION, &[-10.0, -20.0, 113.0]);
    refused(read_ct_of("mixed-steps", &mixed), &["3.0000 to 3.5000 mm"]);
    let mut larger = ct(3);
    larger[1] = slice("CT", 1).us(ROWS, &[3]).us(COLUMNS, &[2]);
    refused(read_ct_of("sizes", &larger), &["Rows x Columns is 2 x 3", "but 3 x 2"]);
    let mut turned = ct(3);
    turned[1] = slice("CT", 1).ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 0.999, 0.0447]);
    refused(read_ct_of("turned", &turned), &["ImageOrientationPatient (0020,0037)"]);
    let mut zoomed = ct(3);
    zoomed[1] = slice("CT", 1).ds(PIXEL_SPACING, &[2.0, 1.6]);
    refused(read_ct_of("zoomed", &zoomed), &["PixelSpacing (0028,0030)"]);
    let unplaced = [slice("CT", 0), slice("CT", 1).without(POSITION)];
    refused(read_ct_of("unplaced", &unplaced), &["ImagePositionPatient (0020,0032) is missing"]);
    let skewed: Vec<DataSet> =
        (0..2).map(|k| slice("CT", k).ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.6, 0.8, 0.0])).collect();
    refused(read_ct_of("skewed", &skewed), &["two perpendicular unit vectors"]);
}

#[test]
fn a_gantry_tilt_is_named_with_its_angle() {
    let tilt = 15.0_f64.to_radians().tan();
    let tilted: Vec<DataSet> = (0..5)
        .map(|k| {
            let z = 3.0 * k as f64;
            slice("CT", k).ds(POSITION, &[-10.0, -20.0 + z * tilt, 100.0 + z])
        })
        .collect();
    refused(read_ct_of("tilt", &tilted), &["tilt of 15.00 degrees"]);
    let mut shifted = ct(5);
    shifted[2] = slice("CT", 2).ds(POSITION, &[-9.0, -20.0, 106.0]);
    refused(read_ct_of("sideways", &shifted), &["shifted sideways by 1.000 mm"]);
}

#[test]
fn small_jitter_is_tolerated_and_reported() {
    let mut objects = ct(5);
    objects[2] = slice("CT", 2).ds(POSITION, &[-10.0, -20.0, 106.2]);
    let ct = read_ct_of("jitter", &objects).expect("within tolerance");
    assert!((ct.volume.grid.spacing_mm()[2] - 3.0).abs() < 1e-12);
    assert!(ct.notes.iter().any(|n| n.contains("at most 0.2000 mm")), "{:?}", ct.notes);
}

#[test]
fn a_series_is_chosen_by_its_uid_and_other_objects_are_counted() {
    let mut objects = ct(3);
    objects.extend(
        ct(3)
            .into_iter()
            .enumerate()
            .map(|(k, d)| d.text(SERIES_UID, "UI", "9.9").text(SOP_UID, "UI", &format!("9.9.{k}"))),
    );
    objects.push(image("MR").pixels(&[0; 6]));
    let scratch = Scratch::with("mixed", &objects);
    scratch.write("notes.txt", b"not an image");
    let paths = [scratch.path().to_path_buf()];
    refused(
        read_ct(&paths, &ReadOptions::default()),
        &["2 CT series", "1.2.3 CT", "9.9 CT", "(3 objects)", "--series UID"],
    );
    let options = ReadOptions { series: Some("9.9".into()), ..ReadOptions::default() };
    let ct = read_ct(&paths, &options).expect("chosen");
    assert_eq!(ct.facts.series_uid.as_deref(), Some("9.9"));
    let notes = ct.notes.join("\n");
    for part in ["1 MR object(s)", "1 file(s) that are not DICOM", "series not read: 1.2.3"] {
        assert!(notes.contains(part), "{notes}");
    }
    let absent = ReadOptions { series: Some("7".into()), ..ReadOptions::default() };
    refused(read_ct(&paths, &absent), &["no CT series with SeriesInstanceUID 7", "9.9 CT"]);
    let (listed, _) = list_series(&paths).expect("listed");
    assert_eq!(listed.len(), 2);
    let file = scratch.path().join("notes.txt");
    refused(read_ct(from_ref(&file), &ReadOptions::default()), &["notes.txt", "not DICOM"]);
    let mut frames = ct_with_frame_of_reference("5.1", 0);
    frames.extend(ct_with_frame_of_reference("5.2", 1));
    refused(read_ct_of("frames", &frames), &["FrameOfReferenceUID (0020,0052)", "5.2"]);
}

fn ct_with_frame_of_reference(uid: &str, k: usize) -> Vec<DataSet> {
    vec![slice("CT", k).text((0x0020, 0x0052), "UI", uid)]
}

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
    assert_eq!(ct.volume.data[0], -3024.0);
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
    let ct = read_ct_of("enhanced", &[object.clone()]).expect("a good CT");
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
fn pet_units_source_and_sign() {
    let plain = ReadOptions::default();
    let all = |change: &dyn Fn(DataSet) -> DataSet| -> Vec<DataSet> {
        pt(3).into_iter().map(change).collect()
    };
    let pet = read_activity_of("pet", &all(&|d| d.pixels(&[-1, 2, 3, 4, 5, 6])), &plain);
    let pet = pet.expect("a good PET");
    assert_eq!(pet.facts.units, "Bq/mL");
    assert_eq!(pet.facts.negative_voxels, 3);
    assert!((pet.facts.negative_fraction - 1.0 / 21.0).abs() < 1e-12);
    assert_eq!(pet.volume.data[12..14], [-3.0, 6.0]);
    assert!(pet.notes.iter().any(|n| n.contains("3 voxels are negative")), "{:?}", pet.notes);
    let units = |u: &'static str| all(&move |d| d.text(UNITS, "CS", u));
    refused(
        read_activity_of("suv", &units("GML"), &plain),
        &["Units (0054,1001) is 'GML'", "Bq/mL"],
    );
    refused(read_activity_of("counts", &units("CNTS"), &plain), &["'CNTS'", "MBq per count"]);
    refused(
        read_activity_of("unitless", &all(&|d| d.without(UNITS)), &plain),
        &["Units (0054,1001)"],
    );
    let factor = ReadOptions { count_factor: Some(CountFactor::BqPerMl(10.0)), ..plain.clone() };
    let scaled = read_activity_of("scaled", &units("CNTS"), &factor).expect("calibrated");
    assert_eq!(scaled.volume.data[1], 10.0 * f32::from(stored(0, 1)));
    refused(read_activity_of("twice", &pt(3), &factor), &["'BQML'", "calibrated again"]);
    let mut unlike = pt(3);
    unlike[2] = unlike[2].clone().text(UNITS, "CS", "GML");
    refused(read_activity_of("unlike", &unlike, &plain), &["other units"]);
    let transmission = all(&|d| d.text((0x0054, 0x1002), "CS", "TRANSMISSION"));
    refused(read_activity_of("source", &transmission, &plain), &["CountsSource", "TRANSMISSION"]);
    let mut decay = pt(2);
    decay[0] = decay[0].clone().text((0x0054, 0x1102), "CS", "START");
    decay[1] = decay[1].clone().text((0x0054, 0x1102), "CS", "ADMIN");
    refused(read_activity_of("decay", &decay, &plain), &["DecayCorrection (0054,1102)", "ADMIN"]);
    let nan = all(&|d| d.text(SLOPE, "DS", "inf"));
    refused(read_activity_of("inf", &nan, &plain), &["RescaleSlope (0028,1053) is 'inf'"]);
}

/// A reconstruction of `slices` slices in each of `windows` energy windows.
fn nm(slices: usize, windows: usize) -> DataSet {
    let frames = slices * windows;
    let detector = DataSet::default()
        .ds(POSITION, &[-5.0, -6.0, 200.0])
        .ds(ORIENTATION, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let window = |name: &str, low: f64, high: f64| {
        let range = DataSet::default().ds((0x0054, 0x0014), &[low]).ds((0x0054, 0x0015), &[high]);
        DataSet::default().sq((0x0054, 0x0013), &[range]).text((0x0054, 0x0018), "SH", name)
    };
    let numbers =
        |f: &dyn Fn(usize) -> usize| -> Vec<u16> { (0..frames).map(|k| f(k) as u16).collect() };
    let pixels: Vec<i16> = (0..frames).flat_map(slice_pixels).collect();
    image("NM")
        .text(IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION")
        .text(FRAMES, "IS", &frames.to_string())
        .ds(SPACING_BETWEEN, &[4.0])
        .us((0x0054, 0x0010), &numbers(&|k| k / slices + 1))
        .sq((0x0054, 0x0012), &[window("Peak", 187.0, 229.0), window("Scatter", 160.0, 187.0)])
        .sq(DETECTORS, &[detector])
        .us(SLICE_VECTOR, &numbers(&|k| k % slices + 1))
        .pixels(&pixels)
}

#[test]
fn nm_geometry_follows_the_sign_of_the_spacing() {
    let factor =
        ReadOptions { count_factor: Some(CountFactor::Mbq(1e-6)), ..ReadOptions::default() };
    let up = read_activity_of("nm-up", &[nm(3, 1)], &factor).expect("a good SPECT");
    assert_eq!(up.volume.grid.origin_mm, [-5.0, -6.0, 200.0]);
    assert_eq!(up.volume.grid.axes_mm[2], [0.0, 0.0, 4.0]);
    // 1 Bq per count in 1.5 x 2 x 4 mm = 0.012 mL.
    assert!((up.volume.data[1] - f32::from(stored(0, 1)) / 0.012).abs() < 1e-3);
    let down = nm(3, 1).ds(SPACING_BETWEEN, &[-4.0]);
    let down = read_activity_of("nm-down", &[down], &factor).expect("a good SPECT");
    assert_eq!(down.volume.grid.origin_mm, [-5.0, -6.0, 192.0]);
    assert!((down.volume.data[1] - f32::from(stored(2, 1)) / 0.012).abs() < 1e-3);
}

#[test]
fn nm_energy_windows_must_be_chosen() {
    let mut options =
        ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..ReadOptions::default() };
    refused(
        read_activity_of("windows", &[nm(3, 2)], &options),
        &[
            "EnergyWindowVector (0054,0010)",
            "1 (Peak, 187 to 229 keV)",
            "2 (Scatter",
            "--energy-window",
        ],
    );
    options.energy_window = Some(2);
    let second = read_activity_of("window-2", &[nm(3, 2)], &options).expect("chosen");
    assert_eq!(second.volume.grid.dims, [3, 2, 3]);
    assert_eq!(second.volume.data[0], f32::from(stored(3, 0)));
    options.energy_window = Some(3);
    refused(read_activity_of("window-3", &[nm(3, 2)], &options), &["no energy window 3"]);
}

#[test]
fn nm_values_are_counts_unless_stated() {
    let plain = ReadOptions::default();
    refused(read_activity_of("nm-counts", &[nm(3, 1)], &plain), &["counts", "MBq per count"]);
    let bqml = nm(3, 1).text(UNITS, "CS", "BQML").ds(SLOPE, &[0.5]).ds(INTERCEPT, &[1.0]);
    let bqml = read_activity_of("nm-bqml", &[bqml], &plain).expect("in Bq/mL");
    assert_eq!(bqml.volume.data[1], 0.5 * f32::from(stored(0, 1)) + 1.0);
    let code = DataSet::default().text((0x0008, 0x0100), "SH", "kBq/ml");
    let map = DataSet::default()
        .sq((0x0040, 0x08EA), &[code])
        .fd((0x0040, 0x9224), &[0.0])
        .fd((0x0040, 0x9225), &[0.25]);
    let mapped = nm(3, 1).sq((0x0040, 0x9096), &[map]);
    let volume = read_activity_of("nm-map", &[mapped.clone()], &plain).expect("in kBq/mL");
    assert_eq!(volume.volume.data[1], 250.0 * f32::from(stored(0, 1)));
    let factor = ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..plain };
    refused(read_activity_of("nm-twice", &[mapped], &factor), &["already in kBq/ml"]);
}

#[test]
fn nm_that_is_no_volume() {
    let options =
        ReadOptions { count_factor: Some(CountFactor::BqPerMl(1.0)), ..ReadOptions::default() };
    let read = |name: &str, object: DataSet| read_activity_of(name, &[object], &options);
    let typed =
        |t: &str| nm(3, 1).text(IMAGE_TYPE, "CS", &format!("ORIGINAL\\PRIMARY\\{t}\\EMISSION"));
    refused(read("planar", typed("STATIC")), &["planar", "ImageType (0008,0008)"]);
    refused(read("projections", typed("TOMO")), &["projections"]);
    refused(read("gated", typed("RECON GATED TOMO")), &["gated"]);
    refused(
        read("bare", nm(3, 1).without(DETECTORS).without(SPACING_BETWEEN)),
        &[
            "ImagePositionPatient (0020,0032)",
            "SpacingBetweenSlices (0018,0088)",
            "--activity-geometry",
        ],
    );
    refused(read("gap", nm(3, 1).us(SLICE_VECTOR, &[1, 2, 4])), &["missing"]);
    refused(read("every-second", nm(3, 1).us(SLICE_VECTOR, &[1, 3, 5])), &["steps of 2.000"]);
    refused(read("twice", nm(3, 1).us(SLICE_VECTOR, &[1, 2, 2])), &["same place"]);
    refused(
        read("short", nm(3, 1).us(SLICE_VECTOR, &[1, 2])),
        &["SliceVector (0054,0080)", "3 frames"],
    );
    refused(read("detectors", nm(3, 1).us((0x0054, 0x0020), &[1, 1, 2])), &["DetectorVector"]);
    let two = [nm(3, 1).text(SOP_UID, "UI", "1"), nm(3, 1).text(SOP_UID, "UI", "2")];
    refused(read_activity_of("two-nm", &two, &options), &["2 objects"]);
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
