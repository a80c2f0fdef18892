//! Structures drawn as contours, to regions: exact areas in the plane, slabs between planes.

mod planar;
mod rasterise;
mod stack;
mod sweep;

pub use rasterise::Rasterised;
pub use stack::{Contour, Stack, spacing_of};
pub use sweep::Budget;
