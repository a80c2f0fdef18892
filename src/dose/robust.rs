//! Where the dose is high: the voxels are chosen by the activity, before any history, so that they are the same for every number of histories.
//!
//! A percentile of the dose map itself leans on noise: with few histories most voxels have no dose, the others too much, and the 98th percentile
//! of what was hit is several times that of the whole map. The dose that is expected where all energy stays in its voxel, activity over mass, is
//! known exactly; it neglects what crosses the voxel's border (photons, and electrons over a few mm), which moves the border of the chosen
//! voxels but not their number or place from run to run.

use serde::{Deserialize, Serialize};

use super::map::DoseScale;
use crate::transport::tally::{Tally, Told};
use crate::transport::tally_origins::OriginSums;

/// Most voxels looked at while running; beyond, every n-th is taken.
pub const PROGRESS_VOXELS: usize = 4_000_000;
/// Density (g/cm3) that a voxel is given at least: inflated lung of ICRU 44. Electrons leave a voxel of less, and its edge at the surface of
/// the body would pass for the hottest place.
const LEAST_DENSITY_G_CM3: f64 = 0.26;
/// Half width (percent of the voxels) of those whose mean dose stands for the dose at the percentile.
const HALF_WIDTH: f64 = 1.0;

/// Voxels as runs: first, number.
type Runs = Vec<[u32; 2]>;

/// The voxels of high dose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HighVoxels {
    /// The percentile of the expected local dose, over the voxels that have activity and enough density.
    pub percentile: f64,
    /// The fraction of it that selects voxels.
    pub fraction: f64,
    /// Voxels at least that high.
    high: Runs,
    /// Voxels about the percentile, within 1 % of all to either side.
    about: Runs,
}

/// How high the dose is there, and how uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HighDose {
    /// How the voxels were chosen.
    pub definition: &'static str,
    /// The percentile.
    pub percentile: f64,
    /// The mean dose of the voxels about it, Gy or Gy/s.
    pub percentile_dose: f64,
    /// Its standard error from those of the voxels, as if independent of each other; NaN where too few hits carry its energy, and below two
    /// batches.
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub percentile_dose_standard_error: f64,
    /// The fraction of the expected dose at the percentile that selects voxels.
    pub fraction: f64,
    /// Number of voxels of high dose.
    pub voxels: usize,
    /// Root mean square of their relative standard errors (Rogers & Mohan, Proc. 13th ICCR, 2000, p. 120: average
    /// the squares over the voxels above a fraction of the dose); 1 for a voxel without dose; NaN below two batches.
    #[cfg_attr(test, schemars(with = "Option<f64>"))]
    pub relative_uncertainty: f64,
}

const DEFINITION: &str = "percentile and fraction are those of activity over mass (at least 0.26 g/cm3), over voxels with activity that are not air";

impl HighVoxels {
    /// Chooses among voxels with activity and at least the density `limit` (g/cm3).
    pub fn new(
        activity: &[f32],
        density: &[f32],
        limit: f64,
        percentile: f64,
        fraction: f64,
    ) -> Self {
        let expected = |v: usize| {
            let (a, d) = (f64::from(activity[v]), f64::from(density[v]));
            (a > 0.0 && d >= limit).then(|| (a / d.max(LEAST_DENSITY_G_CM3)) as f32)
        };
        let mut all: Vec<f32> = (0..activity.len()).filter_map(expected).collect();
        let mut voxels = HighVoxels { percentile, fraction, high: Vec::new(), about: Vec::new() };
        if all.is_empty() {
            return voxels;
        }
        let mut at = |percent: f64| {
            let rank = ((all.len() - 1) as f64 * percent / 100.0).round() as usize;
            *all.select_nth_unstable_by(rank, f32::total_cmp).1
        };
        let half = HALF_WIDTH.min(100.0 - percentile);
        let [low, middle, high] = [percentile - half, percentile, percentile + half].map(&mut at);
        let threshold = f64::from(middle) * fraction;
        for v in 0..activity.len() {
            let Some(e) = expected(v) else { continue };
            if f64::from(e) >= threshold {
                push(&mut voxels.high, v);
            }
            if (low..=high).contains(&e) {
                push(&mut voxels.about, v);
            }
        }
        voxels
    }

    /// Number of voxels of high dose.
    pub fn len(&self) -> usize {
        self.high.iter().map(|[_, n]| *n as usize).sum()
    }

    /// True if no voxel has activity and enough density.
    pub fn is_empty(&self) -> bool {
        self.high.is_empty()
    }

    /// Largest voxel that is named, for a check against a grid.
    pub fn last(&self) -> Option<usize> {
        let end = |[first, n]: &[u32; 2]| *first as usize + (*n as usize).saturating_sub(1);
        self.high.iter().chain(&self.about).map(end).max()
    }

    /// Their dose; of the voxels of high dose every `stride`-th is looked at. None if there are none, or if the tally has no map of the
    /// whole (with several times each has its own).
    pub fn dose(&self, tally: &Tally, scale: &DoseScale, stride: usize) -> Option<HighDose> {
        let relative_uncertainty = self.relative_uncertainty(tally, stride)?;
        let about = voxels(&self.about).count() as f64;
        let dose: f64 = voxels(&self.about).map(|v| scale.dose(tally, v)).sum();
        let variance: f64 =
            voxels(&self.about).map(|v| scale.standard_error(tally, v).powi(2)).sum();
        let told = self.about_is_told(tally.by_origin()?, tally.batches());
        Some(HighDose {
            definition: DEFINITION,
            percentile: self.percentile,
            percentile_dose: dose / about,
            percentile_dose_standard_error: if told { variance.sqrt() / about } else { f64::NAN },
            fraction: self.fraction,
            voxels: self.len(),
            relative_uncertainty,
        })
    }

    /// [`HighDose::relative_uncertainty`] alone, from every `stride`-th of the voxels of high dose; none where [`HighVoxels::dose`] has none.
    pub fn relative_uncertainty(&self, tally: &Tally, stride: usize) -> Option<f64> {
        tally.by_origin()?;
        let (mut squares, mut count) = (0.0, 0_usize);
        for v in every(&self.high, stride.max(1)) {
            squares += relative(tally, v).powi(2);
            count += 1;
        }
        (count > 0).then(|| (squares / count as f64).sqrt())
    }

    /// Whether enough hits carry the energy of the voxels about the percentile; voxels are batches of each other here.
    fn about_is_told(&self, sums: &OriginSums, batches: usize) -> bool {
        let sum: f64 = voxels(&self.about).map(|v| sums.units(v) as f64).sum();
        let squares: f64 = voxels(&self.about).map(|v| sums.squares[v] as f64).sum();
        Told::of(sum, squares, batches) == Told::Yes
    }
}

/// One hit in a run of many batches has a relative standard error of 1; no hit is not known better.
fn relative(tally: &Tally, voxel: usize) -> f64 {
    let (mean, error) = (tally.mean_mev(voxel), tally.standard_error_mev(voxel));
    if mean > 0.0 || error.is_nan() { error / mean.max(f64::MIN_POSITIVE) } else { 1.0 }
}

fn push(runs: &mut Runs, voxel: usize) {
    let voxel = voxel as u32;
    match runs.last_mut() {
        Some([first, n]) if *first + *n == voxel => *n += 1,
        _ => runs.push([voxel, 1]),
    }
}

fn voxels(runs: &Runs) -> impl Iterator<Item = usize> + '_ {
    every(runs, 1)
}

/// Every `stride`-th voxel of runs, the first among them.
fn every(runs: &Runs, stride: usize) -> impl Iterator<Item = usize> + '_ {
    // Voxels of the next run that are passed over.
    let mut skip = 0;
    runs.iter().flat_map(move |[first, n]| {
        let (first, n) = (*first as usize, *n as usize);
        let from = skip;
        skip = if from < n { (stride - (n - from) % stride) % stride } else { from - n };
        (first + from..first + n.max(from)).step_by(stride)
    })
}

/// The largest dose of a map and how far noise can have raised it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LargestDose {
    /// Gy or Gy/s.
    pub dose: f64,
    /// Of that voxel; NaN where the batches do not tell it ([`Told`]).
    pub standard_error: f64,
    /// The largest of n values with normal noise of standard deviation s lies at most s sqrt(2 ln n) above the largest true value, in the
    /// mean (n voxels within two standard errors of the largest dose, s the root mean square of theirs); NaN where that of the largest is not known.
    pub bias_at_most: f64,
}

/// Looks at all voxels that are not of low density (`limit`, g/cm3).
pub fn largest_dose(tally: &Tally, scale: &DoseScale, limit: f64) -> LargestDose {
    let dense = |v: &usize| f64::from(scale.density[*v]) >= limit;
    let all = || (0..tally.voxels).filter(dense).map(|v| (scale.dose(tally, v), v));
    let (dose, at) =
        all().fold(
            (0.0, None),
            |(most, at), (dose, v)| {
                if dose > most { (dose, Some(v)) } else { (most, at) }
            },
        );
    let told = at.filter(|v| tally.told(*v) == Told::Yes);
    let standard_error = told.map_or(f64::NAN, |v| scale.standard_error(tally, v));
    if standard_error.is_nan() {
        return LargestDose { dose, standard_error, bias_at_most: f64::NAN };
    }
    let (mut n, mut squares) = (0_usize, 0.0);
    for (d, v) in all() {
        let error = scale.standard_error(tally, v);
        if d + 2.0 * error >= dose {
            n += 1;
            squares += error * error;
        }
    }
    let spread = (squares / n.max(1) as f64).sqrt();
    let bias_at_most = spread * (2.0 * (n.max(1) as f64).ln()).sqrt();
    LargestDose { dose, standard_error, bias_at_most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::escapes::Escapes;
    use crate::transport::layout::TALLY_UNITS_PER_MEV;
    use crate::transport::ledger::Ledger;
    use crate::transport::score::Score;
    use crate::transport::tally::{BatchRegions, Sums};

    /// Puts a sum and its squares into a voxel.
    fn set(tally: &mut Tally, voxel: usize, sum: u64, squares: u128) {
        let Sums::ByOrigin(sums) = &mut tally.sums else { panic!("by origin") };
        sums.sums[0].as_mut().expect("electrons")[voxel] = sum;
        sums.squares[voxel] = squares;
    }

    /// 100 voxels with 1 to 100 MeV per batch, all with a relative standard error of 10 %, in four batches.
    fn tally() -> Tally {
        let unit = f64::from(TALLY_UNITS_PER_MEV) as u64;
        let mut tally = Tally::new(Score::by_origin(100, [true, false, false]), 1);
        for v in 0..100_u64 {
            let mean = (v + 1) * unit;
            let of_four = 4 * mean;
            // Standard error of the mean of four: sqrt((<x^2> - mean^2) / 3) = mean / 10.
            let mean = u128::from(mean);
            set(&mut tally, v as usize, of_four, 4 * (mean * mean + 3 * mean * mean / 100));
        }
        tally.regions = (0..4)
            .map(|batch| BatchRegions { batch, units: vec![0], escapes: Escapes::default() })
            .collect();
        tally.ledger = Ledger { histories: 4, ..Ledger::default() };
        tally
    }

    const GY: f64 = crate::units::GY_PER_MEV_PER_G;

    #[test]
    fn every_so_many_of_runs_are_those_of_the_whole() {
        let runs: Runs = vec![[3, 5], [10, 1], [12, 2], [20, 40], [70, 3]];
        let all: Vec<usize> =
            runs.iter().flat_map(|[f, n]| *f as usize..(f + n) as usize).collect();
        for stride in 1..60 {
            let expected: Vec<usize> = all.iter().copied().step_by(stride).collect();
            assert_eq!(every(&runs, stride).collect::<Vec<_>>(), expected, "{stride}");
        }
    }

    #[test]
    fn the_voxels_are_those_of_the_activity() {
        let mut density = vec![1.0_f32; 100];
        let mut activity: Vec<f32> = (1..=100).map(|v| v as f32).collect();
        let whole = |activity: &[f32], density: &[f32], stride| {
            let scale = DoseScale { decays: 1.0, density, voxel_volume_mm3: 1000.0 };
            HighVoxels::new(activity, density, 0.05, 98.0, 0.5).dose(&tally(), &scale, stride)
        };
        let high = whole(&activity, &density, 1).expect("activity");
        // 97, 98, 99 MeV about the percentile; 49 to 100 are at least half as high.
        assert!((high.percentile_dose / (98.0 * GY) - 1.0).abs() < 1e-6, "{high:?}");
        let expected = 0.1 * (97.0_f64.powi(2) + 98.0_f64.powi(2) + 99.0_f64.powi(2)).sqrt() / 3.0;
        assert!((high.percentile_dose_standard_error / (expected * GY) - 1.0).abs() < 1e-6);
        assert_eq!(high.voxels, 52);
        assert!((high.relative_uncertainty - 0.1).abs() < 1e-6, "{high:?}");
        assert_eq!(whole(&activity, &density, 2).expect("activity").voxels, 52);
        // The upper half is air: it has activity and a thousandfold dose, and does not count.
        density[50..].fill(0.001);
        let high = whole(&activity, &density, 1).expect("activity");
        assert!((high.percentile_dose / (49.0 * GY) - 1.0).abs() < 0.011, "{high:?}");
        // Activity at the edge of the body, of little density, is not the hottest place.
        density[50..].fill(0.06);
        activity[50..].fill(1.0);
        let high = whole(&activity, &density, 1).expect("activity");
        assert!((high.percentile_dose / (48.0 * GY) - 1.0).abs() < 0.03, "{high:?}");
        density.fill(0.001);
        assert_eq!(whole(&activity, &density, 1), None);
        assert_eq!(whole(&[0.0; 100], &[1.0; 100], 1), None);
    }

    /// The choice does not know the tally; a voxel that was not hit is not known.
    #[test]
    fn few_histories_choose_the_same_voxels() {
        let activity: Vec<f32> = (1..=100).map(|v| v as f32).collect();
        let density = vec![1.0_f32; 100];
        let scale = DoseScale { decays: 1.0, density: &density, voxel_volume_mm3: 1000.0 };
        let chosen = HighVoxels::new(&activity, &density, 0.05, 98.0, 0.5);
        let mut few = tally();
        for v in (0..100).filter(|v| v % 2 == 1) {
            set(&mut few, v, 0, 0);
        }
        let (many, few) = (chosen.dose(&tally(), &scale, 1), chosen.dose(&few, &scale, 1));
        let (many, few) = (many.expect("voxels"), few.expect("voxels"));
        assert_eq!(many.voxels, few.voxels);
        // Of 49 to 100 MeV every second was hit: (1 + 0.01) / 2.
        assert!((few.relative_uncertainty - 0.505_f64.sqrt()).abs() < 1e-6, "{few:?}");
        let text = serde_json::to_string(&chosen).expect("text");
        assert_eq!(serde_json::from_str::<HighVoxels>(&text).expect("read"), chosen);
        assert_eq!((chosen.len(), chosen.last(), chosen.is_empty()), (52, Some(99), false));
    }

    #[test]
    fn equal_activity_everywhere_is_all_of_it() {
        let (activity, density) = (vec![2.0_f32; 100], vec![1.0_f32; 100]);
        let scale = DoseScale { decays: 1.0, density: &density, voxel_volume_mm3: 1000.0 };
        let high = HighVoxels::new(&activity, &density, 0.05, 98.0, 0.5).dose(&tally(), &scale, 1);
        let high = high.expect("voxels");
        assert_eq!(high.voxels, 100);
        assert!((high.percentile_dose / (50.5 * GY) - 1.0).abs() < 1e-6);
    }

    /// One hit in one batch: its spread is its own value, and tells nothing.
    #[test]
    fn a_rare_hit_has_no_error() {
        let (activity, density) = ([1.0_f32; 100], vec![1.0_f32; 100]);
        let scale = DoseScale { decays: 1.0, density: &density, voxel_volume_mm3: 1000.0 };
        let mut tally = tally();
        tally.regions = (0..50)
            .map(|batch| BatchRegions { batch, units: vec![0], escapes: Escapes::default() })
            .collect();
        let hit = 1_000 * f64::from(TALLY_UNITS_PER_MEV) as u64;
        set(&mut tally, 7, hit, u128::from(hit) * u128::from(hit));
        let largest = largest_dose(&tally, &scale, 0.05);
        assert!((largest.dose / (20.0 * GY) - 1.0).abs() < 1e-6, "{largest:?}");
        assert!(largest.standard_error.is_nan() && largest.bias_at_most.is_nan(), "{largest:?}");
        // It alone about the percentile: no error there; among others there is one.
        let high = |activity: &[f32]| {
            HighVoxels::new(activity, &density, 0.05, 98.0, 0.5).dose(&tally, &scale, 1).unwrap()
        };
        let mut one = [0.0_f32; 100];
        one[7] = 1.0;
        assert!(high(&one).percentile_dose_standard_error.is_nan());
        set(&mut tally, 7, hit / 100, u128::from(hit / 100) * u128::from(hit / 100));
        let high = HighVoxels::new(&activity, &density, 0.05, 98.0, 0.5).dose(&tally, &scale, 1);
        assert!(high.unwrap().percentile_dose_standard_error > 0.0);
    }

    #[test]
    fn the_largest_dose_and_its_bias() {
        let density = vec![1.0_f32; 100];
        let scale = DoseScale { decays: 1.0, density: &density, voxel_volume_mm3: 1000.0 };
        let largest = largest_dose(&tally(), &scale, 0.05);
        assert!((largest.dose / (100.0 * GY) - 1.0).abs() < 1e-6);
        assert!((largest.standard_error / (10.0 * GY) - 1.0).abs() < 1e-6);
        // d (1 + 0.2) >= 100: from 84 on, 17 voxels of 8.4 to 10 MeV.
        let spread = ((84..=100).map(|d| (0.1 * f64::from(d)).powi(2)).sum::<f64>() / 17.0).sqrt();
        let expected = spread * (2.0 * 17.0_f64.ln()).sqrt() * GY;
        assert!((largest.bias_at_most / expected - 1.0).abs() < 1e-6, "{largest:?}");
    }
}
