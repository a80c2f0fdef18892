//! Several time points of one patient: a TOML file, given in place of an activity image. Its keys stand in `docs/kinetics.md`,
//! section 11; unknown ones are refused.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::image_time::Stated;
use super::method_file::{MethodKeys, Methods};
use super::planar::{PlanarCurve, PlanarEntry};
use super::quantification::{
    CalibrationKeys, Quantification, QuantificationKeys, TransferKeys, VolumeKeys, duration,
};
use crate::activity::{CalibrationInput, DecayCorrection, InputUnit};
use crate::error::{Error, Result, did_you_mean};
use crate::kinetics::Family;
use crate::registration::Metric;
use crate::time::{Moment, TimeOrSpan, hours_text};
use crate::transport::times::MAX_TIME_POINTS;
use crate::units::seconds_of;

/// Version of the file that is read.
const VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    time_point: Vec<PointEntry>,
    #[serde(default)]
    integrate: Integrate,
    models: Option<Vec<String>>,
    #[serde(default)]
    method: MethodKeys,
    relative_uncertainty: f64,
    common_uncertainty: Option<f64>,
    #[serde(default)]
    voxel: VoxelEntry,
    #[serde(default)]
    recovery: BTreeMap<String, toml::Value>,
    transfer: Option<TransferKeys>,
    #[serde(default)]
    calibration: CalibrationKeys,
    duration: Option<String>,
    #[serde(default)]
    volume: BTreeMap<String, VolumeKeys>,
    planar: Option<PlanarEntry>,
    administered: Option<Written>,
    decay_correction: Option<String>,
    #[serde(default)]
    register: bool,
}

/// A date and time, or a length of time: as text or as TOML writes dates.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Date(toml::value::Datetime),
}

impl Written {
    fn text(&self) -> String {
        match self {
            Written::Text(text) => text.clone(),
            Written::Date(date) => date.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointEntry {
    time: Option<Written>,
    decay_correction: Option<String>,
    decay_corrected_to: Option<Written>,
    activity: PathBuf,
    series: Option<String>,
    frame: Option<NonZeroUsize>,
    unit: Option<String>,
    calibration: Option<String>,
    duration: Option<String>,
    shift_mm: Option<[f64; 3]>,
    transform: Option<PathBuf>,
    register: Option<bool>,
    register_metric: Option<MetricName>,
    register_start: Option<PathBuf>,
    register_mask: Option<PathBuf>,
    ct: Option<PathBuf>,
    ct_series: Option<String>,
    voi: Option<VoiEntry>,
}

/// What a registration makes largest, as `voxgray register` has it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MetricName {
    Mi,
    Ncc,
}

/// One file, or one in the place of each `--voi`.
#[derive(Deserialize)]
#[serde(untagged)]
enum VoiEntry {
    One(PathBuf),
    Each(Vec<PathBuf>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct VoxelEntry {
    noise: f64,
    max_uncertainty: f64,
}

impl Default for VoxelEntry {
    fn default() -> Self {
        VoxelEntry { noise: 0.2, max_uncertainty: 0.5 }
    }
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrate {
    /// Each voxel where its VOI falls by one exponential; the curve of the VOI scaled to the voxel elsewhere, and where a fit fails.
    #[default]
    Voxel,
    /// Each VOI, its curve scaled to its voxels; what is outside all VOIs counts as one.
    Voi,
}

/// How the place of a time point is estimated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HowRegistered {
    /// What is made largest; by the kinds of the images if none.
    pub metric: Option<Metric>,
    /// A transform to start at.
    pub start: Option<PathBuf>,
    /// A label map on any grid: what the image is registered to is compared only where it is above 0.
    pub mask: Option<PathBuf>,
}

/// One acquisition.
#[derive(Debug, Clone, PartialEq)]
pub struct TimePoint {
    /// When and corrected to when, as far as the file does not leave it to the image; the duration stands with the calibration.
    pub stated: Stated,
    /// The image.
    pub activity: PathBuf,
    /// SeriesInstanceUID, where a folder holds several.
    pub series: Option<String>,
    /// Frame (from 1), where the image holds several.
    pub frame: Option<NonZeroUsize>,
    /// Its unit.
    pub unit: Option<InputUnit>,
    /// What a count stands for, and the duration of the acquisition.
    pub calibration: CalibrationInput,
    /// What is added to the image's coordinates (mm, LPS) to bring it onto the CT.
    pub shift_mm: [f64; 3],
    /// The file states the shift, be it zero: the image is registered.
    pub shift_stated: bool,
    /// A transform from the reference to the image (ITK .tfm, DICOM Spatial Registration), in place of a shift.
    pub transform: Option<PathBuf>,
    /// Its place is estimated, in place of both.
    pub register: bool,
    /// How it is.
    pub registration: HowRegistered,
    /// Its own CT, on which its place is estimated.
    pub ct: Option<PathBuf>,
    /// SeriesInstanceUID of that CT, where a folder holds several.
    pub ct_series: Option<String>,
    /// Files of the VOIs of this time alone, in the image's coordinates, in the order of the job's; none for one that stays as it is. Empty: all stay.
    pub voi: Vec<Option<PathBuf>>,
}

/// A series of acquisitions and how it is integrated.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesInput {
    /// The file itself.
    pub path: PathBuf,
    /// When the activity was given, if stated.
    pub administered: Option<Moment>,
    /// The acquisitions, by time.
    pub points: Vec<TimePoint>,
    /// What is fitted.
    pub integrate: Integrate,
    /// How the curve of each region is integrated.
    pub methods: Methods,
    /// Relative standard uncertainty of a VOI's value at one time, independent of the others.
    pub relative_uncertainty: f64,
    /// Relative standard uncertainty shared by all times (calibration).
    pub common_uncertainty: f64,
    /// Relative standard deviation of a voxel's value at the brightest time of its region; at another time t it is larger by
    /// sqrt(brightest / value at t), as counting statistics are.
    pub voxel_noise: f64,
    /// Largest relative uncertainty of a voxel's own fit.
    pub max_voxel_uncertainty: f64,
    /// How images become activity.
    pub quantification: Quantification,
    /// Planar curve for one acquisition.
    pub planar: Option<PlanarCurve>,
}

impl TimePoint {
    /// The key that says where the image lies, if one does.
    pub fn placed_by(&self) -> Option<&'static str> {
        match self {
            TimePoint { transform: Some(_), .. } => Some("transform"),
            TimePoint { shift_stated: true, .. } => Some("shift_mm"),
            TimePoint { register: true, .. } => Some("registration"),
            _ => None,
        }
    }
}

impl TimePoint {
    /// Its activity is registered, for want of a CT of its own.
    pub fn on_activity(&self) -> bool {
        self.register && self.ct.is_none()
    }
}

/// To which time point (from 0) activity is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The first that is placed by something else.
    Placed(usize),
    /// The first of all, which is taken to lie as the CT does: nothing says where.
    Assumed,
}

impl Anchor {
    /// Its number, from 0.
    pub fn point(self) -> usize {
        match self {
            Anchor::Placed(n) => n,
            Anchor::Assumed => 0,
        }
    }
}

impl SeriesInput {
    /// The time point that the others are registered to which have no CT of their own.
    pub fn anchor(&self) -> Anchor {
        let placed = self.points.iter().position(|p| !p.on_activity());
        placed.map_or(Anchor::Assumed, Anchor::Placed)
    }

    /// True if a path names such a file.
    pub fn is_series(path: &Path) -> bool {
        path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"))
    }

    /// Reads the file; paths in it are relative to it.
    ///
    /// # Errors
    /// If it cannot be read, a key is unknown, or a value makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text = crate::files::text(path)?;
        Self::parse(&text, path).map_err(|mut e| {
            e.problem = format!("{}: {}", path.display(), e.problem);
            e
        })
    }

    /// As [`SeriesInput::read`], from the text that a file of that path would have.
    ///
    /// # Errors
    /// As [`SeriesInput::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|e| Error::of_toml(&e))?;
        Error::of_version(file.version, VERSION)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let common = file.decay_correction.as_deref().map(str::parse).transpose()?;
        let points: Vec<TimePoint> = file
            .time_point
            .into_iter()
            .enumerate()
            .map(|(n, p)| p.build(folder, common, file.register).map_err(|e| e.of_time_point(n)))
            .collect::<Result<_>>()?;
        if points.is_empty() || points.len() > MAX_TIME_POINTS {
            return Err(Error::input(
                format!("{} time points", points.len()),
                format!("1 to {MAX_TIME_POINTS} are handled"),
                "Give one [[time_point]] for each acquisition.",
            ));
        }
        let span = |p: &TimePoint| match p.stated.time {
            Some(TimeOrSpan::Span(seconds)) => Some(seconds),
            _ => None,
        };
        let given: Option<Vec<f64>> = points.iter().map(span).collect();
        check_times(&given.unwrap_or_default())?;
        let planar = file.planar.map(PlanarEntry::build).transpose()?;
        let families = families(file.models)?;
        // The method of a series with a planar curve is that curve's, which has points of its own.
        let curve_points = planar.as_ref().map_or(points.len(), |p| p.times_s.len());
        let methods = file.method.build(&families, curve_points)?;
        match (points.len(), &planar) {
            (1, None) => methods.check_one_point(),
            (2.., Some(_)) => Err(Error::input(
                "a [planar] curve with several time points",
                "it gives the shape for one acquisition",
                "Leave it out, or keep one [[time_point]].",
            )),
            _ => Ok(()),
        }?;
        let v = file.voxel;
        let fractions = [
            ("common_uncertainty", file.common_uncertainty.unwrap_or(0.0), 0.0),
            ("relative_uncertainty", file.relative_uncertainty, 1e-6),
            ("voxel.noise", v.noise, 1e-3),
            ("voxel.max_uncertainty", v.max_uncertainty, 1e-3),
        ];
        for (key, value, least) in fractions {
            if !(least..=1.5).contains(&value) {
                return Err(Error::input(
                    format!("{key} is {value}"),
                    format!("it must lie within {least} and 1.5"),
                    "Give a fraction: 0.05 for 5 %.",
                ));
            }
        }
        let duration_s = file.duration.as_deref().map(duration).transpose()?;
        let mut quantification = QuantificationKeys {
            recovery: file.recovery,
            transfer: file.transfer,
            calibration: file.calibration,
            volume: file.volume,
        }
        .build(folder, file.common_uncertainty)?;
        quantification.calibration.duration_s = duration_s;
        Ok(SeriesInput {
            path: path.to_path_buf(),
            administered: file.administered.map(|t| Moment::parse(&t.text())).transpose()?,
            points,
            integrate: file.integrate,
            methods,
            relative_uncertainty: file.relative_uncertainty,
            common_uncertainty: quantification.calibration.relative()?.unwrap_or(0.0),
            voxel_noise: v.noise,
            max_voxel_uncertainty: v.max_uncertainty,
            quantification,
            planar,
        })
    }
}

/// Families by their names; all where none are named.
pub(super) fn families(names: Option<Vec<String>>) -> Result<Vec<Family>> {
    let Some(names) = names else { return Ok(Family::ALL.to_vec()) };
    let known = || Family::ALL.map(Family::name).join(", ");
    names
        .iter()
        .map(|name| {
            Family::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| {
                Error::input(
                    format!("model '{name}'"),
                    "there is none of that name",
                    format!(
                        "{}Choose from {}.",
                        did_you_mean(name, Family::ALL.map(Family::name)),
                        known()
                    ),
                )
            })
        })
        .collect()
}

/// Refuses times that are not after injection, or not in ascending order.
pub fn check_times(times_s: &[f64]) -> Result<()> {
    if let Some(t) = times_s.iter().find(|t| **t <= 0.0) {
        return Err(Error::input(
            format!("a time point {} after the administration", hours_text(*t)),
            "an acquisition is after injection",
            "Correct its time.",
        ));
    }
    if let Some(w) = times_s.windows(2).find(|w| w[0] >= w[1]) {
        return Err(Error::input(
            format!(
                "a time point {} after the administration follows one {} after it",
                hours_text(w[1]),
                hours_text(w[0])
            ),
            "times must ascend, each once",
            "Sort the time points and leave copies out.",
        ));
    }
    Ok(())
}

/// A time in s.
pub(super) fn time(text: &str) -> Result<f64> {
    seconds_of(text).ok_or_else(|| {
        Error::input(
            format!("time '{text}'"),
            "a time after injection has its unit",
            "Write for example \"24h\", \"90min\" or \"3.5d\".",
        )
    })
}

impl PointEntry {
    fn build(
        self,
        folder: &Path,
        common: Option<DecayCorrection>,
        register: bool,
    ) -> Result<TimePoint> {
        let given =
            [self.shift_mm.is_some(), self.transform.is_some(), self.register == Some(true)];
        if given.into_iter().filter(|g| *g).count() > 1 {
            return Err(Error::input(
                "shift_mm, transform and register = true of one time point",
                "each says where the image lies",
                "Keep one of them.",
            ));
        }
        let stated = self.shift_mm.is_some() || self.transform.is_some();
        let register = self.register.unwrap_or(register && !stated);
        let how = HowRegistered {
            metric: self.register_metric.map(|m| match m {
                MetricName::Mi => Metric::MutualInformation,
                MetricName::Ncc => Metric::Correlation,
            }),
            start: self.register_start.map(|p| folder.join(p)),
            mask: self.register_mask.map(|p| folder.join(p)),
        };
        if how != HowRegistered::default() && !register {
            return Err(Error::input(
                "register_metric, register_start or register_mask of a time point that is not registered",
                "they say how its place is estimated",
                "Add register = true, or leave them out.",
            ));
        }
        if self.ct.is_some() && !register {
            return Err(Error::input(
                "ct of a time point that is not registered",
                "the CT of a time point says where its activity lies, by registration to --ct",
                "Add register = true, or leave ct out.",
            ));
        }
        if self.decay_correction.is_some() && self.decay_corrected_to.is_some() {
            return Err(Error::input(
                "decay_correction and decay_corrected_to of one time point",
                "each says to when its values are corrected",
                "Keep one of them.",
            ));
        }
        let corrected_to = self.decay_corrected_to.map(|t| t.text().parse()).transpose()?;
        let shift_mm = self.shift_mm.unwrap_or_default();
        if let Some(mm) = shift_mm.iter().find(|s| !s.is_finite() || s.abs() > 2000.0) {
            return Err(Error::input(
                format!("shift_mm has {mm}"),
                "a shift is a length in mm, below 2 m",
                "Correct it.",
            ));
        }
        Ok(TimePoint {
            stated: Stated {
                time: self.time.map(|t| t.text().parse()).transpose()?,
                duration_s: None,
                correction: match self.decay_correction {
                    Some(text) => Some(text.parse()?),
                    // To the very time, which START names as well.
                    None if corrected_to.is_some() => Some(DecayCorrection::Start),
                    None => common,
                },
                corrected_to,
            },
            activity: folder.join(self.activity),
            series: self.series,
            frame: self.frame,
            unit: self.unit.map(|u| u.parse()).transpose()?,
            calibration: CalibrationInput {
                factor: self.calibration.map(|c| c.parse()).transpose()?,
                duration_s: self.duration.as_deref().map(duration).transpose()?,
                ..CalibrationInput::default()
            },
            shift_mm,
            shift_stated: self.shift_mm.is_some(),
            transform: self.transform.map(|t| folder.join(t)),
            register,
            registration: how,
            ct: self.ct.map(|c| folder.join(c)),
            ct_series: self.ct_series,
            voi: self.voi.map_or(Vec::new(), |v| v.build(folder)),
        })
    }
}

impl VoiEntry {
    fn build(self, folder: &Path) -> Vec<Option<PathBuf>> {
        let files = match self {
            VoiEntry::One(file) => vec![file],
            VoiEntry::Each(files) => files,
        };
        let stays = |file: &PathBuf| file.as_os_str().is_empty();
        files.into_iter().map(|f| (!stays(&f)).then(|| folder.join(f))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::DecayCorrection;

    fn read(text: &str) -> Result<SeriesInput> {
        SeriesInput::parse(text, Path::new("folder/series.toml"))
    }

    const GOOD: &str = "version = 1
        relative_uncertainty = 0.05
        [[time_point]]
        time = '4h'
        activity = 'a.nii.gz'
        [[time_point]]
        time = '1d'
        activity = 'b.nii.gz'
        unit = 'Bq'
        shift_mm = [1, -2.5, 0]
        [recovery]
        kidney = 0.8";

    #[test]
    fn a_series_is_read() {
        let series = read(GOOD).unwrap();
        assert_eq!(series.points[0].activity, Path::new("folder/a.nii.gz"));
        assert_eq!(series.points[1].stated.time, Some(TimeOrSpan::Span(86_400.0)));
        assert_eq!(series.points[1].shift_mm, [1.0, -2.5, 0.0]);
        assert_eq!(series.points[1].unit, Some(InputUnit::Bq));
        assert_eq!(series.methods.default.choice.families, Family::ALL);
        assert!(series.quantification.recovery.contains_key("kidney"));
        let voi = |text: &str| {
            let text = GOOD.replace("unit = 'Bq'", &format!("unit = 'Bq'\nvoi = {text}"));
            read(&text).unwrap().points[1].voi.clone()
        };
        let file = |name: &str| Some(Path::new("folder").join(name));
        assert_eq!(voi("'v.mha'"), [file("v.mha")]);
        assert_eq!(voi("['', 'v.mha']"), [None, file("v.mha")]);
        assert!(series.points[1].voi.is_empty());
        let registered =
            read(&GOOD.replace("version = 1", "version = 1\nregister = true")).unwrap();
        let by: Vec<_> = registered.points.iter().map(TimePoint::placed_by).collect();
        assert_eq!(by, [Some("registration"), Some("shift_mm")]);
        assert_eq!(registered.anchor(), Anchor::Placed(1));
        let all = GOOD.replace("version = 1", "version = 1\nregister = true");
        let all = read(&all.replace("shift_mm = [1, -2.5, 0]", "")).unwrap();
        assert_eq!((all.anchor(), series.anchor()), (Anchor::Assumed, Anchor::Placed(0)));
        let text = GOOD.replace("shift_mm = [1, -2.5, 0]", "transform = 't.tfm'");
        let series = read(&text).unwrap();
        assert_eq!(series.points[1].transform, file("t.tfm"));
        assert_eq!(series.points[0].placed_by(), None);
        assert!(SeriesInput::is_series(Path::new("x/s.TOML")));
        assert!(!SeriesInput::is_series(Path::new("x/toml")));
    }

    /// Keys of time and decay: for all points at the top, for one in its own entry; dates as text or as TOML writes them.
    #[test]
    fn times_and_decay_are_stated_for_all_or_one() {
        let text = GOOD
            .replace("version = 1", "version = 1\nadministered = 2026-03-01T10:00:00+01:00\ndecay_correction = 'admin'\nduration = '20min'")
            .replace("time = '1d'", "time = '2026-03-02T10:00:00+01:00'\ndecay_correction = 'none'\nduration = '1h'");
        let series = read(&text).unwrap();
        assert_eq!(series.administered.unwrap().to_string(), "2026-03-01T10:00:00+01:00");
        let [first, second] = [series.points[0].stated, series.points[1].stated];
        let durations =
            [series.quantification.calibration.duration_s, series.points[1].calibration.duration_s];
        assert_eq!(durations, [Some(1200.0), Some(3600.0)]);
        assert_eq!(
            [first.correction, second.correction],
            [Some(DecayCorrection::Admin), Some(DecayCorrection::None)]
        );
        assert!(matches!(second.time, Some(TimeOrSpan::At(_))));
    }

    #[test]
    fn bad_series_are_refused() {
        let refused = |from: &str, to: &str, expected: &str| {
            let error = read(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "'{expected}' not in: {error}");
        };
        refused("'1d'", "'24'", "with its unit");
        refused("'1d'", "'1d'\nduration = '20'", "has its unit");
        refused("'1d'", "'1d'\ndecay_correction = 'decayed'", "admin");
        refused("version = 1", "version = 1\nadministered = '10:00'", "date and a time");
        refused("'1d'", "'4h'", "must ascend");
        refused("'1d'", "'240min'", "must ascend");
        refused("'4h'", "'-4h'", "after injection");
        refused("version = 1", "version = 2", "version 2");
        refused("unit = 'Bq'", "units = 'Bq'", "units");
        refused("unit = 'Bq'", "transform = 't.tfm'", "Keep one of them");
        refused("unit = 'Bq'", "register = true", "Keep one of them");
        refused("unit = 'Bq'", "ct = 'ct.mha'", "register = true");
        refused("unit = 'Bq'", "register_metric = 'ncc'", "register = true");
        refused("= 0.8", "= 8", "the coefficient is 8");
        refused("relative_uncertainty = 0.05", "", "relative_uncertainty");
        refused(
            "relative_uncertainty = 0.05",
            "relative_uncertainty = 0",
            "relative_uncertainty is 0",
        );
        refused("version = 1", "version = 1\nmodels = ['quad']", "mono-uptake");
        refused(
            "[[time_point]]\n        time = '4h'\n        activity = 'a.nii.gz'",
            "",
            "haenscheid",
        );
        refused(
            "[recovery]",
            "[method]\n default = 'auto'\n outsid = 'auto'\n[recovery]",
            "outsid",
        );
        let planar = format!("{GOOD}\n[planar]\ntimes = ['1h', '2h']\ncounts = [2, 1]");
        assert!(read(&planar).unwrap_err().to_string().contains("one acquisition"));
    }
}
