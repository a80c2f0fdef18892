//! Tests of spectra from files.

use super::*;

fn of(text: &str) -> Result<SpectrumFile> {
    parse(&Sheet::parse(text.as_bytes(), "s.csv")?)
}

/// Yield and mean energy of a group, by its entries' own tables.
fn group(file: &SpectrumFile, particle: Particle) -> (f64, f64) {
    let group = file.spectrum.group(particle);
    (group.yield_per_decay, group.mean_energy_mev)
}

#[test]
fn lines_of_several_particles() {
    let file = of("particle,energy_keV,yield\nphoton,208,0.1\nphoton,113,0.06\nelectron,500,1\n");
    let file = file.unwrap();
    assert_eq!(file.left_out, None);
    let (number, mean) = group(&file, Particle::Photon);
    assert!((number - 0.16).abs() < 1e-15);
    assert!((mean - (0.208 * 0.1 + 0.113 * 0.06) / 0.16).abs() < 1e-15);
    assert_eq!(group(&file, Particle::Electron), (1.0, 0.5));
    // The same in MeV with decimal commas.
    let comma = "particle;energy_MeV;yield\nphoton;0,208;0,1\nphoton;0,113;0,06\nelectron;0,5;1\n";
    assert_eq!(of(comma).unwrap().spectrum, file.spectrum);
}

/// A histogram keeps its yields and means; between its bins nothing is emitted.
#[test]
fn a_histogram_is_uniform_in_its_bins() {
    let text = "particle,energy_low_MeV,energy_high_MeV,yield\nelectron,0.1,0.2,0.75\nelectron,1,1.5,0.5\nelectron,2,2,0.25\n";
    let file = of(text).unwrap();
    let (number, mean) = group(&file, Particle::Electron);
    assert!((number - 1.5).abs() < 1e-15);
    assert!((mean - (0.15 * 0.75 + 1.25 * 0.5 + 2.0 * 0.25) / 1.5).abs() < 1e-12);
    let Emission::Spectrum { inverse_cdf, .. } = &file.spectrum.electrons.entries[1] else {
        panic!("a bin")
    };
    let quarter = inverse_cdf[(INVERSE_CDF_NODES - 1) / 4];
    assert_eq!([inverse_cdf[0], inverse_cdf[INVERSE_CDF_NODES - 1]], [1.0, 1.5]);
    assert!((quarter - 1.125).abs() < 1e-12, "{quarter}");
    assert!(matches!(file.spectrum.electrons.entries[2], Emission::Line { energy_mev: 2.0, .. }));
}

/// Densities that rise, fall and stay: yields and means of trapezoids in closed form.
#[test]
fn a_table_is_linear_between_its_rows() {
    let text = "particle,energy_keV,yield_per_keV\npositron,100,0\npositron,300,0.01\npositron,500,0.01\npositron,900,0\n";
    let file = of(text).unwrap();
    let (number, mean) = group(&file, Particle::Positron);
    // Two triangles and a rectangle.
    let parts = [(1.0, 100.0 + 200.0 * 2.0 / 3.0), (2.0, 400.0), (2.0, 500.0 + 400.0 / 3.0)];
    let total: f64 = parts.iter().map(|p| p.0).sum();
    let energy: f64 = parts.iter().map(|p| p.0 * p.1).sum();
    assert!((number - total).abs() < 1e-12, "{number}");
    assert!((mean * 1e3 - energy / total).abs() < 2e-3, "{mean} {}", energy / total);
    let Emission::Spectrum { inverse_cdf, .. } = &file.spectrum.positrons.entries[0] else {
        panic!("a trapezoid")
    };
    // Rising from 0: the cumulative distribution is x^2.
    for n in [0, 100, 512, 1000, 1024] {
        let x = (n as f64 / 1024.0).sqrt();
        assert!((inverse_cdf[n] - (0.1 + 0.2 * x)).abs() < 1e-12, "{n}");
    }
}

/// What is outside of the models' range is named with its energy; a bin across the border is cut.
#[test]
fn energies_outside_of_the_range_are_told() {
    let file = of("particle,energy_keV,yield\nelectron,0.5,2\nelectron,500,1\nphoton,5000,0.1\n");
    let told = file.unwrap().left_out.unwrap();
    for part in ["line 2: electron 0.0005 MeV", "line 4: photon 5 MeV", "5.010e-1 MeV per decay"] {
        assert!(told.contains(part), "{told}");
    }
    let cut = of("particle,energy_low_MeV,energy_high_MeV,yield\nphoton,3,4,1\n").unwrap();
    let (number, mean) = group(&cut, Particle::Photon);
    assert!((number - 0.5).abs() < 1e-12 && (mean - 3.25).abs() < 1e-12);
    assert!(cut.left_out.unwrap().contains("3.5 to 4 MeV, 5.000e-1 per decay"));
    let none = of("particle,energy_MeV,yield\nphoton,30,1\n").unwrap_err().to_string();
    assert!(none.contains("nothing that is modelled") && none.contains("30 MeV"), "{none}");
}

#[test]
fn bad_spectra_are_refused_with_a_reason() {
    let lines = "particle,energy_keV,yield\n";
    let bins = "particle,energy_low_keV,energy_high_keV,yield\n";
    for (text, part) in [
        (format!("{lines}photon,100,-1\n"), "s.csv:2: yield is '-1' (it is below zero)"),
        (format!("{lines}photon,100,nan\n"), "yield is 'nan' (it is no number)"),
        (format!("{lines}photon,100,inf\n"), "yield is 'inf'"),
        (format!("{lines}photon,,1\n"), "energy_keV is ''"),
        (format!("{lines}proton,100,1\n"), "particle 'proton' (it is none of photon"),
        (format!("{lines}photon,100,0\n"), "all yields are zero"),
        (lines.into(), "has 0 rows"),
        (format!("{bins}photon,100,90,1\n"), "ends before it begins"),
        ("particle,energy,yield\nphoton,100,1\n".into(), "column 'energy' has no unit"),
        ("particle,energy_keV,yield_per\nphoton,100,1\n".into(), "column 'yield_per' has no unit"),
        ("energy_keV,yield\n100,1\n".into(), "no column 'particle'"),
        ("particle,energy_keV\nphoton,100\n".into(), "columns of no spectrum"),
        ("particle,energy_keV,yield_per_MeV\nphoton,100,1\n".into(), "several units"),
        ("particle,energy_keV,yield,colour\nphoton,100,1,red\n".into(), "column 'colour'"),
        (
            "particle,energy_keV,yield_per_keV\nphoton,100,1\nphoton,90,1\n".into(),
            "energies of a particle ascend",
        ),
    ] {
        let message = of(&text).unwrap_err().to_string();
        assert!(message.contains(part), "{text}: {message}");
    }
}
