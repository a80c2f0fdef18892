//! From cells to points: numbers with their units, what is missing, whose curve.

use std::collections::{BTreeMap, BTreeSet};

use super::amount::{Amount, factor};
use super::elapsed::{looks_elapsed, spelled};
use super::layout::{Layout, MOST_CURVES, TimeColumn, ValueColumns, folded, too_many_curves};
use super::pool::{Point, pooled};
use super::said_corrected::corrected;
use super::times::Times;
use super::units::Quantity;
use super::{COUNT_RATE, COUNTS, CurveFile, CurveTable, TableOptions};
use crate::error::{Error, Result};
use crate::sheet::decimal::decimal_of;
use crate::sheet::{Cell, Decimal, Row, Sheet, number};

/// Name of a curve that has none.
const UNNAMED: &str = "curve";

/// A curve as it grows.
struct Growing {
    name: String,
    points: Vec<Point>,
    missing: usize,
    /// Rows without an uncertainty.
    without: Vec<u64>,
}

/// The curves of a table.
///
/// # Errors
/// As [`super::read_curves`].
pub fn curves(sheet: &Sheet, layout: &Layout, options: &TableOptions) -> Result<CurveFile> {
    let (quantity, unit, integral_unit) = common_quantity(sheet, layout, options)?;
    let decimal = decimal(sheet, layout, options)?;
    let mut notes = sheet.notes.clone();
    if decimal == Decimal::Comma {
        notes.push("numbers have decimal commas".into());
    }
    note_thousands(sheet, layout, decimal, &mut notes);
    let times = Times::new(sheet, layout.time, decimal, options, &mut notes)?;
    let reader = Reader { sheet, layout, options, decimal, times };
    check_commented(&reader, &mut notes)?;
    let mut growing = Growth::default();
    if layout.names.is_none() {
        for columns in &layout.values {
            growing.of(columns.curve.as_deref().unwrap_or(UNNAMED));
        }
    }
    let only = only_curve(sheet, layout);
    for row in &sheet.rows {
        reader.row(row, only, &mut growing)?;
        if growing.curves.len() > MOST_CURVES {
            return Err(too_many_curves(&sheet.at(row.line)));
        }
    }
    let growing = growing.curves;
    if growing.is_empty() || sheet.rows.is_empty() {
        return Err(Error::input(
            format!("{} has no rows", sheet.file),
            "it holds a header only",
            "Add the points.",
        ));
    }
    let percent = layout.values.iter().any(|v| matches!(v.spread, Some((_, None))));
    if percent
        && layout.values.iter().any(|v| {
            !matches!(
                v.quantity,
                Quantity::Activity | Quantity::DoseRate | Quantity::Counts | Quantity::CountRate
            )
        })
    {
        notes.push("uncertainties in % are taken as shares of each value".into());
    }
    name_notes(&growing, &mut notes);
    if let (None, [only]) = (layout.names, &growing[..]) {
        notes.extend(perhaps_several(&only.points));
    }
    let mut curves = Vec::new();
    for (i, curve) in growing.into_iter().enumerate() {
        let columns = &layout.values[if layout.names.is_some() { 0 } else { i }];
        curves.push(finished(sheet, columns, curve, &mut notes)?);
    }
    let decay_corrected = corrected(sheet, layout, options, &curves)?;
    let administered =
        [Quantity::OfAdministered, Quantity::OfAdministeredPerGram, Quantity::OfAdministeredPerMl];
    Ok(CurveFile {
        quantity,
        unit,
        integral_unit,
        curves,
        of_administered: layout.values.iter().any(|v| administered.contains(&v.quantity)),
        of_count_rates: layout.values.iter().any(|v| v.quantity == Quantity::CountRate),
        of_mass: layout
            .values
            .iter()
            .any(|v| matches!(v.quantity, Quantity::PerGram | Quantity::OfAdministeredPerGram)),
        of_volume: layout
            .values
            .iter()
            .any(|v| matches!(v.quantity, Quantity::PerMl | Quantity::OfAdministeredPerMl)),
        decay_corrected,
        nuclides: nuclides(sheet, layout),
        notes,
    })
}

/// What all values become.
fn common_quantity(
    sheet: &Sheet,
    layout: &Layout,
    options: &TableOptions,
) -> Result<(&'static str, &'static str, &'static str)> {
    let of = |q: Quantity| match q {
        // Count rates with a calibration factor are activities.
        Quantity::CountRate if options.cps_per_bq.is_some() => ("activity", "Bq", "Bq s"),
        Quantity::DoseRate => ("dose_rate", "Gy/s", "Gy"),
        Quantity::Counts => ("counts", COUNTS, "counts s"),
        Quantity::CountRate => ("count_rate", COUNT_RATE, "counts"),
        _ => ("activity", "Bq", "Bq s"),
    };
    let first = of(layout.values[0].quantity);
    match layout.values.iter().find(|v| of(v.quantity) != first) {
        None => Ok(first),
        Some(other) => Err(Error::input(
            format!(
                "{}: '{}' and '{}'",
                sheet.at(sheet.header_line),
                sheet.header[layout.values[0].value],
                sheet.header[other.value]
            ),
            "activities, dose rates, count rates and counts have integrals of different units",
            "Write each quantity to its own table.",
        )),
    }
}

/// Tells how thousands are read, by the first of them.
fn note_thousands(sheet: &Sheet, layout: &Layout, decimal: Decimal, notes: &mut Vec<String>) {
    let columns = number_columns(layout);
    let cells = sheet.rows.iter().flat_map(|r| columns.iter().map(|c| r.cells[*c].as_str()));
    let first = cells.into_iter().find(|text| number::has_thousands(text, decimal));
    if let Some(text) = first
        && let Ok(Cell::Number(x)) = number::read(text, decimal)
    {
        notes.push(format!("thousands are separated: '{text}' is {x}"));
    }
}

/// What columns of nuclides say, each once.
fn nuclides(sheet: &Sheet, layout: &Layout) -> Vec<String> {
    let cells = sheet.rows.iter().flat_map(|r| layout.nuclides.iter().map(|c| &r.cells[*c]));
    let said: BTreeSet<&String> = cells.filter(|c| !number::is_missing(c)).collect();
    said.into_iter().cloned().collect()
}

/// Columns of numbers.
fn number_columns(layout: &Layout) -> Vec<usize> {
    let mut columns = Vec::new();
    if let TimeColumn::After(i, _) | TimeColumn::Elapsed(i, _) = layout.time {
        columns.push(i);
    }
    for v in &layout.values {
        columns.push(v.value);
        columns.extend(v.spread.map(|s| s.0));
        columns.extend(v.mass.map(|s| s.0));
        columns.extend(v.volume.map(|s| s.0));
    }
    columns
}

fn decimal(sheet: &Sheet, layout: &Layout, options: &TableOptions) -> Result<Decimal> {
    if let Some(decimal) = options.decimal {
        return Ok(decimal);
    }
    let columns = number_columns(layout);
    let cells = sheet
        .rows
        .iter()
        .flat_map(|row| columns.iter().map(|c| (sheet.at(row.line), row.cells[*c].as_str())));
    decimal_of(cells, sheet.separator)
}

/// Whether the table has one curve.
fn only_curve(sheet: &Sheet, layout: &Layout) -> bool {
    match layout.names {
        None => layout.values.len() == 1,
        Some(c) => sheet.rows.windows(2).all(|w| w[0].cells[c] == w[1].cells[c]),
    }
}

/// The curves as they grow, and where each stands.
#[derive(Default)]
struct Growth {
    curves: Vec<Growing>,
    places: BTreeMap<String, usize>,
}

impl Growth {
    fn of(&mut self, name: &str) -> &mut Growing {
        let at = self.places.get(name).copied().unwrap_or_else(|| {
            let new = Growing { name: name.into(), points: vec![], missing: 0, without: vec![] };
            self.curves.push(new);
            self.places.insert(name.into(), self.curves.len() - 1);
            self.curves.len() - 1
        });
        &mut self.curves[at]
    }
}

pub(super) struct Reader<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) layout: &'a Layout,
    pub(super) options: &'a TableOptions<'a>,
    decimal: Decimal,
    times: Times<'a>,
}

impl Reader<'_> {
    fn cell(&self, row: &Row, column: usize) -> Result<Option<f64>> {
        self.text(row, column, &row.cells[column])
    }

    /// The number that a column's cell, or a part of it, holds.
    fn text(&self, row: &Row, column: usize, text: &str) -> Result<Option<f64>> {
        match number::read(text, self.decimal) {
            Ok(Cell::Missing) => Ok(None),
            Ok(Cell::Number(x)) => Ok(Some(x)),
            Err((why, remedy)) => Err(Error::input(
                format!(
                    "{}: {} '{}'",
                    self.sheet.at(row.line),
                    self.sheet.header[column],
                    row.cells[column]
                ),
                why,
                remedy,
            )),
        }
    }

    /// A number of a column in %, with or without the sign.
    fn percent(&self, row: &Row, column: usize) -> Result<Option<f64>> {
        self.text(row, column, row.cells[column].trim_end_matches(['%', ' ']))
    }

    fn row(&self, row: &Row, only: bool, growing: &mut Growth) -> Result<()> {
        let at = self.sheet.at(row.line);
        let time = self.times.of(row)?;
        let named = match self.layout.names {
            Some(c) if row.cells[c].is_empty() => {
                return Err(Error::input(
                    format!("{at}: no name in column '{}'", self.sheet.header[c]),
                    "each row says whose point it is",
                    "Write the name in every row, also where it is that of the row above.",
                ));
            }
            Some(c) => Some(row.cells[c].as_str()),
            None => None,
        };
        for columns in &self.layout.values {
            let name = named.or(columns.curve.as_deref()).unwrap_or(UNNAMED);
            let value = self.cell(row, columns.value)?;
            let point = match (time, value) {
                (Some(time_s), Some(value)) => {
                    self.point(row, columns, name, only, time_s, value)?
                }
                (_, None) => {
                    growing.of(name).missing += 1;
                    continue;
                }
                (None, Some(_)) => {
                    return Err(Error::input(
                        format!("{at}: a value without a time"),
                        "a point of a curve has both",
                        "Give the time, or empty the row.",
                    ));
                }
            };
            let curve = growing.of(name);
            if columns.spread.is_some() && point.uncertainty.is_none() {
                curve.without.push(row.line);
            }
            curve.points.push(point);
        }
        Ok(())
    }

    fn point(
        &self,
        row: &Row,
        columns: &ValueColumns,
        name: &str,
        only: bool,
        time_s: f64,
        value: f64,
    ) -> Result<Point> {
        let at = self.sheet.at(row.line);
        let own = |column: Option<(usize, f64)>| -> Result<Option<f64>> {
            let Some((column, scale)) = column else { return Ok(None) };
            Ok(self.cell(row, column)?.map(|x| scale * x))
        };
        let amount = Amount {
            at: &at,
            curve: name,
            only,
            mass_g: own(columns.mass)?,
            volume_ml: own(columns.volume)?,
        };
        let factor = factor(columns.quantity, &amount, self.options)?;
        let si = columns.scale * factor * value;
        let uncertainty = match columns.spread {
            None => None,
            Some((column, Some(scale))) => self.cell(row, column)?.map(|u| scale * factor * u),
            Some((column, None)) => {
                let share = self.percent(row, column)?.map(|p| 0.01 * p);
                if share.is_some() && si <= 0.0 {
                    return Err(Error::input(
                        format!(
                            "{at}: value {} with an uncertainty in %",
                            row.cells[columns.value]
                        ),
                        "a share of a value of 0 or below is no uncertainty",
                        "Give absolute uncertainties, in the unit of the values: the point then counts; or leave its cells empty.",
                    ));
                }
                share.map(|s| s * si)
            }
        };
        if let Some(u) = uncertainty.filter(|u| *u <= 0.0) {
            let column = columns.spread.map_or("", |s| &self.sheet.header[s.0]);
            return Err(Error::input(
                format!("{at}: {column} {u}"),
                "a weight is 1 / u^2, so an uncertainty must be positive",
                "Give the measured one, or leave the column out: the fit then finds it from its residuals.",
            ));
        }
        let corrected = self.corrected(row, name)?;
        Ok(Point { line: row.line, time_s, value: si, uncertainty, corrected })
    }
}

/// Uncertainties of a curve in % below this are no camera's: counting and calibration leave more (EANM's guidance: 5 to 10 %).
const LEAST_PERCENT: f64 = 0.3;

/// Tells where all uncertainties in % look like fractions.
fn fractions_for_percent(name: &str, percent: bool, points: &[Point], notes: &mut Vec<String>) {
    let share = |p: &Point| p.uncertainty.map(|u| 100.0 * u / p.value.abs());
    let all: Vec<f64> = points.iter().filter_map(share).filter(|s| s.is_finite()).collect();
    let largest = all.iter().copied().fold(0.0, f64::max);
    if percent && points.len() > 1 && largest > 0.0 && largest < LEAST_PERCENT {
        let [own, percent] = [largest, 100.0 * largest].map(|x| (x * 1e4).round() / 1e4);
        notes.push(format!(
            "{name}: its uncertainties are at most {own} %, less than a camera leaves: if they are fractions, write {percent} for {own}"
        ));
    }
}

/// A curve from its points: all with an uncertainty or none, sorted, pooled.
fn finished(
    sheet: &Sheet,
    columns: &ValueColumns,
    curve: Growing,
    notes: &mut Vec<String>,
) -> Result<CurveTable> {
    let Growing { name, points, missing, without } = curve;
    if missing > 0 {
        notes.push(format!("{name}: {missing} point(s) without a value left out"));
    }
    let mut with_spread = columns.spread.is_some();
    if with_spread && !without.is_empty() {
        if without.len() < points.len() {
            return Err(Error::input(
                format!("{}: '{name}' has a value without its uncertainty", sheet.at(without[0])),
                "other points of the curve have one, and without it the point has no weight",
                "Give it, or leave the cell of the value empty too.",
            ));
        }
        with_spread = false;
        notes.push(format!("{name}: no uncertainties"));
    }
    let percent = with_spread && matches!(columns.spread, Some((_, None)));
    fractions_for_percent(&name, percent, &points, notes);
    let points = pooled(&name, points, percent, &sheet.file, notes)?;
    let corrected: Option<Vec<bool>> = points.iter().map(|p| p.corrected).collect();
    if corrected.is_none() && points.iter().any(|p| p.corrected.is_some()) {
        let line = points.iter().find(|p| p.corrected.is_none()).map_or(0, |p| p.line);
        return Err(Error::input(
            format!(
                "{}: nothing says whether this value of '{name}' is decay-corrected",
                sheet.at(line)
            ),
            "other rows of the curve say it",
            "Write yes or no in every row.",
        ));
    }
    Ok(CurveTable {
        name,
        times_s: points.iter().map(|p| p.time_s).collect(),
        values: points.iter().map(|p| p.value).collect(),
        uncertainties: with_spread
            .then(|| points.iter().map(|p| p.uncertainty.unwrap_or(f64::NAN)).collect()),
        percent,
        corrected: corrected.filter(|c| !c.is_empty()),
    })
}

/// Comments that look like rows: rows that were left out, or names that begin with #.
fn check_commented(reader: &Reader, notes: &mut Vec<String>) -> Result<()> {
    let (sheet, layout) = (reader.sheet, reader.layout);
    let rows: Vec<&Row> = sheet
        .commented
        .iter()
        .filter(|row| {
            let number = |c: usize| {
                matches!(number::read(&row.cells[c], reader.decimal), Ok(Cell::Number(_)))
                    || looks_elapsed(&row.cells[c])
                    || spelled(&row.cells[c]).is_some()
            };
            number_columns(layout).into_iter().all(number)
        })
        .collect();
    let names: BTreeSet<String> = match layout.names {
        Some(column) if !rows.is_empty() => {
            sheet.rows.iter().map(|r| folded(&r.cells[column])).collect()
        }
        _ => BTreeSet::new(),
    };
    for row in &rows {
        // A row that is left out is one of a curve that is there, or of a curve whose name would do without #.
        let Some(column) = layout.names.filter(|c| *c == 0) else { continue };
        let known = names.contains(&folded(&row.cells[column]));
        if !known {
            return Err(Error::input(
                format!("{}: '#{}'", sheet.at(row.line), row.cells.join(", ")),
                "a # at the beginning of a line makes it a comment, and this one would be a row of another curve",
                "Put a name that begins with # in quotation marks, or delete the line.",
            ));
        }
    }
    if !rows.is_empty() {
        notes.push(format!("{} row(s) begin with # and were left out as comments", rows.len()));
    }
    Ok(())
}

/// Asks of a table without names in which every time occurs again: the rows may be of several curves.
fn perhaps_several(points: &[Point]) -> Option<String> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    points.iter().for_each(|p| *counts.entry(p.time_s.to_bits()).or_default() += 1);
    (points.len() > 2 && counts.values().all(|n| *n > 1)).then(|| {
        "every time occurs more than once: values of one curve that were measured twice, or several curves without names? Of several, name each \
         in a column 'organ'"
            .into()
    })
}

/// Names that differ in case or spaces only are two curves, which is seldom meant.
fn name_notes(curves: &[Growing], notes: &mut Vec<String>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for curve in curves {
        let first = *seen.entry(folded(&curve.name)).or_insert(&curve.name);
        if first != curve.name {
            notes.push(format!("'{first}' and '{}' are taken as two curves", curve.name));
        }
    }
}
