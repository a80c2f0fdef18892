//! A kernel of equal voxels from a table: published voxel S values, or another program's. Neglects what the table does not tell: what lies beyond
//! it, and where it has no column of standard errors, its statistics.
//!
//! Columns `i`, `j`, `k` (offsets in voxels, one octant) and S with its unit in its name, as `voxgray kernel` writes them; comments state the
//! edges of the voxels and the density of the medium, without which S values are not energies: `# voxel_mm: 4.42 4.42 4.42` and
//! `# density_g_cm3: 1.04`.

use std::path::Path;

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::medium::MediumFacts;
use super::overlap::Octant;
use super::point::REPLICATES;
use super::voxel::VoxelKernel;
use crate::error::{Error, Result};
use crate::files;
use crate::sheet::decimal::decimal_of;
use crate::sheet::{Cell, Sheet, number};
use crate::transport::tally::ORIGINS;
use crate::units::{GY_PER_MEV_PER_G, MM_PER_CM};

/// Largest file, bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Gy per mGy, and decays per s of a MBq.
const GY_PER_MGY_MBQ: f64 = 1e-9;
/// Seed of the deviates that stand for a table's standard errors.
const SEED: u64 = 20_021;
/// Columns by kind of emission, as `voxgray kernel` names them.
const PARTS: [&str; ORIGINS] = ["electron", "photon", "alpha"];

/// A kernel of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableKernel {
    /// Its file's name.
    pub file: String,
    /// Whether the table tells standard errors.
    pub has_errors: bool,
    /// Whether the table tells the kinds of emission apart.
    pub has_parts: bool,
    /// The kernel; its `emitted_mev` is what its table holds.
    pub kernel: VoxelKernel,
}

fn refuse<T>(problem: String, why: impl Into<String>, suggestion: &str) -> Result<T> {
    Err(Error::input(problem, why, suggestion))
}

/// What stands behind a key in a comment.
fn stated<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once(':')?;
        (name.trim() == key).then_some(value.trim())
    })
}

/// Gy per decay of the unit in the name of a column of S values; none for any other unit, also of another time.
fn gy_per_decay(name: &str) -> Option<f64> {
    let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let unit = plain.strip_prefix("svalues").or_else(|| plain.strip_prefix("svalue"));
    match unit.or_else(|| plain.strip_prefix('s'))?.replace("per", "").as_str() {
        "mgymbqs" => Some(GY_PER_MGY_MBQ),
        "gymbqs" => Some(1e-6),
        "mgybqs" | "mgydecay" => Some(1e-3),
        "gybqs" | "gydecay" => Some(1.0),
        _ => None,
    }
}

impl TableKernel {
    /// Reads a table.
    ///
    /// # Errors
    /// If it is no such table: a column, a unit, the voxels' edges or the density is missing, an offset is missing or there twice, or a value
    /// is none of at least 0.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = files::bytes(path, MAX_BYTES)?;
        let sheet = Sheet::parse(&bytes, &path.display().to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        let file = sheet.file.clone();
        let voxel_mm = edges(&file, stated(&text, "voxel_mm"))?;
        let density_g_cm3 = density(&file, stated(&text, "density_g_cm3"))?;
        let names: Vec<String> = sheet.header.iter().map(|h| h.trim().to_lowercase()).collect();
        let column = |name: &str| names.iter().position(|n| n == name);
        let (Some(i), Some(j), Some(k)) = (column("i"), column("j"), column("k")) else {
            return refuse(
                format!("{file}: no columns i, j, k"),
                "they are the offsets of a voxel from the one that emits",
                "Name the columns of offsets i, j, k.",
            );
        };
        let is_value = |n: &&String| n.starts_with('s') && gy_per_decay(n).is_some();
        let Some((s, unit)) = names.iter().find(is_value).and_then(|n| {
            let at = names.iter().position(|m| m == n)?;
            Some((at, gy_per_decay(n)?))
        }) else {
            return refuse(
                format!("{file}: no column of S values with a unit"),
                "its name is S with mGy per MBq s, or Gy per Bq s",
                "Call it S_mGy_per_MBq_s.",
            );
        };
        let error = column("standard_error");
        let parts = PARTS.map(column);
        let has_parts = parts.iter().all(Option::is_some);
        let columns = [Some(i), Some(j), Some(k), Some(s), error];
        let columns: Vec<usize> = columns.into_iter().chain(parts).flatten().collect();
        let cells = sheet.rows.iter().flat_map(|row| {
            columns.iter().map(|c| (sheet.at(row.line), row.cells[*c].as_str())).collect::<Vec<_>>()
        });
        let decimal = decimal_of(cells, sheet.separator)?;
        let mut rows: Vec<([usize; 3], f64, f64, [f64; ORIGINS])> = Vec::new();
        for row in &sheet.rows {
            let at = |c: usize| -> Result<f64> {
                let read = number::read(&row.cells[c], decimal);
                match read {
                    Ok(Cell::Number(x)) if x >= 0.0 => Ok(x),
                    Ok(Cell::Number(x)) => refuse(
                        format!("{}: {} is {x}", sheet.at(row.line), sheet.header[c]),
                        "offsets are those of one octant, and no dose is below 0",
                        "Give offsets from 0 on; the other octants mirror them.",
                    ),
                    Ok(Cell::Missing) => refuse(
                        format!("{}: {} is empty", sheet.at(row.line), sheet.header[c]),
                        "a kernel has a value at each offset",
                        "Complete the row.",
                    ),
                    Err((problem, why)) => refuse(
                        format!("{}: {problem}", sheet.at(row.line)),
                        why,
                        "Correct the cell.",
                    ),
                }
            };
            let whole = |c: usize| -> Result<usize> {
                let x = at(c)?;
                match x.fract() == 0.0 && x < 1e4 {
                    true => Ok(x as usize),
                    false => refuse(
                        format!("{}: the offset {x}", sheet.at(row.line)),
                        "offsets count voxels",
                        "Give whole numbers of voxels.",
                    ),
                }
            };
            let of_part = |n: usize| parts[n].filter(|_| has_parts).map_or(Ok(0.0), at);
            rows.push((
                [whole(i)?, whole(j)?, whole(k)?],
                at(s)?,
                error.map_or(Ok(0.0), at)?,
                [of_part(0)?, of_part(1)?, of_part(2)?],
            ));
        }
        let reach = [0, 1, 2].map(|a| rows.iter().map(|r| r.0[a]).max().unwrap_or(0));
        let octant = Octant { voxel_cm: voxel_mm.map(|h| h / MM_PER_CM), reach };
        let all = reach.iter().map(|r| r + 1).product::<usize>();
        if rows.len() != all {
            return refuse(
                format!(
                    "{file}: {} rows for offsets up to {} x {} x {}",
                    rows.len(),
                    reach[0],
                    reach[1],
                    reach[2]
                ),
                format!("one octant of these has {all}, each once"),
                "Complete the octant, or take out what is there twice.",
            );
        }
        let mut values = vec![None; all];
        for (offset, s, error, parts) in rows {
            let place = &mut values[octant.linear(offset)];
            if place.is_some() {
                return refuse(
                    format!("{file}: the offset {offset:?} is there twice"),
                    "which one counts is not known",
                    "Take one of them out.",
                );
            }
            *place = Some((s, error, parts));
        }
        let mass_g = octant.voxel_cm.iter().product::<f64>() * density_g_cm3;
        let mev = unit * mass_g / GY_PER_MEV_PER_G;
        let has_errors = error.is_some();
        let energy_mev = replicates(&values.into_iter().flatten().collect::<Vec<_>>(), mev);
        let source = stated(&text, "source").unwrap_or("not stated").to_string();
        let material = stated(&text, "medium").unwrap_or("not stated").to_string();
        let medium = MediumFacts { material, density_g_cm3 };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut kernel =
            VoxelKernel { source, medium, octant, energy_mev, emitted_mev: 0.0, histories: 0 };
        kernel.emitted_mev = kernel.inside_mev();
        Ok(TableKernel { file: name, has_errors, has_parts, kernel })
    }

    /// The kernel for a grid of voxels of these edges (cm), no further than `reach`, of which a decay emits `emitted_mev`.
    ///
    /// # Errors
    /// If its voxels are others.
    pub fn on(
        &self,
        voxel_cm: [f64; 3],
        reach: [usize; 3],
        emitted_mev: f64,
    ) -> Result<VoxelKernel> {
        let own = self.kernel.octant.voxel_cm;
        if (0..3).any(|a| (own[a] / voxel_cm[a] - 1.0).abs() > SAME_EDGE) {
            let mm = |h: [f64; 3]| {
                h.map(|h| ((h * MM_PER_CM * 1e4).round() / 1e4).to_string()).join(" x ")
            };
            return refuse(
                format!(
                    "{}: a kernel of voxels of {} mm, dose in voxels of {} mm",
                    self.file,
                    mm(own),
                    mm(voxel_cm)
                ),
                "S values are those of one size of voxel",
                "Compute dose on the kernel's grid (--grid), or take the kernel of this size.",
            );
        }
        // What a table holds is what it would emit itself at least.
        if self.kernel.emitted_mev > MOST_EMITTED * emitted_mev {
            return refuse(
                format!(
                    "{}: a kernel of {:.4e} MeV per decay for a source that emits {emitted_mev:.4e}",
                    self.file, self.kernel.emitted_mev
                ),
                "no medium absorbs more than is emitted",
                "Check the unit of its S values, its voxels and density, and whose kernel it is.",
            );
        }
        let reach = [0, 1, 2].map(|a| reach[a].min(self.kernel.octant.reach[a]));
        let octant = Octant { voxel_cm: own, reach };
        let crop = |values: &Vec<f64>| match values.is_empty() {
            true => Vec::new(),
            false => (0..octant.len())
                .map(|v| values[self.kernel.octant.linear(octant.unlinear(v))])
                .collect(),
        };
        let energy_mev =
            self.kernel.energy_mev.iter().map(|r| [crop(&r[0]), crop(&r[1]), crop(&r[2])]);
        Ok(VoxelKernel {
            source: self.kernel.source.clone(),
            medium: self.kernel.medium.clone(),
            octant,
            energy_mev: energy_mev.collect(),
            emitted_mev,
            histories: 0,
        })
    }
}

/// Largest relative difference between edges that are the same.
const SAME_EDGE: f64 = 1e-3;

/// Energy of a table over that of the source beyond which it is not its kernel: published ones are of other decay data, and of three digits.
const MOST_EMITTED: f64 = 1.05;

fn edges(file: &str, text: Option<&str>) -> Result<[f64; 3]> {
    let numbers: Option<Vec<f64>> = text.and_then(|t| {
        let parts = t.trim_end_matches("mm").split(['x', ' ', ',']).filter(|p| !p.is_empty());
        parts.map(|p| p.trim().parse().ok().filter(|x: &f64| *x > 0.0 && x.is_finite())).collect()
    });
    match numbers.as_deref() {
        Some([edge]) => Ok([*edge; 3]),
        Some([x, y, z]) => Ok([*x, *y, *z]),
        _ => refuse(
            format!("{file} does not state the edges of its voxels"),
            text.map_or("there is no comment '# voxel_mm:'".to_string(), |t| {
                format!("'# voxel_mm: {t}' is no edge, nor three")
            }),
            "Write a line such as '# voxel_mm: 4.42 4.42 4.42' above the header.",
        ),
    }
}

fn density(file: &str, text: Option<&str>) -> Result<f64> {
    match text.map(|t| t.trim_end_matches("g/cm3").trim().parse::<f64>()) {
        Some(Ok(density)) if (1e-3..=25.0).contains(&density) => Ok(density),
        _ => refuse(
            format!("{file} does not state the density of its medium"),
            text.map_or("there is no comment '# density_g_cm3:'".to_string(), |t| {
                format!("'# density_g_cm3: {t}' is none within 0.001 and 25")
            }),
            "Write a line such as '# density_g_cm3: 1.04' above the header.",
        ),
    }
}

/// Replicates whose mean is the table, and whose scatter gives its standard errors: independent normal deviates, less their mean.
fn replicates(values: &[(f64, f64, [f64; ORIGINS])], mev: f64) -> Vec<[Vec<f64>; ORIGINS]> {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut made: Vec<[Vec<f64>; ORIGINS]> =
        (0..REPLICATES).map(|_| [Vec::new(), Vec::new(), Vec::new()]).collect();
    let n = REPLICATES as f64;
    let told: [bool; ORIGINS] = [0, 1, 2].map(|o| values.iter().any(|v| v.2[o] > 0.0));
    let first = told.iter().position(|t| *t).unwrap_or(0);
    for (s, error, parts) in values {
        let draws: Vec<f64> =
            (0..REPLICATES).map(|_| StandardNormal.sample(&mut generator)).collect();
        let mean = draws.iter().sum::<f64>() / n;
        let spread = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let sum: f64 = parts.iter().sum();
        // Without parts all counts as the first kind.
        let share = |o: usize| match sum > 0.0 {
            true => parts[o] / sum,
            false => f64::from(u8::from(o == first)),
        };
        for (r, replicate) in made.iter_mut().enumerate() {
            // Each scatters by as much as the table says: the mean of n replicates has 1/n of their variance.
            let value = s + error * n.sqrt() * (draws[r] - mean) / spread.sqrt();
            for (o, of) in replicate.iter_mut().enumerate() {
                if told[o] || o == first {
                    of.push(value * mev * share(o));
                }
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# voxel_mm: 3\n# density_g_cm3: 1.04\n";

    fn read(text: &str) -> Result<TableKernel> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("k.csv");
        std::fs::write(&path, text).expect("written");
        TableKernel::read(&path)
    }

    fn octant(value: impl Fn(usize) -> String) -> String {
        let mut text = String::from("i,j,k,S_mGy_per_MBq_s,standard_error\n");
        for n in 0..8 {
            text += &format!("{},{},{},{}\n", n % 2, n / 2 % 2, n / 4, value(n));
        }
        text
    }

    /// S in mGy/(MBq s) times the mass of 3 mm of 1.04 g/cm3 (0.02808 g), by hand: 1 mGy/(MBq s) is 1e-9 Gy, a gram of which is 1e-12 J.
    #[test]
    fn s_values_become_energies_with_their_errors() {
        let found = read(&(HEAD.to_string() + &octant(|n| format!("{},{}", 8 - n, 0.1)))).unwrap();
        let (energy, error) = found.kernel.energy(0, &[0, 1, 2]);
        let mev = 1e-9 * 0.02808e-3 / 1.602_176_634e-13;
        assert!((energy / (8.0 * mev) - 1.0).abs() < 1e-9, "{energy}");
        assert!((error / (0.1 * mev) - 1.0).abs() < 1e-9, "{error}");
        let off = found.kernel.octant.linear([1, 0, 1]);
        assert!((found.kernel.energy(off, &[0]).0 / (3.0 * mev) - 1.0).abs() < 1e-9);
        // One of the centre, two of each neighbour on an axis, four and eight of the others.
        let all = 8.0 + 2.0 * (7.0 + 6.0 + 4.0) + 4.0 * (5.0 + 3.0 + 2.0) + 8.0;
        assert!((found.kernel.emitted_mev / (all * mev) - 1.0).abs() < 1e-9);
        assert!(found.has_errors && !found.has_parts);
    }

    #[test]
    fn what_is_missing_is_named() {
        let table = octant(|n| format!("{n},0"));
        for (text, what) in [
            (table.clone(), "edges of its voxels"),
            ("# voxel_mm: 3\n".to_string() + &table, "density of its medium"),
            (HEAD.to_string() + &table.replace("S_mGy_per_MBq_s", "S"), "no column of S values"),
            (HEAD.to_string() + &table.replace("MBq_s", "MBq_h"), "no column of S values"),
            (
                HEAD.to_string() + &table.replace("mGy_per_MBq", "Gy_per_GBq"),
                "no column of S values",
            ),
            (HEAD.to_string() + &table.replace("1,1,1,7,0\n", ""), "7 rows for offsets"),
            (HEAD.to_string() + &table.replace("1,1,1,7,0", "1,1,0,7,0"), "there twice"),
            (HEAD.to_string() + &table.replace("1,1,1,7", "-1,1,1,7"), "i is -1"),
            (HEAD.to_string() + &table.replace("1,1,1,7", "1.5,1,1,7"), "the offset 1.5"),
        ] {
            let error = read(&text).expect_err(what).to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn another_voxel_is_refused_and_a_smaller_grid_takes_a_part() {
        let found = read(&(HEAD.to_string() + &octant(|n| format!("{n},0")))).unwrap();
        let error = found.on([0.3, 0.3, 0.31], [4; 3], 100.0).expect_err("other edges").to_string();
        assert!(error.contains("3 x 3 x 3 mm"), "{error}");
        let error = found.on([0.3; 3], [4; 3], 10.0).expect_err("too much").to_string();
        assert!(error.contains("more than is emitted"), "{error}");
        let part = found.on([0.3; 3], [1, 0, 3], 100.0).unwrap();
        assert_eq!(part.octant.reach, [1, 0, 1]);
        let [from, to] = [found.kernel.octant.linear([1, 0, 1]), part.octant.linear([1, 0, 1])];
        assert_eq!(part.energy_mev[0][0][to], found.kernel.energy_mev[0][0][from]);
    }
}
