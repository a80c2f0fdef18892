//! Activity for a thorax CT that comes without: ellipsoids where organs are about.

use std::path::{Path, PathBuf};

use voxgray::image::{Grid, Volume};
use voxgray::io::dicom::{ReadOptions, read_ct};
use voxgray::io::write_nifti;
use voxgray::{Error, Result};

/// Name, centre from the middle of the CT (mm, LPS), half axes (mm) and activity (Bq/mL) of the made activity.
const ELLIPSOIDS: [(&str, [f64; 3], [f64; 3], f32); 3] = [
    ("liver", [-70.0, -10.0, -95.0], [60.0, 55.0, 50.0], 1.5e6),
    ("spleen", [95.0, 35.0, -95.0], [25.0, 35.0, 40.0], 2e6),
    ("mediastinum", [0.0, -10.0, 60.0], [12.0, 12.0, 20.0], 5e6),
];
/// Soft tissue, HU: activity of an ellipsoid is not placed elsewhere.
const SOFT_TISSUE_HU: std::ops::Range<f32> = -150.0..400.0;
/// Background in soft tissue, Bq/mL.
const BACKGROUND: f32 = 2e4;

/// Writes activity, labels and their names for a CT that comes without: ellipsoids where organs are about, 4 mm voxels.
pub fn make_thorax_maps(ct: &Path, folder: &Path) -> Result<(PathBuf, PathBuf, PathBuf)> {
    let ct = read_ct(std::slice::from_ref(&ct.to_path_buf()), &ReadOptions::default())?.volume;
    let grid = ct.grid.with_spacing([4.0; 3])?;
    let middle: [f64; 3] = {
        let [low, high] = ct.grid.bounding_box_mm();
        std::array::from_fn(|c| 0.5 * (low[c] + high[c]))
    };
    let label = |n: usize| label_at(&ct, &grid, middle, n);
    let labels: Vec<Option<u8>> = (0..grid.len()).map(label).collect::<Result<_>>()?;
    let value = |label: &Option<u8>| match label {
        None => 0.0,
        Some(0) => BACKGROUND,
        Some(k) => ELLIPSOIDS[usize::from(*k) - 1].3,
    };
    let paths = ["activity.nii.gz", "labels.nii.gz", "labels.csv"].map(|name| folder.join(name));
    write_nifti(&paths[0], &Volume::new(grid.clone(), labels.iter().map(value).collect())?)?;
    let map: Vec<u8> = labels.iter().map(|l| l.unwrap_or(0)).collect();
    write_nifti(&paths[1], &Volume::new(grid, map)?)?;
    let mut names = String::from("label,name\n");
    for (n, ellipsoid) in ELLIPSOIDS.iter().enumerate() {
        names.push_str(&format!("{},{}\n", n + 1, ellipsoid.0));
    }
    std::fs::write(&paths[2], names).map_err(|e| Error::io("write", &paths[2], &e))?;
    let [activity, labels, names] = paths;
    Ok((activity, labels, names))
}

/// The ellipsoid (from 1) that a voxel of `grid` is in; 0 for other soft tissue, `None` for what is none.
fn label_at(ct: &Volume<f32>, grid: &Grid, middle: [f64; 3], n: usize) -> Result<Option<u8>> {
    let mm = grid.to_mm(grid.unlinear(n).map(|i| i as f64));
    let hu = ct.grid.voxel_at(mm)?.map(|v| ct.data[ct.grid.linear(v)]);
    if !hu.is_some_and(|hu| SOFT_TISSUE_HU.contains(&hu)) {
        return Ok(None);
    }
    let inside = |(_, centre, half, _): &(&str, [f64; 3], [f64; 3], f32)| {
        (0..3).map(|c| ((mm[c] - middle[c] - centre[c]) / half[c]).powi(2)).sum::<f64>() <= 1.0
    };
    Ok(Some(ELLIPSOIDS.iter().position(inside).map_or(0, |k| k as u8 + 1)))
}
