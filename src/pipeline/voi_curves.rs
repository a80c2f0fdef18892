//! What both routes tell of the VOIs: curves, integrals, doses; as JSON, as a table, as plots.

use serde_json::{Value, json};

use super::Observer;
use super::context::CurveFacts;
use super::over_time::{IntegratedMap, RegionCurve};
use super::recovery::RegionRecovery;
use super::voi_dose::MassChange;
use crate::error::Result;
use crate::kinetics::fit::Parameter;
use crate::kinetics::{Fit, Integrated};
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
pub fn map_json(map: &IntegratedMap, unit: &str) -> Value {
    json!({
        "voxels": {"fitted": map.counts.fitted, "shape_of_region": map.counts.shape,
                   "physical_decay": map.counts.physical, "zero": map.counts.zero,
                   "assumed_for_refused_curve": map.counts.assumed},
        "integral_by_branch": {"fitted": map.by_branch[0], "shape_of_region": map.by_branch[1],
                               "physical_decay": map.by_branch[2],
                               "assumed_for_refused_curve": map.by_branch[3]},
        "integral": map.by_branch.iter().sum::<f64>(),
        "unit": unit,
        "negative_set_to_zero": map.dropped,
        "share_before_first": map.extrapolated[0],
        "share_after_last": map.extrapolated[1],
    })
}

/// A region's curve.
pub fn curve_json(curve: &RegionCurve) -> Value {
    match curve {
        Err(why) => json!({ "none": why }),
        Ok(c) => integrated_json(c),
    }
}

/// A curve with its fit; or why it was refused, and what was assumed.
pub fn integrated_json(c: &Integrated) -> Value {
    let of_fit = |f: &Fit| -> Vec<Value> {
        let one = |p: &Parameter| json!({"name": p.name, "value": p.value, "standard_uncertainty": p.standard_uncertainty});
        f.parameters.iter().map(one).collect()
    };
    let scale = c.scale_of_uncertainties();
    let uncertainties: Vec<f64> = c.tac.uncertainties().iter().map(|u| scale * u).collect();
    json!({"times_s": c.tac.times_s(), "values": c.tac.values(), "standard_uncertainties": uncertainties, "drawn": drawn(c), "model": c.name(),
           "refused": c.refusal.as_ref().map(|r| json!({"reason": r.error, "assumed": r.assumed})),
           "parameters": c.fit().map(of_fit), "chi2": c.fit().map(|f| f.chi2),
           "degrees_of_freedom": c.fit().map(|f| f.degrees_of_freedom), "integral": c.tia, "pieces": c.pieces()})
}

/// Points of a curve that are kept.
const KEPT: usize = 120;

/// The curve with its standard uncertainty from the administration to half as long again as it was measured, for who draws it.
fn drawn(c: &Integrated) -> Value {
    let end = 1.5 * c.tac.last_s();
    let times: Vec<f64> = (0..=KEPT).map(|s| end * s as f64 / KEPT as f64).collect();
    let (values, uncertainties): (Vec<f64>, Vec<f64>) = times.iter().map(|t| c.at(*t)).unzip();
    json!({"times_s": times, "values": values, "standard_uncertainties": uncertainties})
}

/// A VOI by one route.
pub fn voi_json(voi: &VoiOverTime) -> Value {
    let interval = voi.facts.of_dose(voi.dose).interval_95;
    json!({"curve": curve_json(&voi.curve), "model": voi.facts.name, "refused": voi.facts.refused,
           "mean_dose_gy": voi.dose, "interval_95_of_curve_gy": interval, "standard_error_gy": voi.standard_error,
           "dose_by_curve_gy": voi.by_curve.map(|d| d.0), "standard_error_by_curve_gy": voi.by_curve.map(|d| d.1),
           "uncertainty": voi.budget.result(), "mass_change": voi.mass_change})
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
