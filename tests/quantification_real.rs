//! Calibration and recovery against images with known truth and a real phantom.

#[path = "support/motion.rs"]
mod motion;
#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use motion::moved;
use nalgebra::{DMatrix, DVector};
use voxgray::activity::{
    BlurredSphere, Decay, DecayCorrection, Extrapolation, ImageTiming, Moment, RecoveryCurve,
    RecoveryPoint, Reference, TransferMatrix,
};
use voxgray::image::{VoiSet, Volume};
use voxgray::io::dicom::{Facts, ReadOptions, read_activity};
use voxgray::io::read_image;
use voxgray::kinetics::{Family, Tac, select};
use voxgray::physics::Nuclide;

/// Rows of a CSV of the shared images without comments and header.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(shared::image(name)).expect("text");
    let lines = text.lines().filter(|l| !l.starts_with('#')).skip(1);
    lines.map(|l| l.split(',').map(str::to_string).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// Recoveries of the organs of a patient, noise and motion included: the curve describes the tumours within the spread of their repeats and
/// all organs within 0.06; a volume it was not measured for is refused.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn apparent_recoveries_of_a_simulated_patient() {
    let (points, truth) = (
        rows("synthetic_lu177_4tp/truth_time_activity.csv"),
        rows("synthetic_lu177_4tp/truth_tia.csv"),
    );
    let mut all = Vec::new();
    for roi in truth.iter().filter(|r| r[0] != "remainder") {
        let seen: Vec<f64> =
            points.iter().filter(|p| p[1] == roi[0]).map(|p| number(&p[4])).collect();
        let n = seen.len() as f64;
        let mean = seen.iter().sum::<f64>() / n;
        let sd = (seen.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        all.push((roi[0].clone(), number(&roi[1]), mean, sd));
    }
    // The spread over four scans (motion, noise, changing background) is the uncertainty of one; 0.02 stands for shape.
    let spheres: Vec<RecoveryPoint> = all
        .iter()
        .map(|(_, v, mean, sd)| RecoveryPoint {
            volume_ml: *v,
            recovery: *mean,
            standard_uncertainty: sd.hypot(0.02),
        })
        .collect();
    let curve = RecoveryCurve::fit(&spheres, 0.0).unwrap();
    println!(
        "a = {:.2} mL, b = {:.3}, chi2 = {:.2} / {}",
        curve.parameters[0], curve.parameters[1], curve.chi2, curve.degrees_of_freedom
    );
    for (name, v, mean, sd) in &all {
        let found = curve.recovery(*v, 0.1 * v, Extrapolation::Refuse).unwrap();
        let sphere = BlurredSphere::new(*v, 12.0).unwrap().recovery();
        println!(
            "{name:9} {v:8.2} mL: seen {mean:.3} +- {sd:.3}, curve {:.3} +- {:.3}, sphere {sphere:.3}",
            found.value, found.from_curve
        );
        assert!((found.value - mean).abs() < 0.06, "{name}: {} {mean}", found.value);
        // No organ recovers more than a sphere of its volume, spill-in from around apart: a sphere has the least surface.
        assert!(*mean < sphere + 0.02, "{name}: {mean} {sphere}");
    }
    assert!(curve.recovery(1.0, 0.1, Extrapolation::Refuse).is_err());
}

/// The authors' ideal activities, and what their phantom says about calibration, decay and recovery.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn starguide_phantom() {
    let rows = rows("tac/starguide_lu177_phantom_tac.csv");
    let decay = Decay::of(&Nuclide::load("Lu-177").unwrap());
    let assay = Moment::parse("2023-06-01T12:00:00").unwrap();
    let assayed_bq = 67.5 * 3.7e7;
    let mut full = Vec::new();
    for row in &rows {
        let (measured, ideal, minutes) = (number(&row[2]), number(&row[3]), number(&row[4]));
        let elapsed = Moment::parse(&row[0]).unwrap().seconds_since(&assay).unwrap();
        let truth = assayed_bq * decay.factor(elapsed).unwrap();
        if row[1] != "full" {
            continue;
        }
        // The authors scale the ideal value by the segmented water volume over 5667 mL.
        let volume = 5667.0 * ideal / truth;
        println!(
            "{} {minutes} min: measured/ideal {:.4}, measured/assayed {:.4}, water {volume:.0} mL",
            row[0],
            measured / ideal,
            measured / truth
        );
        full.push((minutes, elapsed, measured, ideal / truth, measured / truth));
    }
    // Their ideal values are reproduced to 0.05 % where the segmentation is the phantom's volume, at 3 h and at 92 h; at 24 h it lost 3.1 %.
    let volumes: Vec<f64> = full.iter().map(|f| f.3).collect();
    for (i, v) in volumes.iter().enumerate() {
        let expected = if i % 3 == 1 { 0.9691 } else { 1.0 };
        assert!((v - expected).abs() < 5e-4, "{i}: {v}");
    }
    for minutes in [10.0, 3.0] {
        let of: Vec<_> = full.iter().filter(|f| f.0 == minutes).collect();
        let mean = of.iter().map(|f| f.4).sum::<f64>() / 3.0;
        let spread = (of.iter().map(|f| (f.4 - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        // Half-life from the first and last scan.
        let half_life = (of[2].1 - of[0].1) / (of[0].2 / of[2].2).log2();
        println!(
            "{minutes} min: camera/calibrator {mean:.4} +- {spread:.4}, half-life {:.3} d",
            half_life / 86_400.0
        );
        // Against the assay itself all three scans agree to 0.6 %: the 24 h excess of the authors is their segmentation, not the camera.
        assert!(spread < 6e-3 && (0.96..1.0).contains(&mean));
        // Two scans with that spread, 92 h apart, tell the half-life to spread sqrt(2) / (lambda t): 0.9 and 2.1 %.
        let u = spread * 2f64.sqrt() / (decay.constant_per_s() * (of[2].1 - of[0].1));
        assert!((half_life / decay.half_life_s - 1.0).abs() < 2.0 * u, "{half_life} {u}");
    }
    // An image of NONE correction over 10 min differs from the activity at its start by half the decay within it.
    let timing = ImageTiming {
        correction: DecayCorrection::None,
        scan_start_s: 0.0,
        frame_start_s: 0.0,
        frame_duration_s: 600.0,
        injection_s: None,
        within_frame: true,
    };
    let factor = timing.factor_to(Reference::FrameStart, &decay).unwrap();
    assert!((factor - 1.0 - 0.5 * decay.constant_per_s() * 600.0).abs() < 1e-6);
}

/// Organ activities of the simulated patient from the noisy images, the VOIs moved by the true motion: every truth within the 95 % interval.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn activities_of_a_simulated_patient_from_its_images() {
    let folder = shared::image("");
    let table = rows("synthetic_lu177_4tp/truth_time_activity.csv");
    let read = |name: String| read_image(&folder.join(name), None).unwrap().0;
    let labels = read("phantom_lu177_patient15/patient15_organs.nii.gz".into());
    let first = read("synthetic_lu177_4tp/true_004h_bqml.nii.gz".into());
    // The rest of the body is the eighth region.
    let both = labels.data.iter().zip(&first.data);
    let regions = both.map(|(&l, &a)| if l == 0.0 && a > 0.0 { 8.0 } else { l }).collect();
    let names =
        ["liver", "spleen", "kidney_L", "kidney_R", "tumour1", "tumour2", "tumour3", "remainder"];
    let names: BTreeMap<u32, String> = (1..).zip(names.map(String::from)).collect();
    let set =
        VoiSet::from_labels(&Volume::new(labels.grid.clone(), regions).unwrap(), &names).unwrap();
    let mut worst: f64 = 0.0;
    let mut inside = 0;
    let mut curves: BTreeMap<String, Vec<[f64; 3]>> = BTreeMap::new();
    for hours in ["4.0", "24.0", "72.0", "168.0"] {
        let of: Vec<&Vec<String>> = table.iter().filter(|r| r[0] == hours).collect();
        let motion = |i: usize| number(&of[0][i]);
        let grid = moved(&labels.grid, [motion(5), motion(6), motion(7)], motion(8));
        let image = read(format!("synthetic_lu177_4tp/spect_{:03.0}h_bqml.nii.gz", number(hours)));
        let mapped = VoiSet { grid, vois: set.vois.clone() }.map_to(&image.grid).unwrap().set;
        let ml = image.grid.voxel_volume_mm3() / 1000.0;
        let seen: Vec<f64> = mapped
            .vois
            .iter()
            .map(|v| {
                v.voxels.iter().map(|&n| f64::from(image.data[n as usize])).sum::<f64>() * ml * 1e-6
            })
            .collect();
        // 20 cps/MBq for 1800 s: Poisson noise of what is seen. Resolution: 12.0 mm for the scan that was not moved; motion was put in by linear
        // interpolation, which adds up to a quarter of the squared voxel width to the variance, 12.9 mm.
        let noise = DVector::from_iterator(seen.len(), seen.iter().map(|mbq| mbq / 36_000.0));
        let matrix = TransferMatrix::new(&mapped, [12.4, 0.5]).unwrap();
        let found = matrix.unblur(&seen, &DMatrix::from_diagonal(&noise)).unwrap();
        for (i, voi) in mapped.vois.iter().enumerate() {
            let row = of.iter().find(|r| r[1] == voi.name).unwrap();
            // The mask is the one of the truth: it sees the apparent activity of the table.
            assert!(
                voi.name == "remainder" || (seen[i] / number(&row[3]) - 1.0).abs() < 1e-3,
                "{} {}",
                voi.name,
                seen[i]
            );
            let truth = number(&row[2]);
            let u = found.covariance[(i, i)].sqrt();
            let z = (found.activities[i] - truth) / u;
            println!(
                "{hours:>5} h {:9} seen {:8.3} MBq, found {:8.3} +- {u:6.3}, truth {truth:8.3}, z {z:5.2}",
                voi.name, seen[i], found.activities[i]
            );
            if voi.name != "remainder" {
                let point = [3600.0 * number(hours), found.activities[i], u];
                curves.entry(voi.name.clone()).or_default().push(point);
                assert!(u / truth < 0.1, "{}: {u}", voi.name);
                worst = worst.max(z.abs());
                inside += usize::from(z.abs() < 1.96);
            }
        }
    }
    println!("{inside} of 28 within 95 %, worst z {worst:.2}");
    assert_eq!(inside, 28);
    integrals(&curves);
}

/// Time-integrated activities from these activities: every truth within the 95 % interval, and no interval wider than a quarter of the truth.
fn integrals(curves: &BTreeMap<String, Vec<[f64; 3]>>) {
    let truth = rows("synthetic_lu177_4tp/truth_tia.csv");
    let decay = Decay::of(&Nuclide::load("Lu-177").unwrap());
    for (name, points) in curves {
        let row = truth.iter().find(|r| r[0] == *name).unwrap();
        let truth = number(&row[6]) * 3600.0;
        let column = |k: usize| points.iter().map(|p| p[k]).collect::<Vec<f64>>();
        // What the scans' resolutions differ by is the motion's interpolation: their errors are taken as their own.
        let tac = Tac::new(&column(0), &column(1), &column(2)).unwrap();
        let families = [Family::Mono, Family::MonoUptake, Family::Bi];
        let chosen = select(&tac, &families, decay.constant_per_s()).unwrap();
        let tia = chosen.tia(&tac);
        let (low, high) = tia.interval_95;
        println!(
            "{name:9} {:11}: TIA {:8.0} MBq h, 95 % {:8.0} to {:8.0}, truth {:8.0} ({:+.1} %)",
            chosen.fit().family().name(),
            tia.value / 3600.0,
            low / 3600.0,
            high / 3600.0,
            truth / 3600.0,
            100.0 * (tia.value / truth - 1.0)
        );
        assert!((low..high).contains(&truth), "{name}: {low} {high} {truth}");
        assert!(high - low < 0.25 * truth, "{name}");
    }
}

/// Times and correction of a real image as its files state them.
fn timing(facts: &Facts) -> ImageTiming {
    let start = facts.acquisition_time.unwrap();
    let on_the_day = facts.administration_clock.map(|clock| clock.latest_until(&start).unwrap());
    let given = facts.administration_time.or(on_the_day);
    let injected = given.map(|t| t.seconds_since(&start).unwrap());
    ImageTiming {
        correction: DecayCorrection::from_dicom(facts.decay_correction.as_deref()).unwrap(),
        scan_start_s: 0.0,
        frame_start_s: 0.0,
        frame_duration_s: facts.frame_duration_s.unwrap(),
        injection_s: injected,
        within_frame: true,
    }
}

/// A real SPECT corrected to the administration: 1350.55 and 996.07 MBq as stored are 1328.8 and 883.0 MBq at the scans.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn spect_stated_for_the_administration() {
    let folder = shared::image("lu177_dotatate_spect/lu177_dotatate");
    for (scan, stored_mbq, at_scan_mbq) in
        [("SCAN_001", 1350.554, 1328.78), ("SCAN_002", 996.066, 883.02)]
    {
        let path = folder.join(scan).join("image");
        let image = read_activity(&[path], &ReadOptions::default()).unwrap();
        let facts = &image.facts;
        let decay =
            Decay { half_life_s: facts.half_life_s.unwrap(), half_life_uncertainty_s: None };
        let factor = timing(facts).factor_to(Reference::ScanStart, &decay).unwrap();
        let ml = image.volume.grid.voxel_volume_mm3() / 1000.0;
        let sum = image.volume.data.iter().map(|&v| f64::from(v)).sum::<f64>() * ml * 1e-6;
        println!("{scan}: {sum:.3} MBq as stored, {:.2} MBq at the scan", sum * factor);
        assert!(
            (sum / stored_mbq - 1.0).abs() < 1e-5
                && (sum * factor / at_scan_mbq - 1.0).abs() < 1e-5
        );
        // The files say DecayFactor 1 all the same: the factor must not be taken from there.
        assert_eq!(facts.decay_factors, Some([1.0, 1.0]));
        assert!(timing(facts).applied_factor(&decay).unwrap() > 1.01);
    }
}

/// A real PET corrected to the start: the DecayFactor of its first bed is the one that the definition gives.
#[test]
#[cfg_attr(not(shared_images), ignore = "needs ../shared/images")]
fn pet_stated_for_the_start() {
    let path = shared::image("petct_sts001/STS_001/PET");
    let facts = read_activity(&[path], &ReadOptions::default()).unwrap().facts;
    let decay = Decay { half_life_s: facts.half_life_s.unwrap(), half_life_uncertainty_s: None };
    let first = timing(&facts).applied_factor(&decay).unwrap();
    let [low, high] = facts.decay_factors.unwrap();
    println!(
        "first bed {first:.6}, files {low:.6} to {high:.6}, frames of {} s",
        facts.frame_duration_s.unwrap()
    );
    assert!((low / first - 1.0).abs() < 1e-4 && high > low);
}
