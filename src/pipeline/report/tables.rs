//! What was measured beside the images: curves of tables, and doses from counts with their budgets held against sampling.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::numbers::{Cleaner, NONE, percent, shown, significant};
use super::read::{as_text, listed};
use crate::error::{Error, Result};
use crate::report::html::Page;
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

/// Most curves that are drawn; all are in the table.
const DRAWN: usize = 12;
/// A picture of a curve has some 100 kB.
const MOST_BYTES: u64 = 1 << 22;
/// Results in a folder of `voxgray fit`.
const RESULTS: &str = "fit.json";
/// What its results are a list of, and those of `voxgray uncertainty`.
const CURVES: &str = "curves";
const VOIS: &str = "vois";
/// The integral of an activity, and how a report has it.
const DECAYS: &str = "Bq s";

/// What `voxgray fit` wrote into a folder.
pub struct Fitted {
    results: Value,
    /// Picture and its size of each curve that was drawn.
    pictures: Vec<Option<(Vec<u8>, [u32; 2])>>,
}

impl Fitted {
    /// As `voxgray fit` wrote it.
    pub fn results(&self) -> &Value {
        &self.results
    }
}

/// The curves or VOIs of a file, whichever it has.
fn items(of: &Value) -> &[Value] {
    let list = [CURVES, VOIS].into_iter().find_map(|list| of[list].as_array());
    list.map_or(&[], Vec::as_slice)
}

/// Reads folders of `voxgray fit`.
///
/// # Errors
/// If one is none, or a picture of it is gone.
pub fn fits(folders: &[PathBuf]) -> Result<Vec<Fitted>> {
    let one = |folder: &PathBuf| {
        let results = listed(&folder.join(RESULTS), CURVES)?;
        let names = results[CURVES].as_array().into_iter().flatten().take(DRAWN);
        let pictures = names
            .map(|curve| curve["plot"].as_str().map(|name| picture(&folder.join(name))).transpose())
            .collect::<Result<_>>()?;
        Ok(Fitted { results, pictures })
    };
    folders.iter().map(one).collect()
}

/// Reads files of `voxgray uncertainty`.
///
/// # Errors
/// If one is none.
pub fn budgets(files: &[PathBuf]) -> Result<Vec<Value>> {
    files.iter().map(|path| listed(path, VOIS)).collect()
}

fn picture(path: &Path) -> Result<(Vec<u8>, [u32; 2])> {
    let bytes = crate::files::bytes(path, MOST_BYTES)?;
    // The first chunk of a PNG is its header, IHDR, which begins with width and height (ISO/IEC 15948, 11.2.2).
    let side = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    match (bytes.starts_with(b"\x89PNG"), side(16), side(20)) {
        (true, Some(width), Some(height)) => Ok((bytes, [width, height])),
        _ => Err(Error::input(
            format!("{} is no picture (PNG)", path.display()),
            "the report shows the curves that voxgray fit has drawn",
            "Run voxgray fit again.",
        )),
    }
}

/// Warnings as other analyses have them, each with the name of its curve or VOI.
pub fn warnings(found: &Value) -> Value {
    let of = |item: &Value| {
        let name = as_text(&item["name"]);
        let own = item["warnings"].as_array().or(item["integral"]["warnings"].as_array());
        let texts = own.into_iter().flatten().filter_map(Value::as_str);
        texts.map(|t| format!("{name}: {t}")).collect::<Vec<_>>()
    };
    let refused = |item: &Value| {
        let why = item["refused"].as_str()?;
        Some(format!("{}: {why}", as_text(&item["name"])))
    };
    let warnings: Vec<String> = items(found).iter().flat_map(of).collect();
    let refused: Vec<String> = items(found).iter().filter_map(refused).collect();
    json!({ "warnings": warnings, "refused": refused })
}

pub fn section(page: &mut Page, fits: &[Fitted], budgets: &[Value], clean: &Cleaner) {
    if !fits.is_empty() {
        page.section("tables", "Curves of tables");
        page.note("Measured beside the images; none of them changes a dose of this report.");
    }
    for fitted in fits {
        let rows: Vec<Vec<String>> =
            items(&fitted.results).iter().map(|c| curve(c, fitted, clean)).collect();
        page.table(
            &format!(
                "How each curve was integrated{}. u: relative standard uncertainty. Half-life: of the slowest phase, effective.",
                of_half_life(&fitted.results)
            ),
            &["curve", "model", "chi2 / degrees of freedom", "half-life / h", "integral", "u", "95 % interval", "before the first point", "after the last"],
            &rows,
        );
        page.plots();
        for (row, picture) in rows.iter().zip(&fitted.pictures) {
            if let Some((png, size)) = picture {
                let said = format!(
                    "{}: {}; {}, u {}, extrapolated {} before the first point and {} after the last.",
                    row[0], row[1], row[4], row[5], row[7], row[8]
                );
                page.picture(png, *size, &said, &said);
            }
        }
        page.end_strip();
        if rows.len() > DRAWN {
            page.note(&format!("{} more curves are in the table alone.", rows.len() - DRAWN));
        }
    }
    if !budgets.is_empty() {
        page.section("sampled", "From counts to dose, held against sampling");
        page.note(
            "Doses by voxgray uncertainty from counts, not those of the maps. Sampled: the whole chain with its fit, drawn again and again; where it does \
             not hold the propagated interval, the sampled one counts.",
        );
    }
    for found in budgets {
        let rows: Vec<Vec<String>> = items(found).iter().map(voi).collect();
        let samples = as_text(&found["samples"]);
        page.table(
            &format!("Doses, and the same from {samples} samples{}.", of_half_life(found)),
            &[
                "VOI",
                "dose / Gy",
                "u",
                "95 % interval / Gy",
                "dominated by",
                "sampled: mean / Gy",
                "u",
                "95 % interval / Gy",
                "propagation",
            ],
            &rows,
        );
    }
}

/// Physical half-life that the results rest on.
fn of_half_life(results: &Value) -> String {
    results["half_life_s"].as_f64().map_or(String::new(), |s| {
        format!(", with a physical half-life of {} h", significant(s / SECONDS_PER_HOUR, 5))
    })
}

fn interval(value: &Value, of: impl Fn(f64) -> f64) -> String {
    match (value[0].as_f64(), value[1].as_f64()) {
        (Some(low), Some(high)) => {
            format!("{} to {}", significant(of(low), 4), significant(of(high), 4))
        }
        _ => NONE.into(),
    }
}

fn curve(of: &Value, fitted: &Fitted, clean: &Cleaner) -> Vec<String> {
    let name = as_text(&of["name"]);
    if let Some(why) = of["refused"].as_str() {
        return vec![name, format!("refused: {}", clean.text(why))];
    }
    let unit = as_text(&fitted.results["integral_unit"]);
    let (factor, unit) = match unit == DECAYS {
        true => (1.0 / BQ_PER_MBQ / SECONDS_PER_HOUR, "MBq h".to_owned()),
        false => (1.0, unit),
    };
    let (integral, fit) = (&of["integral"], &of["fit"]);
    let number = |key: &str| integral[key].as_f64();
    let slowest = fit["exponentials"].as_array().into_iter().flatten();
    let slowest = slowest.filter_map(|e| e["effective_half_life_h"].as_f64()).reduce(f64::max);
    let chi2 = fit["chi2"].as_f64();
    let chi2 =
        chi2.map(|x| format!("{} / {}", significant(x, 2), as_text(&fit["degrees_of_freedom"])));
    let u = number("standard_uncertainty").zip(number("value")).map(|(u, v)| u / v);
    vec![
        name,
        as_text(&integral["method"]),
        chi2.unwrap_or(NONE.into()),
        shown(slowest, 4),
        number("value").map_or(NONE.into(), |v| format!("{} {unit}", significant(factor * v, 5))),
        percent(u),
        interval(&integral["interval_95"], |v| factor * v),
        percent(number("share_before_first")),
        percent(number("share_after_last")),
    ]
}

fn voi(of: &Value) -> Vec<String> {
    let sampled = &of["sampled"];
    let share = |u: Option<f64>, of: Option<f64>| percent(u.zip(of).map(|(u, v)| u / v));
    let (dose, mean) = (of["dose_gy"].as_f64(), sampled["mean_gy"].as_f64());
    let dominant = as_text(&of["dominant"]);
    vec![
        as_text(&of["name"]),
        shown(dose, 4),
        share(of["standard_uncertainty_gy"].as_f64(), dose),
        interval(&of["interval_95_gy"], |v| v),
        if dominant.is_empty() { NONE.into() } else { dominant },
        shown(mean, 4),
        share(sampled["standard_deviation_gy"].as_f64(), mean),
        interval(&sampled["interval_95_gy"], |v| v),
        match sampled["validates"].as_bool() {
            Some(true) => "holds".into(),
            _ => "does not hold: the sampled interval counts".into(),
        },
    ]
}
