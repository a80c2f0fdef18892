//! The CPU engine: one file per process, f32, flat tables, bounded loops, no allocation inside a history.
//! Its WGSL twins stand in `shaders/` under the same stems.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over the three axes read as their WGSL twins do"
)]

pub mod alpha;
pub mod beam;
pub mod bhabha;
pub mod bremsstrahlung;
pub mod compton;
pub mod doppler;
pub mod electron;
pub mod fine;
pub mod history;
pub mod lookup;
pub mod math;
pub mod moller;
pub mod pair;
pub mod particle;
pub mod photoelectric;
pub mod photon;
pub mod rng;
pub mod score;
pub mod straggling;
pub mod track_length;
pub mod vector;
pub mod walk;
