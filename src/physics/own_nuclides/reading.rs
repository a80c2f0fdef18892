//! One nuclide of a user's file: its parts in place of the library's, or a new one.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::columns::Columns;
use super::refused;
use crate::constants::ELECTRON_MASS_MEV;
use crate::error::{Error, Result};
use crate::physics::beta_shape::{BetaBranch, Forbiddenness};
use crate::physics::emission::{Available, Betas, Branch, Line, RadiationCode, Record};
use crate::physics::nuclide::Nuclide;
use crate::physics::nuclide_data::NuclideData;
use crate::physics::nuclide_name::canonical_name_in;
use crate::units::{KEV_PER_MEV, seconds_of};

/// Mass numbers of an alpha particle.
const ALPHA: f64 = 4.0;
/// Most beta particles per decay: evaluated intensities sum to 1.07 at most.
const MOST_BETAS: f64 = 1.2;
/// Half-lives that make sense, s: from below a nuclear reaction's to far above the longest known.
const HALF_LIVES_S: std::ops::RangeInclusive<f64> = 1e-22..=1e36;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub name: String,
    source: Option<String>,
    half_life: Option<String>,
    q_kev: Option<f64>,
    progeny: Option<Vec<ProgenyEntry>>,
    gamma_rays: Option<Columns>,
    x_rays: Option<Columns>,
    conversion_electrons: Option<Columns>,
    auger_electrons: Option<Columns>,
    alphas: Option<Columns>,
    beta_minus: Option<BetaEntry>,
    beta_plus: Option<BetaEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgenyEntry {
    name: String,
    fraction: f64,
    #[serde(default)]
    mode: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BetaEntry {
    branches: Option<Columns>,
    class: Option<Vec<String>>,
    spectrum: Option<Columns>,
    mean_kev: Option<f64>,
}

/// What reading a file needs and leaves.
pub(super) struct Reading {
    pub data: NuclideData,
    pub folder: PathBuf,
    pub hash: Sha256,
    pub files: Vec<PathBuf>,
}

impl Reading {
    /// The record of an entry, and what it changes in words.
    pub fn record(&mut self, entry: &Entry, source: &str) -> Result<(Record, String)> {
        let known = self.known(&entry.name);
        let is_new = known.is_none();
        let mut record = match known {
            Some(record) => record,
            None => self.new_record(&entry.name)?,
        };
        let mut told: Vec<String> = Vec::new();
        if let Some(text) = &entry.half_life {
            let seconds =
                seconds_of(text).filter(|s| HALF_LIVES_S.contains(s)).ok_or_else(|| {
                    refused(
                        format!("half_life is '{text}'"),
                        "it is a time from 1e-22 s to 1e28 y with its unit s, min, h, d or y",
                        "Write for example half_life = \"6.647 d\".",
                    )
                })?;
            told.push(match is_new {
                true => format!("half-life {text}"),
                false => format!("half-life {text} in place of {}", record.half_life),
            });
            (record.half_life_s, record.half_life) = (seconds, text.trim().to_owned());
        }
        self.lines(entry, &mut record, &mut told)?;
        for (word, code, given) in [
            ("beta_minus", RadiationCode::BMinus, &entry.beta_minus),
            ("beta_plus", RadiationCode::BPlus, &entry.beta_plus),
        ] {
            if let Some(given) = given {
                let what = self
                    .betas(given, code, &mut record)
                    .map_err(|e| Error { problem: format!("{word}: {}", e.problem), ..e })?;
                told.push(format!("{} {what}", word.replace('_', "-")));
            }
        }
        if let Some(progeny) = &entry.progeny {
            record.branches = branches(progeny)?;
            record.own_progeny = true;
            let names: Vec<&str> = record.branches.iter().map(|b| b.progeny.as_str()).collect();
            told.push(format!(
                "progeny {}",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            ));
        }
        if let Some(q) = entry.q_kev {
            if !(q > 0.0 && q < 2e4) {
                return Err(refused(
                    format!("q_kev is {q}"),
                    "what a decay makes available, less neutrinos of capture, lies within 0 and 20,000 keV",
                    "Correct it, or leave it out.",
                ));
            }
            record.available =
                Some(Available { q_mev: q / KEV_PER_MEV, capture_neutrino_mev: 0.0 });
            told.push(format!("Q {q} keV"));
        }
        if is_new {
            complete(&record, entry)?;
        }
        if told.is_empty() {
            return Err(refused(
                "nothing is given of it",
                "a table of a nuclide in the library holds what is to be changed",
                "Give half_life, lines or beta particles, or take the table out.",
            ));
        }
        let source = entry.source.as_deref().unwrap_or(source);
        let new = if is_new { "new; " } else { "" };
        record.own = format!("{new}{} (source: {})", told.join("; "), source.trim());
        let own = record.own.clone();
        // What cannot be a nuclide is told here, with its file.
        let made = Nuclide::from_record(self.data, &record)?;
        let ends = [(&entry.beta_minus, &made.beta_minus), (&entry.beta_plus, &made.beta_plus)];
        let end = ends.into_iter().find_map(|(given, s)| {
            given.as_ref()?.mean_kev?;
            Some(s.as_ref()?.end_point_mev() * KEV_PER_MEV)
        });
        let moved = end.map(|e| format!("; the end point is {e:.1} keV then")).unwrap_or_default();
        record.own.push_str(&moved);
        Ok((record, own + &moved))
    }

    /// The library's record of a name in any spelling.
    fn known(&self, name: &str) -> Option<Record> {
        let name = canonical_name_in(self.data, name).ok()?;
        self.data.library_record(name).cloned()
    }

    /// The empty record of a new nuclide: element and mass number from its name.
    fn new_record(&self, name: &str) -> Result<Record> {
        let wrong = || {
            refused(
                "it is not in the library, and no name of a new nuclide",
                "a new one is named by its element's symbol and its mass number, an isomer with an m behind",
                "Write for example \"Tb-161\" or \"Tb-161m\".",
            )
        };
        let (symbol, rest) = name.trim().split_once('-').ok_or_else(wrong)?;
        let mass = rest.trim_end_matches(|c| "mnpq".contains(c));
        let a: u32 = mass.parse().map_err(|_| wrong())?;
        let of_element = |n: &&&str| n.split_once('-').is_some_and(|(s, _)| s == symbol);
        let sibling = self.data.library_names().iter().find(of_element).ok_or_else(wrong)?;
        let z = self.data.library_record(sibling).map_or(0, |r| r.z);
        if rest.len() > mass.len() + 1 || a < z || a > 320 || z == 0 {
            return Err(wrong());
        }
        Ok(Record { name: format!("{symbol}-{rest}"), z, a, ..Record::default() })
    }

    fn lines(&mut self, entry: &Entry, record: &mut Record, told: &mut Vec<String>) -> Result<()> {
        use RadiationCode::*;
        for (word, codes, given) in [
            ("gamma_rays", &[G, PG, DG][..], &entry.gamma_rays),
            ("x_rays", &[X], &entry.x_rays),
            ("conversion_electrons", &[IE], &entry.conversion_electrons),
            ("auger_electrons", &[AE], &entry.auger_electrons),
            ("alphas", &[A], &entry.alphas),
        ] {
            let Some(given) = given else { continue };
            let rows = given.rows(word, &["energy_kev", "per_100_decays"], self)?;
            if codes[0] == A && f64::from(record.a) <= ALPHA {
                return Err(refused(
                    "it has alphas",
                    "its mass number leaves no daughter",
                    "Take them out, or correct the name.",
                ));
            }
            record.lines.retain(|l| !codes.contains(&l.code) && (l.code != AR || codes[0] != A));
            record.completed.retain(|l| !codes.contains(&l.code));
            let mut carried = 0.0;
            for row in &rows {
                let line = Line {
                    energy_mev: row[0] / KEV_PER_MEV,
                    yield_per_decay: row[1] / 100.0,
                    code: codes[0],
                };
                carried += row[0] * line.yield_per_decay;
                record.lines.push(line);
                if codes[0] == A {
                    let recoil = line.energy_mev * ALPHA / (f64::from(record.a) - ALPHA).max(1.0);
                    record.lines.push(Line { energy_mev: recoil, code: AR, ..line });
                }
            }
            let lines = if rows.len() == 1 { "line" } else { "lines" };
            told.push(format!(
                "{} ({} {lines}, {carried:.4} keV per decay)",
                word.replace('_', " "),
                rows.len()
            ));
        }
        Ok(())
    }

    /// Sets the beta particles of one sign; what was set, in words.
    fn betas(
        &mut self,
        given: &BetaEntry,
        code: RadiationCode,
        record: &mut Record,
    ) -> Result<String> {
        let minus = code == RadiationCode::BMinus;
        let (betas, said) = match (&given.branches, &given.spectrum) {
            (Some(_), Some(_)) => {
                return Err(refused(
                    "it has branches and a spectrum",
                    "a spectrum is computed from the branches or given",
                    "Leave one of them out.",
                ));
            }
            (Some(columns), None) => {
                let rows = columns.rows("branches", &["end_point_kev", "per_100_decays"], self)?;
                let said = format!("{} branches", rows.len());
                (Some(Betas::Branches(beta_branches(&rows, given.class.as_deref())?)), said)
            }
            (None, Some(columns)) => {
                let names = ["energy_kev", "per_100_decays_and_kev"];
                let rows = columns.rows("spectrum", &names, self)?;
                let ascending = rows.windows(2).all(|w| w[0][0] < w[1][0]);
                if rows.len() < 3 || !ascending || rows.iter().all(|r| r[1] == 0.0) {
                    return Err(refused(
                        "its spectrum cannot be used",
                        "it needs three or more points of ascending energy, and particles",
                        "Give energies in ascending order.",
                    ));
                }
                let said = format!("spectrum of {} points", rows.len());
                let point = |r: &Vec<f64>| (r[0] / KEV_PER_MEV, r[1] * KEV_PER_MEV / 100.0);
                (Some(Betas::Density(rows.iter().map(point).collect())), said)
            }
            (None, None) => (None, String::new()),
        };
        if given.class.is_some() && given.branches.is_none() {
            return Err(refused(
                "it has classes without branches",
                "a class is that of a branch",
                "Give the branches too.",
            ));
        }
        let own = if minus { &mut record.beta_minus } else { &mut record.beta_plus };
        let replaced = betas.is_some();
        if let Some(betas) = betas {
            *own = betas;
        }
        let mut said = vec![said];
        if let Some(mean) = given.mean_kev {
            if matches!(own, Betas::None) || !(mean > 0.0 && mean < 1e4) {
                return Err(refused(
                    format!("mean_kev is {mean}"),
                    "it is the mean energy of all particles of this sign, which the nuclide must have",
                    "Give branches or a spectrum too, or correct it.",
                ));
            }
            let wanted = Some(mean / KEV_PER_MEV);
            if minus {
                record.mean_beta_minus_mev = wanted
            } else {
                record.mean_beta_plus_mev = wanted
            }
            said.push(format!("mean energy {mean} keV"));
        } else if replaced {
            if minus { record.mean_beta_minus_mev = None } else { record.mean_beta_plus_mev = None }
        }
        if replaced {
            record.lines.retain(|l| l.code != code);
            if !minus {
                record.lines.retain(|l| l.code != RadiationCode::AQ);
                record.lines.push(Line {
                    energy_mev: ELECTRON_MASS_MEV,
                    yield_per_decay: 2.0 * particles(&record.beta_plus),
                    code: RadiationCode::AQ,
                });
            }
        }
        said.retain(|s| !s.is_empty());
        let number = particles(if minus { &record.beta_minus } else { &record.beta_plus });
        if replaced && number > MOST_BETAS {
            return Err(refused(
                format!("it has {number:.4} particles per decay"),
                "a decay emits one at most",
                "Check the numbers: they are per 100 decays, densities also per keV.",
            ));
        }
        if replaced {
            said.push(format!("{number:.4} per decay"));
        }
        if said.is_empty() {
            return Err(refused(
                "nothing is given",
                "branches, a spectrum or a mean energy are needed",
                "Give one of them, or take the table out.",
            ));
        }
        Ok(said.join(", "))
    }
}

impl super::columns::Place for Reading {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn was_read(&mut self, path: &Path, bytes: &[u8]) {
        self.hash.update(bytes);
        self.files.push(path.to_path_buf());
    }
}

/// Particles per decay of branches or a density.
fn particles(betas: &Betas) -> f64 {
    match betas {
        Betas::Branches(branches) => branches.iter().map(|b| b.yield_per_decay).sum(),
        Betas::Density(points) => {
            points.windows(2).map(|w| 0.5 * (w[1].0 - w[0].0) * (w[0].1 + w[1].1)).sum()
        }
        _ => 0.0,
    }
}

fn beta_branches(rows: &[Vec<f64>], classes: Option<&[String]>) -> Result<Vec<BetaBranch>> {
    if classes.is_some_and(|c| c.len() != rows.len()) {
        return Err(refused(
            format!("it has {} branches and {} classes", rows.len(), classes.map_or(0, <[_]>::len)),
            "each branch has one class",
            "Give as many, or leave the classes out: all are then computed as allowed.",
        ));
    }
    let of = |(i, row): (usize, &Vec<f64>)| {
        let code = classes.map_or("?", |c| c[i].trim());
        let known =
            |c: &Forbiddenness| !matches!(c, Forbiddenness::Unique(n) if !(1..=3).contains(n));
        let class = Forbiddenness::from_code(code).filter(known).ok_or_else(|| {
            refused(
                format!("class is '{code}'"),
                "classes are A (allowed), 1U, 2U, 3U (unique forbidden), 1N, 2N ... (not unique) and ?",
                "Take one of them; what is not A or U is computed as allowed.",
            )
        })?;
        Ok(BetaBranch {
            end_point_mev: row[0] / KEV_PER_MEV,
            yield_per_decay: row[1] / 100.0,
            class,
            ..BetaBranch::default()
        })
    };
    rows.iter().enumerate().map(of).collect()
}

fn branches(progeny: &[ProgenyEntry]) -> Result<Vec<Branch>> {
    let sum: f64 = progeny.iter().map(|p| p.fraction).sum();
    if progeny.iter().any(|p| !(0.0..=1.0).contains(&p.fraction)) || sum > 1.0 + 1e-6 {
        return Err(refused(
            format!("fractions of its progeny sum to {sum}"),
            "each lies within 0 and 1, and all together are at most 1",
            "Correct them.",
        ));
    }
    Ok(progeny
        .iter()
        .map(|p| Branch { progeny: p.name.clone(), fraction: p.fraction, mode: p.mode.clone() })
        .collect())
}

/// What a new nuclide must have.
fn complete(record: &Record, entry: &Entry) -> Result<()> {
    let missing = if entry.half_life.is_none() {
        "half_life"
    } else if entry.progeny.is_none() {
        "progeny (an empty list where it is stable)"
    } else if record.lines.is_empty()
        && particles(&record.beta_minus) + particles(&record.beta_plus) <= 0.0
    {
        "anything that it emits"
    } else {
        return Ok(());
    };
    Err(refused(
        format!("it lacks {missing}"),
        "it is not in the library, so all of it must be given",
        "Add it; voxgray nuclide --list shows the names of the library.",
    ))
}
