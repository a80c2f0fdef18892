//! Structures drawn as contours, to regions: exact areas in the plane, slabs between planes. And back: outlines of whole voxels.

mod planar;
mod rasterise;
mod stack;
mod sweep;
mod trace;

pub use rasterise::Rasterised;
pub use stack::{Contour, Stack, spacing_of};
pub use sweep::Budget;
pub use trace::{Outline, outlines};
