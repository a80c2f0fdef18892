//! What both routes tell of the VOIs: curves, integrals, doses; for the summary, as a table, as plots.

use super::Observer;
use super::context::CurveFacts;
use super::over_time::{IntegratedMap, RegionCurve};
use super::recovery::RegionRecovery;
use super::voi_dose::MassChange;
use crate::error::Result;
use crate::kinetics::{Fit, Integrated};
use crate::report::setup::{
    BranchSums, DrawnCurve, IntegratedCurve, MapFacts, ParameterFacts, RefusalFacts,
    RegionCurveFacts, VoiRouteFacts, VoxelCounts, known,
};
use crate::report::voi_table::{Column, cell};
use crate::report::{BandPoint, PlotPoint, TacPlot};
use crate::uncertainty::VoiBudget;
use crate::units::SECONDS_PER_HOUR;

/// A VOI by one route.
pub struct VoiOverTime {
    /// Its curve, or why there is none.
    pub curve: RegionCurve,
    /// What is told of it.
    pub facts: CurveFacts,
    /// Mean dose, Gy: from the voxels or, where the mass changes, from the VOI's curve per mass.
    pub dose: f64,
    /// Standard error of the transport, Gy.
    pub standard_error: f64,
    /// Dose from the VOI's own curve, Gy, and the standard error of the transport in it.
    pub by_curve: Option<(f64, f64)>,
    /// The dose with its whole uncertainty.
    pub budget: VoiBudget,
    /// Masses, where they change.
    pub mass_change: Option<MassChange>,
}

/// Says the warnings of a region's curve, or why it was refused and what was assumed.
pub fn tell(curve: &RegionCurve, voi: Option<&str>, observer: &dyn Observer) {
    let name = voi.unwrap_or("outside of all VOIs");
    let key = voi.map_or("outside".into(), |v| format!("voi.{}", toml_key(v)));
    match curve {
        Err(why) => observer.warn(&format!("'{name}' has no curve: {why}")),
        Ok(c) => {
            if let Some(r) = &c.refusal {
                let interval = if c.tia.interval_95.0.is_finite() {
                    "an interval that holds what is possible"
                } else {
                    "no interval"
                };
                observer.warn(&format!(
                    "'{name}': the curve is refused: {}. Assumed: {}, with {interval}. Choose by [method.{key}]: trapezoid with the tail \
                     \"physical\", \"population\" or \"mono:N\"; haenscheid, madsen or physical from one time_point (docs/kinetics.md, section 11)",
                    r.error.trim_end_matches('.'), r.assumed
                ));
            }
            c.tia.warnings.iter().for_each(|w| observer.warn(&format!("'{name}': {w}")));
        }
    }
}

/// A key of a TOML file, quoted where it must be.
fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !name.is_empty() && name.chars().all(bare) { name.into() } else { format!("{name:?}") }
}

/// Least difference of the two doses of a VOI that is worth a word.
const SAME: f64 = 0.02;

/// Warns where the dose from a VOI's voxels and that from its own curve differ by more than the fit's uncertainty: voxels that do not follow
/// the curve of their VOI, as where activity moves inside of it.
pub fn warn_of_own_curve(
    name: &str,
    dose: f64,
    by_curve: Option<(f64, f64)>,
    curve: Option<&Integrated>,
    observer: &dyn Observer,
) {
    let (Some((own, _)), Some(curve)) = (by_curve, curve) else { return };
    let u = curve.tia.relative_uncertainty();
    let fit = (u * u - curve.points.common * curve.points.common).max(0.0).sqrt();
    let off = (dose / own).ln();
    if off.is_finite() && off.abs() > fit.max(SAME) {
        observer.warn(&format!(
            "'{name}': {dose:.4e} Gy from its voxels and {own:.4e} Gy from its own curve differ by {:.1} %, more than the fit's {:.1} %: its voxels do not all \
             follow its curve (activity that moves, scans that do not lie on each other). integrate = \"voi\" in the series file scales them to it",
            100.0 * (dose / own - 1.0),
            100.0 * fit
        ));
    }
}

/// Counts and shares of a voxel-wise integral.
pub fn map_facts(map: &IntegratedMap, unit: &str) -> MapFacts {
    let [fitted, shape_of_region, physical_decay, assumed_for_refused_curve] =
        map.by_branch.map(known);
    MapFacts {
        integral: known(map.by_branch.iter().sum()),
        integral_by_branch: BranchSums {
            assumed_for_refused_curve,
            fitted,
            physical_decay,
            shape_of_region,
        },
        negative_set_to_zero: known(map.dropped),
        share_after_last: known(map.extrapolated[1]),
        share_before_first: known(map.extrapolated[0]),
        unit: unit.into(),
        voxels: VoxelCounts {
            assumed_for_refused_curve: map.counts.assumed,
            fitted: map.counts.fitted,
            physical_decay: map.counts.physical,
            shape_of_region: map.counts.shape,
            zero: map.counts.zero,
        },
    }
}

/// A region's curve.
pub fn curve_facts(curve: &RegionCurve) -> RegionCurveFacts {
    match curve {
        Err(why) => RegionCurveFacts::Missing { none: why.clone() },
        Ok(c) => RegionCurveFacts::Integrated(Box::new(integrated_facts(c))),
    }
}

/// A curve with its fit; or why it was refused, and what was assumed.
pub fn integrated_facts(c: &Integrated) -> IntegratedCurve {
    let scale = c.scale_of_uncertainties();
    let refused = c.refusal.as_ref();
    IntegratedCurve {
        chi2: c.fit().map(|f| f.chi2),
        degrees_of_freedom: c.fit().map(|f| f.degrees_of_freedom),
        drawn: drawn(c),
        integral: (&c.tia).into(),
        model: c.name(),
        parameters: c.fit().map(parameters),
        pieces: c.pieces(),
        refused: refused
            .map(|r| RefusalFacts { assumed: r.assumed.clone(), reason: r.error.clone() }),
        standard_uncertainties: c.tac.uncertainties().iter().map(|u| known(scale * u)).collect(),
        times_s: c.tac.times_s().to_vec(),
        values: c.tac.values().to_vec(),
    }
}

fn parameters(fit: &Fit) -> Vec<ParameterFacts> {
    let parameters = fit.parameters.iter().map(|p| ParameterFacts {
        name: p.name.clone(),
        standard_uncertainty: known(p.standard_uncertainty),
        value: known(p.value),
    });
    parameters.collect()
}

/// Points of a curve that are kept.
const KEPT: usize = 120;

/// The curve with its standard uncertainty from the administration to half as long again as it was measured, for who draws it.
fn drawn(c: &Integrated) -> DrawnCurve {
    let end = 1.5 * c.tac.last_s();
    let times_s: Vec<f64> = (0..=KEPT).map(|s| end * s as f64 / KEPT as f64).collect();
    let (values, standard_uncertainties) =
        times_s.iter().map(|t| c.at(*t)).map(|(y, u)| (known(y), known(u))).unzip();
    DrawnCurve { standard_uncertainties, times_s, values }
}

/// A VOI by one route.
pub fn voi_facts(voi: &VoiOverTime) -> VoiRouteFacts {
    VoiRouteFacts {
        curve: curve_facts(&voi.curve),
        dose_by_curve_gy: voi.by_curve.and_then(|d| known(d.0)),
        interval_95_of_curve_gy: voi.facts.of_dose(voi.dose).interval_95.map(|i| i.map(known)),
        mass_change: voi.mass_change.as_ref().map(MassChange::facts),
        mean_dose_gy: known(voi.dose),
        model: voi.facts.name.clone(),
        refused: voi.facts.refused,
        standard_error_by_curve_gy: voi.by_curve.and_then(|d| known(d.1)),
        standard_error_gy: known(voi.standard_error),
        uncertainty: voi.budget.result(),
    }
}

/// What a table says of each route beside the dose.
pub fn columns(
    regions: &[RegionRecovery],
    activity: Option<&[VoiOverTime]>,
    dose_rate: Option<&[VoiOverTime]>,
) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut add = |name: String, cells: Vec<String>| columns.push(Column { name, cells });
    let seen = |r: &RegionRecovery| match r.seen.split_first() {
        None => String::new(),
        Some((first, more)) if more.iter().all(|s| s == first) => cell(*first),
        Some(_) => r.seen.iter().map(|s| cell(*s)).collect::<Vec<_>>().join(" "),
    };
    add("recovery".into(), regions.iter().skip(1).map(seen).collect());
    for (route, vois) in [("activity_route", activity), ("dose_rate_route", dose_rate)] {
        let Some(vois) = vois else { continue };
        let mut of = |name: &str, f: &dyn Fn(&VoiOverTime) -> String| {
            add(format!("{route}_{name}"), vois.iter().map(f).collect());
        };
        let limit = |v: &VoiOverTime, i: usize| {
            v.facts.of_dose(v.dose).interval_95.map_or(String::new(), |l| cell(l[i]))
        };
        let share = |v: &VoiOverTime, f: &dyn Fn(&Integrated) -> f64| {
            v.curve.as_ref().map_or(String::new(), |c| cell(f(c)))
        };
        of("dose_gy", &|v| cell(v.dose));
        of("standard_error_gy", &|v| cell(v.standard_error));
        of("curve", &|v| v.facts.name.clone());
        of("curve_low_95_gy", &|v| limit(v, 0));
        of("curve_high_95_gy", &|v| limit(v, 1));
        of("dose_by_curve_gy", &|v| v.by_curve.map_or(String::new(), |d| cell(d.0)));
        of("share_before", &|v| share(v, &|c| c.tia.share_before_first));
        of("share_after", &|v| share(v, &|c| c.tia.share_after_last));
        if vois.iter().any(|v| v.mass_change.is_some()) {
            let fixed = |m: &MassChange| cell(m.energy_over_mass_of_voi_gy);
            of("energy_over_mass_of_voi_gy", &|v| {
                v.mass_change.as_ref().map_or(String::new(), fixed)
            });
        }
    }
    if let (Some(a), Some(d)) = (activity, dose_rate) {
        let ratio = |(a, d): (&VoiOverTime, &VoiOverTime)| cell(d.dose / a.dose);
        add("dose_rate_over_activity_route".into(), a.iter().zip(d).map(ratio).collect());
    }
    columns
}

/// Points of a drawn curve.
const SAMPLES: usize = 300;

/// A plot of a VOI's curve as PNG.
///
/// # Errors
/// If it cannot be drawn.
pub fn plot(name: &str, curve: &Integrated, y_label: &str, integral_unit: &str) -> Result<Vec<u8>> {
    let tac = &curve.tac;
    let scale = curve.scale_of_uncertainties();
    let points: Vec<PlotPoint> = (0..tac.len())
        .map(|p| PlotPoint {
            x: tac.times_s()[p] / SECONDS_PER_HOUR,
            y: tac.values()[p],
            standard_error: scale * tac.uncertainties()[p],
        })
        .collect();
    let end = 1.5 * tac.last_s();
    let band = |s: usize| {
        let t = end * s as f64 / SAMPLES as f64;
        let (y, u) = curve.at(t);
        let u = 1.96 * u;
        BandPoint { x: t / SECONDS_PER_HOUR, y, band: ((y - u).max(0.0), y + u) }
    };
    let drawn: Vec<BandPoint> = (0..=SAMPLES).map(band).collect();
    let residuals: Vec<f64> =
        points
            .iter()
            .zip(tac.times_s())
            .map(|(p, t)| {
                if p.standard_error > 0.0 { (p.y - curve.at(*t).0) / p.standard_error } else { 0.0 }
            })
            .collect();
    let tia = &curve.tia;
    let percent =
        |x: f64| if x.is_finite() { format!("{:.1} %", 100.0 * x) } else { "unknown".into() };
    let subtitle = format!(
        "{:.4e} {integral_unit} ± {}, extrapolated {} before and {} after the points; {}",
        tia.value,
        percent(tia.relative_uncertainty()),
        percent(tia.share_before_first),
        percent(tia.share_after_last),
        curve.name()
    );
    TacPlot {
        title: name,
        subtitle: &subtitle,
        x_label: "time after injection / h",
        y_label,
        points: &points,
        curve: &drawn,
        residuals: &residuals,
        log_y: false,
    }
    .draw()?
    .to_png()
}
