//! What `voxgray fit` prints and writes: a line per curve, fit.json, plots.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::fit_arguments::FitArguments;
use super::fit_reading::partly;
use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;
use crate::kinetics::table::CurveFile;
use crate::kinetics::{Fit, Integrated};
use crate::physics::NuclideData;
use crate::physics::own_nuclides::OwnNuclides;
use crate::report::file_names::file_stems;
use crate::report::{CurveResults, curve_plot};

const HOUR: f64 = 3600.0;
/// Name of the results in the output folder.
const RESULTS: &str = "fit.json";

/// Names of the columns of the table.
pub(super) const HEADER: [&str; 13] = [
    "curve",
    "model",
    "integral",
    "unit",
    "uncertainty_%",
    "low_95",
    "high_95",
    "before_first_%",
    "after_last_%",
    "T_eff_h",
    "chi2",
    "degrees_of_freedom",
    "R2",
];

/// The line of a curve in the table, tab-separated; a tab or line break in a name is a space.
pub(super) fn summary_line(name: &str, i: &Integrated, unit: &str) -> String {
    let tia = &i.tia;
    let percent = |x: f64| if x.is_finite() { format!("{:.2}", 100.0 * x) } else { "-".into() };
    let number = |x: f64| if x.is_finite() { format!("{x:.6e}") } else { "-".into() };
    let of_fit = |f: &dyn Fn(&Fit) -> String| i.fit().map_or("-".to_string(), f);
    let model = i.name();
    let cells = [
        name.replace(char::is_control, " "),
        model,
        number(tia.value),
        unit.to_string(),
        percent(tia.relative_uncertainty()),
        number(tia.interval_95.0),
        number(tia.interval_95.1),
        percent(tia.share_before_first),
        percent(tia.share_after_last),
        of_fit(&|f| format!("{:.3}", f.curve.effective_half_life_s() / HOUR)),
        of_fit(&|f| format!("{:.3}", f.chi2)),
        of_fit(&|f| f.degrees_of_freedom.to_string()),
        of_fit(&|f| format!("{:.4}", f.r2)),
    ];
    cells.join("\t") + "\n"
}

/// The line of a curve that was refused: no number.
pub(super) fn refused_line(name: &str, unit: &str) -> String {
    let name = name.replace(char::is_control, " ");
    let mut cells = vec!["-"; HEADER.len()];
    (cells[0], cells[1], cells[3]) = (&name, "refused", unit);
    cells.join("\t") + "\n"
}

/// Writes fit.json and the plots; returns their paths.
///
/// # Errors
/// If the folder holds other files, or drawing or writing fails.
pub(super) fn write(
    out: &Path,
    a: &FitArguments,
    file: &CurveFile,
    half_life_s: f64,
    results: &[(String, Result<Integrated>)],
) -> Result<Vec<PathBuf>> {
    // Everything is made before anything is written.
    let mut pictures = Vec::new();
    let mut curves = Vec::new();
    let stems = file_stems(&results.iter().map(|r| r.0.as_str()).collect::<Vec<_>>());
    for (n, (name, result)) in results.iter().enumerate() {
        match result {
            Ok(i) => {
                let picture = format!("{}.png", stems[n]);
                pictures.push((picture.clone(), curve_plot(name, i, file, a.log)?));
                curves.push(json!(CurveResults::of(name, i, &picture)));
            }
            Err(error) => curves.push(json!({ "name": name, "refused": error.to_string() })),
        }
    }
    let decay_corrected = file.decay_corrected.map(|c| match c {
        true if partly(file) => "by row",
        true => "injection",
        false => "no",
    });
    let all = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "format": 1,
        // Its folder may be named after a patient.
        "source": a.curves.file_name().map(|n| n.to_string_lossy()),
        "nuclide": a.nuclide,
        "nuclide_data": a.nuclide.as_ref().map(|_| NuclideData::chosen().name()),
        "own_nuclides": OwnNuclides::all_told(),
        "half_life_s": half_life_s,
        "quantity": file.quantity,
        "unit": file.unit,
        "integral_unit": file.integral_unit,
        "common_relative_uncertainty": a.calibration.and_then(|c| c.relative_uncertainty).unwrap_or(a.common_uncertainty),
        "decay_corrected": decay_corrected,
        "notes": file.notes,
        "curves": curves,
    });
    let text = serde_json::to_vec_pretty(&all)
        .map_err(|e| Error::run("the results cannot be written", e.to_string(), "Report this."))?;
    let mut names: Vec<String> = pictures.iter().map(|p| p.0.clone()).collect();
    names.push(RESULTS.into());
    let folder = MarkedFolder::open(out, a.overwrite, &names)?;
    let mut paths = Vec::new();
    for (name, png) in pictures {
        let path = out.join(name);
        write_atomically(&path, |w| w.write_all(&png))?;
        paths.push(path);
    }
    let path = out.join(RESULTS);
    write_atomically(&path, |w| w.write_all(&text))?;
    paths.push(path);
    folder.finish()?;
    Ok(paths)
}
