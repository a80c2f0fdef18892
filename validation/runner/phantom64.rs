//! The 64^3 voxel phantom of 3 mm, built from its analytic description and checked against the reference's hashes.

use sha2::{Digest, Sha256};
use voxgray::image::Grid;
use voxgray::physics::Material;
use voxgray::{Error, Result};

use super::case::Group;

/// Voxels per side.
pub const SIDE: usize = 64;
/// Voxel edge, cm.
const VOXEL_CM: f64 = 0.3;
/// Materials in the order of the index map.
pub const MATERIALS: [&str; 5] = ["air", "lung", "softtissue", "liver", "bone14"];
/// Names of the regions by number.
pub const REGIONS: [&str; 10] = [
    "air",
    "body remainder",
    "lung at +x",
    "lung at -x",
    "liver outside spheres",
    "spine",
    "sphere r 1.5 cm in liver",
    "sphere r 0.8 cm in liver",
    "sphere r 1.0 cm, liver part",
    "sphere r 1.0 cm, lung part",
];
const AIR: u8 = 0;
const LUNG: u8 = 1;
const SOFT: u8 = 2;
const LIVER: u8 = 3;
const BONE: u8 = 4;

/// The phantom.
pub struct Phantom64 {
    /// 64^3 voxels of 3 mm.
    pub grid: Grid,
    /// Material per voxel.
    pub material: Vec<u8>,
    /// g/cm3 per voxel.
    pub density: Vec<f32>,
    /// Relative activity per voxel.
    pub activity: Vec<f32>,
    /// Region per voxel.
    pub region: Vec<u8>,
    /// Materials in index order.
    pub materials: Vec<Material>,
}

/// True inside the ellipsoid of centre `c` and half axes `a`.
fn ellipsoid(p: [f64; 3], c: [f64; 3], a: [f64; 3]) -> bool {
    (0..3).map(|i| ((p[i] - c[i]) / a[i]).powi(2)).sum::<f64>() <= 1.0
}

/// Material, region and relative activity at a voxel centre (cm).
fn at(p: [f64; 3]) -> (u8, u8, f32) {
    if !ellipsoid(p, [0.0; 3], [9.2, 7.2, 9.4]) {
        return (AIR, 0, 0.0);
    }
    let lung = [4.2, -4.2].map(|x| ellipsoid(p, [x, -0.5, 3.8], [2.7, 3.4, 4.0]));
    let liver = ellipsoid(p, [3.5, -0.5, -2.8], [4.3, 4.0, 3.4]);
    let spine = p[0] * p[0] + (p[1] - 4.4).powi(2) <= 1.4 * 1.4;
    let (material, region, activity) = match () {
        () if spine => (BONE, 5, 0.2),
        () if liver => (LIVER, 4, 1.0),
        () if lung[0] => (LUNG, 2, 0.2),
        () if lung[1] => (LUNG, 3, 0.2),
        () => (SOFT, 1, 0.2),
    };
    let sphere = |c: [f64; 3], r: f64| ellipsoid(p, c, [r; 3]);
    let hot = if sphere([2.0, -1.0, -3.4], 1.5) {
        6
    } else if sphere([5.4, 0.6, -3.0], 0.8) {
        7
    } else if sphere([4.0, -0.5, 0.5], 1.0) {
        match material {
            LIVER => 8,
            LUNG => 9,
            _ => 10,
        }
    } else {
        return (material, region, activity);
    };
    (material, hot, 5.0)
}

/// Builds the phantom with the materials and hashes of a case.
///
/// # Errors
/// If an array is not bit for bit the one that the reference used.
pub fn build(group: &Group) -> Result<Phantom64> {
    let half = SIDE as f64 / 2.0;
    let centre = |i: usize| (i as f64 + 0.5 - half) * VOXEL_CM;
    let origin = 10.0 * centre(0);
    let grid = Grid::aligned([SIDE; 3], [origin; 3], [10.0 * VOXEL_CM; 3]);
    let found: Vec<(u8, u8, f32)> =
        (0..grid.len()).map(|v| at(grid.unlinear(v).map(centre))).collect();
    let mut materials = Vec::new();
    let mut densities = Vec::new();
    for name in MATERIALS {
        let (material, density) = group.material(name)?;
        materials.push(material);
        densities.push(density as f32);
    }
    let phantom = Phantom64 {
        grid,
        material: found.iter().map(|f| f.0).collect(),
        density: found.iter().map(|f| densities[usize::from(f.0)]).collect(),
        activity: found.iter().map(|f| f.2).collect(),
        region: found.iter().map(|f| f.1).collect(),
        materials,
    };
    let bytes = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    check(group, "material_u8", &phantom.material)?;
    check(group, "roi_u8", &phantom.region)?;
    check(group, "density_f32le", &bytes(&phantom.density))?;
    check(group, "activity_f32le", &bytes(&phantom.activity))?;
    Ok(phantom)
}

fn check(group: &Group, name: &str, bytes: &[u8]) -> Result<()> {
    let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    if group.sha256.get(name) == Some(&hash) {
        return Ok(());
    }
    Err(Error::run(
        format!("the phantom's {name} has SHA-256 {hash}"),
        format!("the reference was run with {:?}", group.sha256.get(name)),
        "The construction in validation/runner/phantom64.rs must match the description in the case's phantom.json.",
    ))
}
