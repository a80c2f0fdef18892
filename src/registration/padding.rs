//! Faces of an image that hold no data: slices of one value where a resampling or a scanner's software filled in what it did not know. Compared as if they
//! were air, they would pull the body out of the other image. Neglects padding that is no whole slice.
//!
//! A slice at a face is padding where all its voxels have one value and the first slice that has more differs from that value in more than a tenth of its
//! voxels: a body that ends in air fades in slice by slice, one that was cut ends at once. Of an activity image also a rim of one resolution is left out:
//! beyond the field of view a reconstruction knows nothing, and blurs that into what it shows.

use std::borrow::Cow;

use rayon::prelude::*;

use super::Kind;
use crate::image::{Grid, Volume};

/// Part of the voxels of a slice that a cut body fills, at least.
const CUT: f64 = 0.1;
/// Rim of activity images that is left out, mm: the resolution (FWHM) of SPECT.
const RIM_MM: f64 = 12.0;
/// An image keeps at least this many rims along each axis.
const LEFT: usize = 6;

/// The image without slices of padding at its faces, and without the rim of an activity image.
pub fn known_part(image: &Volume<f32>, kind: Kind) -> Cow<'_, Volume<f32>> {
    let dims = image.grid.dims;
    let (mut first, mut end) = ([0; 3], dims);
    for a in 0..3 {
        first[a] = padding(image, a, false);
        end[a] = dims[a] - padding(image, a, true).min(dims[a] - 1 - first[a]);
    }
    for a in 0..3 {
        let rim = (RIM_MM / image.grid.spacing_mm()[a]).ceil() as usize;
        if kind == Kind::Activity && end[a] - first[a] >= (LEFT + 2) * rim {
            first[a] += rim;
            end[a] -= rim;
        }
    }
    if first == [0; 3] && end == dims {
        return Cow::Borrowed(image);
    }
    let grid = Grid {
        dims: [0, 1, 2].map(|a| end[a] - first[a]),
        origin_mm: image.grid.to_mm(first.map(|i| i as f64)),
        axes_mm: image.grid.axes_mm,
    };
    let row = |n: usize| {
        let (j, k) = (n % grid.dims[1] + first[1], n / grid.dims[1] + first[2]);
        let at = image.grid.linear([first[0], j, k]);
        image.data[at..at + grid.dims[0]].iter().copied()
    };
    let data = (0..grid.dims[1] * grid.dims[2]).flat_map(row).collect();
    Cow::Owned(Volume { grid, data })
}

/// Slices of padding at the lower or upper face along an axis.
fn padding(image: &Volume<f32>, axis: usize, upper: bool) -> usize {
    let n = image.grid.dims[axis];
    let slice = |i: usize| if upper { n - 1 - i } else { i };
    let value = image.data
        [image.grid.linear(std::array::from_fn(|a| if a == axis { slice(0) } else { 0 }))];
    let differing = |i: usize| {
        let [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
        let (nu, nv) = (image.grid.dims[u], image.grid.dims[v]);
        let count = (0..nv).into_par_iter().map(|y| {
            let at = |x: usize| {
                let mut index = [0; 3];
                (index[axis], index[u], index[v]) = (slice(i), x, y);
                image.data[image.grid.linear(index)]
            };
            (0..nu).filter(|x| at(*x) != value && !(at(*x).is_nan() && value.is_nan())).count()
        });
        count.sum::<usize>() as f64 / (nu * nv) as f64
    };
    for i in 0..n {
        let part = differing(i);
        if part > 0.0 {
            return if part > CUT { i } else { 0 };
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_body_ends_where_it_was_cut_and_a_whole_one_in_air() {
        let grid = Grid::aligned([12, 12, 12], [0.0; 3], [2.0; 3]);
        let image = |inside: &dyn Fn([usize; 3]) -> bool| {
            let data =
                (0..grid.len()).map(|n| if inside(grid.unlinear(n)) { 40.0 } else { -1000.0 });
            Volume::new(grid.clone(), data.collect()).unwrap()
        };
        let wide = |v: [usize; 3]| (2..10).contains(&v[0]) && (2..10).contains(&v[1]);
        let cut = image(&|v| wide(v) && v[2] >= 3 && v[2] < 11);
        let found = known_part(&cut, Kind::Ct);
        assert_eq!(found.grid.dims[2], 8);
        assert_eq!(found.grid.origin_mm[2], 6.0);
        let middle = found.grid.to_mm([0.0, 0.0, 4.0]);
        assert_eq!(cut.grid.voxel_at(middle).unwrap().unwrap()[2], 7);
        let fading = image(&|v| v[2] >= 3 + v[0] + v[1]);
        assert_eq!(known_part(&fading, Kind::Ct).grid.dims[2], 12);
        let whole = image(&|_| true);
        assert!(matches!(known_part(&whole, Kind::Ct), Cow::Borrowed(_)));
    }
}
