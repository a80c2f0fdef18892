//! Primaries and matter to energy imparted. Inside this module: MeV, cm, g, s.

pub mod agreement;
pub mod batch_words;
pub mod build;
pub mod capacity;
pub mod compare;
pub mod cpu;
pub mod devices;
pub mod engine;
pub mod escapes;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod in_progress;
pub mod layout;
pub mod ledger;
pub mod plan;
pub mod reach;
pub mod run;
pub mod score;
pub mod settings;
pub mod shard;
mod shard_claims;
pub mod signature;
pub mod strata;
pub mod sub_voxels;
pub mod tables;
pub mod tally;
mod tally_check;
pub mod tally_origins;
pub mod tally_times;
pub mod times;
pub mod trace;
