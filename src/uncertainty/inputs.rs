//! The inputs of a measurement model: values in groups, correlated within a group and not between groups.

use nalgebra::{DMatrix, DVector};

use super::random::Stream;
use crate::error::{Error, Result};

/// Distribution of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Normal.
    Normal,
    /// Log-normal with the stated means and covariance, for what cannot be negative.
    LogNormal,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) values: DVector<f64>,
    pub(super) covariance: DMatrix<f64>,
    shape: Shape,
    /// Square root of the covariance (of the logarithms for [`Shape::LogNormal`]).
    root: DMatrix<f64>,
}

/// Inputs, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    pub(super) groups: Vec<Group>,
}

impl Inputs {
    /// Adds one quantity and its standard uncertainty.
    ///
    /// # Errors
    /// As [`Inputs::add_group`].
    pub fn add(
        &mut self,
        name: &str,
        value: f64,
        standard_uncertainty: f64,
        shape: Shape,
    ) -> Result<()> {
        let variance = standard_uncertainty * standard_uncertainty * standard_uncertainty.signum();
        self.add_group(name, &[value], DMatrix::from_element(1, 1, variance), shape)
    }

    /// Adds correlated quantities with their covariance.
    ///
    /// # Errors
    /// If a number is not finite, a variance is not positive, the covariance is not symmetric or not positive semidefinite, or a log-normal value
    /// is not positive.
    pub fn add_group(
        &mut self,
        name: &str,
        values: &[f64],
        covariance: DMatrix<f64>,
        shape: Shape,
    ) -> Result<()> {
        let n = values.len();
        let refuse = |why: &str| {
            Err(Error::input(
                format!("'{name}' of {n} values {values:?} with the covariance {covariance}"),
                why,
                "Check the values and their uncertainties; none is exact.",
            ))
        };
        if n == 0 || covariance.shape() != (n, n) {
            return refuse("each value needs a row and a column of the covariance");
        }
        if !values.iter().chain(covariance.iter()).all(|x| x.is_finite()) {
            return refuse("every number must be finite");
        }
        if !(0..n).all(|i| covariance[(i, i)] > 0.0) {
            return refuse("a standard uncertainty must be above zero");
        }
        let scale = |i: usize, j: usize| (covariance[(i, i)] * covariance[(j, j)]).sqrt();
        let symmetric = (0..n).all(|i| {
            (0..i).all(|j| (covariance[(i, j)] - covariance[(j, i)]).abs() <= 1e-9 * scale(i, j))
        });
        if !symmetric {
            return refuse("a covariance is symmetric");
        }
        let drawn = match shape {
            Shape::Normal => covariance.clone(),
            Shape::LogNormal => {
                if !values.iter().all(|v| *v > 0.0) {
                    return refuse("what is log-normal must be above zero");
                }
                // Exact moments of a log-normal: cov(ln x, ln y) = ln(1 + cov(x, y) / (E x E y)).
                DMatrix::from_fn(n, n, |i, j| {
                    (covariance[(i, j)] / (values[i] * values[j])).ln_1p()
                })
            }
        };
        // Scaled to correlations, so that parameters of very different size are judged alike.
        let sd: Vec<f64> = (0..n).map(|i| drawn[(i, i)].sqrt()).collect();
        let correlation =
            DMatrix::from_fn(n, n, |i, j| 0.5 * (drawn[(i, j)] + drawn[(j, i)]) / (sd[i] * sd[j]));
        if !correlation.iter().all(|x| x.is_finite()) {
            return refuse("no log-normal distribution has this covariance");
        }
        let eigen = correlation.symmetric_eigen();
        if eigen.eigenvalues.iter().any(|e| *e < -1e-9 * n as f64) {
            return refuse("a covariance is positive semidefinite");
        }
        let roots = DMatrix::from_diagonal(&eigen.eigenvalues.map(|e| e.max(0.0).sqrt()));
        let root = DMatrix::from_diagonal(&DVector::from_vec(sd)) * eigen.eigenvectors * roots;
        self.groups.push(Group {
            name: name.into(),
            values: DVector::from_row_slice(values),
            covariance,
            shape,
            root,
        });
        Ok(())
    }

    /// All values in order.
    pub fn values(&self) -> Vec<f64> {
        self.groups.iter().flat_map(|g| g.values.iter().copied()).collect()
    }

    /// One draw of all inputs.
    pub(super) fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut all = Vec::new();
        for g in &self.groups {
            let normals = DVector::from_fn(g.values.len(), |_, _| stream.normal());
            let shifts = &g.root * normals;
            for i in 0..g.values.len() {
                all.push(match g.shape {
                    Shape::Normal => g.values[i] + shifts[i],
                    Shape::LogNormal => {
                        let variance = g.root.row(i).norm_squared();
                        g.values[i] * (shifts[i] - 0.5 * variance).exp()
                    }
                });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means and covariance of 100,000 draws: a covariance is known to sqrt(2 / n) = 0.45 % (log-normal ones to a little less).
    #[test]
    fn draws_have_the_stated_moments() {
        for shape in [Shape::Normal, Shape::LogNormal] {
            let covariance = DMatrix::from_row_slice(2, 2, &[4.0, 1.5, 1.5, 1.0]);
            let mut inputs = Inputs::default();
            inputs.add_group("pair", &[10.0, 5.0], covariance.clone(), shape).unwrap();
            inputs.add("one", 3.0, 0.5, shape).unwrap();
            let n = 100_000;
            let draws: Vec<Vec<f64>> =
                (0..n).map(|i| inputs.draw(&mut Stream::new(9, i))).collect();
            let mean = |k: usize| draws.iter().map(|d| d[k]).sum::<f64>() / n as f64;
            let means = [mean(0), mean(1), mean(2)];
            let cov = |i: usize, j: usize| {
                draws.iter().map(|d| (d[i] - means[i]) * (d[j] - means[j])).sum::<f64>() / n as f64
            };
            for (m, (value, u)) in means.iter().zip([(10.0, 2.0), (5.0, 1.0), (3.0, 0.5)]) {
                assert!((m - value).abs() < 4.0 * u / (n as f64).sqrt(), "{shape:?} {m}");
            }
            for (i, j, expected) in
                [(0, 0, 4.0), (0, 1, 1.5), (1, 1, 1.0), (2, 2, 0.25), (0, 2, 0.0)]
            {
                let scale = [2.0, 1.0, 0.5][i] * [2.0, 1.0, 0.5][j];
                assert!(
                    (cov(i, j) - expected).abs() < 0.03 * scale,
                    "{shape:?} {i} {j} {}",
                    cov(i, j)
                );
            }
        }
    }

    #[test]
    fn bad_inputs_are_refused() {
        let refused = |values: &[f64], covariance: &[f64], shape: Shape, expected: &str| {
            let n = values.len();
            let error = Inputs::default()
                .add_group("x", values, DMatrix::from_row_slice(n, n, covariance), shape)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused(&[1.0], &[0.0], Shape::Normal, "above zero");
        refused(&[f64::NAN], &[1.0], Shape::Normal, "finite");
        refused(&[1.0, 2.0], &[1.0, 0.5, 0.4, 1.0], Shape::Normal, "symmetric");
        refused(&[1.0, 2.0], &[1.0, 1.1, 1.1, 1.0], Shape::Normal, "semidefinite");
        refused(&[-1.0], &[1.0], Shape::LogNormal, "log-normal");
        refused(&[], &[], Shape::Normal, "row and a column");
        assert!(Inputs::default().add("x", 1.0, -0.1, Shape::Normal).is_err());
        // Fully correlated values are fine.
        let full = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
        assert!(Inputs::default().add_group("x", &[1.0, 2.0], full, Shape::Normal).is_ok());
    }
}
