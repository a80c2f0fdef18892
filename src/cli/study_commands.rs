//! What a study must know of the commands, and the command line of a stage as the program reads it.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, CommandFactory, Parser};

use super::{Arguments, Command, console};
use crate::error::{Error, Result};
use crate::io::dicom::is_dicom;
use crate::physics::NuclideData;
use crate::pipeline::finished::has_unit;
use crate::study::{Commands, OptionFacts, Stage, Study, Word};

/// The commands that a study is made of.
const COMMANDS: [&str; 9] = [
    "dose",
    "compare-methods",
    "dvh",
    "bed",
    "plan limit",
    "fit",
    "uncertainty",
    "dicom",
    "report",
];

/// Options of the program that choose nuclides for all stages of a study.
#[derive(Debug, Clone, Default)]
pub struct GivenNuclides {
    /// Evaluation.
    pub data: Option<NuclideData>,
    /// Nuclides of one's own.
    pub file: Option<PathBuf>,
}

impl GivenNuclides {
    /// They go before what the study says, and are then a part of its stages' keys.
    pub(super) fn go_before(&self, study: &mut Study) {
        if let Some(data) = self.data {
            study.nuclide_data = Some(data.name().into());
        }
        if let Some(file) = &self.file {
            study.nuclide_file = Some(file.clone());
        }
    }
}

/// Their options, from the command line's own definition.
pub(super) fn commands() -> Commands {
    let root = Arguments::command();
    let of = |name: &str| Some((name.to_owned(), options(&root, name)?));
    Commands(COMMANDS.into_iter().filter_map(of).collect())
}

/// Options of a command (`dose`, `plan limit`) of the program.
pub(super) fn options(root: &clap::Command, name: &str) -> Option<Vec<OptionFacts>> {
    let mut command = root;
    for word in name.split(' ') {
        command = command.find_subcommand(word)?;
    }
    Some(command.get_arguments().filter_map(facts).collect())
}

fn facts(argument: &Arg) -> Option<OptionFacts> {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let told = help.split_once("[default: ").and_then(|(_, rest)| rest.split(']').next());
    let values = argument.get_default_values();
    let own = values.first().map(|v| v.to_string_lossy().into_owned());
    let action = argument.get_action();
    if matches!(action, ArgAction::Help | ArgAction::HelpLong | ArgAction::Version) {
        return None;
    }
    let flag = matches!(action, ArgAction::SetTrue);
    Some(OptionFacts {
        name: argument.get_long()?.to_owned(),
        flag,
        path: argument.get_value_parser().type_id() == TypeId::of::<PathBuf>(),
        many: matches!(action, ArgAction::Append),
        default: own.filter(|_| !flag).or_else(|| told.map(str::to_owned)),
        heading: argument.get_help_heading().map(str::to_owned),
    })
}

/// A stage's command as the program reads it, with words that are added when it is run.
///
/// # Errors
/// If a value is none of its option's; the key of the study file is named.
pub(super) fn parsed(
    study: &Study,
    stage: &Stage,
    out: &Path,
    more: &[String],
) -> Result<Arguments> {
    let line = stage.line(out);
    let words = std::iter::once("voxgray".to_owned()).chain(line).chain(more.iter().cloned());
    Arguments::try_parse_from(words).map_err(|e| refused(study, stage, &e))
}

fn refused(study: &Study, stage: &Stage, error: &clap::Error) -> Error {
    use clap::error::{ContextKind, ContextValue};
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let missing = error.kind() == clap::error::ErrorKind::MissingRequiredArgument;
    let name = option.and_then(|o| o.strip_prefix("--")).and_then(|o| o.split([' ', '=']).next());
    let (key, line) = study.key_of(stage, name.unwrap_or_default());
    if let (true, Some(name)) = (missing, name) {
        return study.lacks(stage, name);
    }
    let line = line.map_or(String::new(), |l| format!(", line {l}"));
    let text = error.to_string();
    // The first paragraph is the problem; the others are how commands are used.
    let said = text.split("\n\n").next().unwrap_or_default();
    let said = said.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    Error::input(
        format!("{}{line}: {key}", study.path.display()),
        said,
        "Correct the study file; the command's --help says what the option takes.",
    )
}

/// Refuses what a stage's command would refuse before it reads an image: unknown keys and values, options that do not go together, maps of other
/// programs that are not there.
///
/// # Errors
/// With the line of the study file.
pub(super) fn accepted(study: &Study, stage: &Stage) -> Result<()> {
    let arguments = parsed(study, stage, &study.out, &[])?;
    let commands = commands();
    study.series_of(&commands, stage)?;
    study.table_is_there(stage)?;
    let located = |e| study.located(&commands, stage, e);
    match arguments.command {
        Command::Dose(dose) => {
            let job = dose.job().map_err(located)?;
            let kernel = job.method.fast().and_then(|fast| fast.kernel.as_ref());
            kernel.map_or(Ok(()), |path| crate::files::exists(path)).map_err(located)?;
        }
        Command::Fit(fit) => {
            console::keeping_silently(|| super::fit::accepted(&fit)).0.map_err(located)?;
        }
        Command::Uncertainty(of) => {
            console::keeping_silently(|| super::uncertainty::accepted(&of)).0.map_err(located)?;
        }
        _ => {}
    }
    for word in &stage.words {
        if let (Word::Named(name, _), Word::Input(path)) = (word, word.bare())
            && !path.exists()
        {
            return Err(study.located(
                &commands,
                stage,
                Error::input(
                    format!("candidate {name}: {} is not there", path.display()),
                    "a map of another program is compared with the dose",
                    "Correct its path, which is relative to the study file.",
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses files that are not there, and what a command of later in the study would refuse of them: after hours of transport. Images of doses are looked
/// at by themselves.
///
/// # Errors
/// If a file is not there, is no DICOM where that is needed, or does not say its unit.
pub(super) fn inputs_are_there(study: &Study, stage: &Stage) -> Result<()> {
    let commands = commands();
    let of_command = commands.of(&stage.command());
    let mut option = String::new();
    for word in &stage.words {
        match word {
            Word::Text(text) => {
                option.clone_from(text);
                let Some((name, value)) = text.split_once('=') else { continue };
                // A path that is there would be an input.
                let name = name.trim_start_matches("--");
                if of_command.iter().any(|o| o.path && o.name == name) {
                    return Err(Error::input(
                        format!("--{name} {value}: no such file"),
                        "paths are relative to the study file",
                        "Correct it.",
                    ));
                }
            }
            Word::Input(path) if option == "--reference" => is_reference(&option, path)?,
            Word::Named(name, of) => {
                let Word::Input(path) = of.bare() else { continue };
                let tells = path.is_dir() || !path.exists() || is_dicom(path)?;
                let stated = study.compare.as_ref().is_some_and(|c| c.contains_key("unit"));
                if !tells && !stated && !has_unit(path) {
                    return Err(Error::input(
                        format!("candidate {name}: {} does not say its unit", path.display()),
                        "an image does not say whether it is a dose or a dose rate",
                        "Add unit = \"Gy\" to [compare].",
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what DICOM objects cannot take their patient from.
fn is_reference(option: &str, path: &Path) -> Result<()> {
    if is_dicom(path)? {
        return Ok(());
    }
    Err(Error::input(
        format!("{option} {} is not DICOM", path.display()),
        "objects take patient, study and frame of reference from it",
        "Name a DICOM CT, SPECT or PET of the patient by reference in [dicom], or leave [dicom] out.",
    ))
}

/// What a stage's command says, in the words of its study.
pub(super) fn words(study: &Study, stage: &Stage) -> console::Words {
    let (study, stage, commands) = (study.clone(), stage.clone(), commands());
    Box::new(move |line| study.said(&commands, &stage, line))
}

/// The arguments of a stage that runs `voxgray dose`.
pub(super) fn dose(arguments: Arguments) -> Option<super::dose_arguments::DoseArguments> {
    match arguments.command {
        Command::Dose(dose) => Some(*dose),
        _ => None,
    }
}
