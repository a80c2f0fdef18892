//! A slice of the difference through most of the dose.

use super::super::super::Observer;
use super::super::super::compare_methods::{USUAL_THRESHOLD, difference_file};
use super::super::super::finished::on_grid;
use super::super::ReportJob;
use super::super::numbers::significant;
use super::super::read::{Run, as_text};
use super::super::slices::{Scene, picture, round_up};
use super::Comparison;
use crate::error::Result;
use crate::image::Volume;
use crate::report::DifferenceSlice;
use crate::report::html::Page;

/// The scale ends at the difference that this part of the voxels shown stays below, of the candidate with the largest.
const TOP_QUANTILE: f64 = 0.98;

pub fn draw(
    page: &mut Page,
    job: &ReportJob,
    of: &Comparison,
    run: &Run,
    observer: &dyn Observer,
) -> Result<()> {
    if job.slices == 0 {
        return Ok(());
    }
    let scene = Scene::read(job, run, of.run, observer)?;
    let from = USUAL_THRESHOLD * of.found["reference"]["largest"].as_f64().unwrap_or(0.0);
    let shown: Vec<usize> =
        (0..scene.dose.data.len()).filter(|v| f64::from(scene.dose.data[*v]) >= from).collect();
    let mut all = Vec::new();
    for candidate in of.candidates() {
        let name = as_text(&candidate["name"]);
        let path = of.folder.join(difference_file(&name));
        let values = on_grid(&path, &scene.dose, job.affine, observer)?;
        all.push((name, Volume::new(scene.dose.grid.clone(), values)?));
    }
    let limit = all.iter().map(|(_, d)| quantile(d, &shown)).fold(0.0, f64::max);
    let Some(z) = middle(&scene.dose, &shown).filter(|_| limit > 0.0) else { return Ok(()) };
    let limit = round_up(limit);
    page.strip("Differences of each method from the dose above, in the axial slice of most dose");
    for (name, difference) in &all {
        let slice = DifferenceSlice {
            ct: scene.ct.as_ref(),
            difference,
            reference: &scene.dose,
            from,
            outlines: &scene.outlines,
            limit,
            label: &format!("difference / {}", scene.unit),
        };
        let (least, most) = extremes(difference, &shown);
        let words = format!(
            "{name} less the dose above in the axial slice at z = {z:.1} mm; in all of the voxels from 10 % of the largest dose on it is {} to {} {}",
            significant(least, 2),
            significant(most, 2),
            scene.unit
        );
        let canvas = slice.axial(z)?;
        picture(page, &canvas, &words, &format!("{name}, z = {z:.1} mm: lighter is more"))?;
    }
    page.end_strip();
    page.note(
        "Drawn where the dose is at least 10 % of the largest; a black line where half of the scale is passed above the dose, a white one below it.",
    );
    Ok(())
}

fn quantile(difference: &Volume<f32>, shown: &[usize]) -> f64 {
    let size = |v: &usize| f64::from(difference.data[*v]).abs();
    let mut sizes: Vec<f64> = shown.iter().map(size).filter(|d| d.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    let at = (TOP_QUANTILE * sizes.len() as f64) as usize;
    sizes.get(at.min(sizes.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn extremes(difference: &Volume<f32>, shown: &[usize]) -> (f64, f64) {
    let values = shown.iter().map(|v| f64::from(difference.data[*v])).filter(|d| d.is_finite());
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), d| (a.min(d), b.max(d)))
}

/// The slice with most of the dose that is shown, mm along z.
fn middle(dose: &Volume<f32>, shown: &[usize]) -> Option<f64> {
    let grid = &dose.grid;
    let mut sums = vec![0.0; grid.dims[2]];
    for v in shown {
        sums[grid.unlinear(*v)[2]] += f64::from(dose.data[*v]);
    }
    let best = (0..sums.len()).max_by(|a, b| sums[*a].total_cmp(&sums[*b]))?;
    let half = |n: usize| 0.5 * (n - 1) as f64;
    Some(grid.to_mm([half(grid.dims[0]), half(grid.dims[1]), best as f64])[2])
}
