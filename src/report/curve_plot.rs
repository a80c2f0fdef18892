//! The picture of an integrated time-activity curve: its points, the curve with its 95 % band, residuals.

use super::{BandPoint, PlotPoint, TacPlot};
use crate::error::Result;
use crate::kinetics::Integrated;
use crate::kinetics::table::CurveFile;
use crate::stats::NORMAL_97_5;
use crate::units::SECONDS_PER_HOUR;

/// Points of a drawn curve.
const SAMPLES: usize = 400;

/// The PNG of a curve of a file.
///
/// # Errors
/// If it cannot be drawn.
pub fn curve_plot(name: &str, i: &Integrated, file: &CurveFile, log_y: bool) -> Result<Vec<u8>> {
    let tac = &i.tac;
    let scale = i.scale_of_uncertainties();
    let points: Vec<PlotPoint> = (0..tac.len())
        .map(|p| PlotPoint {
            x: tac.times_s()[p] / SECONDS_PER_HOUR,
            y: tac.values()[p],
            standard_error: scale * tac.uncertainties()[p],
        })
        .collect();
    // A half more than the measured time shows the tail; at least an hour, should all be at once.
    let end = (1.5 * tac.last_s()).max(SECONDS_PER_HOUR);
    let curve: Vec<BandPoint> = (0..=SAMPLES)
        .map(|s| {
            let t = end * s as f64 / SAMPLES as f64;
            let (y, u) = i.at(t);
            BandPoint {
                x: t / SECONDS_PER_HOUR,
                y,
                band: ((y - NORMAL_97_5 * u).max(0.0), y + NORMAL_97_5 * u),
            }
        })
        .collect();
    let residual = |p: &PlotPoint| {
        let u = if p.standard_error > 0.0 { p.standard_error } else { f64::INFINITY };
        (p.y - i.at(p.x * SECONDS_PER_HOUR).0) / u
    };
    let residuals: Vec<f64> = points.iter().map(residual).collect();
    let tia = &i.tia;
    let subtitle = format!(
        "{:.4e} {}{}, extrapolated {:.1} % before and {:.1} % after the points; {}",
        tia.value,
        file.integral_unit,
        if tia.relative_uncertainty().is_finite() {
            format!(" ± {:.1} %", 100.0 * tia.relative_uncertainty())
        } else {
            ", uncertainty not known".into()
        },
        100.0 * tia.share_before_first,
        100.0 * tia.share_after_last,
        i.name()
    );
    let unit = if file.unit.contains('/') { format!("({})", file.unit) } else { file.unit.into() };
    let plot = TacPlot {
        title: name,
        subtitle: &subtitle,
        x_label: "time after injection / h",
        y_label: &format!("{} / {unit}", file.quantity.replace('_', " ")),
        points: &points,
        curve: &curve,
        residuals: &residuals,
        log_y,
    };
    plot.draw()?.to_png()
}
