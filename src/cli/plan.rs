//! `voxgray plan`: activities and doses of radioembolisation, what is left to a limit, marrow. Formulas with the user's numbers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::analysis_values::{parse_given_gy, parse_gy};
use super::fit_arguments::{parse_activity, parse_activity_or_none, parse_mass, parse_volume};
use super::values::{parse_fraction, parse_time};
use super::voi_arguments::VoiArguments;
use crate::analysis::Repair;
use crate::error::Result;
use crate::units::mm_of;

/// What clap prints after the option's name.
type Parsed<T> = std::result::Result<T, String>;

const AFTER: &str = "\
The dose of an activity that stays and decays in place is k A/M, with k the energy of all
electrons from this program's decay data (printed), or one that is stated with --constant (the
field uses 49.38 to 50 Gy kg/GBq for Y-90, 15.87 for Ho-166).

Nothing here advises a dose, an activity or a limit.

Examples:
  voxgray plan mono --nuclide Y-90 --mass 1.5kg --lung-shunt 5% --dose 120Gy
  voxgray plan partition --nuclide Y-90 --normal 1.2kg --tumour 0.3kg --concentration-ratio 3 \\
               --liver-lung-shunt 5% --lungs 1kg --activity 3GBq
  voxgray plan partition --nuclide Ho-166 --normal 1.2kg --tumour 300g --tumour 50g \\
               --activity-ratio 0.75 --activity-ratio 0.2 --tumour-lung-shunt 5% --lungs 1kg \\
               --dose 'normal liver=40Gy'
  voxgray plan resin --height 170cm --weight 70kg --tumour-volume 300mL --liver-volume 1500mL
  voxgray plan image maa.nii.gz --voi liver.nii.gz --voi-names names.csv --liver liver \\
               --lungs lungs --nuclide Y-90 --tissue-density 1.05 --activity 2GBq -o plan/
  voxgray plan limit --given 5.2Gy,7.4GBq --given 4.8Gy,7.4GBq --limit 23Gy --next 5Gy
  voxgray plan limit --given 5.2Gy,7.4GBq --limit 28Gy --bed --alpha-beta 2.6Gy --repair 2.8h \\
               --half-life 50h --interval 56d
  voxgray plan marrow --blood '1.2e9 Bq*s/mL' --hematocrit 47% --marrow 1170g \\
               --phantom-marrow 1170g --self-s '9.72e-6 mGy/(MBq s)'";

/// Options of `voxgray plan`.
#[derive(Debug, Args)]
#[command(after_help = AFTER, subcommand_required = true, arg_required_else_help = true)]
pub struct PlanArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Radioembolisation, one compartment (MIRD): A = D M/(k (1 - L)).
    Mono(MonoArguments),
    /// Radioembolisation, tumours, normal liver and lungs (partition model).
    Partition(PartitionArguments),
    /// Radioembolisation with resin microspheres by body surface: A/GBq = S/m2 - 0.2 + V_tumour/V_liver.
    Resin(ResinArguments),
    /// Radioembolisation from an image (Tc-99m MAA, Y-90, Ho-166): shunt, doses of VOIs and voxels, deposited where they are.
    Image(ImageArguments),
    /// What is left to a limit of dose or BED: dose, activity, cycles.
    Limit(LimitArguments),
    /// Dose of red marrow from blood or from an image.
    Marrow(MarrowArguments),
}

/// Energy of the activity.
#[derive(Debug, Args)]
pub(super) struct ConstantArguments {
    /// The nuclide, such as Y-90 or Ho-166: k from its electrons and half-life.
    #[arg(long, required_unless_present = "constant", conflicts_with = "constant")]
    pub(super) nuclide: Option<String>,
    /// k, Gy kg/GBq, in place of that of a nuclide.
    #[arg(long, value_name = "K")]
    pub(super) constant: Option<f64>,
}

/// How results are printed.
#[derive(Debug, Args)]
pub(super) struct PrintArguments {
    /// Print the table as CSV.
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct MonoArguments {
    #[command(flatten)]
    pub(super) constant: ConstantArguments,
    /// Mass that the activity is in, such as 1.5kg.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) mass: f64,
    /// Part of the activity that goes to the lungs, such as 5%.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub(super) lung_shunt: f64,
    /// Mass of the lungs: adds their dose, such as 1kg.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) lungs: Option<f64>,
    /// Mean dose that is wanted: gives the activity.
    #[arg(long, value_name = "DOSE", value_parser = parse_gy, required_unless_present = "activity", conflicts_with = "activity")]
    pub(super) dose: Option<f64>,
    /// Activity: gives the dose.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity)]
    pub(super) activity: Option<f64>,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("ratio").args(["concentration_ratio", "activity_ratio"]).required(true)))]
#[command(group(clap::ArgGroup::new("shunt").args(["liver_lung_shunt", "tumour_lung_shunt"]).required(true)))]
pub(super) struct PartitionArguments {
    #[command(flatten)]
    pub(super) constant: ConstantArguments,
    /// Mass of normal liver, such as 1.2kg.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) normal: f64,
    /// Mass of a tumour, such as 300g or segment8=300g; repeatable.
    #[arg(long, required = true, value_name = "[NAME=]MASS", value_parser = parse_mass)]
    pub(super) tumour: Vec<(Option<String>, f64)>,
    /// Activity per mass in a tumour over that in normal liver (Ho et al. 1996); one for each --tumour, in their order.
    #[arg(long, value_name = "RATIO")]
    pub(super) concentration_ratio: Vec<f64>,
    /// Activity in a tumour over that in normal liver (Kao et al. 2013); one for each --tumour, in their order.
    #[arg(long, value_name = "RATIO")]
    pub(super) activity_ratio: Vec<f64>,
    /// Lungs over lungs and whole liver: part of the administered activity (Ho et al. 1996), such as 5%.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub(super) liver_lung_shunt: Option<f64>,
    /// Lungs over lungs and tumours, normal liver shunting nothing (Kao et al. 2013), such as 5%.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub(super) tumour_lung_shunt: Option<f64>,
    /// Mass of the lungs, such as 1kg.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) lungs: f64,
    /// Activity: gives the doses.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity)]
    pub(super) activity: Option<f64>,
    /// Dose to a compartment ('normal liver', lungs, or a tumour's name): gives the activity; repeatable, the least activity holds.
    #[arg(long, value_name = "COMPARTMENT=DOSE", value_parser = compartment_dose, required_unless_present = "activity", conflicts_with = "activity")]
    pub(super) dose: Vec<(String, f64)>,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

#[derive(Debug, Args)]
pub(super) struct ResinArguments {
    /// Height, such as 170cm or 1.7m.
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub(super) height: f64,
    /// Weight, such as 70kg.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) weight: f64,
    /// Volume of all tumours, such as 300mL.
    #[arg(long, value_name = "VOLUME", value_parser = volume)]
    pub(super) tumour_volume: f64,
    /// Volume of the liver with its tumours, such as 1500mL.
    #[arg(long, value_name = "VOLUME", value_parser = volume)]
    pub(super) liver_volume: f64,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("matter").args(["tissue_density", "density"]).required(true)))]
pub(super) struct ImageArguments {
    /// Image of Tc-99m MAA or of the nuclide itself: reconstructed SPECT or PET (DICOM), NIfTI, MetaImage or NRRD, in any unit that is
    /// proportional to activity.
    pub(super) image: PathBuf,
    #[command(flatten)]
    pub(super) constant: ConstantArguments,
    #[command(flatten)]
    pub(super) voi: VoiArguments,
    /// Take VOIs of another frame of reference than the image's as they are: both lie in one space.
    #[arg(long)]
    pub(super) any_frame: bool,
    /// The VOI of the perfused liver with its tumours.
    #[arg(long, value_name = "VOI")]
    pub(super) liver: String,
    /// The VOI of the lungs; without it nothing is taken to go there.
    #[arg(long, value_name = "VOI")]
    pub(super) lungs: Option<String>,
    /// Density of all tissue, g/cm3, such as 1.05: lungs are then far too heavy, and their dose too low.
    #[arg(long, value_name = "DENSITY")]
    pub(super) tissue_density: Option<f32>,
    /// Densities (g/cm3) on the image's grid, such as those of voxgray dose.
    #[arg(long, value_name = "FILE")]
    pub(super) density: Option<PathBuf>,
    /// Activity: gives the doses.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity, required_unless_present = "dose", conflicts_with = "dose")]
    pub(super) activity: Option<f64>,
    /// Mean dose to a VOI: gives the activity; repeatable, the least activity holds.
    #[arg(long, value_name = "VOI=DOSE", value_parser = compartment_dose)]
    pub(super) dose: Vec<(String, f64)>,
    /// Folder for the map of doses.
    #[arg(short, long, value_name = "OUT")]
    pub(super) out: Option<PathBuf>,
    /// Replace the files of an older output of this command, no other.
    #[arg(long)]
    pub(super) overwrite: bool,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

#[derive(Debug, Args)]
pub(super) struct LimitArguments {
    /// Mean dose of a cycle that was given, with its activity if known: 5.2Gy,7.4GBq; repeatable, in their order.
    #[arg(long, value_name = "DOSE[,ACTIVITY]", value_parser = given)]
    pub(super) given: Vec<(f64, Option<f64>)>,
    /// Folder of voxgray dose of a cycle that was given, with --of; its activity by --administered; repeatable, in their order, after --given.
    #[arg(long, value_name = "FOLDER", requires = "of")]
    pub(super) cycle: Vec<PathBuf>,
    /// The VOI of --cycle.
    #[arg(long, value_name = "VOI")]
    pub(super) of: Option<String>,
    /// Administered activities of the --cycle folders, in their order; none where one is not known.
    #[arg(long, value_name = "ACTIVITY", value_parser = parse_activity_or_none)]
    pub(super) administered: Vec<Option<f64>>,
    /// The limit, Gy (of dose, or with --bed of BED).
    #[arg(long, value_name = "DOSE", value_parser = parse_gy)]
    pub(super) limit: f64,
    /// Dose of each further cycle: gives how many still fit.
    #[arg(long, value_name = "DOSE", value_parser = parse_gy)]
    pub(super) next: Option<f64>,
    /// Dose per activity of the next cycle, Gy/GBq [default: the given dose over the given activity].
    #[arg(long, value_name = "GY_PER_GBQ")]
    pub(super) per_activity: Option<f64>,
    /// The limit is one of BED.
    #[arg(long, requires_all = ["alpha_beta", "repair", "half_life", "interval"])]
    pub(super) bed: bool,
    /// alpha/beta, such as 2.6Gy.
    #[arg(long, value_name = "DOSE", value_parser = parse_gy, requires = "bed")]
    pub(super) alpha_beta: Option<f64>,
    /// Half-time of repair, such as 2.8h; or two and the slow part over the fast: 0.19h,2.16h,0.98.
    #[arg(long, value_name = "TIME", value_parser = repair, requires = "bed")]
    pub(super) repair: Option<Repair>,
    /// Effective half-life of the dose rate, taken as one exponential in all cycles, such as 50h; of --cycle folders with curves, that of the further cycles alone.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "bed")]
    pub(super) half_life: Option<f64>,
    /// From the beginning of a cycle to that of the next, such as 56d.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "bed")]
    pub(super) interval: Option<f64>,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("uptake").args(["blood", "region"]).required(true)))]
pub(super) struct MarrowArguments {
    /// Blood method: time-integrated activity of blood per mL, such as '1.2e9 Bq*s/mL' or '0.33 MBq*h/mL'.
    #[arg(long, value_name = "TIA", value_parser = tia_per_ml, requires = "hematocrit")]
    pub(super) blood: Option<f64>,
    /// Hematocrit, such as 47%: the ratio of marrow to blood is 0.19/(1 - HCT).
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction, conflicts_with = "region")]
    pub(super) hematocrit: Option<f64>,
    /// Image method: time-integrated activity of a region of marrow, such as '5e11 Bq*s' or '140 MBq*h'.
    #[arg(long, value_name = "TIA", value_parser = tia, requires = "region_part")]
    pub(super) region: Option<f64>,
    /// Part of all marrow that the region holds.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub(super) region_part: Option<f64>,
    /// The patient's red marrow, such as 1170g.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) marrow: f64,
    /// The red marrow that --self-s is for, such as 1170g.
    #[arg(long, value_name = "MASS", value_parser = mass)]
    pub(super) phantom_marrow: f64,
    /// S(marrow<-marrow), such as '9.72e-6 mGy/(MBq s)'.
    #[arg(long, value_name = "S", value_parser = s_value)]
    pub(super) self_s: f64,
    /// Time-integrated activity of the rest of the body, such as '200 MBq*h'.
    #[arg(long, value_name = "TIA", value_parser = tia, requires = "rest_s")]
    pub(super) rest: Option<f64>,
    /// S(marrow<-rest), such as '2e-7 mGy/(MBq s)'.
    #[arg(long, value_name = "S", value_parser = s_value, requires = "rest")]
    pub(super) rest_s: Option<f64>,
    #[command(flatten)]
    pub(super) print: PrintArguments,
}

/// Plans.
///
/// # Errors
/// As the formulas say; if a file cannot be read or written.
pub fn run(a: &PlanArguments) -> Result<ExitCode> {
    use super::plan_output as output;
    match &a.what {
        What::Mono(a) => output::mono(a),
        What::Partition(a) => output::partition(a),
        What::Resin(a) => output::resin(a),
        What::Image(a) => output::image(a),
        What::Limit(a) => output::limit(a),
        What::Marrow(a) => output::marrow(a),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// kg.
fn mass(text: &str) -> Parsed<f64> {
    match parse_mass(text)? {
        (None, g) => Ok(g / 1000.0),
        _ => Err("must be a positive mass with its unit g or kg, such as 1.5kg".into()),
    }
}

/// mL.
fn volume(text: &str) -> Parsed<f64> {
    match parse_volume(text)? {
        (None, ml) => Ok(ml),
        _ => Err("must be a positive volume with its unit mL or L, such as 300mL".into()),
    }
}

/// A number with one of these units, as (unit, factor).
fn with_units(text: &str, units: &[(&str, f64)], what: &str) -> Parsed<f64> {
    let t: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let found = units.iter().find_map(|(unit, factor)| {
        t.strip_suffix(unit).and_then(|n| n.parse::<f64>().ok()).map(|x| x * factor)
    });
    found.filter(|x| *x > 0.0 && x.is_finite()).ok_or_else(|| what.to_string())
}

/// m.
fn length(text: &str) -> Parsed<f64> {
    let mm = mm_of(text).filter(|mm| *mm > 0.0);
    mm.map(|mm| mm / 1000.0)
        .ok_or_else(|| "must be a positive length with its unit, such as 170cm or 1.7m".into())
}

/// Bq s.
fn tia(text: &str) -> Parsed<f64> {
    let units = [("MBq*h", 3.6e9), ("MBq*s", 1e6), ("GBq*h", 3.6e12), ("Bq*s", 1.0)];
    with_units(
        text,
        &units,
        "must be positive with its unit Bq*s, MBq*s, MBq*h or GBq*h, such as '140 MBq*h'",
    )
}

/// Bq s/mL.
fn tia_per_ml(text: &str) -> Parsed<f64> {
    let units = [("MBq*h/mL", 3.6e9), ("kBq*h/mL", 3.6e6), ("MBq*s/mL", 1e6), ("Bq*s/mL", 1.0)];
    with_units(
        text,
        &units,
        "must be positive with its unit Bq*s/mL, MBq*s/mL, kBq*h/mL or MBq*h/mL, such as '0.33 MBq*h/mL'",
    )
}

/// Gy/(Bq s).
fn s_value(text: &str) -> Parsed<f64> {
    let units =
        [("mGy/(MBqs)", 1e-9), ("mGy/(MBq*s)", 1e-9), ("Gy/(Bqs)", 1.0), ("Gy/(Bq*s)", 1.0)];
    with_units(
        text,
        &units,
        "must be positive with its unit mGy/(MBq s) or Gy/(Bq s), such as '9.72e-6 mGy/(MBq s)'",
    )
}

/// `normal liver=40Gy`.
fn compartment_dose(text: &str) -> Parsed<(String, f64)> {
    let (name, dose) = text
        .rsplit_once('=')
        .ok_or("must be a compartment and its dose, such as 'normal liver=40Gy'")?;
    Ok((name.trim().to_string(), parse_gy(dose)?))
}

/// `5.2Gy,7.4GBq`.
fn given(text: &str) -> Parsed<(f64, Option<f64>)> {
    match text.split_once(',') {
        None => Ok((parse_given_gy(text)?, None)),
        Some((dose, activity)) => Ok((parse_given_gy(dose)?, Some(parse_activity(activity)?))),
    }
}

/// Repair without a VOI.
fn repair(text: &str) -> Parsed<Repair> {
    match super::analysis_values::parse_repair(text)? {
        (None, repair) => Ok(repair),
        _ => Err("must be that of the tissue, without a name, such as 2.8h".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_units() {
        assert_eq!(
            (mass("1.5kg"), volume("1.5L"), length("170 cm")),
            (Ok(1.5), Ok(1500.0), Ok(1.7))
        );
        assert!((tia_per_ml("0.33 MBq*h/mL").unwrap() / 1.188e9 - 1.0).abs() < 1e-12);
        assert!((s_value("9.72e-6 mGy/(MBq s)").unwrap() / 9.72e-15 - 1.0).abs() < 1e-12);
        assert_eq!(given("5.2Gy,7.4GBq"), Ok((5.2, Some(7.4e9))));
        assert_eq!(compartment_dose("normal liver=40Gy"), Ok(("normal liver".into(), 40.0)));
        assert!(
            mass("a=1kg").is_err()
                && length("170").is_err()
                && tia("5").is_err()
                && given("-1Gy").is_err()
        );
    }
}
