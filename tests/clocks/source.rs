//! A decaying source, the scanners that image it, and the program run on what they write.

use std::path::Path;
use std::process::Command;

use voxgray::image::{Grid, Volume};
use voxgray::io::write_metaimage;
use voxgray::physics::Nuclide;
use voxgray::time::Moment;

use crate::writer::{DataSet, EXPLICIT_LITTLE};

/// Slices of a volume; a bed holds a third of them.
pub const SLICES: usize = 6;
const SIDE: u16 = 4;
/// mm.
const VOXEL: f64 = 5.0;
/// Activity of the whole volume at the administration, Bq.
pub const BQ: f64 = 4e6;
/// Administration, on a clock of UTC+1, an hour and a half before midnight.
pub const GIVEN: &str = "2026-03-28T22:30:00.5";

/// Mean activity and the factor of the scanner are those of exponential decay.
#[derive(Clone)]
pub struct Scanner {
    pub half_life_s: f64,
    /// Half-life in the header, and in the scanner's arithmetic.
    pub header_half_life_s: f64,
    pub correction: &'static str,
    /// Start of the first frame after the administration, s.
    pub start_s: f64,
    pub frame_s: f64,
    pub beds: usize,
    /// The series' time before the first frame, s, to which START is corrected.
    pub series_before_s: f64,
    /// Whether DecayFactor is written.
    pub factors: bool,
    /// Whether a correction is also one for the decay within the frame.
    pub within: bool,
}

impl Scanner {
    pub fn new(nuclide: &str, correction: &'static str, start_s: f64, beds: usize) -> Scanner {
        let half_life_s = half_life_s(nuclide);
        Scanner {
            half_life_s,
            header_half_life_s: half_life_s,
            correction,
            start_s,
            frame_s: 600.0,
            beds,
            series_before_s: 0.0,
            factors: true,
            within: true,
        }
    }

    fn bed(&self, slice: usize) -> usize {
        slice * self.beds / SLICES
    }

    /// Start of the frame of a slice after the administration, s.
    pub fn frame_start_s(&self, slice: usize) -> f64 {
        self.start_s + self.frame_s * self.bed(slice) as f64
    }

    /// What the scanner multiplies the mean over the frame by.
    pub fn factor(&self, slice: usize) -> f64 {
        let k = std::f64::consts::LN_2 / self.header_half_life_s;
        let x = k * self.frame_s;
        let start = self.frame_start_s(slice);
        let within = if self.within { x / -(-x).exp_m1() } else { 1.0 };
        match self.correction {
            "NONE" => 1.0,
            "START" => (k * (start - self.start_s + self.series_before_s)).exp() * within,
            _ => (k * start).exp() * within,
        }
    }

    /// What a slice's values are multiplied by if they were those at the administration.
    pub fn stored(&self, slice: usize) -> f64 {
        let k = std::f64::consts::LN_2 / self.half_life_s;
        let x = k * self.frame_s;
        self.factor(slice) * (-k * self.frame_start_s(slice)).exp() * -(-x).exp_m1() / x
    }
}

pub fn half_life_s(nuclide: &str) -> f64 {
    Nuclide::load(nuclide).unwrap().half_life_s
}

/// A0 / lambda.
pub fn all_decays(nuclide: &str) -> f64 {
    BQ * half_life_s(nuclide) / std::f64::consts::LN_2
}

/// How the dates and times of a file are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zone {
    /// DA, TM and DT of one clock, no offset.
    Local,
    /// The administration in UTC, the scan in local time with TimezoneOffsetFromUTC.
    Utc,
    /// As `Utc`; the scan on a clock of summer time, in AcquisitionDateTime.
    Summer,
    /// The administration as local time and in UTC, the scan in local time: nothing states its offset.
    Both,
    /// The administration as a time of day only.
    NoDate,
}

const SERIES_DATE: (u16, u16) = (0x0008, 0x0021);

/// `20260328223000.500000`.
fn digits(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect()
}

fn at(seconds: f64) -> Moment {
    Moment::parse(GIVEN).unwrap().plus_seconds(seconds).unwrap()
}

impl Zone {
    /// Tags of the scan `seconds` after the administration, whose series began `before` s earlier.
    pub fn scan(self, object: DataSet, seconds: f64, before: f64) -> DataSet {
        let shift = if self == Zone::Summer { 3600.0 } else { 0.0 };
        let frame = digits(&at(seconds + shift).to_string());
        let series = digits(&at(-before + shift).to_string());
        let object = object
            .text(SERIES_DATE, "DA", &series[..8])
            .text((0x0008, 0x0031), "TM", &series[8..])
            .text((0x0008, 0x0022), "DA", &frame[..8])
            .text((0x0008, 0x0032), "TM", &frame[8..]);
        match self {
            Zone::Utc => object.text((0x0008, 0x0201), "SH", "+0100"),
            Zone::Summer => object.text((0x0008, 0x0201), "SH", "+0200").text(
                (0x0008, 0x002A),
                "DT",
                &format!("{frame}+0200"),
            ),
            _ => object,
        }
    }

    /// Tags of the administration.
    pub fn administration(self, item: DataSet) -> DataSet {
        let local = digits(GIVEN);
        let utc = format!("{}+0000", digits(&at(-3600.0).to_string()));
        let (dt, tm) = ((0x0018, 0x1078), (0x0018, 0x1072));
        match self {
            Zone::Local => item.text(dt, "DT", &local),
            Zone::Utc | Zone::Summer => item.text(dt, "DT", &utc),
            Zone::Both => item.text(dt, "DT", &utc).text(tm, "TM", &local[8..]),
            Zone::NoDate => item.text(tm, "TM", &local[8..]),
        }
    }
}

fn image(modality: &str, series: &str) -> DataSet {
    DataSet::default()
        .text((0x0008, 0x0060), "CS", modality)
        .text((0x0020, 0x000E), "UI", series)
        .us((0x0028, 0x0002), &[1])
        .us((0x0028, 0x0010), &[SIDE])
        .us((0x0028, 0x0011), &[SIDE])
        .ds((0x0028, 0x0030), &[VOXEL, VOXEL])
        .us((0x0028, 0x0100), &[16])
        .us((0x0028, 0x0101), &[16])
        .us((0x0028, 0x0102), &[15])
        .us((0x0028, 0x0103), &[1])
}

/// Bq/mL of every voxel at the administration.
fn concentration() -> f64 {
    BQ / (f64::from(SIDE).powi(2) * SLICES as f64 * VOXEL.powi(3) * 1e-3)
}

/// A PET series, one object a slice.
pub fn pet(scanner: &Scanner, zone: Zone) -> Vec<DataSet> {
    (0..SLICES)
        .map(|k| {
            let drug = zone.administration(
                DataSet::default().ds((0x0018, 0x1075), &[scanner.header_half_life_s]),
            );
            let listed =
                if scanner.correction == "NONE" { "ATTN\\SCAT" } else { "ATTN\\SCAT\\DECY" };
            let object = image("PT", &format!("1.2.{}", scanner.start_s as u64))
                .text((0x0008, 0x0018), "UI", &format!("1.2.{}.{k}", scanner.start_s as u64))
                .ds((0x0020, 0x0032), &[0.0, 0.0, VOXEL * k as f64])
                .ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
                .text((0x0028, 0x0051), "CS", listed)
                .ds((0x0018, 0x1242), &[1e3 * scanner.frame_s])
                .ds((0x0028, 0x1052), &[0.0])
                .ds((0x0028, 0x1053), &[concentration() * scanner.stored(k) / 1000.0])
                .text((0x0054, 0x1001), "CS", "BQML")
                .text((0x0054, 0x1102), "CS", scanner.correction)
                .sq((0x0054, 0x0016), &[drug])
                .pixels(&[1000; SIDE as usize * SIDE as usize]);
            let object = zone.scan(
                object,
                scanner.frame_start_s(k),
                scanner.series_before_s - scanner.start_s,
            );
            if scanner.factors { object.ds((0x0054, 0x1321), &[scanner.factor(k)]) } else { object }
        })
        .collect()
}

/// A reconstructed SPECT in counts that stand for `bq_per_ml` each: 60 views of 20 s; no DecayCorrection, no DecayFactor.
pub fn nm(scanner: &Scanner, zone: Zone, bq_per_ml: f64, rotation: bool) -> DataSet {
    let counts = (concentration() * scanner.stored(0) / bq_per_ml).round() as i16;
    let detector = DataSet::default()
        .ds((0x0020, 0x0032), &[0.0, 0.0, 0.0])
        .ds((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let numbers: Vec<u16> = (1..=SLICES as u16).collect();
    let views = DataSet::default()
        .us((0x0054, 0x0053), &[60])
        .ds((0x0018, 0x1242), &[1e3 * scanner.frame_s / 60.0]);
    let drug = zone.administration(DataSet::default());
    let object = image("NM", &format!("1.3.{}", scanner.start_s as u64))
        .text((0x0008, 0x0018), "UI", &format!("1.3.{}.1", scanner.start_s as u64))
        .text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION")
        .text((0x0028, 0x0008), "IS", &SLICES.to_string())
        .ds((0x0018, 0x0088), &[VOXEL])
        .sq((0x0054, 0x0022), &[detector])
        .us((0x0054, 0x0080), &numbers)
        .sq((0x0054, 0x0016), &[drug])
        .pixels(&vec![counts; SLICES * usize::from(SIDE * SIDE)]);
    let object = if rotation {
        object.sq((0x0054, 0x0052), &[views])
    } else {
        object.ds((0x0018, 0x1242), &[1e3 * scanner.frame_s])
    };
    zone.scan(object, scanner.start_s, -scanner.start_s)
}

/// The same as a map without any times, each slice as stored.
pub fn plain(path: &Path, scanner: &Scanner) {
    let side = usize::from(SIDE);
    let grid = Grid::aligned([side, side, SLICES], [0.0; 3], [VOXEL; 3]);
    let data =
        (0..grid.len()).map(|n| (concentration() * scanner.stored(grid.unlinear(n)[2])) as f32);
    write_metaimage(path, &Volume::new(grid.clone(), data.collect()).unwrap()).unwrap();
}

/// A folder with a CT of water and whatever a test adds.
pub struct Bench(tempfile::TempDir);

impl Bench {
    pub fn new() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        let grid = Grid::aligned([10, 10, 12], [-10.0, -10.0, -10.0], [4.0; 3]);
        let water = vec![0.0; grid.len()];
        write_metaimage(&bench.path("ct.mha"), &Volume::new(grid, water).unwrap()).unwrap();
        bench
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Writes a series into a folder.
    pub fn series(&self, name: &str, objects: &[DataSet]) {
        std::fs::create_dir_all(self.path(name)).unwrap();
        for (k, object) in objects.iter().enumerate() {
            std::fs::write(self.path(&format!("{name}/{k}.dcm")), object.file(EXPLICIT_LITTLE))
                .unwrap();
        }
    }

    pub fn text(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// `voxgray dose` with few histories: exit code, what was printed, the summary's setup.
    pub fn dose(&self, activity: &str, nuclide: &str, more: &[&str]) -> Run {
        let ct = if self.path("own_ct.mha").exists() { "own_ct.mha" } else { "ct.mha" };
        let output = Command::new(env!("CARGO_BIN_EXE_voxgray"))
            .current_dir(self.0.path())
            .args(["dose", "--ct", ct, "--activity", activity, "--nuclide", nuclide])
            .args(["--engine", "cpu", "--threads", "1", "--histories", "100", "--batches", "2"])
            .args(["-o", "out", "--overwrite"])
            .args(more)
            .output()
            .unwrap();
        let text = [output.stderr, output.stdout].map(|t| String::from_utf8_lossy(&t).into_owned());
        let setup = (output.status.code() == Some(0)).then(|| {
            let summary = std::fs::read(self.path("out/summary.json")).unwrap();
            let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
            summary["setup"].clone()
        });
        Run { text: text.concat(), setup, rc: output.status.code() }
    }
}

pub struct Run {
    pub text: String,
    pub setup: Option<serde_json::Value>,
    pub rc: Option<i32>,
}

impl Run {
    pub fn decays(&self) -> f64 {
        self.setup.as_ref().unwrap_or_else(|| panic!("{}", self.text))["decays"].as_f64().unwrap()
    }

    /// Requires the decays to 1e-4.
    pub fn expect(&self, decays: f64, what: &str) {
        let ratio = self.decays() / decays;
        assert!((ratio - 1.0).abs() < 1e-4, "{what}: {ratio} of the closed form\n{}", self.text);
    }

    /// Requires that something was printed.
    pub fn says(&self, part: &str) -> &Run {
        assert!(self.text.contains(part), "'{part}' is not in:\n{}", self.text);
        self
    }

    /// Requires a refusal that says something.
    pub fn refused(&self, part: &str) {
        assert_ne!(self.rc, Some(0), "{}", self.text);
        self.says(part);
    }
}

/// A series file of images at times that they state themselves, by physical decay.
pub fn series_of(keys: &str, points: &[(&str, &str)]) -> String {
    let mut text =
        format!("version = 1\nrelative_uncertainty = 0.05\nmodels = [\"physical\"]\n{keys}\n");
    for (name, keys) in points {
        text.push_str(&format!("[[time_point]]\nactivity = \"{name}\"\n{keys}\n"));
    }
    text
}
