//! Maps that are made of steps: affine ones and displacement fields that another program made. A field gives the displacement u (mm, LPS) of points of the
//! fixed image: p -> p + u(p), trilinear between its voxels; beyond it points stay, as in ITK.
//!
//! Activity follows the tissue: a fixed voxel gets the moving image's concentration times the volume from which its tissue comes, the determinant of the
//! map's slopes. Neglects what trilinear sampling skips where the fixed grid is coarser than the moving one.

use std::path::Path;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::image::{Affine, Grid, Volume, determinant};
use crate::io::{NiftiAffine, read_vectors};
use crate::registration::Interpolated;

/// A displacement field: its three components.
#[derive(Debug, Clone)]
pub struct Field {
    components: [Volume<f32>; 3],
}

/// A step of a map from the fixed to the moving image.
#[derive(Debug, Clone)]
pub enum Step {
    /// Affine.
    Affine(Affine),
    /// By a field.
    Field(Box<Field>),
}

impl Field {
    /// Reads an image of vectors, as ITK and ANTs write them (mm, LPS).
    ///
    /// # Errors
    /// If it cannot be read, does not hold vectors of three, or holds what is no number.
    pub fn read(path: &Path, nifti_affine: NiftiAffine) -> Result<Field> {
        let components = read_vectors(path, nifti_affine)?;
        if components.iter().any(|c| c.data.iter().any(|v| !v.is_finite())) {
            return Err(Error::input(
                format!("{}: a displacement is NaN or infinite", path.display()),
                "a point must go somewhere",
                "Write the field again.",
            ));
        }
        Ok(Field { components })
    }
}

/// Steps that are ready to be followed.
pub struct Map<'a> {
    steps: Vec<Ready<'a>>,
}

enum Ready<'a> {
    Affine(Affine),
    Field(Box<[Interpolated<'a>; 3]>),
}

impl<'a> Map<'a> {
    /// # Errors
    /// If a field's grid spans no volume.
    pub fn new(steps: &'a [Step]) -> Result<Self> {
        let ready = |step: &'a Step| match step {
            Step::Affine(map) => Ok(Ready::Affine(*map)),
            Step::Field(field) => {
                let [x, y, z] = &field.components;
                Ok(Ready::Field(Box::new([
                    Interpolated::new(x)?,
                    Interpolated::new(y)?,
                    Interpolated::new(z)?,
                ])))
            }
        };
        Ok(Map { steps: steps.iter().map(ready).collect::<Result<_>>()? })
    }

    /// Where a point of the fixed image goes.
    pub fn apply(&self, mm: [f64; 3]) -> [f64; 3] {
        self.steps.iter().fold(mm, |p, step| match step {
            Ready::Affine(map) => map.apply(p),
            Ready::Field(u) => {
                let at = [0, 1, 2].map(|c| u[c].value(p).unwrap_or(0.0));
                [0, 1, 2].map(|c| p[c] + at[c])
            }
        })
    }

    /// Volume in the moving image of a unit of volume of the fixed one, by central differences over half a voxel each way.
    fn volume(&self, grid: &Grid, index: [f64; 3]) -> f64 {
        self.signed_volume(grid, index).abs()
    }

    /// The same, below zero where tissue is folded.
    fn signed_volume(&self, grid: &Grid, index: [f64; 3]) -> f64 {
        let slope = |a: usize| {
            let at = |sign: f64| {
                let mut i = index;
                i[a] += 0.5 * sign;
                self.apply(grid.to_mm(i))
            };
            let (up, down) = (at(1.0), at(-1.0));
            [0, 1, 2].map(|c| up[c] - down[c])
        };
        let m = [slope(0), slope(1), slope(2)];
        let own = grid.axes_mm;
        determinant(&m) / determinant(&own)
    }
}

/// Part of the fixed grid beyond a field that is told.
const BEYOND_TOLD: f64 = 0.01;

impl Map<'_> {
    /// What a user should judge of fields on a grid: how much of it they do not reach, and where they fold tissue onto itself.
    pub fn doubts(&self, grid: &Grid) -> Vec<String> {
        let of = |n: usize| {
            let index = grid.unlinear(n).map(|i| i as f64);
            let mut p = grid.to_mm(index);
            let mut beyond = false;
            for step in &self.steps {
                p = match step {
                    Ready::Affine(map) => map.apply(p),
                    Ready::Field(u) => {
                        beyond |= u[0].value(p).is_none();
                        let at = [0, 1, 2].map(|c| u[c].value(p).unwrap_or(0.0));
                        [0, 1, 2].map(|c| p[c] + at[c])
                    }
                };
            }
            [beyond, self.signed_volume(grid, index) <= 0.0].map(u64::from)
        };
        let sum = |a: [u64; 2], b: [u64; 2]| [a[0] + b[0], a[1] + b[1]];
        let [beyond, folded] = (0..grid.len()).into_par_iter().map(of).reduce(|| [0; 2], sum);
        let share = |n: u64| n as f64 / grid.len() as f64;
        let mut doubts = Vec::new();
        if share(beyond) > BEYOND_TOLD {
            doubts.push(format!(
                "{:.1} % of the fixed image's voxels lie beyond the displacement field: they are not displaced",
                100.0 * share(beyond)
            ));
        }
        if folded > 0 {
            doubts.push(format!(
                "the displacement field folds tissue onto itself in {folded} voxels ({:.2} %): what lies there is counted more than once",
                100.0 * share(folded)
            ));
        }
        doubts
    }
}

/// The moving image at the fixed grid's voxels; `density` for activity, whose amount is kept.
///
/// # Errors
/// If a grid is unusable.
pub fn deformed(
    moving: &Volume<f32>,
    map: &Map<'_>,
    grid: &Grid,
    density: bool,
    outside: f32,
) -> Result<Volume<f32>> {
    let at = Interpolated::new(moving)?;
    let value = |n: usize| {
        let index = grid.unlinear(n).map(|i| i as f64);
        match at.value(map.apply(grid.to_mm(index))) {
            None => outside,
            Some(v) if density => (v * map.volume(grid, index)) as f32,
            Some(v) => v as f32,
        }
    };
    Volume::new(grid.clone(), (0..grid.len()).into_par_iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that stretches x by 10 % about the origin: the moving image is looked up 10 % further out, and a fixed voxel's activity comes from 1.1 voxels.
    #[test]
    fn a_stretch_keeps_the_activity() {
        let grid = Grid::aligned([60, 20, 20], [-59.0, -19.0, -19.0], [2.0; 3]);
        let field = |f: &dyn Fn([f64; 3]) -> f64| {
            let data =
                (0..grid.len()).map(|n| f(grid.to_mm(grid.unlinear(n).map(|i| i as f64))) as f32);
            Volume::new(grid.clone(), data.collect()).unwrap()
        };
        let zero = field(&|_| 0.0);
        let stretch = Field { components: [field(&|p| 0.1 * p[0]), zero.clone(), zero] };
        let blob = field(&|p| (-(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) / 72.0).exp());
        let steps = [Step::Field(Box::new(stretch)), Step::Affine(Affine::shift([4.0, 0.0, 0.0]))];
        let map = Map::new(&steps).unwrap();
        let p = map.apply([20.0, 3.0, -4.0]);
        assert!((p[0] - 26.0).abs() < 1e-4 && p[1] == 3.0 && p[2] == -4.0, "{p:?}");
        let moved = deformed(&blob, &map, &grid, true, 0.0).unwrap();
        let sum = |v: &Volume<f32>| v.data.iter().map(|x| f64::from(*x)).sum::<f64>();
        // Trilinear sampling of a blob of 6 mm standard deviation on 2 mm.
        assert!((sum(&moved) / sum(&blob) - 1.0).abs() < 2e-3, "{}", sum(&moved) / sum(&blob));
        let centre: f64 = moved
            .data
            .iter()
            .enumerate()
            .map(|(n, v)| grid.to_mm(grid.unlinear(n).map(|i| i as f64))[0] * f64::from(*v))
            .sum::<f64>()
            / sum(&moved);
        assert!((centre + 4.0 / 1.1).abs() < 0.02, "{centre}");
    }
}
