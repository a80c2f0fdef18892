//! What the histories of a run have reached of its VOIs. Neglects how much each hit gives: the counts are of voxels and batches with energy.
//!
//! A VOI that nothing has hit is not known to have no dose. Of N histories none hit it, so that with 95 % confidence fewer than
//! -ln(0.05)/N = 3.0/N of all do (Hanley & Lippman-Hand, JAMA 249, 1743, 1983, doi:10.1001/jama.1983.03330370053031); each gives it at most all that
//! a decay can emit. That is far above what the dose is likely to be, and holds whatever lies between.

use super::Observer;
use super::context::{Context, VoiFacts};
use crate::error::{Error, Result};
use crate::image::Parts;
use crate::transport::capacity::emitted;
use crate::transport::escapes::MISSED as PAST;
use crate::transport::layout::FLAG_KERMA;
use crate::transport::plan::Plan;
use crate::transport::tally::{Sums, Tally, Told};
use crate::transport::tally_origins::OriginSums;
use crate::transport::tally_times::TimeSums;

/// Confidence that is left open.
const MISSED: f64 = 0.05;

/// Most energy of a decay, MeV; none where a history scores expected values, which have no bound.
pub(super) fn most_mev(plan: &Plan) -> Option<f64> {
    (plan.params.flags & FLAG_KERMA == 0).then(|| emitted(plan).most_mev)
}

/// Says what part of a beam's particles passed the grid by.
///
/// # Errors
/// If all of them did.
pub(super) fn tell_missed(tally: &Tally, observer: &dyn Observer) -> Result<()> {
    let ledger = &tally.ledger;
    let missed: u64 = ledger.escapes.0[PAST].iter().map(|e| e.particles).sum();
    if missed == 0 {
        return Ok(());
    }
    if missed >= ledger.primaries {
        return Err(Error::run(
            format!("none of the beam's {} particles met the grid", ledger.primaries),
            "there is no dose",
            "Correct at, direction and field of --beam, or run more histories.",
        ));
    }
    observer.say(&format!(
        "{:.3} % of the beam's particles pass the grid by; the dose is per particle or decay of all of them",
        100.0 * missed as f64 / ledger.primaries as f64
    ));
    Ok(())
}

/// Hits of one VOI. With time points those of the time that has the fewest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiHits {
    /// Voxels with energy; none where the VOI's voxels are not known (shards of older builds).
    pub voxels: Option<usize>,
    /// Batches with energy.
    pub batches: usize,
    /// All batches.
    pub of_batches: usize,
    /// Whether the batches tell an error.
    pub told: Told,
    /// 95 % upper limit of the dose (of its unit) where nothing was hit.
    pub upper_limit_95: Option<f64>,
}

/// Of all VOIs; `labels` (the part that each voxel is in, with time points also one such map after the other) may be empty.
pub fn of_vois(context: &Context, tally: &Tally, labels: &[u16]) -> Vec<VoiHits> {
    let voxels = voxels(tally, labels, &context.parts);
    let limit = |voi: &VoiFacts| {
        let histories = tally.histories().max(1) as f64;
        // At a time point a history counts as often as its weight there.
        let mev = context.most_mev.filter(|_| tally.by_origin().is_some())?;
        let limit = mev * (1.0 - MISSED.powf(1.0 / histories));
        Some(limit * context.scale(&[]).factor_of_mass(voi.mass_g)).filter(|l| l.is_finite())
    };
    let of = |(n, voi): (usize, &VoiFacts)| {
        let regions = context.parts.of_voi(n);
        let told = tally.region_told(&regions);
        let upper_limit_95 = limit(voi).filter(|_| told == Told::Unhit && voi.voxels > 0);
        VoiHits {
            voxels: voxels.as_ref().map(|v| v[n]),
            batches: tally.region_hits(&regions),
            of_batches: tally.batches(),
            told,
            upper_limit_95,
        }
    };
    context.vois.iter().enumerate().map(of).collect()
}

/// Voxels of each VOI that have energy.
fn voxels(tally: &Tally, labels: &[u16], parts: &Parts) -> Option<Vec<usize>> {
    let n = tally.voxels;
    if labels.len() < n || n == 0 {
        return None;
    }
    let count = |hit: &dyn Fn(usize) -> bool, labels: &[u16]| {
        let mut hits = vec![0; parts.count() + 1];
        let inside = labels.iter().enumerate().filter(|(v, l)| **l > 0 && hit(*v));
        inside.for_each(|(_, l)| hits[usize::from(*l).min(parts.count())] += 1);
        parts.sums(&hits)
    };
    match &tally.sums {
        Sums::ByOrigin(OriginSums { sums, .. }) => {
            let hit = |v: usize| sums.iter().flatten().any(|units| units[v] > 0);
            Some(count(&hit, &labels[..n]))
        }
        Sums::ByTime(times) => {
            let stride = if labels.len() == n * times.len() { n } else { 0 };
            let at = |(t, time): (usize, &TimeSums)| {
                count(&|v: usize| time.sums[v] > 0, &labels[t * stride..][..n])
            };
            let least = |a: Vec<usize>, b: Vec<usize>| a.into_iter().zip(b).map(|(a, b)| a.min(b));
            times.iter().enumerate().map(at).reduce(|a, b| least(a, b).collect())
        }
    }
}

/// Says which VOIs have no standard error since too little has hit them.
pub(super) fn tell(context: &Context, tally: &Tally, observer: &dyn Observer) {
    if tally.batches() < 2 {
        return;
    }
    for (voi, hits) in context.vois.iter().zip(of_vois(context, tally, &[])) {
        if voi.voxels == 0 {
            continue;
        }
        let (name, unit) = (&voi.name, context.kind.unit());
        match hits.told {
            Told::Yes => {}
            Told::Few => observer.warn(&format!(
                "VOI '{name}' got its energy in {} of {} batches, from too few hits to tell a standard error: its dose is an estimate without one \
                 (more --histories)",
                hits.batches, hits.of_batches
            )),
            Told::Unhit => {
                let limit = hits.upper_limit_95.map_or(String::new(), |limit| {
                    format!("; with 95 % confidence it is below {limit:.1e} {unit}")
                });
                observer.warn(&format!(
                    "none of {} histories has reached VOI '{name}': its dose reads 0 and is not known to be{limit} (more --histories)",
                    tally.histories()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::batch_words::{BatchWords, SLOTS};
    use crate::transport::score::{Channels, Score};
    use std::sync::atomic::Ordering::Relaxed;

    /// Energy in these words of the photons, or of the time points.
    fn words(score: Score, hit: &[usize]) -> BatchWords {
        let words = BatchWords::new(score, 1);
        let slot = match score.channels {
            Channels::Origins(_) => 1,
            Channels::Times(_) => SLOTS - 1,
        };
        let cells = words.slots()[0][slot].expect("scored");
        hit.iter().for_each(|at| cells[*at].store(7, Relaxed));
        words
    }

    #[test]
    fn voxels_of_any_origin_count_once() {
        let labels = [0, 1, 1, 2, 2, 2];
        let score = Score::by_origin(6, [true, true, false]);
        let mut tally = Tally::new(score, 10);
        tally.fold(0, &mut words(score, &[0, 1, 4]), &labels, 2).unwrap();
        tally.fold(1, &mut words(score, &[1, 5]), &labels, 2).unwrap();
        let two = Parts::alone(2);
        assert_eq!(voxels(&tally, &labels, &two), Some(vec![1, 2]));
        assert_eq!(voxels(&tally, &[], &two), None);
        assert_eq!((tally.region_hits(&[1]), tally.region_hits(&[2])), (2, 2));
        assert_eq!((tally.region_told(&[1]), tally.region_told(&[2])), (Told::Yes, Told::Yes));
    }

    /// Two times, the second with a map of its own: the one with the fewest hits counts.
    #[test]
    fn times_count_the_fewest() {
        let labels = [1, 1, 1, 0, 0, 1, 1, 2];
        let score = Score::by_time(4, 2);
        let mut tally = Tally::new(score, 10);
        // `[voxel][time]`: voxels 0, 1, 2 at the first time, 1 and 3 at the second.
        tally.fold(0, &mut words(score, &[0, 2, 4, 3, 7]), &labels, 2).unwrap();
        let two = Parts::alone(2);
        assert_eq!(voxels(&tally, &labels, &two), Some(vec![1, 0]));
        assert_eq!(voxels(&tally, &labels[..4], &two), Some(vec![1, 0]));
        assert_eq!((tally.region_hits(&[1]), tally.region_hits(&[2])), (1, 0));
        assert_eq!(tally.region_told(&[2]), Told::Unhit);
    }
}
