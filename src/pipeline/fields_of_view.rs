//! Regions that reach beyond the field of view of an image of a series. Neglects that what lies beyond it may clear otherwise than the rest of
//! its region.
//!
//! What one image does not show is taken from the others: a voxel v of a region that image t does not cover gets
//! c(t) sum_s a_v(s) / sum_s c(s), where a are activities, c is the sum over those voxels of the region that all images show, and s runs over the
//! images that show v. The part of a region's activity that was so filled in is that time's relative standard uncertainty beside the stated one;
//! a time of which more than a fifth would be filled in is left out, so that what is assumed stays small.

use super::Observer;
use crate::error::Result;
use crate::image::{ActivityUnit, Grid, Volume, resample_activity};
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

/// What was filled in: for each region, the part of each time's activity; 1 for a time that is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// `parts[region][time]`.
    pub parts: Vec<Vec<f64>>,
}

impl Filled {
    /// Whether anything of a region was filled in.
    pub fn any(&self, region: usize) -> bool {
        self.parts[region].iter().any(|p| *p > 0.0)
    }

    /// A region's relative uncertainties at each time with what was filled in.
    pub fn widened(&self, region: usize, own: &[f64]) -> Vec<f64> {
        own.iter().zip(&self.parts[region]).map(|(own, part)| own.hypot(*part)).collect()
    }
}

/// The images of a series on the dose grid, and what each of them shows.
pub struct Fields<'a> {
    /// s after the administration.
    pub times_s: &'a [f64],
    /// Region of each voxel at each time; empty without VOIs: all voxels are region 0.
    pub labels: &'a [Vec<u16>],
    /// Voxels that each image shows ([`shown`]).
    pub shown: &'a [Option<Vec<bool>>],
    /// Names of the regions from 1 on.
    pub names: &'a [String],
}

impl Fields<'_> {
    fn region(&self, time: usize, voxel: usize) -> usize {
        self.labels.get(time).map_or(0, |l| usize::from(l[voxel]))
    }

    fn seen(&self, time: usize, voxel: usize) -> bool {
        self.shown[time].as_ref().is_none_or(|s| s[voxel])
    }

    /// Fills in what images do not show of their regions, and says so.
    pub fn fill(&self, maps: &mut [Vec<f32>], observer: &dyn Observer) -> Filled {
        let (times, regions) = (maps.len(), self.names.len() + 1);
        let mut parts = vec![vec![0.0; times]; regions];
        if self.shown.iter().all(Option::is_none) {
            return Filled { parts };
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
        for (t, map) in maps.iter_mut().enumerate() {
            if self.shown[t].is_none() {
                continue;
            }
            let means = mean(t);
            let (mut filled, mut whole) = (vec![0.0; regions], vec![0.0; regions]);
            for v in 0..voxels {
                let r = self.region(t, v);
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
                    filled[r] +=
                        if known || lost <= 0.0 { f64::from(map[v]) } else { f64::INFINITY };
                }
                whole[r] += f64::from(map[v]);
            }
            for r in 0..regions {
                parts[r][t] =
                    if filled[r] > 0.0 { filled[r] / whole[r].max(filled[r]) } else { 0.0 };
                if parts[r][t].is_nan() || parts[r][t] > MOST_FILLED {
                    parts[r][t] = 1.0;
                    let of_region = (0..voxels).filter(|v| self.region(t, *v) == r);
                    of_region.for_each(|v| map[v] = 0.0);
                }
            }
        }
        self.tell(&parts, observer);
        Filled { parts }
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

    fn tell(&self, parts: &[Vec<f64>], observer: &dyn Observer) {
        for (r, of_region) in parts.iter().enumerate() {
            let name = r.checked_sub(1).map_or("what is outside of all VOIs", |n| &self.names[n]);
            let at = |t: usize| hours_text(self.times_s[t]);
            let some = |f: &dyn Fn(f64) -> bool| {
                (0..parts[r].len()).filter(|t| f(of_region[*t])).collect::<Vec<_>>()
            };
            let part = some(&|p| p > TOLD && p < 1.0);
            if !part.is_empty() {
                let each =
                    part.iter().map(|t| format!("{:.1} % at {}", 100.0 * of_region[*t], at(*t)));
                observer.warn(&format!(
                    "'{name}': beyond the image's field of view lies activity ({}): filled in from the images that show it, with as much uncertainty",
                    each.collect::<Vec<_>>().join(", ")
                ));
            }
            let out = some(&|p| p >= 1.0);
            if !out.is_empty() {
                let each: Vec<String> = out.iter().map(|t| at(*t)).collect();
                observer.warn(&format!(
                    "'{name}': more than {:.0} % of it lies beyond the image's field of view at {}: the time is left out of its curve",
                    100.0 * MOST_FILLED,
                    each.join(", ")
                ));
            }
        }
    }
}

/// Tells of VOIs that reach beyond every image. `labels`: the region of each voxel, 1 for the first name; empty without VOIs.
pub fn tell_beyond(
    names: &[String],
    labels: &[u16],
    shown: &[&Option<Vec<bool>>],
    observer: &dyn Observer,
) {
    let Some(all) = shown.iter().map(|s| s.as_ref()).collect::<Option<Vec<_>>>() else { return };
    let mut counts = vec![(0_usize, 0_usize); names.len() + 1];
    for (v, label) in labels.iter().enumerate() {
        let (beyond, voxels) = &mut counts[usize::from(*label)];
        *beyond += usize::from(all.iter().all(|s| !s[v]));
        *voxels += 1;
    }
    let beyond = names.iter().zip(&counts[1..]).filter(|(_, (beyond, _))| *beyond > 0);
    let told: Vec<String> = beyond
        .map(|(name, (beyond, voxels))| {
            format!("'{name}' with {:.1} % of its voxels", 100.0 * *beyond as f64 / *voxels as f64)
        })
        .collect();
    if !told.is_empty() {
        observer.warn(&format!(
            "VOIs reach beyond the field of view of the activity: {}. What decays there is not known and counts as nothing; their mean dose is \
             that of both parts",
            told.join(", ")
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

    fn fields<'a>(
        shown: &'a [Option<Vec<bool>>],
        labels: &'a [Vec<u16>],
        names: &'a [String],
    ) -> Fields<'a> {
        Fields { times_s: &[3600.0, 7200.0, 10800.0], labels, shown, names }
    }

    #[test]
    fn what_an_image_does_not_show_follows_the_rest_of_its_region() {
        let labels = vec![vec![1, 1, 1, 1, 1, 1, 2, 2, 2, 2]; 3];
        let names = ["kidney".to_string(), "liver".to_string()];
        let shown = [None, Some((0..10).map(|v| v > 0 && v < 6).collect()), None];
        let (truth, mut seen, ear) = (maps(), maps(), Ear::default());
        seen[1][0] = 0.0;
        seen[1][6..].fill(0.0);
        let filled = fields(&shown, &labels, &names).fill(&mut seen, &ear);
        for v in 0..6 {
            assert!((seen[1][v] / truth[1][v] - 1.0).abs() < 1e-5, "{v}");
        }
        // 100 of 2100 are filled in; of the liver nothing is left: out.
        assert!((filled.parts[1][1] - 100.0 / 2100.0).abs() < 1e-6);
        assert_eq!(filled.parts[2], [0.0, 1.0, 0.0]);
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
        let filled =
            fields(&shown, &labels, &["tumour".to_string()]).fill(&mut seen, &Ear::default());
        assert!((seen[1][8] / mean - 1.0).abs() < 1e-6);
        assert!((filled.parts[1][1] - 1.0 / 9.0).abs() < 1e-6);
        // Outside of it nothing is shown: out.
        assert_eq!(filled.parts[0][1], 1.0);
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
        tell_beyond(&["spine".to_string()], &[1; 64], &[&Some(seen)], &ear);
        assert!(ear.0.lock().unwrap()[0].contains("25.0 %"));
    }
}
