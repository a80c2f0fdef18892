//! Tables of time-activity curves as people have them, to curves in SI units.
//!
//! A table is **long**, a row per point with the name of its curve, or **wide**, a row per time and a column per curve:
//!
//! ```text
//! curve,time_h,activity_MBq,uncertainty_%        time (h);liver (MBq);liver ± (%);kidney (MBq)
//! liver,4,200.5,5                                4;200,5;5;31,2
//! ```
//!
//! The meaning of a column is in its name ([`heading`]), the unit with it. Nothing is guessed: what is left out, sorted, pooled or assumed is
//! in [`CurveFile::notes`].
//!
//! - An empty cell, `NA` or the like is a value that is not there; its point is left out.
//! - Values of 0 or below are points where their uncertainties are absolute, and refused where they are shares of the values.
//! - A value below a limit of detection (`<5`) is refused: whatever number it is taken for biases the integral.
//! - Values of one curve at one time are pooled where they agree, and refused where they do not ([`pool`]).
//! - Decay-corrected values are said to be by the column's name, by the curve's, by a column of yes and no, or by [`TableOptions`]' user; they
//!   are taken back by [`super::decay_corrected`]. A column of yes and no that is empty is asked about.
//! - An uncertainty without a name behind several curves is asked about: it may be all curves' own.

mod amount;
mod correction_words;
mod elapsed;
pub mod heading;
mod layout;
mod name;
pub mod pool;
mod refusals;
mod rows;
mod said_corrected;
mod says;
mod times;
mod unit_lines;
pub mod units;
mod whose;
mod words;

use crate::error::Result;
use crate::sheet::{Decimal, Sheet};
use crate::time::DateOrder;

/// Unit of planar values that a SPECT/CT scales.
pub const COUNTS: &str = "counts";
/// Unit of count rates without a calibration factor.
pub const COUNT_RATE: &str = "cps";

/// Values of one curve in SI units (s; Bq or Gy/s), in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveTable {
    /// Its name.
    pub name: String,
    /// s after injection, ascending.
    pub times_s: Vec<f64>,
    /// Bq or Gy/s.
    pub values: Vec<f64>,
    /// Standard uncertainties in the unit of the values, if the table has them.
    pub uncertainties: Option<Vec<f64>>,
    /// Whether they were given in % of the values.
    pub percent: bool,
    /// Whether each value is decay-corrected to injection, where a column of the table says so row by row.
    pub corrected: Option<Vec<bool>>,
}

/// All curves of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveFile {
    /// `activity`, `dose_rate`, `counts` or `count_rate`.
    pub quantity: &'static str,
    /// SI unit of the values.
    pub unit: &'static str,
    /// SI unit of their integral.
    pub integral_unit: &'static str,
    /// The curves, in order of their first row or column.
    pub curves: Vec<CurveTable>,
    /// Whether some values are parts of the administered activity.
    pub of_administered: bool,
    /// Whether some values are count rates.
    pub of_count_rates: bool,
    /// Whether some values are per mass.
    pub of_mass: bool,
    /// Whether some values are per volume.
    pub of_volume: bool,
    /// Whether the names of the value columns, or a column of yes and no, say that values are decay-corrected to injection (true: all, or
    /// those of [`CurveTable::corrected`]) or not (false).
    pub decay_corrected: Option<bool>,
    /// What a column of nuclides says, each once.
    pub nuclides: Vec<String>,
    /// What was left out, sorted, pooled or assumed.
    pub notes: Vec<String>,
}

/// What a time with a date becomes: s after injection, or why it cannot.
pub type Clock<'a> = &'a dyn Fn(&str) -> Result<f64>;

/// What a table does not say itself.
#[derive(Clone, Copy, Default)]
pub struct TableOptions<'a> {
    /// The decimal mark; found from the cells if none.
    pub decimal: Option<Decimal>,
    /// Administered activity at injection, Bq.
    pub administered_bq: Option<f64>,
    /// Masses, g, of curves by name, or of the only one.
    pub masses_g: &'a [(Option<String>, f64)],
    /// Volumes, mL, of curves by name, or of the only one.
    pub volumes_ml: &'a [(Option<String>, f64)],
    /// Count rate of 1 Bq, cps, by the camera's calibration: count rates are then activities.
    pub cps_per_bq: Option<f64>,
    /// Which number of `11/12/2026` is the day, where no date of the table tells it.
    pub dates: Option<DateOrder>,
    /// Whether it is stated that values are decay-corrected or not, so that a column for it may be empty.
    pub correction_stated: bool,
    /// For times with a date; without it they are refused.
    pub clock: Option<Clock<'a>>,
}

/// Takes the curves from a table.
///
/// # Errors
/// If a column is missing, doubled, unknown or without unit, a cell is no number, a value lacks what makes it an activity, or values at
/// one time disagree; the message names the line.
pub fn read_curves(sheet: &Sheet, options: &TableOptions) -> Result<CurveFile> {
    let sheet = &unit_lines::into_header(sheet)?;
    let layout = layout::layout(sheet, options.correction_stated)?;
    rows::curves(sheet, &layout, options)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
