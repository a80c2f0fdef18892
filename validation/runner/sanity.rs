//! Kerma against analog photons: they agree where electrons stay put, and the bias is shown where they do not.

use voxgray::Result;
use voxgray::source::parse_source;
use voxgray::transport::settings::PhotonEstimator;

use super::case::Group;
use super::judge::Verdict;
use super::run::RunOptions;
use super::statistics::critical_z;
use super::study::{Study, problem, run};

/// A comparison of the two estimators.
struct Comparison {
    case: &'static str,
    /// Source in place of the case's.
    source: Option<&'static str>,
    title: &'static str,
    histories: f64,
    /// Largest difference of a cell in per cent; none where the bias is only shown.
    bar: Option<f64>,
    /// Cell that is shown but not judged: the only voxel with activity. Its photons head outwards and so do the electrons they
    /// free (up to 0.14 mm in 3 mm), with no neighbour as bright to give them back: there is no charged-particle
    /// equilibrium, and the kerma estimator is too high by design.
    source_cell: Option<&'static str>,
}

const COMPARISONS: [Comparison; 3] = [
    Comparison {
        case: "vsv/vsv_g_0.208MeV_3mm",
        source: None,
        title: "kerma against analog: 0.208 MeV in a water box, 3 mm voxels; they must agree within 1 % but in the source voxel",
        histories: 8e6,
        bar: Some(1.0),
        source_cell: Some("[0, 0, 0]"),
    },
    Comparison {
        case: "slabs/het_wlw_srcW_g_0.364MeV",
        source: None,
        title: "kerma against analog: 0.364 MeV, water | lung | water; bias shown",
        histories: 4e6,
        bar: None,
        source_cell: None,
    },
    Comparison {
        case: "slabs/het_wlw_srcW_g_0.364MeV",
        source: Some("photon:1.5MeV"),
        title: "kerma against analog: 1.5 MeV, water | lung | water; bias shown",
        histories: 4e6,
        bar: None,
        source_cell: None,
    },
];

/// Rows shown of each comparison: the cells with the largest bias in standard deviations.
const SHOWN: usize = 10;

/// Runs the comparisons and hands each on; under `--quick` with few histories.
///
/// # Errors
/// If a run fails.
pub fn studies(groups: &[Group], options: &RunOptions, done: &mut dyn FnMut(Study)) -> Result<()> {
    for comparison in &COMPARISONS {
        done(compare(groups, comparison, options)?);
    }
    Ok(())
}

fn compare(groups: &[Group], comparison: &Comparison, options: &RunOptions) -> Result<Study> {
    let mut problem = problem(groups, comparison.case)?;
    if let Some(source) = comparison.source {
        problem.decay = parse_source(source)?;
    }
    let histories = if options.quick { 0.02 } else { 1.0 } * comparison.histories;
    let analog = run(&problem, &options.settings, histories, options)?;
    let mut settings = options.settings;
    settings.photons = PhotonEstimator::Kerma;
    settings.seed = settings.seed.wrapping_add(1);
    let kerma = run(&problem, &settings, histories, options)?;
    let critical = critical_z(problem.cells.len());
    let mut verdict = if analog.balanced && kerma.balanced { Verdict::Pass } else { Verdict::Fail };
    let mut rows: Vec<(f64, usize, Vec<String>)> = Vec::new();
    for (i, (a, k)) in analog.values.iter().zip(&kerma.values).enumerate() {
        let sigma = a.1.hypot(k.1);
        if a.0 <= 0.0 || k.0 <= 0.0 || sigma <= 0.0 {
            continue;
        }
        let (percent, z) = (100.0 * (k.0 / a.0 - 1.0), (k.0 - a.0) / sigma);
        let judged = comparison.source_cell != Some(&problem.cells[i].label[..]);
        if judged && comparison.bar.is_some_and(|b| percent.abs() > b) {
            verdict = verdict.max(if z.abs() > critical {
                Verdict::Fail
            } else {
                Verdict::PassByStatistics
            });
        }
        let relative = |v: &(f64, f64)| format!("{:.4e} &plusmn; {:.2} %", v.0, 100.0 * v.1 / v.0);
        let row = vec![
            problem.cells[i].label.clone(),
            relative(a),
            relative(k),
            format!("{percent:+.2} %"),
            format!("{z:+.1}"),
        ];
        rows.push((z.abs(), i, row));
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.truncate(SHOWN);
    rows.sort_by_key(|r| r.1);
    Ok(Study {
        title: format!(
            "{}; {:.1e} and {:.1e} histories/s",
            comparison.title, analog.per_second, kerma.per_second
        ),
        head: vec!["cell (largest |z|)", "analog", "kerma", "kerma/analog - 1", "z"],
        rows: rows.into_iter().map(|r| r.2).collect(),
        verdict,
        plots: Vec::new(),
    })
}
