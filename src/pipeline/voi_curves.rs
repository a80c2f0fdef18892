//! What both routes tell of the VOIs: curves, integrals, doses; as JSON, as a table, as plots.

use serde_json::{Value, json};

use super::Observer;
use super::context::VoiFacts;
use super::over_time::{IntegratedMap, RegionCurve};
use super::series_file::SeriesInput;
use crate::error::Result;
use crate::kinetics::UncertaintyKind;
use crate::report::{BandPoint, PlotPoint, TacPlot};
use crate::units::SECONDS_PER_HOUR;

/// A VOI by one route.
pub struct VoiOverTime {
    /// Its curve, or why there is none.
    pub curve: std::result::Result<RegionCurve, String>,
    /// Mean dose from the voxels, Gy.
    pub dose: f64,
    /// Standard error of the transport, Gy.
    pub standard_error: f64,
    /// Dose from the VOI's own curve, Gy, and the standard error of the transport in it.
    pub by_curve: Option<(f64, f64)>,
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
           "dose_by_curve_gy": voi.by_curve.map(|d| d.0), "standard_error_by_curve_gy": voi.by_curve.map(|d| d.1)})
}

/// The recovery coefficient of a VOI, by its name or label.
pub fn recovery(input: &SeriesInput, voi: &VoiFacts) -> Option<f64> {
    let _ = (input, voi);
    None
}

/// `vois.csv`: one line per VOI.
pub fn table(
    vois: &[VoiFacts],
    input: &SeriesInput,
    activity: Option<&[VoiOverTime]>,
    dose_rate: Option<&[VoiOverTime]>,
) -> String {
    let mut text = String::from("label,name,mass_g,recovery");
    for (name, _) in [("activity_route", activity), ("dose_rate_route", dose_rate)]
        .into_iter()
        .filter(|r| r.1.is_some())
    {
        text.push_str(&format!(
            ",{name}_dose_gy,{name}_standard_error_gy,{name}_dose_by_curve_gy,{name}_model,{name}_share_before,{name}_share_after"
        ));
        text.push_str(&format!(",{name}_dose_over_recovery_gy"));
    }
    if activity.is_some() && dose_rate.is_some() {
        text.push_str(",dose_rate_over_activity_route");
    }
    text.push('\n');
    let number = |x: f64| if x.is_finite() { format!("{x:.6e}") } else { String::new() };
    for (n, voi) in vois.iter().enumerate() {
        let r = recovery(input, voi);
        let mut cells = vec![
            voi.label.to_string(),
            voi.name.replace(',', ";"),
            number(voi.mass_g),
            r.map_or(String::new(), number),
        ];
        for of in [activity, dose_rate].into_iter().flatten().map(|r| &r[n]) {
            let curve = of.curve.as_ref().ok();
            let of_curve = |f: &dyn Fn(&RegionCurve) -> String| curve.map_or(String::new(), f);
            cells.push(number(of.dose));
            cells.push(number(of.standard_error));
            cells.push(of.by_curve.map_or(String::new(), |d| number(d.0)));
            cells.push(of_curve(&|c| c.selection.fit().family().name().into()));
            cells.push(of_curve(&|c| number(c.tia.share_before_first)));
            cells.push(of_curve(&|c| number(c.tia.share_after_last)));
            cells.push(r.map_or(String::new(), |r| number(of.dose / r)));
        }
        if let (Some(a), Some(d)) = (activity, dose_rate) {
            cells.push(number(d[n].dose / a[n].dose));
        }
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
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
