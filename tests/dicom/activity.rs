//! PET and NM: units, signs, geometry, energy windows; what is no activity volume is refused.

use voxgray::io::dicom::{CountFactor, ReadOptions, read_ct};

use crate::objects::*;
use crate::writer::{DataSet, Scratch};

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
    refused(read_activity_of("twice", &pt(3), &factor), &["already in BQML", "calibrated again"]);
    let mut unlike = pt(3);
    unlike[2] = unlike[2].clone().text(UNITS, "CS", "GML");
    refused(read_activity_of("unlike", &unlike, &plain), &["other units"]);
    let transmission = all(&|d| d.text((0x0054, 0x1002), "CS", "TRANSMISSION"));
    refused(read_activity_of("source", &transmission, &plain), &["CountsSource", "TRANSMISSION"]);
    let mut decay = pt(2);
    decay[0] = decay[0].clone().text((0x0054, 0x1102), "CS", "START");
    decay[1] = decay[1].clone().text((0x0054, 0x1102), "CS", "ADMIN");
    refused(read_activity_of("decay", &decay, &plain), &["DecayCorrection (0054,1102)", "ADMIN"]);
    for time in ["START", "ADMIN", "NONE"] {
        let series = all(&move |d| d.text((0x0054, 0x1102), "CS", time));
        let pet = read_activity_of(time, &series, &plain).expect("a good PET");
        assert_eq!(pet.facts.decay_correction.as_deref(), Some(time));
    }
    let nan = all(&|d| d.text(SLOPE, "DS", "inf"));
    refused(read_activity_of("inf", &nan, &plain), &["RescaleSlope (0028,1053) is 'inf'"]);
}

/// A reconstruction of `slices` slices in each of `windows` energy windows.
pub fn nm(slices: usize, windows: usize) -> DataSet {
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

/// Views times the duration of one; a full turn is shared by the detectors; phases; what may be one view or all is kept apart.
#[test]
fn nm_durations() {
    let factor =
        ReadOptions { count_factor: Some(CountFactor::Mbq(1e-6)), ..ReadOptions::default() };
    let of = |object: DataSet| {
        let facts = read_activity_of("nm-duration", &[object], &factor).expect("a SPECT").facts;
        (facts.frame_duration_s, facts.image_duration_s)
    };
    let views = |count: u16| {
        DataSet::default().us((0x0054, 0x0053), &[count]).ds((0x0018, 0x1242), &[20e3])
    };
    let rotation = (0x0054, 0x0052);
    assert_eq!(of(nm(3, 1).sq(rotation, &[views(60)])), (Some(1200.0), None));
    assert_eq!(of(nm(3, 1).sq(rotation, &[views(60), views(30)])), (Some(1800.0), None));
    let turn = |arc: f64| {
        let two = nm(3, 1).us((0x0054, 0x0021), &[2]);
        of(two.sq(rotation, &[views(60).ds((0x0018, 0x1143), &[arc])])).0
    };
    assert_eq!((turn(180.0), turn(360.0)), (Some(1200.0), Some(600.0)));
    let phase = DataSet::default().us((0x0054, 0x0033), &[10]).ds((0x0018, 0x1242), &[30e3]);
    assert_eq!(of(nm(3, 1).sq((0x0054, 0x0032), &[phase])), (Some(300.0), None));
    assert_eq!(of(nm(3, 1).ds((0x0018, 0x1242), &[20e3])), (None, Some(20.0)));
    assert_eq!(of(nm(3, 1)), (None, None));
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
    let volume =
        read_activity_of("nm-map", std::slice::from_ref(&mapped), &plain).expect("in kBq/mL");
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
    let mu_map = nm(3, 1).text(IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\TRANSMISSION");
    refused(read("transmission", mu_map), &["attenuation, not activity"]);
    refused(
        read("bare", nm(3, 1).without(DETECTORS).without(SPACING_BETWEEN)),
        &["ImagePositionPatient (0020,0032)", "SpacingBetweenSlices (0018,0088)", "--geometry"],
    );
    refused(read("gap", nm(3, 1).us(SLICE_VECTOR, &[1, 2, 4])), &["missing"]);
    refused(read("every-second", nm(3, 1).us(SLICE_VECTOR, &[1, 3, 5])), &["steps of 2.000"]);
    refused(read("twice", nm(3, 1).us(SLICE_VECTOR, &[1, 2, 2])), &["same place"]);
    refused(
        read("short", nm(3, 1).us(SLICE_VECTOR, &[1, 2])),
        &["SliceVector (0054,0080)", "3 frames"],
    );
    refused(
        read("detectors", nm(3, 1).us((0x0054, 0x0020), &[1, 1, 2])),
        &["DetectorVector", "--frame N"],
    );
    let two = [nm(3, 1).text(SOP_UID, "UI", "1"), nm(3, 1).text(SOP_UID, "UI", "2")];
    refused(read_activity_of("two-nm", &two, &options), &["2 objects"]);
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let geometry = "0,0,0;1,0,0,0,1,0;1,1,1".parse().expect("well formed");
    let options = ReadOptions { geometry: Some(geometry), ..ReadOptions::default() };
    refused(read_activity_of("pet-geometry", &pt(3), &options), &["--geometry is given"]);
    let options = ReadOptions { energy_window: Some(1), ..ReadOptions::default() };
    refused(read_activity_of("pet-window", &pt(3), &options), &["--energy-window is given"]);
    let options =
        ReadOptions { count_factor: Some(CountFactor::BqPerMl(0.0)), ..ReadOptions::default() };
    refused(read_activity_of("nm-zero", &[nm(3, 1)], &options), &["count factor is 0"]);
    let scratch = Scratch::with("ct-factor", &ct(2));
    let read = read_ct(&[scratch.path().to_path_buf()], &options);
    refused(read, &["a count factor is stated for a CT"]);
}
