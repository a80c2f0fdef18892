//! The command line of `voxgray dose`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::fine_arguments::FineArguments;
use super::matter_arguments::MatterArguments;
use super::method_arguments::MethodArguments;
use super::transport_arguments::TransportArguments;
use super::values::{
    parse_count, parse_engine, parse_fraction, parse_grid, parse_memory, parse_score, parse_shard,
    parse_threads, parse_time, parse_time_or_span,
};
use super::voi_arguments::VoiArguments;
use crate::activity::{DecayCorrection, ImageCalibration, InputUnit};
use crate::error::Error;
use crate::io::NiftiAffine;
use crate::io::dicom::GeometryOverride;
use crate::job::{CHECKPOINT_S, Check, DecayFrom, GridChoice, RecordPaths, Score, Shard};
use crate::pipeline::Route;
use crate::source::Beam;
use crate::time::TimeOrSpan;
use crate::transport::engine::EngineChoice;

const AFTER: &str = "\
Writes to the folder OUT, as NIfTI on the dose grid: dose_rate (Gy/s) or dose (Gy), its standard
error, its parts by the emission that they stem from (electron, photon, alpha), density (g/cm3),
material (names in materials.csv), low_density_mask, summary.json and, with --voi, vois.csv:
each VOI's dose with its whole uncertainty and where it comes from. voxgray-files.json lists
what was written, with hashes.

After Ctrl-C the maps are named *_partial and the summary says so; the same command with
--resume goes on, to the bits of a run that was never stopped. So it does after a kill or a
power cut, from the last checkpoint: that is in the folder .OUT.partial beside OUT, which no
other run needs and rm -r may remove. An interrupted run never replaces an older output; its
part then stays in .OUT.partial.

Dose (Gy) needs a time-integrated map, or --physical-decay for activity that only decays in
place: decays count from the administration (the file's, or --administered), or from the time of
the image (--decay-from image). A dose rate is that at the time for which the image states its
activity; the output names that time.

Clocks: times that state an offset from UTC compare as instants, those that state none with each
other; a mixture is refused, but for a time that you state without one beside files with one:
it is on their clock, which is told. TimezoneOffsetFromUTC of DICOM counts.

Several time points: --activity series.toml lists the images, their times after injection and
how a VOI's curve is integrated (voxgray help-file series; voxgray init writes a study of them);
that gives dose (Gy) by the way of --route, vois.csv and curves of the VOIs. Where a curve is
refused (it rises throughout), a trapezoid with a physical tail is assumed: its row says so, its
interval holds what is possible, and the exit code is 3. Derivation: docs/kinetics.md, section
11; recovery, calibration and volumes: docs/quantification.md, section 10.

Examples:
  voxgray dose --ct CT/ --activity spect.nii.gz --nuclide Lu-177 --histories 1e8 -o out/
  voxgray dose --ct CT/ --activity NM.dcm --activity-unit counts --nuclide Lu-177 \\
               --calibration '20.1 cps/MBq +- 1.7 %' --scan-duration 20min -o out/
  voxgray dose --density rho.mha --materials labels.mha --material-names water,icru44_lung \\
               --activity a.mha --activity-unit Bq --source electron:0.935MeV -o out/
  voxgray dose --density rho.mha --materials labels.mha --material-names water \\
               --source electron:1MeV --beam 'direction=0,0,1; field=10x10mm' -o out/
  voxgray dose ... --shard 1/3 -o part1/     (then: voxgray merge out/ part1/ part2/ part3/,
                                    or the command with --from-shards part1/ part2/ part3/)";

/// Route from several time points to dose.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RouteChoice {
    /// Time-integrated activity, then transport.
    Activity,
    /// One transport of all times, then the time integral of the dose rate.
    DoseRate,
    /// Both, with a map and a table of the difference.
    Both,
}

impl From<RouteChoice> for Route {
    fn from(choice: RouteChoice) -> Self {
        match choice {
            RouteChoice::Activity => Route::Activity,
            RouteChoice::DoseRate => Route::DoseRate,
            RouteChoice::Both => Route::Both,
        }
    }
}

/// Where the count of decays in place begins.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum CountedFrom {
    /// When the activity was given: the file says so, or --administered.
    Administration,
    /// The time for which the image states its activity; decays before it are left out.
    Image,
}

impl From<CountedFrom> for DecayFrom {
    fn from(choice: CountedFrom) -> Self {
        match choice {
            CountedFrom::Administration => DecayFrom::Administration,
            CountedFrom::Image => DecayFrom::Image,
        }
    }
}

/// Names of the inputs in what is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Recorded {
    /// Hashes only.
    None,
    /// Names of files, without folders; folders have none.
    Names,
    /// Paths as given.
    Full,
}

impl From<Recorded> for RecordPaths {
    fn from(choice: Recorded) -> Self {
        match choice {
            Recorded::None => RecordPaths::None,
            Recorded::Names => RecordPaths::Names,
            Recorded::Full => RecordPaths::Full,
        }
    }
}

/// The couch in the CT.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Couch {
    /// It stays and is told.
    Keep,
    /// It becomes air: what lies beside the body, runs through half of the slices and is wide. Parts that hold activity stay.
    Remove,
}

/// Negative voxels.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Negative {
    /// Refuse the image.
    Error,
    /// Take them as zero, counted in the summary.
    Zero,
}

/// Options of `voxgray dose`.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct DoseArguments {
    #[command(flatten)]
    pub(super) problem: ProblemArguments,
    #[command(flatten)]
    pub(super) method: MethodArguments,

    /// With several time points: integrate the activity and transport it once, or transport all times in one run and integrate the dose rate.
    #[arg(long, value_name = "ROUTE", help_heading = "Activity", default_value = "activity")]
    pub(super) route: RouteChoice,

    /// What is scored: voxels (maps); layers:x, layers:y or layers:z, beside the maps a table of the layers of voxels across that axis of the dose
    /// grid (layers: the axis that the beam goes along most, otherwise z); shells or shells:0.05mm, in place of maps a table of spherical shells
    /// about the one voxel with activity, which lies in the middle of a box of one medium.
    #[arg(long, value_name = "WHAT", help_heading = "Scoring", default_value = "voxels", value_parser = parse_score)]
    pub(super) score: Score,

    /// Output folder; it appears complete or not at all.
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    pub(super) out: PathBuf,
    /// Replace an older output of voxgray: the files that its voxgray-files.json lists, no other.
    #[arg(long, help_heading = "Output")]
    pub(super) overwrite: bool,
    /// Go on with the run of the same command that was interrupted or killed, to the bits of a run that was never stopped; from the beginning
    /// where there is nothing to go on with.
    #[arg(long, help_heading = "Output")]
    pub(super) resume: bool,
    /// Take the histories from the shards of this run (what --shard wrote, all of them) in place of running them: the bits are those of one run.
    #[arg(long, value_name = "SHARD", help_heading = "Run", num_args = 1.., conflicts_with_all = ["shard", "resume"])]
    pub(super) from_shards: Vec<PathBuf>,
    #[arg(long, value_name = "TIME", help_heading = "Output", value_parser = parse_time, help = format!("Longest time between two checkpoints, which --resume goes on from; also in the middle of a batch on the CPU [default: {CHECKPOINT_S}s]"))]
    pub(super) checkpoint_every: Option<f64>,
    /// How summary.json and shards name the inputs, beside their SHA-256: none; names of files without folders, as folders are often named
    /// after patients; full paths.
    #[arg(long, value_name = "HOW", help_heading = "Output", default_value = "names", default_missing_value = "full", num_args = 0..=1, require_equals = true)]
    pub(super) record_paths: Recorded,
    /// Also draw the dose on the CT: OUT/dose.png, planes through the region of most energy.
    #[arg(long, help_heading = "Output", requires = "ct", conflicts_with = "shard")]
    pub(super) picture: bool,
    #[command(flatten)]
    pub(super) fine: FineArguments,
    /// Also write dose to water (dose_to_water.nii.gz, a column of vois.csv): what a small volume of water in a voxel would receive, by ratios of
    /// stopping powers.
    #[arg(long, help_heading = "Output")]
    pub(super) dose_to_water: bool,
    /// Print errors and the result only; warnings stand in summary.json.
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
}

/// What is run and how, without where the result goes; the options of every command that runs histories.
#[derive(Debug, Args)]
pub struct ProblemArguments {
    #[command(flatten)]
    pub(super) matter: MatterArguments,

    /// The couch in the CT; what is removed is told with its mass and shown by couch_mask.
    #[arg(long, value_name = "RULE", help_heading = "Matter", default_value = "keep")]
    pub(super) couch: Couch,

    /// Activity: DICOM PET or NM (folder or object), NIfTI or MetaImage; for several time points a TOML file that lists them (see below).
    #[arg(
        long,
        value_name = "PATH",
        help_heading = "Activity",
        required_unless_present = "beam",
        conflicts_with = "beam"
    )]
    pub(super) activity: Option<PathBuf>,
    /// SeriesInstanceUID of the activity, where the folder holds several.
    #[arg(long, visible_alias = "series", value_name = "UID", help_heading = "Activity")]
    pub(super) activity_series: Option<String>,
    /// Unit of the activity image: Bq/mL, kBq/mL, MBq/mL, Bq, Bq*s/mL, Bq*s, counts [default: Bq/mL].
    #[arg(long, value_name = "UNIT", help_heading = "Activity", value_parser = parse_unit)]
    pub(super) activity_unit: Option<InputUnit>,
    /// What counts stand for: a factor as voxgray calibrate prints it, '20.1 cps/MBq +- 1.7 %' or '350 Bq/mL per cps', which needs the
    /// duration; or per count, 12.5Bq/mL or 1.2e-6MBq.
    #[arg(long, value_name = "FACTOR", help_heading = "Activity", value_parser = parse_calibration, allow_hyphen_values = true)]
    pub(super) calibration: Option<ImageCalibration>,
    /// When the activity was given, such as 2026-03-01T10:00:00+01:00, or how long before the scan, such as 22h; goes before what the file says.
    #[arg(long, value_name = "TIME", help_heading = "Activity", value_parser = parse_time_or_span)]
    pub(super) administered: Option<TimeOrSpan>,
    /// How much was given, such as 7.4GBq, before what the header says: an image that holds more than is left of it is refused.
    #[arg(long, value_name = "ACTIVITY", help_heading = "Activity", value_parser = super::fit_arguments::parse_activity)]
    pub(super) administered_activity: Option<f64>,
    /// To when the values are corrected for decay: none (each is the mean over the scan), start (of the scan), admin (the administration) [default: what the file says].
    #[arg(long, value_name = "TO", help_heading = "Activity", value_parser = parse_decay_correction)]
    pub(super) decay_correction: Option<DecayCorrection>,
    /// History file of voxgray calibrate (TOML), or its readings: the newest factor for the nuclide, in place of --calibration; another energy window, camera or an old date is told.
    #[arg(long, value_name = "FILE", help_heading = "Activity", conflicts_with = "calibration")]
    pub(super) calibration_history: Option<PathBuf>,
    /// Duration of the scan, such as 20min: it makes counts a count rate, and values that are not corrected for decay are means over it; 1s for an image in counts per second [default: what the file says].
    #[arg(long, visible_alias = "acquisition-duration", value_name = "TIME", help_heading = "Activity", value_parser = parse_time)]
    pub(super) scan_duration: Option<f64>,
    /// Relative standard uncertainty of the image's scale, such as 3%, where the calibration factor does not state it.
    #[arg(long, value_name = "FRACTION", help_heading = "Activity", value_parser = parse_uncertainty)]
    pub(super) calibration_uncertainty: Option<f64>,
    /// What to do with negative voxels.
    #[arg(long, value_name = "RULE", help_heading = "Activity", default_value = "error")]
    pub(super) negative_activity: Negative,
    /// Largest accepted part of the activity outside of the CT; what is outside is reported and left out. Without a value: all.
    #[arg(long, value_name = "FRACTION", help_heading = "Activity", default_value = "1%", default_missing_value = "100%", num_args = 0..=1, value_parser = parse_fraction)]
    pub(super) allow_outside: f64,
    /// Frame (from 1) of an activity image that holds several: a dynamic or gated series, an NM object with time slots, gates or detectors, a 4D file.
    #[arg(long, value_name = "N", help_heading = "Activity")]
    pub(super) frame: Option<NonZeroUsize>,
    /// Energy window (from 1) of an NM object with several.
    #[arg(long, value_name = "N", help_heading = "Activity")]
    pub(super) energy_window: Option<usize>,
    /// Geometry of an NM object that states none: origin;row and column cosines;row, column, slice spacing (mm), as in
    /// '-160,-160,-200;1,0,0,0,1,0;4.8,4.8,4.8'.
    #[arg(long, value_name = "GEOMETRY", help_heading = "Activity", value_parser = parse_geometry, allow_hyphen_values = true)]
    pub(super) geometry: Option<GeometryOverride>,

    /// Nuclide with its progeny, such as Lu-177.
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Source",
        conflicts_with = "source",
        required_unless_present = "source"
    )]
    pub(super) nuclide: Option<String>,
    /// Time over which progeny is counted, such as 30d, 12h or 3600s [default: ten half-lives].
    #[arg(long, value_name = "TIME", help_heading = "Source", requires = "nuclide", value_parser = parse_time)]
    pub(super) horizon: Option<f64>,
    /// Part of the daughter nuclei that stay in place, per generation; the others leave and their decays are left out.
    #[arg(long, value_name = "FRACTION", help_heading = "Source", default_value = "100%", value_parser = parse_fraction)]
    pub(super) retained: f64,
    /// In place of a nuclide, one particle per decay: electron:0.935MeV, photon:208keV, positron:..., alpha:...; or a spectrum of a table,
    /// file:spectrum.csv, with columns particle, energy_keV, yield (lines), or particle, energy_low_keV, energy_high_keV, yield (histogram), or
    /// particle, energy_keV, yield_per_keV (densities). From outside of the matter: with --beam.
    #[arg(long, value_name = "PARTICLE:ENERGY", help_heading = "Source")]
    pub(super) source: Option<String>,
    /// The source lies outside of the matter, in place of --activity: 'direction=0,0,1; at=0,0,-100mm; field=20x10mm' is a parallel beam (mm, LPS),
    /// 'direction=0,0,1; at=0,0,-1m; cone=3deg' a point with a cone of that half-angle, 'direction=0,0,1; disc=10mm; cone=90deg' a disc that emits
    /// into half of space. Without at= the axis goes through the middle of the grid: a point starts where it enters, a field before all of the grid.
    /// field=AxB: A is along x, or along y of a beam near x, or along side=X,Y,Z; B is across it. disc=: its diameter.
    #[arg(long, value_name = "BEAM", help_heading = "Source", value_parser = parse_beam, allow_hyphen_values = true)]
    pub(super) beam: Option<Beam>,
    /// Decays, or particles of --source, that the dose of a beam stands for [default: 1].
    #[arg(long, value_name = "N", help_heading = "Source", requires = "beam", value_parser = parse_decays)]
    pub(super) decays: Option<f64>,
    /// The activity only decays in place (radioembolisation): dose in Gy of all decays since the administration. With --horizon, until then.
    #[arg(long, help_heading = "Source")]
    pub(super) physical_decay: bool,
    /// From when on decays in place are counted: administration, or image for the time of the image alone.
    #[arg(long, value_name = "WHEN", help_heading = "Source", default_value = "administration")]
    pub(super) decay_from: CountedFrom,

    /// What holds of a NIfTI image (CT, maps, activity, VOIs) whose header contradicts itself on its geometry: sform, qform or pixdim [default: refuse it].
    #[arg(long, value_name = "WHICH", help_heading = "Images", value_parser = parse_affine)]
    pub(super) nifti_affine: Option<NiftiAffine>,

    /// Dose grid: activity, ct, or a spacing in mm along the CT's axes (3 or 2x2x3).
    #[arg(long, value_name = "GRID", help_heading = "Scoring", default_value = "activity", value_parser = parse_grid)]
    pub(super) grid: GridChoice,
    #[command(flatten)]
    pub(super) voi: VoiArguments,

    /// Accept what these checks of the inputs find: nuclide, patient, frame, injected, slices, ct, voxel-size, air, unit and small-voi.
    #[arg(long, value_name = "CHECKS", help_heading = "Checks", value_delimiter = ',', long_help = accept_help())]
    pub(super) accept: Vec<Check>,

    /// Histories (decays) to simulate; with a goal, the most [default: 1e7, with a goal 1e11].
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = parse_count, allow_hyphen_values = true)]
    pub(super) histories: Option<u64>,
    /// Relative standard error to reach: of the mean dose of --target-voi or, without it, the root mean square over the voxels of high dose.
    /// Pilots predict the batches that it needs, 30 at least, and the run goes on to them, so that its error bars are true.
    #[arg(long, value_name = "FRACTION", help_heading = "Run", value_parser = parse_fraction)]
    pub(super) target_uncertainty: Option<f64>,
    /// VOI (name or label) whose mean dose is to reach the uncertainty.
    #[arg(long, value_name = "VOI", help_heading = "Run", requires = "target_uncertainty")]
    pub(super) target_voi: Option<String>,
    /// Voxels of high dose are those with at least this part of the activity per mass at --target-percentile.
    #[arg(long, value_name = "FRACTION", help_heading = "Run", default_value = "50%", value_parser = parse_fraction)]
    pub(super) target_fraction: f64,
    /// Percentile of the activity per mass over the voxels that have activity and are not air: known before any history, so that the voxels
    /// of high dose are the same for any number of them. The summary's dose at the percentile is the mean of the voxels within 1 % about it.
    #[arg(long, value_name = "PERCENT", help_heading = "Run", default_value_t = 98.0)]
    pub(super) target_percentile: f64,
    /// Independent batches, whose spread gives the standard errors [default: 50, above 1e8 histories more]. Below 10 the errors are themselves
    /// uncertain, and the run says so. Where too few batches carry the energy of a voxel or VOI its error is NaN (in tables empty, in JSON
    /// null) and a dose of 0 is not known to be 0: see docs/runs.md.
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub(super) batches: Option<u32>,
    /// Engine: auto (GPUs where there are any, else the CPU), cpu, gpu, or gpu with the numbers of voxgray devices: gpu:0 or gpu:0,1.
    #[arg(long, value_name = "ENGINE", help_heading = "Run", default_value = "auto", value_parser = parse_engine)]
    pub(super) engine: EngineChoice,
    /// Threads [default: all cores]; the result has the same bits for any number. Transport on a GPU does not use them.
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = parse_threads)]
    pub(super) threads: Option<usize>,
    /// Seed of all random numbers.
    #[arg(long, value_name = "N", help_heading = "Run", default_value_t = 1)]
    pub(super) seed: u64,
    /// Run part i of n; join the parts with voxgray merge or, of several time points, with --from-shards.
    #[arg(long, value_name = "I/N", help_heading = "Run", value_parser = parse_shard)]
    pub(super) shard: Option<Shard>,
    /// Refuse to start if the run would need more memory than this, by its own estimate [default: 90 % of what is free on this machine, within the limits of its container and of ulimit -v].
    #[arg(long, value_name = "SIZE", help_heading = "Run", value_parser = parse_memory)]
    pub(super) max_memory: Option<u64>,

    #[command(flatten)]
    pub(super) transport: TransportArguments,
}

fn accept_help() -> String {
    let lines = Check::ALL.map(|c| format!("{:11} {}", c.name(), c.meaning()));
    format!(
        "Accept what these checks of the inputs find, several separated by commas. Without it a contradiction is an error and what is \
         merely unlikely a warning, both with the numbers. What was accepted stands in summary.json under setup.checks.\n\n{}",
        lines.join("\n")
    )
}

fn parse_beam(text: &str) -> std::result::Result<Beam, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_decays(text: &str) -> std::result::Result<f64, String> {
    // Doses of so many are numbers that a map can hold.
    let number = text.trim().parse::<f64>().ok().filter(|n| (1e-9..=1e30).contains(n));
    number.ok_or_else(|| "must be a number above zero (1e-9 to 1e30), such as 1e9".into())
}

fn parse_unit(text: &str) -> std::result::Result<InputUnit, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_decay_correction(text: &str) -> std::result::Result<DecayCorrection, String> {
    text.parse().map_err(|e: Error| format!("{}; {}", e.why, e.suggestion))
}

fn parse_calibration(text: &str) -> std::result::Result<ImageCalibration, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_uncertainty(text: &str) -> std::result::Result<f64, String> {
    parse_fraction(text)
        .ok()
        .filter(|u| *u > 0.0 && *u < 1.0)
        .ok_or_else(|| "must lie above 0 (nothing is exact) and below 1, such as 3%".into())
}

pub(super) fn parse_affine(text: &str) -> std::result::Result<NiftiAffine, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

fn parse_geometry(text: &str) -> std::result::Result<GeometryOverride, String> {
    text.parse().map_err(|e: Error| e.to_string())
}
