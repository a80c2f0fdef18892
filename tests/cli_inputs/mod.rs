//! Small inputs for tests of the program: a box of water, activity in its middle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use voxgray::image::{Grid, Volume};
use voxgray::io::write_metaimage;

/// A folder with inputs, removed at the end.
pub struct Inputs {
    folder: tempfile::TempDir,
}

/// Voxels along an edge.
pub const EDGE: usize = 6;

pub fn grid() -> Grid {
    Grid::aligned([EDGE; 3], [-10.0, -10.0, -10.0], [4.0; 3])
}

/// Middle voxels hold `inside`, the others `outside`.
pub fn block(grid: &Grid, inside: f32, outside: f32) -> Volume<f32> {
    let middle = |i: usize| (2..4).contains(&i);
    let value = |n| if grid.unlinear(n).into_iter().all(middle) { inside } else { outside };
    Volume::new(grid.clone(), (0..grid.len()).map(value).collect()).unwrap()
}

impl Inputs {
    pub fn new() -> Inputs {
        let inputs = Inputs { folder: tempfile::tempdir().unwrap() };
        inputs.write("density.mha", &block(&grid(), 1.0, 1.0));
        inputs.write("labels.mha", &block(&grid(), 0.0, 0.0));
        inputs.write("ct.mha", &block(&grid(), 0.0, 0.0));
        inputs.write("activity.mha", &block(&grid(), 1e6, 0.0));
        inputs.write("voi.mha", &block(&grid(), 1.0, 2.0));
        std::fs::write(inputs.path("names.csv"), "label,name\n1,core\n2,shell\n").unwrap();
        inputs
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, volume: &Volume<f32>) {
        write_metaimage(&self.path(name), volume).unwrap();
    }

    /// A command in the folder of the inputs.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voxgray"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What is in the folder besides the inputs.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn made(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|n| !n.ends_with(".mha") && !n.ends_with(".csv") && !n.ends_with(".toml"))
            .collect();
        names.sort();
        names
    }
}

/// Water, activity, electrons: quick to set up.
#[allow(dead_code, reason = "not every test starts from it")]
pub const BASE: [&str; 12] = [
    "dose",
    "--density",
    "density.mha",
    "--materials",
    "labels.mha",
    "--material-names",
    "water",
    "--activity",
    "activity.mha",
    "--histories",
    "2000",
    "--overwrite",
];

/// Water, Lu-177, the VOIs of the folder: what is activity is left to say.
#[allow(dead_code, reason = "not every test has VOIs")]
pub const WITH_VOIS: [&str; 15] = [
    "dose",
    "--density",
    "density.mha",
    "--materials",
    "labels.mha",
    "--material-names",
    "water",
    "--nuclide",
    "Lu-177",
    "--engine",
    "cpu",
    "--voi",
    "voi.mha",
    "--voi-names",
    "names.csv",
];

/// `BASE` and more.
#[allow(dead_code, reason = "not every test starts from it")]
pub fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    BASE.iter().copied().chain(more.iter().copied()).collect()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Requires success.
pub fn succeed(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
