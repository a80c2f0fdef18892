//! Tests of output folders: what is replaced, what is left, what a killed run does to the next one.

use std::sync::Mutex;

use super::*;

#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Observer for Ear {
    fn say(&self, text: &str) {
        self.0.lock().unwrap().push(text.into());
    }
    fn warn(&self, text: &str) {
        self.say(text);
    }
}

impl Ear {
    fn heard(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn write(folder: &OutputFolder, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    fn run(&self, overwrite: bool, whole: bool, files: &[(&str, &str)]) -> Result<PathBuf> {
        let ear = Ear::default();
        let folder = OutputFolder::open(&self.out(), overwrite, false, &ear)?;
        write(&folder, files);
        folder.keep(whole)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(name)).unwrap()
    }
}

const OLD: [(&str, &str); 3] =
    [("dose.nii.gz", "old"), ("dose_photon.nii.gz", "old"), ("summary.json", "old")];
const NEW: [(&str, &str); 2] = [("dose.nii.gz", "new"), ("summary.json", "new")];

#[test]
fn an_output_is_replaced_and_foreign_files_are_not() {
    let place = Place::new();
    place.run(false, true, &OLD).unwrap();
    assert!(place.run(false, true, &NEW).unwrap_err().to_string().contains("--overwrite"));
    place.run(true, true, &NEW).unwrap();
    assert_eq!(names(&place.out()), ["dose.nii.gz", "summary.json", MARK]);
    // Beside notes of the user's, file by file.
    fs::create_dir(place.out().join("figures")).unwrap();
    fs::write(place.out().join("figures/a.svg"), "mine").unwrap();
    fs::write(place.out().join("notes.txt"), "mine").unwrap();
    place.run(true, true, &OLD).unwrap();
    let mut all: Vec<&str> =
        OLD.iter().map(|f| f.0).chain(["figures", "notes.txt", MARK]).collect();
    all.sort_unstable();
    assert_eq!(names(&place.out()), all);
    assert_eq!(place.read("figures/a.svg"), "mine");
    assert_eq!(place.read("summary.json"), "old");
    place.run(true, true, &NEW).unwrap();
    assert!(!place.out().join("dose_photon.nii.gz").exists());
    assert_eq!(names(place.0.path()), ["out"]);
    // What someone has changed is no longer ours.
    fs::write(place.out().join("dose.nii.gz"), "edited").unwrap();
    let error = place.run(true, true, &OLD).unwrap_err().to_string();
    assert!(error.contains("dose.nii.gz"), "{error}");
    assert_eq!(place.read("dose.nii.gz"), "edited");
}

#[test]
fn a_summary_is_no_licence() {
    let place = Place::new();
    fs::create_dir_all(place.out().join("sub")).unwrap();
    fs::write(place.out().join("summary.json"), "{}").unwrap();
    fs::write(place.out().join("sub/x"), "x").unwrap();
    for overwrite in [false, true] {
        assert!(place.run(overwrite, true, &NEW).is_err());
    }
    fs::write(place.out().join(MARK), "{\"program\": \"other\"}").unwrap();
    assert!(place.run(true, true, &NEW).is_err());
    assert_eq!((place.read("summary.json"), place.read("sub/x")), ("{}".into(), "x".into()));
    assert_eq!(names(place.0.path()), ["out"]);
    // Nor is a foreign file of a name that the run may want.
    let place = Place::new();
    place.run(false, true, &NEW).unwrap();
    fs::write(place.out().join("dose_photon.nii.gz"), "mine").unwrap();
    assert!(place.run(true, true, &OLD).unwrap_err().to_string().contains("dose_photon.nii.gz"));
    assert_eq!(place.read("dose.nii.gz"), "new");
}

#[test]
fn what_comes_into_the_way_while_a_run_goes_on_is_left_alone() {
    let place = Place::new();
    let ear = Ear::default();
    let folder = OutputFolder::open(&place.out(), false, false, &ear).unwrap();
    write(&folder, &NEW);
    fs::create_dir(place.out()).unwrap();
    fs::write(place.out().join("thesis.tex"), "years").unwrap();
    let kept = folder.keep(true).unwrap();
    assert_eq!(kept, place.0.path().join("out-2"));
    assert_eq!(fs::read_to_string(kept.join("dose.nii.gz")).unwrap(), "new");
    assert_eq!(names(&place.out()), ["thesis.tex"]);
    assert!(ear.heard().contains("out-2"), "{}", ear.heard());
}

#[test]
fn the_second_of_two_learns_it_at_the_start() {
    let place = Place::new();
    let ear = Ear::default();
    let first = OutputFolder::open(&place.out(), false, false, &ear).unwrap();
    let error = OutputFolder::open(&place.out(), true, true, &ear).err().unwrap();
    assert!(error.to_string().contains("another voxgray"), "{error}");
    // Someone tidies up meanwhile.
    fs::remove_dir_all(&first.temporary).unwrap();
    write(&first, &NEW);
    first.keep(true).unwrap();
    assert_eq!(place.read("summary.json"), "new");
    assert_eq!(names(place.0.path()), ["out"]);
}

#[test]
fn stale_folders_are_named_and_never_block() {
    let place = Place::new();
    fs::create_dir(place.0.path().join(".out.4711.partial")).unwrap();
    let partial = place.0.path().join(".out.partial");
    let leave = |name: &str| {
        fs::create_dir(&partial).unwrap();
        Mark::begun(&[], false).write(&partial).unwrap();
        fs::write(partial.join(name), "half").unwrap();
    };
    leave("dose.nii.gz");
    let ear = Ear::default();
    let folder = OutputFolder::open(&place.out(), false, false, &ear).unwrap();
    assert!(ear.heard().contains(".out.4711.partial (rm -r"), "{}", ear.heard());
    assert_eq!(names(folder.path()), [MARK]);
    drop(folder);
    // One that had finished something is put aside, or gone on with.
    leave("checkpoint_dose.voxgray");
    let folder = OutputFolder::open(&place.out(), false, true, &ear).unwrap();
    assert_eq!(folder.to_resume("dose"), Some(partial.join("checkpoint_dose.voxgray")));
    assert_eq!(folder.to_resume("dose_rates"), None);
    drop(folder);
    assert!(ear.heard().contains("--resume goes on with it"), "{}", ear.heard());
    let folder = OutputFolder::open(&place.out(), false, false, &ear).unwrap();
    assert_eq!(folder.to_resume("dose"), None);
    assert!(place.0.path().join(".out.1.partial/checkpoint_dose.voxgray").is_file());
    drop(folder);
    // A folder of that name that is not ours is put aside as it is.
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("mine"), "x").unwrap();
    drop(OutputFolder::open(&place.out(), false, false, &ear).unwrap());
    assert!(place.0.path().join(".out.2.partial/mine").is_file());
}

#[test]
fn a_part_replaces_only_what_it_went_on_from() {
    let place = Place::new();
    place.run(false, true, &OLD).unwrap();
    let part = [("dose_partial.nii.gz", "part"), ("checkpoint_dose.voxgray", "12")];
    let kept = place.run(true, false, &part).unwrap();
    assert_eq!(kept, place.0.path().join(".out.partial"));
    assert_eq!(place.read("dose.nii.gz"), "old");
    let place = Place::new();
    let ear = Ear::default();
    let begin = |resume: bool| {
        let folder = OutputFolder::open(&place.out(), false, resume, &ear)?;
        folder.begin("dose", "abc").map(|done| (folder, done))
    };
    let (folder, _) = begin(false).unwrap();
    write(&folder, &part);
    folder.keep(false).unwrap();
    // Interrupted again, then to the end.
    let (folder, done) = begin(true).unwrap();
    assert_eq!((folder.to_resume("dose"), done), (Some(place.out().join(part[1].0)), None));
    write(&folder, &[("dose_partial.nii.gz", "more"), ("checkpoint_dose.voxgray", "15")]);
    folder.keep(false).unwrap();
    assert_eq!(place.read("checkpoint_dose.voxgray"), "15");
    let (folder, _) = begin(true).unwrap();
    write(&folder, &[("checkpoint_dose.voxgray", "20"), NEW[0], NEW[1]]);
    folder.keep(true).unwrap();
    assert_eq!(names(&place.out()), ["dose.nii.gz", "summary.json", MARK]);
    assert_eq!(names(place.0.path()), ["out"]);
    // Once more: it is whole; another run is refused.
    let (_, done) = begin(true).unwrap();
    assert_eq!(done, Some(vec!["dose.nii.gz".into(), "summary.json".into()]));
    let folder = OutputFolder::open(&place.out(), false, true, &ear).unwrap();
    assert!(folder.begin("dose", "other").unwrap_err().to_string().contains("another run"));
    drop(folder);
    assert_eq!(place.read("summary.json"), "new");
    assert_eq!(names(place.0.path()), ["out"]);
}

/// A second copy of an older output in the way of the exchange, with something of the user's in it.
#[test]
fn the_exchange_does_without_its_place() {
    let place = Place::new();
    place.run(false, true, &OLD).unwrap();
    let old = place.0.path().join(".out.old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("mine"), "x").unwrap();
    place.run(true, true, &NEW).unwrap();
    assert_eq!(names(&place.out()), ["dose.nii.gz", "summary.json", MARK]);
    assert_eq!((place.read("summary.json"), names(&old)), ("new".into(), vec!["mine".into()]));
}

/// Between the two renames of an exchange, and after them.
#[test]
fn an_exchange_that_was_cut_off_is_undone() {
    let place = Place::new();
    place.run(false, true, &OLD).unwrap();
    let old = place.0.path().join(".out.old");
    fs::rename(place.out(), &old).unwrap();
    let ear = Ear::default();
    let error = OutputFolder::open(&place.out(), false, false, &ear).err().unwrap();
    assert!(error.to_string().contains("not empty") && ear.heard().contains("put back"));
    assert_eq!(place.read("summary.json"), "old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("dose.nii.gz"), "older").unwrap();
    Mark::of(&old, &["dose.nii.gz".into()], true).unwrap().write(&old).unwrap();
    place.run(true, true, &NEW).unwrap();
    assert_eq!(names(place.0.path()), ["out"]);
}

/// A run that is killed after its result has its name and before its checkpoints are gone: going on clears them away.
#[test]
fn what_a_kill_left_of_a_whole_result_is_cleared() {
    let (place, ear) = (Place::new(), Ear::default());
    let checkpoint = checkpoint_name("dose");
    let folder = OutputFolder::open(&place.out(), false, false, &ear).unwrap();
    folder.begin("dose", "id").unwrap();
    write(&folder, &[("dose.nii", "x")]);
    folder.keep(true).unwrap();
    let as_finished = place.read(MARK);
    // As it stood in between.
    fs::write(place.out().join(&checkpoint), "c").unwrap();
    let listed = ["dose.nii".to_owned(), checkpoint];
    let mut mark = Mark::of(&place.out(), &listed, true).unwrap();
    mark.runs.insert("dose".into(), "id".into());
    mark.write(&place.out()).unwrap();
    // And what was killed while it wrote the mark that lists them no more.
    fs::write(place.out().join(format!(".{MARK}.7-14.partial")), "{").unwrap();
    let again = OutputFolder::open(&place.out(), false, true, &ear).unwrap();
    assert_eq!(again.begin("dose", "id").unwrap(), Some(vec!["dose.nii".to_owned()]));
    drop(again);
    assert_eq!(names(&place.out()), ["dose.nii", MARK]);
    assert_eq!(place.read(MARK), as_finished);
}
