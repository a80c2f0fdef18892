//! Few histories on a large grid: 512 x 512 x 200 voxels, 1e5 decays of Lu-177, what is folded, looked at, read and written, on the CPU.
//!
//!     cargo bench --bench large_grid
//!
//! Prints what the program says of its transport, and the time of the whole run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use voxgray::Result;
use voxgray::image::{Grid, Volume};
use voxgray::io::write_metaimage;

/// A body of water in air, active everywhere, with a hot sphere.
fn write_scene(folder: &Path) -> Result<()> {
    let grid = Grid::aligned([512, 512, 200], [0.0; 3], [0.98, 0.98, 2.5]);
    let body =
        |[x, y, _]: [f64; 3]| ((x - 256.0) / 200.0).powi(2) + ((y - 256.0) / 140.0).powi(2) < 1.0;
    let hot = |[x, y, z]: [f64; 3]| {
        (x - 300.0).powi(2) + (y - 256.0).powi(2) + (2.5 * (z - 100.0)).powi(2) < 3600.0
    };
    let write = |name: &str, of: &dyn Fn([f64; 3]) -> f32| {
        let at = |v: usize| of(grid.unlinear(v).map(|i| i as f64));
        let volume = Volume::new(grid.clone(), (0..grid.len()).map(at).collect())?;
        write_metaimage(&folder.join(name), &volume)
    };
    write("density.mha", &|p| if body(p) { 1.0 } else { 0.0012 })?;
    write("materials.mha", &|p| if body(p) { 0.0 } else { 1.0 })?;
    write("activity.mha", &|p| match (body(p), hot(p)) {
        (false, _) => 0.0,
        (true, false) => 1.0,
        (true, true) => 21.0,
    })
}

fn main() -> Result<()> {
    let folder =
        tempfile::tempdir().map_err(|e| voxgray::Error::io("make", Path::new("a folder"), &e))?;
    write_scene(folder.path())?;
    let words = "dose --density density.mha --materials materials.mha --material-names water,air --activity activity.mha \
                 --activity-unit Bq/mL --nuclide Lu-177 --engine cpu --histories 1e5 -o out";
    let since = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_voxgray"))
        .args(words.split_whitespace())
        .current_dir(folder.path())
        .output()
        .map_err(|e| voxgray::Error::io("run", Path::new("voxgray"), &e))?;
    let said = String::from_utf8_lossy(&output.stderr);
    for line in said.lines().filter(|l| l.contains("histories in") || l.starts_with("error")) {
        println!("{line}");
    }
    println!("the whole run: {:.1} s", since.elapsed().as_secs_f64());
    Ok(())
}
