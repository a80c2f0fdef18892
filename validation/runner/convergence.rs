//! Does the answer depend on the step, the cutoffs and the production thresholds?

use voxgray::Result;
use voxgray::transport::settings::Settings;

use super::case::Group;
use super::judge::Verdict;
use super::run::RunOptions;
use super::statistics::critical_z;
use super::study::{Study, StudyRun, problem, run};

/// Largest change of a shell when steps or thresholds are halved, % of the largest shell.
const STEP_BAR: f64 = 0.2;

/// Cases and histories: the standard error of a difference is then 0.1 % of the largest cell or less.
const CASES: [(&str, f64); 3] =
    [("dpk/dpk_e_0.1MeV", 3e6), ("dpk/dpk_e_1MeV", 2e6), ("slabs/het_wbw_srcW_e_0.935MeV", 1e6)];

/// A change of the settings.
struct Variant {
    name: &'static str,
    /// Whether [`STEP_BAR`] applies.
    judged: bool,
    apply: fn(&mut Settings),
}

const VARIANTS: [Variant; 10] = [
    Variant {
        name: "step halved (strength and loss)",
        judged: true,
        apply: |s| steps(s, 0.5, 0.5),
    },
    Variant { name: "scattering strength halved", judged: true, apply: |s| steps(s, 0.5, 1.0) },
    Variant { name: "loss fraction halved", judged: true, apply: |s| steps(s, 1.0, 0.5) },
    Variant { name: "step doubled", judged: false, apply: |s| steps(s, 2.0, 2.0) },
    Variant {
        name: "production thresholds halved",
        judged: true,
        apply: |s| {
            s.lepton.threshold_fraction *= 0.5;
            s.lepton.threshold_max_mev *= 0.5;
            s.lepton.threshold_min_mev = (0.5 * s.lepton.threshold_min_mev).max(1e-4);
        },
    },
    Variant {
        name: "production thresholds doubled",
        judged: false,
        apply: |s| {
            s.lepton.threshold_fraction = (2.0 * s.lepton.threshold_fraction).min(0.5);
            s.lepton.threshold_max_mev *= 2.0;
            s.lepton.threshold_min_mev *= 2.0;
        },
    },
    Variant {
        name: "bremsstrahlung threshold 10 keV",
        judged: false,
        apply: |s| s.lepton.photon_threshold_mev = 1e-2,
    },
    Variant {
        name: "electron cutoff 10 keV",
        judged: false,
        apply: |s| s.electron_cutoff_mev = 1e-2,
    },
    Variant {
        name: "photon cutoff 5 keV",
        judged: false,
        apply: |s| {
            s.photon_cutoff_mev = 5e-3;
            s.lepton.photon_threshold_mev = s.lepton.photon_threshold_mev.max(5e-3);
        },
    },
    Variant {
        name: "no straggling of soft losses",
        judged: false,
        apply: |s| s.straggling = false,
    },
];

fn steps(s: &mut Settings, strength: f64, loss: f64) {
    s.lepton.max_strength = (s.lepton.max_strength * strength).min(1.0);
    s.lepton.max_loss_fraction = (s.lepton.max_loss_fraction * loss).min(0.5);
}

/// Runs the study of every case and hands each on; under `--quick` only the first variant of the middle one.
///
/// # Errors
/// If a run fails.
pub fn studies(groups: &[Group], options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    if options.quick {
        done(study(groups, CASES[1].0, 5e4, &VARIANTS[..1], options)?);
        done(super::gas::study(options)?);
        return Ok(());
    }
    done(super::gas::study(options)?);
    for (name, histories) in CASES {
        done(study(groups, name, histories, &VARIANTS, options)?);
    }
    Ok(())
}

fn study(
    groups: &[Group],
    name: &str,
    histories: f64,
    variants: &[Variant],
    options: &RunOptions,
) -> Result<Study> {
    let problem = problem(groups, name)?;
    let base = run(&problem, &options.settings, histories, options)?;
    let speed = |r: &StudyRun| format!("{:.1e}", r.per_second);
    let mut rows =
        vec![vec!["defaults".into(), String::new(), String::new(), speed(&base), String::new()]];
    let mut verdict = if base.balanced { Verdict::Pass } else { Verdict::Fail };
    let largest = base.values.iter().map(|v| v.0).fold(0.0, f64::max);
    let critical = critical_z(base.values.len());
    for variant in variants {
        let mut settings = options.settings;
        // Other random numbers, so that the two runs are independent.
        settings.seed = settings.seed.wrapping_add(1);
        (variant.apply)(&mut settings);
        let changed = run(&problem, &settings, histories, options)?;
        let pairs = || base.values.iter().zip(&changed.values);
        let differences: Vec<(f64, f64)> = pairs()
            .map(|(a, b)| (100.0 * (b.0 - a.0) / largest, 100.0 * a.1.hypot(b.1) / largest))
            .collect();
        let worst = (0..differences.len())
            .max_by(|&a, &b| differences[a].0.abs().total_cmp(&differences[b].0.abs()))
            .unwrap_or(0);
        let (change, sigma) = differences[worst];
        let beyond = |&(d, s): &(f64, f64)| d.abs() > STEP_BAR.max(critical * s);
        let here = if !changed.balanced || (variant.judged && differences.iter().any(beyond)) {
            Verdict::Fail
        } else if variant.judged && change.abs() > STEP_BAR {
            Verdict::PassByStatistics
        } else {
            Verdict::Pass
        };
        verdict = verdict.max(here);
        let said = if variant.judged { here.name() } else { "shown" };
        rows.push(vec![
            variant.name.into(),
            format!("{change:+.2} &plusmn; {sigma:.2} % of max."),
            problem.cells[worst].label.clone(),
            speed(&changed),
            said.into(),
        ]);
    }
    Ok(Study {
        title: format!(
            "convergence: {name}, bar {STEP_BAR} % of the largest cell when steps or thresholds are halved"
        ),
        head: vec!["change", "largest change of a cell", "cell", "histories/s", "verdict"],
        rows,
        verdict,
        plots: Vec::new(),
    })
}
