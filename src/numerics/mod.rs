//! Mathematics without physics: quadrature and interpolation. Neglects what a smooth integrand or curve does not have.

pub mod log_spline;
pub mod quadrature;
pub mod simpson;

pub use log_spline::LogSpline;
