//! `voxgray demo --dicom`: a treatment with a known truth, as a scanner exports it.

use std::path::Path;
use std::process::ExitCode;

use super::console::print;
use super::demo::DemoArguments;
use super::progress::Terminal;
use crate::error::Result;
use crate::image::{Region, RegionSet};
use crate::io::atomic::write_atomically;
use crate::io::dicom::write::{
    Author, NewStudy, Reference, SpectContent, UidRoot, ct_images, nm_image, structure_set,
};
use crate::io::folder::MarkedFolder;
use crate::io::write_nifti;
use crate::phantom::synthetic::{
    Organ, OrganTruth, SyntheticTreatment, TreatmentOptions, synthetic_treatment,
};
use crate::pipeline::Observer;
use crate::pipeline::dicom_out::equipment;
use crate::units::{BQ_PER_MBQ, SECONDS_PER_HOUR};

/// The administered activity, which no object states.
const ADMINISTERED: &str = "7.4 GBq";
/// Administration: this day of June 2026 at this hour, far from any change of clocks.
const GIVEN: (u32, u32) = (2, 10);
/// Angular views of a scan.
const VIEWS: usize = 60;
const TRUTH: [&str; 2] = ["truth_tia.nii.gz", "truth_organs.csv"];

/// Date and time (DA, TM) so many whole hours after the administration.
fn moment(hours: f64) -> (String, String) {
    let hours = GIVEN.1 + hours.round() as u32;
    (format!("202606{:02}", GIVEN.0 + hours / 24), format!("{:02}0000", hours % 24))
}

/// Makes the treatment and writes it.
///
/// # Errors
/// If an option or the folder cannot be used, or writing fails.
pub fn run(a: &DemoArguments) -> Result<ExitCode> {
    let terminal = Terminal::new(a.quiet);
    let options = TreatmentOptions {
        voxel_mm: a.voxel.unwrap_or(TreatmentOptions::default().voxel_mm),
        fwhm_mm: a.fwhm,
        seed: a.seed,
        ..TreatmentOptions::default()
    };
    terminal.say("making the patient");
    let made = synthetic_treatment(&options)?;
    let slices = made.labels.grid.dims[2];
    let days = 1..=made.scans.len();
    let ct = |day: usize, n: usize| format!("day{day}_ct_{n:03}.dcm");
    let spect = |day: usize| format!("day{day}_spect.dcm");
    let mut names: Vec<String> =
        days.clone().flat_map(|d| (1..=slices).map(move |n| ct(d, n))).collect();
    names.extend(days.map(spect));
    names.extend(["organs.dcm", TRUTH[0], TRUTH[1]].map(String::from));
    let marked = MarkedFolder::open(&a.out, a.overwrite, &names)?;
    let root = UidRoot::default();
    let given = moment(0.0);
    let given = format!("{}{}", given.0, given.1);
    let patient = format!("VOXGRAY-DEMO-{}", a.seed);
    for (n, scan) in made.scans.iter().enumerate() {
        let (day, begins) = (n + 1, moment(scan.hours));
        terminal.say(&format!(
            "writing day {day}: CT and SPECT, {} h after the administration",
            scan.hours
        ));
        let study = NewStudy {
            patient_name: "Demo^Made by formulas",
            patient_id: &patient,
            description: "SPECT/CT of a demonstration",
            study: &format!("{day}"),
            // He lies still.
            frame: "1",
            begins: begins.clone(),
        };
        let mut reference = study.reference(&root, "CT", Ok(scan.ct.grid.clone()));
        for (n, (slice, position_mm)) in
            ct_images(&author(&reference, &root, &begins), &scan.ct, 1)?.into_iter().enumerate()
        {
            reference.add(&slice, position_mm);
            slice.write(&a.out.join(ct(day, n + 1)))?;
        }
        let content = SpectContent {
            activity: &scan.activity,
            radiopharmaceutical: "Lu-177 DOTATATE",
            nuclide: ("447553000", "Lutetium-177"),
            administered: &given,
            begins: (&begins.0, &begins.1),
            views: (VIEWS, options.duration_s / VIEWS as f64),
            series_number: 2,
        };
        nm_image(&author(&reference, &root, &begins), &content)?.write(&a.out.join(spect(day)))?;
        if day == 1 {
            organs(&author(&reference, &root, &begins), &made, &a.out, &terminal)?;
        }
    }
    truth(&made, &a.out)?;
    marked.finish()?;
    let folder = a.out.display();
    print(&format!(
        "{folder}: {} scans with their CTs, {slices} slices each, organs.dcm; truth_* beside them\n\
         next:\n  voxgray init {folder}\n  \
         in {folder}/study.toml write administered = \"{ADMINISTERED}\", which no image states\n  \
         voxgray check {folder}/study.toml\n  voxgray run {folder}/study.toml\n",
        made.scans.len()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn author<'a>(
    reference: &'a Reference,
    uid_root: &UidRoot,
    begins: &(String, String),
) -> Author<'a> {
    Author {
        reference,
        equipment: equipment(),
        uid_root: uid_root.clone(),
        stated_time: Some(begins.clone()),
        made_from_reference: false,
    }
}

fn organs(
    author: &Author,
    made: &SyntheticTreatment,
    folder: &Path,
    observer: &dyn Observer,
) -> Result<()> {
    let region = |o: &OrganTruth| {
        let inside = |l: &u8| if *l == o.label { 1.0 } else { 0.0 };
        let shares: Vec<f32> = made.labels.data.iter().map(inside).collect();
        Region::from_shares(o.label.into(), o.name, "demo", &shares)
    };
    // What is left of the body is no organ, and is nowhere drawn.
    let drawn = made.organs.iter().filter(|o| o.label != Organ::Remainder as u8);
    let regions = drawn.map(region).collect();
    let set = RegionSet { grid: made.labels.grid.clone(), regions };
    let (object, notes) = structure_set(author, &set, 3)?;
    notes.iter().for_each(|n| observer.warn(n));
    object.write(&folder.join("organs.dcm"))
}

/// What is true: decays in each voxel, and by organ.
fn truth(made: &SyntheticTreatment, folder: &Path) -> Result<()> {
    write_nifti(&folder.join(TRUTH[0]), &made.tia)?;
    let mut text = String::from("name,volume_ml,effective_half_life_h,tia_mbq_h\n");
    for o in &made.organs {
        let tia = o.tia_bq_s / BQ_PER_MBQ / SECONDS_PER_HOUR;
        text += &format!("{},{:.3},{},{tia:.6e}\n", o.name, o.volume_ml, o.half_life_h);
    }
    write_atomically(&folder.join(TRUTH[1]), |w| w.write_all(text.as_bytes()))
}
