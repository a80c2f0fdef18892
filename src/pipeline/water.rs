//! Dose to water beside dose to the voxels' own matter ([`crate::dose::to_water`]): a map, a column of the table of VOIs, and the factors.

use super::Observer;
use super::context::Context;
use super::outputs::Matter;
use crate::dose::to_water::WaterRatio;
use crate::error::Result;
use crate::phantom::Phantom;
use crate::physics::Material;
use crate::report::setup::{WaterFactors, WaterFacts};
use crate::report::summary::VoiResult;
use crate::report::voi_table::{Column, cell, dose_names};
use crate::source::DecaySpectrum;
use crate::transport::tally::{ORIGINS, Origin, Tally};

/// The factors of each material of a phantom.
///
/// # Errors
/// If an element has no data.
pub(super) fn ratios(
    phantom: &Phantom,
    source: &DecaySpectrum,
    observer: &dyn Observer,
) -> Result<Vec<WaterRatio>> {
    let ratios: Result<Vec<_>> =
        phantom.materials.iter().map(|m| WaterRatio::new(m, source)).collect();
    let ratios = ratios?;
    let electrons = ratios.iter().map(|r| r.of_origin[Origin::Electron as usize]);
    let [low, high] =
        electrons.fold([f64::INFINITY, 0.0], |[l, h], r| [f64::min(l, r), f64::max(h, r)]);
    observer.say(&format!(
        "dose to water is {low:.3} to {high:.3} of dose to the voxel's matter (setup.dose_to_water in summary.json)"
    ));
    Ok(ratios)
}

/// For the summary.
pub(super) fn facts(
    phantom: &Phantom,
    ratios: &[WaterRatio],
    emitted: [bool; ORIGINS],
) -> WaterFacts {
    let one = |(material, r): (&Material, &WaterRatio)| {
        // Of what the source does not emit there is no factor.
        let [electrons, photons, alphas] =
            std::array::from_fn(|o| emitted[o].then_some(r.of_origin[o]));
        WaterFactors {
            alphas,
            electrons,
            electrons_of_any_spectrum_between: r.span,
            material: material.name.clone(),
            photons,
        }
    };
    WaterFacts {
        factors: phantom.materials.iter().zip(ratios).map(one).collect(),
        neglects: "electrons from other matter or from far away, delta rays, scattered photons"
            .into(),
    }
}

/// Energy per history that a voxel's mass would take if it were water, MeV.
fn mev(context: &Context, tally: &Tally, material: u8, voxel: usize) -> f64 {
    let factors = &context.to_water[usize::from(material)];
    let of = |o: Origin| tally.mean_mev_of(o, voxel) * factors[o as usize];
    Origin::ALL.into_iter().map(of).sum()
}

/// The map; none where it was not asked for.
pub(super) fn map(context: &Context, tally: &Tally, matter: &Matter) -> Option<Vec<f32>> {
    let scale = context.scale(matter.density);
    let dose = |(v, m): (usize, &u8)| (mev(context, tally, *m, v) * scale.factor(v)) as f32;
    (!context.to_water.is_empty()).then(|| matter.material.iter().enumerate().map(dose).collect())
}

/// The column of the table of VOIs: a VOI's dose times the mean factor of the energy in it.
pub(super) fn column(
    context: &Context,
    tally: &Tally,
    matter: &Matter,
    vois: &[VoiResult],
) -> Option<Column> {
    if context.to_water.is_empty() || vois.is_empty() {
        return None;
    }
    let regions = context.parts.count() + 1;
    let (mut water, mut own) = (vec![0.0; regions], vec![0.0; regions]);
    for (v, part) in matter.labels.iter().enumerate().filter(|(_, part)| **part > 0) {
        water[usize::from(*part)] += mev(context, tally, matter.material[v], v);
        own[usize::from(*part)] += tally.mean_mev(v);
    }
    let cells = vois.iter().enumerate().map(|(n, voi)| {
        let parts = context.parts.of_voi(n);
        let sum = |of: &[f64]| parts.iter().map(|p| of[*p]).sum::<f64>();
        voi.mean_dose.map_or(String::new(), |dose| cell(dose * sum(&water) / sum(&own)))
    });
    let (dose, suffix) = dose_names(context.kind.unit());
    let name = format!("{dose}_to_water_{suffix}");
    Some(Column { name, cells: cells.collect() })
}
