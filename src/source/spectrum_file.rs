//! Spectra of a user's file: lines, a histogram or a table of densities, for several kinds of particles, per decay. Neglects coincidences, as all
//! sources here.
//!
//! A table as CSV, TSV or Excel text with a column `particle` (photon, electron, positron, alpha) and, by what is known:
//!
//! | what | columns |
//! |---|---|
//! | lines | `energy_keV`, `yield` |
//! | a histogram, uniform in each bin; a bin of no width is a line | `energy_low_keV`, `energy_high_keV`, `yield` |
//! | densities, linear between two rows | `energy_keV`, `yield_per_keV` |
//!
//! Energies are in eV, keV or MeV, as the names of the columns say. Yields are particles per decay; they need not add up to one.

use std::collections::BTreeSet;
use std::path::Path;

use super::research::{MIN_ENERGY_MEV, highest_mev};
use super::spectrum::{DecaySpectrum, Emission, INVERSE_CDF_NODES, Particle};
use crate::error::{Error, Result};
use crate::sheet::decimal::decimal_of;
use crate::sheet::number::{self, Cell, Decimal};
use crate::sheet::{Row, Sheet};
use crate::units::{EV_PER_MEV, KEV_PER_MEV};

/// Most rows: each bin has a table of its own on the device.
const MOST_ROWS: usize = 4000;
/// Most lines that a note on what is left out names.
const MOST_NAMED: usize = 8;

/// A spectrum that was read, and what of it is not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectrumFile {
    /// What a decay emits.
    pub spectrum: DecaySpectrum,
    /// Lines and bins outside of the range of the models, with their energy per decay; `None` where all are inside.
    pub left_out: Option<String>,
}

/// What the rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines { energy: usize, value: usize },
    Histogram { low: usize, high: usize, value: usize },
    Table { energy: usize, value: usize },
}

/// Particles between two energies (equal for a line), with the densities at both ends relative to each other.
#[derive(Debug, Clone, Copy)]
struct Piece {
    line: u64,
    particle: Particle,
    low: f64,
    high: f64,
    ends: [f64; 2],
    yield_per_decay: f64,
}

/// Reads a spectrum.
///
/// # Errors
/// If a column or a unit is missing, a value is no number or below zero, energies do not ascend, or nothing lies within the range of the models.
pub fn read_spectrum(path: &Path) -> Result<SpectrumFile> {
    parse(&Sheet::read(path)?)
}

fn parse(sheet: &Sheet) -> Result<SpectrumFile> {
    let columns = Columns::find(sheet)?;
    if sheet.rows.is_empty() || sheet.rows.len() > MOST_ROWS {
        return Err(Error::input(
            format!("{} has {} rows", sheet.file, sheet.rows.len()),
            format!("a spectrum has 1 to {MOST_ROWS}"),
            "Give a line per energy, or join narrow bins.",
        ));
    }
    let pieces = columns.pieces(sheet)?;
    let mut decay = DecaySpectrum {
        label: format!("spectrum of {} rows", sheet.rows.len()),
        ..DecaySpectrum::default()
    };
    let mut outside = Vec::new();
    for piece in &pieces {
        let inside = clip(piece, &mut outside);
        if let Some(entry) = inside.and_then(emission) {
            decay.group_mut(piece.particle).entries.push(entry);
        }
    }
    Particle::ALL.into_iter().for_each(|p| decay.group_mut(p).update());
    let total: f64 = Particle::ALL.map(|p| decay.group(p).yield_per_decay).iter().sum();
    if total <= 0.0 {
        return Err(Error::input(
            format!("{} emits nothing that is modelled", sheet.file),
            left_out(&outside).unwrap_or_else(|| "all yields are zero".into()),
            "Check the yields, and the unit of the energies.",
        ));
    }
    Ok(SpectrumFile { spectrum: decay, left_out: left_out(&outside) })
}

/// The columns of a spectrum.
struct Columns {
    particle: usize,
    layout: Layout,
    /// Units of energy in one MeV.
    per_mev: f64,
    decimal: Decimal,
}

impl Columns {
    fn find(sheet: &Sheet) -> Result<Self> {
        let names: Vec<String> =
            sheet.header.iter().map(|h| h.trim().to_ascii_lowercase().replace(' ', "_")).collect();
        let refuse = |problem: String, why: &str| {
            Err(Error::input(
                format!("{}: {problem}", sheet.at(sheet.header_line)),
                why,
                "Columns are particle, energy_keV and yield (lines), particle, energy_low_keV, energy_high_keV and yield (histogram), or particle, \
                 energy_keV and yield_per_keV (densities); eV and MeV in place of keV as well.",
            ))
        };
        let known = |name: &String| {
            let energy = ["energy", "energy_low", "energy_high"];
            let units = ["_ev", "_kev", "_mev"];
            name == "particle"
                || name == "yield"
                || units.iter().any(|u| {
                    name == &format!("yield_per{u}")
                        || energy.iter().any(|e| name == &format!("{e}{u}"))
                })
        };
        let mut seen = BTreeSet::new();
        for (name, column) in names.iter().zip(&sheet.header) {
            if ["energy", "energy_low", "energy_high", "yield_per"].contains(&name.as_str()) {
                return refuse(format!("column '{column}' has no unit"), "1 may be 1 keV or 1 MeV");
            }
            if !known(name) {
                return refuse(format!("column '{column}'"), "its meaning is not known");
            }
            if !seen.insert(name) {
                return refuse(format!("column '{column}' stands twice"), "one of them counts");
            }
        }
        let unit = |stem: &str| -> Option<(usize, &str)> {
            names.iter().enumerate().find_map(|(n, name)| {
                let unit = name.strip_prefix(stem)?.strip_prefix('_')?;
                ["ev", "kev", "mev"].contains(&unit).then_some((n, unit))
            })
        };
        let at = |name: &str| names.iter().position(|n| n == name);
        let Some(particle) = at("particle") else {
            return refuse("no column 'particle'".into(), "it says what is emitted");
        };
        let found = [unit("energy"), unit("energy_low"), unit("energy_high"), unit("yield_per")];
        let units: BTreeSet<&str> = found.iter().flatten().map(|(_, unit)| *unit).collect();
        if units.len() > 1 {
            return refuse("energies have several units".into(), "one unit holds for the table");
        }
        let twice = ["energy", "energy_low", "energy_high", "yield_per"].iter().any(|stem| {
            let of = |name: &&String| {
                name.strip_prefix(stem).is_some_and(|unit| ["_ev", "_kev", "_mev"].contains(&unit))
            };
            names.iter().filter(of).count() > 1
        });
        if twice {
            return refuse("energies have several units".into(), "one unit holds for the table");
        }
        let layout = match (found, at("yield")) {
            ([Some((energy, _)), None, None, None], Some(value)) => Layout::Lines { energy, value },
            ([None, Some((low, _)), Some((high, _)), None], Some(value)) => {
                Layout::Histogram { low, high, value }
            }
            ([Some((energy, _)), None, None, Some((value, _))], None) => {
                Layout::Table { energy, value }
            }
            _ => {
                return refuse(
                    "columns of no spectrum".into(),
                    "energies or their yields are missing, or are there in two ways",
                );
            }
        };
        let per_mev = match units.first() {
            Some(&"ev") => EV_PER_MEV,
            Some(&"kev") => KEV_PER_MEV,
            _ => 1.0,
        };
        let numbers = (0..names.len()).filter(|c| *c != particle);
        let cells = numbers
            .flat_map(|c| sheet.rows.iter().map(move |r| (sheet.at(r.line), r.cells[c].as_str())));
        let decimal = decimal_of(cells, sheet.separator).map_err(|e| Error {
            suggestion:
                "Write the numbers without separators of thousands, and with a decimal point."
                    .into(),
            ..e
        })?;
        Ok(Columns { particle, layout, per_mev, decimal })
    }

    fn number(&self, sheet: &Sheet, row: &Row, column: usize) -> Result<f64> {
        let refuse = |why: String, suggestion: String| {
            let cell = &row.cells[column];
            let problem = format!("{}: {} is '{cell}'", sheet.at(row.line), sheet.header[column]);
            Err(Error::input(problem, why, suggestion))
        };
        match number::read(&row.cells[column], self.decimal) {
            Ok(Cell::Number(value)) if value >= 0.0 => Ok(value),
            Ok(Cell::Number(_)) => {
                refuse("it is below zero".into(), "Energies and yields are 0 or more.".into())
            }
            Ok(Cell::Missing) => {
                refuse("it is no number".into(), "Correct it, or leave the row out.".into())
            }
            Err((why, suggestion)) => refuse(why, suggestion),
        }
    }

    fn pieces(&self, sheet: &Sheet) -> Result<Vec<Piece>> {
        let mut pieces: Vec<Piece> = Vec::new();
        // The row before of the same particle, of densities.
        let mut before: [Option<(f64, f64)>; 4] = [None; 4];
        for row in &sheet.rows {
            let particle = self.particle(sheet, row)?;
            let number = |column| self.number(sheet, row, column);
            let refuse = |problem: String, why: &str| {
                Err(Error::input(
                    format!("{}: {problem}", sheet.at(row.line)),
                    why,
                    "Correct the row, or leave it out.",
                ))
            };
            let line = row.line;
            match self.layout {
                Layout::Lines { energy, value } => {
                    let at = number(energy)? / self.per_mev;
                    let yield_per_decay = number(value)?;
                    let ends = [1.0; 2];
                    pieces.push(Piece { line, particle, low: at, high: at, ends, yield_per_decay });
                }
                Layout::Histogram { low, high, value } => {
                    let (low, high) = (number(low)? / self.per_mev, number(high)? / self.per_mev);
                    if high < low {
                        return refuse(
                            format!("a bin from {low} to {high} MeV"),
                            "it ends before it begins",
                        );
                    }
                    let yield_per_decay = number(value)?;
                    pieces.push(Piece {
                        line,
                        particle,
                        low,
                        high,
                        ends: [1.0; 2],
                        yield_per_decay,
                    });
                }
                Layout::Table { energy, value } => {
                    let (at, density) =
                        (number(energy)? / self.per_mev, number(value)? * self.per_mev);
                    let last = &mut before[particle as usize];
                    if let Some((low, from)) = last.replace((at, density)) {
                        if at <= low {
                            return refuse(
                                format!("energy {at} MeV after {low} MeV"),
                                "energies of a particle ascend in a table of densities",
                            );
                        }
                        pieces.push(Piece {
                            line,
                            particle,
                            low,
                            high: at,
                            ends: [from, density],
                            yield_per_decay: 0.5 * (from + density) * (at - low),
                        });
                    }
                }
            }
        }
        Ok(pieces)
    }

    fn particle(&self, sheet: &Sheet, row: &Row) -> Result<Particle> {
        let text = &row.cells[self.particle];
        let wanted = text.trim().to_ascii_lowercase();
        Particle::ALL.into_iter().find(|p| p.name() == wanted).ok_or_else(|| {
            Error::input(
                format!("{}: particle '{text}'", sheet.at(row.line)),
                "it is none of photon, electron, positron, alpha",
                "Correct the row, or leave it out.",
            )
        })
    }
}

/// The part of a piece within the range of the models; what is not goes to `outside`.
fn clip(piece: &Piece, outside: &mut Vec<Piece>) -> Option<Piece> {
    let range = [MIN_ENERGY_MEV, highest_mev(piece.particle)];
    let (low, high) = (piece.low.max(range[0]), piece.high.min(range[1]));
    if low > high || (low == high && piece.low < piece.high) {
        outside.push(*piece);
        return None;
    }
    if piece.low < low {
        outside.push(part(piece, piece.low, low));
    }
    if piece.high > high {
        outside.push(part(piece, high, piece.high));
    }
    Some(part(piece, low, high))
}

/// The piece between two of its energies.
fn part(piece: &Piece, low: f64, high: f64) -> Piece {
    if piece.low == piece.high {
        return *piece;
    }
    let [from, to] = piece.ends;
    let density = |e: f64| from + (to - from) * (e - piece.low) / (piece.high - piece.low);
    let ends = [density(low), density(high)];
    let share = (ends[0] + ends[1]) * (high - low) / ((from + to) * (piece.high - piece.low));
    let yield_per_decay = if from + to > 0.0 { piece.yield_per_decay * share } else { 0.0 };
    Piece { low, high, ends, yield_per_decay, ..*piece }
}

/// Mean energy of a piece, MeV.
fn mean_mev(piece: &Piece) -> f64 {
    let [from, to] = piece.ends;
    let upper = if from + to > 0.0 { (from + 2.0 * to) / (3.0 * (from + to)) } else { 0.5 };
    piece.low + (piece.high - piece.low) * upper
}

fn emission(piece: Piece) -> Option<Emission> {
    let Piece { low, high, ends: [from, to], yield_per_decay, .. } = piece;
    if yield_per_decay <= 0.0 {
        return None;
    }
    if low == high {
        return Some(Emission::Line { energy_mev: low, yield_per_decay });
    }
    // The inverse of the cumulative distribution of a density that is linear in x = (E - low)/(high - low).
    let slope = (to - from) / (from + to);
    let node = |n: usize| {
        let u = n as f64 / (INVERSE_CDF_NODES - 1) as f64;
        // (1 - slope) x + slope x^2 = u, without cancellation.
        let b = 1.0 - slope;
        let x = 2.0 * u / (b + (b * b + 4.0 * slope * u).max(0.0).sqrt());
        low + (high - low) * if u > 0.0 { x.min(1.0) } else { 0.0 }
    };
    let inverse_cdf = (0..INVERSE_CDF_NODES).map(node).collect();
    Some(Emission::Spectrum { yield_per_decay, inverse_cdf })
}

/// What is outside of the range, in words.
fn left_out(outside: &[Piece]) -> Option<String> {
    let told: Vec<&Piece> = outside.iter().filter(|p| p.yield_per_decay > 0.0).collect();
    let energy: f64 = told.iter().map(|p| p.yield_per_decay * mean_mev(p)).sum();
    let name = |p: &&Piece| {
        let place = if p.low == p.high {
            format!("{} MeV", p.low)
        } else {
            format!("{} to {} MeV", p.low, p.high)
        };
        format!(
            "line {}: {} {place}, {:.3e} per decay",
            p.line,
            p.particle.name(),
            p.yield_per_decay
        )
    };
    let mut lines: Vec<String> = told.iter().take(MOST_NAMED).map(name).collect();
    if told.len() > MOST_NAMED {
        lines.push(format!("{} more", told.len() - MOST_NAMED));
    }
    (!told.is_empty()).then(|| {
        format!(
            "outside of {MIN_ENERGY_MEV} to {} MeV (alphas {} MeV), with {energy:.3e} MeV per decay together: {}",
            highest_mev(Particle::Photon),
            highest_mev(Particle::Alpha),
            lines.join("; ")
        )
    })
}

#[cfg(test)]
#[path = "spectrum_file_tests.rs"]
mod tests;
