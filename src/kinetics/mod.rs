//! WHEN: functions of time on anything additive, activity (Bq) or dose rate (Gy/s). It sees numbers and times, never images.
//!
//! Points as stated ([`Points`]) become an integral in one way for all who ask: [`integrate_points`] by a [`Method`], or
//! [`integrate_or_assume`] where a refused curve must still stand for something. A time-activity curve ([`Tac`]) is integrated from injection to infinity, to the time-integrated activity (TIA, Bq s), or from
//! dose rates to the dose (Gy): by a fitted sum of exponentials with physical decay built in ([`fit()`], [`select()`]), by trapezoids
//! ([`trapezoid()`]), from one time point ([`single_time_point`]), by a planar curve's shape ([`hybrid`]), or voxel by voxel
//! ([`voxels`]). Every result has a standard uncertainty, a 95 % interval and the shares extrapolated before the first and after the
//! last point. Derivations: `docs/kinetics.md`.

pub mod assumed;
pub mod average;
pub mod decay_corrected;
pub mod fit;
pub mod hybrid;
pub mod integrate;
pub mod integrated;
pub mod method;
pub mod model;
pub mod pieces;
pub mod points;
mod polish;
pub mod possible;
pub mod prior;
pub mod profile;
pub mod quality;
mod search;
pub mod select;
pub mod single_time_point;
mod slower_phase;
mod starts;
pub mod table;
pub mod tac;
pub mod tia;
pub mod voxel_mono;
pub mod voxels;

pub use assumed::integrate_or_assume;
pub use average::Mixture;
pub use fit::{Fit, fit, fit_with_priors};
pub use integrate::{Head, Tail, trapezoid};
pub use integrated::{Integrated, UnitShape, integrate_points};
pub use method::{Choice, Method};
pub use model::{Curve, Family};
pub use pieces::Piece;
pub use points::{Points, Spread};
pub use quality::Gate;
pub use select::{Selection, select};
pub use tac::{CommonScale, Tac, UncertaintyKind};
pub use tia::Tia;
