//! The validation runner: cases of other programs' results, our runs of the same problems, and the bars between them.

pub mod case;
pub mod convergence;
pub mod gas;
pub mod goals;
pub mod judge;
pub mod machine;
pub mod measured;
pub mod phantom64;
pub mod problem;
pub mod report;
pub mod run;
pub mod sanity;
pub mod select;
pub mod statistics;
pub mod study;
pub mod table;
