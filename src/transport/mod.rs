//! Primaries and matter to energy imparted. Inside this module: MeV, cm, g, s.

pub mod build;
pub mod cpu;
pub mod layout;
pub mod ledger;
pub mod plan;
pub mod run;
pub mod settings;
pub mod shard;
pub mod tables;
pub mod tally;
pub mod trace;
