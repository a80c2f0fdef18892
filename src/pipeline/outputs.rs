//! Writing the output folder: whole or not at all.

use std::path::Path;

use super::Written;
use super::context::Context;
use super::fine;
use super::folder::OutputFolder;
use super::hits::{self, VoiHits};
use super::{score, water};
use crate::dose::largest_dose;
use crate::error::Result;
use crate::image::{Grid, Volume};
use crate::io::atomic::{write_atomically, write_json};
use crate::io::{Element, write_nifti};
use crate::program::Program;
use crate::report::summary::{DoseResult, LedgerResult, RunResult, Summary, Timing, VoiResult};
use crate::report::voi_table::{Column, voi_table};
use crate::sheet::{Separator, lines};
use crate::transport::tally::{Origin, Tally, Told};
use crate::uncertainty::{Part, UncertaintyPart, VoiBudget};

/// What a route has found beyond the tally: its VOIs in place of the tally's own, columns of their table, and files that the folder holds
/// already.
#[derive(Debug, Default)]
pub struct Found {
    /// Doses with their whole uncertainty; none takes the tally's own.
    pub vois: Option<Vec<VoiResult>>,
    /// More columns of `vois.csv`.
    pub columns: Vec<Column>,
    /// Files.
    pub files: Vec<String>,
    /// What the parts of voxels have, where some are scored finer.
    pub parts: Option<Tally>,
}

/// Maps that a run starts from.
pub struct Matter<'a> {
    /// g/cm3.
    pub density: &'a [f32],
    /// Number of the material.
    pub material: &'a [u8],
    /// Part of the VOIs that each voxel is in; may be empty.
    pub labels: &'a [u16],
}

/// Writes maps, the table of VOIs and the summary, and gives the folder its name.
///
/// # Errors
/// If writing fails; then nothing is left.
pub fn write(
    folder: OutputFolder,
    context: &Context,
    matter: &Matter,
    tally: &Tally,
    partial: bool,
    timing: Timing,
    found: Found,
) -> Result<Written> {
    let &Matter { density, material, labels } = matter;
    let Found { vois, mut columns, files, parts } = found;
    let vois = vois.unwrap_or_else(|| voi_results(context, tally, labels));
    let mut maps = Maps { folder: folder.path(), context, partial, files };
    let scale = context.scale(density);
    let name = context.kind.name();
    let shells = score::dose_of_shells(context, tally);
    // Shells have no voxels, and no maps.
    if shells.is_none() {
        maps.write(name, scale.map(tally))?;
        let mut errors = scale.standard_error_map(tally);
        if context.is_of_kernels() {
            // Where a kernel puts nothing there is nothing: no history could have come there.
            errors
                .iter_mut()
                .enumerate()
                .filter(|(v, _)| tally.told(*v) == Told::Unhit)
                .for_each(|(_, e)| *e = 0.0);
        }
        maps.write(&format!("{name}_standard_error"), errors)?;
        for (origin, part) in
            [(Origin::Electron, "electron"), (Origin::Photon, "photon"), (Origin::Alpha, "alpha")]
        {
            if tally.of_origin(origin).is_some() {
                maps.write(&format!("{name}_{part}"), scale.map_of(tally, origin))?;
            }
        }
        if let Some(map) = water::map(context, tally, matter) {
            maps.write(&format!("{name}_to_water"), map)?;
        }
        fine::write(&mut maps, matter, parts.as_ref())?;
        columns.extend(water::column(context, tally, matter, &vois));
        maps.write("density", density.to_vec())?;
        maps.write("material", material.to_vec())?;
        let low = |d: &f32| u8::from(f64::from(*d) < context.low_density);
        maps.write("low_density_mask", density.iter().map(low).collect())?;
        maps.write_couch_mask()?;
    }
    maps.write_material_names()?;
    let mut files = maps.files;
    files.extend(score::write(folder.path(), context, tally, partial)?);
    files.extend(write_vois(folder.path(), &vois, context.kind.unit(), &columns, partial)?);
    files.push("summary.json".into());

    let dose = shells.unwrap_or_else(|| dose_result(context, density, tally));
    let parts = (vois.clone(), files.clone(), timing);
    let summary = summary(context, tally, partial, Some(dose), parts);
    write_json(&folder.path().join("summary.json"), &summary)?;
    let folder = folder.keep(!partial)?;
    let refused = context.vois.iter().filter(|v| v.curve.as_ref().is_some_and(|c| c.refused));
    let refused = refused.map(|v| v.name.clone()).collect();
    let summary = Some(summary);
    Ok(Written { folder, files, summary, interrupted: partial, refused, vois })
}

/// What `summary.json` holds of a run: VOIs, files and timing are the last.
pub fn summary(
    context: &Context,
    tally: &Tally,
    partial: bool,
    dose: Option<DoseResult>,
    (vois, files, timing): (Vec<VoiResult>, Vec<String>, Timing),
) -> Summary {
    Summary {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        build: Program::this(),
        format: 1,
        partial,
        warnings: context.warnings.clone(),
        setup: context.setup.clone(),
        run: RunResult {
            histories: tally.histories(),
            batches: tally.batches(),
            interval_95_factor: (tally.batches() > 1)
                .then(|| crate::stats::student_97_5((tally.batches() - 1) as f64)),
            histories_per_batch: tally.histories_per_batch,
            partial,
        },
        dose,
        vois,
        ledger: LedgerResult::from(tally),
        files,
        timing,
    }
}

/// `vois.csv`, where there are VOIs; of a run that was interrupted `vois_partial.csv`, as its maps are named.
pub fn write_vois(
    folder: &Path,
    vois: &[VoiResult],
    unit: &str,
    columns: &[Column],
    partial: bool,
) -> Result<Option<String>> {
    if vois.is_empty() {
        return Ok(None);
    }
    let name = if partial { "vois_partial.csv" } else { "vois.csv" };
    let text = voi_table(vois, unit, columns);
    write_atomically(&folder.join(name), |w| w.write_all(text.as_bytes()))?;
    Ok(Some(name.into()))
}

/// Writes maps one after the other, so that one at a time is in memory.
pub(super) struct Maps<'a> {
    pub folder: &'a Path,
    pub context: &'a Context,
    pub partial: bool,
    pub files: Vec<String>,
}

impl Maps<'_> {
    pub fn write<T: Element>(&mut self, stem: &str, data: Vec<T>) -> Result<()> {
        self.write_on(&self.context.grid.grid(), stem, data)
    }

    /// On a grid of its own.
    pub fn write_on<T: Element>(&mut self, grid: &Grid, stem: &str, data: Vec<T>) -> Result<()> {
        let suffix = if self.partial { "_partial" } else { "" };
        let name = format!("{stem}{suffix}.nii.gz");
        let volume = Volume::new(grid.clone(), data)?;
        write_nifti(&self.folder.join(&name), &volume)?;
        self.files.push(name);
        Ok(())
    }

    /// Where the couch was, if it was taken out.
    pub fn write_couch_mask(&mut self) -> Result<()> {
        if self.context.emptied.is_empty() {
            return Ok(());
        }
        let mut mask = vec![0_u8; self.context.grid.grid().len()];
        self.context.emptied.iter().for_each(|&v| mask[v as usize] = 1);
        self.write("couch_mask", mask)
    }

    pub fn write_material_names(&mut self) -> Result<()> {
        let header = ["label".to_string(), "name".to_string()];
        let rows =
            self.context.materials.iter().enumerate().map(|(n, m)| [n.to_string(), m.clone()]);
        let text = lines(std::iter::once(header).chain(rows), Separator::Comma);
        let name = "materials.csv";
        write_atomically(&self.folder.join(name), |w| w.write_all(text.as_bytes()))?;
        self.files.push(name.into());
        Ok(())
    }
}

fn dose_result(context: &Context, density: &[f32], tally: &Tally) -> DoseResult {
    let scale = context.scale(density);
    let (mut low_max, mut low_voxels, mut mass) = (0.0_f64, 0, 0.0);
    for (v, &d) in density.iter().enumerate() {
        let dose = scale.dose(tally, v);
        mass += f64::from(d);
        if f64::from(d) < context.low_density {
            low_voxels += 1;
            low_max = low_max.max(dose);
        }
    }
    let largest = largest_dose(tally, &scale, context.low_density);
    let known = |value: f64| value.is_finite().then_some(value);
    let mass_g = mass * scale.voxel_volume_mm3 * crate::units::CM3_PER_MM3;
    let [electron, photon, alpha] = tally.imparted_mev();
    let imparted = electron + photon + alpha;
    let [unhit_voxels, few_hit_voxels] = scale.untold(tally);
    DoseResult {
        quantity: context.kind.name().into(),
        unit: context.kind.unit(),
        imparted_mev_per_decay: imparted,
        electron_mev_per_decay: electron,
        photon_mev_per_decay: photon,
        alpha_mev_per_decay: alpha,
        mean_dose: imparted * scale.factor_of_mass(mass_g),
        max_dose: largest.dose,
        max_dose_standard_error: known(largest.standard_error),
        unhit_voxels,
        few_hit_voxels,
        max_dose_bias_at_most: known(largest.bias_at_most),
        high_dose: context.high.dose(tally, &scale, 1),
        low_density_limit_g_cm3: context.low_density,
        low_density_voxels: low_voxels,
        low_density_max_dose: low_max,
    }
}

/// A VOI with a dose of a known budget; `volume` is that of a dose voxel, cm3.
pub fn voi_result(
    voi: &super::context::VoiFacts,
    volume: f64,
    budget: &VoiBudget,
    standard_error: f64,
    hits: &VoiHits,
) -> VoiResult {
    let known = |value: f64| (voi.voxels > 0 && value.is_finite()).then_some(value);
    let mut uncertainty = budget.result();
    if let Some(limit) = hits.upper_limit_95 {
        uncertainty.interval_95 = [Some(0.0), Some(limit)];
    }
    VoiResult {
        label: voi.label,
        name: voi.name.clone(),
        voxels: voi.voxels,
        volume_cm3: voi.voxels as f64 * volume,
        mass_g: voi.mass_g,
        activity: voi.activity,
        mean_dose: known(budget.dose),
        standard_error: known(standard_error),
        hit_voxels: hits.voxels,
        hit_batches: hits.batches,
        upper_limit_95: hits.upper_limit_95,
        uncertainty,
        curve: voi.curve.as_ref().map(|c| c.of_dose(budget.dose)),
    }
}

/// A VOI's result without the interval, where its energies are those of kernels: what the method neglects is in no uncertainty.
pub fn as_known(of_kernels: bool, mut result: VoiResult) -> VoiResult {
    if of_kernels {
        result.uncertainty.interval_95 = [None, None];
    }
    result
}

fn voi_results(context: &Context, tally: &Tally, labels: &[u16]) -> Vec<VoiResult> {
    let hits = hits::of_vois(context, tally, labels);
    let volume = context.grid.grid().voxel_volume_mm3() * crate::units::CM3_PER_MM3;
    let scale = context.scale(&[]);
    let result = |(n, voi): (usize, &super::context::VoiFacts)| {
        let (mean, error) = tally.region_mev(&context.parts.of_voi(n));
        let factor = scale.factor_of_mass(voi.mass_g);
        let transport = UncertaintyPart::of_batches(error / mean, tally.batches());
        let scale = context.calibration_relative.unwrap_or(0.0);
        let calibration = UncertaintyPart::normal(Part::Calibration, scale);
        let budget = VoiBudget::new(mean * factor, [transport, calibration]);
        let result = voi_result(voi, volume, &budget, error * factor, &hits[n]);
        as_known(context.is_of_kernels(), result)
    };
    context.vois.iter().enumerate().map(result).collect()
}
