use super::*;

fn ct(values: &[f32]) -> Volume<f32> {
    let grid = Grid::aligned([values.len(), 1, 1], [0.0; 3], [1.0, 2.0, 5.0]);
    Volume::new(grid, values.to_vec()).expect("sizes")
}

fn schneider() -> HuCurve {
    HuCurve::schneider2000().expect("embedded")
}

#[test]
fn histogram_sums_are_the_phantoms() {
    let values: Vec<f32> = (0..5000).map(|i| -1049.0 + 0.8 * i as f32).collect();
    let values = &values[..4900];
    let (phantom, report) =
        Phantom::from_ct(&ct(values), &schneider(), &HuOptions::default()).expect("in range");
    assert_eq!(report.tissues.iter().map(|t| t.voxels).sum::<usize>(), values.len());
    let volume: f64 = report.tissues.iter().map(|t| t.volume_cm3).sum();
    assert!((volume - values.len() as f64 * 0.01).abs() < 1e-9, "{volume}");
    let mass: f64 = report.tissues.iter().map(|t| t.mass_g).sum();
    let direct: f64 = (0..values.len()).map(|i| phantom.voxel_mass_g(i)).sum();
    assert!((mass / direct - 1.0).abs() < 1e-12);
    let hu: f64 = report.tissues.iter().map(|t| t.mean_hu.expect("CT") * t.voxels as f64).sum();
    let direct: f64 = values.iter().map(|h| f64::from(*h)).sum();
    assert!((hu - direct).abs() < 1e-6 * direct.abs());
    assert_eq!(report.tissues.len(), 24);
    let text = report.to_string();
    assert!(text.contains("marrow_bone_15") && text.contains("total"), "{text}");
}

#[test]
fn out_of_range_voxels_are_counted_warned_of_and_treated_by_the_rule() {
    let mut values = vec![40.0f32; 1000];
    (values[0], values[1], values[2], values[3]) = (-1050.0, -1050.1, 3000.0, 3000.5);
    let (phantom, report) =
        Phantom::from_ct(&ct(&values), &schneider(), &HuOptions::default()).expect("few");
    assert_eq!((report.below, report.above), (1, 1));
    assert_eq!(report.warnings().len(), 2);
    assert_eq!(report.end_materials, ["air", "marrow_bone_15"]);
    assert!(report.to_string().contains("warning: 1 voxels (0.100 %) above HU 3000"), "{report}");
    let name = |i: usize| phantom.materials[usize::from(phantom.material[i])].name.as_str();
    assert_eq!((name(1), name(3)), ("air", "marrow_bone_15"));
    assert_eq!((phantom.density[1], phantom.density[3]), (0.00121, 2.8));
}

#[test]
fn too_many_out_of_range_voxels_or_a_nan_are_refused() {
    let options = HuOptions::default();
    let mut values = vec![0.0f32; 1000];
    values[..6].fill(3500.0);
    let error = Phantom::from_ct(&ct(&values), &schneider(), &options).expect_err("6 of 1000");
    assert!(error.to_string().contains("0.60 %"), "{error}");
    values[..6].fill(0.0);
    values[..501].fill(-2048.0);
    assert!(Phantom::from_ct(&ct(&values), &schneider(), &options).is_err());
    values[0] = 0.0;
    assert!(Phantom::from_ct(&ct(&values), &schneider(), &options).is_ok());
    values[0] = f32::NAN;
    let error = Phantom::from_ct(&ct(&values), &schneider(), &options).expect_err("NaN");
    assert!(error.to_string().contains("NaN at voxel [0, 0, 0]"), "{error}");
}

#[test]
fn the_low_density_mask_takes_air_and_leaves_lung() {
    let (phantom, _) = Phantom::from_ct(
        &ct(&[-1000.0, -960.0, -945.0, -900.0, -800.0, 40.0]),
        &schneider(),
        &HuOptions::default(),
    )
    .expect("in range");
    let mask = phantom.low_density_mask(LOW_DENSITY_G_CM3);
    assert_eq!(mask, [true, true, false, false, false, false]);
}

#[test]
fn inconsistent_parts_are_refused() {
    let grid = Grid::aligned([2, 1, 1], [0.0; 3], [1.0; 3]);
    let materials = schneider().materials()[..1].to_vec();
    let new =
        |d: &[f32], m: &[u8]| Phantom::new(grid.clone(), d.to_vec(), m.to_vec(), materials.clone());
    assert!(new(&[1.0, 1.0], &[0, 0]).is_ok());
    assert!(new(&[1.0], &[0, 0]).is_err());
    assert!(new(&[1.0, 1.0], &[0, 1]).is_err());
    assert!(new(&[1.0, 0.0], &[0, 0]).is_err());
    assert!(new(&[1.0, f32::INFINITY], &[0, 0]).is_err());
}
