//! Pictures and plots.
