//! Slices and projections of a run.

use super::super::Observer;
use super::super::finished::{MapOptions, VoiPlace, read_all_regions, read_map};
use super::super::inputs::read_ct;
use super::ReportJob;
use super::numbers::stated;
use super::read::Run;
use crate::analysis::samples::shares_on;
use crate::error::Result;
use crate::image::Volume;
use crate::report::html::Page;
use crate::report::{Canvas, Outline, Slices};

/// Isodoses, as parts of the scale.
const LEVELS: [f64; 4] = [0.1, 0.25, 0.5, 0.75];
/// Ends of scales, times a power of ten.
const ROUND: [f64; 10] = [1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0];
/// The scale ends at the dose that this part of the dosed voxels stays below.
const TOP_QUANTILE: f64 = 0.999;

pub fn section(
    page: &mut Page,
    job: &ReportJob,
    runs: &[Run],
    observer: &dyn Observer,
) -> Result<()> {
    if job.slices == 0 {
        return Ok(());
    }
    page.section("slices", "Slices and projections");
    for (n, run) in runs.iter().enumerate() {
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        one(page, job, run, n, observer)?;
    }
    Ok(())
}

/// What slices of a run are drawn from.
pub struct Scene {
    /// HU.
    pub ct: Option<Volume<f32>>,
    /// The dose without air.
    pub dose: Volume<f32>,
    /// Its relative standard error.
    pub relative_error: Option<Volume<f32>>,
    /// VOIs on its grid.
    pub outlines: Vec<Outline>,
    /// Its unit.
    pub unit: String,
}

impl Scene {
    /// Reads that of the `n`-th run.
    ///
    /// # Errors
    /// If an image cannot be read.
    pub fn read(job: &ReportJob, run: &Run, n: usize, observer: &dyn Observer) -> Result<Self> {
        let options = MapOptions { affine: job.affine, ..MapOptions::default() };
        let map = read_map(&run.folder, &options, observer)?;
        let ct = match job.ct.get(n).and_then(Option::as_ref) {
            Some(path) => Some(read_ct(
                path,
                job.ct_series.get(n).and_then(Option::as_deref),
                job.affine,
                observer,
                &mut Vec::new(),
            )?),
            None => None,
        };
        // Air has next to no mass: its doses are large, uncertain and of nobody.
        let mut dose = map.map.clone();
        if let Ok(mask) = map.beside("low_density_mask", observer) {
            dose.data.iter_mut().zip(mask).filter(|(_, m)| *m > 0.0).for_each(|(d, _)| *d = 0.0);
        }
        let relative_error = match &map.standard_errors {
            Some(errors) => {
                let relative = errors.iter().zip(&dose.data).map(|(e, d)| e / d).collect();
                Some(Volume::new(dose.grid.clone(), relative)?)
            }
            None => None,
        };
        let mut outlines = Vec::new();
        // Frames were compared when the run read them.
        let place = VoiPlace { affine: job.affine, ..VoiPlace::default() };
        for set in read_all_regions(&job.voi, &place, observer)? {
            // A label of which the map has no voxel has no outline.
            for region in set.regions.iter().filter(|r| r.iter().next().is_some()) {
                let mut shares = vec![0.0_f32; dose.grid.len()];
                for (voxel, share) in shares_on(&set, region, &dose.grid)? {
                    shares[voxel] = share as f32;
                }
                let shares = Volume::new(dose.grid.clone(), shares)?;
                outlines.push(Outline { name: region.name.clone(), shares });
            }
        }
        Ok(Scene { ct, dose, relative_error, outlines, unit: map.unit })
    }
}

fn one(
    page: &mut Page,
    job: &ReportJob,
    run: &Run,
    n: usize,
    observer: &dyn Observer,
) -> Result<()> {
    let Scene { ct, dose, relative_error, outlines, unit } = Scene::read(job, run, n, observer)?;
    let top = top(&dose.data);
    let levels = LEVELS.map(|l| l * top);
    let label = format!("{} / {}", run.quantity(), unit);
    let slices = Slices {
        ct: ct.as_ref(),
        dose: &dose,
        relative_error: relative_error.as_ref(),
        outlines: &outlines,
        levels: &levels,
        top,
        label: &label,
    };
    let positions = slices.positions(job.slices);
    if positions.is_empty() {
        page.paragraph("There is no dose to draw.");
        return Ok(());
    }
    let shown: Vec<String> = levels.iter().map(|l| stated(*l, 3)).collect();
    page.note(&format!(
        "Left: CT, dose, isodoses at {} {}. Right: relative standard error of the transport (grey: not known). Voxels of air are left out.",
        shown.join(", "),
        unit
    ));
    let names: Vec<String> =
        outlines.iter().enumerate().map(|(i, o)| format!("{} {}", i + 1, o.name)).collect();
    if !names.is_empty() {
        page.note(&format!("Outlines: {}.", names.join(", ")));
    }
    page.strip("Axial slices from feet to head");
    for z in &positions {
        let words = format!(
            "Axial slice at z = {z:.1} mm: dose over CT with outlines of VOIs, and its relative standard error"
        );
        picture(page, &slices.axial(*z)?, &words, &format!("z = {z:.1} mm"))?;
    }
    page.end_strip();
    page.strip("Projections of the largest dose");
    for (axis, from) in [(1, "the front"), (0, "the left")] {
        let words = format!("Largest dose along each line, seen from {from}");
        picture(page, &slices.projection(axis)?, &words, &words)?;
    }
    page.end_strip();
    Ok(())
}

/// A picture with its words.
pub fn picture(page: &mut Page, canvas: &Canvas, words: &str, caption: &str) -> Result<()> {
    page.picture(
        &canvas.to_png()?,
        [canvas.width(), canvas.height()],
        words,
        &caption.replace('-', "\u{2212}"),
    );
    Ok(())
}

fn top(dose: &[f32]) -> f64 {
    let mut doses: Vec<f32> = dose.iter().copied().filter(|d| *d > 0.0).collect();
    doses.sort_by(f32::total_cmp);
    let at = (TOP_QUANTILE * doses.len() as f64) as usize;
    doses.get(at.min(doses.len().saturating_sub(1))).map_or(0.0, |d| round_up(f64::from(*d)))
}

/// The end of a scale that holds a value.
pub fn round_up(found: f64) -> f64 {
    let power = 10f64.powf(found.log10().floor());
    let round = ROUND.into_iter().find(|r| r * power >= found * 0.999);
    round.unwrap_or(10.0) * power
}
