use super::*;
use crate::activity::Verdict;

/// A file made from known truth: 20 cps/MBq, 100 MBq in the phantom at the start, no background.
fn file() -> String {
    let decay = Decay::of(&Nuclide::load("Lu-177").unwrap());
    let counts =
        |cps_per_mbq: f64| cps_per_mbq * 100.0 * 1800.0 * decay.frame_average(1800.0).unwrap();
    let reading = |kind: &str, value: f64, time: &str| {
        format!(
            "{kind}\nnuclide = \"Lu-177\"\ngeometry = \"vial\"\nunit = \"MBq\"\nvalue = [{value:?}, 0.5]\nbackground = [0.0, 0.01]\n\
             time = 2026-11-22T{time}:00Z\ntime_uncertainty_s = 30.0\n"
        )
    };
    // 105 MBq less 5 MBq, both as at the start, 10:00.
    let full = 105.0;
    let source = |kind: &str, name: &str, cps: f64| {
        let full =
            reading(&format!("[{kind}.full]"), full / decay.factor(3600.0).unwrap(), "09:00");
        let rest =
            reading(&format!("[[{kind}.residual]]"), 5.0 * decay.factor(1800.0).unwrap(), "10:30");
        format!(
            "[[{kind}]]\nname = \"{name}\"\nphantom = \"cylinder\"\nvolume_ml = [5000.0, 10.0]\nstart = 2026-11-22T10:00:00Z\n\
             duration_s = 1800.0\ncounts = [{:?}, 2000.0]\nbackground_cps = [0.0, 0.1]\n{full}{rest}\n",
            counts(cps)
        )
    };
    let spheres: String = [0.524, 1.15, 2.572, 5.575, 11.494, 26.522]
        .iter()
        .map(|v: &f64| {
            let r = 1.0 / (1.0 + (3.0 / v).powf(0.9));
            let n = counts(20.0) / 100.0 * v * r;
            format!("[[spheres.sphere]]\nvolume_ml = {v:?}\ncounts = [{n:?}, {:?}]\n", 0.01 * n)
        })
        .collect();
    format!(
        "version = 1\ntime = 2026-11-22T12:00:00Z\nunit = \"cps/MBq\"\n[setup]\ncamera = \"NM1\"\nnuclide = \"Lu-177\"\n\
         collimator = \"MEGP\"\nwindow_kev = [187.2, 228.8]\n[calibrator]\nname = \"C1\"\nnuclide = \"Lu-177\"\nfactor = 1.0\n\
         relative_uncertainty = 0.015\n[[calibrator.geometry]]\nname = \"vial\"\nfactor = 1.0\nrelative_uncertainty = 0.01\n\
         [dead_time]\nmodel = \"none\"\n{}{}{}[spheres]\nconcentration_bq_per_ml = [1e6, 1e4]\nduration_s = 1800.0\n{spheres}\
         [[administration]]\nname = \"P1\"\ninjection = 2026-11-22T10:00:00Z\n{}",
        source("acquisition", "a", 19.9),
        source("acquisition", "b", 20.1),
        source("check", "test", 22.0),
        reading("[administration.full]", 100.0 / decay.factor(3600.0).unwrap(), "09:00"),
    )
}

#[test]
fn a_file_of_known_truth_gives_it_back() {
    let result = CalibrationResult::from_toml(&file()).unwrap();
    let factor = &result.factor;
    assert!((factor.budget.value / 20.0 - 1.0).abs() < 1e-4, "{}", factor.budget.table());
    assert!((factor.shared_uncertainty / factor.budget.value - 0.015f64.hypot(0.01)).abs() < 1e-9);
    assert_eq!(result.single.len(), 2);
    let (name, check) = &result.checks[0];
    assert_eq!((name.as_str(), check.verdict), ("test", Verdict::Disagree));
    assert!((check.ratio - 1.1).abs() < 1e-3, "{check:?}");
    let curve = result.recovery.clone().unwrap();
    assert!(
        (curve.parameters[0] / 3.0 - 1.0).abs() < 1e-3
            && (curve.parameters[1] / 0.9 - 1.0).abs() < 1e-3,
        "{curve:?}"
    );
    let (_, _, activity) = &result.administrations[0];
    assert!((activity.value / 1e8 - 1.0).abs() < 1e-9, "{}", activity.table());
    let entry = result.history_entry();
    assert_eq!((entry.value, entry.acquisitions), (factor.budget.value, 2));
}

/// A clock that is written with another offset shows the same instants.
#[test]
fn offsets_of_clocks_change_nothing() {
    let value = |text: &str| CalibrationResult::from_toml(text).unwrap().factor.budget.value;
    let moved = file()
        .replace("2026-11-22T09:00:00Z", "2026-11-22T10:00:00+01:00")
        .replace("2026-11-22T10:30:00Z", "2026-11-22T00:30:00-10:00");
    assert_ne!(moved, file());
    assert_eq!(value(&moved), value(&file()));
}

#[test]
fn bad_files_are_refused() {
    let good = file();
    let refused = |from: &str, to: &str, expected: &str| {
        assert!(good.contains(from), "the test replaces nothing: {from}");
        let error =
            CalibrationResult::from_toml(&good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "'{expected}' not in: {error}");
    };
    refused("version = 1", "version = 3", "version 3");
    refused("collimator", "colimator", "colimator");
    refused("model = \"none\"", "model = \"none\"\ntau = 1", "tau");
    refused("model = \"none\"", "model = \"ideal\"", "ideal");
    refused(
        "name = \"C1\"\nnuclide = \"Lu-177\"",
        "name = \"C1\"\nnuclide = \"I-131\"",
        "I-131, the source is Lu-177",
    );
    refused(
        "[acquisition.full]\nnuclide = \"Lu-177\"",
        "[acquisition.full]\nnuclide = \"Y-90\"",
        "'a': reading 'full'",
    );
    refused("2026-11-22T09:00:00Z", "2026-08-22T09:00:00Z", "half-lives");
    refused("2026-11-22T09:00:00Z", "2026-11-22T09:00:00", "offset from UTC");
    refused(", 0.5]", ", 0.0]", "infinite weight");
    refused("phantom = \"cylinder\"", "phantom = \"point\"", "volume_ml");
    refused("counts = [", "counts = [-", "not negative");
}

/// A residual before its full source, in acquisitions, checks and administrations: refused with both times, or accepted by name.
#[test]
fn a_residual_before_its_full_source_is_a_contradiction() {
    let good = file();
    let first = good.find("[[acquisition.residual]]").unwrap();
    let check = good.find("[[check.residual]]").unwrap();
    let earlier = |from: usize, to: &str| {
        let (head, tail) = good.split_at(from);
        format!("{head}{}", tail.replacen("T10:30:00Z", to, 1))
    };
    for (from, name) in [(first, "'a'"), (check, "'test'")] {
        for time in ["T08:30:00Z", "T10:30:00+02:00", "T08:57:00Z"] {
            let text = earlier(from, time);
            let error = CalibrationResult::from_toml(&text).unwrap_err().to_string();
            for part in [name, "2026-11-22T09:00:00+00:00", "T08:30:00", "residual-before-full"] {
                let part = if part == "T08:30:00" { time.trim_end_matches(['Z']) } else { part };
                assert!(error.contains(part), "'{part}' not in: {error}");
            }
            let accepted =
                text.replacen("version = 1", "version = 1\naccept = ['residual-before-full']", 1);
            assert!(CalibrationResult::from_toml(&accepted).is_ok());
        }
        // Within what the clocks are known to.
        assert!(CalibrationResult::from_toml(&earlier(from, "T08:59:00Z")).is_ok());
    }
    let residual = "[[administration.residual]]\nnuclide = \"Lu-177\"\ngeometry = \"vial\"\nunit = \"MBq\"\nvalue = [1.0, 0.1]\n\
        background = [0.0, 0.01]\ntime = 2026-11-21T11:00:00Z\ntime_uncertainty_s = 30.0\n";
    let error = CalibrationResult::from_toml(&(good.clone() + residual)).unwrap_err().to_string();
    assert!(error.contains("'P1'") && error.contains("residual-before-full"), "{error}");
    // A phantom that was scanned before its source was measured.
    let late = good.replacen("T09:00:00Z", "T11:00:00Z", 1).replacen("T10:30:00Z", "T11:30:00Z", 1);
    let error = CalibrationResult::from_toml(&late).unwrap_err().to_string();
    assert!(error.contains("full-after-scan") && error.contains("10:00:00"), "{error}");
    let accepted = late.replacen("version = 1", "version = 1\naccept = ['full-after-scan']", 1);
    assert!(CalibrationResult::from_toml(&accepted).is_ok());
    let unknown = good.replacen("version = 1", "version = 1\naccept = ['all']", 1);
    let error = CalibrationResult::from_toml(&unknown).unwrap_err().to_string();
    assert!(error.contains("residual-before-full"), "{error}");
}
