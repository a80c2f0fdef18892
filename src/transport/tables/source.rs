//! The source in flat form: emission groups with alias tables and spectra, and the cumulative activity of the voxels.

use super::neighbours::{align, windows};
use crate::error::{Error, Result};
use crate::source::{DecaySpectrum, Emission, EmissionGroup};
use crate::transport::layout::{ALPHA, ELECTRON, PHOTON, POSITRON};
use crate::transport::plan::{SOURCE_SPECTRUM_INTERVALS, SourceEntry, SourceGroup};

/// Flat emission tables; spectra are appended to `tables`.
pub fn build_groups(
    decay: &DecaySpectrum,
    tables: &mut Vec<f32>,
) -> Result<(Vec<SourceGroup>, Vec<SourceEntry>)> {
    let kinds = [
        (PHOTON, &decay.photons),
        (ELECTRON, &decay.electrons),
        (POSITRON, &decay.positrons),
        (ALPHA, &decay.alphas),
    ];
    let mut groups = Vec::new();
    let mut entries = Vec::new();
    for (kind, group) in kinds {
        if group.entries.is_empty() || group.yield_per_decay <= 0.0 {
            continue;
        }
        groups.push(build_group(kind, group, &mut entries, tables)?);
    }
    Ok((groups, entries))
}

fn build_group(
    kind: u32,
    group: &EmissionGroup,
    entries: &mut Vec<SourceEntry>,
    tables: &mut Vec<f32>,
) -> Result<SourceGroup> {
    let alias = group.alias_table();
    let first = entries.len() as u32;
    for (k, emission) in group.entries.iter().enumerate() {
        let (energy, spectrum) = match emission {
            Emission::Line { energy_mev, .. } => (*energy_mev as f32, u32::MAX),
            Emission::Spectrum { inverse_cdf, .. } => {
                if inverse_cdf.len() != SOURCE_SPECTRUM_INTERVALS + 1 {
                    return Err(Error::run(
                        format!("a spectrum has {} nodes", inverse_cdf.len()),
                        format!("the engine reads {}", SOURCE_SPECTRUM_INTERVALS + 1),
                        "Please report this.",
                    ));
                }
                align(tables);
                let at = tables.len() as u32;
                let nodes: Vec<f32> = inverse_cdf.iter().map(|&e| e as f32).collect();
                tables.extend(windows(&nodes));
                (0.0, at)
            }
        };
        entries.push(SourceEntry {
            probability: alias.probability[k] as f32,
            alias: alias.alias[k],
            energy,
            spectrum,
        });
    }
    let whole = group.yield_per_decay.floor();
    Ok(SourceGroup {
        kind,
        whole: whole as u32,
        fraction: (group.yield_per_decay - whole) as f32,
        first,
        count: entries.len() as u32 - first,
        spare: [0; 3],
    })
}

/// Voxels with activity and their cumulative activity as integers up to 2^62. The *cumulative* value is rounded, so no
/// activity is lost: each voxel's share is right to 2^-62 of the whole.
///
/// # Errors
/// If an activity is negative or not a number, or all are zero.
pub fn build_cumulative(activity: &[f64]) -> Result<(Vec<u32>, Vec<u64>)> {
    if let Some((voxel, value)) =
        activity.iter().enumerate().find(|(_, a)| !(**a >= 0.0 && a.is_finite()))
    {
        return Err(Error::input(
            format!("activity of voxel {voxel} is {value}"),
            "an activity is a finite number of at least zero",
            "Correct the map, or take negative values as zero: --negative-activity zero.",
        ));
    }
    let total: f64 = activity.iter().sum();
    if total <= 0.0 {
        return Err(Error::input(
            "the total activity on the dose grid is zero",
            "no decay can be placed",
            "Check that the activity map overlaps the CT and is not empty.",
        ));
    }
    const WHOLE: f64 = (1_u64 << 62) as f64;
    let mut voxels = Vec::new();
    let mut cumulative = Vec::new();
    let mut running = 0.0_f64;
    for (voxel, &a) in activity.iter().enumerate().filter(|(_, a)| **a > 0.0) {
        running += a;
        voxels.push(voxel as u32);
        cumulative.push((running / total * WHOLE) as u64);
    }
    if let Some(last) = cumulative.last_mut() {
        *last = 1 << 62;
    }
    Ok((voxels, cumulative))
}
