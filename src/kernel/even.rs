//! The Fourier transform of a kernel that mirrors in every axis: real, and of its octant alone. Neglects nothing.

use rayon::prelude::*;
use realfft::RealFftPlanner;

use super::overlap::Octant;

/// Transform of an even kernel on a periodic grid, `[y][x][z]`, each to half the period.
#[derive(Debug, Clone)]
pub struct EvenTransform {
    /// Values along each axis, x, y, z: half the period and one.
    pub half: [usize; 3],
    /// Values.
    pub values: Vec<f64>,
}

impl EvenTransform {
    /// Of the octant of a kernel, on a grid of these periods; each must be above twice the octant's reach.
    pub fn new(octant: &Octant, kernel: &[f64], period: [usize; 3]) -> Self {
        let half = period.map(|p| p / 2 + 1);
        let dims = octant.dims();
        // x, then z, then y: only lines that are not zero before each step.
        let [mx, my, mz] = half;
        let mut rows = vec![0.0; dims[1] * dims[2] * mx];
        rows.par_chunks_mut(mx).zip(kernel.par_chunks(dims[0])).for_each_init(
            || Line::new(period[0]),
            |line, (row, values)| line.transform(values, row),
        );
        // [y][x][z]
        let mut slabs = vec![0.0; dims[1] * mx * mz];
        slabs.par_chunks_mut(mx * mz).enumerate().for_each_init(
            || (Line::new(period[2]), vec![0.0; dims[2]]),
            |(line, column), (y, slab)| {
                for x in 0..mx {
                    for (z, value) in column.iter_mut().enumerate() {
                        *value = rows[(z * dims[1] + y) * mx + x];
                    }
                    line.transform(column, &mut slab[x * mz..][..mz]);
                }
            },
        );
        drop(rows);
        // The lines along y, [x][z][y] for a moment.
        let mut lines = vec![0.0; mx * mz * my];
        lines.par_chunks_mut(my).enumerate().for_each_init(
            || (Line::new(period[1]), vec![0.0; dims[1]]),
            |(line, column), (xz, row)| {
                for (y, value) in column.iter_mut().enumerate() {
                    *value = slabs[y * mx * mz + xz];
                }
                line.transform(column, row);
            },
        );
        drop(slabs);
        let mut values = vec![0.0; my * mx * mz];
        values.par_chunks_mut(mx * mz).enumerate().for_each(|(y, slab)| {
            for (xz, value) in slab.iter_mut().enumerate() {
                *value = lines[xz * my + y];
            }
        });
        EvenTransform { half, values }
    }

    /// The values at frequency `y` (any of the period), `[x][z]`.
    pub fn slab(&self, y: usize, period: usize) -> &[f64] {
        let [mx, _, mz] = self.half;
        &self.values[y.min(period - y) * mx * mz..][..mx * mz]
    }
}

/// The transform of one even line.
struct Line {
    plan: std::sync::Arc<dyn realfft::RealToComplex<f64>>,
    line: Vec<f64>,
    out: Vec<realfft::num_complex::Complex<f64>>,
    scratch: Vec<realfft::num_complex::Complex<f64>>,
}

impl Line {
    fn new(period: usize) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(period);
        let (line, out, scratch) =
            (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
        Line { plan, line, out, scratch }
    }

    /// `values` at offsets 0, 1, ... and their mirror images, to the real transform.
    fn transform(&mut self, values: &[f64], into: &mut [f64]) {
        if values.iter().all(|v| *v == 0.0) {
            into.fill(0.0);
            return;
        }
        let period = self.line.len();
        self.line.fill(0.0);
        for (o, value) in values.iter().enumerate() {
            self.line[o] = *value;
            self.line[(period - o) % period] = *value;
        }
        // The lengths are those of the plan.
        let done = self.plan.process_with_scratch(&mut self.line, &mut self.out, &mut self.scratch);
        debug_assert!(done.is_ok());
        into.iter_mut().zip(&self.out).for_each(|(v, c)| *v = c.re);
    }
}
