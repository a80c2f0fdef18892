//! A text on the methods that can be pasted into a paper: what was done, with the numbers of these runs.

use serde_json::Value;

use super::comparison::{self, Comparison};
use super::numbers::{percent, stated};
use super::read::{Run, as_text};
use crate::report::html::Page;
use crate::units::SECONDS_PER_HOUR;

pub fn section(page: &mut Page, runs: &[Run], compared: &[Comparison], bed: &[Value]) {
    page.section("methods", "Methods");
    page.note("To be adapted: what the files do not say (camera, reconstruction, corrections, how VOIs were drawn) is not here.");
    let Some(run) = runs.first() else { return };
    let compared = comparison::in_words(compared);
    for text in
        [images(run), kinetics(run), transport(run), uncertainty(run), compared, biology(bed)]
    {
        if !text.is_empty() {
            page.paragraph(&text);
        }
    }
}

fn images(run: &Run) -> String {
    let hours: Vec<String> = run.hours().iter().map(|h| stated(*h, 3)).collect();
    let label = run.text("/setup/source/label");
    let mut text = match hours.len() {
        0 => format!("The activity of {label} was taken from one image."),
        1 => format!(
            "The activity of {label} was taken from one image at {} h after the administration.",
            hours[0]
        ),
        _ => format!(
            "The activity of {label} was measured at {} h after the administration.",
            hours.join(", ")
        ),
    };
    let placed: Vec<&Value> = run.list("/setup/time_points/placement").iter().collect();
    let by = |name: &str| placed.iter().filter(|p| as_text(&p["by"]).starts_with(name)).count();
    if by("registered") > 0 {
        text += &format!(
            " {} of {} images were registered rigidly to the reference CT by mutual information of their CTs or correlation of their activities.",
            by("registered"),
            placed.len()
        );
    }
    text + " Images were brought to the dose grid with their activity conserved."
}

fn kinetics(run: &Run) -> String {
    let curves = run.curves();
    if curves.is_empty() {
        return match run.number("/setup/decays_per_bq") {
            Some(_) => "Activity was taken to decay in place with the nuclide's half-life.".into(),
            None => String::new(),
        };
    }
    let models: Vec<String> = {
        let mut all: Vec<String> =
            curves.iter().map(|c| as_text(&c.curve["model"])).filter(|m| !m.is_empty()).collect();
        all.sort();
        all.dedup();
        all
    };
    let voxels = run.at("/setup/time_points/time_integrated_activity/voxels");
    let count = |key: &str| voxels[key].as_u64().unwrap_or(0);
    format!(
        "Time-activity curves of the VOIs were fitted by weighted least squares; unless a method was stated, the model was \
         chosen among families of exponentials by their deviance with stated priors and likelihood-ratio tests at 5 %, and intervals are model-averaged profile likelihoods (Fletcher and \
         Turek 2012, doi 10.1007/s13253-011-0064-8). Models used: {}. Voxels were fitted by themselves where their VOI falls by one exponential ({} voxels) and otherwise take the \
         curve of their VOI scaled to them ({} voxels).",
        models.join(", "),
        count("fitted"),
        count("shape_of_region"),
    )
}

fn transport(run: &Run) -> String {
    let method = run.at("/setup/method");
    let name = as_text(&method["name"]);
    if method["neglects"].is_string() {
        return format!(
            "Absorbed dose was computed by the method {name} of voxgray {} in place of full Monte Carlo transport: {}. What that does to the dose is in no uncertainty.",
            run.text("/version"),
            as_text(&method["neglects"])
        );
    }
    let spacing = run.list("/setup/dose_grid/spacing_mm");
    let spacing: Vec<String> =
        spacing.iter().filter_map(Value::as_f64).map(|s| stated(s, 3)).collect();
    let curve = run.text("/setup/hu/curve");
    let curve = if curve.is_empty() {
        "density and material maps".into()
    } else {
        format!("the CT by the curve of {curve}")
    };
    let settings = run.at("/setup/settings");
    let cutoff = |key: &str| {
        settings[key].as_f64().map_or(String::new(), |mev| format!("{} keV", stated(1e3 * mev, 3)))
    };
    format!(
        "Absorbed dose was computed by Monte Carlo transport of photons, electrons, positrons and alpha particles with voxgray {} on voxels of {} mm. Density and \
         composition came from {curve}; decay data from {}. {} decays were simulated in {} batches (seed {}), photons followed to {} and electrons to {}. \
         Energy was balanced to {}.",
        run.text("/version"),
        spacing.join(" x "),
        run.text("/setup/source/nuclide_data"),
        run.text("/run/histories"),
        run.text("/run/batches"),
        run.text("/setup/seed"),
        cutoff("photon_cutoff_mev"),
        cutoff("electron_cutoff_mev"),
        run.number("/ledger/imbalance")
            .map_or("an unknown part".into(), |x| format!("{:.0e}", x.abs())),
    )
}

fn uncertainty(run: &Run) -> String {
    if run.list("/vois").is_empty() {
        return String::new();
    }
    let high = run.number("/dose/high_dose/relative_uncertainty");
    format!(
        "The standard uncertainty of a VOI's dose combines those of transport, fit, recovery, calibration and volume as far as they are stated \
         (EANM practical guidance on uncertainty analysis, Gear et al. 2018, doi 10.1007/s00259-018-4136-7). The relative standard error of voxels of high dose is {} (root mean square).",
        percent(high)
    )
}

fn biology(bed: &[Value]) -> String {
    let Some(first) = bed.first() else { return String::new() };
    let tissues = first["tissues"].as_array().into_iter().flatten();
    let one = |t: &Value| {
        let repair = t["repair_half_times_s_and_weights"][0][0].as_f64();
        format!(
            "{}: alpha/beta {} Gy, half-time of repair {} h",
            as_text(&t["voi"]),
            t["alpha_beta_gy"].as_f64().map_or(String::new(), |x| stated(x, 3)),
            repair.map_or(String::new(), |s| stated(s / SECONDS_PER_HOUR, 3)),
        )
    };
    format!(
        "Biologically effective doses follow the linear-quadratic model with the dose rate over all of the time (Dale 1996, Phys Med Biol 41, 1871), with stated parameters ({}).",
        tissues.map(one).collect::<Vec<_>>().join("; ")
    )
}
