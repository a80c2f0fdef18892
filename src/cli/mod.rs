//! The commands, one file each.

mod analysis_input;
mod analysis_values;
pub mod arrays;
pub mod bed;
mod bed_rate;
pub mod calibrate;
pub mod call;
pub mod check;
pub mod compare;
pub mod compare_media;
pub mod compare_methods;
pub mod console;
pub mod demo;
mod demo_dicom;
pub mod devices;
pub mod dicom;
pub mod dose;
pub mod dose_arguments;
pub mod dvh;
pub mod fine_arguments;
pub mod fit;
pub mod fit_arguments;
mod fit_output;
mod fit_reading;
pub mod help_file;
mod help_transport;
pub mod init;
pub mod interrupt;
pub mod kernel;
pub mod matter_arguments;
pub mod merge;
pub mod method_arguments;
pub mod nuclide;
pub mod nuclide_arguments;
mod nuclide_compare;
pub mod nuclide_json;
mod nuclide_list;
pub mod pairs;
pub mod picture;
pub mod plan;
mod plan_output;
pub mod progress;
pub mod register;
pub mod report;
pub mod run;
pub mod s_values;
pub mod shell;
mod study_commands;
mod study_left;
mod study_seen;
mod threads;
pub mod trace;
pub mod transport_arguments;
pub mod uncertainty;
pub mod values;
pub mod voi;
pub mod voi_arguments;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::io::cache;
use crate::physics::NuclideData;
use crate::physics::own_nuclides::OwnNuclides;
use crate::transport::tables::store;
use values::parse_nuclide_data;

/// Widest line of a help text.
const WIDTH: usize = 96;

/// What `voxgray --help` says below the commands.
const AFTER: &str = "\
Examples:
  voxgray demo                        (a first look: leaves voxgray-demo/demo.png)
  voxgray dose --ct CT/ --activity spect.nii.gz --nuclide Lu-177 -o dose/
  voxgray dose --ct CT/ --activity PET/ --nuclide Y-90 --physical-decay -o dose/
  voxgray dose --ct ct.mha --activity tia.nii.gz --activity-unit 'Bq*s/mL' --nuclide I-131 \\
               --voi organs.nii.gz --target-uncertainty 1% --target-voi liver -o dose/
  voxgray nuclide Ac-225 --horizon 30d
  voxgray nuclide Lu-177 --compare

Exit codes: 0 done, 2 a wrong option, 3 an input that cannot be used, 4 reading or writing
failed, 5 a check of the run failed, 130 interrupted (results so far are kept, marked partial).
Standard output holds results, standard error everything else.";

/// Absorbed dose in targeted radionuclide therapy by Monte Carlo: every decay in the patient's own CT, with an error bar
/// on every number.
///
/// Coordinates are DICOM's (LPS, mm). Doses are in Gy or Gy/s, activities in Bq, energies in eV, keV or MeV as written.
/// For research; not a medical device.
#[derive(Debug, Parser)]
#[command(name = "voxgray", version, after_help = AFTER, max_term_width = WIDTH, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Nuclear decay data: ensdf, or icrp107 in a program built with it (research and not-for-profit use) [default: ensdf].
    #[arg(long, global = true, value_name = "DATA", value_parser = parse_nuclide_data, help_heading = "Nuclide data")]
    nuclide_data: Option<NuclideData>,
    /// Nuclides of one's own, or one's own numbers for known ones: voxgray help-file nuclides lists the keys.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Nuclide data")]
    nuclide_file: Option<PathBuf>,
}

impl Arguments {
    /// Chooses the nuclides of this process.
    ///
    /// # Errors
    /// If this program lacks the evaluation, the file cannot be used, or others were chosen before.
    fn choose_nuclides(&self) -> Result<()> {
        if let Some(data) = self.nuclide_data {
            data.choose()?;
        }
        self.nuclide_file.as_deref().map_or(Ok(()), OwnNuclides::choose)
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Get biologically effective doses of VOIs and voxels from doses and dose rates over time.
    Bed(Box<bed::BedArguments>),
    /// Doses by fast methods and by Monte Carlo for a cohort, for networks that learn one from the other.
    Pairs(Box<pairs::PairsArguments>),
    /// Run one job on both engines, the CPU and a GPU, and show whether and where they differ.
    Compare(Box<compare::CompareArguments>),
    /// Run the same histories in two media: the difference of their doses with its own standard error.
    CompareMedia(Box<compare_media::CompareMediaArguments>),
    /// Compare dose maps of methods and programs with a reference, beside what noise alone gives.
    CompareMethods(Box<compare_methods::CompareMethodsArguments>),
    /// Print every value that a study uses, with its origin, and what it would run.
    Check(check::CheckArguments),
    /// Get a camera's calibration factor from phantom acquisitions and dose-calibrator readings.
    Calibrate(calibrate::CalibrateArguments),
    /// Run the main job on a built-in, patient-like CT and SPECT, with a picture.
    Demo(demo::DemoArguments),
    /// Print what a shell needs to complete commands and options on Tab.
    Completions(shell::CompletionsArguments),
    /// List the GPUs of this machine, their limits, and which voxgray uses.
    Devices(devices::DevicesArguments),
    /// Write a finished run as DICOM: RT Dose and parametric maps in the patient's study.
    Dicom(Box<dicom::DicomArguments>),
    /// Compute a dose or dose-rate map and its standard error from a CT and an activity map.
    ///
    /// One of --ct or --density with --materials, and one of --nuclide or --source, is needed.
    Dose(Box<dose_arguments::DoseArguments>),
    /// Read dose-volume histograms of VOIs, with what the noise of the map does to them.
    Dvh(Box<dvh::DvhArguments>),
    /// Integrate time-activity curves from a table: fits, trapezoids, single time points.
    Fit(Box<fit_arguments::FitArguments>),
    /// List the keys of a file that the program reads, with an example.
    HelpFile(help_file::HelpFileArguments),
    /// Make dose kernels of a nuclide: round a point, of voxels (VSV), of spheres.
    Kernel(Box<kernel::KernelArguments>),
    /// Write a study file from a folder of images: what was found, and what is to be completed.
    Init(init::InitArguments),
    /// Write a man page for each command.
    Man(shell::ManArguments),
    /// Join the shards of a run (dose --shard i/n) into the result of the whole run.
    Merge(merge::MergeArguments),
    /// Show what a nuclide emits: half-life, energies per decay, lines, spectra, progeny.
    Nuclide(nuclide_arguments::NuclideArguments),
    /// Plan radioembolisation; what is left to a limit of dose or BED; dose of red marrow.
    Plan(Box<plan::PlanArguments>),
    /// Find where one image lies in another of the same patient; apply and compose transforms.
    Register(Box<register::RegisterArguments>),
    /// Get S values of all pairs of VOIs, and organ doses from activity coefficients.
    SValues(Box<s_values::SValueArguments>),
    /// Write one page of finished runs: curves, VOIs, histograms, slices, methods (HTML).
    Report(Box<report::ReportArguments>),
    /// Run studies: each stage where what it depends on has changed, on from where it was stopped.
    Run(run::RunArguments),
    /// Replay one history of a run and print its steps.
    Trace(Box<trace::TraceArguments>),
    /// Get a VOI's dose with its uncertainty budget, from counts to dose.
    Uncertainty(uncertainty::UncertaintyArguments),
    /// List, make, combine and convert volumes of interest: RTSTRUCT, SEG, NRRD, label maps.
    Voi(Box<voi::VoiArguments>),
}

/// Runs a command; returns the exit code of a run that wrote something.
///
/// # Errors
/// As the command says.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    arguments.choose_nuclides()?;
    store::keep_in(cache::default_folder());
    let nuclides = study_commands::GivenNuclides {
        data: arguments.nuclide_data,
        file: arguments.nuclide_file,
    };
    match arguments.command {
        Command::Bed(arguments) => bed::run(&arguments),
        Command::Check(arguments) => check::run(&arguments, &nuclides),
        Command::Calibrate(arguments) => calibrate::run(&arguments),
        Command::Dose(arguments) => dose::run(*arguments),
        Command::Compare(arguments) => compare::run(*arguments),
        Command::Pairs(arguments) => pairs::run(*arguments),
        Command::CompareMedia(arguments) => compare_media::run(*arguments),
        Command::CompareMethods(arguments) => compare_methods::run(*arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Devices(arguments) => devices::run(&arguments),
        Command::Completions(arguments) => shell::complete(&arguments),
        Command::Dicom(arguments) => dicom::run(*arguments),
        Command::Dvh(arguments) => dvh::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::HelpFile(arguments) => help_file::run(&arguments),
        Command::Kernel(arguments) => kernel::run(*arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Man(arguments) => shell::man(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Nuclide(arguments) => nuclide_arguments::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Register(arguments) => register::run(*arguments),
        Command::SValues(arguments) => s_values::run(*arguments),
        Command::Report(arguments) => report::run(*arguments),
        Command::Run(arguments) => run::run(&arguments, &nuclides),
        Command::Trace(arguments) => trace::run(*arguments),
        Command::Uncertainty(arguments) => uncertainty::run(&arguments),
        Command::Voi(arguments) => voi::run(*arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_documented() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        let after = |c: &clap::Command| c.get_after_help().map(ToString::to_string);
        let texts = command.get_subcommands().chain([&command]).filter_map(after);
        let wide = |t: &String| t.lines().any(|l| l.chars().count() > WIDTH);
        assert_eq!(texts.filter(wide).collect::<Vec<_>>(), Vec::<String>::new());
        for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            let help = sub.clone().render_long_help().to_string();
            let long = help.lines().find(|l| l.chars().count() > WIDTH);
            assert!(long.is_none(), "{}: {long:?}", sub.get_name());
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", sub.get_name(), argument.get_id());
            }
        }
    }
}
