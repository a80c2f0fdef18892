//! The uncertainty of an absorbed dose: law of propagation and Monte Carlo propagation over the whole chain, and which part dominates.

mod chain;
mod contour;
mod inputs;
mod monte_carlo;
mod propagate;
mod random;
mod voi_budget;

pub use chain::{DoseChain, RecoveryCoefficient, TimeIntegral};
pub use contour::contour_relative_uncertainty;
pub use inputs::{Inputs, Shape};
pub use monte_carlo::{MonteCarlo, propagate_by_sampling};
pub use propagate::propagate;
pub use voi_budget::{Part, PartResult, UncertaintyPart, UncertaintyResult, VoiBudget};
