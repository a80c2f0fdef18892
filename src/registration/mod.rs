//! Rigid registration: where the voxels of one image lie in another of the same patient. Neglects all that is not rigid: breathing, the filling of
//! organs, joints.
//!
//! The transform maps points of the fixed image to points of the moving image ([`crate::image::Affine`]). Equations, figures and what they were measured on:
//! `docs/registration.md`. The flow of [`register`]: images to a pyramid (`pyramid.rs`), quasi-random points of the fixed image (`samples.rs`), a search over
//! starts on the coarsest level (`search.rs`), a quasi-Newton descent on each level (`descent.rs`) of a similarity with its gradient (`similarity.rs`).
//! All sums run over fixed chunks in order, so a result does not depend on the number of threads.

mod correlation;
mod descent;
mod judge;
mod moving;
mod mutual;
mod objective;
mod padding;
mod pyramid;
mod register;
mod samples;
mod search;
mod similarity;

pub use judge::{Agreement, Consistency, agreement, body_points, consistency};
pub use moving::Interpolated;
pub use register::{Registered, Registration, register};

use serde::Serialize;

/// What is made largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mattes' mutual information: any two kinds of images, and images between which values change.
    MutualInformation,
    /// Normalised correlation: images of one kind, whose values are in a straight relation.
    Correlation,
}

/// What the values of an image are; decides how they are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HU; values beyond -1000 to 1000 are set to these (padding, metal).
    Ct,
    /// Activity or counts, as they are.
    Activity,
}

/// How an estimate is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// What is made largest.
    pub metric: Metric,
    /// Distance of voxels on the finest level, mm; images that are coarser stay as they are.
    pub finest_mm: f64,
    /// Points of the fixed image on the finest level; a quarter of them on each coarser one.
    pub points: usize,
    /// Reach of the search over starts, mm in each direction; 0 for none: only the start is refined.
    pub reach_mm: f64,
    /// Reach of the search over starts, degrees about each axis.
    pub reach_deg: f64,
}

impl Settings {
    /// Settings for two kinds of images: mutual information, which finds two CTs to 0.1 mm where correlation finds them to 0.3 mm
    /// (`docs/registration.md`); finer voxels for two CTs.
    pub fn of(fixed: Kind, moving: Kind) -> Settings {
        let both_ct = fixed == Kind::Ct && moving == Kind::Ct;
        Settings {
            metric: Metric::MutualInformation,
            finest_mm: if both_ct { 2.0 } else { 3.0 },
            points: 1 << 16,
            reach_mm: 45.0,
            reach_deg: 10.0,
        }
    }
}
