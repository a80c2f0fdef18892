//! What both routes tell of the VOIs: curves, integrals, doses; as JSON, as a table, as plots.

use serde_json::{Value, json};

use super::Observer;
use super::over_time::{IntegratedMap, RegionCurve};
use super::recovery::RegionRecovery;
use super::voi_dose::MassChange;
use crate::error::Result;
use crate::kinetics::UncertaintyKind;
use crate::report::voi_table::{Column, cell};
use crate::report::{BandPoint, PlotPoint, TacPlot};
use crate::uncertainty::VoiBudget;
use crate::units::SECONDS_PER_HOUR;

/// A VOI by one route.
pub struct VoiOverTime {
    /// Its curve, or why there is none.
    pub curve: std::result::Result<RegionCurve, String>,
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

/// Curves that could be made, with their warnings said; the reason of the others.
pub fn told(
    curves: Vec<Result<RegionCurve>>,
    vois: &[String],
    observer: &dyn Observer,
) -> Vec<std::result::Result<RegionCurve, String>> {
    let tell = |(n, curve): (usize, Result<RegionCurve>)| {
        let name = vois.get(n).map_or("outside of all VOIs", String::as_str);
        match &curve {
            Ok(c) => {
                c.tia.warnings.iter().for_each(|w| observer.warn(&format!("'{name}': {w}")));
            }
            Err(e) => observer.warn(&format!("'{name}' has no curve: {e}")),
        }
        curve.map_err(|e| e.to_string())
    };
    curves.into_iter().enumerate().map(tell).collect()
}

/// Counts and shares of a voxel-wise integral.
pub fn map_json(map: &IntegratedMap, unit: &str) -> Value {
    json!({
        "voxels": {"fitted": map.counts.fitted, "shape_of_region": map.counts.shape,
                   "physical_decay": map.counts.physical, "zero": map.counts.zero},
        "integral_by_branch": {"fitted": map.by_branch[0], "shape_of_region": map.by_branch[1],
                               "physical_decay": map.by_branch[2]},
        "integral": map.by_branch.iter().sum::<f64>(),
        "unit": unit,
        "negative_set_to_zero": map.dropped,
        "share_before_first": map.extrapolated[0],
        "share_after_last": map.extrapolated[1],
    })
}

/// A curve with its fit.
pub fn curve_json(curve: &std::result::Result<RegionCurve, String>) -> Value {
    match curve {
        Err(why) => json!({ "refused": why }),
        Ok(c) => {
            let fit = c.selection.fit();
            let parameters: Vec<Value> = fit
                .parameters
                .iter()
                .map(|p| json!({"name": p.name, "value": p.value, "standard_uncertainty": p.standard_uncertainty}))
                .collect();
            json!({"times_s": c.tac.times_s(), "values": c.tac.values(), "model": fit.family().name(),
                   "parameters": parameters, "chi2": fit.chi2, "degrees_of_freedom": fit.degrees_of_freedom,
                   "integral": c.tia})
        }
    }
}

/// A VOI by one route.
pub fn voi_json(voi: &VoiOverTime) -> Value {
    json!({"curve": curve_json(&voi.curve), "mean_dose_gy": voi.dose, "standard_error_gy": voi.standard_error,
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
        let curve = |v: &VoiOverTime, f: &dyn Fn(&RegionCurve) -> String| {
            v.curve.as_ref().map_or(String::new(), f)
        };
        of("dose_gy", &|v| cell(v.dose));
        of("standard_error_gy", &|v| cell(v.standard_error));
        of("dose_by_curve_gy", &|v| v.by_curve.map_or(String::new(), |d| cell(d.0)));
        of("model", &|v| curve(v, &|c| c.selection.fit().family().name().into()));
        of("share_before", &|v| curve(v, &|c| cell(c.tia.share_before_first)));
        of("share_after", &|v| curve(v, &|c| cell(c.tia.share_after_last)));
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
pub fn plot(
    name: &str,
    curve: &RegionCurve,
    y_label: &str,
    integral_unit: &str,
) -> Result<Vec<u8>> {
    let (tac, fit) = (&curve.tac, curve.selection.fit());
    let scale = match tac.kind() {
        UncertaintyKind::Absolute => 1.0,
        UncertaintyKind::RelativeOnly => (fit.chi2 / fit.degrees_of_freedom.max(1) as f64).sqrt(),
    };
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
        let (y, u) = (fit.curve.value(t), 1.96 * fit.value_uncertainty(t));
        BandPoint { x: t / SECONDS_PER_HOUR, y, band: ((y - u).max(0.0), y + u) }
    };
    let drawn: Vec<BandPoint> = (0..=SAMPLES).map(band).collect();
    let residuals: Vec<f64> = points
        .iter()
        .zip(tac.times_s())
        .map(|(p, t)| {
            if p.standard_error > 0.0 {
                (p.y - fit.curve.value(*t)) / p.standard_error
            } else {
                0.0
            }
        })
        .collect();
    let tia = &curve.tia;
    let subtitle = format!(
        "{:.4e} {integral_unit} ± {:.1} %, extrapolated {:.1} % before and {:.1} % after the points; {}",
        tia.value,
        100.0 * tia.relative_uncertainty(),
        100.0 * tia.share_before_first,
        100.0 * tia.share_after_last,
        fit.family().name()
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
