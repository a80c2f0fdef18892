use super::*;
use crate::constants::ELECTRON_MASS_MEV;
use crate::physics::Nuclide;

fn read_in(folder: &Path, text: &str) -> Result<OwnNuclides> {
    let path = folder.join("own.toml");
    std::fs::write(&path, text).unwrap();
    OwnNuclides::read(NuclideData::Ensdf, &path)
}

fn read(text: &str) -> Result<OwnNuclides> {
    read_in(tempfile::tempdir().unwrap().path(), text)
}

fn nuclide(own: &OwnNuclides, name: &str) -> Nuclide {
    Nuclide::from_record(NuclideData::Ensdf, own.record(name).unwrap()).unwrap()
}

const HEAD: &str = "version = 1\nsource = \"a certificate\"\n[[nuclide]]\n";

/// What is given replaces that part of the library's, the rest stays to the bit.
#[test]
fn a_correction_changes_its_part_only() {
    let own = read(&format!(
        "{HEAD}name = \"177Lu\"\nhalf_life = \"6.6475 d\"\n[nuclide.gamma_rays]\nenergy_kev = [208.37, 112.95]\nper_100_decays = [10.38, 6]\n"
    ))
    .unwrap();
    let library = Nuclide::load_from(NuclideData::Ensdf, "Lu-177").unwrap();
    let changed = nuclide(&own, "Lu-177");
    assert!((changed.half_life_s - 6.6475 * 86_400.0).abs() < 1e-6);
    let (a, b) = (changed.energy_per_decay(), library.energy_per_decay());
    assert!((a.gamma - (0.20837 * 0.1038 + 0.11295 * 0.06)).abs() < 1e-12);
    assert_eq!((a.x_ray, a.conversion, a.auger), (b.x_ray, b.conversion, b.auger));
    assert_eq!(changed.beta_minus, library.beta_minus);
    assert_eq!(changed.branches, library.branches);
    // The balance is that of what is emitted now.
    let (now, then) = (changed.balance.unwrap(), library.balance.unwrap());
    assert!((now.emitted_mev - then.emitted_mev - (a.gamma - b.gamma)).abs() < 1e-9);
    let (name, said) = &own.changes[0];
    assert_eq!(name, "Lu-177");
    for part in ["6.6475 d in place of 6.644", "gamma rays (2 lines, 28.4", "a certificate"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(own.names.len(), NuclideData::Ensdf.library_names().len());
}

/// A stated mean energy stretches the library's spectrum: yield kept, end point in proportion, neutrinos take less.
#[test]
fn a_mean_energy_stretches_the_spectrum() {
    let own =
        read(&format!("{HEAD}name = \"Y-90\"\n[nuclide.beta_minus]\nmean_kev = 940\n")).unwrap();
    let library = Nuclide::load_from(NuclideData::Ensdf, "Y-90").unwrap();
    let (a, b) = (nuclide(&own, "Y-90").beta_minus.unwrap(), library.beta_minus.unwrap());
    assert!((a.mean_energy_mev - 0.94).abs() < 1e-12 && a.yield_per_decay == b.yield_per_decay);
    let stretch = 0.94 / b.mean_energy_mev;
    assert!((a.end_point_mev() / b.end_point_mev() - stretch).abs() < 1e-12);
    let (zeroth, first) = crate::physics::beta::moments(&a.energy_mev, &a.density_per_mev);
    assert!(
        (zeroth / a.yield_per_decay - 1.0).abs() < 1e-12 && (first / zeroth - 0.94).abs() < 1e-12
    );
    let far = read(&format!("{HEAD}name = \"Y-90\"\n[nuclide.beta_minus]\nmean_kev = 2280\n"));
    let refused = far.err().unwrap().to_string();
    assert!(refused.contains("own.toml") && refused.contains("20 %"), "{refused}");
}

/// A made-up nuclide whose numbers are known: mean of the triangle, annihilation quanta, recoil.
#[test]
fn a_new_nuclide_is_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let table = "energy_kev;per_100_decays_and_kev\n0,0;0,0\n100,0;1,0\n200,0;0,0\n";
    std::fs::write(folder.path().join("plus.csv"), table).unwrap();
    let text = format!(
        "{HEAD}name = \"Zr-299m\"\nhalf_life = \"2 h\"\nprogeny = []\nalphas = {{ energy_kev = [6000.0], per_100_decays = [50] }}\n\
         [nuclide.beta_plus]\nspectrum = {{ file = \"plus.csv\" }}\n"
    );
    let own = read_in(folder.path(), &text).unwrap();
    assert_eq!(own.files.len(), 2);
    assert!(own.names.contains(&"Zr-299m") && own.spellings.contains_key("299mzr"));
    let made = nuclide(&own, "Zr-299m");
    assert_eq!((made.z, made.a), (40, 299));
    let spectrum = made.beta_plus.as_ref().unwrap();
    assert!((spectrum.yield_per_decay - 1.0).abs() < 1e-12);
    assert!((spectrum.mean_energy_mev - 0.1).abs() < 1e-12);
    let e = made.energy_per_decay();
    assert!((e.annihilation - 2.0 * ELECTRON_MASS_MEV).abs() < 1e-12);
    assert!((e.alpha - 3.0).abs() < 1e-12 && (e.recoil - 3.0 * 4.0 / 295.0).abs() < 1e-12);
    // The content of the table is part of the hash.
    std::fs::write(folder.path().join("plus.csv"), table.replace("1,0", "0,9")).unwrap();
    assert_ne!(read_in(folder.path(), &text).unwrap().sha256, own.sha256);
}

/// Branches are computed as the library's: those of Sr-89 give its spectrum.
#[test]
fn branches_are_computed_as_those_of_the_library() {
    let library = Nuclide::load_from(NuclideData::Ensdf, "P-33").unwrap();
    let ends: Vec<f64> = library.computed_branches.iter().map(|b| b.end_point_mev * 1e3).collect();
    let numbers: Vec<f64> =
        library.computed_branches.iter().map(|b| b.yield_per_decay * 1e2).collect();
    let own = read(&format!(
        "{HEAD}name = \"P-33\"\n[nuclide.beta_minus]\nbranches = {{ end_point_kev = {ends:?}, per_100_decays = {numbers:?} }}\nclass = {:?}\n",
        vec!["A"; ends.len()]
    ))
    .unwrap();
    let (a, b) = (nuclide(&own, "P-33").beta_minus.unwrap(), library.beta_minus.unwrap());
    assert!((a.mean_energy_mev / b.mean_energy_mev - 1.0).abs() < 1e-9);
}

/// Progeny in any spelling is the library's; what neither has is taken as stable and told.
#[test]
fn progeny_is_found_by_any_spelling() {
    for written in ["Y-90", "90Y", "y90", " Y-90 ", "Yttrium-90"] {
        let own = read(&format!(
            "{HEAD}name = \"Sr-90\"\nprogeny = [{{ name = \"{written}\", fraction = 1.0 }}]\n"
        ))
        .unwrap_or_else(|e| panic!("{written}: {e}"));
        assert_eq!(own.record("Sr-90").unwrap().branches[0].progeny, "Y-90", "{written}");
    }
    let own = read(&format!(
        "{HEAD}name = \"Lu-177\"\nprogeny = [{{ name = \"Hf-177\", fraction = 1 }}]\n"
    ))
    .unwrap();
    assert!(own.changes[0].1.contains("taken as stable: Hf-177"), "{}", own.changes[0].1);
    // Of the file's own nuclides too, also below.
    let two = format!(
        "{HEAD}name = \"Sr-90\"\nprogeny = [{{ name = \"zr299\", fraction = 1.0 }}]\n[[nuclide]]\nname = \"Zr-299\"\nhalf_life = \"1 h\"\n\
         progeny = []\ngamma_rays = {{ energy_kev = [100], per_100_decays = [1] }}\n"
    );
    assert_eq!(read(&two).unwrap().record("Sr-90").unwrap().branches[0].progeny, "Zr-299");
}

/// Tables that a file names are found, for those who watch for changes.
#[test]
fn named_tables_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let text = format!(
        "{HEAD}name = \"Lu-177\"\ngamma_rays = {{ file = \"g.csv\" }}\n[nuclide.beta_minus]\nbranches = {{ file = \"sub/b.csv\" }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut found = tables_of(&path);
    found.sort();
    assert_eq!(found, [folder.path().join("g.csv"), folder.path().join("sub/b.csv")]);
    assert!(tables_of(&folder.path().join("none.toml")).is_empty());
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let lines = "gamma_rays = { energy_kev = [100], per_100_decays = [1] }";
    let new = format!("{HEAD}name = \"Zr-299\"\n");
    let of_lu = format!("{HEAD}name = \"Lu-177\"\n");
    for (text, parts) in [
        (
            format!("{of_lu}half_live = \"1 d\"\n"),
            &["unknown field `half_live`", "'half_life'"][..],
        ),
        (format!("{of_lu}half_life = \"6.6\"\n"), &["half_life is '6.6'", "unit"]),
        (format!("{of_lu}half_life = \"-1 d\"\n"), &["half_life is '-1 d'"]),
        (of_lu.clone(), &["Lu-177", "nothing is given"]),
        (
            format!("{of_lu}gamma_rays = {{ energy_kev = [1, 2], per_100_decays = [1] }}\n"),
            &["2 numbers", "has 1"],
        ),
        (
            format!("{of_lu}gamma_rays = {{ energy_mev = [0.2], per_100_decays = [1] }}\n"),
            &["energy_mev", "energy_kev"],
        ),
        (
            format!("{of_lu}gamma_rays = {{ energy_kev = [-2], per_100_decays = [1] }}\n"),
            &["energy_kev holds -2"],
        ),
        (
            format!("{of_lu}gamma_rays = {{ energy_kev = [2], per_100_decays = [nan] }}\n"),
            &["per_100_decays holds NaN"],
        ),
        (format!("{of_lu}gamma_rays = {{ energy_kev = [], per_100_decays = [] }}\n"), &["0 rows"]),
        (format!("{of_lu}gamma_rays = {{ file = \"missing.csv\" }}\n"), &["missing.csv"]),
        (format!("{of_lu}[nuclide.beta_minus]\nmean_kev = 0\n"), &["mean_kev is 0"]),
        (format!("{of_lu}[nuclide.beta_plus]\nmean_kev = 100\n"), &["mean_kev is 100"]),
        (format!("{of_lu}[nuclide.beta_minus]\nclass = [\"A\"]\n"), &["classes without branches"]),
        (
            format!(
                "{of_lu}[nuclide.beta_minus]\nbranches = {{ end_point_kev = [1], per_100_decays = [1] }}\nclass = [\"Z\"]\n"
            ),
            &["class is 'Z'"],
        ),
        (
            format!(
                "{of_lu}[nuclide.beta_minus]\nspectrum = {{ energy_kev = [2, 1, 3], per_100_decays_and_kev = [1, 1, 1] }}\n"
            ),
            &["ascending"],
        ),
        (format!("{of_lu}progeny = [{{ name = \"Hf-177\", fraction = 1.5 }}]\n"), &["sum to 1.5"]),
        (format!("{new}{lines}\nprogeny = []\n"), &["lacks half_life"]),
        (format!("{new}half_life = \"1 d\"\n{lines}\n"), &["lacks progeny"]),
        (format!("{new}half_life = \"1 d\"\nprogeny = []\n"), &["lacks anything"]),
        (
            format!("{HEAD}name = \"Lutetium\"\nhalf_life = \"1 d\"\n"),
            &["no name of a new nuclide"],
        ),
        (format!("{HEAD}name = \"Qq-12\"\nhalf_life = \"1 d\"\n"), &["no name of a new nuclide"]),
        (
            format!(
                "{of_lu}half_life = \"1 d\"\n[[nuclide]]\nname = \"lu177\"\nhalf_life = \"2 d\"\n"
            ),
            &["stands twice"],
        ),
        (
            format!("{of_lu}progeny = [{{ name = \"SF\", fraction = 1 }}]\n"),
            &["'SF' is no nuclide"],
        ),
        (
            format!("{HEAD}name = \"Y-90\"\nprogeny = [{{ name = \"Sr-90\", fraction = 1 }}]\n"),
            &["leads on to Y-90", "decays into itself"],
        ),
        (
            format!("{of_lu}progeny = [{{ name = \"Lu-177\", fraction = 1 }}]\n"),
            &["decays into itself"],
        ),
        (
            format!(
                "{of_lu}[nuclide.beta_minus]\nbranches = {{ end_point_kev = [497], per_100_decays = [1000] }}\n"
            ),
            &["10.0000 particles per decay"],
        ),
        (
            format!(
                "{of_lu}[nuclide.beta_minus]\nbranches = {{ end_point_kev = [497], per_100_decays = [100] }}\nclass = [\"4U\"]\n"
            ),
            &["class is '4U'"],
        ),
        (format!("{of_lu}half_life = \"1e300 y\"\n"), &["half_life is '1e300 y'"]),
        (
            "version = 1\nsource = \" \"\n[[nuclide]]\nname = \"Lu-177\"\nhalf_life = \"1 d\"\n"
                .into(),
            &["source is empty"],
        ),
        (
            format!(
                "{HEAD}name = \"H-3\"\nalphas = {{ energy_kev = [5000], per_100_decays = [1] }}\n"
            ),
            &["leaves no daughter"],
        ),
        (of_lu.replace("version = 1", "version = 2") + "half_life = \"1 d\"\n", &["of version 2"]),
        (
            "version = 1\n[[nuclide]]\nname = \"Lu-177\"\nhalf_life = \"1 d\"\n".into(),
            &["missing field `source`"],
        ),
    ] {
        let error = read(&text).err().unwrap_or_else(|| panic!("taken: {text}")).to_string();
        assert!(error.contains("own.toml"), "{error}");
        assert!(parts.iter().all(|p| error.contains(p)), "{error}\n{parts:?}");
    }
}
