//! The law of propagation of uncertainty. First order: curvature of the model is neglected, which [`super::propagate_by_sampling`] checks.
//!
//! u^2(y) = sum over groups of g^T C g, g the derivatives of the model (JCGM 100:2008, eq. 13), by central differences over 2 % of each
//! standard uncertainty.

use nalgebra::DVector;

use super::inputs::Inputs;
use crate::activity::{Budget, Component};
use crate::error::{Error, Result};

/// Step of the differences, in standard uncertainties: its error is of order step^2 times the third derivative.
const STEP: f64 = 0.02;

/// Value of the model and its uncertainty, by group.
///
/// # Errors
/// If the model fails at or near the inputs, or gives what is not finite.
pub fn propagate(
    quantity: &str,
    unit: &str,
    inputs: &Inputs,
    model: &dyn Fn(&[f64]) -> Result<f64>,
) -> Result<Budget> {
    let mut x = inputs.values();
    let value = finite(model(&x)?)?;
    let mut components = Vec::new();
    let mut at = 0;
    for g in &inputs.groups {
        let n = g.values.len();
        let mut gradient = DVector::zeros(n);
        for i in 0..n {
            let here = x[at + i];
            let step = STEP * g.covariance[(i, i)].sqrt();
            x[at + i] = here + step;
            let above = finite(model(&x)?)?;
            x[at + i] = here - step;
            let below = finite(model(&x)?)?;
            x[at + i] = here;
            gradient[i] = (above - below) / (2.0 * step);
        }
        at += n;
        components.push(if n == 1 {
            Component::new(&g.name, g.covariance[(0, 0)].sqrt(), gradient[0])
        } else {
            Component::group(&g.name, gradient.dot(&(&g.covariance * &gradient)).max(0.0))
        });
    }
    Ok(Budget { quantity: quantity.into(), unit: unit.into(), value, components })
}

fn finite(value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::input(
        format!("the model gives {value}"),
        "its uncertainty cannot be propagated from what is not finite",
        "Check the inputs.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::Shape;
    use nalgebra::DMatrix;

    /// y = a b / c with cov(a, b): closed form.
    #[test]
    fn products_have_their_closed_form() {
        let mut inputs = Inputs::default();
        let covariance = DMatrix::from_row_slice(2, 2, &[0.04, -0.03, -0.03, 0.09]);
        inputs.add_group("a, b", &[2.0, 5.0], covariance, Shape::Normal).unwrap();
        inputs.add("c", 4.0, 0.2, Shape::Normal).unwrap();
        let budget = propagate("y", "", &inputs, &|x| Ok(x[0] * x[1] / x[2])).unwrap();
        assert_eq!(budget.value, 2.5);
        let pair = 0.1f64.powi(2) + 0.06f64.powi(2) + 2.0 * (-0.03) / 10.0;
        assert!((budget.components[0].variance / 2.5f64.powi(2) - pair).abs() < 1e-9);
        assert!((budget.components[1].variance.sqrt() / 2.5 - 0.05).abs() < 1e-5);
        assert!(propagate("y", "", &inputs, &|x| Ok((x[0] - 2.0).ln())).is_err());
    }
}
