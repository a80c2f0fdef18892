//! What `voxgray plan` computes and prints.

use std::path::Path;

use serde_json::{Value, json};

use super::analysis_input::Table;
use super::console;
use super::plan::{
    ConstantArguments, ImageArguments, LimitArguments, MarrowArguments, MonoArguments,
    PartitionArguments, PrintArguments, ResinArguments,
};
use super::progress::Terminal;
use crate::analysis::limits::{Given, Remaining, to_bed_limit, to_dose_limit};
use crate::analysis::marrow::{MarrowModel, Uptake, marrow_dose, marrow_to_blood};
use crate::analysis::sirt::{
    DoseConstant, Partition, Ratio, Shunt, Tumour, body_surface_m2, mono_activity_gbq,
    mono_dose_gy, resin_activity_gbq,
};
use crate::analysis::sirt_image::{self, WORTH_A_WORD};
use crate::analysis::{Course, DoseRate, Tissue};
use crate::error::{Error, Result};
use crate::image::Volume;
use crate::io::folder::MarkedFolder;
use crate::io::{NiftiAffine, write_nifti};
use crate::pipeline::Observer;
use crate::pipeline::finished::{FinishedMap, MapOptions, VoiPlace, read_all_regions, read_map};
use crate::pipeline::heard::Heard;
use crate::pipeline::other_map::density_on_grid;
use crate::pipeline::proportional::read_proportional;
use crate::stats::NORMAL_97_5;
use crate::units::BQ_PER_GBQ;

fn print(table: &Table, how: &PrintArguments, told: Value) -> Result<()> {
    table.print(how.csv, how.json, NORMAL_97_5, told)
}

/// The constant, and says which it is.
fn constant(a: &ConstantArguments) -> Result<DoseConstant> {
    let k = match (&a.nuclide, a.constant) {
        (Some(name), None) => DoseConstant::of(name),
        (_, Some(k)) => DoseConstant::stated(k),
        (None, None) => {
            Err(Error::usage("no nuclide", "its energy is needed", "Add --nuclide or --constant."))
        }
    }?;
    console::say(&k.in_words());
    Ok(k)
}

fn told(k: &DoseConstant) -> Value {
    json!({"gy_kg_per_gbq": k.gy_kg_per_gbq, "constant_of": k.name, "electron_mev_per_decay": k.electron_mev, "half_life_h": k.half_life_h})
}

pub(super) fn mono(a: &MonoArguments) -> Result<()> {
    let k = constant(&a.constant)?;
    let activity = match (a.dose, a.activity) {
        (Some(dose), _) => mono_activity_gbq(dose, a.mass, a.lung_shunt, &k)?,
        (None, activity) => activity.unwrap_or_default() / BQ_PER_GBQ,
    };
    let mut table = Table::default();
    table.plain("all", "k", "Gy kg/GBq", k.gy_kg_per_gbq);
    table.plain("all", "activity", "GBq", activity);
    table.plain(
        "compartment",
        "mean_dose",
        "Gy",
        mono_dose_gy(activity, a.mass, a.lung_shunt, &k)?,
    );
    if let Some(lungs) = a.lungs {
        table.plain("lungs", "mean_dose", "Gy", k.gy_kg_per_gbq * activity * a.lung_shunt / lungs);
    }
    print(&table, &a.print, told(&k))
}

pub(super) fn partition(a: &PartitionArguments) -> Result<()> {
    let k = constant(&a.constant)?;
    let ratios: Vec<Ratio> = match a.activity_ratio[..] {
        [] => a.concentration_ratio.iter().map(|r| Ratio::Concentration(*r)).collect(),
        ref of => of.iter().map(|r| Ratio::Activity(*r)).collect(),
    };
    if ratios.len() != a.tumour.len() {
        return Err(Error::usage(
            format!("{} ratios for {} tumours", ratios.len(), a.tumour.len()),
            "each --tumour has one, in their order",
            "Give as many.",
        ));
    }
    let alone = a.tumour.len() == 1;
    let name = |n: usize, name: &Option<String>| match name {
        Some(name) => name.clone(),
        None if alone => "tumour".into(),
        None => format!("tumour {}", n + 1),
    };
    let tumours = a.tumour.iter().zip(ratios).enumerate();
    let tumours =
        tumours.map(|(n, ((t, g), ratio))| Tumour { name: name(n, t), mass_kg: g / 1000.0, ratio });
    let shunt = match a.tumour_lung_shunt {
        Some(l) => Shunt::Tumour(l),
        None => Shunt::Liver(a.liver_lung_shunt.unwrap_or_default()),
    };
    let model =
        Partition { normal_kg: a.normal, tumours: tumours.collect(), lungs_kg: a.lungs, shunt };
    let all = model.doses(&k)?;
    let activity = match a.activity {
        Some(bq) => bq / BQ_PER_GBQ,
        None => least(
            a.dose
                .iter()
                .map(|(name, dose)| Ok((name.as_str(), model.activity_gbq(name, *dose, &k)?))),
        )?,
    };
    let mut table = Table::default();
    table.plain("all", "k", "Gy kg/GBq", k.gy_kg_per_gbq);
    table.plain("all", "activity", "GBq", activity);
    for c in &all {
        table.plain(&c.name, "mass", "kg", c.mass_kg);
        table.plain(&c.name, "part_of_activity", "%", 100.0 * c.part);
        table.plain(&c.name, "mean_dose", "Gy", c.gy_per_gbq * activity);
    }
    print(&table, &a.print, told(&k))
}

/// The least activity, and says whose it is where there are several.
fn least<'a>(all: impl Iterator<Item = Result<(&'a str, f64)>>) -> Result<f64> {
    let all: Vec<(&str, f64)> = all.collect::<Result<_>>()?;
    let found = all.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((name, activity)) = found else {
        return Err(Error::usage("no dose", "it gives the activity", "Add --dose or --activity."));
    };
    if all.len() > 1 {
        console::say(&format!("the activity is that of '{name}', the least of {}", all.len()));
    }
    Ok(activity)
}

pub(super) fn resin(a: &ResinArguments) -> Result<()> {
    let surface = body_surface_m2(a.height, a.weight)?;
    let activity = resin_activity_gbq(surface, a.tumour_volume, a.liver_volume)?;
    let mut table = Table::default();
    table.plain("all", "body_surface", "m2", surface);
    table.plain("all", "activity", "GBq", activity);
    print(&table, &a.print, json!({}))
}

pub(super) fn image(a: &ImageArguments) -> Result<()> {
    let terminal = Terminal::new(false);
    let k = constant(&a.constant)?;
    let affine = NiftiAffine::default();
    let read = read_proportional(&a.image, affine, &terminal)?;
    let place = VoiPlace {
        frame_of_reference: read.frame_of_reference.as_deref(),
        any_frame: a.any_frame,
        affine,
    };
    let sets = read_all_regions(&a.voi.clone().some()?, &place, &terminal)?;
    let image = read.volume;
    let density = match (&a.density, a.tissue_density) {
        (Some(path), _) => density_on_grid(path, &image, affine, &terminal)?,
        (None, rho) => vec![rho.unwrap_or_default(); image.data.len()],
    };
    let found = sirt_image::plan(&image, &density, &sets, &a.liver, a.lungs.as_deref(), &k)?;
    if found.elsewhere > WORTH_A_WORD {
        console::say(&format!(
            "warning: {:.1} % of what the image shows lie outside of '{}'{}: it is taken as no part of the activity",
            100.0 * found.elsewhere,
            a.liver,
            a.lungs.as_ref().map_or(String::new(), |l| format!(" and '{l}'"))
        ));
    }
    if found.negative > 0.0 {
        console::say(&format!(
            "negative voxels: {:.3} % of the positive ones; they are summed as they are",
            100.0 * found.negative
        ));
    }
    let activity = match a.activity {
        Some(bq) => bq / BQ_PER_GBQ,
        None => least(a.dose.iter().map(|(name, dose)| {
            let region =
                found.regions.iter().find(|r| r.name == *name).filter(|r| r.gy_per_gbq > 0.0);
            let region = region.ok_or_else(|| {
                let names =
                    found.regions.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ");
                Error::usage(
                    format!("a dose to '{name}'"),
                    format!("there are {names}"),
                    "Name one that holds activity.",
                )
            })?;
            Ok((name.as_str(), dose / region.gy_per_gbq))
        }))?,
    };
    let mut table = Table::default();
    table.plain("all", "k", "Gy kg/GBq", k.gy_kg_per_gbq);
    table.plain("all", "activity", "GBq", activity);
    table.plain("all", "lungs_over_lungs_and_liver", "%", 100.0 * found.shunt);
    for r in &found.regions {
        table.plain(&r.name, "volume", "mL", r.volume_ml);
        table.plain(&r.name, "mass", "kg", r.mass_kg);
        table.plain(&r.name, "part_of_activity", "%", 100.0 * r.part);
        table.plain(&r.name, "mean_dose", "Gy", r.gy_per_gbq * activity);
    }
    if let Some(out) = &a.out {
        let names = ["dose.nii.gz".to_string()];
        let folder = MarkedFolder::open(out, a.overwrite, &names)?;
        let dose = found.gy_per_gbq.map(|d| (f64::from(*d) * activity) as f32);
        write_dose(&out.join(&names[0]), &dose)?;
        folder.finish()?;
        console::say(&format!("wrote {} (Gy, local deposition)", out.join(&names[0]).display()));
    }
    print(&table, &a.print, told(&k))
}

fn write_dose(path: &Path, dose: &Volume<f32>) -> Result<()> {
    write_nifti(path, dose)
}

/// Doses, activities and dose rates of the cycles of folders.
fn cycles(a: &LimitArguments, observer: &dyn Observer) -> Result<Vec<(Given, Option<DoseRate>)>> {
    if !a.administered.is_empty() && a.administered.len() != a.cycle.len() {
        return Err(Error::usage(
            format!("{} --administered for {} --cycle", a.administered.len(), a.cycle.len()),
            "each has one, in their order",
            "Give as many, or none.",
        ));
    }
    let of = a.of.as_deref().unwrap_or_default();
    let one = |(n, path): (usize, &std::path::PathBuf)| {
        let map: FinishedMap = read_map(path, &MapOptions::default(), observer)?;
        let voi = map.voi(of, u32::MAX);
        let dose = voi.and_then(|v| v["mean_dose"].as_f64()).filter(|_| map.is_dose());
        let Some(dose_gy) = dose else {
            return Err(Error::usage(
                format!("{}: no dose of '{of}' in Gy", path.display()),
                "its summary has none",
                "Name a VOI of the run; its dose must be integrated over time.",
            ));
        };
        let activity_gbq = a.administered.get(n).copied().flatten().map(|bq| bq / BQ_PER_GBQ);
        let rate = map.curve(of, u32::MAX).map(|c| DoseRate::new(c.pieces)).transpose()?;
        Ok((Given { dose_gy, activity_gbq }, rate))
    };
    a.cycle.iter().enumerate().map(one).collect()
}

pub(super) fn limit(a: &LimitArguments) -> Result<()> {
    let terminal = Terminal::new(false);
    let heard = Heard::new(&terminal);
    let typed = a.given.iter().map(|(dose_gy, bq)| {
        (Given { dose_gy: *dose_gy, activity_gbq: bq.map(|b| b / BQ_PER_GBQ) }, None)
    });
    let all: Vec<(Given, Option<DoseRate>)> = typed.chain(cycles(a, &heard)?).collect();
    let given: Vec<Given> = all.iter().map(|g| g.0).collect();
    let rates: Vec<f64> = given.iter().filter_map(Given::gy_per_gbq).collect();
    let mean = (!rates.is_empty() && rates.len() == given.len()).then(|| {
        given.iter().map(|g| g.dose_gy).sum::<f64>()
            / given.iter().filter_map(|g| g.activity_gbq).sum::<f64>()
    });
    let per_activity = a.per_activity.or(mean);
    let (quantity, left): (&str, Remaining) = if a.bed {
        let (Some(alpha_beta), Some(repair), Some(half_life), Some(interval)) =
            (a.alpha_beta, &a.repair, a.half_life, a.interval)
        else {
            return Err(Error::usage(
                "--bed",
                "its parameters are missing",
                "Add --alpha-beta, --repair, --half-life and --interval.",
            ));
        };
        let tissue = Tissue::new(alpha_beta, repair.clone())?;
        let assumed = DoseRate::mono(half_life)?;
        let course = |n: usize| {
            let rate =
                |c: usize| all.get(c).and_then(|g| g.1.clone()).unwrap_or_else(|| assumed.clone());
            let cycles: Vec<_> = (0..n).map(|c| (rate(c), c as f64 * interval)).collect();
            Course::new(&cycles, &tissue)
        };
        ("BED", to_bed_limit(&given, a.limit, a.next, per_activity, course)?)
    } else {
        ("dose", to_dose_limit(&given, a.limit, a.next, per_activity)?)
    };
    if left.spent_gy > a.limit {
        heard.warn(&format!(
            "the {quantity} that was given, {:.4} Gy, is above the limit of {} Gy: nothing is left",
            left.spent_gy, a.limit
        ));
    }
    let mut table = Table::default();
    for (n, g) in given.iter().enumerate() {
        let name = format!("cycle {}", n + 1);
        table.plain(&name, "dose", "Gy", g.dose_gy);
        if let Some(per) = g.gy_per_gbq() {
            table.plain(&name, "dose_per_activity", "Gy/GBq", per);
        }
    }
    table.plain("all", "given_dose", "Gy", given.iter().map(|g| g.dose_gy).sum());
    if a.bed {
        table.plain("all", "given_BED", "Gy", left.spent_gy);
    }
    table.plain("all", format!("limit_of_{quantity}"), "Gy", a.limit);
    table.plain("next", "dose_to_the_limit", "Gy", left.dose_gy);
    if let Some(gbq) = left.activity_gbq {
        table.plain("next", "activity_to_the_limit", "GBq", gbq);
    }
    if let Some(n) = left.cycles {
        table.plain("next", "cycles_that_fit", "1", f64::from(n));
    }
    print(&table, &a.print, json!({"voi": a.of, "warnings": heard.warnings()}))
}

pub(super) fn marrow(a: &MarrowArguments) -> Result<()> {
    let mut table = Table::default();
    let uptake = match (a.blood, a.hematocrit, a.region, a.region_part) {
        (Some(per_ml), Some(hematocrit), ..) => {
            let ratio = marrow_to_blood(hematocrit)?;
            table.plain("marrow", "marrow_to_blood_ratio", "1", ratio);
            Uptake::Blood { per_ml, ratio }
        }
        (_, _, Some(region), Some(part)) => Uptake::Image { region, part },
        _ => {
            return Err(Error::usage(
                "no uptake",
                "marrow's activity is needed",
                "Add --blood and --hematocrit, or --region and --region-part.",
            ));
        }
    };
    let model = MarrowModel {
        self_s_gy_per_bq_s: a.self_s,
        phantom_g: 1000.0 * a.phantom_marrow,
        patient_g: 1000.0 * a.marrow,
        rest: a.rest.zip(a.rest_s),
    };
    let found = marrow_dose(uptake, &model)?;
    table.plain("marrow", "time_integrated_activity", "Bq s", found.tia_bq_s);
    table.plain("marrow", "dose_from_itself", "Gy", found.self_gy);
    table.plain("marrow", "dose_from_the_rest", "Gy", found.rest_gy);
    table.plain("marrow", "dose", "Gy", found.self_gy + found.rest_gy);
    print(&table, &a.print, json!({}))
}
