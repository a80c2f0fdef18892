//! What both routes tell of the VOIs: curves, integrals, doses; as JSON, as a table, as plots.

use serde_json::{Value, json};

use super::Observer;
use super::context::{CurveFacts, VoiFacts};
use super::over_time::{IntegratedMap, RegionCurve};
use super::series_file::SeriesInput;
use crate::error::Result;
use crate::kinetics::fit::Parameter;
use crate::kinetics::{Fit, Integrated};
use crate::report::{BandPoint, PlotPoint, TacPlot};
use crate::sheet::{Separator, lines};
use crate::units::SECONDS_PER_HOUR;

/// A VOI by one route.
pub struct VoiOverTime {
    /// Its curve, or why there is none.
    pub curve: RegionCurve,
    /// What is told of it.
    pub facts: CurveFacts,
    /// Mean dose from the voxels, Gy.
    pub dose: f64,
    /// Standard error of the transport, Gy.
    pub standard_error: f64,
    /// Dose from the VOI's own curve, Gy, and the standard error of the transport in it.
    pub by_curve: Option<(f64, f64)>,
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
    json!({"times_s": c.tac.times_s(), "values": c.tac.values(), "model": c.name(),
           "refused": c.refusal.as_ref().map(|r| json!({"reason": r.error, "assumed": r.assumed})),
           "parameters": c.fit().map(of_fit), "chi2": c.fit().map(|f| f.chi2),
           "degrees_of_freedom": c.fit().map(|f| f.degrees_of_freedom), "integral": c.tia})
}

/// A VOI by one route.
pub fn voi_json(voi: &VoiOverTime) -> Value {
    let interval = voi.facts.of_dose(voi.dose).interval_95;
    json!({"curve": curve_json(&voi.curve), "model": voi.facts.name, "refused": voi.facts.refused,
           "mean_dose_gy": voi.dose, "interval_95_of_curve_gy": interval, "standard_error_gy": voi.standard_error,
           "dose_by_curve_gy": voi.by_curve.map(|d| d.0), "standard_error_by_curve_gy": voi.by_curve.map(|d| d.1)})
}

/// The recovery coefficient of a VOI, by its name or label.
pub fn recovery(input: &SeriesInput, voi: &VoiFacts) -> Option<f64> {
    input.recovery.get(&voi.name).or_else(|| input.recovery.get(&voi.label.to_string())).copied()
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
            ",{name}_dose_gy,{name}_standard_error_gy,{name}_curve,{name}_curve_low_95_gy,{name}_curve_high_95_gy,{name}_dose_by_curve_gy"
        ));
        text.push_str(&format!(",{name}_share_before,{name}_share_after"));
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
            voi.name.clone(),
            number(voi.mass_g),
            r.map_or(String::new(), number),
        ];
        for of in [activity, dose_rate].into_iter().flatten().map(|r| &r[n]) {
            let curve = of.curve.as_ref().ok();
            let of_curve = |f: &dyn Fn(&Integrated) -> String| curve.map_or(String::new(), f);
            cells.push(number(of.dose));
            cells.push(number(of.standard_error));
            let limits = of.facts.of_dose(of.dose).interval_95;
            cells.push(of.facts.name.replace(',', ";"));
            cells.extend((0..2).map(|i| limits.map_or(String::new(), |l| number(l[i]))));
            cells.push(of.by_curve.map_or(String::new(), |d| number(d.0)));
            cells.push(of_curve(&|c| number(c.tia.share_before_first)));
            cells.push(of_curve(&|c| number(c.tia.share_after_last)));
            cells.push(r.map_or(String::new(), |r| number(of.dose / r)));
        }
        if let (Some(a), Some(d)) = (activity, dose_rate) {
            cells.push(number(d[n].dose / a[n].dose));
        }
        text.push_str(&lines([cells], Separator::Comma));
    }
    text
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
