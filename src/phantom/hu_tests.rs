use super::*;

fn published() -> HuCurve {
    let table = Table::parse(include_str!("../../data/tissues/schneider2000_density.csv"));
    let knots: Vec<(f64, f64)> = table
        .rows
        .iter()
        .filter(|row| table.text(row, "use") != "continuous")
        .map(|row| (table.number(row, "hu"), table.number(row, "density_g_cm3")))
        .collect();
    let mut curve = HuCurve::schneider2000().expect("embedded");
    curve.knots = knots;
    curve
}

#[test]
fn the_jump_is_bridged_and_the_change_is_as_stated() {
    let curve = HuCurve::schneider2000().expect("embedded");
    let published = published();
    let change = |hu: f64| 100.0 * (curve.density_g_cm3(hu) / published.density_g_cm3(hu) - 1.0);
    assert!((published.density_g_cm3(100.0) - 1.1199).abs() < 1e-12);
    assert!((published.density_g_cm3(101.0) - 1.0762).abs() < 1e-12);
    assert!((change(100.0) + 2.48).abs() < 0.01, "{}", change(100.0));
    assert!((change(101.0) - 1.46).abs() < 0.01, "{}", change(101.0));
    for tenth in -12000..35000 {
        let hu = f64::from(tenth) / 10.0;
        if !(80.0..=120.0).contains(&hu) {
            assert!(change(hu).abs() < 1e-4, "HU {hu}: {} %", change(hu));
        }
        // No step: the steepest branch rises by 1.2e-3 g/cm3 per HU.
        let step = (curve.density_g_cm3(hu + 0.1) - curve.density_g_cm3(hu)).abs();
        assert!(step < 1.3e-4, "HU {hu}: {step}");
    }
}

#[test]
fn density_meets_its_knots_and_stays_constant_beyond() {
    for curve in [HuCurve::schneider2000(), HuCurve::icru44()] {
        let curve = curve.expect("embedded");
        for &(hu, density) in curve.knots() {
            assert!((curve.density_g_cm3(hu) - density).abs() < 1e-12);
        }
        let (first, last) = (curve.knots()[0], curve.knots()[curve.knots().len() - 1]);
        assert_eq!(curve.density_g_cm3(-1024.0), first.1);
        assert_eq!(curve.density_g_cm3(9999.0), last.1);
    }
}

#[test]
fn bins_are_half_open() {
    let curve = HuCurve::schneider2000().expect("embedded");
    assert_eq!(curve.bins().len(), 24);
    for bin in curve.bins() {
        assert_eq!(curve.material_index(bin.low), bin.material);
        assert_eq!(curve.material_index(bin.high - 1e-6), bin.material);
    }
    let name = |hu: f64| curve.materials()[curve.material_index(hu)].name.as_str();
    assert_eq!(name(-950.000_1), "air");
    assert_eq!(name(-950.0), "lung");
    assert_eq!(name(-120.000_1), "lung");
    assert_eq!(name(-120.0), "adipose_adrenal_intestine_1");
    assert_eq!(name(18.999), "adipose_adrenal_intestine_5");
    assert_eq!(name(19.0), "soft_tissue");
    assert_eq!(name(80.0), "connective_tissue");
    assert_eq!(name(119.999), "connective_tissue");
    assert_eq!(name(120.0), "marrow_bone_01");
    assert_eq!(name(-3024.0), "air");
    assert_eq!(name(3000.0), "marrow_bone_15");
}

#[test]
fn metals_come_on_request_only() {
    let curve = HuCurve::schneider2000_with_metals().expect("embedded");
    let name = |hu: f64| curve.materials()[curve.material_index(hu)].name.as_str();
    assert_eq!(
        (name(1639.0), name(1640.0), name(2300.0)),
        ("marrow_bone_15", "amalgam", "titanium")
    );
    let plain = HuCurve::schneider2000().expect("embedded");
    assert!(plain.materials().iter().all(|m| m.name != "amalgam" && m.name != "titanium"));
}

/// The stoichiometric estimate must put ICRU-44 tissues near where Schneider puts their densities.
#[test]
fn the_icru44_curve_agrees_with_schneider_within_five_percent_in_tissue() {
    let (a, b) =
        (HuCurve::icru44().expect("embedded"), HuCurve::schneider2000().expect("embedded"));
    for hu in (-800..1500).step_by(10).map(f64::from) {
        let ratio = a.density_g_cm3(hu) / b.density_g_cm3(hu);
        assert!(
            (ratio - 1.0).abs() < 0.05 || hu < -500.0 || (60.0..150.0).contains(&hu),
            "HU {hu}: {ratio}"
        );
        assert!((ratio - 1.0).abs() < 0.15, "HU {hu}: {ratio}");
    }
    assert_eq!(a.materials().len(), 8);
}

#[test]
fn merging_reduces_materials_and_keeps_density() {
    let curve = HuCurve::schneider2000().expect("embedded");
    for (tolerance, expected) in [(0.0, 24), (0.03, 18), (0.06, 14), (0.1, 11)] {
        let merged = curve.merged(tolerance).expect("valid");
        assert_eq!(merged.materials().len(), expected, "tolerance {tolerance}");
        assert_eq!(merged.range(), curve.range());
        for hu in (-1000..2000).map(f64::from) {
            assert_eq!(merged.density_g_cm3(hu), curve.density_g_cm3(hu));
            let (m, c) = (merged.material_index(hu), curve.material_index(hu));
            let difference = largest_difference(&merged.materials()[m], &curve.materials()[c]);
            assert!(difference <= tolerance + 1e-12, "HU {hu}: {difference}");
        }
    }
    assert!(curve.merged(f64::NAN).is_err());
}

#[test]
fn malformed_curves_are_refused() {
    let materials = HuCurve::icru44().expect("embedded").materials().to_vec();
    let bin = |low, high, material| HuBin { low, high, material };
    let knots = vec![(-1000.0, 0.001), (0.0, 1.0)];
    let new = |k: &[(f64, f64)], b: &[HuBin]| {
        HuCurve::new("t", k.to_vec(), b.to_vec(), materials.clone())
    };
    assert!(new(&knots, &[bin(-1000.0, 0.0, 0), bin(0.0, 9.0, 1)]).is_ok());
    assert!(new(&knots[..1], &[bin(-1000.0, 0.0, 0)]).is_err());
    assert!(new(&[knots[1], knots[0]], &[bin(-1000.0, 0.0, 0)]).is_err());
    assert!(new(&[knots[0], knots[0]], &[bin(-1000.0, 0.0, 0)]).is_err());
    assert!(new(&knots, &[]).is_err());
    assert!(new(&knots, &[bin(0.0, 9.0, 0), bin(-1000.0, 0.0, 1)]).is_err());
    assert!(new(&knots, &[bin(-1000.0, 0.0, 99)]).is_err());
    assert!(new(&knots, &[bin(f64::NAN, 0.0, 0)]).is_err());
}
