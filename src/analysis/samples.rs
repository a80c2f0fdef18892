//! What a region sees of a map: values with the volume or mass that has them. The region's own shares are kept, so its volume is exact on any
//! grid. Neglects, with [`Sampling::Uniform`], what the map does within a voxel; with [`Sampling::Interpolated`] it is taken to be linear between
//! the middles of voxels, which smooths steps and noise.
//!
//! A voxel of the region is cut into equal cells where it lies in several voxels of the map, along the axes along which it does, and where the map is
//! interpolated. Of a voxel that lies inside in part, those cells are filled first where the shares of its neighbours, interpolated, are highest: a
//! share says how much lies inside, not where.

use crate::error::{Error, Result};
use crate::image::{Grid, Region, RegionSet, Volume};
use crate::units::CM3_PER_MM3;

/// What a map does within a voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A voxel has its value everywhere, as it was scored.
    Uniform,
    /// Linear between the middles of voxels.
    Interpolated,
}

/// A map with what belongs to it, all on its grid.
#[derive(Debug, Clone, Copy)]
pub struct Map<'a> {
    /// Dose, or what else is asked about. A NaN is a voxel that is not there.
    pub values: &'a Volume<f32>,
    /// Standard error of each voxel; NaN where it is not known.
    pub standard_errors: Option<&'a [f32]>,
    /// g/cm3, where they are known.
    pub density: Option<&'a [f32]>,
    /// Whether weights are masses, by the densities, and not volumes.
    pub by_mass: bool,
    /// Voxels whose values say nothing, as a dose in air: they are left out of the values, not of the volume and of the mean by mass.
    pub left_out: Option<&'a [bool]>,
}

impl<'a> Map<'a> {
    /// Values of which nothing more is known.
    pub fn of(values: &'a Volume<f32>) -> Self {
        Map { values, standard_errors: None, density: None, by_mass: false, left_out: None }
    }
}

/// Values of a region with their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// Values, in no order.
    pub values: Vec<f64>,
    /// Weight of each: mL, or g by mass.
    pub weights: Vec<f64>,
    /// Standard error of each; empty where the map has none.
    pub standard_errors: Vec<f64>,
    /// The region's whole volume, mL.
    pub volume_ml: f64,
    /// Mass of what lies on the map, g, where there is a density.
    pub mass_g: Option<f64>,
    /// Share of the volume that the map does not hold: outside of its grid.
    pub outside: f64,
    /// Mean of all that lies on the map, weighted by mass, where there is a density: the energy over the mass.
    pub mean_by_mass: Option<f64>,
    /// Share of the volume where the map is NaN.
    pub not_a_number: f64,
    /// Share of the volume in voxels that are left out.
    pub left_out: f64,
    /// Share of the weight whose standard error is not known (nothing or too little was scored).
    pub unknown_error: f64,
    /// Variance of the weighted mean where voxels are independent of each other; none without standard errors.
    pub mean_variance: Option<f64>,
}

/// Cells of a region at most; above it, voxels are cut less finely.
const MOST_CELLS: f64 = 4e6;
/// Cells along an edge at most.
const FINEST: usize = 8;
/// Cells along an edge at least, of a voxel that lies in several of the map's.
const COARSEST: usize = 2;
/// Share of a voxel of the map below which what a region has of it is the rounding of its edge, and says nothing of the region's values...
const SLIVER: f64 = 0.01;
/// ...as long as all of it is no more than this share of the region.
const MOST_SLIVERS: f64 = 2e-3;
/// Parts of a voxel of the map by which one of the region may reach beyond it: rounding.
const ROUNDING: f64 = 1e-6;

/// Samples of a region; `set` is that which it belongs to.
///
/// # Errors
/// If the region is empty, a part of the map has another number of voxels, or nothing of the region lies on the map.
pub fn sample(set: &RegionSet, region: &Region, map: &Map, sampling: Sampling) -> Result<Samples> {
    let target = &map.values.grid;
    let n = target.len();
    let parts = [map.standard_errors, map.density];
    let wrong = parts.iter().flatten().any(|p| p.len() != n);
    if wrong || map.left_out.is_some_and(|l| l.len() != n) {
        return Err(Error::input(
            "a map of standard errors or densities",
            format!("it has another number of voxels than the {n} of the dose"),
            "Give maps on one grid.",
        ));
    }
    if region.voxels.is_empty() {
        return Err(Error::input(
            format!("'{}' is empty", region.name),
            "no voxel belongs to it",
            "Check the VOI, or leave it out.",
        ));
    }
    let mut found = match sampling {
        Sampling::Uniform => Found::by_voxel(map, n),
        Sampling::Interpolated => Found::by_cell(map, n),
    };
    visit(set, region, target, sampling, |index, ml| found.add(index, ml))?;
    found.finish(region, set.volume_ml(region))
}

/// Share of each voxel of another grid that a region fills, for those that it touches.
///
/// # Errors
/// If a grid is unusable.
pub fn shares_on(set: &RegionSet, region: &Region, grid: &Grid) -> Result<Vec<(usize, f64)>> {
    let blank = Volume::new(grid.clone(), vec![0.0_f32; grid.len()])?;
    let map = Map::of(&blank);
    let mut found = Found::by_voxel(&map, grid.len());
    visit(set, region, grid, Sampling::Uniform, |index, ml| found.add(index, ml))?;
    let voxel_ml = grid.voxel_volume_mm3() * CM3_PER_MM3;
    let shares = found.by_voxel.iter().enumerate().filter(|s| *s.1 > 0.0);
    Ok(shares.map(|(v, ml)| (v, ml / voxel_ml)).collect())
}

/// Gives the cells of a region: index on the target grid and mL.
fn visit(
    set: &RegionSet,
    region: &Region,
    target: &Grid,
    sampling: Sampling,
    mut give: impl FnMut([f64; 3], f64),
) -> Result<()> {
    if region.iter().next().is_none() {
        return Ok(());
    }
    let voxel_ml = set.grid.voxel_volume_mm3() * CM3_PER_MM3;
    let to_map = Affine::new(&set.grid, target)?;
    let field = ShareField::new(&set.grid, region);
    let cuts = cuts(&set.grid, region, target, sampling, &to_map);
    // For each of the axes along which a voxel may be cut or not.
    let all: Vec<Cells> = (0..8_usize)
        .map(|n| Cells::new([0, 1, 2].map(|a| if n >> a & 1 == 1 { cuts[a] } else { 1 })))
        .collect();
    for (voxel, share) in region.iter() {
        let at = set.grid.unlinear(voxel);
        let which = match sampling {
            Sampling::Interpolated => 7,
            Sampling::Uniform => {
                let across = to_map.across(at.map(|i| i as f64));
                (0..3).map(|a| usize::from(across[a]) << a).sum()
            }
        };
        let cells = &all[which];
        let cell_ml = voxel_ml / cells.offsets.len() as f64;
        cells.filled(at, share, &field, |offset, part| {
            let index = [0, 1, 2].map(|a| at[a] as f64 + offset[a]);
            give(to_map.of(index), part * cell_ml);
        });
    }
    Ok(())
}

/// Cells along each edge of a voxel of the region that is cut along it.
fn cuts(
    own: &Grid,
    region: &Region,
    map: &Grid,
    sampling: Sampling,
    to_map: &Affine,
) -> [usize; 3] {
    if sampling == Sampling::Uniform {
        let axes = |(v, _): (usize, f64)| {
            let at = own.unlinear(v).map(|i| i as f64);
            to_map.across(at).into_iter().filter(|a| *a).count()
        };
        // Voxels that are cut along one, two and three axes.
        let mut cut = [0.0; 4];
        region.iter().for_each(|voxel| cut[axes(voxel)] += 1.0);
        let cells = |n: usize| (1..4).map(|a| cut[a] * (n as f64).powi(a as i32)).sum::<f64>();
        let mut n = FINEST;
        while n > COARSEST && cells(n) > MOST_CELLS {
            n -= 1;
        }
        return [n; 3];
    }
    let step = map.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / 4.0;
    let mut cuts =
        own.spacing_mm().map(|s| ((s / step - 1e-6).ceil().max(1.0) as usize).min(FINEST));
    while cuts.iter().product::<usize>() as f64 * region.voxels.len() as f64 > MOST_CELLS {
        let most = (0..3).fold(0, |m, a| if cuts[a] > cuts[m] { a } else { m });
        if cuts[most] == 1 {
            break;
        }
        cuts[most] -= 1;
    }
    cuts
}

/// From an index of one grid to that of another.
struct Affine {
    origin: [f64; 3],
    steps: [[f64; 3]; 3],
}

impl Affine {
    fn new(from: &Grid, to: &Grid) -> Result<Self> {
        let rows = to.inverse_axes()?;
        let project = |mm: [f64; 3]| rows.map(|r| r[0] * mm[0] + r[1] * mm[1] + r[2] * mm[2]);
        let origin = project([0, 1, 2].map(|c| from.origin_mm[c] - to.origin_mm[c]));
        Ok(Affine { origin, steps: from.axes_mm.map(project) })
    }

    /// Along which of its axes a voxel lies in several voxels of the other grid.
    fn across(&self, index: [f64; 3]) -> [bool; 3] {
        let middle = self.of(index);
        let mut across = [false; 3];
        for (c, middle) in middle.into_iter().enumerate() {
            let half: f64 = (0..3).map(|a| 0.5 * self.steps[a][c].abs()).sum();
            let low = (middle - half + ROUNDING).round();
            let high = (middle + half - ROUNDING).round();
            if low < high {
                for (a, is) in across.iter_mut().enumerate() {
                    *is |= self.steps[a][c].abs() > ROUNDING;
                }
            }
        }
        across
    }

    fn of(&self, index: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|c| {
            let sum: f64 = (0..3).map(|a| index[a] * self.steps[a][c]).sum();
            self.origin[c] + sum
        })
    }
}

/// The shares of a region in its box, with a margin of nothing around it.
struct ShareField {
    low: [usize; 3],
    dims: [usize; 3],
    shares: Vec<f32>,
}

impl ShareField {
    fn new(grid: &Grid, region: &Region) -> Self {
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for (v, _) in region.iter() {
            let at = grid.unlinear(v);
            for a in 0..3 {
                low[a] = low[a].min(at[a]);
                high[a] = high[a].max(at[a]);
            }
        }
        let dims = [0, 1, 2].map(|a| high[a] - low[a] + 3);
        let mut field = ShareField { low, dims, shares: vec![0.0; dims.iter().product()] };
        for (v, share) in region.iter() {
            let at = grid.unlinear(v);
            let n = field.linear([0, 1, 2].map(|a| at[a] - low[a] + 1));
            field.shares[n] = share as f32;
        }
        // Beyond the grid it is not known: as at its border.
        for a in 0..3 {
            if low[a] == 0 {
                field.copy_plane(a, 1, 0);
            }
            if high[a] + 1 == grid.dims[a] {
                field.copy_plane(a, dims[a] - 2, dims[a] - 1);
            }
        }
        field
    }

    fn copy_plane(&mut self, axis: usize, from: usize, to: usize) {
        let [u, v] = [[1, 2], [0, 2], [0, 1]][axis];
        for j in 0..self.dims[v] {
            for i in 0..self.dims[u] {
                let mut at = [0; 3];
                (at[u], at[v], at[axis]) = (i, j, from);
                let share = self.shares[self.linear(at)];
                at[axis] = to;
                let n = self.linear(at);
                self.shares[n] = share;
            }
        }
    }

    fn linear(&self, at: [usize; 3]) -> usize {
        at[0] + self.dims[0] * (at[1] + self.dims[1] * at[2])
    }

    /// Trilinear, at an offset (within half a voxel) from a voxel's middle.
    fn at(&self, voxel: [usize; 3], offset: [f64; 3]) -> f64 {
        let mut sum = 0.0;
        for corner in 0..8 {
            let (mut weight, mut at) = (1.0, [0; 3]);
            for a in 0..3 {
                let own = voxel[a] - self.low[a] + 1;
                let far = offset[a].abs();
                at[a] = match (corner >> a & 1 == 1, offset[a] < 0.0) {
                    (false, _) => own,
                    (true, true) => own - 1,
                    (true, false) => own + 1,
                };
                weight *= if corner >> a & 1 == 1 { far } else { 1.0 - far };
            }
            sum += weight * f64::from(self.shares[self.linear(at)]);
        }
        sum
    }
}

/// The cells of a voxel.
struct Cells {
    offsets: Vec<[f64; 3]>,
}

impl Cells {
    fn new(cuts: [usize; 3]) -> Self {
        let at = |a: usize, i: usize| (i as f64 + 0.5) / cuts[a] as f64 - 0.5;
        let mut offsets = Vec::new();
        for k in 0..cuts[2] {
            for j in 0..cuts[1] {
                for i in 0..cuts[0] {
                    offsets.push([at(0, i), at(1, j), at(2, k)]);
                }
            }
        }
        Cells { offsets }
    }

    /// Gives the cells that a share of the voxel fills, each with how much of it.
    fn filled(
        &self,
        voxel: [usize; 3],
        share: f64,
        field: &ShareField,
        mut give: impl FnMut([f64; 3], f64),
    ) {
        if share >= 1.0 || self.offsets.len() == 1 {
            self.offsets.iter().for_each(|o| give(*o, share.min(1.0)));
            return;
        }
        let mut ranked: Vec<(f64, usize)> =
            self.offsets.iter().enumerate().map(|(n, o)| (field.at(voxel, *o), n)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut left = share * self.offsets.len() as f64;
        // Cells of the same rank fill alike: none is preferred.
        let mut from = 0;
        while from < ranked.len() && left > 0.0 {
            let same = |r: &&(f64, usize)| (ranked[from].0 - r.0).abs() < 1e-9;
            let count = ranked[from..].iter().take_while(same).count();
            let part = (left / count as f64).min(1.0);
            ranked[from..from + count].iter().for_each(|r| give(self.offsets[r.1], part));
            left -= count as f64;
            from += count;
        }
    }
}

/// What is gathered while cells are visited.
struct Found<'a> {
    map: &'a Map<'a>,
    /// By voxel of the map: mL with which its value is in the mean.
    by_voxel: Vec<f64>,
    /// Interpolated values, their weights and standard errors.
    cells: Option<[Vec<f64>; 3]>,
    outside_ml: f64,
    nan_ml: f64,
    left_out_ml: f64,
}

impl<'a> Found<'a> {
    fn by_voxel(map: &'a Map<'a>, n: usize) -> Self {
        let by_voxel = vec![0.0; n];
        Found { map, by_voxel, cells: None, outside_ml: 0.0, nan_ml: 0.0, left_out_ml: 0.0 }
    }

    fn by_cell(map: &'a Map<'a>, n: usize) -> Self {
        Found { cells: Some(Default::default()), ..Found::by_voxel(map, n) }
    }

    /// What a mL of a voxel weighs.
    fn weight(&self, voxel: usize) -> f64 {
        match self.map.density {
            Some(density) if self.map.by_mass => f64::from(density[voxel]),
            _ => 1.0,
        }
    }

    fn is_left_out(&self, voxel: usize) -> bool {
        self.map.left_out.is_some_and(|l| l[voxel])
    }

    fn add(&mut self, index: [f64; 3], ml: f64) {
        let grid = &self.map.values.grid;
        let inside = (0..3).all(|a| index[a] >= -0.5 && index[a] < grid.dims[a] as f64 - 0.5);
        if !inside {
            self.outside_ml += ml;
            return;
        }
        let nearest = grid.linear(index.map(|i| i.round().max(0.0) as usize));
        if self.map.values.data[nearest].is_nan() {
            self.nan_ml += ml;
            return;
        }
        let left_out = self.is_left_out(nearest);
        self.left_out_ml += if left_out { ml } else { 0.0 };
        if self.cells.is_none() || left_out {
            self.by_voxel[nearest] += ml;
            return;
        }
        let weight = ml * self.weight(nearest);
        // Beyond the outermost middles the outermost value holds.
        let (mut value, mut variance, mut whole) = (0.0, 0.0, 0.0);
        let mut corners = [(0, 0.0); 8];
        for (corner, kept) in corners.iter_mut().enumerate() {
            let (mut c, mut at) = (1.0, [0; 3]);
            for a in 0..3 {
                let x = index[a].clamp(0.0, grid.dims[a] as f64 - 1.0);
                let low = x.floor();
                let upper = corner >> a & 1 == 1;
                c *= if upper { x - low } else { 1.0 - (x - low) };
                at[a] = (low as usize + usize::from(upper)).min(grid.dims[a] - 1);
            }
            let v = grid.linear(at);
            let of = f64::from(self.map.values.data[v]);
            if c > 0.0 && !of.is_nan() && !self.is_left_out(v) {
                *kept = (v, c);
                value += c * of;
                whole += c;
                variance +=
                    c * c * self.map.standard_errors.map_or(0.0, |s| f64::from(s[v]).powi(2));
            }
        }
        for (v, c) in corners.into_iter().filter(|k| k.1 > 0.0) {
            self.by_voxel[v] += ml * c / whole;
        }
        if let Some([values, weights, errors]) = &mut self.cells {
            values.push(value / whole);
            weights.push(weight);
            errors.push(variance.sqrt() / whole);
        }
    }

    fn finish(self, region: &Region, volume_ml: f64) -> Result<Samples> {
        let map = self.map;
        let ml = |v: &usize| self.by_voxel[*v];
        let all: Vec<usize> = (0..self.by_voxel.len()).filter(|v| ml(v) > 0.0).collect();
        let kept = self.kept(&all);
        let [outside, not_a_number, left_out] =
            [self.outside_ml, self.nan_ml, self.left_out_ml].map(|ml| ml / volume_ml);
        let weights: Vec<f64> = kept.iter().map(|v| ml(v) * self.weight(*v)).collect();
        let total: f64 = weights.iter().sum();
        if total.is_nan() || total <= 0.0 {
            return Err(Error::input(
                format!(
                    "'{}': {:.3} % of its volume lie outside of the map, {:.3} % where the map is NaN, {:.3} % where the density is too low for a dose",
                    region.name,
                    100.0 * outside,
                    100.0 * not_a_number,
                    100.0 * left_out
                ),
                "nothing of it is left",
                "Check that the VOI and the map are of the same patient and frame of reference.",
            ));
        }
        let (mut unknown, mut variance) = (0.0, 0.0);
        if let Some(errors) = map.standard_errors {
            for (v, w) in kept.iter().zip(&weights) {
                let (w, e) = (w / total, f64::from(errors[*v]));
                if e.is_finite() { variance += (w * e).powi(2) } else { unknown += w }
            }
        }
        let value = |v: &usize| f64::from(map.values.data[*v]);
        let masses = map.density.map(|density| {
            let mass = |v: &usize| ml(v) * f64::from(density[*v]);
            let mass_g: f64 = all.iter().map(mass).sum();
            (mass_g, all.iter().map(|v| mass(v) * value(v)).sum::<f64>() / mass_g)
        });
        let known = map.standard_errors.is_some();
        let (values, weights, standard_errors) = match self.cells {
            Some([values, weights, errors]) => (values, weights, errors),
            None => {
                let errors = map.standard_errors.map_or(&[][..], |errors| errors);
                let errors = kept.iter().filter_map(|v| errors.get(*v)).map(|e| f64::from(*e));
                // What the slivers had belongs to the others.
                let mine: f64 = self.weighed(&all);
                let weights = weights.into_iter().map(|w| w * mine / total).collect();
                (kept.iter().map(value).collect(), weights, errors.collect())
            }
        };
        Ok(Samples {
            values,
            weights,
            standard_errors: if known { standard_errors } else { Vec::new() },
            volume_ml,
            mass_g: masses.map(|m| m.0),
            mean_by_mass: masses.map(|m| m.1).filter(|m| m.is_finite()),
            outside,
            not_a_number,
            left_out,
            unknown_error: unknown,
            mean_variance: known.then_some(variance),
        })
    }

    /// Weight of voxels, without those that are left out.
    fn weighed(&self, voxels: &[usize]) -> f64 {
        let kept = voxels.iter().filter(|v| !self.is_left_out(**v));
        kept.map(|v| self.by_voxel[*v] * self.weight(*v)).sum()
    }

    /// Voxels whose values are the region's: without those that are left out, and those of which it has a sliver.
    fn kept(&self, all: &[usize]) -> Vec<usize> {
        let voxel_ml = self.map.values.grid.voxel_volume_mm3() * CM3_PER_MM3;
        let is_sliver = |v: &usize| self.by_voxel[*v] < SLIVER * voxel_ml;
        let (slivers, whole): (Vec<usize>, Vec<usize>) =
            all.iter().filter(|v| !self.is_left_out(**v)).partition(|v| is_sliver(v));
        let share = self.weighed(&slivers) / self.weighed(all);
        if self.cells.is_none() && share <= MOST_SLIVERS {
            return whole;
        }
        all.iter().copied().filter(|v| !self.is_left_out(*v)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(grid: &Grid, share: impl Fn([usize; 3]) -> f32) -> RegionSet {
        let all: Vec<(u32, f32)> = (0..grid.len())
            .map(|n| (n as u32, share(grid.unlinear(n))))
            .filter(|p| p.1 > 0.0)
            .collect();
        let region = Region {
            label: 1,
            name: "lesion".into(),
            origin: "test".into(),
            colour: None,
            voxels: all.iter().map(|p| p.0).collect(),
            shares: all.iter().map(|p| p.1).collect(),
        };
        RegionSet { grid: grid.clone(), regions: vec![region] }
    }

    fn map(grid: &Grid, value: impl Fn([usize; 3]) -> f32) -> Volume<f32> {
        let data = (0..grid.len()).map(|n| value(grid.unlinear(n))).collect();
        Volume::new(grid.clone(), data).unwrap()
    }

    /// By hand: weights are shares times volume or mass, on the same grid and on a finer, shifted one.
    #[test]
    fn weights_are_shares_of_volume_or_mass() {
        let grid = Grid::aligned([4, 4, 4], [0.0; 3], [2.0; 3]);
        let set = region(&grid, |[i, ..]| [1.0, 0.5, 0.0, 0.0][i]);
        let values = map(&grid, |[i, ..]| i as f32);
        let density = vec![2.0_f32; 64];
        let errors = vec![0.5_f32; 64];
        let whole = Map { standard_errors: Some(&errors), ..Map::of(&values) };
        let found = sample(&set, &set.regions[0], &whole, Sampling::Uniform).unwrap();
        assert!((found.volume_ml - 24.0 * 8e-3).abs() < 1e-9 && found.outside == 0.0);
        let mean = |s: &Samples| {
            let total: f64 = s.weights.iter().sum();
            s.values.iter().zip(&s.weights).map(|(v, w)| v * w).sum::<f64>() / total
        };
        assert!((mean(&found) - 1.0 / 3.0).abs() < 1e-9);
        // Sixteen voxels of 1/24 and sixteen of 1/48.
        let variance = 0.25 * 16.0 * (1.0 / 576.0 + 1.0 / 2304.0);
        assert!((found.mean_variance.unwrap() - variance).abs() < 1e-9);
        let by_mass = Map { density: Some(&density), by_mass: true, ..whole };
        let found = sample(&set, &set.regions[0], &by_mass, Sampling::Uniform).unwrap();
        assert!((found.mass_g.unwrap() - 2.0 * 24.0 * 8e-3).abs() < 1e-9);
        // A map of twice the voxels, three quarters of the region outside of it.
        let fine = Grid::aligned([8, 8, 2], [-0.5, -0.5, 2.5], [1.0; 3]);
        let values = map(&fine, |[i, ..]| i as f32);
        let part = Map::of(&values);
        let found = sample(&set, &set.regions[0], &part, Sampling::Uniform).unwrap();
        assert!((found.outside - 0.75).abs() < 1e-6, "{}", found.outside);
        // Cells at 0 and 1 whole; of the half voxel those beside the whole one: at 2.
        assert!((mean(&found) - (0.5 * 2.0 + 2.0) / 3.0).abs() < 1e-6, "{}", mean(&found));
        assert!(found.standard_errors.is_empty() && found.mean_variance.is_none());
    }

    /// By hand: a dose in air is not one of the region's, and what the region has of a voxel by rounding is no value of it; the mean by mass is the energy
    /// over the mass of all.
    #[test]
    fn air_and_slivers_are_left_out() {
        let grid = Grid::aligned([10, 4, 4], [0.0; 3], [2.0; 3]);
        let set = region(&grid, |[i, ..]| if i < 9 { 1.0 } else { 0.005 });
        let values = map(&grid, |[i, ..]| [900.0, 2.0, 2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 77.0][i]);
        let of = |n: usize, air: f32, tissue: f32| {
            if grid.unlinear(n)[0] == 0 { air } else { tissue }
        };
        let density: Vec<f32> = (0..160).map(|n| of(n, 0.001, 1.0)).collect();
        let air: Vec<bool> = (0..160).map(|n| of(n, 1.0, 0.0) > 0.0).collect();
        let whole = Map { density: Some(&density), left_out: Some(&air), ..Map::of(&values) };
        let found = sample(&set, &set.regions[0], &whole, Sampling::Uniform).unwrap();
        let dvh = crate::analysis::Dvh::new(&found).unwrap();
        assert_eq!((dvh.min(), dvh.max()), (2.0, 4.0));
        assert!((dvh.mean() - (5.0 * 2.0 + 3.0 * 4.0) / 8.0).abs() < 1e-9);
        // The sliver's volume belongs to the others.
        let total: f64 = found.weights.iter().sum();
        assert!((total - 16.0 * 8e-3 * 8.005).abs() < 1e-7, "{total}");
        assert!((found.left_out - 1.0 / 9.005).abs() < 1e-6, "{}", found.left_out);
        let mass = 8.005 + 0.001;
        let energy = 0.9 + 5.0 * 2.0 + 3.0 * 4.0 + 0.005 * 77.0;
        assert!((found.mean_by_mass.unwrap() - energy / mass).abs() < 1e-4);
        assert!((found.mass_g.unwrap() - 16.0 * 8e-3 * mass).abs() < 1e-6);
        // A region of slivers alone is what there is.
        let thin = region(&grid, |[i, ..]| if i == 9 { 0.005 } else { 0.0 });
        let found = sample(&thin, &thin.regions[0], &whole, Sampling::Uniform).unwrap();
        assert_eq!(found.values, vec![77.0; 16]);
    }

    /// A square of fine pixels, wherever its edges lie among the map's coarse voxels, has their values by the parts that it covers: edges that halve a
    /// pixel and lie on those of the voxels take nothing of the voxels beside.
    #[test]
    fn edges_of_fine_pixels_fall_into_the_right_voxels() {
        let coarse = Grid::aligned([16, 16, 4], [2.0; 3], [4.0; 3]);
        let values = map(&coarse, |[i, ..]| (i * i) as f32);
        let of = Map::of(&values);
        for offset in [0.0, 0.25, 0.5, 0.75, 1.0, 2.5] {
            // Pixels of 1 mm whose middles are whole numbers: an edge at a whole number halves one.
            let fine = Grid::aligned([64, 64, 4], [0.0, 0.0, 2.0], [1.0, 1.0, 4.0]);
            let (low, high) = (12.0 + offset, 52.0 + offset);
            let along = |i: usize| {
                let (from, to) = (i as f64 - 0.5, i as f64 + 0.5);
                (to.min(high) - from.max(low)).clamp(0.0, 1.0)
            };
            let set = region(&fine, |[i, j, _]| (along(i) * along(j)) as f32);
            let found = sample(&set, &set.regions[0], &of, Sampling::Uniform).unwrap();
            let part = |i: usize| {
                let (from, to) = (4.0 * i as f64, 4.0 * (i + 1) as f64);
                (to.min(high) - from.max(low)).max(0.0)
            };
            let exact: f64 = (0..16).map(|i| part(i) * (i * i) as f64).sum::<f64>() / 40.0;
            let total: f64 = found.weights.iter().sum();
            let mean = found.values.iter().zip(&found.weights).map(|(v, w)| v * w).sum::<f64>();
            assert!(
                (mean / total / exact - 1.0).abs() < 3e-4,
                "{offset}: {} {exact}",
                mean / total
            );
            if offset == 0.0 {
                // Ten voxels by ten by four; at the corners the neighbours' shares do not say that the quarter is a square.
                let beside = found.values.iter().zip(&found.weights).filter(|(v, _)| **v < 9.0);
                let beside: f64 = beside.map(|(_, w)| w).sum();
                assert!(beside / total < 1e-4, "{}", beside / total);
            }
        }
    }

    /// A linear map has its own values between the middles of voxels, and the share of a voxel lies beside the whole ones.
    #[test]
    fn interpolation_is_exact_for_a_linear_map() {
        let grid = Grid::aligned([8, 4, 4], [0.0; 3], [2.0; 3]);
        let set = region(&grid, |[i, ..]| {
            if (2..5).contains(&i) {
                1.0
            } else if i == 5 {
                0.5
            } else {
                0.0
            }
        });
        let values = map(&grid, |[i, ..]| 10.0 * i as f32);
        let of = Map::of(&values);
        let found = sample(&set, &set.regions[0], &of, Sampling::Interpolated).unwrap();
        let total: f64 = found.weights.iter().sum();
        let mean = found.values.iter().zip(&found.weights).map(|(v, w)| v * w).sum::<f64>() / total;
        // From 1.5 to 5.0 voxels.
        assert!((mean - 32.5).abs() < 1e-6, "{mean}");
        let top = found.values.iter().copied().fold(0.0, f64::max);
        assert!(top < 50.0, "{top}");
    }

    #[test]
    fn what_the_map_does_not_hold_is_told() {
        let grid = Grid::aligned([4, 4, 4], [0.0; 3], [2.0; 3]);
        let set = region(&grid, |_| 1.0);
        let values = map(&grid, |[i, ..]| if i == 0 { f32::NAN } else { 1.0 });
        let errors: Vec<f32> = values.map(|v| if *v > 0.0 { 0.1 } else { f32::NAN }).data;
        let nan = Map { standard_errors: Some(&errors), ..Map::of(&values) };
        for sampling in [Sampling::Uniform, Sampling::Interpolated] {
            let found = sample(&set, &set.regions[0], &nan, sampling).unwrap();
            assert!((found.not_a_number - 0.25).abs() < 1e-6 && found.unknown_error == 0.0);
            assert!(found.values.iter().all(|v| (*v - 1.0).abs() < 1e-6));
        }
        let away = map(&Grid::aligned([2; 3], [900.0; 3], [1.0; 3]), |_| 1.0);
        let of = Map::of(&away);
        let refused = sample(&set, &set.regions[0], &of, Sampling::Uniform).unwrap_err();
        assert!(refused.to_string().contains("100.000 % of its volume lie outside"), "{refused}");
        let empty = region(&grid, |_| 0.0);
        assert!(sample(&empty, &empty.regions[0], &nan, Sampling::Uniform).is_err());
    }
}
