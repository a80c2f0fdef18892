//! Whether the inputs can be what they are called: HU, voxel sizes, units, activity in air, VOIs against dose voxels.
//!
//! What cannot be is refused, what is unlikely is warned of; both with the number, once, and `--accept` overrules each.

use super::checks::Checks;
use super::inputs::InputRecord;
use crate::activity::InputUnit;
use crate::image::{Grid, MappedVois, VoiSets};
use crate::job::Check;
use crate::phantom::{HuReport, LOW_DENSITY_G_CM3, Phantom};
use crate::units::CM3_PER_MM3;

/// Values of a CT spread over more: water and air alone are 1000 HU apart. Maps of attenuation (1/cm) or density (g/cm3) span 0.2 to 3.
const LEAST_SPAN_HU: f64 = 2.0;
/// HU of dense bone, where stored values without their intercept (HU + 1024 or + 1000) have soft tissue.
const DENSE_BONE_HU: f64 = 700.0;
/// Part of the voxels above that which no body has: the whole skeleton, marrow included, is below 15 % of its mass (ICRP 89).
const MOST_DENSE_BONE: f64 = 0.15;
/// Edges of a voxel (mm) of any image of a patient: a micro-CT has 0.1 mm, a planar image or a map of centimetres 50 mm.
const IMAGE_VOXEL_MM: std::ops::RangeInclusive<f64> = 0.1..=50.0;
/// Edges of a dose voxel (mm) for which transport is validated.
const DOSE_VOXEL_MM: std::ops::RangeInclusive<f64> = 0.5..=50.0;
/// Activity in air is warned of above this part: noise and blur around the body hold less.
pub const AIR_WARNING: f64 = 0.05;
/// And refused above this part.
pub const AIR_REFUSAL: f64 = 0.5;
/// More activity (Bq) than any patient gets: 1 TBq. Decays (Bq s) of a therapy are 1e14 to 1e16.
const MOST_BQ: f64 = 1e12;
/// Less activity (Bq) than any image of a patient shows.
const LEAST_BQ: f64 = 1e4;
/// A VOI of fewer dose voxels than this is little more than its edge.
const FEW_VOXELS: usize = 8;
/// Change of a VOI's volume by the dose voxels that is warned of, where it has fewer than [`COARSE_VOXELS`].
const VOLUME_CHANGE: f64 = 0.1;
/// Dose voxels up to which the change of volume is looked at: above, 10 % are a fault of the label map, not of the voxels.
const COARSE_VOXELS: usize = 200;

/// Values of a CT that are no HU.
pub fn ct(phantom: &Phantom, hu: &HuReport, checks: &Checks) {
    let (low, high) = hu.extremes;
    let share = |of: usize| of as f64 / hu.voxels.max(1) as f64;
    let cause = "an attenuation or density map, or values stored without their rescale";
    if high - low < LEAST_SPAN_HU {
        let span = format!("the values of the CT lie within {low} and {high}");
        if high == low {
            return checks.warn(
                Check::Ct,
                format!("{span}: it is all of one matter, {:.4} g/cm3", phantom.density[0]),
            );
        }
        return checks.refuse(
            Check::Ct,
            format!("{span}: a span below {LEAST_SPAN_HU} HU"),
            format!("air and water are 1000 HU apart; this is {cause}"),
            "Give the CT in HU, or a density map with --density and --materials.",
        );
    }
    let air = phantom.density.iter().filter(|d| f64::from(**d) < LOW_DENSITY_G_CM3).count();
    if air > 0 {
        return;
    }
    let dense = hu.tissues.iter().filter(|t| t.mean_hu.is_some_and(|m| m > DENSE_BONE_HU));
    let dense = share(dense.map(|t| t.voxels).sum());
    if dense > MOST_DENSE_BONE {
        return checks.refuse(
            Check::Ct,
            format!(
                "no voxel of the CT is air (its values lie within {low} and {high}), and {:.0} % are dense bone, above {DENSE_BONE_HU} HU",
                100.0 * dense
            ),
            "so looks a CT that was stored without its intercept: HU + 1024 or HU + 1000",
            "Add the RescaleIntercept (-1024), or give the DICOM series.",
        );
    }
    checks.warn(
        Check::Ct,
        format!(
            "no voxel of the CT is air (its values lie within {low} and {high} HU): a part cut out of a body, or {cause}"
        ),
    );
}

/// Voxels that no image of a patient has.
pub fn voxel_sizes(records: &[InputRecord], checks: &Checks) {
    for record in records {
        let Some(mm) = record.spacing_mm else { continue };
        if mm.iter().all(|s| IMAGE_VOXEL_MM.contains(s)) {
            continue;
        }
        let [x, y, z] = mm;
        let unit = if mm.iter().any(|s| s < IMAGE_VOXEL_MM.start()) {
            "metres or centimetres are called mm?"
        } else {
            "micrometres are called mm?"
        };
        checks.refuse(
            Check::VoxelSize,
            format!("voxels of the image read as {} are {x:.4} x {y:.4} x {z:.4} mm", record.role),
            format!(
                "edges of {} to {} mm are expected; {unit}",
                IMAGE_VOXEL_MM.start(),
                IMAGE_VOXEL_MM.end()
            ),
            "Correct the spacing in its header.",
        );
    }
}

/// Dose voxels, or what else is scored (`what`), for which transport was not validated.
pub fn dose_grid(grid: &Grid, what: &str, checks: &Checks) {
    let mm = grid.spacing_mm();
    if let Some(edge) = mm.iter().find(|s| !DOSE_VOXEL_MM.contains(s)) {
        checks.warn(
            Check::VoxelSize,
            format!(
                "{what} have an edge of {edge} mm: transport is validated for {} to {} mm",
                DOSE_VOXEL_MM.start(),
                DOSE_VOXEL_MM.end()
            ),
        );
    }
}

/// An amount of activity that is none of a patient: the unit is another. `name` says which image.
pub fn unit(name: &str, unit: Option<InputUnit>, record: &InputRecord, checks: &Checks) {
    let Some(total) = record.activity_bq else { return };
    let stated = match (unit, &record.facts) {
        (Some(unit), _) => Some(unit.name()),
        (None, Some(_)) => Some(InputUnit::BqPerMl.name()),
        (None, None) => None,
    };
    if total > MOST_BQ {
        let taken = stated.map_or("no unit is stated, Bq/mL was taken".to_string(), |u| {
            format!("the unit is stated as {u}")
        });
        checks.refuse(
            Check::Unit,
            format!("{name} holds {total:.4e} Bq"),
            format!("no patient gets more than {MOST_BQ:.0e} Bq; {taken}"),
            "State --activity-unit: Bq*s/mL or Bq*s for a time-integrated map, Bq for activity per voxel, or counts with --calibration.",
        );
    } else if total < LEAST_BQ && stated.is_none() {
        checks.warn(
            Check::Unit,
            format!(
                "{name} holds {total:.4e} Bq, less than any image of a patient: no unit is stated, Bq/mL was taken; is it kBq/mL, MBq/mL or SUV?"
            ),
        );
    }
}

/// Activity in air: noise, or an image beside the body.
pub fn air(name: &str, in_air: f64, total: f64, unit: &str, checks: &Checks) {
    let part = in_air / total;
    let text = || {
        format!(
            "{in_air:.4e} {unit} ({:.1} %) of {name} lie in air (below {LOW_DENSITY_G_CM3} g/cm3)",
            100.0 * part
        )
    };
    if part > AIR_REFUSAL {
        checks.refuse(
            Check::Air,
            text(),
            format!("at most {:.0} % may: nothing there takes up activity", 100.0 * AIR_REFUSAL),
            "Check that CT and activity are registered, and that the CT is in HU.",
        );
    } else if part > AIR_WARNING {
        checks
            .warn(Check::Air, format!("{}: noise, or CT and activity are not registered", text()));
    }
}

/// VOIs that the dose grid cannot show. `mapped` are the same on the dose grid.
pub fn small_vois(own: &VoiSets, moved: &MappedVois, checks: &Checks) {
    let mapped = &moved.set;
    let dose_ml = mapped.grid.voxel_volume_mm3() * CM3_PER_MM3;
    let mut small = Vec::new();
    let each = own.sets().iter().flat_map(|set| set.vois.iter().map(move |voi| (set, voi)));
    for (((own, before), after), outside) in each.zip(&mapped.vois).zip(&moved.outside) {
        let (ml, n) = (own.volume_ml(before), after.voxels.len());
        let scored = n as f64 * dose_ml;
        // VOIs cut by the grid, and empty ones, are told elsewhere.
        if *outside > 0 || before.voxels.is_empty() {
            continue;
        }
        if n == 0 {
            small.push(format!("'{}' of {ml:.3} mL by none (it gets no dose)", before.name));
            continue;
        }
        let few = n < FEW_VOXELS && own.grid != mapped.grid || ml < dose_ml;
        let changed = n < COARSE_VOXELS && (scored / ml - 1.0).abs() > VOLUME_CHANGE;
        if few || changed {
            small.push(format!(
                "'{}' of {ml:.3} mL by {n} voxels ({scored:.3} mL, {:+.0} %)",
                before.name,
                100.0 * (scored / ml - 1.0)
            ));
        }
    }
    if !small.is_empty() {
        checks.warn(
            Check::SmallVoi,
            format!(
                "VOIs that are small against the dose voxels of {dose_ml:.3} mL are scored by these, also by what lies beside them: {}; a finer --grid shows them",
                small.join(", ")
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::checks::tests::Ear;
    use super::*;
    use crate::image::{Voi, VoiSet, Volume};
    use crate::phantom::{HuCurve, HuOptions};

    /// Warnings, and the error.
    fn found(of: impl Fn(&Checks)) -> (Vec<String>, Option<String>) {
        let (ear, none) = (Ear::default(), BTreeSet::new());
        let checks = Checks::new(&none, &ear);
        of(&checks);
        let error = checks.settle().err().map(|e| e.to_string());
        (ear.0.into_inner().unwrap(), error)
    }

    fn of_ct(values: &[f32]) -> (Vec<String>, Option<String>) {
        let grid = Grid::aligned([values.len(), 1, 1], [0.0; 3], [4.0; 3]);
        let volume = Volume::new(grid, values.to_vec()).unwrap();
        let any = HuOptions { max_fraction_below: 1.0, max_fraction_above: 1.0 };
        let (phantom, hu) =
            Phantom::from_ct(&volume, &HuCurve::schneider2000().unwrap(), &any).unwrap();
        found(|checks| ct(&phantom, &hu, checks))
    }

    #[test]
    fn a_ct_has_air_or_is_a_crop() {
        assert_eq!(of_ct(&[-1000.0, 0.0, 40.0]), (vec![], None));
        let (warned, error) = of_ct(&[-700.0, 0.0, 40.0]);
        assert!(error.is_none() && warned[0].contains("within -700 and 40"), "{warned:?}");
        // A crop with a vertebra in it.
        let mut crop = vec![40.0; 95];
        crop.extend([900.0; 5]);
        assert!(of_ct(&crop).1.is_none());
        for map in [[0.0, 0.096, 0.17], [0.0012, 1.0, 1.9]] {
            let error = of_ct(&map).1.unwrap();
            assert!(error.contains("--accept ct") && error.contains("span below 2 HU"), "{error}");
        }
        for offset in [1024.0, 1000.0] {
            let (air, water) = (-1000.0 + offset, offset);
            let error = of_ct(&[air, air, water, water + 40.0]).1.unwrap();
            assert!(error.contains("75 %") || error.contains("50 %"), "{error}");
        }
        assert!(of_ct(&[0.0; 4]).0[0].contains("all of one matter"));
    }

    #[test]
    fn activity_in_air() {
        let of = |part: f64| found(|c| air("the activity", part, 1.0, "Bq", c));
        assert_eq!(of(0.04), (vec![], None));
        assert!(of(0.06).0[0].contains("6.0 %"));
        assert!(of(0.999).1.unwrap().contains("--accept air"));
    }

    #[test]
    fn vois_against_dose_voxels() {
        let grid = |n: usize, mm: f64| Grid::aligned([n; 3], [mm / 2.0; 3], [mm; 3]);
        let voi = |voxels: Vec<u32>| Voi { label: 1, name: "node".into(), voxels };
        let fine = |edge: usize| {
            let g = grid(48, 1.0);
            let inside =
                |n: &u32| g.unlinear(*n as usize).into_iter().all(|i| (8..8 + edge).contains(&i));
            let voxels = (0..g.len() as u32).filter(inside).collect();
            VoiSet { grid: g, vois: vec![voi(voxels)] }
        };
        let of = |edge: usize, mm: f64| {
            let own = VoiSets::from(fine(edge));
            let mapped = own.map_to(&grid(48 / mm as usize, mm)).unwrap();
            found(|c| small_vois(&own, &mapped, c)).0
        };
        // 16 mm on 4 mm: 64 voxels of the same volume. On 8 mm: 8.
        assert!(of(16, 4.0).is_empty() && of(16, 8.0).is_empty());
        let small = of(3, 4.0);
        assert!(
            small[0].contains("'node' of 0.027 mL by 1 voxels (0.064 mL, +137 %)"),
            "{small:?}"
        );
        assert!(of(3, 1.0).is_empty(), "its own voxels show it");
    }
}
