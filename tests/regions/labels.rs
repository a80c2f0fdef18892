use std::collections::BTreeMap;

use voxgray::image::{Grid, Volume};
use voxgray::io::{RegionOptions, read_regions, write_metaimage, write_nifti};

fn volume(values: impl Fn(usize) -> f32) -> Volume<f32> {
    let grid = Grid::aligned([4, 4, 4], [0.0; 3], [5.0; 3]);
    Volume::new(grid, (0..64).map(values).collect()).expect("64 values")
}

#[test]
fn label_maps_maps_of_shares_and_folders_of_masks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    write_metaimage(&path("labels.mha"), &volume(|n| (n / 16) as f32)).expect("written");
    let names = BTreeMap::from([(2, "liver".to_string())]);
    let options = RegionOptions { names, ..RegionOptions::default() };
    let found = read_regions(&path("labels.mha"), None, &options).expect("labels");
    let listed: Vec<(&str, usize)> =
        found.set.regions.iter().map(|r| (r.name.as_str(), r.voxels.len())).collect();
    assert_eq!(listed, [("label 1", 16), ("liver", 16), ("label 3", 16)]);
    // Onto voxels of twice the edge: each holds two slices of the four.
    let coarse = Grid::aligned([2, 2, 2], [2.5; 3], [10.0; 3]);
    let moved = read_regions(&path("labels.mha"), Some(&coarse), &options).expect("labels");
    assert_eq!(moved.set.regions[1].shares, [0.5; 4]);

    let masks = tempfile::tempdir().expect("a folder");
    write_nifti(&masks.path().join("kidney.nii.gz"), &volume(|n| (n % 2) as f32)).expect("written");
    write_nifti(&masks.path().join("lesion.nii"), &volume(|n| if n == 9 { 0.25 } else { 0.0 }))
        .expect("written");
    let found = read_regions(masks.path(), None, &RegionOptions::default()).expect("masks");
    let listed: Vec<(&str, f64)> =
        found.set.regions.iter().map(|r| (r.name.as_str(), r.voxel_sum())).collect();
    assert_eq!(listed, [("kidney", 32.0), ("lesion", 0.25)]);
    let only = RegionOptions { only: vec!["lesion".into()], ..RegionOptions::default() };
    assert_eq!(read_regions(masks.path(), None, &only).expect("one").set.regions.len(), 1);
    let empty = tempfile::tempdir().expect("a folder");
    assert!(read_regions(empty.path(), None, &only).is_err());
    std::fs::write(path("no.txt"), "text").expect("written");
    assert!(read_regions(&path("no.txt"), None, &only).is_err());
}
