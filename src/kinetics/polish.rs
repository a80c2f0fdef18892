//! The last digits of a minimum: Newton steps until they no longer shrink (Gauss-Newton where the curvature is not positive).
//!
//! A search by the value of chi-squared ends where that no longer falls, which is flat to the square root of the rounding of a number: 1e-8
//! in the parameters. The same points written in another unit, which differ in their last bit, would then differ in the eighth digit of the
//! result. The gradient tells the minimum to the rounding itself. Neglected: directions that change no residual (singular values of the
//! column-scaled J below 1e-9 of the largest), which stay where they are.

use nalgebra::{DMatrix, DVector};

/// Most steps.
const STEPS: usize = 40;
/// Largest first step (in the free parameters, which are logarithms): a search that ended farther away is left as it is.
const LARGEST: f64 = 1e-2;

/// Residuals and their derivatives at parameters; none where they cannot be told.
type Linearised<'a> = &'a dyn Fn(&[f64]) -> Option<(Vec<f64>, DMatrix<f64>)>;

/// Residuals at parameters, with their derivatives.
type Residuals<'a> = dyn Fn(&[f64]) -> Option<(Vec<f64>, DMatrix<f64>)> + 'a;

/// Parameters `x` moved to where the gradient of the sum of squares vanishes; `at` gives residuals and their derivatives.
pub(crate) fn polished(x: &[f64], at: Linearised) -> Vec<f64> {
    let mut best = DVector::from_column_slice(x);
    let mut last = LARGEST;
    for _ in 0..STEPS {
        let newton = newton(&best, at).filter(|s| s.amax() < last);
        let gauss = || at(best.as_slice()).and_then(|(r, j)| gauss_newton(&r, &j));
        let Some(step) = newton.or_else(gauss) else { break };
        let size = step.amax();
        // A step that is not smaller than the one before is rounding, or no convergence.
        if size >= last {
            break;
        }
        best += step;
        last = size;
    }
    best.as_slice().to_vec()
}

/// Distance of the differences that give the curvature (in the free parameters, which are logarithms).
const DIFFERENCE: f64 = 1e-4;

/// -H^-1 J^T r with H the differences of the gradient J^T r; None where H is not positive definite.
fn newton(x: &DVector<f64>, at: &Residuals) -> Option<DVector<f64>> {
    let gradient = |x: &DVector<f64>| {
        let (r, j) = at(x.as_slice())?;
        Some(j.transpose() * DVector::from_vec(r))
    };
    let here = gradient(x)?;
    let mut h = DMatrix::zeros(x.len(), x.len());
    for p in 0..x.len() {
        let moved = |by: f64| {
            let mut other = x.clone();
            other[p] += by;
            gradient(&other)
        };
        h.set_column(p, &((moved(DIFFERENCE)? - moved(-DIFFERENCE)?) / (2.0 * DIFFERENCE)));
    }
    let symmetric = (&h + h.transpose()) * 0.5;
    let step = symmetric.cholesky()?.solve(&-here);
    step.iter().all(|s| s.is_finite()).then_some(step)
}

fn gauss_newton(residuals: &[f64], jacobian: &DMatrix<f64>) -> Option<DVector<f64>> {
    let norms: Vec<f64> = jacobian.column_iter().map(|c| c.norm().max(f64::MIN_POSITIVE)).collect();
    let mut scaled = jacobian.clone();
    for (mut column, norm) in scaled.column_iter_mut().zip(&norms) {
        column /= *norm;
    }
    if scaled.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let svd = scaled.svd(true, true);
    let cut = 1e-9 * svd.singular_values.max();
    let step = svd.solve(&-DVector::from_column_slice(residuals), cut).ok()?;
    let step = DVector::from_fn(norms.len(), |p, _| step[p] / norms[p]);
    step.iter().all(|s| s.is_finite()).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// y = exp(a + b t) with residuals: the gradient vanishes to the rounding, from a start that is off in the seventh digit.
    #[test]
    fn the_gradient_vanishes() {
        let (t, y) = ([0.0, 1.0, 2.0, 3.0], [2.1, 1.1, 0.52, 0.30]);
        let at = |x: &[f64]| {
            let f = t.map(|t: f64| (x[0] + x[1] * t).exp());
            let r = (0..4).map(|i| f[i] - y[i]).collect();
            let j = DMatrix::from_fn(4, 2, |i, p| if p == 0 { f[i] } else { f[i] * t[i] });
            Some((r, j))
        };
        let a = polished(&[0.74, -0.66], &at);
        let b = polished(&[a[0] + 3e-7, a[1] - 2e-7], &at);
        let (r, j) = at(&b).unwrap();
        let gradient = j.transpose() * DVector::from_vec(r);
        assert!(gradient.amax() < 1e-14, "{gradient}");
        assert!((a[0] - b[0]).abs() < 1e-14 && (a[1] - b[1]).abs() < 1e-14);
    }

    #[test]
    fn what_no_residual_tells_stays() {
        let at = |x: &[f64]| Some((vec![x[0] - 1.0], DMatrix::from_row_slice(1, 2, &[1.0, 0.0])));
        assert_eq!(polished(&[1.001, 7.0], &at), [1.0, 7.0]);
        let nowhere = |_: &[f64]| None;
        assert_eq!(polished(&[1.5, 2.5], &nowhere), [1.5, 2.5]);
    }
}
