//! Convolution of a map with even kernels by fast Fourier transform (`realfft`), padded so that nothing comes round the edge. Neglects nothing but
//! rounding: about 1e-15 of the largest value in every voxel.
//!
//! One transform of the map serves any number of kernels. Rows that hold nothing are not transformed, and the kernel's transform is real.

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner};
use rustfft::FftPlanner;

use super::even::EvenTransform;
use super::overlap::Octant;

/// Columns that are transformed together: a cache line of complex numbers and its neighbours.
const BLOCK: usize = 8;

/// A map, transformed.
pub struct Convolver {
    dims: [usize; 3],
    period: [usize; 3],
    /// `[y][x][z]`, x to half its period.
    spectrum: Vec<Complex<f64>>,
}

/// The next length from `n` on that has small prime factors only and is even.
pub fn good_length(n: usize) -> usize {
    let smooth = |mut m: usize| {
        for p in [2, 3, 5, 7] {
            while m.is_multiple_of(p) {
                m /= p;
            }
        }
        m == 1
    };
    (n.max(2)..).find(|m| m.is_multiple_of(2) && smooth(*m)).unwrap_or(n)
}

/// Bytes that convolving a map of these dimensions with kernels of this reach needs.
pub fn memory_bytes(dims: [usize; 3], reach: [usize; 3]) -> u64 {
    let [px, py, pz] = [0, 1, 2].map(|a| good_length(dims[a] + reach[a]) as u64);
    let complex = (px / 2 + 1) * py * 16;
    // The spectrum, what is left of it after the inverse transform along z, the kernel's.
    complex * pz + complex * dims[2] as u64 + (px / 2 + 1) * (py / 2 + 1) * (pz / 2 + 1) * 16
}

impl Convolver {
    /// Transforms a map (x fastest) for kernels of up to this reach, in voxels.
    pub fn new(map: &[f64], dims: [usize; 3], reach: [usize; 3]) -> Self {
        let [nx, ny, nz] = dims;
        let period = [0, 1, 2].map(|a| good_length(dims[a] + reach[a].min(dims[a])));
        let [px, py, pz] = period;
        let cx = px / 2 + 1;
        let zero = Complex::new(0.0, 0.0);
        // [z][y][x], the planes that hold something.
        let mut planes = vec![zero; nz * py * cx];
        let rows = RealFftPlanner::<f64>::new().plan_fft_forward(px);
        let columns = FftPlanner::<f64>::new().plan_fft_forward(py);
        planes.par_chunks_mut(py * cx).enumerate().for_each_init(
            || (rows.make_input_vec(), rows.make_scratch_vec(), Columns::new(py)),
            |(line, scratch, block), (z, plane)| {
                let map = &map[z * nx * ny..][..nx * ny];
                if map.iter().all(|v| *v == 0.0) {
                    return;
                }
                for (row, out) in map.chunks(nx).zip(plane.chunks_mut(cx)) {
                    if row.iter().any(|v| *v != 0.0) {
                        line[..nx].copy_from_slice(row);
                        line[nx..].fill(0.0);
                        let done = rows.process_with_scratch(line, out, scratch);
                        debug_assert!(done.is_ok());
                    }
                }
                block.transform(columns.as_ref(), plane, cx);
            },
        );
        let depth = FftPlanner::<f64>::new().plan_fft_forward(pz);
        let mut spectrum = vec![zero; py * cx * pz];
        spectrum.par_chunks_mut(cx * pz).enumerate().for_each_init(
            || vec![zero; depth.get_inplace_scratch_len()],
            |scratch, (y, slab)| {
                for first in (0..cx).step_by(BLOCK) {
                    let end = (first + BLOCK).min(cx);
                    for z in 0..nz {
                        let row = &planes[(z * py + y) * cx..][..cx];
                        for x in first..end {
                            slab[x * pz + z] = row[x];
                        }
                    }
                }
                slab.chunks_mut(pz).for_each(|line| depth.process_with_scratch(line, scratch));
            },
        );
        Convolver { dims, period, spectrum }
    }

    /// Transforms a kernel for this map.
    pub fn kernel(&self, octant: &Octant, kernel: &[f64]) -> EvenTransform {
        EvenTransform::new(octant, kernel, self.period)
    }

    /// The map convolved with a kernel, on the map's grid.
    pub fn with(&self, kernel: &EvenTransform) -> Vec<f64> {
        let [nx, ny, nz] = self.dims;
        let [px, py, pz] = self.period;
        let cx = px / 2 + 1;
        let zero = Complex::new(0.0, 0.0);
        let depth = FftPlanner::<f64>::new().plan_fft_inverse(pz);
        let mz = kernel.half[2];
        // By y: [z][x] of the planes that are wanted.
        let slabs: Vec<Vec<Complex<f64>>> = (0..py)
            .into_par_iter()
            .map_init(
                || (vec![zero; pz], vec![zero; depth.get_inplace_scratch_len()]),
                |(line, scratch), y| {
                    let factors = kernel.slab(y, py);
                    let mut slab = vec![zero; nz * cx];
                    for x in 0..cx {
                        let values = &self.spectrum[(y * cx + x) * pz..][..pz];
                        let factors = &factors[x * mz..][..mz];
                        for (z, (v, out)) in values.iter().zip(line.iter_mut()).enumerate() {
                            *out = *v * factors[z.min(pz - z)];
                        }
                        depth.process_with_scratch(line, scratch);
                        for (z, v) in line[..nz].iter().enumerate() {
                            slab[z * cx + x] = *v;
                        }
                    }
                    slab
                },
            )
            .collect();
        let columns = FftPlanner::<f64>::new().plan_fft_inverse(py);
        let rows = RealFftPlanner::<f64>::new().plan_fft_inverse(px);
        let scale = 1.0 / (px as f64 * py as f64 * pz as f64);
        let mut out = vec![0.0; nx * ny * nz];
        out.par_chunks_mut(nx * ny).enumerate().for_each_init(
            || {
                let plane = vec![zero; py * cx];
                (plane, Columns::new(py), rows.make_output_vec(), rows.make_scratch_vec())
            },
            |(plane, block, line, scratch), (z, out)| {
                for (y, row) in plane.chunks_mut(cx).enumerate() {
                    row.copy_from_slice(&slabs[y][z * cx..][..cx]);
                }
                block.transform(columns.as_ref(), plane, cx);
                for (row, out) in plane.chunks_mut(cx).zip(out.chunks_mut(nx)) {
                    // Rounding leaves an imaginary part where a real transform has none.
                    row[0].im = 0.0;
                    row[cx - 1].im = 0.0;
                    let done = rows.process_with_scratch(row, line, scratch);
                    debug_assert!(done.is_ok());
                    out.iter_mut().zip(line.iter()).for_each(|(o, v)| *o = v * scale);
                }
            },
        );
        out
    }
}

/// Transforms along the second axis of a plane, some columns at a time.
struct Columns<T: FftNum> {
    lines: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
    length: usize,
}

impl Columns<f64> {
    fn new(length: usize) -> Self {
        Columns { lines: vec![Complex::new(0.0, 0.0); BLOCK * length], scratch: Vec::new(), length }
    }

    fn transform(
        &mut self,
        plan: &dyn rustfft::Fft<f64>,
        plane: &mut [Complex<f64>],
        width: usize,
    ) {
        self.scratch.resize(plan.get_inplace_scratch_len(), Complex::new(0.0, 0.0));
        let n = self.length;
        for first in (0..width).step_by(BLOCK) {
            let count = BLOCK.min(width - first);
            for (y, row) in plane.chunks(width).enumerate() {
                for k in 0..count {
                    self.lines[k * n + y] = row[first + k];
                }
            }
            let lines = &mut self.lines[..count * n];
            plan.process_with_scratch(lines, &mut self.scratch);
            for (y, row) in plane.chunks_mut(width).enumerate() {
                for k in 0..count {
                    row[first + k] = lines[k * n + y];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the sum itself, on a grid and a kernel of odd sizes, with sources at the edges.
    #[test]
    fn is_the_sum() {
        let dims = [7, 5, 9];
        let octant = Octant { voxel_cm: [0.3, 0.4, 0.5], reach: [6, 2, 4] };
        let map: Vec<f64> =
            (0..315).map(|n| if n % 4 == 0 { f64::from(n * n % 13) } else { 0.0 }).collect();
        let kernel: Vec<f64> = (0..octant.len()).map(|n| 1.0 / (1.0 + n as f64)).collect();
        let convolver = Convolver::new(&map, dims, octant.reach);
        let found = convolver.with(&convolver.kernel(&octant, &kernel));
        let at = |v: usize| [v % 7, v / 7 % 5, v / 35];
        for (t, found) in found.iter().enumerate() {
            let mut expected = 0.0;
            for (s, a) in map.iter().enumerate() {
                let o = [0, 1, 2].map(|k| at(t)[k].abs_diff(at(s)[k]));
                if (0..3).all(|k| o[k] <= octant.reach[k]) {
                    expected += a * kernel[octant.linear(o)];
                }
            }
            assert!((found - expected).abs() < 1e-12 * 315.0, "{t}: {} {expected}", found);
        }
    }

    #[test]
    fn lengths_are_smooth_and_even() {
        assert_eq!([1, 17, 306, 307, 511].map(good_length), [2, 18, 320, 320, 512]);
    }
}
