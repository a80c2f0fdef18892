//! The materials and rows of the ESTAR reference, shared by the tests of electron energy loss.

use crate::physics::Material;

/// One row of `estar_electrons.csv`: energies MeV, stopping powers MeV cm2/g, range g/cm2.
pub struct EstarRow {
    pub material: String,
    pub energy_mev: f64,
    pub collision: f64,
    pub radiative: f64,
    pub range: f64,
    pub radiation_yield: f64,
    pub collision_positron: f64,
}

/// The text of a file of the reference folder; a test that needs it is ignored where there is none (`shared_reference`).
pub fn reference(name: &str) -> String {
    let path = format!("{}/../shared/reference/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub fn estar_rows() -> Vec<EstarRow> {
    let text = reference("estar_electrons.csv");
    let rows = text.lines().filter(|l| !l.starts_with('#')).skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse().unwrap();
        EstarRow {
            material: fields[0].to_string(),
            energy_mev: number(1),
            collision: number(2),
            radiative: number(3),
            range: number(5),
            radiation_yield: number(6),
            collision_positron: number(8),
        }
    });
    rows.collect()
}

type Composition = &'static [(u8, f64)];

const WATER: Composition = &[(1, 0.111894), (8, 0.888106)];
const CORTICAL_ICRP: Composition = &[
    (1, 0.047234),
    (6, 0.14433),
    (7, 0.04199),
    (8, 0.446096),
    (12, 0.0022),
    (15, 0.10497),
    (16, 0.00315),
    (20, 0.20993),
    (30, 0.0001),
];
const COMPACT: Composition = &[
    (1, 0.063984),
    (6, 0.278),
    (7, 0.027),
    (8, 0.410016),
    (12, 0.002),
    (15, 0.07),
    (16, 0.002),
    (20, 0.147),
];
const CORTICAL_ICRU44: Composition = &[
    (1, 0.034),
    (6, 0.155),
    (7, 0.042),
    (8, 0.435),
    (11, 0.001),
    (12, 0.002),
    (15, 0.103),
    (16, 0.003),
    (20, 0.225),
];
const LUNG: Composition = &[
    (1, 0.101278),
    (6, 0.10231),
    (7, 0.02865),
    (8, 0.757072),
    (11, 0.00184),
    (12, 0.00073),
    (15, 0.0008),
    (16, 0.00225),
    (17, 0.00266),
    (19, 0.00194),
    (20, 9e-5),
    (26, 0.00037),
    (30, 1e-5),
];
const AIR: Composition = &[(6, 0.000124), (7, 0.755267), (8, 0.231781), (18, 0.012827)];
const ADIPOSE: Composition = &[
    (1, 0.119477),
    (6, 0.63724),
    (7, 0.00797),
    (8, 0.232333),
    (11, 0.0005),
    (12, 2e-5),
    (15, 0.00016),
    (16, 0.00073),
    (17, 0.00119),
    (19, 0.00032),
    (20, 2e-5),
    (26, 2e-5),
    (30, 2e-5),
];
const MUSCLE: Composition = &[
    (1, 0.100637),
    (6, 0.10783),
    (7, 0.02768),
    (8, 0.754773),
    (11, 0.00075),
    (12, 0.00019),
    (15, 0.0018),
    (16, 0.00241),
    (17, 0.00079),
    (19, 0.00302),
    (20, 3e-5),
    (26, 4e-5),
    (30, 5e-5),
];
const SOFT: Composition = &[
    (1, 0.104472),
    (6, 0.23219),
    (7, 0.02488),
    (8, 0.630238),
    (11, 0.00113),
    (12, 0.00013),
    (15, 0.00133),
    (16, 0.00199),
    (17, 0.00134),
    (19, 0.00199),
    (20, 0.00023),
    (26, 5e-5),
    (30, 3e-5),
];

/// The materials of `estar_electrons.csv` with the name each has there; water first.
pub fn estar_materials() -> Vec<(&'static str, Material)> {
    let rows: [(&'static str, f64, f64, Composition); 10] = [
        ("water_I75", 75.0, 1.0, WATER),
        ("water_I78_rho0.998", 78.0, 0.998, WATER),
        ("bone_cortical_ICRP(ESTAR#120)", 106.4, 1.85, CORTICAL_ICRP),
        ("bone_compact_ICRU", 91.9, 1.85, COMPACT),
        ("bone_cortical_ICRU44", 112.0, 1.92, CORTICAL_ICRU44),
        ("lung_ICRP(rho1.05)", 75.3, 1.05, LUNG),
        ("air_dry", 85.7, 0.00120479, AIR),
        ("adipose_ICRP", 63.2, 0.92, ADIPOSE),
        ("muscle_skeletal_ICRP", 75.3, 1.04, MUSCLE),
        ("soft_tissue_ICRP", 72.3, 1.0, SOFT),
    ];
    rows.into_iter()
        .map(|(name, mean_excitation_ev, density_g_cm3, composition)| {
            let material = Material {
                name: name.to_string(),
                density_g_cm3,
                mass_fractions: composition.to_vec(),
                mean_excitation_ev,
            };
            (name, material)
        })
        .collect()
}
