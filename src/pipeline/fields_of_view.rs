//! Regions that reach beyond the field of view of an image of a series. Neglects that what lies beyond it may clear otherwise than the rest of
//! its region.
//!
//! What one image does not show is taken from the others: a voxel v of a region that image t does not cover gets
//! c(t) sum_s a_v(s) / sum_s c(s), where a are activities, c is the sum over those voxels of the region that all images show, and s runs over the
//! images that show v. The part of a region's activity that was so filled in is that time's relative standard uncertainty beside the stated one;
//! a time of which more than a fifth would be filled in is left out, so that what is assumed stays small. A voxel of several VOIs is filled in as one of
//! the smallest; where that is left out, so are the others at that time, as a part of them is not known.

use super::Observer;
use crate::error::Result;
use crate::image::{ActivityUnit, Grid, Parts, Volume, resample_activity};
use crate::time::hours_text;

/// A voxel of which an image covers less does not count as seen by it (uniform values ripple by up to 2.4 % on oblique grids).
const SEEN: f32 = 0.95;
/// A time of which more than this part would be filled in is left out.
const MOST_FILLED: f64 = 0.2;
/// Filled parts above this are told.
const TOLD: f64 = 1e-3;
/// Edges of voxels that lie on each other to this part of a voxel are the same.
const SAME_EDGE: f64 = 1e-3;

/// Which voxels of a grid an image shows: none for all.
///
/// # Errors
/// If a grid is unusable.
pub fn shown(image: &Grid, grid: &Grid) -> Result<Option<Vec<bool>>> {
    let mut within = true;
    for corner in grid.corners_mm() {
        let index = image.to_index(corner)?;
        within &= (0..3).all(|a| {
            let last = image.dims[a] as f64 - 0.5;
            (-0.5 - SAME_EDGE..=last + SAME_EDGE).contains(&index[a])
        });
    }
    if within {
        return Ok(None);
    }
    let ones = Volume::new(image.clone(), vec![1.0; image.len()])?;
    let parts = resample_activity(&ones, ActivityUnit::PerMl, grid)?.volume.data;
    Ok(Some(parts.into_iter().map(|part| part >= SEEN).collect()))
}

/// What was filled in: for each region (0: outside of all VOIs), the share of each time's activity; 1 for a time that is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// `shares[region][time]`.
    pub shares: Vec<Vec<f64>>,
}

impl Filled {
    /// Whether anything of a region was filled in.
    pub fn any(&self, region: usize) -> bool {
        self.shares[region].iter().any(|p| *p > 0.0)
    }

    /// Whether a time of a region is left out.
    pub fn left_out(&self, region: usize, time: usize) -> bool {
        self.shares[region][time] >= 1.0
    }

    /// A region's relative uncertainties at each time with what was filled in.
    pub fn widened(&self, region: usize, own: &[f64]) -> Vec<f64> {
        own.iter().zip(&self.shares[region]).map(|(own, share)| own.hypot(*share)).collect()
    }
}

/// The images of a series on the dose grid, and what each of them shows.
pub struct Fields<'a> {
    /// s after the administration.
    pub times_s: &'a [f64],
    /// Part of each voxel at each time; empty without VOIs: all voxels are part 0.
    pub labels: &'a [Vec<u16>],
    /// Which VOIs each part lies in.
    pub parts: &'a Parts,
    /// The region that decides for each part.
    pub owners: &'a [u16],
    /// Voxels that each image shows ([`shown`]).
    pub shown: &'a [Option<Vec<bool>>],
    /// Names of the regions from 1 on.
    pub names: &'a [String],
}

impl Fields<'_> {
    fn part(&self, time: usize, voxel: usize) -> usize {
        self.labels.get(time).map_or(0, |l| usize::from(l[voxel]))
    }

    fn region(&self, time: usize, voxel: usize) -> usize {
        self.owner(self.part(time, voxel))
    }

    fn owner(&self, part: usize) -> usize {
        self.owners.get(part).map_or(0, |r| usize::from(*r))
    }

    fn seen(&self, time: usize, voxel: usize) -> bool {
        self.shown[time].as_ref().is_none_or(|s| s[voxel])
    }

    /// Fills in what images do not show of their regions, and says so.
    pub fn fill(&self, maps: &mut [Vec<f32>], observer: &dyn Observer) -> Filled {
        let (times, regions) = (maps.len(), self.names.len() + 1);
        let mut shares = vec![vec![0.0; times]; regions];
        if self.shown.iter().all(Option::is_none) {
            return Filled { shares };
        }
        let voxels = maps.first().map_or(0, Vec::len);
        let fixed = self.labels.windows(2).all(|w| w[0] == w[1]);
        // Sums over what all images show of a region that stays where it is.
        let mut common = vec![vec![0.0; times]; regions];
        let in_all = |v: usize| fixed && (0..times).all(|t| self.seen(t, v));
        for v in (0..voxels).filter(|v| in_all(*v)) {
            let of = &mut common[self.region(0, v)];
            (0..times).for_each(|t| of[t] += f64::from(maps[t][v]));
        }
        let measured = maps.to_vec();
        let mean = |t: usize| self.means(&measured[t], t, regions);
        // Regions that are left out at a time with another.
        let mut with_others = vec![vec![None; times]; regions];
        for (t, map) in maps.iter_mut().enumerate() {
            if self.shown[t].is_none() {
                continue;
            }
            let means = mean(t);
            let count = self.parts.count() + 1;
            let (mut filled, mut whole) = (vec![0.0; count], vec![0.0; count]);
            let mut there = vec![false; count];
            for v in 0..voxels {
                let (part, r) = (self.part(t, v), self.region(t, v));
                there[part] = true;
                if !self.seen(t, v) {
                    let c = &common[r];
                    let others: Vec<usize> =
                        (0..times).filter(|s| *s != t && self.seen(*s, v)).collect();
                    let sum = |f: &dyn Fn(usize) -> f64| others.iter().map(|s| f(*s)).sum::<f64>();
                    let guess = if fixed {
                        c[t] * sum(&|s| f64::from(measured[s][v])) / sum(&|s| c[s])
                    } else {
                        means[r]
                    };
                    // Nothing that all images show: the time cannot be completed.
                    let known = guess.is_finite() && (!fixed || c[t] > 0.0);
                    map[v] = if known { guess as f32 } else { 0.0 };
                    let lost = sum(&|s| f64::from(measured[s][v]));
                    filled[part] +=
                        if known || lost <= 0.0 { f64::from(map[v]) } else { f64::INFINITY };
                }
                whole[part] += f64::from(map[v]);
            }
            // Of the voxels that a region decides for: they have no activity at a time that is left out.
            let owned = |of_parts: &[f64]| {
                let mut sums = vec![0.0; regions];
                of_parts.iter().enumerate().for_each(|(part, x)| sums[self.owner(part)] += x);
                sums
            };
            let mine = owned(&filled).into_iter().zip(owned(&whole));
            let out: Vec<bool> = mine.map(|(filled, whole)| share(filled, whole) >= 1.0).collect();
            if out.contains(&true) {
                (0..voxels).filter(|v| out[self.region(t, *v)]).for_each(|v| map[v] = 0.0);
            }
            // Of all voxels of a region.
            shares[0][t] = share(filled[0], whole[0]);
            let (filled, whole) = (self.parts.sums(&filled), self.parts.sums(&whole));
            for n in 0..self.parts.vois() {
                let lost = |part: &usize| {
                    let owner = self.owner(*part);
                    (there[*part] && owner != n + 1 && out[owner]).then_some(owner)
                };
                let other = self.parts.of_voi(n).iter().find_map(lost);
                with_others[n + 1][t] = other.filter(|_| !out[n + 1]);
                shares[n + 1][t] = other.map_or_else(|| share(filled[n], whole[n]), |_| 1.0);
            }
        }
        self.tell(&shares, &with_others, observer);
        Filled { shares }
    }

    /// Mean activity of each region's voxels that an image shows.
    fn means(&self, map: &[f32], time: usize, regions: usize) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); regions];
        for v in (0..map.len()).filter(|v| self.seen(time, *v)) {
            let of = &mut sums[self.region(time, v)];
            *of = (of.0 + f64::from(map[v]), of.1 + 1.0);
        }
        sums.into_iter().map(|(sum, n)| sum / n).collect()
    }

    fn tell(
        &self,
        shares: &[Vec<f64>],
        with_others: &[Vec<Option<usize>>],
        observer: &dyn Observer,
    ) {
        for (r, of_region) in shares.iter().enumerate() {
            let name = |r: usize| {
                r.checked_sub(1).map_or("what is outside of all VOIs", |n| &self.names[n])
            };
            let at = |t: usize| hours_text(self.times_s[t]);
            let some = |f: &dyn Fn(usize) -> bool| {
                (0..of_region.len()).filter(|t| f(*t)).collect::<Vec<_>>()
            };
            let part = some(&|t| of_region[t] > TOLD && of_region[t] < 1.0);
            if !part.is_empty() {
                let each =
                    part.iter().map(|t| format!("{:.1} % at {}", 100.0 * of_region[*t], at(*t)));
                observer.warn(&format!(
                    "'{}': beyond the image's field of view lies activity ({}): filled in from the images that show it, with as much uncertainty",
                    name(r),
                    each.collect::<Vec<_>>().join(", ")
                ));
            }
            let out = some(&|t| of_region[t] >= 1.0 && with_others[r][t].is_none());
            if !out.is_empty() {
                let each: Vec<String> = out.iter().map(|t| at(*t)).collect();
                observer.warn(&format!(
                    "'{}': more than {:.0} % of it lies beyond the image's field of view at {}: the time is left out of its curve",
                    name(r),
                    100.0 * MOST_FILLED,
                    each.join(", ")
                ));
            }
            for t in some(&|t| with_others[r][t].is_some()) {
                let other = with_others[r][t].unwrap_or_default();
                observer.warn(&format!(
                    "'{}': '{}', with which it shares voxels, is left out at {}: so is its own value",
                    name(r),
                    name(other),
                    at(t)
                ));
            }
        }
    }
}

/// Share of what was filled in; 1 where that is too much, or not known.
fn share(filled: f64, whole: f64) -> f64 {
    let share = if filled > 0.0 { filled / whole.max(filled) } else { 0.0 };
    if share.is_nan() || share > MOST_FILLED { 1.0 } else { share }
}

/// Tells of VOIs that reach beyond every image. `labels`: the part of each voxel; empty without VOIs.
pub fn tell_beyond(
    names: &[String],
    parts: &Parts,
    labels: &[u16],
    shown: &[&Option<Vec<bool>>],
    observer: &dyn Observer,
) {
    let Some(all) = shown.iter().map(|s| s.as_ref()).collect::<Option<Vec<_>>>() else { return };
    let mut beyond = vec![0_usize; parts.count() + 1];
    let mut voxels = beyond.clone();
    for (v, label) in labels.iter().enumerate() {
        beyond[usize::from(*label)] += usize::from(all.iter().all(|s| !s[v]));
        voxels[usize::from(*label)] += 1;
    }
    let counts = parts.sums(&beyond).into_iter().zip(parts.sums(&voxels));
    let beyond = names.iter().zip(counts).filter(|(_, (beyond, _))| *beyond > 0);
    let told: Vec<String> = beyond
        .map(|(name, (beyond, voxels))| {
            format!("'{name}' with {:.1} % of its voxels", 100.0 * beyond as f64 / voxels as f64)
        })
        .collect();
    if !told.is_empty() {
        observer.warn(&format!(
            "VOIs reach beyond the field of view of the activity, or into padding of it (next to nothing throughout): {}. What decays there is not known \
             and counts as nothing; their mean dose is that of both parts",
            told.join(", ")
        ));
    }
}

/// Tells of VOIs, by name, that hold nothing of the activity: nothing says whether they were measured.
pub fn tell_empty(names: &[&str], observer: &dyn Observer) {
    if !names.is_empty() {
        observer.warn(&format!(
            "no activity in {}: outside of the image's field of view (padding is 0 too), or nothing was measured there; the dose is what comes from \
             elsewhere",
            names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::Ear;
    use super::*;

    /// 10 voxels in a row: region 1 is the first six, of two clearances; region 2 the rest.
    fn maps() -> Vec<Vec<f32>> {
        let at = |t: f64| (0..10).map(move |v| ((v + 1) as f64 * 100.0 * (-0.1 * t).exp()) as f32);
        [1.0, 2.0, 3.0].map(|t| at(t).collect()).to_vec()
    }

    fn cut(from: usize) -> Option<Vec<bool>> {
        Some((0..10).map(|v| v < from).collect())
    }

    const TIMES: [f64; 3] = [3600.0, 7200.0, 10800.0];

    fn fill(
        maps: &mut [Vec<f32>],
        shown: &[Option<Vec<bool>>],
        labels: &[Vec<u16>],
        names: &[&str],
        ear: &Ear,
    ) -> Filled {
        let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        let parts = Parts::alone(names.len());
        let owners = parts.smallest(&[], |_| true);
        let fields = Fields {
            times_s: &TIMES,
            labels,
            parts: &parts,
            owners: &owners,
            shown,
            names: &names,
        };
        fields.fill(maps, ear)
    }

    #[test]
    fn what_an_image_does_not_show_follows_the_rest_of_its_region() {
        let labels = vec![vec![1, 1, 1, 1, 1, 1, 2, 2, 2, 2]; 3];
        let shown = [None, Some((0..10).map(|v| v > 0 && v < 6).collect()), None];
        let (truth, mut seen, ear) = (maps(), maps(), Ear::default());
        seen[1][0] = 0.0;
        seen[1][6..].fill(0.0);
        let filled = fill(&mut seen, &shown, &labels, &["kidney", "liver"], &ear);
        for v in 0..6 {
            assert!((seen[1][v] / truth[1][v] - 1.0).abs() < 1e-5, "{v}");
        }
        // 100 of 2100 are filled in; of the liver nothing is left: out.
        assert!((filled.shares[1][1] - 100.0 / 2100.0).abs() < 1e-6);
        assert_eq!(filled.shares[2], [0.0, 1.0, 0.0]);
        assert!(seen[1][6..].iter().all(|a| *a == 0.0));
        assert_eq!(filled.widened(1, &[0.05; 3])[0], 0.05);
        assert!((filled.widened(1, &[0.05; 3])[1] - 0.05_f64.hypot(100.0 / 2100.0)).abs() < 1e-6);
        let told = ear.0.lock().unwrap().clone();
        assert!(told.iter().any(|w| w.contains("4.8 %") && w.contains("kidney")), "{told:?}");
        assert!(told.iter().any(|w| w.contains("left out") && w.contains("liver")), "{told:?}");
    }

    #[test]
    fn a_region_that_moves_is_filled_with_its_mean() {
        let mut labels = vec![vec![1; 10]; 3];
        labels[1][9] = 0;
        let shown = [None, cut(8), None];
        let mut seen = maps();
        seen[1][8..].fill(0.0);
        let mean = seen[1][..8].iter().sum::<f32>() / 8.0;
        let filled = fill(&mut seen, &shown, &labels, &["tumour"], &Ear::default());
        assert!((seen[1][8] / mean - 1.0).abs() < 1e-6);
        assert!((filled.shares[1][1] - 1.0 / 9.0).abs() < 1e-6);
        // Outside of it nothing is shown: out.
        assert_eq!(filled.shares[0][1], 1.0);
    }

    /// A lesion (2) in the last three voxels of a liver (1), of which an image shows all but these: the liver would be filled in, the lesion not.
    #[test]
    fn a_voi_goes_with_the_smaller_one_in_it_that_is_left_out() {
        let names = ["liver".to_string(), "lesion".to_string()];
        let mut parts = Parts::alone(2);
        let voi = |voxels: std::ops::Range<u32>| crate::image::Voi {
            label: 1,
            name: String::new(),
            voxels: voxels.collect(),
        };
        let grid = Grid::aligned([40, 1, 1], [0.0; 3], [1.0; 3]);
        let set = crate::image::VoiSet { grid, vois: vec![voi(0..40), voi(37..40)] };
        let labels = vec![parts.label(&set).unwrap(); 3];
        let owners = parts.smallest(&[40.0, 3.0], |_| true);
        let shown = [None, Some((0..40).map(|v| v < 37).collect()), None];
        let mut maps = vec![vec![1.0_f32; 40]; 3];
        maps[1][37..].fill(0.0);
        let ear = Ear::default();
        let fields = Fields {
            times_s: &TIMES,
            labels: &labels,
            parts: &parts,
            owners: &owners,
            shown: &shown,
            names: &names,
        };
        let filled = fields.fill(&mut maps, &ear);
        assert!(filled.left_out(2, 1) && filled.left_out(1, 1) && !filled.left_out(1, 0));
        // The liver's own voxels keep what was measured.
        assert_eq!((maps[1][36], maps[1][37]), (1.0, 0.0));
        let told = ear.0.lock().unwrap().clone();
        assert!(told.iter().any(|w| w.contains("'liver': 'lesion'")), "{told:?}");
        assert!(told.iter().any(|w| w.contains("'lesion': more than 20 %")), "{told:?}");
        assert_eq!(told.len(), 2, "{told:?}");
    }

    #[test]
    fn an_image_shows_what_it_covers() {
        let dose = Grid::aligned([4, 4, 4], [0.0; 3], [2.0; 3]);
        assert_eq!(shown(&dose, &dose).unwrap(), None);
        let larger = Grid::aligned([12, 12, 12], [-4.0; 3], [1.5; 3]);
        assert_eq!(shown(&larger, &dose).unwrap(), None);
        let short = Grid::aligned([4, 4, 3], [0.0; 3], [2.0; 3]);
        let seen = shown(&short, &dose).unwrap().unwrap();
        assert_eq!(seen.iter().filter(|s| !**s).count(), 16);
        let ear = Ear::default();
        tell_beyond(&["spine".to_string()], &Parts::alone(1), &[1; 64], &[&Some(seen)], &ear);
        assert!(ear.0.lock().unwrap()[0].contains("25.0 %"));
    }
}
