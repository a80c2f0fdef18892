//! From a run of a case file to a geometry, a source and the cells to compare.

use std::io::Read;
use std::path::Path;

use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::source::{Beam, DecaySpectrum, parse_source, read_spectrum};
use voxgray::{Error, Result};

use super::case::{Group, Kind, RunEntry};
use super::phantom64;
use super::table::Table;

/// One value to compare.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Where it is, in words.
    pub label: String,
    /// Abscissa of plots and zones.
    pub x: f64,
    /// Our energy (MeV per history) is divided by this to compare: voxels of an orbit, or g/cm2 of a layer.
    pub divisor: f64,
    /// Reference value.
    pub reference: f64,
    /// Its standard error.
    pub reference_error: f64,
    /// The same cell of the further references: value and standard error.
    pub others: Vec<(f64, f64)>,
}

/// Reference energies of single voxels.
#[derive(Debug, Clone)]
pub struct VoxelReference {
    /// MeV per history.
    pub energy: Vec<f64>,
    /// Standard error, MeV per history.
    pub error: Vec<f64>,
}

/// A problem ready to be run.
pub struct Problem {
    /// Voxels.
    pub grid: Grid,
    /// g/cm3 per voxel.
    pub density: Vec<f32>,
    /// Material index per voxel.
    pub material: Vec<u8>,
    /// Materials.
    pub materials: Vec<Material>,
    /// Relative activity per voxel.
    pub activity: Vec<f64>,
    /// What a history emits.
    pub decay: DecaySpectrum,
    /// Where it comes from, if from outside; the activity is then not read.
    pub beam: Option<Beam>,
    /// Outer radii (cm) where shells are scored instead of voxels.
    pub radii: Option<Vec<f64>>,
    /// Cell number plus one per voxel, 0 outside all cells; empty for shells.
    pub labels: Vec<u16>,
    /// The cells.
    pub cells: Vec<Cell>,
    /// Histories of the reference.
    pub reference_histories: u64,
    /// Single voxels, where the reference has them.
    pub voxels: Option<VoxelReference>,
    /// Abscissa and ordinate of the plot.
    pub axes: [&'static str; 2],
    /// Whether the plot is logarithmic.
    pub log_y: bool,
}

/// Half width, in voxels, of the voxel-kernel grid: +-13.65 cm of water in place of the reference's +-30 cm. What the outer
/// water would scatter back into the scored +-1.65 cm has gone two mean free paths out and two back, into 1 % of the sphere.
const KERNEL_HALF: usize = 45;

/// Builds the problem of a run.
///
/// # Errors
/// If a reference cannot be read or does not fit the geometry.
pub fn build(group: &Group, entry: &RunEntry) -> Result<Problem> {
    let decay = match entry.source.strip_prefix("file:") {
        Some(file) => read_spectrum(&group.folder.join(file))?.spectrum,
        None => parse_source(&entry.source)?,
    };
    let table = Table::read(&group.reference(&format!("{}.csv", entry.name)))?;
    let others = entry
        .also
        .iter()
        .map(|w| Table::read(&group.reference(&format!("{}.{w}.csv", entry.name))));
    let others = others.collect::<Result<Vec<_>>>()?;
    let mut problem = match group.kind {
        Kind::Shells => shells(group, decay, &table, &others),
        Kind::VoxelKernel => kernel(group, decay, &table, &others),
        Kind::Slabs => slabs(group, entry, decay, &table, &others),
        Kind::Phantom => phantom(group, entry, decay, &table),
    }?;
    problem.reference_histories = entry.reference_histories;
    problem.beam = entry.beam.as_deref().map(str::parse).transpose()?;
    Ok(problem)
}

/// Value and standard error of every row.
fn values(table: &Table, value: &str, sigma: &str, divisors: &[f64]) -> Result<Vec<(f64, f64)>> {
    let energy = table.numbers(value)?;
    let sigma = table.numbers(sigma)?;
    let scaled = energy.iter().zip(&sigma).zip(divisors);
    Ok(scaled.map(|((e, s), d)| (e / d, e * s / 100.0 / d)).collect())
}

/// Cells from labels, abscissas and the columns of all references.
fn cells(
    tables: (&Table, &[Table]),
    columns: [&str; 2],
    labels: Vec<String>,
    x: &[f64],
    divisors: &[f64],
) -> Result<Vec<Cell>> {
    let [value, sigma] = columns;
    let first = values(tables.0, value, sigma, divisors)?;
    let others = tables.1.iter().map(|t| values(t, value, sigma, divisors));
    let others = others.collect::<Result<Vec<_>>>()?;
    if let Some(short) = others.iter().find(|o| o.len() != first.len()) {
        return Err(Error::input(
            format!("a further reference has {} cells, the first {}", short.len(), first.len()),
            "they must be of the same problem",
            "Restore the tables from the repository.",
        ));
    }
    let cell = |(i, label): (usize, String)| Cell {
        label,
        x: x[i],
        divisor: divisors[i],
        reference: first[i].0,
        reference_error: first[i].1,
        others: others.iter().map(|o| o[i]).collect(),
    };
    Ok(labels.into_iter().enumerate().map(cell).collect())
}

fn shells(group: &Group, decay: DecaySpectrum, table: &Table, others: &[Table]) -> Result<Problem> {
    let (material, density) = group.material("water")?;
    let [inner, outer] = [table.numbers("r_in_cm")?, table.numbers("r_out_cm")?];
    let [from, to] = [table.numbers("r_in_over_RCSDA")?, table.numbers("r_out_over_RCSDA")?];
    let in_ranges = to.iter().any(|&r| r > 0.0);
    let label = |i: usize| {
        if in_ranges {
            format!("{}-{} R", from[i], to[i])
        } else {
            format!("{}-{} cm", inner[i], outer[i])
        }
    };
    let n = outer.len();
    let x: Vec<f64> = (0..n).map(|i| if in_ranges { to[i] } else { i as f64 }).collect();
    let columns = ["E_MeV_per_history", "sigma_pct"];
    let cells = cells((table, others), columns, (0..n).map(label).collect(), &x, &vec![1.0; n])?;
    let side_mm = 2.0 * 10.0 * outer[n - 1];
    Ok(Problem {
        grid: Grid::aligned([1; 3], [0.0; 3], [side_mm; 3]),
        density: vec![density as f32],
        material: vec![0],
        materials: vec![material],
        activity: vec![1.0],
        decay,
        beam: None,
        radii: Some(outer),
        labels: Vec::new(),
        cells,
        reference_histories: 0,
        voxels: None,
        axes: [
            if in_ranges { "outer radius / CSDA range" } else { "number of the shell" },
            "energy per shell / MeV per history",
        ],
        log_y: false,
    })
}

fn kernel(group: &Group, decay: DecaySpectrum, table: &Table, others: &[Table]) -> Result<Problem> {
    let (material, density) = group.material("water")?;
    let index = [table.numbers("i")?, table.numbers("j")?, table.numbers("k")?];
    let multiplicity = table.numbers("multiplicity")?;
    let distance = table.numbers("distance_cm")?;
    let n = distance.len();
    let orbit = |r: usize| [0, 1, 2].map(|a: usize| index[a][r] as usize);
    let side = 2 * KERNEL_HALF + 1;
    let grid = Grid::aligned([side; 3], [-3.0 * KERNEL_HALF as f64; 3], [3.0; 3]);
    let mut labels = vec![0_u16; grid.len()];
    let mut found = vec![0.0; n];
    for (v, label) in labels.iter_mut().enumerate() {
        let mut offset = grid.unlinear(v).map(|c| c.abs_diff(KERNEL_HALF));
        offset.sort_unstable();
        if let Some(r) = (0..n).find(|&r| orbit(r) == offset) {
            *label = r as u16 + 1;
            found[r] += 1.0;
        }
    }
    if found != multiplicity {
        return Err(Error::input(
            format!("voxel orbits of {found:?} members"),
            format!("the reference has {multiplicity:?}"),
            "Restore the table from the repository.",
        ));
    }
    let names = (0..n).map(|r| format!("{:?}", orbit(r))).collect();
    let columns = ["E_MeV_per_history_per_voxel", "sigma_pct"];
    let mut cells = cells((table, others), columns, names, &distance, &vec![1.0; n])?;
    for (cell, m) in cells.iter_mut().zip(multiplicity) {
        cell.divisor = m;
    }
    let mut activity = vec![0.0; grid.len()];
    activity[grid.linear([KERNEL_HALF; 3])] = 1.0;
    Ok(Problem {
        density: vec![density as f32; grid.len()],
        material: vec![0; grid.len()],
        grid,
        materials: vec![material],
        activity,
        decay,
        beam: None,
        radii: None,
        labels,
        cells,
        reference_histories: 0,
        voxels: None,
        axes: ["distance of the voxel / cm", "energy per voxel / MeV per history"],
        log_y: true,
    })
}

fn slabs(
    group: &Group,
    entry: &RunEntry,
    decay: DecaySpectrum,
    table: &Table,
    others: &[Table],
) -> Result<Problem> {
    const LATERAL: usize = 20;
    const LAYER_CM: f64 = 0.2;
    let [low, high] = [table.numbers("z_lo_cm")?, table.numbers("z_hi_cm")?];
    let media = table.text("medium")?;
    let n = low.len();
    let mut materials = Vec::new();
    let mut layers: Vec<(u8, f64)> = Vec::new();
    for slab in &entry.slabs {
        let (material, density) = group.material(&slab.material)?;
        let known = materials.iter().position(|m: &Material| *m == material);
        let index = known.unwrap_or(materials.len());
        if known.is_none() {
            materials.push(material);
        }
        layers.extend(vec![(index as u8, density); (slab.cm / LAYER_CM).round() as usize]);
    }
    let named = |i: usize| materials.get(usize::from(layers[i].0)).map(|m| m.name.as_str());
    if layers.len() != n || (0..n).any(|i| named(i) != Some(media[i])) {
        return Err(Error::input(
            format!("{}: the slabs of the case do not match the reference's layers", entry.name),
            format!("{} layers against {n}", layers.len()),
            "Correct 'slabs' in case.toml.",
        ));
    }
    let grid = Grid::aligned([LATERAL, LATERAL, n], [-95.0, -95.0, 1.0], [10.0, 10.0, 2.0]);
    let per_voxel = |v: usize| grid.unlinear(v)[2];
    let [from, to] = entry.source_z_cm.unwrap_or_default();
    let active = |v: usize| {
        let [i, j, k] = grid.unlinear(v);
        let z = (k as f64 + 0.5) * LAYER_CM;
        (9..11).contains(&i) && (9..11).contains(&j) && from < z && z < to
    };
    let areal: Vec<f64> = layers.iter().map(|l| l.1 * LAYER_CM).collect();
    let names = (0..n).map(|i| format!("{}-{} cm {}", low[i], high[i], media[i])).collect();
    let x: Vec<f64> = (0..n).map(|i| 0.5 * (low[i] + high[i])).collect();
    let columns = ["E_full20x20_MeV_per_history", "sigma_full_pct"];
    let cells = cells((table, others), columns, names, &x, &areal)?;
    Ok(Problem {
        density: (0..grid.len()).map(|v| layers[per_voxel(v)].1 as f32).collect(),
        material: (0..grid.len()).map(|v| layers[per_voxel(v)].0).collect(),
        materials,
        activity: (0..grid.len()).map(|v| f64::from(u8::from(active(v)))).collect(),
        decay,
        beam: None,
        radii: None,
        labels: (0..grid.len()).map(|v| per_voxel(v) as u16 + 1).collect(),
        cells,
        reference_histories: 0,
        voxels: None,
        axes: ["depth / cm", "energy per areal density / MeV cm2/g per history"],
        log_y: true,
        grid,
    })
}

fn phantom(
    group: &Group,
    entry: &RunEntry,
    decay: DecaySpectrum,
    table: &Table,
) -> Result<Problem> {
    let phantom = phantom64::build(group)?;
    let roi = table.numbers("roi")?;
    let names = roi.iter().map(|&r| phantom64::REGIONS[r as usize].to_string()).collect();
    let columns = ["E_MeV_per_history", "sigma_pct_between_seeds"];
    let cells = cells((table, &[]), columns, names, &roi, &vec![1.0; roi.len()])?;
    let energy = floats(&group.folder.join(format!("{}.energy_f32le.gz", entry.name)))?;
    let sigma = steps(&group.folder.join(format!("{}.sigma_u16le.gz", entry.name)))?;
    if energy.len() != phantom.grid.len() || sigma.len() != energy.len() {
        return Err(Error::input(
            format!("{} voxel energies and {} sigmas", energy.len(), sigma.len()),
            format!("the phantom has {} voxels", phantom.grid.len()),
            "Restore the files from the repository.",
        ));
    }
    let error = energy.iter().zip(&sigma).map(|(e, s)| e * s / 100.0).collect();
    Ok(Problem {
        labels: phantom.region.iter().map(|&r| u16::from(r) + 1).collect(),
        grid: phantom.grid,
        density: phantom.density,
        material: phantom.material,
        materials: phantom.materials,
        activity: phantom.activity.iter().map(|&a| f64::from(a)).collect(),
        decay,
        beam: None,
        radii: None,
        cells,
        reference_histories: 0,
        voxels: Some(VoxelReference { energy, error }),
        axes: ["number of the region", "energy per region / MeV per history"],
        log_y: true,
    })
}

fn unzip(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|e| Error::io("open", path, &e))?;
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(file);
    reader.read_to_end(&mut bytes).map_err(|e| Error::io("decompress", path, &e))?;
    Ok(bytes)
}

/// Little-endian f32.
fn floats(path: &Path) -> Result<Vec<f64>> {
    let bytes = unzip(path)?;
    let chunks = bytes.chunks_exact(4);
    Ok(chunks.map(|c| f64::from(f32::from_le_bytes([c[0], c[1], c[2], c[3]]))).collect())
}

/// Little-endian u16 in steps of 0.002 %.
fn steps(path: &Path) -> Result<Vec<f64>> {
    let bytes = unzip(path)?;
    Ok(bytes.chunks_exact(2).map(|c| 0.002 * f64::from(u16::from_le_bytes([c[0], c[1]]))).collect())
}
